//! The known users: every connection of this node, and every user with a name on any node.

use crate::chat::ignored::Ignored;
use crate::chat::presence::Epoch;
use crate::ids::{LOBBY, NodeId, PeerId, RoomId, UserId};

/// A user in four bytes, for the many places that refer to one: node and slot.
///
/// It is valid while the user is known; [`Users::id`] returns the full id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserKey(u32);

/// Bits of a key that hold the slot: far more than a process can have descriptors for.
const SLOT_BITS: u32 = 24;

impl UserKey {
    /// Returns the key as a slot of a [`Group`](crate::group::Group).
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the key that was put into a group as `index`.
    pub fn of_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("it was a key"))
    }
}

/// All users, by node and slot.
#[derive(Default)]
pub struct Users {
    nodes: Vec<Node>,
    named: usize,
}

struct Node {
    id: NodeId,
    slots: Vec<User>,
}

/// One user; a free slot has generation 0.
#[derive(Default)]
pub struct User {
    generation: u32,
    /// The epoch of its room in which its arrival was gathered, if it is not announced yet.
    pub epoch: Epoch,
    /// The name, if it has one; then it is in a room.
    pub name: Option<Box<str>>,
    /// The room it speaks in.
    pub room: RoomId,
    /// Whether it is greeted, and shown what was said before.
    pub is_guest: bool,
    /// Whether its own actions are reported to it, too.
    pub is_informed: bool,
    /// Its relations to others and its further rooms; most users have none.
    pub relations: Option<Box<Relations>>,
}

/// A user's relations to others, and its further rooms.
#[derive(Default)]
pub struct Relations {
    /// The sender of the last private message to it, and the sender's name at that time.
    pub wrote: Option<(UserId, Box<str>)>,
    /// The users it ignores.
    pub ignored: Vec<Ignored>,
    /// The users who ignore it.
    pub ignored_by: Vec<UserId>,
    /// The rooms that it is in besides [`User::room`].
    pub other_rooms: Vec<RoomId>,
}

impl User {
    /// Returns every room that it is in; none without a name.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> + '_ {
        let others = self.relations.iter().flat_map(|relations| relations.other_rooms.iter());
        let first = self.name.as_ref().map(|_| self.room);
        first.into_iter().chain(others.copied())
    }

    /// Returns the users it ignores.
    pub fn ignored(&self) -> &[Ignored] {
        self.relations.as_ref().map_or(&[], |relations| &relations.ignored)
    }

    /// Returns the users who ignore it.
    pub fn ignored_by(&self) -> &[UserId] {
        self.relations.as_ref().map_or(&[], |relations| &relations.ignored_by)
    }

    /// Returns its relations, created if there are none.
    pub fn relations_mut(&mut self) -> &mut Relations {
        self.relations.get_or_insert_default()
    }
}

impl Users {
    /// Adds a user, unless it is known; returns its key.
    pub fn insert(&mut self, id: UserId) -> UserKey {
        let place = self.nodes.iter().position(|node| node.id == id.node);
        let place = place.unwrap_or_else(|| {
            self.nodes.push(Node { id: id.node, slots: Vec::new() });
            self.nodes.len() - 1
        });
        let (slots, slot) = (&mut self.nodes[place].slots, id.peer.slot());
        assert!(slot < 1 << SLOT_BITS, "a slot is below the number of descriptors");
        if slot >= slots.len() {
            slots.resize_with(slot + 1, User::default);
        }
        let user = &mut slots[slot];
        assert!(
            user.generation == 0 || user.generation == id.peer.generation(),
            "a slot is used again only after its user left"
        );
        user.generation = id.peer.generation();
        // The rest of the key is the number of the node: eight bits.
        let node = u8::try_from(place).expect("few nodes share a chat");
        UserKey(u32::from(node) << SLOT_BITS | u32::try_from(slot).expect("asserted above"))
    }

