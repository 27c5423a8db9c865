//! What one line costs the hub alone: no kernel, sockets that take everything and say little.
//!
//! `cargo bench --bench turn [-- MEMBERS…]` prints, for each number of members, nanoseconds per
//! delivered line, the longest turn, and bytes of memory per connection, named and in the room.

mod null_hub;

use std::env;

/// Deliveries that are timed for each number of members, at least.
const DELIVERIES_MIN: usize = 20_000_000;
const DELIVERIES_QUICK: usize = 200_000;

fn main() {
    let mut members: Vec<usize> = Vec::new();
    let mut deliveries_min = DELIVERIES_MIN;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--bench" => {}
            "--quick" => deliveries_min = DELIVERIES_QUICK,
            number => members.push(number.parse().expect("members are given as numbers")),
        }
    }
    if members.is_empty() {
        members = vec![10, 1_000, 100_000];
    }
    println!("  members  ns/delivered line  longest turn µs  bytes each");
    for members in members {
        let cost = null_hub::measure(members, deliveries_min);
        println!(
            "{members:>9}  {:>16.1}  {:>15.1}  {:>10}",
            cost.ns_per_line, cost.longest_turn_us, cost.bytes_each
        );
    }
}
