//! Character sets of terminals: bytes to text and back.

use unicode_width::UnicodeWidthChar;

use crate::door::lang::Lang;

/// The encoding of a client's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charset {
    /// The default, unless the client shows otherwise.
    #[default]
    Utf8,
    /// Simplified Chinese, as in Windows (code page 936). Input is decoded as GB18030, which
    /// contains it; output is restricted to what such a terminal can show.
    Gbk,
    /// The same, guessed from the input ([`Charset::or_gbk`]). Output is restricted to GB 2312,
    /// which uses no byte from 0x80 to 0xA0: on a terminal that does not use GBK these are
    /// controls.
    GuessedGbk,
    /// Traditional Chinese.
    Big5,
    /// ISO 8859-1.
    Latin1,
}

/// The byte that the key above Return sends, which deletes the last character; or [`DELETE`].
pub const BACKSPACE: u8 = 0x08;
/// See [`BACKSPACE`].
pub const DELETE: u8 = 0x7f;

/// Replaces a character that a client cannot show.
const UNKNOWN: u8 = b'?';

impl Charset {
    /// All charsets that can be chosen.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Gbk, Self::Big5, Self::Latin1];

    /// Returns the name that people and other programs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gbk | Self::GuessedGbk => "gbk",
            Self::Big5 => "big5",
            Self::Latin1 => "latin1",
        }
    }

    /// Returns the charset called `name`, in any case, if this build supports it.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "gbk" | "gb2312" | "gb18030" | "cp936" => Some(Self::Gbk).filter(|_| HAS_CHINESE),
            "big5" | "cp950" => Some(Self::Big5).filter(|_| HAS_CHINESE),
            "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" => Some(Self::Latin1),
            _ => None,
        }
    }

    /// Returns the language that this charset implies, if any.
    pub fn lang(self) -> Option<Lang> {
        matches!(self, Self::Gbk | Self::GuessedGbk | Self::Big5).then_some(Lang::Zh)
    }

    /// Decodes `bytes` and appends the text; invalid bytes become U+FFFD.
    pub fn decode(self, bytes: &[u8], to: &mut String) {
        match self {
            Self::Utf8 => to.push_str(&String::from_utf8_lossy(bytes)),
            Self::Gbk | Self::GuessedGbk | Self::Big5 => to.push_str(&chinese::decode(self, bytes)),
            Self::Latin1 => to.extend(bytes.iter().map(|&byte| char::from(byte))),
        }
    }

    /// Whether all of `bytes` is valid text.
    pub fn is_text(self, bytes: &[u8]) -> bool {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).is_ok(),
            Self::Gbk | Self::GuessedGbk | Self::Big5 => chinese::is_text(self, bytes),
            Self::Latin1 => true,
        }
    }

    /// Encodes `text` and appends the bytes; what cannot be shown becomes `?`.
    pub fn encode(self, text: &str, to: &mut Vec<u8>) {
        match self {
            Self::Utf8 => to.extend_from_slice(text.as_bytes()),
            Self::Gbk | Self::GuessedGbk | Self::Big5 => chinese::encode(self, text, to),
            // Not windows-1252, as in browsers: its 0x80 to 0x9F are controls on a terminal.
            Self::Latin1 => to.extend(text.chars().map(|c| match u8::try_from(c) {
                Ok(byte) if !(0x80..0xa0).contains(&byte) => byte,
                _ => UNKNOWN,
            })),
        }
    }

    /// Returns the most columns that a terminal of this charset shows `c` in.
    pub fn columns_of(self, c: char) -> usize {
        match (self, c) {
            // Half a flag, and what makes a picture of the character before it: some draw two columns.
            (Self::Utf8, '\u{1f1e6}'..='\u{1f1ff}') => 2,
            (Self::Utf8, '\u{fe0f}') => 1,
            (Self::Utf8, _) => c.width().unwrap_or(0),
            // Those of two bytes are two columns wide, on the terminals that know nothing newer.
            (Self::Gbk | Self::GuessedGbk | Self::Big5, _) => {
                1 + usize::from(chinese::is_double(self, c))
            }
            (Self::Latin1, _) => 1,
        }
    }

    /// Returns what a client shows when it is sent `text`.
    pub fn shown(self, text: String) -> String {
        if self == Self::Utf8 {
            return text;
        }
        let (mut bytes, mut shown) = (Vec::new(), String::new());
        self.encode(&text, &mut bytes);
        self.decode(&bytes, &mut shown);
        shown
    }

    /// Returns this charset; but GBK instead of UTF-8 if `bytes` are not UTF-8, and have at least
    /// `common_min` common characters of GBK in a row.
    pub fn or_gbk(self, bytes: &[u8], common_min: usize) -> Self {
        let is_gbk =
            self == Self::Utf8 && !self.is_text(bytes) && count_common_gbk(bytes) >= common_min;
        if is_gbk { Self::GuessedGbk } else { self }
    }

    /// Returns the length of the first character of `bytes`: one if it is an invalid byte, none if
    /// it is cut short by the end of `bytes`.
    pub fn first_length(self, bytes: &[u8]) -> Option<usize> {
        let (&first, rest) = bytes.split_first()?;
        let length = match self {
            Self::Utf8 => return first_length_utf8(bytes),
            Self::Gbk | Self::GuessedGbk if first > 0x80 => match rest {
                [] | [b'0'..=b'9'] => return None,
                // Otherwise a line end might be taken for the rest of it.
                [b'0'..=b'9', 0x81..=0xff, ..] => 4,
                [0x40..=0xff, ..] => 2,
                _ => 1,
            },
            Self::Big5 if first > 0x80 => match rest.first()? {
                0x40.. => 2,
                _ => 1,
            },
            _ => 1,
        };
        (bytes.len() >= length).then_some(length)
    }

    /// Returns `bytes` without the characters deleted by backspaces: each deletes a character as
    /// people count them, a letter with its marks.
    pub fn rub_out(self, bytes: &[u8]) -> Vec<u8> {
        let (mut left, mut starts, mut text) = (Vec::new(), Vec::new(), String::new());
        let is_erase = |&byte: &u8| matches!(byte, BACKSPACE | DELETE);
        let mut at = 0;
        while at < bytes.len() {
            // No character is longer; one may be deleted before all its bytes have arrived.
            let rest = &bytes[at..bytes.len().min(at + 4)];
            let rest = &rest[..rest.iter().position(is_erase).unwrap_or(rest.len())];
            if rest.is_empty() {
                left.truncate(starts.pop().unwrap_or(0));
                at += 1;
                continue;
            }
            let character = &rest[..self.first_length(rest).unwrap_or(rest.len())];
            text.clear();
            self.decode(character, &mut text);
            if starts.is_empty() || text.chars().any(|c| c.width() != Some(0)) {
                starts.push(left.len());
            }
            left.extend_from_slice(character);
            at += character.len();
        }
        left
    }
}

