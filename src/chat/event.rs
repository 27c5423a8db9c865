//! Events of the chat, independent of languages and clients.

use crate::chat::kept::Kept;
use crate::clock::Stamp;
use crate::ids::{LineId, RoomId, UserId};

/// An event that is shown to one user or to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The name was accepted: `OK`.
    Accepted,
    /// The answer to `exit`.
    Goodbye,
    /// The chat is logged to disk.
    Kept,

    /// A user entered the room.
    Joined {
        /// The user.
        nick: &'a str,
    },
    /// A user left the room, by `exit` or otherwise.
    Left {
        /// The user.
        nick: &'a str,
    },
    /// Many users entered in a short time.
    ManyJoined(Crowd<'a>),
    /// Many users left in a short time.
    ManyLeft(Crowd<'a>),
    /// A user took another name.
    Renamed {
        /// The old name.
        old: &'a str,
        /// The new name.
        new: &'a str,
    },

    /// A user said something to the room.
    Said {
        /// The author.
        nick: &'a str,
        /// The text.
        text: &'a str,
    },
    /// A user did something, for the room to see.
    Acted {
        /// The author.
        nick: &'a str,
        /// The text.
        text: &'a str,
    },
    /// A private message; author and recipient both get it.
    Whispered {
        /// The author.
        from: &'a str,
        /// The recipient.
        to: &'a str,
        /// The text.
        text: &'a str,
    },

    /// The line is not a command.
    NotUnderstood,
    /// The command requires a name.
    NameFirst,
    /// The name, or a look-alike, is taken.
    NameTaken {
        /// A free name.
        free: &'a str,
    },
    /// The name is not allowed.
    NameRefused {
        /// The rule that it breaks.
        fault: NickFault,
        /// A free name.
        free: &'a str,
    },
    /// No user has that name.
    Nobody {
        /// The name.
        nick: &'a str,
    },

    /// The number of users in a room; their names follow.
    Present {
        /// The room, unless it is the lobby.
        room: Option<&'a str>,
        /// How many users are in it.
        count: usize,
        /// How many users are in all rooms together.
        online: usize,
    },
    /// One line of a list of names.
    Names {
        /// The names, separated by commas.
        line: &'a str,
    },
    /// The list of commands.
    Help,

    /// The greeting at the telnet door.
    Welcome {
        /// How many users are in the lobby.
        count: usize,
        /// The first of their names, separated by commas.
        names: &'a str,
    },
    /// The reader has entered another room.
    Entered {
        /// The room.
        room: &'a str,
        /// How many users are in it, including the reader.
        count: usize,
        /// Its topic.
        topic: Option<&'a str>,
    },
    /// The reader is already in that room.
    AlreadyThere {
        /// The room.
        room: &'a str,
    },
    /// The name of the room is not allowed.
    RoomRefused {
        /// The rule that it breaks.
        fault: NickFault,
    },
    /// The maximum number of rooms exists already.
    TooManyRooms {
        /// The maximum number.
        rooms_max: usize,
    },
    /// The number of rooms; they follow.
    Rooms {
        /// The number.
        count: usize,
    },
    /// One room of a list.
    RoomListed {
        /// Its name.
        room: &'a str,
        /// How many users are in it.
        count: usize,
        /// Its topic.
        topic: Option<&'a str>,
    },
    /// The topic of a room.
    Topic {
        /// The room.
        room: &'a str,
        /// The topic, if there is one.
        topic: Option<&'a str>,
    },
    /// A user set or cleared the topic of the room.
    TopicSet {
        /// The user.
        nick: &'a str,
        /// The topic from now on.
        topic: Option<&'a str>,
    },
    /// The topic is too long.
    TopicTooLong {
        /// The maximum length.
        bytes_max: usize,
    },
    /// Earlier lines follow.
    Past {
        /// Their number.
        count: usize,
    },
    /// The lines said while the reader was away follow.
    Missed {
        /// The number of lines.
        count: u64,
        /// The number of lines that are still stored: the last ones.
        kept: usize,
    },
    /// A line that was said before.
    Earlier {
        /// When it was said.
        at: Stamp,
        /// When the line shown before it was said, if there is one.
        after: Option<Stamp>,
        /// The room.
        room: &'a str,
        /// The id of the line.
        line: LineId,
        /// What was said.
        said: &'a Event<'a>,
    },
    /// The lines said after a given line follow.
    Since {
        /// Whether none of these lines is missing.
        is_complete: bool,
    },
    /// The reader is not in that room.
    NotInRoom {
        /// The room.
        room: &'a str,
    },
    /// An action of the reader, who asked to be informed of its own actions.
    Own(Own<'a>),

    /// An answer about what concerns the reader alone.
    Answer(Answer<'a>),

    /// The server is stopping.
    ShuttingDown,
}

/// An answer to one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Nobody has sent a private message that could be replied to.
    NoneToReply,
    /// The reader ignores a user, or no longer does.
    Ignoring {
        /// The user.
        nick: &'a str,
        /// Whether the user is ignored from now on.
        is_ignored: bool,
    },
    /// The number of users that the reader ignores; their names follow.
    Ignored {
        /// The number.
        count: usize,
    },
    /// Users cannot ignore themselves.
    OwnName,
    /// The reader ignores the maximum number of users.
    IgnoresFull,
}

/// An action that other users see differently or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own<'a> {
    /// It took another name; sent once for each room that it is in.
    Renamed {
        /// The room.
        room: &'a str,
        /// The old name.
        old: &'a str,
        /// The new name.
        new: &'a str,
    },
    /// It has left a room.
    Parted {
        /// The room.
        room: &'a str,
    },
}

/// Several users in one summary line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd<'a> {
    /// The first few names.
    pub first: &'a [Box<str>],
    /// The number of all of them.
    pub count: usize,
}

