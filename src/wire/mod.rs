//! Kinds of client: bytes in to lines, events out to bytes.

pub mod charset;
pub mod classic;
pub mod line;
pub mod telnet;

/// What is spoken at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The article's: for its own client, and for programs.
    Classic,
    /// Telnet: for people at a terminal.
    Telnet,
}

impl Dialect {
    /// As options and the log have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Telnet => "telnet",
        }
    }
}

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
