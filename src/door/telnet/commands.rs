//! Commands at the telnet door: plain text is said, `/word` is a command.
//!
//! `natter join` accepts the same commands. Chinese input methods type `／` or `、` for `/`. The
//! first is always a command mark. The second also occurs in texts, so it is one only before the
//! beginning of a command word: `、msg bob 1234` is a private message, `、你好` is said.

use strsim::osa_distance;

use crate::chat::command::{Command, half_width};
use crate::clock::Shown;
use crate::door::lang::Lang;
use crate::door::notice::Notice;
use crate::door::telnet::settings::Setting;

/// A parsed line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// A command of the chat.
    Chat(Command<'a>),
    /// A setting of how things are shown.
    Set(Setting<'a>),
    /// Not a valid command; the notice says so.
    Fault(Notice<'a>),
}

/// One command.
struct Slash {
    name: &'static str,
    /// Its name and arguments, shown when it is used wrongly.
    usage: &'static str,
    parse: fn(&str) -> Option<Typed<'_>>,
}

/// The characters that begin a command.
pub const MARKS: [char; 3] = ['/', '／', '、'];

/// Other names of commands, used by the article and other chats.
const SYNONYMS: [(&str, &str); 3] = [("exit", "quit"), ("nick", "name"), ("tell", "msg")];

/// All commands. Unambiguous prefixes of a name work, too, in upper or lower case.
const SLASHES: [Slash; 18] = [
    Slash { name: "help", usage: "/help", parse: |rest| nothing(rest, Command::Help) },
    Slash { name: "who", usage: "/who", parse: |rest| nothing(rest, Command::Who) },
    Slash {
        name: "msg",
        usage: "/msg NAME TEXT",
        parse: |rest| {
            let (to, text) = rest.split_once(char::is_whitespace)?;
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
            _ => folded(rest)
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
        usage: "/time on|off|full|+8|Asia/Shanghai",
        parse: |rest| match folded(rest).as_str() {
            "on" => Some(Typed::Set(Setting::Time(Shown::Short))),
            "off" => Some(Typed::Set(Setting::Time(Shown::Never))),
            "full" => Some(Typed::Set(Setting::Time(Shown::Full))),
            _ => something(rest, |zone| Typed::Set(Setting::Zone(zone))),
        },
    },
    Slash {
        name: "lang",
        usage: "/lang en|zh",
        parse: |rest| Lang::of_name(&folded(rest)).map(|lang| Typed::Set(Setting::Lang(lang))),
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
    Slash { name: "quit", usage: "/quit", parse: |rest| nothing(rest, Command::Exit) },
];

/// A word with more changed letters than this is another word.
const TYPOS_MAX: usize = 2;
/// Longer than any known word.
const WORD_CHARS_MAX: usize = 16;

/// Parses `line`; while the user is not `is_named`, a plain line is a name.
pub fn parse(line: &str, is_named: bool) -> Typed<'_> {
    let line = line.trim_end();
    marked(line).unwrap_or_else(|| chat(plain(line, is_named)))
}

/// Parses a line without a command mark. Of the article's commands at the end of a line, only `TEXT
/// -ta` is recognised here, and `NAME -n` while a name is asked for: the others would be found in
/// talk.
fn plain(line: &str, is_named: bool) -> Command<'_> {
    match Command::parse(line) {
        command @ (Command::Say(_) | Command::Exit) => command,
        _ if is_named => Command::Say(line),
        // Only a single word can be meant as a name.
        Command::Name(name) if line.split_whitespace().count() == 2 => Command::Name(name),
        command @ (Command::Help | Command::Who) => command,
        _ => Command::Name(line.trim_start()),
    }
}

/// Parses `line` if it begins with a command mark. After a doubled mark, the rest is said.
pub fn marked(line: &str) -> Option<Typed<'_>> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| MARKS.contains(mark))?;
    let rest = &line[mark.len_utf8()..];
    if mark == '、' {
        let word = folded(split(rest).0);
        let is_command = !word.is_empty() && starting(&word).next().is_some();
        return is_command.then(|| slash(rest));
    }
    Some(if rest.starts_with(MARKS) { chat(Command::Say(rest)) } else { slash(rest) })
}

fn slash(rest: &str) -> Typed<'_> {
    let (word, arguments) = split(rest);
    let wanted = folded(word);
    let exact = starting(&wanted).find(|(name, _)| *name == wanted);
    let mut longer = starting(&wanted).filter(|_| !word.is_empty());
    let first = longer.next();
    let other = longer.find(|(_, slash)| first.is_some_and(|(_, one)| one.name != slash.name));
    match (exact.or(first), other) {
        (Some((name, _)), Some((other, _))) if exact.is_none() => {
            Typed::Fault(Notice::Ambiguous { word, like: [name, other] })
        }
        (Some((_, slash)), _) => {
            let command = (slash.parse)(arguments.trim());
            command.unwrap_or(Typed::Fault(Notice::Misused { usage: slash.usage }))
        }
        (None, _) => Typed::Fault(Notice::NoSuch { word, near: nearest(&wanted) }),
    }
}

/// Returns all command words, each with its command.
fn words() -> impl Iterator<Item = (&'static str, &'static Slash)> {
    let of = |name| SLASHES.iter().find(move |slash| slash.name == name);
    let synonyms = SYNONYMS.iter().filter_map(move |&(word, name)| Some((word, of(name)?)));
    SLASHES.iter().map(|slash| (slash.name, slash)).chain(synonyms)
}

