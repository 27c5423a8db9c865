//! The chat itself: users, names, rooms, and the results of commands.
//!
//! Pure state, a fold over [`Entry`]s. [`Chat::propose`] checks a command against the state: it is
//! either answered to its author alone, or becomes an entry for everyone. [`Chat::commit`] applies
//! an entry; the same entries in the same order make the same chat on any machine. What users see
//! comes out as [`Effect`]s, each emitted while the text that it borrows still exists.
//!
//! The chat knows no door, no bytes and no connection.

mod absences;
mod answers;
pub mod command;
mod commit;
pub mod entry;
pub mod event;
pub mod history;
pub mod ignored;
pub mod ignores;
pub mod kept;
mod lines;
pub mod names;
mod normal;
pub mod presence;
pub mod proposal;
mod propose;
mod reserved;
pub mod restore;
pub mod rooms;
mod skeleton;
pub mod users;

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::command::Command;
use crate::chat::entry::{Entry, What};
use crate::chat::event::{CloseReason, Effect, Event, Out};
use crate::chat::history::Histories;
use crate::chat::ignores::Ignores;
use crate::chat::names::Names;
use crate::chat::presence::Audience;
use crate::chat::proposal::{Listing, Proposal};
use crate::chat::rooms::Rooms;
use crate::chat::users::{User, UserKey, Users};
use crate::clock::Now;
use crate::ids::{LineId, RoomId, UserId};
use crate::limits::Limits;

/// Observes every entry before it is applied.
pub type EntryTap = Box<dyn FnMut(&Entry<'_>)>;

/// Settings of a chat that the operator may change.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The number of lines that a new user is shown; 0 stores none.
    pub past_lines: usize,
    /// The memory limit for the histories of all rooms.
    pub history_bytes: usize,
    /// The maximum number of rooms.
    pub rooms_max: usize,
    /// The maximum length of a topic.
    pub topic_bytes_max: usize,
}

impl From<&Limits> for Rules {
    fn from(limits: &Limits) -> Self {
        Self {
            past_lines: limits.history,
            history_bytes: limits.history_bytes,
            rooms_max: limits.rooms,
            topic_bytes_max: limits.topic_bytes,
        }
    }
}

/// All users, and the rooms that they are in.
pub struct Chat {
    rules: Rules,
    users: Users,
    names: Names,
    rooms: Rooms,
    histories: Histories,
    ignores: Ignores,
    /// The time of the first entry, or of the restart; 0 before it.
    epoch: u64,
    /// The number of public lines said so far, in all known runs of the server.
    spoken: u64,
    /// The number of private lines said so far.
    whispered: u64,
    /// The epoch and the last line of each earlier run of the server in which something was said.
    runs: Vec<LineId>,
    /// Whether the chat is logged to disk, which everyone is told.
    is_kept: bool,
    /// Users who are being sent a long answer, with the position of its next part.
    listings: BTreeMap<UserId, Listing>,
    /// Rooms that have joins and leaves to sum up, by the time when the summary is due.
    announcements: BTreeSet<(u64, RoomId)>,
    tap: Option<EntryTap>,
}

impl Chat {
    /// Creates a chat with an empty lobby.
    pub fn new(rules: Rules) -> Self {
        Self {
            users: Users::default(),
            names: Names::new(),
            rooms: Rooms::new(),
            histories: Histories::new(rules.history_bytes),
            ignores: Ignores::default(),
            epoch: 0,
            spoken: 0,
            whispered: 0,
            runs: Vec::new(),
            is_kept: false,
            listings: BTreeMap::new(),
            announcements: BTreeSet::new(),
            tap: None,
            rules,
        }
    }

    /// Calls `tap` with every entry, before it is applied.
    pub fn watch(&mut self, tap: EntryTap) {
        self.tap = Some(tap);
    }

    /// Adds a user, without a name and in no room. A guest is greeted, and later shown what was
    /// said before.
    pub fn arrive(&mut self, who: UserId, is_guest: bool, out: &mut Out<'_>) {
        let key = self.users.insert(who);
        self.users.at(key).is_guest = is_guest;
        if is_guest {
            self.welcome(who, out);
        }
    }

    /// Reports to `who`, who has no name yet and is no longer a guest, all its own actions from
    /// here on: the rooms that it enters and leaves, and its names.
    pub fn inform(&mut self, who: UserId) {
        if let Some(key) = self.users.key(who) {
            let user = self.users.at(key);
            (user.is_guest, user.is_informed) = (false, true);
        }
    }

    /// Returns the id of the last public line.
    pub fn last_line(&self) -> LineId {
        LineId { epoch: self.epoch, number: self.spoken }
    }

    /// Returns the number of lines said so far, public and private.
    pub fn lines(&self) -> u64 {
        self.spoken + self.whispered
    }

    /// Whether everything that happens is logged to disk.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Executes `command` of `who`: proposes it and commits it at once. Does nothing if the user
    /// has left.
    pub fn command(&mut self, who: UserId, command: Command<'_>, now: &Now, out: &mut Out<'_>) {
        let Some(key) = self.users.key(who) else { return };
        match self.propose(who, command, now) {
            Proposal::Commit(entry) => self.commit(&entry, now, out),
            Proposal::Answer(reply) => self.answer(who, key, reply, out),
        }
    }