/// Returns how many common characters of GBK are adjacent in `bytes`, which are not UTF-8, provided
/// all of them may be GBK.
///
/// Common are the 3,755 that GB 2312 puts first, B0 A1 to D7 FE. In Latin-1 those bytes are signs
/// and capitals with accents, of which no language has four in a row; a small letter with an accent
/// (E0 to FF) begins a rare character, and with an ASCII letter behind it a rarer one.
fn count_common_gbk(bytes: &[u8]) -> usize {
    if !Charset::Gbk.is_text(bytes) {
        return 0;
    }
    let (mut rest, mut run, mut most) = (bytes, 0, 0);
    while let Some(length) = Charset::Gbk.first_length(rest) {
        run = if is_common_gbk(&rest[..length]) { run + 1 } else { 0 };
        most = most.max(run);
        rest = &rest[length..];
    }
    most
}

/// Whether `bytes` are the beginning of [`GBK_COMMON_MIN`] common characters.
pub fn may_become_gbk(bytes: &[u8]) -> bool {
    let (pairs, rest) = bytes.as_chunks::<2>();
    HAS_CHINESE
        && pairs.len() < GBK_COMMON_MIN
        && pairs.iter().all(|pair| is_common_gbk(pair))
        && rest.iter().all(|&lead| is_common_gbk(&[lead, 0xa1]))
}

/// With this many common characters of GBK in a row, it is no other charset.
pub const GBK_COMMON_MIN: usize = 2;

fn is_common_gbk(character: &[u8]) -> bool {
    matches!(character, [0xb0..=0xd7, 0xa1..=0xfe])
}

fn first_length_utf8(bytes: &[u8]) -> Option<usize> {
    let chunk = bytes.utf8_chunks().next()?;
    if let Some(first) = chunk.valid().chars().next() {
        return Some(first.len_utf8());
    }
    let invalid = chunk.invalid().len();
    let is_cut = invalid == bytes.len()
        && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
    (!is_cut).then_some(invalid)
}

/// Whether this build supports GBK and Big5.
pub const HAS_CHINESE: bool = cfg!(feature = "charsets");

#[cfg(feature = "charsets")]
mod chinese {
    use std::borrow::Cow;

    use encoding_rs::{BIG5, Encoding, GB18030};

    use super::{Charset, UNKNOWN};

