//! Encodes and decodes a line of the log: five columns, separated by tabs.

use crate::chat::kept::{Kept, Kind};
use crate::clock::Stamp;
use crate::limits::{LINE_BYTES_MAX, NICK_BYTES_MAX};
use crate::text::is_clean;

/// The longest line, without its end: time, room, kind, name and text.
pub const BYTES_MAX: usize = 24 + NICK_BYTES_MAX + 16 + NICK_BYTES_MAX + LINE_BYTES_MAX + 4;
/// The content of the columns room and name if there is none.
const NONE: &str = "-";

/// Appends `kept` as a line.
pub fn encode(kept: &Kept<'_>, to: &mut Vec<u8>) {
    to.extend_from_slice(&kept.at.rfc3339());
    for column in [or_none(kept.room), kept.kind.as_str(), or_none(kept.name)] {
        to.push(b'\t');
        to.extend_from_slice(column.as_bytes());
    }
    to.push(b'\t');
    let from = to.len();
    to.extend_from_slice(kept.text.as_bytes());
    // Texts of users are clean already. No other text must become more than one line either.
    while let Some(at) = memchr::memchr3(b'\t', b'\n', b'\r', &to[from..]) {
        to[from + at] = b' ';
    }
    to.push(b'\n');
}

/// Decodes `line`, without its line end; none if it is damaged.
pub fn decode(line: &[u8]) -> Option<Kept<'_>> {
    if line.len() > BYTES_MAX {
        return None;
    }
    let line = str::from_utf8(line).ok()?;
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    let [at, room, kind, name, text] = [next()?, next()?, next()?, next()?, next()?];
    let kind = *Kind::ALL.iter().find(|known| known.as_str() == kind)?;
    let is_name = |name: &str| (1..=NICK_BYTES_MAX).contains(&name.len()) && is_clean(name);
    let is_right = columns.next().is_none() && is_name(room) && is_name(name) && is_clean(text);
    // Which kinds have a room, and which have a name.
    let is_nowhere = matches!(kind, Kind::Start | Kind::Stop | Kind::Gap | Kind::Mark);
    let is_nobodys = is_nowhere || kind == Kind::Has;
    if !is_right || is_nowhere != (room == NONE) || is_nobodys != (name == NONE) {
        return None;
    }
    let some = |name| if name == NONE { "" } else { name };
    Some(Kept { at: Stamp::parse(at)?, room: some(room), kind, name: some(name), text })
}

fn or_none(column: &str) -> &str {
    if column.is_empty() { NONE } else { column }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    const AT: Stamp = Stamp { unix_ms: 1_795_507_300_042 };

    fn line(kept: &Kept<'_>) -> String {
        let mut bytes = Vec::new();
        encode(kept, &mut bytes);
        String::from_utf8(bytes).expect("it is text")
    }

    #[test]
    fn a_line_has_five_columns() {
        let kept =
            Kept { at: AT, room: "lobby", kind: Kind::Said, name: "小明", text: "你好 -- \\t" };
        assert_eq!(line(&kept), "2026-11-24T08:01:40.042Z\tlobby\tsaid\t小明\t你好 -- \\t\n");
        let kept = Kept { at: AT, room: "", kind: Kind::Mark, name: "", text: "1 2" };
        assert_eq!(line(&kept), "2026-11-24T08:01:40.042Z\t-\tmark\t-\t1 2\n");
        let kept = Kept { at: AT, room: "tea", kind: Kind::Left, name: "-_-", text: "" };
        assert_eq!(line(&kept), "2026-11-24T08:01:40.042Z\ttea\tleft\t-_-\t\n");
        let kept = Kept { text: "a\tb\nc\r\n", ..kept };
        assert_eq!(line(&kept).matches('\t').count(), 4);
        assert_eq!(line(&kept).lines().count(), 1);
    }

    /// Reading back is exact, whatever was said: seeded, replayed by the number that fails.
    #[test]
    fn what_is_written_is_read_back() {
        for seed in 0..20_000 {
            let mut dice = Rng::with_seed(seed);
            let mut word = |count_max: usize| {
                let mut text = String::new();
                let any = (0..dice.usize(1..=count_max)).map(|_| match dice.u8(..4) {
                    0 => dice.char(' '..='~'),
                    1 => dice.char('一'..='十'),
                    2 => dice.char('\u{1f300}'..='\u{1f5ff}'),
                    _ => dice.char(..),
                });
                crate::text::clean(any.collect::<String>().as_bytes(), &mut text);
                text
            };
            let (room, name, text) = (word(12), word(12), word(400));
            let kind = Kind::ALL[dice.usize(..6)];
            let at = Stamp { unix_ms: dice.u64(..253_402_300_800_000) };
            let is_name = |name: &str| !name.is_empty() && name != "-";
            let kept = Kept { at, room: &room, kind, name: &name, text: &text };
            let line = line(&kept);
            let line = line.strip_suffix('\n').expect("it ends");
            if is_name(&room) && is_name(&name) {
                assert_eq!(decode(line.as_bytes()), Some(kept), "seed {seed}");
            }
            // A piece of it is no line, or says less and nothing else.
            let cut = &line.as_bytes()[..dice.usize(..line.len())];
            if let Some(part) = decode(cut) {
                assert!(text.starts_with(part.text) && part.name == name, "seed {seed}");
            }
            let mut damaged = line.as_bytes().to_vec();
            let place = dice.usize(..24);
            damaged[place] ^= 1 << dice.u8(..8);
            assert_ne!(decode(&damaged), Some(kept), "seed {seed}");
        }
    }

    #[test]
    fn damage_is_seen() {
        let good = "2026-11-24T08:01:40.042Z\tlobby\tsaid\tbob\thi";
        assert!(decode(good.as_bytes()).is_some());
        for bad in [
            "",
            "hello",
            "2026-11-24T08:01:40.042Z\tlobby\tsaid\tbob",
            "2026-11-24T08:01:40.042Z\tlobby\tsaid\tbob\thi\t",
            "2026-11-24T08:01:40.042Z\tlobby\tsaid\t-\thi",
            "2026-11-24T08:01:40.042Z\t-\tsaid\tbob\thi",
            "2026-11-24T08:01:40.042Z\tlobby\tmark\t-\t1 2",
            "2026-11-24T08:01:40.042Z\tlobby\tsays\tbob\thi",
            "2026-11-24T08:01:40.042Z\tlobby\tsaid\tbob\th\0i",
            "2026-11-24T08:01:40.042Z\tlobby\tsaid\tbob\th\u{202e}i",
            "2026-13-24T08:01:40.042Z\tlobby\tsaid\tbob\thi",
            "2026-02-29T08:01:40.042Z\tlobby\tsaid\tbob\thi",
            "2026-11-24T24:01:40.042Z\tlobby\tsaid\tbob\thi",
            "2026-11-24 08:01:40.042Z\tlobby\tsaid\tbob\thi",
            "2026-11-24T08:01:40.042+\tlobby\tsaid\tbob\thi",
        ] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad:?}");
        }
        let long = |bytes| good.replace("bob", &"b".repeat(bytes));
        assert!(decode(long(NICK_BYTES_MAX).as_bytes()).is_some());
        assert_eq!(decode(long(NICK_BYTES_MAX + 1).as_bytes()), None);
        let long = |bytes| format!("{good}{}", "x".repeat(bytes));
        assert!(decode(long(LINE_BYTES_MAX - 2).as_bytes()).is_some());
        assert_eq!(decode(long(BYTES_MAX).as_bytes()), None);
        assert_eq!(decode(&[good.as_bytes(), b"\xff"].concat()), None);
    }
}
