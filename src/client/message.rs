//! A line that was heard, taken apart: who said what when, who came and went.

/// A line as the server sent it, in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Local time of the server, `2026-11-23 09:11:38`, or `09:11` from the telnet door, if it
    /// begins with one.
    pub stamp: Option<&'a str>,
    /// What comes behind it.
    pub body: Body<'a>,
}

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Somebody said something to all.
    Said {
        /// Who.
        nick: &'a str,
        /// What.
        text: &'a str,
    },
    /// Somebody did something.
    Acted {
        /// Who.
        nick: &'a str,
        /// What.
        text: &'a str,
    },
    /// Somebody said something to one alone.
    Whispered {
        /// Who.
        from: &'a str,
        /// To whom.
        to: &'a str,
        /// What.
        text: &'a str,
    },
    /// The system's word.
    System(&'a str),
    /// Nothing of these.
    Plain(&'a str),
}

/// Who is here, as far as a line of the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Somebody came.
    Came(&'a str),
    /// Somebody went.
    Went(&'a str),
    /// Somebody has another name.
    Renamed {
        /// The name until now.
        old: &'a str,
        /// The name from now on.
        new: &'a str,
    },
}

/// `[`, the stamp, `] `.
const STAMP_BYTES: usize = 22;

impl<'a> Message<'a> {
    /// The parts of `line`.
    pub fn parse(line: &'a str) -> Self {
        let bytes = line.as_bytes();
        if has_stamp(bytes) {
            let (stamp, body) = line.split_at(STAMP_BYTES);
            return Self { stamp: Some(&stamp[1..STAMP_BYTES - 2]), body: Body::parse(body) };
        }
        if has_shape(bytes, b"[00:00] ") {
            return Self { stamp: Some(&line[1..6]), body: Body::parse(&line[8..]) };
        }
        // The telnet door answers without a stamp.
        let word = system_word(line);
        Self { stamp: None, body: word.map_or(Body::Plain(line), Body::System) }
    }
}

impl<'a> Body<'a> {
    fn parse(body: &'a str) -> Self {
        if let Some(word) = system_word(body) {
            return Self::System(word);
        }
        if let Some((nick, text)) = body.strip_prefix("* ").and_then(|act| act.split_once(' ')) {
            return Self::Acted { nick, text };
        }
        let Some((nick, text)) = body.split_once(':') else { return Self::Plain(body) };
        // The telnet door has a space there. What is said begins with none: servers take it off.
        let text = text.strip_prefix(' ').unwrap_or(text);
        if nick.is_empty() {
            return Self::Plain(body);
        }
        let whisper = nick.split_once(" (").and_then(|(from, to)| {
            let to = to.strip_prefix("private to ").or_else(|| to.strip_prefix("私聊"))?;
            Some((from, to.strip_suffix(')')?))
        });
        match whisper {
            Some((from, to)) => Self::Whispered { from, to, text },
            None if nick.contains(' ') => Self::Plain(body),
            None => Self::Said { nick, text },
        }
    }
}

impl<'a> Change<'a> {
    /// What the system's `word` tells of one person. (Names have no spaces.)
    pub fn parse(word: &'a str) -> Option<Self> {
        let is_name = |name: &str| !name.is_empty() && !name.contains([' ', ':']);
        let one = |name: &'a str| Some(name).filter(|name| is_name(name));
        let two = |(old, new): (&'a str, &'a str)| {
            (is_name(old) && is_name(new)).then_some(Self::Renamed { old, new })
        };
        let came = word.strip_suffix(" joined").or_else(|| word.strip_suffix("加入了聊天"));
        if let Some(name) = came.and_then(one) {
            return Some(Self::Came(name));
        }
        let zh_left = || word.strip_prefix("用户")?.strip_suffix("退出聊天室!");
        if let Some(name) = word.strip_suffix(" left").or_else(zh_left).and_then(one) {
            return Some(Self::Went(name));
        }
        word.split_once(" is now ").or_else(|| word.split_once("改名为")).and_then(two)
    }
}

/// Whether `bytes` begin as every line of the article's server does.
pub fn has_stamp(bytes: &[u8]) -> bool {
    has_shape(bytes, b"[0000-00-00 00:00:00] ")
}

/// Whether `bytes` begin as `shape` does, with any digit for a 0.
fn has_shape(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() >= shape.len()
        && bytes.iter().zip(shape).all(|(&byte, &form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
}

fn system_word(body: &str) -> Option<&str> {
    body.strip_prefix("系统:").or_else(|| body.strip_prefix("system: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_stamp_and_a_body() {
        let stamped = |body: &str| format!("[2026-11-23 09:11:38] {body}");
        for (body, parts) in [
            ("小明:大家好", Body::Said { nick: "小明", text: "大家好" }),
            ("a:b:c d", Body::Said { nick: "a", text: "b:c d" }),
            ("a:", Body::Said { nick: "a", text: "" }),
            ("* a waves: hello", Body::Acted { nick: "a", text: "waves: hello" }),
            ("a (private to b):psst", Body::Whispered { from: "a", to: "b", text: "psst" }),
            ("a (私聊小明):嘘", Body::Whispered { from: "a", to: "小明", text: "嘘" }),
            ("system: a joined", Body::System("a joined")),
            ("系统:a加入了聊天", Body::System("a加入了聊天")),
            ("no name at all: really", Body::Plain("no name at all: really")),
            (":x", Body::Plain(":x")),
            ("", Body::Plain("")),
        ] {
            let line = stamped(body);
            let message = Message { stamp: Some("2026-11-23 09:11:38"), body: parts };
            assert_eq!(Message::parse(&line), message, "{line}");
        }
    }

    #[test]
    fn what_has_no_stamp_is_plain() {
        for line in ["", "OK", "a:b", "[2026-11-23 09:11] a:b", "[二零二六年十一月] a:b"] {
            assert_eq!(Message::parse(line), Message { stamp: None, body: Body::Plain(line) });
        }
    }

    #[test]
    fn the_telnet_door_has_other_stamps_and_a_space() {
        const FULL: Option<&str> = Some("2026-11-23 09:11:38");
        for (line, stamp, body) in [
            ("[09:11] a: b", Some("09:11"), Body::Said { nick: "a", text: "b" }),
            ("[09:11] 小明:  x", Some("09:11"), Body::Said { nick: "小明", text: " x" }),
            ("[2026-11-23 09:11:38] a: b:c", FULL, Body::Said { nick: "a", text: "b:c" }),
            ("[09:11] system: a joined", Some("09:11"), Body::System("a joined")),
            ("system: 2 here:", None, Body::System("2 here:")),
            ("-- the last 2 lines --", None, Body::Plain("-- the last 2 lines --")),
        ] {
            assert_eq!(Message::parse(line), Message { stamp, body });
        }
    }

    #[test]
    fn the_system_tells_who_is_here() {
        for (word, change) in [
            ("a joined", Some(Change::Came("a"))),
            ("小明加入了聊天", Some(Change::Came("小明"))),
            ("a left", Some(Change::Went("a"))),
            ("用户小明退出聊天室!", Some(Change::Went("小明"))),
            ("a is now b", Some(Change::Renamed { old: "a", new: "b" })),
            ("小红改名为小明", Some(Change::Renamed { old: "小红", new: "小明" })),
            ("12 people joined", None),
            (" joined", None),
            ("3 joined: a, b, c", None),
            ("… 37 lines skipped", None),
        ] {
            assert_eq!(Change::parse(word), change, "{word}");
        }
    }
}
