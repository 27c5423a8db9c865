//! The person at the terminal: keys and news go in, a frame comes out; it knows no terminal.

use std::collections::VecDeque;
use std::mem;

use crate::client::core::bounds::{HISTORY_LINES, NAMES_MAX, SAY_BYTES_MAX};
use crate::client::core::door::{Command, Door};
use crate::client::core::message::{Body, Change, Message, RoomWord, word_of};
use crate::client::core::say::{Typed, pieces, typed};
use crate::client::core::session::{News, Session};
use crate::client::core::words;
use crate::client::tui::keys::Press;
use crate::client::tui::paint::Frame;
use crate::client::tui::style::{Row, Span, Style, clipped, columns_of, row_columns};
use crate::client::tui::talk::{Look, Talk, calls};
use crate::clock::Now;
use crate::door::lang::Lang;
use crate::editor::{Edited, Editor, Key};
use crate::limits::NICK_BYTES_MAX;

/// Rows that are no conversation: what is going on, and what is typed.
const OTHER_ROWS: usize = 2;
/// Names that are shown when a word could become several.
const NAMES_SHOWN: usize = 20;

/// All that the terminal shows.
pub struct App {
    lang: Lang,
    /// Where the server is, as the person gave it.
    server: String,
    editor: Editor,
    talk: Talk,
    /// Who was heard of last is first; without doubles.
    names: VecDeque<String>,
    /// The system is telling who is here.
    is_listing: bool,
    /// Lines that were pasted and are said only if the person agrees.
    pasted: Vec<String>,
    /// Whether a mention rings.
    has_bell: bool,
    rings: bool,
    /// Columns and rows of the terminal.
    size: (usize, usize),
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
    pub fn new(server: String, lang: Lang, has_bell: bool) -> Self {
        Self {
            lang,
            server,
            editor: Editor::new(SAY_BYTES_MAX, HISTORY_LINES),
            talk: Talk::default(),
            names: VecDeque::new(),
            is_listing: false,
            pasted: Vec::new(),
            has_bell,
            rings: false,
            size: (80, 24),
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

    /// The person did something.
    pub fn press(&mut self, press: Press, session: &mut Session, now: &Now) -> Want {
        match press {
            Press::Suspend => return Want::Suspend,
            Press::Focus(is_watched) => self.talk.watch(is_watched),
            Press::PageUp => self.scroll(-1, session),
            Press::PageDown => self.scroll(1, session),
            Press::Edit(key) if !self.pasted.is_empty() => self.decide(key, session, now),
            Press::Edit(key) => return self.edit(key, session, now),
            Press::Paste(text) => self.paste(&text),
        }
        Want::Nothing
    }

    fn edit(&mut self, key: Key, session: &mut Session, now: &Now) -> Want {
        let asks = || match typed(self.editor.text()) {
            Typed::Ask(_) | Typed::Name(_) => true,
            Typed::Unknown(_) => session.door() == Door::Telnet,
            _ => false,
        };
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
            Edited::Complete => self.complete(now),
            Edited::Interrupted | Edited::Ended => session.leave(now.mono_ms),
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
            Typed::Quit => session.leave(now.mono_ms),
            Typed::Help => self.note(words::HELP.of(self.lang), now),
            Typed::Fault(notice) => {
                let mut text = Vec::new();
                self.lang.write(&notice, &mut text).expect("memory takes it");
                let text = String::from_utf8_lossy(&text);
                self.note(word_of(&text), now);
            }
            Typed::Unknown(_) if session.door() == Door::Telnet => {
                session.ask(Command::Other(line.trim().into()), now.mono_ms);
            }
            Typed::Unknown(command) => self.note(&words::unknown(self.lang, command), now),
        }
    }

    fn paste(&mut self, text: &str) {
        let text = text.trim_end_matches('\n');
        if !text.contains('\n') {
            // As if it had been typed, as much of it as fits.
            for c in text.chars() {
                self.editor.key(Key::Char(c));
            }
            return;
        }
        self.pasted = text.lines().flat_map(pieces).collect();
    }

    fn decide(&mut self, key: Key, session: &mut Session, now: &Now) {
        match key {
            Key::Enter | Key::Char('y' | 'Y') => {
                let mut lines = mem::take(&mut self.pasted).into_iter();
                while session.has_room()
                    && let Some(line) = lines.next()
                {
                    session.ask(Command::Say(line), now.mono_ms);
                }
                self.pasted = lines.collect();
                if !self.pasted.is_empty() {
                    self.note(words::TOO_MUCH.of(self.lang), now);
                }
                self.talk.answer();
            }
            Key::Char('n' | 'N') | Key::Cancel | Key::EndOfInput | Key::Backspace => {
                self.pasted.clear();
            }
            _ => {}
        }
    }

    fn complete(&mut self, now: &Now) {
        let word = self.editor.word_before_cursor().to_lowercase();
        let fits = |name: &&String| !word.is_empty() && name.to_lowercase().starts_with(&word);
        let candidates: Vec<&str> = self.names.iter().filter(fits).map(String::as_str).collect();
        if self.editor.complete(&candidates) == Edited::Refused && candidates.len() > 1 {
            let shown = candidates[..candidates.len().min(NAMES_SHOWN)].join(", ");
            self.note(&shown, now);
        }
    }

    fn scroll(&mut self, pages: isize, session: &Session) {
        let height = self.height();
        // One row stays in view, so that the eye finds where it was.
        let rows = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
        let look = look(self.size, self.lang, session);
        self.talk.scroll(pages * rows, height, &look);
    }

    /// There is something to be shown.
    pub fn hear(&mut self, news: News, session: &Session, now: &Now) {
        match news {
            News::Line(line) => {
                self.rings |= self.has_bell && calls(&line, session.name());
                self.meet(&line, session.name());
                self.talk.hear(line);
            }
            News::Entered => self.note(words::ENTERED.of(self.lang), now),
            News::Back => self.note(words::BACK.of(self.lang), now),
            News::NoRooms => self.note(words::NO_ROOMS.of(self.lang), now),
            News::NameRefused { name, why } => {
                self.note(&words::refused(self.lang, &name, &why), now);
            }
            News::Lost { why, retry_ms } => self.note(&words::lost(self.lang, &why, retry_ms), now),
        }
    }

    fn note(&mut self, words: &str, now: &Now) {
        self.talk.note(words, now.stamp.as_str());
    }

    /// Learns from `line` who is here.
    fn meet(&mut self, line: &str, own_name: &str) {
        let was_listing = mem::take(&mut self.is_listing);
        match Message::parse(line).body {
            Body::Said { nick, .. } | Body::Acted { nick, .. } if nick != own_name => {
                self.remember(nick);
            }
            Body::Whispered { from, to, .. } => {
                self.remember(if from == own_name { to } else { from });
            }
            Body::System(word) => match (Change::parse(word), RoomWord::parse(word)) {
                (Some(Change::Came(name)), _) => self.remember(name),
                (Some(Change::Went(name)), _) => self.names.retain(|known| known != name),
                (Some(Change::Renamed { old, new }), _) => {
                    self.names.retain(|known| known != old);
                    self.remember(new);
                }
                (Some(Change::ManyCame(names)), _) => names.split(", ").for_each(|name| {
                    self.remember(name);
                }),
                (Some(Change::ManyWent(names)), _) => {
                    self.names.retain(|known| names.split(", ").all(|name| name != known));
                }
                // Those in the room that was left are not here.
                (None, Some(RoomWord::Entered(_))) => self.names.clear(),
                (None, Some(RoomWord::Present)) => self.is_listing = true,
                (None, None) if was_listing && word.split(", ").all(|name| !name.contains(' ')) => {
                    self.is_listing = true;
                    for name in word.split(", ").filter(|&name| name != own_name) {
                        self.remember(name);
                    }
                }
                (None, _) => {}
            },
            Body::Said { .. } | Body::Acted { .. } | Body::Plain(_) => {}
        }
    }

    fn remember(&mut self, name: &str) {
        if name.len() > 2 * NICK_BYTES_MAX {
            // Nobody completes that; elsewhere than at natter, names may be of any length.
            return;
        }
        self.names.retain(|known| known != name);
        self.names.push_front(name.into());
        self.names.truncate(NAMES_MAX);
    }

    fn height(&self) -> usize {
        self.size.1.saturating_sub(OTHER_ROWS)
    }

    /// What the terminal is to show.
    pub fn frame(&self, session: &Session) -> Frame {
        let (columns, height) = (self.size.0, self.height());
        let look = look(self.size, self.lang, session);
        let mut rows = self.talk.view(height, &look);
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
        if session.waiting() > 0 {
            states.push(words::waiting(self.lang, session.waiting()));
        }
        if self.talk.unread() > 0 {
            states.push(words::unread(self.lang, self.talk.unread()));
        } else if self.talk.is_scrolled() {
            states.push("PgDn".into());
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
        if !self.pasted.is_empty() {
            let question = words::pasted(self.lang, self.pasted.len());
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

fn look(size: (usize, usize), lang: Lang, session: &Session) -> Look<'_> {
    Look { name: session.name(), unread: words::UNREAD.of(lang), columns: size.0 }
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
mod tests {
    use std::time::{Instant, UNIX_EPOCH};

    use fastrand::Rng;

    use super::*;
    use crate::clock::Clock;

    fn now() -> Now {
        Clock::new(Instant::now(), UNIX_EPOCH).at(Instant::now(), UNIX_EPOCH)
    }

    /// Somebody at a terminal, in the room as `a`.
    fn entered() -> (App, Session) {
        let mut session = Session::new(Door::Classic, Some("a".into()), true, Rng::with_seed(1));
        session.connected(0);
        session.received(b"OK\r\n", 0);
        session.wrote(session.outgoing().len(), 0);
        (App::new("here".into(), Lang::En, true), session)
    }

    fn press(app: &mut App, session: &mut Session, text: &str) {
        for c in text.chars() {
            let key = if c == '⏎' { Key::Enter } else { Key::Char(c) };
            app.press(Press::Edit(key), session, &now());
        }
    }

    fn hear(app: &mut App, session: &Session, line: &str) {
        let line = format!("[2026-11-23 09:11:38] {line}");
        app.hear(News::Line(line), session, &now());
    }

    #[test]
    fn whatever_happens_the_frame_fits_the_screen() {
        let lines =
            ["bob:hello a, 你好", "系统:小明加入了聊天", "* bob waves", "x", "bob:🦀e\u{301}"];
        let (typed, now) = (["你", "x", "y", "⏎", "/help⏎"], now());
        for seed in 0..50 {
            let mut random = Rng::with_seed(seed);
            let (mut app, mut session) = entered();
            for _ in 0..100 {
                let done = match random.u8(..9) {
                    0 => Press::PageUp,
                    1 => Press::PageDown,
                    2 => Press::Paste("one\ntwo 二\n".into()),
                    3 => Press::Focus(random.bool()),
                    _ => Press::Edit(Key::Tab),
                };
                app.press(done, &mut session, &now);
                match random.u8(..4) {
                    0 => app.resize(random.u16(1..40), random.u16(1..12)),
                    1 => press(&mut app, &mut session, typed[random.usize(..typed.len())]),
                    _ => {
                        let line = lines[random.usize(..lines.len())].repeat(random.usize(1..20));
                        hear(&mut app, &session, &line);
                    }
                }
                let frame = app.frame(&session);
                assert_eq!(frame.rows.len(), app.size.1, "seed {seed}");
                // A wide character is not halved, even where there is one column only.
                let columns = app.size.0.max(2);
                assert!(frame.rows.iter().all(|row| row_columns(row) <= columns), "seed {seed}");
                let (column, row) = frame.cursor;
                assert!(usize::from(column) < app.size.0 && usize::from(row) < app.size.1);
            }
        }
    }

    #[test]
    fn what_does_not_fit_the_queue_stays_in_the_line() {
        let (mut app, mut session) = entered();
        while session.has_room() {
            press(&mut app, &mut session, "x⏎");
        }
        for line in ["keep me", "/name b"] {
            press(&mut app, &mut session, &format!("{line}⏎"));
            assert_eq!(app.editor.text(), line);
            app.editor.key(Key::KillToStart);
        }
        press(&mut app, &mut session, "/help⏎");
        assert_eq!(app.editor.text(), "");
    }

    #[test]
    fn the_system_and_the_list_tell_whom_to_complete() {
        let (mut app, session) = entered();
        for line in [
            "bob:hi",
            "system: carol joined",
            "系统:小明加入了聊天",
            "system: bob is now robert",
            "system: carol left",
            "system: 3 joined: gil, hal and 1 more",
            "system: 2 left: gil, hal",
            "a:me",
            "system: 3 here:",
            "system: a, dave, eve",
            "system: frank",
            "system: not a name",
        ] {
            hear(&mut app, &session, line);
        }
        assert_eq!(app.names, ["frank", "eve", "dave", "robert", "小明"]);
        hear(&mut app, &session, &format!("{}:x", "y".repeat(1_000)));
        assert_eq!(app.names.len(), 5);
        hear(&mut app, &session, "system: you are in tea, 2 here");
        hear(&mut app, &session, "system: 2 here in tea, 7 online in all rooms:");
        hear(&mut app, &session, "system: a, gina");
        assert_eq!(app.names, ["gina"], "those of the other room are forgotten");
        hear(&mut app, &session, "系统:您已进入房间 lobby，共 1 人");
        hear(&mut app, &session, "系统:房间 lobby 有 1 人，共 7 人在线：");
        hear(&mut app, &session, "系统:小红");
        assert_eq!(app.names, ["小红"]);
    }

    #[test]
    fn a_long_line_shows_where_its_cursor_is() {
        let (mut app, mut session) = entered();
        app.resize(10, 3);
        press(&mut app, &mut session, "abcdefghijklmnop");
        let shown = |app: &App, session: &Session| {
            let frame = app.frame(session);
            let row = frame.rows.last().expect("there is one");
            let text: String = row.iter().map(|span| span.text.as_str()).collect();
            (text, frame.cursor.0)
        };
        assert_eq!(shown(&app, &session), ("> jklmnop".into(), 9));
        app.press(Press::Edit(Key::Home), &mut session, &now());
        assert_eq!(shown(&app, &session), ("> abcdefgh".into(), 2));
    }
}
