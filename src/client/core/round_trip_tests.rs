//! Everything that natter tells, in every language and at both doors, is understood by the client.

use crate::chat::event::{Answer, Crowd, Event, NickFault};
use crate::client::core::door::{Decoder, Door, Heard};
use crate::client::core::message::{Body, Change, Message, RoomWord};
use crate::clock::{Shown, Stamp};
use crate::door::DoorKind;
use crate::door::lang::Lang;
use crate::door::notice::{Message as Encoded, Notice};
use crate::door::protocol::{Format, Reader};
use crate::door::telnet::view::{Style, View};

/// What the client makes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Accepted,
    Goodbye,
    Said {
        nick: String,
        text: String,
    },
    Acted {
        nick: String,
        text: String,
    },
    Whispered {
        from: String,
        to: String,
        text: String,
    },
    Came(String),
    Went(String),
    Renamed {
        old: String,
        new: String,
    },
    ManyCame(String),
    ManyWent(String),
    Entered(String),
    AlreadyThere(String),
    RoomRefused,
    NoRooms,
    NamesFollow,
    /// A line of the system's that is only shown.
    System,
    /// A line of nobody's that is only shown.
    Plain,
}

/// Lists samples of each variant, with what the client is to make of them. The patterns must cover
/// the enum without a wildcard, so a new variant does not compile until it has a row here.
macro_rules! samples {
    ($name:ident: $kind:ident; $($pattern:pat => $told:expr, [$($sample:expr),+ $(,)?];)+) => {
        #[allow(unused_variables, reason = "the pattern alone tells rows apart")]
        fn $name(each: &mut dyn FnMut($kind<'_>, Told)) {
            let told = |sample: &$kind<'_>| match *sample { $($pattern => $told,)+ };
            let row = |sample: &$kind<'_>| match *sample { $($pattern => stringify!($pattern),)+ };
            $($(
                let sample = $sample;
                assert_eq!(row(&sample), stringify!($pattern), "a sample is in its own row");
                each(sample, told(&sample));
            )+)+
        }
    };
}

const FAULTS: [NickFault; 4] =
    [NickFault::TooLong, NickFault::Characters, NickFault::MixedScripts, NickFault::Reserved];

fn said(nick: &str, text: &str) -> Told {
    Told::Said { nick: nick.into(), text: text.into() }
}

fn acted(nick: &str, text: &str) -> Told {
    Told::Acted { nick: nick.into(), text: text.into() }
}

/// Who is named of a crowd; one without names tells nothing of anybody.
fn crowd(crowd: Crowd<'_>, told: fn(String) -> Told) -> Told {
    if crowd.first.is_empty() { Told::System } else { told(crowd.first.join(", ")) }
}

fn stamp() -> Stamp {
    Stamp::of(chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("is a date").into())
}

samples! { each_event: Event;
    Event::Accepted => Told::Accepted, [Event::Accepted];
    Event::Goodbye => Told::Goodbye, [Event::Goodbye];
    Event::Joined { nick } => Told::Came(nick.into()),
        [Event::Joined { nick: "bob" }, Event::Joined { nick: "小明" }];
    Event::Left { nick } => Told::Went(nick.into()),
        [Event::Left { nick: "bob" }, Event::Left { nick: "用户x" }];
    Event::ManyJoined(many) => crowd(many, Told::ManyCame), [
        Event::ManyJoined(Crowd { first: &[], count: 12 }),
        Event::ManyJoined(Crowd { first: &["bob".into()], count: 1 }),
        Event::ManyJoined(Crowd { first: &["小明".into(), "o'hara".into()], count: 9 }),
    ];
    Event::ManyLeft(many) => crowd(many, Told::ManyWent), [
        Event::ManyLeft(Crowd { first: &[], count: 12 }),
        Event::ManyLeft(Crowd { first: &["bob".into(), "王等".into()], count: 9 }),
    ];
    Event::Renamed { old, new } => Told::Renamed { old: old.into(), new: new.into() },
        [Event::Renamed { old: "bob", new: "robert" }, Event::Renamed { old: "小明", new: "小红" }];
    Event::Said { nick, text } => said(nick, text), [
        Event::Said { nick: "bob", text: "hi: you > all" },
        Event::Said { nick: "bob", text: "system: carol left" },
        Event::Said { nick: "小明", text: "[09:11] a: b" },
    ];
    Event::Acted { nick, text } => acted(nick, text),
        [Event::Acted { nick: "bob", text: "waves: hello" }];
    Event::Whispered { from, to, text } =>
        Told::Whispered { from: from.into(), to: to.into(), text: text.into() },
        [Event::Whispered { from: "bob", to: "小明", text: "psst: you" }];
    Event::NotUnderstood => Told::NoRooms, [Event::NotUnderstood];
    Event::NameFirst => Told::System, [Event::NameFirst];
    Event::NameTaken { free } => Told::System, [Event::NameTaken { free: "bob2" }];
    Event::NameRefused { fault, free } => Told::System, [
        Event::NameRefused { fault: FAULTS[0], free: "guest1" },
        Event::NameRefused { fault: FAULTS[1], free: "guest1" },
        Event::NameRefused { fault: FAULTS[2], free: "guest1" },
        Event::NameRefused { fault: FAULTS[3], free: "guest1" },
    ];
    Event::Nobody { nick } => Told::System, [Event::Nobody { nick: "bob" }];
    Event::Present { room, count, online } => Told::NamesFollow, [
        Event::Present { room: None, count: 3, online: 3 },
        Event::Present { room: None, count: 3, online: 5 },
        Event::Present { room: Some("tea"), count: 3, online: 3 },
        Event::Present { room: Some("茶"), count: 3, online: 5 },
    ];
    Event::Names { line } => Told::System,
        [Event::Names { line: "bob" }, Event::Names { line: "bob, 小明" }];
    Event::Help => Told::System, [Event::Help];
    Event::Welcome { count, names } => Told::Plain,
        [Event::Welcome { count: 0, names: "" }, Event::Welcome { count: 2, names: "bob, 小明" }];
    Event::Entered { room, count, topic } => Told::Entered(room.into()), [
        Event::Entered { room: "tea", count: 1, topic: None },
        Event::Entered { room: "茶", count: 2, topic: Some("a, b: bob left") },
        Event::Entered { room: "lobby", count: 1, topic: Some("you are in tea already") },
    ];
    Event::AlreadyThere { room } => Told::AlreadyThere(room.into()),
        [Event::AlreadyThere { room: "tea" }, Event::AlreadyThere { room: "茶" }];
    Event::RoomRefused { fault } => Told::RoomRefused, [
        Event::RoomRefused { fault: FAULTS[0] },
        Event::RoomRefused { fault: FAULTS[1] },
        Event::RoomRefused { fault: FAULTS[2] },
        Event::RoomRefused { fault: FAULTS[3] },
    ];
    Event::TooManyRooms { rooms_max } => Told::RoomRefused,
        [Event::TooManyRooms { rooms_max: 1000 }];
    Event::Rooms { count } => Told::System, [Event::Rooms { count: 1 }, Event::Rooms { count: 2 }];
    Event::RoomListed { room, count, topic } => Told::System, [
        Event::RoomListed { room: "tea", count: 1, topic: None },
        Event::RoomListed { room: "茶", count: 2, topic: Some("bob is now carol") },
    ];
    Event::Topic { room, topic } => Told::System, [
        Event::Topic { room: "tea", topic: None },
        Event::Topic { room: "茶", topic: Some("小明加入了聊天") },
    ];
    Event::TopicSet { nick, topic } => Told::System, [
        Event::TopicSet { nick: "bob", topic: None },
        Event::TopicSet { nick: "小明", topic: Some("3 here:") },
        Event::TopicSet { nick: "小明", topic: Some("bob改名为carol") },
    ];
    Event::TopicTooLong { bytes_max } => Told::System, [Event::TopicTooLong { bytes_max: 256 }];
    Event::Past { count } => Told::Plain,
        [Event::Past { count: 0 }, Event::Past { count: 1 }, Event::Past { count: 2 }];
    Event::Missed { count, kept } => Told::Plain, [
        Event::Missed { count: 0, kept: 0 },
        Event::Missed { count: 1, kept: 1 },
        Event::Missed { count: 2, kept: 2 },
        Event::Missed { count: 20, kept: 9 },
    ];
    Event::Earlier { at, said: earlier } => match *earlier {
        Event::Said { nick, text } => said(nick, text),
        Event::Acted { nick, text } => acted(nick, text),
        _ => unreachable!("only what was said or done is kept"),
    }, [
        Event::Earlier { at: stamp(), said: &Event::Said { nick: "bob", text: "hi: you" } },
        Event::Earlier { at: stamp(), said: &Event::Acted { nick: "小明", text: "waves" } },
    ];
    Event::Answer(answer) => Told::System, [Event::Answer(Answer::IgnoresFull)];
    Event::ShuttingDown => Told::System, [Event::ShuttingDown];
}

samples! { each_answer: Answer;
    Answer::NoneToReply => Told::System, [Answer::NoneToReply];
    Answer::Ignored { .. } => Told::System,
        [Answer::Ignored { count: 0 }, Answer::Ignored { count: 1 }, Answer::Ignored { count: 2 }];
    Answer::Ignoring { nick, is_ignored } => Told::System, [
        Answer::Ignoring { nick: "bob", is_ignored: true },
        Answer::Ignoring { nick: "小明", is_ignored: false },
    ];
    Answer::OwnName => Told::System, [Answer::OwnName];
    Answer::IgnoresFull => Told::System, [Answer::IgnoresFull];
}

samples! { each_notice: Notice;
    Notice::Prompt => Told::Nothing, [Notice::Prompt];
    Notice::LineTooLong { bytes_max } => Told::System, [Notice::LineTooLong { bytes_max: 1024 }];
    Notice::EditImpossible => Told::System, [Notice::EditImpossible];
    Notice::Skipped { lines } => Told::System, [Notice::Skipped { lines: 37 }];
    Notice::NamingOver => Told::System, [Notice::NamingOver];
    Notice::Unterminated => Told::System, [Notice::Unterminated];
    Notice::ServerFull => Told::System, [Notice::ServerFull];
    Notice::AddressFull => Told::System, [Notice::AddressFull];
    Notice::NoSuch { word, near } => Told::NoRooms,
        [Notice::NoSuch { word: "jion", near: Some("join") }, Notice::NoSuch { word: "x", near: None }];
    Notice::Ambiguous { word, like } => Told::System,
        [Notice::Ambiguous { word: "m", like: ["msg", "me"] }];
    Notice::Misused { usage } => Told::System, [Notice::Misused { usage: "/msg NAME TEXT" }];
    Notice::TimeSet { shown } => Told::System, [
        Notice::TimeSet { shown: Shown::Never },
        Notice::TimeSet { shown: Shown::Short },
        Notice::TimeSet { shown: Shown::Full },
    ];
    Notice::CharsetSet { name, is_guessed } => Told::System, [
        Notice::CharsetSet { name: "gbk", is_guessed: true },
        Notice::CharsetSet { name: "gbk", is_guessed: false },
    ];
    Notice::NoSuchCharset { name } => Told::System, [Notice::NoSuchCharset { name: "utf-7" }];
    Notice::ColorSet { on } => Told::System,
        [Notice::ColorSet { on: true }, Notice::ColorSet { on: false }];
    Notice::EditSet { on } => Told::System,
        [Notice::EditSet { on: true }, Notice::EditSet { on: false }];
    Notice::NotForBrowsers => Told::System, [Notice::NotForBrowsers];
    Notice::NotForTls => Told::System, [Notice::NotForTls];
}

/// What the client, which is in already, makes of `event`; several lines that tell the same are one.
fn understood(event: Encoded<'_>, door: Door, format: Format, lang: Lang, room: &str) -> Vec<Told> {
    let (mut decoder, mut heard) = (Decoder::new(door), Vec::new());
    let mut hear = |event: Encoded<'_>, room: &str, heard: &mut Vec<Heard>| {
        let (reader, mut bytes) = (Reader { has_entered: true, room }, Vec::new());
        format.encode(event, lang, &stamp(), reader, &mut bytes);
        decoder.decode(&bytes, heard);
        bytes
    };
    hear((&Event::Accepted).into(), "lobby", &mut heard);
    assert_eq!(heard, [Heard::Accepted]);
    heard.clear();
    let bytes = hear(event, room, &mut heard);
    if room != "lobby" && bytes.ends_with(format!("{room}> ").as_bytes()) {
        assert_eq!(heard.pop(), Some(Heard::Prompt(room.into())), "{event:?}");
    }
    let mut told: Vec<Told> = heard.into_iter().map(told).collect();
    told.dedup();
    told
}

