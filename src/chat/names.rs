//! Names: which are allowed, and which look the same to a human eye.

use std::collections::BTreeMap;
use std::iter;

use unicode_normalization::char::{canonical_combining_class, compose};
use unicode_script::Script;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::chat::event::NickFault;
use crate::chat::normal::{nfc, nfd};
use crate::chat::reserved::Reserved;
use crate::chat::skeleton::{
    hash, is_in_use, is_mark, script, scripts_of_mark, skeleton, skeleton_hashes,
};
use crate::chat::users::UserKey;
use crate::limits::{NICK_BYTES_MAX, NICK_COLUMNS_MAX};
use crate::text::clip;

/// The maximum number of marks on one letter: real scripts need no more, and a heap of them covers
/// the lines around it.
const MARKS_MAX: usize = 3;

/// The name suggested when no better one is known.
const GUEST: &str = "guest";
/// The maximum number of lookups per kind of suggestion.
const SUGGESTIONS_MAX: u32 = 8;

/// A name in the form it is stored and shown in: NFC, within the bounds, nothing deceptive in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Nick(String);

impl Nick {
    /// Converts `raw` to a name.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn new(raw: &str) -> Result<Self, NickFault> {
        if raw.len() > 2 * NICK_BYTES_MAX {
            return Err(NickFault::TooLong);
        }
        let nick = nfc(raw);
        if nick.len() > NICK_BYTES_MAX || nick.width() > NICK_COLUMNS_MAX {
            return Err(NickFault::TooLong);
        }
        if !nick.chars().all(may_stand_in_nick) {
            return Err(NickFault::Characters);
        }
        if !nick.chars().next().is_some_and(char::is_alphanumeric) {
            return Err(NickFault::Start);
        }
        if nick.is_ascii() {
            return Ok(Self(nick));
        }
        if mixes_scripts(&nick) {
            return Err(NickFault::MixedScripts);
        }
        check_marks(&nick)?;
        Ok(Self(nick))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Nick> for String {
    fn from(nick: Nick) -> Self {
        nick.0
    }
}

/// Whether `c` may occur in a name: letters, digits and marks of any living script, and a few
/// signs.
///
/// A colon, bracket or star, or a look-alike of one, could imitate the parts of a line; characters
/// that the skeleton omits or that take no column are invisible: fillers, joiners, variation
/// selectors.
fn may_stand_in_nick(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
    }
    let mut buffer = [0; 4];
    let drawn = skeleton(c.encode_utf8(&mut buffer));
    let can_be_seen = !drawn.is_empty() && (is_mark(c) || c.width() != Some(0));
    let is_word = c.is_alphanumeric() || is_mark(c);
    let is_plain = drawn.chars().all(|c| !c.is_ascii_punctuation() || c == '\'');
    is_word && can_be_seen && is_plain && is_in_use(c)
}

/// Checks that each mark belongs to the script of its letter, and that the letter takes it.
/// Otherwise fonts draw nothing, or something like a colon, and the name with the mark looks like
/// the one without. Vowels of Thai and Lao are letters, but are drawn like marks.
fn check_marks(nick: &str) -> Result<(), NickFault> {
    let mut base = Script::Latin;
    // The letter, and the marks on it so far.
    let mut drawn: Vec<char> = Vec::new();
    let mut marks = 0;
    for c in nick.chars() {
        if let Some(scripts) = scripts_of_mark(c) {
            let is_of_none = scripts == [Script::Inherited];
            if !is_of_none && !scripts.contains(&base) {
                return Err(NickFault::MixedScripts);
            }
            marks += 1;
            if is_of_none || marks > MARKS_MAX || !takes_mark(&drawn, c, base) {
                return Err(NickFault::Marks);
            }
            drawn.push(c);
            continue;
        }
        let script = script(c);
        if matches!(c, '\u{e30}'..='\u{e45}' | '\u{eb0}'..='\u{ebd}') && script != base {
            return Err(NickFault::MixedScripts);
        }
        if !matches!(script, Script::Common | Script::Inherited) {
            base = script;
        }
        drawn = nfd(c.encode_utf8(&mut [0; 4]));
        marks = 0;
    }
    Ok(())
}

/// Whether the letter that is `drawn`, with the marks on it, takes another mark that has no
/// composed character with it (NFC).
///
/// Latin, Greek and Cyrillic have composed characters for nearly every accented letter of any
/// language. Yoruba's `ọ́` and Ewe's `ɛ́` have none, but their letters are not mistaken for plain
/// ones; and the accent must have a place of its own.
fn takes_mark(drawn: &[char], mark: char, base: Script) -> bool {
    let Some((&letter, others)) = drawn.split_first() else { return false };
    if !letter.is_alphabetic() || others.contains(&mark) {
        return false;
    }
    if !matches!(base, Script::Latin | Script::Greek | Script::Cyrillic) {
        return true;
    }
    let is_accent = ('A'..='z').any(|plain| compose(plain, mark).is_some());
    let class = canonical_combining_class(mark);
    let has_place = others.iter().all(|&other| canonical_combining_class(other) != class);
    let is_special = !others.is_empty() || !skeleton(letter.encode_utf8(&mut [0; 4])).is_ascii();
    base == Script::Latin && is_accent && has_place && is_special
}

