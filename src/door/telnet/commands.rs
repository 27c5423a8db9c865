//! What a person types at the telnet door: plain text is said, `/word` does something.

use strsim::osa_distance;

use crate::chat::command::Command;
use crate::clock::Shown;
use crate::door::notice::Notice;
use crate::door::telnet::settings::Setting;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// Something of the chat.
    Chat(Command<'a>),
    /// To have things shown in another way.
    Set(Setting<'a>),
    /// It is no command; its author is told so.
    Fault(Notice<'a>),
}

/// One command.
struct Slash {
    name: &'static str,
    /// Name and arguments, as shown to whoever used it wrongly.
    usage: &'static str,
    parse: fn(&str) -> Option<Typed<'_>>,
}

/// All of them. Unambiguous beginnings of a name do, too.
const SLASHES: [Slash; 18] = [
    Slash { name: "help", usage: "/help", parse: |rest| nothing(rest, Command::Help) },
    Slash { name: "who", usage: "/who", parse: |rest| nothing(rest, Command::Who) },
    Slash {
        name: "msg",
        usage: "/msg NAME TEXT",
        parse: |rest| {
            let (to, text) = rest.split_once(' ')?;
            something(text, |text| chat(Command::Tell { to, text }))
        },
    },
    Slash {
        name: "reply",
        usage: "/reply TEXT",
        parse: |rest| something(rest, |text| chat(Command::Reply(text))),
    },
    Slash {
        name: "me",
        usage: "/me TEXT",
        parse: |rest| something(rest, |text| chat(Command::Act(text))),
    },
    Slash {
        name: "name",
        usage: "/name NEW",
        parse: |rest| something(rest, |text| chat(Command::Name(text))),
    },
    Slash {
        name: "ignore",
        usage: "/ignore [NAME]",
        parse: |rest| Some(chat(Command::Ignore(Some(rest).filter(|name| !name.is_empty())))),
    },
    Slash {
        name: "last",
        usage: "/last N",
        parse: |rest| match rest {
            "" => Some(chat(Command::Last(None))),
            _ => rest
                .parse()
                .ok()
                .filter(|&count| count > 0)
                .map(|count| chat(Command::Last(Some(count)))),
        },
    },
    Slash {
        name: "join",
        usage: "/join ROOM",
        parse: |rest| something(rest, |text| chat(Command::Join(text))),
    },
    Slash { name: "leave", usage: "/leave", parse: |rest| nothing(rest, Command::LeaveRoom) },
    Slash { name: "rooms", usage: "/rooms", parse: |rest| nothing(rest, Command::Rooms) },
    Slash {
        name: "topic",
        usage: "/topic [TEXT]",
        parse: |rest| Some(chat(Command::Topic(Some(rest).filter(|text| !text.is_empty())))),
    },
    Slash {
        name: "time",
        usage: "/time on|off|full",
        parse: |rest| match rest {
            "on" => Some(Typed::Set(Setting::Time(Shown::Short))),
            "off" => Some(Typed::Set(Setting::Time(Shown::Never))),
            "full" => Some(Typed::Set(Setting::Time(Shown::Full))),
            _ => None,
        },
    },
    Slash {
        name: "charset",
        usage: if cfg!(feature = "charsets") {
            "/charset utf-8|gbk|big5|latin1"
        } else {
            "/charset utf-8|latin1"
        },
        parse: |rest| something(rest, |name| Typed::Set(Setting::Charset(name))),
    },
    Slash {
        name: "color",
        usage: "/color on|off",
        parse: |rest| on_or_off(rest).map(|on| Typed::Set(Setting::Color(on))),
    },
    Slash {
        name: "edit",
        usage: "/edit on|off",
        parse: |rest| on_or_off(rest).map(|on| Typed::Set(Setting::Edit(on))),
    },
    // As programs and the article have it.
    Slash { name: "exit", usage: "/exit", parse: |rest| nothing(rest, Command::Exit) },
    Slash { name: "quit", usage: "/quit", parse: |rest| nothing(rest, Command::Exit) },
];

/// More changed letters than this make another word.
const TYPOS_MAX: usize = 2;

/// What `line` asks for; before somebody `is_named`, a plain line is a name.
pub fn parse(line: &str, is_named: bool) -> Typed<'_> {
    let line = line.trim_end();
    if let Some(rest) = line.trim_start().strip_prefix('/') {
        return match rest.starts_with('/') {
            true if is_named => chat(Command::Say(rest)),
            _ => slash(rest),
        };
    }
    chat(match Command::parse(line) {
        // Of plain text that ends so, only one word alone can be meant as a name.
        Command::Name(name) if line.split_whitespace().count() == 2 => Command::Name(name),
        command @ (Command::Say(_) | Command::Act(_) | Command::Tell { .. } | Command::Exit) => {
            command
        }
        command @ (Command::Help | Command::Who) if !is_named => command,
        _ if is_named => Command::Say(line),
        _ => Command::Name(line.trim_start()),
    })
}

fn slash(rest: &str) -> Typed<'_> {
    let (word, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    let exact = SLASHES.iter().find(|slash| slash.name == word);
    let mut longer =
        SLASHES.iter().filter(|slash| !word.is_empty() && slash.name.starts_with(word));
    match (exact, longer.next(), longer.next()) {
        (Some(slash), _, _) | (None, Some(slash), None) => {
            let command = (slash.parse)(arguments.trim());
            command.unwrap_or(Typed::Fault(Notice::Misused { usage: slash.usage }))
        }
        (None, Some(one), Some(other)) => {
            Typed::Fault(Notice::Ambiguous { word, like: [one.name, other.name] })
        }
        (None, None, _) => Typed::Fault(Notice::NoSuch { word, near: nearest(word) }),
    }
}

/// The command that was probably meant.
fn nearest(word: &str) -> Option<&'static str> {
    // A long word is like none of them, and comparing it would take its length squared.
    let word = Some(word).filter(|word| word.len() <= 16)?.to_ascii_lowercase();
    let distances = SLASHES.iter().map(|slash| (osa_distance(slash.name, &word), slash.name));
    let (distance, name) = distances.min()?;
    (distance <= TYPOS_MAX && distance < name.len()).then_some(name)
}

