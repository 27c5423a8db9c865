//! Bytes of a telnet connection to lines, and to what must be answered on the way.

use std::borrow::Cow;

use crate::clock::Shown;
use crate::door::charset::{BACKSPACE, Charset, DELETE, GBK_COMMON_MIN};
use crate::door::lang::Lang;
use crate::door::line::Piece;
use crate::door::notice::Notice;
use crate::door::reader::Reader;
use crate::door::stray::{self, TlsGuard};
use crate::door::telnet::editing::{Editing, Typed};
use crate::door::telnet::encode::{prompt_in, put};
use crate::door::telnet::protocol::{ControlKey, HERE, Item, NOP, Protocol};
use crate::door::telnet::view::{Style, View};
use crate::editor::Key;
use crate::limits::KEEPALIVE_NOP_MS;
use crate::zone::Zone;

/// One person at the telnet door.
pub struct Decoder {
    protocol: Protocol,
    person: Person,
    /// What is to be sent, before anything else: answers of the protocol, echoes.
    replies: Vec<u8>,
    /// When a connection that speaks telnet is sent something again; 0 while it does not.
    nop_due_ms: u64,
}

/// What lies behind the protocol.
#[derive(Default)]
struct Person {
    view: View,
    /// The charset was chosen or agreed on: none is guessed any more.
    is_charset_chosen: bool,
    /// The person chose it: none is agreed on any more.
    is_charset_typed: bool,
    /// Spoken until it chooses a language, or its charset is another one's.
    server_lang: Lang,
    chosen_lang: Option<Lang>,
    /// Whether there are colours was chosen.
    is_color_chosen: bool,
    prompt: Cow<'static, str>,
    /// Where it is, if it has a name.
    room: Option<Box<str>>,
    line: Vec<u8>,
    /// The line has outgrown its bound; what comes up to its end is dropped.
    is_too_long: bool,
    /// After CR: a LF or NUL belongs to it.
    is_after_return: bool,
    /// Bytes taken since the last line end.
    unended: usize,
    /// A line has ended: whatever the peer is, it is no browser.
    has_ended_line: bool,
    /// The line that was handed out.
    text: String,
    /// Columns and rows; 0 stands for unknown.
    window: (u16, u16),
    editing: Option<Box<Editing>>,
    /// The charset was guessed, which is not told yet.
    has_guessed: bool,
    /// Editing here began or ended, which is not told yet.
    has_switched: Option<bool>,
    echo: String,
}

/// What bytes have come to, without the bytes.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Line,
    TooLong,
    Stray(Notice<'static>),
    Complete,
}

impl Decoder {
    /// Nothing has come; until something shows otherwise, the person is spoken to in `lang`.
    pub fn new(lang: Lang) -> Self {
        let mut person = Person { server_lang: lang, ..Person::default() };
        person.update_lang();
        Self { protocol: Protocol::default(), person, replies: Vec::new(), nop_due_ms: 0 }
    }

    /// How lines look to this person.
    pub fn view(&self) -> View {
        self.person.view
    }

    /// Bytes taken since the last line end.
    pub fn unterminated_bytes(&self) -> usize {
        self.person.unended
    }

    /// Whether no line has ended yet.
    pub fn is_new(&self) -> bool {
        !self.person.has_ended_line
    }

