//! All tapes: one for each room and format with followers, and running totals over them.

use slab::Slab;

use crate::delivery::tape::Tape;
use crate::group::Group;
use crate::ids::RoomId;
use crate::limits::TAPE_CHUNK_BYTES;

/// Identifies one of the [`Tapes`] while it has followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeId(u32);

/// All tapes with followers; `F` is a format, which is only compared here.
///
/// A tape is opened for the first follower of its room and format, and closed after the last.
pub struct Tapes<F> {
    slab: Slab<OpenTape<F>>,
    /// By room: the first of its tapes, each of which links to the next.
    rooms: Vec<Room>,
    /// A tape that holds this many bytes is congested.
    congested_bytes: usize,
    /// Bytes in the connections' own buffers together: every change to them is counted here.
    owned_bytes: usize,
    full_chunks: usize,
}

/// One tape and its followers.
pub struct OpenTape<F> {
    /// The lines.
    pub tape: Tape,
    /// The room whose lines it holds.
    pub room: RoomId,
    /// The format of the lines.
    pub format: F,
    /// The slots that follow it.
    pub followers: Group,
    /// The head at the last search for followers that are too far behind.
    pub searched_at: u64,
    next: Option<TapeId>,
    is_congested: bool,
}

#[derive(Clone, Copy, Default)]
struct Room {
    first: Option<TapeId>,
    congested: u16,
}

impl<F: Copy + PartialEq> Tapes<F> {
    /// Creates an empty set; a tape that holds `congested_bytes` is congested.
    pub fn new(congested_bytes: usize) -> Self {
        let (slab, rooms, owned_bytes, full_chunks) = Default::default();
        Self { slab, rooms, congested_bytes, owned_bytes, full_chunks }
    }

    /// Returns the tape `id`.
    pub fn get(&self, id: TapeId) -> &OpenTape<F> {
        &self.slab[id.0 as usize]
    }

    /// Returns the first tape of `room`; [`Tapes::next_of_room`] returns the others.
    pub fn first_of_room(&self, room: RoomId) -> Option<TapeId> {
        self.rooms.get(room.0 as usize)?.first
    }

    /// Returns the tape of the same room after `id`.
    pub fn next_of_room(&self, id: TapeId) -> Option<TapeId> {
        self.get(id).next
    }

    /// Makes `slot` follow `room` in `format` from the head on; returns the tape and the position.
    pub fn enter(&mut self, slot: usize, room: RoomId, format: F) -> (TapeId, u64) {
        let id = self.find(room, format).unwrap_or_else(|| self.open(room, format));
        let open = &mut self.slab[id.0 as usize];
        assert!(!open.followers.contains(slot), "a connection follows a room once");
        open.followers.insert(slot);
        (id, open.tape.enter())
    }

    /// Removes the follower `slot`, at position `at`, from `id`.
    pub fn leave(&mut self, slot: usize, id: TapeId, at: u64) {
        let open = &mut self.slab[id.0 as usize];
        let full_before = open.tape.full_chunks();
        open.followers.remove(slot);
        open.tape.leave(at);
        self.update_totals(id, full_before);
        if self.get(id).followers.is_empty() {
            self.close(id);
        }
    }

    /// Moves a follower of `id` from `from` to `to`.
    pub fn advance(&mut self, id: TapeId, from: u64, to: u64) {
        let open = &mut self.slab[id.0 as usize];
        let full_before = open.tape.full_chunks();
        // Most moves free nothing.
        if open.tape.advance(from, to) {
            self.update_totals(id, full_before);
        }
    }

    /// Appends a record to `id`.
    pub fn append(&mut self, id: TapeId, record: &[u8]) {
        let open = &mut self.slab[id.0 as usize];
        let full_before = open.tape.full_chunks();
        open.tape.append(record);
        self.update_totals(id, full_before);
    }

    /// Notes that `id` has been searched, up to its head, for followers that are too far behind.
    pub fn note_search(&mut self, id: TapeId) {
        let open = &mut self.slab[id.0 as usize];
        open.searched_at = open.tape.head();
    }

    /// Whether so much is held for `room` that nothing more may be said there before its readers
    /// have caught up. Lines are skipped for blocked readers, so these are readers waiting for
    /// their flush.
    pub fn is_congested(&self, room: RoomId) -> bool {
        self.rooms.get(room.0 as usize).is_some_and(|room| room.congested > 0)
    }

    /// Returns the bytes queued for all connections. The last chunk of a tape is not counted: it
    /// exists in any case, and with many formats the chunks would add up although no connection
    /// lacks anything.
    pub fn queued_bytes(&self) -> usize {
        self.owned_bytes + self.full_chunks * TAPE_CHUNK_BYTES
    }

