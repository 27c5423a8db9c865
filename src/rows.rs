//! Breaks text into rows, at spaces if there are any. Wide and combining characters stay whole, and so does
//! a link if it fits a row.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

/// The indent of rows after the first: they begin below the text, not below its time.
pub const INDENT_COLUMNS: usize = 9;

/// The size of rows.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The width of a row.
    pub columns: usize,
    /// Columns of the first row that are already used, by text that ends in a space.
    pub used: usize,
    /// The indent of the other rows; see [`Shape::indent`].
    pub indent: usize,
}

impl Shape {
    /// Returns the indent of rows after the first: at most a quarter of a narrow row.
    pub fn indent(&self) -> usize {
        self.indent.min(self.columns / 4)
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Columns left free before the text.
    pub indent: usize,
    /// The part of the text that is in the row, in bytes.
    pub text: Range<usize>,
    /// Whether the row ends within a link that fits no row; the next row continues it.
    pub is_cut: bool,
}

/// An iterator over the rows of a text. A space at which the text is broken is left out.
pub struct Rows<'a, F> {
    text: &'a str,
    /// The links in the text; no two touch.
    links: &'a [Range<usize>],
    columns: usize,
    indent: usize,
    /// Returns the columns of a character.
    ///
    /// (Some terminals draw a family of emoji as one. Counting each character makes a row too short rather
    /// than too long.)
    columns_of: F,
    /// The used columns of the first row, until it is returned.
    used: Option<usize>,
    /// Where the next row begins; none after the last one.
    next: Option<usize>,
}

impl<'a, F: Fn(char) -> usize> Rows<'a, F> {
    /// Breaks `text` into at least one row. A row that continues a link which does not fit between indent and
    /// edge has no indent, so that the link goes from edge to edge.
    pub fn new(text: &'a str, links: &'a [Range<usize>], shape: Shape, columns_of: F) -> Self {
        let (columns, indent) = (shape.columns, shape.indent());
        let (used, next) = (Some(shape.used), Some(0));
        Self { text, links, columns, indent, columns_of, used, next }
    }

    /// Returns the last position at which a row may end that begins at `from`, after `used` columns; none if
    /// all of the text fits.
    fn edge(&self, from: usize, used: usize, may_be_empty: bool) -> Option<usize> {
        let mut columns = used;
        let is_over = |c| {
            columns += (self.columns_of)(c);
            columns > self.columns
        };
        let over = from + self.text[from..].find(is_over)?;
        let mut edge = over;
        while edge > from && !self.is_boundary(from, edge) {
            edge = self.text.floor_char_boundary(edge - 1);
        }
        if edge > from || may_be_empty {
            return Some(edge);
        }
        // A row contains at least one character, or this would not end. A cluster that fits no row is
        // cut.
        let first = self.text[from..].chars().next().map_or(0, char::len_utf8);
        Some(over.max(from + first)).filter(|&edge| edge < self.text.len())
    }

    /// Returns where a row ends that begins at `from` and has room up to `edge`, and where the next one
    /// begins.
    fn broken(&self, from: usize, edge: usize, may_be_empty: bool) -> (usize, usize) {
        if self.is_space(from, edge) {
            return (edge, edge + 1);
        }
        if let Some(link) = self.link_over(edge) {
            // Before the link, unless the row begins with it.
            return match link.start {
                start if start > from + 1 && self.is_space(from, start - 1) => (start - 1, start),
                start if start > from || start == from && may_be_empty => (start, start),
                _ => (edge, edge),
            };
        }
        let is_narrow = |c: char| (self.columns_of)(c) < 2;
        let mut before = self.text[from..edge].chars().rev().filter(|&c| (self.columns_of)(c) > 0);
        if !self.text[edge..].starts_with(is_narrow) || !before.next().is_none_or(is_narrow) {
            return (edge, edge);
        }
        // At the last space; a word longer than half a row is cut instead.
        let half = self.columns / 2;
        let mut word = self.text[from..edge].char_indices().rev().take(half);
        let is_space = |&(at, c): &(usize, char)| c == ' ' && self.is_space(from, from + at);
        match word.find(is_space) {
            Some((at, _)) if at > 0 || may_be_empty => (from + at, from + at + 1),
            None if may_be_empty && self.text[from..edge].chars().count() < half => (from, from),
            _ => (edge, edge),
        }
    }

    /// Returns the indent of the row that begins at `from` and is not the first.
    fn indent(&self, from: usize) -> usize {
        let columns = |link: &Range<usize>| -> usize {
            self.text[link.clone()].chars().map(&self.columns_of).sum()
        };
        let mut links = self.links.iter().filter(|link| link.contains(&from));
        let is_too_long = links.any(|link| columns(link) > self.columns - self.indent);
        if is_too_long { 0 } else { self.indent }
    }

