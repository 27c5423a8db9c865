//! A token bucket, stored as the time at which it is full again.
//!
//! (The "generic cell rate algorithm": no refilling, no timer.) While it is not empty, more may be
//! charged than is left; the debt is paid by waiting.

/// The size of a bucket, and the rate at which it refills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The size of the bucket.
    pub burst: u64,
    /// The refill per second; at least 1.
    pub per_sec: u64,
}

/// How much of a [`Rate`] is used up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    full_ns: u64,
}

const NS_PER_MS: u64 = 1_000_000;
const NS_PER_SEC: u64 = 1_000_000_000;

impl Bucket {
    /// Charges `count` at `now_ms`.
    pub fn charge(&mut self, count: u64, rate: Rate, now_ms: u64) {
        let cost_ns = NS_PER_SEC / rate.per_sec * count;
        self.full_ns = self.full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// Returns when something may be charged again.
    pub fn next_ms(&self, rate: Rate) -> u64 {
        let burst_ns = (rate.burst - 1).saturating_mul(NS_PER_SEC / rate.per_sec);
        self.full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }
}
