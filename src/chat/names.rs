//! Nicks: which may be had, and which are the same to a human eye.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;
use unicode_width::UnicodeWidthStr;

use crate::chat::event::NickFault;
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
    "系统",
    "系統",
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
        if mixes_scripts(&nick) {
            return Err(NickFault::MixedScripts);
        }
        Ok(Self(nick))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Letters, digits and marks of any script, and what stands inside names.
///
/// A colon, bracket or star, or what looks like one, could imitate the parts of a line; what the
/// skeleton leaves out cannot be seen: fillers, joiners, variation selectors.
fn may_stand_in_nick(c: char) -> bool {
    if matches!(c, '_' | '-' | '.' | '\'') {
        return true;
    }
    let mut buffer = [0; 4];
    let mut drawn = skeleton(c.encode_utf8(&mut buffer)).peekable();
    let can_be_seen = drawn.peek().is_some();
    let is_word = c.is_alphanumeric() || is_combining_mark(c);
    is_word && can_be_seen && drawn.all(|c| !c.is_ascii_punctuation() || c == '\'')
}

fn has_heap_of_marks(nick: &str) -> bool {
    let mut marks = 0;
    nick.chars().any(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        marks > MARKS_MAX
    })
}

fn mixes_scripts(nick: &str) -> bool {
    let has = |script| nick.chars().any(|c| c.script() == script);
    has(Script::Latin) && (has(Script::Cyrillic) || has(Script::Greek))
}

/// Case folded. Upper case first, so that `ß` meets `SS` and both sigmas meet.
fn fold(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// Who has which name.
///
/// Names are kept as hashes of their looks, a quarter of what the looks would take. Two that
/// collide (2^-64, with keys that nobody knows) only have a free name refused.
pub struct Names {
    holders: BTreeMap<u64, PeerId>,
    /// The looks of the words that nobody may have.
    reserved: BTreeSet<u64>,
    keys: RandomState,
}

impl Names {
    /// Nobody has a name yet.
    pub fn new() -> Self {
        let (holders, reserved) = Default::default();
        let mut names = Self { holders, reserved, keys: RandomState::new() };
        for word in RESERVED {
            names.reserved.extend(names.looks(word));
            names.reserved.extend(names.looks(&word.to_uppercase()));
        }
        names
    }

    /// What two names are compared by: equal in either means the same name to a reader.
    ///
    /// Folding case first makes one of `ALICE` and `alice`; taking the skeleton (UTS #39) first
    /// makes one of `Alice` and `AIice`. Neither order finds both.
    fn looks(&self, name: &str) -> [u64; 2] {
        let folded: String = skeleton(&fold(name)).collect();
        let drawn = fold(&skeleton(name).collect::<String>());
        [self.keys.hash_one(folded), self.keys.hash_one(drawn)]
    }

    /// The nick that `raw` stands for, whether free or not.
    ///
    /// # Errors
    /// Why nobody may have it.
    pub fn check(&self, raw: &str) -> Result<Nick, NickFault> {
        let nick = Nick::new(raw)?;
        if self.looks(nick.as_str()).iter().any(|look| self.reserved.contains(look)) {
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
        let usable = if usable.is_empty() { "guest" } else { &usable };
        let numbered = |stem: &str, number: usize| {
            let suffix = if number < 2 { String::new() } else { number.to_string() };
            format!("{}{suffix}", shortened(stem, NICK_COLUMNS_MAX - suffix.len()))
        };
        let can_be_had = |name: &String| self.check(name).is_ok() && self.is_free(name, None);
        let like_it = (1..=99).map(|number| numbered(usable, number)).find(can_be_had);
        // Numbers past the count of those here: most likely nobody has them.
        let past = self.holders.len() + 1;
        let guests = || (past..).map(|number| numbered("guest", number)).find(can_be_had);
        like_it.or_else(guests).expect("there are more numbers than people")
    }
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
        for name in [
            "alice",
            "小明",
            "Zoë",
            "o'brien",
            "r2-d2",
            "a_b.c",
            "Ольга",
            "Ἀθηνᾶ",
            "राम",
            "ธนพล",
            "محمد",
            "정우",
            "さくら",
            "0",
            "Nguyễn",
            "ABCDEFGHIJKLMNOP",
            "名名名名名名名名",
        ] {
            assert_eq!(refusal(name), None, "{name}");
        }
        assert_eq!(Nick::new("e\u{301}ve").expect("is a name").as_str(), "éve", "kept in NFC");
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
    fn what_is_suggested_can_be_had() {
        let mut names = Names::new();
        names.take("alice", alice());
        for (wanted, suggested) in [
            ("alice", "alice2"),
            ("al[]ice", "alice2"),
            ("bob", "bob"),
            ("exit", "exit2"),
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
