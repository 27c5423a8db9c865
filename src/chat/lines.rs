//! The last lines of one room, in one piece of memory.

use crate::chat::event::Event;
use crate::clock::Stamp;

/// Lines, oldest first: each is a head and its words, the name and the text.
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where the oldest begins: what is before it was dropped.
    start: usize,
    len: usize,
}

/// What stands before the words of a line.
struct Head {
    at: Stamp,
    text_bytes: u32,
    name_bytes: u8,
    is_act: bool,
}

const HEAD_BYTES: usize = 8 + 4 + 1 + 1;

impl Lines {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Memory that they take.
    pub fn bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds a line.
    pub fn push(&mut self, at: Stamp, [name, text]: [&str; 2], is_act: bool) {
        let text_bytes = u32::try_from(text.len()).expect("a line is short");
        let name_bytes = u8::try_from(name.len()).expect("a name is short");
        let head = Head { at, text_bytes, name_bytes, is_act };
        self.reserve(head.line_bytes());
        self.bytes.extend_from_slice(&head.to_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.len += 1;
    }

    /// Drops the oldest line. Its memory becomes a newer one's: a room that talks does not allocate.
    pub fn drop_first(&mut self) {
        let head = Head::read(&self.bytes[self.start..]).expect("there is a line to drop");
        self.start += head.line_bytes();
        self.len -= 1;
    }

    /// Drops the `count` oldest lines and gives back all memory that is not needed.
    pub fn give(&mut self, count: usize) {
        (0..count).for_each(|_| self.drop_first());
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.shrink_to_fit();
    }

    /// Each line: when, and what.
    pub fn iter(&self) -> impl Iterator<Item = (Stamp, Event<'_>)> {
        let mut rest = &self.bytes[self.start..];
        std::iter::from_fn(move || {
            let head = Head::read(rest)?;
            let (line, next) = rest.split_at(head.line_bytes());
            rest = next;
            let words = str::from_utf8(&line[HEAD_BYTES..]).expect("it was made of text");
            let (nick, text) = words.split_at(head.name_bytes.into());
            let event =
                if head.is_act { Event::Acted { nick, text } } else { Event::Said { nick, text } };
            Some((head.at, event))
        })
    }

    /// Makes room for `bytes` more.
    fn reserve(&mut self, bytes: usize) {
        let used = self.bytes.len();
        if used + bytes <= self.bytes.capacity() {
            return;
        }
        if self.start >= bytes.max(used / 4) {
            // Enough was dropped: moving the rest to the front costs four bytes for each added one.
            self.bytes.drain(..self.start);
            self.start = 0;
        } else {
            // By a quarter, because all rooms together have a budget.
            self.bytes.reserve_exact(bytes.max(used / 4));
        }
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.bytes[self.start..] == other.bytes[other.start..]
    }
}

impl Head {
    /// The head of the line that begins `bytes`, unless they are at their end.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let [a, b, c, d, e, f, g, h, i, j, k, l, name_bytes, is_act] = *head;
        Some(Self {
            at: Stamp { unix_ms: u64::from_le_bytes([a, b, c, d, e, f, g, h]) },
            text_bytes: u32::from_le_bytes([i, j, k, l]),
            name_bytes,
            is_act: is_act != 0,
        })
    }

    fn to_bytes(&self) -> [u8; HEAD_BYTES] {
        let [a, b, c, d, e, f, g, h] = self.at.unix_ms.to_le_bytes();
        let [i, j, k, l] = self.text_bytes.to_le_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l, self.name_bytes, self.is_act.into()]
    }

    /// Bytes of the line with its head.
    fn line_bytes(&self) -> usize {
        HEAD_BYTES + usize::from(self.name_bytes) + self.text_bytes as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn it_keeps_what_a_queue_keeps() {
        let mut dice = fastrand::Rng::with_seed(11);
        let (mut lines, mut model) = (Lines::default(), VecDeque::new());
        for number in 0..20_000 {
            match dice.u8(..8) {
                0 if model.len() > 3 => {
                    lines.give(3);
                    model.drain(..3);
                    assert_eq!(lines.bytes(), lines.bytes.len(), "it gave what it could");
                }
                1..4 if !model.is_empty() => {
                    lines.drop_first();
                    model.pop_front();
                }
                _ => {
                    let text = "茶".repeat(dice.usize(..40));
                    let (at, is_act) = (Stamp { unix_ms: number }, dice.bool());
                    lines.push(at, ["bob", &text], is_act);
                    model.push_back((at, text, is_act));
                }
            }
            assert_eq!(lines.len(), model.len());
        }
        let kept = lines.iter().map(|(at, event)| match event {
            Event::Said { nick: "bob", text } => (at, text.to_owned(), false),
            Event::Acted { nick: "bob", text } => (at, text.to_owned(), true),
            other => panic!("{other:?}"),
        });
        assert!(kept.eq(model));
    }

    #[test]
    fn a_full_room_neither_grows_nor_moves_much() {
        let mut lines = Lines::default();
        let push = |lines: &mut Lines| lines.push(Stamp::default(), ["bob", "tea?"], false);
        (0..256).for_each(|_| push(&mut lines));
        for _ in 0..10_000 {
            lines.drop_first();
            push(&mut lines);
            assert!(lines.bytes() <= 2 * 256 * (HEAD_BYTES + 7), "{}", lines.bytes());
        }
    }
}
