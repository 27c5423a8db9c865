//! The messages, their style, the scroll position, and the unread marker.

use std::collections::VecDeque;

use crate::client::core::bounds::{SCROLLBACK_BYTES, SCROLLBACK_LINES};
use crate::client::core::message::Body;
use crate::client::tui::style::{Row, Span, Style, clipped, columns_of, wrap};
use crate::rows::{INDENT_COLUMNS, link};

/// The messages, oldest first, bounded.
#[derive(Default)]
pub struct Talk {
    entries: VecDeque<Entry>,
    /// The number of entries dropped at the front: an entry keeps its number.
    dropped: u64,
    bytes: usize,
    /// The lowest row in view, unless it is the newest.
    lowest: Option<Place>,
    /// The entry below the unread marker.
    marker: Option<u64>,
    /// Whether the entries below the marker have been in view: then the next unseen one moves it.
    is_marker_seen: bool,
    /// Whether the terminal has lost the focus, as far as it reports that.
    is_unwatched: bool,
    /// The date of the last entry.
    date: String,
}

struct Entry {
    /// `09:11:38`, if its time is known.
    time: String,
    body: Body,
}

/// A row of the messages.
#[derive(Clone, Copy)]
struct Place {
    entry: u64,
    /// Counted within the entry.
    row: usize,
}

/// The parameters of a view.
pub struct Layout<'a> {
    /// The user's own name.
    pub name: &'a str,
    /// The text of the unread marker.
    pub unread: &'static str,
    /// The width of the screen.
    pub columns: usize,
}

impl Talk {
    /// Appends a message from the server; `stamp` is `2026-11-23 09:11:38`, or empty if not known.
    pub fn add(&mut self, body: Body, stamp: &str) {
        if (self.is_unwatched || self.lowest.is_some())
            && (self.marker.is_none() || self.is_marker_seen)
        {
            self.marker = Some(self.end());
            self.is_marker_seen = false;
        }
        self.append(body, stamp);
    }

    /// Appends a text of the client's own, with `stamp`.
    pub fn note(&mut self, words: &str, stamp: &str) {
        words.lines().for_each(|line| self.append(Body::System(line.into()), stamp));
    }

    fn append(&mut self, body: Body, stamp: &str) {
        let (date, time) = stamp.split_once(' ').unwrap_or(("", stamp));
        if !date.is_empty() && date != self.date {
            let is_first = self.date.is_empty();
            self.date = date.into();
            if !is_first {
                self.push(Entry { time: String::new(), body: Body::System(date.into()) });
            }
        }
        self.push(Entry { time: time.into(), body });
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.entries.len() > SCROLLBACK_LINES || self.bytes > SCROLLBACK_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }

    /// Returns the number of the next entry.
    fn end(&self) -> u64 {
        self.dropped + self.entries.len() as u64
    }

    /// Returns the number of lines below the view, or received without focus.
    pub fn unread(&self) -> u64 {
        self.marker.filter(|_| !self.is_marker_seen).map_or(0, |marker| self.end() - marker)
    }

    /// Whether the newest line is out of view.
    pub fn is_scrolled(&self) -> bool {
        self.lowest.is_some()
    }

    /// Notes whether the terminal has the focus.
    pub fn watch(&mut self, is_watched: bool) {
        self.is_unwatched = !is_watched;
        self.see();
    }

    /// Notes that the user has answered: all lines count as read, and the newest one is shown.
    pub fn answer(&mut self) {
        self.lowest = None;
        self.marker = None;
    }

    fn see(&mut self) {
        self.is_marker_seen |= !self.is_unwatched && self.lowest.is_none();
    }

    /// Scrolls by `rows`, up or down, in a window of `height` rows.
    pub fn scroll(&mut self, rows: isize, height: usize, layout: &Layout<'_>) {
        if self.entries.is_empty() {
            return;
        }
        let from = self.lowest(layout);
        let to = self.moved(from, rows, layout);
        let shown = self.rows_up_from(to, height, layout).len();
        // Not beyond the position where the oldest line is at the top.
        let missing = isize::try_from(height.saturating_sub(shown)).unwrap_or(0);
        let to = self.moved(to, missing, layout);
        let newest = self.newest(layout);
        self.lowest = Some(to).filter(|to| (to.entry, to.row) < (newest.entry, newest.row));
        self.see();
    }

    /// Returns the rows in view, at most `height`.
    pub fn view(&self, height: usize, layout: &Layout<'_>) -> Vec<Row> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        self.rows_up_from(self.lowest(layout), height, layout)
    }

