//! Who wants to see nothing of whom.

use std::collections::BTreeMap;

use crate::ids::PeerId;
use crate::limits::IGNORES_MAX;

/// By what a name looks like, as `Names` has it: who does not want to see it.
#[derive(Default)]
pub struct Ignores {
    by_look: BTreeMap<u64, Vec<PeerId>>,
}

impl Ignores {
    /// Whether nobody ignores anybody: then no name need be looked up.
    pub fn is_empty(&self) -> bool {
        self.by_look.is_empty()
    }

    /// Those who do not want to see `look`.
    pub fn of(&self, look: u64) -> &[PeerId] {
        self.by_look.get(&look).map_or(&[], Vec::as_slice)
    }

    /// Has `who` ignore `look`, or see it again; `own` are the looks that it ignores.
    ///
    /// Whether it ignores it now; none if it ignores too many already.
    pub fn toggle(&mut self, who: PeerId, look: u64, own: &mut Vec<u64>) -> Option<bool> {
        if let Some(place) = own.iter().position(|&ignored| ignored == look) {
            own.remove(place);
            self.remove(who, look);
            return Some(false);
        }
        if own.len() == IGNORES_MAX {
            return None;
        }
        own.push(look);
        self.by_look.entry(look).or_default().push(who);
        Some(true)
    }

    /// `who` is gone, and ignored `own`.
    pub fn forget(&mut self, who: PeerId, own: &[u64]) {
        for &look in own {
            self.remove(who, look);
        }
    }

    fn remove(&mut self, who: PeerId, look: u64) {
        let readers = self.by_look.get_mut(&look).expect("who ignores is noted");
        readers.retain(|&reader| reader != who);
        if readers.is_empty() {
            self.by_look.remove(&look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_seen_again_and_nothing_is_left() {
        let (alice, bob) = (PeerId::new(0, 1), PeerId::new(1, 2));
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
