//! Encodes events for programs.

use crate::chat::event::{Answer, CloseReason, Crowd, Event, NickFault, Own};
use crate::chat::rooms::LOBBY_NAME;
use crate::clock::Stamp;
use crate::door::lang::Lang;
use crate::door::notice::{Message, Notice};
use crate::door::reader::Reader;
use crate::ids::LineId;
use crate::json::Object;
use crate::limits::NICK_BYTES_MAX;

/// The version of the protocol.
const PROTOCOL: u64 = 1;

/// Appends an event for a room: nothing, if programs learn it in another way.
pub fn shared(event: &Event<'_>, reader: Reader<'_>, stamp: Stamp, to: &mut Vec<u8>) {
    let Reader { room, line, .. } = reader;
    match *event {
        Event::Said { nick, text } => said(room, line, stamp, [nick, text], &[], to),
        Event::Acted { nick, text } => said(room, line, stamp, [nick, text], &["act"], to),
        Event::Joined { nick } => happened("joined", room, stamp, to).text("name", nick).end(),
        Event::Left { nick } => happened("left", room, stamp, to).text("name", nick).end(),
        Event::ManyJoined(crowd) => many("joined", room, stamp, crowd, to),
        Event::ManyLeft(crowd) => many("left", room, stamp, crowd, to),
        Event::Renamed { old, new } => renamed(room, stamp, [old, new], to),
        Event::TopicSet { nick, topic } => {
            let mut object = happened("topic", room, stamp, to);
            write_topic(topic, &mut object);
            object.text("name", nick).end();
        }
        _ => {}
    }
}

/// Appends a message for one program, except refusals and what needs the state of its connection.
pub fn private(message: Message<'_>, stamp: Stamp, to: &mut Vec<u8>) {
    match message {
        Message::Notice(&Notice::Skipped { lines }) => {
            begin("skipped", to).number("count", lines.into()).end();
        }
        Message::Notice(_) => {}
        Message::Event(event) => match *event {
            Event::Whispered { from, to: reader, text } => {
                let mut object = begin("whispered", to);
                write_time(stamp, &mut object);
                object.text("name", from).text("to", reader).text("text", text);
                object.texts("flags", []).end();
            }
            Event::Earlier { at, room, line, said: event, .. } => {
                let (words, flags) = match *event {
                    Event::Said { nick, text } => ([nick, text], &["earlier"][..]),
                    Event::Acted { nick, text } => ([nick, text], &["act", "earlier"][..]),
                    _ => return,
                };
                said(room, Some(line), at, words, flags, to);
            }
            Event::Entered { room, count, topic } => listed("entered", room, count, topic, to),
            Event::RoomListed { room, count, topic } => listed("room", room, count, topic, to),
            Event::Topic { room, topic } => {
                let mut object = happened("topic", room, stamp, to);
                write_topic(topic, &mut object);
                object.end();
            }
            Event::Own(Own::Renamed { room, old, new }) => renamed(room, stamp, [old, new], to),
            Event::Own(Own::Parted { room }) => begin("parted", to).text("room", room).end(),
            _ => {}
        },
    }
}

/// Appends the first object that a program is sent.
pub fn hello(line_bytes_max: usize, is_kept: bool, stamp: Stamp, to: &mut Vec<u8>) {
    let mut object = begin("hello", to);
    object.text("server", "natter").text("version", env!("CARGO_PKG_VERSION"));
    object.number("protocol", PROTOCOL);
    write_time(stamp, &mut object);
    object.number("line_bytes_max", line_bytes_max as u64);
    object.number("name_bytes_max", NICK_BYTES_MAX as u64).text("lobby", LOBBY_NAME);
    if is_kept {
        object.flag("kept", true);
    }
    object.end();
}

/// Appends the message that the connection ends.
pub fn closing(why: CloseReason, lang: Lang, to: &mut Vec<u8>) {
    let text = match why {
        CloseReason::Exit => lang.goodbye().to_string(),
        CloseReason::ShuttingDown => words((&Event::ShuttingDown).into(), lang),
        CloseReason::Replaced => words((&Notice::Replaced).into(), lang),
        CloseReason::Nameless => words((&Notice::NamingOver).into(), lang),
        CloseReason::Unterminated => words((&Notice::Unterminated).into(), lang),
        _ => String::new(),
    };
    begin("closing", to).text("code", why.as_str()).text("text", &text).end();
}

/// The list of names that is being sent.
#[derive(Default)]
pub struct People {
    /// Whether it is the list of ignored users, not of those in a room.
    is_ignored: bool,
    room: Option<Box<str>>,
    count: usize,
    online: usize,
}

impl People {
    /// Starts a list of `count` users in `room` (none for the lobby), of all who are `online`.
    pub fn new(room: Option<&str>, count: usize, online: usize) -> Self {
        Self { is_ignored: false, room: room.map(Into::into), count, online }
    }

    /// Starts a list of `count` ignored users.
    pub fn ignored(count: usize) -> Self {
        Self { is_ignored: true, count, ..Self::default() }
    }

