//! What has come of what a client sent, whatever is spoken with it.

use crate::chat::command::Command;
use crate::door::notice::Notice;
use crate::ids::LineId;

/// What has come of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// Something is asked of the chat.
    Command(Command<'a>),
    /// As that, unless the line of that number was said in this session already.
    Numbered {
        /// The number of the line in its session: from 1 on.
        number: u64,
        /// What is asked of the chat.
        command: Command<'a>,
    },
    /// The client goes on with this session, whatever connection had it.
    Session(u128),
    /// The client is a program: no guest, and told of what it does itself.
    Program,
    /// The door has done something by itself, and tells its person so.
    Notice(Notice<'a>),
    /// A line that asks for nothing.
    Nothing,
    /// A name that was begun is to be completed: `Protocol::complete`.
    Complete,
    /// The peer is no chat client: it is told this, and the connection ends.
    Reject(Notice<'static>),
}

/// What came of an [`Input`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome<'a> {
    /// The line that was said.
    pub line: Option<LineId>,
    /// The name that the client has now.
    pub name: Option<&'a str>,
    /// The number of the last line of its session.
    pub number: u64,
}
