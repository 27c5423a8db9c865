//! Breaks messages into rows, for terminals whose width is known. Whatever its author wrote, only the first
//! row of a message begins at the left edge.
//!
//! # One column is left free
//!
//! After a character in the last column a terminal either waits for the next one before it wraps, or wraps
//! at once (`screen.rs` tells more). On the second kind, CR LF behind a full row leaves an empty one. So no
//! row is full.
//!
//! # Limits
//!
//! In UTF-8 each character takes the columns that `unicode-width` gives it, or more where terminals disagree:
//! a row that ends early is better than one that the terminal wraps. A terminal that is set to show Greek
//! letters and quotation marks two columns wide, as few are, wraps rows that are full of them. In
//! other charsets a character takes a column for each byte that is sent.

use std::ops::Range;

use crate::door::telnet::view::View;
use crate::rows::{INDENT_COLUMNS, Rows, Shape, link};

/// Appends `words`, which together are one line. `used` columns of its first row are already used, by text
/// that ends in a space.
pub fn write_line(words: &[&str], used: usize, view: View, to: &mut Vec<u8>) {
    let bytes: usize = words.iter().map(|word| word.len()).sum();
    match view.width.row_columns() {
        // No character takes more columns than bytes.
        Some(columns) if used + bytes > columns => {
            write_rows(&words.concat(), Shape { columns, used, indent: INDENT_COLUMNS }, view, to);
        }
        _ => words.iter().for_each(|word| to.extend_from_slice(word.as_bytes())),
    }
}

fn write_rows(line: &str, shape: Shape, view: View, to: &mut Vec<u8>) {
    // A link that does not fit between indent and edge is cut like any long word: it must not begin at the
    // left edge.
    let links = links(line, shape.columns - shape.indent());
    let rows = Rows::new(line, &links, shape, |c| view.charset.columns_of(c));
    for (number, row) in rows.enumerate() {
        if number > 0 {
            to.extend_from_slice(b"\r\n");
        }
        to.resize(to.len() + row.indent, b' ');
        to.extend_from_slice(&line.as_bytes()[row.text]);
    }
}

