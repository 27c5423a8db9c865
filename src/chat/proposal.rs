//! What comes of a command: an entry for everyone, or an answer for one person.

use crate::chat::entry::{Entry, RoomName};
use crate::chat::event::{Event, NickFault};
use crate::chat::history::HistoryId;
use crate::clock::Stamp;
use crate::ids::{LineId, RoomId};

/// What comes of a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Proposal<'a> {
    /// Something happens, for everyone to see, once it is committed.
    Commit(Entry<'a>),
    /// They alone are answered.
    Answer(Reply<'a>),
}

/// How they alone are answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// With this.
    Event(Event<'a>),
    /// The name is somebody else's.
    NameTaken {
        /// One that can be had.
        free: String,
    },
    /// Nobody may have the name.
    NameRefused {
        /// Why not.
        fault: NickFault,
        /// One that can be had.
        free: String,
    },
    /// They are in that room already.
    AlreadyThere(RoomName),
    /// With who is here.
    Who,
    /// With which rooms there are.
    Rooms,
    /// With what the room is about.
    Topic,
    /// With what was said after a line, in one room or all that they are in.
    Since {
        /// The line, if it is known.
        after: Option<LineId>,
        /// The room.
        room: Option<RoomId>,
    },
    /// With the last lines, as many as newcomers see if no number is given.
    Last(Option<usize>),
    /// From now on they do not see what who is called that says, or see it again; without a name,
    /// with whom they ignore.
    Ignore(Option<&'a str>),
    /// Nobody has written to them in private.
    NobodyWrote,
    /// Who wrote to them is gone.
    Gone(Box<str>),
}

/// What is left of a long answer.
#[derive(Clone, Copy, Debug)]
pub enum Listing {
    /// Names of those in a room, from a key on.
    Names {
        /// The room.
        room: RoomId,
        /// The key.
        from: usize,
    },
    /// Rooms that are less full than one of this size, or come after it.
    Rooms {
        /// The last that was shown, with its size then.
        after: Option<(u32, RoomId)>,
    },
    /// Lines of several rooms in the order in which they were said.
    Since {
        /// Of that room alone.
        room: Option<RoomId>,
        /// The number of the next line, among those of all rooms.
        from: u64,
        /// The number of the line after the last.
        to: u64,
    },
    /// Lines of a room from the number `from` on.
    Past {
        /// The room, as long as it exists.
        room: RoomId,
        /// The room's history.
        history: HistoryId,
        /// The number of the next line.
        from: u64,
        /// The number of the line after the last.
        to: u64,
        /// When the last line that was shown was said.
        after: Option<Stamp>,
    },
}
