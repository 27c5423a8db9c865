//! The hub, turned by hand over sockets that take everything.

use std::cell::RefCell;
use std::io::{self, IoSlice, Read, Write};
use std::rc::Rc;

use chrono::DateTime;
use natter::clock::{Now, Stamp};
use natter::conn::Socket;
use natter::hub::{Hub, Ready};
use natter::ids::PeerId;
use natter::lang::Lang;
use natter::limits::Limits;
use natter::wire::Dialect;

const NOP: [u8; 2] = [255, 241];

/// A connection that takes everything.
#[derive(Clone, Default)]
struct Line(Rc<RefCell<Ends>>);

#[derive(Default)]
struct Ends {
    /// What the peer has sent, not read yet.
    sent: Vec<u8>,
    /// What it was sent.
    heard: Vec<u8>,
    /// In how many calls.
    writes: usize,
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let sent = std::mem::take(&mut self.0.borrow_mut().sent);
        if sent.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buffer[..sent.len()].copy_from_slice(&sent);
        Ok(sent.len())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut ends = self.0.borrow_mut();
        ends.writes += 1;
        let heard = ends.heard.len();
        slices.iter().for_each(|slice| ends.heard.extend_from_slice(slice));
        Ok(ends.heard.len() - heard)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Line {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn at(mono_ms: u64) -> Now {
    let wall = DateTime::from_timestamp(1_700_000_000, 0).expect("is a date");
    Now { mono_ms, stamp: Stamp::of(wall.into()) }
}

struct Silent {
    hub: Hub<Line>,
    line: Line,
    id: PeerId,
}

impl Silent {
    /// Somebody in the room who has sent `first` before its name, and nothing since.
    fn enter(first: &[u8]) -> Self {
        let mut hub = Hub::new(Lang::En, Limits { clients: 8, ..Limits::default() });
        let line = Line::default();
        let id = hub.open(line.clone(), Dialect::Telnet, None, &at(0));
        let mut silent = Self { hub, line, id };
        silent.send(&[first, b"alice\r\n"].concat(), 0);
        silent
    }

    fn send(&mut self, bytes: &[u8], mono_ms: u64) {
        self.line.0.borrow_mut().sent.extend_from_slice(bytes);
        self.hub.wake(self.id.slot(), Ready { readable: true, ..Ready::default() });
        while self.hub.turn(&at(mono_ms)) {}
        self.line.0.borrow_mut().heard.clear();
    }

    /// What it is sent, and when, up to `until_ms`, if the hub is woken when it asks to be.
    fn sent_up_to(&mut self, until_ms: u64) -> Vec<(u64, Vec<u8>)> {
        let mut sent = Vec::new();
        while let Some(due_ms) = self.hub.deadline_ms().filter(|&due_ms| due_ms <= until_ms) {
            while self.hub.turn(&at(due_ms)) {}
            let bytes = std::mem::take(&mut self.line.0.borrow_mut().heard);
            if !bytes.is_empty() {
                sent.push((due_ms, bytes));
            }
        }
        sent
    }
}

#[test]
fn who_speaks_telnet_is_sent_a_nop_a_minute() {
    // IAC NOP before the name: the client speaks telnet.
    let mut silent = Silent::enter(&NOP);
    let minutes = (1..=5).map(|minute| (minute * 60_000, NOP.to_vec()));
    assert_eq!(silent.sent_up_to(5 * 60_000), minutes.collect::<Vec<_>>());
}

#[test]
fn who_speaks_none_is_sent_nothing_and_wakes_nobody() {
    let mut silent = Silent::enter(b"");
    assert_eq!(silent.hub.deadline_ms(), None);
    assert_eq!(silent.sent_up_to(u64::MAX), []);
}

/// The most that the hub reads of one peer in a turn.
const READ_BYTES: usize = 4 * 1024;
const SPEAKERS: usize = 10;

#[test]
fn all_that_is_said_before_a_sweep_shares_it() {
    let limits = Limits { clients: SPEAKERS, flood_limit: false, ..Limits::default() };
    let (lag_soft_bytes, lag_hard_bytes) = (limits.lag_soft_bytes, limits.lag_hard_bytes);
    let mut hub = Hub::new(Lang::En, limits);
    let ready = Ready { readable: true, writable: true, ..Ready::default() };
    let mut speakers = Vec::new();
    for number in 0..SPEAKERS {
        let line = Line::default();
        let id = hub.open(line.clone(), Dialect::Classic, None, &at(0));
        line.0.borrow_mut().sent = format!("s{number:02} -n\n").into();
        hub.wake(id.slot(), ready);
        while hub.turn(&at(0)) {}
        speakers.push((id, line));
    }
    for (id, line) in &speakers {
        let mut ends = line.0.borrow_mut();
        *ends = Ends::default();
        for _ in 0..READ_BYTES / 64 {
            ends.sent.extend_from_slice(format!("{:0>59} -ta\n", "z").as_bytes());
        }
        hub.wake(id.slot(), ready);
    }
    hub.turn(&at(1));
    let said = SPEAKERS * READ_BYTES / 64;
    for (_, line) in &speakers {
        let ends = line.0.borrow();
        assert_eq!(memchr::memchr_iter(b'\n', &ends.heard).count(), said);
        assert!((2 * lag_soft_bytes..lag_hard_bytes).contains(&ends.heard.len()));
        assert_eq!(ends.writes, 1);
    }
}