fn chat(command: Command<'_>) -> Typed<'_> {
    Typed::Chat(command)
}

fn nothing<'a>(rest: &str, command: Command<'a>) -> Option<Typed<'a>> {
    rest.is_empty().then_some(chat(command))
}

fn something<'a>(rest: &'a str, command: impl FnOnce(&'a str) -> Typed<'a>) -> Option<Typed<'a>> {
    let rest = rest.trim();
    (!rest.is_empty()).then(|| command(rest))
}

fn on_or_off(rest: &str) -> Option<bool> {
    match rest {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_said_and_slashes_command() {
        for (line, command) in [
            ("hello", Command::Say("hello")),
            ("  two  words ", Command::Say("  two  words")),
            ("//etc/hosts", Command::Say("/etc/hosts")),
            ("who", Command::Say("who")),
            ("/who", Command::Who),
            ("/w", Command::Who),
            ("/msg bob psst, you", Command::Tell { to: "bob", text: "psst, you" }),
            ("/ms bob  hi ", Command::Tell { to: "bob", text: "hi" }),
            ("/reply yes", Command::Reply("yes")),
            ("/me waves", Command::Act("waves")),
            ("/name carol", Command::Name("carol")),
            ("/ignore bob", Command::Ignore(Some("bob"))),
            ("/join tea", Command::Join("tea")),
            ("/leave", Command::LeaveRoom),
            ("/rooms", Command::Rooms),
            ("/topic", Command::Topic(None)),
            ("/topic all about tea", Command::Topic(Some("all about tea"))),
            ("/last", Command::Last(None)),
            ("/last 5", Command::Last(Some(5))),
            ("/q", Command::Exit),
            ("/exit", Command::Exit),
        ] {
            assert_eq!(parse(line, true), chat(command), "{line:?}");
        }
    }

    #[test]
    fn settings_are_no_matter_of_the_chat() {
        for (line, setting) in [
            ("/time full", Setting::Time(Shown::Full)),
            ("/charset GBK", Setting::Charset("GBK")),
            ("/color off", Setting::Color(false)),
            ("/edit on", Setting::Edit(true)),
        ] {
            assert_eq!(parse(line, true), Typed::Set(setting), "{line:?}");
        }
    }

    #[test]
    fn the_articles_commands_work_here_too() {
        for (line, command) in [
            ("carol -n", Command::Name("carol")),
            ("hello there -ta", Command::Say("hello there")),
            ("bob psst -to", Command::Tell { to: "bob", text: "psst" }),
            ("waves -me", Command::Act("waves")),
            ("exit", Command::Exit),
            ("have you tried sort -n", Command::Say("have you tried sort -n")),
        ] {
            assert_eq!(parse(line, true), chat(command), "{line:?}");
        }
    }

    #[test]
    fn a_plain_line_is_a_name_while_there_is_none() {
        assert_eq!(parse(" carol ", false), chat(Command::Name("carol")));
        assert_eq!(parse("carol -n", false), chat(Command::Name("carol")));
        assert_eq!(parse("two words", false), chat(Command::Name("two words")));
        assert_eq!(parse("help", false), chat(Command::Help));
        assert_eq!(parse("/who", false), chat(Command::Who));
        assert_eq!(parse("exit", false), chat(Command::Exit));
    }

    #[test]
    fn a_typo_suggests_the_nearest() {
        let near = |line| match parse(line, true) {
            Typed::Fault(Notice::NoSuch { near, .. }) => near,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(near("/hlep"), Some("help"));
        assert_eq!(near("/whp"), Some("who"));
        assert_eq!(near("/QUIT"), Some("quit"));
        assert_eq!(near("/xyzzyxyzzy"), None);
        assert_eq!(near("/"), None);
        assert_eq!(near(&format!("/{}", "x".repeat(1_000))), None);
        let both = Typed::Fault(Notice::Ambiguous { word: "m", like: ["msg", "me"] });
        assert_eq!(parse("/m bob hi", true), both);
        for line in [
            "/msg bob",
            "/me",
            "/who now",
            "/last many",
            "/last 0",
            "/time",
            "/edit maybe",
            "/name",
        ] {
            assert!(matches!(parse(line, true), Typed::Fault(Notice::Misused { .. })), "{line}");
        }
    }
}
