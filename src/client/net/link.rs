//! The connection to the server: tries one address after the other, then transfers bytes both ways.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{SockRef, TcpKeepalive};

use crate::client::core::bounds::{ANSWER_MS, SOCKET_READ_BYTES};
use crate::client::core::session::{Session, Why};
use crate::client::net::resolve::{self, Lookup};
use crate::client::options::Place;
use crate::limits::Limits;

/// The connection, or the attempt to make it.
pub struct Link {
    addresses: Vec<Address>,
    /// The host of these addresses, if it can move, with the command to look it up again.
    host: Option<(String, Resolver)>,
    /// The addresses have been used for an earlier connection: the host may have moved since.
    is_stale: bool,
    /// The lookup that runs before an address is tried.
    lookup: Option<Lookup>,
    token: Token,
    /// The number of the connection in the session.
    number: Option<u32>,
    /// The index of the address that is tried, or was successful.
    address: usize,
    socket: Option<Socket>,
    is_connected: bool,
    /// When the attempt to connect, or the lookup, times out.
    by_ms: u64,
    is_readable: bool,
    is_writable: bool,
}

/// The command that prints the addresses of a host, one per line.
type Resolver = fn(&str) -> io::Result<Command>;

enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Link {
    /// Creates the link to `place`, with events under `token`. A host's addresses are looked up
    /// here, which may take a while, because there is nothing else to do yet; for each further
    /// connection another process looks them up again, in case the host has moved.
    ///
    /// # Errors
    /// If there is no such host.
    pub fn new(place: &Place, token: Token) -> io::Result<Self> {
        match place {
            Place::Unix(path) => Ok(Self::to(vec![Address::Unix(path.clone())], None, token)),
            Place::Host(host) => {
                let addresses = resolve::resolve(host)?.into_iter().map(Address::Tcp).collect();
                let is_name = host.parse::<SocketAddr>().is_err();
                let may_move = is_name.then(|| (host.clone(), resolve::command as Resolver));
                Ok(Self::to(addresses, may_move, token))
            }
        }
    }

    fn to(addresses: Vec<Address>, host: Option<(String, Resolver)>, token: Token) -> Self {
        Self {
            addresses,
            host,
            is_stale: false,
            lookup: None,
            token,
            number: None,
            address: 0,
            socket: None,
            is_connected: false,
            by_ms: 0,
            is_readable: false,
            is_writable: false,
        }
    }

    /// Notes an event.
    pub fn wake(&mut self, is_readable: bool, is_writable: bool) {
        self.is_readable |= is_readable;
        self.is_writable |= is_writable;
    }

    /// Returns when [`Link::update`] has something to do without an event.
    pub fn deadline_ms(&self) -> Option<u64> {
        let is_trying = self.lookup.is_some() || (self.socket.is_some() && !self.is_connected);
        is_trying.then_some(self.by_ms)
    }

    /// Makes, drops or continues the connection as `session` requires, and writes its output.
    pub fn update(&mut self, session: &mut Session, registry: &Registry, now_ms: u64) {
        if self.number != session.connection() {
            self.drop_socket();
            self.number = session.connection();
            if self.number.is_some() {
                self.begin(session, registry, now_ms);
            }
        }
        self.look_up(session, registry, now_ms);
        self.advance(session, registry, now_ms);
        self.write(session, now_ms);
        if self.number != session.connection() {
            self.drop_socket();
        }
    }

    /// Whether there may be something to read, for which no further event will come.
    pub fn is_readable(&self) -> bool {
        self.is_connected && self.is_readable
    }

    /// Reads once, if there may be something.
    pub fn read(&mut self, session: &mut Session, now_ms: u64) {
        // The session may just have given up this connection.
        let may_read = self.is_readable() && self.number == session.connection();
        let Some(socket) = self.socket.as_mut().filter(|_| may_read) else { return };
        let mut buffer = [0; SOCKET_READ_BYTES];
        match socket.read(&mut buffer) {
            Ok(0) => self.lose(Why::Closed, session, now_ms),
            Ok(count) => session.received(&buffer[..count], now_ms),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.lose(failed(&error), session, now_ms),
        }
    }

    /// Starts to make a connection: with a lookup, if the addresses may be out of date.
    fn begin(&mut self, session: &mut Session, registry: &Registry, now_ms: u64) {
        if let Some((host, resolver)) = self.host.as_ref().filter(|_| self.is_stale) {
            let lookup = resolver(host).and_then(|it| Lookup::start(it, registry, self.token));
            if let Ok(lookup) = lookup {
                (self.lookup, self.by_ms) = (Some(lookup), now_ms + ANSWER_MS);
                return;
            }
        }
        self.is_stale = true;
        self.connect_first(session, registry, now_ms);
    }

    /// Checks whether the lookup is done. Without a result the last addresses are used.
    fn look_up(&mut self, session: &mut Session, registry: &Registry, now_ms: u64) {
        let Some(lookup) = self.lookup.as_mut() else { return };
        let found =
            if self.is_readable { lookup.read() } else { Err(ErrorKind::WouldBlock.into()) };
        match found {
            Err(error) if error.kind() == ErrorKind::WouldBlock && now_ms < self.by_ms => {
                return self.is_readable = false;
            }
            Ok(found) if !found.is_empty() => {
                self.addresses = found.into_iter().map(Address::Tcp).collect();
            }
            _ => {}
        }
        self.connect_first(session, registry, now_ms);
    }

    fn connect_first(&mut self, session: &mut Session, registry: &Registry, now_ms: u64) {
        self.address = 0;
        self.connect(ErrorKind::NotFound.into(), session, registry, now_ms);
    }

    /// Tries addresses until one may answer; `failure` is the error of the last one.
    fn connect(
        &mut self,
        mut failure: io::Error,
        session: &mut Session,
        registry: &Registry,
        now_ms: u64,
    ) {
        self.drop_socket_only();
        while let Some(address) = self.addresses.get(self.address) {
            match Socket::connect(address, registry, self.token) {
                Ok(socket) => {
                    self.socket = Some(socket);
                    self.by_ms = now_ms + ANSWER_MS;
                    return;
                }
                Err(error) => failure = error,
            }
            self.address += 1;
        }
        self.lose(failed(&failure), session, now_ms);
    }

    /// Checks whether the address that is tried has answered.
    fn advance(&mut self, session: &mut Session, registry: &Registry, now_ms: u64) {
        let Some(socket) = self.socket.as_ref().filter(|_| !self.is_connected) else { return };
        let answer = if self.is_writable { socket.answer() } else { Ok(false) };
        let failure = match answer {
            Ok(true) => {
                self.is_connected = true;
                return session.connected(now_ms);
            }
            Ok(false) if now_ms < self.by_ms => return self.is_writable = false,
            Ok(false) => ErrorKind::TimedOut.into(),
            Err(error) => error,
        };
        self.address += 1;
        self.connect(failure, session, registry, now_ms);
    }

    fn write(&mut self, session: &mut Session, now_ms: u64) {
        while self.is_connected && self.is_writable && !session.outgoing().is_empty() {
            let Some(socket) = &mut self.socket else { return };
            match socket.write(session.outgoing()) {
                Ok(count) => session.wrote(count, now_ms),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.lose(failed(&error), session, now_ms),
            }
        }
    }

    fn lose(&mut self, why: Why, session: &mut Session, now_ms: u64) {
        self.drop_socket();
        session.lost(why, now_ms);
    }

    fn drop_socket(&mut self) {
        self.drop_socket_only();
        self.number = None;
    }

    fn drop_socket_only(&mut self) {
        (self.socket, self.lookup) = (None, None);
        (self.is_connected, self.is_readable, self.is_writable) = (false, false, false);
    }
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Starts to connect.
    fn connect(address: &Address, registry: &Registry, token: Token) -> io::Result<Self> {
        let both = Interest::READABLE | Interest::WRITABLE;
        Ok(match address {
            Address::Tcp(address) => {
                let mut stream = TcpStream::connect(*address)?;
                registry.register(&mut stream, token, both)?;
                Self::Tcp(stream)
            }
            Address::Unix(path) => {
                let mut stream = UnixStream::connect(path)?;
                registry.register(&mut stream, token, both)?;
                Self::Unix(stream)
            }
        })
    }

    /// Whether it is connected by now.
    fn answer(&self) -> io::Result<bool> {
        let (error, peer) = match self {
            Self::Tcp(stream) => (stream.take_error()?, stream.peer_addr().map(|_| ())),
            Self::Unix(stream) => (stream.take_error()?, stream.peer_addr().map(|_| ())),
        };
        match (error, peer) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => {
                if let Self::Tcp(stream) = self {
                    set_options(stream)?;
                }
                Ok(true)
            }
            (None, Err(error)) if error.kind() == ErrorKind::NotConnected => Ok(false),
            (None, Err(error)) => Err(error),
        }
    }
}

