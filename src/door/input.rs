//! Decoded input of a client, in any protocol.

use crate::chat::command::Command;
use crate::door::notice::Notice;
use crate::ids::LineId;

/// One decoded request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A command for the chat.
    Command(Command<'a>),
    /// A command, unless the line of that number has been said in this session already.
    Numbered {
        /// The number of the line in its session, starting at 1.
        number: u64,
        /// The command.
        command: Command<'a>,
    },
    /// The client resumes this session, whichever connection held it.
    Session(u128),
    /// The client is a program: it is not greeted, and its own actions are reported to it.
    Program,
    /// The door has handled the request itself, and sends this notice.
    Notice(Notice<'a>),
    /// A line without a request.
    Nothing,
    /// Complete the name before the cursor: `Protocol::complete`.
    Complete,
    /// The peer is not a chat client: send this notice and end the connection.
    Reject(Notice<'static>),
}

/// The outcome of an [`Input`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome<'a> {
    /// The id of the line that was said.
    pub line: Option<LineId>,
    /// The client's current name.
    pub name: Option<&'a str>,
    /// The number of the last line of its session.
    pub number: u64,
}
