//! A room of clients whose sockets are the test's.

use std::cell::RefMut;
use std::ops::Range;

use natter::door::DoorKind;
use natter::door::lang::Lang;
use natter::hub::{Hub, Ready};
use natter::ids::PeerId;
use natter::limits::{Limits, READ_BYTES};

use crate::socket::{Ends, PeerSocket, at};

/// Classic clients in the room, called `s000`, `s001` and so on.
pub struct Room {
    /// The hub they are connected to.
    pub hub: Hub<PeerSocket>,
    /// The connections and their other ends.
    pub members: Vec<(PeerId, PeerSocket)>,
}

impl Room {
    pub fn of(count: usize, limits: &Limits) -> Self {
        let limits = Limits { clients: count + 500, flood_limit: false, ..limits.clone() };
        let mut room = Self { hub: Hub::new(Lang::En, limits), members: Vec::new() };
        for number in 0..count {
            let socket = PeerSocket::default();
            let id = room.hub.open(socket.clone(), DoorKind::Classic, None, &at(0));
            room.members.push((id, socket));
            room.send(number, &format!("s{number:03} -n\n"));
            room.work(0);
        }
        // Joins are summed up when their second is over.
        room.work(2_000);
        room.members.iter().for_each(|(_, socket)| *socket.0.borrow_mut() = Ends::default());
        room
    }

    pub fn ends(&self, number: usize) -> RefMut<'_, Ends> {
        self.members[number].1.0.borrow_mut()
    }

    pub fn send(&mut self, number: usize, text: &str) {
        self.ends(number).sent.extend_from_slice(text.as_bytes());
        let ended = self.ends(number).is_ended;
        self.wake(number, Ready { readable: true, ended, ..Ready::default() });
    }

    pub fn wake(&mut self, number: usize, ready: Ready) {
        self.hub.wake(self.members[number].0.slot(), ready);
    }

    pub fn work(&mut self, mono_ms: u64) {
        while self.hub.turn(&at(mono_ms)) {}
    }

    /// Takes `count` turns; returns true if more is waiting.
    pub fn turns(&mut self, count: usize) -> bool {
        (0..count).fold(false, |_, _| self.hub.turn(&at(2_000)))
    }

    /// Connects another client, which first sends `bytes`; returns its number.
    pub fn open(&mut self, kind: DoorKind, bytes: &str) -> usize {
        let (number, socket) = (self.members.len(), PeerSocket::default());
        let id = self.hub.open(socket.clone(), kind, None, &at(2_000));
        self.members.push((id, socket));
        self.send(number, bytes);
        self.work(2_000);
        number
    }

    /// Returns how many of [`Room::chatter`]'s lines `number` was sent.
    pub fn chatter_to(&self, number: usize) -> usize {
        memchr::memmem::find_iter(&self.ends(number).heard, ":000").count()
    }

    /// Lets each of `speakers` say as much as one read contains; returns the number of lines.
    pub fn chatter(&mut self, speakers: Range<usize>) -> usize {
        let lines = READ_BYTES / 64;
        for number in speakers.clone() {
            self.send(number, &format!("{:0>59} -ta\n", "z").repeat(lines));
        }
        speakers.len() * lines
    }
}
