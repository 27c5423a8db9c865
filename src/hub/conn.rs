//! One connection: its socket, what it sent, what it is to be sent, and how fast it may speak.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::IpAddr;

use crate::delivery::outbound::Outbound;
use crate::delivery::tape::Tapes;
use crate::door::Decoder;
use crate::door::classic::{Framing, Portion};
use crate::ids::PeerId;
use crate::limits::{DRAIN_MS, GOODBYE_MS, Limits, READ_BYTES, UNHEARD_BURSTS_MAX};

/// What the hub needs of a socket: non-blocking reads and writes, and an orderly end.
pub trait Socket: Read + Write {
    /// Says that nothing more will be written, and leaves reading open.
    ///
    /// # Errors
    /// What the socket answers if it is gone.
    fn end_writing(&mut self) -> io::Result<()>;
}

/// One slot of the slab.
pub struct Conn<S> {
    /// The socket; it is closed when the slot is emptied.
    pub sock: S,
    /// Who has the slot.
    pub id: PeerId,
    /// Where it is between arrival and end.
    pub life: Life,
    /// Whether it has a name, and is in the room.
    pub is_named: bool,
    /// The peer has ended its side: reads go on to the end without waiting for an event.
    pub peer_ended: bool,
    /// It has sent urgent data, at which a read stops short of what there is (tcp(7)).
    pub is_urgent: bool,
    /// It is here only to be told that there is no room for it.
    pub is_refused: bool,
    /// Its socket takes nothing any more; what it still sent is read to the end.
    pub is_mute: bool,
    /// Its socket was full when it was last written to, and what is queued waits.
    pub is_blocked: bool,
    /// The end of its input has been read.
    pub has_heard_end: bool,
    /// More of a long answer follows when this much of it has been sent.
    pub is_listing: bool,
    /// Bytes to lines.
    pub decoder: Decoder,
    /// What it is to be sent.
    pub out: Outbound,
    /// How fast it may speak.
    pub bucket: Bucket,
    /// When it arrived, when its socket last accepted something, or when its end began: what
    /// the deadline of its state counts from.
    pub since_ms: u64,
    /// Where it comes from, if that is counted.
    pub host: Option<IpAddr>,
    /// What few connections need.
    pub extra: Option<Box<Extra>>,
}

/// What few connections need.
#[derive(Default)]
pub struct Extra {
    /// Reads whose lines it may not say yet, in order. A framed client has one at most: it is not
    /// read while there is one. The bursts of an unframed client must not run into each other,
    /// so they are read, as far as the bound allows.
    pub unheard: VecDeque<Vec<u8>>,
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

/// The life of a connection, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is heard and told.
    Open,
    /// It is not heard any more; what is queued for it goes out.
    Closing,
    /// Nothing more is written; its last input is thrown away. Closing a socket with unread input
    /// would send RST, and that destroys what the peer has not read.
    Draining,
    /// It is removed at the end of the turn: until then its slot cannot become another's.
    Doomed,
}

impl<S> Conn<S> {
    /// A connection that has just arrived.
    pub fn new(sock: S, id: PeerId, decoder: Decoder, host: Option<IpAddr>, now_ms: u64) -> Self {
        Self {
            sock,
            id,
            life: Life::Open,
            is_named: false,
            peer_ended: false,
            is_urgent: false,
            is_refused: false,
            is_mute: false,
            is_blocked: false,
            has_heard_end: false,
            is_listing: false,
            decoder,
            out: Outbound::default(),
            bucket: Bucket::default(),
            since_ms: now_ms,
            host,
            extra: None,
        }
    }

    /// Whether reads tell its commands apart.
    pub fn is_unframed(&self) -> bool {
        self.decoder.framing() == Framing::Bursts
    }

    /// Whether a read that brings less than was asked for has found the end of the input, so that
    /// an event will tell of more: not if the end of it came along, or urgent data cut it short.
    pub fn is_drained_by_short_read(&self) -> bool {
        !self.peer_ended && !self.is_urgent && !self.is_mute
    }

