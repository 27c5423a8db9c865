//! One entry of a user's ignore list, and which earlier lines the list hides.

use crate::chat::skeleton::skeleton_hash;
use crate::ids::UserId;

/// An entry of an ignore list.
pub struct Ignored {
    /// The ignored user's current or last connection; none if nobody has had the name so far.
    pub who: Option<UserId>,
    /// Whether that connection is in the chat.
    pub is_here: bool,
    /// The user's current or last name.
    pub name: Box<str>,
    /// The skeletons of the name under which the user was ignored, and of `name`.
    pub skeletons: [u64; 2],
}

impl Ignored {
    /// Whether the entry is for `who`, who is in the chat.
    pub fn is(&self, who: UserId) -> bool {
        self.is_here && self.who == Some(who)
    }

    /// Whether the user was ignored under a name with that skeleton, or had one last.
    pub fn has(&self, skeleton: u64) -> bool {
        self.skeletons.contains(&skeleton)
    }
}

/// Whether `list` hides a line that `author`, still in the chat or not, said as `name`.
pub fn hides(list: &[Ignored], author: UserId, is_here: bool, name: &str) -> bool {
    if list.is_empty() || list.iter().any(|ignored| ignored.who == Some(author)) {
        return !list.is_empty();
    }
    let skeleton = if is_here { return false } else { skeleton_hash(name) };
    list.iter().any(|ignored| ignored.has(skeleton))
}
