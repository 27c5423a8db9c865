//! The send queue of one connection: its own bytes first, then what it lacks of its tapes.
//!
//! ```text
//!   own: bytes for this one alone | (n lines skipped) | tapes: what everybody in a room gets
//! ```
//!
//! Between calls a position on a tape is always the start of a record: the rest of a record that a
//! write cut is moved to the connection's own bytes. So records can be skipped, copied and counted
//! whole.

use std::io::{self, IoSlice};

use crate::delivery::tapes::{TapeId, Tapes};
use crate::ids::RoomId;

/// The maximum number of slices in one write.
const SLICES_MAX: usize = 8;

/// The result of a read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// The number of bytes.
    pub bytes: usize,
    /// The kernel has no more (reading), or no more room (writing): an event will report more.
    pub drained: bool,
}

/// The queue of one connection.
#[derive(Default)]
pub struct Outbound {
    /// Usually none, which takes 8 bytes.
    own: Option<Box<Own>>,
    feeds: Feeds,
    /// Records left out between `own` and the tapes, and not reported yet.
    skipped: u32,
}

/// The tapes that a connection follows.
#[derive(Default)]
enum Feeds {
    #[default]
    None,
    /// Stored inline: the usual case, no larger than none.
    One { tape: TapeId, at: u64 },
    /// Boxed: 8 bytes each.
    #[allow(clippy::box_collection, reason = "a Vec here would make every connection larger")]
    Several(Box<Vec<PackedFeed>>),
}

#[derive(Clone, Copy)]
struct Feed {
    tape: TapeId,
    at: u64,
}

/// A feed in half the memory, for connections in many rooms: no tape holds 4 GiB, so the lower half
/// of a position, together with the tape's head, determines the whole.
#[derive(Clone, Copy)]
struct PackedFeed {
    tape: TapeId,
    at_low: u32,
}

const _: () = assert!(size_of::<PackedFeed>() == 8);

impl PackedFeed {
    fn pack(feed: Feed) -> Self {
        Self { tape: feed.tape, at_low: low(feed.at) }
    }

    fn unpack<F: Copy + PartialEq>(self, tapes: &Tapes<F>) -> Feed {
        let head = tapes.get(self.tape).tape.head();
        let behind = low(head).wrapping_sub(self.at_low);
        Feed { tape: self.tape, at: head - u64::from(behind) }
    }
}

/// Returns the lower half of a position.
#[allow(clippy::cast_possible_truncation, reason = "that is what is asked for")]
fn low(position: u64) -> u32 {
    position as u32
}

/// The bytes for one connection alone.
#[derive(Default)]
struct Own {
    bytes: Vec<u8>,
    /// The number of `bytes` that have been sent.
    sent: usize,
}

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing is left.
    Drained,
    /// The socket is full; an event will report when it is writable.
    Blocked,
    /// More could be sent now, but other connections get their turn.
    Budget,
}

/// A connection whose own buffer holds everything said before: only here can more be added.
pub struct Settled<'a, F> {
    out: &'a mut Outbound,
    tapes: &'a mut Tapes<F>,
}

impl<F: Copy + PartialEq> Settled<'_, F> {
    /// Queues `bytes` for this connection alone, behind all that was said before.
    pub fn push(&mut self, bytes: &[u8]) {
        self.out.push_own(bytes, self.tapes);
    }
}

impl Outbound {
    /// Follows `room` in `format` from its head on; `slot` is the connection's.
    pub fn follow<F: Copy + PartialEq>(
        &mut self,
        slot: usize,
        room: RoomId,
        format: F,
        tapes: &mut Tapes<F>,
    ) {
        let (tape, at) = tapes.enter(slot, room, format);
        match &mut self.feeds {
            Feeds::None => self.feeds = Feeds::One { tape, at },
            &mut Feeds::One { tape: first, at: first_at } => {
                let feeds = [Feed { tape: first, at: first_at }, Feed { tape, at }];
                let feeds = feeds.map(PackedFeed::pack).to_vec();
                self.feeds = Feeds::Several(Box::new(feeds));
            }
            Feeds::Several(feeds) => {
                feeds.reserve_exact(1);
                feeds.push(PackedFeed::pack(Feed { tape, at }));
            }
        }
    }

