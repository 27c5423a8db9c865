//! A line of the article's language: the command is its last word.

use crate::ids::LineId;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `NAME -n`: be NAME, and enter.
    Name(&'a str),
    /// `TEXT -ta`: say TEXT to all.
    Say(&'a str),
    /// `TEXT -me`: do TEXT.
    Act(&'a str),
    /// `NAME TEXT -to`: say TEXT to NAME alone.
    Tell {
        /// Whom to tell.
        to: &'a str,
        /// What.
        text: &'a str,
    },
    /// `who`: who is here.
    Who,
    /// `help`: which commands there are.
    Help,
    /// `exit`: leave.
    Exit,
    /// `/reply TEXT`: say TEXT to who last said something in private.
    Reply(&'a str),
    /// `/ignore NAME`: see nothing more of NAME, or see it again; without a name, whom one ignores.
    Ignore(Option<&'a str>),
    /// `/last N`: show the last N lines.
    Last(Option<usize>),
    /// `ROOM -r`, `/join ROOM`: leave the room for ROOM.
    Join(&'a str),
    /// Come to a room, and stay in the others.
    Enter(&'a str),
    /// `/leave`: go back to the lobby.
    LeaveRoom,
    /// `rooms`: which rooms there are.
    Rooms,
    /// `TEXT -topic`, `/topic`: say what the room is about; without a text, ask.
    Topic(Option<&'a str>),
    /// Say or do TEXT in one of the rooms that one is in.
    SayIn {
        /// Which.
        room: &'a str,
        /// What.
        text: &'a str,
        /// It is done, not said.
        is_act: bool,
    },
    /// Leave a room, the present one if none is named, and stay in the others; who is in no other
    /// goes back to the lobby.
    Part(Option<&'a str>),
    /// Show what was said after a line.
    Since {
        /// The line; none if that is not known any more, and all that is kept is to be shown.
        after: Option<LineId>,
        /// In one room; if none is named, in all that one is in.
        room: Option<&'a str>,
    },
    /// Anything else.
    Unknown,
}

/// The words that end a line, or are all of it.
const WORDS: [&str; 10] =
    ["exit", "who", "help", "rooms", "-n", "-ta", "-me", "-to", "-r", "-topic"];
/// What may stand before the last word: the second is the space of Chinese input methods.
const SPACES: [char; 2] = [' ', '\u{3000}'];

impl<'a> Command<'a> {
    /// What `line` asks for. Space around it does not count, as with the article's server; the
    /// command may be written in full width, as Chinese input methods do (`你好　－ta`).
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

/// `c` as it is on other keyboards, if it is of the full width that Chinese input methods give to
/// Latin letters and marks: `/` for `／`.
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
    fn the_last_word_may_be_of_full_width() {
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
    fn anything_else_is_not_understood() {
        for line in ["", " ", "-n", " -ta", "hello", "hello -x", "hello-ta", "exit now", "WHO"] {
            assert_eq!(Command::parse(line), Command::Unknown, "{line:?}");
        }
    }
}
