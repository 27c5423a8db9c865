//! What a name looks like to a human eye.

use unicode_normalization::UnicodeNormalization;
use unicode_script::Script;
use unicode_security::general_security_profile::IdentifierType;

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
