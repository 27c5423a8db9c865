//! The event loop: one Poll over doors, peers and signals. The only file that knows both mio
//! and the hub, and the only one that reads the clock.

use std::fs;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use log::{error, info, warn};
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, SockAddr, SockRef, TcpKeepalive, Type};

use crate::clock::{Clock, Now};
use crate::config::{Address, Config};
use crate::conn::Socket;
use crate::hub::{Hub, Ready};
use crate::limits::{DOORS_MAX, GOODBYE_MS, Limits, SEND_BUFFER_BYTES};
use crate::signals::Signals;

const SIGNALS: Token = Token(usize::MAX);
/// Doors have the tokens below `SIGNALS`; the rest are slots.
const FIRST_DOOR: usize = usize::MAX - DOORS_MAX;
const EVENTS_PER_POLL: usize = 1_024;
/// What the system may hold of connections that are not accepted yet (capped by `somaxconn`).
const ACCEPT_BACKLOG: i32 = 4_096;
/// Both directions, and a mark in the input at which the kernel ends a read early.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PEER_INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE).add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PEER_INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// How long to wait for a descriptor to come free elsewhere.
const ACCEPT_RETRY_MS: u64 = 1_000;
/// Time between two log lines about connections that were not even told why.
const REFUSAL_LOG_MS: u64 = 1_000;

/// The server, listening.
pub struct Server {
    poll: Poll,
    doors: Vec<Door>,
    hub: Hub<Sock>,
    clock: Clock,
    signals: Signals,
    limits: Limits,
    /// Set since descriptors ran out and until nobody waits at any door: when to try
    /// again, and with how many peers it failed.
    starved: Option<Starved>,
    /// Not before, another connection turned away is logged.
    next_refusal_ms: u64,
}

struct Door {
    listener: Listener,
    /// Where it really is, port and all.
    address: Address,
    /// No accept has found its queue empty since its last event.
    ready: bool,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

struct Starved {
    retry_ms: u64,
    peers: usize,
}

impl Server {
    /// Opens every door of `config`.
    ///
    /// # Errors
    /// One line that names the option and what to do.
    pub fn open(config: &Config) -> Result<Self, String> {
        let cannot_start = |error: io::Error| format!("the event loop cannot start: {error}");
        let poll = Poll::new().map_err(cannot_start)?;
        let signals = Signals::listen(poll.registry(), SIGNALS).map_err(cannot_start)?;
        let mut doors = Vec::new();
        for address in &config.classic {
            let token = Token(FIRST_DOOR + doors.len());
            let door = Door::open(address, &config.limits, &poll, token);
            doors.push(door.map_err(|error| refusal(address, &error))?);
        }
        let clock = Clock::new(Instant::now(), SystemTime::now());
        let hub = Hub::new(config.lang, config.limits.clone());
        let limits = config.limits.clone();
        Ok(Self { poll, doors, hub, clock, signals, limits, starved: None, next_refusal_ms: 0 })
    }

    /// Where the doors are.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.doors.iter().map(|door| &door.address)
    }

