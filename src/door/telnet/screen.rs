//! Shows a prompt and a line being typed on a terminal, with the cursor in its place.
//!
//! # The trap at the right edge
//!
//! After a character in the last column, a VT100 and all that came after it leave the cursor *on*
//! that character: only the next one to be shown wraps. Others wrap at once. So the end of a full
//! row is two places, and a motion from there goes wrong on one kind or the other. Here no motion
//! ever starts there: text wraps by itself, the next character takes both kinds to the same place,
//! and where text ends with its row, a space and `\r` do. (`\r\n` would skip a row on the second
//! kind; and where the terminal itself wrapped, it knows that the rows are one line, for copying
//! and for a window that changes its width.)
//!
//! A wide character that does not fit in its row moves to the next row as a whole. Not every
//! terminal does that, so a space fills the column that is left.
//!
//! # Limits
//!
//! Each character is assumed to take the columns that `unicode-width` gives it alone, as with
//! `wcwidth`. Terminals disagree about emoji made of several; what follows them in their row may be
//! a few columns off until it is redrawn. Terminals of less than two columns or rows are treated as
//! having two. While the height is not known, [`Screen::erase`] cannot erase what exceeds the
//! terminal: rows that have scrolled off the top stay there.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::door::charset::Charset;
use crate::text::may_be_shown;

/// The width that is assumed for a terminal that has not reported it.
const COLUMNS_UNKNOWN: usize = 80;

/// The shown part of an input, and the position of its cursor.
///
/// Other output to the terminal must be sent between [`Screen::erase`] or [`Screen::leave`] and the
/// next [`Screen::draw`]. After several keys, one [`Screen::update`] is best: each compares the
/// whole text.
pub struct Screen {
    /// At least 2.
    columns: usize,
    /// At least 2, or 0 if it is not known.
    rows: usize,
    charset: Charset,
    /// The part of prompt and text that is shown, from the start of a row.
    shown: String,
    /// The byte index of the cursor in `shown`.
    cursor_at: usize,
    /// The position of the cursor on the terminal; the input begins at row 0, column 0.
    cursor: Place,
    /// The position of the next character after `shown`.
    end: Place,
}

/// A position relative to the start of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    row: usize,
    column: usize,
}

impl Screen {
    /// Creates a screen of that size, 0 if unknown; the cursor is at the start of a free row.
    pub fn new(columns: usize, rows: usize) -> Self {
        let mut screen = Self {
            columns: 0,
            rows: 0,
            charset: Charset::Utf8,
            shown: String::new(),
            cursor_at: 0,
            cursor: Place::default(),
            end: Place::default(),
        };
        screen.set_size(columns, rows);
        screen
    }

    /// Sets the terminal's charset: a character that it lacks takes the one column of a `?`.
    pub fn set_charset(&mut self, charset: Charset) {
        self.charset = charset;
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.shown.capacity()
    }

    /// Sets the terminal's new size, 0 if unknown, and erases the input, which has to be redrawn.
    ///
    /// Some terminals reflow text to the new width, others cut it off. Remains on one kind are
    /// better than an erased message on the other, so the smaller of the two heights is erased.
    pub fn resize(&mut self, columns: usize, rows: usize, to: &mut String) {
        self.set_size(columns, rows);
        let flowed = self.place(&self.shown, self.cursor_at, 1);
        self.cursor.row = self.cursor.row.min(flowed.row);
        self.erase(to);
    }

    /// Erases the input: the cursor is where the input began, and all below is free.
    pub fn erase(&mut self, to: &mut String) {
        self.go(Place { row: 0, ..self.cursor }, to);
        to.push_str("\r\u{1b}[J");
        self.forget();
    }

    /// Leaves the input on the terminal: the cursor is at the start of the row below.
    pub fn leave(&mut self, to: &mut String) {
        self.go(self.end, to);
        if self.end.column > 0 {
            to.push_str("\r\n");
        }
        self.forget();
    }

    /// Shows the input where none of it is shown: the cursor is at the start of a free row.
    ///
    /// `cursor` is a byte index into `text`, at the start of a character.
    pub fn draw(&mut self, prompt: &str, text: &str, cursor: usize, to: &mut String) {
        self.forget();
        self.update(prompt, text, cursor, to);
    }

    /// Shows the input in place of what is shown, and sends only the difference: for a character
    /// appended at the end, that character.
    pub fn update(&mut self, prompt: &str, text: &str, cursor: usize, to: &mut String) {
        let (before, after) = text.split_at(text.floor_char_boundary(cursor));
        let mut input = String::new();
        let mut cursor_at = 0;
        for part in [prompt, before, after] {
            cursor_at = input.len();
            input.extend(part.chars().filter(|&c| may_be_shown(c)));
        }
        // The part shown already is in the charset: only the rest is encoded, each character to
        // one.
        let known = self.known_start(&input);
        let rest = input.split_off(known);
        let chars = rest.char_indices().take_while(|&(at, _)| known + at < cursor_at).count();
        let rest = self.charset.shown(rest);
        if cursor_at > known {
            cursor_at = known + rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
        }
        input.push_str(&rest);

        let window = self.window(&input, cursor_at);
        self.show(&input[window.clone()], to);
        // An accent at the start of a text is drawn on the prompt's last row, but the window may
        // begin with the row below: then the cursor is there.
        self.cursor_at = cursor_at.saturating_sub(window.start);
        let place = self.place(&self.shown, self.cursor_at, first_columns(&input[cursor_at..]));
        self.go(place, to);
    }