    fn reading(charset: Charset) -> &'static Encoding {
        if charset == Charset::Big5 { BIG5 } else { GB18030 }
    }

    pub fn decode(charset: Charset, bytes: &[u8]) -> Cow<'_, str> {
        reading(charset).decode_without_bom_handling(bytes).0
    }

    pub fn is_text(charset: Charset, bytes: &[u8]) -> bool {
        let text = reading(charset).decode_without_bom_handling_and_without_replacement(bytes);
        text.is_some()
    }

    /// The codes of the characters of one plane of Unicode.
    ///
    /// Stored as runs of consecutive characters: the first character of each, and the position of
    /// its code. A code 0 is none.
    struct Table {
        starts: &'static [u16],
        /// One entry more than `starts`: the last is the end of `codes`.
        places: &'static [u16],
        codes: &'static [u16],
    }

    // encoding_rs would search its tables from the start, up to 7 µs for one character.
    include!(concat!(env!("OUT_DIR"), "/charsets.rs"));

    impl Table {
        fn code(&self, low: u16) -> Option<u16> {
            let run = self.starts.partition_point(|&start| start <= low).checked_sub(1)?;
            let at = usize::from(self.places[run]) + usize::from(low - self.starts[run]);
            let is_in_run = at < usize::from(self.places[run + 1]);
            if is_in_run { Some(self.codes[at]).filter(|&code| code != 0) } else { None }
        }
    }

    fn is_control(byte: &u8) -> bool {
        (0x80..=0xa0).contains(byte)
    }

    pub fn encode(charset: Charset, text: &str, to: &mut Vec<u8>) {
        for c in text.chars() {
            match code(charset, c) {
                [0, byte] => to.push(byte),
                bytes => to.extend_from_slice(&bytes),
            }
        }
    }

    pub fn is_double(charset: Charset, c: char) -> bool {
        code(charset, c)[0] > 0
    }

    /// What is sent for `c`: the second byte alone if the first is 0.
    #[inline(always)]
    fn code(charset: Charset, c: char) -> [u8; 2] {
        let [_, plane, high, low] = u32::from(c).to_be_bytes();
        if c.is_ascii() {
            return [0, low];
        }
        let planes = match charset {
            Charset::Big5 => [&BIG5_TABLE, &BIG5_TABLE_PLANE_2],
            _ => [&GBK_TABLE, &GBK_TABLE_PLANE_2],
        };
        let code = match plane {
            0 => planes[0].code(u16::from_be_bytes([high, low])),
            2 => planes[1].code(u16::from_be_bytes([high, low])),
            _ => None,
        };
        match code.map_or([0, UNKNOWN], u16::to_be_bytes) {
            bytes if charset == Charset::GuessedGbk && bytes.iter().any(is_control) => [0, UNKNOWN],
            bytes => bytes,
        }
    }
}

#[cfg(not(feature = "charsets"))]
mod chinese {
    use std::borrow::Cow;

    use super::Charset;

