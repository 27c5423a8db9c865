//! One room of some size: the cost of a line, and the memory of a connection.

use std::time::Instant;

use crate::null_hub::{NullHub, Time, accepted_bytes, line_bytes, resident_bytes};

/// The costs of a room.
pub struct Cost {
    pub ns_per_line: f64,
    pub longest_turn_us: f64,
    /// Resident bytes per connection, with a name and in the room.
    pub bytes_each: u64,
}

/// Fills a room with `members`, one of which speaks until `deliveries_min` lines have been
/// delivered.
pub fn measure(members: usize, deliveries_min: usize) -> Cost {
    let before = resident_bytes();
    let mut hub = NullHub::new(members, Time::Real);
    (0..members).for_each(|_| hub.join(None));
    hub.wait_until_idle();
    let bytes_each = resident_bytes().saturating_sub(before) / members as u64;

    let rounds = deliveries_min.div_ceil(members);
    hub.take_longest_turn();
    let accepted_before = accepted_bytes();
    let start = Instant::now();
    for _ in 0..rounds {
        hub.say(0, 1);
        hub.run();
    }
    let elapsed = start.elapsed();
    let accepted = accepted_bytes() - accepted_before;
    assert!(hub.are_all_present(), "all are in the room");
    assert_eq!(accepted, (rounds * members * line_bytes(0)) as u64, "every line was delivered");
    Cost {
        ns_per_line: elapsed.as_nanos() as f64 / (rounds * members) as f64,
        longest_turn_us: hub.take_longest_turn().as_nanos() as f64 / 1e3,
        bytes_each,
    }
}
