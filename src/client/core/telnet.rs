//! What natter's telnet door sends, as lines and prompts; its offers are not answered.
//!
//! A line begins with CR NUL, which takes it over the prompt, and ESC [ K, which clears that. A
//! prompt that nothing but this stands before is the answer to a name that was taken. In the lobby
//! the prompt is `> `, in another room `ROOM> `.

use std::mem;

use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::bounds::HEARD_BYTES_MAX;
use crate::door::iac::{Commands, Step};
use crate::door::lang::Lang;
use crate::door::telnet::encode::PROMPT;
use crate::limits::NICK_BYTES_MAX;

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A line, without what surrounds it.
    Line(Vec<u8>),
    /// A prompt for what is to be said, and no line before it.
    Ready,
    /// A prompt for a name.
    Name,
    /// The prompt is that of another room than the last one; the first one is the lobby's.
    Room(String),
}

/// Bytes to pieces, in bounded memory.
#[derive(Default)]
pub struct Rows {
    commands: Commands,
    /// The row so far.
    row: Vec<u8>,
    /// The row was begun by CR NUL.
    is_begun_anew: bool,
    /// The row is a prompt that has been told of.
    is_told: bool,
    /// The room of the last prompt, unless it is the lobby.
    room: String,
}

impl Rows {
    /// Appends what `read` tells to `pieces`.
    pub fn take(&mut self, read: &[u8], pieces: &mut Vec<Piece>) {
        for &byte in read {
            if let Step::Text(byte) = self.commands.step(byte) {
                self.text(byte, pieces);
            }
        }
        self.prompt(pieces);
    }

    fn text(&mut self, byte: u8, pieces: &mut Vec<Piece>) {
        match byte {
            0 if self.row.ends_with(b"\r") => {
                self.row.pop();
                self.prompt(pieces);
                self.begin(true);
            }
            b'\n' => {
                let row = self.row.strip_suffix(b"\r").unwrap_or(&self.row);
                let line = row.strip_prefix(CLEAR).unwrap_or(row);
                pieces.push(Piece::Line(line.to_vec()));
                self.begin(false);
            }
            _ if self.row.len() < HEARD_BYTES_MAX => self.row.push(byte),
            _ => {}
        }
    }

    fn begin(&mut self, is_begun_anew: bool) {
        self.row = Vec::new();
        (self.is_begun_anew, self.is_told) = (is_begun_anew, false);
    }

    /// Tells of the prompt that the row is, once.
    fn prompt(&mut self, pieces: &mut Vec<Piece>) {
        let row = self.row.strip_prefix(CLEAR).unwrap_or(&self.row);
        let asks_for_name = |lang: Lang| row == lang.prompt_for_name().as_bytes();
        if [Lang::En, Lang::Zh].into_iter().any(asks_for_name) {
            if !mem::replace(&mut self.is_told, true) {
                pieces.push(Piece::Name);
            }
            return;
        }
        let Some(room) = room_of(row).filter(|_| !self.is_told) else { return };
        let moved = (room != self.room).then(|| room.to_string());
        self.is_told = true;
        if self.is_begun_anew {
            pieces.push(Piece::Ready);
        }
        if let Some(room) = moved {
            let shown = if room.is_empty() { LOBBY_NAME.into() } else { room.clone() };
            pieces.push(Piece::Room(shown));
            self.room = room;
        }
    }
}

/// The room that `row` is the prompt of, empty for the lobby. Every line has something behind its
/// first word that no name has, so a line that has only begun to arrive is not taken for a prompt.
fn room_of(row: &[u8]) -> Option<&str> {
    let room = std::str::from_utf8(row.strip_suffix(PROMPT.as_bytes())?).ok()?;
    let is_inside_name = |c: char| !c.is_control() && !" :[*>".contains(c);
    (room.len() <= NICK_BYTES_MAX && room.chars().all(is_inside_name)).then_some(room)
}

const CLEAR: &[u8] = b"\x1b[K";

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"\xff\xfb\x01\r\0\x1b[Knatter \xff\xfa\x18\x01\xff\xf0here\r\nname: \
        \r\0\x1b[Kthat name is taken\r\nname: \r\0\x1b[K> \r\0\x1b[K[09:11] a: b> c\r\n> \
        \r\0[09:12] > \r\n> \r\0\x1b[Ksystem: you are in \xe8\x8c\xb6, 2 here\r\n\xe8\x8c\xb6> \
        \r\0\x1b[K\xe8\x8c\xb6> \r\0a: b> \r\n\xe8\x8c\xb6> \r\0\x1b[K> ";

    fn pieces<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut rows, mut pieces) = (Rows::default(), Vec::new());
        parts.into_iter().for_each(|part| rows.take(part, &mut pieces));
        let shown = |piece| match piece {
            Piece::Line(line) => String::from_utf8(line).expect("it is UTF-8"),
            Piece::Ready => "<ready>".into(),
            Piece::Name => "<name>".into(),
            Piece::Room(room) => format!("<in {room}>"),
        };
        pieces.into_iter().map(shown).collect()
    }

    #[test]
    fn pieces_are_the_same_at_every_split_point() {
        let wanted = [
            "natter here",
            "<name>",
            "that name is taken",
            "<name>",
            "<ready>",
            "[09:11] a: b> c",
            "[09:12] > ",
            "system: you are in 茶, 2 here",
            "<in 茶>",
            "<ready>",
            "a: b> ",
            "<ready>",
            "<in lobby>",
        ];
        assert_eq!(pieces([STREAM]), wanted);
        assert_eq!(pieces(STREAM.chunks(1)), wanted);
        for cut in 0..STREAM.len() {
            let (before, after) = STREAM.split_at(cut);
            assert_eq!(pieces([before, after]), wanted, "cut at {cut}");
        }
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let mut rows = Rows::default();
        for _ in 0..100 {
            rows.take(&[b'x'; 1_000], &mut Vec::new());
        }
        assert_eq!(rows.row.len(), HEARD_BYTES_MAX);
    }
}
