//! Who ignores whom: users, not names, as far as users can be identified.
//!
//! A connected user is ignored as a user, under any name. A user who has left is known by two
//! names, the one under which they were ignored and their last one: the next user to take either of
//! them is assumed to be the same. But if somebody else takes a name while the ignored user is
//! connected, the name means that other user from then on.
//!
//! This concerns readers on this machine, and is not part of the state made by entries.

use std::collections::BTreeMap;

use crate::chat::ignored::Ignored;
use crate::chat::skeleton::skeleton_hash;
use crate::chat::users::{User, Users};
use crate::ids::UserId;
use crate::limits::IGNORES_MAX;

/// Finds by name who ignores a user; the lists themselves are stored with their readers.
#[derive(Default)]
pub struct Ignores {
    /// The skeletons of all names on all lists, each with the readers of those lists. No two
    /// entries of one list share a name.
    by_name: BTreeMap<u64, Vec<UserId>>,
}

/// The result of [`Ignores::toggle`].
#[derive(Debug, PartialEq, Eq)]
pub enum Toggled {
    /// The reader ignores the user from now on.
    Ignored,
    /// The reader no longer ignores the user of that name.
    Seen(Box<str>),
    /// The reader ignores the maximum number of users.
    Full,
}

impl Ignores {
    /// Makes `reader` ignore `holder`, who is called `name`, or the next user to take `name` if
    /// nobody has it; or undoes that.
    pub fn toggle(
        &mut self,
        users: &mut Users,
        reader: UserId,
        holder: Option<UserId>,
        name: &str,
    ) -> Toggled {
        let skeleton = skeleton_hash(name);
        let list = list(users, reader);
        let is_it = |ignored: &Ignored| match holder {
            Some(who) => ignored.is(who),
            None => ignored.has(skeleton),
        };
        if let Some(place) = list.iter().position(is_it) {
            let ignored = list.remove(place);
            self.remove(users, reader, &ignored);
            return Toggled::Seen(ignored.name);
        }
        if list.len() == IGNORES_MAX {
            return Toggled::Full;
        }
        let (is_here, skeletons) = (holder.is_some(), [skeleton; 2]);
        list.push(Ignored { who: holder, is_here, name: name.into(), skeletons });
        self.by_name.entry(skeleton).or_default().push(reader);
        if let Some(who) = holder {
            ignored_by(users, who).push(reader);
        }
        Toggled::Ignored
    }

    /// Notes that `who` has taken `name`, their first or another one.
    pub fn rename(&mut self, users: &mut Users, who: UserId, name: &str) {
        if self.by_name.is_empty() {
            return;
        }
        let skeleton = skeleton_hash(name);
        for reader in self.by_name.get(&skeleton).cloned().unwrap_or_default() {
            self.take_from_others(users, reader, who, skeleton);
        }
        // Readers who ignore the user under another name continue to.
        let mut given_up = Vec::new();
        let readers = users.find(who).map_or(&[][..], User::ignored_by).to_vec();
        for reader in readers {
            let of_who = list(users, reader).iter_mut().find(|ignored| ignored.is(who));
            let ignored = of_who.expect("the reader's list has an entry for it");
            let [first, last] = ignored.skeletons;
            (ignored.name, ignored.skeletons) = (name.into(), [first, skeleton]);
            if ![first, last].contains(&skeleton) {
                self.by_name.entry(skeleton).or_default().push(reader);
            }
            if ![first, skeleton].contains(&last) && !given_up.contains(&last) {
                given_up.push(last);
            }
        }
        // All readers of a name at once: there may be many.
        for last in given_up {
            let has = |ignored: &Ignored| ignored.has(last);
            self.retain(last, |&reader| list(users, reader).iter().any(has));
        }
    }

