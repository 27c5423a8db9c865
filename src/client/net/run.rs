//! The client's event loop: one Poll over the server, the terminal or the pipes, and signals.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use mio::{Events, Interest, Poll, Registry, Token, event};
use signal_hook_mio::v1_0::Signals;

use crate::client::core::session::{News, Session};
use crate::client::net::link::Link;
use crate::clock::{Clock, Now};

const SIGNALS: Token = Token(0);
/// The server.
pub const SERVER: Token = Token(1);
/// stdin.
pub const INPUT: Token = Token(2);
/// stdout.
pub const OUTPUT: Token = Token(3);
const EVENTS_MAX: usize = 16;

/// The user's side of the client: a person at a terminal, or two pipes.
pub trait Face {
    /// Notes an event of its own descriptors.
    fn wake(&mut self, event: &event::Event);

    /// Handles a signal.
    fn signal(&mut self, signal: i32, session: &mut Session, now: &Now);

    /// Reads some of its input; returns true if there may be more at once.
    fn read_input(&mut self, session: &mut Session, now: &Now) -> bool;

    /// Shows `news`; returns true if it cannot, and the session has something to do at once.
    fn show(&mut self, news: Vec<News>, session: &mut Session, now: &Now) -> bool;

    /// Whether it can show more.
    fn may_receive(&self) -> bool;

    /// Whether everything has been shown.
    ///
    /// # Errors
    /// If it could not be.
    fn is_done(&self) -> io::Result<bool>;

    /// Ends after a regular session.
    fn end(self);
}

/// Runs until the session is over, and returns it.
///
/// # Errors
/// If the system refuses to watch a descriptor, or messages could not be shown.
pub fn run<F: Face>(
    mut session: Session,
    mut link: Link,
    signals: &[i32],
    open: impl FnOnce(&Registry) -> io::Result<F>,
) -> io::Result<Session> {
    let mut poll = Poll::new()?;
    let mut source = Signals::new(signals)?;
    poll.registry().register(&mut source, SIGNALS, Interest::READABLE)?;
    let mut face = open(poll.registry())?;
    let start = Instant::now();
    let clock = Clock::new(start);
    let mut events = Events::with_capacity(EVENTS_MAX);
    let mut is_busy = true;
    loop {
        let due_ms = [session.deadline_ms(), link.deadline_ms()].into_iter().flatten().min();
        let timeout = match due_ms {
            _ if is_busy => Some(Duration::ZERO),
            // One millisecond more, because the rest is cut off: it must not be early.
            Some(due_ms) => Some(Duration::from_millis(due_ms + 1).saturating_sub(start.elapsed())),
            None => None,
        };
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let now = clock.at(Instant::now(), SystemTime::now());
        for event in &events {
            match event.token() {
                SIGNALS => {
                    for signal in source.pending() {
                        face.signal(signal, &mut session, &now);
                    }
                }
                SERVER => {
                    let has_failed = event.is_error();
                    let is_readable = event.is_readable() || event.is_read_closed() || has_failed;
                    link.wake(is_readable, event.is_writable() || has_failed);
                }
                _ => face.wake(event),
            }
        }
        session.tick(now.mono_ms);
        if face.may_receive() {
            link.read(&mut session, now.mono_ms);
        }
        is_busy = face.read_input(&mut session, &now);
        link.update(&mut session, poll.registry(), now.mono_ms);
        is_busy |= face.show(session.take_news(), &mut session, &now);
        is_busy |= face.may_receive() && link.is_readable();
        if session.outcome().is_some() && face.is_done()? {
            face.end();
            return Ok(session);
        }
    }
}
