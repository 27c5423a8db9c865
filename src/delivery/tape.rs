//! The encoded lines of one room, each stored once: whole records at absolute positions.
//!
//! ```text
//!          base                                              head
//!            |  full, 2 readers  |  full, 0 readers  |  last   |
//!            +-------------------+-------------------+---------+ -> append
//!                   ^ slow          (kept: slow will           ^ everyone else
//!                                    come through it)
//! ```
//!
//! A chunk counts the readers whose position is in it. The front chunk is dropped when its count
//! reaches zero, so a tape holds only what somebody still needs, without any search. When every
//! reader is at the head, no bytes are held: a quiet room costs no more than its last line.
//!
//! A record is the bytes of one `append`: an encoded line, whatever bytes it contains. Each chunk
//! knows where records end in it, so nothing has to search the bytes for line ends.

use std::collections::VecDeque;

use crate::limits::TAPE_CHUNK_BYTES;

/// A buffer of which less than one part in this many was used is replaced by a smaller one.
const SPARSE_USE: usize = 4;
/// Buffers up to this size are always kept.
const SMALL_BYTES: usize = 256;

/// The encoded lines of one room for one format.
#[derive(Default)]
pub struct Tape {
    /// Full chunks, [`TAPE_CHUNK_BYTES`] each.
    full: VecDeque<Chunk>,
    /// The chunk that is appended to; never full.
    last: Chunk,
    /// The position of the first byte held.
    base: u64,
    head: u64,
    readers: u32,
    /// The number of `readers` at the head.
    readers_at_head: u32,
    /// The emptied buffers of a dropped chunk, for reuse: a busy room does not allocate.
    spare: Option<Box<Chunk>>,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where records end, as offsets past their last byte.
    record_ends: Vec<u16>,
    readers: u32,
}

const _: () = assert!(TAPE_CHUNK_BYTES <= u16::MAX as usize, "an offset in a chunk fits 16 bits");

impl Tape {
    /// Returns the position after the last byte.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Returns the number of bytes held: those that some reader still needs, and the rest of their
    /// chunks.
    pub fn held_bytes(&self) -> usize {
        usize::try_from(self.head - self.base).expect("a tape is held in memory")
    }

    /// Returns the number of full chunks held.
    pub fn full_chunks(&self) -> usize {
        self.full.len()
    }

    /// Appends one record, which is not empty.
    pub fn append(&mut self, record: &[u8]) {
        assert!(!record.is_empty(), "a record has bytes");
        self.readers_at_head = 0;
        let mut rest = record;
        while !rest.is_empty() {
            let room = TAPE_CHUNK_BYTES - self.last.bytes.len();
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.last.bytes.extend_from_slice(now);
            self.head += now.len() as u64;
            rest = later;
            if rest.is_empty() {
                let end = u16::try_from(self.last.bytes.len()).expect("asserted above");
                self.last.record_ends.push(end);
            }
            if self.last.bytes.len() == TAPE_CHUNK_BYTES {
                let fresh = self.spare.take().map_or_else(Chunk::default, |spare| *spare);
                self.full.push_back(std::mem::replace(&mut self.last, fresh));
                self.trim();
            }
        }
        if self.readers == 0 {
            self.rewind();
        }
    }

    /// Returns the contiguous bytes from `from` on: up to the head or the end of a chunk.
    pub fn run(&self, from: u64) -> &[u8] {
        if from == self.head {
            return &[];
        }
        let (index, offset) = self.place(from);
        &self.chunk(index).bytes[offset..]
    }

    /// Adds a reader at the head; returns its position.
    pub fn enter(&mut self) -> u64 {
        self.last.readers += 1;
        self.readers += 1;
        self.readers_at_head += 1;
        self.head
    }

    /// Removes the reader at `at`.
    pub fn leave(&mut self, at: u64) {
        let (index, _) = self.place(at);
        self.readers -= 1;
        self.readers_at_head -= u32::from(at == self.head);
        self.count_out(index);
        self.rewind_if_all_read();
    }