    /// Notes that `who`, whose state was `user`, has left.
    pub fn forget(&mut self, users: &mut Users, who: UserId, user: &mut User) {
        let Some(relations) = &mut user.relations else { return };
        for &reader in &relations.ignored_by {
            for ignored in list(users, reader).iter_mut().filter(|ignored| ignored.is(who)) {
                ignored.is_here = false;
            }
        }
        for ignored in std::mem::take(&mut relations.ignored) {
            self.remove(users, who, &ignored);
        }
    }

    /// Notes that `who` has taken a name with `skeleton`, which another user on the list of
    /// `reader` has had.
    fn take_from_others(&mut self, users: &mut Users, reader: UserId, who: UserId, skeleton: u64) {
        let list = list(users, reader);
        let is_known = reader == who || list.iter().any(|ignored| ignored.is(who));
        let is_other = |ignored: &Ignored| ignored.has(skeleton) && !ignored.is(who);
        let Some(place) = list.iter().position(is_other) else { return };
        let ignored = &mut list[place];
        if ignored.is_here {
            // The other user was first ignored under this name, and has another name now.
            ignored.skeletons[0] = ignored.skeletons[1];
            self.retain(skeleton, |&other| other != reader);
        } else if is_known {
            // Nobody ignores themselves, or the same user twice.
            let ignored = list.remove(place);
            self.remove(users, reader, &ignored);
        } else {
            (ignored.who, ignored.is_here) = (Some(who), true);
            ignored_by(users, who).push(reader);
        }
    }

    /// Updates the index for `ignored`, which is no longer on the list of `reader`.
    fn remove(&mut self, users: &mut Users, reader: UserId, ignored: &Ignored) {
        for skeleton in ignored.skeletons {
            self.retain(skeleton, |&other| other != reader);
        }
        if let Some(who) = ignored.who.filter(|_| ignored.is_here) {
            ignored_by(users, who).retain(|&other| other != reader);
        }
    }

    fn retain(&mut self, skeleton: u64, mut stays: impl FnMut(&UserId) -> bool) {
        if let Some(readers) = self.by_name.get_mut(&skeleton) {
            readers.retain(|reader| stays(reader));
            if readers.is_empty() {
                self.by_name.remove(&skeleton);
            }
        }
    }
}

fn list(users: &mut Users, reader: UserId) -> &mut Vec<Ignored> {
    let key = users.key(reader).expect("a reader with a list is in the chat");
    &mut users.at(key).relations_mut().ignored
}

