//! What a name looks like to a human eye.

use unicode_normalization::UnicodeNormalization;
use unicode_script::Script;
use unicode_security::general_security_profile::IdentifierType;

use crate::limits::NICK_BYTES_MAX;
use crate::text::clip;

use table::{ITSELF, POOL};

// The libraries' own tables are almost three times as large, and linked if their functions are
// called. So build.rs calls them for each character, and writes down where runs of one answer begin.
mod table {
    include!(concat!(env!("OUT_DIR"), "/skeleton.rs"));
}

/// What two names are compared by: equal in either means the same name to a reader.
///
/// Both are skeletons (UTS #39) without case, and most names have only one. Drawn as it stands,
/// `Chɑnserv` is `ChanServ`; drawn in capitals, Cyrillic `вова` is `ВОВА` and thus `BOBA`, `ß`
/// meets `SS`, and both sigmas meet.
pub fn looks(name: &str) -> [String; 2] {
    if name.is_ascii() {
        // What follows comes to the same, in twenty times the time.
        let drawn = name.to_ascii_lowercase().replace('m', "rn");
        let drawn: String = drawn.chars().map(one_of_a_kind).collect();
        return [drawn.clone(), drawn];
    }
    let name: String = name.nfkc().collect();
    let drawn = |name: &str| -> String {
        let drawn = skeleton(name).collect::<String>().to_lowercase();
        skeleton(&drawn).map(one_of_a_kind).collect()
    };
    let (look, capitals) = (drawn(&name), name.to_uppercase());
    let has_case = capitals != name;
    [look.clone(), if has_case { drawn(&capitals) } else { look }]
}

/// Both skeletons of [`looks`] as numbers, the same on every machine and at any time: names are
/// compared by them in entries that several machines apply.
///
/// Nothing about it is secret, so somebody may search for two names with one number: the second is
/// refused as taken while the first is, and found in its place when the first is not.
pub fn skeleton_hashes(name: &str) -> [u64; 2] {
    let name = clip(name, 2 * NICK_BYTES_MAX);
    if name.is_ascii() {
        return looks(name).map(|look| hash(&look));
    }
    let name: String = name.nfc().collect();
    looks(&name).map(|look| hash(&look))
}

/// What a name looks like in capitals, as a number.
pub fn skeleton_hash(name: &str) -> u64 {
    skeleton_hashes(name)[1]
}

/// FNV-1a with 64 bits, then the finaliser of MurmurHash3, so that all bits depend on all bytes.
pub fn hash(text: &str) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for &byte in text.as_bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// `I`, `l` and `1` are one stroke, `O` and `0` one ring, in whichever case.
fn one_of_a_kind(c: char) -> char {
    match c {
        'i' | 'I' | '1' | '|' => 'l',
        '0' | 'O' => 'o',
        _ => c,
    }
}

/// What UTS #39 compares texts by: what cannot be seen is left out, look-alikes become one.
pub fn skeleton(text: &str) -> impl Iterator<Item = char> {
    let drawn = |c| {
        let place = value(table::DRAWN_FROM, table::DRAWN, c);
        // `ITSELF` is past the end of the pool.
        let itself = (place == ITSELF).then_some(c);
        let shape = POOL.get(usize::from(place)..).and_then(|rest| rest.lines().next());
        itself.into_iter().chain(shape.unwrap_or_default().chars())
    };
    text.nfd().flat_map(drawn).nfd()
}

/// How usual `c` is in words, as UTS #39 has it.
pub fn identifier_type(c: char) -> Option<IdentifierType> {
    value(table::TYPES_FROM, table::TYPES, c)
}

/// The script that `c` belongs to.
pub fn script(c: char) -> Script {
    value(table::SCRIPTS_FROM, table::SCRIPTS, c)
}

/// The value of the run that `c` is in.
fn value<T: Copy>(starts: &[u32], values: &[T], c: char) -> T {
    let begun = starts.partition_point(|&start| start <= u32::from(c));
    values[begun.checked_sub(1).expect("the first run begins at zero")]
}

#[cfg(test)]
mod tests {
    use unicode_script::UnicodeScript;
    use unicode_security::{GeneralSecurityProfile, confusable_detection};

    use super::*;

    #[test]
    fn each_character_is_what_the_libraries_say() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            assert!(skeleton(&text).eq(confusable_detection::skeleton(&text)), "{c:?}");
            assert_eq!(identifier_type(c), c.identifier_type(), "{c:?}");
            assert_eq!(script(c), c.script(), "{c:?}");
        }
    }

    #[test]
    fn hashes_never_change() {
        assert_eq!(hash(""), 0xefd0_1f60_ba99_2926);
        assert_eq!(skeleton_hashes("Alice"), skeleton_hashes("A1ICE"));
    }

    #[test]
    fn texts_have_the_skeletons_that_the_library_makes() {
        let mut dice = fastrand::Rng::with_seed(39);
        for _ in 0..20_000 {
            // Marks that must be put in order, and what composes, are neighbours.
            let block = dice.u32(0..0x200) << 8;
            let any = |_| char::from_u32(block + dice.u32(0..0x200)).unwrap_or('\u{301}');
            let text: String = (0..8).map(any).collect();
            assert!(skeleton(&text).eq(confusable_detection::skeleton(&text)), "{text:?}");
        }
    }
}
