//! Times as seen in a time zone.

pub mod offset;
mod rules;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, Offset as _, TimeZone};

use crate::clock::{Shown, Stamp, date_and_time};
use crate::zone::offset::Offset;
use crate::zone::rules::Rules;

/// Identifies one of the [`Zones`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone(u16);

/// The time zones that users have chosen so far, each with the last time that was formatted in it.
///
/// That time is kept because most lines are said within the second of the one before: they cost one
/// comparison and no formatting. Two days are kept as well, today and one of history, with the
/// zone's offset from UTC on them, because asking chrono is slow.
///
/// A zone stays after its last user has left it: there are no more than a few hundred names and
/// offsets, and each takes about as much memory as a stored line.
pub struct Zones {
    zones: Vec<Entry>,
    /// The folder of the time zone database.
    folder: PathBuf,
}

struct Entry {
    kind: Kind,
    /// The second that `text` shows, in milliseconds since 1970.
    second_ms: u64,
    /// The text, as formatted by [`date_and_time`].
    text: [u8; 19],
    days: [Day; 2],
}

/// One day in a zone.
#[derive(Clone, Copy, Default)]
struct Day {
    /// Its start and end, in milliseconds since 1970.
    from_ms: u64,
    to_ms: u64,
    /// The offset from UTC, unless the clocks are changed on this day.
    offset_secs: Option<i64>,
}

enum Kind {
    /// The zone of this machine.
    Local,
    Fixed(Offset),
    Named(Box<str>, Rules),
}

const DAY_SECS: i64 = 86_400;

/// The folder of the time zone database on every Unix.
const FOLDER: &str = "/usr/share/zoneinfo";
/// The maximum size of its files that are read; real ones have 4 KB.
const FILE_BYTES_MAX: usize = 16 * 1024;
/// The maximum length of a name; real ones have up to 32.
const NAME_BYTES_MAX: usize = 48;
/// How much of the past of a zone is kept. Earlier times are shown as if clocks had never changed
/// before.
const PAST_SECS: i64 = 2 * 366 * 86_400;
/// The maximum number of zones: more than the database has names.
const ZONES_MAX: usize = 4_096;

impl Zone {
    /// The zone of this machine.
    pub const LOCAL: Self = Self(0);
}

impl Zones {
    /// Creates the set of zones with this machine's zone.
    pub fn new() -> Self {
        Self::with_database(FOLDER)
    }

    /// The same, with the time zone database in `folder`.
    pub fn with_database(folder: impl Into<PathBuf>) -> Self {
        Self { zones: vec![Entry::new(Kind::Local)], folder: folder.into() }
    }

    /// Returns the zone that `text` means, which is an offset such as `+8` or `-3:30`, or a name of
    /// the time zone database; `now` determines how much of the past is kept.
    ///
    /// A name is looked up in the file system each time, so a new edition of the database takes
    /// effect. It is a small local file, read once for a command that flood control has let
    /// through: that may hold up the loop for some microseconds.
    pub fn find(&mut self, text: &str, now: Stamp) -> Option<Zone> {
        let kind = match Offset::parse(text) {
            Some(offset) => Kind::Fixed(offset),
            None => {
                let since_secs = unix_secs(now) - PAST_SECS;
                Kind::Named(text.into(), Rules::parse(&self.read(text)?, since_secs)?)
            }
        };
        let is_it = |entry: &Entry| match (&entry.kind, &kind) {
            (Kind::Named(known, _), Kind::Named(name, _)) => known == name,
            (Kind::Fixed(known), Kind::Fixed(offset)) => known == offset,
            _ => false,
        };
        let place = self.zones.iter().position(is_it).unwrap_or(self.zones.len());
        if place == ZONES_MAX {
            return None;
        }
        match self.zones.get_mut(place) {
            Some(entry) => *entry = Entry::new(kind),
            None => self.zones.push(Entry::new(kind)),
        }
        Some(Zone(u16::try_from(place).expect("there are not so many")))
    }

    /// Formats `stamp` in `zone`, as `2026-11-23 09:11:38`.
    pub fn text(&mut self, zone: Zone, stamp: Stamp) -> &str {
        std::str::from_utf8(self.bytes(zone, stamp)).expect("digits are ASCII")
    }

    /// The same as bytes.
    pub fn bytes(&mut self, zone: Zone, stamp: Stamp) -> &[u8; 19] {
        let entry = &mut self.zones[usize::from(zone.0)];
        if stamp.unix_ms.wrapping_sub(entry.second_ms) >= 1_000 {
            entry.render(stamp);
        }
        &entry.text
    }

