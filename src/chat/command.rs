//! A line of the article's language: the command is its last word.

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
    /// Anything else.
    Unknown,
}

impl<'a> Command<'a> {
    /// What `line` asks for. Space around it does not count, as with the article's server.
    pub fn parse(line: &'a str) -> Self {
        let line = line.trim();
        match line {
            "exit" => return Self::Exit,
            "who" => return Self::Who,
            "help" => return Self::Help,
            "rooms" => return Self::Rooms,
            _ => {}
        }
        let Some((text, suffix)) = line.rsplit_once(' ') else { return Self::Unknown };
        match suffix {
            "-n" => Self::Name(text.split(' ').next().unwrap_or(text)),
            "-ta" => Self::Say(text),
            "-me" => Self::Act(text),
            "-r" => Self::Join(text.split(' ').next().unwrap_or(text)),
            "-topic" => Self::Topic(Some(text)),
            "-to" => match text.split_once(' ') {
                Some((to, text)) if !text.trim().is_empty() => Self::Tell { to, text },
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
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
    fn anything_else_is_not_understood() {
        for line in ["", " ", "-n", " -ta", "hello", "hello -x", "hello-ta", "exit now", "WHO"] {
            assert_eq!(Command::parse(line), Command::Unknown, "{line:?}");
        }
    }
}
