//! English.

use std::io::{self, Write};

use crate::chat::event::{Answer, Crowd, Event, NickFault};
use crate::clock::Shown;
use crate::door::DoorKind;
use crate::door::notice::Notice;
use crate::limits::{NICK_BYTES_MAX, NICK_COLUMNS_MAX};
use crate::zone::offset::Offset;

pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Accepted => write!(to, "OK"),
        Event::Goodbye => write!(to, "exit"),
        Event::Joined { nick } => write!(to, "system: {nick} joined"),
        Event::Left { nick } => write!(to, "system: {nick} left"),
        Event::ManyJoined(crowd) => write_crowd(crowd, "joined", to),
        Event::ManyLeft(crowd) => write_crowd(crowd, "left", to),
        Event::Renamed { old, new } => write!(to, "system: {old} is now {new}"),
        Event::Said { nick, text } => write!(to, "{nick}:{text}"),
        Event::Acted { nick, text } => write!(to, "* {nick} {text}"),
        Event::Whispered { from, to: reader, text } => {
            write!(to, "{}:{text}", private(from, reader))
        }
        Event::NotUnderstood => write!(to, "system: not understood, please try again! (try: help)"),
        Event::NameFirst => write!(to, "system: take a name first: NAME -n"),
        Event::NameTaken { free } => write!(to, "system: that name is taken; {free} is free"),
        Event::NameRefused { fault, free } => {
            write!(to, "system: ")?;
            write_fault(fault, to)?;
            write!(to, "; {free} is free")
        }
        Event::Nobody { nick } => write!(to, "system: nobody here is called {nick}"),
        Event::Present { room, count, online } => {
            write!(to, "system: {count} here")?;
            if let Some(room) = room {
                write!(to, " in {room}")?;
            }
            if online != count {
                write!(to, ", {online} online in all rooms")?;
            }
            write!(to, ":")
        }
        Event::Entered { .. }
        | Event::AlreadyThere { .. }
        | Event::RoomRefused { .. }
        | Event::TooManyRooms { .. }
        | Event::Rooms { .. }
        | Event::RoomListed { .. }
        | Event::Topic { .. }
        | Event::TopicSet { .. }
        | Event::TopicTooLong { .. } => write_room(event, to),
        Event::Names { line } => write!(to, "system: {line}"),
        Event::Help => write!(to, "{HELP}"),
        Event::Welcome { count: 0, .. } => write!(to, "natter · nobody here yet"),
        Event::Welcome { count, names } => write!(to, "natter · {count} here: {names}"),
        Event::Past { count: 0 } => write!(to, "-- nothing was said yet --"),
        Event::Past { count: 1 } => write!(to, "-- the last line --"),
        Event::Past { count } => write!(to, "-- the last {count} lines --"),
        Event::Missed { count: 0, .. } => write!(to, "-- nothing was said while you were away --"),
        Event::Missed { count, kept } if count > kept as u64 => {
            write!(to, "-- {count} lines while you were away, the last {kept} of them: --")
        }
        Event::Missed { count: 1, .. } => write!(to, "-- 1 line while you were away --"),
        Event::Missed { count, .. } => write!(to, "-- {count} lines while you were away --"),
        Event::Earlier { said, .. } => write(said, to),
        Event::NotInRoom { room } => write!(to, "system: you are not in {room}"),
        Event::Since { .. } | Event::Own(_) => Ok(()),
        Event::Answer(answer) => write_answer(answer, to),
        Event::ShuttingDown => write!(to, "system: the server is stopping, goodbye"),
    }
}

