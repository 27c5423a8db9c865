//! What one person alone is answered: greetings, lists, earlier lines, whom they ignore.
//!
//! A long answer goes out in screenfuls: the next one when the one before it has been sent.

use crate::chat::Chat;
use crate::chat::event::{Answer, Effect, Event, Out};
use crate::chat::history::Past;
use crate::chat::ignored::{Ignored, hides};
use crate::chat::ignores::Toggled;
use crate::chat::proposal::{Listing, Reply};
use crate::chat::rooms::Room;
use crate::chat::skeleton::skeleton_hash;
use crate::chat::users::{User, UserKey};
use crate::ids::{LOBBY, RoomId, UserId};
use crate::limits::NICK_BYTES_MAX;
use crate::text::clip;

/// A line of names is about as wide as a terminal.
const NAMES_LINE_BYTES: usize = 72;
/// Lines that are sent before the reader has to have taken them.
const SCREENFUL_LINES: usize = 20;
/// And how long they may be together, unless one alone is longer.
const SCREENFUL_BYTES: usize = 24 * 1024;

impl Chat {
    /// `who` has been sent the beginning of a long answer, and now gets on with it.
    pub fn resume(&mut self, who: UserId, out: &mut Out<'_>) {
        if let Some(listing) = self.listings.remove(&who) {
            self.list(who, listing, out);
        }
    }

    pub(super) fn answer(
        &mut self,
        who: UserId,
        key: UserKey,
        reply: Reply<'_>,
        out: &mut Out<'_>,
    ) {
        let mut tell = |event| out(Effect::Tell { to: who, event });
        match reply {
            Reply::Event(event) => tell(event),
            Reply::NameTaken { free } => tell(Event::NameTaken { free: &free }),
            Reply::NameRefused { fault, free } => tell(Event::NameRefused { fault, free: &free }),
            Reply::AlreadyThere(room) => tell(Event::AlreadyThere { room: room.as_str() }),
            Reply::NobodyWrote => tell(Event::Answer(Answer::NoneToReply)),
            Reply::Gone(name) => tell(Event::Nobody { nick: &name }),
            Reply::Who => self.show_who(who, key, out),
            Reply::Rooms => {
                tell(Event::Rooms { count: self.rooms.len() });
                self.list(who, Listing::Rooms { after: None }, out);
            }
            Reply::Topic => {
                let Room { name, topic, .. } = self.rooms.get(self.users.get(key).room);
                tell(Event::Topic { room: name.as_str(), topic: topic.as_deref() });
            }
            Reply::Last(count) => self.show_last(who, key, count, out),
            Reply::Ignore(Some(name)) => self.ignore(who, name, out),
            Reply::Ignore(None) => self.show_ignored(who, out),
        }
    }

    /// Greets somebody who has no name yet.
    pub(super) fn welcome(&self, who: UserId, out: &mut Out<'_>) {
        let mut names = String::new();
        let lobby = &self.rooms.get(LOBBY).members;
        for index in lobby.iter() {
            let name = self.name_at(index);
            if names.len() + name.len() > NAMES_LINE_BYTES / 2 {
                names.push_str(", …");
                break;
            }
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push_str(name);
        }
        let event = Event::Welcome { count: lobby.len(), names: &names };
        out(Effect::Tell { to: who, event });
    }

    /// Shows what was said in its room before `who` came: what it missed, if it was here lately.
    pub(super) fn show_past(&mut self, who: UserId, key: UserKey, at_ms: u64, out: &mut Out<'_>) {
        if self.rules.past_lines == 0 {
            return;
        }
        let user = self.users.get(key);
        let name = user.name.as_deref().expect("who is in a room has a name");
        let room = self.rooms.get(user.room).skeleton;
        let missed = self.histories.come_back(skeleton_hash(name), room, at_ms);
        if !user.is_guest {
            return;
        }
        let Some(count) = missed else {
            let (listing, count) = self.last_seen_by(who, room, self.rules.past_lines);
            if count > 0 {
                out(Effect::Tell { to: who, event: Event::Past { count } });
            }
            return self.list(who, listing, out);
        };
        let (kept, to) = self.histories.kept(room);
        let kept = usize::try_from(count).unwrap_or(usize::MAX).min(kept);
        let from = to - kept as u64;
        let hidden = self.histories.lines(room, from).filter(|past| self.hides(who, past)).count();
        let event = Event::Missed { count: count - hidden as u64, kept: kept - hidden };
        out(Effect::Tell { to: who, event });
        self.list(who, Listing::Past { room, from, to }, out);
    }

    fn show_who(&mut self, who: UserId, key: UserKey, out: &mut Out<'_>) {
        let room = self.users.get(key).room;
        let Room { name, members, .. } = self.rooms.get(room);
        let event = Event::Present {
            room: Some(name.as_str()).filter(|_| room != LOBBY),
            count: members.len(),
            online: self.users.named(),
        };
        out(Effect::Tell { to: who, event });
        self.list(who, Listing::Names { room, from: 0 }, out);
    }

    /// Shows the last `count` lines of its room that are by nobody whom `who` ignores.
    fn show_last(&mut self, who: UserId, key: UserKey, count: Option<usize>, out: &mut Out<'_>) {
        let room = self.rooms.get(self.users.get(key).room).skeleton;
        let count = count.unwrap_or(self.rules.past_lines);
        let (listing, count) = self.last_seen_by(who, room, count);
        out(Effect::Tell { to: who, event: Event::Past { count } });
        self.list(who, listing, out);
    }

