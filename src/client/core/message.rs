//! Messages as shown to the user: of other users, and of the system.

use crate::chat::event::{Crowd, Event};
use crate::clock::Stamp;
use crate::door::lang::Lang;
use crate::door::notice::{Message as Encoded, Notice};
use crate::json::Fields;
use crate::zone::{Zone, Zones};

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its time.
    pub at: At,
    /// Its content.
    pub body: Body,
    /// Whether it is from before the user entered, or from a time of absence.
    pub is_earlier: bool,
}

/// The time of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// A point in time, shown in the reader's own time zone.
    Moment(Stamp),
    /// A time on the clock of the article's server: `2026-11-23 09:11:38`.
    Clock(String),
    /// Not known.
    Unknown,
}

/// The content of a message. All text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A user said something to the room.
    Said {
        /// The author.
        name: String,
        /// The text.
        text: String,
    },
    /// A user did something.
    Acted {
        /// The author.
        name: String,
        /// The text.
        text: String,
    },
    /// A private message.
    Whispered {
        /// The author.
        from: String,
        /// The recipient.
        to: String,
        /// The text.
        text: String,
    },
    /// Words of the system, as `system: bob left`.
    System(String),
    /// A line of unknown origin.
    Plain(String),
}

impl At {
    /// Returns date and time, in the reader's own zone; empty if they are not known.
    pub fn text<'a>(&'a self, zones: &'a mut Zones) -> &'a str {
        match self {
            Self::Moment(stamp) => zones.text(Zone::LOCAL, *stamp),
            Self::Clock(text) => text,
            Self::Unknown => "",
        }
    }
}

impl Message {
    /// Creates the message for an `event` with these fields; returns none if it is not shown to
    /// users.
    pub fn of_fields(event: &str, fields: &Fields<'_>, lang: Lang) -> Option<Self> {
        let text = |field: &str| fields.text(field).map(|text| clean(&text)).unwrap_or_default();
        let count = |field: &str| {
            usize::try_from(fields.number(field).unwrap_or_default()).unwrap_or(usize::MAX)
        };
        let topic = Some(text("topic")).filter(|topic| !topic.is_empty());
        let topic = topic.as_deref();
        let (name, room, said) = (text("name"), text("room"), text("text"));
        let has_flag =
            |flag| fields.texts("flags").is_some_and(|mut flags| flags.any(|it| it == flag));
        let names = fields.texts("names").map(|names| names.map(|name| clean(&name).into()));
        let names: Vec<Box<str>> = names.into_iter().flatten().collect();
        let crowd = Crowd { first: &names, count: count("count").max(names.len()) };
        let words = |event: &Event<'_>| words(event.into(), lang);
        let body = match event {
            "said" if has_flag("act") => Body::Acted { name, text: said },
            "said" => Body::Said { name, text: said },
            "whispered" => Body::Whispered { from: name, to: text("to"), text: said },
            "joined" if crowd.count > 0 => words(&Event::ManyJoined(crowd)),
            "joined" => words(&Event::Joined { nick: &name }),
            "left" if crowd.count > 0 => words(&Event::ManyLeft(crowd)),
            "left" => words(&Event::Left { nick: &name }),
            "renamed" => words(&Event::Renamed { old: &name, new: &text("to") }),
            "topic" if name.is_empty() => words(&Event::Topic { room: &room, topic }),
            "topic" => words(&Event::TopicSet { nick: &name, topic }),
            "entered" => words(&Event::Entered { room: &room, count: count("count"), topic }),
            "room" => words(&Event::RoomListed { room: &room, count: count("count"), topic }),
            "skipped" => {
                let lines = u32::try_from(count("count")).unwrap_or(u32::MAX);
                self::words((&Notice::Skipped { lines }).into(), lang)
            }
            "closing" | "error" => Body::of_words(&said, lang),
            _ => return None,
        };
        let at = fields.text("time").and_then(|time| moment(&time)).map_or(At::Unknown, At::Moment);
        Some(Self { at, body, is_earlier: has_flag("earlier") })
    }

    /// Creates a message without a time.
    pub fn now(body: Body) -> Self {
        Self { at: At::Unknown, body, is_earlier: false }
    }

    /// Creates a message of the system for `event`, in an answer to the user.
    pub fn of_event(event: &Event<'_>, lang: Lang) -> Self {
        Self::now(words(event.into(), lang))
    }

    /// Formats the message as one line, like those of the article's server.
    pub fn line(&self, lang: Lang, zones: &mut Zones) -> String {
        let stamp = match self.at.text(zones) {
            "" => String::new(),
            stamp => format!("[{stamp}] "),
        };
        match &self.body {
            Body::Said { name, text } => format!("{stamp}{name}:{text}"),
            Body::Acted { name, text } => format!("{stamp}* {name} {text}"),
            Body::Whispered { from, to, text } => {
                format!("{stamp}{}:{text}", lang.private(from, to))
            }
            Body::System(words) | Body::Plain(words) => format!("{stamp}{words}"),
        }
    }
}