    /// Returns the offset from UTC of `zone` at `stamp`.
    pub fn offset(&mut self, zone: Zone, stamp: Stamp) -> Offset {
        let minutes = self.zones[usize::from(zone.0)].kind.offset_secs(stamp) / 60;
        Offset { minutes: i16::try_from(minutes).unwrap_or(0) }
    }

    /// The moment that people mean by `text`: `2026-11-23`, also with a time as in `2026-11-23 09:11`, and
    /// with an offset if it is not this machine's (`2026-11-23T09:11:38.042Z`).
    pub fn parse(&mut self, text: &str) -> Option<Stamp> {
        let (text, offset) = match text.strip_suffix('Z') {
            Some(text) => (text, Some(Offset { minutes: 0 })),
            // A date has two of the signs.
            None => match text.get(10..).and_then(|time| time.find(['+', '-'])) {
                Some(at) => (&text[..10 + at], Some(Offset::parse(&text[10 + at..])?)),
                None => (text, None),
            },
        };
        let rest = "0000-00-00T00:00:00.000Z".get(text.len()..)?;
        if !matches!(text.len(), 10 | 16 | 19 | 23) {
            return None;
        }
        let utc = Stamp::parse(&format!("{text}{rest}").replacen(' ', "T", 1))?;
        let less = |offset: Offset| {
            let ms = u64::from(offset.minutes.unsigned_abs()) * 60_000;
            let is_ahead = offset.minutes > 0;
            let [earlier, later] = [utc.unix_ms.saturating_sub(ms), utc.unix_ms + ms];
            Stamp { unix_ms: if is_ahead { earlier } else { later } }
        };
        Some(less(offset.unwrap_or_else(|| {
            // The first guess is off by no more than the offset.
            let guess = less(self.offset(Zone::LOCAL, utc));
            self.offset(Zone::LOCAL, guess)
        })))
    }

    /// Whether a day has begun in `zone` since `before`, which is no later than `stamp`.
    pub fn is_new_day(&mut self, zone: Zone, [before, stamp]: [Stamp; 2]) -> bool {
        before.unix_ms < self.zones[usize::from(zone.0)].day(stamp).from_ms
    }

    /// Appends the part of `stamp` that is `shown`, as `[09:11] `, with the date as well if
    /// `is_other_day`.
    pub fn begin_line(
        &mut self,
        zone: Zone,
        stamp: Stamp,
        shown: Shown,
        is_other_day: bool,
        to: &mut Vec<u8>,
    ) {
        let text = self.bytes(zone, stamp);
        let part = match shown {
            Shown::Never => return,
            Shown::Short if is_other_day => &text[..16],
            Shown::Short => &text[11..16],
            Shown::Full => text,
        };
        to.push(b'[');
        to.extend_from_slice(part);
        to.extend_from_slice(b"] ");
    }

    /// Reads the file called `name` of the time zone database.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let is_plain = |part: &str| {
            let is_in_names = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
            !part.is_empty() && part.chars().all(is_in_names)
        };
        // Some of the files count leap seconds, which stamps do not.
        let is_name = name.len() <= NAME_BYTES_MAX
            && name.split('/').all(is_plain)
            && !name.starts_with("right/")
            && !name.starts_with("posix/");
        let path = self.folder.join(Path::new(name).components().as_path());
        // Opening anything but a regular file may wait until somebody writes to it.
        if !is_name || !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        // One read returns all of a small file; if it did not, the file would be incomplete, and
        // refused.
        let mut bytes = vec![0; FILE_BYTES_MAX];
        let length = File::open(path).ok()?.read(&mut bytes).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }
}

impl Default for Zones {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    fn new(kind: Kind) -> Self {
        let mut entry = Self { kind, second_ms: 0, text: [0; 19], days: Default::default() };
        entry.render(Stamp::default());
        entry
    }

    #[cold]
    fn render(&mut self, stamp: Stamp) {
        let offset_secs = self.day(stamp).offset_secs;
        let offset_secs = offset_secs.unwrap_or_else(|| self.kind.offset_secs(stamp));
        self.second_ms = stamp.unix_ms / 1_000 * 1_000;
        self.text = date_and_time(unix_secs(stamp) + offset_secs);
    }

    /// Returns the day that contains `stamp`.
    fn day(&mut self, stamp: Stamp) -> Day {
        let is_it = |day: &&Day| (day.from_ms..day.to_ms).contains(&stamp.unix_ms);
        if let Some(day) = self.days.iter().find(is_it) {
            return *day;
        }
        let day = self.kind.day(stamp);
        // The earlier one is replaced: today stays while the days before are shown.
        let place = usize::from(self.days[1].from_ms < self.days[0].from_ms);
        self.days[place] = day;
        day
    }
}

