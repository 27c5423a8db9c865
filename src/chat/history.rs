//! Stored lines of all rooms: for new users, and for those who come back.
//!
//! All rooms share one budget. When it is used up, the rooms that were quiet longest lose lines
//! first, each its oldest. A room's history outlives the room: it is found when the room is opened
//! again.
//!
//! A line finds the history of its room without a search, and the rooms are linked in the order in
//! which something was last said in them:
//!
//! ```text
//!   room ─► HistoryId ─► slab: [ lines of tea ]◄─►[ lines of news ]◄─►[ lines of lobby ]
//!                              oldest: loses lines first               newest
//! ```

use std::collections::BTreeMap;

use slab::Slab;

use crate::chat::absences::Absences;
use crate::chat::lines::{Line, Lines};
use crate::clock::Stamp;
use crate::ids::UserId;
use crate::limits::{ABSENCE_MS, HISTORY_LINES_MAX};

/// The last lines of every room, and the absences from it.
pub struct Histories {
    slab: Slab<History>,
    /// The slots of ended rooms, by the skeletons of their names.
    ended: BTreeMap<u64, u32>,
    /// Both ends of the list by age; [`NOWHERE`] if no line is stored.
    oldest: u32,
    newest: u32,
    /// The memory in use, and its limit.
    bytes: usize,
    bytes_max: usize,
    absences: Absences,
    /// Rooms without a history have lost all lines up to this number.
    forgotten: u64,
    /// Lines of any room up to this number may be missing, although earlier ones are stored.
    missing: u64,
    /// Lines have been dropped because the memory was full.
    has_given: bool,
}

/// Where the history of a room is stored. It may have lost all its lines, so every access checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryId {
    /// The skeleton of the room's name.
    pub room: u64,
    slot: u32,
}

/// The last lines of one room.
struct History {
    room: u64,
    lines: Lines,
    /// The number of lines said so far in this room, which is the number of the next one.
    said: u64,
    /// The number, counted over all rooms, of the last line that was dropped.
    dropped: u64,
    /// The neighbours in the list by age.
    older: u32,
    newer: u32,
    /// The room has ended, and is listed in [`Histories::ended`].
    has_ended: bool,
}

/// No slot.
const NOWHERE: u32 = u32::MAX;

/// The memory that a room's history takes besides its lines.
const ROOM_BYTES: usize = size_of::<History>();

/// A room that has to free memory drops one line in this many, but at least one, because each time
/// its memory is moved.
const GIVE_SHARE: usize = 4;

impl HistoryId {
    /// Creates the id of `room`, which has no slot yet.
    pub fn new(room: u64) -> Self {
        Self { room, slot: NOWHERE }
    }
}

impl Histories {
    /// Creates an empty store; `bytes_max` limits its memory.
    pub fn new(bytes_max: usize) -> Self {
        let (slab, ended, absences) = Default::default();
        Self {
            slab,
            ended,
            oldest: NOWHERE,
            newest: NOWHERE,
            bytes: 0,
            bytes_max,
            absences,
            forgotten: 0,
            missing: 0,
            has_given: false,
        }
    }

    /// Whether lines have been dropped because the memory was full.
    pub fn is_full(&self) -> bool {
        self.has_given
    }

    /// Notes that lines up to `number` are unknown, because they precede the part of a log that is read.
    pub fn begin_after(&mut self, number: u64) {
        self.forgotten = self.forgotten.max(number);
    }

    /// Notes that some lines up to `number` are unknown. Nobody can be told exactly what was missed.
    pub fn lose_up_to(&mut self, number: u64) {
        self.missing = self.missing.max(number);
        self.absences = Absences::default();
    }

    /// Returns the history that `room` had when it last ended, or an empty one.
    pub fn open(&mut self, room: u64) -> HistoryId {
        let slot = self.ended.remove(&room).unwrap_or(NOWHERE);
        if let Some(history) = self.slab.get_mut(slot as usize) {
            history.has_ended = false;
        }
        HistoryId { room, slot }
    }

    /// Notes that the room of `id` has ended.
    pub fn close(&mut self, id: HistoryId) {
        if self.get(id).is_some() {
            self.slab[id.slot as usize].has_ended = true;
            self.ended.insert(id.room, id.slot);
        }
    }

