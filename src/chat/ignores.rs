//! Who does not want to see whom: people, not names, as far as people can be told apart.
//!
//! Whoever is connected is ignored as a person, whatever they call themselves. Whoever is not is
//! known by two names, the one that they were ignored under and their last one: the next to take
//! either of them is taken for them. But a name that somebody else takes while they are here means
//! that other person from then on.
//!
//! This is about readers on this machine, and is no part of what entries make of the chat.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::skeleton::skeleton_hash;
use crate::ids::{PeerId, UserId};
use crate::limits::IGNORES_MAX;

/// Who ignores whom.
#[derive(Default)]
pub struct Ignores {
    /// Whom each reader ignores; never an empty list.
    lists: BTreeMap<UserId, Vec<Ignored>>,
    /// By who is here: who ignores them.
    readers: BTreeMap<UserId, Vec<UserId>>,
    /// The skeletons of all names in the lists, each with the list's reader: no two entries of one
    /// list share one.
    names: BTreeSet<(u64, UserId)>,
}

/// Somebody on a reader's list.
struct Ignored {
    /// The connection that they have, or had last; none if nobody has had the name so far.
    who: Option<UserId>,
    /// They have it.
    is_here: bool,
    /// Their name, or their last one.
    name: Box<str>,
    /// The skeletons of the name that they were ignored under, and of `name`.
    skeletons: [u64; 2],
}

/// What came of [`Ignores::toggle`].
#[derive(Debug, PartialEq, Eq)]
pub enum Toggled {
    /// The reader ignores them from now on.
    Ignored,
    /// The reader sees again who is called that.
    Seen(Box<str>),
    /// The reader ignores as many as one may.
    Full,
}

impl Ignores {
    /// Those who ignore `who`, who is here.
    pub fn of(&self, who: UserId) -> &[UserId] {
        self.readers.get(&who).map_or(&[], Vec::as_slice)
    }

    /// The names of those whom `reader` ignores.
    pub fn names(&self, reader: UserId) -> impl ExactSizeIterator<Item = &str> {
        let list = self.lists.get(&reader).map_or(&[][..], Vec::as_slice);
        list.iter().map(|ignored| &*ignored.name)
    }

    /// Whether `reader` ignores whoever said something as `name`: `author`, be they here or gone.
    pub fn hides(&self, reader: UserId, author: UserId, is_here: bool, name: &str) -> bool {
        let Some(list) = self.lists.get(&reader) else { return false };
        if list.iter().any(|ignored| ignored.who == Some(author)) {
            return true;
        }
        let skeleton = if is_here { return false } else { skeleton_hash(name) };
        list.iter().any(|ignored| ignored.skeletons.contains(&skeleton))
    }

    /// Has `reader` ignore `holder`, who is called `name`, or whoever takes `name` if nobody has it;
    /// or see them again.
    pub fn toggle(&mut self, reader: UserId, holder: Option<UserId>, name: &str) -> Toggled {
        let skeleton = skeleton_hash(name);
        let found = self.place(reader, |ignored| match holder {
            Some(who) => ignored.is(who),
            None => ignored.skeletons.contains(&skeleton),
        });
        if let Some(place) = found {
            return Toggled::Seen(self.remove(reader, place).name);
        }
        let list = self.lists.entry(reader).or_default();
        if list.len() == IGNORES_MAX {
            return Toggled::Full;
        }
        let (is_here, skeletons) = (holder.is_some(), [skeleton; 2]);
        list.push(Ignored { who: holder, is_here, name: name.into(), skeletons });
        self.names.insert((skeleton, reader));
        if let Some(who) = holder {
            self.readers.entry(who).or_default().push(reader);
        }
        Toggled::Ignored
    }