/// Returns the links in `text` of at most `columns`.
fn links(text: &str, columns: usize) -> Vec<Range<usize>> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(link) = link(&text[from..]) {
        let link = from + link.start..from + link.end;
        from = link.end;
        if link.len() <= columns {
            links.push(link);
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::charset::Charset;
    use crate::door::telnet::view::Width;

    fn rows(words: &[&str], used: usize, columns: u16, charset: Charset) -> Vec<String> {
        let width = Width::of_terminal(columns);
        let mut bytes = Vec::new();
        write_line(words, used, View { width, charset, ..View::default() }, &mut bytes);
        let text = String::from_utf8(bytes).expect("it is not encoded yet");
        text.split("\r\n").map(String::from).collect()
    }

    #[test]
    fn rows_are_made_for_a_width_that_is_known_and_sensible() {
        let long = "x".repeat(1_000);
        for (columns, longest) in
            [(0, 1_000), (19, 1_000), (20, 19), (80, 79), (250, 249), (9_999, 249)]
        {
            let rows = rows(&[&long], 0, columns, Charset::Utf8);
            assert_eq!(rows[0].len(), longest, "{columns} columns");
            let is_indented = |row: &String| row.starts_with("    ") && row.len() <= longest;
            assert!(rows[1..].iter().all(is_indented), "{rows:?}");
        }
    }

    #[test]
    fn words_together_are_a_line() {
        let row = |row: &str| row.to_string();
        let narrow = |words: &[&str]| rows(words, 8, 21, Charset::Utf8);
        assert_eq!(narrow(&["alice", ": ", "hi you"]), ["alice: hi", "     you"]);
        assert_eq!(narrow(&["alice", ": ", "hi"]), ["alice: hi"]);
        assert_eq!(narrow(&["alice", ": ", "hi yo"]), ["alice: hi yo"], "one column is left free");
        assert_eq!(
            narrow(&["amanda_bernadette", ": ", "x"]),
            [row("amanda_berna"), row("     dette: x")]
        );
        assert_eq!(rows(&["", ""], 8, 20, Charset::Utf8), [""]);
    }

    #[test]
    fn a_link_stays_whole_if_a_row_can_hold_it_and_never_begins_at_the_left() {
        let (short, long) = ("http://a/bcdefgh", "http://a/bcdefghi[08:02]alice:hi");
        let narrow = |text: &str| rows(&["see ", text, " now"], 0, 22, Charset::Utf8);
        assert_eq!(narrow(short), ["see http://a/bcdefgh", "     now"]);
        assert_eq!(narrow(&format!("it {short}")), ["see it", "     http://a/bcdefgh", "     now"]);
        assert_eq!(narrow(long), ["see http://a/bcdefghi", "     [08:02]alice:hi", "     now"]);
        let many = "a://b c://d e://f";
        assert_eq!(links(many, 5), [0..5, 6..11, 12..17]);
        assert_eq!(links(many, 4), []);
    }

    #[test]
    fn columns_are_those_of_what_is_sent() {
        let text = "一二三四五六七八九十";
        assert_eq!(rows(&[text], 0, 20, Charset::Utf8), ["一二三四五六七八九", "    十"]);
        assert_eq!(rows(&[text], 0, 20, Charset::Latin1), [text], "question marks");
        let quotes = "“”“”“”“”“”";
        assert_eq!(rows(&[quotes], 0, 20, Charset::Utf8), [quotes]);
        if crate::door::charset::HAS_CHINESE {
            for charset in [Charset::Gbk, Charset::GuessedGbk, Charset::Big5] {
                assert_eq!(rows(&[text], 0, 20, charset), ["一二三四五六七八九", "    十"]);
                assert_eq!(rows(&[quotes], 0, 20, charset), ["“”“”“”“”“", "    ”"]);
                assert_eq!(rows(&[&"😀".repeat(19)], 0, 20, charset).len(), 1, "question marks");
            }
        }
        // What some terminals draw wider than others is given the room.
        assert_eq!(rows(&[&"❤\u{fe0f}".repeat(10)], 0, 20, Charset::Utf8).len(), 2);
        assert_eq!(rows(&[&"🇩".repeat(10)], 0, 20, Charset::Utf8).len(), 2);
    }

    #[test]
    fn no_character_takes_more_columns_than_bytes() {
        for c in '\0'..=char::MAX {
            for charset in Charset::ALL {
                assert!(charset.columns_of(c) <= c.len_utf8(), "{c:?} in {charset:?}");
            }
        }
    }

    #[test]
    fn whatever_is_said_only_the_first_row_begins_at_the_left_and_none_is_full() {
        let mut random = fastrand::Rng::with_seed(9);
        let parts = [
            "a",
            " ",
            "   ",
            "longer",
            "你好",
            "e\u{301}",
            "😀",
            "\u{600}",
            "http://x/",
            "[08:02] b: ",
        ];
        for _ in 0..20_000 {
            let text: String = (0..random.usize(..80)).map(|_| parts[random.usize(..10)]).collect();
            let (used, columns) = (random.usize(..23), random.u16(20..90));
            let charset = Charset::ALL[random.usize(..4)];
            let rows = rows(&["nick", ": ", &text], used, columns, charset);
            let taken = |row: &str| row.chars().map(|c| charset.columns_of(c)).sum::<usize>();
            let indent = usize::from(columns - 1) / 4;
            for (number, row) in rows.iter().enumerate() {
                let is_indented = row.starts_with(&" ".repeat(indent.min(INDENT_COLUMNS)));
                assert!(number == 0 || is_indented, "{rows:?}");
                let used = if number == 0 { used } else { 0 };
                let is_full = used + taken(row) >= usize::from(columns);
                assert!(!is_full || row.is_empty(), "{rows:?} in {columns}");
            }
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&rows.concat()), letters(&format!("nick: {text}")));
        }
    }
}
