//! One connection: its socket, where it is between arrival and end, and what is queued for it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::IpAddr;

use crate::delivery::outbound::{Outbound, Took};
use crate::delivery::tapes::Tapes;
use crate::door::protocol::{Delivery, Format, Portion, Protocol};
use crate::hub::allowance::Allowance;
use crate::ids::PeerId;
use crate::limits::{Limits, READ_BYTES, UNDECODED_BURSTS_MAX};

/// What a socket has become ready for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// There is input, or an end, or an error.
    pub readable: bool,
    /// There is room for output, or an error.
    pub writable: bool,
    /// The peer has ended its side; no further event will tell of it.
    pub ended: bool,
    /// There is urgent data: a read may end before it, and is short without being the last.
    pub urgent: bool,
}

/// What the hub needs of a socket: non-blocking reads and writes, and an orderly end.
///
/// Only the socket knows what a short read or write means; an interrupted call (EINTR) is repeated
/// by it.
pub trait Socket {
    /// Notes what an event told.
    fn wake(&mut self, ready: Ready);

    /// Reads what there is. No bytes, and not drained, is the end of the input.
    ///
    /// # Errors
    /// What the socket answered, other than that nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took>;

    /// Writes what there is room for of `slices`, which are not empty. Takes something, or is
    /// drained.
    ///
    /// # Errors
    /// What the socket answered, other than that there is no room.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took>;

    /// Says that nothing more will be written, and leaves reading open.
    ///
    /// # Errors
    /// What the socket answered if it is gone.
    fn end_writing(&mut self) -> io::Result<()>;
}

/// One slot of the slab.
pub struct Conn<S> {
    /// The socket; it is closed when the slot is emptied.
    pub sock: S,
    /// Who has the slot.
    pub id: PeerId,
    /// Where it is between arrival and end.
    pub phase: Phase,
    /// How writing to it stands.
    pub writing: Writing,
    /// How reading from it stands.
    pub reading: Reading,
    /// It is here only to be told that there is no room for it.
    pub is_refused: bool,
    /// More of a long answer follows when this much of it has been sent.
    pub is_listing: bool,
    /// What is spoken with it.
    pub protocol: Protocol,
    /// What it is to be sent.
    pub out: Outbound,
    /// How fast it may speak.
    pub allowance: Allowance,
    /// Where it comes from, if that is counted.
    pub host: Option<IpAddr>,
    /// What few connections need.
    pub extra: Option<Box<Extra>>,
}

/// The life of a connection, in order; deadlines count from `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has no name yet.
    Naming {
        /// When it arrived.
        since: Moment,
    },
    /// It is in the chat.
    Open,
    /// It is not read any more; what is queued for it goes out.
    Closing {
        /// When that began.
        since: Moment,
    },
    /// Nothing more is written; its last input is thrown away. Closing a socket with unread input
    /// would send RST, and that destroys what the peer has not read.
    Draining {
        /// When that began.
        since: Moment,
    },
    /// It is removed at the end of the turn: until then its slot cannot become another's.
    Doomed,
}

/// How writing to a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// The last write found room.
    Ready,
    /// Its socket was full when it was last written to, and what is queued waits.
    Blocked {
        /// When it last took something.
        since: Moment,
    },
    /// The write side is closed: nothing can be sent any more; what it still sent is read.
    Gone,
}

/// How reading from a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The end of its input has not been read.
    Open,
    /// The end has been read, and is acted upon after what was read before it.
    Ended,
    /// That is done.
    Done,
}

/// A time in milliseconds of [`Now::mono_ms`](crate::clock::Now), in six bytes and unaligned: there
/// are two in each of many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment([u8; 6]);

impl Moment {
    /// The moment `mono_ms`, which is within 8,900 years of the start.
    pub fn at(mono_ms: u64) -> Self {
        let [low @ .., _, _] = mono_ms.to_le_bytes();
        Self(low)
    }

    /// In milliseconds since the server started.
    pub fn ms(self) -> u64 {
        let mut bytes = [0; 8];
        bytes[..6].copy_from_slice(&self.0);
        u64::from_le_bytes(bytes)
    }
}

/// What few connections need.
#[derive(Default)]
pub struct Extra {
    /// Reads whose lines it may not say yet, in order. A framed client has one at most: it is not
    /// read while there is one. The bursts of an unframed client must not run into each other,
    /// so they are read, as far as the bound allows.
    pub undecoded: VecDeque<Vec<u8>>,
    /// The pace of an unframed client.
    pub pace: Pace,
}

/// How an unframed client is written to: a portion, a pause.
#[derive(Default)]
pub struct Pace {
    /// The portion that a full socket took only a part of.
    pub begun: Option<Portion>,
    /// When the last one was sent.
    pub sent_ms: Option<u64>,
    /// Whether that was a word that must stay alone.
    pub was_word: bool,
    /// Whether the last one's line end was left out.
    pub has_omitted: bool,
    /// What was sent since the last silence: it may all still wait to be read.
    pub run_bytes: usize,
}

impl<S> Conn<S> {
    /// A connection that has just arrived.
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

    /// Whether it is read and written to, with a name or without.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Naming { .. } | Phase::Open)
    }

    /// Whether reads tell its commands apart, and it is written to with pauses.
    pub fn is_paced(&self) -> bool {
        self.protocol.delivery() == Delivery::Paced
    }

    /// Whether nothing can be sent to it any more.
    pub fn is_write_closed(&self) -> bool {
        self.writing == Writing::Gone
    }

    /// Whether more bursts may be read while it may not speak.
    pub fn may_be_read_ahead(&self) -> bool {
        let bursts = self.extra.as_ref().map_or(0, |extra| extra.undecoded.len());
        let is_bounded = bursts < UNDECODED_BURSTS_MAX && self.undecoded_bytes() < READ_BYTES;
        is_bounded && self.reading == Reading::Open
    }

    /// Bytes that it sent and that wait to be acted upon.
    pub fn undecoded_bytes(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.undecoded.iter().map(Vec::len).sum())
    }

    /// Whether it is so far behind that, if it is blocked, it is not waited for.
    pub fn is_lagging(&self, tapes: &Tapes<Format>, limits: &Limits) -> bool {
        self.out.pending(tapes) > limits.lag_soft_bytes
    }

    /// How long, at `now_ms`, it has accepted nothing although something waited for it.
    pub fn stalled_ms(&self, now_ms: u64) -> u64 {
        match self.writing {
            Writing::Blocked { since } => now_ms.saturating_sub(since.ms()),
            Writing::Ready | Writing::Gone => 0,
        }
    }

    /// What few connections need, from now on.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_what_it_was() {
        for mono_ms in [0, 1, 255, 65_536, 1 << 40, (1 << 48) - 1] {
            assert_eq!(Moment::at(mono_ms).ms(), mono_ms);
        }
        assert_eq!(std::mem::size_of::<Phase>(), 7);
    }

    #[test]
    fn a_connection_is_small() {
        assert!(std::mem::size_of::<Protocol>() <= 40, "whatever is spoken with it");
    }
}
