//! Portions for an unframed client: a whole number of lines that fits one of its reads.

use crate::limits::{REPLY_BEFORE_NAME_BYTES, UNFRAMED_READ_BYTES};

/// The line end for clients that send lines.
pub const LINE_END: &[u8] = b"\r\n";
/// Marks the rest of a line that was too long for one read of the client: it must not pass for a
/// line, or for a word.
pub const CONTINUED: &[u8] = "… ".as_bytes();

/// The bytes to send next to an unframed client, so that one of its reads gets whole lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The number of bytes to send.
    pub send: usize,
    /// The number of bytes to drop after them: the last line end, because the client's `print` adds
    /// one.
    pub omit: usize,
    /// Whether it is a word that the client compares with a whole read.
    pub is_word: bool,
}

impl Portion {
    /// Returns the first portion of `pending`, which is not empty and starts a line, for a client
    /// that has or has not entered a room.
    pub fn first_of(pending: &[u8], has_entered: bool) -> Self {
        let bytes_max = if has_entered { UNFRAMED_READ_BYTES } else { REPLY_BEFORE_NAME_BYTES };
        let mut send = 0;
        let mut omit = 0;
        for line in pending.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(LINE_END).unwrap_or(line);
            let is_word = matches!(text, b"OK" | b"exit");
            if is_word && send == 0 {
                return Self { send: text.len(), omit: line.len() - text.len(), is_word };
            }
            if is_word || send + omit + text.len() > bytes_max {
                break;
            }
            send += omit + text.len();
            omit = line.len() - text.len();
        }
        if send == 0 {
            // A single line is longer than a read: it is cut between two characters.
            send = clipped(pending, bytes_max.min(pending.len()));
        }
        Self { send, omit, is_word: false }
    }
}

/// Returns the greatest length, up to `length`, at which `bytes` is not cut within a character.
pub(super) fn clipped(bytes: &[u8], length: usize) -> usize {
    let continues = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (1..=length).rev().find(|&at| !continues(at)).unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_whole_lines_that_fit_one_read() {
        let line = |text: &str| Portion { send: text.len(), omit: 2, is_word: false };
        assert_eq!(Portion::first_of("一行\r\n".as_bytes(), true), line("一行"));
        assert_eq!(Portion::first_of(b"one\r\ntwo\r\n", true), line("one\r\ntwo"));
        assert_eq!(Portion::first_of(b"one\r\nOK\r\ntwo\r\n", true), line("one"));
        assert_eq!(
            Portion::first_of(b"OK\r\ntwo\r\n", true),
            Portion { send: 2, omit: 2, is_word: true }
        );
        assert_eq!(
            Portion::first_of(b"exit\r\n", true),
            Portion { send: 4, omit: 2, is_word: true }
        );
        let long = "x".repeat(600) + "\r\n";
        assert_eq!(Portion::first_of(long.repeat(2).as_bytes(), true), line(&"x".repeat(600)));
        let wide = "说".repeat(400) + "\r\n";
        let cut = Portion { send: 1023, omit: 0, is_word: false };
        assert_eq!(Portion::first_of(wide.as_bytes(), true), cut);
        assert_eq!(Portion::first_of(wide.as_bytes(), false), Portion { send: 126, ..cut });
    }
}
