//! The telnet protocol: separates input from commands, options and subnegotiations, and answers
//! them.
//!
//! Nothing is sent to a peer that has sent no command: it may not speak telnet at all. A doubled
//! IAC is a byte of text and no command, and neither is anything from IAC 0 to IAC 235, to which no
//! RFC gives a meaning (a byte 255 in a peer's Latin-1 looks like that). The first command shows
//! that the peer speaks telnet; then it is asked for eight-bit transmission, its window size, its
//! terminal and its charset.
//!
//! ENVIRON (36), NEW-ENVIRON (39) and LINEMODE (34) are refused like every other unknown option,
//! and their subnegotiations are ignored: they have been used to attack other servers
//! (CVE-2026-24061, CVE-2026-28372, CVE-2026-32746).

use crate::door::iac::{self, Commands, DO, DONT, EOF, IAC, SB, SE, WILL, WONT};
use crate::door::telnet::charset::Choice;
use crate::door::telnet::option::{BINARY, CHARSET, ECHO, NAWS, Options, SGA, TIMING_MARK, TTYPE};
use crate::limits::EDIT_ANSWER_MS;

// Commands of one byte (RFC 854, RFC 1184).
const SUSP: u8 = 237;
const ABORT: u8 = 238;
const BRK: u8 = 243;
const IP: u8 = 244;
const AO: u8 = 245;
const AYT: u8 = 246;
const EC: u8 = 247;
const EL: u8 = 248;

/// The first byte of a subnegotiation of TTYPE (RFC 1091).
const TTYPE_IS: u8 = 0;
const TTYPE_SEND: u8 = 1;

/// The answer to "are you there" (RFC 854: something visible).
pub const HERE: &str = "[natter]\r\n";
/// IAC NOP: has no effect, but is traffic.
pub const NOP: [u8; 2] = [IAC, 241];

/// The number of bytes kept of a subnegotiation, including its option: a longer one is cut.
const SUB_BYTES_MAX: usize = 64;

/// The number of negotiations and "are you there" commands answered within one window of time, and
/// the length of that window.
const ANSWERS_MAX: u8 = 32;
const WINDOW_MS: u64 = 10_000;
/// The number of negotiations that are processed in all: so even an exchange with a peer that
/// contradicts every answer, each after more than a window, ends.
const NEGOTIATIONS_MAX: u16 = 1_000;

