//! The offsets of a time zone from UTC over time, read from TZif, the format of the time zone
//! database (RFC 9636).

use crate::clock::{date, unix_days};

/// The rules of one time zone.
pub struct Rules {
    /// The changes, in order: the time of each, and the offset from UTC in seconds after it.
    changes: Box<[(i64, i32)]>,
    /// The offset before the first change.
    first_secs: i32,
    /// The rule after the last change.
    yearly: Option<Yearly>,
}

/// The rule for every year after the last change.
#[derive(Clone, Copy)]
struct Yearly {
    /// The offset from UTC in standard time.
    standard_secs: i32,
    summer: Option<Summer>,
}

/// Summer time.
#[derive(Clone, Copy)]
struct Summer {
    /// The offset from UTC in summer time.
    secs: i32,
    /// Its start, in standard time, and its end, in summer time.
    turns: [Turn; 2],
}

/// A time in each year.
#[derive(Clone, Copy)]
struct Turn {
    day: Day,
    /// Seconds after the beginning of the day.
    secs: i32,
}

/// A day in each year.
#[derive(Clone, Copy)]
enum Day {
    /// Month, week and weekday (0 is Sunday): the day is that weekday in that week; week 5 is the
    /// last.
    Weekday([u8; 3]),
    /// The number of days after 1 January.
    OfYear(u16),
    /// The same, but 29 February is never counted.
    OfShortYear(u16),
}

const DAY_SECS: i64 = 86_400;

impl Rules {
    /// Parses a file of the time zone database, for times from `since_secs` on, in seconds since
    /// 1970; returns none if `bytes` are no such file, or one from before 2005.
    pub fn parse(bytes: &[u8], since_secs: i64) -> Option<Self> {
        let (header, rest) = Header::parse(bytes)?;
        // The first block has 32 bits for each time. It is not needed.
        let (header, rest) = Header::parse(rest.get(header.block_bytes(4)..)?)?;
        let (block, footer) = rest.split_at_checked(header.block_bytes(8))?;
        let (times, block) = block.split_at_checked(8 * header.times)?;
        let (kinds, block) = block.split_at_checked(header.times)?;
        let secs_of = |kind: u8| {
            Some(i32::from_be_bytes(*block.get(6 * usize::from(kind)..)?.first_chunk()?))
        };
        let (mut first_secs, mut changes) = (secs_of(0).filter(|_| header.kinds > 0)?, Vec::new());
        for (time, &kind) in times.chunks_exact(8).zip(kinds) {
            let at_secs = i64::from_be_bytes(*time.first_chunk()?);
            let secs = secs_of(kind).filter(|_| usize::from(kind) < header.kinds)?;
            if at_secs <= since_secs {
                first_secs = secs;
            } else {
                changes.push((at_secs, secs));
            }
        }
        let is_in_order = changes.is_sorted_by(|(one, _), (other, _)| one < other);
        let footer = footer.strip_prefix(b"\n")?.split(|&byte| byte == b'\n').next()?;
        let yearly = if footer.is_empty() { None } else { Some(Yearly::parse(footer)?) };
        is_in_order.then(|| Self { changes: changes.into(), first_secs, yearly })
    }

    /// Returns the offset from UTC at `unix_secs`, in seconds.
    pub fn offset_secs(&self, unix_secs: i64) -> i32 {
        let past = self.changes.partition_point(|&(at_secs, _)| at_secs <= unix_secs);
        match (self.yearly, past.checked_sub(1)) {
            (Some(yearly), _) if past == self.changes.len() => yearly.offset_secs(unix_secs),
            (_, Some(last)) => self.changes[last].1,
            (_, None) => self.first_secs,
        }
    }
}

