//! Time as the hub sees it: milliseconds for deadlines, and stamps for events.
//!
//! Nothing here reads the clock; `server.rs` does, and passes the result in.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};

/// The time of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the server started; never decreases.
    pub mono_ms: u64,
    /// Wall time.
    pub stamp: Stamp,
}

/// A point in time, the same in every time zone. How it is shown to people depends on their door
/// and their [zone](crate::zone).
///
/// It is displayed as in RFC 3339, in UTC with milliseconds: `2026-11-23T09:11:38.042Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Milliseconds since 1970 in UTC; a clock set to before that counts as 1970.
    pub unix_ms: u64,
}

/// The part of a stamp that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Nothing.
    Never,
    /// `09:11`.
    #[default]
    Short,
    /// `2026-11-23 09:11:38`.
    Full,
}

impl Stamp {
    /// Returns the stamp as in RFC 3339, in UTC: ASCII.
    pub fn rfc3339(self) -> [u8; 24] {
        let mut text = *b"....-..-..T..:..:...000Z";
        let secs = i64::try_from(self.unix_ms / 1_000).unwrap_or(i64::MAX);
        text[..19].copy_from_slice(&date_and_time(secs));
        (text[10], text[19]) = (b'T', b'.');
        write_digits(self.unix_ms % 1_000, &mut text[20..23]);
        text
    }

    /// Parses what [`rfc3339`](Self::rfc3339) returns.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let number = |from, count| {
            text.get(from..from + count)?.iter().try_fold(0, |number, digit: &u8| {
                digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
            })
        };
        let days = unix_days([number(0, 4)?, number(5, 2)?, number(8, 2)?])?;
        let secs = ((days * 24 + number(11, 2)?) * 60 + number(14, 2)?) * 60 + number(17, 2)?;
        let stamp = Self { unix_ms: secs * 1_000 + number(20, 3)? };
        (stamp.rfc3339() == text).then_some(stamp)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.rfc3339()).expect("digits are ASCII"))
    }
}

impl From<SystemTime> for Stamp {
    fn from(wall: SystemTime) -> Self {
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { unix_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// Formats as `2026-11-23 09:11:38` a number of seconds since 1970 on the clock of some time zone;
/// a year past 9999 is shown as 9999.
pub fn date_and_time(local_secs: i64) -> [u8; 19] {
    // Without chrono, whose format strings would be a fiftieth of the whole binary.
    let last_secs = 253_402_300_799;
    let secs = local_secs.clamp(0, last_secs).unsigned_abs();
    let [year, month, day] = date(secs / 86_400);
    let secs = secs % 86_400;
    let mut text = *b"....-..-.. ..:..:..";
    for (number, place) in [
        (year, 0..4),
        (month, 5..7),
        (day, 8..10),
        (secs / 3_600, 11..13),
        (secs / 60 % 60, 14..16),
        (secs % 60, 17..19),
    ] {
        write_digits(number, &mut text[place]);
    }
    text
}

/// Returns year, month and day of the day that is `days` after 1 January 1970.
pub fn date(days: u64) -> [u64; 3] {
    // Counted from 1 March of the year 0, so that 29 February, if there is one, is the last day of
    // its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    [year, month, day - (153 * from_march + 2) / 5 + 1]
}

/// Returns the days from 1 January 1970 to a date; none if the date is earlier. Month 13 is the next
/// January.
pub fn unix_days([year, month, day]: [u64; 3]) -> Option<u64> {
    // As above: the year begins in March.
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    days.checked_sub(719_469)
}

/// Fills `place` with the last digits of `number`.
fn write_digits(mut number: u64, place: &mut [u8]) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A local time with its offset from UTC, as `2026-11-23T09:11:38+08:00` (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedStamp([u8; 25]);

impl ZonedStamp {
    /// Creates the stamp of a local time.
    pub fn of(wall: DateTime<Local>) -> Self {
        let minutes = wall.offset().local_minus_utc() / 60;
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        let mut text = [0; 25];
        let local_secs = wall.timestamp() + i64::from(wall.offset().local_minus_utc());
        text[..19].copy_from_slice(&date_and_time(local_secs));
        text[10] = b'T';
        text[19..].copy_from_slice(zone.as_bytes());
        Self(text)
    }

    /// Returns the stamp as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("all of it is ASCII")
    }
}

/// Converts readings of the machine's clocks to [`Now`].
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Creates a clock that counts from `start`.
    pub fn new(start: Instant) -> Self {
        Self { start }
    }

    /// Converts these two readings.
    pub fn at(&self, mono: Instant, wall: SystemTime) -> Now {
        let elapsed = mono.saturating_duration_since(self.start);
        let mono_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Now { mono_ms, stamp: wall.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_readings_count_in_milliseconds() {
        let (start, wall) = (Instant::now(), UNIX_EPOCH + Duration::from_millis(1_700_000_000_007));
        let clock = Clock::new(start);
        let now = clock.at(start + Duration::from_micros(1_999), wall);
        assert_eq!(now, Now { mono_ms: 1, stamp: Stamp { unix_ms: 1_700_000_000_007 } });
        assert_eq!(now.stamp.to_string(), "2023-11-14T22:13:20.007Z");
        let before = UNIX_EPOCH - Duration::from_secs(86_400);
        assert_eq!(clock.at(start, before).stamp.to_string(), "1970-01-01T00:00:00.000Z");
        let far = Stamp { unix_ms: u64::MAX };
        assert!(far.to_string().starts_with("9999-12-31T23:59:59."));
    }

    #[test]
    fn every_date_is_the_same_as_in_chrono() {
        let shown = |secs| String::from_utf8(date_and_time(secs).into()).expect("it is ASCII");
        // The step is a prime number of seconds, so that all times of day occur.
        for secs in (0..253_402_300_799).step_by(6_000_011) {
            let wanted = chrono::DateTime::from_timestamp(secs, 0).expect("it is a date");
            assert_eq!(shown(secs), wanted.format("%Y-%m-%d %H:%M:%S").to_string());
        }
        for days in 0..253_402_300_799 / 86_400 {
            assert_eq!(unix_days(date(days)), Some(days));
        }
        assert_eq!(unix_days([1969, 12, 31]), None);
        assert_eq!(shown(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(shown(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(shown(i64::MIN), "1970-01-01 00:00:00");
    }
}