/// Returns an error as shown to people, without its number.
fn failed(error: &io::Error) -> Why {
    let text = error.to_string();
    Why::Failed(text.split(" (os error").next().unwrap_or_default().into())
}

/// Sends every command at once, and lets the kernel detect a server that has vanished, so that
/// nothing has to wake up for that.
fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let limits = Limits::DEFAULT;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(limits.keepalive_secs))
        .with_interval(Duration::from_secs(limits.keepalive_interval_secs))
        .with_retries(limits.keepalive_probes);
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(limits.user_timeout_secs)))?;
    socket.set_tcp_keepalive(&keepalive)
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use fastrand::Rng;
    use mio::{Events, Poll};

    use super::*;
    use crate::door::lang::Lang;

    const HELLO: &[u8] = b"{\"type\":\"hello\"}\n";
    const IN: &[u8] = b"{\"type\":\"done\",\"tag\":\"name\"}\n";

    /// A user who wants the name `a`, connecting to a server.
    struct Fixture {
        poll: Poll,
        link: Link,
        session: Session,
        now_ms: u64,
    }

    impl Fixture {
        fn to(addresses: &[SocketAddr]) -> Self {
            Self::to_host(addresses, None)
        }

        fn to_host(addresses: &[SocketAddr], host: Option<(String, Resolver)>) -> Self {
            let addresses = addresses.iter().copied().map(Address::Tcp).collect();
            let link = Link::to(addresses, host, Token(0));
            let session = Session::new(Some("a".into()), true, Lang::En, Rng::with_seed(1));
            let poll = Poll::new().expect("there are events");
            let mut client = Self { poll, link, session, now_ms: 0 };
            client.update();
            client
        }

        fn update(&mut self) {
            self.link.update(&mut self.session, self.poll.registry(), self.now_ms);
        }

        /// Waits for events.
        fn wait(&mut self) {
            let mut events = Events::with_capacity(1);
            self.poll.poll(&mut events, Some(Duration::from_secs(10))).expect("it waits");
            let event = events.iter().next().expect("something happens in time");
            let is_readable = event.is_readable() || event.is_read_closed();
            self.link.wake(is_readable, event.is_writable());
        }

        fn connect(&mut self) {
            while !self.link.is_connected {
                self.wait();
                self.update();
            }
        }
    }

    /// Enters where `server` listens, and loses the connection; returns when the reconnect is due.
    fn enter_and_lose(client: &mut Fixture, server: &TcpListener) {
        client.connect();
        let (mut stream, _) = server.accept().expect("it came");
        stream.write_all(HELLO).expect("it reads");
        stream.write_all(IN).expect("it reads");
        while !client.session.is_in() {
            client.wait();
            client.link.read(&mut client.session, 0);
        }
        drop(stream);
        while client.session.is_in() {
            client.wait();
            client.link.read(&mut client.session, 0);
        }
        client.now_ms = client.session.deadline_ms().expect("the client reconnects");
        client.session.tick(client.now_ms);
        client.update();
    }

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        (listener, address)
    }

    #[test]
    fn after_a_refusal_the_next_address_is_tried() {
        let ((listener, address), refusing) = (listener(), ([127, 0, 0, 1], 1).into());
        let mut client = Fixture::to(&[refusing, refusing, address]);
        client.connect();
        let (mut server, _) = listener.accept().expect("the client connected here");
        let mut heard = [0; 8];
        server.read_exact(&mut heard).expect("the client sends the request");
        assert_eq!(&heard, b"json -p\n");
    }

    #[test]
    fn the_end_of_an_abandoned_connection_is_ignored() {
        let (listener, address) = listener();
        let mut client = Fixture::to(&[address]);
        client.connect();
        let (mut server, _) = listener.accept().expect("it came");
        server.write_all(HELLO).expect("it listens");
        server.write_all(b"{\"type\":\"error\",\"tag\":\"name\"}\n").expect("it listens");
        while !client.session.is_nameless() {
            client.wait();
            client.link.read(&mut client.session, 0);
        }
        drop(server);
        client.wait();
        client.link.read(&mut client.session, 0);
        assert!(client.session.is_nameless(), "another name can be given");
    }

    #[test]
    fn a_reconnect_follows_a_host_that_has_moved() {
        let ((first, first_address), (second, second_address)) = (listener(), listener());
        // The "host" is its new address, and the command prints it.
        let resolver: Resolver = |host| {
            let mut echo = Command::new("echo");
            echo.arg(host);
            Ok(echo)
        };
        let host = (second_address.to_string(), resolver);
        let mut client = Fixture::to_host(&[first_address], Some(host));
        enter_and_lose(&mut client, &first);
        client.connect();
        second.set_nonblocking(true).expect("it need not block");
        second.accept().expect("the client connects to the new address");
    }

    #[test]
    fn without_name_servers_the_last_addresses_are_used_again() {
        let silent: Resolver = |_| {
            let mut sleep = Command::new("sleep");
            sleep.arg("60");
            Ok(sleep)
        };
        let unknown: Resolver = |_| Ok(Command::new("false"));
        let impossible: Resolver = |_| Ok(Command::new("/nowhere/natter"));
        for (resolver, is_silent) in [(silent, true), (unknown, false), (impossible, false)] {
            let (listener, address) = listener();
            let mut client = Fixture::to_host(&[address], Some(("host:1".into(), resolver)));
            enter_and_lose(&mut client, &listener);
            if is_silent {
                client.now_ms = client.link.deadline_ms().expect("a lookup has a deadline");
                client.update();
            }
            client.connect();
            listener.accept().expect("the client reconnects");
        }
    }
}
