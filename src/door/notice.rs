//! What a door or the hub has to say to one client: nothing of it happens in the chat.

use crate::chat::event::Event;
use crate::clock::Shown;
use crate::zone::offset::Offset;

/// Something that is encoded for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// It happened in the chat.
    Event(&'a Event<'a>),
    /// It concerns this client alone.
    Notice(&'a Notice<'a>),
}

/// What one client is told of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// Nothing but the prompt, again: an empty line was typed.
    Prompt,
    /// No command is called that.
    NoSuch {
        /// As typed.
        word: &'a str,
        /// One that is spelled like it.
        near: Option<&'static str>,
    },
    /// More than one command begins so.
    Ambiguous {
        /// As typed.
        word: &'a str,
        /// Two of those that it may be.
        like: [&'static str; 2],
    },
    /// A command was given something else than it takes.
    Misused {
        /// What it takes.
        usage: &'static str,
    },
    /// The line was longer than is taken.
    LineTooLong {
        /// What is taken.
        bytes_max: usize,
    },
    /// What is shown of the time.
    TimeSet {
        /// So much.
        shown: Shown,
    },
    /// In which time zone times are shown.
    ZoneSet {
        /// What the reader called it, unless that was its offset.
        name: Option<&'a str>,
        /// How far it is from UTC now.
        offset: Offset,
    },
    /// There is no such time zone.
    NoSuchZone {
        /// As typed.
        name: &'a str,
    },
    /// In which language the reader is spoken to.
    LangSet {
        /// What `/lang` calls it; this notice is in it, too.
        name: &'static str,
    },
    /// A day has begun since something was last said in the room; its date is shown.
    NewDay,
    /// How the reader's terminal writes, from here on.
    CharsetSet {
        /// Its name.
        name: &'static str,
        /// It was guessed from what was typed.
        is_guessed: bool,
    },
    /// There is no such character set.
    NoSuchCharset {
        /// As typed.
        name: &'a str,
    },
    /// Whether lines are dimmed or coloured.
    ColorSet {
        /// They are.
        on: bool,
    },
    /// Whether the typed line is edited here.
    EditSet {
        /// It is.
        on: bool,
    },
    /// The reader's client cannot leave its line to be edited here.
    EditImpossible,
    /// Lines that the reader was too slow for.
    Skipped {
        /// How many.
        lines: u32,
    },
    /// What was sent is no JSON object, or one that is not flat.
    BadJson,
    /// A field is missing, or is not what the command takes.
    BadField {
        /// Its name.
        field: &'static str,
    },
    /// That is no id of a session, or the connection has another session already.
    BadSession,
    /// What a program is told first.
    Hello {
        /// The longest text that is taken.
        line_bytes_max: usize,
        /// What is said here is kept on disk.
        is_kept: bool,
    },
    /// The same client has connected once more, and goes on there.
    Replaced,
    /// The time to take a name is over.
    NamingOver,
    /// Too much came without a line end.
    Unterminated,
    /// No more connections are taken.
    ServerFull,
    /// No more connections are taken from that address.
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