    /// Stores a line of the room of `id`; `number` is its number counted over all rooms.
    pub fn add(
        &mut self,
        id: &mut HistoryId,
        number: u64,
        at: Stamp,
        author: UserId,
        words: [&str; 2],
        is_act: bool,
    ) {
        if self.get(*id).is_none() {
            self.bytes += ROOM_BYTES;
            let (room, lines) = (id.room, Lines::default());
            let unlinked = (NOWHERE, NOWHERE);
            let ((older, newer), dropped) = (unlinked, self.forgotten);
            let history = History { room, lines, said: 0, dropped, older, newer, has_ended: false };
            let slot = self.slab.insert(history);
            id.slot = u32::try_from(slot).expect("histories are bounded in memory");
            self.link_newest(id.slot);
        } else if id.slot != self.newest {
            self.unlink(id.slot);
            self.link_newest(id.slot);
        }
        let history = &mut self.slab[id.slot as usize];
        history.said += 1;
        self.bytes -= history.lines.bytes();
        if history.lines.len() == HISTORY_LINES_MAX {
            history.dropped = history.lines.drop_first();
        }
        history.lines.push(number, at, author, words, is_act);
        self.bytes += history.lines.bytes();
        self.make_room();
    }

    /// Returns the lines of a room from number `from` on, oldest first, each with its number in the
    /// room.
    pub fn lines(&self, id: HistoryId, from: u64) -> impl Iterator<Item = (u64, Line<'_>)> {
        self.get(id).into_iter().flat_map(move |history| {
            let first = history.said - history.lines.len() as u64;
            let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let lines = history.lines.iter().enumerate().skip(skipped);
            lines.map(move |(index, line)| (first + index as u64, line))
        })
    }

    /// Whether all lines of a room are stored whose number, counted over all rooms, is greater than
    /// `number`.
    pub fn has_all_since(&self, id: HistoryId, number: u64) -> bool {
        self.missing <= number
            && self.get(id).map_or(self.forgotten, |history| history.dropped) <= number
    }

    /// Returns how many lines of a room are stored, and the number of the next one.
    pub fn kept(&self, id: HistoryId) -> (usize, u64) {
        self.get(id).map_or((0, 0), |history| (history.lines.len(), history.said))
    }

    /// Notes that `who` leaves a room.
    pub fn leave(&mut self, who: u64, id: HistoryId, now_ms: u64) {
        self.leave_until(who, id, now_ms + ABSENCE_MS);
    }

    /// Notes that `who` has left a room; the absence ends at `until_ms`.
    pub fn leave_until(&mut self, who: u64, id: HistoryId, until_ms: u64) {
        let (_, next) = self.kept(id);
        self.absences.leave(who, id.room, next, until_ms);
    }

    /// Ends the absence of `who`; returns how many lines were said in it, unless it was too long.
    pub fn come_back(&mut self, who: u64, id: HistoryId, now_ms: u64) -> Option<u64> {
        let from = self.absences.come_back(who, id.room, now_ms)?;
        Some(self.kept(id).1.saturating_sub(from))
    }

    /// Returns the memory in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether both store the same lines.
    pub fn is_same(&self, other: &Self) -> bool {
        // The order in which rooms lose lines determines what will be stored.
        let same = |(one, other): (&History, &History)| {
            one.room == other.room && one.said == other.said && one.lines == other.lines
        };
        self.slab.len() == other.slab.len()
            && self.by_age().zip(other.by_age()).all(same)
            && self.ended.keys().eq(other.ended.keys())
            && self.absences.is_same(&other.absences)
    }

    fn get(&self, id: HistoryId) -> Option<&History> {
        // The slot may belong to another room by now.
        self.slab.get(id.slot as usize).filter(|history| history.room == id.room)
    }

    /// Returns the histories from the oldest to the newest.
    fn by_age(&self) -> impl Iterator<Item = &History> {
        let mut slot = self.oldest;
        std::iter::from_fn(move || {
            let history = self.slab.get(slot as usize)?;
            slot = history.newer;
            Some(history)
        })
    }

