//! Notices: messages of a door or the hub to one client, about nothing that happens in the chat.

use crate::chat::event::Event;
use crate::clock::Shown;
use crate::zone::offset::Offset;

/// A message to be encoded for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// An event of the chat.
    Event(&'a Event<'a>),
    /// A notice to this client alone.
    Notice(&'a Notice<'a>),
}

/// A notice to one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// The prompt again: an empty line was typed.
    Prompt,
    /// There is no such command.
    NoSuch {
        /// The word as typed.
        word: &'a str,
        /// A command with a similar spelling.
        near: Option<&'static str>,
    },
    /// More than one command begins with the word.
    Ambiguous {
        /// The word as typed.
        word: &'a str,
        /// Two of these commands.
        like: [&'static str; 2],
    },
    /// A command was used with wrong arguments.
    Misused {
        /// Its usage.
        usage: &'static str,
    },
    /// The line was too long.
    LineTooLong {
        /// The maximum length.
        bytes_max: usize,
    },
    /// The format of times was changed.
    TimeSet {
        /// The format.
        shown: Shown,
    },
    /// The time zone was changed.
    ZoneSet {
        /// The zone's name as typed, unless it was an offset.
        name: Option<&'a str>,
        /// Its current offset from UTC.
        offset: Offset,
    },
    /// There is no such time zone.
    NoSuchZone {
        /// The name as typed.
        name: &'a str,
    },
    /// The language was changed.
    LangSet {
        /// Its name for `/lang`; this notice is in it, too.
        name: &'static str,
    },
    /// A day has begun since something was last said in the room; its date is shown.
    NewDay,
    /// The charset of the terminal was changed.
    CharsetSet {
        /// Its name.
        name: &'static str,
        /// Whether it was guessed from the input.
        is_guessed: bool,
    },
    /// There is no such charset.
    NoSuchCharset {
        /// The name as typed.
        name: &'a str,
    },
    /// Colours were switched on or off.
    ColorSet {
        /// Whether they are on.
        on: bool,
    },
    /// Editing of the typed line by the server was switched on or off.
    EditSet {
        /// Whether it is on.
        on: bool,
    },
    /// The reader's client does not let the server edit its line.
    EditImpossible,
    /// Lines were skipped because the reader was too slow.
    Skipped {
        /// Their number.
        lines: u32,
    },
    /// The line is no JSON object, or one that is not flat.
    BadJson,
    /// A field is missing, or has a value that the command does not accept.
    BadField {
        /// Its name.
        field: &'static str,
    },
    /// The session id is invalid, or the connection has another session already.
    BadSession,
    /// The first message to a program.
    Hello {
        /// The maximum length of a text.
        line_bytes_max: usize,
        /// What is said here is kept on disk.
        is_kept: bool,
    },
    /// The same client has connected again, and continues there.
    Replaced,
    /// The time to choose a name is over.
    NamingOver,
    /// Too many bytes were received without a line end.
    Unterminated,
    /// The maximum number of connections is reached.
    ServerFull,
    /// The maximum number of connections from that address is reached.
    AddressFull,
    /// A browser has connected.
    NotForBrowsers,
    /// A TLS client has connected.
    NotForTls,
}

impl Notice<'_> {
    /// Whether the connection ends after it.
    pub fn is_last(&self) -> bool {
        matches!(
            self,
            Self::NamingOver
                | Self::Replaced
                | Self::Unterminated
                | Self::ServerFull
                | Self::AddressFull
                | Self::NotForBrowsers
                | Self::NotForTls
        )
    }
}

impl<'a> From<&'a Event<'a>> for Message<'a> {
    fn from(event: &'a Event<'a>) -> Self {
        Self::Event(event)
    }
}

impl<'a> From<&'a Notice<'a>> for Message<'a> {
    fn from(notice: &'a Notice<'a>) -> Self {
        Self::Notice(notice)
    }
}