    /// Stops following `room`; bytes not sent yet are lost unless they were settled.
    pub fn unfollow<F: Copy + PartialEq>(
        &mut self,
        slot: usize,
        room: RoomId,
        tapes: &mut Tapes<F>,
    ) {
        let Some(index) = self.tapes().position(|tape| tapes.get(tape).room == room) else {
            return;
        };
        let feed = self.feed(index, tapes);
        tapes.leave(slot, feed.tape, feed.at);
        match &mut self.feeds {
            Feeds::Several(feeds) if feeds.len() > 2 => {
                feeds.remove(index);
            }
            Feeds::Several(feeds) => {
                let Feed { tape, at } = feeds[1 - index].unpack(tapes);
                self.feeds = Feeds::One { tape, at };
            }
            Feeds::None | Feeds::One { .. } => self.feeds = Feeds::None,
        }
    }

    /// Returns the tapes that it follows.
    pub fn tapes(&self) -> impl Iterator<Item = TapeId> + '_ {
        let (one, several) = match &self.feeds {
            Feeds::None => (None, &[][..]),
            &Feeds::One { tape, .. } => (Some(tape), &[][..]),
            Feeds::Several(feeds) => (None, feeds.as_slice()),
        };
        one.into_iter().chain(several.iter().map(|feed| feed.tape))
    }

    /// Whether it follows `tape`.
    pub fn follows(&self, tape: TapeId) -> bool {
        self.tapes().any(|followed| followed == tape)
    }

    /// Returns the bytes on its tapes that it has not been sent.
    pub fn lag<F: Copy + PartialEq>(&self, tapes: &Tapes<F>) -> usize {
        let behind = |feed: Feed| tapes.get(feed.tape).tape.head() - feed.at;
        let lag: u64 = match self.feeds {
            Feeds::None => 0,
            Feeds::One { tape, at } => behind(Feed { tape, at }),
            Feeds::Several(ref feeds) => feeds.iter().map(|feed| behind(feed.unpack(tapes))).sum(),
        };
        usize::try_from(lag).expect("tapes are held in memory")
    }

    /// Returns the number of bytes in its own buffer.
    pub fn own_bytes(&self) -> usize {
        self.own().len()
    }

    /// Returns all bytes that it still has to be sent.
    pub fn pending<F: Copy + PartialEq>(&self, tapes: &Tapes<F>) -> usize {
        self.own_bytes() + self.lag(tapes)
    }

    /// Returns its own bytes that are not sent yet.
    pub fn own(&self) -> &[u8] {
        self.own.as_deref().map_or(&[], |own| &own.bytes[own.sent..])
    }

    /// Returns the number of records left out and not reported yet.
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// Queues the notice of skipped records at their place: behind `own`, before the tapes.
    pub fn tell_skipped<F: Copy + PartialEq>(&mut self, notice: &[u8], tapes: &mut Tapes<F>) {
        assert!(self.skipped > 0, "there is a gap to tell of");
        self.skipped = 0;
        self.push_own(notice, tapes);
    }

    /// Queues `bytes` behind its own and *before* what it lacks of its tapes.
    pub fn push_before_tapes<F: Copy + PartialEq>(&mut self, bytes: &[u8], tapes: &mut Tapes<F>) {
        self.push_own(bytes, tapes);
    }

    /// Inserts `bytes` before everything that is not sent yet.
    pub fn prepend<F: Copy + PartialEq>(&mut self, bytes: &[u8], tapes: &mut Tapes<F>) {
        let own = self.own.get_or_insert_default();
        own.bytes.splice(own.sent..own.sent, bytes.iter().copied());
        tapes.count_owned(bytes.len(), 0);
    }

    /// Copies what it lacks of its tapes into its own buffer: the order is fixed from here on.
    pub fn settle<'a, F: Copy + PartialEq>(
        &'a mut self,
        tapes: &'a mut Tapes<F>,
    ) -> Settled<'a, F> {
        assert_eq!(self.skipped, 0, "a gap is told before what comes after it");
        for index in 0..self.feed_count() {
            let Feed { tape: id, at } = self.feed(index, tapes);
            let tape = &tapes.get(id).tape;
            let head = tape.head();
            if at == head {
                continue;
            }
            let own = self.own.get_or_insert_default();
            let mut copied = at;
            while copied < head {
                let run = tape.run(copied);
                own.bytes.extend_from_slice(run);
                copied += run.len() as u64;
            }
            self.move_to(index, head, tapes);
            tapes.count_owned(usize::try_from(head - at).expect("it was in memory"), 0);
        }
        Settled { out: self, tapes }
    }

    /// Moves to the head of every tape and counts the records that it skips.
    pub fn skip<F: Copy + PartialEq>(&mut self, tapes: &mut Tapes<F>) {
        for index in 0..self.feed_count() {
            let Feed { tape: id, at } = self.feed(index, tapes);
            let tape = &tapes.get(id).tape;
            let head = tape.head();
            self.skipped = self.skipped.saturating_add(tape.count_records(at, head));
            self.move_to(index, head, tapes);
        }
    }

    /// Skips a line that was for it alone, and the lines said before it.
    pub fn skip_own_line<F: Copy + PartialEq>(&mut self, tapes: &mut Tapes<F>) {
        self.skip(tapes);
        self.skipped = self.skipped.saturating_add(1);
    }

    /// Moves to the head of `tape`, past the one record, of `bytes` bytes, that it must not see:
    /// everything before has been settled or skipped.
    pub fn pass_over<F: Copy + PartialEq>(
        &mut self,
        tape: TapeId,
        bytes: usize,
        tapes: &mut Tapes<F>,
    ) {
        let Some(index) = self.tapes().position(|followed| followed == tape) else { return };
        let (head, at) = (tapes.get(tape).tape.head(), self.feed(index, tapes).at);
        assert_eq!(head - at, bytes as u64, "only the one record is passed over");
        self.move_to(index, head, tapes);
    }

    /// Drops all queued bytes and all positions: the peer is gone.
    pub fn clear<F: Copy + PartialEq>(&mut self, slot: usize, tapes: &mut Tapes<F>) {
        for room in self.tapes().map(|tape| tapes.get(tape).room).collect::<Vec<_>>() {
            self.unfollow(slot, room, tapes);
        }
        self.skipped = 0;
        self.drop_own(self.own_bytes(), tapes);
    }

    /// Writes up to `budget` bytes through `write`; returns the number of bytes written as well.
    ///
    /// # Errors
    /// Any error of `write`; the peer is lost then.
    pub fn flush<F: Copy + PartialEq>(
        &mut self,
        tapes: &mut Tapes<F>,
        budget: usize,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<Took>,
    ) -> (usize, io::Result<Flush>) {
        assert_eq!(self.skipped, 0, "a gap is told before what comes after it");
        // The rest of a cut record is only moved, so this shrinks by exactly the bytes sent.
        let mut pending = self.pending(tapes);
        let mut written = 0;
        while pending > 0 {
            if written >= budget {
                return (written, Ok(Flush::Budget));
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let used = self.gather(&mut slices, tapes);
            let took = match write(&slices[..used]) {
                Ok(took) => took,
                Err(error) => return (written, Err(error)),
            };
            assert!(took.bytes > 0 || took.drained, "a socket takes something or is full");
            written += took.bytes;
            pending -= took.bytes;
            if pending == 0 {
                self.consume_all(tapes);
            } else {
                self.consume(took.bytes, tapes);
                if took.drained {
                    return (written, Ok(Flush::Blocked));
                }
            }
        }
        (written, Ok(Flush::Drained))
    }

    /// Drops the first `count` of its own bytes, because they were sent or must not be.
    pub fn drop_own<F: Copy + PartialEq>(&mut self, count: usize, tapes: &mut Tapes<F>) {
        assert!(count <= self.own_bytes(), "no more is sent than there is");
        tapes.count_owned(0, count);
        let Some(own) = &mut self.own else { return };
        own.sent += count;
        if own.sent == own.bytes.len() {
            self.own = None;
        } else if own.sent > own.bytes.len() / 2 {
            own.bytes.drain(..own.sent);
            own.sent = 0;
        }
    }

    /// Fills `slices` with the bytes to send next; returns how many slices were used.
    fn gather<'a, F: Copy + PartialEq>(
        &'a self,
        slices: &mut [IoSlice<'a>; SLICES_MAX],
        tapes: &'a Tapes<F>,
    ) -> usize {
        let mut used = 0;
        if self.own_bytes() > 0 {
            slices[used] = IoSlice::new(self.own());
            used += 1;
        }
        let mut offer = |feed: Feed| {
            let (tape, mut at) = (&tapes.get(feed.tape).tape, feed.at);
            while at < tape.head() && used < SLICES_MAX {
                let run = tape.run(at);
                slices[used] = IoSlice::new(run);
                used += 1;
                at += run.len() as u64;
            }
        };
        match self.feeds {
            Feeds::None => {}
            Feeds::One { tape, at } => offer(Feed { tape, at }),
            Feeds::Several(ref feeds) => {
                feeds.iter().for_each(|feed| offer(feed.unpack(tapes)));
            }
        }
        used
    }

    /// Notes that everything is sent, most often in one call.
    fn consume_all<F: Copy + PartialEq>(&mut self, tapes: &mut Tapes<F>) {
        if self.own.is_some() {
            self.drop_own(self.own_bytes(), tapes);
        }
        let to_head = |Feed { tape, at }, tapes: &mut Tapes<F>| {
            let head = tapes.get(tape).tape.head();
            tapes.advance(tape, at, head);
            head
        };
        match &mut self.feeds {
            Feeds::None => {}
            Feeds::One { tape, at } => *at = to_head(Feed { tape: *tape, at: *at }, tapes),
            Feeds::Several(feeds) => {
                for feed in feeds.iter_mut() {
                    feed.at_low = low(to_head(feed.unpack(tapes), tapes));
                }
            }
        }
    }

    /// Notes that `accepted` bytes are sent: its own first, then those of its tapes in order.
    fn consume<F: Copy + PartialEq>(&mut self, accepted: usize, tapes: &mut Tapes<F>) {
        let of_own = accepted.min(self.own_bytes());
        self.drop_own(of_own, tapes);
        let mut left = (accepted - of_own) as u64;
        for index in 0..self.feed_count() {
            if left == 0 {
                return;
            }
            let Feed { tape: id, at } = self.feed(index, tapes);
            let tape = &tapes.get(id).tape;
            let head = tape.head();
            let cut = at + left.min(head - at);
            if cut == at {
                continue;
            }
            left -= cut - at;
            if cut == head {
                self.move_to(index, head, tapes);
                continue;
            }
            let end = tape.record_end_after(cut);
            // The rest of a cut record must come next, whatever else is queued.
            let mut copied = cut;
            while copied < end {
                let run = tape.run(copied);
                let count = run.len().min(usize::try_from(end - copied).unwrap_or(run.len()));
                self.own.get_or_insert_default().bytes.extend_from_slice(&run[..count]);
                copied += count as u64;
            }
            self.move_to(index, end, tapes);
            tapes.count_owned(usize::try_from(end - cut).expect("a record is in memory"), 0);
        }
    }

    fn push_own<F: Copy + PartialEq>(&mut self, bytes: &[u8], tapes: &mut Tapes<F>) {
        if !bytes.is_empty() {
            self.own.get_or_insert_default().bytes.extend_from_slice(bytes);
            tapes.count_owned(bytes.len(), 0);
        }
    }

    fn feed_count(&self) -> usize {
        match &self.feeds {
            Feeds::None => 0,
            Feeds::One { .. } => 1,
            Feeds::Several(feeds) => feeds.len(),
        }
    }

    fn feed<F: Copy + PartialEq>(&self, index: usize, tapes: &Tapes<F>) -> Feed {
        match &self.feeds {
            Feeds::None => unreachable!("no index is below a count of none"),
            &Feeds::One { tape, at } => Feed { tape, at },
            Feeds::Several(feeds) => feeds[index].unpack(tapes),
        }
    }

    fn move_to<F: Copy + PartialEq>(&mut self, index: usize, to: u64, tapes: &mut Tapes<F>) {
        let Feed { tape, at } = self.feed(index, tapes);
        tapes.advance(tape, at, to);
        match &mut self.feeds {
            Feeds::None => unreachable!("no index is below a count of none"),
            Feeds::One { at, .. } => *at = to,
            Feeds::Several(feeds) => feeds[index].at_low = low(to),
        }
    }
}

#[cfg(test)]
#[path = "outbound_tests.rs"]
mod tests;
