//! One connection: its socket, its phase of life, and the bytes queued for it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::IpAddr;

use crate::delivery::outbound::{Outbound, Took};
use crate::delivery::tapes::Tapes;
use crate::door::protocol::{Delivery, Format, Portion, Protocol};
use crate::hub::allowance::Allowance;
use crate::ids::PeerId;
use crate::limits::{Limits, READ_BYTES, UNDECODED_BURSTS_MAX};

/// Readiness as reported by an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// There is input, end of input, or an error.
    pub readable: bool,
    /// There is room for output, or an error.
    pub writable: bool,
    /// The peer has closed its side; no further event will report that.
    pub ended: bool,
    /// There is urgent data: a read may end before it, and be short without having drained the
    /// socket.
    pub urgent: bool,
}

/// The socket as the hub needs it: non-blocking reads and writes, and an orderly end.
///
/// Only the socket knows what a short read or write means. It repeats interrupted calls (EINTR)
/// itself.
pub trait Socket {
    /// Notes what an event reported.
    fn wake(&mut self, ready: Ready);

    /// Reads into `buffer`. No bytes, and not drained, is the end of the input.
    ///
    /// # Errors
    /// Any error of the socket, except that there is nothing to read.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took>;

    /// Writes as much of `slices`, which are not empty, as there is room for. Accepts at least one
    /// byte, or is drained.
    ///
    /// # Errors
    /// Any error of the socket, except that there is no room.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took>;

    /// Shuts down the write side, and leaves reading open.
    ///
    /// # Errors
    /// The error of a socket that is gone.
    fn end_writing(&mut self) -> io::Result<()>;
}

/// The connection in one slot of the slab.
pub struct Conn<S> {
    /// The socket; it is closed when the slot is emptied.
    pub sock: S,
    /// The id of the connection.
    pub id: PeerId,
    /// Its phase of life.
    pub phase: Phase,
    /// The state of its write side.
    pub writing: Writing,
    /// The state of its read side.
    pub reading: Reading,
    /// It was accepted only to be told that the server is full.
    pub is_refused: bool,
    /// The next part of a long answer follows once the queued part has been sent.
    pub is_listing: bool,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// The bytes queued for it.
    pub out: Outbound,
    /// How fast it may send.
    pub allowance: Allowance,
    /// Its address, if connections are counted by address.
    pub host: Option<IpAddr>,
    /// State that few connections need.
    pub extra: Option<Box<Extra>>,
}

/// The phases of a connection's life, in order; deadlines count from `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has no name yet.
    Naming {
        /// When it arrived.
        since: Moment,
    },
    /// It is in the chat.
    Open,
    /// It is no longer read; what is queued for it is being sent.
    Closing {
        /// When that began.
        since: Moment,
    },
    /// Nothing more is written; its remaining input is discarded. Closing a socket with unread
    /// input would send RST, which destroys what the peer has not read yet.
    Draining {
        /// When that began.
        since: Moment,
    },
    /// It is removed at the end of the turn; until then its slot cannot be reused.
    Doomed,
}

/// The state of a connection's write side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// The last write found room.
    Ready,
    /// The last write found the socket full, and bytes are queued.
    Blocked {
        /// When the socket last accepted something.
        since: Moment,
    },
    /// The write side is closed: nothing can be sent; input that has arrived is still read.
    Gone,
}

/// The state of a connection's read side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The end of its input has not been read.
    Open,
    /// The end has been read; it is handled after the input before it.
    Ended,
    /// The end has been handled.
    Done,
}

/// A time in milliseconds of [`Now::mono_ms`](crate::clock::Now), in six bytes and unaligned: each
/// connection has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment([u8; 6]);

impl Moment {
    /// Creates the moment `mono_ms`, which is within 8,900 years of the start.
    pub fn at(mono_ms: u64) -> Self {
        let [low @ .., _, _] = mono_ms.to_le_bytes();
        Self(low)
    }

    /// Returns the milliseconds since the server started.
    pub fn ms(self) -> u64 {
        let mut bytes = [0; 8];
        bytes[..6].copy_from_slice(&self.0);
        u64::from_le_bytes(bytes)
    }
}

/// State that few connections need.
#[derive(Default)]
pub struct Extra {
    /// Reads that arrived faster than its allowance, in order. A framed client has one at most: it
    /// is not read while there is one. The bursts of an unframed client must not run into each
    /// other, so they are still read, as far as the bound allows.
    pub undecoded: VecDeque<Vec<u8>>,
    /// The pace of an unframed client.
    pub pace: Pace,
}

/// The pace of an unframed client: one portion, then a pause.
#[derive(Default)]
pub struct Pace {
    /// The portion that a full socket accepted only in part.
    pub begun: Option<Portion>,
    /// When the last portion was sent.
    pub sent_ms: Option<u64>,
    /// Whether that portion was a word that must arrive alone.
    pub was_word: bool,
    /// Whether that portion's line end was left out.
    pub has_omitted: bool,
    /// Bytes sent since the last silence: the client may not have read any of them yet.
    pub run_bytes: usize,
}

impl<S> Conn<S> {
    /// Creates a connection that has just arrived.
    pub fn new(sock: S, id: PeerId, protocol: Protocol, host: Option<IpAddr>, now_ms: u64) -> Self {
        Self {
            sock,
            id,
            phase: Phase::Naming { since: Moment::at(now_ms) },
            writing: Writing::Ready,
            reading: Reading::Open,
            is_refused: false,
            is_listing: false,
            protocol,
            out: Outbound::default(),
            allowance: Allowance::default(),
            host,
            extra: None,
        }
    }

    /// Whether it is read and written, with a name or without.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Naming { .. } | Phase::Open)
    }

    /// Whether each of its reads is one command, and it is sent portions with pauses.
    pub fn is_paced(&self) -> bool {
        self.protocol.delivery() == Delivery::Paced
    }

    /// Whether its write side is closed.
    pub fn is_write_closed(&self) -> bool {
        self.writing == Writing::Gone
    }

    /// Whether more bursts may be read while its allowance is used up.
    pub fn may_be_read_ahead(&self) -> bool {
        let bursts = self.extra.as_ref().map_or(0, |extra| extra.undecoded.len());
        let is_bounded = bursts < UNDECODED_BURSTS_MAX && self.undecoded_bytes() < READ_BYTES;
        is_bounded && self.reading == Reading::Open
    }

    /// Returns the number of bytes that it sent and that are not decoded yet.
    pub fn undecoded_bytes(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.undecoded.iter().map(Vec::len).sum())
    }

    /// Whether it is so far behind that lines are skipped for it if it is blocked.
    pub fn is_lagging(&self, tapes: &Tapes<Format>, limits: &Limits) -> bool {
        self.out.pending(tapes) > limits.lag_soft_bytes
    }

    /// Returns how long, at `now_ms`, it has accepted nothing although bytes were queued for it.
    pub fn stalled_ms(&self, now_ms: u64) -> u64 {
        match self.writing {
            Writing::Blocked { since } => now_ms.saturating_sub(since.ms()),
            Writing::Ready | Writing::Gone => 0,
        }
    }

    /// Returns its rarely needed state, created if there is none.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_48_bits() {
        for mono_ms in [0, 1, 255, 65_536, 1 << 40, (1 << 48) - 1] {
            assert_eq!(Moment::at(mono_ms).ms(), mono_ms);
        }
        assert_eq!(std::mem::size_of::<Phase>(), 7);
    }

    #[test]
    fn a_connection_is_small() {
        assert!(std::mem::size_of::<Protocol>() <= 40, "every protocol is small");
    }
}
