//! Bytes from anywhere made safe to show, to log and to cut.

use std::fmt::{self, Write};

/// Appends `bytes` to `out` as text that no terminal obeys.
///
/// Invalid UTF-8 becomes U+FFFD. Left out are what moves a cursor, colours a screen or turns the
/// reading direction: C0 and DEL (a tab becomes a space), C1, the bidi embeddings, overrides and
/// isolates (UAX #9), line and paragraph separators.
pub fn clean(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        if valid.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            out.push_str(valid);
        } else {
            out.extend(valid.chars().filter_map(|c| match c {
                '\t' => Some(' '),
                _ if is_unsafe(c) => None,
                _ => Some(c),
            }));
        }
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Whether a terminal might obey `c`, or show what follows it in another place.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The longest part of `text`, from its start, that is at most `bytes_max` long.
pub fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Text as a value of a `key=value` log line: quoted, with nothing in it that ends the quotes,
/// the line, or does anything to a terminal.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                _ if is_unsafe(c) => write!(f, "{}", c.escape_unicode())?,
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(bytes: &[u8]) -> String {
        let mut out = String::new();
        clean(bytes, &mut out);
        out
    }

    #[test]
    fn what_a_terminal_would_obey_is_left_out() {
        for (sent, shown) in [
            ("plain text", "plain text"),
            ("你好，世界", "你好，世界"),
            ("a\tb", "a b"),
            ("red \u{1b}[31mor not", "red [31mor not"),
            ("\u{7}bell\u{7f}", "bell"),
            ("c1 \u{9b}31m\u{85}x", "c1 31mx"),
            ("a\rb\u{0}c", "abc"),
            ("\u{202e}evil\u{2066}\u{2069}\u{202c}", "evil"),
            ("one\u{2028}two\u{2029}", "onetwo"),
        ] {
            assert_eq!(cleaned(sent.as_bytes()), shown, "{sent:?}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_marked() {
        assert_eq!(cleaned(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(cleaned(b"\xe4\xbd"), "\u{fffd}");
        assert_eq!(cleaned(b"\xc2\x9bm"), "m", "a C1 control in its two bytes");
        assert_eq!(cleaned(b"\x9bm"), "\u{fffd}m", "a C1 control in one byte");
    }

    #[test]
    fn a_clip_never_cuts_a_character() {
        for bytes_max in 0..10 {
            let clipped = clip("你好a", bytes_max);
            assert_eq!(clipped.len(), [0, 0, 0, 3, 3, 3, 6, 7, 7, 7][bytes_max]);
        }
    }

    #[test]
    fn a_logged_value_stays_one_value_on_one_line() {
        assert_eq!(Quoted("a\"b\\c\n\u{1b}x").to_string(), r#""a\"b\\c\u{a}\u{1b}x""#);
        assert_eq!(Quoted("小明").to_string(), "\"小明\"");
    }
}
