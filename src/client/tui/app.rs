//! The user interface, independent of terminals: keys and news go in, a frame comes out.

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

/// The number of rows besides the messages: the status and the input.
pub const OTHER_ROWS: usize = 2;
/// The number of names shown when a word has several completions.
const NAMES_SHOWN: usize = 20;
/// The number of rows that one step of the mouse wheel scrolls.
const WHEEL_ROWS: isize = 3;

/// The state of the user interface.
pub struct App {
    lang: Lang,
    /// The address of the server, as given by the user.
    server: String,
    editor: Editor,
    talk: Talk,
    /// Pasted lines that are said only if the user agrees.
    pasted: Vec<String>,
    /// The user wants to leave, but not everything is confirmed: the client leaves when it is, or
    /// when the user agrees.
    is_leaving: bool,
    /// Whether a mention rings the bell.
    has_bell: bool,
    rings: bool,
    /// Whether the terminal shows mentions.
    notifies: bool,
    /// The next desktop notification.
    notice: Option<String>,
    /// The number of mentions since the last key.
    mentions: usize,
    /// Columns and rows of the terminal.
    size: (usize, usize),
    zones: Zones,
}

/// A request to the terminal itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Nothing,
    /// Redraw everything.
    Redraw,
    /// Suspend the program.
    Suspend,
}

impl App {
    /// Creates the user interface for a server.
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

    /// Sets the size of the terminal.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        // Some terminals do not know their size and report 0.
        let known = |size: u16, otherwise: u16| if size == 0 { otherwise } else { size };
        self.size = (known(columns, 80).into(), known(rows, 24).into());
    }

    /// Takes the request to ring the bell.
    pub fn take_ring(&mut self) -> bool {
        mem::take(&mut self.rings)
    }

    /// Takes the next desktop notification.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// Returns the terminal's title, if it has to have one.
    pub fn title(&self, session: &Session) -> Option<String> {
        let room = session.room().unwrap_or(&self.server);
        let mentions = match self.mentions {
            0 => String::new(),
            mentions => format!("({mentions}) "),
        };
        self.notifies.then(|| format!("{mentions}natter: {room}"))
    }

    /// Handles a user action.
    pub fn press(&mut self, press: Press, session: &mut Session, now: &Now) -> Want {
        if press != Press::Focus(false) {
            self.mentions = 0;
        }
        // One row stays in view, to help the eye find the place.
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

    /// Leaves, but asks first if something is not confirmed.
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
            // The typed line is kept.
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

    /// Handles pasted text, which is kept whole or refused.
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

    /// Handles news; returns a message from the server as a line for the log.
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

    /// Leaves as soon as all is confirmed, if the user wants to.
    pub fn settle(&mut self, session: &mut Session, now: &Now) {
        if self.is_leaving && session.unconfirmed().next().is_none() {
            session.leave(now.mono_ms);
        }
    }

    /// Shows a text of the client's own.
    pub fn warn(&mut self, words: &str, now: &Now) {
        self.note(words, now);
    }

    fn note(&mut self, words: &str, now: &Now) {
        self.talk.note(words, self.zones.text(Zone::LOCAL, now.stamp));
    }

    fn height(&self) -> usize {
        self.size.1.saturating_sub(OTHER_ROWS)
    }

    /// Returns what the terminal has to show.
    pub fn frame(&self, session: &Session) -> Frame {
        let (columns, height) = (self.size.0, self.height());
        let layout = layout(self.size, self.lang, session);
        let pending = self.unconfirmed(session, height / 2, columns);
        let mut rows = self.talk.view(height - pending.len(), &layout);
        rows.extend(pending);
        // A few rows are placed at the bottom, near the input.
        rows.splice(0..0, (rows.len()..height).map(|_| Row::new()));
        rows.push(self.status(session));
        let (input, cursor) = self.input(session, columns);
        rows.push(input);
        // A terminal with one row shows the input.
        let rows = rows.split_off(rows.len().saturating_sub(self.size.1));
        let cursor = (saturated(cursor), saturated(rows.len() - 1));
        Frame { rows, cursor }
    }

    /// Returns the rows of unconfirmed lines, the first ones, to be shown below the messages.
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

    /// Returns the input row, and the column of its cursor.
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
        // The cursor needs a column behind the text.
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

/// Returns the longest end of `text` that takes at most `columns`.
fn tail(text: &str, columns: usize) -> &str {
    let mut hidden = text;
    while columns_of(hidden) > columns {
        // Scroll by half a screen: a line that moves with every letter is hard to read.
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
