//! One telnet connection without its hub: bytes in; lines, notices and output out.

#[allow(dead_code, reason = "of what words are good for, only the bytes are needed")]
#[path = "../negotiation/words.rs"]
mod words;

use std::num::NonZero;

use natter::door::lang::Lang;
use natter::door::line::Piece;
use natter::door::notice::Notice;
use natter::door::telnet::decoder::Decoder;
pub use words::bytes;

pub const LINE_BYTES: usize = 256;
const ROWS: NonZero<u16> = NonZero::new(24).expect("24 is not 0");
const COLUMNS: NonZero<u16> = NonZero::new(80).expect("80 is not 0");
/// The answers of a terminal that lets the server edit its line.
const AGREED: &str = "DO ECHO DO SGA WILL NAWS SB NAWS 0 80 0 24 SE";

pub struct Session {
    pub decoder: Decoder,
    /// Decoded lines, and other results in angle brackets.
    pub heard: Vec<String>,
    /// The telnet commands that were sent.
    pub commands: Vec<u8>,
    /// All other output, as text.
    pub shown: String,
    /// The number of bytes sent.
    pub sent: usize,
    pub line_bytes_max: usize,
    now_ms: u64,
    terminal: vt100::Parser,
    /// The peer was no chat client: the hub closes the connection.
    is_over: bool,
}

impl Session {
    pub fn new(lang: Lang) -> Self {
        Self {
            decoder: Decoder::new(lang),
            heard: Vec::new(),
            commands: Vec::new(),
            shown: String::new(),
            sent: 0,
            line_bytes_max: LINE_BYTES,
            now_ms: 0,
            terminal: vt100::Parser::new(ROWS, COLUMNS, 0),
            is_over: false,
        }
    }

    /// Creates a user in the room, whose line the server edits.
    pub fn editing(lang: Lang) -> Self {
        Self::editing_long(lang, LINE_BYTES)
    }

    /// The same, with a limit for the length of lines.
    pub fn editing_long(lang: Lang, line_bytes_max: usize) -> Self {
        let mut session = Self { line_bytes_max, ..Self::new(lang) };
        let telnet = &mut session.decoder;
        telnet.enter("lobby");
        telnet.edit(true);
        session.decode(&bytes(AGREED), 0);
        assert_eq!(session.heard, ["<edit true>"]);
        session.heard.clear();
        session
    }

    /// Decodes `burst`, one read, as the hub does.
    pub fn decode(&mut self, mut burst: &[u8], now_ms: u64) {
        self.now_ms = now_ms;
        while !burst.is_empty() && !self.is_over {
            let (taken, piece) = self.decoder.next(burst, now_ms, self.line_bytes_max);
            assert!(0 < taken && taken <= burst.len(), "there is progress");
            burst = &burst[taken..];
            let (heard, is_tab) = (piece.as_ref().map(shown), piece == Some(Piece::Complete));
            let is_end = heard.is_none();
            self.is_over = matches!(piece, Some(Piece::Stray(_)));
            self.heard.extend(heard);
            self.answer();
            let telnet = &mut self.decoder;
            if is_tab {
                telnet.complete(&["Alice"]);
            } else if !is_end && telnet.is_editing() {
                // Each line causes output, followed by a prompt.
                let erased = telnet.hide_input();
                self.send(&erased);
                self.send(b"\r\0\x1b[Ksaid\r\n> ");
            }
            assert!(!is_end || burst.is_empty(), "all of it was taken");
        }
        self.draw();
    }

    /// Advances the time to `now_ms` without input; what is due by then is sent.
    pub fn wait(&mut self, now_ms: u64) {
        while let Some(due_ms) = self.decoder.deadline_ms().filter(|&due_ms| due_ms <= now_ms) {
            self.now_ms = due_ms;
            let bytes = self.decoder.tick(due_ms, true);
            self.send(&bytes);
        }
        self.now_ms = now_ms;
    }

    /// Shows a line said in the room above the typed line.
    pub fn tell(&mut self, line: &str) {
        let erased = self.decoder.hide_input();
        self.send(&erased);
        self.send(format!("\r\0\x1b[K{line}\r\n> ").as_bytes());
        self.draw();
    }

