//! Many small rooms: a line in each, and a line in one of them while the others exist.

use std::ops::Range;
use std::time::{Duration, Instant};

use natter::limits::ANNOUNCEMENTS_PER_SEC;
use nix::time::ClockId;

use crate::null_hub::{NullHub, Time, accepted_bytes, line_bytes, resident_bytes};

/// The number of lines that are timed at a time when a room is compared with the same among others.
const LINES_A_BATCH: usize = 2_000;
/// The number of batches, of which the quickest counts: other processes only slow them down.
const BATCHES: usize = 50;

/// The number of members who enter further rooms per second: neighbours enter the same rooms, and
/// more than `ANNOUNCEMENTS_PER_SEC` arrivals would be summed up.
const ENTER_A_SECOND: usize = ANNOUNCEMENTS_PER_SEC as usize - 1;

/// The costs of many rooms.
pub struct Cost {
    pub ns_per_line: f64,
    /// By the CPU time of this thread, so that being preempted does not count.
    pub longest_turn_ms: f64,
    /// Resident bytes per connection, with the rooms and what a line in each left behind.
    pub bytes_each: u64,
}

/// Spreads `members` evenly over `rooms`, in each of which somebody says a line in turn, until
/// `deliveries_min` lines have been delivered.
pub fn measure(members: usize, rooms: usize, deliveries_min: usize) -> Cost {
    let before = resident_bytes();
    let mut hub = spread(members, rooms, Time::Real);
    // The first line in each room is not timed, but the memory that it takes counts.
    say_in_each(&mut hub, rooms, || ());
    let bytes_each = resident_bytes().saturating_sub(before) / members as u64;

    let passes = deliveries_min.div_ceil(members);
    let accepted_before = accepted_bytes();
    let start = Instant::now();
    for _ in 0..passes {
        say_in_each(&mut hub, rooms, || ());
    }
    let elapsed = start.elapsed();
    assert!(hub.are_all_present(), "all are present");
    let lines_of_all = (0..rooms).map(|room| members_of(room, members, rooms) * line_bytes(room));
    let expected = passes * lines_of_all.sum::<usize>();
    assert_eq!(accepted_bytes() - accepted_before, expected as u64, "each room has its own lines");

    let (mut longest, mut last) = (Duration::ZERO, cpu_time());
    say_in_each(&mut hub, rooms, || {
        let now = cpu_time();
        longest = longest.max(now - last);
        last = now;
    });
    Cost {
        ns_per_line: elapsed.as_nanos() as f64 / (passes * members) as f64,
        longest_turn_ms: longest.as_secs_f64() * 1e3,
        bytes_each,
    }
}

/// Returns the nanoseconds per delivered line in a room of `members_each`: on a server with `rooms`
/// such rooms, and on one without others.
pub fn compare(members_each: usize, rooms: usize) -> [f64; 2] {
    let mut hubs = [rooms, 1].map(|rooms| spread(members_each * rooms, rooms, Time::Real));
    let mut quickest = [Duration::MAX; 2];
    // Alternately, so that both are exposed to the same noise.
    for _ in 0..BATCHES {
        for (hub, quickest) in hubs.iter_mut().zip(&mut quickest) {
            let start = Instant::now();
            for _ in 0..LINES_A_BATCH {
                hub.say(0, 1);
                hub.run();
            }
            *quickest = start.elapsed().min(*quickest);
        }
    }
    quickest.map(|time| time.as_nanos() as f64 / (LINES_A_BATCH * members_each) as f64)
}

/// Returns the resident bytes that each further room costs each of `members`, who are all in
/// `rooms_each` of `rooms`, evenly distributed.
pub fn bytes_per_further_room(members: usize, rooms: usize, rooms_each: usize) -> f64 {
    let mut hub = spread(members, rooms, Time::Simulated);
    // All rooms talk at once: the memory of their tapes is allocated before, and is not counted.
    (0..rooms).for_each(|room| hub.say(room, 1));
    hub.run();
    // The cost of being in more than one room at all is not of interest here.
    enter_further(&mut hub, members, rooms, 1..2);
    let before = resident_bytes();
    enter_further(&mut hub, members, rooms, 2..rooms_each);
    let more = resident_bytes().saturating_sub(before);
    more as f64 / (members * (rooms_each - 2)) as f64
}

/// Lets each member enter the rooms that lie `further` from its first one, a few members per second:
/// so each is announced alone, and no memory is taken for names in a summary.
fn enter_further(hub: &mut NullHub, members: usize, rooms: usize, further: Range<usize>) {
    for member in 0..members {
        for further in further.clone() {
            hub.enter(member, (member + further) % rooms);
        }
        if member % ENTER_A_SECOND == 0 {
            hub.wait(Duration::from_secs(1));
        }
    }
}

/// Creates a hub with `members`, member k in room k modulo `rooms`, when all is quiet.
pub fn spread(members: usize, rooms: usize, time: Time) -> NullHub {
    let mut hub = NullHub::new(members, time);
    (0..members).for_each(|member| hub.join(Some(member % rooms)));
    hub.wait_until_idle();
    hub
}

fn members_of(room: usize, members: usize, rooms: usize) -> usize {
    members / rooms + usize::from(room < members % rooms)
}

/// The first member of each room says a line, room after room; `after` is called after each.
fn say_in_each(hub: &mut NullHub, rooms: usize, mut after: impl FnMut()) {
    for room in 0..rooms {
        hub.say(room, 1);
        hub.run();
        after();
    }
}

fn cpu_time() -> Duration {
    let now = ClockId::CLOCK_THREAD_CPUTIME_ID.now();
    now.expect("the kernel counts the CPU time of each thread").into()
}
