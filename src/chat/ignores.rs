//! Who wants to see nothing of whom.

use std::collections::BTreeMap;

use crate::chat::skeleton::skeleton_hash;
use crate::ids::UserId;
use crate::limits::IGNORES_MAX;

/// By the skeleton of a name: who does not want to see it.
#[derive(Default)]
pub struct Ignores {
    by_skeleton: BTreeMap<u64, Vec<UserId>>,
}

impl Ignores {
    /// Whether nobody ignores anybody: then no name need be looked up.
    pub fn is_empty(&self) -> bool {
        self.by_skeleton.is_empty()
    }

    /// Those who do not want to see what `name` says.
    pub fn of_name(&self, name: &str) -> &[UserId] {
        if self.is_empty() { &[] } else { self.of(skeleton_hash(name)) }
    }

    /// Those who do not want to see `skeleton`.
    pub fn of(&self, skeleton: u64) -> &[UserId] {
        self.by_skeleton.get(&skeleton).map_or(&[], Vec::as_slice)
    }

    /// Has `who` ignore `skeleton`, or see it again; `own` are the skeletons that it ignores.
    ///
    /// Whether it ignores it now; none if it ignores too many already.
    pub fn toggle(&mut self, who: UserId, skeleton: u64, own: &mut Vec<u64>) -> Option<bool> {
        if let Some(place) = own.iter().position(|&ignored| ignored == skeleton) {
            own.remove(place);
            self.remove(who, skeleton);
            return Some(false);
        }
        if own.len() == IGNORES_MAX {
            return None;
        }
        own.push(skeleton);
        self.by_skeleton.entry(skeleton).or_default().push(who);
        Some(true)
    }

    /// `who` is gone, and ignored `own`.
    pub fn forget(&mut self, who: UserId, own: &[u64]) {
        for &skeleton in own {
            self.remove(who, skeleton);
        }
    }

    fn remove(&mut self, who: UserId, skeleton: u64) {
        let readers = self.by_skeleton.get_mut(&skeleton).expect("who ignores is noted");
        readers.retain(|&reader| reader != who);
        if readers.is_empty() {
            self.by_skeleton.remove(&skeleton);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PeerId;

    #[test]
    fn what_is_ignored_is_seen_again_and_nothing_is_left() {
        let (alice, bob) = (UserId::local(PeerId::new(0, 1)), UserId::local(PeerId::new(1, 2)));
        let (mut ignores, mut hers, mut his) = (Ignores::default(), Vec::new(), Vec::new());
        assert_eq!(ignores.toggle(alice, 7, &mut hers), Some(true));
        assert_eq!(ignores.toggle(bob, 7, &mut his), Some(true));
        assert_eq!(ignores.of(7), [alice, bob]);
        assert_eq!(ignores.toggle(alice, 7, &mut hers), Some(false));
        assert_eq!(ignores.of(7), [bob]);
        for look in 100.. {
            let Some(is_ignored) = ignores.toggle(alice, look, &mut hers) else { break };
            assert!(is_ignored);
        }
        assert_eq!(hers.len(), IGNORES_MAX);
        ignores.forget(alice, &hers);
        ignores.forget(bob, &his);
        assert!(ignores.is_empty());
    }
}
