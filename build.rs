//! How the binary is linked, and what Unicode says of characters, packed for `src/chat/skeleton.rs`.

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
    fs::write(Path::new(&folder).join("skeleton.rs"), tables()).expect("cargo made the folder");
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
