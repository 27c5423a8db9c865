//! Nicks: which may be had, and which are the same to a human eye.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;
use unicode_security::general_security_profile::IdentifierType;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::chat::event::NickFault;
use crate::chat::skeleton::{identifier_type, looks, script, skeleton};
use crate::ids::PeerId;
use crate::limits::{NICK_BYTES_MAX, NICK_COLUMNS_MAX};
use crate::text::clip;

/// Words that would read as the system's own, in every language it speaks.
const RESERVED: &[&str] = &[
    "system",
    "server",
    "natter",
    "admin",
    "root",
    "ok",
    "exit",
    "quit",
    "who",
    "help",
    "none",
    "all",
    "everyone",
    "nobody",
    "服务器",
    "管理员",
    "用户",
    "帮助",
    "退出",
    "所有人",
    "大家",
];

/// Marks that may stand on one letter: real scripts need no more, and a heap of them covers
/// the lines around it.
const MARKS_MAX: usize = 3;

/// A name in the form it is kept and shown in: NFC, within the bounds, nothing deceptive in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Nick(String);

impl Nick {
    /// The nick that `raw` stands for.
    ///
    /// # Errors
    /// Why nobody may have it.
    pub fn new(raw: &str) -> Result<Self, NickFault> {
        if raw.len() > 2 * NICK_BYTES_MAX {
            return Err(NickFault::TooLong);
        }
        let nick: String = raw.nfc().collect();
        if nick.len() > NICK_BYTES_MAX || nick.width() > NICK_COLUMNS_MAX {
            return Err(NickFault::TooLong);
        }
        let starts_well = nick.chars().next().is_some_and(char::is_alphanumeric);
        if !starts_well || !nick.chars().all(may_stand_in_nick) || has_heap_of_marks(&nick) {
            return Err(NickFault::Characters);
        }
        if mixes_scripts(&nick) || has_foreign_mark(&nick) {
            return Err(NickFault::MixedScripts);
        }
        Ok(Self(nick))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits and marks of any living script, and what stands inside names.
///
/// A colon, bracket or star, or what looks like one, could imitate the parts of a line; what the
/// skeleton leaves out or no column shows cannot be seen: fillers, joiners, variation selectors.
fn may_stand_in_nick(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '\'');
    }
    let mut buffer = [0; 4];
    let mut drawn = skeleton(c.encode_utf8(&mut buffer)).peekable();
    let can_be_seen = drawn.peek().is_some() && (is_combining_mark(c) || c.width() != Some(0));
    let is_word = c.is_alphanumeric() || is_combining_mark(c);
    let is_plain = drawn.all(|c| !c.is_ascii_punctuation() || c == '\'');
    is_word && can_be_seen && is_plain && is_in_use(c)
}

/// Whether people write words with `c`: no small capitals, no letters in circles or raised, no
/// dead script, and not U+16FE4, a filler that counts as a mark.
fn is_in_use(c: char) -> bool {
    use IdentifierType::{
        Inclusion, Limited_Use, Not_NFKC, Obsolete, Recommended, Technical, Uncommon_Use,
    };
    match identifier_type(c) {
        Some(Recommended | Inclusion | Limited_Use | Uncommon_Use) => true,
        // Greek accents, Old Cyrillic; but among the Latin ones are small capitals.
        Some(Obsolete) => script(c) != Script::Latin,
        // Phonetic `ɑ` and the like are known by their look; small capitals have none.
        Some(Technical) => skeleton(c.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii()),
        // Full width is how East Asian keyboards write ASCII.
        Some(Not_NFKC) => {
            let is_full_width = matches!(c, '\u{ff01}'..='\u{ff5e}');
            is_full_width || !iter::once(c).nfkc().any(|c| c.is_ascii())
        }
        _ => false,
    }
}

/// Whether a mark stands on a letter of a script that it does not belong to: fonts draw nothing
/// there, or what looks like a colon. Vowels of Thai and Lao are letters, but look the same.
fn has_foreign_mark(nick: &str) -> bool {
    let mut base = Script::Latin;
    nick.chars().filter(|c| !c.is_ascii_digit()).any(|c| {
        let script = script(c);
        let is_of_all = matches!(script, Script::Common | Script::Inherited);
        let is_mark =
            is_combining_mark(c) || matches!(c, '\u{e30}'..='\u{e45}' | '\u{eb0}'..='\u{ebd}');
        if !is_mark && !is_of_all {
            base = script;
        }
        is_mark && !is_of_all && script != base
    })
}

