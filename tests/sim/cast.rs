//! The cast: how each role sends, reads and ends.

use fastrand::Rng;
use natter::door::DoorKind;
use natter::ids::PeerId;

use crate::net::{End, Pipe, Shared};
use crate::person::{Habit, Person};
use crate::program;
use crate::reader::Reader;

/// The behaviour of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends lines and reads everything at once.
    Chatter,
    /// Sends bursts without line ends, like the article's client.
    Unframed,
    /// Sends a byte at a time.
    Typist,
    /// Sends many lines at once.
    Flooder,
    /// Sends, and never reads.
    Deaf,
    /// Reads a byte at a time.
    Sipper,
    /// Sends any bytes, telnet's among them.
    Noise,
    /// Sends a megabyte without a line end.
    Endless,
    /// Wants the names of others.
    Thief,
    /// Breaks the connection at any time.
    Resetter,
    /// Says something, closes its side, and reads to the end.
    HalfCloser,
    /// Sends bursts, then lines, and disconnects before it is sent an answer.
    Vanisher,
}

const ROLES: [Role; 12] = [
    Role::Chatter,
    Role::Unframed,
    Role::Typist,
    Role::Flooder,
    Role::Deaf,
    Role::Sipper,
    Role::Noise,
    Role::Endless,
    Role::Thief,
    Role::Resetter,
    Role::HalfCloser,
    Role::Vanisher,
];

/// One simulated peer.
pub struct Peer {
    pub role: Role,
    pub id: PeerId,
    pub pipe: Shared,
    /// Bytes that are still to be sent.
    outbox: Vec<u8>,
    /// Everything it said to the room, in order: each text is said once in a run.
    pub said: Vec<String>,
    number: usize,
    pub is_done: bool,
    /// Its socket was closed, and it has read the remaining data.
    pub is_gone: bool,
    /// Its state as a person, at the telnet door.
    pub person: Option<Person>,
    /// What it has read there.
    pub reader: Reader,
    /// Whether it is in several rooms at a time.
    pub is_in_many: bool,
    /// Whether it is a program, and at which door.
    pub program: Option<DoorKind>,
}

impl Peer {
    pub fn new(
        id: PeerId,
        pipe: Shared,
        number: usize,
        person: Option<Person>,
        rng: &mut Rng,
    ) -> Self {
        // Every second one is well behaved, so that there is somebody whom the others could harm.
        let mut role = if rng.bool() { Role::Chatter } else { ROLES[rng.usize(..ROLES.len())] };
        if person.is_some() && role == Role::Unframed {
            // Clients at the telnet door send lines.
            role = Role::Flooder;
        }
        let program = (person.is_none()
            && cfg!(feature = "json")
            && program::may_be(role)
            && rng.u8(..4) == 0)
            .then(|| DoorKind::ALL[rng.usize(..2)]);
        let is_in_many = role == Role::Chatter && person.is_none() && rng.u8(..4) == 0;
        let (said, reader) = Default::default();
        let outbox = Vec::new();
        if program.is_some() {
            pipe.borrow_mut().send(b"json -p\n");
        }
        let (is_done, is_gone) = (false, false);
        Self {
            role,
            id,
            pipe,
            outbox,
            said,
            number,
            is_done,
            is_gone,
            person,
            reader,
            is_in_many,
            program,
        }
    }

    /// Returns the door to which it connects.
    pub fn kind(&self) -> DoorKind {
        let kind = if self.person.is_some() { DoorKind::Telnet } else { DoorKind::Classic };
        self.program.unwrap_or(kind)
    }

    /// Whether it reads all data at once.
    pub fn reads_promptly(&self) -> bool {
        !matches!(self.role, Role::Deaf | Role::Sipper)
    }

    /// Whether it is sent its lines with pauses.
    pub fn is_unframed(&self) -> bool {
        matches!(self.role, Role::Unframed | Role::Vanisher)
    }

    /// Whether every line of it must be delivered.
    pub fn is_faithful(&self) -> bool {
        matches!(
            self.role,
            Role::Chatter | Role::Unframed | Role::Typist | Role::Flooder | Role::HalfCloser
        )
    }

    /// Does something.
    pub fn act(&mut self, rng: &mut Rng) {
        if self.is_done || self.pipe.borrow().is_closed {
            return;
        }
        match self.role {
            Role::Typist => self.type_on(rng),
            Role::Vanisher if rng.u8(..) < 40 => {
                let last = [self.line_with_end(b"\n", rng), b"exit\n".to_vec()].concat();
                self.pipe.borrow_mut().vanish(&last);
                self.is_done = true;
            }
            Role::Unframed | Role::Vanisher if self.person.is_none() => {
                // Two bursts that meet in the kernel are one: it waits until the first is read.
                if self.pipe.borrow().input.is_empty() {
                    let line = self.line(rng);
                    self.send(line.as_bytes());
                }
            }
            Role::Flooder => {
                let count = rng.usize(1..if self.person.is_some() { 24 } else { 60 });
                let lines = (0..count).flat_map(|_| self.line_with_end(b"\n", rng));
                let lines: Vec<u8> = lines.collect();
                self.send(&lines);
            }
            Role::Endless => self.send(&vec![b'x'; rng.usize(1..200_000)]),
            Role::Noise => {
                let bytes: Vec<u8> = (0..rng.usize(1..400)).map(|_| noise(rng)).collect();
                self.send(&bytes);
            }
            Role::Resetter if rng.u8(..) < 40 => self.end(End::Reset),
            Role::HalfCloser if rng.u8(..) < 40 => {
                let begun = std::mem::take(&mut self.outbox);
                self.send(&begun);
                self.say_unterminated();
                self.end(End::Fin);
            }
            _ if self.habit() == Some(Habit::Editor) => self.type_on(rng),
            _ => {
                let ends: [&[u8]; 3] = [b"\n", b"\r\n", b"\r\0"];
                let line = self.line_with_end(ends[rng.usize(..3)], rng);
                self.send(&line);
            }
        }
    }

