//! Command lines: one table of options for each program (the server, the client), and one parser
//! and one `--help` for all of them.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};
use unicode_width::UnicodeWidthChar;

use crate::door::lang::Lang;

/// A text in English and in Chinese.
pub type Texts = [&'static str; 2];

/// The maximum width of a line of `--help`.
const HELP_COLUMNS: usize = 80;

/// An option of a program whose configuration is a `C`.
pub struct Opt<C> {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// The placeholder of its value; empty if it takes none.
    pub value: &'static str,
    /// The default, as shown to people.
    pub default: Texts,
    /// Its description.
    pub help: Texts,
    /// Sets the value, or returns what is wrong with it.
    pub set: fn(&mut C, &str) -> Result<(), String>,
}

/// The command line of a program: all that differs between two programs.
pub struct Program<C: 'static> {
    /// The command that starts it, as people type it.
    pub command: &'static str,
    /// The argument that may be given once beside options; empty if there is none.
    pub argument: &'static str,
    /// Its options, in the order of `--help`.
    pub options: &'static [Opt<C>],
    /// Names of options that may be given several times; for the others it would be unclear which
    /// one holds.
    pub repeatable: &'static [&'static str],
    /// Pairs of options of which only one may be given.
    pub exclusive: &'static [(&'static str, &'static str)],
    /// The language of `--help`.
    pub lang: fn(&C) -> Lang,
    /// The text above the options in `--help`.
    pub intro: Texts,
    /// The text below them.
    pub notes: Texts,
}

/// The request of a command line.
#[derive(Debug)]
pub enum Request<C> {
    /// Run with this configuration.
    Run(C, Given),
    /// Print this text and exit.
    Print(String),
}

/// What a valid command line contained.
#[derive(Debug, Default)]
pub struct Given {
    /// The options, each with its value (empty if it takes none), in order.
    pub options: Vec<(&'static str, String)>,
    /// The argument beside options.
    pub argument: Option<String>,
}

impl Given {
    /// Returns the values that were given for the option `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let given = self.options.iter().filter(move |(given, _)| *given == name);
        given.map(|(_, value)| value.as_str())
    }

    /// Checks that no two options contradict each other.
    fn check<C>(&self, program: &Program<C>) -> Result<(), String> {
        for (index, (name, value)) in self.options.iter().enumerate() {
            for (earlier, its_value) in &self.options[..index] {
                let pair = (*earlier, *name);
                let is_twice =
                    name == earlier && value != its_value && !program.repeatable.contains(name);
                let excludes =
                    |&(one, other): &(&str, &str)| pair == (one, other) || pair == (other, one);
                if is_twice || program.exclusive.iter().any(excludes) {
                    return Err(contradiction(&shown(earlier, its_value), &shown(name, value)));
                }
            }
        }
        Ok(())
    }
}

/// Returns an option as it was given.
pub fn shown(name: &str, value: &str) -> String {
    format!("--{name} {value}").trim_end().to_string()
}

/// Returns the line about two options that exclude each other.
pub fn contradiction(one: &str, other: &str) -> String {
    format!("{one} contradicts {other}; give only one of them")
}

