//! What happens in the chat, in no language and for no client in particular.

use crate::chat::kept::Kept;
use crate::clock::Stamp;
use crate::ids::{LineId, RoomId, UserId};

/// Something that is shown to one person or to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The name is taken in: `OK`.
    Accepted,
    /// The answer to `exit`.
    Goodbye,
    /// What is said here is kept on disk.
    Kept,

    /// Somebody entered the room.
    Joined {
        /// Who.
        nick: &'a str,
    },
    /// Somebody left, by `exit` or not.
    Left {
        /// Who.
        nick: &'a str,
    },
    /// Many entered in a short time.
    ManyJoined(Crowd<'a>),
    /// Many left in a short time.
    ManyLeft(Crowd<'a>),
    /// Somebody took another name.
    Renamed {
        /// The name until now.
        old: &'a str,
        /// The name from now on.
        new: &'a str,
    },

    /// Said to all.
    Said {
        /// By whom.
        nick: &'a str,
        /// What.
        text: &'a str,
    },
    /// Done before all.
    Acted {
        /// By whom.
        nick: &'a str,
        /// What.
        text: &'a str,
    },
    /// Said to one alone; both get it.
    Whispered {
        /// By whom.
        from: &'a str,
        /// To whom.
        to: &'a str,
        /// What.
        text: &'a str,
    },

    /// The line is no command.
    NotUnderstood,
    /// Only people with a name may do that.
    NameFirst,
    /// Somebody else has that name, or one that looks like it.
    NameTaken {
        /// One that can be had.
        free: &'a str,
    },
    /// Nobody may have that name.
    NameRefused {
        /// Why not.
        fault: NickFault,
        /// One that can be had.
        free: &'a str,
    },
    /// Nobody of that name is here.
    Nobody {
        /// The name.
        nick: &'a str,
    },

    /// Who is in a room; their names follow.
    Present {
        /// The room, unless it is the lobby.
        room: Option<&'a str>,
        /// How many are in it.
        count: usize,
        /// How many are in all rooms.
        online: usize,
    },
    /// Some of those who are here, as one line.
    Names {
        /// Their names, with commas between them.
        line: &'a str,
    },
    /// All commands.
    Help,

    /// The greeting at the telnet door.
    Welcome {
        /// How many are here.
        count: usize,
        /// The first of their names, with commas between them.
        names: &'a str,
    },
    /// The reader is in another room now.
    Entered {
        /// Which.
        room: &'a str,
        /// How many are in it, the reader too.
        count: usize,
        /// What it is about.
        topic: Option<&'a str>,
    },
    /// The reader is in that room already.
    AlreadyThere {
        /// Which.
        room: &'a str,
    },
    /// No room may be called that.
    RoomRefused {
        /// Why not.
        fault: NickFault,
    },
    /// No more rooms are opened.
    TooManyRooms {
        /// How many there may be.
        rooms_max: usize,
    },
    /// How many rooms there are; they follow.
    Rooms {
        /// How many.
        count: usize,
    },
    /// One of the rooms.
    RoomListed {
        /// Its name.
        room: &'a str,
        /// How many are in it.
        count: usize,
        /// What it is about.
        topic: Option<&'a str>,
    },
    /// What the room is about.
    Topic {
        /// The room.
        room: &'a str,
        /// What it is about, if somebody has said so.
        topic: Option<&'a str>,
    },
    /// Somebody gave the room a topic, or took it away.
    TopicSet {
        /// Who.
        nick: &'a str,
        /// What the room is about from now on.
        topic: Option<&'a str>,
    },
    /// The topic was longer than is taken.
    TopicTooLong {
        /// What is taken.
        bytes_max: usize,
    },
    /// Earlier lines follow.
    Past {
        /// How many.
        count: usize,
    },
    /// What was said while the reader was away follows.
    Missed {
        /// How many lines.
        count: u64,
        /// Only the last of them are kept.
        kept: usize,
    },
    /// Something that was said before.
    Earlier {
        /// When.
        at: Stamp,
        /// When what is shown before it was said, if something is.
        after: Option<Stamp>,
        /// Where.
        room: &'a str,
        /// Which line it is.
        line: LineId,
        /// What.
        said: &'a Event<'a>,
    },
    /// What was said since a line follows.
    Since {
        /// All of it: no line of that time is missing.
        is_complete: bool,
    },
    /// The reader is not in that room.
    NotInRoom {
        /// Which.
        room: &'a str,
    },
    /// What the reader did itself, if it asked to be told.
    Own(Own<'a>),

    /// What one person is answered about what concerns them alone.
    Answer(Answer<'a>),

    /// The server stops.
    ShuttingDown,
}

/// What one person is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Nobody has said anything in private that could be replied to.
    NoneToReply,
    /// The reader sees nothing more of somebody, or sees them again.
    Ignoring {
        /// Who.
        nick: &'a str,
        /// Nothing more.
        is_ignored: bool,
    },
    /// How many the reader ignores; their names follow.
    Ignored {
        /// How many.
        count: usize,
    },
    /// Nobody ignores themselves.
    OwnName,
    /// The reader ignores as many as one may.
    IgnoresFull,
}

/// What somebody did itself, which others see in another way or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own<'a> {
    /// It took another name, which is told for each room that it is in.
    Renamed {
        /// The room.
        room: &'a str,
        /// The name until now.
        old: &'a str,
        /// The name from now on.
        new: &'a str,
    },
    /// It is in that room no more.
    Parted {
        /// Which.
        room: &'a str,
    },
}

/// Several people that one line speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd<'a> {
    /// The first few of them.
    pub first: &'a [Box<str>],
    /// All of them, counted.
    pub count: usize,
}

