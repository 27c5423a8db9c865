//! Programs: what they send, and what they must be sent, derived independently from
//! `docs/protocol.md`.
//!
//! No encoder of the server is used: the output is parsed with `serde_json`, and compared with the
//! objects for each event.

use fastrand::Rng;
use natter::chat::event::{Answer, CloseReason, Crowd, Event, Own};
use natter::clock::Stamp;
use natter::door::notice::{Message, Notice};
use natter::ids::LineId;
use serde_json::{Value, json};

use crate::cast::Role;

/// What one program must be sent.
#[derive(Default)]
pub struct Told {
    /// Bytes of the door to which it connected, before it identified itself.
    pub before: Vec<u8>,
    /// Fields that each object must have, and whether it may be skipped.
    pub objects: Vec<(Value, bool)>,
    /// The list of names that is being sent.
    people: Value,
}

/// Whether a peer of that role may be a program.
pub fn may_be(role: Role) -> bool {
    !matches!(role, Role::Unframed | Role::Noise | Role::Endless | Role::Vanisher)
}

/// Returns the next command of program `number`; what it says is added to `said`.
pub fn line(
    (number, name): (usize, &str),
    is_in_many: bool,
    said: &mut Vec<String>,
    rng: &mut Rng,
) -> Vec<u8> {
    let room = ["tea", "Tea", "coffee", "lobby"][rng.usize(..4)];
    let command = match rng.u8(..20) {
        _ if said.is_empty() => {
            said.push(String::new());
            json!({"do": "name", "name": name})
        }
        0 => json!({"do": "name", "name": format!("{name}.{}", rng.u8(..9))}),
        1 => json!({"do": "tell", "to": format!("peer{}", rng.u8(..9)), "text": "psst"}),
        2 => json!({"do": (["who", "rooms", "ping", "fly"][rng.usize(..4)])}),
        3 => json!({"do": "topic", "text": (["about it", ""][rng.usize(..2)])}),
        4 => json!({"do": "join", "room": room}),
        5 if is_in_many => json!({"do": "enter", "room": room}),
        6 => json!({"do": "leave"}),
        7 => json!({"do": "leave", "room": room}),
        8 => json!({"do": "last", "count": rng.u8(1..60)}),
        9 => json!({"do": "since", "id": "1700000000000-5"}),
        10 => json!({"say": "x"}),
        11 => json!({"do": "ignore", "name": format!("peer{}", rng.u8(..9))}),
        12 => json!({"do": "ignore"}),
        _ => {
            let size = if rng.u8(..8) == 0 { rng.usize(..900) } else { rng.usize(..40) };
            let text = format!("{number}-{}{}", said.len(), "说\"x".repeat(size / 5));
            said.push(text.clone());
            json!({"do": "say", "text": text, "act": rng.bool()})
        }
    };
    format!("{command}\n").into_bytes()
}

impl Told {
    /// Creates the record of a program that was sent `before` first.
    pub fn after(before: Vec<u8>) -> Self {
        Self { before, ..Self::default() }
    }

