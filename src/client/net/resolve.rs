//! A host's addresses: asked for by this process while nothing else is to be done, and later by
//! another one, because getaddrinfo(3) blocks for as long as no name server answers.

use std::env;
use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};

use crate::client::core::bounds::ADDRESSES_MAX;

/// The addresses of `host`, a name or address with a port; this may block for a long time.
///
/// # Errors
/// If there is no such host, or no name server answers.
pub fn resolve(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(host.to_socket_addrs()?.take(ADDRESSES_MAX).collect())
}

/// The command that prints the addresses of `host`, one a line: this program once more.
pub fn command(host: &str) -> io::Result<Command> {
    // On Linux, this is the same program even when its file has been replaced since.
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => env::current_exe()?,
    };
    let mut command = Command::new(program);
    command.args(["join", "--resolve", host]);
    Ok(command)
}

/// A process that looks up a host's addresses; it ends with this value.
pub struct Lookup {
    process: Child,
    output: Receiver,
    /// What it has printed so far.
    printed: Vec<u8>,
}

impl Lookup {
    /// Starts `command`, with events under `token` when it has printed something.
    ///
    /// # Errors
    /// If the system refuses another process.
    pub fn start(mut command: Command, registry: &Registry, token: Token) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut lookup = Self { process, output: output.into(), printed: Vec::new() };
        lookup.output.set_nonblocking(true)?;
        registry.register(&mut lookup.output, token, Interest::READABLE)?;
        Ok(lookup)
    }

    /// The addresses, once all of them are printed; none if there is no such host.
    ///
    /// # Errors
    /// `WouldBlock` until then.
    pub fn read(&mut self) -> io::Result<Vec<SocketAddr>> {
        self.output.read_to_end(&mut self.printed)?;
        let printed = String::from_utf8_lossy(&self.printed);
        let addresses = printed.lines().filter_map(|line| line.parse().ok());
        Ok(addresses.take(ADDRESSES_MAX).collect())
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