    /// Returns the link that begins before `at` and ends after it.
    fn link_over(&self, at: usize) -> Option<&Range<usize>> {
        self.links.iter().find(|link| link.start < at && at < link.end)
    }

    /// Whether a space begins at `at` that has no marks; see [`Rows::is_boundary`].
    fn is_space(&self, from: usize, at: usize) -> bool {
        let is_one = |at| self.is_boundary(from, at);
        self.text.as_bytes()[at] == b' ' && is_one(at) && is_one(at + 1)
    }

    /// Whether a grapheme cluster ends at `at`, in a row that begins at `from`. The search begins at the row:
    /// otherwise a text full of flags would be searched from its start for each of its rows.
    fn is_boundary(&self, from: usize, at: usize) -> bool {
        let text = &self.text[from..];
        let mut cursor = GraphemeCursor::new(at - from, text.len(), true);
        cursor.is_boundary(text, 0).expect("all of the text is there")
    }
}

impl<F: Fn(char) -> usize> Iterator for Rows<'_, F> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let from = self.next?;
        let taken = self.used.take();
        let may_be_empty = taken.is_some_and(|used| used > 0);
        let indent = taken.map_or_else(|| self.indent(from), |_| 0);
        let Some(edge) = self.edge(from, taken.unwrap_or(indent), may_be_empty) else {
            self.next = None;
            return Some(Row { indent, text: from..self.text.len(), is_cut: false });
        };
        let (end, next) = self.broken(from, edge, may_be_empty);
        self.next = Some(next).filter(|&next| next < self.text.len());
        let is_cut = next == edge && self.link_over(edge).is_some();
        Some(Row { indent, text: from..end, is_cut })
    }
}

/// Returns the range of the first link in `text`, in bytes.
pub fn link(text: &str) -> Option<Range<usize>> {
    let is_scheme = |c: &u8| c.is_ascii_alphanumeric() || b"+-.".contains(c);
    let is_part = |c: &u8| c.is_ascii_graphic() && !b"<>\"`".contains(c);
    let mut colons = memchr::memchr_iter(b':', text.as_bytes());
    colons.find_map(|at| {
        let (before, after) = text.as_bytes().split_at(at);
        if !after.starts_with(b"://") {
            return None;
        }
        let scheme = before.iter().rev().take_while(|c| is_scheme(c)).count();
        if scheme == 0 {
            return None;
        }
        let rest = after.iter().take_while(|c| is_part(c)).count();
        (rest > 3).then_some(at - scheme..at + rest)
    })
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::*;

    fn wrapped(text: &str, columns: usize, used: usize, indent: usize) -> Vec<String> {
        let columns_of = |c: char| c.width().unwrap_or(0);
        let rows = Rows::new(text, &[], Shape { columns, used, indent }, columns_of);
        rows.map(|row| " ".repeat(row.indent) + &text[row.text]).collect()
    }

    #[test]
    fn the_first_row_has_less_room() {
        assert_eq!(wrapped("", 10, 8, 2), [""]);
        assert_eq!(wrapped("ab", 10, 8, 2), ["ab"]);
        assert_eq!(wrapped("ab cd", 10, 8, 2), ["ab", "  cd"]);
        assert_eq!(wrapped("abc", 10, 8, 2), ["", "  abc"]);
        assert_eq!(
            wrapped("abcdefghijk", 10, 4, 2),
            ["abcdef", "  ghijk"],
            "longer than half a row"
        );
        assert_eq!(wrapped("你好", 10, 7, 2), ["你", "  好"]);
        assert_eq!(wrapped("你好", 10, 9, 2), ["", "  你好"]);
        assert_eq!(wrapped("ab", 10, 30, 2), ["", "  ab"], "what is taken is more than a row");
        assert_eq!(wrapped(" b", 10, 30, 2), ["", "  b"]);
    }

    #[test]
    fn what_no_row_can_hold_is_cut() {
        let family = "👩\u{200d}👩\u{200d}👩";
        assert_eq!(
            wrapped(&format!("ab{family}"), 6, 0, 1),
            ["ab", " 👩\u{200d}👩\u{200d}", " 👩"]
        );
        assert_eq!(
            wrapped(&"\u{600}".repeat(5), 3, 0, 0),
            ["\u{600}".repeat(3), "\u{600}".repeat(2)]
        );
        assert_eq!(wrapped("你好", 1, 0, 0), ["你", "好"]);
    }

    #[test]
    fn a_link_is_what_programs_take_for_one() {
        for (text, found) in [
            ("see https://a.b/c?d=e#f, you", Some("https://a.b/c?d=e#f,")),
            ("看http://a/b吧", Some("http://a/b")),
            ("<ftp://x>", Some("ftp://x")),
            ("a: b http:/x c://d", Some("c://d")),
            ("a :// b", None),
            ("http://", None),
        ] {
            assert_eq!(link(text).map(|link| &text[link]), found, "{text}");
        }
    }
}