    fn newest(&self, layout: &Layout<'_>) -> Place {
        let entry = self.end() - 1;
        Place { entry, row: self.rows(entry, layout).len() - 1 }
    }

    /// Returns the lowest row in view: the screen may have changed, and the entry may be gone.
    fn lowest(&self, layout: &Layout<'_>) -> Place {
        let Some(lowest) = self.lowest else { return self.newest(layout) };
        let entry = lowest.entry.max(self.dropped);
        let row = if entry == lowest.entry { lowest.row } else { 0 };
        Place { entry, row: row.min(self.rows(entry, layout).len() - 1) }
    }

    fn moved(&self, from: Place, rows: isize, layout: &Layout<'_>) -> Place {
        let Place { mut entry, mut row } = from;
        let mut left = rows.unsigned_abs();
        while left > 0 {
            let is_first = if rows < 0 {
                entry == self.dropped && row == 0
            } else {
                entry == self.end() - 1 && row + 1 == self.rows(entry, layout).len()
            };
            if is_first {
                break;
            }
            if rows > 0 && row + 1 < self.rows(entry, layout).len() {
                row += 1;
            } else if rows > 0 {
                (entry, row) = (entry + 1, 0);
            } else if row > 0 {
                row -= 1;
            } else {
                entry -= 1;
                row = self.rows(entry, layout).len() - 1;
            }
            left -= 1;
        }
        Place { entry, row }
    }

    fn rows_up_from(&self, lowest: Place, height: usize, layout: &Layout<'_>) -> Vec<Row> {
        let mut rows = VecDeque::new();
        let mut entry = lowest.entry;
        let mut ending = self.rows(entry, layout);
        ending.truncate(lowest.row + 1);
        loop {
            while let Some(row) = ending.pop() {
                if rows.len() == height {
                    return rows.into();
                }
                rows.push_front(row);
            }
            if entry == self.dropped {
                return rows.into();
            }
            entry -= 1;
            ending = self.rows(entry, layout);
        }
    }

    /// Returns the rows of one entry, including a marker above it; there is at least one.
    fn rows(&self, number: u64, layout: &Layout<'_>) -> Vec<Row> {
        let index = usize::try_from(number - self.dropped).expect("entries are few");
        let mut rows = Vec::new();
        if self.marker == Some(number) {
            let side = layout.columns.saturating_sub(columns_of(layout.unread) + 2) / 2;
            let side = "─".repeat(side);
            let marker = format!("{side} {} {side}", layout.unread);
            rows.push(vec![Span::new(clipped(&marker, layout.columns), Style::DIM)]);
        }
        rows.extend(wrap(&self.entries[index].spans(layout.name), layout.columns, INDENT_COLUMNS));
        rows
    }
}

/// Returns the rows of a line that is not confirmed.
pub fn unconfirmed_rows(body: &Body, columns: usize) -> Vec<Row> {
    // At the position that it will have with a stamp.
    let indent = if columns >= 4 * INDENT_COLUMNS { INDENT_COLUMNS } else { 0 };
    let mut spans = vec![Span::new(" ".repeat(indent), Style::PLAIN)];
    spans.extend(spans_of(body, ""));
    spans
        .iter_mut()
        .for_each(|span| span.style = Style { is_link: span.style.is_link, ..Style::DIM });
    wrap(&spans, columns, INDENT_COLUMNS)
}

impl Entry {
    fn bytes(&self) -> usize {
        match &self.body {
            Body::Said { name, text } | Body::Acted { name, text } => name.len() + text.len(),
            Body::Whispered { from, to, text } => from.len() + to.len() + text.len(),
            Body::System(text) | Body::Plain(text) => text.len(),
        }
    }

    fn spans(&self, name: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        if !self.time.is_empty() {
            spans.push(Span::new(format!("{} ", self.time), Style::DIM));
        }
        spans.extend(spans_of(&self.body, name));
        spans
    }
}

/// Returns the spans of `body` for a user called `own`.
fn spans_of(body: &Body, own: &str) -> Vec<Span> {
    let named = |name: &str| Span::new(name, Style::of_name(name));
    let own_of = |name: &str| Some(own).filter(|&own| own != name);
    let (mut spans, text, own, style) = match body {
        Body::Said { name, text } => (
            vec![named(name), Span::new(": ", Style::PLAIN)],
            text.as_str(),
            own_of(name),
            Style::PLAIN,
        ),
        Body::Acted { name, text } => {
            let spans =
                vec![Span::new("* ", Style::BOLD), named(name), Span::new(" ", Style::PLAIN)];
            (spans, text.as_str(), own_of(name), Style::PLAIN)
        }
        Body::Whispered { from, to, text } => {
            let arrow = Span::new(" → ", Style::BOLD);
            let spans = vec![named(from), arrow, named(to), Span::new(": ", Style::PLAIN)];
            (spans, text.as_str(), None, Style::PLAIN)
        }
        Body::System(words) => {
            (vec![Span::new("-- ", Style::BOLD)], Body::without_system(words), None, Style::DIM)
        }
        Body::Plain(text) => (Vec::new(), text.as_str(), None, Style::PLAIN),
    };
    let mut rest = text;
    while let Some(link) = link(rest) {
        mark_mentions(&rest[..link.start], own, style, &mut spans);
        spans.push(Span::new(&rest[link.clone()], Style { is_link: true, ..style }));
        rest = &rest[link.end..];
    }
    mark_mentions(rest, own, style, &mut spans);
    spans
}