    fn make_room(&mut self) {
        while self.bytes > self.bytes_max && self.oldest != NOWHERE {
            self.has_given = true;
            let history = &mut self.slab[self.oldest as usize];
            self.bytes -= history.lines.bytes();
            if history.lines.len() > 1 {
                let count = history.lines.len().div_ceil(GIVE_SHARE);
                history.dropped = history.lines.give(count);
                self.bytes += history.lines.bytes();
                continue;
            }
            self.bytes -= ROOM_BYTES;
            let slot = self.oldest;
            self.unlink(slot);
            let History { room, mut lines, has_ended, dropped, .. } =
                self.slab.remove(slot as usize);
            let last = if lines.len() > 0 { lines.drop_first() } else { dropped };
            self.forgotten = self.forgotten.max(last);
            if has_ended {
                self.ended.remove(&room);
            }
            // Its numbers start again, so the lines that were missed can no longer be counted.
            self.absences.forget_room(room);
        }
    }

    fn unlink(&mut self, slot: u32) {
        let History { older, newer, .. } = self.slab[slot as usize];
        match self.slab.get_mut(older as usize) {
            Some(history) => history.newer = newer,
            None => self.oldest = newer,
        }
        match self.slab.get_mut(newer as usize) {
            Some(history) => history.older = older,
            None => self.newest = older,
        }
    }

