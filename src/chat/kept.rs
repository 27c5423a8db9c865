//! Lines of the chat log, as the chat emits them and is rebuilt from them.

use crate::clock::Stamp;

/// One line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    /// When it happened.
    pub at: Stamp,
    /// Where; empty if it concerns no one room.
    pub room: &'a str,
    /// What it is.
    pub kind: Kind,
    /// Who did it; empty if nobody did.
    pub name: &'a str,
    /// What was said, the new name, the topic; empty if there is nothing more to tell.
    pub text: &'a str,
}

/// What a line of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody said something.
    Said,
    /// Somebody did something.
    Acted,
    /// Somebody came to a room.
    Joined,
    /// Somebody left a room.
    Left,
    /// Somebody took another name.
    Renamed,
    /// Somebody gave a room a topic, or took it away.
    Topic,
    /// The server started: everybody is gone. The text is that of a [`Kind::Mark`].
    Start,
    /// The server stopped.
    Stop,
    /// Lines are missing here: what was known before it is not certain any more.
    Gap,
    /// The state of the chat; [`Kind::Has`] and [`Kind::Here`] follow. The text is the epoch of line ids
    /// and the number of the last line that was said.
    Mark,
    /// The room has this topic.
    Has,
    /// Somebody is in the room.
    Here,
}

impl Kind {
    /// All of them.
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

    /// As the log has it.
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

    /// Whether it is a line that somebody said to a room, and thus has a number.
    pub fn is_line(self) -> bool {
        matches!(self, Self::Said | Self::Acted)
    }
}
