//! Rebuilds a chat from the lines of its log, and produces the lines that this needs.

use std::collections::BTreeSet;

use crate::chat::entry::RoomName;
use crate::chat::kept::{Kept, Kind};
use crate::chat::skeleton::skeleton_hash;
use crate::chat::{Chat, Rules};
use crate::clock::{Now, Stamp};
use crate::ids::{LOBBY, LineId, NodeId, PeerId, RoomId, UserId};
use crate::limits::{ABSENCE_MS, RUNS_MAX};

/// The author of all lines from before the restart: an id that no user ever has.
const GONE: UserId = UserId { node: NodeId(u16::MAX), peer: PeerId::NOBODY };

/// A chat that is being rebuilt, line by line.
///
/// It starts at the first [`Kind::Mark`]. Later marks are redundant, unless lines are missing before
/// them.
pub struct Restore {
    chat: Chat,
    now: Now,
    /// Who is in which room, by the skeletons of their names.
    people: BTreeSet<(u64, RoomId)>,
    /// The number of users in each room.
    counts: Vec<u32>,
    /// Whether a mark has been read, and no gap since.
    is_known: bool,
    /// Whether the lines after a mark are being read, and are needed.
    is_told: bool,
    /// When the server stopped, if that was the last event.
    stopped: Option<Stamp>,
    /// The number of the last line that could be read.
    last_line: u64,
    /// A cache of rooms, indexed by a hash of their names: computing the skeleton of a name takes longer
    /// than everything else about a line.
    places: Vec<Option<(RoomName, RoomId)>>,
}

/// The size of the cache: a power of two.
const PLACES: usize = 256;

impl Restore {
    /// Starts with an empty chat. `is_complete` says that the whole log is read, not only its end.
    pub fn new(rules: Rules, is_complete: bool, now: Now) -> Self {
        let mut chat = Chat::new(rules);
        chat.is_kept = true;
        let (people, counts, is_told, stopped, last_line) = Default::default();
        let places = vec![None; PLACES];
        Self {
            chat,
            now,
            people,
            counts,
            is_known: is_complete,
            is_told,
            stopped,
            last_line,
            places,
        }
    }

    /// Applies the next line of the log.
    pub fn apply(&mut self, kept: &Kept<'_>) {
        match kept.kind {
            Kind::Gap => return self.is_known = false,
            Kind::Mark | Kind::Start => return self.mark(kept),
            Kind::Has | Kind::Here if !self.is_told => return,
            _ => self.is_told &= matches!(kept.kind, Kind::Has | Kind::Here),
        }
        if !self.is_known {
            return;
        }
        match kept.kind {
            Kind::Said | Kind::Acted => self.said(kept),
            Kind::Joined | Kind::Here => self.enter(kept.room, kept.name, kept.at),
            Kind::Left => self.leave(kept.room, kept.name, kept.at),
            Kind::Renamed => {
                let room = self.room(kept.room);
                self.remove(skeleton_hash(kept.name), room);
                self.insert(skeleton_hash(kept.text), room);
            }
            Kind::Topic => {
                let room = self.room(kept.room);
                let topic = Some(kept.text).filter(|text| !text.is_empty());
                self.chat.rooms.at(room).topic = topic.map(Into::into);
                self.end_if_empty(room);
            }
            Kind::Has => self.keep_topic(RoomName::new(kept.room), kept.text.into()),
            Kind::Stop => self.stopped = Some(kept.at),
            Kind::Gap | Kind::Mark | Kind::Start => {}
        }
    }

    /// Notes that a line could not be read. It counts as a line that was said, as most are, so that the
    /// ids of the others stay the same.
    pub fn skip_damaged(&mut self) {
        if self.is_known {
            self.chat.spoken += 1;
            self.chat.histories.lose_up_to(self.chat.spoken);
        }
    }

    /// Whether more was said than there is memory for.
    pub fn is_full(&self) -> bool {
        self.chat.histories.is_full()
    }

