//! Bytes from the terminal to what the person pressed.

use std::mem;

use vte::{Params, Parser, Perform};

use crate::client::core::bounds::PASTE_BYTES_MAX;
use crate::editor::Key;

/// Something that the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key that edits the line.
    Edit(Key),
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// `^Z`: the shell is wanted.
    Suspend,
    /// Text was pasted, with `\n` between its lines.
    Paste(String),
    /// The terminal is looked at, or no longer.
    Focus(bool),
}

/// Gathers bytes until they are a key.
#[derive(Default)]
pub struct Keys {
    parser: Parser,
    pressed: Pressed,
}

#[derive(Default)]
struct Pressed {
    presses: Vec<Press>,
    /// What has come of a paste that has not ended.
    paste: Option<String>,
    /// After ESC O: the next letter is a key.
    is_ss3: bool,
}

/// Ends any escape sequence, finished or not (ECMA-48, 8.3.6).
const CANCEL: u8 = 0x18;

impl Keys {
    /// What was pressed with `bytes`, in order; a sequence cut in two goes on with the next.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Press> {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            let Some((&last, before)) = part.split_last() else { continue };
            if matches!(last, b'\r' | b'\n') {
                self.parser.advance(&mut self.pressed, before);
                // Return always counts, even behind what looks like the start of a long sequence.
                self.parser.advance(&mut self.pressed, &[CANCEL, last]);
            } else {
                self.parser.advance(&mut self.pressed, part);
            }
        }
        mem::take(&mut self.pressed.presses)
    }
}

impl Pressed {
    fn edit(&mut self, key: Key) {
        if self.paste.is_none() {
            self.presses.push(Press::Edit(key));
        }
    }

    fn arrow(letter: char, is_by_word: bool) -> Option<Key> {
        Some(match letter {
            'A' => Key::Up,
            'B' => Key::Down,
            'C' if is_by_word => Key::WordRight,
            'D' if is_by_word => Key::WordLeft,
            'C' => Key::Right,
            'D' => Key::Left,
            'H' => Key::Home,
            'F' => Key::End,
            _ => return None,
        })
    }
}

impl Perform for Pressed {
    fn print(&mut self, c: char) {
        if mem::take(&mut self.is_ss3) {
            if let Some(key) = Self::arrow(c, false) {
                self.edit(key);
            }
            return;
        }
        match &mut self.paste {
            Some(paste) if paste.len() < PASTE_BYTES_MAX => paste.push(c),
            Some(_) => {}
            // vte tells of it as of a letter.
            None if c == '\u{7f}' => self.edit(Key::Backspace),
            None => self.edit(Key::Char(c)),
        }
    }

    fn execute(&mut self, byte: u8) {
        self.is_ss3 = false;
        if byte == 0x03 {
            // The way out if the end of a paste never comes.
            self.paste = None;
        }
        if let Some(paste) = &mut self.paste {
            if paste.len() < PASTE_BYTES_MAX {
                match byte {
                    b'\r' | b'\n' => paste.push('\n'),
                    b'\t' => paste.push(' '),
                    _ => {}
                }
            }
            return;
        }
        let key = match byte {
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x03 => Key::Cancel,
            0x04 => Key::EndOfInput,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x08 | 0x7f => Key::Backspace,
            b'\t' => Key::Tab,
            b'\r' | b'\n' => Key::Enter,
            0x0b => Key::KillToEnd,
            0x0c => Key::Redraw,
            0x0e => Key::Down,
            0x10 => Key::Up,
            0x15 => Key::KillToStart,
            0x17 => Key::KillWord,
            0x1a => return self.presses.push(Press::Suspend),
            _ => return,
        };
        self.edit(key);
    }

    fn csi_dispatch(&mut self, params: &Params, between: &[u8], _ignore: bool, action: char) {
        if !between.is_empty() {
            return;
        }
        let mut numbers = params.iter().map(|param| param.first().copied().unwrap_or(0));
        let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        match (action, first) {
            ('~', 200) => self.paste = Some(String::new()),
            ('~', 201) => self.presses.extend(self.paste.take().map(Press::Paste)),
            _ if self.paste.is_some() => {}
            ('~', 5) => self.presses.push(Press::PageUp),
            ('~', 6) => self.presses.push(Press::PageDown),
            ('~', 1 | 7) => self.edit(Key::Home),
            ('~', 4 | 8) => self.edit(Key::End),
            ('~', 3) => self.edit(Key::Delete),
            ('I', _) => self.presses.push(Press::Focus(true)),
            ('O', _) => self.presses.push(Press::Focus(false)),
            // A modifier is one more than its bits; any of them moves by words.
            _ => {
                if let Some(key) = Self::arrow(action, second > 1) {
                    self.edit(key);
                }
            }
        }
    }

