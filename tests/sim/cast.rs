//! Who takes part: how each role sends, reads and ends.

use fastrand::Rng;

use crate::net::{End, Pipe, Shared};
use natter::ids::PeerId;

/// What a peer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends lines and reads all at once.
    Chatter,
    /// Sends bursts without line ends, as the article's client does.
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
    /// Says something, ends its side, and reads to the end.
    HalfCloser,
}

const ROLES: [Role; 11] = [
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
];

/// One simulated peer.
pub struct Peer {
    pub role: Role,
    pub id: PeerId,
    pub pipe: Shared,
    /// Bytes that it means to send and has not.
    outbox: Vec<u8>,
    /// What it said to all, in order: each text is said once in a run.
    pub said: Vec<String>,
    number: usize,
    pub is_done: bool,
    /// There was no room for it.
    pub is_refused: bool,
}

impl Peer {
    pub fn new(id: PeerId, pipe: Shared, number: usize, rng: &mut Rng) -> Self {
        // Every second one is well behaved, so that the others have somebody to hurt.
        let role = if rng.bool() { Role::Chatter } else { ROLES[rng.usize(..ROLES.len())] };
        let (outbox, said) = Default::default();
        Self { role, id, pipe, outbox, said, number, is_done: false, is_refused: false }
    }

    /// Whether it reads whatever comes at once.
    pub fn reads_promptly(&self) -> bool {
        !matches!(self.role, Role::Deaf | Role::Sipper)
    }

    /// Whether all that it says must be heard.
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
            Role::Unframed => {
                // Two bursts that meet in the kernel are one: it waits until one is taken.
                if self.pipe.borrow().input.is_empty() {
                    let line = self.line(rng);
                    self.send(line.as_bytes());
                }
            }
            Role::Flooder => {
                let lines: String = (0..rng.usize(1..60)).map(|_| self.line(rng) + "\n").collect();
                self.send(lines.as_bytes());
            }
            Role::Endless => self.send(&vec![b'x'; rng.usize(1..200_000)]),
            Role::Noise => {
                let bytes: Vec<u8> = (0..rng.usize(1..400)).map(|_| noise(rng)).collect();
                self.send(&bytes);
            }
            Role::Resetter if rng.u8(..) < 40 => self.end(End::Reset),
            Role::HalfCloser if rng.u8(..) < 40 => {
                let last = format!("last words of {} -ta", self.number);
                self.say_unended(&last);
                self.end(End::Fin);
            }
            _ => {
                let line = self.line(rng) + ["\n", "\r\n", "\r\0"][rng.usize(..3)];
                self.send(line.as_bytes());
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

    /// Stops doing anything but, if it is one to read, reading; some leave, some just go.
    pub fn leave(&mut self, rng: &mut Rng) {
        self.pipe.borrow_mut().send(&std::mem::take(&mut self.outbox));
        if !self.is_done {
            match (self.role, rng.u8(..3)) {
                (Role::Unframed, _) | (_, 0) => self.end(End::Fin),
                (Role::Typist | Role::Noise, _) => self.end(End::Fin),
                (_, 1) if self.is_faithful() => self.pipe.borrow_mut().send(b"exit\r\n"),
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

    fn type_on(&mut self, rng: &mut Rng) {
        if self.outbox.is_empty() {
            self.outbox = (self.line(rng) + "\r\n").into_bytes();
        }
        let byte = self.outbox.remove(0);
        self.send(&[byte]);
    }

    /// A line without an end, which counts when it is the last.
    fn say_unended(&mut self, line: &str) {
        self.said.push(line.trim_end_matches(" -ta").to_string());
        self.send(line.as_bytes());
    }

    fn line(&mut self, rng: &mut Rng) -> String {
        let mut name = format!("peer{}", self.number);
        if self.role == Role::Thief {
            name = format!("{}{}", ["peer", "Peer", "рeer", "system"][rng.usize(..4)], rng.u8(..9));
        }
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
            4 => "no command".into(),
            _ => {
                let size = if rng.u8(..8) == 0 { rng.usize(..900) } else { rng.usize(..40) };
                let text = format!("{}-{}{}", self.number, self.said.len(), "说x".repeat(size / 4));
                self.said.push(text.clone());
                text + [" -ta", " -me"][usize::from(self.role != Role::Unframed && rng.bool())]
            }
        }
    }
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

/// A connection for the next peer, as good or bad as the seed has it.
pub fn connect(rng: &mut Rng, room_bytes: &[usize]) -> Shared {
    Pipe::new(room_bytes[rng.usize(..room_bytes.len())], rng.u32(5..200))
}
