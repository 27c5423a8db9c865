//! How often each address connects.

use std::net::IpAddr;

use crate::limits::{ARRIVAL_HOSTS_MAX, ARRIVAL_WINDOW_MS};

/// The new connections of each address in the last seconds.
#[derive(Default)]
pub struct Arrivals {
    /// Sorted by address. (A tree would be 10 KiB more of machine code, for a few microseconds.)
    recent: Vec<Recent>,
}

struct Recent {
    host: IpAddr,
    since_ms: u64,
    count: usize,
}

impl Arrivals {
    /// Counts a connection from `host`; returns whether it is one of the first `count_max` within
    /// [`ARRIVAL_WINDOW_MS`].
    pub fn admit(&mut self, host: IpAddr, count_max: usize, now_ms: u64) -> bool {
        let is_over = |recent: &Recent| now_ms >= recent.since_ms + ARRIVAL_WINDOW_MS;
        let mut place = self.place(host);
        if place.is_err() && self.recent.len() >= ARRIVAL_HOSTS_MAX {
            self.recent.retain(|recent| !is_over(recent));
            if self.recent.len() >= ARRIVAL_HOSTS_MAX {
                // So many addresses do more than one of them could: none is worth more memory.
                return true;
            }
            place = self.place(host);
        }
        let index = place.unwrap_or_else(|index| {
            self.recent.insert(index, Recent { host, since_ms: now_ms, count: 0 });
            index
        });
        let recent = &mut self.recent[index];
        if is_over(recent) {
            *recent = Recent { host, since_ms: now_ms, count: 0 };
        }
        recent.count = recent.count.saturating_add(1);
        recent.count <= count_max
    }

    fn place(&self, host: IpAddr) -> Result<usize, usize> {
        self.recent.binary_search_by(|recent| recent.host.cmp(&host))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn host(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(u32::try_from(number).expect("it is small")).into()
    }

    #[test]
    fn each_address_may_connect_so_often_within_the_window() {
        let mut arrivals = Arrivals::default();
        for start_ms in [5_000, 5_000 + ARRIVAL_WINDOW_MS] {
            for number in 0..10 {
                assert_eq!(arrivals.admit(host(1), 3, start_ms + number), number < 3);
            }
            assert!(arrivals.admit(host(2), 3, start_ms), "others are not affected");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut arrivals = Arrivals::default();
        for number in 0..2 * ARRIVAL_HOSTS_MAX {
            assert!(arrivals.admit(host(number), 1, 0));
        }
        assert_eq!(arrivals.recent.len(), ARRIVAL_HOSTS_MAX);
        assert!(!arrivals.admit(host(0), 1, 0), "those that are known are still counted");
        assert!(arrivals.admit(host(0), 1, ARRIVAL_WINDOW_MS));
        assert!(arrivals.admit(host(2 * ARRIVAL_HOSTS_MAX), 1, ARRIVAL_WINDOW_MS));
        assert!(arrivals.recent.len() <= 2, "the old ones are dropped");
    }
}