impl<C> Program<C> {
    /// Parses `arguments`, starting from the defaults in `config`.
    ///
    /// # Errors
    /// One line that names the option and what to do.
    pub fn parse(
        &self,
        arguments: impl IntoIterator<Item = OsString>,
        mut config: C,
    ) -> Result<Request<C>, String> {
        let mut given = Given::default();
        let mut parser = Parser::from_args(arguments);
        let mut wants_help = false;
        loop {
            match self.parse_next(&mut parser, &mut config, &mut given) {
                Ok(Some(Word::Help)) => wants_help = true,
                Ok(Some(Word::Version)) if !wants_help => {
                    let version = concat!("natter ", env!("CARGO_PKG_VERSION"), "\n");
                    return Ok(Request::Print(version.into()));
                }
                Ok(Some(_)) => {}
                // A request for help is answered despite errors, in the language given anywhere on
                // the line.
                Ok(None) | Err(_) if wants_help => {
                    return Ok(Request::Print(self.help((self.lang)(&config))));
                }
                Ok(None) => {
                    given.check(self)?;
                    return Ok(Request::Run(config, given));
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Parses the next word of the command line, and its value if it has one.
    fn parse_next(
        &self,
        parser: &mut Parser,
        config: &mut C,
        given: &mut Given,
    ) -> Result<Option<Word>, String> {
        let Some(arg) = parser.next().map_err(|error| self.advised(&error.to_string()))? else {
            return Ok(None);
        };
        let name = match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Some(Word::Help)),
            Arg::Long("version") | Arg::Short('V') => return Ok(Some(Word::Version)),
            Arg::Long(name) => name.to_string(),
            Arg::Value(value) if !self.argument.is_empty() && given.argument.is_none() => {
                let value = value.string().map_err(|_| must_be_utf8(self.argument))?;
                given.argument = Some(value);
                return Ok(Some(Word::Other));
            }
            other => return Err(self.advised(&other.unexpected().to_string())),
        };
        let Some(opt) = self.options.iter().find(|opt| opt.name == name) else {
            return Err(self.advised(&format!("--{name}: no such option")));
        };
        let value = if opt.value.is_empty() {
            String::new()
        } else {
            let value = parser.value().map_err(|_| format!("--{name}: needs {}", opt.value))?;
            value.string().map_err(|_| must_be_utf8(&format!("--{name}")))?
        };
        (opt.set)(config, &value).map_err(|fix| format!("--{name}: {fix}, not {value:?}"))?;
        given.options.push((opt.name, value));
        Ok(Some(Word::Other))
    }

    fn advised(&self, fault: &str) -> String {
        format!("{fault}; {} --help lists the options", self.command)
    }

    /// Returns the text of `--help`.
    fn help(&self, lang: Lang) -> String {
        let own: [(&str, Texts); 2] = [
            ("--help, -h", ["this text", "显示本帮助"]),
            ("--version, -V", ["the version", "显示版本"]),
        ];
        let mut rows: Vec<(String, String)> = own
            .into_iter()
            .map(|(option, help)| (option.to_string(), pick(lang, help).to_string()))
            .collect();
        rows.extend(self.options.iter().map(|opt| {
            let (help, default) = (pick(lang, opt.help), pick(lang, opt.default));
            let help = match lang {
                Lang::En => format!("{help} [{default}]"),
                Lang::Zh => format!("{help}（默认：{default}）"),
            };
            (shown(opt.name, opt.value), help)
        }));
        let column = 4 + rows.iter().map(|(option, _)| option.len()).max().unwrap_or(0);
        let mut text = pick(lang, self.intro).to_string();
        text.push('\n');
        for (option, help) in rows {
            let mut begin = format!("  {option}");
            for line in wrapped(&help, HELP_COLUMNS - column) {
                text.push_str(&format!("{begin:<column$}{line}\n"));
                begin.clear();
            }
        }
        text.push_str(pick(lang, self.notes));
        text
    }
}

/// A word of a command line, as far as the loop needs to know.
enum Word {
    Help,
    Version,
    Other,
}

fn pick(lang: Lang, [en, zh]: Texts) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

fn must_be_utf8(name: &str) -> String {
    format!("{name}: must be UTF-8")
}

/// Splits `text` into lines of at most so many columns. Lines are broken between words, and between
/// Chinese characters, but not before punctuation or behind an opening bracket.
fn wrapped(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut may_end) = (0, None);
    let mut before = ' ';
    let width = |text: &str| text.chars().filter_map(char::width).sum::<usize>();
    for (at, c) in text.char_indices() {
        let is_between = |c: char| c.len_utf8() == 3 && !"（“".contains(c);
        if c == ' ' || (c.len_utf8() == 3 && !"，。；：、）”".contains(c) && is_between(before))
        {
            may_end = Some(at);
        }
        before = c;
        if width(&text[start..at + c.len_utf8()]) > columns {
            let end = may_end.take().filter(|&end| end > start).unwrap_or(at);
            lines.push(text[start..end].trim());
            start = end;
        }
    }
    lines.push(text[start..].trim());
    lines
}

/// Returns the language that the value of `--lang` names.
///
/// # Errors
/// The values that are allowed.
pub fn lang(value: &str) -> Result<Lang, String> {
    Lang::of_name(value).ok_or_else(|| "must be en or zh".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_or_chinese_characters() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("断开；重连", 5), ["断", "开；", "重连"]);
        assert_eq!(wrapped("改（见下）", 5), ["改", "（见", "下）"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