    /// Notes an event for a room.
    pub fn hear(&mut self, event: &Event<'_>, room: &str, line: Option<LineId>, at: Stamp) {
        let named = |kind: &str, name: &str| json!({"type": kind, "room": room, "name": name});
        let many = |kind: &str, crowd: Crowd<'_>| {
            let first: Vec<&str> = crowd.first.iter().map(|name| &**name).collect();
            json!({"type": kind, "room": room, "names": first, "count": crowd.count})
        };
        let mut object = match *event {
            Event::Said { nick, text } => said(room, line, [nick, text], &[]),
            Event::Acted { nick, text } => said(room, line, [nick, text], &["act"]),
            Event::Joined { nick } => named("joined", nick),
            Event::Left { nick } => named("left", nick),
            Event::ManyJoined(crowd) => many("joined", crowd),
            Event::ManyLeft(crowd) => many("left", crowd),
            Event::Renamed { old, new } => {
                json!({"type": "renamed", "room": room, "name": old, "to": new})
            }
            Event::TopicSet { nick, topic } => with_topic(named("topic", nick), topic),
            _ => return,
        };
        object["time"] = at.to_string().into();
        self.objects.push((object, true));
    }

    /// Notes a message for it alone.
    pub fn hear_alone(&mut self, message: Message<'_>, at: Stamp) {
        let is_whisper = matches!(message, Message::Event(Event::Whispered { .. }));
        if let Some(object) = self.alone(message, at) {
            self.objects.push((object, is_whisper));
        }
    }

    /// Notes that its connection ends.
    pub fn close(&mut self, why: CloseReason) {
        self.objects.push((json!({"type": "closing", "code": why.as_str()}), false));
    }

    fn alone(&mut self, message: Message<'_>, at: Stamp) -> Option<Value> {
        let event = match message {
            Message::Event(event) => event,
            Message::Notice(Notice::Hello { line_bytes_max, .. }) => {
                return Some(json!({"type": "hello", "line_bytes_max": line_bytes_max}));
            }
            Message::Notice(Notice::BadField { .. }) => return error("bad-field"),
            Message::Notice(Notice::BadJson) => return error("bad-json"),
            Message::Notice(Notice::LineTooLong { .. }) => return error("line-too-long"),
            Message::Notice(_) => return None,
        };
        match *event {
            Event::Whispered { from, to, text } => Some(
                json!({"type": "whispered", "time": at.to_string(), "name": from, "to": to, "text": text}),
            ),
            Event::Earlier { at, room, line, said: event, .. } => {
                let mut object = match *event {
                    Event::Acted { nick, text } => {
                        said(room, Some(line), [nick, text], &["act", "earlier"])
                    }
                    Event::Said { nick, text } => {
                        said(room, Some(line), [nick, text], &["earlier"])
                    }
                    _ => panic!("nothing else is kept"),
                };
                object["time"] = at.to_string().into();
                Some(object)
            }
            Event::Entered { room, count, topic } => {
                let object = json!({"type": "entered", "room": room, "count": count});
                Some(with_topic(object, topic))
            }
            Event::RoomListed { room, count, topic } => {
                let object = json!({"type": "room", "room": room, "count": count});
                Some(with_topic(object, topic))
            }
            Event::Present { room, count, online } => {
                let room = room.unwrap_or("lobby");
                self.people =
                    json!({"type": "people", "room": room, "count": count, "online": online});
                None
            }
            Event::Answer(Answer::Ignored { count }) => {
                self.people = json!({"type": "ignored", "count": count});
                None
            }
            Event::Names { line } => {
                let mut object = self.people.clone();
                object["names"] = line.split(", ").collect();
                Some(object)
            }
            Event::Own(Own::Parted { room }) => Some(json!({"type": "parted", "room": room})),
            Event::Own(Own::Renamed { room, old, new }) => {
                Some(json!({"type": "renamed", "room": room, "name": old, "to": new}))
            }
            Event::Topic { .. } | Event::TopicTooLong { .. } => panic!("it does not ask for that"),
            _ => refusal(event),
        }
    }

    /// Returns how many lines it must have been sent, if none was skipped.
    pub fn lines(&self) -> usize {
        // At the telnet door the first object begins with a line end of its own.
        let is_telnet = usize::from(self.before.starts_with(b"\r"));
        let before = self.before.iter().filter(|&&byte| byte == b'\n').count();
        before + is_telnet + self.objects.len()
    }

    /// Compares `received` with it; returns how many objects are missing at the end.
    pub fn check(&self, received: &[u8]) -> Result<usize, String> {
        let common = self.before.len().min(received.len());
        if self.before[..common] != received[..common] {
            return Err("it was greeted in another way".into());
        }
        let mut next = 0;
        for object in objects(&received[common..]) {
            if object["type"] == "skipped" {
                let count = object["count"].as_u64().and_then(|count| usize::try_from(count).ok());
                let end = next + count.ok_or("it tells how many")?;
                let gap = self.objects.get(next..end).ok_or("more is skipped than was said")?;
                if !gap.iter().all(|(_, may_be_skipped)| *may_be_skipped) {
                    return Err("an answer was skipped".into());
                }
                next = end;
                continue;
            }
            let Some((expected, _)) = self.objects.get(next) else {
                return Err(format!("nothing more was told, but {object:?}"));
            };
            let expected = expected.as_object().expect("it is one");
            if expected.iter().any(|(name, value)| object.get(name) != Some(value)) {
                return Err(format!("{object:?} came instead of {expected:?}"));
            }
            next += 1;
        }
        Ok(self.objects.len() - next)
    }

    /// Returns the lines said in `received`, in the article's format.
    pub fn as_classic(&self, received: &[u8], is_chinese: bool) -> Vec<u8> {
        let mut lines = String::new();
        for object in objects(received.get(self.before.len()..).unwrap_or_default()) {
            let text = |field: &str| object[field].as_str().unwrap_or_default();
            let has =
                |flag: &str| object["flags"].as_array().is_some_and(|it| it.contains(&flag.into()));
            let (name, to, words) = (text("name"), text("to"), text("text"));
            let line = match text("type") {
                "said" if has("earlier") => continue,
                "said" if has("act") => format!("* {name} {words}"),
                "said" => format!("{name}:{words}"),
                "whispered" if is_chinese => format!("{name}（私聊 {to}）:{words}"),
                "whispered" => format!("{name} (private to {to}):{words}"),
                "skipped" => "system: lines skipped".into(),
                _ => continue,
            };
            lines += &format!("[2026-11-23 09:11:38] {line}\r\n");
        }
        lines.into_bytes()
    }
}

