//! The load generator's connections: one thread, one edge-triggered poll.
use crate::fault::{Fault, Result, While};
use crate::ledger::{Ledger, Place};
use crate::wire::{self, Answer, Wire};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const EVENTS_A_POLL: usize = 4096;
const BUFFER_BYTES: usize = 512 * 1024;
/// The time a threaded server needs to remove a name after its last message.
const ONE_BY_ONE: Duration = Duration::from_millis(1);
const GOODBYE_WAIT: Duration = Duration::from_secs(5);
const LEAVING_AT_MOST: Duration = Duration::from_secs(60);

/// The use of a connection's bytes.
pub enum Stage {
    Connecting,
    Joining,
    /// In the room, and its lines are not checked.
    Ignored,
    Watched(Place),
    /// Not read by the poll; a little is read now and then.
    Slow(Place),
    Closed,
}

pub struct Seat {
    pub stream: TcpStream,
    pub stage: Stage,
    /// Received, but not yet a whole line.
    kept: Vec<u8>,
    /// To be sent, but not accepted by the kernel yet.
    pub out: Vec<u8>,
}

/// All connections to one server.
pub struct Crowd {
    pub wire: Wire,
    /// The number of rooms over which the members are spread.
    rooms: usize,
    poll: Poll,
    events: Events,
    pub seats: Vec<Seat>,
    pub members: usize,
    pub ledger: Option<Ledger>,
    pub line_end: &'static [u8],
    buffer: Vec<u8>,
    pub began: Instant,
    pub heard_bytes: u64,
    /// Lines received by connections that are not checked.
    pub ignored_lines: u64,
    /// When data was last received.
    pub heard_at: Instant,
    pub joined: usize,
    leaving: bool,
}

/// Returns the name of member `who`. All names have the same length.
pub fn name(who: usize) -> String {
    format!("c{who:05}")
}

