//! What was said in a room, once: append-only chunks of bytes at absolute positions.
//!
//! ```text
//!          base                                              head
//!            |  chunk, 2 readers |  chunk, 0 readers |  chunk  |
//!            +-------------------+-------------------+---------+ -> append
//!                   ^ slow          (kept: slow will           ^ everyone else
//!                                    come through it)
//! ```
//!
//! A chunk counts the members whose place is in it. The front one goes when its count comes to
//! zero, so the tape holds what somebody still needs and nothing is ever searched for.

use std::collections::VecDeque;

use crate::limits::TAPE_CHUNK_BYTES;

/// Which tape of the [`Tapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeId(pub u32);

/// The encoded lines of one room for one kind of client.
pub struct Tape {
    /// Every chunk but the last is full; the last is never full.
    chunks: VecDeque<Chunk>,
    /// The position of the first byte held: a multiple of the chunk size.
    base: u64,
    head: u64,
    /// An emptied chunk, kept for the next one.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    readers: u32,
}

impl Default for Tape {
    fn default() -> Self {
        let chunks = VecDeque::from([Chunk::default()]);
        Self { chunks, base: 0, head: 0, spare: Vec::new() }
    }
}

impl Tape {
    /// The position after the last byte.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Bytes that somebody still needs, and those that share their chunk.
    pub fn held_bytes(&self) -> usize {
        usize::try_from(self.head - self.base).expect("a tape is held in memory")
    }

    /// Adds `bytes` at the head.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let last = self.chunks.back_mut().expect("a tape always has a last chunk");
            let room = TAPE_CHUNK_BYTES - last.bytes.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            last.bytes.extend_from_slice(now);
            self.head += now.len() as u64;
            bytes = later;
            if last.bytes.len() == TAPE_CHUNK_BYTES {
                let mut fresh = std::mem::take(&mut self.spare);
                fresh.clear();
                self.chunks.push_back(Chunk { bytes: fresh, readers: 0 });
                self.trim();
            }
        }
    }

    /// The bytes at `from` that lie together: up to the head or the end of the chunk.
    pub fn run(&self, from: u64) -> &[u8] {
        if from == self.head {
            return &[];
        }
        let (chunk, offset) = self.place(from);
        &self.chunks[chunk].bytes[offset..]
    }

    /// A new reader, placed at the head.
    pub fn enter(&mut self) -> u64 {
        self.chunks.back_mut().expect("a tape always has a last chunk").readers += 1;
        self.head
    }

    /// The reader at `at` goes away.
    pub fn leave(&mut self, at: u64) {
        let (chunk, _) = self.place(at);
        self.count_out(chunk);
    }

    /// A reader moves from `from` on to `to`.
    pub fn advance(&mut self, from: u64, to: u64) {
        assert!(from <= to, "nobody goes back on a tape");
        let ((left, _), (entered, _)) = (self.place(from), self.place(to));
        if left != entered {
            self.chunks[entered].readers += 1;
            self.count_out(left);
        }
    }

    /// How many lines end between `from` and `to`.
    pub fn lines(&self, mut from: u64, to: u64) -> u32 {
        let mut count = 0;
        while from < to {
            let run = self.run(from);
            let wanted = usize::try_from(to - from).map_or(run.len(), |left| left.min(run.len()));
            count += memchr::memchr_iter(b'\n', &run[..wanted]).count();
            from += wanted as u64;
        }
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The chunk that holds position `at`, and where in it.
    fn place(&self, at: u64) -> (usize, usize) {
        assert!(self.base <= at && at <= self.head, "a place is on the tape");
        let offset = usize::try_from(at - self.base).expect("a tape is held in memory");
        (offset / TAPE_CHUNK_BYTES, offset % TAPE_CHUNK_BYTES)
    }

    fn count_out(&mut self, chunk: usize) {
        let readers = &mut self.chunks[chunk].readers;
        *readers = readers.checked_sub(1).expect("who leaves a chunk was counted into it");
        if chunk == 0 {
            self.trim();
        }
    }

    /// Drops the front chunks that nobody is in.
    fn trim(&mut self) {
        while self.chunks.len() > 1 && self.chunks[0].readers == 0 {
            let gone = self.chunks.pop_front().expect("there is more than one chunk");
            self.base += gone.bytes.len() as u64;
            self.spare = gone.bytes;
        }
    }
}

/// All tapes, and the count of what is queued beside them.
#[derive(Default)]
pub struct Tapes {
    tapes: Vec<Tape>,
    /// Bytes in the members' own buffers together: every change to them passes by here.
    pub owned_bytes: usize,
}

impl Tapes {
    /// `count` empty tapes.
    pub fn new(count: usize) -> Self {
        Self { tapes: std::iter::repeat_with(Tape::default).take(count).collect(), owned_bytes: 0 }
    }

    /// One of them.
    pub fn get(&self, id: TapeId) -> &Tape {
        &self.tapes[id.0 as usize]
    }

    /// One of them, to write on.
    pub fn get_mut(&mut self, id: TapeId) -> &mut Tape {
        &mut self.tapes[id.0 as usize]
    }

    /// Everything queued for anybody, in bytes. The last chunk of a tape is there in any case: were
    /// it counted, many kinds of client would come to a lot without anybody lacking anything.
    pub fn queued_bytes(&self) -> usize {
        let full_chunks: usize = self.tapes.iter().map(|tape| tape.chunks.len() - 1).sum();
        self.owned_bytes + full_chunks * TAPE_CHUNK_BYTES
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
    fn a_reader_gets_what_was_appended_since_whatever_the_chunks() {
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
        assert!(tape.held_bytes() < TAPE_CHUNK_BYTES);
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
        assert!(tape.held_bytes() < TAPE_CHUNK_BYTES);
        assert_eq!(tape.enter(), 40_000);
    }

    #[test]
    fn without_readers_nothing_piles_up() {
        let mut tape = Tape::default();
        for _ in 0..100 {
            tape.append(&[b'x'; 5_000]);
        }
        assert!(tape.held_bytes() < TAPE_CHUNK_BYTES);
    }

    #[test]
    fn lines_are_counted_across_chunks() {
        let mut tape = Tape::default();
        let from = tape.enter();
        let line = [b"x".repeat(998), b"\r\n".to_vec()].concat();
        (0..50).for_each(|_| tape.append(&line));
        assert_eq!(tape.lines(from, tape.head()), 50);
        assert_eq!(tape.lines(from + 1_000, from + 3_000), 2);
    }
}