    /// Moves a reader from `from` to `to`; returns whether fewer bytes are held now.
    pub fn advance(&mut self, from: u64, to: u64) -> bool {
        assert!(from <= to, "no reader goes back on a tape");
        if from == to {
            return false;
        }
        let base = self.base;
        assert!(base <= from && to <= self.head, "a position is on the tape");
        if !self.full.is_empty() {
            let ((left, _), (entered, _)) = (self.place(from), self.place(to));
            if left != entered {
                self.chunk_mut(entered).readers += 1;
                self.count_out(left);
            }
        }
        if to == self.head {
            self.readers_at_head += 1;
            self.rewind_if_all_read();
        }
        self.base != base
    }

    /// Returns the end of the record that contains the byte before `at`: `at` itself if one ends
    /// there.
    pub fn record_end_after(&self, at: u64) -> u64 {
        assert!(at > self.base, "the byte before it is held");
        let (index, offset) = self.place(at - 1);
        let ends = &self.chunk(index).record_ends;
        let found = ends.get(ends.partition_point(|&end| usize::from(end) <= offset));
        let later = (index + 1..=self.full.len())
            .find_map(|index| Some((index, *self.chunk(index).record_ends.first()?)));
        let (index, end) =
            found.map(|&end| (index, end)).or(later).expect("the head ends a record");
        self.base + (index * TAPE_CHUNK_BYTES) as u64 + u64::from(end)
    }

