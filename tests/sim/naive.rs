//! A second, naive chat: who is where, under which name, and who must see which line.
//!
//! It shares nothing with the chat under test but the commands that both are given: no effects, no
//! encoder, no tapes. What it says each person must have been sent is looked for in the bytes that
//! the person received. Which names may be had is the one thing that it takes the other's word for
//! (the rules for names have tests of their own), but no two people may have one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use natter::chat::command::Command;
use natter::hub::post::Tapped;
use natter::ids::PeerId;

/// What one person must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Said { name: String, text: String },
    Acted { name: String, text: String },
    Whispered { from: String, to: String, text: String },
}

/// A line, and the room that it was said in, if it was said to a room.
pub type Heard = (Option<String>, Line);

#[derive(Default)]
struct User {
    name: Option<String>,
    /// Where it speaks, and all rooms that it is in.
    room: String,
    rooms: BTreeSet<String>,
    /// The same in the order in which it last began to speak there.
    order: Vec<String>,
    ignored: BTreeSet<String>,
    /// Who last said something to it in private.
    wrote: Option<PeerId>,
    is_gone: bool,
    lines: Vec<Heard>,
}

/// Everybody who ever came.
#[derive(Default)]
pub struct Naive {
    users: BTreeMap<PeerId, User>,
}

impl Naive {
    pub fn new() -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self::default()))
    }

    /// Notes what the hub was asked, after it has acted on it.
    pub fn see(&mut self, tapped: &Tapped<'_>) {
        match *tapped {
            Tapped::Asked { who, command, name } => self.ask(who, command, name),
            Tapped::Gone { who } => self.users.entry(who).or_default().is_gone = true,
            Tapped::Effect(_) | Tapped::Notice { .. } => {}
        }
    }

    /// What `who` must have been sent, in order.
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
                self.say(&own, &room, &line);
            }
            Command::Act(text) => {
                let line = Line::Acted { name: own.clone(), text: text.into() };
                self.say(&own, &room, &line);
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
            Command::Ignore(name) => {
                let name = self.holder(name).and_then(|who| self.name(who)).unwrap_or(name.into());
                let user = self.users.get_mut(&who).expect("it asks");
                if folded(&name) != folded(&own) && !user.ignored.remove(&folded(&name)) {
                    user.ignored.insert(folded(&name));
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, who: PeerId, name: &str) {
        let holder = self.holder(name);
        assert!(holder.is_none_or(|holder| holder == who), "{name:?} is {holder:?}'s already");
        let user = self.users.get_mut(&who).expect("it asks");
        user.ignored.remove(&folded(name));
        user.name = Some(name.into());
    }

    fn say(&mut self, author: &str, room: &str, line: &Line) {
        for user in self.users.values_mut() {
            let is_here = user.rooms.contains(room) && !user.is_gone;
            if is_here && !user.ignored.contains(&folded(author)) {
                user.lines.push((Some(room.into()), line.clone()));
            }
        }
    }

    fn whisper(&mut self, who: PeerId, reader: PeerId, text: &str) {
        let [from, to] = [who, reader].map(|who| self.name(who).expect("it has one"));
        let line = Line::Whispered { from: from.clone(), to, text: text.into() };
        if who != reader {
            self.users.get_mut(&who).expect("it asks").lines.push((None, line.clone()));
        }
        let user = self.users.get_mut(&reader).expect("it is here");
        if !user.ignored.contains(&folded(&from)) {
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

impl User {
    /// Leaves a room that it is in; from the only one it goes to the lobby.
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
    /// As the article has it, in `zh` or in English.
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

/// Names are the same in either case, and with a Cyrillic letter that looks like a Latin one: the
/// only look-alikes in this cast.
fn folded(name: &str) -> String {
    name.trim().to_lowercase().replace('р', "p")
}

/// Holds what a client of lines received against what it must see: all of it in the order of each
/// room, or, where a reader `may_lack` some or was told that it does, nothing else and nothing twice.
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
    for line in received.split("\r\n") {
        let Some(text) = line.get(stamp_bytes..) else { continue };
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
