//! The user at a terminal, below the telnet commands: decodes text into lines, in the charset that
//! the terminal seems to use.

use std::borrow::Cow;

use crate::door::charset::{BACKSPACE, Charset, DELETE, GBK_COMMON_MIN};
use crate::door::lang::Lang;
use crate::door::notice::Notice;
use crate::door::stray::{self, TlsGuard};
use crate::door::telnet::editing::{Editing, Typed};
use crate::door::telnet::protocol::{ControlKey, HERE, Item};
use crate::door::telnet::view::{Style, View, Width};
use crate::editor::Key;

/// The state of a user's terminal and line.
#[derive(Default)]
pub struct Person {
    /// How lines look to the user.
    pub view: View,
    /// Whether the charset was chosen or negotiated: it is no longer guessed.
    pub is_charset_chosen: bool,
    /// Whether the user chose the charset: it is no longer negotiated.
    pub is_charset_typed: bool,
    /// The language until the user chooses one, or a charset of another language.
    server_lang: Lang,
    /// The language that the user chose.
    pub chosen_lang: Option<Lang>,
    /// Whether the user chose to have colours or not.
    pub is_color_chosen: bool,
    /// The prompt.
    pub prompt: Cow<'static, str>,
    /// The room that the user speaks in, if they have a name.
    pub room: Option<Box<str>>,
    /// The unfinished line.
    pub line: Vec<u8>,
    /// The line is longer than its limit; its bytes are dropped up to its end.
    pub is_too_long: bool,
    /// After CR: a following LF or NUL belongs to it.
    is_after_return: bool,
    /// The last line ended in LF alone.
    pub ended_in_lf: bool,
    /// The number of bytes since the last line end.
    pub unterminated: usize,
    /// Whether a line has ended: then the peer is certainly no browser.
    pub has_ended_line: bool,
    /// The line that was returned last.
    pub text: String,
    /// Columns and rows; 0 is unknown.
    window: (u16, u16),
    /// The line editor, if the server edits the line.
    pub editing: Option<Box<Editing>>,
    /// The charset was guessed, and the user is not told yet.
    pub has_guessed: bool,
    /// The client was asked to let the server edit its line, and did not answer.
    pub is_unanswered: bool,
    /// The notice about editing that is not sent yet.
    pub edit_notice: Option<Notice<'static>>,
    /// The pending echo.
    pub echo: String,
}

/// The result of decoded bytes, without the bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Line,
    TooLong,
    Stray(Notice<'static>),
    Complete,
}

impl Person {
    /// Creates the state of a new connection. Messages are in `lang` until the client shows
    /// otherwise.
    pub fn new(lang: Lang) -> Self {
        let mut person = Self { server_lang: lang, ..Self::default() };
        person.update_lang();
        person
    }

    /// Decodes `run` up to the first complete line or key; returns the number of bytes consumed.
    pub fn decode(&mut self, run: &[u8], bytes_max: usize) -> (usize, Option<Outcome>) {
        if let Some(editing) = &mut self.editing {
            let had = self.view.charset;
            let (used, typed) = editing.type_bytes(
                run,
                &mut self.view.charset,
                !self.is_charset_chosen,
                &self.prompt,
                &mut self.echo,
            );
            self.has_guessed |= self.view.charset != had;
            self.is_charset_chosen |= self.has_guessed;
            self.update_lang();
            self.unterminated = 0;
            let outcome = typed.map(|typed| match typed {
                Typed::Complete => Outcome::Complete,
                Typed::Line(line) => {
                    self.text = line;
                    Outcome::Line
                }
            });
            return (used, outcome);
        }
        let mut at = 0;
        while at < run.len() {
            if std::mem::take(&mut self.is_after_return) && matches!(run[at], b'\n' | 0) {
                at += 1;
                continue;
            }
            let rest = &run[at..];
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            self.keep(&rest[..end], bytes_max);
            if !self.has_ended_line && TlsGuard::default().is_hello(&self.line) {
                return (at + end, Some(Outcome::Stray(stray::NOT_FOR_TLS)));
            }
            at += end;
            if let Some(&byte) = run.get(at) {
                self.is_after_return = byte == b'\r';
                self.ended_in_lf = !self.is_after_return;
                return (at + 1, Some(self.end_line(bytes_max)));
            }
        }
        (run.len(), None)
    }

    /// Appends `text`, which contains no line end. Backspaces are applied when the line has ended
    /// or grown: finding the character at once would cost time in proportion to the line.
    fn keep(&mut self, mut text: &[u8], bytes_max: usize) {
        while !text.is_empty() && !self.is_too_long {
            let room = 2 * bytes_max - self.line.len();
            let (part, rest) = text.split_at(text.len().min(room));
            self.line.extend_from_slice(part);
            text = rest;
            if part.len() == room {
                self.rub_out(bytes_max);
            }
        }
    }

    fn rub_out(&mut self, bytes_max: usize) {
        if memchr::memchr2(BACKSPACE, DELETE, &self.line).is_some() {
            // A single remaining character could otherwise be cut in two, as long as nothing else
            // shows the charset.
            self.line = self.charset_of_line(1).rub_out(&self.line);
        }
        if self.line.len() > bytes_max {
            self.is_too_long = true;
            self.line = Vec::new();
        }
    }

