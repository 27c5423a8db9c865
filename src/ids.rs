//! Who is meant: ids that cross modules in place of references.

use std::fmt;

/// One connected peer: its slot in the slab, and a generation that no other peer shares.
///
/// Slots are reused, generations are not, so an id that outlived its peer finds nothing
/// instead of finding somebody else. The peer has the same id in the chat as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerId {
    slot: u32,
    generation: u32,
}

impl PeerId {
    /// No peer, ever.
    pub const NOBODY: Self = Self { slot: 0, generation: 0 };

    /// The peer in `slot` that was the `generation`th to arrive (from 1 on).
    ///
    /// # Panics
    /// If `slot` does not fit 32 bits: the descriptor limit is far below that.
    pub fn new(slot: usize, generation: u32) -> Self {
        let slot = u32::try_from(slot).expect("a slab of 2^32 connections cannot exist");
        Self { slot, generation }
    }

    /// Where the peer stands in the slab.
    pub fn slot(self) -> usize {
        self.slot as usize
    }

    /// Which arrival it was: what tells it from the others that had its slot.
    pub fn generation(self) -> u32 {
        self.generation
    }
}

/// As the log names it: the generation alone is unique.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.generation.fmt(f)
    }
}

/// One server process of several that share a chat; a server alone is node 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u16);

/// One user of the chat: a connection on some node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// The node that the connection belongs to.
    pub node: NodeId,
    /// The connection there; only its own node may use its slot.
    pub peer: PeerId,
}

impl UserId {
    /// The user behind a connection of this node.
    pub fn local(peer: PeerId) -> Self {
        Self { node: NodeId::default(), peer }
    }
}

/// As the diagnostics name it: the generation, with the node before it if there are several.
impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node.0 {
            0 => self.peer.fmt(f),
            node => write!(f, "{node}.{}", self.peer),
        }
    }
}

/// A line that was said: no other line ever has its id, be it another run of the server.
///
/// Of two lines of one epoch, the one that was said later has the greater number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineId {
    /// What tells one run of the server from another: the moment of its first entry.
    pub epoch: u64,
    /// Which line it is.
    pub number: u64,
}

impl LineId {
    /// The line whose id is shown as `text`.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once('-')?;
        let id = Self { epoch: epoch.parse().ok()?, number: number.parse().ok()? };
        // A number may be spelt in several ways: an id is not.
        (id.to_string() == text).then_some(id)
    }
}

/// As programs see it.
impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

/// A room, by its place among the rooms that exist now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomId(pub u32);

/// The room that always exists, and that a new name enters.
pub const LOBBY: RoomId = RoomId(0);