    /// Serves until a signal says to stop; the number of a second signal that cut it short.
    ///
    /// # Errors
    /// If the system cannot wait for events any more.
    pub fn run(&mut self) -> io::Result<Option<i32>> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut is_busy = false;
        let mut stop_by_ms = None;
        loop {
            let deadline_ms = [self.hub.deadline_ms(), self.retry_ms(), stop_by_ms];
            let deadline_ms = deadline_ms.into_iter().flatten().min();
            let timeout = match deadline_ms {
                _ if is_busy => Some(Duration::ZERO),
                Some(due_ms) => {
                    let now = self.now();
                    Some(Duration::from_millis(due_ms.saturating_sub(now.mono_ms)))
                }
                None => None,
            };
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = self.now();
            for event in &events {
                match event.token() {
                    SIGNALS => {
                        for signal in self.signals.stops() {
                            if stop_by_ms.is_some() {
                                return Ok(Some(signal));
                            }
                            info!("at={:?} event=stop signal={signal}", now.stamp.as_str());
                            stop_by_ms = Some(now.mono_ms + GOODBYE_MS);
                            self.doors.clear();
                            // No door is left to try again.
                            self.starved = None;
                            self.hub.shut_down(&now);
                        }
                    }
                    Token(token) if token >= FIRST_DOOR => {
                        if let Some(door) = self.doors.get_mut(token - FIRST_DOOR) {
                            door.ready = true;
                        }
                    }
                    Token(slot) => self.hub.wake(slot, readiness(event)),
                }
            }
            is_busy = self.accept_some(&now);
            is_busy |= self.hub.turn(&now);
            if stop_by_ms.is_some_and(|by_ms| self.hub.is_empty() || now.mono_ms >= by_ms) {
                return Ok(None);
            }
        }
    }

    fn now(&mut self) -> Now {
        self.clock.at(Instant::now(), SystemTime::now())
    }

    /// Accepts from every ready door, a bounded number; true if one may have more.
    fn accept_some(&mut self, now: &Now) -> bool {
        if let Some(Starved { retry_ms, peers }) = self.starved
            && now.mono_ms < retry_ms
            && self.hub.len() >= peers
        {
            return false;
        }
        for index in 0..self.doors.len() {
            for _ in 0..self.limits.accepts_per_turn {
                if !self.doors[index].ready {
                    break;
                }
                match self.doors[index].accept() {
                    Ok((sock, host)) => {
                        if let Some(starved) = &mut self.starved {
                            starved.retry_ms = now.mono_ms;
                        }
                        self.welcome(sock, host, now);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.doors[index].ready = false;
                    }
                    // It was gone before it was accepted, or a signal came: the next one.
                    Err(error) if is_about_the_peer(&error) => {}
                    Err(error) => {
                        self.starve(&error, now);
                        return false;
                    }
                }
            }
        }
        let may_have_more = self.doors.iter().any(|door| door.ready);
        if !may_have_more {
            self.starved = None;
        }
        may_have_more
    }

    fn welcome(&mut self, mut sock: Sock, from: Option<SocketAddr>, now: &Now) {
        let host = from.map(|from| from.ip().to_canonical());
        let counted = host.filter(|host| !host.is_loopback());
        let from = from.map_or_else(|| "unix".to_string(), |from| from.to_string());
        let Some(slot) = self.hub.vacancy() else { return self.turn_away(&from, now) };
        // All at once and never again: the hub keeps what each event told it.
        let registered =
            self.poll.registry().register(sock.as_source(), Token(slot), PEER_INTEREST);
        if let Err(error) = registered {
            error!("at={:?} event=unregistered error={error:?}", now.stamp.as_str());
            return;
        }
        // Before the hub has it, which may close it at once.
        let id = self.hub.next_id();
        info!("at={:?} event=open id={id} door=classic from={from}", now.stamp.as_str());
        self.hub.open(sock, counted, now);
    }

    /// Logs that a connection was closed without a word; a flood of them does not flood the log.
    fn turn_away(&mut self, from: &str, now: &Now) {
        if now.mono_ms >= self.next_refusal_ms {
            self.next_refusal_ms = now.mono_ms + REFUSAL_LOG_MS;
            info!("at={:?} event=refuse from={from} why=room-full", now.stamp.as_str());
        }
    }

    /// No descriptor or no memory is left for another connection. No event will come for those
    /// that wait, so the door stays ready and is tried again; it is logged once.
    fn starve(&mut self, error: &io::Error, now: &Now) {
        if self.starved.is_none() {
            warn!("at={:?} event=starved error={error:?}", now.stamp.as_str());
        }
        let (retry_ms, peers) = (now.mono_ms + ACCEPT_RETRY_MS, self.hub.len());
        self.starved = Some(Starved { retry_ms, peers });
    }

    fn retry_ms(&self) -> Option<u64> {
        self.starved.as_ref().map(|starved| starved.retry_ms)
    }
}