    pub fn decode(_: Charset, bytes: &[u8]) -> Cow<'_, str> {
        String::from_utf8_lossy(bytes)
    }

    pub fn is_text(_: Charset, _: &[u8]) -> bool {
        false
    }

    pub fn encode(_: Charset, text: &str, to: &mut Vec<u8>) {
        to.extend_from_slice(text.as_bytes());
    }

    pub fn is_double(_: Charset, _: char) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(charset: Charset, bytes: &[u8]) -> String {
        let mut text = String::new();
        charset.decode(bytes, &mut text);
        text
    }

    fn encoded(charset: Charset, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        charset.encode(text, &mut bytes);
        bytes
    }

    #[test]
    #[cfg(feature = "charsets")]
    fn chinese_is_decoded_and_encoded() {
        let (gbk, big5) = (b"\xc4\xe3\xba\xc3", b"\xa7A\xa6n");
        assert_eq!(decoded(Charset::Gbk, gbk), "你好");
        assert_eq!(decoded(Charset::Big5, big5), "你好");
        assert_eq!(encoded(Charset::Gbk, "你好"), gbk);
        assert_eq!(encoded(Charset::Big5, "你好"), big5);
        assert!(Charset::Gbk.is_text(gbk) && !Charset::Gbk.is_text(b"\xc4"));
        let long = "长".repeat(700);
        assert_eq!(decoded(Charset::Gbk, &encoded(Charset::Gbk, &long)), long);
    }

    #[test]
    #[cfg(feature = "charsets")]
    fn every_character_has_the_same_code_as_in_encoding_rs() {
        for c in ('\0'..=char::MAX).filter(|&c| u32::from(c) < 0x3_0000) {
            let text = c.to_string();
            for (charset, encoding) in
                [(Charset::Gbk, encoding_rs::GBK), (Charset::Big5, encoding_rs::BIG5)]
            {
                let (bytes, _, is_unknown) = encoding.encode(&text);
                let bytes = if is_unknown { &b"?"[..] } else { &bytes };
                assert_eq!(encoded(charset, &text), bytes, "{c:?} in {charset:?}");
            }
        }
    }

    #[test]
    #[cfg(feature = "charsets")]
    fn common_chinese_looks_like_gbk_and_latin1_does_not() {
        let chinese = "你好 小明 大家好 是的 我们在这里 谢谢! 在吗？ ok，没问题 测试123 不是，他没来 \
            今天天气不错 中国 上海 北京 再见 哈哈哈 名字 什么？ 可以 知道了";
        for text in chinese.split_whitespace() {
            let common = count_common_gbk(&encoded(Charset::Gbk, text));
            assert!(common >= GBK_COMMON_MIN, "{text}");
        }
        let latin = "Andrés señor Müller créée Noël Zoë naïve façade größer ÄÖÜ INFORMAÇÃO AÇÕES \
            Å ÅÄÖ ¿Qué? ¡Olé! niño Ángel «Été» 25°C ½ É ÀÉ Þórður Ægir æøå ÆØÅ mañana père œ ÁÉÍÓÚ";
        for text in latin.split_whitespace().chain([latin]) {
            let common = count_common_gbk(&encoded(Charset::Latin1, text));
            assert!(common < GBK_COMMON_MIN, "{text}");
        }
    }

    #[test]
    #[cfg(feature = "charsets")]
    fn a_guess_sends_no_controls() {
        for c in '\0'..=char::MAX {
            let bytes = encoded(Charset::GuessedGbk, &c.to_string());
            assert!(!bytes.iter().any(|byte| (0x80..0xa0).contains(byte)), "{c:?}");
            assert!(bytes == b"?" || bytes == encoded(Charset::Gbk, &c.to_string()), "{c:?}");
        }
        assert_eq!(encoded(Charset::GuessedGbk, "汮汬汚€ 你好"), b"???? \xc4\xe3\xba\xc3");
    }

    #[test]
    fn unsupported_characters_become_question_marks() {
        assert_eq!(encoded(Charset::Latin1, "é你\u{9b}ÿ"), b"\xe9??\xff");
        if HAS_CHINESE {
            assert_eq!(encoded(Charset::Gbk, "a😀b"), b"a?b");
            assert_eq!(encoded(Charset::Big5, "龙\u{f8ff}x"), b"??x");
        }
        assert_eq!(decoded(Charset::Utf8, b"a\xffb"), "a\u{fffd}b");
    }

    #[test]
    fn one_character_is_found_and_deleted() {
        for (charset, bytes, first, left) in [
            (Charset::Utf8, "a你".as_bytes(), Some(1), 1),
            (Charset::Utf8, "你好".as_bytes(), Some(3), 3),
            (Charset::Utf8, "ae\u{301}".as_bytes(), Some(1), 1),
            (Charset::Utf8, b"\xe4\xbd", None, 0),
            (Charset::Utf8, b"\xc4\xe3", Some(1), 1),
            (Charset::Utf8, b"a\xff", Some(1), 1),
            (Charset::Gbk, b"\xc4\xe3\xba\xc3", Some(2), 2),
            (Charset::Gbk, b"a\xc4", Some(1), 1),
            (Charset::Gbk, b"\xc4", None, 0),
            (Charset::Gbk, b"\x810\x810", Some(4), 0),
            (Charset::Gbk, b"\x810\x81", None, 0),
            (Charset::Gbk, b"\x810\r\n", Some(1), 3),
            (Charset::Big5, b"\xa7A\xa6n", Some(2), 2),
            (Charset::Latin1, b"\xe9\xe8", Some(1), 1),
            (Charset::Utf8, b"", None, 0),
        ] {
            if HAS_CHINESE || matches!(charset, Charset::Utf8 | Charset::Latin1) {
                assert_eq!(charset.first_length(bytes), first, "{charset:?} {bytes:?}");
                for erase in [BACKSPACE, DELETE] {
                    let erased = charset.rub_out(&[bytes, &[erase]].concat());
                    assert_eq!(erased, bytes[..left], "{charset:?} {bytes:?}");
                }
            }
        }
    }

    #[test]
    fn a_name_finds_its_charset() {
        assert_eq!(Charset::of_name("UTF-8"), Some(Charset::Utf8));
        assert_eq!(Charset::of_name("klingon"), None);
        for charset in Charset::ALL {
            let is_there = HAS_CHINESE || matches!(charset, Charset::Utf8 | Charset::Latin1);
            assert_eq!(Charset::of_name(charset.as_str()), Some(charset).filter(|_| is_there));
        }
    }
}
