//! Moments as people in some time zone see them.

use chrono::{DateTime, Local, Offset, TimeZone};

use crate::clock::{Shown, Stamp, date_and_time};

/// One of the [`Zones`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone(u16);

/// The time zones that are in use, and the last moment that was shown in each of them.
///
/// That moment is kept because most lines are said within the second of the one before: they cost one
/// comparison and no formatting. What is far from UTC is kept too, for a quarter of an hour: to ask
/// chrono means to look at the time zone file.
pub struct Zones {
    zones: Vec<Entry>,
}

struct Entry {
    /// The second that `text` shows, in milliseconds since 1970.
    second_ms: u64,
    /// As [`date_and_time`] has it.
    text: [u8; 19],
    /// The quarter of an hour that `offset_secs` holds for.
    quarter: u64,
    /// Added to UTC.
    offset_secs: i64,
}

/// Clocks change on the quarter of an hour, everywhere.
const QUARTER_MS: u64 = 15 * 60_000;

impl Zone {
    /// The zone that this machine is in.
    pub const LOCAL: Self = Self(0);
}

impl Zones {
    /// This machine's zone is there.
    pub fn new() -> Self {
        let mut local = Entry { second_ms: 0, text: [0; 19], quarter: u64::MAX, offset_secs: 0 };
        local.render(Stamp::default());
        Self { zones: vec![local] }
    }

    /// `stamp` in `zone`, as `2026-11-23 09:11:38`.
    pub fn text(&mut self, zone: Zone, stamp: Stamp) -> &str {
        std::str::from_utf8(self.bytes(zone, stamp)).expect("digits are ASCII")
    }

    /// The same, to be sent.
    pub fn bytes(&mut self, zone: Zone, stamp: Stamp) -> &[u8; 19] {
        let entry = &mut self.zones[usize::from(zone.0)];
        if stamp.unix_ms.wrapping_sub(entry.second_ms) >= 1_000 {
            entry.render(stamp);
        }
        &entry.text
    }

    /// As much of `stamp` as is `shown`, as `[09:11] `.
    pub fn begin_line(&mut self, zone: Zone, stamp: Stamp, shown: Shown, to: &mut Vec<u8>) {
        let text = self.bytes(zone, stamp);
        let part = match shown {
            Shown::Never => return,
            Shown::Short => &text[11..16],
            Shown::Full => text,
        };
        to.push(b'[');
        to.extend_from_slice(part);
        to.extend_from_slice(b"] ");
    }
}

impl Default for Zones {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    #[cold]
    fn render(&mut self, stamp: Stamp) {
        let quarter = stamp.unix_ms / QUARTER_MS;
        if quarter != self.quarter {
            (self.quarter, self.offset_secs) = (quarter, local_offset_secs(stamp));
        }
        let secs = stamp.unix_ms / 1_000;
        self.second_ms = secs * 1_000;
        let secs = i64::try_from(secs).expect("a thousandth of a u64");
        self.text = date_and_time(secs + self.offset_secs);
    }
}

/// How far ahead of UTC this machine's zone is at `stamp`.
fn local_offset_secs(stamp: Stamp) -> i64 {
    let secs = i64::try_from(stamp.unix_ms / 1_000).expect("a thousandth of a u64");
    let utc = DateTime::from_timestamp(secs, 0).unwrap_or(DateTime::UNIX_EPOCH).naive_utc();
    Local.offset_from_utc_datetime(&utc).fix().local_minus_utc().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_this_machine_has_it() {
        let mut zones = Zones::new();
        for unix_ms in [0, 999, 1_000, 1_700_000_000_000, 1_700_000_000_999, 1_700_000_001_000, 7] {
            let wall = DateTime::from_timestamp_millis(unix_ms).expect("it is a date");
            let wanted = wall.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string();
            let stamp = Stamp { unix_ms: unix_ms.unsigned_abs() };
            assert_eq!(zones.text(Zone::LOCAL, stamp), wanted, "{unix_ms}");
        }
    }

    #[test]
    fn a_clock_set_far_off_still_shows_something() {
        let far = Stamp { unix_ms: u64::MAX };
        assert!(Zones::new().text(Zone::LOCAL, far).starts_with("9999-"));
    }
}
