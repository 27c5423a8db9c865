//! The typography of the Chinese texts: full-width punctuation, a space beside Latin text.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use natter::chat::event::{Answer, Crowd, Event, NickFault, Own};
use natter::clock::{Shown, Stamp};
use natter::config::{arguments, options};
use natter::door::DoorKind;
use natter::door::lang::Lang;
use natter::door::notice::{Message, Notice};
use natter::ids::LineId;
use natter::zone::offset::Offset;

/// The beginning of the system's messages, in the article and therefore here.
const SYSTEM: &str = "系统:";

/// Texts with other typography: the article's lines, and the form `NAME:TEXT` of what people say.
/// `x` stands for what is filled in.
const OF_THE_ARTICLE: [&str; 7] = [
    "x加入了聊天",
    "用户x退出聊天室!",
    "无法识别您的指令,请重新输入!",
    "x（私聊 x）:x",
    // What the client recognises in the article's lines.
    "系统",
    "用户",
    "退出聊天室!",
];

/// Source files whose Chinese is not shown to anybody: lists of reserved words.
const NOT_SHOWN: [&str; 1] = ["chat/reserved.rs"];

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn is_full_width_mark(c: char) -> bool {
    ('\u{3001}'..='\u{303f}').contains(&c) || ('\u{ff01}'..='\u{ffef}').contains(&c)
}

/// Returns the error in a line of Chinese, if there is one.
fn fault(line: &str) -> Option<String> {
    let line = line.strip_prefix(SYSTEM).unwrap_or(line);
    if OF_THE_ARTICLE.contains(&line) {
        return None;
    }
    let chars: Vec<char> = line.chars().collect();
    for (at, pair) in chars.windows(2).enumerate() {
        let is_crowded = |one: char, other: char| is_han(one) && other.is_ascii_graphic();
        if is_crowded(pair[0], pair[1]) || is_crowded(pair[1], pair[0]) {
            return Some(format!("no space in {pair:?}, character {at} of {line:?}"));
        }
        let is_loose = |one: char, other: char| is_full_width_mark(one) && other == ' ';
        if is_loose(pair[0], pair[1]) || is_loose(pair[1], pair[0]) {
            return Some(format!("a space beside a full-width mark in {line:?}"));
        }
    }
    let is_chinese = |c: &&char| is_han(**c) || is_full_width_mark(**c);
    for (at, c) in chars.iter().enumerate().filter(|(_, c)| ",;:!?().".contains(**c)) {
        let before = chars[..at].iter().rev().find(|c| **c != ' ').filter(is_chinese);
        let after = chars[at + 1..].iter().find(|c| **c != ' ').filter(is_chinese);
        if before.or(after).is_some() {
            return Some(format!("a half-width {c:?} beside Chinese in {line:?}"));
        }
    }
    None
}

fn check(text: &str) {
    for line in text.lines() {
        assert_eq!(fault(line), None);
    }
}

/// Checks the Chinese text of `message`.
fn check_message<'a>(message: impl Into<Message<'a>>) {
    let mut text = Vec::new();
    Lang::Zh.write(message, &mut text).expect("writing to memory does not fail");
    check(&String::from_utf8(text).expect("it is text"));
}

#[test]
fn the_rules_find_what_they_should() {
    for bad in [
        "没有命令/x",
        "最近3行",
        "再见!",
        "系统:用法: x",
        "做动作,例如",
        "程序: x, 然后",
        "a (私聊b)",
        "请稍后 。",
        "a，b: 说",
        "x改名为x",
    ] {
        assert!(fault(bad).is_some(), "{bad}");
    }
    for good in [
        "系统:没有 /x 这个命令",
        "最近 3 行",
        "再见！",
        "（见 a、b）",
        "时区：+8、-3:30",
        "系统:x加入了聊天",
        "系统:x（私聊 x）:x",
        "y, z",
    ] {
        assert_eq!(fault(good), None);
    }
}

