//! A token bucket without tokens: the time at which it is full again.
//!
//! (The "generic cell rate algorithm": nothing to refill, no timer.) There is credit while it is not
//! empty, and what is taken then may be more than is left: a debt, paid by waiting.

/// How much there may be at once, and how fast it comes back.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// At once.
    pub burst: u64,
    /// In a second, after that; at least 1.
    pub per_sec: u64,
}

/// What has been taken of a [`Rate`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    full_ns: u64,
}

const NS_PER_MS: u64 = 1_000_000;
const NS_PER_SEC: u64 = 1_000_000_000;

impl Bucket {
    /// Takes `count` at `now_ms`.
    pub fn charge(&mut self, count: u64, rate: Rate, now_ms: u64) {
        let cost_ns = NS_PER_SEC / rate.per_sec * count;
        self.full_ns = self.full_ns.max(now_ms * NS_PER_MS) + cost_ns;
    }

    /// When there is credit again.
    pub fn next_ms(&self, rate: Rate) -> u64 {
        let burst_ns = (rate.burst - 1).saturating_mul(NS_PER_SEC / rate.per_sec);
        self.full_ns.saturating_sub(burst_ns).div_ceil(NS_PER_MS)
    }
}
