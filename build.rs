//! Sets linker options, and generates tables: properties of Unicode characters for
//! `src/chat/skeleton.rs`, and the characters of GBK and Big5 for `src/door/charset.rs`.

use std::fmt::Debug;
use std::path::Path;
use std::{env, fs, iter};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_script::{Script, UnicodeScript};
use unicode_security::GeneralSecurityProfile;
use unicode_security::confusable_detection::skeleton;
use unicode_security::general_security_profile::IdentifierType::{
    Inclusion, Limited_Use, Not_NFKC, Obsolete, Recommended, Technical, Uncommon_Use,
};

/// The pool index of a character that is replaced by nothing else.
const ITSELF: u16 = u16::MAX;
/// The index, among the sets of scripts, of a character that is no mark.
const NO_MARK: u8 = u8::MAX;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    // Packed, the relocations of a thousand pointers take less than 1 KiB of the file instead of 23
    // (glibc from 2.36 on, 2022).
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    let folder = env::var("OUT_DIR").expect("cargo sets it");
    let write = |name: &str, source: String| {
        fs::write(Path::new(&folder).join(name), source).expect("cargo made the folder");
    };
    write("skeleton.rs", tables());
    #[cfg(feature = "charsets")]
    write("charsets.rs", charsets::tables());
}

/// Returns the source of the tables.
fn tables() -> String {
    // The texts, each terminated by a line end. Each is stored once, and no table holds pointers to
    // them, which would take eight bytes each and be relocated.
    let mut pool = String::new();
    let drawn = runs("DRAWN", "u16", |c| place_in_pool(c, drawn_like(c), &mut pool));
    let folded = runs("FOLDED", "u16", |c| {
        let folded = is_in_use(c).then(|| iter::once(c).nfkc().collect());
        place_in_pool(c, folded, &mut pool)
    });
    let in_use = runs("IN_USE", "bool", is_in_use);
    let scripts = runs("SCRIPTS", "Script", |c| c.script());
    let mut sets: Vec<Vec<Script>> = Vec::new();
    let marks = runs("MARKS", "u8", |c| mark(c, &mut sets));
    let sets: String = sets.iter().map(|set| format!("&{set:?},")).collect();
    format!(
        "use unicode_script::Script::{{self, *}};
        {drawn}{folded}{in_use}{scripts}{marks}
        pub const ITSELF: u16 = {ITSELF};
        pub const POOL: &str = {pool:?};
        pub const MARK_SCRIPTS: &[&[Script]] = &[{sets}];"
    )
}