    /// Returns the bytes in the connections' own buffers together.
    pub fn owned_bytes(&self) -> usize {
        self.owned_bytes
    }

    /// Returns the number of open tapes.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no tape is open.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    pub(super) fn count_owned(&mut self, added: usize, removed: usize) {
        self.owned_bytes = self.owned_bytes + added - removed;
    }

    fn find(&self, room: RoomId, format: F) -> Option<TapeId> {
        let mut next = self.first_of_room(room);
        while let Some(id) = next {
            if self.get(id).format == format {
                return Some(id);
            }
            next = self.next_of_room(id);
        }
        None
    }

    fn open(&mut self, room: RoomId, format: F) -> TapeId {
        let index = room.0 as usize;
        if index >= self.rooms.len() {
            self.rooms.resize(index + 1, Room::default());
        }
        let id = TapeId(u32::try_from(self.slab.vacant_key()).expect("fewer than connections"));
        self.slab.insert(OpenTape {
            tape: Tape::default(),
            room,
            format,
            followers: Group::default(),
            searched_at: 0,
            next: self.rooms[index].first.replace(id),
            is_congested: false,
        });
        id
    }

    fn close(&mut self, id: TapeId) {
        let closed = self.slab.remove(id.0 as usize);
        assert!(!closed.is_congested, "a tape that nobody reads holds nothing");
        let index = closed.room.0 as usize;
        if self.rooms[index].first == Some(id) {
            self.rooms[index].first = closed.next;
            return;
        }
        let mut before = self.rooms[index].first.expect("a tape is linked from its room");
        while self.get(before).next != Some(id) {
            before = self.get(before).next.expect("a tape is linked from its room");
        }
        self.slab[before.0 as usize].next = closed.next;
    }

    /// Updates the totals for a tape that had `full_before` full chunks.
    fn update_totals(&mut self, id: TapeId, full_before: usize) {
        let open = &mut self.slab[id.0 as usize];
        self.full_chunks = self.full_chunks + open.tape.full_chunks() - full_before;
        let is_congested = open.tape.held_bytes() >= self.congested_bytes;
        if is_congested != open.is_congested {
            open.is_congested = is_congested;
            let congested = &mut self.rooms[open.room.0 as usize].congested;
            *congested = if is_congested { *congested + 1 } else { *congested - 1 };
        }
    }

    /// Asserts that the running totals equal a fresh count.
    pub fn check_invariants(&self) {
        let full: usize = self.slab.iter().map(|(_, open)| open.tape.full_chunks()).sum();
        assert_eq!(full, self.full_chunks, "full chunks are counted exactly");
        let congested = self.slab.iter().filter(|(_, open)| open.is_congested).count();
        let by_room: usize = self.rooms.iter().map(|room| usize::from(room.congested)).sum();
        assert_eq!(congested, by_room, "congested tapes are counted exactly");
        for (_, open) in &self.slab {
            assert!(!open.followers.is_empty(), "a tape that nobody follows is closed");
            assert!(self.find(open.room, open.format).is_some(), "its room leads to it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_exists_only_while_it_has_followers() {
        let mut tapes = Tapes::new(1_000);
        let (one, other) = (RoomId(0), RoomId(7));
        let followed =
            [(1, one, 'a'), (2, one, 'a'), (3, one, 'b'), (4, other, 'a'), (5, one, 'c')].map(
                |(slot, room, format)| {
                    let (id, at) = tapes.enter(slot, room, format);
                    (slot, id, at)
                },
            );
        assert_eq!(tapes.len(), 4);
        assert_eq!(followed[0].1, followed[1].1, "clients with one format share a tape");
        tapes.check_invariants();
        for (slot, id, at) in followed {
            tapes.leave(slot, id, at);
            tapes.check_invariants();
        }
        assert!(tapes.is_empty());
        assert_eq!([one, other].map(|room| tapes.first_of_room(room)), [None, None]);
    }

    #[test]
    fn only_the_busy_room_is_congested() {
        let mut tapes = Tapes::new(3 * TAPE_CHUNK_BYTES);
        let (loud, at) = tapes.enter(1, RoomId(0), ());
        tapes.enter(2, RoomId(1), ());
        for _ in 0..3 {
            assert!(!tapes.is_congested(RoomId(0)));
            tapes.append(loud, &[b'x'; TAPE_CHUNK_BYTES]);
        }
        assert!(tapes.is_congested(RoomId(0)) && !tapes.is_congested(RoomId(1)));
        assert_eq!(tapes.queued_bytes(), 3 * TAPE_CHUNK_BYTES);
        let head = tapes.get(loud).tape.head();
        tapes.advance(loud, at, head);
        assert!(!tapes.is_congested(RoomId(0)));
        assert_eq!(tapes.queued_bytes(), 0);
    }
}