    fn set_size(&mut self, columns: usize, rows: usize) {
        self.columns = if columns == 0 { COLUMNS_UNKNOWN } else { columns.max(2) };
        self.rows = if rows == 0 { 0 } else { rows.max(2) };
    }

    /// Returns how many bytes of `input` the terminal shows already.
    fn known_start(&self, input: &str) -> usize {
        common_start(&self.shown, input)
    }

    fn forget(&mut self) {
        self.shown = String::new();
        self.cursor_at = 0;
        self.cursor = Place::default();
        self.end = Place::default();
    }

    /// Returns the part of `input` that is shown: all, or as many rows as leave one for the end, so
    /// that nothing scrolls, with the cursor in the last of them if it is that far down.
    fn window(&self, input: &str, cursor_at: usize) -> Range<usize> {
        if self.rows == 0 || self.place(input, input.len(), 1).row < self.rows {
            return 0..input.len();
        }
        let rows = self.rows - 1;
        let cursor = self.place(input, cursor_at, first_columns(&input[cursor_at..]));
        let top = (cursor.row + 1).saturating_sub(rows);
        self.row_start(input, top)..self.row_start(input, top + rows)
    }

    /// Makes the terminal show `input` in place of `shown`, from the first difference on.
    fn show(&mut self, input: &str, to: &mut String) {
        let same = common_start(&self.shown, input);
        if same == input.len() && same == self.shown.len() {
            return;
        }
        self.go(self.place(input, same, 1), to);
        let old_end = self.end;
        self.end = self.write(&input[same..], to);
        self.cursor = self.end;
        if self.end < old_end {
            to.push_str("\u{1b}[J");
        }
        self.shown = input.to_string();
    }

    /// Sends `text` to be shown at the cursor; returns where it ends.
    fn write(&self, text: &str, to: &mut String) -> Place {
        let mut place = self.cursor;
        for c in text.chars() {
            let columns = columns_of(c);
            let start = self.fit(place, columns);
            if start != place && place.column < self.columns {
                to.push(' ');
            }
            to.push(c);
            place = Place { column: start.column + columns, ..start };
        }
        if place.column == self.columns {
            to.push_str(" \r");
        }
        self.fit(place, 1)
    }

    /// Moves the cursor. Both positions are in rows that have been shown, so nothing scrolls.
    fn go(&mut self, target: Place, to: &mut String) {
        let from = std::mem::replace(&mut self.cursor, target);
        motion(target.row.saturating_sub(from.row), 'B', to);
        motion(from.row.saturating_sub(target.row), 'A', to);
        if target.column < from.column {
            to.push('\r');
            motion(target.column, 'C', to);
        } else {
            motion(target.column - from.column, 'C', to);
        }
    }

    /// Returns the position of a byte index in `text`, for a character of so many columns.
    fn place(&self, text: &str, index: usize, columns: usize) -> Place {
        let end = text[..index].chars().fold(Place::default(), |place, c| {
            let start = self.fit(place, columns_of(c));
            Place { column: start.column + columns_of(c), ..start }
        });
        self.fit(end, columns)
    }

    /// Returns the byte index of the start of a row of `text`, or the end of the text if there is
    /// no such row.
    fn row_start(&self, text: &str, row: usize) -> usize {
        let mut place = Place::default();
        for (index, c) in text.char_indices() {
            place = self.fit(place, columns_of(c));
            if place.row >= row {
                return index;
            }
            place.column += columns_of(c);
        }
        text.len()
    }

    /// Returns `place`, or the start of the next row if this one has not that many columns left.
    fn fit(&self, place: Place, columns: usize) -> Place {
        if place.column + columns > self.columns {
            Place { row: place.row + 1, column: 0 }
        } else {
            place
        }
    }
}

/// Returns how many columns `c` takes. One character has three by the tables, but not on any
/// terminal.
fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0).min(2)
}

/// Returns how many columns the first character of `text` needs, or the cursor at its end.
fn first_columns(text: &str) -> usize {
    text.chars().next().map_or(1, columns_of).max(1)
}

/// Returns how many bytes both have in common at the start, up to a character that takes columns: a
/// character without columns belongs to the one before it, which has to be sent again.
#[inline(never)]
fn common_start(old: &str, new: &str) -> usize {
    let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let mut same = new.floor_char_boundary(same);
    let hangs = |text: &str| text.chars().next().is_some_and(|c| columns_of(c) == 0);
    while same > 0 && (hangs(&old[same..]) || hangs(&new[same..])) {
        same = new.floor_char_boundary(same - 1);
    }
    same
}