    /// Returns the chat, without its users: they have been absent since the server stopped, or since now
    /// if it was killed, which leaves no time in the log.
    pub fn finish(mut self) -> Chat {
        self.end_run(self.stopped.unwrap_or(self.now.stamp));
        let epoch = self.chat.epoch + 1;
        self.chat.epoch = self.now.stamp.unix_ms.max(epoch);
        self.chat
    }

    fn mark(&mut self, kept: &Kept<'_>) {
        let numbers = kept.text.split_once(' ');
        let parsed =
            |(epoch, number): (&str, &str)| Some((epoch.parse().ok()?, number.parse().ok()?));
        let Some((epoch, number)) = numbers.and_then(parsed) else { return };
        let was_known = self.is_known && number == self.chat.spoken;
        if epoch != self.chat.epoch {
            self.end_run(self.stopped.unwrap_or(kept.at));
        }
        let chat = &mut self.chat;
        if !was_known {
            if chat.epoch == 0 {
                chat.histories.begin_after(number);
            }
            // Damaged lines may not have been said lines at all.
            chat.spoken = number.max(self.last_line);
            chat.histories.lose_up_to(chat.spoken);
            self.people.clear();
            self.counts.clear();
            self.close_rooms();
        }
        self.chat.epoch = epoch;
        (self.is_told, self.is_known) = (!was_known, true);
        self.stopped = None;
    }

    fn said(&mut self, kept: &Kept<'_>) {
        let room = self.room(kept.room);
        let chat = &mut self.chat;
        chat.spoken += 1;
        self.last_line = chat.spoken;
        if chat.rules.past_lines > 0 {
            let history = &mut chat.rooms.at(room).history;
            let (words, is_act) = ([kept.name, kept.text], kept.kind == Kind::Acted);
            chat.histories.add(history, chat.spoken, kept.at, GONE, words, is_act);
        }
        // A user who says something is in the room, even if the line that says so was not read.
        if self.chat.rooms.len() > self.chat.rules.rooms_max {
            self.end_if_empty(room);
        }
    }

    fn enter(&mut self, room: &str, name: &str, at: Stamp) {
        let room = self.room(room);
        let who = skeleton_hash(name);
        self.insert(who, room);
        if self.chat.rules.past_lines > 0 && self.age_ms(at) <= ABSENCE_MS {
            let history = self.chat.rooms.get(room).history;
            self.chat.histories.come_back(who, history, self.now.mono_ms);
        }
    }

    fn leave(&mut self, room: &str, name: &str, at: Stamp) {
        let room = self.room(room);
        let who = skeleton_hash(name);
        self.remove(who, room);
        self.note_absence(room, who, at);
        self.end_if_empty(room);
    }

    fn insert(&mut self, who: u64, room: RoomId) {
        if self.people.insert((who, room)) {
            let index = room.0 as usize;
            if index >= self.counts.len() {
                self.counts.resize(index + 1, 0);
            }
            self.counts[index] += 1;
        }
    }

    fn remove(&mut self, who: u64, room: RoomId) {
        if self.people.remove(&(who, room)) {
            self.counts[room.0 as usize] -= 1;
        }
    }

    fn is_empty(&self, room: RoomId) -> bool {
        self.counts.get(room.0 as usize).is_none_or(|&count| count == 0)
    }

    /// Notes that `who` left `room` at `at`, unless that was too long ago.
    fn note_absence(&mut self, room: RoomId, who: u64, at: Stamp) {
        let age_ms = self.age_ms(at);
        if self.chat.rules.past_lines > 0 && age_ms <= ABSENCE_MS {
            let history = self.chat.rooms.get(room).history;
            let until_ms = self.now.mono_ms + ABSENCE_MS - age_ms;
            self.chat.histories.leave_until(who, history, until_ms);
        }
    }

    fn age_ms(&self, at: Stamp) -> u64 {
        self.now.stamp.unix_ms.saturating_sub(at.unix_ms)
    }

    /// Ends a run of the server: all its users have left at `at`.
    fn end_run(&mut self, at: Stamp) {
        for (who, room) in std::mem::take(&mut self.people) {
            self.note_absence(room, who, at);
        }
        self.counts.clear();
        for (name, topic) in self.close_rooms() {
            self.keep_topic(name, topic);
        }
        let chat = &mut self.chat;
        if chat.spoken > chat.runs.last().map_or(0, |run| run.number) {
            if chat.runs.len() == RUNS_MAX {
                chat.runs.remove(0);
            }
            chat.runs.push(chat.last_line());
        }
    }