/// Does not compile for a new variant until it is named here: then add it to [`events`], too.
fn every_event_is_below(event: &Event<'_>) {
    use Event::*;
    match event {
        Accepted
        | Kept
        | Goodbye
        | Joined { .. }
        | Left { .. }
        | ManyJoined(_)
        | ManyLeft(_)
        | Renamed { .. }
        | Said { .. }
        | Acted { .. }
        | Whispered { .. }
        | NotUnderstood
        | NameFirst
        | NameTaken { .. }
        | NameRefused { .. }
        | Nobody { .. }
        | Present { .. }
        | Names { .. }
        | Help
        | Welcome { .. }
        | Entered { .. }
        | AlreadyThere { .. }
        | RoomRefused { .. }
        | TooManyRooms { .. }
        | Rooms { .. }
        | RoomListed { .. }
        | Topic { .. }
        | TopicSet { .. }
        | TopicTooLong { .. }
        | Past { .. }
        | Missed { .. }
        | Earlier { .. }
        | Since { .. }
        | NotInRoom { .. }
        | Own(_)
        | Answer(_)
        | ShuttingDown => {}
    }
}
/// Returns one of each event, more if the text depends on what is filled in.
fn events() -> Vec<Event<'static>> {
    let (nick, room, text) = ("x", "x", "x");
    let none = Crowd { first: &[], count: 9 };
    let mut events = vec![
        Event::Accepted,
        Event::Kept,
        Event::Goodbye,
        Event::Joined { nick },
        Event::Left { nick },
        Event::ManyJoined(none),
        Event::ManyLeft(none),
        Event::Renamed { old: "x", new: "x" },
        Event::Said { nick, text },
        Event::Acted { nick, text },
        Event::Whispered { from: "x", to: "x", text },
        Event::NotUnderstood,
        Event::NameFirst,
        Event::NameTaken { free: "x" },
        Event::Nobody { nick },
        Event::Present { room: None, count: 2, online: 2 },
        Event::Present { room: None, count: 2, online: 3 },
        Event::Present { room: Some(room), count: 2, online: 3 },
        Event::Names { line: "x, y" },
        Event::Help,
        Event::Welcome { count: 0, names: "" },
        Event::Welcome { count: 2, names: "x, y" },
        Event::AlreadyThere { room },
        Event::TooManyRooms { rooms_max: 9 },
        Event::Rooms { count: 1 },
        Event::Rooms { count: 2 },
        Event::TopicTooLong { bytes_max: 9 },
        Event::Missed { count: 0, kept: 9 },
        Event::Missed { count: 1, kept: 9 },
        Event::Missed { count: 9, kept: 9 },
        Event::Missed { count: 99, kept: 9 },
        Event::NotInRoom { room },
        Event::Since { is_complete: true },
        Event::Own(Own::Parted { room }),
        Event::Answer(Answer::NoneToReply),
        Event::Answer(Answer::Ignoring { nick, is_ignored: true }),
        Event::Answer(Answer::Ignoring { nick, is_ignored: false }),
        Event::Answer(Answer::Ignored { count: 0 }),
        Event::Answer(Answer::Ignored { count: 2 }),
        Event::Answer(Answer::OwnName),
        Event::Answer(Answer::IgnoresFull),
        Event::ShuttingDown,
    ];
    events.extend(events_with_several_texts());
    events.iter().for_each(every_event_is_below);
    events
}

fn events_with_several_texts() -> Vec<Event<'static>> {
    let (nick, room) = ("x", "x");
    let mut events = Vec::new();
    for fault in NickFault::ALL {
        events.extend([Event::NameRefused { fault, free: "x" }, Event::RoomRefused { fault }]);
    }
    for topic in [None, Some("x")] {
        events.extend([Event::Topic { room, topic }, Event::TopicSet { nick, topic }]);
        for count in [1, 2] {
            events.push(Event::Entered { room, count, topic });
            events.push(Event::RoomListed { room, count, topic });
        }
    }
    events.extend([0, 1, 2].map(|count| Event::Past { count }));
    events
}