impl Kind {
    /// Returns the offset from UTC at `stamp`.
    fn offset_secs(&self, stamp: Stamp) -> i64 {
        match self {
            Self::Local => local_offset_secs(stamp),
            Self::Fixed(offset) => offset.secs(),
            Self::Named(_, rules) => rules.offset_secs(unix_secs(stamp)).into(),
        }
    }

    /// Returns the day that contains `stamp`.
    fn day(&self, stamp: Stamp) -> Day {
        let offset_secs = self.offset_secs(stamp);
        let at_secs =
            |secs: i64| Stamp { unix_ms: u64::try_from(secs.saturating_mul(1_000)).unwrap_or(0) };
        let midnight = |days: i64| {
            let by_now = at_secs(days * DAY_SECS - offset_secs);
            at_secs(days * DAY_SECS - self.offset_secs(by_now))
        };
        let days = (unix_secs(stamp) + offset_secs).div_euclid(DAY_SECS);
        // The day contains `stamp`, whatever the clocks do at midnight.
        let from = midnight(days).min(stamp);
        let to = midnight(days + 1).max(Stamp { unix_ms: stamp.unix_ms.saturating_add(1) });
        let is_constant = [from, to].iter().all(|&end| self.offset_secs(end) == offset_secs);
        let offset_secs = is_constant.then_some(offset_secs);
        Day { from_ms: from.unix_ms, to_ms: to.unix_ms, offset_secs }
    }
}

/// Returns the offset from UTC of this machine's zone at `stamp`.
fn local_offset_secs(stamp: Stamp) -> i64 {
    let utc = DateTime::from_timestamp(unix_secs(stamp), 0).unwrap_or(DateTime::UNIX_EPOCH);
    Local.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc().into()
}