    /// Applies a telnet command to the line being typed.
    pub fn note(&mut self, item: Item<'_>, bytes_max: usize) {
        match item {
            Item::Data(_) => unreachable!("text was taken"),
            Item::EraseCharacter if self.editing.is_none() => self.keep(&[BACKSPACE], bytes_max),
            Item::EraseCharacter => self.command(Key::Backspace),
            Item::EraseLine | Item::Cancel(_) | Item::Ignored(_) if self.mends(item, bytes_max) => {
            }
            Item::EraseLine => {
                // The whole line, wherever the cursor is.
                self.command(Key::End);
                self.command(Key::KillToStart);
            }
            Item::Cancel(_) => self.command(Key::Cancel),
            Item::AreYouThere => {
                if let Some(editing) = &mut self.editing {
                    editing.erase(&mut self.echo);
                }
                self.echo.push_str(HERE);
            }
            Item::Window { columns, rows } => {
                self.window = (columns, rows);
                self.view.width = Width::of_terminal(columns);
                if let Some(editing) = &mut self.editing {
                    editing.resize(columns, rows);
                }
            }
            Item::Terminal(name) if !self.is_color_chosen => {
                self.view.style = Style::of_terminal(name);
            }
            Item::Charset(name) if !self.is_charset_typed => {
                if let Some(charset) = Charset::of_name(name) {
                    self.set_charset(charset);
                    self.is_charset_chosen = true;
                }
            }
            Item::Ignored(_) | Item::Terminal(_) | Item::Charset(_) => {}
            Item::Echo(on) => {
                if on != self.editing.is_some() {
                    if let Some(editing) = &mut self.editing {
                        editing.erase(&mut self.echo);
                    }
                    self.editing = on.then(|| Box::new(Editing::new(bytes_max, self.window)));
                    self.set_charset(self.view.charset);
                    (self.line, self.is_too_long) = (Vec::new(), false);
                }
                self.edit_notice = Some(Notice::EditSet { on });
            }
        }
    }

    /// Sets the language to that of the charset, unless the user chose one.
    pub fn update_lang(&mut self) {
        let of_charset = self.view.charset.lang().unwrap_or(self.server_lang);
        self.view.lang = self.chosen_lang.unwrap_or(of_charset);
        if self.room.is_none() {
            self.prompt = self.view.lang.prompt_for_name().into();
        }
    }

    /// Sets the charset of the terminal.
    pub fn set_charset(&mut self, charset: Charset) {
        self.view.charset = charset;
        self.update_lang();
        if let Some(editing) = &mut self.editing {
            editing.set_charset(charset);
        }
    }

    /// Whether `item` is a byte of a character of which the client looked at seven bits: GNU's and
    /// BSD's telnet do until BINARY is agreed on, and 小 (E5 B0 8F) arrives as E5 B0 and an "abort
    /// output", because ^O is 0F. Then the byte is put back into the line.
    fn mends(&mut self, item: Item<'_>, bytes_max: usize) -> bool {
        let is_cut = |line| std::str::from_utf8(line).is_err_and(|at| at.error_len().is_none());
        let key = match item {
            Item::EraseLine => ControlKey(b'U' - b'@'),
            Item::Cancel(key) | Item::Ignored(key) => key,
            _ => return false,
        };
        let is_byte =
            self.editing.is_none() && self.view.charset == Charset::Utf8 && is_cut(&self.line);
        if is_byte {
            self.keep(&[key.0 | 0x80], bytes_max);
        }
        is_byte
    }

    fn command(&mut self, key: Key) {
        match (&mut self.editing, key) {
            (Some(editing), _) => editing.command(key, &self.prompt, &mut self.echo),
            (None, _) => {
                (self.line, self.is_too_long) = (Vec::new(), false);
                if key == Key::Cancel {
                    self.echo.push_str("\r\n");
                    self.echo.push_str(&self.prompt);
                }
            }
        }
    }

    /// Returns the charset of the line, as far as it can be known.
    fn charset_of_line(&self, common_min: usize) -> Charset {
        let charset = self.view.charset;
        if self.is_charset_chosen { charset } else { charset.or_gbk(&self.line, common_min) }
    }

    /// Ends the line; returns its result.
    pub fn end_line(&mut self, bytes_max: usize) -> Outcome {
        let is_first = !std::mem::replace(&mut self.has_ended_line, true);
        self.rub_out(bytes_max);
        if std::mem::take(&mut self.is_too_long) {
            return Outcome::TooLong;
        }
        if is_first && stray::is_request_line(&self.line) {
            return Outcome::Stray(stray::NOT_FOR_BROWSERS);
        }
        let charset = self.charset_of_line(GBK_COMMON_MIN);
        if charset != self.view.charset {
            self.set_charset(charset);
            (self.has_guessed, self.is_charset_chosen) = (true, true);
        }
        self.text.clear();
        charset.decode(&self.line, &mut self.text);
        self.line.clear();
        Outcome::Line
    }
}
