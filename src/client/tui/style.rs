//! Styled text, and its wrapping into rows: wide and combining characters stay whole.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::rows::{self, Rows, Shape};

/// The style of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// One of the 256 colours of xterm; the terminal's own if none.
    pub color: Option<u8>,
    /// Bold.
    pub is_bold: bool,
    /// Dim.
    pub is_dim: bool,
    /// Foreground and background swapped.
    pub is_reversed: bool,
    /// A link, which is underlined and not broken where that would keep it from being copied.
    pub is_link: bool,
}

impl Style {
    /// The terminal's default.
    pub const PLAIN: Self =
        Self { color: None, is_bold: false, is_dim: false, is_reversed: false, is_link: false };
    /// For less important text.
    pub const DIM: Self = Self { is_dim: true, ..Self::PLAIN };
    /// For more important text.
    pub const BOLD: Self = Self { is_bold: true, ..Self::PLAIN };
    /// For text that must not be missed.
    pub const REVERSED: Self = Self { is_reversed: true, ..Self::PLAIN };
    /// For text that may be opened or copied.
    pub const LINK: Self = Self { is_link: true, ..Self::PLAIN };

    /// Returns the style of a name: always the same for the same name.
    pub fn of_name(name: &str) -> Self {
        // FNV-1a, 32 bits: the same in all runs and on all machines, which no hasher of `std`
        // promises.
        let hash = name
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let index = hash as usize % NAME_COLORS.len();
        Self { color: Some(NAME_COLORS[index]), ..Self::BOLD }
    }
}

/// Colours with enough contrast to both black and white: a test computes it.
const NAME_COLORS: [u8; 14] = [160, 166, 130, 100, 64, 28, 30, 31, 32, 63, 99, 129, 164, 162];

/// A text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: Style,
    /// Whether it ends at the edge of the screen within a link that continues in the next row: the
    /// terminal has to wrap it, so that it is copied as one.
    pub is_cut: bool,
}

impl Span {
    /// Creates a span.
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, is_cut: false }
    }
}

/// One row of a screen.
pub type Row = Vec<Span>;

/// Returns the number of columns that `text` takes, counted character by character as terminals do.
///
/// (Some draw a family of emoji as one; overestimating the width does less harm.)
pub fn columns_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Returns the number of columns that `row` takes.
pub fn row_columns(row: &Row) -> usize {
    row.iter().map(|span| columns_of(&span.text)).sum()
}

/// Wraps `spans` into rows of at most `columns`; rows after the first are indented by `indent` columns, or
/// a quarter of a narrow row. A link that no row can hold fills as many as it needs from edge to edge, so
/// that the terminal can wrap it.
pub fn wrap(spans: &[Span], columns: usize, indent: usize) -> Vec<Row> {
    let mut text = String::new();
    let mut links: Vec<Range<usize>> = Vec::new();
    for span in spans.iter().filter(|span| !span.text.is_empty()) {
        let from = text.len();
        text.push_str(&span.text);
        match links.last_mut().filter(|last| last.end == from) {
            Some(last) if span.style.is_link => last.end = text.len(),
            None if span.style.is_link => links.push(from..text.len()),
            _ => {}
        }
    }
    let shape = Shape { columns, used: 0, indent };
    let rows = Rows::new(&text, &links, shape, |c| c.width().unwrap_or(0));
    rows.map(|row| styled(&row, spans)).collect()
}

/// Returns the part of `spans` that is in `row` of their text.
fn styled(row: &rows::Row, spans: &[Span]) -> Row {
    let mut styled = Row::new();
    if row.indent > 0 {
        styled.push(Span::new(" ".repeat(row.indent), Style::PLAIN));
    }
    let mut start = 0;
    for Span { text, style, .. } in spans {
        let place = |at: usize| at.clamp(start, start + text.len()) - start;
        let part = &text[place(row.text.start)..place(row.text.end)];
        if !part.is_empty() {
            push(&mut styled, part, *style);
        }
        start += text.len();
    }
    if let Some(last) = styled.last_mut() {
        last.is_cut = row.is_cut;
    }
    styled
}

fn push(row: &mut Row, text: &str, style: Style) {
    match row.last_mut().filter(|last| last.style == style) {
        Some(last) => last.text.push_str(text),
        None => row.push(Span::new(text, style)),
    }
}

