//! What a person typed, or a program wrote, made into commands.

use crate::client::core::bounds::{PAST_LINES, SAY_BYTES_MAX};
use crate::client::core::command::Command;
use crate::text::{clean, clip};

/// What a line that was typed asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// It is empty.
    Nothing,
    /// Something of the server.
    Ask(Command),
    /// Another name.
    Name(String),
    /// To leave.
    Quit,
    /// What can be typed.
    Help,
    /// Something, but not of whom, or what.
    Incomplete,
    /// Nothing that there is.
    Unknown(&'a str),
}

/// What `line` asks for: it is said, unless it begins with a slash.
pub fn typed(line: &str) -> Typed<'_> {
    let line = line.trim();
    let said = match line.strip_prefix('/') {
        None => line,
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) => return asked(line),
    };
    // As the server shows it: the echo is known by it.
    let mut text = String::new();
    clean(said.as_bytes(), &mut text);
    if text.is_empty() { Typed::Nothing } else { Typed::Ask(Command::Say(text)) }
}

fn asked(line: &str) -> Typed<'_> {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    match command {
        "/quit" | "/exit" => Typed::Quit,
        "/help" => Typed::Help,
        "/who" => Typed::Ask(Command::Who),
        "/join" if !rest.is_empty() => Typed::Ask(Command::Join(rest.into())),
        "/leave" if rest.is_empty() => Typed::Ask(Command::LeaveRoom),
        "/rooms" if rest.is_empty() => Typed::Ask(Command::Rooms),
        "/topic" => {
            let text = Some(rest).filter(|text| !text.is_empty()).map(Into::into);
            Typed::Ask(Command::Topic(text))
        }
        "/last" => Typed::Ask(Command::Last(rest.parse().unwrap_or(PAST_LINES))),
        "/ignore" if !rest.is_empty() => Typed::Ask(Command::Ignore(rest.into())),
        "/reply" if !rest.is_empty() => Typed::Ask(Command::Reply(rest.into())),
        "/me" if !rest.is_empty() => Typed::Ask(Command::Act(rest.into())),
        "/name" | "/nick" if !rest.is_empty() => Typed::Name(rest.into()),
        "/msg" | "/tell" => match rest.split_once(' ') {
            Some((to, text)) => {
                let text = text.trim().into();
                Typed::Ask(Command::Tell { to: to.into(), text })
            }
            None => Typed::Incomplete,
        },
        "/me" | "/name" | "/nick" | "/join" | "/ignore" | "/reply" => Typed::Incomplete,
        _ => Typed::Unknown(command),
    }
}

/// `line` as it can be said: nothing in it that a terminal obeys, no space around it (servers take
/// it off), and in as many pieces as it is too long for one.
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
            ("/msg b psst, you", Typed::Ask(tell)),
            ("/name 小明", Typed::Name("小明".into())),
            ("/me ", Typed::Incomplete),
            ("/msg b", Typed::Incomplete),
            ("/name", Typed::Incomplete),
            ("/join  tea ", Typed::Ask(Command::Join("tea".into()))),
            ("/join", Typed::Incomplete),
            ("/leave", Typed::Ask(Command::LeaveRoom)),
            ("/leave now", Typed::Unknown("/leave")),
            ("/rooms", Typed::Ask(Command::Rooms)),
            ("/last", Typed::Ask(Command::Last(PAST_LINES))),
            ("/last 5", Typed::Ask(Command::Last(5))),
            ("/ignore bob", Typed::Ask(Command::Ignore("bob".into()))),
            ("/ignore", Typed::Incomplete),
            ("/reply psst", Typed::Ask(Command::Reply("psst".into()))),
            ("/topic green tea", Typed::Ask(Command::Topic(Some("green tea".into())))),
            ("/topic", Typed::Ask(Command::Topic(None))),
            ("/usr/bin", Typed::Unknown("/usr/bin")),
            ("/", Typed::Unknown("/")),
        ] {
            assert_eq!(typed(line), asks, "{line:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_said_in_pieces_between_characters() {
        assert_eq!(pieces(" a\tb \x1b[1m"), ["a b [1m"]);
        assert!(pieces(" \t ").is_empty());
        let long = "说".repeat(1_000);
        let pieces = pieces(&long);
        assert_eq!(pieces.concat(), long);
        assert!(pieces.iter().all(|piece| piece.len() <= SAY_BYTES_MAX), "each fits");
        assert_eq!(pieces.len(), 3);
    }
}
