//! Decodes the input of a terminal in character mode into keys: for the server, where it edits a
//! user's line, and for the client.

use crate::editor::Key;

/// A longer sequence after an `ESC` is not one: what follows is text again.
///
/// The longest sequence of a key has 6; long ones are a terminal's answers to queries, which are
/// not sent here.
const SEQUENCE_CHARS_MAX: u8 = 32;

/// A decoded input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key that edits the line.
    Key(Key),
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
    /// The text that follows is pasted, up to [`Input::PasteEnd`].
    PasteStart,
    /// See [`Input::PasteStart`].
    PasteEnd,
    /// Whether the terminal has the focus.
    Focus(bool),
}

/// Decodes characters into keys.
///
/// A lone `ESC` cannot be told from the start of a sequence without a clock, so it consumes the
/// next character as well. No sequence can hide a line end or a control key: in every state, they
/// end the sequence and have their usual meaning.
#[derive(Default)]
pub struct Keys {
    state: State,
    /// The number of characters of the current sequence after its `ESC`.
    chars: u8,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After `\r`: a `\n` or NUL belongs to it (RFC 854).
    Return,
    /// After `ESC`.
    Escape,
    /// After `ESC` and one of `SP` to `/`, as in `ESC ( B`.
    Intermediate,
    /// In `ESC [`, the control sequences of ECMA-48.
    Csi(Parameters),
    /// After `ESC O`, how keypads and function keys begin.
    Ss3(Parameters),
    /// After `ESC [ [`: one more character follows. The Linux console's F1 to F5.
    Function,
    /// In an OSC, DCS, SOS, PM or APC, up to `BEL`, or to an `ESC` followed by `\`.
    Payload,
}

/// The numbers in a sequence; 255 stands for all that are larger.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Parameters {
    first: u8,
    last: u8,
    has_several: bool,
    /// Other characters were among them: it is not a key, whatever its last character.
    is_foreign: bool,
    /// There was a `<` before the first: it is a mouse event (xterm's "SGR" mode).
    is_mouse: bool,
}

impl Keys {
    /// Decodes `c`; returns the input that it completes, if any.
    pub fn next(&mut self, c: char) -> Option<Input> {
        let state = std::mem::take(&mut self.state);
        self.chars = self.chars.saturating_add(1);
        match state {
            State::Text => self.text(c),
            State::Return if matches!(c, '\n' | '\0') => None,
            State::Return => self.text(c),
            State::Payload if matches!(c, '\u{7}' | '\u{9c}') => None,
            // Alt and the key above Return.
            State::Escape if matches!(c, '\u{8}' | '\u{7f}') => key(Key::KillWord),
            _ if c.is_control() || self.chars > SEQUENCE_CHARS_MAX => self.text(c),
            State::Payload => self.swallow(state),
            _ if !c.is_ascii() => self.text(c),
            State::Escape => self.escaped(c),
            State::Intermediate if matches!(c, ' '..='/') => self.swallow(state),
            State::Intermediate | State::Function => None,
            State::Csi(Parameters { first: 0, last: 0, .. }) if c == '[' => {
                self.swallow(State::Function)
            }
            State::Csi(parameters) => match parameters.with(c) {
                Some(parameters) => self.swallow(State::Csi(parameters)),
                None => parameters.input(c),
            },
            State::Ss3(parameters) => match (parameters.with(c), c) {
                (Some(parameters), _) => self.swallow(State::Ss3(parameters)),
                // rxvt's sequences for Ctrl and an arrow, and the keypad's Enter.
                (None, 'c') => key(Key::WordRight),
                (None, 'd') => key(Key::WordLeft),
                (None, 'M') => key(Key::Enter),
                (None, _) => parameters.input(c),
            },
        }
    }

    /// Decodes `c` outside a sequence; it may begin one.
    fn text(&mut self, c: char) -> Option<Input> {
        key(match c {
            '\r' => {
                self.state = State::Return;
                Key::Enter
            }
            '\n' => Key::Enter,
            '\u{1}' => Key::Home,
            '\u{2}' => Key::Left,
            '\u{3}' => Key::Cancel,
            '\u{4}' => Key::EndOfInput,
            '\u{5}' => Key::End,
            '\u{6}' => Key::Right,
            // Terminals differ in which of the two the key above Return sends.
            '\u{8}' | '\u{7f}' => Key::Backspace,
            '\t' => Key::Tab,
            '\u{b}' => Key::KillToEnd,
            '\u{c}' => Key::Redraw,
            '\u{e}' => Key::Down,
            '\u{10}' => Key::Up,
            '\u{15}' => Key::KillToStart,
            '\u{17}' => Key::KillWord,
            '\u{1a}' => return Some(Input::Suspend),
            '\u{1b}' => return self.begin(State::Escape),
            // The same introducers as single C1 characters.
            '\u{8f}' => return self.begin(State::Ss3(Parameters::default())),
            '\u{9b}' => return self.begin(State::Csi(Parameters::default())),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => {
                return self.begin(State::Payload);
            }
            _ if c.is_control() => return None,
            _ => Key::Char(c),
        })
    }

