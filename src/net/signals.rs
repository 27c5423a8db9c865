//! Signals, delivered as events of the same Poll.

use std::fs;
use std::io::{self, IsTerminal};

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals as Source;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To end.
    Stop(Stop),
    /// Nothing yet: SIGHUP is reserved for an action that does not end the service.
    Report,
}

/// A signal that asks the server to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Terminate,
    /// SIGINT: ^C.
    Interrupt,
    /// SIGHUP: the terminal that the server was started from was closed.
    HangUp,
}

impl Stop {
    /// Returns the name that the log uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Interrupt => "interrupt",
            Self::HangUp => "hang-up",
        }
    }

    /// Returns the exit code that a shell gives a process ended by this signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Terminate => 128 + 15,
            Self::Interrupt => 128 + 2,
            Self::HangUp => 128 + 1,
        }
    }
}

/// The signals that the server handles itself.
pub struct Signals {
    source: Source,
    /// Whether SIGHUP ends the server.
    pub stops_on_hang_up: bool,
}

impl Signals {
    /// Lets them arrive as events under `token` from here on, instead of ending the process.
    ///
    /// (SIGPIPE is ignored already: Rust's runtime does that before `main`.)
    ///
    /// # Errors
    /// If the system refuses a handler or the registration.
    pub fn listen(registry: &Registry, token: Token) -> io::Result<Self> {
        let is_at_terminal = io::stdin().is_terminal() || io::stderr().is_terminal();
        let stops_on_hang_up = is_at_terminal && !is_hang_up_ignored();
        let mut source = Source::new([SIGHUP, SIGINT, SIGTERM])?;
        registry.register(&mut source, token, Interest::READABLE)?;
        Ok(Self { source, stops_on_hang_up })
    }

    /// Returns what the signals that have arrived since the last call ask for.
    pub fn asked(&mut self) -> impl Iterator<Item = Asked> {
        let stops_on_hang_up = self.stops_on_hang_up;
        self.source.pending().map(move |signal| match signal {
            SIGHUP if !stops_on_hang_up => Asked::Report,
            SIGHUP => Asked::Stop(Stop::HangUp),
            SIGINT => Asked::Stop(Stop::Interrupt),
            _ => Asked::Stop(Stop::Terminate),
        })
    }
}

/// Whether the process was started with SIGHUP ignored, as by nohup(1): a handler would undo that.
/// Only Linux reports it without `unsafe`; elsewhere the answer is no.
fn is_hang_up_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}