/// The counts in a header.
struct Header {
    times: usize,
    kinds: usize,
    /// Counts of data that is not used.
    others: [usize; 4],
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = bytes.split_at_checked(44)?;
        let version = header.strip_prefix(b"TZif")?[0];
        let mut counts = [0; 6];
        for (count, bytes) in counts.iter_mut().zip(header[20..].chunks_exact(4)) {
            // The maximum in a file of a sensible size: sums of them do not overflow.
            let bytes = bytes.first_chunk().expect("of four bytes");
            *count = u16::try_from(u32::from_be_bytes(*bytes)).ok()?.into();
        }
        let [is_ut, is_standard, leaps, times, kinds, letters] = counts;
        let header = Self { times, kinds, others: [is_ut, is_standard, leaps, letters] };
        (version >= b'2').then_some((header, rest))
    }

    /// Returns the length of the data after the header, with `time_bytes` for each time.
    fn block_bytes(&self, time_bytes: usize) -> usize {
        let [is_ut, is_standard, leaps, letters] = self.others;
        let Self { times, kinds, .. } = self;
        times * (time_bytes + 1)
            + kinds * 6
            + letters
            + leaps * (time_bytes + 4)
            + is_standard
            + is_ut
    }
}

impl Yearly {
    /// Parses `CET-1CEST,M3.5.0,M10.5.0/3`: the POSIX format of `TZ`, with the hours of RFC 9636.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut reader = Reader(text);
        reader.name()?;
        let standard_secs = -reader.hours()?;
        if reader.0.is_empty() {
            return Some(Self { standard_secs, summer: None });
        }
        reader.name()?;
        let secs =
            if reader.0.starts_with(b",") { standard_secs + 3_600 } else { -reader.hours()? };
        let turns = [reader.turn()?, reader.turn()?];
        reader.0.is_empty().then_some(Self { standard_secs, summer: Some(Summer { secs, turns }) })
    }

    fn offset_secs(self, unix_secs: i64) -> i32 {
        let Some(Summer { secs, turns }) = self.summer else { return self.standard_secs };
        let local_secs = unix_secs + i64::from(self.standard_secs);
        let [year, ..] = date((local_secs / DAY_SECS).try_into().unwrap_or(0));
        let from = turns[0].secs_in(year) - i64::from(self.standard_secs);
        let to = turns[1].secs_in(year) - i64::from(secs);
        // South of the equator it begins late in the year and ends early in it.
        let is_summer = if from < to {
            (from..to).contains(&unix_secs)
        } else {
            !(to..from).contains(&unix_secs)
        };
        if is_summer { secs } else { self.standard_secs }
    }
}

impl Turn {
    /// Returns the time in `year`, in seconds of local time since 1970.
    fn secs_in(self, year: u64) -> i64 {
        let new_year = days_to(year, 1);
        let days = match self.day {
            Day::OfYear(days) => new_year + i64::from(days),
            Day::OfShortYear(days) => {
                let march = days_to(year, 3) - new_year;
                new_year + i64::from(days) + i64::from(march == 60 && days >= 59)
            }
            Day::Weekday([month, weekday, which]) => {
                let (first, next) = (days_to(year, month), days_to(year, month + 1));
                // 1 January 1970 was a Thursday.
                let to_weekday = (i64::from(weekday) - first - 4).rem_euclid(7);
                let day = first + to_weekday + 7 * i64::from(which - 1);
                if day < next { day } else { day - 7 }
            }
        };
        days * DAY_SECS + i64::from(self.secs)
    }
}

/// Returns the days from 1970 to the 1st of `month` in `year`, which is 1970 or later; month 13 is
/// the next January.
fn days_to(year: u64, month: u8) -> i64 {
    unix_days([year, month.into(), 1]).expect("the year is 1970 or later").cast_signed()
}