/// What a door or the hub says.
pub fn write_notice(notice: &Notice<'_>, to: &mut impl Write) -> io::Result<()> {
    match *notice {
        Notice::Prompt | Notice::NewDay => Ok(()),
        Notice::LineTooLong { bytes_max } => {
            write!(to, "system: that line was over {bytes_max} bytes and was not sent")
        }
        Notice::Skipped { lines } => write!(to, "system: … {lines} lines skipped"),
        Notice::BadJson => write!(to, "system: not a flat JSON object"),
        Notice::BadField { field } => {
            write!(to, "system: the field \"{field}\" is missing or not of the right kind")
        }
        Notice::BadSession => write!(to, "system: a session has one id, of 32 hexadecimal digits"),
        Notice::Hello { .. } => Ok(()),
        Notice::Replaced => write!(to, "system: this client has connected again elsewhere"),
        Notice::NamingOver => write!(to, "system: no name was taken in time, goodbye"),
        Notice::Unterminated => write!(to, "system: that was too much without a line end, goodbye"),
        Notice::ServerFull => write!(to, "system: the room is full, try again later"),
        Notice::AddressFull => write!(to, "system: too many connections from your address"),
        Notice::NoSuch { word, near: Some(near) } => {
            write!(to, "system: no command is called /{word}; did you mean /{near}?")
        }
        Notice::NoSuch { word, near: None } => {
            write!(to, "system: no command is called /{word}; /help lists them")
        }
        Notice::Ambiguous { word, like: [one, other] } => {
            write!(to, "system: /{word} may be /{one} or /{other}")
        }
        Notice::Misused { usage } => write!(to, "system: it goes: {usage}"),
        Notice::TimeSet { shown: Shown::Never } => write!(to, "system: no time is shown"),
        Notice::TimeSet { shown: Shown::Short } => write!(to, "system: the time is shown"),
        Notice::TimeSet { shown: Shown::Full } => write!(to, "system: date and time are shown"),
        Notice::ZoneSet { name: None, offset } => write!(to, "system: times are in {offset}"),
        Notice::ZoneSet { name: Some(name), offset } => {
            write!(to, "system: times are in {name}, now {offset}")
        }
        Notice::NoSuchZone { name } => {
            write!(to, "system: no time zone is called {name}; try +8 or Asia/Shanghai")
        }
        Notice::LangSet { .. } => write!(to, "system: messages are in English"),
        Notice::CharsetSet { name, is_guessed: true } => {
            write!(to, "system: you write {name}, it seems; /charset utf-8 changes that")
        }
        Notice::CharsetSet { name, is_guessed: false } => write!(to, "system: now in {name}"),
        Notice::NoSuchCharset { name } => {
            write!(to, "system: {name} is not known; there are {}", charsets!())
        }
        Notice::ColorSet { on: true } => write!(to, "system: with colours"),
        Notice::ColorSet { on: false } => write!(to, "system: without colours"),
        Notice::EditSet { on: true } => write!(to, "system: your line is edited here"),
        Notice::EditSet { on: false } => write!(to, "system: your line is edited at your side"),
        Notice::NotForBrowsers => write!(to, "system: this is a chat server, not a web server"),
        Notice::NotForTls => write!(to, "system: this is a chat server without TLS"),
    }
}

/// What is said of rooms.
fn write_room(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Entered { room, count: 1, topic } => {
            write!(to, "system: you are in {room}, alone so far")?;
            write_topic(topic, to)
        }
        Event::Entered { room, count, topic } => {
            write!(to, "system: you are in {room}, {count} here")?;
            write_topic(topic, to)
        }
        Event::AlreadyThere { room } => write!(to, "system: you are in {room} already"),
        Event::RoomRefused { fault } => {
            write!(to, "system: not a name for a room: ")?;
            write_fault(fault, to)
        }
        Event::TooManyRooms { rooms_max } => {
            write!(
                to,
                "system: no more than {rooms_max} rooms can be open; join one of them: rooms"
            )
        }
        Event::Rooms { count: 1 } => write!(to, "system: 1 room:"),
        Event::Rooms { count } => write!(to, "system: {count} rooms:"),
        Event::RoomListed { room, count, topic } => {
            write!(to, "system: {room} ({count})")?;
            write_topic(topic, to)
        }
        Event::Topic { room, topic: None } => write!(to, "system: {room} has no topic"),
        Event::Topic { room, topic: Some(topic) } => {
            write!(to, "system: the topic of {room} is: {topic}")
        }
        Event::TopicSet { nick, topic: None } => write!(to, "system: {nick} removed the topic"),
        Event::TopicSet { nick, topic: Some(topic) } => {
            write!(to, "system: {nick} set the topic: {topic}")
        }
        Event::TopicTooLong { bytes_max } => {
            write!(to, "system: a topic has at most {bytes_max} bytes; this one was not set")
        }
        _ => unreachable!("it is not about rooms"),
    }
}

