//! Answers to one user: greetings, lists, earlier lines, the names they ignore.
//!
//! A long answer is sent in screenfuls: the next one when the one before it has been sent.

use std::ops::Range;

use crate::chat::Chat;
use crate::chat::event::{Answer, Effect, Event, Out};
use crate::chat::history::HistoryId;
use crate::chat::ignored::{Ignored, hides};
use crate::chat::ignores::Toggled;
use crate::chat::lines::Line;
use crate::chat::proposal::{Listing, Reply};
use crate::chat::rooms::Room;
use crate::chat::skeleton::skeleton_hash;
use crate::chat::users::{User, UserKey};
use crate::clock::Stamp;
use crate::ids::{LOBBY, LineId, RoomId, UserId};
use crate::limits::NICK_BYTES_MAX;
use crate::text::clip;

/// The length of a line of names: about the width of a terminal.
const NAMES_LINE_BYTES: usize = 72;
/// The number of lines in a screenful.
const SCREENFUL_LINES: usize = 20;
/// The maximum size of a screenful, unless a single line is longer.
const SCREENFUL_BYTES: usize = 24 * 1024;

/// A screenful of earlier lines for one person.
struct Page<'a> {
    chat: &'a Chat,
    who: UserId,
    shown: usize,
    bytes: usize,
    /// When the line before was said.
    after: Option<Stamp>,
}

impl<'a> Page<'a> {
    fn new(chat: &'a Chat, who: UserId, after: Option<Stamp>) -> Self {
        Self { chat, who, shown: 0, bytes: 0, after }
    }

    /// Shows `line` of `room` unless its author is ignored; returns false if the screenful is full.
    fn show(&mut self, room: &str, line: &Line<'_>, out: &mut Out<'_>) -> bool {
        if self.chat.hides(self.who, line) {
            return true;
        }
        let Line { number, at, ref said, .. } = *line;
        self.bytes += line.words().map(str::len).iter().sum::<usize>();
        if self.shown == SCREENFUL_LINES || self.shown > 0 && self.bytes > SCREENFUL_BYTES {
            return false;
        }
        let line = self.chat.line_id(number);
        let after = self.after.replace(at);
        let event = Event::Earlier { at, after, room, line, said };
        out(Effect::Tell { to: self.who, event });
        self.shown += 1;
        true
    }
}