fn told(heard: Heard) -> Told {
    let line = match heard {
        Heard::Accepted => return Told::Accepted,
        Heard::Goodbye => return Told::Goodbye,
        Heard::Asked | Heard::Prompt(_) => panic!("nothing is asked: {heard:?}"),
        Heard::Line(line) => line,
    };
    let word = match Message::parse(&line).body {
        Body::Said { nick, text } => return said(nick, text),
        Body::Acted { nick, text } => return acted(nick, text),
        Body::Whispered { from, to, text } => {
            return Told::Whispered { from: from.into(), to: to.into(), text: text.into() };
        }
        Body::Plain("") => return Told::Nothing,
        Body::Plain(_) => return Told::Plain,
        Body::System(word) => word,
    };
    match (Change::parse(word), RoomWord::parse(word)) {
        (Some(_), Some(_)) => panic!("it tells two things: {word}"),
        (Some(Change::Came(name)), None) => Told::Came(name.into()),
        (Some(Change::Went(name)), None) => Told::Went(name.into()),
        (Some(Change::Renamed { old, new }), None) => {
            Told::Renamed { old: old.into(), new: new.into() }
        }
        (Some(Change::ManyCame(names)), None) => Told::ManyCame(names.into()),
        (Some(Change::ManyWent(names)), None) => Told::ManyWent(names.into()),
        (None, Some(RoomWord::Entered(room))) => Told::Entered(room.into()),
        (None, Some(RoomWord::AlreadyThere(room))) => Told::AlreadyThere(room.into()),
        (None, Some(RoomWord::Refused)) => Told::RoomRefused,
        (None, Some(RoomWord::NoRooms)) => Told::NoRooms,
        (None, Some(RoomWord::Present)) => Told::NamesFollow,
        (None, None) => Told::System,
    }
}