fn write_fault(fault: NickFault, to: &mut impl Write) -> io::Result<()> {
    match fault {
        NickFault::TooLong => {
            write!(to, "at most {NICK_COLUMNS_MAX} columns, {NICK_BYTES_MAX} bytes")
        }
        NickFault::Characters => write!(to, "only letters, digits, _ - . '"),
        NickFault::Start => write!(to, "a name begins with a letter or a digit"),
        NickFault::MixedScripts => write!(to, "one alphabet to a name"),
        NickFault::Marks => write!(to, "unusual accents, or too many of them"),
        NickFault::Reserved => write!(to, "that name is reserved"),
    }
}

fn write_topic(topic: Option<&str>, to: &mut impl Write) -> io::Result<()> {
    topic.map_or(Ok(()), |topic| write!(to, ": {topic}"))
}

pub fn private(from: &str, to: &str) -> String {
    format!("{from} (private to {to})")
}

pub fn greeting_end(zone: Offset) -> String {
    format!(" · times are in {zone} · /help")
}

pub const GOODBYE: &str = "goodbye";

pub const PROMPT_FOR_NAME: &str = "name: ";

pub const SLASH_HELP: &str = concat!(
    "\
system: what you type is said to all; //text says a line that begins with /
system: /who              who is here
system: /msg NAME TEXT    say TEXT to NAME alone
system: /reply TEXT       say TEXT to who last did that to you
system: /me TEXT          do TEXT, as in: /me waves
system: /name NEW         take another name
system: /join ROOM        go to ROOM; it begins if it is new
system: /leave            go back to the lobby
system: /rooms            which rooms there are
system: /topic [TEXT]     what this room is about
system: /ignore NAME      see nothing more of NAME, or see NAME again
system: /last N           the last N lines
system: /time on|off|full what is shown of the time
system: /time ZONE        times in another zone: +8, -3:30, Asia/Shanghai
system: /lang en|zh       the language of messages
system: /charset NAME     ",
    charsets!(),
    "
system: /color on|off     dimmed and bold text
system: /edit on|off      edit the line here: arrows, history, Tab for names
system: /quit             leave"
);

const HELP: &str = "\
system: NAME -n        take a name, or another one
system: TEXT -ta       say TEXT to all
system: TEXT -me       do TEXT, as in: waves -me
system: NAME TEXT -to  say TEXT to NAME alone
system: who            who is here
system: ROOM -r        go to ROOM; the first room is the lobby
system: rooms          which rooms there are
system: TEXT -topic    say what this room is about
system: help           this list
system: exit           leave";

fn write_answer(answer: Answer<'_>, to: &mut impl Write) -> io::Result<()> {
    match answer {
        Answer::NoneToReply => write!(to, "system: nobody has written to you in private"),
        Answer::Ignoring { nick, is_ignored: true } => {
            write!(to, "system: you see nothing more of {nick}; again, and you do")
        }
        Answer::Ignoring { nick, is_ignored: false } => write!(to, "system: you see {nick} again"),
        Answer::OwnName => write!(to, "system: you cannot ignore yourself"),
        Answer::IgnoresFull => write!(to, "system: you ignore as many as one may"),
    }
}

fn write_crowd(crowd: Crowd<'_>, did: &str, to: &mut impl Write) -> io::Result<()> {
    write!(to, "system: {} {did}", crowd.count)?;
    if !crowd.first.is_empty() {
        write!(to, ": {}", crowd.first.join(", "))?;
    }
    match crowd.count - crowd.first.len() {
        0 => Ok(()),
        _ if crowd.first.is_empty() => Ok(()),
        more => write!(to, " and {more} more"),
    }
}

pub fn how_to_join(dialect: DoorKind, connect: &str) -> String {
    match dialect {
        DoorKind::Telnet => format!("join with: {connect}"),
        DoorKind::Classic => format!(
            "programs:  {connect}, then NAME -n to take a name, TEXT -ta to say TEXT, exit to leave"
        ),
    }
}

pub fn at_most(natter: &str, clients: usize, descriptors: Option<usize>) -> String {
    match descriptors {
        None => format!("{natter}: at most {clients} clients"),
        Some(limit) => {
            format!("{natter}: at most {clients} clients, because `ulimit -n` is {limit}")
        }
    }
}
