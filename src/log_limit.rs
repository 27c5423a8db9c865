//! Limits how often each event is logged, so that a storm of connections cannot fill a disk.
//!
//! Each place in the code that logs may log so many records a second. The others of that second are
//! only counted, and one record gives their number when the second is over.

use std::fmt::Arguments;

use crate::limits::LOG_RECORDS_PER_SEC;

/// A place in the code that logs: its file and line.
type Place = (&'static str, u32);

/// Counts the records of the current second.
#[derive(Default)]
pub struct LogLimit {
    /// The current second, since 1970.
    secs: u64,
    sites: Vec<Site>,
    /// Whether a site has records that were only counted: this is asked in every turn.
    is_pending: bool,
}

struct Site {
    place: Place,
    /// The event that is logged there.
    event: String,
    /// Records in the current second, and how many of them were only counted.
    records: u64,
    summed: u64,
}

/// Records of one event that were only counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    /// The event.
    pub event: String,
    /// The number of records.
    pub records: u64,
}

impl LogLimit {
    /// Starts a new second if `secs` is another one; returns what was only counted in the last one.
    pub fn begin(&mut self, secs: u64) -> Vec<Summary> {
        if secs == self.secs {
            return Vec::new();
        }
        (self.secs, self.is_pending) = (secs, false);
        let mut summaries = Vec::new();
        for site in &mut self.sites {
            site.records = 0;
            let records = std::mem::take(&mut site.summed);
            if records > 0 {
                summaries.push(Summary { event: site.event.clone(), records });
            }
        }
        summaries
    }

    /// Whether a record with `args`, which is logged at `place`, may be printed. If not, it is counted,
    /// and never formatted.
    pub fn admit(&mut self, place: Place, args: Arguments<'_>) -> bool {
        let found = self.sites.iter().position(|site| site.place == place);
        let index = found.unwrap_or_else(|| {
            let text = args.to_string();
            let event = text.strip_prefix("event=").and_then(|rest| rest.split(' ').next());
            let event = event.unwrap_or("other").to_string();
            self.sites.push(Site { place, event, records: 0, summed: 0 });
            self.sites.len() - 1
        });
        let site = &mut self.sites[index];
        site.records += 1;
        let is_admitted = site.records <= LOG_RECORDS_PER_SEC;
        site.summed += u64::from(!is_admitted);
        self.is_pending |= !is_admitted;
        is_admitted
    }

    /// Whether something was only counted that has not been returned yet.
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_limit_records_are_counted_for_each_event() {
        let mut limit = LogLimit::default();
        for secs in [7, 8] {
            assert_eq!(limit.begin(secs).len(), usize::from(secs == 8));
            for number in 0..LOG_RECORDS_PER_SEC + 5 {
                let is_admitted = limit.admit(("a.rs", 1), format_args!("event=join id=1"));
                assert_eq!(is_admitted, number < LOG_RECORDS_PER_SEC);
            }
            assert!(
                limit.admit(("a.rs", 2), format_args!("event=close id=1")),
                "another event is not affected"
            );
            assert!(limit.is_pending());
            assert_eq!(limit.begin(secs), [], "the second is not over");
        }
        // The clock may have been set back.
        assert_eq!(limit.begin(3), [Summary { event: "join".into(), records: 5 }]);
        assert!(!limit.is_pending() && limit.begin(4).is_empty());
    }
}
