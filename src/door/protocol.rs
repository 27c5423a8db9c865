//! The protocol of a connection: the only place that distinguishes the kinds of doors.

use crate::chat::command::Command;
use crate::chat::event::{CloseReason, Event};
use crate::clock::{Now, Shown, Stamp};
use crate::door::DoorKind;
use crate::door::classic::{self, Framing};
#[cfg(feature = "json")]
use crate::door::json;
use crate::door::lang::Lang;
use crate::door::line::Piece;
use crate::door::notice::{Message, Notice};
use crate::door::telnet::commands::Typed;
use crate::door::telnet::view::View;
use crate::door::telnet::{self, settings};
use crate::text;
use crate::zone::Zones;

pub use crate::door::classic::portion::{CONTINUED, LINE_END, Portion};
pub use crate::door::input::{Input, Outcome};
pub use crate::door::reader::Reader;

/// The protocol of one connection, with its state.
pub enum Protocol {
    /// At the classic door.
    Classic(classic::Decoder),
    /// At the telnet door.
    Telnet(Box<telnet::decoder::Decoder>),
    /// A program, at either door.
    #[cfg(feature = "json")]
    Json(Box<json::decoder::Decoder>),
}

/// How the lines of a room look to a client; clients with equal formats share a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Format(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Classic(Lang),
    Telnet(View),
    #[cfg(feature = "json")]
    Json,
}

/// How lines are delivered to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Everybody with the same format gets the same bytes.
    Shared,
    /// The server edits its typed line: messages are copied, and shown above that line.
    Copied,
    /// It separates messages by reads: it is sent portions, with pauses between.
    Paced,
}

/// What a decoder needs besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The current time.
    pub now: Now,
    /// The maximum length of a line.
    pub line_bytes_max: usize,
}

impl Protocol {
    /// Creates the protocol for a connection at a door of `kind`; messages are in `lang` until the
    /// client chooses another language.
    pub fn new(kind: DoorKind, lang: Lang) -> Self {
        match kind {
            DoorKind::Classic => Self::Classic(classic::Decoder::new(lang)),
            DoorKind::Telnet => Self::Telnet(Box::new(telnet::decoder::Decoder::new(lang))),
        }
    }

    /// Returns the language of messages to the client.
    #[cfg(feature = "json")]
    fn lang(&self) -> Lang {
        match self {
            Self::Classic(decoder) => decoder.lang(),
            Self::Telnet(decoder) => decoder.view().lang,
            Self::Json(decoder) => decoder.lang(),
        }
    }

    /// Returns the format of room lines for the client.
    pub fn format(&self) -> Format {
        Format(match self {
            Self::Classic(decoder) => Kind::Classic(decoder.lang()),
            Self::Telnet(decoder) => Kind::Telnet(decoder.view()),
            #[cfg(feature = "json")]
            Self::Json(_) => Kind::Json,
        })
    }