    /// The last lines of `room` that `who` sees, at most `count_max`, and how many those are.
    fn last_seen_by(&self, who: UserId, room: u64, count_max: usize) -> (Listing, usize) {
        let (_, to) = self.histories.kept(room);
        let lines = self.histories.lines(room, 0).rev().filter(|past| !self.hides(who, past));
        let seen = lines.take(count_max).map(|past| past.number);
        let (from, count) = seen.fold((to, 0), |(_, count), number| (number, count + 1));
        (Listing::Past { room, from, to }, count)
    }

    /// Whether `who` ignores whoever said it.
    fn hides(&self, who: UserId, past: &Past<'_>) -> bool {
        let is_here = self.users.find(past.author).is_some();
        let list = self.users.find(who).map_or(&[][..], User::ignored);
        hides(list, past.author, is_here, past.nick)
    }

    /// Shows one screenful of `listing`, and notes where it goes on.
    fn list(&mut self, who: UserId, listing: Listing, out: &mut Out<'_>) {
        let rest = match listing {
            Listing::Names { room, from } => self.list_names(who, room, from, out),
            Listing::Rooms { after } => self.list_rooms(who, after, out),
            Listing::Past { room, from, to } => self.list_past(who, room, from..to, out),
        };
        if let Some(rest) = rest {
            self.listings.insert(who, rest);
            out(Effect::More { to: who });
        }
    }

    fn list_names(
        &self,
        who: UserId,
        room: RoomId,
        from: usize,
        out: &mut Out<'_>,
    ) -> Option<Listing> {
        let mut tell = |line: &str| out(Effect::Tell { to: who, event: Event::Names { line } });
        let (mut line, mut lines, mut from) = (String::new(), 0, from);
        let found = self.rooms.try_get(room)?;
        while let Some(index) = found.members.next_from(from) {
            let name = self.name_at(index);
            if line.len() + name.len() > NAMES_LINE_BYTES {
                tell(&line);
                line.clear();
                lines += 1;
                if lines == SCREENFUL_LINES {
                    return Some(Listing::Names { room, from: index });
                }
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(name);
            from = index + 1;
        }
        if !line.is_empty() {
            tell(&line);
        }
        None
    }

    fn list_rooms(
        &self,
        who: UserId,
        after: Option<(u32, RoomId)>,
        out: &mut Out<'_>,
    ) -> Option<Listing> {
        let mut rooms = self.rooms.fullest(after).peekable();
        let (mut last, mut bytes) = (None, 0);
        for (size, id) in rooms.by_ref().take(SCREENFUL_LINES) {
            let Room { name, topic, members, .. } = self.rooms.get(id);
            let (room, topic) = (name.as_str(), topic.as_deref());
            bytes += room.len() + topic.map_or(0, str::len);
            let event = Event::RoomListed { room, count: members.len(), topic };
            out(Effect::Tell { to: who, event });
            last = Some((size, id));
            if bytes > SCREENFUL_BYTES {
                break;
            }
        }
        rooms.peek()?;
        Some(Listing::Rooms { after: last })
    }

    fn list_past(
        &self,
        who: UserId,
        room: u64,
        lines: std::ops::Range<u64>,
        out: &mut Out<'_>,
    ) -> Option<Listing> {
        let (mut shown, mut bytes) = (0, 0);
        let past = self.histories.lines(room, lines.start);
        for past in past.take_while(|past| past.number < lines.end) {
            if self.hides(who, &past) {
                continue;
            }
            let Past { number, at, ref said, .. } = past;
            let (Event::Said { nick, text } | Event::Acted { nick, text }) = said else {
                unreachable!("only what was said or done is kept");
            };
            bytes += nick.len() + text.len();
            if shown == SCREENFUL_LINES || shown > 0 && bytes > SCREENFUL_BYTES {
                return Some(Listing::Past { room, from: number, to: lines.end });
            }
            out(Effect::Tell { to: who, event: Event::Earlier { at, said } });
            shown += 1;
        }
        None
    }

    fn ignore(&mut self, who: UserId, name: &str, out: &mut Out<'_>) {
        // As with a private message: a name that looks alike is that name.
        let holder = self.names.holder(name).map(|key| self.users.id(key));
        let called = holder.and_then(|holder| self.nick(holder)).map(String::from);
        let nick = clip(name, NICK_BYTES_MAX);
        let mut tell = |answer| out(Effect::Tell { to: who, event: Event::Answer(answer) });
        if holder == Some(who) {
            return tell(Answer::OwnName);
        }
        match self.ignores.toggle(&mut self.users, who, holder, called.as_deref().unwrap_or(nick)) {
            Toggled::Ignored => tell(Answer::Ignoring { nick, is_ignored: true }),
            Toggled::Seen(nick) => tell(Answer::Ignoring { nick: &nick, is_ignored: false }),
            Toggled::Full => tell(Answer::IgnoresFull),
        }
    }

    fn show_ignored(&self, who: UserId, out: &mut Out<'_>) {
        let list = self.users.find(who).map_or(&[][..], User::ignored);
        let event = Event::Answer(Answer::Ignored { count: list.len() });
        out(Effect::Tell { to: who, event });
        let mut line = String::new();
        for Ignored { name, .. } in list {
            if line.len() + name.len() > NAMES_LINE_BYTES {
                out(Effect::Tell { to: who, event: Event::Names { line: &line } });
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { ", " });
            line.push_str(name);
        }
        if !line.is_empty() {
            out(Effect::Tell { to: who, event: Event::Names { line: &line } });
        }
    }

    fn name_at(&self, index: usize) -> &str {
        let user = self.users.get(UserKey::of_index(index));
        user.name.as_deref().expect("who is in a room has a name")
    }
}
