//! The texts in English.

use std::io::{self, Write};

use crate::chat::event::{Answer, Crowd, Event, NickFault};
use crate::clock::Shown;
use crate::door::DoorKind;
use crate::door::notice::Notice;
use crate::limits::{IGNORES_MAX, NICK_BYTES_MAX, NICK_COLUMNS_MAX};
use crate::zone::offset::Offset;

pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Accepted => write!(to, "OK"),
        Event::Goodbye => write!(to, "exit"),
        Event::Kept => write!(to, "system: this conversation is kept on the server"),
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
        Event::NotUnderstood => write!(to, "system: command not recognised; type help for a list"),
        Event::NameFirst => write!(to, "system: choose a name first: NAME -n"),
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
        Event::Past { count: 0 } => write!(to, "-- nothing has been said yet --"),
        Event::Past { count: 1 } => write!(to, "-- the last message --"),
        Event::Past { count } => write!(to, "-- the last {count} messages --"),
        Event::Missed { count: 0, .. } => write!(to, "-- nothing was said while you were away --"),
        Event::Missed { count, kept } if count > kept as u64 => {
            write!(to, "-- {count} messages while you were away; the last {kept}: --")
        }
        Event::Missed { count: 1, .. } => write!(to, "-- 1 message while you were away --"),
        Event::Missed { count, .. } => write!(to, "-- {count} messages while you were away --"),
        Event::Earlier { said, .. } => write(said, to),
        Event::NotInRoom { room } => write!(to, "system: you are not in {room}"),
        Event::Since { .. } | Event::Own(_) => Ok(()),
        Event::Answer(answer) => write_answer(answer, to),
        Event::ShuttingDown => write!(to, "system: the server is stopping, goodbye"),
    }
}

/// Writes a notice of a door or the hub.
pub fn write_notice(notice: &Notice<'_>, to: &mut impl Write) -> io::Result<()> {
    match *notice {
        Notice::Prompt | Notice::NewDay => Ok(()),
        Notice::LineTooLong { bytes_max } => {
            write!(to, "system: not sent: the line is longer than {bytes_max} bytes")
        }
        Notice::Skipped { lines } => {
            write!(to, "system: … {lines} lines skipped")
        }
        Notice::BadJson => write!(to, "system: expected one flat JSON object per line"),
        Notice::BadField { field } => {
            write!(to, "system: the field \"{field}\" is missing or has the wrong type")
        }
        Notice::BadSession => {
            write!(to, "system: a connection has one session id, of 32 hexadecimal digits")
        }
        Notice::Hello { .. } => Ok(()),
        Notice::Replaced => write!(to, "system: a new connection has taken over this session"),
        Notice::NamingOver => write!(to, "system: no name was chosen in time, goodbye"),
        Notice::Unterminated => write!(to, "system: too much input without a line end, goodbye"),
        Notice::ServerFull => write!(to, "system: the server is full, please try again later"),
        Notice::AddressFull => write!(to, "system: too many connections from your address"),
        Notice::NoSuch { word, near: Some(near) } => {
            write!(to, "system: there is no command /{word}; did you mean /{near}?")
        }
        Notice::NoSuch { word, near: None } => {
            write!(to, "system: there is no command /{word}; /help lists all commands")
        }
        Notice::Ambiguous { word, like: [one, other] } => {
            write!(to, "system: /{word} is ambiguous: /{one} or /{other}?")
        }
        Notice::Misused { usage } => write!(to, "system: usage: {usage}"),
        Notice::TimeSet { shown: Shown::Never } => write!(to, "system: times are hidden"),
        Notice::TimeSet { shown: Shown::Short } => write!(to, "system: times are shown"),
        Notice::TimeSet { shown: Shown::Full } => write!(to, "system: dates and times are shown"),
        Notice::ZoneSet { name: None, offset } => write!(to, "system: times are in {offset}"),
        Notice::ZoneSet { name: Some(name), offset } => {
            write!(to, "system: times are in {name}, now {offset}")
        }
        Notice::NoSuchZone { name } => {
            write!(to, "system: unknown time zone {name}; try +8 or Asia/Shanghai")
        }
        Notice::LangSet { .. } => write!(to, "system: messages are in English"),
        Notice::CharsetSet { name, is_guessed: true } => {
            write!(to, "system: your terminal seems to use {name}; /charset utf-8 switches back")
        }
        Notice::CharsetSet { name, is_guessed: false } => write!(to, "system: now using {name}"),
        Notice::NoSuchCharset { name } => {
            write!(to, "system: unknown character set {name}; available: {}", charsets!())
        }
        Notice::ColorSet { on: true } => write!(to, "system: colours are on"),
        Notice::ColorSet { on: false } => write!(to, "system: colours are off"),
        Notice::EditSet { on: true } => write!(to, "system: line editing by the server is on"),
        Notice::EditSet { on: false } => write!(to, "system: line editing by the server is off"),
        Notice::EditImpossible => {
            write!(to, "system: natter cannot edit your line: your client does not speak telnet")
        }
        Notice::NotForBrowsers => write!(to, "system: this is a chat server, not a web server"),
        Notice::NotForTls => write!(to, "system: this is a chat server without TLS"),
    }
}