fn mixes_scripts(nick: &str) -> bool {
    let has = |wanted| nick.chars().any(|c| script(c) == wanted);
    has(Script::Latin) && (has(Script::Cyrillic) || has(Script::Greek))
}

/// The holders of all names.
///
/// Names are stored as hashes of their skeletons, a quarter of the skeletons' size.
pub struct Names {
    holders: BTreeMap<u64, UserKey>,
    /// The words that no name may be.
    reserved: Reserved,
    /// The number of the next guest, unless somebody has taken that name already.
    next_guest: u32,
}

impl Names {
    /// Creates an empty set of names.
    pub fn new() -> Self {
        Self { holders: BTreeMap::new(), reserved: Reserved::new(), next_guest: 2 }
    }

    /// Converts `raw` to a name, whether it is free or not.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn check(&self, raw: &str) -> Result<Nick, NickFault> {
        let nick = Nick::new(raw)?;
        if self.reserved.has(nick.as_str()) {
            return Err(NickFault::Reserved);
        }
        Ok(nick)
    }

    /// Whether `peer` may take `nick`: nobody else has it or a look-alike.
    pub fn is_free(&self, nick: &str, peer: Option<UserKey>) -> bool {
        let holders = skeleton_hashes(nick).map(|hash| self.holders.get(&hash).copied());
        holders.iter().all(|holder| holder.is_none() || *holder == peer)
    }

    /// Gives `nick`, which is free, to `user`.
    pub fn claim(&mut self, nick: &str, user: UserKey) {
        self.holders.extend(skeleton_hashes(nick).map(|hash| (hash, user)));
        if nick.starts_with(GUEST) && nick == numbered(GUEST, self.next_guest) {
            self.next_guest = self.next_guest.checked_add(1).unwrap_or(2);
        }
    }

    /// Frees `nick` of `user`.
    pub fn release(&mut self, nick: &str, user: UserKey) {
        for hash in skeleton_hashes(nick) {
            let holder = self.holders.remove(&hash);
            assert!(holder.is_none_or(|holder| holder == user), "only its holder releases it");
        }
    }

    /// Whether the same names are taken in both.
    pub fn is_same(&self, other: &Self) -> bool {
        self.holders.keys().eq(other.holders.keys())
    }

    /// Returns the user who has `nick`, or a look-alike.
    pub fn holder(&self, nick: &str) -> Option<UserKey> {
        skeleton_hashes(nick).iter().find_map(|hash| self.holders.get(hash)).copied()
    }

    /// Returns a free name similar to `wanted`: its usable part with a number behind, or a guest's
    /// name.
    pub fn suggest(&self, wanted: &str) -> String {
        let mut tries = 0;
        self.suggest_counting(wanted, &mut tries)
    }

    /// Like [`Names::suggest`]; `tries` counts the names that were looked up. The number is bounded
    /// however many names are taken: refusing a name must not become expensive.
    fn suggest_counting(&self, wanted: &str, tries: &mut u32) -> String {
        let usable: String = nfc(clip(wanted, 2 * NICK_BYTES_MAX))
            .chars()
            .filter(|&c| may_stand_in_nick(c))
            .skip_while(|c| !c.is_alphanumeric())
            .collect();
        let mut can_be_had = |name: &String| {
            *tries += 1;
            self.check(name).is_ok() && self.is_free(name, None)
        };
        // Where the first numbers are taken, any other number is as good.
        let far_off = |index: u32| {
            let number = (hash(wanted) >> (8 * index)) % 1_000_000;
            u32::try_from(number).expect("it is below a million")
        };
        let mut first_free = |stem: &str, from: u32| {
            let near = iter::once(1).chain(from..from.saturating_add(SUGGESTIONS_MAX - 1));
            let numbers = near.chain((0..SUGGESTIONS_MAX / 2).map(far_off));
            numbers.map(|number| numbered(stem, number)).find(&mut can_be_had)
        };
        // A name that is refused is also refused with a number behind it.
        let is_usable = self.check(&numbered(&usable, 1)).is_ok();
        let like_it = if is_usable { first_free(&usable, 2) } else { None };
        let guest = || first_free(GUEST, self.next_guest);
        like_it.or_else(guest).unwrap_or_else(|| numbered(GUEST, far_off(7)))
    }
}

/// Returns `stem` with `number` behind it; the first has none.
fn numbered(stem: &str, number: u32) -> String {
    let suffix = if number < 2 { String::new() } else { number.to_string() };
    format!("{}{suffix}", shortened(stem, NICK_COLUMNS_MAX - suffix.len()))
}

/// Returns the longest start of `name` within `columns_max` that leaves room in bytes for a number.
fn shortened(name: &str, columns_max: usize) -> &str {
    let mut short = clip(name, NICK_BYTES_MAX - (NICK_COLUMNS_MAX - columns_max));
    while short.width() > columns_max {
        let last = short.chars().next_back().map_or(1, char::len_utf8);
        short = &short[..short.len() - last];
    }
    short
}

impl Default for Names {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether one person's name is `one` as well as `other`: they look alike.
pub fn are_alike(one: &str, other: &str) -> bool {
    let others = skeleton_hashes(other);
    skeleton_hashes(one).iter().any(|hash| others.contains(hash))
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
