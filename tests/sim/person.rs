//! The input of people at the telnet door, and of their clients.

use fastrand::Rng;
use natter::door::charset::{Charset, HAS_CHINESE};
use natter::door::iac::{IAC, SB, SE};
use natter::door::telnet::encode::put;
use natter::door::telnet::option::{CHARSET, ECHO, NAWS, SGA, TIMING_MARK, TTYPE};
use natter::door::telnet::view::{Style, View};

use crate::model::Negotiated;
use crate::rows::Windows;

const AYT: u8 = 246;
const IP: u8 = 244;
const WILL: u8 = 251;
const DO: u8 = 253;
const DONT: u8 = 254;
/// `^U` and `^K`: delete the whole line.
const KILL: &[u8] = b"\x15\x0b";

/// The special behaviour of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Plain,
    /// Often changes settings.
    Changer,
    /// Lets the hub edit its line, and types a key at a time.
    Editor,
    /// Its client negotiates without end.
    Negotiator,
    /// Its client reports the terminal's name, or agrees on a charset.
    Modern,
}

/// A person at the telnet door.
pub struct Person {
    pub habit: Habit,
    charset: Charset,
    /// Whether it does not name its charset, which has to be guessed.
    is_guessed: bool,
    pub is_editing: bool,
    /// How often it may still switch editing on or off: only so much is answered in one window of
    /// time.
    edits_left: u8,
    has_told_window: bool,
    /// The windows that it has told of.
    pub windows: Windows,
    /// What it negotiates.
    pub negotiated: Option<Negotiated>,
    /// Whether its client has sent telnet commands, or will have to answer some.
    pub speaks_telnet: bool,
    /// The number of requests sent that must be answered each time.
    pub marks: usize,
    /// The number of requests sent whose answers are limited in a window of time.
    pub heres: usize,
    /// The number of lines cancelled by telnet's ^C.
    pub cancels: usize,
}

impl Person {
    pub fn new(rng: &mut Rng) -> Self {
        let habits =
            [Habit::Plain, Habit::Changer, Habit::Editor, Habit::Negotiator, Habit::Modern];
        let habit = habits[rng.usize(..habits.len())];
        let mut charset = match rng.u8(..24) {
            0..11 => Charset::Utf8,
            11..18 => Charset::Gbk,
            18..23 => Charset::Latin1,
            // Few, because encoding it takes long.
            _ => Charset::Big5,
        };
        let is_chinese = matches!(charset, Charset::Gbk | Charset::Big5);
        if is_chinese && !HAS_CHINESE || habit == Habit::Modern {
            charset = Charset::Utf8;
        }
        let is_guessed = charset == Charset::Utf8 || charset == Charset::Gbk && rng.bool();
        let negotiated: Option<Negotiated> = match (habit, rng.bool()) {
            (Habit::Modern, true) => Some(|view| View { style: Style::Dumb, ..view }),
            (Habit::Modern, false) => Some(|view| View { charset: Charset::Latin1, ..view }),
            _ => None,
        };
        let (is_editing, speaks_telnet) = (false, false);
        let (marks, heres, cancels) = (0, 0, 0);
        Self {
            habit,
            charset,
            is_guessed,
            is_editing,
            edits_left: 6,
            has_told_window: false,
            windows: Windows::default(),
            negotiated,
            speaks_telnet,
            marks,
            heres,
            cancels,
        }
    }

