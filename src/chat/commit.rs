//! Commits entries: updates the state, and reports who sees what.

use log::{debug, info};

use crate::chat::Chat;
use crate::chat::entry::{Entry, What};
use crate::chat::event::{CloseReason, Effect, Event, Out, Own};
use crate::chat::kept::{Kept, Kind};
use crate::chat::presence::Presence;
use crate::chat::skeleton::skeleton_hash;
use crate::chat::users::{User, UserKey};
use crate::clock::{Now, Stamp};
use crate::ids::{LOBBY, LineId, RoomId, UserId};
use crate::text::Quoted;

impl Chat {
    /// Applies `entry` and reports who sees what. The same entries in the same order produce the
    /// same chat on any machine; `now` only decides when joins and leaves are announced.
    pub fn commit(&mut self, entry: &Entry<'_>, now: &Now, out: &mut Out<'_>) {
        if let Some(tap) = &mut self.tap {
            tap(entry);
        }
        if self.epoch == 0 {
            self.epoch = entry.stamp.unix_ms.max(1);
        }
        let author = entry.author;
        let key = match &entry.what {
            What::Named { .. } => self.users.insert(author),
            _ => match self.users.key(author) {
                Some(key) => key,
                None => return,
            },
        };
        match &entry.what {
            What::Named { name } => self.commit_name(author, key, name, entry, now, out),
            What::Left { why } => self.commit_leave(author, key, *why, entry, now, out),
            What::Moved | What::Entered => self.commit_move(author, key, entry, now, out),
            What::Parted => self.commit_part(author, key, entry, now, out),
            What::Said { text } => self.commit_line(key, text, false, entry, out),
            What::Acted { text } => self.commit_line(key, text, true, entry, out),
            What::Whispered { to, text } => self.commit_whisper(author, key, *to, text, out),
            What::TopicSet { text } => self.commit_topic(key, text, entry, out),
        }
    }

    fn commit_name(
        &mut self,
        who: UserId,
        key: UserKey,
        new: &str,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        if !self.names.is_free(new, Some(key)) {
            // Another claim was committed first.
            let free = &self.names.suggest(new);
            return out(Effect::Tell { to: who, event: Event::NameTaken { free } });
        }
        let old = self.users.set_name(key, new);
        if let Some(old) = &old {
            self.names.release(old, key);
        }
        self.names.claim(new, key);
        self.ignores.rename(&mut self.users, who, new);
        let Some(old) = old else {
            info!("event=join id={who} nick={}", Quoted(new));
            self.rooms.enter(LOBBY, key);
            self.announce_join(LOBBY, who, key, now, out);
            let (room, room_name) = (LOBBY, self.rooms.get(LOBBY).name);
            let (room_name, is_first) =
                (room_name.as_str(), self.rooms.get(LOBBY).members.len() == 1);
            out(Effect::Enter { user: who, room, room_name, is_first });
            out(Effect::Tell { to: who, event: Event::Accepted });
            if self.is_kept {
                out(Effect::Tell { to: who, event: Event::Kept });
            }
            if self.users.get(key).is_informed {
                self.tell_entered(who, LOBBY, out);
            }
            return self.show_past(who, key, entry.at_ms, out);
        };
        info!("event=rename id={who} nick={} was={}", Quoted(new), Quoted(&old));
        if *old != *new {
            let user = self.users.get(key);
            let (epoch, rooms) = (user.epoch, user.rooms().collect::<Vec<_>>());
            for (index, room) in rooms.into_iter().enumerate() {
                // The user's epoch applies only to the room that it entered last.
                let epoch = if index == 0 { epoch } else { Default::default() };
                self.in_room(room, out, |presence, to| {
                    presence.rename(who, [&*old, new], epoch, to);
                });
                self.note(room, Kind::Renamed, [&old, new], entry.stamp, out);
                if self.users.get(key).is_informed {
                    let room = self.rooms.get(room).name;
                    let own = Own::Renamed { room: room.as_str(), old: &old, new };
                    out(Effect::Tell { to: who, event: Event::Own(own) });
                }
            }
        }
        // A terminal user is told the change of name instead of `OK`.
        let is_guest = self.users.get(key).is_guest;
        let event = if is_guest { Event::Renamed { old: &old, new } } else { Event::Accepted };
        out(Effect::Tell { to: who, event });
    }

