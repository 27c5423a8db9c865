//! Offsets from UTC, as people write them.

use std::fmt;

/// An offset from UTC in minutes, positive to the east. It is displayed as `UTC+8` or `UTC-3:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Minutes; less than 15 hours either way.
    pub minutes: i16,
}

/// The maximum offset in hours, either way.
const HOURS_MAX: i16 = 14;

impl Offset {
    /// Parses `+8`, `-3:30`, `+0530`, also behind `UTC` or `GMT`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = ["UTC", "GMT", "utc", "gmt"]
            .iter()
            .find_map(|name| text.strip_prefix(name))
            .unwrap_or(text);
        let (sign, text) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = match text.split_once(':') {
            Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
            Some(_) => return None,
            None if text.len() == 4 => text.split_at_checked(2)?,
            None => (text, "0"),
        };
        let number = |digits: &str, max: i16| {
            let is_number = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|&number: &i16| is_number && number <= max)
        };
        let (hours, minutes) = (number(hours, HOURS_MAX)?, number(minutes, 59)?);
        Some(Self { minutes: sign * (60 * hours + minutes) })
    }

    /// Returns the offset in seconds.
    pub fn secs(self) -> i64 {
        i64::from(self.minutes) * 60
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.minutes.unsigned_abs();
        match (self.minutes, minutes / 60, minutes % 60) {
            (0, ..) => write!(f, "UTC"),
            (_, hours, 0) if self.minutes > 0 => write!(f, "UTC+{hours}"),
            (_, hours, 0) => write!(f, "UTC-{hours}"),
            (_, hours, minutes) => {
                let sign = if self.minutes > 0 { '+' } else { '-' };
                write!(f, "UTC{sign}{hours}:{minutes:02}")
            }
        }
    }
}
