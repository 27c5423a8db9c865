//! The hub over no sockets at all. The only file of this benchmark that uses natter's API.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, IoSlice, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use natter::clock::{Clock, Now};
use natter::door::Dialect;
use natter::door::lang::Lang;
use natter::hub::conn::Socket;
use natter::hub::{Hub, Ready};
use natter::ids::PeerId;
use natter::limits::Limits;

const TEXT: &str = "sixty-four bytes of talk, as benchmarks of other servers have it";
const _: () = assert!(TEXT.len() == 64);
/// A time at which the simulated clock starts: 2023-11-14 22:13:20 UTC.
const SIMULATED_START_SECS: u64 = 1_700_000_000;

thread_local! {
    /// What each connection sends in its next read, by its number; few send at a time.
    static INPUT: RefCell<Vec<(u64, String)>> = const { RefCell::new(Vec::new()) };
    /// Bytes that all sockets together have accepted.
    static ACCEPTED_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// A socket that accepts everything. It is as large as a real socket's handle.
struct NullSock(u64);

impl Read for NullSock {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = INPUT.with_borrow_mut(|input| {
            let at = input.iter().position(|(number, _)| *number == self.0)?;
            Some(input.swap_remove(at).1)
        });
        let line = line.ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
    }
}

impl Write for NullSock {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ACCEPTED_BYTES.set(ACCEPTED_BYTES.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let bytes = slices.iter().map(|slice| slice.len()).sum();
        ACCEPTED_BYTES.set(ACCEPTED_BYTES.get() + bytes as u64);
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for NullSock {
    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Which clock the hub is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The machine's.
    Real,
    /// One that stands still except while [`NullHub::wait_until_idle`] waits, so that every run
    /// executes the same instructions.
    Simulated,
}

/// A hub, and the connections of one room or of many.
pub struct NullHub {
    hub: Hub<NullSock>,
    clock: Clock,
    start: Instant,
    time: Time,
    simulated: Duration,
    members: Vec<PeerId>,
    longest: Duration,
}

impl NullHub {
    /// An empty hub for as many as `clients`.
    pub fn new(clients: usize, time: Time) -> Self {
        let limits = Limits { clients, flood_limit: false, ..Limits::default() };
        let start = Instant::now();
        let wall = match time {
            Time::Real => SystemTime::now(),
            Time::Simulated => UNIX_EPOCH + Duration::from_secs(SIMULATED_START_SECS),
        };
        Self {
            hub: Hub::new(Lang::En, limits),
            clock: Clock::new(start, wall),
            start,
            time,
            simulated: Duration::ZERO,
            members: Vec::new(),
            longest: Duration::ZERO,
        }
    }

    fn now(&mut self) -> Now {
        match self.time {
            Time::Real => self.clock.at(Instant::now(), SystemTime::now()),
            Time::Simulated => {
                let wall = UNIX_EPOCH + Duration::from_secs(SIMULATED_START_SECS);
                self.clock.at(self.start + self.simulated, wall + self.simulated)
            }
        }
    }

    /// Connects one more, names it `user7`, and moves it to `room`, unless that is the lobby.
    pub fn join(&mut self, room: Option<usize>) {
        let now = self.now();
        let number = self.members.len();
        let id = self.hub.open(NullSock(number as u64), Dialect::Classic, None, &now);
        self.members.push(id);
        let go = room.map_or_else(String::new, |room| format!("r{room} -r\n"));
        self.send(number, format!("user{number} -n\n{go}"));
        self.run();
    }

    /// Lets `member` send `lines` lines of 64 bytes in one read. The hub works on them in `run`.
    pub fn say(&mut self, member: usize, lines: usize) {
        self.send(member, format!("{TEXT} -ta\n").repeat(lines));
    }

    fn send(&mut self, member: usize, text: String) {
        INPUT.with_borrow_mut(|input| input.push((member as u64, text)));
        self.hub.wake(self.members[member].slot(), Ready { readable: true, ..Ready::default() });
    }

    /// Turns the hub until everything that was sent is delivered.
    pub fn run(&mut self) {
        loop {
            let now = self.now();
            let began = Instant::now();
            let is_busy = self.hub.turn(&now);
            self.longest = self.longest.max(began.elapsed());
            if !is_busy {
                return;
            }
        }
    }

    /// Turns the hub until nothing is due any more: the last joins are announced when their
    /// second is over.
    pub fn wait_until_idle(&mut self) {
        while let Some(due_ms) = self.hub.deadline_ms() {
            self.simulated = self.simulated.max(Duration::from_millis(due_ms));
            self.run();
        }
    }

    /// The longest turn since this was last asked.
    pub fn take_longest_turn(&mut self) -> Duration {
        std::mem::take(&mut self.longest)
    }

    /// Whether everyone who joined has a name and is present.
    pub fn are_all_present(&self) -> bool {
        self.hub.chat().present() == self.members.len()
    }
}

/// Bytes that the sockets of this process have accepted so far.
pub fn accepted_bytes() -> u64 {
    ACCEPTED_BYTES.get()
}

/// Bytes of a delivered line that `member` said.
pub fn line_bytes(member: usize) -> usize {
    format!("[2026-11-23 09:11:38] user{member}:\r\n").len() + TEXT.len()
}

/// Resident bytes of this process.
pub fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
