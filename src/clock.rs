//! Time as the hub sees it: milliseconds for deadlines, a stamp for people.
//!
//! Nothing here reads the clock; `server.rs` does, and hands the result in.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, Local, Timelike};

/// The moment that one turn works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the server started; never goes back.
    pub mono_ms: u64,
    /// Local wall time, as lines show it.
    pub stamp: Stamp,
}

/// Local time as `2026-11-23 09:11:38`: ASCII, always 19 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp([u8; 19]);

/// What of a stamp is shown.
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
    /// The stamp of a local time; a year past 9999 shows as 9999.
    pub fn of(wall: DateTime<Local>) -> Self {
        // By hand: chrono's format strings would be a fiftieth of the whole binary.
        let (year, month, day) = (wall.year().clamp(0, 9999), wall.month(), wall.day());
        let (hour, minute, second) = (wall.hour(), wall.minute(), wall.second());
        let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        Self(text.as_bytes().try_into().expect("every part has its width"))
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As much of it as is `shown`, as `[09:11] `.
    pub fn begin_line(&self, shown: Shown, to: &mut Vec<u8>) {
        let part = match shown {
            Shown::Never => return,
            Shown::Short => &self.0[11..16],
            Shown::Full => &self.0,
        };
        to.push(b'[');
        to.extend_from_slice(part);
        to.extend_from_slice(b"] ");
    }

    /// The same as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("chrono renders digits in ASCII")
    }
}

/// A local time with its distance from UTC, as `2026-11-23T09:11:38+08:00` (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedStamp([u8; 25]);

impl ZonedStamp {
    /// The stamp of a local time.
    pub fn of(wall: DateTime<Local>) -> Self {
        let minutes = wall.offset().local_minus_utc() / 60;
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        let mut text = [0; 25];
        text[..19].copy_from_slice(Stamp::of(wall).as_bytes());
        text[10] = b'T';
        text[19..].copy_from_slice(zone.as_bytes());
        Self(text)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("all of it is ASCII")
    }
}

/// Turns readings of the machine's clocks into [`Now`].
///
/// The stamp is rendered once a second: chrono looks at the time zone file for each, which
/// would cost more than all else that is done for a line.
pub struct Clock {
    start: Instant,
    rendered_secs: u64,
    stamp: Stamp,
}

impl Clock {
    /// A clock that counts from `start`.
    pub fn new(start: Instant, wall: SystemTime) -> Self {
        Self { start, rendered_secs: unix_secs(wall), stamp: Stamp::of(wall.into()) }
    }

    /// The moment of these two readings.
    pub fn at(&mut self, mono: Instant, wall: SystemTime) -> Now {
        let secs = unix_secs(wall);
        if secs != self.rendered_secs {
            self.rendered_secs = secs;
            self.stamp = Stamp::of(wall.into());
        }
        let elapsed = mono.saturating_duration_since(self.start);
        let mono_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Now { mono_ms, stamp: self.stamp }
    }
}

/// Seconds since 1970; a clock set to before that counts as 1970.
fn unix_secs(wall: SystemTime) -> u64 {
    wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_stamp_follows_the_second_and_the_milliseconds_follow_the_start() {
        let (start, wall) = (Instant::now(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let mut clock = Clock::new(start, wall);
        let first = clock.at(start + Duration::from_micros(1_999), wall);
        assert_eq!(first.mono_ms, 1);
        assert_eq!(first.stamp, Stamp::of(wall.into()));
        let later = clock.at(start, wall + Duration::from_secs(1));
        assert_ne!(later.stamp, first.stamp);
        let shown = DateTime::<Local>::from(wall).format("%Y-%m-%d %H:%M:%S").to_string();
        assert_eq!(first.stamp.as_str(), shown);
    }

    #[test]
    fn a_clock_set_far_off_still_makes_a_stamp() {
        let far = UNIX_EPOCH + Duration::from_secs(300_000_000_000);
        assert!(Stamp::of(far.into()).as_str().starts_with("9999-"));
        let before = UNIX_EPOCH - Duration::from_secs(86_400);
        assert!(Stamp::of(before.into()).as_str().starts_with("19"));
    }
}
