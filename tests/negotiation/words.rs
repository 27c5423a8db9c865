//! Telnet written in words, and the results of a `Protocol`.

use natter::door::charset::HAS_CHINESE;
use natter::door::telnet::protocol::{Item, Protocol};

/// The requests to every peer after its first command.
pub const ASKED: &str = "DO BINARY DO NAWS DO TTYPE WILL CHARSET";
/// The charsets that are offered.
pub const OFFER: &str = if HAS_CHINESE {
    "SB CHARSET 1 ';UTF-8;GB18030;GBK;BIG5;ISO-8859-1' SE"
} else {
    "SB CHARSET 1 ';UTF-8;ISO-8859-1' SE"
};

const WORDS: [(&str, &[u8]); 34] = [
    ("IAC", &[255]),
    ("EOF", &[255, 236]),
    ("ABORT", &[255, 238]),
    ("EOR", &[255, 239]),
    ("SE", &[255, 240]),
    ("NOP", &[255, 241]),
    ("DM", &[255, 242]),
    ("BRK", &[255, 243]),
    ("IP", &[255, 244]),
    ("AO", &[255, 245]),
    ("AYT", &[255, 246]),
    ("EC", &[255, 247]),
    ("EL", &[255, 248]),
    ("GA", &[255, 249]),
    ("SB", &[255, 250]),
    ("WILL", &[255, 251]),
    ("WONT", &[255, 252]),
    ("DO", &[255, 253]),
    ("DONT", &[255, 254]),
    ("BINARY", &[0]),
    ("ECHO", &[1]),
    ("SGA", &[3]),
    ("STATUS", &[5]),
    ("TM", &[6]),
    ("TTYPE", &[24]),
    ("NAWS", &[31]),
    ("TSPEED", &[32]),
    ("LFLOW", &[33]),
    ("LINEMODE", &[34]),
    ("XDISPLOC", &[35]),
    ("ENVIRON", &[36]),
    ("NEW-ENVIRON", &[39]),
    ("CHARSET", &[42]),
    ("MSDP", &[69]),
];

/// Converts `words` to bytes: commands with their IAC, options, decimal numbers, 'text'.
pub fn bytes(words: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in words.split('\'').enumerate() {
        if index % 2 == 1 {
            bytes.extend_from_slice(part.as_bytes());
            continue;
        }
        for word in part.split_ascii_whitespace() {
            match WORDS.iter().find(|known| known.0 == word) {
                Some(known) => bytes.extend_from_slice(known.1),
                None => bytes.push(word.parse().expect("a word or a number")),
            }
        }
    }
    bytes
}

/// The results of some input: the items in words, adjacent data joined, and the answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    pub items: Vec<String>,
    pub replies: Vec<u8>,
    /// Data after the last other item.
    data: Vec<u8>,
}

impl Decoded {
    /// Lets `protocol` decode `input`, one read.
    pub fn decode(&mut self, protocol: &mut Protocol, mut input: &[u8], now_ms: u64) {
        loop {
            let (taken, item) = protocol.next(input, now_ms, &mut self.replies);
            assert!(taken <= input.len() && (item.is_some() || taken == input.len()));
            assert!(taken > 0 || input.is_empty(), "there is progress");
            let Some(item) = item else { return };
            input = &input[taken..];
            let shown = match item {
                Item::Data(data) => {
                    assert!(!data.is_empty() && (data == [255] || !data.contains(&255)));
                    self.data.extend_from_slice(data);
                    continue;
                }
                Item::EraseCharacter => "erase character".to_string(),
                Item::EraseLine => "erase line".to_string(),
                Item::Cancel(_) => "cancel".to_string(),
                Item::Ignored(_) => continue,
                Item::AreYouThere => "are you there".to_string(),
                Item::Window { columns, rows } => format!("window {columns}x{rows}"),
                Item::Terminal(name) => {
                    assert!(name.bytes().all(|byte| byte.is_ascii_graphic()));
                    assert!(!name.is_empty() && name.len() <= 62, "{name}");
                    format!("terminal {name}")
                }
                Item::Charset(name) => format!("charset {name}"),
                Item::Echo(on) => format!("echo {on}"),
            };
            self.end_data();
            self.items.push(shown);
        }
    }

    /// Ends the input.
    pub fn end(mut self) -> Self {
        self.end_data();
        self
    }

    fn end_data(&mut self) {
        if !self.data.is_empty() {
            self.items.push(format!("<{}>", self.data.escape_ascii()));
            self.data.clear();
        }
    }
}

/// Decodes `parts` with a new `Protocol`, which has asked to edit before or not.
pub fn decoded<'a>(edit: bool, parts: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let (mut protocol, mut decoded) = (Protocol::default(), Decoded::default());
    if edit {
        protocol.edit(true, &mut decoded.replies);
    }
    for part in parts {
        decoded.decode(&mut protocol, part, 5_000);
    }
    decoded.end()
}

/// Asserts the results of `input`, wherever it is cut, and in pieces of every size.
#[track_caller]
pub fn assert_decoded(edit: bool, input: &str, items: &[&str], replies: &str) {
    let bytes_in = bytes(input);
    let whole = decoded(edit, [bytes_in.as_slice()]);
    assert_eq!(whole.items, items, "{input}");
    let expected = bytes(replies);
    assert_eq!(whole.replies, expected, "{input}\nis answered\n{}", shown(&whole.replies));
    for cut in 0..bytes_in.len() {
        let (before, after) = bytes_in.split_at(cut);
        assert_eq!(decoded(edit, [before, after]), whole, "{input}\ncut at {cut}");
    }
    for size in 1..bytes_in.len() {
        assert_eq!(decoded(edit, bytes_in.chunks(size)), whole, "{input}\nin pieces of {size}");
    }
}

/// The same, for a peer that is not asked for editing and has been sent the usual requests.
#[track_caller]
pub fn assert_answered(input: &str, items: &[&str], replies: &str) {
    assert_decoded(false, input, items, &format!("{ASKED} {replies}"));
}

/// Returns `bytes` in words, as far as there are any.
pub fn shown(bytes: &[u8]) -> String {
    let mut shown = String::new();
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let command = WORDS.iter().find(|word| word.1.len() == 2 && rest.starts_with(word.1));
        let option = WORDS.iter().find(|word| rest.starts_with(word.1));
        let is_option = shown.ends_with(['L', 'T', 'O', 'B']);
        match command.or(option.filter(|_| is_option)) {
            Some(word) => {
                shown += &format!(" {}", word.0);
                rest = &rest[word.1.len()..];
            }
            None => {
                shown += &format!(" {}", first.escape_ascii());
                rest = &rest[1..];
            }
        }
    }
    shown
}
