//! Somebody on the list of whom a reader ignores, and what of the past that hides.

use crate::chat::skeleton::skeleton_hash;
use crate::ids::UserId;

/// Somebody on a reader's list.
pub struct Ignored {
    /// The connection that they have, or had last; none if nobody has had the name so far.
    pub who: Option<UserId>,
    /// They have it.
    pub is_here: bool,
    /// Their name, or their last one.
    pub name: Box<str>,
    /// The skeletons of the name that they were ignored under, and of `name`.
    pub skeletons: [u64; 2],
}

impl Ignored {
    /// Whether it is `who`, who is here.
    pub fn is(&self, who: UserId) -> bool {
        self.is_here && self.who == Some(who)
    }

    /// Whether they were ignored under a name of that skeleton, or had it last.
    pub fn has(&self, skeleton: u64) -> bool {
        self.skeletons.contains(&skeleton)
    }
}

/// Whether somebody who ignores those on `list` does not want to see what `author`, be they here or
/// gone, said as `name`.
pub fn hides(list: &[Ignored], author: UserId, is_here: bool, name: &str) -> bool {
    if list.is_empty() || list.iter().any(|ignored| ignored.who == Some(author)) {
        return !list.is_empty();
    }
    let skeleton = if is_here { return false } else { skeleton_hash(name) };
    list.iter().any(|ignored| ignored.has(skeleton))
}
