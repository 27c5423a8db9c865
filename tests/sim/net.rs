//! Simulated sockets: like the kernel's, but with faults from a seed.
//!
//! Stricter than epoll in one respect: readiness is reported only after the hub has run into the
//! end of it (`WouldBlock`, or a short read or write). So a hub that stops early and forgets to
//! return waits for ever, and the test detects that.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

use natter::delivery::outbound::Took;
use natter::hub::Ready;
use natter::hub::conn::Socket;

/// The state of the peer's side after it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It sends no more, but reads.
    Fin,
    /// The connection broke.
    Reset,
    /// The peer is gone: writes fail, but what it sent can be read.
    Gone,
}

/// Both directions of one connection, as held by the kernel.
pub struct Pipe {
    /// Sent by the peer, not yet read by the hub.
    pub input: VecDeque<u8>,
    pub end: Option<End>,
    /// Written by the hub, not yet read by the peer.
    output: VecDeque<u8>,
    /// The capacity of `output`.
    room_max: usize,
    /// Read by the peer.
    pub received: Vec<u8>,
    /// The hub has shut down its side, or closed the socket.
    pub is_ended: bool,
    pub is_closed: bool,
    read_armed: bool,
    write_armed: bool,
    ready: Ready,
    /// Events during a turn of the hub: they are reported before the next turn.
    late: Ready,
    /// One read in this many ends short; 0 means none.
    pub short_every: u32,
    reads: u32,
    sends: u32,
}

pub type Shared = Rc<RefCell<Pipe>>;

/// The hub's end of a connection.
pub struct SimSock(pub Shared);

impl Pipe {
    /// Creates a connection whose kernel buffer holds `room_max` bytes.
    pub fn new(room_max: usize, short_every: u32) -> Shared {
        Rc::new(RefCell::new(Self {
            input: VecDeque::new(),
            end: None,
            output: VecDeque::new(),
            room_max,
            received: Vec::new(),
            is_ended: false,
            is_closed: false,
            read_armed: true,
            write_armed: true,
            ready: Ready { writable: true, ..Ready::default() },
            late: Ready::default(),
            short_every,
            reads: 0,
            sends: 0,
        }))
    }

    /// Sends as the peer.
    pub fn send(&mut self, bytes: &[u8]) {
        if self.end.is_none() {
            self.input.extend(bytes);
            self.sends += 1;
            // Urgent data has an event of its own, which may be the only one that reports input.
            let is_urgent = self.sends.is_multiple_of(11);
            if std::mem::take(&mut self.read_armed) {
                self.ready.urgent |= is_urgent;
                self.ready.readable |= !is_urgent;
            }
        }
    }

    /// Ends the peer's side.
    pub fn finish(&mut self, end: End) {
        self.end = Some(end);
        (self.ready.readable, self.ready.ended) = (true, true);
        if end == End::Reset {
            self.input.clear();
            self.output.clear();
            self.ready.writable = true;
        }
    }

    /// Sends the last data and disconnects, in the middle of a turn.
    pub fn vanish(&mut self, last: &[u8]) {
        self.input.extend(last);
        self.output.clear();
        self.end = Some(End::Gone);
        self.late = Ready { readable: true, writable: true, ended: true, urgent: false };
    }

    /// Reads up to `count` bytes as the peer.
    pub fn receive(&mut self, count: usize) {
        let count = count.min(self.output.len());
        self.received.extend(self.output.drain(..count));
        // The kernel reports room only when a third of the buffer is free.
        if self.output.len() <= self.room_max * 2 / 3 {
            self.ready.writable |= std::mem::take(&mut self.write_armed);
        }
    }

    /// Takes the readiness to report.
    pub fn take_ready(&mut self) -> Option<Ready> {
        let ready = std::mem::replace(&mut self.ready, std::mem::take(&mut self.late));
        let is_any =
            ready.readable || ready.urgent || ready.writable || ready.ended || self.ready.ended;
        is_any.then_some(ready)
    }

    fn call(&mut self) -> io::Result<()> {
        match self.end {
            Some(End::Reset) => Err(io::ErrorKind::ConnectionReset.into()),
            _ => Ok(()),
        }
    }
}

impl Socket for SimSock {
    fn wake(&mut self, _: Ready) {}

    /// One read in this many ends short with more data behind it, as before urgent data or behind a
    /// passed descriptor: only the socket knows that, and reports it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took> {
        let mut pipe = self.0.borrow_mut();
        pipe.call()?;
        pipe.reads += 1;
        let is_short = pipe.reads.is_multiple_of(pipe.short_every);
        let most = if is_short { buffer.len().min(3) } else { buffer.len() };
        let bytes = most.min(pipe.input.len());
        for (place, byte) in buffer.iter_mut().zip(pipe.input.drain(..bytes)) {
            *place = byte;
        }
        let drained = pipe.input.is_empty() && pipe.end.is_none() && bytes < most;
        pipe.read_armed |= drained;
        Ok(Took { bytes, drained })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        let mut pipe = self.0.borrow_mut();
        assert!(!pipe.is_ended, "nothing is written after the end of writing");
        pipe.call()?;
        if pipe.end == Some(End::Gone) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        assert!(offered > 0, "a write of nothing is a wasted system call");
        let mut left = pipe.room_max - pipe.output.len();
        let bytes = offered.min(left);
        for slice in slices {
            let count = slice.len().min(left);
            pipe.output.extend(&slice[..count]);
            left -= count;
        }
        let drained = bytes < offered;
        pipe.write_armed |= drained;
        Ok(Took { bytes, drained })
    }

    fn end_writing(&mut self) -> io::Result<()> {
        let mut pipe = self.0.borrow_mut();
        pipe.is_ended = true;
        match pipe.end {
            Some(End::Reset | End::Gone) => Err(io::ErrorKind::NotConnected.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for SimSock {
    fn drop(&mut self) {
        let mut pipe = self.0.borrow_mut();
        pipe.is_closed = true;
        // As in the kernel: unread input makes the close a reset, which destroys what the peer has
        // not read.
        if !pipe.input.is_empty() {
            pipe.output.clear();
        }
    }
}