/// Why a name is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NickFault {
    /// More than 16 columns or 48 bytes.
    TooLong,
    /// Characters other than letters used in words, digits and `_` `-` `.` `'`.
    Characters,
    /// It does not begin with a letter or digit.
    Start,
    /// Latin letters among Cyrillic or Greek ones, or a mark on a letter of another script.
    MixedScripts,
    /// A mark on a letter that does not take it, or too many.
    Marks,
    /// It would read like a word of the system.
    Reserved,
}

impl NickFault {
    /// All faults.
    pub const ALL: [Self; 6] = [
        Self::TooLong,
        Self::Characters,
        Self::Start,
        Self::MixedScripts,
        Self::Marks,
        Self::Reserved,
    ];

    /// Returns the fault as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Characters => "characters",
            Self::Start => "start",
            Self::MixedScripts => "mixed-scripts",
            Self::Marks => "marks",
            Self::Reserved => "reserved",
        }
    }
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// It said `exit`.
    Exit,
    /// The peer closed it.
    Closed,
    /// It broke.
    Broken,
    /// It took no name in time.
    Nameless,
    /// More is queued for it than is kept for a slow reader.
    Lagging,
    /// It has accepted nothing for too long.
    Stalled,
    /// It had the largest backlog when all queues together were too large.
    Crowded,
    /// It sent too much without a line end.
    Unterminated,
    /// It speaks another protocol.
    Stray,
    /// The server was full.
    RoomFull,
    /// Too many connections came from its address.
    AddressFull,
    /// The server is stopping.
    ShuttingDown,
    /// The same client has connected again, and continues there.
    Replaced,
}

impl CloseReason {
    /// Returns the reason as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exit => "exit",
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Nameless => "nameless",
            Self::Lagging => "lagging",
            Self::Stalled => "stalled",
            Self::Crowded => "crowded",
            Self::Unterminated => "unterminated",
            Self::Stray => "stray",
            Self::RoomFull => "room-full",
            Self::AddressFull => "address-full",
            Self::ShuttingDown => "shutdown",
            Self::Replaced => "replaced",
        }
    }
}

/// An effect of the chat. Effects are carried out one by one, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect<'a> {
    /// Show `event` to one user.
    Tell {
        /// The user.
        to: UserId,
        /// The event.
        event: Event<'a>,
    },
    /// Show `event` to everyone in `room`, with exceptions.
    Say {
        /// The room.
        room: RoomId,
        /// Its name.
        room_name: &'a str,
        /// The event.
        event: Event<'a>,
        /// The id of the line, if the event is a line that was said.
        line: Option<LineId>,
        /// The author of the line: some doors do not show users their own lines.
        author: Option<UserId>,
        /// The users that do not see it.
        except: &'a [UserId],
    },
    /// From here on `user` sees what is said in `room`.
    Enter {
        /// The user.
        user: UserId,
        /// The room.
        room: RoomId,
        /// Its name.
        room_name: &'a str,
        /// Whether nobody else is in it.
        is_first: bool,
    },
    /// From here on `user` no longer sees what is said in `room`.
    Leave {
        /// The user.
        user: UserId,
        /// The room.
        room: RoomId,
    },
    /// A line for the chat log; only if the chat is logged.
    Keep(Kept<'a>),
    /// There is more of a long answer: call `Chat::resume` once this part has been sent.
    More {
        /// The user.
        to: UserId,
    },
    /// End the connection when its queue is sent.
    Close {
        /// The user.
        user: UserId,
        /// Its name in the chat, if it had one.
        nick: Option<&'a str>,
        /// The reason.
        why: CloseReason,
    },
}

/// The callback that receives the effects of the chat.
pub type Out<'o> = dyn FnMut(Effect<'_>) + 'o;
