//! The work that one peer can cause: at most 5 % of a core, whatever it sends.
//!
//! A peer sends each command as fast as the default flood limits allow, at either door and in every
//! charset, in a crowded lobby, over simulated time. 5 % of a core of 1 GHz are 50 million
//! instructions per second. Instructions can only be counted in the optimised program, under
//! callgrind, so the gate does that with the same scenarios: `cargo bench --bench turn --
//! --budget`.
//!
//! This test needs no valgrind and bounds the other half of the cost: the bytes sent to the peer
//! per second. With at most [`SENT_BYTES_PER_SEC_MAX`] and the 50 µs (50,000 instructions) that a
//! KiB may take to encode in any charset, output alone stays below 8 million instructions per
//! second.

#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/turn/flood.rs"]
mod flood;
#[allow(dead_code, reason = "the benchmark uses all of it")]
#[path = "../benches/turn/null_hub.rs"]
mod null_hub;

/// Two answers per second of 80 KiB each: more than the whole history.
const SENT_BYTES_PER_SEC_MAX: u64 = 160 * 1024;

#[test]
fn no_input_of_one_peer_causes_much_output() {
    let mut hub = flood::crowded_hub(1_000);
    let mut over = Vec::new();
    for flood in flood::all() {
        let bytes_per_sec = flood::play(&mut hub, &flood, |_| true).unwrap_or(0);
        if bytes_per_sec > SENT_BYTES_PER_SEC_MAX {
            over.push(format!("{}: {bytes_per_sec} bytes a second", flood.name));
        }
    }
    assert!(over.is_empty(), "more than {SENT_BYTES_PER_SEC_MAX}: {over:#?}");
}