/// A decoded item of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Input between commands, not empty; a doubled IAC is one byte 255, as an item of its own.
    Data(&'a [u8]),
    /// Delete the last character of the unfinished line.
    EraseCharacter,
    /// Delete the unfinished line.
    EraseLine,
    /// Cancel the unfinished line, and whatever is in progress (telnet's ^C).
    Cancel(ControlKey),
    /// A control function without a meaning in a chat.
    Ignored(ControlKey),
    /// Answer with something visible.
    AreYouThere,
    /// The size of the window; 0 is unknown.
    Window {
        /// The number of columns.
        columns: u16,
        /// The number of rows.
        rows: u16,
    },
    /// The terminal's name: visible ASCII, lower case, at most 62 bytes.
    Terminal(&'a str),
    /// Both directions use this one of [`CHARSETS`](super::charset::CHARSETS) from now on.
    Charset(&'static str),
    /// Whether the peer leaves echoing to us.
    Echo(bool),
}

/// The control key that means the command on most terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlKey(pub u8);

/// The telnet state of one connection, without its socket and its clock.
///
/// Every byte of input counts as consumed, also those of commands and subnegotiations: a caller
/// that limits bytes without a line end thereby limits an endless subnegotiation as well.
pub struct Protocol {
    commands: Commands,
    sub: Sub,
    ours: Options<3>,
    theirs: Options<5>,
    budget: Budget,
    charset: Choice,
    /// Whether ECHO and SGA may be agreed to.
    is_editing: bool,
    has_spoken: bool,
    has_asked_terminal: bool,
    /// When input was last received.
    received_ms: u64,
    /// When the peer's answer to the offer of editing is overdue; 0 if none is awaited.
    edit_due_ms: u64,
}

/// The result of one byte.
enum Step {
    Nothing,
    Item(Item<'static>),
    /// The terminal's name is in the subnegotiation.
    Terminal,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            commands: Commands::default(),
            sub: Sub { bytes: [0; SUB_BYTES_MAX], length: 0, is_cut: false },
            ours: Options::new([ECHO, SGA, CHARSET]),
            // We ignore go-aheads in any case, so the peer may suppress them.
            theirs: Options::new([BINARY, NAWS, TTYPE, CHARSET, SGA]),
            budget: Budget::default(),
            charset: Choice::default(),
            is_editing: false,
            has_spoken: false,
            has_asked_terminal: false,
            received_ms: 0,
            edit_due_ms: 0,
        }
    }
}

impl Protocol {
    /// Decodes the next item of `input`; returns the number of bytes consumed as well, which is all
    /// of them if there is none. Answers are appended to `replies`, to be sent unchanged.
    pub fn next<'a>(
        &'a mut self,
        input: &'a [u8],
        now_ms: u64,
        replies: &mut Vec<u8>,
    ) -> (usize, Option<Item<'a>>) {
        self.received_ms = now_ms;
        let mut at = 0;
        while at < input.len() {
            if self.commands.is_text() {
                let run = &input[at..];
                let end = memchr::memchr(IAC, run).unwrap_or(run.len());
                if end > 0 {
                    return (at + end, Some(Item::Data(&run[..end])));
                }
            }
            let step = self.step(input[at], now_ms, replies);
            at += 1;
            match step {
                Step::Nothing => {}
                Step::Item(item) => return (at, Some(item)),
                Step::Terminal => return (at, Some(Item::Terminal(self.sub.terminal()))),
            }
        }
        (at, None)
    }

    /// Whether the input so far ends within a subnegotiation.
    pub fn is_subnegotiating(&self) -> bool {
        self.commands.is_subnegotiating()
    }

    /// Whether the peer has sent a command, and so may be sent some.
    pub fn has_spoken(&self) -> bool {
        self.has_spoken
    }

    /// Asks the peer to leave editing and echoing to us, or withdraws that; [`Item::Echo`] reports
    /// its answer. It is asked even if it has sent no command: most clients only answer.
    pub fn edit(&mut self, on: bool, replies: &mut Vec<u8>) {
        self.is_editing = on;
        let is_open = on && !self.ours.is_on(ECHO);
        self.edit_due_ms = if is_open { self.received_ms + EDIT_ANSWER_MS } else { 0 };
        // SGA is withdrawn too: with SGA but without ECHO, clients still send each key at once, and
        // show it, but leave it to us to erase it.
        for option in [ECHO, SGA] {
            if let Some(word) = self.ours.ask(option, on) {
                say_ours(option, word, replies);
            }
        }
    }

    /// Returns when the answer to [`Protocol::edit`] is overdue.
    pub fn edit_due_ms(&self) -> Option<u64> {
        Some(self.edit_due_ms).filter(|&due_ms| due_ms > 0)
    }

    /// Whether that answer is overdue; returns true only once.
    pub fn take_edit_due(&mut self, now_ms: u64) -> bool {
        let is_due = self.edit_due_ms().is_some_and(|due_ms| due_ms <= now_ms);
        if is_due {
            self.edit_due_ms = 0;
        }
        is_due
    }

    /// Processes one byte that is not plain text.
    fn step(&mut self, byte: u8, now_ms: u64, replies: &mut Vec<u8>) -> Step {
        match self.commands.step(byte) {
            iac::Step::Nothing => {}
            // Other text is processed in runs.
            iac::Step::Text(_) => return Step::Item(Item::Data(&[IAC])),
            iac::Step::Command(command) => return self.command(command, now_ms, replies),
            iac::Step::Option(verb, option) => {
                return self.negotiate(verb, option, now_ms, replies);
            }
            iac::Step::SubStart => self.sub.clear(),
            iac::Step::Sub(byte) => self.sub.push(byte),
            iac::Step::SubIac(byte) => {
                self.sub.push(IAC);
                self.sub.push(byte);
            }
            iac::Step::SubEnd => return self.subnegotiate(now_ms, replies),
        }
        Step::Nothing
    }

    /// Asks a peer that has shown that it speaks telnet for all that is useful.
    fn meet(&mut self, replies: &mut Vec<u8>) {
        if self.has_spoken {
            return;
        }
        self.has_spoken = true;
        // Without BINARY, BSD's telnet and GNU's mistake a byte of UTF-8 for the control character
        // with the same low seven bits: 来 contains their escape key, 小 a ^O.
        for option in [BINARY, NAWS, TTYPE] {
            if let Some(word) = self.theirs.ask(option, true) {
                say_theirs(option, word, replies);
            }
        }
        if let Some(word) = self.ours.ask(CHARSET, true) {
            say_ours(CHARSET, word, replies);
        }
    }

    fn command(&mut self, command: u8, now_ms: u64, replies: &mut Vec<u8>) -> Step {
        if command < EOF {
            return Step::Nothing;
        }
        self.meet(replies);
        match command {
            EC => Step::Item(Item::EraseCharacter),
            EL => Step::Item(Item::EraseLine),
            IP => Step::Item(Item::Cancel(ControlKey(b'C' - b'@'))),
            BRK | ABORT => Step::Item(Item::Cancel(ControlKey(b'\\' - b'@'))),
            AO => Step::Item(Item::Ignored(ControlKey(b'O' - b'@'))),
            SUSP => Step::Item(Item::Ignored(ControlKey(b'Z' - b'@'))),
            EOF => Step::Item(Item::Ignored(ControlKey(b'D' - b'@'))),
            AYT if self.budget.answer(now_ms) => Step::Item(Item::AreYouThere),
            // NOP, GA, DM, EOR; an SE that ends nothing; an AYT beyond the limit.
            _ => Step::Nothing,
        }
    }

    fn negotiate(&mut self, verb: u8, option: u8, now_ms: u64, replies: &mut Vec<u8>) -> Step {
        self.meet(replies);
        if (verb, option) == (DO, TIMING_MARK) {
            // RFC 860: each one is answered, so no refusal is remembered. Clients send it with ^C
            // and discard all output until the answer, so it is not limited either: otherwise
            // holding down ^C would silence them. Each answer has three bytes, as many as the
            // request.
            say_ours(TIMING_MARK, false, replies);
            return Step::Nothing;
        }
        if !self.budget.negotiate(now_ms) {
            return Step::Nothing;
        }
        let on = matches!(verb, WILL | DO);
        if matches!(verb, WILL | WONT) {
            let outcome = self.theirs.receive(option, on, true);
            if let Some(word) = outcome.answer {
                say_theirs(option, word, replies);
            }
            if option == TTYPE && outcome.settled == Some(true) && !self.has_asked_terminal {
                // Only once: RFC 1091 returns the next name of a list to each repeated request.
                self.has_asked_terminal = true;
                replies.extend_from_slice(&[IAC, SB, TTYPE, TTYPE_SEND, IAC, SE]);
            }
            return Step::Nothing;
        }
        // A client that receives WILL SGA stops editing lines itself, so nobody would edit them.
        let may_agree = option == CHARSET || self.is_editing;
        let outcome = self.ours.receive(option, on, may_agree);
        if let Some(word) = outcome.answer {
            say_ours(option, word, replies);
        }
        match (option, outcome.settled) {
            (ECHO, Some(is_on)) => {
                self.edit_due_ms = 0;
                return Step::Item(Item::Echo(is_on));
            }
            (CHARSET, Some(true)) => self.charset.request(replies),
            _ => {}
        }
        Step::Nothing
    }

    /// Handles a subnegotiation that is complete.
    fn subnegotiate(&mut self, now_ms: u64, replies: &mut Vec<u8>) -> Step {
        self.meet(replies);
        let sub = self.sub.bytes();
        if let (&[NAWS, a, b, c, d], true) = (sub, self.theirs.is_on(NAWS)) {
            // Not limited: resizing a window sends dozens, of which the last one counts, and they
            // are not answered.
            let [columns, rows] = [[a, b], [c, d]].map(u16::from_be_bytes);
            return Step::Item(Item::Window { columns, rows });
        }
        if !self.budget.negotiate(now_ms) {
            return Step::Nothing;
        }
        let has_charset = self.ours.is_on(CHARSET) || self.theirs.is_on(CHARSET);
        match sub {
            [TTYPE, TTYPE_IS, ..] if self.theirs.is_on(TTYPE) => {
                if self.sub.clean_terminal() {
                    Step::Terminal
                } else {
                    Step::Nothing
                }
            }
            [CHARSET, said @ ..] if has_charset => {
                let chosen = self.charset.receive(said, self.sub.is_cut, replies);
                chosen.map_or(Step::Nothing, |name| Step::Item(Item::Charset(name)))
            }
            _ => Step::Nothing,
        }
    }
}

