//! Listeners, which accept connections.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Poll, Token};
use socket2::{Domain, Protocol, SockAddr, SockRef, TcpKeepalive, Type};

use crate::config::{Address, Config};
use crate::door::DoorKind;
use crate::limits::{Limits, SEND_BUFFER_BYTES};
use crate::net::sock::{Sock, Stream};

/// The kernel's limit on connections that are not accepted yet (capped by `somaxconn`).
const ACCEPT_BACKLOG: i32 = 4_096;

/// A listening door.
pub struct Door {
    /// The protocol spoken there.
    pub kind: DoorKind,
    listener: Listener,
    /// The actual address, with the actual port.
    pub address: Address,
    /// Whether connections may be waiting: no accept has found the queue empty since the last
    /// event.
    pub ready: bool,
}

enum Listener {
    Tcp(TcpListener),
    /// With the identity of its socket file, if there was one after bind.
    Unix(UnixListener, Option<FileId>),
}

/// The identity of a file: its device and its inode.
#[derive(PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// Returns the identity of the file that is at `path` now.
    fn of(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().map(|found| Self(found.dev(), found.ino()))
    }
}

impl Door {
    /// Listens at `address`, and registers with `poll`.
    ///
    /// # Errors
    /// One line that names the option and what to do.
    pub fn open(
        kind: DoorKind,
        address: &Address,
        config: &Config,
        poll: &Poll,
        token: Token,
    ) -> Result<Self, String> {
        let door = Self::listen(kind, address, config, poll, token);
        door.map_err(|error| refusal(kind, address, &error))
    }

    fn listen(
        kind: DoorKind,
        address: &Address,
        config: &Config,
        poll: &Poll,
        token: Token,
    ) -> io::Result<Self> {
        let (mut listener, address) = match address {
            Address::Tcp(address) => {
                let listener = listen_tcp(*address, &config.limits)?;
                let bound = listener.local_addr()?;
                (Listener::Tcp(listener), Address::Tcp(bound))
            }
            Address::Unix(path) => {
                remove_stale(path)?;
                let listener = listen_unix(path, config.unix_mode)?;
                (Listener::Unix(listener, FileId::of(path)), address.clone())
            }
        };
        match &mut listener {
            Listener::Tcp(listener) => {
                poll.registry().register(listener, token, Interest::READABLE)?;
            }
            Listener::Unix(listener, _) => {
                poll.registry().register(listener, token, Interest::READABLE)?;
            }
        }
        Ok(Self { kind, listener, address, ready: false })
    }

    /// Accepts the connection that has waited longest; returns its peer's address as well.
    ///
    /// # Errors
    /// Those of accept(2); `WouldBlock` if no connection is waiting.
    pub fn accept(&self) -> io::Result<(Sock, Option<SocketAddr>)> {
        match &self.listener {
            Listener::Tcp(listener) => {
                let (stream, from) = listener.accept()?;
                Ok((Sock::new(Stream::Tcp(stream)), Some(from)))
            }
            Listener::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                // A Unix socket does not inherit it.
                SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES)?;
                Ok((Sock::new(Stream::Unix(stream)), None))
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // The path may belong to another server's socket by now. (The inode cannot have been
        // reused: the socket, which is still open, keeps it.)
        if let (Address::Unix(path), Listener::Unix(_, bound)) = (&self.address, &self.listener)
            && bound.is_some()
            && FileId::of(path) == *bound
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// Creates a listener whose options every accepted socket inherits, which saves seven system calls
/// each.
fn listen_tcp(address: SocketAddr, limits: &Limits) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Otherwise the kernel buffers megabytes for a slow reader, which hides that it is slow.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_tcp_nodelay(true)?;
    // A telnet client's ^C sends half a command as urgent data; if that were read out of band, the
    // next letter would be taken for it.
    socket.set_out_of_band_inline(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(limits.keepalive_secs))
        .with_interval(Duration::from_secs(limits.keepalive_interval_secs))
        .with_retries(limits.keepalive_probes);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(limits.user_timeout_secs)))?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn listen_unix(path: &Path, mode: Option<u32>) -> io::Result<UnixListener> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    if let Some(mode) = mode {
        // Before it listens, so that nobody can connect earlier.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(UnixListener::from_std(socket.into()))
}

/// Removes a socket file that a server left behind. One that accepts connections stays, also if it
/// is too busy to do so at once, and so does a file of another kind (which refuses a connection
/// just as a dead socket does).
fn remove_stale(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        return Ok(());
    }
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Ok(()),
    }
}

fn refusal(kind: DoorKind, address: &Address, error: &io::Error) -> String {
    let fix = match error.kind() {
        io::ErrorKind::AddrInUse => "stop what listens there, or give another",
        io::ErrorKind::AddrNotAvailable => "give an address of this machine",
        io::ErrorKind::PermissionDenied => {
            "give a port from 1024 on, or a path that may be written"
        }
        _ => "give another",
    };
    format!("--{} {address}: {error}; {fix}", kind.as_str())
}