/// Returns the longest start of `text` that takes at most `columns`.
pub fn clipped(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let fits = |(_, cluster): &(usize, &str)| {
        used += columns_of(cluster);
        used <= columns
    };
    let last = text.grapheme_indices(true).take_while(fits).last();
    &text[..last.map_or(0, |(at, cluster)| at + cluster.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, columns: usize, indent: usize) -> Vec<String> {
        let rows = wrap(&[Span::new(text, Style::PLAIN)], columns, indent);
        let text = |row: Row| row.into_iter().map(|span| span.text).collect::<String>();
        rows.into_iter().map(text).collect()
    }

    #[test]
    fn rows_break_at_spaces_and_between_wide_characters() {
        assert_eq!(wrapped("", 10, 0), [""]);
        assert_eq!(wrapped("short", 10, 2), ["short"]);
        assert_eq!(wrapped("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrapped("one two three", 9, 0), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghijkl", 5, 0), ["abcde", "fghij", "kl"]);
        assert_eq!(wrapped("a bcdefghijk", 6, 0), ["a bcde", "fghijk"]);
        assert_eq!(wrapped("你好世界", 5, 0), ["你好", "世界"]);
        assert_eq!(wrapped("x你好世界", 5, 1), ["x你好", " 世界"]);
        assert_eq!(wrapped("ab cd", 5, 9), ["ab cd"]);
        assert_eq!(wrapped("a 你好世界", 6, 0), ["a 你好", "世界"]);
        assert_eq!(wrapped("你", 1, 0), ["你"]);
        assert_eq!(wrapped("ab  ", 2, 0), ["ab", " "]);
    }

    fn wrapped_link(text: &str, columns: usize, indent: usize) -> Vec<(String, bool)> {
        let link = rows::link(text).expect("there is one");
        let spans = [
            Span::new(&text[..link.start], Style::PLAIN),
            Span::new(&text[link.clone()], Style::LINK),
            Span::new(&text[link.end..], Style::PLAIN),
        ];
        let row = |row: Row| {
            let is_cut = row.iter().any(|span| span.is_cut);
            (row.into_iter().map(|span| span.text).collect(), is_cut)
        };
        wrap(&spans, columns, indent).into_iter().map(row).collect()
    }

    #[test]
    fn a_link_is_kept_whole_or_broken_by_the_terminal() {
        let rows = wrapped_link("see http://a/bcdefg now", 16, 4);
        assert_eq!(
            rows,
            [("see".into(), false), ("http://a/bcdefg".into(), false), ("    now".into(), false)]
        );
        let rows = wrapped_link("see http://a/bcd now", 16, 4);
        let wanted = [("see http://a/bcd".to_string(), false), ("    now".into(), false)];
        assert_eq!(rows, wanted);
        let rows = wrapped_link("look at http://a/bcd", 16, 4);
        assert_eq!(rows, [("look at".into(), false), ("    http://a/bcd".into(), false)]);
        let rows = wrapped_link("see http://a/bcdefghijklmno now", 10, 2);
        let wanted =
            [("see", false), ("http://a/b", true), ("cdefghijkl", true), ("mno now", false)];
        assert_eq!(rows, wanted.map(|(row, is_cut)| (row.to_string(), is_cut)));
    }

    #[test]
    fn a_mark_stays_with_its_letter() {
        assert_eq!(wrapped("abe\u{301}f", 3, 0), ["abe\u{301}", "f"]);
        assert_eq!(clipped("e\u{301}x", 1), "e\u{301}");
        assert_eq!(clipped("你好", 3), "你");
        assert_eq!(clipped("abc", 0), "");
    }

    #[test]
    fn no_row_is_wider_than_the_screen_and_only_spaces_are_lost() {
        let mut random = fastrand::Rng::with_seed(3);
        let parts = ["a", "bc", " ", "  ", "你", "e\u{301}", "🦀", "longer", "\u{301}"];
        for _ in 0..2_000 {
            let spans: Vec<Span> = (0..random.usize(..30))
                .map(|_| {
                    let text = parts[random.usize(..parts.len())];
                    let is_link = random.bool() && text.is_ascii() && !text.starts_with(' ');
                    Span::new(text, Style { is_bold: random.bool(), is_link, ..Style::PLAIN })
                })
                .collect();
            let (columns, indent) = (random.usize(2..20), random.usize(..4));
            let rows = wrap(&spans, columns, indent);
            assert!(rows.iter().all(|row| row_columns(row) <= columns), "{spans:?} in {columns}");
            let is_cut = |row: &&Row| row.last().is_some_and(|last| last.is_cut);
            assert!(rows.iter().filter(is_cut).all(|row| row_columns(row) == columns));
            let letters = |spans: &[Span]| {
                let text: String = spans.iter().map(|span| span.text.as_str()).collect();
                text.replace(' ', "")
            };
            assert_eq!(letters(&rows.concat()), letters(&spans));
        }
    }

    #[test]
    fn a_name_always_has_the_same_colour() {
        assert_eq!(Style::of_name("alice"), Style::of_name("alice"));
        assert_eq!(Style::of_name("alice").color, Some(162));
        assert_eq!(Style::of_name("小明").color, Some(100));
    }

    /// Relative luminance of one of the 216 colours of xterm's cube (WCAG 2, "relative luminance").
    fn luminance(color: u8) -> f64 {
        const LEVELS: [f64; 6] = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0];
        let index = usize::from(color - 16);
        let linear = |level: usize| {
            let share = LEVELS[level] / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(index / 36) + 0.7152 * linear(index / 6 % 6) + 0.0722 * linear(index % 6)
    }

    #[test]
    fn names_can_be_read_on_black_and_on_white() {
        for color in NAME_COLORS {
            let light = luminance(color) + 0.05;
            let least = (light / 0.05).min(1.05 / light);
            assert!(least >= 3.6, "{color}: {least}");
        }
    }
}