    /// Bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        let editing = self.person.editing.as_ref().map_or(0, |editing| editing.held_bytes());
        let line = self.person.line.capacity() + self.person.text.capacity();
        line + editing + self.replies.capacity()
    }

    /// The next line in `input`; also says how much of `input` was taken, which is all of it if
    /// there is none.
    pub fn next<'a>(
        &'a mut self,
        input: &[u8],
        now_ms: u64,
        bytes_max: usize,
    ) -> (usize, Option<Piece<'a>>) {
        let mut at = 0;
        let mut outcome = None;
        while outcome.is_none() && at < input.len() {
            let (taken, item) = self.protocol.next(&input[at..], now_ms, &mut self.replies);
            let is_text = matches!(item, Some(Item::Data(_)));
            let (used, came) = match item {
                // What of a run lies behind a line end is handed to the protocol once more: to
                // it, text is text.
                Some(Item::Data(run)) => {
                    let (used, came) = self.person.take(run, bytes_max);
                    (taken - (run.len() - used), came)
                }
                Some(item) => {
                    self.person.note(item, bytes_max);
                    (taken, None)
                }
                None => (taken, None),
            };
            at += used;
            // Negotiations do not count: a window is dragged, a client keeps the path open. Nor do
            // keys, of which the editor keeps no more than a line.
            let is_line = is_text && !self.is_editing();
            let counts = is_line || self.protocol.is_subnegotiating();
            let unended = self.person.unended + if counts { used } else { 0 };
            self.person.unended = if came.is_some() { 0 } else { unended };
            outcome = came;
        }
        if self.nop_due_ms == 0 && self.protocol.has_spoken() {
            self.nop_due_ms = now_ms + KEEPALIVE_NOP_MS;
        }
        self.pass_echo();
        let shown = self.edited(|editing, prompt, echo| editing.show(prompt, now_ms, echo));
        self.replies.extend(shown);
        let piece = outcome.map(|outcome| match outcome {
            Outcome::Line => Piece::Line(self.person.text.as_bytes()),
            Outcome::TooLong => Piece::TooLong,
            Outcome::Stray(word) => Piece::Stray(word),
            Outcome::Complete => Piece::Complete,
        });
        (at, piece)
    }

    /// The line that was not ended when the person stopped sending.
    pub fn finish(&mut self, bytes_max: usize) -> Option<Piece<'_>> {
        if self.person.line.is_empty() && !self.person.is_too_long {
            return None;
        }
        match self.person.end_line(bytes_max) {
            Outcome::Line => Some(Piece::Line(self.person.text.as_bytes())),
            _ => Some(Piece::TooLong),
        }
    }

    /// Frees the line that was handed out last: an idle connection holds no buffer.
    pub fn release(&mut self) {
        self.person.text = String::new();
        if self.person.line.is_empty() {
            self.person.line = Vec::new();
        }
    }

    /// Gives up what it holds: nothing more is decoded.
    pub fn stop(&mut self) {
        self.release();
        self.person.line = Vec::new();
        self.person.editing = None;
        self.replies = Vec::new();
    }

    /// What is to be sent now, as it is.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Something that the person is to be told, if there is something.
    pub fn take_notice(&mut self) -> Option<Notice<'static>> {
        if std::mem::take(&mut self.person.has_guessed) {
            let name = self.person.view.charset.as_str();
            return Some(Notice::CharsetSet { name, is_guessed: true });
        }
        self.person.has_switched.take().map(|on| Notice::EditSet { on })
    }

    /// The person chose how much of the time is shown, and in which zone.
    pub fn choose_time(&mut self, shown: Shown, zone: Zone) {
        (self.person.view.shown, self.person.view.zone) = (shown, zone);
    }

    /// The person chose a language.
    pub fn choose_lang(&mut self, lang: Lang) {
        self.person.chosen_lang = Some(lang);
        self.person.update_lang();
    }

    /// The person chose its charset, be it the one it had.
    pub fn choose_charset(&mut self, charset: Charset) {
        self.person.set_charset(charset);
        (self.person.is_charset_chosen, self.person.is_charset_typed) = (true, true);
    }

    /// The person chose colours or none, be it what it had: a terminal's name may come later.
    pub fn choose_color(&mut self, on: bool) {
        self.person.is_color_chosen = true;
        self.person.view.style = self.person.view.style.colored(on);
    }

    /// The person has a name, and what it says is said in `room` from here on.
    pub fn enter(&mut self, room: &str) {
        self.person.room = Some(room.into());
        self.person.prompt = prompt_in(room);
    }

    /// Who reads what is encoded for this person alone.
    pub fn reader(&self) -> Reader<'_> {
        let room = self.person.room.as_deref();
        Reader { has_entered: room.is_some(), room: room.unwrap_or_default(), line: None }
    }

    /// Has the line edited here, or not any more, if the terminal agrees.
    pub fn edit(&mut self, on: bool) {
        self.protocol.edit(on, &mut self.replies);
    }

    /// Whether it is.
    pub fn is_editing(&self) -> bool {
        self.person.editing.is_some()
    }

    /// The beginning of a name that is to be completed.
    pub fn word(&self) -> &str {
        self.person.editing.as_ref().map_or("", |editing| editing.word())
    }

    /// Completes it from `names`; [`Decoder::draw`] shows what it became.
    pub fn complete(&mut self, names: &[&str]) {
        let bell = self.edited(|editing, _, echo| editing.complete(names, echo));
        self.replies.extend(bell);
    }

    /// Takes the typed line off the terminal, so that something else can be shown; what does so
    /// is returned.
    pub fn make_way(&mut self) -> Vec<u8> {
        self.edited(|editing, _, echo| editing.erase(echo))
    }

    /// What shows the typed line as it is, if it is not shown so and the redraw budget allows.
    pub fn draw(&mut self, now_ms: u64) -> Vec<u8> {
        self.edited(|editing, prompt, echo| editing.draw(prompt, now_ms, echo))
    }

    /// When a redraw is due for which the budget was used up.
    pub fn redraw_due_ms(&self) -> Option<u64> {
        self.person.editing.as_ref()?.redraw_due_ms()
    }

    /// When [`Decoder::tick`] is due: for that redraw, or to keep a telnet connection alive.
    pub fn deadline_ms(&self) -> Option<u64> {
        let nop_due_ms = Some(self.nop_due_ms).filter(|&due_ms| due_ms > 0);
        [nop_due_ms, self.redraw_due_ms()].into_iter().flatten().min()
    }

    /// What is to be sent because of the time, if the client has been sent all else (`is_idle`).
    pub fn tick(&mut self, now_ms: u64, is_idle: bool) -> Vec<u8> {
        let editing = self.person.editing.as_mut();
        let is_redraw_due = editing.is_some_and(|editing| editing.take_redraw_due(now_ms));
        let mut bytes = if is_redraw_due && is_idle { self.draw(now_ms) } else { Vec::new() };
        if self.nop_due_ms > 0 && self.nop_due_ms <= now_ms {
            self.nop_due_ms = now_ms + KEEPALIVE_NOP_MS;
            bytes.extend(NOP.iter().filter(|_| is_idle));
        }
        bytes
    }

    fn edited(&mut self, act: impl FnOnce(&mut Editing, &str, &mut String)) -> Vec<u8> {
        let (mut echo, mut bytes) = (String::new(), Vec::new());
        if let Some(editing) = &mut self.person.editing {
            act(editing, &self.person.prompt, &mut echo);
            put(&echo, self.person.view.charset, &mut bytes);
        }
        bytes
    }

    fn pass_echo(&mut self) {
        if !self.person.echo.is_empty() {
            let echo = std::mem::take(&mut self.person.echo);
            put(&echo, self.person.view.charset, &mut self.replies);
        }
    }
}