/// Why nobody may have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NickFault {
    /// More than 16 columns or 48 bytes.
    TooLong,
    /// Something else than letters that people use in words, digits and `_` `-` `.` `'`.
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
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TooLong,
        Self::Characters,
        Self::Start,
        Self::MixedScripts,
        Self::Marks,
        Self::Reserved,
    ];

    /// The reason as the diagnostics have it.
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
    /// Its peer closed it.
    Closed,
    /// It broke.
    Broken,
    /// It took no name in time.
    Nameless,
    /// More is queued for it than is kept for a slow reader.
    Lagging,
    /// It has accepted nothing for too long.
    Stalled,
    /// It had the largest backlog when there was too much of that.
    Crowded,
    /// It sent too much without a line end.
    Unterminated,
    /// It speaks something else than is spoken here.
    Stray,
    /// There were too many already.
    RoomFull,
    /// There were too many from its address already.
    AddressFull,
    /// The server stops.
    ShuttingDown,
    /// The same client has connected once more, and goes on there.
    Replaced,
}

impl CloseReason {
    /// The reason as the log has it.
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

/// What the chat wants done. Effects are done one by one, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect<'a> {
    /// One person sees `event`.
    Tell {
        /// Who.
        to: UserId,
        /// What.
        event: Event<'a>,
    },
    /// Everyone in `room` sees `event`, but for some.
    Say {
        /// Where.
        room: RoomId,
        /// What it is called.
        room_name: &'a str,
        /// What.
        event: Event<'a>,
        /// Which line it is, if it is one that somebody said.
        line: Option<LineId>,
        /// Whose line it is: at some doors people do not see their own.
        author: Option<UserId>,
        /// Those who do not see it.
        except: &'a [UserId],
    },
    /// From here on `user` sees what is said in `room`.
    Enter {
        /// Who.
        user: UserId,
        /// Where.
        room: RoomId,
        /// What it is called.
        room_name: &'a str,
        /// Nobody else is in it.
        is_first: bool,
    },
    /// From here on `user` sees no more of `room`.
    Leave {
        /// Who.
        user: UserId,
        /// Where.
        room: RoomId,
    },
    /// It happened, and is to be found in the log: only if there is one.
    Keep(Kept<'a>),
    /// There is more of a long answer: `Chat::resume` once this much has been sent.
    More {
        /// To whom.
        to: UserId,
    },
    /// The connection ends when all it was told has been sent.
    Close {
        /// Whose.
        user: UserId,
        /// Under which name they were in the chat, if they were.
        nick: Option<&'a str>,
        /// Why.
        why: CloseReason,
    },
}

/// Where the chat's effects go.
pub type Out<'o> = dyn FnMut(Effect<'_>) + 'o;