    fn link_newest(&mut self, slot: u32) {
        let older = std::mem::replace(&mut self.newest, slot);
        match self.slab.get_mut(older as usize) {
            Some(history) => history.newer = slot,
            None => self.oldest = slot,
        }
        let history = &mut self.slab[slot as usize];
        (history.older, history.newer) = (older, NOWHERE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::Event;
    use crate::ids::PeerId;
    use crate::limits::{ABSENCE_MS, ABSENCES_MAX};

    const TEA: u64 = 7;
    const BYTES: usize = 64 * 1024;

    const STAMP: Stamp = Stamp { unix_ms: 1_700_000_000_000 };

    /// Histories, and the ids of the rooms.
    struct Kept {
        histories: Histories,
        ids: BTreeMap<u64, HistoryId>,
        number: u64,
    }

    impl Kept {
        fn new(bytes_max: usize) -> Self {
            Self { histories: Histories::new(bytes_max), ids: BTreeMap::new(), number: 0 }
        }

        fn id(&self, room: u64) -> HistoryId {
            self.ids.get(&room).copied().unwrap_or(HistoryId::new(room))
        }

        fn add(&mut self, room: u64, words: [&str; 2], is_act: bool) {
            let id = self.ids.entry(room).or_insert(HistoryId::new(room));
            self.number += 1;
            let bob = UserId::local(PeerId::new(0, 1));
            self.histories.add(id, self.number, STAMP, bob, words, is_act);
            self.check();
        }

        fn kept(&self, room: u64) -> (usize, u64) {
            self.histories.kept(self.id(room))
        }

        fn leave(&mut self, who: u64, room: u64, now_ms: u64) {
            self.histories.leave(who, self.id(room), now_ms);
        }

        fn come_back(&mut self, who: u64, room: u64, now_ms: u64) -> Option<u64> {
            self.histories.come_back(who, self.id(room), now_ms)
        }

        fn texts(&self, room: u64, count: u64) -> Vec<String> {
            let (_, next) = self.kept(room);
            let lines = self.histories.lines(self.id(room), next.saturating_sub(count));
            let text = |(_, line): (u64, Line<'_>)| match line.said {
                Event::Said { text, .. } => text.to_string(),
                other => panic!("{other:?}"),
            };
            lines.map(text).collect()
        }

        /// Asserts that the bytes are counted exactly, and that the list by age has every history,
        /// both ways.
        fn check(&self) {
            let Histories { slab, bytes, bytes_max, newest, .. } = &self.histories;
            let counted = slab.iter().map(|(_, history)| history.lines.bytes() + ROOM_BYTES);
            assert_eq!(*bytes, counted.sum::<usize>());
            assert!(bytes <= bytes_max);
            assert_eq!(self.histories.by_age().count(), slab.len());
            let (mut slot, mut count) = (*newest, 0);
            while let Some(history) = slab.get(slot as usize) {
                (slot, count) = (history.older, count + 1);
            }
            assert_eq!(count, slab.len());
        }
    }

    #[test]
    fn the_last_lines_are_kept_within_both_bounds() {
        let mut histories = Kept::new(BYTES);
        for number in 0..1_000 {
            histories.add(TEA, ["bob", &number.to_string()], false);
        }
        assert_eq!(histories.texts(TEA, 2), ["998", "999"]);
        assert_eq!(histories.kept(TEA), (HISTORY_LINES_MAX, 1_000));
        let long = "x".repeat(1_000);
        for _ in 0..1_000 {
            histories.add(TEA, ["bob", &long], false);
        }
        assert!(histories.kept(TEA).0 > 30);
    }

    #[test]
    fn the_rooms_that_were_quiet_longest_lose_lines_first() {
        let mut histories = Kept::new(BYTES);
        let long = "x".repeat(1_000);
        for room in 0..500 {
            for _ in 0..3 {
                histories.add(room, ["bob", &long], false);
            }
            histories.add(TEA + 1_000, ["bob", "still here"], false);
        }
        assert_eq!(histories.kept(0).0, 0, "it was quiet longest");
        assert_eq!(histories.kept(499).0, 3);
        assert!(histories.kept(TEA + 1_000).0 > 100, "it talked all the time");
    }

    #[test]
    fn a_returning_user_is_told_how_many_lines_were_missed() {
        let mut histories = Kept::new(BYTES);
        histories.leave(7, TEA, 1_000);
        assert_eq!(histories.come_back(8, TEA, 1_000), None);
        assert_eq!(histories.come_back(7, TEA + 1, 1_000), None, "another room");
        histories.add(TEA, ["bob", "hi"], false);
        histories.add(TEA + 1, ["bob", "elsewhere"], false);
        histories.add(TEA, ["bob", "waves"], true);
        assert_eq!(histories.come_back(7, TEA, 1_000 + ABSENCE_MS), Some(2));
        assert_eq!(histories.come_back(7, TEA, 1_000), None, "once");
        histories.leave(7, TEA, 2_000);
        assert_eq!(histories.come_back(7, TEA, 2_001 + ABSENCE_MS), None, "too late");
        histories.leave(7, TEA, 3_000);
        histories.add(TEA, ["bob", "hi"], false);
        histories.leave(7, TEA, 4_000);
        assert_eq!(histories.come_back(7, TEA, 4_001), Some(0), "only the last time counts");
        assert_eq!(histories.come_back(7, TEA, 4_001), None, "the time before is forgotten");
        for who in 0..2 * ABSENCES_MAX as u64 {
            histories.leave(who, TEA, 3_000);
        }
        assert_eq!(histories.histories.absences.len(), ABSENCES_MAX);
    }

    #[test]
    fn missed_lines_are_not_counted_once_they_are_dropped() {
        let mut histories = Kept::new(BYTES);
        histories.add(TEA, ["bob", "hi"], false);
        histories.leave(7, TEA, 1_000);
        histories.leave(7, TEA + 1, 1_000);
        for _ in 0..1_000 {
            histories.add(TEA + 1, ["bob", &"x".repeat(1_000)], false);
        }
        assert_eq!(histories.kept(TEA), (0, 0), "it lost its lines");
        histories.add(TEA, ["bob", "hi again"], false);
        assert_eq!(histories.come_back(7, TEA, 1_001), None);
        assert_eq!(histories.come_back(7, TEA + 1, 1_001), Some(1_000));
    }

    #[test]
    fn a_reopened_room_has_its_history() {
        let mut kept = Kept::new(BYTES);
        kept.add(TEA, ["bob", "hi"], false);
        kept.histories.close(kept.id(TEA));
        kept.add(TEA + 1, ["bob", "elsewhere"], false);
        kept.ids.insert(TEA, kept.histories.open(TEA));
        assert_eq!(kept.texts(TEA, 9), ["hi"]);
        kept.histories.close(kept.id(TEA));
        for _ in 0..100 {
            kept.add(TEA + 1, ["bob", &"x".repeat(1_000)], false);
        }
        assert_eq!(kept.kept(TEA), (0, 0), "it lost its lines");
        assert_eq!(kept.histories.open(TEA), HistoryId::new(TEA));
        assert!(kept.histories.ended.is_empty(), "nothing is left of it");
    }

    #[test]
    fn histories_that_would_drop_lines_in_another_order_differ() {
        let make = |rooms: [u64; 2]| {
            let mut histories = Kept::new(BYTES);
            for room in rooms {
                histories.add(room, ["bob", "hi"], false);
            }
            histories.histories
        };
        assert!(make([1, 2]).is_same(&make([1, 2])));
        assert!(!make([1, 2]).is_same(&make([2, 1])));
    }
}
