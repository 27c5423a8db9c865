//! The rooms that exist: found by name or id, ordered by the number of users in them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use slab::Slab;

use crate::chat::entry::RoomName;
use crate::chat::history::{Histories, HistoryId};
use crate::chat::presence::Presence;
use crate::chat::skeleton::{skeleton_hash, skeleton_hashes};
use crate::chat::users::UserKey;
use crate::group::Group;
use crate::ids::{LOBBY, RoomId};

/// The name of the room that always exists.
pub const LOBBY_NAME: &str = "lobby";

/// One room.
pub struct Room {
    /// The name in its normal form.
    pub name: RoomName,
    /// Where its lines are stored.
    pub history: HistoryId,
    /// Its topic, if there is one.
    pub topic: Option<Box<str>>,
    /// The keys of the users in it.
    pub members: Group,
    /// Its joins and leaves that are still to be announced.
    pub presence: Presence,
}

/// All rooms: the lobby, and those with users.
pub struct Rooms {
    slab: Slab<Box<Room>>,
    /// By the skeletons of their names: look-alikes are the same room, as with names of users.
    by_skeleton: BTreeMap<u64, RoomId>,
    /// The largest first.
    by_size: BTreeSet<(Reverse<u32>, RoomId)>,
    /// The topics of rooms that had users when the server stopped, by the skeletons of the rooms' names:
    /// a room gets its topic back when it is opened again.
    topics: Vec<(u64, RoomName, Box<str>)>,
}

impl Rooms {
    /// Creates the set of rooms with the lobby.
    pub fn new() -> Self {
        let (slab, by_skeleton, by_size, topics) = Default::default();
        let mut rooms = Self { slab, by_skeleton, by_size, topics };
        let lobby = RoomName::new(LOBBY_NAME);
        let lobby = rooms.open(lobby, HistoryId::new(skeleton_hash(LOBBY_NAME)));
        assert_eq!(lobby, LOBBY, "the lobby comes first");
        rooms
    }

    /// Returns the number of rooms; at least one.
    #[allow(clippy::len_without_is_empty, reason = "the lobby always exists")]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Returns the room `id`.
    pub fn get(&self, id: RoomId) -> &Room {
        &self.slab[id.0 as usize]
    }

    /// Returns the room `id`, if it still exists.
    pub fn try_get(&self, id: RoomId) -> Option<&Room> {
        self.slab.get(id.0 as usize).map(|room| &**room)
    }

    /// Returns the room `id`, to change its topic or presence.
    pub fn at(&mut self, id: RoomId) -> &mut Room {
        &mut self.slab[id.0 as usize]
    }

    /// Returns the room `id`, if it still exists.
    pub fn try_at(&mut self, id: RoomId) -> Option<&mut Room> {
        self.slab.get_mut(id.0 as usize).map(|room| &mut **room)
    }

    /// Returns the room that is called `name` or a look-alike.
    pub fn find(&self, name: &str) -> Option<RoomId> {
        skeleton_hashes(name).iter().find_map(|hash| self.by_skeleton.get(hash)).copied()
    }

    /// Returns the room called `name`; opens it, with its earlier history, if it is new.
    pub fn find_or_open(&mut self, name: RoomName, histories: &mut Histories) -> RoomId {
        self.find(name.as_str()).unwrap_or_else(|| {
            let skeleton = skeleton_hash(name.as_str());
            let id = self.open(name, histories.open(skeleton));
            if let Some(place) = self.topics.iter().position(|(kept, ..)| *kept == skeleton) {
                self.at(id).topic = Some(self.topics.swap_remove(place).2);
            }
            id
        })
    }

    /// Stores the topic of the room called `name` until it is opened again.
    pub fn keep_topic(&mut self, name: RoomName, topic: Box<str>) {
        let skeleton = skeleton_hash(name.as_str());
        self.topics.retain(|(kept, ..)| *kept != skeleton);
        self.topics.push((skeleton, name, topic));
    }

