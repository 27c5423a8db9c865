//! The person at the terminal: keys and news go in, a frame comes out; it knows no terminal.

use std::mem;

use crate::client::core::bounds::{HISTORY_LINES, SAY_BYTES_MAX};
use crate::client::core::command::Command;
use crate::client::core::message::{At, Body, Message, fault};
use crate::client::core::say::{Typed, pieces, typed};
use crate::client::core::session::{News, Session};
use crate::client::core::words;
use crate::client::tui::keys::Press;
use crate::client::tui::paint::Frame;
use crate::client::tui::style::{Row, Span, Style, clipped, columns_of, row_columns};
use crate::client::tui::talk::{Layout, Talk, call, unconfirmed_rows};
use crate::clock::Now;
use crate::door::lang::Lang;
use crate::editor::{Edited, Editor, Key};
use crate::zone::{Zone, Zones};

/// Rows that are no conversation: what is going on, and what is typed.
pub const OTHER_ROWS: usize = 2;
/// Names that are shown when a word could become several.
const NAMES_SHOWN: usize = 20;
/// Rows that one step of the mouse wheel moves.
const WHEEL_ROWS: isize = 3;

/// All that the terminal shows.
pub struct App {
    lang: Lang,
    /// Where the server is, as the person gave it.
    server: String,
    editor: Editor,
    talk: Talk,
    /// Lines that were pasted and are said only if the person agrees.
    pasted: Vec<String>,
    /// The person wants to leave, but not everything is confirmed: it leaves when it is, or when the
    /// person agrees.
    is_leaving: bool,
    /// Whether a mention rings.
    has_bell: bool,
    rings: bool,
    /// Whether the terminal is to tell of mentions.
    notifies: bool,
    /// What it is to tell of next.
    notice: Option<String>,
    /// Mentions since the person last did something.
    mentions: usize,
    /// Columns and rows of the terminal.
    size: (usize, usize),
    zones: Zones,
}

/// What the person wants of the terminal itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Nothing,
    /// Everything drawn anew.
    Redraw,
    /// To be back in the shell for a while.
    Suspend,
}

impl App {
    /// For a conversation at `server` that has not begun.
    pub fn new(server: String, lang: Lang, has_bell: bool, notifies: bool) -> Self {
        Self {
            lang,
            server,
            editor: Editor::new(SAY_BYTES_MAX, HISTORY_LINES),
            talk: Talk::default(),
            pasted: Vec::new(),
            is_leaving: false,
            has_bell,
            rings: false,
            notifies,
            notice: None,
            mentions: 0,
            size: (80, 24),
            zones: Zones::new(),
        }
    }

