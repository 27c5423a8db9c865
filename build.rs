//! How the binary is linked, what Unicode says of characters, packed for `src/chat/skeleton.rs`, and
//! which characters GBK and Big5 have, for `src/door/charset.rs`.

use std::fmt::Debug;
use std::path::Path;
use std::{env, fs};

use unicode_normalization::char::decompose_canonical;
use unicode_script::UnicodeScript;
use unicode_security::GeneralSecurityProfile;
use unicode_security::confusable_detection::skeleton;

/// The place in the pool of what is drawn like nothing but itself.
const ITSELF: u16 = u16::MAX;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    // Packed, the relocations of a thousand pointers take less than 1 KiB of the file instead of
    // 23 (glibc from 2.36 on, 2022).
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

/// The source of the tables. None holds a pointer, which would take eight bytes and be relocated.
fn tables() -> String {
    let mut pool = String::new();
    let drawn = runs("DRAWN", "u16", |c| place_in_pool(c, &mut pool));
    let types = runs("TYPES", "Option<IdentifierType>", char::identifier_type);
    let scripts = runs("SCRIPTS", "Script", |c| c.script());
    format!(
        "use unicode_script::Script::{{self, *}};
        use unicode_security::general_security_profile::IdentifierType::{{self, *}};
        {drawn}{types}{scripts}
        pub const ITSELF: u16 = {ITSELF};
        pub const POOL: &str = {pool:?};"
    )
}

/// Two tables: the characters that begin runs of one value, and the values.
fn runs<T: PartialEq + Debug>(name: &str, kind: &str, mut value: impl FnMut(char) -> T) -> String {
    let (mut starts, mut values) = (Vec::new(), Vec::new());
    for c in '\0'..=char::MAX {
        let value = value(c);
        if values.last() != Some(&value) {
            starts.push(u32::from(c));
            values.push(value);
        }
    }
    format!(
        "pub static {name}_FROM: &[u32] = &{starts:?};
        pub static {name}: &[{kind}] = &{values:?};"
    )
}

/// Where in `pool` that begins which `c` is drawn like: the rest of a line there.
///
/// What decomposes is not asked for: a skeleton is made of what it decomposes to.
fn place_in_pool(c: char, pool: &mut String) -> u16 {
    let mut decomposes = false;
    decompose_canonical(c, |part| decomposes |= part != c);
    let drawn: String = skeleton(&c.to_string()).chain(['\n']).collect();
    if decomposes || drawn.chars().eq([c, '\n']) {
        return ITSELF;
    }
    let place = pool.find(&drawn).unwrap_or_else(|| {
        pool.push_str(&drawn);
        pool.len() - drawn.len()
    });
    u16::try_from(place).expect("the pool is a quarter full")
}

/// Tables from characters to the codes of GBK and Big5.
#[cfg(feature = "charsets")]
mod charsets {
    use encoding_rs::{BIG5, EncoderResult, Encoding, GBK};

    /// So many characters that a charset lacks may stand in a run: two cost what a new run costs.
    const GAP_MAX: u32 = 2;

    /// The source of the tables: of each charset those for the planes of Unicode that it has
    /// characters of.
    pub fn tables() -> String {
        let planes: [(u32, &str); 2] = [(0, ""), (2, "_PLANE_2")];
        let table = |name, encoding, (plane, suffix)| {
            table(&format!("{name}{suffix}"), encoding, plane << 16)
        };
        let gbk = planes.map(|plane| table("GBK_TABLE", GBK, plane)).concat();
        gbk + &planes.map(|plane| table("BIG5_TABLE", BIG5, plane)).concat()
    }

    /// One table. ASCII is left out: in both charsets it is itself.
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

    /// The one or two bytes that stand for `c`, as a number.
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
