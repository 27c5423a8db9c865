//! What was said in the rooms, as far as it is kept: for newcomers, and for those who come back.
//!
//! One budget for all rooms. The rooms that were quiet longest give first, their oldest lines before
//! the newer ones. A room's history outlives the room: whoever comes back finds it.

use std::collections::{BTreeMap, VecDeque};

use crate::chat::event::Event;
use crate::clock::Stamp;
use crate::ids::UserId;
use crate::limits::{ABSENCE_MS, ABSENCES_MAX, HISTORY_LINES_MAX};

/// The last lines of every room, by the skeleton of its name, and since when who is away from it.
pub struct Histories {
    rooms: BTreeMap<u64, History>,
    /// The rooms that have lines, by when something was last said: a running number.
    by_age: BTreeMap<u64, u64>,
    /// The room where something was last said: it stays where it is in `by_age`.
    newest: u64,
    /// Lines said so far in all rooms.
    said: u64,
    /// Memory that all of it takes, and may take.
    bytes: usize,
    bytes_max: usize,
    absences: VecDeque<Absence>,
}

/// The last lines of one room.
#[derive(Default)]
pub struct History {
    lines: VecDeque<Line>,
    /// Lines said so far in this room: the number of the next one.
    said: u64,
    /// Its place in [`Histories::by_age`].
    age: u64,
}

#[derive(PartialEq)]
struct Line {
    at: Stamp,
    author: UserId,
    /// Name and text in one, so that a line is one piece of memory.
    words: String,
    name_bytes: u8,
    is_act: bool,
}

/// A line that is kept.
pub struct Past<'a> {
    /// Its number.
    pub number: u64,
    /// When it was said.
    pub at: Stamp,
    /// Who said it.
    pub author: UserId,
    /// Under which name.
    pub nick: &'a str,
    /// What.
    pub said: Event<'a>,
}

/// Somebody who left a room.
#[derive(PartialEq)]
struct Absence {
    /// The skeletons of its name and of the room's.
    who: u64,
    room: u64,
    since_ms: u64,
    /// The number of the first line that it did not see.
    from: u64,
}

/// What a room's history takes besides its lines: two tree entries.
const ROOM_BYTES: usize = size_of::<History>() + 4 * size_of::<u64>();

impl Histories {
    /// Nothing was said; `bytes_max` bounds the memory that is taken.
    pub fn new(bytes_max: usize) -> Self {
        let (rooms, by_age, absences) = Default::default();
        Self { rooms, by_age, newest: 0, said: 0, bytes: 0, bytes_max, absences }
    }

    /// Keeps a line of `room`.
    pub fn add(
        &mut self,
        room: u64,
        at: Stamp,
        author: UserId,
        [name, text]: [&str; 2],
        is_act: bool,
    ) {
        self.said += 1;
        let history = self.rooms.entry(room).or_insert_with(|| {
            self.bytes += ROOM_BYTES;
            History::default()
        });
        if std::mem::replace(&mut self.newest, room) != room || history.age == 0 {
            self.by_age.remove(&history.age);
            history.age = self.said;
            self.by_age.insert(history.age, room);
        }
        let before = history.line_bytes();
        let freed = history.add(at, author, [name, text], is_act);
        self.bytes = self.bytes + history.line_bytes() - before - freed;
        self.bytes += history.lines.back().map_or(0, |line| line.words.capacity());
        self.make_room();
    }