    /// The terminal has that many columns and rows.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        // Some terminals do not know their size and say 0.
        let known = |size: u16, otherwise: u16| if size == 0 { otherwise } else { size };
        self.size = (known(columns, 80).into(), known(rows, 24).into());
    }

    /// Whether the bell is to be rung, once.
    pub fn take_ring(&mut self) -> bool {
        mem::take(&mut self.rings)
    }

    /// What the desktop is to be told, once.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// The terminal's title, if it is to have one.
    pub fn title(&self, session: &Session) -> Option<String> {
        let room = session.room().unwrap_or(&self.server);
        let mentions = match self.mentions {
            0 => String::new(),
            mentions => format!("({mentions}) "),
        };
        self.notifies.then(|| format!("{mentions}natter: {room}"))
    }

    /// The person did something.
    pub fn press(&mut self, press: Press, session: &mut Session, now: &Now) -> Want {
        if press != Press::Focus(false) {
            self.mentions = 0;
        }
        // One row stays in view, so that the eye finds where it was.
        let page = isize::try_from(self.height().saturating_sub(1).max(1)).unwrap_or(1);
        match press {
            Press::Suspend => return Want::Suspend,
            Press::Focus(is_watched) => self.talk.watch(is_watched),
            Press::PageUp => self.scroll(-page, session),
            Press::PageDown => self.scroll(page, session),
            Press::Wheel { is_up } => {
                self.scroll(if is_up { -WHEEL_ROWS } else { WHEEL_ROWS }, session);
            }
            Press::Edit(key) if self.is_leaving => self.decide_to_leave(key, session, now),
            Press::Edit(key) if !self.pasted.is_empty() => self.decide(key, session, now),
            Press::Edit(key) => return self.edit(key, session, now),
            Press::Paste(Some(text)) => self.paste(&text, session, now),
            Press::Paste(None) => self.note(words::PASTE_TOO_LARGE.of(self.lang), now),
        }
        Want::Nothing
    }

    /// Leaves, but not before the person has agreed if something is not confirmed.
    fn leave(&mut self, session: &mut Session, now: &Now) {
        self.is_leaving = session.unconfirmed().next().is_some();
        if !self.is_leaving {
            session.leave(now.mono_ms);
        }
    }

    fn decide_to_leave(&mut self, key: Key, session: &mut Session, now: &Now) {
        match key {
            Key::Char('y' | 'Y') | Key::Enter | Key::Cancel => session.leave(now.mono_ms),
            Key::Char('n' | 'N') | Key::Backspace => self.is_leaving = false,
            _ => {}
        }
    }

    fn edit(&mut self, key: Key, session: &mut Session, now: &Now) -> Want {
        let asks = || matches!(typed(self.editor.text()), Typed::Ask(_) | Typed::Name(_));
        if key == Key::Enter && !session.is_nameless() && !session.has_room() && asks() {
            // What was typed stays.
            self.note(words::TOO_MUCH.of(self.lang), now);
            return Want::Nothing;
        }
        match self.editor.key(key) {
            Edited::Entered(line) if session.is_nameless() => {
                if !line.trim().is_empty() {
                    session.give_name(line.trim(), now.mono_ms);
                }
            }
            Edited::Entered(line) => self.enter(&line, session, now),
            Edited::Complete => self.complete(session, now),
            Edited::Interrupted | Edited::Ended => self.leave(session, now),
            Edited::Redraw => return Want::Redraw,
            Edited::Refused | Edited::Moved | Edited::Changed | Edited::Cancelled => {}
        }
        Want::Nothing
    }

    fn enter(&mut self, line: &str, session: &mut Session, now: &Now) {
        self.talk.answer();
        match typed(line) {
            Typed::Nothing => {}
            Typed::Ask(command) => session.ask(command, now.mono_ms),
            Typed::Name(name) => session.give_name(&name, now.mono_ms),
            Typed::Quit => self.leave(session, now),
            Typed::Help => self.note(words::HELP.of(self.lang), now),
            Typed::Fault(notice) => self.note(&fault(&notice, self.lang), now),
            Typed::Unknown(command) => self.note(&words::unknown(self.lang, command), now),
        }
    }

    /// What was pasted is kept whole or not at all.
    fn paste(&mut self, text: &str, session: &Session, now: &Now) {
        let text = text.trim_end_matches('\n');
        let fits = self.editor.text().len() + text.len() <= SAY_BYTES_MAX;
        if !text.contains('\n') && fits {
            // As if it had been typed.
            for c in text.chars() {
                self.editor.key(Key::Char(c));
            }
        } else if session.has_room_for(text.len()) && self.pasted.is_empty() {
            self.pasted = text.lines().flat_map(pieces).collect();
        } else {
            self.note(words::TOO_MUCH.of(self.lang), now);
        }
    }

    fn decide(&mut self, key: Key, session: &mut Session, now: &Now) {
        match key {
            Key::Enter | Key::Char('y' | 'Y') => {
                for line in mem::take(&mut self.pasted) {
                    session.ask(Command::Say(line), now.mono_ms);
                }
                self.talk.answer();
            }
            Key::Char('n' | 'N') | Key::Cancel | Key::EndOfInput | Key::Backspace => {
                self.pasted.clear();
            }
            _ => {}
        }
    }

    fn complete(&mut self, session: &Session, now: &Now) {
        let word = self.editor.word_before_cursor().to_lowercase();
        let fits = |name: &&str| !word.is_empty() && name.to_lowercase().starts_with(&word);
        let candidates: Vec<&str> = session.place().names().filter(fits).collect();
        if self.editor.complete(&candidates) == Edited::Refused && candidates.len() > 1 {
            let shown = candidates[..candidates.len().min(NAMES_SHOWN)].join(", ");
            self.note(&shown, now);
        }
    }

    fn scroll(&mut self, rows: isize, session: &Session) {
        let layout = layout(self.size, self.lang, session);
        self.talk.scroll(rows, self.height(), &layout);
    }

    /// There is something to be shown. What the server told is a line of its own for the log.
    pub fn receive(&mut self, news: News, session: &Session, now: &Now) -> Option<String> {
        let News::Told(message) = news else {
            if let Some(words) = words::news(self.lang, &news) {
                self.note(&words, now);
            }
            return None;
        };
        let line = message.line(self.lang, &mut self.zones);
        let Message { at, body, is_earlier } = message;
        if let Some((who, text)) = call(&body, session.name()).filter(|_| !is_earlier) {
            self.rings |= self.has_bell;
            self.mentions += 1;
            self.notice = self.notifies.then(|| format!("{who}: {text}"));
        }
        let at = if at == At::Unknown { At::Moment(now.stamp) } else { at };
        self.talk.add(body, at.text(&mut self.zones));
        Some(line)
    }

    /// Leaves as soon as all is confirmed, if the person wants to.
    pub fn settle(&mut self, session: &mut Session, now: &Now) {
        if self.is_leaving && session.unconfirmed().next().is_none() {
            session.leave(now.mono_ms);
        }
    }

    /// Tells of something in words of the client's own.
    pub fn warn(&mut self, words: &str, now: &Now) {
        self.note(words, now);
    }

    fn note(&mut self, words: &str, now: &Now) {
        self.talk.note(words, self.zones.text(Zone::LOCAL, now.stamp));
    }

    fn height(&self) -> usize {
        self.size.1.saturating_sub(OTHER_ROWS)
    }

    /// What the terminal is to show.
    pub fn frame(&self, session: &Session) -> Frame {
        let (columns, height) = (self.size.0, self.height());
        let layout = layout(self.size, self.lang, session);
        let pending = self.unconfirmed(session, height / 2, columns);
        let mut rows = self.talk.view(height - pending.len(), &layout);
        rows.extend(pending);
        // What little there is stands where the eye is.
        rows.splice(0..0, (rows.len()..height).map(|_| Row::new()));
        rows.push(self.status(session));
        let (input, cursor) = self.input(session, columns);
        rows.push(input);
        // A terminal of one row has the line that is typed.
        let rows = rows.split_off(rows.len().saturating_sub(self.size.1));
        let cursor = (saturated(cursor), saturated(rows.len() - 1));
        Frame { rows, cursor }
    }

    /// What the person has said and the server has not confirmed: the first of it, below the rest.
    fn unconfirmed(&self, session: &Session, height: usize, columns: usize) -> Vec<Row> {
        if self.talk.is_scrolled() {
            return Vec::new();
        }
        let name = || session.name().to_string();
        let body = |command: &Command| match command {
            Command::Act(text) => Body::Acted { name: name(), text: text.clone() },
            Command::Tell { to, text } => {
                Body::Whispered { from: name(), to: to.clone(), text: text.clone() }
            }
            command => {
                let text = command.words().unwrap_or_default().into();
                Body::Said { name: name(), text }
            }
        };
        let jobs = session.unconfirmed().filter(|job| !job.is_delivered).take(height);
        let rows = jobs.flat_map(|job| unconfirmed_rows(&body(&job.command), columns));
        rows.take(height).collect()
    }

    fn status(&self, session: &Session) -> Row {
        let columns = self.size.0;
        let place = match session.name() {
            "" => format!(" {}", self.server),
            name => format!(" {name} @ {}", self.server),
        };
        let mut states = Vec::new();
        if session.is_nameless() {
            states.push(words::NAME_FIRST.of(self.lang).to_string());
        } else if !session.is_in() {
            let is_away = session.connection().is_none();
            let state = if is_away { words::AWAY } else { words::CONNECTING };
            states.push(state.of(self.lang).into());
        }
        let waiting = session.unconfirmed().count();
        if waiting > 0 {
            states.push(words::waiting(self.lang, waiting));
        }
        if self.talk.unread() > 0 {
            states.push(words::unread(self.lang, self.talk.unread()));
        } else if self.talk.is_scrolled() {
            states.push("PgDn".into());
        }
        if let Some(count) = session.place().count().filter(|_| session.is_in()) {
            states.push(words::here(self.lang, count));
        }
        let state = states.join(" · ");
        let state = clipped(&state, columns.saturating_sub(1));
        let room = columns.saturating_sub(columns_of(state) + 2);
        let place = clipped(&place, room);
        let gap = columns.saturating_sub(columns_of(place) + columns_of(state) + 1);
        let text = format!("{place}{}{state} ", " ".repeat(gap));
        vec![Span::new(clipped(&text, columns), Style::REVERSED)]
    }

    /// The row that is typed in, and the column of its cursor.
    fn input(&self, session: &Session, columns: usize) -> (Row, usize) {
        if self.is_leaving || !self.pasted.is_empty() {
            let question = if self.is_leaving {
                words::leaving(self.lang, session.unconfirmed().count())
            } else {
                words::pasted(self.lang, self.pasted.len())
            };
            let question = clipped(&question, columns.saturating_sub(1));
            return (vec![Span::new(question, Style::BOLD)], columns_of(question));
        }
        let prompt = match session.room() {
            _ if session.is_nameless() => words::NAME_PROMPT.of(self.lang).into(),
            Some(room) => format!("{room}> "),
            None => String::from("> "),
        };
        let mut row = vec![Span::new(clipped(&prompt, columns / 2), Style::BOLD)];
        let used = row_columns(&row);
        // The cursor needs a column of its own behind the text.
        let room = columns.saturating_sub(used + 1);
        let (before, after) = self.editor.text().split_at(self.editor.cursor());
        let shown = tail(before, room);
        let cursor = used + columns_of(shown);
        let rest = clipped(after, columns.saturating_sub(cursor));
        row.push(Span::new(format!("{shown}{rest}"), Style::PLAIN));
        (row, cursor.min(columns.saturating_sub(1)))
    }
}

fn layout(size: (usize, usize), lang: Lang, session: &Session) -> Layout<'_> {
    Layout { name: session.name(), unread: words::UNREAD.of(lang), columns: size.0 }
}

/// The longest part of `text`, to its end, that takes at most `columns`.
fn tail(text: &str, columns: usize) -> &str {
    let mut hidden = text;
    while columns_of(hidden) > columns {
        // Half a screen at a time: a line that moves with every letter is hard to read.
        let goes = clipped(hidden, (columns / 2).max(2));
        let goes = if goes.is_empty() { hidden.len() } else { goes.len() };
        hidden = &hidden[goes..];
    }
    hidden
}

fn saturated(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
