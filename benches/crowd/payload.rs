//! The text of a message: its sender, its number, and filler derived from both, between a start and
//! an end mark that occur nowhere else.
use crate::fault::Result;

/// The first byte of every text.
pub const START: u8 = b'{';
/// The last byte of every text. It occurs in no wire format, name or notice.
pub const END: u8 = b'}';
/// `{SSSSS.QQQQQQQQQ.}`: the shortest text that identifies its message.
pub const LEAST_BYTES: usize = 18;

const SENDER_DIGITS: usize = 5;
const NUMBER_DIGITS: usize = 9;
const HEAD_BYTES: usize = 1 + SENDER_DIGITS + 1 + NUMBER_DIGITS + 1;
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The sender and the number of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    pub sender: usize,
    pub number: u32,
}

/// Writes and checks texts of one length.
pub struct Payload {
    bytes: usize,
    filler: Vec<u8>,
    scratch: Vec<u8>,
}

impl Payload {
    pub fn new(bytes: usize) -> Result<Self> {
        if bytes < LEAST_BYTES {
            return Err(format!("--payload {bytes}: at least {LEAST_BYTES} bytes").into());
        }
        let filler = ALPHABET.iter().copied().cycle();
        Ok(Self {
            bytes,
            filler: filler.take(bytes + ALPHABET.len()).collect(),
            scratch: Vec::with_capacity(bytes),
        })
    }

    pub fn write(&self, id: Id, out: &mut Vec<u8>) {
        let from = (id.sender * 7 + id.number as usize) % ALPHABET.len();
        out.push(START);
        digits(id.sender, SENDER_DIGITS, out);
        out.push(b'.');
        digits(id.number as usize, NUMBER_DIGITS, out);
        out.push(b'.');
        out.extend_from_slice(&self.filler[from..from + self.bytes - HEAD_BYTES - 1]);
        out.push(END);
    }

    /// Returns the id of `text`, if every byte of it is as it was written.
    pub fn read(&mut self, text: &[u8]) -> Option<Id> {
        if text.len() != self.bytes {
            return None;
        }
        let sender = number(&text[1..1 + SENDER_DIGITS])?;
        let count = number(&text[2 + SENDER_DIGITS..HEAD_BYTES - 1])?;
        let id = Id { sender, number: u32::try_from(count).ok()? };
        let mut expected = std::mem::take(&mut self.scratch);
        expected.clear();
        self.write(id, &mut expected);
        let same = expected == text;
        self.scratch = expected;
        same.then_some(id)
    }
}

fn digits(mut value: usize, width: usize, out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + width, b'0');
    for place in out[at..].iter_mut().rev() {
        *place = ALPHABET[52 + value % 10];
        value /= 10;
    }
}

fn number(text: &[u8]) -> Option<usize> {
    text.iter().try_fold(0, |sum, &byte| {
        byte.is_ascii_digit().then(|| sum * 10 + usize::from(byte - b'0'))
    })
}

/// Checks that every text is read as written, and that every changed byte is noticed.
pub fn self_check() -> Result<()> {
    for bytes in [LEAST_BYTES, 64, 1000] {
        let mut payload = Payload::new(bytes)?;
        for (sender, number) in [(0, 0), (9, 61), (18_999, 999_999_999)] {
            let id = Id { sender, number };
            let mut text = Vec::new();
            payload.write(id, &mut text);
            if text.len() != bytes || payload.read(&text) != Some(id) {
                return Err(format!("payload of {bytes} bytes does not come back").into());
            }
            for at in 0..bytes {
                text[at] ^= 1;
                if payload.read(&text) == Some(id) {
                    return Err(format!("payload: a changed byte {at} goes unnoticed").into());
                }
                text[at] ^= 1;
            }
        }
    }
    Ok(())
}
