//! The last lines of one room, in one contiguous buffer.

use crate::chat::event::Event;
use crate::clock::Stamp;
use crate::ids::{NodeId, PeerId, UserId};

/// Lines, oldest first: each is a head and its words, the name and the text.
#[derive(Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// The offset of the oldest line: the bytes before it were dropped.
    start: usize,
    len: usize,
}

/// One line.
pub struct Line<'a> {
    /// Its number, counted over all rooms.
    pub number: u64,
    /// When it was said.
    pub at: Stamp,
    /// Its author.
    pub author: UserId,
    /// What was said.
    pub said: Event<'a>,
}

impl<'a> Line<'a> {
    /// Returns the author's name at that time, and the text.
    pub fn words(&self) -> [&'a str; 2] {
        let (Event::Said { nick, text } | Event::Acted { nick, text }) = self.said else {
            unreachable!("only what was said or done is kept");
        };
        [nick, text]
    }
}

/// The fixed-size head before the words of a line.
struct Head {
    number: u64,
    at: Stamp,
    author: UserId,
    text_bytes: u32,
    name_bytes: u8,
    is_act: bool,
}

const HEAD_BYTES: usize = 8 + 8 + (2 + 4 + 4) + 4 + 1 + 1;

impl Lines {
    /// Returns the number of lines.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the memory in use.
    pub fn bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends a line.
    pub fn push(
        &mut self,
        number: u64,
        at: Stamp,
        author: UserId,
        [name, text]: [&str; 2],
        is_act: bool,
    ) {
        let text_bytes = u32::try_from(text.len()).expect("a line is short");
        let name_bytes = u8::try_from(name.len()).expect("a name is short");
        let head = Head { number, at, author, text_bytes, name_bytes, is_act };
        self.reserve(head.line_bytes());
        self.bytes.extend_from_slice(&head.to_bytes());
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.len += 1;
    }

    /// Drops the oldest line; returns its number. Its memory is reused for a newer line: a busy
    /// room does not allocate.
    pub fn drop_first(&mut self) -> u64 {
        let head = Head::read(&self.bytes[self.start..]).expect("there is a line to drop");
        self.start += head.line_bytes();
        self.len -= 1;
        head.number
    }

    /// Drops the `count` oldest lines and frees all memory that is not needed; returns the number
    /// of the last one dropped.
    pub fn give(&mut self, count: usize) -> u64 {
        let last = (0..count).fold(0, |_, _| self.drop_first());
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.shrink_to_fit();
        last
    }

    /// Returns the lines, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        let mut rest = &self.bytes[self.start..];
        std::iter::from_fn(move || {
            let head = Head::read(rest)?;
            let (line, next) = rest.split_at(head.line_bytes());
            rest = next;
            let words = str::from_utf8(&line[HEAD_BYTES..]).expect("it was made from text");
            let (nick, text) = words.split_at(head.name_bytes.into());
            let said =
                if head.is_act { Event::Acted { nick, text } } else { Event::Said { nick, text } };
            let Head { number, at, author, .. } = head;
            Some(Line { number, at, author, said })
        })
    }

    /// Makes room for `bytes` more.
    fn reserve(&mut self, bytes: usize) {
        let used = self.bytes.len();
        if used + bytes <= self.bytes.capacity() {
            return;
        }
        if self.start >= bytes.max(used / 4) {
            // Enough was dropped: moving the rest to the front costs four bytes for each added
            // byte.
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
    /// Reads the head of the line at the start of `bytes`, unless they are empty.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (unix_ms, rest) = rest.split_first_chunk()?;
        let (node, rest) = rest.split_first_chunk()?;
        let (slot, rest) = rest.split_first_chunk()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (text_bytes, rest) = rest.split_first_chunk()?;
        let slot = u32::from_le_bytes(*slot) as usize;
        let &[name_bytes, is_act, ..] = rest else { return None };
        Some(Self {
            number: u64::from_le_bytes(*number),
            at: Stamp { unix_ms: u64::from_le_bytes(*unix_ms) },
            author: UserId {
                node: NodeId(u16::from_le_bytes(*node)),
                peer: PeerId::new(slot, u32::from_le_bytes(*generation)),
            },
            text_bytes: u32::from_le_bytes(*text_bytes),
            name_bytes,
            is_act: is_act != 0,
        })
    }

    fn to_bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.unix_ms.to_le_bytes());
        let UserId { node, peer } = self.author;
        let slot = u32::try_from(peer.slot()).expect("it was made from a `u32`");
        bytes[16..18].copy_from_slice(&node.0.to_le_bytes());
        bytes[18..22].copy_from_slice(&slot.to_le_bytes());
        bytes[22..26].copy_from_slice(&peer.generation().to_le_bytes());
        bytes[26..30].copy_from_slice(&self.text_bytes.to_le_bytes());
        bytes[30..].copy_from_slice(&[self.name_bytes, self.is_act.into()]);
        bytes
    }

    /// Returns the length of the line with its head.
    fn line_bytes(&self) -> usize {
        HEAD_BYTES + usize::from(self.name_bytes) + self.text_bytes as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn author(dice: &mut fastrand::Rng) -> UserId {
        let peer = PeerId::new(dice.u32(..) as usize, dice.u32(..));
        UserId { node: NodeId(dice.u16(..)), peer }
    }

    #[test]
    fn it_stores_the_same_lines_as_a_queue() {
        let mut dice = fastrand::Rng::with_seed(11);
        let (mut lines, mut model) =
            (Lines::default(), VecDeque::<(u64, Stamp, UserId, String, bool)>::new());
        for number in 0..20_000 {
            match dice.u8(..8) {
                0 if model.len() > 3 => {
                    let last = model.drain(..3).next_back().map(|(number, ..)| number);
                    assert_eq!(Some(lines.give(3)), last);
                    assert_eq!(lines.bytes(), lines.bytes.len(), "it gave what it could");
                }
                1..4 if !model.is_empty() => {
                    let first = model.pop_front().map(|(number, ..)| number);
                    assert_eq!(Some(lines.drop_first()), first);
                }
                _ => {
                    let text = "茶".repeat(dice.usize(..40));
                    let (at, is_act) = (Stamp { unix_ms: number }, dice.bool());
                    let author = author(&mut dice);
                    lines.push(number + 1, at, author, ["bob", &text], is_act);
                    model.push_back((number + 1, at, author, text, is_act));
                }
            }
            assert_eq!(lines.len(), model.len());
        }
        let kept = lines.iter().map(|Line { number, at, author, said }| match said {
            Event::Said { nick: "bob", text } => (number, at, author, text.to_owned(), false),
            Event::Acted { nick: "bob", text } => (number, at, author, text.to_owned(), true),
            other => panic!("{other:?}"),
        });
        assert!(kept.eq(model));
    }

    #[test]
    fn a_full_room_neither_grows_nor_moves_much() {
        let mut lines = Lines::default();
        let bob = UserId::local(PeerId::new(0, 1));
        let push = |lines: &mut Lines| lines.push(0, Stamp::default(), bob, ["bob", "tea?"], false);
        (0..256).for_each(|_| push(&mut lines));
        for _ in 0..10_000 {
            lines.drop_first();
            push(&mut lines);
            assert!(lines.bytes() <= 2 * 256 * (HEAD_BYTES + 7), "{}", lines.bytes());
        }
    }
}