    fn keep_topic(&mut self, name: RoomName, topic: Box<str>) {
        if let Some(room) = self.chat.rooms.find(name.as_str()) {
            self.chat.rooms.at(room).topic = Some(topic);
        } else if self.chat.rooms.kept_topics().count() < self.chat.rules.rooms_max {
            self.chat.rooms.keep_topic(name, topic);
        }
    }

    fn room(&mut self, name: &str) -> RoomId {
        let place = &mut self.places[place(name)];
        match place {
            Some((known, id)) if known.as_str() == name => *id,
            _ => {
                let name = RoomName::new(name);
                let id = self.chat.rooms.find_or_open(name, &mut self.chat.histories);
                *place = Some((name, id));
                id
            }
        }
    }

    /// Ends `room` if it has no users.
    fn end_if_empty(&mut self, room: RoomId) {
        if room != LOBBY && self.is_empty(room) {
            self.close(room);
        }
    }

    /// Ends all rooms but the lobby; returns the topics of those that had one.
    fn close_rooms(&mut self) -> Vec<(RoomName, Box<str>)> {
        let mut topics = Vec::new();
        loop {
            let next = self.chat.rooms.fullest(None).map(|(_, id)| id).find(|&id| id != LOBBY);
            let Some(id) = next else { return topics };
            let room = self.chat.rooms.at(id);
            topics.extend(room.topic.take().map(|topic| (room.name, topic)));
            self.close(id);
        }
    }

    fn close(&mut self, room: RoomId) {
        let name = self.chat.rooms.get(room).name;
        self.chat.rooms.close(room, &mut self.chat.histories);
        // The log has the room's own name, so the cache has it under no other.
        self.places[place(name.as_str())] = None;
    }
}

/// Returns the index in the cache for a room of that name.
fn place(name: &str) -> usize {
    let hash = |hash: usize, byte: u8| hash.wrapping_mul(31).wrapping_add(byte.into());
    name.bytes().fold(0, hash) % PLACES
}

impl Chat {
    /// Passes the state of the chat to `to`, as lines of which the first has the given kind. A chat can be
    /// rebuilt from them and the lines after them. `unwritten` lines that were said follow them.
    pub fn restate(&self, kind: Kind, unwritten: u64, at: Stamp, to: &mut dyn FnMut(&Kept<'_>)) {
        let text = format!("{} {}", self.epoch, self.spoken - unwritten);
        to(&Kept { at, room: "", kind, name: "", text: &text });
        let mut has = |room, text| to(&Kept { at, room, kind: Kind::Has, name: "", text });
        for (room, topic) in self.rooms.kept_topics() {
            has(room, topic);
        }
        for room in self.rooms.iter() {
            if let Some(topic) = &room.topic {
                has(room.name.as_str(), topic);
            }
        }
        for (_, user) in self.users.iter() {
            for room in user.rooms() {
                let (room, name) = (self.rooms.get(room).name, user.name.as_deref());
                let (room, name) = (room.as_str(), name.unwrap_or_default());
                to(&Kept { at, room, kind: Kind::Here, name, text: "" });
            }
        }
    }

    /// Returns the id of the line with that number.
    pub(super) fn line_id(&self, number: u64) -> LineId {
        let run = self.runs.iter().find(|run| number <= run.number);
        LineId { epoch: run.map_or(self.epoch, |run| run.epoch), number }
    }

    /// Returns the number of the line with that id, if its run of the server is known. A line that never
    /// reached the disk, because of a power failure, has the number of the last one that did.
    pub(super) fn number_of(&self, id: LineId) -> Option<u64> {
        if id.epoch == self.epoch {
            return Some(id.number).filter(|&number| number <= self.spoken);
        }
        let run = self.runs.iter().find(|run| run.epoch == id.epoch)?;
        Some(id.number.min(run.number))
    }
}