    /// `who` has taken `name`, their first or another one.
    pub fn rename(&mut self, who: UserId, name: &str) {
        if self.lists.is_empty() {
            return;
        }
        let skeleton = skeleton_hash(name);
        let least = UserId::local(PeerId::new(0, 0));
        let entries = self.names.range((skeleton, least)..);
        let entries = entries.take_while(|(found, _)| *found == skeleton);
        for reader in entries.map(|&(_, reader)| reader).collect::<Vec<_>>() {
            self.take_from_others(reader, who, skeleton);
        }
        for reader in self.of(who).to_vec() {
            let place = self.place(reader, |ignored| ignored.is(who)).expect("it is noted");
            let ignored = &mut self.lists.get_mut(&reader).expect("it has a place")[place];
            let [first, last] = ignored.skeletons;
            (ignored.name, ignored.skeletons) = (name.into(), [first, skeleton]);
            if last != first {
                self.names.remove(&(last, reader));
            }
            self.names.insert((skeleton, reader));
        }
    }

    /// `who` is gone, and whom they ignored is of no interest any more.
    pub fn forget(&mut self, who: UserId) {
        for reader in self.readers.remove(&who).unwrap_or_default() {
            let place = self.place(reader, |ignored| ignored.is(who)).expect("it is noted");
            self.lists.get_mut(&reader).expect("it has a place")[place].is_here = false;
        }
        while self.lists.contains_key(&who) {
            self.remove(who, 0);
        }
    }

    fn place(&self, reader: UserId, is_it: impl Fn(&Ignored) -> bool) -> Option<usize> {
        self.lists.get(&reader)?.iter().position(is_it)
    }

    /// `who` has taken a name of that `skeleton`, which somebody else on the list of `reader` has had.
    fn take_from_others(&mut self, reader: UserId, who: UserId, skeleton: u64) {
        let is_other =
            |ignored: &Ignored| ignored.skeletons.contains(&skeleton) && !ignored.is(who);
        let Some(place) = self.place(reader, is_other) else { return };
        let is_known = reader == who || self.place(reader, |ignored| ignored.is(who)).is_some();
        let ignored = &mut self.lists.get_mut(&reader).expect("it has a place")[place];
        if ignored.is_here {
            // They were ignored under it at first, and have another name.
            ignored.skeletons[0] = ignored.skeletons[1];
            self.names.remove(&(skeleton, reader));
        } else if is_known {
            // Nobody ignores themselves, or anybody twice.
            self.remove(reader, place);
        } else {
            (ignored.who, ignored.is_here) = (Some(who), true);
            self.readers.entry(who).or_default().push(reader);
        }
    }

    fn remove(&mut self, reader: UserId, place: usize) -> Ignored {
        let list = self.lists.get_mut(&reader).expect("it has a place");
        let ignored = list.remove(place);
        if list.is_empty() {
            self.lists.remove(&reader);
        }
        for skeleton in ignored.skeletons {
            self.names.remove(&(skeleton, reader));
        }
        if let Some(who) = ignored.who.filter(|_| ignored.is_here) {
            let readers = self.readers.get_mut(&who).expect("it is noted");
            readers.retain(|&other| other != reader);
            if readers.is_empty() {
                self.readers.remove(&who);
            }
        }
        ignored
    }
}

