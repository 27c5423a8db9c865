//! Encodes events for a user at a terminal.
//!
//! ```text
//!   CR NUL ESC[K  [09:11] alice: hi  CR LF  "> "
//!   over the old prompt               the next prompt
//! ```
//!
//! The prompt follows each line, and the next line overwrites it: so the lines of a room are the
//! same bytes for everybody, and can be shared, though each leaves a prompt at the bottom.

use std::borrow::Cow;

use crate::chat::event::Event;
use crate::chat::rooms::LOBBY_NAME;
use crate::clock::{Shown, Stamp};
use crate::door::charset::Charset;
use crate::door::iac::IAC;
use crate::door::lang::Lang;
use crate::door::notice::{Message, Notice};
use crate::door::reader::Reader;
use crate::door::telnet::view::{Style, View};
use crate::door::telnet::wrap::write_line;
use crate::zone::Zones;

/// The prompt in the lobby; in another room it follows the room's name.
pub const PROMPT: &str = "> ";

/// Returns the prompt in `room`.
pub fn prompt_in(room: &str) -> Cow<'static, str> {
    if room == LOBBY_NAME { PROMPT.into() } else { format!("{room}{PROMPT}").into() }
}

const BOLD: &[u8] = b"\x1b[1m";
const DIM: &[u8] = b"\x1b[2m";
const NORMAL: &[u8] = b"\x1b[0m";

/// Encodes `message` as `view` specifies, followed by the prompt.
pub fn encode(
    message: Message<'_>,
    view: View,
    stamp: Stamp,
    reader: Reader<'_>,
    zones: &mut Zones,
    to: &mut Vec<u8>,
) {
    let (from, lang) = (to.len(), view.lang);
    to.extend_from_slice(if view.style == Style::Dumb { b"\r\0" } else { b"\r\0\x1b[K" });
    let (has_text, is_last) = match message {
        Message::Event(event) => {
            write_event(event, view, stamp, zones, to);
            let is_last = matches!(event, Event::Goodbye | Event::ShuttingDown);
            (*event != Event::Accepted, is_last)
        }
        Message::Notice(Notice::Prompt) => (false, false),
        Message::Notice(Notice::NewDay) => {
            mark(DIM, view, to);
            write_date(zones.text(view.zone, stamp), to);
            mark(NORMAL, view, to);
            (true, false)
        }
        Message::Notice(notice) => {
            write_text(&lines(message, lang), 0, view, to);
            (true, notice.is_last())
        }
    };
    if has_text {
        to.extend_from_slice(b"\r\n");
    }
    // No prompt follows the last message.
    if !is_last {
        write_prompt(reader, lang, to);
    }
    // In UTF-8 there is nothing to escape: it contains no byte 255, and lone CRs are written with
    // their NUL.
    if view.charset != Charset::Utf8 {
        let lines = to.split_off(from);
        put(std::str::from_utf8(&lines).expect("all of it was text"), view.charset, to);
    }
}

fn write_event(event: &Event<'_>, view: View, stamp: Stamp, zones: &mut Zones, to: &mut Vec<u8>) {
    let lang = view.lang;
    match *event {
        Event::Accepted => {}
        Event::Said { nick, text } => {
            let used = begin(stamp, view, zones, to);
            write_line(&[nick, ": ", text], used, view, to);
        }
        Event::Whispered { from, to: reader, text } => {
            let used = begin(stamp, view, zones, to);
            mark(BOLD, view, to);
            write_line(&[&lang.private(from, reader), ": ", text], used, view, to);
            mark(NORMAL, view, to);
        }
        Event::Earlier { at, after, said, .. } => {
            mark(DIM, view, to);
            let has_dates = view.shown != Shown::Never;
            if after.is_some_and(|after| has_dates && zones.is_new_day(view.zone, [after, at])) {
                write_date(zones.text(view.zone, at), to);
                to.extend_from_slice(b"\r\n");
            }
            let is_past_day = zones.is_new_day(view.zone, [at, stamp]);
            let from = to.len();
            zones.begin_line(view.zone, at, view.shown, is_past_day, to);
            let used = to.len() - from;
            if let Event::Said { nick, text } = *said {
                write_line(&[nick, ": ", text], used, view, to);
            } else {
                write_text(&lines(said.into(), lang), used, view, to);
            }
            mark(NORMAL, view, to);
        }
        Event::Past { .. } | Event::Missed { .. } => {
            mark(DIM, view, to);
            write_text(&lines(event.into(), lang), 0, view, to);
            mark(NORMAL, view, to);
        }
        Event::Welcome { .. } => {
            let greeting =
                lines(event.into(), lang) + &lang.greeting_end(zones.offset(view.zone, stamp));
            write_text(&greeting, 0, view, to);
        }
        Event::Help => write_text(lang.slash_help(), 0, view, to),
        Event::Goodbye => write_text(lang.goodbye(), 0, view, to),
        _ => {
            let used = if happens_now(event) { begin(stamp, view, zones, to) } else { 0 };
            write_text(&lines(event.into(), lang), used, view, to);
        }
    }
}

