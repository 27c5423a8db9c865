//! Decodes the bytes of a telnet connection into lines, and produces the protocol's replies.

use crate::clock::Shown;
use crate::door::charset::Charset;
use crate::door::lang::Lang;
use crate::door::line::Piece;
use crate::door::notice::Notice;
use crate::door::reader::Reader;
use crate::door::telnet::editing::Editing;
use crate::door::telnet::encode::{prompt_in, put};
use crate::door::telnet::person::{Outcome, Person};
use crate::door::telnet::protocol::{Item, NOP, Protocol};
use crate::door::telnet::view::View;
use crate::limits::KEEPALIVE_NOP_MS;
use crate::zone::Zone;

/// The connection of one user at the telnet door.
pub struct Decoder {
    protocol: Protocol,
    person: Person,
    /// Bytes to be sent before anything else: replies of the protocol, echoes.
    replies: Vec<u8>,
    /// When the next keep-alive is due on a connection that speaks telnet; 0 while it does not.
    nop_due_ms: u64,
}

impl Decoder {
    /// Creates the decoder of a new connection. Messages are in `lang` until the client shows
    /// otherwise.
    pub fn new(lang: Lang) -> Self {
        let (protocol, person) = (Protocol::default(), Person::new(lang));
        Self { protocol, person, replies: Vec::new(), nop_due_ms: 0 }
    }

    /// Returns how lines look to this user.
    pub fn view(&self) -> View {
        self.person.view
    }

    /// Returns the number of bytes since the last line end.
    pub fn unterminated_bytes(&self) -> usize {
        self.person.unterminated
    }

    /// Whether no line has ended yet.
    pub fn is_new(&self) -> bool {
        !self.person.has_ended_line
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        let editing = self.person.editing.as_ref().map_or(0, |editing| editing.held_bytes());
        let line = self.person.line.capacity() + self.person.text.capacity();
        line + editing + self.replies.capacity()
    }