fn has_heap_of_marks(nick: &str) -> bool {
    let mut marks = 0;
    nick.chars().any(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        marks > MARKS_MAX
    })
}

fn mixes_scripts(nick: &str) -> bool {
    let has = |wanted| nick.chars().any(|c| script(c) == wanted);
    has(Script::Latin) && (has(Script::Cyrillic) || has(Script::Greek))
}

/// What of a look can read as a word of the system's: no punctuation, no accents, and letters
/// for the digits that stand in for them.
fn as_word(look: &str) -> String {
    let letters = look.nfd().filter(|&c| !is_combining_mark(c) && !c.is_ascii_punctuation());
    let plain = |c| match c {
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        _ => c,
    };
    letters.map(plain).collect()
}

/// Who has which name.
///
/// Names are kept as hashes of their looks, a quarter of what the looks would take. Two that
/// collide (2^-64, with keys that nobody knows) only have a free name refused.
pub struct Names {
    holders: BTreeMap<u64, PeerId>,
    /// The words that nobody may have.
    reserved: BTreeSet<u64>,
    keys: RandomState,
}

impl Names {
    /// Nobody has a name yet.
    pub fn new() -> Self {
        let (holders, reserved) = Default::default();
        let mut names = Self { holders, reserved, keys: RandomState::new() };
        for word in RESERVED {
            names.reserved.extend(looks(word).map(|look| names.keys.hash_one(as_word(&look))));
        }
        names
    }

    fn looks(&self, name: &str) -> [u64; 2] {
        looks(name).map(|look| self.keys.hash_one(look))
    }

    /// What `name` looks like in capitals, as a number: two that look alike, in whatever case, have
    /// the same, while this runs.
    pub fn look(&self, name: &str) -> u64 {
        let name: String = clip(name, 2 * NICK_BYTES_MAX).nfc().collect();
        self.looks(&name)[1]
    }

    /// Whether `nick` reads as a reserved word, with or without a number behind it.
    fn is_reserved(&self, nick: &str) -> bool {
        let plain: String = nick.nfkc().filter(|c| !c.is_ascii_punctuation()).collect();
        let digits = plain.len() - plain.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        looks(&plain).iter().map(|look| as_word(look)).any(|word| {
            // A digit is one byte in every form, so that no digit need be told from a letter.
            let ends = word.len() - digits..=word.len();
            let reads_as = |end| self.reserved.contains(&self.keys.hash_one(&word[..end]));
            reads_as_chinese_system(&word) || ends.into_iter().any(reads_as)
        })
    }

    /// The nick that `raw` stands for, whether free or not.
    ///
    /// # Errors
    /// Why nobody may have it.
    pub fn check(&self, raw: &str) -> Result<Nick, NickFault> {
        let nick = Nick::new(raw)?;
        if self.is_reserved(nick.as_str()) {
            return Err(NickFault::Reserved);
        }
        Ok(nick)
    }

    /// Whether `peer` may take `nick`: nobody else has it or one that looks like it.
    pub fn is_free(&self, nick: &str, peer: Option<PeerId>) -> bool {
        let holders = self.looks(nick).map(|look| self.holders.get(&look).copied());
        holders.iter().all(|holder| holder.is_none() || *holder == peer)
    }

    /// Notes that `peer` has `nick`, which is free.
    pub fn take(&mut self, nick: &str, peer: PeerId) {
        self.holders.extend(self.looks(nick).map(|look| (look, peer)));
    }

    /// Gives `nick` of `peer` back.
    pub fn release(&mut self, nick: &str, peer: PeerId) {
        for look in self.looks(nick) {
            let holder = self.holders.remove(&look);
            assert!(holder.is_none_or(|holder| holder == peer), "who releases a name has it");
        }
    }

    /// Who has `nick`, or one that looks like it.
    pub fn holder(&self, nick: &str) -> Option<PeerId> {
        let nick: String = clip(nick, 2 * NICK_BYTES_MAX).nfc().collect();
        self.looks(&nick).iter().find_map(|look| self.holders.get(look)).copied()
    }

