//! Kinds of client: bytes in to lines, events out to bytes.

pub mod classic;
pub mod line;

/// What a client of one kind understands; clients of one kind share a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The article's lines, for its own client, `nc` and `telnet`.
    Classic,
}

impl Wire {
    /// All of them: each room has one tape for each.
    pub const ALL: [Self; 1] = [Self::Classic];
}