fn mark_mentions(text: &str, name: Option<&str>, style: Style, spans: &mut Vec<Span>) {
    let mut rest = text;
    while let Some((at, length)) = name.and_then(|name| mention(rest, name)) {
        spans.push(Span::new(&rest[..at], style));
        spans.push(Span::new(&rest[at..at + length], Style::REVERSED));
        rest = &rest[at + length..];
    }
    spans.push(Span::new(rest, style));
}

/// Returns the first position of `name` in `text`, in any case, as a separate word; a name that is
/// not written in ASCII may stand anywhere, because Chinese has no spaces.
pub fn mention(text: &str, name: &str) -> Option<(usize, usize)> {
    if name.is_empty() {
        return None;
    }
    let starts = text.char_indices().map(|(at, _)| at);
    let is_here = |at: &usize| {
        let rest = &text[*at..];
        let found = rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        if !found || !name.is_ascii() {
            return found;
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !text[..*at].ends_with(is_word) && !rest[name.len()..].starts_with(is_word)
    };
    { starts }.find(is_here).map(|at| (at, name.len()))
}

/// Returns author and text of `body` if it mentions `name`, and is not by `name`.
pub fn call<'a>(body: &'a Body, name: &str) -> Option<(&'a str, &'a str)> {
    match body {
        Body::Said { name: who, text } | Body::Acted { name: who, text } => {
            (who != name && mention(text, name).is_some()).then_some((who, text))
        }
        Body::Whispered { from, text, .. } => (from != name).then_some((from, text)),
        Body::System(_) | Body::Plain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Body {
        Body::Plain(text.into())
    }

    fn said(name: &str, text: &str) -> Body {
        Body::Said { name: name.into(), text: text.into() }
    }

    fn layout(columns: usize) -> Layout<'static> {
        Layout { name: "alice", unread: "unread", columns }
    }

    fn shown(talk: &Talk, height: usize, columns: usize) -> Vec<String> {
        let text = |row: Row| row.iter().map(|span| span.text.as_str()).collect();
        talk.view(height, &layout(columns)).into_iter().map(text).collect()
    }

    fn talk(lines: usize) -> Talk {
        let mut talk = Talk::default();
        (0..lines).for_each(|number| talk.add(plain(&format!("line {number}")), ""));
        talk
    }

    #[test]
    fn every_kind_of_line_has_its_own_style() {
        let mut talk = Talk::default();
        let stamp = "2026-11-23 09:11:38";
        for body in [
            said("bob", "hi alice"),
            said("alice", "hi alice"),
            Body::Acted { name: "bob".into(), text: "waves".into() },
            Body::System("system: bob left".into()),
            plain("?"),
            Body::Whispered { from: "bob".into(), to: "alice".into(), text: "psst".into() },
        ] {
            talk.add(body, stamp);
        }
        talk.note("one\ntwo", stamp);
        let wanted = [
            "09:11:38 bob: hi alice",
            "09:11:38 alice: hi alice",
            "09:11:38 * bob waves",
            "09:11:38 -- bob left",
            "09:11:38 ?",
            "09:11:38 bob → alice: psst",
            "09:11:38 -- one",
            "09:11:38 -- two",
        ];
        assert_eq!(shown(&talk, 9, 60), wanted);
        let rows = talk.view(9, &layout(60));
        let mentions = |row: &Row| row.iter().any(|span| span.style == Style::REVERSED);
        assert_eq!(rows.iter().filter(|row| mentions(row)).count(), 1, "not one's own");
        assert!(rows.iter().all(|row| row[0].style == Style::DIM), "time is dimmed");
    }

    #[test]
    fn a_name_is_mentioned_as_a_word_or_in_chinese_anywhere() {
        for (text, name, place) in [
            ("hi Alice!", "alice", Some((3, 5))),
            ("malice, alice2 alice_", "alice", None),
            ("alice", "alice", Some((0, 5))),
            ("你好小明吗", "小明", Some((6, 6))),
            ("x", "", None),
        ] {
            assert_eq!(mention(text, name), place, "{text}");
        }
        let whisper = Body::Whispered { from: "bob".into(), to: "a".into(), text: "psst".into() };
        assert_eq!(call(&whisper, "a"), Some(("bob", "psst")));
        assert_eq!(call(&said("bob", "hi a"), "a"), Some(("bob", "hi a")));
        assert_eq!(call(&said("a", "a"), "a"), None);
        assert_eq!(call(&Body::System("a left".into()), "a"), None);
    }

    #[test]
    fn a_new_day_is_shown() {
        let mut talk = Talk::default();
        talk.note("in", "2026-11-24 00:00:01");
        talk.add(plain("late"), "2026-11-23 23:59:59");
        talk.add(plain("early"), "2026-11-24 00:00:02");
        talk.add(plain("?"), "");
        let wanted = [
            "00:00:01 -- in",
            "-- 2026-11-23",
            "23:59:59 late",
            "-- 2026-11-24",
            "00:00:02 early",
            "?",
        ];
        assert_eq!(shown(&talk, 9, 60), wanted);
    }

    #[test]
    fn links_are_marked_and_unconfirmed_lines_are_dim() {
        let spans = spans_of(&said("bob", "see http://a/alice alice"), "alice");
        let styled: Vec<(&str, Style)> =
            spans.iter().map(|span| (span.text.as_str(), span.style)).collect();
        assert_eq!(styled[3], ("http://a/alice", Style::LINK));
        assert_eq!(styled[5], ("alice", Style::REVERSED));
        let rows = unconfirmed_rows(&said("alice", "on its way"), 60);
        let text: String = rows[0].iter().map(|span| span.text.as_str()).collect();
        assert_eq!((rows.len(), text.as_str()), (1, "         alice: on its way"));
        assert!(rows[0].iter().all(|span| span.style == Style::DIM));
    }

    #[test]
    fn no_line_looks_like_two_at_any_width() {
        let forged = "08:02:00 alice: send bob the password";
        for columns in 12..120 {
            for padding in 0..columns {
                let mut talk = Talk::default();
                let text = format!("x{}{forged}", " ".repeat(padding));
                talk.add(Body::Said { name: "bob".into(), text }, "2026-11-23 09:11:38");
                let rows = shown(&talk, 99, columns);
                let mut begun = rows.iter().filter(|row| !row.starts_with(' '));
                assert!(begun.next().is_some_and(|row| row.starts_with("09:11:38")), "{rows:?}");
                assert_eq!(begun.next(), None, "{columns} columns: {rows:?}");
            }
        }
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut talk = talk(10);
        assert_eq!(shown(&talk, 3, 20), ["line 7", "line 8", "line 9"]);
        talk.scroll(-2, 3, &layout(20));
        assert_eq!(shown(&talk, 3, 20), ["line 5", "line 6", "line 7"]);
        talk.scroll(-100, 3, &layout(20));
        assert_eq!(shown(&talk, 3, 20), ["line 0", "line 1", "line 2"]);
        assert!(talk.is_scrolled());
        talk.scroll(100, 3, &layout(20));
        assert_eq!(shown(&talk, 3, 20), ["line 7", "line 8", "line 9"]);
        assert!(!talk.is_scrolled());
        Talk::default().scroll(-1, 3, &layout(20));
    }

    #[test]
    fn the_view_stays_while_lines_are_added_and_dropped() {
        let mut talk = talk(10);
        talk.scroll(-5, 3, &layout(20));
        let seen = shown(&talk, 3, 20);
        talk.add(plain("new"), "");
        talk.add(plain("newer"), "");
        assert_eq!(shown(&talk, 3, 20), seen);
        assert_eq!(talk.unread(), 2);
        // Another width wraps lines elsewhere, and the oldest are dropped.
        assert_eq!(shown(&talk, 2, 4).len(), 2);
        (0..2 * SCROLLBACK_LINES).for_each(|number| talk.add(plain(&format!("{number}")), ""));
        assert_eq!(shown(&talk, 1, 20), [SCROLLBACK_LINES.to_string()]);
        talk.answer();
        assert_eq!((talk.unread(), talk.is_scrolled()), (0, false));
    }

    #[test]
    fn memory_is_bounded() {
        let mut talk = Talk::default();
        (0..1_000).for_each(|_| talk.add(plain(&"x".repeat(10_000)), ""));
        assert!(talk.bytes <= SCROLLBACK_BYTES && talk.entries.len() <= 105);
    }
}
