//! A peer's socket: the meaning of its reads and writes, and how it is closed.

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;

use mio::net::{TcpStream, UnixStream};
use socket2::SockRef;

use crate::delivery::outbound::Took;
use crate::hub::conn::{Ready, Socket};

/// A peer's socket, and what its events reported about its input.
pub struct Sock {
    stream: Stream,
    /// The peer has closed its side.
    ended: bool,
    /// The peer has sent urgent data.
    urgent: bool,
}

/// A stream that a listener accepted.
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A Unix socket connection.
    Unix(UnixStream),
}

impl Sock {
    /// Wraps a socket that has had no event.
    pub fn new(stream: Stream) -> Self {
        Self { stream, ended: false, urgent: false }
    }

    /// Returns the socket as the Poll registers it.
    pub fn as_source(&mut self) -> &mut dyn mio::event::Source {
        match &mut self.stream {
            Stream::Tcp(stream) => stream,
            Stream::Unix(stream) => stream,
        }
    }

    fn raw(&self) -> SockRef<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.into(),
            Stream::Unix(stream) => stream.into(),
        }
    }
}

impl Socket for Sock {
    fn wake(&mut self, ready: Ready) {
        self.ended |= ready.ended;
        self.urgent |= ready.urgent;
    }

    /// On Linux, a read that returns less than was asked for has drained the socket (epoll(7)),
    /// which saves the next call. Exceptions: the end of the input came along, which no further
    /// event reports; there is urgent data, at which a read stops (tcp(7)); or it is a Unix socket,
    /// where a read stops behind data that came with a descriptor (unix(7)).
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took> {
        let (read, may_end_short) = match &mut self.stream {
            Stream::Tcp(stream) => (repeated(|| stream.read(buffer)), self.ended || self.urgent),
            Stream::Unix(stream) => (repeated(|| stream.read(buffer)), true),
        };
        match read {
            Ok(0) => Ok(Took { bytes: 0, drained: false }),
            Ok(bytes) => Ok(Took { bytes, drained: bytes < buffer.len() && !may_end_short }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Ok(Took { bytes: 0, drained: true })
            }
            Err(error) => Err(error),
        }
    }

    /// Uses send(2) and sendmsg(2): write(2) and writev(2), which a stream's own methods may use,
    /// pass through the file layer first, for half a microsecond on top of five or six. A `send`
    /// costs the kernel less than a `sendmsg` of one slice.
    ///
    /// A short write has found the buffer full: the kernel has noted that we wait (SOCK_NOSPACE)
    /// and will send an event, so another call is saved.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let raw = self.raw();
        let sent = repeated(|| match slices {
            [bytes] => raw.send(bytes),
            _ => raw.send_vectored(slices),
        });
        match sent {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) => Ok(Took { bytes, drained: bytes < offered }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Ok(Took { bytes: 0, drained: true })
            }
            Err(error) => Err(error),
        }
    }

    fn end_writing(&mut self) -> io::Result<()> {
        match &self.stream {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

/// Repeats a system call while signals interrupt it.
fn repeated<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
