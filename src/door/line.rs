//! Splits a stream of bytes into lines, in bounded memory.

use crate::door::iac::{Commands, IAC, Step};
use crate::door::notice::Notice;

/// A decoded piece of input.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// A line longer than the limit has ended; its bytes were dropped.
    TooLong,
    /// The peer is not a chat client; this notice is for it.
    Stray(Notice<'static>),
    /// Complete the name before the cursor.
    Complete,
}

/// Collects the bytes of a line until it ends.
///
/// A line ends in `\n`, `\r\n` or `\r\0` (RFC 854: a telnet client's Return). Telnet commands are
/// removed everywhere. A line longer than the limit is discarded to its end.
#[derive(Default)]
pub struct LineBuffer {
    line: Vec<u8>,
    /// The number of bytes since the last line end, kept or not.
    unterminated: u32,
    commands: Commands,
    /// The line is longer than its limit; its bytes are dropped up to its end.
    too_long: bool,
    end: End,
}

/// How much of a line end has been received.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    None,
    /// After `\r`: if the next byte completes no line end, the `\r` belongs to the line.
    Return,
    /// Complete: `line` has been returned and has to be emptied.
    Whole,
}

impl LineBuffer {
    /// Whether no part of an unfinished line is held or was dropped.
    pub fn is_empty(&self) -> bool {
        let has_line = self.end != End::Whole && (!self.line.is_empty() || self.too_long);
        self.commands.is_text() && self.end != End::Return && !has_line
    }

    /// Returns the number of bytes since the last line end.
    pub fn unterminated_bytes(&self) -> usize {
        self.unterminated as usize
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.line.capacity()
    }

    /// Searches `input` for the next line end; returns the number of bytes consumed as well, which
    /// is all of them if there is none.
    pub fn next<'a>(&'a mut self, input: &'a [u8], bytes_max: usize) -> (usize, Option<Piece<'a>>) {
        self.release();
        let mut at = 0;
        while at < input.len() {
            if self.commands.is_text() && self.end != End::Return {
                let run = &input[at..];
                let end = memchr::memchr3(b'\n', b'\r', IAC, run).unwrap_or(run.len());
                let is_whole = self.line.is_empty() && !self.too_long && end <= bytes_max;
                if let Some(length) = line_end(&run[end..]).filter(|_| is_whole) {
                    // The usual case: the whole line is in the input and is not copied.
                    self.unterminated = 0;
                    return (at + end + length, Some(Piece::Line(&run[..end])));
                }
                self.keep(&run[..end], bytes_max);
                at += end;
            }
            let Some(&byte) = input.get(at) else { break };
            if self.end == End::Return && !matches!(byte, b'\n' | 0) {
                // Only now is it known that the `\r` ends no line; it was counted when it was
                // received.
                self.end = End::None;
                self.keep(b"\r", bytes_max);
                self.unterminated -= 1;
                continue;
            }
            at += 1;
            self.unterminated = self.unterminated.saturating_add(1);
            self.step(byte, bytes_max);
            if self.end == End::Whole {
                self.unterminated = 0;
                return (at, Some(self.whole()));
            }
        }
        (at, None)
    }

    /// Returns the unterminated line, if there is one: nothing more will be received.
    pub fn finish(&mut self) -> Option<Piece<'_>> {
        self.release();
        self.unterminated = 0;
        self.end = End::None;
        if self.line.is_empty() && !self.too_long {
            return None;
        }
        self.end = End::Whole;
        Some(self.whole())
    }

    /// Frees the buffer of the line that was returned last, once it is no longer used: an idle
    /// connection holds no buffer.
    pub fn release(&mut self) {
        if self.end == End::Whole {
            self.line = Vec::new();
            (self.end, self.too_long) = (End::None, false);
        }
    }

    fn whole(&self) -> Piece<'_> {
        if self.too_long { Piece::TooLong } else { Piece::Line(&self.line) }
    }

    /// Processes one byte that is not plain text, or follows one.
    fn step(&mut self, byte: u8, bytes_max: usize) {
        match self.commands.step(byte) {
            Step::Text(IAC) => {
                self.keep(&[IAC], bytes_max);
                self.unterminated -= 1;
            }
            Step::Text(b'\r') if self.end == End::None => self.end = End::Return,
            // `\n`, or the byte after a `\r`: other text is processed in runs.
            Step::Text(_) => self.end = End::Whole,
            _ => {}
        }
    }

    fn keep(&mut self, bytes: &[u8], bytes_max: usize) {
        let count = u32::try_from(bytes.len()).expect("a read is far below 4 GiB");
        self.unterminated = self.unterminated.saturating_add(count);
        if self.too_long || self.line.len() + bytes.len() > bytes_max {
            self.too_long = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }
}