fn write_prompt(reader: Reader<'_>, lang: Lang, to: &mut Vec<u8>) {
    match reader {
        Reader { has_entered: false, .. } => {
            to.extend_from_slice(lang.prompt_for_name().as_bytes());
        }
        Reader { room: LOBBY_NAME, .. } => to.extend_from_slice(PROMPT.as_bytes()),
        Reader { room, .. } => {
            to.extend_from_slice(room.as_bytes());
            to.extend_from_slice(PROMPT.as_bytes());
        }
    }
}

/// Encodes the program's own output, such as an echo.
pub fn put(text: &str, charset: Charset, to: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    charset.encode(text, &mut bytes);
    for (at, &byte) in bytes.iter().enumerate() {
        to.push(byte);
        match (byte, bytes.get(at + 1)) {
            (IAC, _) => to.push(IAC),
            // RFC 854: a return that is not followed by a line feed is sent as CR NUL.
            (b'\r', next) if !matches!(next, Some(b'\n' | 0)) => to.push(0),
            _ => {}
        }
    }
}

/// Appends the time of an event; returns its columns.
fn begin(stamp: Stamp, view: View, zones: &mut Zones, to: &mut Vec<u8>) -> usize {
    if view.shown == Shown::Never {
        return 0;
    }
    mark(DIM, view, to);
    let from = to.len();
    zones.begin_line(view.zone, stamp, view.shown, false, to);
    let used = to.len() - from;
    mark(NORMAL, view, to);
    used
}

/// Appends the line that marks the beginning of a day; `text` begins with its date.
fn write_date(text: &str, to: &mut Vec<u8>) {
    for word in ["-- ", &text[..10], " --"] {
        to.extend_from_slice(word.as_bytes());
    }
}

fn mark(mark: &[u8], view: View, to: &mut Vec<u8>) {
    if view.style == Style::Color {
        to.extend_from_slice(mark);
    }
}

fn lines(message: Message<'_>, lang: Lang) -> String {
    let mut body = Vec::new();
    lang.write(message, &mut body).expect("writing to memory does not fail");
    String::from_utf8(body).expect("texts are text")
}

/// Appends the lines of `text`; `used` columns of the first row are already used.
fn write_text(text: &str, used: usize, view: View, to: &mut Vec<u8>) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            to.extend_from_slice(b"\r\n");
        }
        write_line(&[line], if number > 0 { 0 } else { used }, view, to);
    }
}

/// Whether the event's time is of interest: it is not an answer.
fn happens_now(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Acted { .. }
            | Event::Joined { .. }
            | Event::Left { .. }
            | Event::ManyJoined(_)
            | Event::ManyLeft(_)
            | Event::Renamed { .. }
            | Event::TopicSet { .. }
            | Event::ShuttingDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { unix_ms: 1_700_000_000_000 };

    fn shown(event: &Event<'_>, view: View) -> String {
        let mut bytes = Vec::new();
        let reader = Reader { has_entered: true, room: LOBBY_NAME, line: None };
        let mut zones = Zones::new();
        encode(event.into(), view, STAMP, reader, &mut zones, &mut bytes);
        let stamp = zones.text(view.zone, STAMP);
        let text = bytes.escape_ascii().to_string();
        text.replace(stamp, "DATE").replace(&stamp[11..16], "TIME")
    }

    #[test]
    fn a_line_takes_the_row_of_the_prompt_and_leaves_another() {
        let said = Event::Said { nick: "alice", text: "hi" };
        let plain = View::default();
        assert_eq!(shown(&said, plain), r"\r\x00\x1b[K[TIME] alice: hi\r\n> ");
        let dumb = View { style: Style::Dumb, shown: Shown::Never, ..plain };
        assert_eq!(shown(&said, dumb), r"\r\x00alice: hi\r\n> ");
        let color = View { style: Style::Color, shown: Shown::Full, ..plain };
        let line = r"\r\x00\x1b[K\x1b[2m[DATE] \x1b[0malice: hi\r\n> ";
        assert_eq!(shown(&said, color), line);
        let line = crate::ids::LineId { epoch: 1, number: 1 };
        let room = LOBBY_NAME;
        let earlier = Event::Earlier { at: STAMP, after: None, room, line, said: &said };
        let line = r"\r\x00\x1b[K\x1b[2m[DATE] alice: hi\x1b[0m\r\n> ";
        assert_eq!(shown(&earlier, color), line);
        let private = Event::Whispered { from: "alice", to: "bob", text: "psst" };
        assert_eq!(shown(&private, dumb), r"\r\x00alice (private to bob): psst\r\n> ");
        assert_eq!(shown(&Event::Accepted, dumb), r"\r\x00> ");
        assert_eq!(shown(&Event::Goodbye, dumb), r"\r\x00goodbye\r\n");
    }

    #[test]
    fn other_charsets_are_escaped_as_telnet_wants_it() {
        let view = View { charset: Charset::Latin1, style: Style::Dumb, ..View::default() };
        let said = Event::Said { nick: "ÿ", text: "é你" };
        assert_eq!(shown(&said, view), r"\r\x00[TIME] \xff\xff: \xe9?\r\n> ");
        let mut bytes = Vec::new();
        put("a\r\u{1b}[Kb\r\nc\r", Charset::Utf8, &mut bytes);
        assert_eq!(bytes, b"a\r\0\x1b[Kb\r\nc\r\0");
    }
}
