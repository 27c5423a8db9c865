//! The chat itself: who is where, under which name, and what comes of a command.
//!
//! Pure state, a fold over [`Entry`]s. [`Chat::propose`] checks what somebody asks for against the
//! state: it is either answered to them alone, or an entry for everyone. [`Chat::commit`] applies an
//! entry; the same entries in the same order make the same chat on any machine. What people see comes
//! out as [`Effect`]s, each while what it tells of is still at hand.
//!
//! No door, no byte and no connection is known here.

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

/// Sees every entry before it is applied.
pub type EntryTap = Box<dyn FnMut(&Entry<'_>)>;

/// What the operator may set of a chat.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Lines that a newcomer is shown; 0 keeps none.
    pub past_lines: usize,
    /// Memory that the histories of all rooms may take.
    pub history_bytes: usize,
    /// Rooms at a time.
    pub rooms_max: usize,
    /// The longest topic.
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

/// Everyone who is known, and the rooms that they are in.
pub struct Chat {
    rules: Rules,
    users: Users,
    names: Names,
    rooms: Rooms,
    histories: Histories,
    ignores: Ignores,
    /// The moment of the first entry, or of the restart; 0 before it.
    epoch: u64,
    /// Lines said to all so far, in all runs of the server that are known.
    spoken: u64,
    /// Lines said to one alone.
    whispered: u64,
    /// Earlier runs of the server: the epoch and the last line of each in which something was said.
    runs: Vec<LineId>,
    /// What is said is kept on disk, and everyone is told so.
    is_kept: bool,
    /// Who is in the middle of a long answer, and where it goes on.
    listings: BTreeMap<UserId, Listing>,
    /// Rooms that have joins and leaves to sum up, by when that is due.
    announcements: BTreeSet<(u64, RoomId)>,
    tap: Option<EntryTap>,
}

impl Chat {
    /// An empty lobby.
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

    /// Has `tap` called with every entry, before it is applied.
    pub fn watch(&mut self, tap: EntryTap) {
        self.tap = Some(tap);
    }

    /// Somebody is connected here: without a name, in no room. A guest is greeted, and later shown
    /// what was said before.
    pub fn arrive(&mut self, who: UserId, is_guest: bool, out: &mut Out<'_>) {
        let key = self.users.insert(who);
        self.users.at(key).is_guest = is_guest;
        if is_guest {
            self.welcome(who, out);
        }
    }

    /// From here on `who`, who has no name yet, is told of all that it does itself: of the rooms that it
    /// comes to and leaves, and of its names. It is no guest.
    pub fn inform(&mut self, who: UserId) {
        if let Some(key) = self.users.key(who) {
            let user = self.users.at(key);
            (user.is_guest, user.is_informed) = (false, true);
        }
    }

    /// The id of what was said last to all.
    pub fn last_line(&self) -> LineId {
        LineId { epoch: self.epoch, number: self.spoken }
    }

    /// How many lines were said so far, to all or to one.
    pub fn lines(&self) -> u64 {
        self.spoken + self.whispered
    }

    /// From here on everything that happens is to be kept (`Effect::Keep`), and whoever enters is told so.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Whether it is.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// `who` asks for something: it is proposed, and committed at once. Nothing comes of it if they
    /// are gone.
    pub fn command(&mut self, who: UserId, command: Command<'_>, now: &Now, out: &mut Out<'_>) {
        let Some(key) = self.users.key(who) else { return };
        match self.propose(who, command, now) {
            Proposal::Commit(entry) => self.commit(&entry, now, out),
            Proposal::Answer(reply) => self.answer(who, key, reply, out),
        }
    }

    /// The connection of `who` is gone: the others see it, the name is free.
    pub fn depart(&mut self, who: UserId, why: CloseReason, now: &Now, out: &mut Out<'_>) {
        let Some(key) = self.users.key(who) else { return };
        if self.users.get(key).name.is_some() {
            self.commit(&Entry::new(who, None, What::Left { why }, now), now, out);
        } else {
            self.forget(who, key);
            out(Effect::Close { user: who, nick: None, why });
        }
    }

    /// Everyone is told that the server stops, and leaves; nobody is told of those who leave.
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

    /// When joins and leaves have to be summed up.
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

    /// How many have a name.
    pub fn present(&self) -> usize {
        self.users.named()
    }

    /// How many rooms there are.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// The name of `who`, if they are here and have one.
    pub fn nick(&self, who: UserId) -> Option<&str> {
        self.users.find(who)?.name.as_deref()
    }

    /// The room that `who` speaks in, if they have a name.
    pub fn room_name(&self, who: UserId) -> Option<&str> {
        let user = self.users.find(who).filter(|user| user.name.is_some())?;
        Some(self.rooms.get(user.room).name.as_str())
    }

    /// Names of those here that begin with `start`, in any case: all, or what they have in common
    /// would be taken for certain.
    pub fn names_starting(&self, start: &str) -> Vec<&str> {
        let names = self.users.iter().filter_map(|(_, user)| user.name.as_deref());
        names.filter(|name| starts_with_in_any_case(name, start)).collect()
    }

    /// Whether everything that entries make is the same in both: who is where, under which name,
    /// topics, and what was said. What belongs to one machine does not count: greetings, half-told
    /// joins, long answers.
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

    /// Forgets somebody who has left, and what only they had to do with others.
    fn forget(&mut self, who: UserId, key: UserKey) -> User {
        let mut user = self.users.remove(key);
        self.listings.remove(&who);
        self.ignores.forget(&mut self.users, who, &mut user);
        user
    }

    /// Has the announcements of `room` act, if it still exists, and notes when they are due.
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

/// Whether `name` begins with `start` if case does not count. Nothing is allocated: somebody who
/// presses Tab has this asked of everybody's name.
fn starts_with_in_any_case(name: &str, start: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    start.chars().flat_map(char::to_lowercase).all(|wanted| letters.next() == Some(wanted))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