impl Person {
    /// Takes text up to what it comes to; says how much that is.
    fn take(&mut self, run: &[u8], bytes_max: usize) -> (usize, Option<Outcome>) {
        if let Some(editing) = &mut self.editing {
            let had = self.view.charset;
            let (used, typed) = editing.take(
                run,
                &mut self.view.charset,
                !self.is_charset_chosen,
                &self.prompt,
                &mut self.echo,
            );
            self.has_guessed |= self.view.charset != had;
            self.is_charset_chosen |= self.has_guessed;
            self.update_lang();
            self.unended = 0;
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
                return (at + 1, Some(self.end_line(bytes_max)));
            }
        }
        (run.len(), None)
    }

    /// Adds `text`, in which no line ends. What takes something back does so when the line has
    /// ended or grown: to look for the character at once would cost as much as the line is long.
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
            // The one character that there is would be cut in two, as long as nothing tells more.
            self.line = self.charset_of_line(1).rub_out(&self.line);
        }
        if self.line.len() > bytes_max {
            self.is_too_long = true;
            self.line = Vec::new();
        }
    }

    /// What a telnet command means to who is typing.
    fn note(&mut self, item: Item<'_>, bytes_max: usize) {
        match item {
            Item::Data(_) => unreachable!("text was taken"),
            Item::EraseCharacter if self.editing.is_none() => self.keep(&[BACKSPACE], bytes_max),
            Item::EraseCharacter => self.command(Key::Backspace),
            Item::EraseLine | Item::Cancel(_) | Item::Ignored(_) if self.mends(item, bytes_max) => {
            }
            Item::EraseLine => {
                // All of it, wherever the cursor is.
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
                self.has_switched = Some(on);
            }
        }
    }

    /// The language is that of the charset, unless the person chose one.
    fn update_lang(&mut self) {
        let of_charset = self.view.charset.lang().unwrap_or(self.server_lang);
        self.view.lang = self.chosen_lang.unwrap_or(of_charset);
        if self.room.is_none() {
            self.prompt = self.view.lang.prompt_for_name().into();
        }
    }

    fn set_charset(&mut self, charset: Charset) {
        self.view.charset = charset;
        self.update_lang();
        if let Some(editing) = &mut self.editing {
            editing.set_charset(charset);
        }
    }

    /// Whether `item` is a byte of a character, of which the client looked at seven bits: GNU's and
    /// BSD's telnet do until BINARY is agreed on, and 小 (E5 B0 8F) comes as E5 B0 and an "abort
    /// output", for ^O is 0F. Then the line gets its byte back.
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

    /// The charset that the line is in, as far as can be said.
    fn charset_of_line(&self, common_min: usize) -> Charset {
        let charset = self.view.charset;
        if self.is_charset_chosen { charset } else { charset.or_gbk(&self.line, common_min) }
    }

    fn end_line(&mut self, bytes_max: usize) -> Outcome {
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
