//! The article's protocol, for a server that speaks nothing else: decodes its reads into messages.
//!
//! The article's server does no framing: a read is one message, or several where a stamp begins
//! within it. (So text that looks like a stamp seems to begin another line. The two cannot be
//! distinguished.)

use crate::client::core::message::{At, Body, Message, clean};

/// Decodes the bytes of one connection into messages.
#[derive(Default)]
pub struct Decoder {
    /// The beginning of a character that a read cut in two.
    begun: Vec<u8>,
}

/// `[`, the stamp, `] `.
const STAMP: &[u8] = b"[0000-00-00 00:00:00] ";

impl Decoder {
    /// Returns the messages in `read`, each without line ends and safe to show; none is empty.
    pub fn lines(&mut self, read: &[u8]) -> Vec<String> {
        let mut message = std::mem::take(&mut self.begun);
        message.extend_from_slice(read);
        let invalid = message.utf8_chunks().last().map_or(0, |chunk| chunk.invalid().len());
        let end = message.len() - invalid;
        if str::from_utf8(&message[end..]).is_err_and(|error| error.error_len().is_none()) {
            self.begun = message.split_off(end);
        }
        let starts = memchr::memchr_iter(b'[', &message).filter(|&at| has_stamp(&message[at..]));
        let ends: Vec<usize> = starts.filter(|&at| at > 0).chain([message.len()]).collect();
        let mut lines = Vec::new();
        let mut from = 0;
        for end in ends {
            let parts = message[from..end].split(|&byte| byte == b'\n');
            lines.extend(parts.map(|line| clean(&String::from_utf8_lossy(line))));
            from = end;
        }
        lines.retain(|line| !line.trim().is_empty());
        lines
    }
}

/// Parses `line` as a message.
pub fn message(line: &str) -> Message {
    if !has_stamp(line.as_bytes()) {
        return Message::now(Body::Plain(line.into()));
    }
    let (stamp, rest) = line.split_at(STAMP.len());
    let body = match rest.split_once(':') {
        Some(("系统" | "system", _)) => Body::System(rest.into()),
        Some((name, text)) if !name.is_empty() && !name.contains(' ') => {
            Body::Said { name: name.into(), text: text.into() }
        }
        _ => Body::Plain(rest.into()),
    };
    let at = At::Clock(stamp[1..STAMP.len() - 2].into());
    Message { at, body, is_earlier: false }
}

/// Returns the system's words in `line`, after any stamp, if it is a message of the system.
pub fn words(line: &str) -> Option<&str> {
    let from = |mark: &str| line.split_once(mark).map(|(_, words)| words.trim_start());
    from("系统:").or_else(|| from("system:"))
}

fn has_stamp(bytes: &[u8]) -> bool {
    bytes.len() >= STAMP.len()
        && bytes.iter().zip(STAMP).all(|(&byte, &form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(reads: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let lines = reads.iter().flat_map(|read| decoder.lines(read));
        lines.map(|line| line.replace("[2026-11-23 09:11:38]", "[T]")).collect()
    }

    #[test]
    fn without_line_ends_a_read_is_a_message_or_several() {
        let said = "[2026-11-23 09:11:38] a:大家好[2026-11-23 09:11:38] b:x [y][2026-11".as_bytes();
        assert_eq!(lines(&[b"OK", said]), ["OK", "[T] a:大家好", "[T] b:x [y][2026-11"]);
        assert_eq!(lines(&[b"[2026-11-23 09:11:38] a:one\ntwo\r\n"]), ["[T] a:one", "two"]);
    }

    #[test]
    fn a_character_split_over_two_reads_is_one() {
        let message = "[2026-11-23 09:11:38] a:大🦀é".as_bytes();
        for cut in 22..message.len() {
            let (before, after) = message.split_at(cut);
            assert_eq!(lines(&[before, after]).concat(), "[T] a:大🦀é", "cut at {cut}");
        }
        assert_eq!(lines(&[b"a\xffb", b"\xe5"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn control_characters_are_removed() {
        assert_eq!(lines(&[b"\x1b[2J\x07b\x9b"]), ["[2Jb\u{fffd}"]);
    }

    #[test]
    fn a_line_has_a_stamp_and_a_body() {
        let at = || At::Clock("2026-11-23 09:11:38".into());
        let said = |name: &str, text: &str| Body::Said { name: name.into(), text: text.into() };
        for (line, body) in [
            ("小明:大家好", said("小明", "大家好")),
            ("a:b:c d", said("a", "b:c d")),
            ("a:", said("a", "")),
            ("系统:a加入了聊天", Body::System("系统:a加入了聊天".into())),
            ("no name at all: really", Body::Plain("no name at all: really".into())),
            (":x", Body::Plain(":x".into())),
        ] {
            let message = message(&format!("[2026-11-23 09:11:38] {line}"));
            assert_eq!((message.at, message.body), (at(), body), "{line}");
        }
        for line in ["a:b", "[2026-11-23 09:11] a:b", "[二零二六年十一月] a:b"] {
            assert_eq!(message(line), Message::now(Body::Plain(line.into())));
        }
    }
}
