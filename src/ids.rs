//! Ids that cross modules in place of references.

use std::fmt;

/// A connected peer: its slot in the slab, and a generation that no other peer shares.
///
/// Slots are reused, generations are not, so an id that outlived its peer finds nothing instead of
/// another peer. The chat and the connection use the same id for a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerId {
    slot: u32,
    generation: u32,
}

impl PeerId {
    /// No peer, ever.
    pub const NOBODY: Self = Self { slot: 0, generation: 0 };

    /// Creates the id of the peer in `slot` that was the `generation`th to connect (counted from
    /// 1).
    ///
    /// # Panics
    /// If `slot` does not fit 32 bits: the descriptor limit is far below that.
    pub fn new(slot: usize, generation: u32) -> Self {
        let slot = u32::try_from(slot).expect("a slab of 2^32 connections cannot exist");
        Self { slot, generation }
    }

    /// Returns the peer's slot in the slab.
    pub fn slot(self) -> usize {
        self.slot as usize
    }

    /// Returns its generation, which distinguishes it from the other peers that had its slot.
    pub fn generation(self) -> u32 {
        self.generation
    }
}

/// Displays the id as in the log: the generation alone is unique.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.generation.fmt(f)
    }
}

/// One of several server processes that share a chat; a single server is node 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u16);

/// A user of the chat: a connection on some node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserId {
    /// The node that the connection belongs to.
    pub node: NodeId,
    /// The connection there; only its own node may use its slot.
    pub peer: PeerId,
}

impl UserId {
    /// Returns the user behind a connection of this node.
    pub fn local(peer: PeerId) -> Self {
        Self { node: NodeId::default(), peer }
    }
}

/// Displays the id as in the log: the generation, preceded by the node if there are several.
impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node.0 {
            0 => self.peer.fmt(f),
            node => write!(f, "{node}.{}", self.peer),
        }
    }
}

/// The id of a line that was said: no other line ever has it, in any run of the server.
///
/// Of two lines of one epoch, the later one has the greater number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineId {
    /// Identifies the run of the server: the time of its first entry.
    pub epoch: u64,
    /// The number of the line.
    pub number: u64,
}

impl LineId {
    /// Parses the displayed form of an id.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once('-')?;
        let id = Self { epoch: epoch.parse().ok()?, number: number.parse().ok()? };
        // A number may be written in several ways: an id may not.
        (id.to_string() == text).then_some(id)
    }
}

/// Displays the id as programs see it.
impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

/// A room, by its index among the rooms that exist now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomId(pub u32);

/// The room that always exists, and that every new user enters.
pub const LOBBY: RoomId = RoomId(0);
