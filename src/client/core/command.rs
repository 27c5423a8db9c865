//! Commands to the server, and their encoding.

use crate::json::Object;

/// A command to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the name.
    Name(String),
    /// Say the text to the room.
    Say(String),
    /// Do the text.
    Act(String),
    /// Send a private message.
    Tell {
        /// The recipient.
        to: String,
        /// The text.
        text: String,
    },
    /// Reply with the text to the last private message.
    Reply(String),
    /// Move to the room.
    Join(String),
    /// Return to the lobby.
    LeaveRoom,
    /// List the rooms.
    Rooms,
    /// Set the topic of the room; without a text, show it.
    Topic(Option<String>),
    /// List the users in the room.
    Who,
    /// Show the last lines, as many as given.
    Last(u64),
    /// Show everything said after the line with that id.
    Since {
        /// The id of the line.
        id: String,
        /// The room.
        room: String,
    },
    /// Ignore a user, or no longer ignore them; without a name, list the ignored.
    Ignore(Option<String>),
}

impl Command {
    /// Returns the text, if it is a command that others can read: such a line must not be lost.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Say(text) | Self::Act(text) | Self::Reply(text) | Self::Tell { text, .. } => {
                Some(text)
            }
            _ => None,
        }
    }

    /// Appends the command as an object; `number` is that of the line, `room` the one in which it
    /// is said.
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

    /// Returns the command for the article's server, which knows two commands besides `exit`.
    pub fn article(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(format!("{name} -n\n")),
            Self::Say(text) => Some(format!("{text} -ta\n")),
            _ => None,
        }
    }
}
