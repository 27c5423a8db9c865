//! Bytes of a telnet connection to lines, and to what must be answered on the way.

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

/// One person at the telnet door.
pub struct Decoder {
    protocol: Protocol,
    person: Person,
    /// What is to be sent, before anything else: answers of the protocol, echoes.
    replies: Vec<u8>,
    /// When a connection that speaks telnet is sent something again; 0 while it does not.
    nop_due_ms: u64,
}

impl Decoder {
    /// Nothing has come; until something shows otherwise, the person is spoken to in `lang`.
    pub fn new(lang: Lang) -> Self {
        let (protocol, person) = (Protocol::default(), Person::new(lang));
        Self { protocol, person, replies: Vec::new(), nop_due_ms: 0 }
    }

    /// How lines look to this person.
    pub fn view(&self) -> View {
        self.person.view
    }

    /// Bytes taken since the last line end.
    pub fn unterminated_bytes(&self) -> usize {
        self.person.unterminated
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
            // Negotiations do not count: a window is dragged, a client keeps the path open. Nor do
            // keys, of which the editor keeps no more than a line.
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
        self.person.edit_notice.take()
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

    /// Whether the client may be asked to leave its line to be edited here. Many telnet clients say
    /// nothing before they are asked, but all end lines in CR LF or CR NUL (RFC 854).
    pub fn may_edit(&self) -> bool {
        self.protocol.has_spoken() || !self.person.ended_in_lf && !self.person.is_unanswered
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

    /// When [`Decoder::tick`] is due: for that redraw, an overdue answer, or the keep-alive.
    pub fn deadline_ms(&self) -> Option<u64> {
        let nop_due_ms = Some(self.nop_due_ms).filter(|&due_ms| due_ms > 0);
        let edit_due_ms = self.protocol.edit_due_ms();
        [nop_due_ms, edit_due_ms, self.redraw_due_ms()].into_iter().flatten().min()
    }

    /// What is to be sent because of the time, if the client has been sent all else (`is_idle`).
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