    /// Reads as its role does.
    pub fn read(&mut self, rng: &mut Rng) {
        match self.role {
            Role::Deaf => {}
            Role::Sipper => self.pipe.borrow_mut().receive(rng.usize(0..2)),
            _ => self.pipe.borrow_mut().receive(usize::MAX),
        }
    }

    /// Stops all activity except, depending on the role, reading; some leave, some just disconnect.
    pub fn leave(&mut self, rng: &mut Rng) {
        self.pipe.borrow_mut().send(&std::mem::take(&mut self.outbox));
        if !self.is_done {
            match (self.role, rng.u8(..3)) {
                (Role::Unframed, _) | (_, 0) => self.end(End::Fin),
                (Role::Typist | Role::Noise, _) => self.end(End::Fin),
                (_, 1) if self.is_faithful() => {
                    let mut bye = self.person.as_ref().map_or(b"exit\r\n".to_vec(), Person::bye);
                    if self.program.is_some() {
                        bye = b"{\"do\":\"exit\"}\n".to_vec();
                    }
                    self.send(&bye);
                }
                (_, _) if self.is_faithful() => self.end(End::Fin),
                (_, _) => self.end(End::Reset),
            }
        }
        self.is_done = true;
    }

    fn end(&mut self, end: End) {
        self.pipe.borrow_mut().finish(end);
        self.is_done = true;
    }

    fn send(&mut self, bytes: &[u8]) {
        self.pipe.borrow_mut().send(bytes);
    }

    pub fn habit(&self) -> Option<Habit> {
        self.person.as_ref().map(|person| person.habit)
    }

    fn type_on(&mut self, rng: &mut Rng) {
        if self.outbox.is_empty() {
            self.outbox = self.line_with_end(b"\r\n", rng);
        }
        let count = if self.role == Role::Typist { 1 } else { rng.usize(1..40) };
        let keys: Vec<u8> = self.outbox.drain(..count.min(self.outbox.len())).collect();
        self.send(&keys);
    }

    /// Sends an unterminated line, which counts when it is the last.
    fn say_unterminated(&mut self) {
        let (text, bytes) = match &self.person {
            // The contents of the editor were never entered.
            Some(person) if person.is_editing => return,
            Some(person) => person.last_words(self.number),
            None if self.program.is_some() => {
                let text = format!("last words of {}", self.number);
                let bytes = format!("{{\"do\":\"say\",\"text\":\"{text}\"}}").into_bytes();
                (text, bytes)
            }
            None => {
                let text = format!("last words of {}", self.number);
                (text.clone(), (text + " -ta").into_bytes())
            }
        };
        self.said.push(text);
        self.send(&bytes);
    }

    /// Returns a line as bytes; `end` is the line end at the classic door.
    fn line_with_end(&mut self, end: &[u8], rng: &mut Rng) -> Vec<u8> {
        let (number, said) = (self.number, &mut self.said);
        match &mut self.person {
            Some(person) => person.line(number, said, rng),
            None if self.program.is_some() => {
                let name = name(self.role, number, rng);
                program::line((number, &name), self.is_in_many, said, rng)
            }
            None => [self.line(rng).as_bytes(), end].concat(),
        }
    }

    fn line(&mut self, rng: &mut Rng) -> String {
        let name = name(self.role, self.number, rng);
        match rng.u8(..12) {
            // Before the first line it has no name: it takes one.
            _ if self.said.is_empty() => {
                self.said.push(String::new());
                format!("{name} -n")
            }
            0 => format!("{name}.{} -n", rng.u8(..9)),
            1 => format!("peer{} psst -to", rng.u8(..9)),
            2 => "who".into(),
            3 => "help".into(),
            4 => ["no command", "rooms", "about it -topic"][rng.usize(..3)].into(),
            5 => format!("{} -r", ["tea", "Tea", "coffee", "lobby"][rng.usize(..4)]),
            _ => {
                let size = if rng.u8(..8) == 0 { rng.usize(..900) } else { rng.usize(..40) };
                let text = format!("{}-{}{}", self.number, self.said.len(), "说x".repeat(size / 4));
                self.said.push(text.clone());
                text + [" -ta", " -me"][usize::from(self.role != Role::Unframed && rng.bool())]
            }
        }
    }
}

/// Returns the name that a peer wants.
fn name(role: Role, number: usize, rng: &mut Rng) -> String {
    if role == Role::Thief {
        return format!("{}{}", ["peer", "Peer", "рeer", "system"][rng.usize(..4)], rng.u8(..9));
    }
    format!("peer{number}")
}

fn noise(rng: &mut Rng) -> u8 {
    match rng.u8(..8) {
        0 => b'\n',
        1 => 255,
        2 => rng.u8(240..=255),
        3 => rng.u8(..32),
        _ => rng.u8(..),
    }
}

/// Creates a connection for the next peer, good or bad depending on the seed.
pub fn connect(rng: &mut Rng, room_bytes: &[usize]) -> Shared {
    Pipe::new(room_bytes[rng.usize(..room_bytes.len())], rng.u32(5..200))
}
