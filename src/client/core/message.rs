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
    /// Many came in a short time: the first of their names, with `, ` between them.
    ManyCame(&'a str),
    /// Many went in a short time: the same.
    ManyWent(&'a str),
}

/// What a line of the system tells the reader of rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomWord<'a> {
    /// The reader is in that room now.
    Entered(&'a str),
    /// The reader asked for the room that they are in.
    AlreadyThere(&'a str),
    /// The room that was asked for cannot be had.
    Refused,
    /// What was asked for is not understood: to a request for a room, it is the answer of a server
    /// without rooms.
    NoRooms,
    /// The names of those in the room follow.
    Present,
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
    /// What the system's `word` tells of people. (Names have no spaces.)
    pub fn parse(word: &'a str) -> Option<Self> {
        if let Some(crowd) = Self::parse_crowd(word) {
            return Some(crowd);
        }
        // A crowd of which nobody is named is told of as `12 joined`, like somebody called 12.
        let one = |name: &'a str| {
            let is_crowd = is_count(name.strip_suffix('人').unwrap_or(name));
            Some(name).filter(|name| is_name(name) && !is_crowd)
        };
        let two = |(old, new): (&'a str, &'a str)| {
            (is_name(old) && is_name(new)).then_some(Self::Renamed { old, new })
        };
        let came = word.strip_suffix(" joined").or_else(|| word.strip_suffix("加入了聊天"));
        if let Some(name) = came.and_then(one) {
            return Some(Self::Came(name));
        }
        let zh_left = word.strip_prefix("用户").and_then(|rest| rest.strip_suffix("退出聊天室!"));
        let left = word.strip_suffix(" left").and_then(one);
        if let Some(name) = zh_left.filter(|name| is_name(name)).or(left) {
            return Some(Self::Went(name));
        }
        word.split_once(" is now ").or_else(|| word.split_once("改名为")).and_then(two)
    }

    /// `3 joined: a, b and 1 more`, `3人加入了聊天: a, b等,另有1人`.
    fn parse_crowd(word: &'a str) -> Option<Self> {
        let (head, names) = word.split_once(": ")?;
        let en_rest = || names.rsplit_once(" and ").filter(|(_, rest)| rest.ends_with(" more"));
        let (names, _) = en_rest().or_else(|| names.rsplit_once("等,另有")).unwrap_or((names, ""));
        if !names.split(", ").all(is_name) {
            return None;
        }
        let counts = |ends: [&str; 2]| {
            let count = ends.iter().find_map(|end| head.strip_suffix(end));
            count.is_some_and(is_count)
        };
        let came = counts([" joined", "人加入了聊天"]).then_some(Self::ManyCame(names));
        came.or_else(|| counts([" left", "人退出聊天室"]).then_some(Self::ManyWent(names)))
    }
}

impl<'a> RoomWord<'a> {
    /// What the system's `word` tells of rooms. (Their names have no spaces.)
    pub fn parse(word: &'a str) -> Option<Self> {
        let behind = |text| word.strip_prefix(text);
        let ended = |rest: &'a str, end| rest.strip_suffix(end).filter(|room| is_name(room));
        let followed = |rest: &'a str, mark| rest.split_once(mark).map(|(room, _)| room);
        if let Some(rest) = behind("you are in ") {
            let already = ended(rest, " already").map(Self::AlreadyThere);
            let entered = || followed(rest, ", ").filter(|room| is_name(room)).map(Self::Entered);
            return already.or_else(entered);
        }
        if let Some(rest) = behind("您已进入房间 ") {
            return followed(rest, "，").filter(|room| is_name(room)).map(Self::Entered);
        }
        if let Some(rest) = behind("您已经在房间 ") {
            return ended(rest, " 中").map(Self::AlreadyThere);
        }
        let starts = |texts: [&str; 4]| texts.iter().any(|text| word.starts_with(text));
        if starts([
            "not a name for a room: ",
            "不能使用这个房间名：",
            "no more than ",
            "最多只能有 ",
        ]) {
            return Some(Self::Refused);
        }
        if starts(["not understood, ", "无法识别您的指令", "no command is called /", "没有命令/"])
        {
            return Some(Self::NoRooms);
        }
        (heads_names_en(word) || heads_names_zh(word)).then_some(Self::Present)
    }
}

/// A line of the server's without its stamp and without who says it.
pub fn word_of(line: &str) -> &str {
    match Message::parse(line).body {
        Body::System(word) | Body::Plain(word) => word,
        _ => line,
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains([' ', ':', ',', '，'])
}

fn is_count(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `word` is `3 here in tea, 5 online in all rooms:`, without what is in the lobby or what
/// is the same number.
fn heads_names_en(word: &str) -> bool {
    let Some(word) = word.strip_suffix(':') else { return false };
    let Some((count, rest)) = word.split_once(" here") else { return false };
    let (room, online) = rest.split_once(", ").unwrap_or((rest, "0 online in all rooms"));
    let is_room = room.is_empty() || room.strip_prefix(" in ").is_some_and(is_name);
    is_count(count) && is_room && online.strip_suffix(" online in all rooms").is_some_and(is_count)
}

/// Whether `word` is `在线3人:` or `房间 tea 有 3 人，共 5 人在线：`.
fn heads_names_zh(word: &str) -> bool {
    let counts = || word.strip_prefix("在线")?.strip_suffix("人:");
    let with_room = || {
        let (room, rest) = word.strip_prefix("房间 ")?.split_once(" 有 ")?;
        let (count, online) = rest.strip_suffix(" 人在线：")?.split_once(" 人，共 ")?;
        Some(is_name(room) && is_count(count) && is_count(online))
    };
    counts().is_some_and(is_count) || with_room().unwrap_or(false)
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
            ("12 joined", None),
            ("12人加入了聊天", None),
            ("12 left", None),
            ("用户12退出聊天室!", Some(Change::Went("12"))),
            (" joined", None),
            ("3 joined: a, b, c", Some(Change::ManyCame("a, b, c"))),
            ("9 left: a, b and 7 more", Some(Change::ManyWent("a, b"))),
            ("9人加入了聊天: 小明, 王等等,另有7人", Some(Change::ManyCame("小明, 王等"))),
            ("2人退出聊天室: a, b", Some(Change::ManyWent("a, b"))),
            ("tea left: a, b", None),
            ("… 37 lines skipped", None),
            ("bob set the topic: carol left", None),
            ("bob 设置了话题：小明加入了聊天", None),
        ] {
            assert_eq!(Change::parse(word), change, "{word}");
        }
    }

    #[test]
    fn the_system_tells_of_rooms() {
        for (word, told) in [
            ("you are in tea, alone so far", Some(RoomWord::Entered("tea"))),
            ("you are in tea, 3 here: all of it already", Some(RoomWord::Entered("tea"))),
            ("您已进入房间 茶，共 3 人。话题：茶，水", Some(RoomWord::Entered("茶"))),
            ("you are in tea already", Some(RoomWord::AlreadyThere("tea"))),
            ("您已经在房间 茶 中", Some(RoomWord::AlreadyThere("茶"))),
            ("you are in two minds, 3 here", None),
            ("不能使用这个房间名：此名被保留", Some(RoomWord::Refused)),
            ("no more than 9 rooms can be open; join one of them: rooms", Some(RoomWord::Refused)),
            ("无法识别您的指令,请重新输入!", Some(RoomWord::NoRooms)),
            ("no command is called /join; /help lists them", Some(RoomWord::NoRooms)),
            ("3 here:", Some(RoomWord::Present)),
            ("3 here in tea:", Some(RoomWord::Present)),
            ("3 here, 5 online in all rooms:", Some(RoomWord::Present)),
            ("3 here in tea, 5 online in all rooms:", Some(RoomWord::Present)),
            ("在线3人:", Some(RoomWord::Present)),
            ("房间 茶 有 3 人，共 5 人在线：", Some(RoomWord::Present)),
            ("bob set the topic: 3 here:", None),
            ("bob 设置了话题：在线3人:", None),
        ] {
            assert_eq!(RoomWord::parse(word), told, "{word}");
        }
    }
}