    /// A free name that is like `wanted`: its usable part with a number behind.
    pub fn suggest(&self, wanted: &str) -> String {
        let usable: String = clip(wanted, 2 * NICK_BYTES_MAX)
            .nfc()
            .filter(|&c| may_stand_in_nick(c))
            .skip_while(|c| !c.is_alphanumeric())
            .collect();
        let numbered = |stem: &str, number: usize| {
            let suffix = if number < 2 { String::new() } else { number.to_string() };
            format!("{}{suffix}", shortened(stem, NICK_COLUMNS_MAX - suffix.len()))
        };
        // What is refused as it stands is refused with a number too.
        let is_usable = self.check(&numbered(&usable, 1)).is_ok();
        let usable = if is_usable { &usable } else { "guest" };
        let can_be_had = |name: &String| self.check(name).is_ok() && self.is_free(name, None);
        let like_it = (1..=99).map(|number| numbered(usable, number)).find(can_be_had);
        // Numbers past the count of those here: most likely nobody has them.
        let past = self.holders.len() + 1;
        let guests = || (past..).map(|number| numbered("guest", number)).find(can_be_had);
        like_it.or_else(guests).expect("there are more numbers than people")
    }
}

/// 系统 and what looks like it, whatever follows: Chinese names no end of a word.
fn reads_as_chinese_system(word: &str) -> bool {
    let mut chars = word.chars();
    matches!(chars.next(), Some('系' | '糸' | '係' | '糹'))
        && matches!(chars.next(), Some('统' | '統'))
}

