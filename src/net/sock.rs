//! A peer's socket: what its reads and writes mean, and how it ends.

use std::io::{self, IoSlice, Read};
use std::net::Shutdown;

use mio::net::{TcpStream, UnixStream};
use socket2::SockRef;

use crate::delivery::outbound::Took;
use crate::hub::conn::{Ready, Socket};

/// A peer's socket, and what its events told of its input.
pub struct Sock {
    stream: Stream,
    /// The peer has ended its side.
    ended: bool,
    /// The peer has sent urgent data.
    urgent: bool,
}

/// A stream that a listener accepted.
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// In the file system.
    Unix(UnixStream),
}

impl Sock {
    /// A socket of which no event has told anything.
    pub fn new(stream: Stream) -> Self {
        Self { stream, ended: false, urgent: false }
    }

    /// As the Poll wants it.
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

    /// A read that brings less than was asked for has found the end of what there is, on Linux
    /// (epoll(7)), and saves the next call. Not so if the end of the input came along, of which no
    /// further event tells; if there is urgent data, at which a read stops (tcp(7)); or on a Unix
    /// socket, where a read stops behind what came with a descriptor (unix(7)).
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

    /// By send(2) and sendmsg(2): write(2) and writev(2), which a stream's own methods may use,
    /// pass through the file layer first, for half a microsecond on top of five or six. A `send`
    /// costs the kernel less than a `sendmsg` of one slice.
    ///
    /// A short write found the buffer full: the kernel has noted that we wait (SOCK_NOSPACE) and
    /// will send an event, so asking once more is saved.
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

/// Makes a system call again while signals interrupt it.
fn repeated<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
