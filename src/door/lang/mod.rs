//! The languages of natter: each is one file with all of its texts.

/// The charsets that `/charset` accepts.
#[cfg(feature = "charsets")]
macro_rules! charsets {
    () => {
        "utf-8, gbk, big5, latin1"
    };
}
#[cfg(not(feature = "charsets"))]
macro_rules! charsets {
    () => {
        "utf-8, latin1"
    };
}

mod en;
mod zh;

use std::io::{self, Write};

use crate::door::DoorKind;
use crate::door::notice::Message;
use crate::zone::offset::Offset;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese: the article's lines, unchanged to the byte.
    Zh,
}

impl Lang {
    /// Returns the language of the environment: the first of the three variables that is set
    /// determines it (POSIX, "Internationalization Variables").
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        match set {
            Some(locale) if locale.starts_with("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// Returns the value of `--lang` and `/lang` for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Returns the language for a value of `--lang` or `/lang`.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Writes `message` in this language: without a stamp or a line end, and with `\n` between the
    /// lines of a message that has several.
    ///
    /// # Errors
    /// Only those of `to`.
    pub fn write<'a>(self, message: impl Into<Message<'a>>, to: &mut impl Write) -> io::Result<()> {
        match (self, message.into()) {
            (Self::En, Message::Event(event)) => en::write(event, to),
            (Self::En, Message::Notice(notice)) => en::write_notice(notice, to),
            (Self::Zh, Message::Event(event)) => zh::write(event, to),
            (Self::Zh, Message::Notice(notice)) => zh::write_notice(notice, to),
        }
    }

    /// Returns the name of the author as shown before a private message.
    pub fn private(self, from: &str, to: &str) -> String {
        match self {
            Self::En => en::private(from, to),
            Self::Zh => zh::private(from, to),
        }
    }

    /// Returns the end of the greeting at the telnet door: the time zone, and where to learn more.
    pub fn greeting_end(self, zone: Offset) -> String {
        match self {
            Self::En => en::greeting_end(zone),
            Self::Zh => zh::greeting_end(zone),
        }
    }

    /// Returns the last message at the telnet door.
    pub fn goodbye(self) -> &'static str {
        match self {
            Self::En => en::GOODBYE,
            Self::Zh => zh::GOODBYE,
        }
    }

    /// Returns the prompt for a name at the telnet door.
    pub fn prompt_for_name(self) -> &'static str {
        match self {
            Self::En => en::PROMPT_FOR_NAME,
            Self::Zh => zh::PROMPT_FOR_NAME,
        }
    }

    /// Returns the list of commands at the telnet door, with `\n` between the lines.
    pub fn slash_help(self) -> &'static str {
        match self {
            Self::En => en::SLASH_HELP,
            Self::Zh => zh::SLASH_HELP,
        }
    }

    /// Returns the line about a door that the server prints at startup; `connect` is a command that
    /// connects there.
    pub fn how_to_join(self, dialect: DoorKind, connect: &str) -> String {
        match self {
            Self::En => en::how_to_join(dialect, connect),
            Self::Zh => zh::how_to_join(dialect, connect),
        }
    }

    /// What the operator reads in a log where the server started.
    pub fn started(self) -> &'static str {
        match self {
            Self::En => "-- the server started --",
            Self::Zh => "-- 服务器已启动 --",
        }
    }

    /// What the operator reads in a log where `lines` are missing.
    pub fn not_written(self, lines: &str) -> String {
        match self {
            Self::En => format!("-- {lines} lines not written --"),
            Self::Zh => format!("-- {lines} 行未能写入 --"),
        }
    }

    /// Returns the line that the server `natter` (name and version) prints about the maximum number
    /// of clients, with the limit of file descriptors if that allows no more.
    pub fn at_most(self, natter: &str, clients: usize, descriptors: Option<usize>) -> String {
        match self {
            Self::En => en::at_most(natter, clients, descriptors),
            Self::Zh => zh::at_most(natter, clients, descriptors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::charset::Charset;
    use crate::door::notice::Notice;
    use crate::door::telnet::commands::{self, Typed};

    #[test]
    fn messages_about_charsets_match_the_build() {
        for lang in [Lang::En, Lang::Zh] {
            let notice = Notice::NoSuchCharset { name: "x" };
            let mut refusal = Vec::new();
            lang.write(&notice, &mut refusal).expect("writing to memory does not fail");
            let refusal = String::from_utf8(refusal).expect("texts are UTF-8");
            let Typed::Fault(Notice::Misused { usage }) = commands::parse("/charset", true) else {
                panic!("the setting has a name");
            };
            for name in Charset::ALL.map(Charset::as_str) {
                let is_there = Charset::of_name(name).is_some();
                for text in [&refusal, usage, lang.slash_help()] {
                    assert_eq!(text.contains(name), is_there, "{name}: {text}");
                }
            }
        }
    }

    #[test]
    fn the_first_variable_that_is_set_determines_the_language() {
        let lang = |set: &[(&str, &str)]| {
            Lang::of_environment(|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
            })
        };
        assert_eq!(lang(&[]), Lang::En);
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(lang(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(lang(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_TW"), ("LANG", "C")]), Lang::Zh);
    }
}