    /// Appends some of the names, given in `line` separated by commas.
    pub fn write(&self, line: &str, to: &mut Vec<u8>) {
        let mut object = begin(if self.is_ignored { "ignored" } else { "people" }, to);
        if !self.is_ignored {
            object.text("room", self.room.as_deref().unwrap_or(LOBBY_NAME));
        }
        object.number("count", self.count as u64);
        if !self.is_ignored {
            object.number("online", self.online as u64);
        }
        object.texts("names", line.split(", ")).end();
    }
}

/// The reason why a command is not carried out.
pub struct Refusal<'a> {
    code: &'static str,
    free: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    /// Returns the refusal that `message` expresses, if it is one.
    pub fn of(message: Message<'a>) -> Option<Self> {
        let mut free_name = None;
        let code = match message {
            Message::Notice(notice) => match notice {
                Notice::BadJson => "bad-json",
                Notice::BadField { .. } => "bad-field",
                Notice::BadSession => "bad-session",
                Notice::LineTooLong { .. } => "line-too-long",
                _ => return None,
            },
            Message::Event(event) => match *event {
                Event::NotUnderstood => "unknown-command",
                Event::NameFirst => "name-first",
                Event::NameTaken { free } => {
                    free_name = Some(free);
                    "name-taken"
                }
                Event::NameRefused { fault, free } => {
                    free_name = Some(free);
                    name_code(fault)
                }
                Event::Nobody { .. } => "nobody",
                Event::Answer(Answer::NoneToReply) => "no-reply",
                Event::Answer(Answer::OwnName) => "own-name",
                Event::Answer(Answer::IgnoresFull) => "ignores-full",
                Event::AlreadyThere { .. } => "already-there",
                Event::RoomRefused { .. } => "room-refused",
                Event::TooManyRooms { .. } => "too-many-rooms",
                Event::NotInRoom { .. } => "not-in-room",
                Event::TopicTooLong { .. } => "topic-too-long",
                _ => return None,
            },
        };
        Some(Self { code, free: free_name })
    }

    /// Appends the refusal; `message` is its source, and `tag` that of the command.
    pub fn write(self, tag: Option<&str>, message: Message<'_>, lang: Lang, to: &mut Vec<u8>) {
        let mut object = begin("error", to);
        if let Some(tag) = tag {
            object.text("tag", tag);
        }
        object.text("code", self.code).text("text", &words(message, lang));
        if let Some(free) = self.free {
            object.text("free", free);
        }
        object.end();
    }
}

fn name_code(fault: NickFault) -> &'static str {
    match fault {
        NickFault::TooLong => "name-too-long",
        NickFault::Characters => "name-characters",
        NickFault::Start => "name-start",
        NickFault::Marks => "name-marks",
        NickFault::MixedScripts => "name-mixed-scripts",
        NickFault::Reserved => "name-reserved",
    }
}

/// Returns the text for a person, without the mark that it is from the system.
fn words(message: Message<'_>, lang: Lang) -> String {
    let mut words = Vec::new();
    lang.write(message, &mut words).expect("writing to memory does not fail");
    let words = String::from_utf8_lossy(&words);
    let text = words.strip_prefix("system: ").or_else(|| words.strip_prefix("系统:"));
    text.unwrap_or(&words).to_string()
}

fn begin<'o>(kind: &str, to: &'o mut Vec<u8>) -> Object<'o> {
    let mut object = Object::new(to);
    object.text("type", kind);
    object
}

fn happened<'o>(kind: &str, room: &str, stamp: Stamp, to: &'o mut Vec<u8>) -> Object<'o> {
    let mut object = begin(kind, to);
    object.text("room", room);
    write_time(stamp, &mut object);
    object
}

fn said(
    room: &str,
    line: Option<LineId>,
    stamp: Stamp,
    [nick, text]: [&str; 2],
    flags: &[&str],
    to: &mut Vec<u8>,
) {
    let LineId { epoch, number } = line.expect("a line in a room has an id");
    let mut object = begin("said", to);
    object.text("room", room).pair("id", [epoch, number]);
    write_time(stamp, &mut object);
    object.text("name", nick).text("text", text).texts("flags", flags.iter().copied()).end();
}

fn many(kind: &str, room: &str, stamp: Stamp, crowd: Crowd<'_>, to: &mut Vec<u8>) {
    let mut object = happened(kind, room, stamp, to);
    object.texts("names", crowd.first.iter().map(|name| &**name));
    object.number("count", crowd.count as u64).end();
}

fn renamed(room: &str, stamp: Stamp, [old, new]: [&str; 2], to: &mut Vec<u8>) {
    happened("renamed", room, stamp, to).text("name", old).text("to", new).end();
}

fn listed(kind: &str, room: &str, count: usize, topic: Option<&str>, to: &mut Vec<u8>) {
    let mut object = begin(kind, to);
    object.text("room", room).number("count", count as u64);
    write_topic(topic, &mut object);
    object.end();
}

fn write_topic(topic: Option<&str>, object: &mut Object<'_>) {
    if let Some(topic) = topic {
        object.text("topic", topic);
    }
}

fn write_time(stamp: Stamp, object: &mut Object<'_>) {
    let time = stamp.rfc3339();
    object.text("time", std::str::from_utf8(&time).expect("digits are ASCII"));
}