    /// Returns how lines are delivered to the client.
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Classic(decoder) if decoder.framing() == Framing::Bursts => Delivery::Paced,
            Self::Telnet(decoder) if decoder.is_editing() => Delivery::Copied,
            _ => Delivery::Shared,
        }
    }

    /// Decodes the next request in `burst`, which is one read or the rest of it; returns the number
    /// of bytes consumed as well, which is all of them if there is no further request. The line,
    /// made safe to show, is put into `text`.
    pub fn decode<'t>(
        &mut self,
        burst: &[u8],
        context: &Context,
        zones: &mut Zones,
        text: &'t mut String,
    ) -> (usize, Option<Input<'t>>) {
        let Context { now: Now { mono_ms: now_ms, .. }, line_bytes_max } = *context;
        #[cfg(feature = "json")]
        let is_new = self.is_new();
        let (taken, piece) = match self {
            Self::Classic(decoder) => decoder.next(burst, line_bytes_max),
            Self::Telnet(decoder) => decoder.next(burst, now_ms, line_bytes_max),
            #[cfg(feature = "json")]
            Self::Json(decoder) => return decoder.next(burst, line_bytes_max, text),
        };
        #[cfg(feature = "json")]
        if is_new && matches!(piece, Some(Piece::Line(json::OPENING))) {
            let has_greeted = matches!(self, Self::Telnet(_));
            *self = Self::Json(Box::new(json::decoder::Decoder::new(has_greeted, self.lang())));
            return (taken, Some(Input::Program));
        }
        let line = piece.map(|piece| clean(&piece, text, line_bytes_max));
        (taken, line.map(|line| self.interpret(line, text, context, zones)))
    }

    /// Decodes the last line, which was not terminated when the client stopped sending.
    pub fn finish<'t>(
        &mut self,
        context: &Context,
        zones: &mut Zones,
        text: &'t mut String,
    ) -> Option<Input<'t>> {
        let bytes_max = context.line_bytes_max;
        let piece = match self {
            Self::Classic(decoder) => decoder.finish(),
            Self::Telnet(decoder) => decoder.finish(bytes_max),
            #[cfg(feature = "json")]
            Self::Json(decoder) => return decoder.finish(bytes_max, text),
        };
        let line = clean(&piece?, text, bytes_max);
        Some(self.interpret(line, text, context, zones))
    }

    /// Ends the current burst, because the socket is drained: the next read starts another one.
    pub fn end_burst(&mut self) {
        if let Self::Classic(decoder) = self {
            decoder.end_burst();
        }
    }

    /// Frees the buffer of the line that was decoded last: an idle connection holds no buffer.
    pub fn release(&mut self) {
        match self {
            Self::Classic(decoder) => decoder.release(),
            Self::Telnet(decoder) => decoder.release(),
            #[cfg(feature = "json")]
            Self::Json(_) => {}
        }
    }

    /// Drops buffered input: nothing more is decoded.
    pub fn stop(&mut self) {
        match self {
            Self::Classic(decoder) => decoder.stop(),
            Self::Telnet(decoder) => decoder.stop(),
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.stop(),
        }
    }

    /// Notes that the client has a name, and speaks in `room` from here on.
    pub fn enter(&mut self, room: &str) {
        match self {
            Self::Classic(decoder) => decoder.enter(),
            Self::Telnet(decoder) => decoder.enter(room),
            #[cfg(feature = "json")]
            Self::Json(_) => {}
        }
    }

    /// Returns the reader of messages for this client alone.
    pub fn reader(&self) -> Reader<'_> {
        match self {
            Self::Classic(decoder) => {
                Reader { has_entered: decoder.has_entered(), room: "", line: None }
            }
            Self::Telnet(decoder) => decoder.reader(),
            #[cfg(feature = "json")]
            Self::Json(_) => Reader { has_entered: true, room: "", line: None },
        }
    }

    /// Appends `message` for this client alone.
    pub fn tell(
        &mut self,
        message: Message<'_>,
        stamp: Stamp,
        zones: &mut Zones,
        to: &mut Vec<u8>,
    ) {
        match self {
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.tell(message, stamp, to),
            // The article's client takes what it does not know for something that was said.
            Self::Classic(decoder)
                if decoder.framing() == Framing::Bursts
                    && matches!(message, Message::Event(Event::Kept)) => {}
            _ => self.format().encode(message, stamp, self.reader(), zones, to),
        }
    }

    /// Concludes the answer to the last input, of which everything else has been queued; returns
    /// whether the protocol itself has something to send.
    pub fn conclude(&mut self, outcome: &Outcome<'_>) -> bool {
        match self {
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.conclude(outcome),
            _ => {
                let _ = outcome;
                false
            }
        }
    }

    /// Returns the session that the client has named.
    pub fn session(&self) -> Option<u128> {
        match self {
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.session(),
            _ => None,
        }
    }

    /// Notes the session that the client has named.
    pub fn set_session(&mut self, session: u128) {
        match self {
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.set_session(session),
            _ => {
                let _ = session;
            }
        }
    }

    /// Appends the last message to the client, if the protocol has one: that its connection ends.
    pub fn close(&mut self, why: CloseReason, to: &mut Vec<u8>) {
        match self {
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.close(why, to),
            // They have been sent a text before.
            _ => {
                let _ = (why, to);
            }
        }
    }

    /// Whether the protocol sends anything of its own, or changes its format. If it does not, it need
    /// not be asked after each line.
    pub fn has_own_output(&self) -> bool {
        !matches!(self, Self::Classic(_))
    }

    /// Takes the protocol's own output (negotiation, echo), which belongs behind all that was said
    /// before.
    pub fn take_replies(&mut self) -> Vec<u8> {
        match self {
            Self::Telnet(decoder) => decoder.take_replies(),
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.take_replies(),
            Self::Classic(_) => Vec::new(),
        }
    }

    /// Takes a notice of the door, if there is one.
    pub fn take_notice(&mut self) -> Option<Notice<'static>> {
        match self {
            Self::Telnet(decoder) => decoder.take_notice(),
            _ => None,
        }
    }

    /// Returns what hides the half-typed line, so that something else can be shown.
    pub fn hide_input(&mut self) -> Vec<u8> {
        match self {
            Self::Telnet(decoder) => decoder.hide_input(),
            _ => Vec::new(),
        }
    }

    /// Returns what shows the half-typed line again, or updates it, as far as the redraw budget
    /// allows.
    pub fn redraw_input(&mut self, now_ms: u64) -> Vec<u8> {
        match self {
            Self::Telnet(decoder) => decoder.draw(now_ms),
            _ => Vec::new(),
        }
    }

    /// Returns when a redraw is due that exceeded the budget, if there is one.
    pub fn redraw_due_ms(&self) -> Option<u64> {
        match self {
            Self::Telnet(decoder) => decoder.redraw_due_ms(),
            _ => None,
        }
    }

    /// Returns the beginning of the name to complete.
    pub fn word(&self) -> &str {
        match self {
            Self::Telnet(decoder) => decoder.word(),
            _ => "",
        }
    }

    /// Completes the name from `names`.
    pub fn complete(&mut self, names: &[&str]) {
        if let Self::Telnet(decoder) = self {
            decoder.complete(names);
        }
    }

    /// Returns when [`Protocol::tick`] is due: for the keep-alive or a redraw, whichever is
    /// earlier.
    pub fn deadline_ms(&self) -> Option<u64> {
        match self {
            Self::Telnet(decoder) => decoder.deadline_ms(),
            _ => None,
        }
    }

    /// Returns what is to be sent because time has passed, if everything else has been sent
    /// (`is_idle`). If not, call [`Protocol::redraw_input`] when it has.
    pub fn tick(&mut self, now_ms: u64, is_idle: bool) -> Vec<u8> {
        match self {
            Self::Telnet(decoder) => decoder.tick(now_ms, is_idle),
            _ => Vec::new(),
        }
    }

    /// Returns the first portion of `pending`, which is not empty, for a [`Delivery::Paced`]
    /// client.
    pub fn portion(&self, pending: &[u8]) -> Portion {
        Portion::first_of(pending, self.reader().has_entered)
    }

    /// Returns the number of bytes since the last line end.
    pub fn unterminated_bytes(&self) -> usize {
        match self {
            Self::Classic(decoder) => decoder.unterminated_bytes(),
            Self::Telnet(decoder) => decoder.unterminated_bytes(),
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.unterminated_bytes(),
        }
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        match self {
            Self::Classic(decoder) => decoder.held_bytes(),
            Self::Telnet(decoder) => decoder.held_bytes(),
            #[cfg(feature = "json")]
            Self::Json(decoder) => decoder.held_bytes(),
        }
    }

    /// Whether the next line is the client's first.
    #[cfg(feature = "json")]
    fn is_new(&self) -> bool {
        match self {
            Self::Classic(decoder) => decoder.is_new(),
            Self::Telnet(decoder) => decoder.is_new(),
            Self::Json(_) => false,
        }
    }

    /// Interprets a piece of input, whose line is `text`.
    fn interpret<'t>(
        &mut self,
        line: Cleaned,
        text: &'t str,
        context: &Context,
        zones: &mut Zones,
    ) -> Input<'t> {
        let Context { now, line_bytes_max: bytes_max } = *context;
        match (line, self) {
            (Cleaned::TooLong, _) => Input::Notice(Notice::LineTooLong { bytes_max }),
            (Cleaned::Stray(notice), _) => Input::Reject(notice),
            (Cleaned::Complete, _) => Input::Complete,
            // An empty line, or a line end that arrived late.
            (Cleaned::Line, Self::Classic(_)) if text.trim().is_empty() => Input::Nothing,
            (Cleaned::Line, Self::Telnet(_)) if text.trim().is_empty() => {
                Input::Notice(Notice::Prompt)
            }
            (Cleaned::Line, Self::Classic(_)) => Input::Command(Command::parse(text)),
            #[cfg(feature = "json")]
            (Cleaned::Line, Self::Json(_)) => unreachable!("its decoder parses its lines itself"),
            (Cleaned::Line, Self::Telnet(decoder)) => {
                match telnet::commands::parse(text, decoder.reader().has_entered) {
                    Typed::Chat(command) => Input::Command(command),
                    Typed::Set(setting) => {
                        Input::Notice(settings::apply(decoder, setting, zones, now.stamp))
                    }
                    Typed::Fault(notice) => Input::Notice(notice),
                }
            }
        }
    }
}

