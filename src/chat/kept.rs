//! Lines of the chat log, as the chat emits them and is rebuilt from them.

use crate::clock::Stamp;

/// One line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    /// The time.
    pub at: Stamp,
    /// The room; empty if the line concerns no single room.
    pub room: &'a str,
    /// The kind of event.
    pub kind: Kind,
    /// The user; empty if there is none.
    pub name: &'a str,
    /// What was said, the new name or the topic; empty if there is nothing more.
    pub text: &'a str,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user said something to the room.
    Said,
    /// A user did something (`/me`).
    Acted,
    /// A user entered the room.
    Joined,
    /// A user left the room.
    Left,
    /// A user took another name.
    Renamed,
    /// A user set or removed the topic.
    Topic,
    /// The server started, so all earlier users are gone. The text is that of a [`Kind::Mark`].
    Start,
    /// The server stopped.
    Stop,
    /// Lines are missing here, so the state before is no longer certain.
    Gap,
    /// The state of the chat; [`Kind::Has`] and [`Kind::Here`] follow. The text is the epoch of line ids
    /// and the number of the last line that was said.
    Mark,
    /// The room has this topic.
    Has,
    /// A user is in the room.
    Here,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Said,
        Self::Acted,
        Self::Joined,
        Self::Left,
        Self::Renamed,
        Self::Topic,
        Self::Start,
        Self::Stop,
        Self::Gap,
        Self::Mark,
        Self::Has,
        Self::Here,
    ];

    /// Returns the kind's name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Acted => "acted",
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Renamed => "renamed",
            Self::Topic => "topic",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Gap => "gap",
            Self::Mark => "mark",
            Self::Has => "has-topic",
            Self::Here => "here",
        }
    }

    /// Whether it is a line said to a room, which has a number.
    pub fn is_line(self) -> bool {
        matches!(self, Self::Said | Self::Acted)
    }
}
