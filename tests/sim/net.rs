//! Simulated sockets: as the kernel's, but for what a seed has go wrong.
//!
//! Stricter than epoll in one respect: readiness is told only after the hub has run into the end
//! of it (`WouldBlock`, or a short read or write). So whoever stops early and forgets to come
//! back waits for ever, and the test sees it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;

use natter::delivery::outbound::Took;
use natter::hub::Ready;
use natter::hub::conn::Socket;

/// How the peer's side has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It sends no more, but reads.
    Fin,
    /// The connection broke.
    Reset,
    /// The peer is gone: nothing can be written any more, but what it sent can be read.
    Gone,
}

/// Both directions of one connection, as the kernel holds them.
pub struct Pipe {
    /// Sent by the peer, not yet read by the hub.
    pub input: VecDeque<u8>,
    pub end: Option<End>,
    /// Written by the hub, not yet read by the peer.
    output: VecDeque<u8>,
    /// What `output` holds at most.
    room_max: usize,
    /// Read by the peer.
    pub received: Vec<u8>,
    /// The hub has ended its side, or closed the socket.
    pub is_ended: bool,
    pub is_closed: bool,
    read_armed: bool,
    write_armed: bool,
    ready: Ready,
    /// What happens while the hub takes its turn: it is told of that the time after.
    late: Ready,
    /// One read in so many ends short; 0 for none.
    pub short_every: u32,
    reads: u32,
    sends: u32,
}

pub type Shared = Rc<RefCell<Pipe>>;

/// The hub's end.
pub struct SimSock(pub Shared);

impl Pipe {
    /// A connection whose kernel buffer takes `room_max` bytes.
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

    /// The peer sends.
    pub fn send(&mut self, bytes: &[u8]) {
        if self.end.is_none() {
            self.input.extend(bytes);
            self.sends += 1;
            // Urgent data has an event of its own, and may be the only one that tells of input.
            let is_urgent = self.sends.is_multiple_of(11);
            if std::mem::take(&mut self.read_armed) {
                self.ready.urgent |= is_urgent;
                self.ready.readable |= !is_urgent;
            }
        }
    }

    /// The peer ends its side.
    pub fn finish(&mut self, end: End) {
        self.end = Some(end);
        (self.ready.readable, self.ready.ended) = (true, true);
        if end == End::Reset {
            self.input.clear();
            self.output.clear();
            self.ready.writable = true;
        }
    }

    /// The peer says its last and is gone, in the middle of a turn.
    pub fn vanish(&mut self, last: &[u8]) {
        self.input.extend(last);
        self.output.clear();
        self.end = Some(End::Gone);
        self.late = Ready { readable: true, writable: true, ended: true, urgent: false };
    }

    /// The peer reads up to `count` bytes.
    pub fn receive(&mut self, count: usize) {
        let count = count.min(self.output.len());
        self.received.extend(self.output.drain(..count));
        // The kernel tells of room only when a third of the buffer is free.
        if self.output.len() <= self.room_max * 2 / 3 {
            self.ready.writable |= std::mem::take(&mut self.write_armed);
        }
    }

    /// What the kernel has to tell since it was last asked.
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

    /// One read in so many ends short with more behind it, as before urgent data or behind a
    /// passed descriptor: only the socket knows that, and says so.
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
        // As the kernel does: input that nobody read makes the close a reset, which takes what
        // the peer has not read with it.
        if !pipe.input.is_empty() {
            pipe.output.clear();
        }
    }
}