/// The rest of the text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Skips `byte` if it comes next; returns whether it did.
    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Skips the name of a time: letters, or anything between `<` and `>`.
    fn name(&mut self) -> Option<()> {
        let length = if self.0.starts_with(b"<") {
            self.0.iter().position(|&byte| byte == b'>')? + 1
        } else {
            self.0.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(self.0.len())
        };
        self.0 = &self.0[length..];
        (length >= 3).then_some(())
    }

    /// Parses a number up to `max`.
    fn number(&mut self, max: u16) -> Option<u16> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok().filter(|&number| number <= max)
    }

    /// Parses `-3`, `5:30`, `5:30:15`: hours; returns seconds.
    fn hours(&mut self) -> Option<i32> {
        let is_negative = self.eat(b'-');
        self.eat(b'+');
        let mut secs = 3_600 * i32::from(self.number(167)?);
        for unit in [60, 1] {
            if self.eat(b':') {
                secs += unit * i32::from(self.number(59)?);
            }
        }
        Some(if is_negative { -secs } else { secs })
    }

    /// Parses `,M10.5.0/3`: a day, and the time if that is not two o'clock.
    fn turn(&mut self) -> Option<Turn> {
        if !self.eat(b',') {
            return None;
        }
        let day = if self.eat(b'M') {
            let month = self.number(12).filter(|&month| month > 0 && self.eat(b'.'))?;
            let which = self.number(5).filter(|&which| which > 0 && self.eat(b'.'))?;
            let weekday = self.number(6)?;
            let small = |number| u8::try_from(number).expect("it is at most 12");
            Day::Weekday([month, weekday, which].map(small))
        } else if self.eat(b'J') {
            Day::OfShortYear(self.number(365)?.checked_sub(1)?)
        } else {
            Day::OfYear(self.number(365)?)
        };
        let secs = if self.eat(b'/') { self.hours()? } else { 2 * 3_600 };
        Some(Turn { day, secs })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::clock::Stamp;

    /// Returns a file with these changes and that footer, in version 2.
    pub fn file(first_secs: i32, changes: &[(i64, i32)], footer: &str) -> Vec<u8> {
        let header = |times: usize, kinds: usize| {
            let counts = [0, 0, 0, times, kinds, 4].map(|count| u32::try_from(count).expect("few"));
            [b"TZif2".to_vec(), vec![0; 15], counts.map(u32::to_be_bytes).concat()].concat()
        };
        let kind = |secs: i32| [&secs.to_be_bytes()[..], &[0, 0]].concat();
        let indices: Vec<u8> = (1..).take(changes.len()).collect();
        [
            header(0, 1),
            kind(0),
            b"UTC\0".to_vec(),
            header(changes.len(), 1 + changes.len()),
            changes.iter().flat_map(|(at_secs, _)| at_secs.to_be_bytes()).collect(),
            indices,
            kind(first_secs),
            changes.iter().flat_map(|(_, secs)| kind(*secs)).collect(),
            b"XXX\0".to_vec(),
            format!("\n{footer}\n").into_bytes(),
        ]
        .concat()
    }

    fn secs(date: &str) -> i64 {
        chrono::NaiveDateTime::parse_from_str(date, "%Y-%m-%d %H:%M")
            .expect("it is a date")
            .and_utc()
            .timestamp()
    }

    fn hours(rules: &Rules, date: &str) -> f64 {
        f64::from(rules.offset_secs(secs(date))) / 3_600.0
    }

    #[test]
    fn changes_are_those_of_the_file() {
        let changes = [(secs("2020-06-01 00:00"), 7_200), (secs("2030-01-01 12:00"), -1_800)];
        let rules = Rules::parse(&file(3_600, &changes, ""), 0).expect("it is one");
        for (date, wanted) in [
            ("1969-01-01 00:00", 1.0),
            ("2020-05-31 23:59", 1.0),
            ("2020-06-01 00:00", 2.0),
            ("2030-01-01 11:59", 2.0),
            ("2030-01-01 12:00", -0.5),
            ("2999-01-01 12:00", -0.5),
        ] {
            assert_eq!(hours(&rules, date), wanted, "{date}");
        }
        let later = Rules::parse(&file(3_600, &changes, ""), secs("2025-01-01 00:00"));
        let later = later.expect("it is one");
        assert_eq!(later.changes.len(), 1, "what was before is left out");
        assert_eq!(hours(&later, "2026-01-01 00:00"), 2.0);
    }

    #[test]
    fn every_year_after_the_last_change_follows_the_same_rule() {
        for (footer, dates) in [
            ("<+0530>-5:30", &[("2026-07-01 00:00", 5.5)][..]),
            (
                "CET-1CEST,M3.5.0,M10.5.0/3",
                &[
                    ("2026-03-29 00:59", 1.0),
                    ("2026-03-29 01:00", 2.0),
                    ("2026-10-25 00:59", 2.0),
                    ("2026-10-25 01:00", 1.0),
                    ("2027-03-28 01:00", 2.0),
                ],
            ),
            (
                "EST5EDT,M3.2.0,M11.1.0",
                &[
                    ("2026-03-08 06:59", -5.0),
                    ("2026-03-08 07:00", -4.0),
                    ("2026-11-01 05:59", -4.0),
                    ("2026-11-01 06:00", -5.0),
                    ("2026-12-31 23:59", -5.0),
                ],
            ),
            (
                "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                &[
                    ("2026-01-01 00:00", 11.0),
                    ("2026-04-04 14:59", 11.0),
                    ("2026-04-04 15:00", 10.5),
                    ("2026-10-03 15:29", 10.5),
                    ("2026-10-03 15:30", 11.0),
                ],
            ),
            // Ireland's summer time is its standard time, and Greenland's begins the day before.
            ("IST-1GMT0,M10.5.0,M3.5.0/1", &[("2026-01-01 00:00", 0.0), ("2026-07-01 00:00", 1.0)]),
            (
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                &[("2026-03-29 00:59", -2.0), ("2026-03-29 01:00", -1.0)],
            ),
            ("A+00BCD,J60/0,300/0", &[]),
            (
                "AAA0BBB,J60/0,300/0",
                &[
                    ("2024-02-29 23:59", 0.0),
                    ("2024-03-01 00:00", 1.0),
                    ("2026-03-01 00:00", 1.0),
                    ("2026-10-27 22:59", 1.0),
                    ("2026-10-27 23:00", 0.0),
                ],
            ),
        ] {
            let rules = Rules::parse(&file(0, &[(1, 0)], footer), 0);
            assert_eq!(rules.is_none(), dates.is_empty(), "{footer}");
            for (date, wanted) in dates {
                let rules = rules.as_ref().expect("it is one");
                assert_eq!(hours(rules, date), *wanted, "{footer}: {date}");
            }
        }
    }

    #[test]
    fn no_file_makes_it_panic() {
        let whole = file(0, &[(1, 2), (3, 4)], "EST5EDT,M3.2.0,M11.1.0/2:00");
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..50_000 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..4) {
                let place = random.usize(..bytes.len());
                bytes[place] = random.u8(..);
            }
            bytes.truncate(random.usize(..2 * bytes.len()));
            if let Some(rules) = Rules::parse(&bytes, 0) {
                for secs in [0, 1_800_000_000, i64::from(u32::MAX), 253_402_300_799] {
                    rules.offset_secs(secs);
                }
            }
        }
        assert!(Rules::parse(b"", 0).is_none());
    }

    #[test]
    fn this_machines_zone_is_read_as_by_chrono() {
        // Only if it is known which file chrono reads.
        let Ok(bytes) = std::fs::read("/etc/localtime") else { return };
        if std::env::var_os("TZ").is_some() {
            return;
        }
        let rules = Rules::parse(&bytes, 0).expect("chrono reads it, too");
        for unix_ms in (1_600_000_000_000..2_500_000_000_000).step_by(10_000_000_000) {
            let stamp = Stamp { unix_ms };
            let wanted = crate::zone::local_offset_secs(stamp);
            let found = rules.offset_secs((unix_ms / 1_000).cast_signed());
            assert_eq!(i64::from(found), wanted, "{stamp}");
        }
    }
}
