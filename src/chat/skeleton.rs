//! Skeletons: what a name looks like to a human eye.

use unicode_script::Script;

use crate::chat::normal::{nfc, nfd};
use crate::limits::NICK_BYTES_MAX;
use crate::text::clip;

use table::{ITSELF, MARK_SCRIPTS, POOL};

// The libraries' own tables are five times as large, and linked if their functions are called. So
// build.rs calls them for each character, and writes down where runs with the same result begin.
mod table {
    use super::Runs;

    include!(concat!(env!("OUT_DIR"), "/skeleton.rs"));
}

/// A property of all characters, stored as runs of characters with the same value.
struct Runs<T: 'static> {
    /// For each plane of Unicode, and for the end, the number of runs before it.
    planes: [u16; 18],
    /// The starts of the runs, each relative to its plane.
    starts: &'static [u16],
    values: &'static [T],
}

impl<T: Copy> Runs<T> {
    fn value(&self, c: char) -> T {
        let [_, plane, high, low] = u32::from(c).to_be_bytes();
        let [first, end] = [0, 1].map(|next| usize::from(self.planes[usize::from(plane) + next]));
        let low = u16::from_be_bytes([high, low]);
        // Each plane begins with a run.
        let begun = self.starts[first..end].partition_point(|&start| start <= low);
        self.values[first + begun - 1]
    }
}

impl Runs<u16> {
    /// Returns the text in the pool that stands for `c`.
    fn text(&self, c: char) -> impl Iterator<Item = char> {
        let place = self.value(c);
        // `ITSELF` is past the end of the pool.
        let itself = (place == ITSELF).then_some(c);
        let text = POOL.get(usize::from(place)..).and_then(|rest| rest.lines().next());
        itself.into_iter().chain(text.unwrap_or_default().chars())
    }
}

/// Returns the forms by which names are compared: if either is equal, the names look the same.
///
/// Both are skeletons (UTS #39) without case, and most names have only one. Drawn as it stands,
/// `Chɑnserv` is `ChanServ`; drawn in capitals, Cyrillic `вова` is `ВОВА` and thus `BOBA`, `ß`
/// equals `SS`, and both sigmas are equal. Katakana are treated as the capitals of hiragana: `り` is
/// drawn like `リ`, `へ` like `ヘ`, and the others sound alike.
pub fn skeletons(name: &str) -> [String; 2] {
    if name.is_ascii() {
        // The general code below has the same result, but takes twenty times as long.
        let drawn = name.to_ascii_lowercase().replace('m', "rn").replace('w', "vv");
        let drawn: String = drawn.chars().map(one_of_a_kind).collect();
        return [drawn.clone(), drawn];
    }
    let name = folded(name);
    let drawn = |name: &str| -> String {
        let drawn = skeleton(name).to_lowercase();
        skeleton(&drawn).chars().map(one_of_a_kind).collect::<String>().replace('w', "vv")
    };
    let capitals: String = name.to_uppercase().chars().map(katakana).collect();
    let skeleton = drawn(&name);
    let has_case = capitals != name;
    [skeleton.clone(), if has_case { drawn(&capitals) } else { skeleton }]
}

/// Returns both [`skeletons`] as numbers, the same on every machine and at any time: entries that
/// several machines apply are compared by them.
///
/// The hash is not secret, so somebody may search for two names with one number: the second is
/// refused as taken while the first is in use, and found in its place when it is not.
pub fn skeleton_hashes(name: &str) -> [u64; 2] {
    let name = clip(name, 2 * NICK_BYTES_MAX);
    if name.is_ascii() {
        return skeletons(name).map(|skeleton| hash(&skeleton));
    }
    let name = nfc(name);
    skeletons(&name).map(|skeleton| hash(&skeleton))
}

/// Returns the hash of what a name looks like in capitals.
pub fn skeleton_hash(name: &str) -> u64 {
    skeleton_hashes(name)[1]
}

/// Hashes with 64-bit FNV-1a, then the finaliser of MurmurHash3, so that all bits depend on all
/// bytes.
pub fn hash(text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for &byte in text.as_bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Returns `c` as katakana, if it is hiragana.
fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        _ => c,
    }
}