impl Chat {
    /// Queues the next screenful of a long answer, because `who` has been sent the last one.
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
            Reply::Since { after, room } => self.show_since(who, after, room, out),
            Reply::Last(count) => self.show_last(who, key, count, out),
            Reply::Ignore(Some(name)) => self.ignore(who, name, out),
            Reply::Ignore(None) => self.show_ignored(who, out),
        }
    }

    /// Greets a user who has no name yet.
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

    /// Shows what was said in the room before `who` entered: the lines missed during an absence, or
    /// else the last ones.
    pub(super) fn show_past(&mut self, who: UserId, key: UserKey, at_ms: u64, out: &mut Out<'_>) {
        if self.rules.past_lines == 0 {
            return;
        }
        let user = self.users.get(key);
        let (name, room) = (user.name.as_deref().expect("a user in a room has a name"), user.room);
        let history = self.rooms.get(user.room).history;
        let missed = self.histories.come_back(skeleton_hash(name), history, at_ms);
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
        let (kept, to) = self.histories.kept(history);
        let kept = usize::try_from(count).unwrap_or(usize::MAX).min(kept);
        let from = to - kept as u64;
        let lines = self.histories.lines(history, from);
        let hidden = lines.filter(|(_, line)| self.hides(who, line)).count();
        let event = Event::Missed { count: count - hidden as u64, kept: kept - hidden };
        out(Effect::Tell { to: who, event });
        self.list(who, Listing::Past { room, history, from, to, after: None }, out);
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

    /// Shows the last `count` lines of the room of `who`, without those of ignored users.
    fn show_last(&mut self, who: UserId, key: UserKey, count: Option<usize>, out: &mut Out<'_>) {
        let room = self.users.get(key).room;
        let count = count.unwrap_or(self.rules.past_lines);
        let (listing, count) = self.last_seen_by(who, room, count);
        out(Effect::Tell { to: who, event: Event::Past { count } });
        self.list(who, listing, out);
    }

    /// Returns the last lines of `room` that `who` may see, at most `count_max`, and their number.
    fn last_seen_by(&self, who: UserId, room: RoomId, count_max: usize) -> (Listing, usize) {
        let history = self.rooms.get(room).history;
        let (_, to) = self.histories.kept(history);
        let lines = self.histories.lines(history, 0).filter(|(_, line)| !self.hides(who, line));
        let numbers: Vec<u64> = lines.map(|(number, _)| number).collect();
        let count = numbers.len().min(count_max);
        let from = numbers.get(numbers.len() - count).copied().unwrap_or(to);
        (Listing::Past { room, history, from, to, after: None }, count)
    }

    /// Whether `who` ignores the author of `line`.
    fn hides(&self, who: UserId, line: &Line<'_>) -> bool {
        let list = self.users.find(who).map_or(&[][..], User::ignored);
        let [name, _] = line.words();
        !list.is_empty() && hides(list, line.author, self.users.find(line.author).is_some(), name)
    }

    /// Shows the lines said after a given line in `room`, or in all rooms that `who` is in.
    fn show_since(
        &mut self,
        who: UserId,
        after: Option<LineId>,
        room: Option<RoomId>,
        out: &mut Out<'_>,
    ) {
        let after = after.and_then(|id| self.number_of(id));
        let seen = after.unwrap_or(0);
        let mut rooms = self.rooms_of(who, room);
        let is_complete = after == Some(self.spoken)
            || after.is_some()
                && self.rules.past_lines > 0
                && rooms.all(|room| self.histories.has_all_since(room.history, seen));
        drop(rooms);
        out(Effect::Tell { to: who, event: Event::Since { is_complete } });
        self.list(who, Listing::Since { room, from: seen + 1, to: self.spoken + 1 }, out);
    }

    /// Shows one screenful of `listing`, and notes the position of the next.
    fn list(&mut self, who: UserId, listing: Listing, out: &mut Out<'_>) {
        let rest = match listing {
            Listing::Names { room, from } => self.list_names(who, room, from, out),
            Listing::Rooms { after } => self.list_rooms(who, after, out),
            Listing::Past { room, history, from, to, after } => {
                self.list_past(who, (room, history), from..to, after, out)
            }
            Listing::Since { room, from, to } => self.list_since(who, room, from..to, out),
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
        (room, history): (RoomId, HistoryId),
        lines: Range<u64>,
        after: Option<Stamp>,
        out: &mut Out<'_>,
    ) -> Option<Listing> {
        let name = self.rooms.try_get(room)?.name;
        let mut page = Page::new(self, who, after);
        for (number, line) in self.histories.lines(history, lines.start) {
            if number >= lines.end {
                break;
            }
            if !page.show(name.as_str(), &line, out) {
                let (from, to, after) = (number, lines.end, page.after);
                return Some(Listing::Past { room, history, from, to, after });
            }
        }
        None
    }

    fn list_since(
        &self,
        who: UserId,
        room: Option<RoomId>,
        lines: Range<u64>,
        out: &mut Out<'_>,
    ) -> Option<Listing> {
        let end = lines.end;
        let is_due = |line: &Line<'_>| lines.contains(&line.number);
        let mut rooms: Vec<_> = self
            .rooms_of(who, room)
            .map(|room| {
                let lines = self.histories.lines(room.history, 0).map(|(_, line)| line);
                (room.name, lines.filter(is_due).peekable())
            })
            .collect();
        let mut page = Page::new(self, who, None);
        // The oldest of the next lines of all these rooms.
        while let Some((_, place)) = rooms
            .iter_mut()
            .enumerate()
            .filter_map(|(place, (_, lines))| Some((lines.peek()?.number, place)))
            .min()
        {
            let (name, lines) = &mut rooms[place];
            let line = lines.peek().expect("it is the next");
            if !page.show(name.as_str(), line, out) {
                return Some(Listing::Since { room, from: line.number, to: end });
            }
            lines.next();
        }
        None
    }

    /// Returns `room`, or all rooms, of those that `who` is in.
    fn rooms_of(&self, who: UserId, room: Option<RoomId>) -> impl Iterator<Item = &Room> {
        let rooms = self.users.find(who).into_iter().flat_map(User::rooms);
        let wanted = rooms.filter(move |&id| room.is_none_or(|room| room == id));
        wanted.map(|id| self.rooms.get(id))
    }

    fn ignore(&mut self, who: UserId, name: &str, out: &mut Out<'_>) {
        // As with a private message, a look-alike of a name means that name.
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
        user.name.as_deref().expect("a user in a room has a name")
    }
}