    /// Decodes `c` after `ESC`.
    fn escaped(&mut self, c: char) -> Option<Input> {
        match c {
            '[' => self.swallow(State::Csi(Parameters::default())),
            'O' => self.swallow(State::Ss3(Parameters::default())),
            'P' | 'X' | ']' | '^' | '_' => self.swallow(State::Payload),
            ' '..='/' => self.swallow(State::Intermediate),
            'b' => key(Key::WordLeft),
            'f' => key(Key::WordRight),
            _ => None,
        }
    }

    fn begin(&mut self, state: State) -> Option<Input> {
        self.chars = 0;
        self.swallow(state)
    }

    fn swallow(&mut self, state: State) -> Option<Input> {
        self.state = state;
        None
    }
}

impl Parameters {
    /// Adds `c` to the parameters; returns none if `c` ends the sequence.
    fn with(self, c: char) -> Option<Self> {
        match c {
            '0'..='9' => {
                let digit = u8::try_from(c).unwrap_or_default() - b'0';
                let last = self.last.saturating_mul(10).saturating_add(digit);
                Some(Self { last, ..self })
            }
            ';' => Some(Self { first: self.first(), last: 0, has_several: true, ..self }),
            '<' if !self.is_foreign => Some(Self { is_foreign: true, is_mouse: true, ..self }),
            ' '..='?' => Some(Self { is_foreign: true, is_mouse: false, ..self }),
            _ => None,
        }
    }

    fn first(self) -> u8 {
        if self.has_several { self.first } else { self.last }
    }

    /// Returns the input of the sequence that `last_char` ends.
    fn input(self, last_char: char) -> Option<Input> {
        // xterm adds a modifier as the last number: one more than the sum of Shift 1, Alt 2 and
        // Ctrl 4. A single number, as in `ESC [ 5 C`, is an older xterm's modifier.
        let by_word = self.last.saturating_sub(1) & 6 != 0;
        match last_char {
            'M' if self.is_mouse && matches!(self.first(), 64 | 65) => {
                Some(Input::Wheel { is_up: self.first() == 64 })
            }
            _ if self.is_foreign => None,
            'A' => key(Key::Up),
            'B' => key(Key::Down),
            'C' if by_word => key(Key::WordRight),
            'C' => key(Key::Right),
            'D' if by_word => key(Key::WordLeft),
            'D' => key(Key::Left),
            'F' => key(Key::End),
            'H' => key(Key::Home),
            'I' => Some(Input::Focus(true)),
            'O' => Some(Input::Focus(false)),
            '~' => match self.first() {
                1 | 7 => key(Key::Home),
                4 | 8 => key(Key::End),
                3 => key(Key::Delete),
                5 => Some(Input::PageUp),
                6 => Some(Input::PageDown),
                200 => Some(Input::PasteStart),
                201 => Some(Input::PasteEnd),
                _ => None,
            },
            _ => None,
        }
    }
}

