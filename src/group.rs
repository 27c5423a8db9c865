//! A set of slots that is small when it has few members: a sorted list, or a bitmap once that is
//! smaller.

use crate::slots::SlotSet;

/// Up to this many members the set is always a list.
const LIST_MAX: usize = 32;
/// A list takes 32 bits per member and a bitmap one bit per slot, so at this density they are
/// equal.
const SLOTS_PER_MEMBER: usize = 32;

/// A set of slots, in order: the members of a room, or the followers of a tape.
#[derive(Clone, Debug, Default)]
pub struct Group {
    members: Members,
    len: usize,
}

#[derive(Clone, Debug)]
enum Members {
    List(Vec<u32>),
    Bitmap(Box<SlotSet>),
}

impl Default for Members {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Group {
    /// Adds `slot`; adding it twice is the same as once.
    pub fn insert(&mut self, slot: usize) {
        match &mut self.members {
            Members::List(list) => {
                let Err(place) = list.binary_search(&narrow(slot)) else { return };
                if list.len() == list.capacity() {
                    // There may be many groups. Spare room costs memory in each; growing by less
                    // leaves more holes between other allocations than it saves.
                    list.reserve_exact((list.len() / 4).max(2));
                }
                list.insert(place, narrow(slot));
                self.len += 1;
                self.use_smaller_form();
            }
            Members::Bitmap(bitmap) => {
                self.len += usize::from(!bitmap.contains(slot));
                bitmap.insert(slot);
            }
        }
    }

    /// Removes `slot`, if it is a member.
    pub fn remove(&mut self, slot: usize) {
        match &mut self.members {
            Members::List(list) => {
                let Ok(place) = list.binary_search(&narrow(slot)) else { return };
                list.remove(place);
                self.len -= 1;
            }
            Members::Bitmap(bitmap) => {
                self.len -= usize::from(bitmap.contains(slot));
                bitmap.remove(slot);
                if self.len <= LIST_MAX / 2 {
                    let list = self.iter().map(narrow).collect();
                    self.members = Members::List(list);
                }
            }
        }
    }

    /// Whether `slot` is a member.
    pub fn contains(&self, slot: usize) -> bool {
        match &self.members {
            Members::List(list) => list.binary_search(&narrow(slot)).is_ok(),
            Members::Bitmap(bitmap) => bitmap.contains(slot),
        }
    }

    /// Returns the number of members.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the first member at or after `from`.
    pub fn next_from(&self, from: usize) -> Option<usize> {
        match &self.members {
            Members::List(list) => {
                let place = list.partition_point(|&slot| (slot as usize) < from);
                list.get(place).map(|&slot| slot as usize)
            }
            Members::Bitmap(bitmap) => bitmap.next_from(from),
        }
    }

    /// Returns all members, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let mut from = 0;
        std::iter::from_fn(move || {
            let slot = self.next_from(from)?;
            from = slot + 1;
            Some(slot)
        })
    }

    /// Adds to `set` every member that is also in `filter`.
    pub fn add_common_to(&self, set: &mut SlotSet, filter: &SlotSet) {
        match &self.members {
            Members::List(list) => {
                for slot in list.iter().map(|&slot| slot as usize) {
                    if filter.contains(slot) {
                        set.insert(slot);
                    }
                }
            }
            Members::Bitmap(bitmap) => set.insert_common(bitmap, filter),
        }
    }

    fn use_smaller_form(&mut self) {
        let Members::List(list) = &self.members else { return };
        let Some(&last) = list.last().filter(|_| list.len() > LIST_MAX) else { return };
        if last as usize / SLOTS_PER_MEMBER < list.len() {
            let mut bitmap = SlotSet::default();
            list.iter().for_each(|&slot| bitmap.insert(slot as usize));
            self.members = Members::Bitmap(Box::new(bitmap));
        }
    }
}

fn narrow(slot: usize) -> u32 {
    u32::try_from(slot).expect("a slab of 2^32 connections cannot exist")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_behaves_like_a_tree_set_in_either_form() {
        for slots_max in [40, 400, 100_000] {
            let mut dice = fastrand::Rng::with_seed(slots_max as u64);
            let (mut group, mut model) = (Group::default(), BTreeSet::new());
            let mut forms = [false; 2];
            for round in 0..20_000 {
                let slot = dice.usize(..slots_max);
                // The set grows for a while, then shrinks.
                if dice.u8(..8) < if round / 2_000 % 2 == 0 { 6 } else { 1 } {
                    group.insert(slot);
                    model.insert(slot);
                } else {
                    let slot = model.range(slot..).next().copied().unwrap_or(slot);
                    group.remove(slot);
                    model.remove(&slot);
                }
                forms[usize::from(matches!(group.members, Members::Bitmap(_)))] = true;
                assert_eq!(group.len(), model.len());
                assert_eq!(group.contains(slot), model.contains(&slot));
                assert_eq!(group.next_from(slot), model.range(slot..).next().copied());
            }
            assert!(group.iter().eq(model.iter().copied()));
            assert!(forms[0] && (forms[1] || slots_max > 10_000), "both forms were tried");
        }
    }

    #[test]
    fn only_members_that_pass_the_filter_are_added() {
        for count in [5, 200] {
            let (mut group, mut filter, mut set) =
                (Group::default(), SlotSet::default(), SlotSet::default());
            (0..count).for_each(|slot| group.insert(slot));
            (0..count * 2).step_by(2).for_each(|slot| filter.insert(slot));
            group.add_common_to(&mut set, &filter);
            assert!(
                (0..count * 2).all(|slot| set.contains(slot) == (slot < count && slot % 2 == 0))
            );
        }
    }
}
