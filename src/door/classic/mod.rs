//! The article's protocol: decodes its commands, encodes its lines, with line ends or without.
//!
//! The article's client sends no newline and compares whole reads with `OK` and `exit`. So each
//! read from it is one command, and its output is cut into portions, each of which it reads at
//! once. All other clients send and receive lines.

pub mod portion;

use crate::chat::command::Command;
use crate::chat::event::Event;
use crate::clock::{Shown, Stamp};
use crate::door::classic::portion::LINE_END;
use crate::door::lang::Lang;
use crate::door::line::{LineBuffer, Piece};
use crate::door::notice::Message;
use crate::door::stray::{self, TlsGuard};
use crate::limits::{READ_BYTES, REPLY_BEFORE_NAME_BYTES};
use crate::zone::{Zone, Zones};

/// How a client separates its commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Not known yet.
    #[default]
    Unknown,
    /// By reads: each burst of bytes is one command.
    Bursts,
    /// By line ends: it has sent one.
    Lines,
}

/// Decodes the bytes of one connection into command lines.
#[derive(Default)]
pub struct Decoder {
    lines: LineBuffer,
    framing: Framing,
    /// The last burst filled a whole read and was too long: the next one continues it.
    is_in_overlong_burst: bool,
    has_entered: bool,
    /// The server's language.
    lang: Lang,
    tls: TlsGuard,
}

impl Decoder {
    /// Creates the decoder of a new connection, whose messages are in `lang`.
    pub fn new(lang: Lang) -> Self {
        Self { lang, ..Self::default() }
    }

    /// Returns the language of messages to the client.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Returns how the client separates its commands.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Notes that the client has a name, and is in a room.
    pub fn enter(&mut self) {
        self.has_entered = true;
    }

    /// Whether the client has a name, and is in a room.
    pub fn has_entered(&self) -> bool {
        self.has_entered
    }

    /// Whether it has sent neither a line nor a whole burst yet.
    pub fn is_new(&self) -> bool {
        self.framing == Framing::Unknown
    }

    /// Returns the number of bytes since the last line end or whole burst.
    pub fn unterminated_bytes(&self) -> usize {
        self.lines.unterminated_bytes()
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.lines.held_bytes()
    }

    /// Decodes the next command line of `burst`, which is one read or the rest of it; returns the
    /// number of bytes consumed as well, which is all of them if there is no further line.
    pub fn next<'a>(&'a mut self, burst: &'a [u8], bytes_max: usize) -> (usize, Option<Piece<'a>>) {
        if self.tls.is_hello(burst) {
            return (burst.len(), Some(Piece::Stray(stray::NOT_FOR_TLS)));
        }
        let is_burst = self.framing != Framing::Lines
            && self.lines.is_empty()
            && !has_line_end(burst)
            && (self.framing == Framing::Bursts || is_whole_command(burst));
        if is_burst {
            self.framing = Framing::Bursts;
            let is_rest = self.is_in_overlong_burst;
            self.is_in_overlong_burst = burst.len() >= READ_BYTES;
            if is_rest {
                return (burst.len(), None);
            }
            // It goes through the line buffer all the same, which removes telnet commands.
            let (_, line) = self.lines.next(burst, bytes_max);
            assert!(line.is_none(), "without a line end no line ends");
            return (burst.len(), self.lines.finish());
        }
        let (taken, line) = self.lines.next(burst, bytes_max);
        if line.is_some() {
            self.framing = Framing::Lines;
        }
        (taken, line.map(guarded))
    }

    /// Ends the current burst, because the socket is drained: the next read starts another one.
    pub fn end_burst(&mut self) {
        self.is_in_overlong_burst = false;
    }

    /// Frees the buffer of the line that was returned last.
    pub fn release(&mut self) {
        self.lines.release();
    }

    /// Drops buffered input: nothing more is decoded.
    pub fn stop(&mut self) {
        self.lines = LineBuffer::default();
    }

    /// Returns the last line, which was not terminated when the client stopped sending.
    pub fn finish(&mut self) -> Option<Piece<'_>> {
        self.lines.finish().map(guarded)
    }
}