impl Format {
    /// Returns the format of a new connection at a door of `kind`, on a server whose language is
    /// `lang`.
    pub fn initial(kind: DoorKind, lang: Lang) -> Self {
        Protocol::new(kind, lang).format()
    }

    /// Whether such a client is shown the date with the first message of a day
    /// ([`Notice::NewDay`]), and this is one if something was last said at `before`.
    pub fn marks_new_day(self, [before, now]: [Stamp; 2], zones: &mut Zones) -> bool {
        match self.0 {
            Kind::Classic(_) => false,
            Kind::Telnet(view) => {
                view.shown != Shown::Never && zones.is_new_day(view.zone, [before, now])
            }
            // Every object contains the full time.
            #[cfg(feature = "json")]
            Kind::Json => false,
        }
    }

    /// Appends `message` as one record for such a client.
    pub fn encode<'a>(
        self,
        message: impl Into<Message<'a>>,
        stamp: Stamp,
        reader: Reader<'_>,
        zones: &mut Zones,
        to: &mut Vec<u8>,
    ) {
        match self.0 {
            Kind::Classic(lang) => {
                classic::encode(message.into(), lang, stamp, reader.has_entered, zones, to);
            }
            Kind::Telnet(view) => {
                telnet::encode::encode(message.into(), view, stamp, reader, zones, to);
            }
            #[cfg(feature = "json")]
            Kind::Json => match message.into() {
                Message::Event(event) => json::encode::shared(event, reader, stamp, to),
                // Notices to a program are encoded by `Protocol::tell`.
                Message::Notice(_) => {}
            },
        }
    }

    /// Returns how a telnet user sees lines; none for other clients.
    pub fn view(self) -> Option<View> {
        match self.0 {
            Kind::Telnet(view) => Some(view),
            _ => None,
        }
    }
}

impl From<View> for Format {
    fn from(view: View) -> Self {
        Self(Kind::Telnet(view))
    }
}

/// A piece of input whose line is stored elsewhere.
enum Cleaned {
    Line,
    TooLong,
    Stray(Notice<'static>),
    Complete,
}

/// Puts the line of `piece` into `text`, safe to show.
fn clean(piece: &Piece<'_>, text: &mut String, bytes_max: usize) -> Cleaned {
    text.clear();
    match *piece {
        Piece::Line(line) => {
            text::clean(line, text);
            if text.len() <= bytes_max { Cleaned::Line } else { Cleaned::TooLong }
        }
        Piece::TooLong => Cleaned::TooLong,
        Piece::Stray(notice) => Cleaned::Stray(notice),
        Piece::Complete => Cleaned::Complete,
    }
}
