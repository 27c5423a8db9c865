//! How fast one peer may send: a limit on lines, and one on bytes.

use crate::bucket::{Bucket, Rate};
use crate::limits::Limits;

/// How much a peer has used of its limits.
#[derive(Default)]
pub struct Allowance {
    lines: Bucket,
    bytes: Bucket,
}

impl Allowance {
    /// Charges one line.
    pub fn charge_line(&mut self, limits: &Limits, now_ms: u64) {
        self.lines.charge(1, lines(limits), now_ms);
    }

    /// Charges `count` bytes that were read.
    pub fn charge_bytes(&mut self, count: usize, limits: &Limits, now_ms: u64) {
        self.bytes.charge(count as u64, bytes(limits), now_ms);
    }

    /// Returns when the next line may be dispatched.
    pub fn next_line_ms(&self, limits: &Limits) -> u64 {
        if limits.flood_limit { self.lines.next_ms(lines(limits)) } else { 0 }
    }

    /// Returns when the socket may be read again.
    pub fn next_read_ms(&self, limits: &Limits) -> u64 {
        if limits.flood_limit { self.bytes.next_ms(bytes(limits)) } else { 0 }
    }
}

fn lines(limits: &Limits) -> Rate {
    Rate { burst: limits.burst_lines, per_sec: limits.lines_per_sec }
}

fn bytes(limits: &Limits) -> Rate {
    Rate { burst: limits.burst_bytes, per_sec: limits.bytes_per_sec }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_at_once_then_two_a_second() {
        let (limits, mut bucket) = (Limits::default(), Allowance::default());
        let mut admitted_ms = Vec::new();
        let mut now_ms = 10_000;
        for _ in 0..9 {
            now_ms = now_ms.max(bucket.next_line_ms(&limits));
            bucket.charge_line(&limits, now_ms);
            admitted_ms.push(now_ms - 10_000);
        }
        assert_eq!(admitted_ms, [0, 0, 0, 0, 0, 500, 1_000, 1_500, 2_000]);
    }

    #[test]
    fn a_large_read_delays_the_next_one() {
        let (limits, mut bucket) = (Limits::default(), Allowance::default());
        bucket.charge_bytes(4_096, &limits, 10_000);
        assert!((10_000..=10_002).contains(&bucket.next_read_ms(&limits)));
        bucket.charge_bytes(4_096, &limits, 10_002);
        assert!((13_990..=14_010).contains(&bucket.next_read_ms(&limits)));
        let free = Limits { flood_limit: false, ..limits };
        assert_eq!(bucket.next_read_ms(&free), 0);
    }
}
