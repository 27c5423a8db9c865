//! Signals as events of the same Poll.

use std::io;

use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals as Source;

/// The signals that the server handles itself.
pub struct Signals(Source);

impl Signals {
    /// From here on they arrive as events under `token`, and no longer end the process.
    ///
    /// (SIGPIPE is ignored already: Rust's runtime does that before `main`.)
    ///
    /// # Errors
    /// If the system refuses a handler or the registration.
    pub fn listen(registry: &Registry, token: Token) -> io::Result<Self> {
        let mut source = Source::new([SIGHUP, SIGINT, SIGTERM])?;
        registry.register(&mut source, token, Interest::READABLE)?;
        Ok(Self(source))
    }

    /// The signals to stop that have come since. A hang-up is none: the terminal may go.
    pub fn stops(&mut self) -> impl Iterator<Item = i32> {
        self.0.pending().filter(|&signal| signal != SIGHUP)
    }
}
