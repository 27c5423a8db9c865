//! A second, naive chat: users, names, rooms, and the lines that each user must see.
//!
//! It shares nothing with the chat under test except the commands that both are given: no effects,
//! no encoder, no tapes. The lines that it expects for each person are looked for in the bytes that
//! the person received. Only which names are allowed is taken from the other chat (the rules for
//! names have tests of their own), but no two users may have the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use natter::chat::command::Command;
use natter::hub::post::Tapped;
use natter::ids::PeerId;

/// A line that a user must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Said { name: String, text: String },
    Acted { name: String, text: String },
    Whispered { from: String, to: String, text: String },
}

/// A line, and its room if it was said in one.
pub type Heard = (Option<String>, Line);

#[derive(Default)]
struct User {
    name: Option<String>,
    /// The room in which it speaks, and all rooms that it is in.
    room: String,
    rooms: BTreeSet<String>,
    /// The same in the order in which it last began to speak there.
    order: Vec<String>,
    ignored: Vec<Ignored>,
    /// The sender of the last private message to it.
    wrote: Option<PeerId>,
    is_gone: bool,
    lines: Vec<Heard>,
}

/// An ignored user.
struct Ignored {
    /// The last user of the name, if any.
    who: Option<PeerId>,
    /// The name when they were ignored, and the last one: as returned by [`folded`].
    first: String,
    last: String,
}

/// All users who ever connected.
#[derive(Default)]
pub struct Naive {
    users: BTreeMap<PeerId, User>,
}

