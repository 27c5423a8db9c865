//! Reserved words: lines by a user of that name would read as the system's, or as said by or to
//! somebody else.

use std::collections::BTreeSet;
use std::iter;

use crate::chat::normal::nfd;
use crate::chat::skeleton::{folded, is_mark, skeletons};

/// Words of authority. No part of a name may be one of these: `system.msg` and `BobAdmin` are
/// refused too.
const VOICES: &str = "system server natter admin administrator moderator operator sysop";

/// The same in Chinese, which does not mark word boundaries: no name may contain one of these.
const CHINESE_VOICES: &str = "系统 服务器 伺服器 管理员 管理者 网管 主持人 版主 群主 官方";

/// Commands, and words that stand for people. A longer name may contain one: `root_beer`.
const WORDS: &str = "root ok exit quit who help none all everyone everybody anyone anybody someone \
    somebody nobody you yourself me myself 用户 使用者 帮助 说明 退出 离开 所有人 \
    所有用户 全体 全体成员 大家 各位 没有人 有人 谁 你 你们 您 我 我们 自己 本人";

/// Characters of these words, each followed by traditional forms and look-alikes that read the
/// same.
const VARIANTS: &str = "系係繫繋糸糹 统統 务務 器噐 员員贠 管菅 网網 帮幫幚 说說説 离離 开開 体體 没沒 谁誰 们們 个個 你妳";

/// Characters of these words, each with a pair of characters that looks like it.
const HALVES: &[(&str, &str)] = &[
    ("纟充", "统"),
    ("糸充", "统"),
    ("糹充", "统"),
    ("王里", "理"),
    ("玉里", "理"),
    ("亻司", "伺"),
    ("亻吏", "使"),
    ("亻尔", "你"),
    ("亻门", "们"),
    ("且力", "助"),
    ("讠兑", "说"),
    ("言兑", "说"),
    ("讠隹", "谁"),
    ("言隹", "谁"),
];

/// The reserved words in the form in which names are compared.
pub struct Reserved {
    voices: BTreeSet<String>,
    chinese_voices: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Reserved {
    /// Builds the set of all reserved words.
    pub fn new() -> Self {
        let list = |words: &str| words.split(' ').flat_map(readings).collect();
        Self { voices: list(VOICES), chinese_voices: list(CHINESE_VOICES), words: list(WORDS) }
    }

    /// Whether `nick` reads as a reserved word, with or without a number behind it.
    pub fn has(&self, nick: &str) -> bool {
        let nick = folded(nick);
        let whole = nick.replace(|c: char| c.is_ascii_punctuation(), "");
        let contains_voice =
            |word: &str| self.chinese_voices.iter().any(|voice| word.contains(&**voice));
        reads_as_one_of(&whole, &[&self.words, &self.voices])
            || !whole.is_ascii() && readings(&whole).any(|word| contains_voice(&word))
            || parts(&nick)
                .filter(|part| *part != whole)
                .any(|part| reads_as_one_of(part, &[&self.voices]))
    }
}

/// Splits `nick` at signs, and between a small letter and a capital.
fn parts(nick: &str) -> impl Iterator<Item = &str> {
    nick.split(|c: char| c.is_ascii_punctuation()).flat_map(|part| {
        let mut last = ' ';
        let mut starts = vec![0];
        for (at, c) in part.char_indices() {
            if last.is_lowercase() && c.is_uppercase() {
                starts.push(at);
            }
            last = c;
        }
        let ends: Vec<usize> = starts.iter().skip(1).copied().chain([part.len()]).collect();
        starts.into_iter().zip(ends).map(move |(start, end)| &part[start..end])
    })
}

fn reads_as_one_of(text: &str, lists: &[&BTreeSet<String>]) -> bool {
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    readings(text).any(|word| {
        // A digit is one byte in every form, so digits need not be told from letters.
        let mut ends = word.len().saturating_sub(digits)..=word.len();
        ends.any(|end| lists.iter().any(|words| words.contains(&word[..end])))
    })
}

/// Returns what `text` can read as: each of its skeletons without signs and accents, with letters
/// for the digits that stand for them, and in one form of Chinese.
fn readings(text: &str) -> impl Iterator<Item = String> {
    let [one, other] = skeletons(text);
    // Most texts have only one.
    let other = Some(other).filter(|other| *other != one);
    iter::once(one).chain(other).map(|skeleton| {
        let letters = nfd(&skeleton).into_iter();
        let letters = letters.filter(|&c| !is_mark(c) && !c.is_ascii_punctuation());
        let mut word: String = letters.map(usual_letter).collect();
        if !word.is_ascii() {
            for (halves, whole) in HALVES {
                word = word.replace(halves, whole);
            }
        }
        if word.is_ascii() { word } else { word.chars().map(usual_form).collect() }
    })
}

/// Returns the letter that is meant by a digit, or by a letter of some African or phonetic
/// alphabet.
fn usual_letter(c: char) -> char {
    match c {
        '3' | 'ǝ' => 'e',
        '4' | 'ʌ' | 'ⱥ' => 'a',
        '5' | 'ƨ' | 'ȿ' => 's',
        '7' => 't',
        'ƈ' => 'c',
        '∂' | 'ȡ' => 'd',
        'ⱨ' => 'h',
        'ⱪ' => 'k',
        'ɔ' => 'o',
        'ʉ' | 'ʊ' => 'u',
        'ɋ' => 'q',
        'ɀ' => 'z',
        _ => c,
    }
}

fn usual_form(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let forms = VARIANTS.split(' ').find(|forms| forms.contains(c));
    forms.and_then(|forms| forms.chars().next()).unwrap_or(c)
}
