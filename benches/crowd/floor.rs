//! The floors: minimal servers that only make the system calls that every server needs.
use crate::fault::{Fault, Result, While};
use crate::host;
use crate::process::Floor;
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

const EVENTS_A_POLL: usize = 1024;
const BUFFER_BYTES: usize = 1024 * 1024;
const BACKLOG: i32 = 4096;
const GONE: [ErrorKind; 3] =
    [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
const LISTENER: Token = Token(usize::MAX - 1);

/// `@floor KIND CLIENTS [LINE_BYTES LINES_A_ROUND]`.
pub fn run(arguments: &[String]) -> Result<()> {
    let [kind, numbers @ ..] = arguments else {
        return Err("@floor: which?".into());
    };
    let numbers = numbers.iter().map(|word| word.parse::<usize>());
    let numbers =
        numbers.collect::<std::result::Result<Vec<_>, _>>().doing(|| "@floor".to_owned())?;
    let floor = Floor::ALL.into_iter().find(|floor| floor.word() == kind);
    host::raise_file_limit(0)?;
    let listener = listen().doing(|| "cannot listen".to_owned())?;
    let served = match (floor, &numbers[..]) {
        (Some(Floor::Line), &[clients, line_bytes, lines]) => {
            send_rounds(&listener, clients, line_bytes * lines, line_bytes)
        }
        (Some(Floor::Batch), &[clients, line_bytes, lines]) => {
            send_rounds(&listener, clients, line_bytes * lines, line_bytes * lines)
        }
        (Some(Floor::Relay), &[clients, ..]) => relay(&listener, clients),
        (Some(Floor::Greeter), _) => greet(listener),
        _ => return Err(Fault(format!("@floor {kind}: no such floor"))),
    };
    match served {
        // The load generator disconnects without a goodbye.
        Err(error) if GONE.contains(&error.kind()) => Ok(()),
        other => other.doing(|| format!("floor {kind}")),
    }
}

fn listen() -> io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    println!("listening classic {}", listener.local_addr()?);
    Ok(listener)
}

/// Sends a part of `chunk_bytes` to every client for each round that the load generator requests.
/// It requests one when all have the last.
fn send_rounds(
    listener: &TcpListener,
    clients: usize,
    round: usize,
    chunk_bytes: usize,
) -> io::Result<()> {
    let accept = || -> io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let mut room = (0..clients).map(|_| accept()).collect::<io::Result<Vec<_>>>()?;
    let mut rounds = accept()?;
    let mut lines = vec![0; round];
    loop {
        rounds.read_exact(&mut lines)?;
        for chunk in lines.chunks(chunk_bytes) {
            for client in &mut room {
                client.write_all(chunk)?;
            }
        }
    }
}

/// One client of the relay.
struct RelayClient {
    stream: mio::net::TcpStream,
    pending: Vec<u8>,
}

impl RelayClient {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.pending.is_empty() { self.write(bytes)? } else { 0 };
        self.pending.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    fn send_pending(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            let pending = std::mem::take(&mut self.pending);
            let sent = self.write(&pending)?;
            self.pending = pending;
            self.pending.drain(..sent);
            if sent == 0 {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }
}

/// Reads once from each client with input, then sends all that to everyone.
fn relay(listener: &TcpListener, clients: usize) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS_A_POLL);
    let mut room = Vec::with_capacity(clients);
    for who in 0..clients {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(who), both)?;
        room.push(RelayClient { stream, pending: Vec::new() });
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        poll.poll(&mut events, None)?;
        let mut filled = 0;
        for event in &events {
            let ear = &mut room[event.token().0];
            if event.is_writable() {
                ear.send_pending()?;
            }
            while event.is_readable() {
                if filled == buffer.len() {
                    buffer.resize(filled * 2, 0);
                }
                match ear.stream.read(&mut buffer[filled..]) {
                    Ok(0) => return Ok(()),
                    Ok(bytes) => filled += bytes,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
                if filled < buffer.len() {
                    break;
                }
            }
        }
        if filled > 0 {
            for ear in &mut room {
                ear.send(&buffer[..filled])?;
            }
        }
    }
}

/// Accepts every connection and answers OK to its first data.
fn greet(listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS_A_POLL);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut room: Vec<mio::net::TcpStream> = Vec::new();
    let mut heard = [0; 256];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    poll.registry().register(&mut stream, Token(room.len()), Interest::READABLE)?;
                    room.push(stream);
                }
            } else {
                let client = &mut room[event.token().0];
                if client.read(&mut heard).is_ok_and(|bytes| bytes > 0) {
                    client.write_all(b"OK\r\n")?;
                }
            }
        }
    }
}