/// Returns the length of the complete line end at the start of `bytes`, if there is one.
fn line_end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n' | 0, ..] => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 16;

    /// Decodes `input`, received in the given parts, into lines; too long ones become "!".
    fn lines<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut buffer = LineBuffer::default();
        let mut lines = Vec::new();
        let shown = |piece: Piece<'_>| match piece {
            Piece::Line(line) => format!("<{}>", line.escape_ascii()),
            Piece::TooLong => "!".to_string(),
            other => panic!("not at this door: {other:?}"),
        };
        for mut part in parts {
            while let (taken, Some(piece)) = buffer.next(part, MAX) {
                lines.push(shown(piece));
                part = &part[taken..];
            }
            assert!(buffer.held_bytes() <= 2 * MAX, "memory is bounded");
        }
        lines.extend(buffer.finish().map(shown));
        lines
    }

    const STREAM: &[u8] = b"one\ntwo\r\nthree\r\0\n\r\nlone\rreturn\n\
        \xff\xfb\x18I\xff\xfa\x18\x00xterm\xff\xff\n\xff\xf0AC\n\
        \xff\xffesc\n\xff\xf4break\n\
        exactly sixteen.\nseventeen bytes!!\nfar far far too long a line\r\n\
        end\r\r\nunter\xff\xf1minated";

    const LINES: [&str; 14] = [
        "<one>",
        "<two>",
        "<three>",
        "<>",
        "<>",
        "<lone\\rreturn>",
        "<IAC>",
        "<\\xffesc>",
        "<break>",
        "<exactly sixteen.>",
        "!",
        "!",
        "<end\\r>",
        "<unterminated>",
    ];

    #[test]
    fn lines_are_the_same_at_every_split_point() {
        assert_eq!(lines([STREAM]), LINES);
        assert_eq!(lines(STREAM.chunks(1)), LINES);
        for size in 2..STREAM.len() {
            assert_eq!(lines(STREAM.chunks(size)), LINES, "in chunks of {size}");
        }
        for cut in 0..STREAM.len() {
            let (before, after) = STREAM.split_at(cut);
            assert_eq!(lines([before, after]), LINES, "cut at {cut}");
        }
    }

    #[test]
    fn a_connection_takes_little_memory() {
        assert!(size_of::<LineBuffer>() <= 32, "{}", size_of::<LineBuffer>());
    }

    #[test]
    fn an_idle_connection_holds_no_buffer() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.next(b"in two ", MAX), (7, None));
        assert!(buffer.held_bytes() > 0);
        assert_eq!(buffer.next(b"parts\r\n", MAX).1, Some(Piece::Line(b"in two parts")));
        buffer.release();
        assert_eq!(buffer.held_bytes(), 0);
        assert_eq!(buffer.next(b"in one\r\n", MAX).1, Some(Piece::Line(b"in one")));
        assert_eq!(buffer.held_bytes(), 0);
    }

    #[test]
    fn an_endless_line_is_counted_and_not_kept() {
        let mut buffer = LineBuffer::default();
        for kind in [b"x".as_slice(), b"\xff\xfa", b"\r", b"\xff\xff", b"\xff\xf1"] {
            let before = buffer.unterminated_bytes();
            let input = kind.repeat(5_000);
            assert_eq!(buffer.next(&input, MAX), (input.len(), None));
            assert!(buffer.unterminated_bytes() + 1 >= before + input.len(), "{kind:?}");
            assert!(buffer.held_bytes() <= 2 * MAX);
        }
    }
}