fn key(key: Key) -> Option<Input> {
    Some(Input::Key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `input`: characters as themselves, other keys by name.
    fn keys(input: &str) -> String {
        let mut keys = Keys::default();
        let shown = |input| match input {
            Input::Key(Key::Char(c)) => c.to_string(),
            Input::Key(key) => format!("<{key:?}>"),
            other => format!("<{other:?}>"),
        };
        input.chars().filter_map(|c| keys.next(c).map(shown)).collect()
    }

    #[test]
    fn control_characters_are_keys() {
        let input =
            "a\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{8}\u{7f}\t\u{b}\u{c}\u{e}\u{10}\u{15}\u{17}é";
        let expected = "a<Home><Left><Cancel><EndOfInput><End><Right><Backspace><Backspace><Tab>\
            <KillToEnd><Redraw><Down><Up><KillToStart><KillWord>é";
        assert_eq!(keys(input), expected);
        assert_eq!(keys("a\0\u{7}\u{12}\u{18}\u{1c}\u{85}b"), "ab", "others are none");
    }

    #[test]
    fn every_line_end_is_one_enter() {
        for end in ["\r", "\n", "\r\n", "\r\0", "\u{1b}OM", "\u{1b}\r", "\u{1b}[1;\r\n"] {
            assert_eq!(keys(&format!("a{end}b")), "a<Enter>b", "{end:?}");
            assert_eq!(keys(&format!("a{end}{end}b")), "a<Enter><Enter>b", "{end:?}");
        }
        assert_eq!(keys("a\r\n\n\r\r\0\0b"), "a<Enter><Enter><Enter><Enter>b");
    }

    #[test]
    fn sequences_of_many_terminals_are_keys() {
        for (key, sequences) in [
            ("<Up>", &["[A", "OA", "[1;5A", "[01A"][..]),
            ("<Down>", &["[B", "OB"]),
            ("<Right>", &["[C", "OC", "[1C", "[1;2C", "[;C"]),
            ("<Left>", &["[D", "OD", "[1;1D"]),
            ("<Home>", &["[H", "OH", "[1~", "[7~", "[1;5H", "[1;5~"]),
            ("<End>", &["[F", "OF", "[4~", "[8~"]),
            ("<Delete>", &["[3~", "[3;5~"]),
            ("<WordRight>", &["[1;5C", "[5C", "O5C", "[1;3C", "[1;7C", "Oc", "f", "\u{1b}[1;5C"]),
            ("<WordLeft>", &["[1;5D", "[5D", "O5D", "[1;3D", "Od", "b"]),
            ("<KillWord>", &["\u{7f}", "\u{8}"]),
            ("<PageUp>", &["[5~"]),
            ("<PageDown>", &["[6~"]),
            ("<PasteStart>", &["[200~"]),
            ("<PasteEnd>", &["[201~"]),
            ("<Focus(true)>", &["[I"]),
            ("<Focus(false)>", &["[O"]),
        ] {
            for sequence in sequences {
                assert_eq!(keys(&format!("a\u{1b}{sequence}b")), format!("a{key}b"), "{sequence}");
            }
        }
        assert_eq!(keys("a\u{9b}1;5Cb\u{8f}Ac"), "a<WordRight>b<Up>c", "introducers of C1");
    }

    #[test]
    fn other_sequences_are_swallowed() {
        for sequence in [
            "[2~",
            "[15~",
            "[24;2~",
            "[3000~",
            "[257~",
            "[Z",
            "[?1;2c",
            "[>41;330;0c",
            "[12;40R",
            "[13;2u",
            "[1:3C",
            "[?A",
            "[<0;3;4M",
            "[[A",
            "[!p",
            "OP",
            "OS",
            "(B",
            "#8",
            "%G",
            "x",
            "7",
            "\u{1b}",
            "\\",
            "]0;a title\u{7}",
            "]11;rgb:0/0/0\u{1b}\\",
            "P1$r0m\u{1b}\\",
            "_app\u{1b}\\",
            "^pm\u{9c}",
            "Xsös\u{7}",
        ] {
            // After two ESC the second still consumes a character.
            let taken = if sequence == "\u{1b}" { "[Z" } else { "" };
            assert_eq!(keys(&format!("a\u{1b}{sequence}{taken}b")), "ab", "{sequence:?}");
        }
        assert_eq!(keys("a\u{9d}0;title\u{9c}b"), "ab");
    }

    #[test]
    fn an_unfinished_sequence_hides_little_text_and_no_line_end() {
        let digits = "1".repeat(40);
        assert_eq!(keys(&format!("\u{1b}[{digits}")), "1".repeat(9));
        assert_eq!(keys(&format!("\u{1b}]{digits}")), "1".repeat(9));
        assert_eq!(keys(&format!("\u{1b}({}B", " ".repeat(31))), "B");
        for begun in ["", "[", "[1", "[1;5", "[?", "[[", "O", "O5", "]", "]0;x", "P", "(", "("] {
            for (c, key) in [('\r', "<Enter>"), ('\n', "<Enter>"), ('\u{3}', "<Cancel>")] {
                assert_eq!(keys(&format!("\u{1b}{begun}{c}x")), format!("{key}x"), "{begun:?}");
            }
        }
        assert_eq!(keys("\u{1b}你\u{1b}[1你\u{1b}O你"), "你你你", "no sequence has these");
    }

    #[test]
    fn a_line_end_is_decoded_after_any_input() {
        let alphabet: Vec<char> =
            "\u{1b}\u{1b}[[O]P(;?159~ACMcm\u{9b}\u{9d}\u{7}\\\0é".chars().collect();
        for seed in 0..2_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut keys = Keys::default();
            for _ in 0..rng.usize(0..80) {
                keys.next(alphabet[rng.usize(0..alphabet.len())]);
            }
            assert_eq!(keys.next('\r'), key(Key::Enter), "seed {seed}");
            assert_eq!(keys.next('\n'), None, "seed {seed}");
            assert_eq!(keys.next('x'), key(Key::Char('x')), "seed {seed}");
        }
    }
}