    /// Removes a user and returns its state.
    pub fn remove(&mut self, key: UserKey) -> User {
        let user = std::mem::take(self.at(key));
        self.named -= usize::from(user.name.is_some());
        user
    }

    /// Returns the key of a known user.
    pub fn key(&self, id: UserId) -> Option<UserKey> {
        let place = self.nodes.iter().position(|node| node.id == id.node)?;
        let slot = id.peer.slot();
        let user = self.nodes[place].slots.get(slot)?;
        let node = u32::try_from(place).ok()?;
        let key = UserKey(node << SLOT_BITS | u32::try_from(slot).ok()?);
        (user.generation == id.peer.generation()).then_some(key)
    }

    /// Returns the id of the user of `key`.
    pub fn id(&self, key: UserKey) -> UserId {
        let (node, slot) = key.parts();
        let Node { id, slots } = &self.nodes[node];
        UserId { node: *id, peer: PeerId::new(slot, slots[slot].generation) }
    }

    /// Returns the user of `key`.
    pub fn get(&self, key: UserKey) -> &User {
        let (node, slot) = key.parts();
        &self.nodes[node].slots[slot]
    }

    /// Returns the user of `key`, to change anything but the name.
    pub fn at(&mut self, key: UserKey) -> &mut User {
        let (node, slot) = key.parts();
        &mut self.nodes[node].slots[slot]
    }

    /// Returns the user `id`, if it is known.
    pub fn find(&self, id: UserId) -> Option<&User> {
        self.key(id).map(|key| self.get(key))
    }

    /// Names a user; returns the name it had.
    pub fn set_name(&mut self, key: UserKey, name: &str) -> Option<Box<str>> {
        let user = self.at(key);
        let old = user.name.replace(name.into());
        if old.is_none() {
            user.room = LOBBY;
            self.named += 1;
        }
        old
    }

    /// Returns the number of users with a name.
    pub fn named(&self) -> usize {
        self.named
    }

    /// Returns all known users, in an order that is the same on every machine.
    pub fn iter(&self) -> impl Iterator<Item = (UserKey, &User)> {
        self.nodes.iter().enumerate().flat_map(|(node, Node { slots, .. })| {
            slots
                .iter()
                .enumerate()
                .filter(|(_, user)| user.generation != 0)
                .map(move |(slot, user)| (UserKey::of_index(node << SLOT_BITS | slot), user))
        })
    }
}

impl UserKey {
    fn parts(self) -> (usize, usize) {
        let slot = self.0 & ((1 << SLOT_BITS) - 1);
        ((self.0 >> SLOT_BITS) as usize, slot as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_several_nodes_are_distinct() {
        let mut users = Users::default();
        let id = |node, slot, generation| UserId {
            node: NodeId(node),
            peer: PeerId::new(slot, generation),
        };
        let ids = [id(0, 3, 1), id(7, 3, 1), id(0, 0, 2)];
        let keys = ids.map(|id| users.insert(id));
        for (id, key) in ids.into_iter().zip(keys) {
            assert_eq!(users.id(key), id);
            assert_eq!(users.key(id), Some(key));
            assert_eq!(UserKey::of_index(key.index()), key);
        }
        assert_eq!(users.iter().count(), 3);
        users.set_name(keys[1], "bob");
        assert_eq!(users.named(), 1);
        users.remove(keys[1]);
        assert_eq!((users.named(), users.key(ids[1])), (0, None));
        assert_eq!(users.key(id(0, 3, 9)), None, "another generation is another user");
    }

    #[test]
    fn a_user_is_small() {
        assert!(std::mem::size_of::<User>() <= 40);
    }

    #[test]
    #[should_panic(expected = "few nodes share a chat")]
    fn no_two_nodes_share_keys() {
        let mut users = Users::default();
        for node in 0..=256 {
            users.insert(UserId { node: NodeId(node), peer: PeerId::new(0, 1) });
        }
    }
}
