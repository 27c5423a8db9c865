//! Decodes bytes from the terminal into user actions.

use crate::client::core::bounds::{PASTE_BYTES_MAX, PASTE_LINES_MAX};
use crate::door::charset::Charset;
use crate::editor::Key;
use crate::keys::{self, Input};

/// A user action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key that edits the line.
    Edit(Key),
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// The mouse wheel was turned, up or down.
    Wheel {
        /// Towards what came before.
        is_up: bool,
    },
    /// `^Z`: suspend the program.
    Suspend,
    /// Text was pasted, with `\n` between its lines; none if it was refused.
    Paste(Option<String>),
    /// Whether the terminal has the focus.
    Focus(bool),
}

/// Decodes bytes into user actions.
#[derive(Default)]
pub struct Keys {
    /// The bytes of an incomplete character.
    cut: Vec<u8>,
    keys: keys::Keys,
    /// The paste that has begun and not ended.
    paste: Option<Paste>,
}

/// A paste that has not ended.
#[derive(Default)]
struct Paste {
    /// The text so far.
    text: String,
    lines: usize,
    /// It is refused: it was too large, or contained a key that no text has.
    is_refused: bool,
}

impl Keys {
    /// Decodes `bytes` into actions, in order; a sequence cut in two continues with the next bytes.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Press> {
        let (mut presses, mut text) = (Vec::new(), String::new());
        for &byte in bytes {
            self.cut.push(byte);
            while let Some(length) = Charset::Utf8.first_length(&self.cut) {
                text.clear();
                Charset::Utf8.decode(&self.cut[..length], &mut text);
                self.cut.drain(..length);
                let inputs = text.chars().filter_map(|c| self.keys.next(c));
                for input in inputs.collect::<Vec<_>>() {
                    presses.extend(self.press(input));
                }
            }
        }
        presses
    }

    fn press(&mut self, input: Input) -> Option<Press> {
        match (input, &mut self.paste) {
            (Input::PasteStart, _) => {
                self.paste = Some(Paste::default());
                None
            }
            (Input::PasteEnd, _) => self.paste.take().map(|paste| Press::Paste(paste.ended())),
            // Leaves a paste whose end never comes. The first ^C may be part of it.
            (Input::Key(Key::Cancel), Some(paste)) if paste.is_refused => {
                self.paste = None;
                Some(Press::Paste(None))
            }
            (Input::Key(key), Some(paste)) => {
                paste.press(key);
                None
            }
            (_, Some(_)) => None,
            (Input::Key(key), None) => Some(Press::Edit(key)),
            (Input::PageUp, None) => Some(Press::PageUp),
            (Input::PageDown, None) => Some(Press::PageDown),
            (Input::Wheel { is_up }, None) => Some(Press::Wheel { is_up }),
            (Input::Suspend, None) => Some(Press::Suspend),
            (Input::Focus(is_watched), None) => Some(Press::Focus(is_watched)),
        }
    }
}

impl Paste {
    fn press(&mut self, key: Key) {
        match key {
            Key::Char(c) => self.text.push(c),
            Key::Enter => self.text.push('\n'),
            Key::Tab => self.text.push(' '),
            Key::Cancel => self.is_refused = true,
            _ => {}
        }
        self.lines += usize::from(key == Key::Enter);
        self.is_refused |= self.text.len() > PASTE_BYTES_MAX || self.lines > PASTE_LINES_MAX;
        if self.is_refused {
            self.text = String::new();
        }
    }

    fn ended(self) -> Option<String> {
        Some(self.text).filter(|_| !self.is_refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(parts: &[&[u8]]) -> Vec<Press> {
        let mut keys = Keys::default();
        parts.iter().flat_map(|part| keys.decode(part)).collect()
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
        let wheel = [Press::Wheel { is_up: true }, Press::Wheel { is_up: false }];
        assert_eq!(pressed(&[b"\x1b[<64;10;5M\x1b[<65;10;5M\x1b[<0;1;1M\x1b[<0;1;1m"]), wheel);
    }

    #[test]
    fn keys_are_the_same_at_every_split_point() {
        let typed = "aé你🦀\x1b[1;5D\x1bOA\x1b[200~x\r\n\x1b[31my\tz\x1b[201~\x1b[5~\r".as_bytes();
        let whole = pressed(&[typed]);
        assert!(whole.contains(&Press::Paste(Some("x\ny z".into()))), "{whole:?}");
        for cut in 0..typed.len() {
            let (before, after) = typed.split_at(cut);
            assert_eq!(pressed(&[before, after]), whole, "cut at {cut}");
        }
        assert_eq!(pressed(&typed.chunks(1).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn unknown_sequences_are_swallowed_and_return_always_counts() {
        assert_eq!(edits(b"\x1b[99zx\x1b[?1;2c\x1b[<0;1;1M"), [Key::Char('x')]);
        assert_eq!(edits(b"\x1b]0;title\x07x"), [Key::Char('x')]);
        for begun in ["\x1b]never ended", "\x1bPnever", "\x1b[1;", "\x1b", "\x1bO"] {
            let keys = edits(format!("{begun}\r").as_bytes());
            assert_eq!(keys.last(), Some(&Key::Enter), "{begun:?}");
            assert_eq!(edits(format!("{begun}\rx").as_bytes()).last(), Some(&Key::Char('x')));
        }
    }

    #[test]
    fn pastes_and_sequences_are_bounded() {
        let paste = |text: &str| pressed(&[format!("\x1b[200~{text}\x1b[201~x").as_bytes()]);
        for whole in ["x".repeat(PASTE_BYTES_MAX), "\n".repeat(PASTE_LINES_MAX)] {
            let x = Press::Edit(Key::Char('x'));
            assert_eq!(paste(&whole), [Press::Paste(Some(whole.clone())), x.clone()]);
            for too_much in [format!("{whole}\n"), format!("{whole}x\n"), "a\x03b".into()] {
                assert_eq!(paste(&too_much), [Press::Paste(None), x.clone()]);
            }
        }
        // A paste that does not end can be left.
        assert_eq!(pressed(&[b"\x1b[200~a\x03\x03"]), [Press::Paste(None)]);
        let mut random = fastrand::Rng::with_seed(5);
        let mut keys = Keys::default();
        for _ in 0..10_000 {
            let bytes: Vec<u8> = (0..random.usize(..20)).map(|_| random.u8(..)).collect();
            assert!(keys.decode(&bytes).len() <= 2 * bytes.len());
        }
    }
}
