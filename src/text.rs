//! Makes bytes from any source safe to show, to log and to cut.

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

/// The maximum number of marks, joiners and selectors after one character: a Hebrew letter has five
/// with its dot, dagesh, vowel, meteg and accent, a Burmese or Tibetan one four, an emoji two. UAX
/// #15 allows up to 30 in any use, but for the sake of buffers: for a reader, a heap of marks
/// covers the lines around it.
const MARKS_MAX: usize = 5;

/// Appends `bytes` to `out` as text without anything that a terminal interprets.
///
/// Invalid UTF-8 becomes U+FFFD, a tab becomes a space. Characters that are [`is_unsafe`] are left
/// out, marks and the like on one character beyond what any script needs, and joiners (ZWJ, ZWNJ)
/// with nothing before them that could be joined.
pub fn clean(bytes: &[u8], out: &mut String) {
    if is_plain(bytes)
        && let Ok(text) = str::from_utf8(bytes)
    {
        return out.push_str(text);
    }
    let start = out.len();
    let mut marks = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars().map(|c| if c == '\t' { ' ' } else { c }) {
            if is_unsafe(c) || (is_joiner(c) && !may_be_joined(&out[start..])) {
                continue;
            }
            marks = if c.width() == Some(0) { marks + 1 } else { 0 };
            if marks <= MARKS_MAX {
                out.push(c);
            }
        }
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
            marks = 0;
        }
    }
}

/// Whether `bytes` are printable ASCII, checked eight at a time.
fn is_plain(bytes: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = bytes.as_chunks::<8>();
    let is_plain = |&word: &[u8; 8]| {
        let word = u64::from_le_bytes(word);
        // The top bit of a byte is set if it is not ASCII, below a space (so it borrows), or DEL.
        let odd = word | word.wrapping_sub(EACH * 0x20) | word.wrapping_add(EACH);
        odd & (EACH * 0x80) == 0
    };
    words.iter().all(is_plain) && rest.iter().all(|byte| (b' '..=b'~').contains(byte))
}

/// Whether `c` could deceive a reader: a terminal might interpret it, or show what follows it in
/// another place, or not show it.
///
/// * C0, DEL, C1; line and paragraph separators.
/// * The bidi embeddings, overrides and isolates (UAX #9). Its marks (LRM, RLM, ALM) may stay: they
///   do no more than a letter of their direction.
/// * What is default-ignorable (UAX #44), so that texts differ in it or hide in it and look alike:
///   soft hyphen, zero-width space and no-break space, word joiner, invisible operators, Hangul
///   fillers, tags. But not what is shown with its neighbours: joiners, variation selectors, the
///   marks of Mongolian, the jamo fillers of Old Korean.
/// * Interlinear annotations, which are default-ignorable in all but name.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{200b}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}')
        || matches!(c, '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}')
        || matches!(c, '\u{e01f0}'..='\u{e0fff}')
}

/// Whether `c` may be shown to a reader: it is not [`is_unsafe`].
pub fn may_be_shown(c: char) -> bool {
    !is_unsafe(c)
}

/// Whether a reader sees all of `text`.
pub fn is_clean(text: &str) -> bool {
    is_plain(text.as_bytes()) || text.chars().all(may_be_shown)
}

/// Returns `text` as one line that is safe for a terminal, whatever it quotes.
pub fn one_line(text: &str) -> String {
    text.replace(|c| !may_be_shown(c), "?")
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

fn may_be_joined(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| !c.is_whitespace() && !is_joiner(c))
}

/// Returns the longest start of `text` that has at most `bytes_max` bytes.
pub fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// A text as a value of a `key=value` log line: quoted, and escaped so that nothing in it ends the
/// quotes or the line, or affects a terminal.
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
    fn only_printable_ascii_is_plain() {
        for (place, byte) in (0..19).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte)))
        {
            for beside in *b" ~a" {
                let mut bytes = [beside; 19];
                bytes[place] = byte;
                assert_eq!(is_plain(&bytes), (b' '..=b'~').contains(&byte), "{byte} at {place}");
            }
        }
        assert!(is_plain(b""));
    }

    #[test]
    fn what_a_terminal_would_interpret_is_left_out() {
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
    fn invisible_characters_are_left_out() {
        for (sent, shown) in [
            ("pay\u{200b}pal pay\u{ad}pal \u{feff}pay\u{2060}pal", "paypal paypal paypal"),
            ("1\u{2062}2 \u{3164}\u{ffa0}x", "12 x"),
            ("\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}!", "\u{1f3f4}!"),
            ("a\u{fff9}b\u{fffa}c\u{fffb}", "abc"),
            ("\u{200d}a\u{200d}\u{200d}\u{200c}b \u{200d} ", "a\u{200d}b  "),
        ] {
            assert_eq!(cleaned(sent.as_bytes()), shown, "{sent:?}");
        }
    }

    #[test]
    fn marks_are_bounded_on_each_character() {
        let (heap, most) = ("\u{301}".repeat(200), "\u{301}".repeat(MARKS_MAX));
        assert_eq!(
            cleaned(format!("{heap}a{heap}b{heap}").as_bytes()),
            format!("{most}a{most}b{most}")
        );
        let parted = cleaned(format!("你{most}\u{1b}{most}\u{200b}{most}").as_bytes());
        assert_eq!(parted, format!("你{most}"));
        assert_eq!(
            cleaned(&[heap.as_bytes(), b"\xff", heap.as_bytes()].concat()),
            format!("{most}\u{fffd}{most}")
        );
        assert_eq!(cleaned("\u{1100}".repeat(9).as_bytes()).chars().count(), 9);
    }

    #[test]
    fn every_script_keeps_what_it_needs() {
        for text in [
            "ที่รัก น้ำ",
            "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t",
            "می\u{200c}خواهم مُحَمَّدٌ \u{200f}(!)",
            "ש\u{5c1}\u{5bc}\u{5b8}\u{5bd}\u{596}",
            "क्\u{200d}ष हिन्दी বাংলা தமிழ்",
            "လျှို့ဝှက် မြို့",
            "བསྒྲུབས",
            "한국 \u{1112}\u{1161}\u{11ab}",
            "葛\u{e0100}飾区",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈 👍🏽 1\u{fe0f}\u{20e3} 🇩🇪 ❤\u{fe0f}",
        ] {
            assert_eq!(cleaned(text.as_bytes()), text);
        }
    }

    #[test]
    fn invalid_utf8_is_marked() {
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