    /// The lines of `room` from the number `from` on, oldest first.
    pub fn lines(&self, room: u64, from: u64) -> impl DoubleEndedIterator<Item = Past<'_>> {
        self.rooms.get(&room).into_iter().flat_map(move |history| {
            let first = history.said - history.lines.len() as u64;
            let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let lines = history.lines.iter().enumerate().skip(skipped);
            lines.map(move |(index, line)| line.told(first + index as u64))
        })
    }

    /// How many lines of `room` are kept, and the number of the next one.
    pub fn kept(&self, room: u64) -> (usize, u64) {
        self.rooms.get(&room).map_or((0, 0), |history| (history.lines.len(), history.said))
    }

    /// Notes that `who` leaves `room`.
    pub fn leave(&mut self, who: u64, room: u64, now_ms: u64) {
        if self.absences.len() == ABSENCES_MAX {
            self.absences.pop_front();
        }
        let (_, from) = self.kept(room);
        self.absences.push_back(Absence { who, room, since_ms: now_ms, from });
    }

    /// How many lines were said since `who` left `room`, if that was not too long ago.
    pub fn come_back(&mut self, who: u64, room: u64, now_ms: u64) -> Option<u64> {
        let is_over = |absence: &Absence| now_ms.saturating_sub(absence.since_ms) > ABSENCE_MS;
        while self.absences.front().is_some_and(is_over) {
            self.absences.pop_front();
        }
        let is_it = |absence: &Absence| absence.who == who && absence.room == room;
        let place = self.absences.iter().rposition(is_it)?;
        let absence = self.absences.remove(place).expect("it was found");
        Some(self.kept(room).1.saturating_sub(absence.from))
    }

    /// Memory that all of it takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether both keep the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&u64, &History), (key, history): (&u64, &History)| {
            one == key && other.said == history.said && other.lines == history.lines
        };
        // The order in which rooms give lines decides what will be kept.
        self.by_age == other.by_age
            && self.rooms.len() == other.rooms.len()
            && self.rooms.iter().zip(&other.rooms).all(|(one, other)| same(one, other))
            && self.absences == other.absences
    }

    fn make_room(&mut self) {
        while self.bytes > self.bytes_max {
            let Some((&age, &room)) = self.by_age.first_key_value() else { return };
            let history = self.rooms.get_mut(&room).expect("a room with lines has a history");
            if history.lines.len() > 1 {
                let before = history.line_bytes();
                let line = history.lines.pop_front().expect("there is more than one");
                if history.lines.len() < history.lines.capacity() / 4 {
                    history.lines.shrink_to_fit();
                }
                self.bytes -= line.words.capacity() + before - history.line_bytes();
                continue;
            }
            let history = self.rooms.remove(&room).expect("it was there");
            let words: usize = history.lines.iter().map(|line| line.words.capacity()).sum();
            self.bytes -= words + history.line_bytes() + ROOM_BYTES;
            self.by_age.remove(&age);
            // Its numbers begin anew: nobody can be told exactly what was missed.
            self.absences.retain(|absence| absence.room != room);
        }
    }
}

impl History {
    /// Keeps a line; how much memory of words the oldest gave for it.
    fn add(&mut self, at: Stamp, author: UserId, [name, text]: [&str; 2], is_act: bool) -> usize {
        self.said += 1;
        // The oldest line's memory becomes the newest's: a room that talks does not allocate.
        let is_full = self.lines.len() == HISTORY_LINES_MAX;
        let mut words = if is_full { self.lines.pop_front().map(|line| line.words) } else { None }
            .unwrap_or_default();
        let freed = words.capacity();
        words.clear();
        words.push_str(name);
        words.push_str(text);
        let name_bytes = u8::try_from(name.len()).expect("a name is short");
        self.lines.push_back(Line { at, author, words, name_bytes, is_act });
        freed
    }

    /// Memory of the lines but for their words.
    fn line_bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }
}

impl Line {
    fn told(&self, number: u64) -> Past<'_> {
        let (nick, text) = self.words.split_at(self.name_bytes.into());
        let said =
            if self.is_act { Event::Acted { nick, text } } else { Event::Said { nick, text } };
        Past { number, at: self.at, author: self.author, nick, said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PeerId;

    const TEA: u64 = 7;
    const BYTES: usize = 64 * 1024;

    fn bob() -> UserId {
        UserId::local(PeerId::new(0, 1))
    }

    fn stamp() -> Stamp {
        Stamp::of(chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("is a date").into())
    }

    fn texts(histories: &Histories, room: u64, count: u64) -> Vec<String> {
        let (_, next) = histories.kept(room);
        let lines = histories.lines(room, next.saturating_sub(count));
        let text = |past: Past<'_>| match past.said {
            Event::Said { text, .. } => text.to_string(),
            other => panic!("{other:?}"),
        };
        lines.map(text).collect()
    }

