//! Recognises telnet commands in a stream of text (RFC 854, RFC 855): where each begins and ends.
//!
//! Every door uses it: the telnet door acts on the commands, the others remove them. The meaning of
//! a command is not known here.

/// "Interpret as command": begins every command; doubled, it is a byte of text.
pub const IAC: u8 = 255;
/// After IAC: begins a subnegotiation about an option, which IAC SE ends.
pub const SB: u8 = 250;
/// After IAC: ends a subnegotiation.
pub const SE: u8 = 240;
/// After IAC: the sender will perform the option.
pub const WILL: u8 = 251;
/// After IAC: the sender will not perform it.
pub const WONT: u8 = 252;
/// After IAC: the sender asks the other side to perform it.
pub const DO: u8 = 253;
/// After IAC: the sender asks the other side not to perform it.
pub const DONT: u8 = 254;
/// The lowest command that any RFC gives a meaning (RFC 1184).
pub const EOF: u8 = 236;

/// The state of a command at the end of the input so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    /// No command is unfinished.
    #[default]
    Text,
    /// After IAC.
    Command,
    /// After IAC and WILL, WONT, DO or DONT (held here): the option follows.
    Option(u8),
    /// In a subnegotiation.
    Sub,
    /// In a subnegotiation, after IAC.
    SubCommand,
}

/// The result of one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is complete.
    Nothing,
    /// A byte of text: not part of a command, or a doubled IAC.
    Text(u8),
    /// A command of one byte.
    Command(u8),
    /// WILL, WONT, DO or DONT, and the option.
    Option(u8, u8),
    /// A subnegotiation begins.
    SubStart,
    /// A byte of the subnegotiation.
    Sub(u8),
    /// Two bytes of it: an IAC that was not doubled, and the byte that follows.
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

    /// Processes one byte.
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
            // Not a command: a 255 that was not doubled, as some clients send in a window size.
            (Self::SubCommand, ..EOF) => self.go(Self::Sub, Step::SubIac(byte)),
            (Self::SubCommand, _) => {
                // The end of the subnegotiation is lost, so it is dropped; the command in its place
                // counts.
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