/// Unifies `I`, `l` and `1` (one stroke), `O` and `0` (one ring), in any case, and `ꞓ` with
/// `e`.
fn one_of_a_kind(c: char) -> char {
    match c {
        'i' | 'I' | '1' | '|' => 'l',
        '0' | 'O' => 'o',
        'ꞓ' => 'e',
        _ => c,
    }
}

/// Returns the form by which UTS #39 compares texts: invisible characters omitted, look-alikes
/// unified.
pub fn skeleton(text: &str) -> String {
    let drawn: String = nfd(text).into_iter().flat_map(|c| table::DRAWN.text(c)).collect();
    nfd(&drawn).into_iter().collect()
}

/// Returns `text` with full-width, half-width and similar letters in their usual form (NFKC).
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let folded: String = nfc(text).chars().flat_map(|c| table::FOLDED.text(c)).collect();
    nfc(&folded)
}

/// Whether `c` is used to write words: its script is living, and it is no letter in a circle.
pub fn is_in_use(c: char) -> bool {
    table::IN_USE.value(c)
}

/// Returns the script of `c`.
pub fn script(c: char) -> Script {
    table::SCRIPTS.value(c)
}

/// Returns the scripts in which the mark `c` is used, only `Inherited` if no particular one; none
/// if `c` is no mark.
pub fn scripts_of_mark(c: char) -> Option<&'static [Script]> {
    if c.is_ascii() {
        return None;
    }
    MARK_SCRIPTS.get(usize::from(table::MARKS.value(c))).copied()
}

/// Whether `c` is drawn on the character before it.
pub fn is_mark(c: char) -> bool {
    scripts_of_mark(c).is_some()
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    use unicode_script::UnicodeScript;
    use unicode_security::general_security_profile::IdentifierType::{
        Inclusion, Limited_Use, Not_NFKC, Obsolete, Recommended, Technical, Uncommon_Use,
    };
    use unicode_security::{GeneralSecurityProfile, confusable_detection};

    use super::*;

    fn is_of_keyboards(c: char) -> bool {
        ('ㄱ'..='ㆎ').contains(&c) || ('！'..='ￜ').contains(&c)
    }

    #[test]
    fn each_character_has_the_properties_of_the_libraries() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert!(skeleton(&text).chars().eq(confusable_detection::skeleton(&text)), "{c:?}");
            let is_used = match c.identifier_type() {
                Some(Recommended | Inclusion | Limited_Use | Uncommon_Use) => true,
                Some(Obsolete) => c.script() != Script::Latin,
                Some(Technical) => confusable_detection::skeleton(&text).all(|c| c.is_ascii()),
                Some(Not_NFKC) => "µևำຳໜໝ".contains(c) || is_of_keyboards(c),
                _ => false,
            };
            assert_eq!(is_in_use(c), is_used, "{c:?}");
            if is_used {
                assert!(folded(&text).chars().eq(text.nfkc()), "{c:?}");
            }
            assert_eq!(script(c), c.script(), "{c:?}");
            let scripts: Option<Vec<Script>> =
                is_combining_mark(c).then(|| c.script_extension().iter().collect());
            assert_eq!(scripts_of_mark(c), scripts.as_deref(), "{c:?}");
        }
    }

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash(""), 0xefd0_1f60_ba99_2926);
        assert_eq!(skeleton_hashes("Alice"), skeleton_hashes("A1ICE"));
    }

    #[test]
    fn texts_have_the_same_skeletons_as_in_the_library() {
        let mut dice = fastrand::Rng::with_seed(39);
        for _ in 0..20_000 {
            // Marks to be reordered and characters that compose are in the same block.
            let block = dice.u32(0..0x200) << 8;
            let any = |_| char::from_u32(block + dice.u32(0..0x200)).unwrap_or('\u{301}');
            let text: String = (0..8).map(any).collect();
            assert!(skeleton(&text).chars().eq(confusable_detection::skeleton(&text)), "{text:?}");
        }
    }
}