fn ignored_by(users: &mut Users, who: UserId) -> &mut Vec<UserId> {
    let key = users.key(who).expect("a present ignored user is known");
    &mut users.at(key).relations_mut().ignored_by
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ignored::hides;
    use crate::ids::PeerId;

    /// Alice, and the users she may ignore.
    struct Scene {
        users: Users,
        ignores: Ignores,
    }

    const ALICE: u32 = 1;

    fn user(number: u32) -> UserId {
        UserId::local(PeerId::new(number as usize, number))
    }

    impl Scene {
        fn of(people: std::ops::RangeInclusive<u32>) -> Self {
            let (mut users, ignores) = (Users::default(), Ignores::default());
            for number in people {
                users.insert(user(number));
            }
            Self { users, ignores }
        }

        fn toggle(&mut self, holder: Option<u32>, name: &str) -> Toggled {
            self.ignores.toggle(&mut self.users, user(ALICE), holder.map(user), name)
        }

        fn rename(&mut self, who: u32, name: &str) {
            self.ignores.rename(&mut self.users, user(who), name);
        }

        fn forget(&mut self, who: u32) {
            let key = self.users.key(user(who)).expect("it is here");
            let mut gone = self.users.remove(key);
            self.ignores.forget(&mut self.users, user(who), &mut gone);
        }

        /// Whether alice ignores what was said.
        fn hides(&self, author: u32, name: &str) -> bool {
            let is_here = self.users.find(user(author)).is_some();
            let alice = self.users.find(user(ALICE)).expect("she is here");
            hides(alice.ignored(), user(author), is_here, name)
        }

        /// Returns alice's list: the names, and the users in the chat that they stand for.
        fn ignored(&self) -> String {
            let list = self.users.find(user(ALICE)).expect("she is here").ignored();
            let names: Vec<&str> = list.iter().map(|ignored| &*ignored.name).collect();
            let is_ignored = |who: &u32| {
                let found = self.users.find(user(*who));
                found.is_some_and(|found| found.ignored_by() == [user(ALICE)])
            };
            let people: Vec<String> =
                (1..9).filter(is_ignored).map(|who| who.to_string()).collect();
            format!("{}: {}", names.join(" "), people.join(" "))
        }
    }

    #[test]
    fn a_user_is_ignored_and_a_name_means_its_last_holder() {
        let mut scene = Scene::of(1..=5);
        assert_eq!(scene.toggle(Some(2), "bob"), Toggled::Ignored);
        scene.rename(2, "rob");
        scene.rename(3, "bob");
        assert_eq!(scene.ignored(), "rob: 2");
        assert!(scene.hides(2, "bob"), "said under the old name");
        assert!(!scene.hides(3, "bob"));
        // After both have left, bob is still the name of the other user.
        scene.forget(2);
        scene.forget(3);
        assert!(scene.hides(2, "bob") && !scene.hides(3, "bob"));
        scene.rename(4, "bob");
        assert_eq!(scene.ignored(), "rob: ");
        scene.rename(5, "ROB");
        assert_eq!(scene.ignored(), "ROB: 5");
        assert!(scene.hides(9, "rob"), "by name, from an earlier connection");
        assert_eq!(scene.toggle(None, "rob"), Toggled::Seen("ROB".into()));
        assert_eq!(scene.ignored(), ": ");
    }

    #[test]
    fn a_user_who_left_is_recognised_by_the_first_name_or_the_last() {
        for name in ["bob", "zed"] {
            let mut scene = Scene::of(1..=4);
            scene.toggle(Some(2), "bob");
            scene.rename(2, "rob");
            scene.rename(2, "zed");
            scene.forget(2);
            scene.rename(4, "rob");
            assert_eq!(scene.ignored(), "zed: ", "a name that it had in between");
            scene.rename(3, name);
            assert_eq!(scene.ignored(), format!("{name}: 3"));
            scene.rename(3, "other");
            assert_eq!(scene.ignored(), "other: 3");
        }
    }

    #[test]
    fn nobody_ignores_themselves_or_a_user_twice() {
        let mut scene = Scene::of(1..=2);
        scene.toggle(None, "dave");
        scene.toggle(None, "rob");
        scene.toggle(Some(2), "bob");
        scene.rename(2, "rob");
        assert_eq!(scene.ignored(), "dave rob: 2");
        scene.rename(ALICE, "dave");
        assert_eq!(scene.ignored(), "rob: 2");
        scene.rename(2, "bob");
        scene.rename(ALICE, "rob");
        assert_eq!(scene.ignored(), "bob: 2");
    }

    #[test]
    fn lists_are_bounded_and_a_departed_reader_leaves_nothing() {
        let mut scene = Scene::of(1..=3);
        let Scene { users, ignores } = &mut scene;
        ignores.toggle(users, user(2), Some(user(3)), "eve");
        scene.toggle(Some(3), "eve");
        scene.rename(3, "eva");
        for number in 1..IGNORES_MAX {
            assert_eq!(scene.toggle(None, &format!("n{number}")), Toggled::Ignored);
        }
        assert_eq!(scene.toggle(None, "one more"), Toggled::Full);
        scene.forget(ALICE);
        assert_eq!(scene.users.find(user(3)).map(User::ignored_by), Some(&[user(2)][..]));
        scene.forget(3);
        scene.forget(2);
        assert!(scene.ignores.by_name.is_empty());
    }
}
