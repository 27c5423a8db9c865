//! Commands, and their syntax in the article's protocol, where the last word of a line is the
//! command.

use crate::ids::LineId;

/// A request of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `NAME -n`: take the name NAME, and enter.
    Name(&'a str),
    /// `TEXT -ta`: say TEXT to the room.
    Say(&'a str),
    /// `TEXT -me`: do TEXT.
    Act(&'a str),
    /// `NAME TEXT -to`: say TEXT to NAME alone.
    Tell {
        /// The recipient's name.
        to: &'a str,
        /// The text.
        text: &'a str,
    },
    /// `who`: list the users in the room.
    Who,
    /// `help`: list the commands.
    Help,
    /// `exit`: leave the chat.
    Exit,
    /// `/reply TEXT`: say TEXT to the user who last sent a private message.
    Reply(&'a str),
    /// `/ignore NAME`: hide messages from NAME, or show them again; without a name, list the
    /// ignored.
    Ignore(Option<&'a str>),
    /// `/last N`: show the last N lines.
    Last(Option<usize>),
    /// `ROOM -r`, `/join ROOM`: move to ROOM.
    Join(&'a str),
    /// Enter a room, and stay in the others.
    Enter(&'a str),
    /// `/leave`: return to the lobby.
    LeaveRoom,
    /// `rooms`: list the rooms.
    Rooms,
    /// `TEXT -topic`, `/topic`: set the topic of the room; without a text, show it.
    Topic(Option<&'a str>),
    /// Say or do TEXT in one of the rooms that the user is in.
    SayIn {
        /// The room.
        room: &'a str,
        /// The text.
        text: &'a str,
        /// Whether it is done, not said.
        is_act: bool,
    },
    /// Leave a room (the current one if none is named), and stay in the others; a user in no other
    /// room returns to the lobby.
    Part(Option<&'a str>),
    /// Show what was said after a line.
    Since {
        /// The line; if none, it is no longer known, and all stored lines are shown.
        after: Option<LineId>,
        /// The room; if none, all rooms that the user is in.
        room: Option<&'a str>,
    },
    /// Anything else.
    Unknown,
}

/// The commands that stand at the end of a line, or are the whole line.
const WORDS: [&str; 10] =
    ["exit", "who", "help", "rooms", "-n", "-ta", "-me", "-to", "-r", "-topic"];
/// The characters that may separate the last word: the second is the space of Chinese input
/// methods.
const SPACES: [char; 2] = [' ', '\u{3000}'];

impl<'a> Command<'a> {
    /// Parses `line`. Surrounding spaces do not count, as with the article's server; the command
    /// may be written in full width, as Chinese input methods do (`你好　－ta`).
    pub fn parse(line: &'a str) -> Self {
        let line = line.trim();
        let (text, word) = line.rsplit_once(' ').unwrap_or(("", line));
        let command = Self::of_word(text, word).or_else(|| {
            let (text, word) = line.rsplit_once(SPACES).unwrap_or(("", line));
            let word = WORDS.iter().find(|known| word.chars().map(half_width).eq(known.chars()))?;
            Self::of_word(text, word)
        });
        command.unwrap_or(Self::Unknown)
    }

    fn of_word(text: &'a str, word: &str) -> Option<Self> {
        Some(match (word, text) {
            ("exit", "") => Self::Exit,
            ("who", "") => Self::Who,
            ("help", "") => Self::Help,
            ("rooms", "") => Self::Rooms,
            (_, "") => return None,
            ("-n", _) => Self::Name(first_word(text)),
            ("-ta", _) => Self::Say(text),
            ("-me", _) => Self::Act(text),
            ("-r", _) => Self::Join(first_word(text)),
            ("-topic", _) => Self::Topic(Some(text)),
            ("-to", _) => {
                let (to, text) =
                    text.split_once(SPACES).filter(|(_, text)| !text.trim().is_empty())?;
                Self::Tell { to, text }
            }
            _ => return None,
        })
    }
}

fn first_word(text: &str) -> &str {
    text.split(SPACES).next().unwrap_or(text)
}

/// Returns `c` as it is on other keyboards, if it is one of the full-width Latin letters and marks
/// of Chinese input methods: `/` for `／`.
pub fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_the_command() {
        for (line, command) in [
            ("alice -n", Command::Name("alice")),
            ("alice in chains -n", Command::Name("alice")),
            ("  小明 -n\t", Command::Name("小明")),
            ("hello world -ta", Command::Say("hello world")),
            ("a -n -ta", Command::Say("a -n")),
            ("two  spaces  -ta", Command::Say("two  spaces ")),
            ("waves -me", Command::Act("waves")),
            ("bob psst, you -to", Command::Tell { to: "bob", text: "psst, you" }),
            ("bob -to", Command::Unknown),
            ("bob  -to", Command::Unknown),
            ("exit", Command::Exit),
            (" exit ", Command::Exit),
            ("who", Command::Who),
            ("rooms", Command::Rooms),
            ("tea -r", Command::Join("tea")),
            ("all about tea -topic", Command::Topic(Some("all about tea"))),
            ("help", Command::Help),
        ] {
            assert_eq!(Command::parse(line), command, "{line:?}");
        }
    }

    #[test]
    fn the_last_word_may_be_full_width() {
        for (line, command) in [
            ("你好　－ta", Command::Say("你好")),
            ("你好 －ｔａ", Command::Say("你好")),
            ("a b　-ta", Command::Say("a b")),
            ("　小明　－ｎ　", Command::Name("小明")),
            ("小明　小红 -n", Command::Name("小明")),
            ("小明　嘘　－to", Command::Tell { to: "小明", text: "嘘" }),
            ("小明　嘘 嘘 -to", Command::Tell { to: "小明", text: "嘘 嘘" }),
            ("小明　－to", Command::Unknown),
            ("茶　－r", Command::Join("茶")),
            ("ｅｘｉｔ", Command::Exit),
            ("－ta", Command::Unknown),
            ("你好－ta", Command::Unknown),
            ("你好　—ta", Command::Unknown),
        ] {
            assert_eq!(Command::parse(line), command, "{line:?}");
        }
    }

    #[test]
    fn any_other_line_is_not_understood() {
        for line in ["", " ", "-n", " -ta", "hello", "hello -x", "hello-ta", "exit now", "WHO"] {
            assert_eq!(Command::parse(line), Command::Unknown, "{line:?}");
        }
    }
}