    /// Commits a move. The proposal is checked again: other entries may have been committed first.
    fn commit_move(
        &mut self,
        who: UserId,
        key: UserKey,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let user = self.users.get(key);
        let Some(room_name) = entry.room.filter(|_| user.name.is_some()) else { return };
        let from = user.room;
        match self.rooms.find(room_name.as_str()) {
            Some(room) if user.rooms().any(|other| other == room) => return,
            None if !self.may_open_a_room(user, &entry.what) => {
                let event = Event::TooManyRooms { rooms_max: self.rules.rooms_max };
                return out(Effect::Tell { to: who, event });
            }
            _ => {}
        }
        if entry.what == What::Moved {
            self.leave_room(key, who, from, entry, now, out);
        } else {
            // Its arrival may still be gathered; that is tracked only for the current room.
            if user.epoch != Default::default() {
                self.in_room(from, out, Presence::tell_gathered);
            }
            let others = &mut self.users.at(key).relations_mut().other_rooms;
            others.reserve_exact(1);
            others.push(from);
        }
        self.enter_room(key, who, entry, now, out);
    }

    /// Removes `who` from a room while it stays in others. If it spoke there, it then speaks in the
    /// lobby, if it is in it, or else in the room before.
    fn commit_part(
        &mut self,
        who: UserId,
        key: UserKey,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let user = self.users.get(key);
        let room = entry.room.and_then(|name| self.rooms.find(name.as_str()));
        let Some(room) = room.filter(|&room| user.rooms().any(|other| other == room)) else {
            return;
        };
        let mut others: Vec<RoomId> = user.rooms().skip(1).collect();
        let speaks_in = user.room;
        if others.is_empty() {
            return;
        }
        // Its arrival may still be gathered; that is tracked only for the current room.
        if user.epoch != Default::default() && room != speaks_in {
            self.in_room(speaks_in, out, Presence::tell_gathered);
        }
        self.leave_room(key, who, room, entry, now, out);
        let place = if room == speaks_in {
            let lobby = others.iter().position(|&other| other == LOBBY);
            lobby.unwrap_or(others.len() - 1)
        } else {
            others.iter().position(|&other| other == room).expect("it is one of the others")
        };
        let next = others.remove(place);
        let user = self.users.at(key);
        user.room = if room == speaks_in { next } else { speaks_in };
        user.relations_mut().other_rooms = others;
    }

    /// Whether the number of rooms allows `user` to open one by moving or entering.
    pub(super) fn may_open_a_room(&self, user: &User, what: &What<'_>) -> bool {
        // A room ends when its only user leaves it.
        let ends_one = *what == What::Moved
            && user.room != LOBBY
            && self.rooms.get(user.room).members.len() == 1;
        self.rooms.len() - usize::from(ends_one) < self.rules.rooms_max
    }

    fn commit_leave(
        &mut self,
        who: UserId,
        key: UserKey,
        why: CloseReason,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let name = self.users.get(key).name.clone();
        if let Some(name) = &name {
            let rooms: Vec<RoomId> = self.users.get(key).rooms().collect();
            for room in rooms {
                self.leave_room(key, who, room, entry, now, out);
            }
            self.names.release(name, key);
        }
        self.forget(who, key);
        if why == CloseReason::Exit {
            out(Effect::Tell { to: who, event: Event::Goodbye });
        }
        out(Effect::Close { user: who, nick: name.as_deref(), why });
    }

    /// Removes `who` from `room`, which ends if it is empty then.
    fn leave_room(
        &mut self,
        key: UserKey,
        who: UserId,
        room: RoomId,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let User { name, epoch, room: current, .. } = self.users.get(key);
        let name = name.clone().expect("a user in a room has a name");
        let epoch = if room == *current { *epoch } else { Default::default() };
        self.users.at(key).epoch = Default::default();
        if self.rules.past_lines > 0 {
            let history = self.rooms.get(room).history;
            self.histories.leave(skeleton_hash(&name), history, entry.at_ms);
        }
        if self.users.get(key).is_informed && !matches!(entry.what, What::Left { .. }) {
            let room = self.rooms.get(room).name;
            let own = Own::Parted { room: room.as_str() };
            out(Effect::Tell { to: who, event: Event::Own(own) });
        }
        self.note(room, Kind::Left, [&name, ""], entry.stamp, out);
        let is_empty = self.rooms.leave(room, key);
        self.in_room(room, out, |presence, to| presence.leave(who, &name, epoch, now, to));
        out(Effect::Leave { user: who, room });
        if is_empty && room != LOBBY {
            self.rooms.close(room, &mut self.histories);
        }
    }

    /// Lets `who` enter the room of `entry`, in which it speaks from now on.
    fn enter_room(
        &mut self,
        key: UserKey,
        who: UserId,
        entry: &Entry<'_>,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let name = entry.room.expect("a move names a room");
        let room = self.rooms.find_or_open(name, &mut self.histories);
        self.users.at(key).room = room;
        self.rooms.enter(room, key);
        self.announce_join(room, who, key, now, out);
        let found = self.rooms.get(room);
        let (room_name, is_first) = (found.name, found.members.len() == 1);
        out(Effect::Enter { user: who, room, room_name: room_name.as_str(), is_first });
        self.tell_entered(who, room, out);
        self.show_past(who, key, entry.at_ms, out);
    }