/// Writes an event about rooms.
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
        Event::AlreadyThere { room } => write!(to, "system: you are already in {room}"),
        Event::RoomRefused { fault } => {
            write!(to, "system: invalid room name: ")?;
            write_fault(fault, to)
        }
        Event::TooManyRooms { rooms_max } => {
            write!(
                to,
                "system: the limit of {rooms_max} rooms is reached; join one of them (list: rooms)"
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
            write!(to, "system: topic not set: it is longer than {bytes_max} bytes")
        }
        _ => unreachable!("it is not about rooms"),
    }
}

fn write_fault(fault: NickFault, to: &mut impl Write) -> io::Result<()> {
    match fault {
        NickFault::TooLong => {
            write!(to, "at most {NICK_COLUMNS_MAX} columns and {NICK_BYTES_MAX} bytes")
        }
        NickFault::Characters => write!(to, "use only letters, digits and _ - . '"),
        NickFault::Start => write!(to, "a name must start with a letter or digit"),
        NickFault::MixedScripts => write!(to, "do not mix look-alike alphabets"),
        NickFault::Marks => write!(to, "unusual accents or too many of them"),
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
system: what you type is said to everyone; //TEXT says /TEXT
system: /who              show who is here
system: /msg NAME TEXT    say TEXT to NAME in private
system: /reply TEXT       answer the last person who wrote to you in private
system: /me TEXT          describe an action: /me waves
system: /name NEW         change your name to NEW
system: /join ROOM        enter ROOM, creating it if it does not exist
system: /leave            return to the lobby
system: /rooms            list the rooms
system: /topic [TEXT]     show or set the topic of this room
system: /ignore [NAME]    hide messages from NAME, or show them again; list whom you ignore
system: /last N           show the last N messages
system: /time on|off|full how to show times
system: /time ZONE        show times in another zone: +8, -3:30, Asia/Shanghai
system: /lang en|zh       change the language of messages
system: /charset NAME     ",
    charsets!(),
    "
system: /color on|off     use colours or not
system: /edit on|off      line editing by the server: arrows, history, Tab for names
system: /quit             leave"
);

const HELP: &str = "\
system: NAME -n        choose or change your name
system: TEXT -ta       say TEXT to everyone
system: TEXT -me       describe an action: waves -me
system: NAME TEXT -to  say TEXT to NAME in private
system: who            show who is here
system: ROOM -r        enter ROOM; you start in the lobby
system: rooms          list the rooms
system: TEXT -topic    set the topic of this room
system: help           show this list
system: exit           leave";

fn write_answer(answer: Answer<'_>, to: &mut impl Write) -> io::Result<()> {
    match answer {
        Answer::NoneToReply => write!(to, "system: nobody has written to you in private yet"),
        Answer::Ignoring { nick, is_ignored: true } => {
            write!(to, "system: messages from {nick} are hidden; repeat to show them again")
        }
        Answer::Ignoring { nick, is_ignored: false } => {
            write!(to, "system: messages from {nick} are shown again")
        }
        Answer::Ignored { count: 0 } => write!(to, "system: you ignore nobody"),
        Answer::Ignored { count: 1 } => write!(to, "system: you ignore 1 person:"),
        Answer::Ignored { count } => write!(to, "system: you ignore {count} people:"),
        Answer::OwnName => write!(to, "system: you cannot ignore yourself"),
        Answer::IgnoresFull => {
            write!(to, "system: you cannot ignore more than {IGNORES_MAX} people")
        }
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
            "for programs: {connect}, then NAME -n to choose a name, TEXT -ta to say TEXT, exit to leave"
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
