//! Looks up a host's addresses: in this process while there is nothing else to do, and later in
//! another one, because getaddrinfo(3) blocks as long as no name server answers.

use std::env;
use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};

use crate::client::core::bounds::ADDRESSES_MAX;

/// Returns the addresses of `host`, a name or address with a port; this may block for a long time.
///
/// # Errors
/// If there is no such host, or no name server answers.
pub fn resolve(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(host.to_socket_addrs()?.take(ADDRESSES_MAX).collect())
}

/// Returns the command that prints the addresses of `host`, one per line: this program itself.
pub fn command(host: &str) -> io::Result<Command> {
    // On Linux, this is the same program even if its file has been replaced since.
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => env::current_exe()?,
    };
    let mut command = Command::new(program);
    command.args(["join", "--resolve", host]);
    Ok(command)
}

/// A process that looks up a host's addresses; it is killed when this value is dropped.
pub struct Lookup {
    process: Child,
    output: Receiver,
    /// Its output so far.
    printed: Vec<u8>,
}

impl Lookup {
    /// Starts `command`, with events under `token` for its output.
    ///
    /// # Errors
    /// If the process cannot be started.
    pub fn start(mut command: Command, registry: &Registry, token: Token) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut lookup = Self { process, output: output.into(), printed: Vec::new() };
        lookup.output.set_nonblocking(true)?;
        registry.register(&mut lookup.output, token, Interest::READABLE)?;
        Ok(lookup)
    }

    /// Returns the addresses once all of them are printed; none if there is no such host.
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
