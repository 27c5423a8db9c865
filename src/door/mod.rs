//! Doors: the protocols of clients, which decode bytes into commands and encode events into bytes.
//!
//! A door is a listener together with the protocol spoken there. Only [`protocol`] distinguishes
//! the kinds of doors: the hub, the delivery code and the chat never ask which kind a connection
//! has.

pub mod charset;
pub mod classic;
pub mod iac;
pub mod input;
#[cfg(feature = "json")]
pub mod json;
pub mod lang;
pub mod line;
pub mod notice;
pub mod protocol;
pub mod reader;
pub mod stray;
pub mod telnet;

/// The protocol of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The article's protocol: for its own client, and for programs.
    Classic,
    /// Telnet: for people at a terminal.
    Telnet,
}

impl DoorKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Telnet];

    /// Returns the name used in options and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Telnet => "telnet",
        }
    }

    /// Whether users are greeted there, and later shown what was said before.
    pub fn greets(self) -> bool {
        match self {
            Self::Classic => false,
            Self::Telnet => true,
        }
    }
}