    /// Decodes the next line of `input`; returns the number of bytes consumed as well, which is all
    /// of them if there is none.
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
                // The part of a run behind a line end is passed to the protocol again: for the
                // protocol, text is just text.
                Some(Item::Data(run)) => {
                    let (used, came) = self.person.decode(run, bytes_max);
                    (taken - (run.len() - used), came)
                }
                Some(item) => {
                    self.person.note(item, bytes_max);
                    (taken, None)
                }
                None => (taken, None),
            };
            at += used;
            // Negotiations do not count: a user resizes the window, a client keeps the connection
            // alive. Keys do not count either, because the editor keeps no more than a line.
            let is_line = is_text && !self.is_editing();
            let counts = is_line || self.protocol.is_subnegotiating();
            let unterminated = self.person.unterminated + if counts { used } else { 0 };
            self.person.unterminated = if came.is_some() { 0 } else { unterminated };
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

    /// Returns the last line, which was not terminated when the user stopped sending.
    pub fn finish(&mut self, bytes_max: usize) -> Option<Piece<'_>> {
        if self.person.line.is_empty() && !self.person.is_too_long {
            return None;
        }
        match self.person.end_line(bytes_max) {
            Outcome::Line => Some(Piece::Line(self.person.text.as_bytes())),
            _ => Some(Piece::TooLong),
        }
    }

    /// Frees the buffer of the line that was returned last: an idle connection holds no buffer.
    pub fn release(&mut self) {
        self.person.text = String::new();
        if self.person.line.is_empty() {
            self.person.line = Vec::new();
        }
    }

    /// Drops buffered input: nothing more is decoded.
    pub fn stop(&mut self) {
        self.release();
        self.person.line = Vec::new();
        self.person.editing = None;
        self.replies = Vec::new();
    }

    /// Takes the bytes to be sent now, unchanged.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Takes a notice for the user, if there is one.
    pub fn take_notice(&mut self) -> Option<Notice<'static>> {
        if std::mem::take(&mut self.person.has_guessed) {
            let name = self.person.view.charset.as_str();
            return Some(Notice::CharsetSet { name, is_guessed: true });
        }
        self.person.edit_notice.take()
    }

    /// Sets the format of times and the time zone, as chosen by the user.
    pub fn choose_time(&mut self, shown: Shown, zone: Zone) {
        (self.person.view.shown, self.person.view.zone) = (shown, zone);
    }

    /// Sets the language, as chosen by the user.
    pub fn choose_lang(&mut self, lang: Lang) {
        self.person.chosen_lang = Some(lang);
        self.person.update_lang();
    }

    /// Sets the charset, as chosen by the user; it may be the current one.
    pub fn choose_charset(&mut self, charset: Charset) {
        self.person.set_charset(charset);
        (self.person.is_charset_chosen, self.person.is_charset_typed) = (true, true);
    }

    /// Switches colours on or off, as chosen by the user. The choice holds even if nothing changes
    /// now: the terminal's name may arrive later.
    pub fn choose_color(&mut self, on: bool) {
        self.person.is_color_chosen = true;
        self.person.view.style = self.person.view.style.colored(on);
    }

    /// Notes that the user has a name, and speaks in `room` from here on.
    pub fn enter(&mut self, room: &str) {
        self.person.room = Some(room.into());
        self.person.prompt = prompt_in(room);
    }

    /// Returns the reader of messages for this user alone.
    pub fn reader(&self) -> Reader<'_> {
        let room = self.person.room.as_deref();
        Reader { has_entered: room.is_some(), room: room.unwrap_or_default(), line: None }
    }

    /// Whether the client may be asked to let the server edit its line. Many telnet clients send no
    /// command before they are asked, but all end lines in CR LF or CR NUL (RFC 854).
    pub fn may_edit(&self) -> bool {
        self.protocol.has_spoken() || !self.person.ended_in_lf && !self.person.is_unanswered
    }

    /// Switches editing by the server on or off, if the terminal agrees.
    pub fn edit(&mut self, on: bool) {
        self.protocol.edit(on, &mut self.replies);
    }

    /// Whether the server edits the line.
    pub fn is_editing(&self) -> bool {
        self.person.editing.is_some()
    }

    /// Returns the beginning of the name to complete.
    pub fn word(&self) -> &str {
        self.person.editing.as_ref().map_or("", |editing| editing.word())
    }

    /// Completes the name from `names`; [`Decoder::draw`] shows the result.
    pub fn complete(&mut self, names: &[&str]) {
        let bell = self.edited(|editing, _, echo| editing.complete(names, echo));
        self.replies.extend(bell);
    }

    /// Hides the typed line, so that something else can be shown; returns what does so.
    pub fn hide_input(&mut self) -> Vec<u8> {
        self.edited(|editing, _, echo| editing.erase(echo))
    }

    /// Returns what shows the typed line, if it is out of date and the redraw budget allows.
    pub fn draw(&mut self, now_ms: u64) -> Vec<u8> {
        self.edited(|editing, prompt, echo| editing.draw(prompt, now_ms, echo))
    }

    /// Returns when a redraw is due that exceeded the budget.
    pub fn redraw_due_ms(&self) -> Option<u64> {
        self.person.editing.as_ref()?.redraw_due_ms()
    }

    /// Returns when [`Decoder::tick`] is due: for that redraw, an overdue reply, or the keep-alive.
    pub fn deadline_ms(&self) -> Option<u64> {
        let nop_due_ms = Some(self.nop_due_ms).filter(|&due_ms| due_ms > 0);
        let edit_due_ms = self.protocol.edit_due_ms();
        [nop_due_ms, edit_due_ms, self.redraw_due_ms()].into_iter().flatten().min()
    }

    /// Returns what is to be sent because time has passed, if everything else has been sent
    /// (`is_idle`).
    pub fn tick(&mut self, now_ms: u64, is_idle: bool) -> Vec<u8> {
        if self.protocol.take_edit_due(now_ms) {
            let person = &mut self.person;
            (person.is_unanswered, person.edit_notice) = (true, Some(Notice::EditImpossible));
        }
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