/// Returns the source of one table: the characters that begin runs of one value, and the values. A
/// run ends with its plane of Unicode, so that its start fits 16 bits.
fn runs<T: PartialEq + Debug>(name: &str, kind: &str, mut value: impl FnMut(char) -> T) -> String {
    let (mut planes, mut starts, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for c in '\0'..=char::MAX {
        let value = value(c);
        let low = u32::from(c) & 0xffff;
        if low == 0 {
            planes.push(values.len());
        }
        if low == 0 || values.last() != Some(&value) {
            starts.push(low);
            values.push(value);
        }
    }
    planes.push(values.len());
    format!(
        "pub static {name}: Runs<{kind}> =
            Runs {{ planes: {planes:?}, starts: &{starts:?}, values: &{values:?} }};
        "
    )
}

/// Returns the index in `pool` of the text for `c`: it extends to the end of its line.
fn place_in_pool(c: char, text: Option<String>, pool: &mut String) -> u16 {
    let Some(text) = text.filter(|text| !text.chars().eq([c])) else { return ITSELF };
    let line = text + "\n";
    let place = pool.find(&line).unwrap_or_else(|| {
        pool.push_str(&line);
        pool.len() - line.len()
    });
    u16::try_from(place).expect("the pool is a quarter full")
}

/// Returns what `c` is drawn like, unless it decomposes: then the skeleton is made of its parts.
fn drawn_like(c: char) -> Option<String> {
    let mut decomposes = false;
    decompose_canonical(c, |part| decomposes |= part != c);
    (!decomposes).then(|| skeleton(&c.to_string()).collect())
}

/// Whether `c` is used to write words: no small capitals, no letters in circles or raised, no dead
/// script, and not U+16FE4, a filler that counts as a mark.
fn is_in_use(c: char) -> bool {
    match c.identifier_type() {
        Some(Recommended | Inclusion | Limited_Use | Uncommon_Use) => true,
        // Greek accents, Old Cyrillic; but the Latin ones include small capitals.
        Some(Obsolete) => c.script() != Script::Latin,
        // Phonetic `ɑ` and the like have an ASCII skeleton; small capitals have none.
        Some(Technical) => skeleton(&c.to_string()).all(|c| c.is_ascii()),
        Some(Not_NFKC) => is_typed(c),
        _ => false,
    }
}

/// Whether keyboards have `c`, although Unicode prefers another character for it: the micro sign,
/// Armenian yev, a vowel of Thai and Lao, two letters of Lao, single letters of Korean, and full
/// and half width.
fn is_typed(c: char) -> bool {
    matches!(c, '\u{b5}' | '\u{587}' | '\u{e33}' | '\u{eb3}' | '\u{edc}' | '\u{edd}')
        || matches!(c, '\u{3131}'..='\u{318e}' | '\u{ff01}'..='\u{ffdc}')
}

/// Returns the index in `sets` of the scripts that the mark `c` belongs to.
fn mark(c: char, sets: &mut Vec<Vec<Script>>) -> u8 {
    if !is_combining_mark(c) {
        return NO_MARK;
    }
    let scripts: Vec<Script> = c.script_extension().iter().collect();
    let place = sets.iter().position(|set| *set == scripts).unwrap_or_else(|| {
        sets.push(scripts);
        sets.len() - 1
    });
    u8::try_from(place).ok().filter(|&place| place != NO_MARK).expect("they are 154")
}

/// Tables from characters to the codes of GBK and Big5.
#[cfg(feature = "charsets")]
mod charsets {
    use encoding_rs::{BIG5, EncoderResult, Encoding, GBK};

    /// The maximum number of consecutive characters in a run that a charset lacks: two cost as much
    /// as a new run.
    const GAP_MAX: u32 = 2;

    /// Returns the source of the tables: for each charset, one per plane of Unicode in which it has
    /// characters.
    pub fn tables() -> String {
        let planes: [(u32, &str); 2] = [(0, ""), (2, "_PLANE_2")];
        let table = |name, encoding, (plane, suffix)| {
            table(&format!("{name}{suffix}"), encoding, plane << 16)
        };
        let gbk = planes.map(|plane| table("GBK_TABLE", GBK, plane)).concat();
        gbk + &planes.map(|plane| table("BIG5_TABLE", BIG5, plane)).concat()
    }

    /// Returns one table. ASCII is left out: in both charsets it is unchanged.
    fn table(name: &str, encoding: &'static Encoding, plane: u32) -> String {
        let (mut starts, mut places, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = None;
        for low in if plane == 0 { 0x80..=0xffff } else { 0..=0xffff } {
            let c = char::from_u32(plane + low);
            let Some(code) = c.and_then(|c| code(encoding, c)) else { continue };
            match next {
                Some(next) if low - next <= GAP_MAX => codes.extend((next..low).map(|_| 0)),
                _ => {
                    starts.push(low);
                    places.push(codes.len());
                }
            }
            codes.push(code);
            next = Some(low + 1);
        }
        places.push(codes.len());
        format!(
            "static {name}: Table =
                Table {{ starts: &{starts:?}, places: &{places:?}, codes: &{codes:?} }};
            "
        )
    }

    /// Returns the one or two bytes that encode `c`, as a number.
    fn code(encoding: &'static Encoding, c: char) -> Option<u16> {
        let (mut text, mut bytes) = ([0; 4], [0; 16]);
        let (end, _, length) = encoding.new_encoder().encode_from_utf8_without_replacement(
            c.encode_utf8(&mut text),
            &mut bytes,
            true,
        );
        match (end, &bytes[..length]) {
            (EncoderResult::InputEmpty, &[byte]) => Some(byte.into()),
            (EncoderResult::InputEmpty, &[lead, trail]) => Some(u16::from_be_bytes([lead, trail])),
            _ => None,
        }
    }
}
