//! Reports of a session: what to show, why there is no connection, how it ended.

use crate::client::core::message::Message;

/// The reason why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The system's error, or the server's words when it closed the connection.
    Failed(String),
    /// The server closed it without a word.
    Closed,
    /// The server did not answer in time.
    Silent,
    /// The server's reason for not letting the user in.
    Told(String),
}

/// Something to show to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A message from the server.
    Told(Message),
    /// The user has entered, under the requested name.
    Entered,
    /// The user has entered again.
    Back,
    /// The server keeps what is said.
    Kept,
    /// Some of the lines said during the absence are no longer stored.
    Missed,
    /// The server does not support rooms, so everyone is in its only room.
    NoRooms,
    /// The server does not support the command.
    Unsupported,
    /// A line was not said.
    NotSaid {
        /// The line.
        line: String,
        /// The server's reason.
        why: String,
    },
    /// It is unknown whether this line was said.
    Unsure(String),
    /// This many lines may have been said twice.
    Twice(usize),
    /// The name was refused; another one may be given.
    NameRefused {
        /// The name.
        name: String,
        /// The server's reason.
        why: String,
    },
    /// The connection was lost, and the client will reconnect.
    Lost {
        /// The reason.
        why: Why,
        /// The delay before the next attempt.
        retry_ms: u64,
    },
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The user left as intended.
    Left,
    /// The name was refused, and there is nobody to give another.
    NameRefused(String),
    /// There was no connection, or it was lost before everything was said.
    NoConnection(Why),
}