impl Naive {
    pub fn new() -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self::default()))
    }

    /// Notes a command of the hub, after it was executed.
    pub fn see(&mut self, tapped: &Tapped<'_>) {
        match *tapped {
            Tapped::Asked { who, command, name } => self.ask(who, command, name),
            Tapped::Gone { who } => self.users.entry(who).or_default().is_gone = true,
            Tapped::Effect(_) | Tapped::Notice { .. } => {}
        }
    }

    /// Returns what `who` must have been sent, in order.
    pub fn lines(&self, who: PeerId) -> &[Heard] {
        self.users.get(&who).map_or(&[], |user| &user.lines)
    }

    fn ask(&mut self, who: PeerId, command: Command<'_>, name: Option<&str>) {
        let user = self.users.entry(who).or_default();
        let Some(own) = user.name.clone() else {
            if let (Command::Name(_), Some(name)) = (command, name) {
                user.room = "lobby".into();
                user.rooms.insert("lobby".into());
                user.speak_here();
                self.rename(who, name);
            }
            return;
        };
        let room = user.room.clone();
        match command {
            Command::Name(_) => self.rename(who, name.expect("nobody loses a name")),
            Command::Exit => user.is_gone = true,
            Command::Say(text) => {
                let line = Line::Said { name: own.clone(), text: text.into() };
                self.say(who, &room, &line);
            }
            Command::Act(text) => {
                let line = Line::Acted { name: own.clone(), text: text.into() };
                self.say(who, &room, &line);
            }
            Command::Join(room) => user.go(room, true),
            Command::LeaveRoom => user.go("lobby", true),
            Command::Enter(room) => user.go(room, false),
            Command::Tell { to, text } => {
                if let Some(reader) = self.holder(to) {
                    self.whisper(who, reader, text);
                }
            }
            Command::Part(room) => user.part(room),
            Command::Reply(text) => {
                if let Some(reader) = user.wrote.filter(|reader| self.is_here(*reader)) {
                    self.whisper(who, reader, text);
                }
            }
            Command::Ignore(Some(name)) => {
                let holder = self.holder(name);
                let name = holder.and_then(|who| self.name(who)).unwrap_or(name.into());
                let ignored = &mut self.users.get_mut(&who).expect("it asks").ignored;
                let is_it = |ignored: &Ignored| match holder {
                    Some(_) => ignored.who == holder,
                    None => ignored.is_called(&folded(&name)),
                };
                match ignored.iter().position(is_it) {
                    _ if holder == Some(who) => {}
                    Some(place) => drop(ignored.remove(place)),
                    None => {
                        let name = folded(&name);
                        ignored.push(Ignored { who: holder, first: name.clone(), last: name });
                    }
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, who: PeerId, name: &str) {
        let holder = self.holder(name);
        assert!(holder.is_none_or(|holder| holder == who), "{name:?} is {holder:?}'s already");
        let is_here: BTreeSet<PeerId> =
            self.users.keys().copied().filter(|&who| self.is_here(who)).collect();
        for (&reader, user) in &mut self.users {
            let mut is_known = reader == who || user.ignores(who);
            for mut ignored in std::mem::take(&mut user.ignored) {
                let is_it = ignored.who == Some(who);
                if !is_it && ignored.is_called(&folded(name)) {
                    if ignored.who.is_some_and(|who| is_here.contains(&who)) {
                        ignored.first.clone_from(&ignored.last);
                    } else if is_known {
                        continue;
                    } else {
                        ignored.who = Some(who);
                        is_known = true;
                    }
                }
                if ignored.who == Some(who) {
                    ignored.last = folded(name);
                }
                user.ignored.push(ignored);
            }
        }
        let user = self.users.get_mut(&who).expect("it asks");
        user.name = Some(name.into());
    }

    fn say(&mut self, author: PeerId, room: &str, line: &Line) {
        for user in self.users.values_mut() {
            let is_here = user.rooms.contains(room) && !user.is_gone;
            if is_here && !user.ignores(author) {
                user.lines.push((Some(room.into()), line.clone()));
            }
        }
    }

    fn whisper(&mut self, who: PeerId, reader: PeerId, text: &str) {
        let [from, to] = [who, reader].map(|who| self.name(who).expect("it has one"));
        let line = Line::Whispered { from, to, text: text.into() };
        if who != reader {
            self.users.get_mut(&who).expect("it asks").lines.push((None, line.clone()));
        }
        let user = self.users.get_mut(&reader).expect("it is here");
        if !user.ignores(who) {
            user.lines.push((None, line));
            if who != reader {
                user.wrote = Some(who);
            }
        }
    }

    fn name(&self, who: PeerId) -> Option<String> {
        self.users.get(&who)?.name.clone()
    }

    fn is_here(&self, who: PeerId) -> bool {
        self.users.get(&who).is_some_and(|user| user.name.is_some() && !user.is_gone)
    }

    fn holder(&self, name: &str) -> Option<PeerId> {
        let name = folded(name);
        let is_it = |user: &User| user.name.as_deref().is_some_and(|own| folded(own) == name);
        self.users
            .iter()
            .find(|(who, user)| is_it(user) && self.is_here(**who))
            .map(|(who, _)| *who)
    }
}

impl Ignored {
    fn is_called(&self, name: &str) -> bool {
        self.first == name || self.last == name
    }
}

impl User {
    fn ignores(&self, who: PeerId) -> bool {
        self.ignored.iter().any(|ignored| ignored.who == Some(who))
    }

    /// Leaves a room; a user who leaves the only one returns to the lobby.
    fn part(&mut self, room: Option<&str>) {
        let room = room.map_or(self.room.clone(), folded);
        if !self.rooms.contains(&room) {
            return;
        }
        if self.rooms.len() == 1 {
            return self.go("lobby", true);
        }
        self.rooms.remove(&room);
        self.order.retain(|other| *other != room);
        if room == self.room {
            let last = self.order.last().expect("it is in another").clone();
            self.room = if self.rooms.contains("lobby") { "lobby".into() } else { last };
            self.speak_here();
        }
    }

    fn go(&mut self, room: &str, leaves: bool) {
        let room = folded(room);
        let may_be_had = room.chars().all(char::is_alphanumeric) && room != "system";
        if self.rooms.contains(&room) || !may_be_had {
            return;
        }
        if leaves {
            self.rooms.remove(&self.room);
        }
        self.rooms.insert(room.clone());
        self.room = room;
        let rooms = &self.rooms;
        self.order.retain(|room| rooms.contains(room));
        self.speak_here();
    }

    fn speak_here(&mut self) {
        self.order.retain(|room| *room != self.room);
        self.order.push(self.room.clone());
    }
}

impl Line {
    /// Formats it as the article's line, in Chinese or in English.
    pub fn in_classic(&self, is_chinese: bool) -> String {
        match self {
            Self::Said { name, text } => format!("{name}:{text}"),
            Self::Acted { name, text } => format!("* {name} {text}"),
            Self::Whispered { from, to, text } if is_chinese => {
                format!("{from}（私聊 {to}）:{text}")
            }
            Self::Whispered { from, to, text } => format!("{from} (private to {to}):{text}"),
        }
    }
}

/// Returns the form in which names are equal: in any case, and with a Cyrillic letter that looks
/// like a Latin one, the only look-alikes in this cast.
fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace('р', "p")
}

/// Compares what a client of lines received with what it must see: all lines in the order of each
/// room; if a reader `may_lack` some, or was told so, no other lines and none twice.
pub fn check(lines: &[Heard], received: &[u8], is_chinese: bool, may_lack: bool) {
    let stamp_bytes = "[2026-11-23 09:11:38] ".len();
    let received = String::from_utf8_lossy(received);
    let has_gap = ["lines skipped", "已跳过"].iter().any(|gap| received.contains(gap));
    let may_lack = may_lack || has_gap;
    let mut rooms: BTreeMap<&Option<String>, Vec<String>> = BTreeMap::new();
    let mut room_of: BTreeMap<String, &Option<String>> = BTreeMap::new();
    for (room, line) in lines {
        let line = line.in_classic(is_chinese);
        room_of.insert(line.clone(), room);
        rooms.entry(room).or_default().push(line);
    }
    let mut expected: BTreeMap<&Option<String>, std::slice::Iter<'_, String>> =
        rooms.iter().map(|(&room, lines)| (room, lines.iter())).collect();
    let mut pieces = received.split("\r\n").peekable();
    while let Some(line) = pieces.next() {
        let Some(text) = line.get(stamp_bytes..) else { continue };
        if may_lack && pieces.peek().is_none() {
            // The connection broke within a line, and the part before that may equal another line.
            let mut rest = expected.values().flat_map(Clone::clone);
            let is_part = rest.any(|line| line.starts_with(text)) || !room_of.contains_key(text);
            assert!(is_part, "the last piece {text:?} is of no line to come");
            break;
        }
        let Some(room) = room_of.get(text) else {
            let is_system = ["system: ", "系统:"].iter().any(|who| text.starts_with(who));
            assert!(is_system || may_lack, "nobody said {text:?} to this one");
            continue;
        };
        let expected = expected.get_mut(room).expect("it is one of them");
        if may_lack {
            assert!(expected.any(|line| line == text), "{text:?} comes too late, or twice");
        } else {
            assert_eq!(expected.next().map(String::as_str), Some(text), "in this order");
        }
    }
    for (room, mut rest) in expected {
        assert!(may_lack || rest.len() == 0, "in {room:?} it lacks {:?}", rest.next());
    }
}