fn say_ours(option: u8, on: bool, replies: &mut Vec<u8>) {
    replies.extend_from_slice(&[IAC, if on { WILL } else { WONT }, option]);
}

fn say_theirs(option: u8, on: bool, replies: &mut Vec<u8>) {
    replies.extend_from_slice(&[IAC, if on { DO } else { DONT }, option]);
}

/// The stored part of a subnegotiation: the option, then its data.
struct Sub {
    bytes: [u8; SUB_BYTES_MAX],
    length: u8,
    /// Whether bytes were dropped.
    is_cut: bool,
}

impl Sub {
    fn clear(&mut self) {
        (self.length, self.is_cut) = (0, false);
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length += 1;
        } else {
            self.is_cut = true;
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Reduces a TTYPE IS to its visible characters, in lower case; returns whether any are left.
    fn clean_terminal(&mut self) -> bool {
        let (bytes, length) = (self.bytes, usize::from(self.length));
        self.length = 2;
        for byte in bytes[2..length].iter().filter(|byte| byte.is_ascii_graphic()) {
            self.push(byte.to_ascii_lowercase());
        }
        self.length > 2
    }

    fn terminal(&self) -> &str {
        std::str::from_utf8(&self.bytes()[2..]).expect("only visible ASCII was left")
    }
}

/// The limit on answers to a peer: a fixed window of time, which starts with the first answer after
/// the last window, and the number of answers in it. What exceeds it is neither answered nor acted
/// on.
#[derive(Default)]
struct Budget {
    window_ms: u64,
    in_window: u8,
    negotiations: u16,
}

impl Budget {
    fn answer(&mut self, now_ms: u64) -> bool {
        if self.in_window == 0 || now_ms >= self.window_ms.saturating_add(WINDOW_MS) {
            (self.window_ms, self.in_window) = (now_ms, 0);
        }
        let may = self.in_window < ANSWERS_MAX;
        self.in_window += u8::from(may);
        may
    }

    fn negotiate(&mut self, now_ms: u64) -> bool {
        let may = self.negotiations < NEGOTIATIONS_MAX && self.answer(now_ms);
        self.negotiations += u16::from(may);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_little_memory() {
        assert!(size_of::<Protocol>() <= 192, "{}", size_of::<Protocol>());
    }
}