/// Appends a cursor motion by `count`; terminals treat 0 as 1.
fn motion(count: usize, direction: char, to: &mut String) {
    if count > 0 {
        to.push_str(&format!("\u{1b}[{count}{direction}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_sent() {
        let mut screen = Screen::new(10, 0);
        let mut sent = |text: &str, cursor| {
            let mut output = String::new();
            screen.update("> ", text, cursor, &mut output);
            output
        };
        assert_eq!(sent("", 0), "> ");
        assert_eq!(sent("a", 1), "a");
        assert_eq!(sent("a", 1), "");
        assert_eq!(sent("a你", 4), "你");
        assert_eq!(sent("a你", 1), "\r\u{1b}[3C");
        assert_eq!(sent("ab你", 2), "b你\r\u{1b}[4C", "ends in column 6");
        assert_eq!(sent("ab你", 5), "\u{1b}[2C");
        assert_eq!(sent("ab", 2), "\r\u{1b}[4C\u{1b}[J");
        assert_eq!(sent("abcdefgh", 8), "cdefgh \r", "a full row");
        assert_eq!(sent("abcdefghi", 9), "i");
        assert_eq!(sent("abcdefghi", 0), "\u{1b}[1A\u{1b}[1C");
        assert_eq!(sent("abcdefgh", 0), "\u{1b}[1B\r\u{1b}[J\u{1b}[1A\u{1b}[2C");
        assert_eq!(sent("e", 1), "e\u{1b}[J");
        assert_eq!(sent("e\u{301}", 3), "\r\u{1b}[2Ce\u{301}", "an accent belongs to its letter");
        assert_eq!(sent("\u{1b}[2J\u{9b}\u{202e}", 0), "\r\u{1b}[2C[2J\r\u{1b}[2C");
        assert_eq!(sent("\u{17d8}", 0), "\u{17d8}\u{1b}[J\r\u{1b}[2C");
        assert_eq!(sent("\u{17d8}", 3), "\u{1b}[2C", "three columns by the tables");
    }

    #[test]
    fn what_a_charset_lacks_takes_the_column_of_a_question_mark() {
        let mut screen = Screen::new(10, 0);
        screen.set_charset(Charset::Latin1);
        let mut output = String::new();
        screen.draw("名: ", "aé你b", 3, &mut output);
        assert_eq!(output, "?: aé?b\r\u{1b}[5C");
    }

    #[test]
    fn a_key_at_the_end_has_one_character_encoded() {
        for charset in Charset::ALL.into_iter().filter(|charset| charset.is_text(b"")) {
            let mut screen = Screen::new(80, 24);
            screen.set_charset(charset);
            let line = charset.shown("乂α龘".repeat(120));
            screen.draw("> ", &line, line.len(), &mut String::new());
            let longer = format!("> {line}乂");
            assert_eq!(longer.len() - screen.known_start(&longer), 3, "{charset:?}");
        }
    }

    #[test]
    fn what_was_encoded_before_is_what_it_would_be_now() {
        for charset in Charset::ALL.into_iter().filter(|charset| charset.is_text(b"")) {
            let mut screen = Screen::new(9, 0);
            screen.set_charset(charset);
            for (text, cursor) in [
                ("é你😀龙x", 2),
                ("é你😀龙x?", 14),
                ("é?你😀龙", 3),
                ("é?你", 6),
                ("", 0),
                ("😀你", 4),
            ] {
                screen.update("名> ", text, cursor, &mut String::new());
                let mut fresh = Screen::new(9, 0);
                fresh.set_charset(charset);
                fresh.draw("名> ", text, cursor, &mut String::new());
                assert_eq!(screen.shown, fresh.shown, "{charset:?}");
                let places = [screen.cursor, screen.end];
                assert_eq!(places, [fresh.cursor, fresh.end], "{charset:?} {text}");
                assert_eq!(screen.cursor_at, fresh.cursor_at, "{charset:?} {text}");
            }
        }
    }

    #[test]
    fn an_entered_line_may_stand() {
        for (text, end) in [("", "\r\n"), ("ab", "\r\n"), ("abc", "")] {
            let mut screen = Screen::new(5, 0);
            let mut output = String::new();
            screen.draw("> ", text, 0, &mut output);
            output.clear();
            screen.leave(&mut output);
            let motion = output.strip_suffix(end).expect("it ends so");
            assert!(!motion.contains('\n'), "{output:?}");
            output.clear();
            screen.draw("> ", "", 0, &mut output);
            assert_eq!(output, "> ");
        }
    }

    #[test]
    fn a_new_width_costs_no_message() {
        for (columns, up) in [(10, "\u{1b}[1A"), (5, "\u{1b}[3A"), (3, "\u{1b}[3A"), (80, "")] {
            let mut screen = Screen::new(5, 0);
            let mut output = String::new();
            screen.draw("> ", &"x".repeat(15), 15, &mut output);
            output.clear();
            screen.resize(columns, 0, &mut output);
            assert_eq!(output, format!("{up}\r\u{1b}[J"), "{columns}");
        }
    }
}