    /// Returns the stored topics of rooms that are not open, with the rooms' names.
    pub fn kept_topics(&self) -> impl Iterator<Item = (&str, &str)> {
        self.topics.iter().map(|(_, name, topic)| (name.as_str(), &**topic))
    }

    /// Adds `user` to `id`.
    pub fn enter(&mut self, id: RoomId, user: UserKey) {
        self.resize(id, |members| members.insert(user.index()));
    }

    /// Removes `user` from `id`; returns whether the room is empty now.
    pub fn leave(&mut self, id: RoomId, user: UserKey) -> bool {
        self.resize(id, |members| members.remove(user.index()));
        self.get(id).members.is_empty()
    }

    /// Ends a room that is empty and not the lobby.
    pub fn close(&mut self, id: RoomId, histories: &mut Histories) {
        assert!(id != LOBBY && self.get(id).members.is_empty(), "nobody is left in it");
        let room = self.slab.remove(id.0 as usize);
        histories.close(room.history);
        for hash in skeleton_hashes(room.name.as_str()) {
            self.by_skeleton.remove(&hash);
        }
        self.by_size.remove(&(Reverse(0), id));
    }

    /// Returns the rooms after `after` in order of falling size, with their sizes.
    pub fn fullest(&self, after: Option<(u32, RoomId)>) -> impl Iterator<Item = (u32, RoomId)> {
        let rest = match after {
            Some((size, id)) => {
                let after = std::ops::Bound::Excluded((Reverse(size), id));
                self.by_size.range((after, std::ops::Bound::Unbounded))
            }
            None => self.by_size.range(..),
        };
        rest.map(|&(Reverse(size), id)| (size, id))
    }

    /// Returns all rooms, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Room> {
        self.slab.iter().map(|(_, room)| &**room)
    }

    fn open(&mut self, name: RoomName, history: HistoryId) -> RoomId {
        let (topic, members, presence) = Default::default();
        let room = Room { name, history, topic, members, presence };
        let key = self.slab.insert(Box::new(room));
        let id = RoomId(u32::try_from(key).expect("fewer rooms than connections"));
        self.by_skeleton.extend(skeleton_hashes(name.as_str()).map(|hash| (hash, id)));
        self.by_size.insert((Reverse(0), id));
        id
    }

    fn resize(&mut self, id: RoomId, change: impl FnOnce(&mut Group)) {
        let members = &mut self.slab[id.0 as usize].members;
        let before = count(members);
        change(members);
        let after = count(members);
        if before != after {
            self.by_size.remove(&(Reverse(before), id));
            self.by_size.insert((Reverse(after), id));
        }
    }
}

fn count(members: &Group) -> u32 {
    u32::try_from(members.len()).expect("fewer than keys")
}

impl Default for Rooms {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_found_by_skeleton_and_end_when_empty() {
        let (mut rooms, mut histories) = (Rooms::new(), Histories::new(0));
        let [alice, bob] = [1, 2].map(UserKey::of_index);
        let tea = rooms.find_or_open(RoomName::new("tea"), &mut histories);
        assert_eq!(rooms.find("TEA"), Some(tea));
        assert_eq!(rooms.find_or_open(RoomName::new("Tea"), &mut histories), tea);
        rooms.enter(tea, alice);
        rooms.enter(tea, bob);
        rooms.enter(LOBBY, alice);
        let sizes: Vec<_> = rooms.fullest(None).collect();
        assert_eq!(sizes, [(2, tea), (1, LOBBY)]);
        assert_eq!(rooms.fullest(Some((2, tea))).count(), 1);
        assert!(!rooms.leave(tea, alice));
        assert!(rooms.leave(tea, bob));
        rooms.close(tea, &mut histories);
        assert_eq!((rooms.len(), rooms.find("tea")), (1, None));
        assert_eq!(
            rooms.find_or_open(RoomName::new("coffee"), &mut histories),
            tea,
            "ids are used again"
        );
    }
}