/// The longest start of `name` within `columns_max` that leaves room for a number in bytes too.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> PeerId {
        PeerId::new(0, 1)
    }

    fn refusal(name: &str) -> Option<NickFault> {
        Names::new().check(name).err()
    }

    #[test]
    fn ordinary_names_of_the_world_may_be_had() {
        let names = "alice 小明 Zoë o'brien r2-d2 a_b.c Ольга Ἀθηνᾶ राम ธนพล محمد 정우 さくら 0 Nguyễn \
            ABCDEFGHIJKLMNOP 名名名名名名名名 ที่รัก พระ น้ำ ສະບາຍ ខ្មែរ မြန်မာ বাংলা தமிழ் ཀརྨ \
            ガンダム ﾀﾛｳ מֹשֶׁה مُحَمَّد ᏣᎳᎩ ⵣⵉⵔⵉ Ţepeş İnci ʻokina 系列 root_beer okay x2 2";
        for name in names.split_whitespace() {
            assert_eq!(refusal(name), None, "{name}");
        }
        assert_eq!(Nick::new("e\u{301}ve").expect("is a name").as_str(), "éve", "kept in NFC");
    }

    #[test]
    fn a_name_has_one_look_in_whatever_case() {
        let names = Names::new();
        for (one, other) in [("Bob", "b0b"), ("Вова", "вова"), ("ΟΔΟΣ", "Οδος"), ("Groß", "GROSS")]
        {
            assert_eq!(names.look(one), names.look(other), "{one} {other}");
        }
        assert_ne!(names.look("bob"), names.look("rob"));
    }

    #[test]
    fn names_that_deceive_are_refused() {
        use NickFault::{Characters, MixedScripts, Reserved, TooLong};
        for (name, fault) in [
            ("", Characters),
            ("a:b", Characters),
            ("a\u{ff1a}b", Characters),
            ("a\u{2236}b", Characters),
            ("[x]", Characters),
            ("*", Characters),
            ("-n", Characters),
            ("'x'", Characters),
            ("a\u{200b}b", Characters),
            ("a\u{200d}b", Characters),
            ("a\u{ad}b", Characters),
            ("a\u{202e}b", Characters),
            ("a\u{feff}", Characters),
            ("a\u{1b}b", Characters),
            ("\u{3164}", Characters),
            ("\u{115f}", Characters),
            ("\u{301}", Characters),
            ("\u{301}\u{302}", Characters),
            ("a\u{316}\u{317}\u{318}\u{319}", Characters),
            ("\u{fffd}", Characters),
            ("ABCDEFGHIJKLMNOPQ", TooLong),
            ("名名名名名名名名名", TooLong),
            ("аlice", MixedScripts),
            ("alicε", MixedScripts),
            ("ok", Reserved),
            ("OK", Reserved),
            ("System", Reserved),
            ("SYSTEM", Reserved),
            ("syst\u{435}m", MixedScripts),
            ("系统", Reserved),
            ("exit", Reserved),
            ("EX1T", Reserved),
            ("ＯＫ", Reserved),
            ("who", Reserved),
            ("help", Reserved),
        ] {
            assert_eq!(refusal(name), Some(fault), "{name:?}");
        }
        assert_eq!(refusal(&"\u{1f600}".repeat(200)), Some(TooLong), "before any work is done");
    }

    #[test]
    fn names_that_seem_to_be_others_are_refused() {
        use NickFault::{Characters, MixedScripts, Reserved};
        for (names, fault) in [
            (
                "系统\u{1161} 系统\u{d7b0} alice\u{d4e} alice\u{111c2} 系统\u{16fe4} ˢʸˢᵗᵉᵐ ⓢⓨⓢⓣⓔⓜ",
                Characters,
            ),
            ("🆂🆈🆂🆃🅴🅼 🅂🅈🅂🅃🄴🄼 ꜱʏꜱᴛᴇᴍ ᴀlice ⲁlice", Characters),
            (
                "系统\u{17d2} alice\u{983} alice\u{17c7} alice1\u{17c7} 1\u{17c7} alice\u{1038}",
                MixedScripts,
            ),
            (
                "alice\u{f7f} alice\u{c03} alice\u{e30} alice\u{eb0} alice_\u{eb0} s\u{443}s",
                MixedScripts,
            ),
            (
                "system. system_ system- system' sys.tem system\u{2bc} s\u{fd}stem OK. ok_ exit2",
                Reserved,
            ),
            ("exit_10 all1 r00t 5ystem ѕуѕтем 系统员 系统2 系.统 糸统 係统 糸統", Reserved),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(refusal(name), Some(fault), "{name:?}");
            }
        }
    }

    #[test]
    fn names_that_look_alike_are_one_name() {
        for (had, wanted) in [
            ("alice", "Alice"),
            ("alice", "ALICE"),
            ("Alice", "AIice"),
            ("Alice", "A1ice"),
            ("ChanServ", "Chɑnserv"),
            ("coco", "сосо"),
            ("Straße", "STRASSE"),
            ("ΣΑΣ", "σας"),
            ("alice", "ａｌｉｃｅ"),
            ("Zoë", "Zoe\u{308}"),
            ("alice", "ꓮꓡꓲꓚꓰ"),
            ("alice", "AꓡIꓚE"),
            ("alice", "ᎪLICE"),
            ("alice", "al1ce"),
            ("mark", "МАRК"),
            ("вова", "ВОВА"),
            ("bob0", "BOBO"),
        ] {
            let mut names = Names::new();
            names.take(had, alice());
            assert!(!names.is_free(wanted, None), "{wanted} beside {had}");
            assert!(names.is_free(wanted, Some(alice())), "{had} may become {wanted}");
            assert_eq!(names.holder(wanted), Some(alice()));
            names.release(had, alice());
            assert!(names.is_free(wanted, None));
            assert!(names.holders.is_empty());
        }
    }

    #[test]
    fn numbered_names_are_names_of_their_own() {
        let mut names = Names::new();
        let padded = (1..=10_000).map(|n| format!("user{n:05}"));
        let plain = (0..10_000).map(|n| format!("u{n}"));
        let many = (1..=19_000).map(|n| format!("r{n}"));
        for name in padded.chain(plain).chain(many) {
            assert!(names.check(&name).is_ok() && names.is_free(&name, None), "{name}");
            names.take(&name, alice());
        }
        assert_eq!(names.holders.len(), 39_000, "one look each");
    }

    #[test]
    fn ascii_is_drawn_as_any_text_is() {
        let ascii = ('0'..='z').chain(['-', '.', '\'']);
        for c in ascii.filter(|&c| may_stand_in_nick(c)) {
            let [drawn, _] = looks(&c.to_string());
            assert_eq!(looks(&format!("{c}é")), [(); 2].map(|()| format!("{drawn}e\u{301}")));
        }
    }

    #[test]
    fn what_is_suggested_can_be_had() {
        let mut names = Names::new();
        names.take("alice", alice());
        for (wanted, suggested) in [
            ("alice", "alice2"),
            ("al[]ice", "alice2"),
            ("bob", "bob"),
            ("exit", "guest"),
            ("system.", "guest"),
            ("", "guest"),
            ("***", "guest"),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHIJKLMNOP"),
            ("名名名名名名名名名名", "名名名名名名名名"),
        ] {
            let free = names.suggest(wanted);
            assert_eq!(free, suggested, "for {wanted:?}");
            assert!(names.check(&free).is_ok() && names.is_free(&free, None));
        }
        for _ in 0..300 {
            let free = names.suggest("ABCDEFGHIJKLMNOP");
            assert!(names.check(&free).is_ok() && names.is_free(&free, None));
            names.take(&free, alice());
        }
    }
}