    /// Tells `who` about `room`, which it has entered.
    fn tell_entered(&self, who: UserId, room: RoomId, out: &mut Out<'_>) {
        let found = self.rooms.get(room);
        let (room, count) = (found.name.as_str(), found.members.len());
        let event = Event::Entered { room, count, topic: found.topic.as_deref() };
        out(Effect::Tell { to: who, event });
    }

    fn announce_join(
        &mut self,
        room: RoomId,
        who: UserId,
        key: UserKey,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let name = self.users.get(key).name.clone().expect("a user who enters a room has a name");
        self.note(room, Kind::Joined, [&name, ""], now.stamp, out);
        let epoch = self.in_room(room, out, |presence, to| presence.join(who, &name, now, to));
        self.users.at(key).epoch = epoch.unwrap_or_default();
    }

    fn commit_line(
        &mut self,
        key: UserKey,
        text: &str,
        is_act: bool,
        entry: &Entry<'_>,
        out: &mut Out<'_>,
    ) {
        let (who, user) = (entry.author, self.users.get(key));
        let Some(nick) = user.name.as_deref() else { return };
        // All of it inside the macro, so that it costs nothing unless it is logged.
        debug!("event=say id={who} nick={} text={}", Quoted(nick), Quoted(text));
        let event = if is_act { Event::Acted { nick, text } } else { Event::Said { nick, text } };
        let Some(room) = self.room_of(user, entry) else { return };
        self.spoken += 1;
        let line = LineId { epoch: self.epoch, number: self.spoken };
        let (except, author) = (user.ignored_by(), Some(who));
        let kind = if is_act { Kind::Acted } else { Kind::Said };
        self.note(room, kind, [nick, text], entry.stamp, out);
        let found = self.rooms.at(room);
        let room_name = found.name.as_str();
        out(Effect::Say { room, room_name, event, line: Some(line), author, except });
        if self.rules.past_lines > 0 {
            let (number, at) = (line.number, entry.stamp);
            self.histories.add(&mut found.history, number, at, who, [nick, text], is_act);
        }
    }

    fn commit_whisper(
        &mut self,
        who: UserId,
        key: UserKey,
        reader: UserId,
        text: &str,
        out: &mut Out<'_>,
    ) {
        let Some(from) = self.users.get(key).name.as_deref() else { return };
        let Some(reader_key) = self.users.key(reader) else { return };
        let Some(to) = self.users.get(reader_key).name.as_deref() else { return };
        // The text of a private message stays out of the log.
        debug!("event=whisper id={who} to={reader}");
        let event = Event::Whispered { from, to, text };
        self.whispered += 1;
        let is_ignored = self.users.get(key).ignored_by().contains(&reader);
        if !is_ignored {
            out(Effect::Tell { to: reader, event });
        }
        if reader == who {
            return;
        }
        out(Effect::Tell { to: who, event });
        if !is_ignored {
            let from = from.into();
            self.users.at(reader_key).relations_mut().wrote = Some((who, from));
        }
    }

    /// Returns the room of `entry`, if its author is in it.
    fn room_of(&self, user: &User, entry: &Entry<'_>) -> Option<RoomId> {
        let name = entry.room.expect("a line names its room");
        if self.rooms.get(user.room).name == name {
            return Some(user.room);
        }
        let room = self.rooms.find(name.as_str())?;
        user.rooms().any(|other| other == room).then_some(room)
    }

    fn commit_topic(&mut self, key: UserKey, text: &str, entry: &Entry<'_>, out: &mut Out<'_>) {
        let user = self.users.get(key);
        let Some(nick) = user.name.as_deref() else { return };
        let Some(room) = self.room_of(user, entry) else { return };
        let topic = Some(text).filter(|text| !text.is_empty());
        self.note(room, Kind::Topic, [nick, text], entry.stamp, out);
        self.rooms.at(room).topic = topic.map(Into::into);
        let room_name = self.rooms.get(room).name;
        let room_name = room_name.as_str();
        let event = Event::TopicSet { nick, topic };
        let author = Some(entry.author);
        out(Effect::Say { room, room_name, event, line: None, author, except: &[] });
    }

    /// Reports a line for the log, if the chat is logged.
    fn note(
        &self,
        room: RoomId,
        kind: Kind,
        [name, text]: [&str; 2],
        at: Stamp,
        out: &mut Out<'_>,
    ) {
        if self.is_kept {
            let room = self.rooms.get(room).name;
            out(Effect::Keep(Kept { at, room: room.as_str(), kind, name, text }));
        }
    }
}
