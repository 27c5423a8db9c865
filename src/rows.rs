//! How text falls into rows: at spaces if there are any; wide and combining characters stay whole, and so
//! does a link if a row can hold it.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

/// Rows after the first begin so far in: below the text, not below its time.
pub const INDENT_COLUMNS: usize = 9;

/// What rows may take.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The columns of a row.
    pub columns: usize,
    /// What is taken of the first row, by something that ends in a space.
    pub used: usize,
    /// How far in the others begin; see [`Shape::indent`].
    pub indent: usize,
}

impl Shape {
    /// How far in rows after the first begin: no more than a quarter of a narrow row.
    pub fn indent(&self) -> usize {
        self.indent.min(self.columns / 4)
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Columns that are left free before it.
    pub indent: usize,
    /// What of the text stands in it, in bytes.
    pub text: Range<usize>,
    /// It ends in the middle of a link that no row can hold, and which goes on in the next.
    pub is_cut: bool,
}

/// Text, row by row. What stands where it is broken is left out if it is a space.
pub struct Rows<'a, F> {
    text: &'a str,
    /// The links in it: no two touch.
    links: &'a [Range<usize>],
    columns: usize,
    indent: usize,
    /// The columns that a character takes: what terminals count, one by one.
    ///
    /// (Some draw a family of emoji as one; the more a row is thought to take, the less can go wrong.)
    columns_of: F,
    /// Until there is a row: what of it is taken.
    used: Option<usize>,
    /// Where the next row begins.
    next: Option<usize>,
}

impl<'a, F: Fn(char) -> usize> Rows<'a, F> {
    /// The rows of `text`; there is at least one. A link that a row cannot hold without its indent has none,
    /// so that it may go from edge to edge.
    pub fn new(text: &'a str, links: &'a [Range<usize>], shape: Shape, columns_of: F) -> Self {
        let (columns, indent) = (shape.columns, shape.indent());
        let (used, next) = (Some(shape.used), Some(0));
        Self { text, links, columns, indent, columns_of, used, next }
    }

    /// Where the row ends at the latest that begins at `from` behind `used` columns; none if all fits.
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
        // A row takes one character at least, or this would not end. One that no row can hold, of which a
        // person sees only one, is cut.
        let first = self.text[from..].chars().next().map_or(0, char::len_utf8);
        Some(over.max(from + first)).filter(|&edge| edge < self.text.len())
    }

    /// Where the row ends that begins at `from` and has room up to `edge`, and where the next one begins.
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

    /// The columns that are left free before the row that begins at `from`, and is not the first.
    fn indent(&self, from: usize) -> usize {
        let columns = |link: &Range<usize>| -> usize {
            self.text[link.clone()].chars().map(&self.columns_of).sum()
        };
        let mut links = self.links.iter().filter(|link| link.contains(&from));
        let is_too_long = links.any(|link| columns(link) > self.columns - self.indent);
        if is_too_long { 0 } else { self.indent }
    }

    /// The link that goes on over `at`.
    fn link_over(&self, at: usize) -> Option<&Range<usize>> {
        self.links.iter().find(|link| link.start < at && at < link.end)
    }

    /// Whether a space begins at `at` that has no marks; see [`Rows::is_boundary`].
    fn is_space(&self, from: usize, at: usize) -> bool {
        let is_one = |at| self.is_boundary(from, at);
        self.text.as_bytes()[at] == b' ' && is_one(at) && is_one(at + 1)
    }

    /// Whether what a person calls characters may be parted at `at`, in a row that begins at `from`: a row
    /// of flags is looked at once, and not the whole text for each of its rows.
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

/// The first link in `text`, in bytes.
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
