//! The hub without sockets. The only file of this benchmark that uses natter's API.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use natter::chat::command::Command;
use natter::clock::{Clock, Now};
use natter::delivery::outbound::Took;
use natter::door::DoorKind;
use natter::door::lang::Lang;
use natter::hub::conn::Socket;
use natter::hub::{Hub, Ready};
use natter::ids::PeerId;
use natter::limits::Limits;

const TEXT: &str = "sixty-four bytes of talk, as benchmarks of other servers have it";
const _: () = assert!(TEXT.len() == 64);
/// The start of the simulated clock: 2023-11-14 22:13:20 UTC.
const SIMULATED_START_SECS: u64 = 1_700_000_000;

thread_local! {
    /// The input for the next read of each connection, by its number; few have some at a time.
    static INPUT: RefCell<Vec<(u64, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
    /// The number of bytes that all sockets together have accepted.
    static ACCEPTED_BYTES: Cell<u64> = const { Cell::new(0) };
    /// The one connection that always has more to send, if there is one.
    static FLOODER: RefCell<Option<Flooder>> = const { RefCell::new(None) };
    /// The connection whose other end is gone: reads find the end, writes fail.
    static GONE: Cell<Option<u64>> = const { Cell::new(None) };
    /// The last connection that floods or is gone: for the others fewer instructions are needed.
    static UNUSUAL: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// A connection that sends the same bytes repeatedly, as fast as the hub reads it.
struct Flooder {
    number: u64,
    script: Vec<u8>,
    /// The maximum number of bytes in one read.
    read_bytes: usize,
    /// The position in `script` of the next read.
    at: usize,
    /// The number of bytes that it was sent.
    accepted_bytes: u64,
}

/// A socket that accepts everything. It is as large as a real socket's handle.
struct NullSock(u64);

impl NullSock {
    /// Counts the bytes sent to a flooder; returns whether the other end is still there.
    fn is_there(&self, bytes: usize) -> bool {
        FLOODER.with_borrow_mut(|flooder| {
            if let Some(flooder) = flooder.as_mut().filter(|flooder| flooder.number == self.0) {
                flooder.accepted_bytes += bytes as u64;
            }
        });
        GONE.get() != Some(self.0)
    }
}

impl Socket for NullSock {
    fn wake(&mut self, _: Ready) {}

    /// A read returns all input, as a short read of a real socket does, except for the flooder's.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took> {
        let line = INPUT.with_borrow_mut(|input| {
            let at = input.iter().position(|(number, _)| *number == self.0)?;
            Some(input.swap_remove(at).1)
        });
        let is_gone = GONE.get() == Some(self.0);
        if let Some(line) = line {
            buffer[..line.len()].copy_from_slice(&line);
            let is_flooder = FLOODER
                .with_borrow(|flooder| flooder.as_ref().is_some_and(|it| it.number == self.0));
            return Ok(Took { bytes: line.len(), drained: !is_gone && !is_flooder });
        }
        if is_gone {
            return Ok(Took { bytes: 0, drained: false });
        }
        FLOODER.with_borrow_mut(|flooder| {
            let Some(flooder) = flooder.as_mut().filter(|flooder| flooder.number == self.0) else {
                return Ok(Took { bytes: 0, drained: true });
            };
            let bytes = flooder.read_bytes.min(buffer.len());
            for byte in &mut buffer[..bytes] {
                *byte = flooder.script[flooder.at];
                flooder.at = (flooder.at + 1) % flooder.script.len();
            }
            Ok(Took { bytes, drained: false })
        })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        if UNUSUAL.get() == self.0 && !self.is_there(bytes) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        ACCEPTED_BYTES.set(ACCEPTED_BYTES.get() + bytes as u64);
        Ok(Took { bytes, drained: false })
    }

    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The article's.
    Classic,
    /// For people at a terminal.
    Telnet,
}

/// The clock that the hub is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The machine's.
    Real,
    /// A clock that stands still except while [`NullHub::wait_until_idle`] waits, so that every run
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
    /// Creates an empty hub for `clients` clients, without flood limits.
    pub fn new(clients: usize, time: Time) -> Self {
        Self::with_limits(
            Limits { clients, flood_limit: false, rooms: clients + 1, ..Limits::default() },
            time,
        )
    }

    /// Creates an empty hub for `clients` clients, with the default limits.
    pub fn with_default_limits(clients: usize, time: Time) -> Self {
        Self::with_limits(Limits { clients, ..Limits::default() }, time)
    }

    fn with_limits(limits: Limits, time: Time) -> Self {
        let start = Instant::now();
        Self {
            hub: Hub::new(Lang::En, limits),
            clock: Clock::new(start),
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

    /// Connects one more client, names it `user7`, and moves it to `room`, unless that is the
    /// lobby.
    pub fn join(&mut self, room: Option<usize>) {
        let number = self.connect(Door::Classic);
        let go = room.map_or_else(String::new, |room| format!("r{room} -r\n"));
        self.send(number, format!("user{number} -n\n{go}").into_bytes());
        self.run();
    }

    /// Lets `member` enter `room`, and stay in the others.
    pub fn enter(&mut self, member: usize, room: usize) {
        let now = self.now();
        let name = format!("r{room}");
        self.hub.ask(self.members[member], Command::Enter(&name), &now);
        self.run();
    }

    /// Connects one more client, without a name; returns its number.
    pub fn connect(&mut self, door: Door) -> usize {
        let now = self.now();
        let number = self.members.len();
        let dialect = match door {
            Door::Classic => DoorKind::Classic,
            Door::Telnet => DoorKind::Telnet,
        };
        self.members.push(self.hub.open(NullSock(number as u64), dialect, None, &now));
        number
    }

    /// Breaks the connection of the client that joined last, and waits until the hub has noticed.
    pub fn break_last(&mut self) {
        let Some(id) = self.members.pop() else { return };
        FLOODER.set(None);
        let number = self.members.len() as u64;
        UNUSUAL.set(number);
        GONE.set(Some(number));
        self.hub.wake(id.slot(), Ready { readable: true, ..Ready::default() });
        while self.hub.len() > self.members.len() {
            // It is sent a line, which fails.
            self.say(0, 1);
            self.wait(Duration::from_secs(1));
        }
        GONE.set(None);
    }

    /// Lets `member` send `lines` lines of 64 bytes in one read. The hub handles them in `run`.
    pub fn say(&mut self, member: usize, lines: usize) {
        self.send(member, format!("{TEXT} -ta\n").repeat(lines).into_bytes());
    }

    /// Lets `member` send `bytes`, which must fit one read.
    pub fn send(&mut self, member: usize, bytes: Vec<u8>) {
        INPUT.with_borrow_mut(|input| input.push((member as u64, bytes)));
        self.hub.wake(self.members[member].slot(), Ready { readable: true, ..Ready::default() });
    }

    /// Runs turns of the hub until everything that was sent is delivered.
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

    /// Runs turns of the hub until nothing is due any more: the last joins are announced when their
    /// second is over.
    pub fn wait_until_idle(&mut self) {
        while let Some(due_ms) = self.hub.deadline_ms() {
            self.simulated = self.simulated.max(Duration::from_millis(due_ms));
            self.run();
        }
    }

    /// Lets `member` send `script` repeatedly from now on, `read_bytes` for each read, as fast as
    /// it is read.
    pub fn flood(&mut self, member: usize, script: Vec<u8>, read_bytes: usize) {
        assert!(!script.is_empty() && read_bytes > 0, "a flooder sends something");
        let number = member as u64;
        UNUSUAL.set(number);
        FLOODER.set(Some(Flooder { number, script, read_bytes, at: 0, accepted_bytes: 0 }));
    }

    /// Like [`NullHub::wait`], with more input of `member` every millisecond.
    pub fn wait_and_read(&mut self, member: usize, time: Duration) {
        for _ in 0..time.as_millis() {
            let input = Ready { readable: true, ..Ready::default() };
            self.hub.wake(self.members[member].slot(), input);
            self.wait(Duration::from_millis(1));
        }
    }

    /// Runs turns of the hub whenever something is due, until `time` has passed on the simulated
    /// clock.
    pub fn wait(&mut self, time: Duration) {
        let until = self.simulated + time;
        self.run();
        while let Some(due) = self.hub.deadline_ms().map(Duration::from_millis) {
            if due > until {
                break;
            }
            self.simulated = self.simulated.max(due);
            self.run();
        }
        self.simulated = until;
    }

    /// Returns the longest turn since the last call.
    pub fn take_longest_turn(&mut self) -> Duration {
        std::mem::take(&mut self.longest)
    }

    /// Whether everyone who joined has a name and is present.
    pub fn are_all_present(&self) -> bool {
        self.hub.chat().present() == self.members.len()
    }
}

/// Whether the hub supports GBK and Big5.
pub const HAS_CHINESE_CHARSETS: bool = natter::door::charset::HAS_CHINESE;

/// Whether the hub supports JSON lines.
pub const HAS_JSON: bool = cfg!(feature = "json");

/// Returns the number of bytes that the flooding connection was sent so far.
pub fn flooder_accepted_bytes() -> u64 {
    FLOODER.with_borrow(|flooder| flooder.as_ref().map_or(0, |flooder| flooder.accepted_bytes))
}

/// Returns the number of bytes that the sockets of this process have accepted so far.
pub fn accepted_bytes() -> u64 {
    ACCEPTED_BYTES.get()
}

/// Returns the length of a delivered line that `member` said.
pub fn line_bytes(member: usize) -> usize {
    format!("[2026-11-23 09:11:38] user{member}:\r\n").len() + TEXT.len()
}

/// Returns the resident bytes of this process.
pub fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
