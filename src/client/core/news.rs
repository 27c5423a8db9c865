//! What a session reports: what to show, why it has no connection, how it ended.

use crate::client::core::message::Message;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The system's reason, or what the server said when it closed the connection.
    Failed(String),
    /// The server ended it without a word.
    Closed,
    /// The server takes too long.
    Silent,
    /// The server's reason not to let the person in.
    Told(String),
}

/// What the person is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something that the server told.
    Told(Message),
    /// The person is in, under the name asked for.
    Entered,
    /// The person is in again.
    Back,
    /// The server keeps what is said.
    Kept,
    /// Some of what was said while the person was away is not known any more.
    Missed,
    /// The server does not know of rooms, so everyone is in the one room that it has.
    NoRooms,
    /// The server knows no such command.
    Unsupported,
    /// A line was not said.
    NotSaid {
        /// The line.
        line: String,
        /// The server's reason.
        why: String,
    },
    /// Nobody knows whether a line was said.
    Unsure(String),
    /// So many lines may have been said twice.
    Twice(usize),
    /// The name was not to be had; another one may be given.
    NameRefused {
        /// The name.
        name: String,
        /// The server's reason.
        why: String,
    },
    /// The connection is gone and is made again after a while.
    Lost {
        /// Why.
        why: Why,
        /// After how long it is tried again.
        retry_ms: u64,
    },
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In order.
    Left,
    /// The name was not to be had, and nobody could give another.
    NameRefused(String),
    /// There was no connection, or it was gone before everything was said.
    NoConnection(Why),
}
