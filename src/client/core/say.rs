//! Parses what a user typed, or a program wrote, into commands.

use crate::client::core::bounds::{PAST_LINES, SAY_BYTES_MAX};
use crate::client::core::command::Command;
use crate::door::notice::Notice;
use crate::door::telnet::commands;
use crate::text::{clean, clip};

/// A parsed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// An empty line.
    Nothing,
    /// A command to the server.
    Ask(Command),
    /// Another name.
    Name(String),
    /// Leave.
    Quit,
    /// Show the help.
    Help,
    /// An invalid or ambiguous command.
    Fault(Notice<'a>),
    /// A command that the client does not know.
    Unknown(&'a str),
}

/// Parses `line`: it is said, unless it begins with a command mark. The commands are those of the
/// telnet door.
pub fn typed(line: &str) -> Typed<'_> {
    use crate::chat::command::Command as Chat;
    let line = line.trim();
    let command = match commands::marked(line) {
        None => return said(line),
        Some(commands::Typed::Chat(command)) => command,
        Some(commands::Typed::Fault(notice)) if !matches!(notice, Notice::NoSuch { .. }) => {
            return Typed::Fault(notice);
        }
        Some(_) => Chat::Unknown,
    };
    Typed::Ask(match command {
        Chat::Say(text) => return said(text),
        Chat::Exit => return Typed::Quit,
        Chat::Help => return Typed::Help,
        Chat::Name(name) => return Typed::Name(name.into()),
        Chat::Act(text) => Command::Act(text.into()),
        Chat::Tell { to, text } => Command::Tell { to: to.into(), text: text.into() },
        Chat::Who => Command::Who,
        Chat::Join(room) => Command::Join(room.into()),
        Chat::LeaveRoom => Command::LeaveRoom,
        Chat::Rooms => Command::Rooms,
        Chat::Topic(text) => Command::Topic(text.map(Into::into)),
        Chat::Last(count) => Command::Last(count.map_or(PAST_LINES, |count| count as u64)),
        Chat::Ignore(name) => Command::Ignore(name.map(Into::into)),
        Chat::Reply(text) => Command::Reply(text.into()),
        _ => return Typed::Unknown(line.split_whitespace().next().unwrap_or(line)),
    })
}

fn said(line: &str) -> Typed<'_> {
    // As the server will show it, so that its echo is recognised.
    let mut text = String::new();
    clean(line.as_bytes(), &mut text);
    if text.is_empty() { Typed::Nothing } else { Typed::Ask(Command::Say(text)) }
}

/// Returns `line` in a form that can be said: without anything that a terminal interprets or
/// surrounding space (servers remove it), and split if it is too long.
pub fn pieces(line: &str) -> Vec<String> {
    let mut text = String::new();
    clean(line.as_bytes(), &mut text);
    let mut rest = text.trim();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let piece = clip(rest, SAY_BYTES_MAX);
        rest = rest[piece.len()..].trim_start();
        let piece = piece.trim_end();
        if !piece.is_empty() {
            pieces.push(piece.into());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_unless_it_begins_with_a_slash() {
        let say = |text: &str| Typed::Ask(Command::Say(text.into()));
        let misused = |usage| Typed::Fault(Notice::Misused { usage });
        let tell = Command::Tell { to: "b".into(), text: "psst, you".into() };
        for (line, asks) in [
            ("hello", say("hello")),
            ("  exit ", say("exit")),
            ("//me too", say("/me too")),
            ("", Typed::Nothing),
            ("  ", Typed::Nothing),
            ("/quit", Typed::Quit),
            ("/help", Typed::Help),
            ("/who", Typed::Ask(Command::Who)),
            ("/me waves", Typed::Ask(Command::Act("waves".into()))),
            ("/msg b psst, you", Typed::Ask(tell.clone())),
            ("/name 小明", Typed::Name("小明".into())),
            ("／msg　b　psst, you", Typed::Ask(tell.clone())),
            ("、msg b psst, you", Typed::Ask(tell.clone())),
            ("/TELL b psst, you", Typed::Ask(tell)),
            ("/Nick 小明", Typed::Name("小明".into())),
            ("/w", Typed::Ask(Command::Who)),
            ("、你好", say("、你好")),
            ("/、msg b", say("、msg b")),
            ("waves -me", say("waves -me")),
            ("/me ", misused("/me TEXT")),
            ("/msg b", misused("/msg NAME TEXT")),
            ("/name", misused("/name NEW")),
            ("/join  tea ", Typed::Ask(Command::Join("tea".into()))),
            ("/join", misused("/join ROOM")),
            ("/leave", Typed::Ask(Command::LeaveRoom)),
            ("/leave now", misused("/leave")),
            ("/m b", Typed::Fault(Notice::Ambiguous { word: "m", like: ["msg", "me"] })),
            ("/rooms", Typed::Ask(Command::Rooms)),
            ("/topic green tea", Typed::Ask(Command::Topic(Some("green tea".into())))),
            ("/topic", Typed::Ask(Command::Topic(None))),
            ("/last", Typed::Ask(Command::Last(PAST_LINES))),
            ("/last 5", Typed::Ask(Command::Last(5))),
            ("／LAST　５", Typed::Ask(Command::Last(5))),
            ("/last many", misused("/last N")),
            ("/ignore bob", Typed::Ask(Command::Ignore(Some("bob".into())))),
            ("/ignore", Typed::Ask(Command::Ignore(None))),
            ("/reply psst", Typed::Ask(Command::Reply("psst".into()))),
            ("/reply", misused("/reply TEXT")),
            ("／time full", Typed::Unknown("／time")),
            ("/usr/bin", Typed::Unknown("/usr/bin")),
            ("/", Typed::Unknown("/")),
        ] {
            assert_eq!(typed(line), asks, "{line:?}");
        }
    }

    #[test]
    fn a_long_line_is_split_between_characters() {
        assert_eq!(pieces(" a\tb \x1b[1m"), ["a b [1m"]);
        assert!(pieces(" \t ").is_empty());
        let long = "说".repeat(1_000);
        let pieces = pieces(&long);
        assert_eq!(pieces.concat(), long);
        assert!(pieces.iter().all(|piece| piece.len() <= SAY_BYTES_MAX), "each fits");
        assert_eq!(pieces.len(), 3);
    }
}
