//! How fast one peer may speak: two token buckets.

use crate::limits::Limits;

/// Two token buckets, lines and bytes, kept as the time at which each is full again.
///
/// (The "generic cell rate algorithm": nothing to refill, no timer.)
#[derive(Default)]
pub struct Bucket {
    lines_full_ns: u64,
    bytes_full_ns: u64,
}

const NS_PER_MS: u64 = 1_000_000;
const NS_PER_SEC: u64 = 1_000_000_000;

impl Bucket {
    /// A line was heard.
    pub fn charge_line(&mut self, limits: &Limits, now_ms: u64) {
        let cost_ns = NS_PER_SEC / limits.lines_per_sec;
        self.lines_full_ns = self.lines_full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// Bytes were read: more than there were tokens for is a debt, paid by waiting.
    pub fn charge_bytes(&mut self, bytes: usize, limits: &Limits, now_ms: u64) {
        let cost_ns = NS_PER_SEC / limits.bytes_per_sec * bytes as u64;
        self.bytes_full_ns = self.bytes_full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// When the next line may be heard.
    pub fn next_line_ms(&self, limits: &Limits) -> u64 {
        if !limits.flood_limit {
            return 0;
        }
        let burst_ns = (limits.burst_lines - 1).saturating_mul(NS_PER_SEC / limits.lines_per_sec);
        self.lines_full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }

    /// When the socket may be read again.
    pub fn next_read_ms(&self, limits: &Limits) -> u64 {
        if !limits.flood_limit {
            return 0;
        }
        let burst_ns = (limits.burst_bytes - 1).saturating_mul(NS_PER_SEC / limits.bytes_per_sec);
        self.bytes_full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_at_once_then_two_a_second() {
        let (limits, mut bucket) = (Limits::default(), Bucket::default());
        let mut heard_ms = Vec::new();
        let mut now_ms = 10_000;
        for _ in 0..9 {
            now_ms = now_ms.max(bucket.next_line_ms(&limits));
            bucket.charge_line(&limits, now_ms);
            heard_ms.push(now_ms - 10_000);
        }
        assert_eq!(heard_ms, [0, 0, 0, 0, 0, 500, 1_000, 1_500, 2_000]);
    }

    #[test]
    fn bytes_are_a_debt_that_time_pays() {
        let (limits, mut bucket) = (Limits::default(), Bucket::default());
        bucket.charge_bytes(4_096, &limits, 10_000);
        assert!((10_000..=10_002).contains(&bucket.next_read_ms(&limits)));
        bucket.charge_bytes(4_096, &limits, 10_002);
        assert!((13_990..=14_010).contains(&bucket.next_read_ms(&limits)));
        let free = Limits { flood_limit: false, ..limits };
        assert_eq!(bucket.next_read_ms(&free), 0);
    }
}
