//! A user's terminal at a telnet door, without a client program: vt100 draws the output.

use std::io::Read;
use std::num::NonZeroU16;

use natter::door::charset::Charset;
use natter::door::iac::{IAC, SB, SE};
use natter::door::telnet::option::{ECHO, NAWS, SGA};

use super::{Client, screen};

const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;

/// Everything that a terminal was asked to do besides showing text.
#[derive(Default)]
pub struct Asked(Vec<String>);

/// A connection to a telnet door and the screen of its terminal.
pub struct Terminal {
    client: Client,
    parser: vt100::Parser<Asked>,
    charset: Charset,
    /// Incomplete input: part of a command, or of a character.
    cut: Vec<u8>,
    /// Whether the server echoes what is typed.
    pub is_echoed: bool,
    /// The server is told of the window's size.
    has_told_window: bool,
}

impl Terminal {
    /// Connects to the telnet door `door`, with a terminal of that size and charset.
    pub fn connect(door: &str, (columns, rows): (u16, u16), charset: Charset) -> Self {
        let size = |size| NonZeroU16::new(size).expect("it has a size");
        let parser =
            vt100::Parser::new_with_callbacks(size(rows), size(columns), 0, Asked::default());
        let (client, is_echoed, has_told_window) = (Client::connect(door), false, false);
        Self { client, parser, charset, cut: Vec::new(), is_echoed, has_told_window }
    }

    /// Tells the size of the window (RFC 1073).
    pub fn tell_window(&mut self) {
        if !std::mem::replace(&mut self.has_told_window, true) {
            self.client.send([IAC, WILL, NAWS]);
        }
        let (rows, columns) = self.parser.screen().size();
        let size = [columns, rows].map(|size| size.get().to_be_bytes());
        let size: Vec<u8> = size.as_flattened().iter().flat_map(doubled).collect();
        self.client.send([&[IAC, SB, NAWS][..], &size, &[IAC, SE]].concat());
    }

    /// Gives the window another size, and tells it.
    pub fn resize(&mut self, (columns, rows): (u16, u16)) {
        let size = |size| NonZeroU16::new(size).expect("it has a size");
        self.parser.screen_mut().set_size(size(rows), size(columns));
        self.tell_window();
    }