    fn esc_dispatch(&mut self, between: &[u8], _ignore: bool, byte: u8) {
        match byte {
            _ if !between.is_empty() => {}
            b'O' => self.is_ss3 = true,
            b'b' => self.edit(Key::WordLeft),
            b'f' => self.edit(Key::WordRight),
            0x7f => self.edit(Key::KillWord),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(parts: &[&[u8]]) -> Vec<Press> {
        let mut keys = Keys::default();
        parts.iter().flat_map(|part| keys.take(part)).collect()
    }

    fn edits(bytes: &[u8]) -> Vec<Key> {
        let key = |press| if let Press::Edit(key) = press { Some(key) } else { None };
        pressed(&[bytes]).into_iter().filter_map(key).collect()
    }

    #[test]
    fn keys_of_many_terminals_are_known() {
        for (sent, key) in [
            ("\x1b[A", Key::Up),
            ("\x1bOB", Key::Down),
            ("\x1b[C", Key::Right),
            ("\x1b[1;5D", Key::WordLeft),
            ("\x1b[1;3C", Key::WordRight),
            ("\x1bb", Key::WordLeft),
            ("\x1b[H", Key::Home),
            ("\x1b[1~", Key::Home),
            ("\x1b[7~", Key::Home),
            ("\x1bOF", Key::End),
            ("\x1b[3~", Key::Delete),
            ("\x7f", Key::Backspace),
            ("\x08", Key::Backspace),
            ("\r", Key::Enter),
            ("\n", Key::Enter),
            ("\t", Key::Tab),
            ("\x04", Key::EndOfInput),
            ("你", Key::Char('你')),
        ] {
            assert_eq!(edits(sent.as_bytes()), [key], "{sent:?}");
        }
        assert_eq!(pressed(&[b"\x1b[5~\x1b[6~"]), [Press::PageUp, Press::PageDown]);
        assert_eq!(pressed(&[b"\x1b[I\x1b[O"]), [Press::Focus(true), Press::Focus(false)]);
        assert_eq!(pressed(&[b"\x1a"]), [Press::Suspend]);
    }

    #[test]
    fn they_are_the_same_at_every_split_point() {
        let typed = "aé你🦀\x1b[1;5D\x1bOA\x1b[200~x\r\n\x1b[31my\tz\x1b[201~\x1b[5~\r".as_bytes();
        let whole = pressed(&[typed]);
        assert!(whole.contains(&Press::Paste("x\n\ny z".into())), "{whole:?}");
        for cut in 0..typed.len() {
            let (before, after) = typed.split_at(cut);
            assert_eq!(pressed(&[before, after]), whole, "cut at {cut}");
        }
        assert_eq!(pressed(&typed.chunks(1).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn what_is_not_known_is_swallowed_and_return_always_counts() {
        assert_eq!(edits(b"\x1b[99zx\x1b[?1;2c\x1b[<0;1;1M"), [Key::Char('x')]);
        assert_eq!(edits(b"\x1b]0;title\x07x"), [Key::Char('x')]);
        for begun in ["\x1b]never ended", "\x1bPnever", "\x1b[1;", "\x1b", "\x1bO"] {
            let keys = edits(format!("{begun}\r").as_bytes());
            assert_eq!(keys.last(), Some(&Key::Enter), "{begun:?}");
            assert_eq!(edits(format!("{begun}\rx").as_bytes()).last(), Some(&Key::Char('x')));
        }
    }

    #[test]
    fn a_paste_is_bounded_and_so_is_anything_else() {
        let long = format!("\x1b[200~{}\x1b[201~", "你".repeat(PASTE_BYTES_MAX));
        let [Press::Paste(paste)] = &pressed(&[long.as_bytes()])[..] else { panic!("one paste") };
        assert!((PASTE_BYTES_MAX..PASTE_BYTES_MAX + 4).contains(&paste.len()));
        let mut random = fastrand::Rng::with_seed(5);
        let mut keys = Keys::default();
        for _ in 0..10_000 {
            let bytes: Vec<u8> = (0..random.usize(..20)).map(|_| random.u8(..)).collect();
            assert!(keys.take(&bytes).len() <= 2 * bytes.len());
        }
    }
}