    /// Returns all rows of the terminal, and the position of its cursor.
    pub fn screen(&self) -> (String, (u16, u16)) {
        (self.terminal.screen().contents(), self.terminal.screen().cursor_position())
    }

    /// Ends the input.
    pub fn end(&mut self) {
        if self.is_over {
            return;
        }
        let last = self.decoder.finish(LINE_BYTES).map(|piece| format!("|{}", shown(&piece)));
        self.heard.extend(last);
        self.answer();
    }

    pub fn held_bytes(&self) -> usize {
        self.decoder.held_bytes()
    }

    /// Returns the row of the cursor, as it is shown.
    pub fn last_row(&self) -> String {
        let screen = self.terminal.screen();
        let row = usize::from(screen.cursor_position().0);
        screen.rows(0, 80).nth(row).unwrap_or_default().trim_end().to_string()
    }

    fn answer(&mut self) {
        let telnet = &mut self.decoder;
        let replies = telnet.take_replies();
        let notices = [telnet.take_notice(), telnet.take_notice()];
        self.send(&replies);
        self.heard.extend(notices.into_iter().flatten().map(|notice| match notice {
            Notice::CharsetSet { name, is_guessed: true } => format!("<{name}>"),
            Notice::EditSet { on } => format!("<edit {on}>"),
            other => panic!("{other:?} is no notice"),
        }));
        self.draw();
    }

    pub fn draw(&mut self) {
        let telnet = &mut self.decoder;
        let mut drawn = telnet.take_replies();
        drawn.extend(telnet.draw(self.now_ms));
        self.send(&drawn);
    }

    /// Separates output into telnet commands and the rest.
    pub fn send(&mut self, mut bytes: &[u8]) {
        self.sent += bytes.len();
        while !bytes.is_empty() {
            let command = match bytes {
                [255, 255, ..] => 0,
                [255, 250, ..] => {
                    let end = bytes.windows(2).position(|two| two == [255, 240]);
                    end.expect("what is begun is ended") + 2
                }
                [255, 251..=254, ..] => 3,
                [255, _, ..] => 2,
                _ => 0,
            };
            let (command, text) = bytes.split_at(command);
            self.commands.extend(command);
            let doubled = usize::from(text.starts_with(&[255, 255]));
            let end = text[2 * doubled..].iter().position(|&byte| byte == 255);
            let end = end.map_or(text.len(), |at| at + 2 * doubled);
            self.terminal.process(&text[doubled..end]);
            self.shown += &String::from_utf8_lossy(&text[doubled..end]);
            bytes = &text[end..];
        }
    }
}

fn shown(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Line(line) => String::from_utf8(line.to_vec()).expect("lines are text"),
        Piece::TooLong => "<too long>".into(),
        Piece::Stray(notice) => format!("<{notice:?}>"),
        Piece::Complete => "<complete>".into(),
    }
}

/// Decodes `parts`, each one read, and the end of the input.
pub fn decoded<'a>(lang: Lang, parts: impl IntoIterator<Item = &'a [u8]>) -> Session {
    let mut session = Session::new(lang);
    for part in parts {
        session.decode(part, 0);
    }
    session.end();
    session
}

/// Asserts that `input`, in words, is decoded into `lines`: whole, in pieces of every size and, if
/// it is short, cut at every two places. The answers are the same, too; but the prompt follows the
/// commands of its read, so that a client that discards output up to an answer does not lose it.
#[track_caller]
pub fn assert_lines(input: &str, lines: &[&str]) {
    let input = bytes(input);
    let whole = decoded(Lang::En, [&input[..]]);
    assert_eq!(whole.heard, lines);
    let check = |parts: &[&[u8]]| {
        let session = decoded(Lang::En, parts.iter().copied());
        assert_eq!(session.heard, whole.heard, "{parts:?}");
        assert_eq!(session.commands, whole.commands, "{parts:?}");
        assert_eq!(session.shown, whole.shown, "{parts:?}");
    };
    for size in 1..input.len() {
        check(&input.chunks(size).collect::<Vec<_>>());
    }
    for first in 0..input.len() {
        check(&[&input[..first], &input[first..]]);
        let others = if input.len() < LINE_BYTES { first..input.len() } else { 0..0 };
        for second in others {
            check(&[&input[..first], &input[first..second], &input[second..]]);
        }
    }
}