    /// Whether more bursts may be read while it may not speak.
    pub fn may_be_read_ahead(&self) -> bool {
        let bursts = self.extra.as_ref().map_or(0, |extra| extra.unheard.len());
        bursts < UNHEARD_BURSTS_MAX && self.unheard_bytes() < READ_BYTES && !self.peer_ended
    }

    /// Bytes that it sent and that wait to be heard.
    pub fn unheard_bytes(&self) -> usize {
        self.extra.as_ref().map_or(0, |extra| extra.unheard.iter().map(Vec::len).sum())
    }

    /// Whether it is so far behind that, if it is blocked, it is not waited for.
    pub fn is_lagging(&self, tapes: &Tapes, limits: &Limits) -> bool {
        self.out.pending(tapes) > limits.lag_soft_bytes
    }

    /// How long it may stay in the state at its end that it is in.
    pub fn ending_ms(&self) -> u64 {
        if self.life == Life::Draining { DRAIN_MS } else { GOODBYE_MS }
    }

    /// What few connections need, from now on.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}

/// Two token buckets, lines and bytes, kept as the time at which each is full again.
///
/// (The "generic cell rate algorithm": nothing to refill, no timer.)
#[derive(Default)]
pub struct Bucket {
    lines_full_ns: u64,
    bytes_full_ns: u64,
}

const NS_PER_MS: u64 = 1_000_000;
const NS_PER_SEC: u64 = 1_000_000_000;

impl Bucket {
    /// A line was heard.
    pub fn charge_line(&mut self, limits: &Limits, now_ms: u64) {
        let cost_ns = NS_PER_SEC / limits.lines_per_sec;
        self.lines_full_ns = self.lines_full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// Bytes were read: more than there were tokens for is a debt, paid by waiting.
    pub fn charge_bytes(&mut self, bytes: usize, limits: &Limits, now_ms: u64) {
        let cost_ns = NS_PER_SEC / limits.bytes_per_sec * bytes as u64;
        self.bytes_full_ns = self.bytes_full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// When the next line may be heard.
    pub fn next_line_ms(&self, limits: &Limits) -> u64 {
        if !limits.flood_limit {
            return 0;
        }
        let burst_ns = (limits.burst_lines - 1).saturating_mul(NS_PER_SEC / limits.lines_per_sec);
        self.lines_full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }

    /// When the socket may be read again.
    pub fn next_read_ms(&self, limits: &Limits) -> u64 {
        if !limits.flood_limit {
            return 0;
        }
        let burst_ns = (limits.burst_bytes - 1).saturating_mul(NS_PER_SEC / limits.bytes_per_sec);
        self.bytes_full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_at_once_then_two_a_second() {
        let (limits, mut bucket) = (Limits::default(), Bucket::default());
        let mut heard_ms = Vec::new();
        let mut now_ms = 10_000;
        for _ in 0..9 {
            now_ms = now_ms.max(bucket.next_line_ms(&limits));
            bucket.charge_line(&limits, now_ms);
            heard_ms.push(now_ms - 10_000);
        }
        assert_eq!(heard_ms, [0, 0, 0, 0, 0, 500, 1_000, 1_500, 2_000]);
    }

    #[test]
    fn bytes_are_a_debt_that_time_pays() {
        let (limits, mut bucket) = (Limits::default(), Bucket::default());
        bucket.charge_bytes(4_096, &limits, 10_000);
        assert!((10_000..=10_002).contains(&bucket.next_read_ms(&limits)));
        bucket.charge_bytes(4_096, &limits, 10_002);
        assert!((13_990..=14_010).contains(&bucket.next_read_ms(&limits)));
        let free = Limits { flood_limit: false, ..limits };
        assert_eq!(bucket.next_read_ms(&free), 0);
    }
}