/// Returns the complete objects in `received`, one per line; at the telnet door the first line is
/// empty.
fn objects(received: &[u8]) -> impl Iterator<Item = Value> {
    let whole = received.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let lines = received[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| {
        let shown = String::from_utf8_lossy(line);
        serde_json::from_slice(line).unwrap_or_else(|fault| panic!("{fault}: {shown}"))
    })
}

fn said(room: &str, line: Option<LineId>, [name, text]: [&str; 2], flags: &[&str]) -> Value {
    let LineId { epoch, number } = line.expect("a line has an id");
    let id = format!("{epoch}-{number}");
    json!({"type": "said", "room": room, "id": id, "name": name, "text": text, "flags": flags})
}

fn with_topic(mut object: Value, topic: Option<&str>) -> Value {
    if let Some(topic) = topic {
        object["topic"] = topic.into();
    }
    object
}

fn refusal(event: &Event<'_>) -> Option<Value> {
    match *event {
        Event::NotUnderstood => error("unknown-command"),
        Event::NameFirst => error("name-first"),
        Event::NameTaken { free } => {
            Some(json!({"type": "error", "code": "name-taken", "free": free}))
        }
        Event::NameRefused { fault, free } => {
            let code = format!("name-{}", fault.as_str());
            Some(json!({"type": "error", "code": code, "free": free}))
        }
        Event::Nobody { .. } => error("nobody"),
        Event::AlreadyThere { .. } => error("already-there"),
        Event::NotInRoom { .. } => error("not-in-room"),
        Event::TooManyRooms { .. } => error("too-many-rooms"),
        Event::Answer(Answer::NoneToReply) => error("no-reply"),
        Event::Answer(Answer::OwnName) => error("own-name"),
        Event::Answer(Answer::IgnoresFull) => error("ignores-full"),
        _ => None,
    }
}

fn error(code: &str) -> Option<Value> {
    Some(json!({"type": "error", "code": code}))
}
