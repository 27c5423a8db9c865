//! The languages that natter speaks: each a file that holds all of its texts.

/// The character sets that `/charset` takes.
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
    /// Chinese: the article's lines, to the byte.
    Zh,
}

impl Lang {
    /// The language that the environment asks for: the first of the three that is set decides
    /// (POSIX, "Internationalization Variables").
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        match set {
            Some(locale) if locale.starts_with("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// As `--lang` and `/lang` call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The one that `--lang` and `/lang` call so.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Writes what `message` is in this language: without a stamp or a line end, and with `\n`
    /// between the lines of a message that has several.
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

    /// Who says something to one alone.
    pub fn private(self, from: &str, to: &str) -> String {
        match self {
            Self::En => en::private(from, to),
            Self::Zh => zh::private(from, to),
        }
    }

    /// What ends the greeting at the telnet door: which zone times are in, and how to learn more.
    pub fn greeting_end(self, zone: Offset) -> String {
        match self {
            Self::En => en::greeting_end(zone),
            Self::Zh => zh::greeting_end(zone),
        }
    }

    /// The last word at the telnet door.
    pub fn goodbye(self) -> &'static str {
        match self {
            Self::En => en::GOODBYE,
            Self::Zh => zh::GOODBYE,
        }
    }

    /// What asks for a name at the telnet door.
    pub fn prompt_for_name(self) -> &'static str {
        match self {
            Self::En => en::PROMPT_FOR_NAME,
            Self::Zh => zh::PROMPT_FOR_NAME,
        }
    }

    /// All commands of the telnet door, with `\n` between the lines.
    pub fn slash_help(self) -> &'static str {
        match self {
            Self::En => en::SLASH_HELP,
            Self::Zh => zh::SLASH_HELP,
        }
    }

    /// What the operator reads of a door when the server has started; `connect` is a command that
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

    /// What the operator reads of `natter` (name and version): how many clients may come, and the
    /// limit of file descriptors if that allows no more.
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
    fn what_is_said_of_charsets_is_what_there_is() {
        for lang in [Lang::En, Lang::Zh] {
            let notice = Notice::NoSuchCharset { name: "x" };
            let mut refusal = Vec::new();
            lang.write(&notice, &mut refusal).expect("memory takes it");
            let refusal = String::from_utf8(refusal).expect("texts are text");
            let Typed::Fault(Notice::Misused { usage }) = commands::parse("/charset", true) else {
                panic!("it takes a name");
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
    fn the_first_variable_that_is_set_decides() {
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
