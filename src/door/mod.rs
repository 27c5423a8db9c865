//! Kinds of client: bytes in to lines, events out to bytes.

pub mod charset;
pub mod classic;
pub mod lang;
pub mod line;
pub mod telnet;

use crate::chat::event::Event;
use crate::clock::Stamp;
use crate::door::classic::Framing;
use crate::door::lang::Lang;
use crate::door::line::Piece;
use crate::door::telnet::view::View;

/// What is spoken at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The article's: for its own client, and for programs.
    Classic,
    /// Telnet: for people at a terminal.
    Telnet,
}

impl Dialect {
    /// As options and the log have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Telnet => "telnet",
        }
    }
}

/// How the lines of a room look to a client; clients that see them alike share a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The article's lines.
    Classic,
    /// Lines for a person at a terminal.
    Telnet(View),
}

impl Wire {
    /// How many there are: each room has one tape for each.
    pub const COUNT: usize = 1 + View::COUNT;

    /// Its number, below [`Wire::COUNT`].
    pub fn index(self) -> usize {
        match self {
            Self::Classic => 0,
            Self::Telnet(view) => 1 + view.index(),
        }
    }

    /// Writes `event` for such a client, which may have no name yet.
    pub fn encode(
        self,
        event: &Event<'_>,
        lang: Lang,
        stamp: &Stamp,
        is_named: bool,
        to: &mut Vec<u8>,
    ) {
        match self {
            Self::Classic => classic::encode(event, lang, stamp, is_named, to),
            Self::Telnet(view) => telnet::encode::encode(event, view, lang, stamp, is_named, to),
        }
    }
}

/// Bytes of one connection to lines.
pub enum Decoder {
    /// At the classic door.
    Classic(classic::Decoder),
    /// At the telnet door.
    Telnet(Box<telnet::decoder::Decoder>),
}

impl Decoder {
    /// For a connection that speaks `dialect`, and is spoken to in `lang`.
    pub fn new(dialect: Dialect, lang: Lang) -> Self {
        match dialect {
            Dialect::Classic => Self::Classic(classic::Decoder::default()),
            Dialect::Telnet => {
                Self::Telnet(Box::new(telnet::decoder::Decoder::new(lang.prompt_for_name())))
            }
        }
    }

    /// How lines look to the client.
    pub fn wire(&self) -> Wire {
        match self {
            Self::Classic(_) => Wire::Classic,
            Self::Telnet(decoder) => Wire::Telnet(decoder.view()),
        }
    }

    /// How the client tells its commands apart.
    pub fn framing(&self) -> Framing {
        match self {
            Self::Classic(decoder) => decoder.framing(),
            Self::Telnet(_) => Framing::Lines,
        }
    }

    /// What only telnet has.
    pub fn telnet(&mut self) -> Option<&mut telnet::decoder::Decoder> {
        match self {
            Self::Classic(_) => None,
            Self::Telnet(decoder) => Some(decoder),
        }
    }

    /// Bytes taken since the last line end.
    pub fn unended_bytes(&self) -> usize {
        match self {
            Self::Classic(decoder) => decoder.unended_bytes(),
            Self::Telnet(decoder) => decoder.unended_bytes(),
        }
    }

    /// Bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        match self {
            Self::Classic(decoder) => decoder.held_bytes(),
            Self::Telnet(decoder) => decoder.held_bytes(),
        }
    }

    /// The next line in `burst`, which is what one read brought, or the rest of it; also says how
    /// much of `burst` was taken, which is all of it if there is no further line.
    pub fn next<'a>(
        &'a mut self,
        burst: &'a [u8],
        now_ms: u64,
        bytes_max: usize,
    ) -> (usize, Option<Piece<'a>>) {
        match self {
            Self::Classic(decoder) => decoder.next(burst, bytes_max),
            Self::Telnet(decoder) => decoder.next(burst, now_ms, bytes_max),
        }
    }

    /// Nothing more is there to be read: what comes next is a burst of its own.
    pub fn end_burst(&mut self) {
        if let Self::Classic(decoder) = self {
            decoder.end_burst();
        }
    }

    /// Frees the line that was handed out last.
    pub fn release(&mut self) {
        match self {
            Self::Classic(decoder) => decoder.release(),
            Self::Telnet(decoder) => decoder.release(),
        }
    }

    /// Gives up what it holds: nothing more is decoded.
    pub fn stop(&mut self) {
        match self {
            Self::Classic(decoder) => decoder.stop(),
            Self::Telnet(decoder) => decoder.stop(),
        }
    }

    /// The line that was not ended when the client stopped sending.
    pub fn finish(&mut self, bytes_max: usize) -> Option<Piece<'_>> {
        match self {
            Self::Classic(decoder) => decoder.finish(),
            Self::Telnet(decoder) => decoder.finish(bytes_max),
        }
    }
}