fn starting(start: &str) -> impl Iterator<Item = (&'static str, &'static Slash)> {
    words().filter(move |(name, _)| name.starts_with(start))
}

/// Splits `rest` into the command word at its start and the arguments.
fn split(rest: &str) -> (&str, &str) {
    rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
}

/// Returns `word` in lower case and half width, cut after what can make a difference.
fn folded(word: &str) -> String {
    word.chars().take(WORD_CHARS_MAX + 1).map(half_width).flat_map(char::to_lowercase).collect()
}

/// Returns the command that was probably meant.
fn nearest(word: &str) -> Option<&'static str> {
    // A long word resembles none of them, and comparing takes time quadratic in its length.
    let word = Some(word).filter(|word| word.len() <= WORD_CHARS_MAX)?;
    let distances = words().map(|(name, _)| (osa_distance(name, word), name));
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
    match folded(rest).as_str() {
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
            ("/ignore", Command::Ignore(None)),
            ("/NICK carol", Command::Name("carol")),
            ("/n Carol", Command::Name("Carol")),
            ("/tell bob Psst", Command::Tell { to: "bob", text: "Psst" }),
            ("/W", Command::Who),
        ] {
            assert_eq!(parse(line, true), chat(command), "{line:?}");
        }
    }

    #[test]
    fn settings_are_handled_by_the_door() {
        for (line, setting) in [
            ("/time full", Setting::Time(Shown::Full)),
            ("/TIME OFF", Setting::Time(Shown::Never)),
            ("／lang　ＺＨ", Setting::Lang(Lang::Zh)),
            ("/time +8", Setting::Zone("+8")),
            ("/time Asia/Shanghai", Setting::Zone("Asia/Shanghai")),
            ("/lang zh", Setting::Lang(Lang::Zh)),
            ("/charset GBK", Setting::Charset("GBK")),
            ("/color off", Setting::Color(false)),
            ("/edit on", Setting::Edit(true)),
        ] {
            assert_eq!(parse(line, true), Typed::Set(setting), "{line:?}");
        }
    }

    #[test]
    fn two_of_the_articles_commands_work_here_too() {
        for (line, command) in [
            ("hello there -ta", Command::Say("hello there")),
            ("你好　－ta", Command::Say("你好")),
            ("exit", Command::Exit),
            ("carol -n", Command::Say("carol -n")),
            ("have you tried sort -n", Command::Say("have you tried sort -n")),
            ("bob psst -to", Command::Say("bob psst -to")),
            ("waves -me", Command::Say("waves -me")),
            ("tea -r", Command::Say("tea -r")),
            ("tea　－topic", Command::Say("tea　－topic")),
            ("exit -n", Command::Say("exit -n")),
        ] {
            assert_eq!(parse(line, true), chat(command), "{line:?}");
        }
    }

    #[test]
    fn full_width_marks_begin_commands() {
        let tell = |text| Command::Tell { to: "bob", text };
        for (line, command) in [
            ("／msg bob 1234", tell("1234")),
            ("　／ｍｓｇ　bob　1234", tell("1234")),
            ("、msg bob 1234", tell("1234")),
            ("　、MS　bob 1234　5", tell("1234　5")),
            ("／last　３", Command::Last(Some(3))),
            ("／／你好", Command::Say("／你好")),
            ("/、msg bob", Command::Say("、msg bob")),
            ("、", Command::Say("、")),
            ("、 msg bob", Command::Say("、 msg bob")),
            ("、你好", Command::Say("、你好")),
            ("、messages", Command::Say("、messages")),
            ("、、msg bob", Command::Say("、、msg bob")),
            ("你好／msg bob", Command::Say("你好／msg bob")),
        ] {
            assert_eq!(parse(line, true), chat(command), "{line:?}");
        }
        let both = Typed::Fault(Notice::Ambiguous { word: "m", like: ["msg", "me"] });
        assert_eq!(parse("、m bob hi", true), both);
        assert_eq!(parse("、nick　小明", false), chat(Command::Name("小明")));
    }

    #[test]
    fn a_plain_line_is_a_name_until_one_is_accepted() {
        assert_eq!(parse(" carol ", false), chat(Command::Name("carol")));
        assert_eq!(parse("carol -n", false), chat(Command::Name("carol")));
        assert_eq!(parse("two words", false), chat(Command::Name("two words")));
        assert_eq!(parse("help", false), chat(Command::Help));
        assert_eq!(parse("/who", false), chat(Command::Who));
        assert_eq!(parse("exit", false), chat(Command::Exit));
        assert_eq!(parse("小明　－n", false), chat(Command::Name("小明")));
        assert_eq!(parse("hello -ta", false), chat(Command::Say("hello")));
        assert_eq!(parse("tea -r", false), chat(Command::Name("tea -r")));
        assert_eq!(parse("／／x", false), chat(Command::Say("／x")));
    }

    #[test]
    fn a_typo_suggests_the_nearest_command() {
        let near = |line| match parse(line, true) {
            Typed::Fault(Notice::NoSuch { near, .. }) => near,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(near("/hlep"), Some("help"));
        assert_eq!(near("/whp"), Some("who"));
        assert_eq!(near("/QIUT"), Some("quit"));
        assert_eq!(near("/nikc"), Some("nick"));
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
            "/lang",
            "/lang fr",
            "/edit maybe",
            "/name",
        ] {
            assert!(matches!(parse(line, true), Typed::Fault(Notice::Misused { .. })), "{line}");
        }
    }
}