fn unix_secs(stamp: Stamp) -> i64 {
    i64::try_from(stamp.unix_ms / 1_000).expect("a thousandth of a u64")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::rules::tests::file;

    #[test]
    fn a_time_is_shown_in_this_machines_zone() {
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

    const STAMP: Stamp = Stamp { unix_ms: 1_700_000_000_000 };

    #[test]
    fn offsets_are_parsed_as_people_write_them() {
        let mut zones = Zones::new();
        for (text, name, shown) in [
            ("+8", "UTC+8", "2023-11-15 06:13:20"),
            ("+08:00", "UTC+8", "2023-11-15 06:13:20"),
            ("UTC+8", "UTC+8", "2023-11-15 06:13:20"),
            ("+05:30", "UTC+5:30", "2023-11-15 03:43:20"),
            ("-0330", "UTC-3:30", "2023-11-14 18:43:20"),
            ("-0:30", "UTC-0:30", "2023-11-14 21:43:20"),
            ("+0", "UTC", "2023-11-14 22:13:20"),
            ("+14", "UTC+14", "2023-11-15 12:13:20"),
        ] {
            let zone = zones.find(text, STAMP).expect("it is an offset");
            assert_eq!(zones.offset(zone, STAMP).to_string(), name, "{text}");
            assert_eq!(zones.text(zone, STAMP), shown, "{text}");
        }
        assert_eq!(zones.zones.len(), 7, "equal offsets are stored once");
        for text in
            ["", "+", "8", "+15", "-99", "+8:3", "+8:60", "+8:000", "+ 8", "++8", "+8h", "+٨"]
        {
            assert_eq!(zones.find(text, STAMP), None, "{text:?}");
        }
    }

    #[test]
    fn names_are_looked_up_only_in_the_database() {
        let folder = std::env::temp_dir().join(format!("natter-zones-{}", std::process::id()));
        fs::create_dir_all(folder.join("zones/Asia")).expect("a folder");
        let shanghai = folder.join("zones/Asia/Shanghai");
        fs::write(&shanghai, file(0, &[(1, 28_800)], "CST-8")).expect("a file");
        fs::write(folder.join("outside"), file(0, &[], "UTC0")).expect("a file");
        fs::write(folder.join("zones/text"), "no zone").expect("a file");
        fs::write(folder.join("zones/long"), vec![b'x'; 1 << 20]).expect("a file");
        let mut zones = Zones::with_database(folder.join("zones"));
        let zone = zones.find("Asia/Shanghai", STAMP).expect("it is there");
        assert_eq!(zones.text(zone, STAMP), "2023-11-15 06:13:20");
        assert_eq!(zones.find("Asia/Shanghai", STAMP), Some(zone));
        let outside = format!("{}/outside", folder.display());
        for name in [
            "../outside",
            "Asia/../../outside",
            &outside,
            "Asia",
            "Asia/",
            "/Asia/Shanghai",
            "Asia//Shanghai",
            "./Asia/Shanghai",
            "text",
            "long",
            "Nowhere",
            "Asia/Shang\0hai",
        ] {
            assert_eq!(zones.find(name, STAMP), None, "{name}");
        }
        assert_eq!(zones.zones.len(), 2);
        // A new edition of the database.
        fs::write(&shanghai, file(0, &[], "XXX-9")).expect("a file");
        assert_eq!(zones.find("Asia/Shanghai", STAMP), Some(zone));
        assert_eq!(zones.text(zone, STAMP), "2023-11-15 07:13:20");
        fs::remove_dir_all(folder).expect("it was made above");
    }

    #[test]
    fn a_day_begins_at_the_midnight_of_its_zone() {
        let mut zones = Zones::new();
        let east = zones.find("+8", STAMP).expect("it is an offset");
        let utc = zones.find("+0", STAMP).expect("it is an offset");
        // 15:59:59 and 16:00:00 in UTC.
        let moments = [1_700_063_999_000, 1_700_064_000_000].map(|unix_ms| Stamp { unix_ms });
        assert!(zones.is_new_day(east, moments));
        assert!(!zones.is_new_day(utc, moments));
        assert!(!zones.is_new_day(east, [moments[1]; 2]));
        let day_before = Stamp { unix_ms: moments[0].unix_ms - 86_400_000 };
        assert!(zones.is_new_day(utc, [day_before, moments[1]]));
    }

    #[test]
    fn a_day_on_which_clocks_change_is_one_day() {
        let folder = std::env::temp_dir().join(format!("natter-summer-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let berlin = file(3_600, &[(1, 3_600)], "CET-1CEST,M3.5.0,M10.5.0/3");
        fs::write(folder.join("Berlin"), berlin).expect("a file");
        let mut zones = Zones::with_database(&folder);
        let zone = zones.find("Berlin", Stamp::default()).expect("it is there");
        fs::remove_dir_all(folder).expect("it was made above");
        // From 2026-03-28 22:30 in UTC, in steps of half an hour.
        let moments = (0..60).map(|step| Stamp { unix_ms: 1_774_737_000_000 + step * 1_800_000 });
        let moments: Vec<Stamp> = moments.collect();
        let texts: Vec<String> =
            moments.iter().map(|&stamp| zones.text(zone, stamp).to_string()).collect();
        assert_eq!(texts[..2], ["2026-03-28 23:30:00", "2026-03-29 00:00:00"]);
        assert_eq!(texts[4..6], ["2026-03-29 01:30:00", "2026-03-29 03:00:00"]);
        for pair in (0..60).flat_map(|one| (one..60).map(move |other| [one, other])) {
            let is_new = texts[pair[0]][..10] != texts[pair[1]][..10];
            assert_eq!(zones.is_new_day(zone, pair.map(|at| moments[at])), is_new, "{pair:?}");
        }
    }

    #[test]
    fn a_moment_is_taken_as_people_write_it() {
        let mut zones = Zones::new();
        let utc = |text: &str| Stamp::parse(text);
        for (text, wanted) in [
            ("2026-11-23T09:11:38.042Z", "2026-11-23T09:11:38.042Z"),
            ("2026-11-23 09:11Z", "2026-11-23T09:11:00.000Z"),
            ("2026-11-23 09:11:38+08:00", "2026-11-23T01:11:38.000Z"),
            ("2026-11-23T09:11-3:30", "2026-11-23T12:41:00.000Z"),
        ] {
            assert_eq!(zones.parse(text), utc(wanted), "{text}");
            assert!(utc(wanted).is_some());
        }
        let local = zones.parse("2026-11-23 09:11").expect("it is one");
        assert_eq!(&zones.text(Zone::LOCAL, local)[..16], "2026-11-23 09:11");
        let day = zones.parse("2026-11-23").expect("it is one");
        assert_eq!(zones.text(Zone::LOCAL, day), "2026-11-23 00:00:00");
        for text in
            ["", "yesterday", "2026-11", "2026-13-01", "2026-11-23 9:11", "2026-11-23 09:11+99"]
        {
            assert_eq!(zones.parse(text), None, "{text}");
        }
    }
}