/// The same for notices.
fn every_notice_is_below(notice: &Notice<'_>) {
    use Notice::*;
    match notice {
        Prompt
        | NoSuch { .. }
        | Ambiguous { .. }
        | Misused { .. }
        | LineTooLong { .. }
        | TimeSet { .. }
        | ZoneSet { .. }
        | NoSuchZone { .. }
        | LangSet { .. }
        | NewDay
        | CharsetSet { .. }
        | NoSuchCharset { .. }
        | ColorSet { .. }
        | EditSet { .. }
        | EditImpossible
        | Skipped { .. }
        | BadJson
        | BadField { .. }
        | BadSession
        | Hello { .. }
        | Replaced
        | NamingOver
        | Unterminated
        | ServerFull
        | AddressFull
        | NotForBrowsers
        | NotForTls => {}
    }
}
/// Returns one of each notice; see [`events`].
fn notices() -> Vec<Notice<'static>> {
    let (name, word, offset) = ("x", "x", Offset { minutes: 480 });
    let mut notices = vec![
        Notice::Prompt,
        Notice::EditImpossible,
        Notice::NoSuch { word, near: None },
        Notice::NoSuch { word, near: Some("y") },
        Notice::Ambiguous { word, like: ["y", "z"] },
        Notice::Misused { usage: "/x" },
        Notice::LineTooLong { bytes_max: 9 },
        Notice::ZoneSet { name: None, offset },
        Notice::ZoneSet { name: Some(name), offset },
        Notice::NoSuchZone { name },
        Notice::LangSet { name },
        Notice::NewDay,
        Notice::CharsetSet { name, is_guessed: true },
        Notice::CharsetSet { name, is_guessed: false },
        Notice::NoSuchCharset { name },
        Notice::Skipped { lines: 9 },
        Notice::BadJson,
        Notice::BadField { field: "x" },
        Notice::BadSession,
        Notice::Hello { line_bytes_max: 9, is_kept: true },
        Notice::Replaced,
        Notice::NamingOver,
        Notice::Unterminated,
        Notice::ServerFull,
        Notice::AddressFull,
        Notice::NotForBrowsers,
        Notice::NotForTls,
    ];
    for on in [true, false] {
        notices.extend([Notice::ColorSet { on }, Notice::EditSet { on }]);
    }
    let shown = [Shown::Never, Shown::Short, Shown::Full];
    notices.extend(shown.map(|shown| Notice::TimeSet { shown }));
    notices.iter().for_each(every_notice_is_below);
    notices
}

#[test]
fn all_chinese_messages_follow_the_typography() {
    let two = [Box::from("x"), Box::from("y")];
    for event in &events() {
        check_message(event);
        let (at, line) = (Stamp { unix_ms: 0 }, LineId { epoch: 0, number: 0 });
        check_message(&Event::Earlier { at, after: None, room: "x", line, said: event });
    }
    for crowd in [2, 9].map(|count| Crowd { first: &two, count }) {
        check_message(&Event::ManyJoined(crowd));
        check_message(&Event::ManyLeft(crowd));
    }
    notices().iter().for_each(check_message);
    let zh = Lang::Zh;
    for text in [
        &format!("{}:x", zh.private("x", "x")),
        &zh.greeting_end(Offset { minutes: 480 }),
        zh.goodbye(),
        zh.prompt_for_name(),
        zh.slash_help(),
        &zh.how_to_join(DoorKind::Telnet, "x"),
        &zh.how_to_join(DoorKind::Classic, "x"),
        &zh.at_most("x", 9, None),
        &zh.at_most("x", 9, Some(9)),
    ] {
        check(text);
    }
}

fn help_asked_for() -> impl Iterator<Item = OsString> {
    ["--help", "--lang", "zh"].into_iter().map(OsString::from)
}

#[test]
fn the_chinese_help_follows_the_typography() {
    let Ok(options::Request::Print(help)) = arguments::parse(help_asked_for()) else {
        panic!("--help prints");
    };
    check(&help);
    #[cfg(feature = "client")]
    {
        use natter::client::options::{Request, parse};
        let Ok(Request::Print(help)) = parse(help_asked_for()) else { panic!("--help prints") };
        check(&help);
    }
}

/// Returns the string literals of `source`, with `x` for what is filled in.
fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => drop(chars.by_ref().find(|c| *c == '\n')),
            '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
            '"' => literals.push(literal(&mut chars)),
            _ => {}
        }
    }
    literals
}

/// Returns the rest of a literal.
fn literal(chars: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '{' => {
                chars.find(|c| *c == '}');
                text.push('x');
            }
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\n') | None => {}
                Some(escaped) => text.push(escaped),
            },
            c => text.push(c),
        }
    }
    text
}

/// Collects the paths below `folder` and the contents of the files, without their tests.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if !path.to_string_lossy().ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("source is text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            found.push((path.to_string_lossy().into(), code.to_string()));
        }
    }
}

#[test]
fn every_chinese_text_in_the_source_follows_the_typography() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.retain(|(path, _)| !NOT_SHOWN.iter().any(|hidden| path.ends_with(hidden)));
    let mut checked = 0;
    for (path, code) in found {
        for text in literals(&code).iter().filter(|text| text.contains(is_han)) {
            checked += 1;
            let fault = text.lines().filter(|line| *line != SYSTEM).find_map(fault);
            assert_eq!(fault, None, "{path}");
        }
    }
    assert!(checked > 150, "{checked} texts");
}