/// Returns `piece`, unless a web page has sent it: a browser can be made to POST any text to a port
/// of its own machine, and the lines of that text would be commands. This is checked on every line,
/// as in Redis: what comes before the header may look like talk.
fn guarded(piece: Piece<'_>) -> Piece<'_> {
    match piece {
        Piece::Line(line) if stray::is_request_line(line) || stray::is_host_header(line) => {
            Piece::Stray(stray::NOT_FOR_BROWSERS)
        }
        piece => piece,
    }
}

fn has_line_end(burst: &[u8]) -> bool {
    memchr::memchr(b'\n', burst).is_some() || burst.windows(2).any(|pair| pair == b"\r\0")
}

/// Whether one read of a client of unknown framing is certainly a command.
fn is_whole_command(burst: &[u8]) -> bool {
    burst == b"exit"
        || burst.ends_with(b" -n")
        || burst.ends_with(b" -ta")
        || ends_in_full_width(burst)
}

/// The same for the full-width form that Chinese input methods produce, such as `　－ta`.
fn ends_in_full_width(burst: &[u8]) -> bool {
    // Four characters of three bytes, and something before them.
    let end = String::from_utf8_lossy(&burst[burst.len().saturating_sub(16)..]);
    let command = Command::parse(&end);
    matches!(command, Command::Name(_) | Command::Say(_)) && end.trim_end() == end
}

/// Encodes `message` as lines; while the reader has no name yet, each line fits one read of the
/// article's client.
pub fn encode(
    message: Message<'_>,
    lang: Lang,
    stamp: Stamp,
    is_named: bool,
    zones: &mut Zones,
    to: &mut Vec<u8>,
) {
    if let Message::Event(&Event::Said { nick, text }) = message {
        // The most frequent event: without formatting machinery.
        zones.begin_line(Zone::LOCAL, stamp, Shown::Full, false, to);
        to.extend_from_slice(nick.as_bytes());
        to.push(b':');
        to.extend_from_slice(text.as_bytes());
        to.extend_from_slice(LINE_END);
        return;
    }
    let is_word = matches!(message, Message::Event(Event::Accepted | Event::Goodbye));
    let mut body = Vec::new();
    lang.write(message, &mut body).expect("writing to memory does not fail");
    for line in body.split(|&byte| byte == b'\n') {
        let from = to.len();
        if !is_word {
            zones.begin_line(Zone::LOCAL, stamp, Shown::Full, false, to);
        }
        to.extend_from_slice(line);
        if !is_named {
            let length = to.len() - from;
            let kept =
                portion::clipped(&to[from..], length.min(REPLY_BEFORE_NAME_BYTES - LINE_END.len()));
            to.truncate(from + kept);
        }
        to.extend_from_slice(LINE_END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1024;

    /// Decodes `bursts`, each one read; also returns the framing at the end.
    fn decoded(bursts: &[&str]) -> (Vec<String>, Framing) {
        let mut decoder = Decoder::default();
        let mut lines = Vec::new();
        for burst in bursts {
            let mut rest = burst.as_bytes();
            while !rest.is_empty() {
                let (taken, piece) = decoder.next(rest, MAX);
                match piece {
                    Some(Piece::Line(line)) => lines.push(String::from_utf8_lossy(line).into()),
                    Some(Piece::TooLong) => lines.push("!".into()),
                    Some(other) => panic!("not at this door: {other:?}"),
                    None => assert_eq!(taken, rest.len(), "input is left only behind a line"),
                }
                rest = &rest[taken..];
            }
        }
        (lines, decoder.framing())
    }

    #[test]
    fn each_burst_of_the_articles_client_is_a_command() {
        let (lines, framing) = decoded(&["小明 -n", "hello -ta", "what is this", "exit"]);
        assert_eq!(lines, ["小明 -n", "hello -ta", "what is this", "exit"]);
        assert_eq!(framing, Framing::Bursts);
        assert_eq!(decoded(&["exit"]), (vec!["exit".into()], Framing::Bursts));
        let long = "x".repeat(2_000) + " -ta";
        assert_eq!(decoded(&[&long, "ok -ta"]).0, ["!", "ok -ta"]);
        let read = "x".repeat(READ_BYTES);
        assert_eq!(decoded(&["a -n", &read, &read, "xx -ta", "b -n"]).0, ["a -n", "!", "b -n"]);
        assert_eq!(decoded(&["a -n", "nul\0 -ta", "b -n"]).0, ["a -n", "nul\0 -ta", "b -n"]);
    }

    #[test]
    fn a_typing_user_is_not_mistaken_for_the_articles_client() {
        assert_eq!(decoded(&["hel", "lo -ta"]), (vec![], Framing::Unknown));
        assert_eq!(decoded(&["a", " ", "-", "n"]), (vec![], Framing::Unknown));
        assert_eq!(decoded(&["bob"]), (vec![], Framing::Unknown));
        assert_eq!(decoded(&["e", "xit"]), (vec![], Framing::Unknown));
        let (lines, framing) = decoded(&["\n", "bob -n", " and more\n"]);
        assert_eq!(lines, ["", "bob -n and more"]);
        assert_eq!(framing, Framing::Lines);
    }

    /// Whether `reads` are recognised as another protocol.
    fn is_stray(reads: &[&[u8]]) -> bool {
        let mut decoder = Decoder::default();
        reads.iter().any(|read| {
            let mut rest = *read;
            while !rest.is_empty() {
                let (taken, piece) = decoder.next(rest, MAX);
                if matches!(piece, Some(Piece::Stray(_))) {
                    return true;
                }
                rest = &rest[taken..];
            }
            false
        }) || matches!(decoder.finish(), Some(Piece::Stray(_)))
    }

    #[test]
    fn other_protocols_are_closed() {
        let long = format!("POST /{} HTTP/1.1\r\nHost: x\r\n\r\na -n\r\nb -ta", "x".repeat(5_000));
        for stray in [
            "POST / HTTP/1.1\r\nhost: localhost:9999\r\n\r\nmallory -n\r\nhi -ta\r\n",
            "GET / HTTP/1.0\n",
            "GET / HTTP/1.0",
            "\r\nPRI * HTTP/2.0\r\n",
            "X: y\r\nHOST:127.0.0.1\r\n",
            "mallory -n\r\nhi -ta\r\nPOST / HTTP/1.1\r\n",
            &long,
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}",
        ] {
            assert!(is_stray(&[stray.as_bytes()]), "{stray:?}");
            assert!(is_stray(&stray.as_bytes().chunks(1).collect::<Vec<_>>()), "{stray:?}");
        }
        for talk in [
            "POST x -ta\r\n",
            "Host: alice tonight -ta\r\n",
            "GET some tea -ta\r\n",
            "x\u{16}\u{3}\r\n",
            "\r\n\u{16}\u{3}\r\n",
            "Host: me -n",
        ] {
            assert!(!is_stray(&[talk.as_bytes()]), "{talk:?}");
        }
    }

    #[test]
    fn the_first_line_end_makes_a_client_framed_for_good() {
        let (lines, framing) = decoded(&["bob -n", "hi -ta", "\r\n", "x -ta", "y -ta\r\n", "exit"]);
        assert_eq!(lines, ["bob -n", "hi -ta", "", "x -tay -ta"]);
        assert_eq!(framing, Framing::Lines);
        assert_eq!(decoded(&["a -n\r\0b -ta"]), (vec!["a -n".into()], Framing::Lines));
    }

    #[test]
    fn replies_before_a_name_fit_one_read_of_the_articles_client() {
        let (stamp, mut zones) = (Stamp { unix_ms: 1_700_000_000_000 }, Zones::new());
        let free = &"名".repeat(16);
        let long = &"长".repeat(300);
        use crate::chat::event::NickFault;
        for lang in [Lang::En, Lang::Zh] {
            for fault in NickFault::ALL {
                let mut reply = Vec::new();
                encode(
                    (&Event::NameRefused { fault, free }).into(),
                    lang,
                    stamp,
                    false,
                    &mut zones,
                    &mut reply,
                );
                assert!(reply.len() <= 128, "{fault:?}");
                let reply = String::from_utf8(reply).expect("cut between characters");
                assert!(reply.ends_with(&format!("{free}\r\n")) || lang == Lang::En, "{reply}");
            }
            for event in [Event::NameTaken { free }, Event::Nobody { nick: long }, Event::Help] {
                let mut reply = Vec::new();
                encode((&event).into(), lang, stamp, false, &mut zones, &mut reply);
                let reply = String::from_utf8(reply).expect("cut between characters");
                assert!(reply.split_inclusive("\r\n").all(|line| line.len() <= 128), "{reply}");
            }
        }
    }
}
