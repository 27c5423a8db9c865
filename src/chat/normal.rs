//! The normal forms of Unicode, for names.
//!
//! The library's iterators handle all forms, so each of them links the tables of all: 60 KiB of
//! compatibility forms, of which names may have few.

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};

/// Decomposes `text`, with the marks of each letter in canonical order (NFD).
pub fn nfd(text: &str) -> Vec<char> {
    if text.is_ascii() {
        return text.chars().collect();
    }
    let mut parts = Vec::new();
    for c in text.chars() {
        decompose_canonical(c, |part| parts.push(part));
    }
    for marks in parts.split_mut(|&c| canonical_combining_class(c) == 0) {
        marks.sort_by_key(|&mark| canonical_combining_class(mark));
    }
    parts
}

/// Composes each letter of `text` with its marks into one character, where there is one (NFC).
pub fn nfc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut composed: Vec<char> = Vec::new();
    let mut letter = None;
    let mut last_class = 0;
    for c in nfd(text) {
        let class = canonical_combining_class(c);
        if let Some(at) = letter {
            // Unless a mark of the same class stands in between.
            let reaches = last_class < class || (class == 0 && composed.len() == at + 1);
            if let Some(both) = compose(composed[at], c).filter(|_| reaches) {
                composed[at] = both;
                continue;
            }
        }
        if class == 0 {
            letter = Some(composed.len());
        }
        last_class = class;
        composed.push(c);
    }
    composed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn assert_normal(text: &str) {
        assert!(nfd(text).into_iter().eq(text.nfd()), "{text:?}");
        assert!(nfc(text).chars().eq(text.nfc()), "{text:?}");
    }

    #[test]
    fn each_character_has_the_same_forms_as_in_the_library() {
        for c in '\0'..=char::MAX {
            assert_normal(&c.to_string());
            assert_normal(&c.nfd().collect::<String>());
        }
    }

    #[test]
    fn texts_have_the_same_forms_as_in_the_library() {
        let mut dice = fastrand::Rng::with_seed(15);
        for _ in 0..50_000 {
            let block = dice.u32(0..0x200) << 8;
            let any = |_| match dice.u32(0..4) {
                0 => char::from_u32(0x300 + dice.u32(0..0x70)).expect("it is a mark"),
                1 => char::from_u32(0x1100 + dice.u32(0..0x100)).expect("it is a part of Hangul"),
                _ => char::from_u32(block + dice.u32(0..0x200)).unwrap_or('a'),
            };
            assert_normal(&(0..8).map(any).collect::<String>());
        }
    }
}