    fn counted(histories: &Histories) -> usize {
        let of_room = |history: &History| {
            let words: usize = history.lines.iter().map(|line| line.words.capacity()).sum();
            words + history.line_bytes() + ROOM_BYTES
        };
        histories.rooms.values().map(of_room).sum()
    }

    #[test]
    fn the_last_lines_are_kept_within_both_bounds() {
        let mut histories = Histories::new(BYTES);
        for number in 0..1_000 {
            histories.add(TEA, stamp(), bob(), ["bob", &number.to_string()], false);
            assert_eq!(histories.bytes(), counted(&histories));
        }
        assert_eq!(texts(&histories, TEA, 2), ["998", "999"]);
        assert_eq!(histories.kept(TEA), (HISTORY_LINES_MAX, 1_000));
        let long = "x".repeat(1_000);
        for _ in 0..1_000 {
            histories.add(TEA, stamp(), bob(), ["bob", &long], false);
            assert_eq!(histories.bytes(), counted(&histories));
            assert!(histories.bytes() <= BYTES);
        }
        assert!(histories.kept(TEA).0 > 30);
    }

    #[test]
    fn the_rooms_that_were_quiet_longest_give_first() {
        let mut histories = Histories::new(BYTES);
        let long = "x".repeat(1_000);
        for room in 0..500 {
            for _ in 0..3 {
                histories.add(room, stamp(), bob(), ["bob", &long], false);
            }
            histories.add(TEA + 1_000, stamp(), bob(), ["bob", "still here"], false);
            assert_eq!(histories.bytes(), counted(&histories));
            assert!(histories.bytes() <= BYTES);
        }
        assert_eq!(histories.kept(0).0, 0, "it was quiet longest");
        assert_eq!(histories.kept(499).0, 3);
        assert!(histories.kept(TEA + 1_000).0 > 100, "it talked all the time");
    }

    #[test]
    fn who_comes_back_in_time_is_told_how_much_was_missed() {
        let mut histories = Histories::new(BYTES);
        histories.leave(7, TEA, 1_000);
        assert_eq!(histories.come_back(8, TEA, 1_000), None);
        assert_eq!(histories.come_back(7, TEA + 1, 1_000), None, "another room");
        histories.add(TEA, stamp(), bob(), ["bob", "hi"], false);
        histories.add(TEA + 1, stamp(), bob(), ["bob", "elsewhere"], false);
        histories.add(TEA, stamp(), bob(), ["bob", "waves"], true);
        assert_eq!(histories.come_back(7, TEA, 1_000 + ABSENCE_MS), Some(2));
        assert_eq!(histories.come_back(7, TEA, 1_000), None, "once");
        histories.leave(7, TEA, 2_000);
        assert_eq!(histories.come_back(7, TEA, 2_001 + ABSENCE_MS), None, "too late");
        for who in 0..2 * ABSENCES_MAX as u64 {
            histories.leave(who, TEA, 3_000);
        }
        assert_eq!(histories.absences.len(), ABSENCES_MAX);
    }

    #[test]
    fn histories_that_would_give_in_another_order_are_not_the_same() {
        let make = |rooms: [u64; 2]| {
            let mut histories = Histories::new(BYTES);
            for room in rooms {
                histories.add(room, stamp(), bob(), ["bob", "hi"], false);
            }
            histories
        };
        assert!(make([1, 2]).is_same(&make([1, 2])));
        assert!(!make([1, 2]).is_same(&make([2, 1])));
    }
}