    /// Returns its charset.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Sends `bytes` unchanged.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.send(bytes);
    }

    /// Sends `text` in the charset of this terminal.
    pub fn type_in(&mut self, text: &str) {
        let mut bytes = Vec::new();
        self.charset.encode(text, &mut bytes);
        self.client.send(bytes);
    }

    /// Types `text` and presses Return.
    pub fn enter(&mut self, text: &str) {
        self.type_in(&format!("{text}\r\n"));
    }

    /// Shows `text` without sending it.
    pub fn echo(&mut self, text: &str) {
        self.parser.process(text.as_bytes());
    }

    /// Waits until the screen is exactly `wanted`, as with [`super::Screen::expect`].
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) {
        self.wait(wanted, |shown| shown == wanted.trim_matches('\n'));
    }

    /// Waits until the screen ends in `wanted`.
    #[track_caller]
    pub fn expect_end(&mut self, wanted: &str) {
        self.wait(wanted, |shown| shown.ends_with(&format!("\n{wanted}")));
    }

    #[track_caller]
    fn wait(&mut self, wanted: &str, fits: impl Fn(&str) -> bool) {
        while !fits(&self.shown()) {
            let mut buffer = [0; 4096];
            let count = match self.client.read(&mut buffer) {
                Ok(0) => panic!("it is closed; wanted:\n{wanted}\nshown:\n{}\n", self.shown()),
                Ok(count) => count,
                Err(error) => panic!("{error}; wanted:\n{wanted}\nshown:\n{}\n", self.shown()),
            };
            self.cut.extend_from_slice(&buffer[..count]);
            self.take();
        }
        assert!(self.parser.callbacks().0.is_empty(), "{:?}", self.parser.callbacks().0);
    }

    /// Returns what it shows, with a mark for the cursor.
    pub fn shown(&self) -> String {
        let screen = self.parser.screen();
        let (row, column) = screen.cursor_position();
        let rows = screen.rows(0, screen.size().1.get()).enumerate();
        let rows: Vec<String> = rows
            .map(|(at, text)| {
                screen::as_compared(&text, (at == usize::from(row)).then_some(column.into()))
            })
            .collect();
        rows.join("\n").trim_matches('\n').to_string()
    }

    /// Whether all cells have plain text, except for the times of rows, which may be dim.
    pub fn is_plain(&self) -> bool {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        let cells = (0..rows.get())
            .flat_map(|row| (0..columns.get()).filter_map(move |column| screen.cell(row, column)));
        let mut cells = cells.map(|cell| {
            let colors = [cell.fgcolor(), cell.bgcolor()];
            let is_marked = cell.bold() || cell.italic() || cell.underline() || cell.inverse();
            colors == [vt100::Color::Default; 2] && !is_marked && !cell.dim()
        });
        cells.all(|is_plain| is_plain)
            && !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && !screen.application_cursor()
            && !screen.application_keypad()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }

    /// Executes the commands in the input, and shows the rest.
    fn take(&mut self) {
        let came = std::mem::take(&mut self.cut);
        let mut rest = came.as_slice();
        while let Some(&first) = rest.first() {
            let length =
                if first == IAC { command_length(rest) } else { self.charset.first_length(rest) };
            let Some(length) = length else { break };
            let (taken, later) = rest.split_at(length);
            rest = later;
            match *taken {
                [IAC, IAC] => self.parser.process("ÿ".as_bytes()),
                [IAC, verb @ WILL..=DONT, option] => self.negotiate(verb, option),
                [IAC, ..] | [0] => {}
                _ => {
                    let mut text = String::new();
                    self.charset.decode(taken, &mut text);
                    self.parser.process(visible(&text).as_bytes());
                }
            }
        }
        self.cut = rest.to_vec();
    }

    /// Agrees to be echoed, to have told the window's size, and to nothing else.
    fn negotiate(&mut self, verb: u8, option: u8) {
        let agrees = matches!(option, ECHO | SGA);
        let answer = match verb {
            WILL if agrees => DO,
            WILL | WONT => DONT,
            _ => WONT,
        };
        if option == ECHO {
            self.is_echoed = verb == WILL;
        }
        if option == NAWS && self.has_told_window {
            return;
        }
        if matches!(verb, WILL | DO) || agrees {
            self.client.send([IAC, answer, option]);
        }
    }
}

/// Returns `text` with `¿` for U+FFFD, which vt100 does not show.
pub fn visible(text: &str) -> String {
    text.replace(char::REPLACEMENT_CHARACTER, "¿")
}

fn doubled(byte: &u8) -> Vec<u8> {
    vec![*byte; if *byte == IAC { 2 } else { 1 }]
}

/// Returns the length of the command at the start of `bytes`, if it is complete.
fn command_length(bytes: &[u8]) -> Option<usize> {
    match *bytes.get(1)? {
        SB => bytes.windows(2).position(|pair| pair == [IAC, SE]).map(|at| at + 2),
        WILL..=DONT => (bytes.len() >= 3).then_some(3),
        _ => Some(2),
    }
}

impl vt100::Callbacks for Asked {
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("flash".into());
    }

    fn resize(&mut self, _: &mut vt100::Screen, size: (u16, u16)) {
        self.0.push(format!("resize to {size:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {}", name.escape_ascii()));
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {}", title.escape_ascii()));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {}", data.escape_ascii()));
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("paste".into());
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.0.push(format!("character {c:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0.push(format!("escape {byte}"));
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        _: Option<u8>,
        _: Option<u8>,
        _: &[&[u16]],
        last: char,
    ) {
        self.0.push(format!("control sequence {last}"));
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, _: &[&[u8]]) {
        self.0.push("system command".into());
    }
}
