//! A client that sends and receives lines.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::{PATIENCE, without_stamps};

/// A framed client.
pub struct Client {
    socket: Socket,
    unread: Vec<u8>,
}

impl Client {
    /// Connects to a door in the form in which the server announced it: an address with a port, or
    /// `unix:PATH`.
    pub fn connect(door: &str) -> Self {
        Self::connect_with(door, |_| {})
    }

    /// Connects with a receive buffer so small that the server's send buffer soon is full.
    pub fn connect_narrow(door: &str) -> Self {
        Self::connect_with(door, |socket| {
            socket.set_recv_buffer_size(4_096).expect("the buffer can be set");
        })
    }

    fn connect_with(door: &str, prepare: impl FnOnce(&Socket)) -> Self {
        let address = match door.strip_prefix("unix:") {
            Some(path) => SockAddr::unix(path).expect("the path is short"),
            None => door.parse::<SocketAddr>().expect("the door is an address").into(),
        };
        let socket = Socket::new(address.domain(), Type::STREAM, None).expect("there are sockets");
        prepare(&socket);
        socket.connect(&address).expect("the door is open");
        if address.domain() != Domain::UNIX {
            socket.set_tcp_nodelay(true).expect("it is TCP");
        }
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        socket.set_write_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Self { socket, unread: Vec::new() }
    }

    /// Sends `bytes` unchanged.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).expect("the server accepts it");
    }

    /// Sends `bytes`, the last of them as urgent data.
    pub fn send_urgent(&mut self, bytes: &[u8]) {
        self.socket.send_out_of_band(bytes).expect("the server accepts it");
    }

    /// Sends one line.
    pub fn say(&mut self, line: &str) {
        self.send(format!("{line}\n"));
    }

    /// Takes the name `name` and enters.
    pub fn name(&mut self, name: &str) {
        self.say(&format!("{name} -n"));
        self.expect("OK");
    }

    /// Returns the next line, which must end in CR LF, with `[T]` for its stamp.
    pub fn line(&mut self) -> String {
        self.next_line().expect("another line, but the connection ended")
    }

    /// Asserts that the next line is `line`, byte for byte except for the stamp.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Asserts that the next lines are `lines`.
    #[track_caller]
    pub fn expect_all(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.expect(line));
    }

    /// Returns all lines up to `line`, which must arrive.
    pub fn until(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.next_line() {
                Some(next) if next == line => return before,
                Some(next) => before.push(next),
                None => panic!("{line:?} never arrived, but {before:#?}"),
            }
        }
    }

    /// Asserts that the connection ends here, in order.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.next_line(), None);
    }

    /// Returns all lines up to the end of the connection.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next_line()).collect()
    }

    /// Shuts down sending, and continues to read.
    pub fn end_sending(&self) {
        self.socket.shutdown(Shutdown::Write).expect("it is connected");
    }

    /// Breaks the connection: the server's kernel receives a reset.
    pub fn reset(self) {
        self.socket.set_linger(Some(Duration::ZERO)).expect("linger can be set");
    }

    /// Returns the next `count` bytes unchanged.
    pub fn raw(&mut self, count: usize) -> String {
        while self.unread.len() < count {
            let mut buffer = [0; 1024];
            let read = self.socket.read(&mut buffer).expect("something arrives in time");
            assert!(read > 0, "the connection ended");
            self.unread.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(self.unread.drain(..count).collect()).expect("it is UTF-8")
    }

    /// Returns everything up to and including `end`, unchanged.
    pub fn raw_bytes_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|part| part == end) {
                return self.unread.drain(..at + end.len()).collect();
            }
            let mut buffer = [0; 1024];
            let read = self.socket.read(&mut buffer).expect("something arrives in time");
            assert!(read > 0, "the connection ended after {}", self.unread.escape_ascii());
            self.unread.extend_from_slice(&buffer[..read]);
        }
    }

    /// Returns the next line unchanged, with its stamp and line end.
    pub fn raw_line(&mut self) -> String {
        self.next_raw_line().expect("another line, but the connection ended")
    }

    /// Reads what arrives next, in any pieces; nothing at the end.
    ///
    /// # Errors
    /// Nothing arrived in time, or the connection broke.
    pub fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.socket.read(buffer)
    }

    fn next_line(&mut self) -> Option<String> {
        let line = self.next_raw_line()?;
        let text = line.strip_suffix("\r\n").expect("lines end in CR LF");
        Some(without_stamps(text))
    }

    fn next_raw_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line = self.unread.drain(..=end).collect();
                return Some(String::from_utf8(line).expect("lines are UTF-8"));
            }
            let mut buffer = [0; 16 * 1024];
            match self.socket.read(&mut buffer) {
                Ok(0) => {
                    let unread = String::from_utf8_lossy(&self.unread);
                    assert!(unread.is_empty(), "the last line ends too: {unread:?}");
                    return None;
                }
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                // A child of another test ended (SIGCHLD) while a third one was being started.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    panic!(
                        "nothing arrived in time after {:?}",
                        String::from_utf8_lossy(&self.unread)
                    )
                }
                Err(error) => panic!("the connection broke: {error}"),
            }
        }
    }
}
