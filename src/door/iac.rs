//! Telnet's commands among the bytes of a text (RFC 854, RFC 855): where each begins and ends.
//!
//! Every door knows them: the telnet door obeys them, the others leave them
//! out. What a command means is not known here.

/// "Interpret as command": begins every command; doubled, it is a byte of text.
pub const IAC: u8 = 255;
/// After IAC: what follows is said about an option, up to IAC SE.
pub const SB: u8 = 250;
/// After IAC: the end of that.
pub const SE: u8 = 240;
/// After IAC: the sender will do what the option stands for.
pub const WILL: u8 = 251;
/// After IAC: the sender will not.
pub const WONT: u8 = 252;
/// After IAC: the other side is asked to.
pub const DO: u8 = 253;
/// After IAC: the other side is asked not to.
pub const DONT: u8 = 254;
/// The lowest command that any RFC gives a meaning (RFC 1184).
pub const EOF: u8 = 236;

/// How far the command has come that the input ends in, if it ends in one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    /// It ends in none.
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After IAC and the WILL, WONT, DO or DONT it holds: an option follows.
    Option(u8),
    /// In a subnegotiation.
    Sub,
    /// In a subnegotiation, after IAC.
    SubCommand,
}

/// What one byte has completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Nothing,
    /// A byte of text: one that is part of no command, or a doubled IAC.
    Text(u8),
    /// A command of one byte.
    Command(u8),
    /// WILL, WONT, DO or DONT, and the option.
    Option(u8, u8),
    /// A subnegotiation begins.
    SubStart,
    /// A byte of the subnegotiation.
    Sub(u8),
    /// Two of them: an IAC that was not doubled, and what follows it.
    SubIac(u8),
    /// The subnegotiation has ended.
    SubEnd,
}

impl Commands {
    /// Whether the next byte is text, unless it is IAC.
    pub fn is_text(self) -> bool {
        self == Self::Text
    }

    /// Whether the input so far ends within a subnegotiation.
    pub fn is_subnegotiating(self) -> bool {
        matches!(self, Self::Sub | Self::SubCommand)
    }

    /// Takes one byte.
    pub fn step(&mut self, byte: u8) -> Step {
        let state = std::mem::take(self);
        match (state, byte) {
            (Self::Text, IAC) => self.go(Self::Command, Step::Nothing),
            (Self::Text, _) | (Self::Command, IAC) => Step::Text(byte),
            (Self::Command, WILL..=DONT) => self.go(Self::Option(byte), Step::Nothing),
            (Self::Command, SB) => self.go(Self::Sub, Step::SubStart),
            (Self::Command, _) => Step::Command(byte),
            (Self::Option(verb), _) => Step::Option(verb, byte),
            (Self::Sub, IAC) => self.go(Self::SubCommand, Step::Nothing),
            (Self::Sub, _) | (Self::SubCommand, IAC) => self.go(Self::Sub, Step::Sub(byte)),
            (Self::SubCommand, SE) => Step::SubEnd,
            // No command: a 255 that was not doubled, as clients send for such a window.
            (Self::SubCommand, ..EOF) => self.go(Self::Sub, Step::SubIac(byte)),
            (Self::SubCommand, _) => {
                // Its end is lost, so it is dropped; the command in its place is obeyed.
                *self = Self::Command;
                self.step(byte)
            }
        }
    }

    fn go(&mut self, to: Self, step: Step) -> Step {
        *self = to;
        step
    }
}
