//! Decodes the bytes of one connection, in the protocol that the server turns out to speak.

use crate::client::core::article;
use crate::client::core::bounds::RECEIVED_LINE_BYTES_MAX;
use crate::client::core::message::clean;

/// The beginning of the server's answer to the request.
const HELLO: &[u8] = b"{\"type\":\"hello\"";
/// Requests JSON lines.
pub const ASK: &[u8] = b"json -p\n";

/// The protocol of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Not known yet.
    #[default]
    Unknown,
    /// JSON lines.
    Json,
    /// The article's protocol, apparently: the server may still send `hello`.
    Article,
}

/// A decoded piece of input.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A line that may be an object.
    Object(Vec<u8>),
    /// A message that is text, safe to show.
    Text(String),
}

/// The decoder of one connection.
#[derive(Default)]
pub struct Wire {
    protocol: Protocol,
    /// The unfinished line; in the article's protocol, the bytes since the last search for a
    /// `hello`.
    line: Vec<u8>,
    /// The line is longer than any that matters: its rest is dropped.
    is_overlong: bool,
    article: article::Decoder,
    /// The user has entered at the article's server: its text includes that of other users, so a
    /// `hello` may be theirs.
    is_certain: bool,
}

impl Wire {
    /// Returns the protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Notes that the server has not sent `hello` in time.
    pub fn take_for_article(&mut self) {
        self.protocol = Protocol::Article;
    }

    /// Notes that the article's server has let the user in.
    pub fn be_certain(&mut self) {
        self.is_certain = true;
        self.line = Vec::new();
    }

    /// Decodes `read`, the bytes of one read, and appends to `pieces`.
    pub fn decode(&mut self, read: &[u8], pieces: &mut Vec<Piece>) {
        if self.protocol == Protocol::Article {
            pieces.extend(self.article.lines(read).into_iter().map(Piece::Text));
            if self.is_certain {
                return;
            }
        }
        for part in read.split_inclusive(|&byte| byte == b'\n') {
            self.is_overlong |= self.line.len() + part.len() > RECEIVED_LINE_BYTES_MAX;
            if self.is_overlong {
                self.line.clear();
            } else {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if !std::mem::take(&mut self.is_overlong) {
                    self.end_line(line, pieces);
                }
            }
        }
    }

    fn end_line(&mut self, line: Vec<u8>, pieces: &mut Vec<Piece>) {
        if line.starts_with(HELLO) {
            self.protocol = Protocol::Json;
        }
        match self.protocol {
            Protocol::Json => pieces.push(Piece::Object(line)),
            Protocol::Unknown => {
                let text = clean(&String::from_utf8_lossy(&line));
                if !text.trim().is_empty() {
                    pieces.push(Piece::Text(text));
                }
            }
            Protocol::Article => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: &[u8] =
        b"\xff\xfb\x01\r\0\x1b[Knatter\r\nname: \n{\"type\":\"hello\",\"a\":1}\n\
        {\"type\":\"said\"}\n{\"type";

    fn told(reads: &[&[u8]]) -> Vec<Piece> {
        let (mut wire, mut pieces) = (Wire::default(), Vec::new());
        reads.iter().for_each(|read| wire.decode(read, &mut pieces));
        pieces.retain(|piece| matches!(piece, Piece::Object(_)));
        pieces
    }

    #[test]
    fn data_before_hello_is_no_object_at_every_split_point() {
        let objects = ["{\"type\":\"hello\",\"a\":1}\n", "{\"type\":\"said\"}\n"];
        let objects = objects.map(|line| Piece::Object(line.into()));
        for cut in 0..GREETING.len() {
            let (before, after) = GREETING.split_at(cut);
            assert_eq!(told(&[before, after]), objects, "cut at {cut}");
        }
    }

    #[test]
    fn a_late_hello_counts_until_another_user_could_have_written_it() {
        for is_certain in [false, true] {
            let (mut wire, mut pieces) = (Wire::default(), Vec::new());
            wire.take_for_article();
            if is_certain {
                wire.be_certain();
            }
            wire.decode(b"[2026-11-23 09:11:38] a:b\n{\"type\":\"hello\"}\n", &mut pieces);
            let wanted = if is_certain { Protocol::Article } else { Protocol::Json };
            assert_eq!(wire.protocol(), wanted);
        }
    }

    #[test]
    fn a_line_is_bounded() {
        let long = "x".repeat(RECEIVED_LINE_BYTES_MAX);
        let lines = format!("\n{{\"type\":\"hello\"}}\n{long}\n{{}}\n");
        assert_eq!(told(&[lines.as_bytes()]).len(), 2);
        let mut wire = Wire::default();
        (0..10).for_each(|_| wire.decode(long.as_bytes(), &mut Vec::new()));
        assert!(wire.line.len() <= RECEIVED_LINE_BYTES_MAX);
    }
}