    /// Returns the bytes of a line, including its end, and of what precedes and follows it.
    ///
    /// What it says to the room is added to `said`: each text is said once in a run. No name can be
    /// such a text, and the editor would echo none of the marks that lines have.
    pub fn line(&mut self, number: usize, said: &mut Vec<String>, rng: &mut Rng) -> Vec<u8> {
        let mut bytes = Vec::new();
        if said.is_empty() {
            said.push(String::new());
            self.arrive(number, rng, &mut bytes);
            return bytes;
        }
        if rng.u8(..8) == 0 || self.habit == Habit::Negotiator {
            self.negotiate(rng, &mut bytes);
        }
        let other = rng.u8(..9);
        let text = match rng.u8(..24) {
            0 => format!("/msg peer{other} psst 好é"),
            1 => "/reply psst".into(),
            2 => format!("/ignore peer{other}"),
            3 => format!("/name peer{number}.{other}"),
            4 => [
                "/who",
                "/help",
                "/last 5",
                "/last",
                "/xyzzy",
                "/m",
                "/rooms",
                "/topic",
                "/topic talk",
                "/join tea",
                "/join coffee",
                "/leave",
                "/join system",
            ][rng.usize(..13)]
            .into(),
            5 => ["", " ", "/me", "/quite so"][rng.usize(..4)].into(),
            6..=11 if self.habit == Habit::Changer => self.change(rng),
            6..=8 if self.habit == Habit::Editor && self.edits_left > 0 => {
                let on = !self.is_editing;
                self.edit(on, rng, &mut bytes);
                return bytes;
            }
            _ => {
                let size = if rng.u8(..12) == 0 { rng.usize(..900) } else { rng.usize(..40) };
                let text = format!(
                    "{number} {}{}",
                    said.len(),
                    self.word().repeat(size / (self.word().len() + 1))
                );
                said.push(text.clone());
                if self.habit != Habit::Negotiator {
                    // Whatever a negotiator tells of its window may be none of the server's business.
                    self.windows.at.insert(text.clone(), self.windows.widths.len() - 1);
                }
                match rng.u8(..6) {
                    0 => format!("/me {text}"),
                    1 if !self.is_editing => format!("{text} -ta"),
                    _ => text,
                }
            }
        };
        self.write(&text, rng, &mut bytes);
        bytes
    }

    /// Says an unterminated line.
    pub fn last_words(&self, number: usize) -> (String, Vec<u8>) {
        let text = format!("last words of {number} {}", self.word());
        let mut bytes = Vec::new();
        put(&text, self.charset, &mut bytes);
        (text, bytes)
    }

    /// Leaves by a command.
    pub fn bye(&self) -> Vec<u8> {
        if self.is_editing { [KILL, b"/quit\r"].concat() } else { b"/quit\r\n".to_vec() }
    }