impl Crowd {
    pub fn new(wire: Wire, rooms: usize) -> Result<Self> {
        let now = Instant::now();
        Ok(Self {
            wire,
            rooms,
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_A_POLL),
            seats: Vec::new(),
            members: 0,
            ledger: None,
            line_end: b"\r\n",
            buffer: vec![0; BUFFER_BYTES],
            began: now,
            heard_bytes: 0,
            ignored_lines: 0,
            heard_at: now,
            joined: 0,
            leaving: false,
        })
    }

    pub fn now_ns(&self) -> u64 {
        nanos(self.began.elapsed())
    }

    /// Starts one more connection.
    pub fn connect(&mut self, addr: SocketAddr) -> Result<usize> {
        let stream = TcpStream::connect(addr).doing(|| format!("cannot connect to {addr}"))?;
        self.add(stream)
    }

    /// Starts a connection whose kernel buffers little unread data. The window is offered while
    /// connecting, so the size must be set before.
    pub fn connect_narrow(&mut self, addr: SocketAddr, buffer_bytes: usize) -> Result<usize> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        socket.set_recv_buffer_size(buffer_bytes)?;
        socket.set_nonblocking(true)?;
        // As in mio's own connect: the poll reports the result.
        let _ = socket.connect(&addr.into());
        self.add(TcpStream::from_std(socket.into()))
    }

    fn add(&mut self, mut stream: TcpStream) -> Result<usize> {
        let who = self.seats.len();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(who), both)?;
        self.seats.push(Seat {
            stream,
            stage: Stage::Connecting,
            kept: Vec::new(),
            out: Vec::new(),
        });
        Ok(who)
    }

    /// Removes a connection from the poll; it is read with `sip` from then on.
    pub fn make_slow(&mut self, who: usize, place: Place) -> Result<()> {
        let seat = &mut self.seats[who];
        self.poll.registry().deregister(&mut seat.stream)?;
        seat.stage = Stage::Slow(place);
        Ok(())
    }

    /// Waits at most `wait` for events, and handles all of them.
    pub fn pump(&mut self, wait: Duration) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other.doing(|| "poll".to_owned())?,
        }
        if self.events.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        self.heard_at = now;
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        let outcome = events.iter().try_for_each(|event| {
            let who = event.token().0;
            if event.is_writable() {
                self.on_writable(who)?;
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.on_readable(who)?;
            }
            Ok::<(), Fault>(())
        });
        self.events = events;
        outcome?;
        self.send_pongs()
    }

    fn on_writable(&mut self, who: usize) -> Result<()> {
        let seat = &mut self.seats[who];
        if matches!(seat.stage, Stage::Connecting) {
            self.greet(who)
        } else if seat.out.is_empty() {
            Ok(())
        } else {
            seat.flush(who)
        }
    }

    /// Sends the hello if the connection is made; the poll reports when it is.
    pub fn greet(&mut self, who: usize) -> Result<()> {
        let seat = &mut self.seats[who];
        if let Some(error) = seat.stream.take_error()? {
            return Err(Fault(format!("{} cannot connect: {error}", name(who))));
        }
        let mut hello = self.wire.hello(&name(who));
        if self.rooms > 1 {
            hello.extend_from_slice(&self.wire.enter(who % self.rooms));
        }
        if hello.is_empty() {
            if seat.stream.peer_addr().is_err() {
                return Ok(());
            }
        } else {
            match seat.stream.write(&hello) {
                Ok(bytes) if bytes == hello.len() => {}
                Ok(_) => return Err(Fault(format!("{} cannot say hello", name(who)))),
                Err(error) if not_yet(&error) => return Ok(()),
                Err(error) => return Err(Fault(format!("{} says hello: {error}", name(who)))),
            }
        }
        seat.stage = Stage::Joining;
        if self.wire == Wire::Raw {
            self.advance(who)?;
        }
        Ok(())
    }

    /// Handles the server's answer to a client that is joining.
    fn advance(&mut self, who: usize) -> Result<()> {
        let seat = &mut self.seats[who];
        match self.wire.answer(&seat.kept).doing(|| format!("{} cannot join", name(who)))? {
            Answer::Wait => return Ok(()),
            Answer::Say(words) => {
                seat.out.extend_from_slice(&words);
                seat.flush(who)?;
            }
            Answer::Joined(line_end) => {
                let lines = memchr::memchr_iter(b'\n', &seat.kept).count() as u64;
                // The answer itself is not a line of the room.
                self.ignored_lines += lines.saturating_sub(1);
                self.line_end = line_end;
                self.joined += 1;
                seat.stage = Stage::Ignored;
            }
        }
        seat.kept.clear();
        Ok(())
    }

    fn on_readable(&mut self, who: usize) -> Result<()> {
        while matches!(self.seats[who].stage, Stage::Joining | Stage::Ignored | Stage::Watched(_)) {
            let room = self.buffer.len() - self.seats[who].kept.len();
            if self.read(who, room)? < room {
                break;
            }
        }
        Ok(())
    }

    /// Reads at most `room` bytes from a slow connection.
    pub fn sip(&mut self, who: usize, room: usize) -> Result<()> {
        if matches!(self.seats[who].stage, Stage::Slow(_)) {
            self.read(who, room)?;
        }
        Ok(())
    }

    /// Reads once and handles the data. Less than `room` means that there was no more.
    fn read(&mut self, who: usize, room: usize) -> Result<usize> {
        let seat = &mut self.seats[who];
        let kept = seat.kept.len();
        self.buffer[..kept].copy_from_slice(&seat.kept);
        let bytes = match seat.stream.read(&mut self.buffer[kept..kept + room]) {
            Ok(0) => return self.closed(who, "closed"),
            Ok(bytes) => bytes,
            Err(error) if not_yet(&error) => return Ok(0),
            Err(error) => return self.closed(who, &error.to_string()),
        };
        self.heard_bytes += bytes as u64;
        seat.kept.clear();
        let heard = &self.buffer[..kept + bytes];
        match (&mut seat.stage, &mut self.ledger) {
            (Stage::Joining, _) => {
                if heard.len() > BUFFER_BYTES / 2 {
                    return Err(Fault(format!("{} cannot join: no answer in sight", name(who))));
                }
                seat.kept.extend_from_slice(heard);
                self.advance(who)?;
            }
            (Stage::Watched(place) | Stage::Slow(place), Some(ledger)) => {
                if ledger.latency.is_some() {
                    ledger.now_ns = nanos(self.began.elapsed());
                }
                let used = ledger.take(place, heard);
                seat.kept.extend_from_slice(&heard[used..]);
            }
            _ => self.ignore(who, kept + bytes)?,
        }
        Ok(bytes)
    }

    fn ignore(&mut self, who: usize, bytes: usize) -> Result<()> {
        let heard = &self.buffer[..bytes];
        if self.leaving && self.wire.is_goodbye(heard) {
            self.seats[who].stage = Stage::Closed;
        }
        self.ignored_lines += memchr::memchr_iter(b'\n', heard).count() as u64;
        if self.wire == Wire::Irc
            && let Some(pong) = wire::pong(heard)
        {
            self.seats[who].out.extend_from_slice(&pong);
            self.seats[who].flush(who)?;
        }
        Ok(())
    }

    fn closed(&mut self, who: usize, how: &str) -> Result<usize> {
        let seat = &mut self.seats[who];
        let expected = self.leaving || matches!(seat.stage, Stage::Slow(_));
        let said = seat.kept.clone();
        seat.stage = Stage::Closed;
        if expected {
            return Ok(0);
        }
        let said = String::from_utf8_lossy(&said);
        let said =
            if said.is_empty() { String::new() } else { format!(", after {:?}", said.trim()) };
        Err(Fault(format!("the server's connection to {}: {how}{said}", name(who))))
    }

    fn send_pongs(&mut self) -> Result<()> {
        let Some(ledger) = &mut self.ledger else {
            return Ok(());
        };
        for (who, pong) in ledger.pongs.drain(..) {
            self.seats[who].out.extend_from_slice(&pong);
            self.seats[who].flush(who)?;
        }
        Ok(())
    }

    fn say_goodbye(&mut self, who: usize) {
        if !matches!(self.seats[who].stage, Stage::Closed) {
            self.seats[who].stage = Stage::Ignored;
            let _ = self.seats[who].stream.write(self.wire.goodbye());
        }
    }

    /// Handles input until the server has said goodbye to all of `seats`.
    fn wait_for_goodbye(&mut self, seats: std::ops::Range<usize>, until: Instant) {
        let is_closed = |seat: &Seat| matches!(seat.stage, Stage::Closed);
        while !self.seats[seats.clone()].iter().all(is_closed) && Instant::now() < until {
            let _ = self.pump(Duration::from_millis(1));
        }
    }

    /// Leaves: with a goodbye if the server needs it, and without a TIME_WAIT.
    pub fn leave(mut self, politely: bool) {
        if politely && !self.wire.goodbye().is_empty() {
            self.ledger = None;
            self.leaving = true;
            let until = Instant::now() + LEAVING_AT_MOST;
            // A threaded server may not support two at a time.
            let together = if self.wire == Wire::Classic { 1 } else { self.seats.len() };
            for first in (0..self.seats.len()).step_by(together) {
                (first..first + together).for_each(|who| self.say_goodbye(who));
                let until = until.min(Instant::now() + GOODBYE_WAIT);
                self.wait_for_goodbye(first..first + together, until);
                std::thread::sleep(ONE_BY_ONE);
            }
        }
        for seat in &self.seats {
            // Otherwise thousands of ports would be unusable for a minute.
            let _ = socket2::SockRef::from(&seat.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl Seat {
    /// Writes pending data, as much as the kernel accepts.
    pub fn flush(&mut self, who: usize) -> Result<()> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(bytes) if bytes == self.out.len() => self.out.clear(),
                Ok(bytes) => drop(self.out.drain(..bytes)),
                Err(error) if not_yet(&error) => return Ok(()),
                Err(error) => return Err(Fault(format!("{} cannot send: {error}", name(who)))),
            }
        }
        Ok(())
    }
}

/// Whether a call has to be repeated after an event.
fn not_yet(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted)
}

pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