    /// Returns how many records end after `from` and up to `to`.
    pub fn count_records(&self, from: u64, to: u64) -> u32 {
        if from == to {
            return 0;
        }
        let ((first, first_offset), (last, last_offset)) = (self.place(from), self.place(to));
        let count = |index: usize| {
            let ends = &self.chunk(index).record_ends;
            let after = if index == first { first_offset } else { 0 };
            let up_to = if index == last { last_offset } else { TAPE_CHUNK_BYTES };
            let ends_up_to = |offset| ends.partition_point(|&end| usize::from(end) <= offset);
            // An offset of 0 is the end of the chunk before, not of this one.
            ends_up_to(up_to).saturating_sub(ends_up_to(after))
        };
        u32::try_from((first..=last).map(count).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// Returns the chunk that contains position `at`, and the offset in it.
    fn place(&self, at: u64) -> (usize, usize) {
        assert!(self.base <= at && at <= self.head, "a position is on the tape");
        let offset = usize::try_from(at - self.base).expect("a tape is held in memory");
        (offset / TAPE_CHUNK_BYTES, offset % TAPE_CHUNK_BYTES)
    }

    fn chunk(&self, index: usize) -> &Chunk {
        self.full.get(index).unwrap_or(&self.last)
    }

    fn chunk_mut(&mut self, index: usize) -> &mut Chunk {
        self.full.get_mut(index).unwrap_or(&mut self.last)
    }

    fn count_out(&mut self, index: usize) {
        let readers = &mut self.chunk_mut(index).readers;
        *readers = readers.checked_sub(1).expect("a reader that leaves a chunk was counted in it");
        if index == 0 {
            self.trim();
        }
    }

    /// Drops the front chunks that no reader is in.
    fn trim(&mut self) {
        while self.full.front().is_some_and(|chunk| chunk.readers == 0) {
            self.recycle();
            self.base += TAPE_CHUNK_BYTES as u64;
        }
    }

    /// Drops the front chunk, and keeps its buffers for the next one.
    fn recycle(&mut self) {
        let Some(mut chunk) = self.full.pop_front() else { return };
        chunk.bytes.clear();
        chunk.record_ends.clear();
        chunk.readers = 0;
        self.spare = Some(Box::new(chunk));
    }

    fn rewind_if_all_read(&mut self) {
        if self.readers_at_head == self.readers && self.head > self.base {
            self.rewind();
        }
    }

    /// Drops all bytes: the next record begins a chunk.
    fn rewind(&mut self) {
        assert_eq!(self.readers_at_head, self.readers, "nobody needs what is dropped");
        let was_loud = !self.full.is_empty();
        while !self.full.is_empty() {
            self.recycle();
        }
        let used = self.last.bytes.len().max(SMALL_BYTES);
        self.last.bytes.clear();
        self.last.record_ends.clear();
        if !was_loud && self.last.bytes.capacity() > SPARSE_USE * used {
            (self.full, self.spare) = Default::default();
            self.last.bytes.shrink_to(used);
            self.last.record_ends.shrink_to(SMALL_BYTES / 16);
        }
        self.last.readers = self.readers;
        self.base = self.head;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tape: &Tape, mut from: u64) -> Vec<u8> {
        let mut all = Vec::new();
        while from < tape.head() {
            let run = tape.run(from);
            assert!(!run.is_empty(), "before the head there is always something to read");
            all.extend_from_slice(run);
            from += run.len() as u64;
        }
        all
    }

    #[test]
    fn a_reader_gets_all_that_was_appended_across_chunks() {
        let mut tape = Tape::default();
        let mut said = Vec::new();
        let at = tape.enter();
        for length in [1, TAPE_CHUNK_BYTES - 1, TAPE_CHUNK_BYTES, 3 * TAPE_CHUNK_BYTES + 5] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            tape.append(&bytes);
            said.extend_from_slice(&bytes);
            assert_eq!(read(&tape, at), said);
        }
        tape.advance(at, tape.head());
        assert_eq!(tape.held_bytes(), 0);
        assert!(tape.run(tape.head()).is_empty());
    }

    #[test]
    fn the_slowest_reader_decides_what_is_held() {
        let mut tape = Tape::default();
        let slow = tape.enter();
        let quick = tape.enter();
        for _ in 0..40 {
            tape.append(&[b'x'; 1_000]);
        }
        tape.advance(quick, tape.head());
        assert_eq!(tape.held_bytes(), 40_000);
        tape.leave(slow);
        assert_eq!(tape.held_bytes(), 0);
        assert_eq!(tape.enter(), 40_000);
    }

    #[test]
    fn a_tape_without_readers_holds_nothing() {
        let mut tape = Tape::default();
        for _ in 0..100 {
            tape.append(&[b'x'; 5_000]);
        }
        assert_eq!(tape.held_bytes(), 0);
    }

    #[test]
    fn a_tape_that_falls_quiet_frees_its_memory() {
        let mut tape = Tape::default();
        let mut at = tape.enter();
        for length in [TAPE_CHUNK_BYTES * 5 / 2, 100, 100] {
            tape.append(&vec![b'x'; length]);
            tape.advance(at, tape.head());
            at = tape.head();
        }
        assert!(tape.last.bytes.capacity() <= SPARSE_USE * SMALL_BYTES);
        assert!(tape.full.capacity() <= 1);
    }

    /// Compares with a list of all record ends: random records, of any bytes, and random readers.
    #[test]
    fn record_ends_are_known_wherever_chunks_end() {
        for seed in 0..50 {
            let mut dice = fastrand::Rng::with_seed(seed);
            let mut tape = Tape::default();
            let mut positions = vec![tape.enter()];
            let mut ends = vec![0];
            for _ in 0..300 {
                let bytes_max = if dice.u8(..9) == 0 { 40_000 } else { 300 };
                let record = vec![b'\n'; dice.usize(1..bytes_max)];
                tape.append(&record);
                ends.push(tape.head());
                if dice.u8(..8) == 0 {
                    positions.push(tape.enter());
                }
                let reader = dice.usize(..positions.len());
                let from = positions[reader];
                let passed = ends.partition_point(|&end| end < from);
                let to = ends[dice.usize(passed..ends.len())];
                let counted = ends.iter().filter(|&&end| from < end && end <= to).count();
                assert_eq!(tape.count_records(from, to) as usize, counted, "seed {seed}");
                if from < tape.head() {
                    let cut = dice.u64(from + 1..=tape.head());
                    let end = ends[ends.partition_point(|&end| end < cut)];
                    assert_eq!(tape.record_end_after(cut), end, "seed {seed}");
                }
                if dice.u8(..6) == 0 && positions.len() > 1 {
                    tape.leave(positions.swap_remove(reader));
                } else {
                    tape.advance(from, to);
                    positions[reader] = to;
                }
                let slowest = *positions.iter().min().expect("there is one");
                assert!(tape.base <= slowest, "seed {seed}");
                assert!(tape.held_bytes() as u64 <= TAPE_CHUNK_BYTES as u64 + tape.head - slowest);
            }
        }
    }
}
