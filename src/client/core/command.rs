//! What a person can ask of the server, and how that is put to it.

use crate::json::Object;

/// What a person can ask of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To be called that.
    Name(String),
    /// To say that to all.
    Say(String),
    /// To do that.
    Act(String),
    /// To say something to one alone.
    Tell {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// To say that to who last said something to this person alone.
    Reply(String),
    /// To go to that room.
    Join(String),
    /// To go back to the lobby.
    LeaveRoom,
    /// Which rooms there are.
    Rooms,
    /// To have the room be about that; without a text, to be told what it is about.
    Topic(Option<String>),
    /// Who is here.
    Who,
    /// The last so many lines.
    Last(u64),
    /// Everything after the line with that id.
    Since {
        /// The line.
        id: String,
        /// Where.
        room: String,
    },
    /// To see nothing more of somebody, or to see them again; without a name, of whom nothing is seen.
    Ignore(Option<String>),
}

impl Command {
    /// The words, if it is something that others hear: a line, which is not to be lost.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Say(text) | Self::Act(text) | Self::Reply(text) | Self::Tell { text, .. } => {
                Some(text)
            }
            _ => None,
        }
    }

    /// Appends it as an object; `number` is that of the line, `room` where it is said.
    pub fn write_json(&self, tag: &str, number: Option<u64>, room: &str, out: &mut Vec<u8>) {
        let mut object = Object::new(out);
        let word = match self {
            Self::Name(_) => "name",
            Self::Say(_) | Self::Act(_) => "say",
            Self::Tell { .. } => "tell",
            Self::Reply(_) => "reply",
            Self::Join(_) => "join",
            Self::LeaveRoom => "leave",
            Self::Rooms => "rooms",
            Self::Topic(_) => "topic",
            Self::Who => "who",
            Self::Last(_) => "last",
            Self::Since { .. } => "since",
            Self::Ignore(_) => "ignore",
        };
        object.text("do", word).text("tag", tag);
        match self {
            Self::Name(name) | Self::Ignore(Some(name)) => object.text("name", name),
            Self::Say(text) => object.text("room", room).text("text", text),
            Self::Act(text) => object.text("room", room).flag("act", true).text("text", text),
            Self::Tell { to, text } => object.text("to", to).text("text", text),
            Self::Reply(text) | Self::Topic(Some(text)) => object.text("text", text),
            Self::Join(room) => object.text("room", room),
            Self::Last(count) => object.number("count", *count),
            Self::Since { id, room } => object.text("id", id).text("room", room),
            Self::LeaveRoom | Self::Rooms | Self::Topic(None) | Self::Ignore(None) | Self::Who => {
                &mut object
            }
        };
        if let Some(number) = number {
            object.number("n", number);
        }
        object.end();
    }

    /// It as the article's server takes it, which knows two commands beside `exit`.
    pub fn article(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(format!("{name} -n\n")),
            Self::Say(text) => Some(format!("{text} -ta\n")),
            _ => None,
        }
    }
}
