//! A client that sends no line ends, like the article's.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{PATIENCE, Server, without_stamps};

/// The read size of the article's client while it waits for its `OK`.
const NAMING_READ_BYTES: usize = 128;
/// Its read size later.
const ROOM_READ_BYTES: usize = 1024;

/// A client for which each read is one message.
pub struct Bare {
    stream: TcpStream,
    is_in: bool,
}

impl Bare {
    /// Connects.
    pub fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.door()).expect("the door is open");
        stream.set_nodelay(true).expect("it is TCP");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        Self { stream, is_in: false }
    }

    /// Connects and enters as `name`, at the first try.
    pub fn enter(server: &Server, name: &str) -> Self {
        let mut client = Self::connect(server);
        assert_eq!(client.ask(name), "OK");
        client
    }

    /// Sends `command` unchanged, in one write.
    pub fn send(&mut self, command: &str) {
        self.stream.write_all(command.as_bytes()).expect("the server accepts it");
    }

    /// Requests `name`, and returns the answer; `OK` means that it has entered.
    pub fn ask(&mut self, name: &str) -> String {
        self.send(&format!("{name} -n"));
        let answer = self.read();
        self.is_in |= answer == "OK";
        answer
    }

    /// Returns the next read, with `[T]` for stamps; nothing at the end. It panics, as the
    /// article's client does, if a character is cut in two.
    pub fn read(&mut self) -> String {
        let mut buffer = [0; ROOM_READ_BYTES];
        let bytes_max = if self.is_in { ROOM_READ_BYTES } else { NAMING_READ_BYTES };
        let count = self.stream.read(&mut buffer[..bytes_max]).expect("something arrives in time");
        match std::str::from_utf8(&buffer[..count]) {
            Ok(text) => without_stamps(text),
            Err(error) => panic!("a read of {count} bytes cuts a character in two: {error}"),
        }
    }

    /// Asserts that the next read is exactly `message`.
    #[track_caller]
    pub fn expect(&mut self, message: &str) {
        assert_eq!(self.read(), message);
    }

    /// Returns the first read that is `wanted`.
    pub fn until_read(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.read() {
                read if wanted(&read) => return read,
                read => assert!(!read.is_empty(), "it is closed"),
            }
        }
    }

    /// Returns all reads up to one that is exactly `message`.
    pub fn until(&mut self, message: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.read() {
                read if read == message => return before,
                read if read.is_empty() => panic!("{message:?} was never read, but {before:#?}"),
                read => before.push(read),
            }
        }
    }
}