fn check(event: Encoded<'_>, wanted: &Told) {
    let telnet = |view: View| (Door::Telnet, Format::from(view));
    for lang in [Lang::En, Lang::Zh] {
        for room in ["lobby", "tea", "茶"] {
            for (door, format) in [
                (Door::Classic, Format::initial(DoorKind::Classic)),
                telnet(View::default()),
                telnet(View { style: Style::Dumb, ..View::default() }),
                telnet(View { shown: Shown::Full, ..View::default() }),
            ] {
                let told = understood(event, door, format, lang, room);
                // An empty line is answered with a prompt at the telnet door, as a name is.
                let is_prompt = event == Encoded::Notice(&Notice::Prompt) && door == Door::Telnet;
                let wanted = if is_prompt { &Told::Accepted } else { wanted };
                assert_eq!(
                    told,
                    std::slice::from_ref(wanted),
                    "{event:?} {door:?} {lang:?} {room}"
                );
            }
        }
    }
}

#[test]
fn every_event_is_understood_in_every_language_at_both_doors() {
    each_event(&mut |event, told| check((&event).into(), &told));
}

#[test]
fn every_answer_is_understood_in_every_language_at_both_doors() {
    each_answer(&mut |answer, told| check((&Event::Answer(answer)).into(), &told));
}

#[test]
fn every_notice_is_understood_in_every_language_at_both_doors() {
    each_notice(&mut |notice, told| check((&notice).into(), &told));
}

#[test]
fn a_name_is_asked_for_behind_what_is_said_before_there_is_one() {
    for lang in [Lang::En, Lang::Zh] {
        let welcome = Event::Welcome { count: 1, names: "bob" };
        let taken = Event::NameTaken { free: "bob2" };
        let (mut decoder, mut heard) = (Decoder::new(Door::Telnet), Vec::new());
        for event in [welcome, taken] {
            let (reader, mut bytes) = (Reader { has_entered: false, room: "lobby" }, Vec::new());
            let format = Format::initial(DoorKind::Telnet);
            format.encode(&event, lang, &stamp(), reader, &mut bytes);
            decoder.decode(&bytes, &mut heard);
        }
        assert!(
            matches!(heard[..], [Heard::Line(_), Heard::Asked, Heard::Line(_), Heard::Asked]),
            "{heard:?}"
        );
    }
}