    /// Returns a word that its charset has, and whose bytes occur in no other.
    fn word(&self) -> &'static str {
        match self.charset {
            Charset::Utf8 => "说x",
            Charset::Gbk | Charset::GuessedGbk | Charset::Big5 => "你好x",
            Charset::Latin1 => "éÿx",
        }
    }

    fn arrive(&mut self, number: usize, rng: &mut Rng, bytes: &mut Vec<u8>) {
        match self.negotiated {
            Some(_) if self.looks_dumb() => {
                bytes.extend([IAC, WILL, TTYPE, IAC, SB, TTYPE, 0]);
                bytes.extend(b"dumb");
                bytes.extend([IAC, SE]);
                self.speaks_telnet = true;
            }
            Some(_) => {
                bytes.extend([IAC, DO, CHARSET, IAC, SB, CHARSET, 2]);
                bytes.extend(b"ISO-8859-1");
                bytes.extend([IAC, SE]);
                self.speaks_telnet = true;
                self.charset = Charset::Latin1;
            }
            None if !self.is_guessed => {
                self.write(&format!("/charset {}", self.charset.as_str()), rng, bytes);
            }
            None => {}
        }
        let names =
            [format!("peer{number}"), format!("/name peer{number}"), format!("peer{number} -n")];
        let name = match self.charset {
            Charset::Gbk if rng.bool() => format!("你好{number}"),
            _ => names[rng.usize(..3)].clone(),
        };
        self.write(&name, rng, bytes);
    }

    fn looks_dumb(&self) -> bool {
        let view = View::default();
        self.negotiated.is_some_and(|negotiated| negotiated(view).style == Style::Dumb)
    }

    fn change(&mut self, rng: &mut Rng) -> String {
        let changes = [
            "/time on",
            "/time off",
            "/time full",
            "/time +8",
            "/lang en",
            "/lang zh",
            "/color on",
            "/color off",
            "/charset",
        ];
        let change = changes[rng.usize(..changes.len())];
        if change != "/charset" {
            return change.into();
        }
        let charset = match rng.u8(..20) {
            0 => Charset::Big5,
            1..6 => Charset::Gbk,
            6..12 => Charset::Latin1,
            _ => Charset::Utf8,
        };
        if charset == Charset::Utf8 || charset == Charset::Latin1 || HAS_CHINESE {
            self.charset = charset;
        }
        format!("/charset {}", charset.as_str())
    }

    /// Switches editing by the hub on or off, and answers as a client does.
    fn edit(&mut self, on: bool, rng: &mut Rng, bytes: &mut Vec<u8>) {
        if on && !self.is_editing {
            // A client that has sent no telnet bytes is asked only if its lines end as telnet's do.
            bytes.extend(b"/edit on\r\n");
        } else {
            self.write(if on { "/edit on" } else { "/edit off" }, rng, bytes);
        }
        let word = if on { DO } else { DONT };
        bytes.extend([IAC, word, ECHO, IAC, word, SGA]);
        self.is_editing = on;
        self.edits_left -= 1;
        self.speaks_telnet = true;
    }

    /// Returns `keys`, or others if they are of a character that the server cannot be certain of: one
    /// backspace may not take back all of it.
    fn certain<'a>(&self, keys: &'a str) -> &'a str {
        let is_certain = !self.is_guessed || self.charset != Charset::Gbk;
        if is_certain || keys.is_ascii() { keys } else { "q\x7f" }
    }

    /// Appends `text` as it is typed.
    fn write(&self, text: &str, rng: &mut Rng, bytes: &mut Vec<u8>) {
        if !self.is_editing {
            put(text, self.charset, bytes);
            let ends: [&[u8]; 4] = [b"\r\n", b"\r\0", b"\r", b"\n"];
            return bytes.extend(ends[rng.usize(..4)]);
        }
        bytes.extend(KILL);
        let mistakes =
            ["q\x7f", "\x1b[D\x1b[C", "\x01\x05", "\x1bOD\x1b[F", "好\x08", "\x0c", "\x07"];
        let others = ["\t", "p\t", "\x1b[A", "abc def\x17", "\x03", "e\u{301}\x7f", "\x1b[200~"];
        match rng.u8(..4) {
            0 => put(self.certain(mistakes[rng.usize(..7)]), self.charset, bytes),
            1 => {
                put(self.certain(others[rng.usize(..7)]), self.charset, bytes);
                bytes.extend(KILL);
            }
            _ => {}
        }
        put(text, self.charset, bytes);
        let ends: [&[u8]; 3] = [b"\r\0", b"\r\n", b"\r"];
        bytes.extend(ends[rng.usize(..3)]);
    }

    fn negotiate(&mut self, rng: &mut Rng, bytes: &mut Vec<u8>) {
        if self.habit == Habit::Plain {
            return;
        }
        self.speaks_telnet = true;
        if self.habit != Habit::Negotiator {
            return self.tell_window(rng, bytes);
        }
        for _ in 0..rng.usize(..30) {
            match rng.u8(..8) {
                0 => {
                    bytes.extend([IAC, DO, TIMING_MARK]);
                    self.marks += 1;
                }
                1 => {
                    bytes.extend([IAC, AYT]);
                    self.heres += 1;
                }
                2 => {
                    bytes.extend([IAC, IP]);
                    self.cancels += 1;
                }
                // Erases nothing, or does nothing.
                3 => bytes.extend([IAC, rng.u8(247..=249)]),
                4 => {
                    let option = [NAWS, 34, 36, 39, 201][rng.usize(..5)];
                    let size = if option == NAWS && rng.bool() { 4 } else { rng.usize(..90) };
                    let mut sub: Vec<u8> = (0..size).map(|_| rng.u8(..240)).collect();
                    if let (NAWS, [high, low, _, _]) = (option, &mut sub[..]) {
                        *high %= 2;
                        self.windows.widths.push(u16::from_be_bytes([*high, *low]));
                    }
                    bytes.extend([&[IAC, SB, option][..], &sub, &[IAC, SE]].concat());
                }
                _ => {
                    let option = rng.u8(..);
                    let option = if option == TIMING_MARK { TTYPE } else { option };
                    bytes.extend([IAC, rng.u8(WILL..=DONT), option]);
                }
            }
        }
    }

    /// Its window has another size.
    fn tell_window(&mut self, rng: &mut Rng, bytes: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_told_window, true) {
            bytes.extend([IAC, WILL, NAWS]);
        }
        let columns = match rng.u8(..10) {
            0 => 0,
            1 => rng.u16(..20),
            2 => rng.u16(200..600),
            _ => rng.u16(20..100),
        };
        self.windows.widths.push(columns);
        bytes.extend([IAC, SB, NAWS]);
        for byte in [columns, rng.u16(..60)].map(u16::to_be_bytes).concat() {
            bytes.extend(if byte == IAC { vec![IAC, IAC] } else { vec![byte] });
        }
        bytes.extend([IAC, SE]);
    }
}
