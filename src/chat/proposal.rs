//! Results of a proposed command: an entry for everyone, or an answer for its author.

use crate::chat::entry::{Entry, RoomName};
use crate::chat::event::{Event, NickFault};
use crate::chat::history::HistoryId;
use crate::clock::Stamp;
use crate::ids::{LineId, RoomId};

/// The result of a proposed command.
#[derive(Debug, PartialEq, Eq)]
pub enum Proposal<'a> {
    /// An entry to commit, for everyone to see.
    Commit(Entry<'a>),
    /// An answer to the author alone.
    Answer(Reply<'a>),
}

/// An answer to the author alone.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// This event.
    Event(Event<'a>),
    /// The name is taken.
    NameTaken {
        /// A free name.
        free: String,
    },
    /// The name is not allowed.
    NameRefused {
        /// The rule that it breaks.
        fault: NickFault,
        /// A free name.
        free: String,
    },
    /// The author is already in that room.
    AlreadyThere(RoomName),
    /// The list of users.
    Who,
    /// The list of rooms.
    Rooms,
    /// The topic of the room.
    Topic,
    /// The lines said after a given line, in one room or all rooms of the author.
    Since {
        /// The line, if it is known.
        after: Option<LineId>,
        /// The room.
        room: Option<RoomId>,
    },
    /// The last lines; if no number is given, as many as new users see.
    Last(Option<usize>),
    /// Ignore the user of that name, or no longer ignore them; without a name, list the ignored.
    Ignore(Option<&'a str>),
    /// Nobody has sent the author a private message.
    NobodyWrote,
    /// The user who sent the last private message has left.
    Gone(Box<str>),
}

/// The position in a long answer.
#[derive(Clone, Copy, Debug)]
pub enum Listing {
    /// Names of the users in a room, from a key on.
    Names {
        /// The room.
        room: RoomId,
        /// The key.
        from: usize,
    },
    /// Rooms after the given one, in order of falling size.
    Rooms {
        /// The last room that was shown, with its size at that time.
        after: Option<(u32, RoomId)>,
    },
    /// Lines of several rooms in the order in which they were said.
    Since {
        /// The only room to show, or all.
        room: Option<RoomId>,
        /// The number of the next line, counted over all rooms.
        from: u64,
        /// The number after the last line.
        to: u64,
    },
    /// Lines of a room from number `from` on.
    Past {
        /// The room, as long as it exists.
        room: RoomId,
        /// The room's history.
        history: HistoryId,
        /// The number of the next line.
        from: u64,
        /// The number after the last line.
        to: u64,
        /// When the last line that was shown was said.
        after: Option<Stamp>,
    },
}