impl Door {
    fn open(address: &Address, limits: &Limits, poll: &Poll, token: Token) -> io::Result<Self> {
        let (mut listener, address) = match address {
            Address::Tcp(address) => {
                let listener = listen_tcp(*address, limits)?;
                let bound = listener.local_addr()?;
                (Listener::Tcp(listener), Address::Tcp(bound))
            }
            Address::Unix(path) => {
                remove_stale(path)?;
                (Listener::Unix(listen_unix(path)?), address.clone())
            }
        };
        match &mut listener {
            Listener::Tcp(listener) => {
                poll.registry().register(listener, token, Interest::READABLE)?;
            }
            Listener::Unix(listener) => {
                poll.registry().register(listener, token, Interest::READABLE)?;
            }
        }
        Ok(Self { listener, address, ready: false })
    }

    fn accept(&self) -> io::Result<(Sock, Option<SocketAddr>)> {
        match &self.listener {
            Listener::Tcp(listener) => {
                let (stream, from) = listener.accept()?;
                Ok((Sock::Tcp(stream), Some(from)))
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                // A Unix socket inherits nothing.
                SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER_BYTES)?;
                Ok((Sock::Unix(stream), None))
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            // Nothing can be done if somebody else has removed it.
            let _ = fs::remove_file(path);
        }
    }
}

/// A listener whose options every accepted socket inherits, which saves seven system calls each.
fn listen_tcp(address: SocketAddr, limits: &Limits) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Without it the kernel hides a slow reader behind megabytes.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_tcp_nodelay(true)?;
    // A telnet's ^C sends half a command as urgent data; out of line, the other half would take
    // the next letter for it.
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

fn listen_unix(path: &Path) -> io::Result<UnixListener> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(UnixListener::from_std(socket.into()))
}

/// Removes a socket file that a server left behind; one that answers stays, also if it is too busy
/// to answer at once, and so does a file of another kind (which refuses a connection just as a
/// dead socket does).
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

fn refusal(address: &Address, error: &io::Error) -> String {
    let fix = match error.kind() {
        io::ErrorKind::AddrInUse => "stop what listens there, or give another",
        io::ErrorKind::AddrNotAvailable => "give an address of this machine",
        io::ErrorKind::PermissionDenied => {
            "give a port from 1024 on, or a path that may be written"
        }
        _ => "give another",
    };
    format!("--classic {address}: {error}; {fix}")
}

/// Whether accept(2) passed on what befell the one connection, not what the server lacks. (Some
/// network errors have no kind of their own; they are taken for a lack, and tried again later.)
fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::Unsupported
    )
}

fn readiness(event: &mio::event::Event) -> Ready {
    let failed = event.is_error();
    Ready {
        readable: event.is_readable() || failed,
        writable: event.is_writable() || failed,
        ended: event.is_read_closed(),
        urgent: event.is_priority(),
    }
}

/// A peer's socket.
enum Sock {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Sock {
    fn as_source(&mut self) -> &mut dyn mio::event::Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }
}

impl Read for Sock {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Sock {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(slices),
            Self::Unix(stream) => stream.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Sock {
    fn end_writing(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn an_error_of_one_connection_is_not_a_lack_of_descriptors() {
        let is_about_the_peer = |errno: Errno| is_about_the_peer(&errno.into());
        for errno in [
            Errno::CONNABORTED,
            Errno::HOSTUNREACH,
            Errno::INTR,
            Errno::NETDOWN,
            Errno::NETUNREACH,
            Errno::OPNOTSUPP,
            Errno::PERM,
        ] {
            assert!(is_about_the_peer(errno), "{errno:?}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert!(!is_about_the_peer(errno), "{errno:?}");
        }
    }
}