impl Body {
    /// Creates a message of the system with `words`.
    pub fn of_words(words: &str, lang: Lang) -> Self {
        Self::System(match lang {
            Lang::En => format!("system: {words}"),
            Lang::Zh => format!("系统:{words}"),
        })
    }

    /// Returns words of the system without the mark that they are from the system.
    pub fn without_system(words: &str) -> &str {
        let rest = words.strip_prefix("系统:").or_else(|| words.strip_prefix("system:"));
        rest.unwrap_or(words).trim_start()
    }
}

fn words(message: Encoded<'_>, lang: Lang) -> Body {
    let mut words = Vec::new();
    lang.write(message, &mut words).expect("writing to memory does not fail");
    Body::System(String::from_utf8_lossy(&words).into())
}

/// Returns the system's words about a typed line that is invalid, without the mark that they are
/// from the system.
pub fn fault(notice: &Notice<'_>, lang: Lang) -> String {
    match words(notice.into(), lang) {
        Body::System(words) => Body::without_system(&words).into(),
        _ => String::new(),
    }
}

/// Returns `text` without anything that a terminal interprets.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::new();
    crate::text::clean(text.as_bytes(), &mut cleaned);
    cleaned
}

/// Parses `time`, as in RFC 3339 in UTC: `2026-11-24T08:02:03.042Z`.
fn moment(time: &str) -> Option<Stamp> {
    let number = |from: usize, to: usize| {
        let digits = time.get(from..to).filter(|it| it.bytes().all(|c| c.is_ascii_digit()));
        digits?.parse::<u64>().ok()
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1970..).contains(&year) {
        return None;
    }
    // Days since 1 March of the year 0, with the leap day at the end of a year.
    let (from_march, year) = ((month + 9) % 12, year - u64::from(month <= 2));
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (from_march * 306 + 5) / 10 + day;
    let days = days.checked_sub(719_469)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Stamp { unix_ms: seconds * 1_000 + number(20, 23).unwrap_or(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(object: &str, lang: Lang) -> String {
        let fields = crate::json::read(object.as_bytes()).expect("it is an object");
        let event = fields.text("type").expect("it has a type");
        let message = Message::of_fields(&event, &fields, lang);
        let line = message.map(|message| message.line(lang, &mut Zones::new()));
        line.unwrap_or_default()
    }

    #[test]
    fn every_event_is_a_line_in_both_languages() {
        for (object, en, zh) in [
            (r#""said","name":"a","text":"b: c","flags":[]"#, "a:b: c", "a:b: c"),
            (r#""said","name":"a","text":"waves","flags":["act"]"#, "* a waves", "* a waves"),
            (
                r#""whispered","name":"a","to":"b","text":"c""#,
                "a (private to b):c",
                "a（私聊 b）:c",
            ),
            (r#""joined","name":"a""#, "system: a joined", "系统:a加入了聊天"),
            (r#""left","name":"a""#, "system: a left", "系统:用户a退出聊天室!"),
            (r#""joined","names":["a","b"],"count":5"#, "system: 5 joined: a, b and 3 more", ""),
            (r#""left","count":9"#, "system: 9 left", ""),
            (r#""renamed","name":"a","to":"b""#, "system: a is now b", "系统:a 改名为 b"),
            (r#""topic","room":"tea","topic":"x""#, "system: the topic of tea is: x", ""),
            (r#""topic","room":"tea","topic":"x","name":"a""#, "system: a set the topic: x", ""),
            (r#""entered","room":"tea","count":2"#, "system: you are in tea, 2 here", ""),
            (r#""room","room":"tea","count":2,"topic":"x""#, "system: tea (2): x", ""),
            (r#""skipped","count":7"#, "system: … 7 lines skipped", ""),
            (r#""error","code":"x","text":"no""#, "system: no", "系统:no"),
            (r#""closing","code":"x","text":"bye""#, "system: bye", "系统:bye"),
            (r#""pong""#, "", ""),
        ] {
            let object = format!(r#"{{"type":{object}}}"#);
            assert_eq!(shown(&object, Lang::En), en, "{object}");
            assert!(zh.is_empty() || shown(&object, Lang::Zh) == zh, "{object}");
        }
    }

    #[test]
    fn nothing_in_a_text_controls_the_terminal() {
        let object = r#"{"type":"said","name":"a\u001b","text":"b\u001b[2J\nc\u202e"}"#;
        assert_eq!(shown(object, Lang::En), "a:b[2Jc");
    }

    #[test]
    fn a_displayed_time_parses_to_itself() {
        for unix_ms in (0..4_000_000_000_000).step_by(999_999_937) {
            let stamp = Stamp { unix_ms };
            assert_eq!(moment(&stamp.to_string()), Some(stamp), "{stamp}");
        }
        for time in ["", "2026-13-01T00:00:00Z", "2026-1x-01T00:00:00Z", "0000-01-01T00:00:00Z"] {
            assert_eq!(moment(time), None, "{time}");
        }
    }
}
