//! A room over no sockets at all: what the hub alone costs.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, IoSlice};
use std::time::{Duration, Instant, SystemTime};

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

thread_local! {
    /// What the next socket that is read has to say.
    static SCRIPT: RefCell<String> = const { RefCell::new(String::new()) };
    /// Bytes that all sockets have taken.
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

/// Takes everything; as large as a real socket's handle.
struct NullSock(#[allow(dead_code, reason = "it is there for its size")] u64);

impl Socket for NullSock {
    fn wake(&mut self, _: Ready) {}

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took> {
        let line = SCRIPT.take();
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(Took { bytes: line.len(), drained: true })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        let bytes: usize = slices.iter().map(|slice| slice.len()).sum();
        TAKEN.set(TAKEN.get() + bytes as u64);
        Ok(Took { bytes, drained: false })
    }

    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    hub: Hub<NullSock>,
    clock: Clock,
    longest: Duration,
}

impl Bench {
    fn new(members: usize) -> Self {
        let limits = Limits { clients: members, flood_limit: false, ..Limits::default() };
        Self {
            hub: Hub::new(Lang::En, limits),
            clock: Clock::new(Instant::now(), SystemTime::now()),
            longest: Duration::ZERO,
        }
    }

    fn now(&mut self) -> Now {
        self.clock.at(Instant::now(), SystemTime::now())
    }

    fn connect(&mut self) -> PeerId {
        let now = self.now();
        self.hub.open(NullSock(0), DoorKind::Classic, None, &now)
    }

    fn speak(&mut self, id: PeerId, line: String) {
        SCRIPT.set(line);
        self.hub.wake(id.slot(), Ready { readable: true, ..Ready::default() });
    }

    fn turn(&mut self) -> bool {
        let now = self.now();
        let start = Instant::now();
        let is_busy = self.hub.turn(&now);
        self.longest = self.longest.max(start.elapsed());
        is_busy
    }

    fn settle(&mut self) {
        while self.turn() {}
    }
}

/// Resident bytes of this process.
fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// What a room of some size costs.
pub struct Cost {
    pub ns_per_line: f64,
    pub longest_turn_us: f64,
    /// Resident, named and in the room.
    pub bytes_each: u64,
}

/// Fills a room with `members` and has one of them speak until `deliveries_min` lines have been
/// delivered.
pub fn measure(members: usize, deliveries_min: usize) -> Cost {
    let before = resident_bytes();
    let mut bench = Bench::new(members);
    let mut speaker = None;
    for number in 0..members {
        let id = bench.connect();
        bench.speak(id, format!("user{number} -n\n"));
        bench.turn();
        speaker.get_or_insert(id);
    }
    let speaker = speaker.expect("there are members");
    // The last of them are announced when their second is over.
    while bench.hub.deadline_ms().is_some() {
        bench.settle();
    }
    let bytes_each = resident_bytes().saturating_sub(before) / members as u64;

    let rounds = deliveries_min.div_ceil(members);
    bench.longest = Duration::ZERO;
    let taken_before = TAKEN.get();
    let start = Instant::now();
    for _ in 0..rounds {
        bench.speak(speaker, format!("{TEXT} -ta\n"));
        bench.settle();
    }
    let elapsed = start.elapsed();
    let bytes_taken = TAKEN.get() - taken_before;
    assert_eq!(bench.hub.chat().present(), members, "all are in the room");
    let line_bytes = "[2026-11-23 09:11:38] user0:\r\n".len() + TEXT.len();
    assert_eq!(bytes_taken, (rounds * members * line_bytes) as u64, "every line was delivered");
    Cost {
        ns_per_line: elapsed.as_nanos() as f64 / (rounds * members) as f64,
        longest_turn_us: bench.longest.as_nanos() as f64 / 1e3,
        bytes_each,
    }
}
