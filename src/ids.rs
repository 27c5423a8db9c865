//! Who is meant: ids that cross modules in place of references.

use std::fmt;

/// One connected peer: its slot in the slab, and a birth number that no other peer shares.
///
/// Slots are reused, birth numbers are not, so an id that outlived its peer finds nothing
/// instead of finding somebody else. The peer has the same id in the chat as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerId {
    slot: u32,
    birth: u32,
}

impl PeerId {
    /// The peer in `slot` that was the `birth`th to arrive (from 1 on).
    ///
    /// # Panics
    /// If `slot` does not fit 32 bits: the descriptor limit is far below that.
    pub fn new(slot: usize, birth: u32) -> Self {
        let slot = u32::try_from(slot).expect("a slab of 2^32 connections cannot exist");
        Self { slot, birth }
    }

    /// Where the peer stands in the slab.
    pub fn slot(self) -> usize {
        self.slot as usize
    }

    /// Which arrival it was: what tells it from the others that had its slot.
    pub fn birth(self) -> u32 {
        self.birth
    }
}

/// As the log names it: the birth number alone is unique.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.birth.fmt(f)
    }
}

/// A room. There is one so far, and everyone with a name is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomId(pub u16);

/// The room that a name lets one into.
pub const LOBBY: RoomId = RoomId(0);