    /// Removes `who`: the others are told, and the name is free.
    pub fn depart(&mut self, who: UserId, why: CloseReason, now: &Now, out: &mut Out<'_>) {
        let Some(key) = self.users.key(who) else { return };
        if self.users.get(key).name.is_some() {
            self.commit(&Entry::new(who, None, What::Left { why }, now), now, out);
        } else {
            self.forget(who, key);
            out(Effect::Close { user: who, nick: None, why });
        }
    }

    /// Tells everyone that the server is stopping, and removes all users without announcing that.
    pub fn shut_down(&mut self, out: &mut Out<'_>) {
        let event = Event::ShuttingDown;
        for (_, room) in std::mem::take(&mut self.announcements) {
            self.in_room(room, out, presence::Presence::tell_gathered);
        }
        let mut rooms: Vec<(u32, RoomId)> = self.rooms.fullest(None).collect();
        rooms.retain(|&(count, _)| count > 0);
        for &(_, room) in &rooms {
            let room_name = self.rooms.get(room).name;
            let room_name = room_name.as_str();
            out(Effect::Say { room, room_name, event, line: None, author: None, except: &[] });
        }
        for (key, user) in self.users.iter() {
            let id = self.users.id(key);
            for room in user.rooms() {
                out(Effect::Leave { user: id, room });
            }
            if user.name.is_none() {
                out(Effect::Tell { to: id, event });
            }
            let (nick, why) = (user.name.as_deref(), CloseReason::ShuttingDown);
            out(Effect::Close { user: id, nick, why });
        }
    }

    /// Returns when the next summary of joins and leaves is due.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.announcements.first().map(|&(due_ms, _)| due_ms)
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: &Now, out: &mut Out<'_>) {
        while let Some(&(due_ms, room)) = self.announcements.first() {
            if due_ms > now.mono_ms {
                return;
            }
            self.announcements.pop_first();
            self.in_room(room, out, |presence, to| presence.tick(now, to));
        }
    }

    /// Returns the number of users with a name.
    pub fn present(&self) -> usize {
        self.users.named()
    }

    /// Returns the number of rooms.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Returns the name of `who`, if they are in the chat and have one.
    pub fn nick(&self, who: UserId) -> Option<&str> {
        self.users.find(who)?.name.as_deref()
    }

    /// Returns the name of the room that `who` speaks in, if they have a name.
    pub fn room_name(&self, who: UserId) -> Option<&str> {
        let user = self.users.find(who).filter(|user| user.name.is_some())?;
        Some(self.rooms.get(user.room).name.as_str())
    }

    /// Returns the names of present users that begin with `start`, in any case. It must return all:
    /// if names were left out, their common beginning would seem unambiguous.
    pub fn names_starting(&self, start: &str) -> Vec<&str> {
        let names = self.users.iter().filter_map(|(_, user)| user.name.as_deref());
        names.filter(|name| starts_with_in_any_case(name, start)).collect()
    }

    /// Whether the state made by entries is the same in both: users, rooms, names, topics, and
    /// stored lines. What belongs to one machine does not count: greetings, pending summaries, long
    /// answers.
    pub fn is_same(&self, other: &Self) -> bool {
        let people = |chat: &Self| -> BTreeMap<UserId, (Box<str>, Vec<String>)> {
            let named = chat.users.iter().filter_map(|(key, user)| {
                let name = user.name.clone()?;
                let mut rooms: Vec<String> = user
                    .rooms()
                    .map(|room| chat.rooms.get(room).name.as_str().to_string())
                    .collect();
                rooms[1..].sort();
                Some((chat.users.id(key), (name, rooms)))
            });
            named.collect()
        };
        let rooms = |chat: &Self| -> BTreeMap<String, (Option<Box<str>>, usize)> {
            let room = |room: &rooms::Room| {
                (room.name.as_str().to_string(), (room.topic.clone(), room.members.len()))
            };
            chat.rooms.iter().map(room).collect()
        };
        people(self) == people(other)
            && rooms(self) == rooms(other)
            && self.names.is_same(&other.names)
            && self.histories.is_same(&other.histories)
    }

    /// Removes a user who has left, and its relations to others.
    fn forget(&mut self, who: UserId, key: UserKey) -> User {
        let mut user = self.users.remove(key);
        self.listings.remove(&who);
        self.ignores.forget(&mut self.users, who, &mut user);
        user
    }

    /// Calls an operation on the announcements of `room`, if it still exists, and notes when they
    /// are due.
    fn in_room<T>(
        &mut self,
        room: RoomId,
        out: &mut Out<'_>,
        act: impl FnOnce(&mut presence::Presence, &mut Audience<'_, '_>) -> T,
    ) -> Option<T> {
        let found = self.rooms.try_at(room)?;
        let room_name = found.name;
        let mut to = Audience { room, room_name: room_name.as_str(), out };
        let done = act(&mut found.presence, &mut to);
        if let Some(due_ms) = found.presence.deadline_ms() {
            self.announcements.insert((due_ms, room));
        }
        Some(done)
    }
}

/// Whether `name` begins with `start`, ignoring case. It does not allocate, because one press of
/// Tab asks this of every name.
fn starts_with_in_any_case(name: &str, start: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    start.chars().flat_map(char::to_lowercase).all(|wanted| letters.next() == Some(wanted))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