impl Ignored {
    /// Whether it is `who`, who is here.
    fn is(&self, who: UserId) -> bool {
        self.is_here && self.who == Some(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: u32 = 1;
    const BOB: u32 = 2;
    const EVE: u32 = 3;

    fn user(number: u32) -> UserId {
        UserId::local(PeerId::new(number as usize, number))
    }

    /// What alice ignores, and of `people` whom.
    fn of_alice(ignores: &Ignores, people: &[u32]) -> String {
        let names: Vec<&str> = ignores.names(user(ALICE)).collect();
        let is_ignored = |who: &&u32| ignores.of(user(**who)) == [user(ALICE)];
        let people: Vec<String> = people.iter().filter(is_ignored).map(u32::to_string).collect();
        format!("{}: {}", names.join(" "), people.join(" "))
    }

    #[test]
    fn a_person_is_ignored_and_a_name_means_who_took_it_last() {
        let mut ignores = Ignores::default();
        let [alice, bob, eve] = [ALICE, BOB, EVE].map(user);
        assert_eq!(ignores.toggle(alice, Some(bob), "bob"), Toggled::Ignored);
        ignores.rename(bob, "rob");
        ignores.rename(eve, "bob");
        assert_eq!(of_alice(&ignores, &[BOB, EVE]), "rob: 2");
        assert!(ignores.hides(alice, bob, true, "bob"), "said under the old name");
        assert!(!ignores.hides(alice, eve, true, "bob"));
        // Eve has the name; when both have left, only the other is one of somebody ignored.
        ignores.forget(bob);
        ignores.forget(eve);
        assert!(
            ignores.hides(alice, bob, false, "bob") && !ignores.hides(alice, eve, false, "bob")
        );
        ignores.rename(user(4), "bob");
        assert_eq!(of_alice(&ignores, &[4]), "rob: ");
        ignores.rename(user(5), "ROB");
        assert_eq!(of_alice(&ignores, &[4, 5]), "ROB: 5");
        assert!(ignores.hides(alice, user(9), false, "rob"), "by name, from an earlier connection");
        assert_eq!(ignores.toggle(alice, None, "rob"), Toggled::Seen("ROB".into()));
        assert_eq!(of_alice(&ignores, &[4, 5]), ": ");
    }

    #[test]
    fn who_leaves_may_come_back_under_the_first_name_or_the_last() {
        for name in ["bob", "zed"] {
            let mut ignores = Ignores::default();
            let [alice, bob, back] = [ALICE, BOB, EVE].map(user);
            ignores.toggle(alice, Some(bob), "bob");
            ignores.rename(bob, "rob");
            ignores.rename(bob, "zed");
            ignores.forget(bob);
            ignores.rename(user(9), "rob");
            assert_eq!(of_alice(&ignores, &[9]), "zed: ", "a name that it had in between");
            ignores.rename(back, name);
            assert_eq!(of_alice(&ignores, &[EVE]), format!("{name}: 3"));
            ignores.rename(back, "other");
            assert_eq!(of_alice(&ignores, &[EVE]), "other: 3");
        }
    }

    #[test]
    fn nobody_ignores_themselves_or_anybody_twice() {
        let mut ignores = Ignores::default();
        let [alice, bob] = [ALICE, BOB].map(user);
        ignores.toggle(alice, None, "dave");
        ignores.toggle(alice, None, "rob");
        ignores.toggle(alice, Some(bob), "bob");
        ignores.rename(bob, "rob");
        assert_eq!(of_alice(&ignores, &[BOB]), "dave rob: 2");
        ignores.rename(alice, "dave");
        assert_eq!(of_alice(&ignores, &[ALICE, BOB]), "rob: 2");
        ignores.rename(bob, "bob");
        ignores.rename(alice, "rob");
        assert_eq!(of_alice(&ignores, &[ALICE, BOB]), "bob: 2");
    }

    #[test]
    fn lists_are_bounded_and_nothing_is_left_of_who_is_gone() {
        let mut ignores = Ignores::default();
        let [alice, bob, eve] = [ALICE, BOB, EVE].map(user);
        ignores.toggle(bob, Some(eve), "eve");
        ignores.toggle(alice, Some(eve), "eve");
        ignores.rename(eve, "eva");
        for number in 1..IGNORES_MAX {
            let toggled = ignores.toggle(alice, None, &format!("n{number}"));
            assert_eq!(toggled, Toggled::Ignored);
        }
        assert_eq!(ignores.toggle(alice, None, "one more"), Toggled::Full);
        ignores.forget(alice);
        assert_eq!(ignores.of(eve), [bob]);
        ignores.forget(eve);
        ignores.forget(bob);
        let Ignores { lists, readers, names } = ignores;
        assert!(lists.is_empty() && readers.is_empty() && names.is_empty());
    }
}
