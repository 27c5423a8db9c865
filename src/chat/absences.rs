//! Who left which room a short while ago, and what they had seen: whoever comes back is told what was missed.

use std::collections::BTreeMap;

use crate::limits::ABSENCES_MAX;

/// The people who left a room, by the skeletons of the room's name and of their own.
#[derive(Default)]
pub struct Absences {
    by_room: BTreeMap<(u64, u64), Absence>,
    /// The same in the order in which they left; a running number tells them apart.
    by_age: BTreeMap<u64, (u64, u64)>,
    /// How many have left so far.
    left: u64,
}

#[derive(PartialEq)]
struct Absence {
    age: u64,
    /// Until when whoever comes back is told.
    until_ms: u64,
    /// The number of the first line that was not seen.
    from: u64,
}

impl Absences {
    /// Notes that `who` leaves `room`, where the next line will have the number `from`, and may come
    /// back until `until_ms`.
    pub fn leave(&mut self, who: u64, room: u64, from: u64, until_ms: u64) {
        self.left += 1;
        let absence = Absence { age: self.left, until_ms, from };
        if let Some(earlier) = self.by_room.insert((room, who), absence) {
            self.by_age.remove(&earlier.age);
        }
        self.by_age.insert(self.left, (room, who));
        if self.by_age.len() > ABSENCES_MAX {
            self.forget_oldest();
        }
    }

    /// The number of the first line of `room` that `who` has missed, if it left not too long ago.
    pub fn come_back(&mut self, who: u64, room: u64, now_ms: u64) -> Option<u64> {
        let absence = self.by_room.remove(&(room, who))?;
        self.by_age.remove(&absence.age);
        (now_ms <= absence.until_ms).then_some(absence.from)
    }

    /// Forgets everyone who left `room`: its lines are numbered anew.
    pub fn forget_room(&mut self, room: u64) {
        while let Some((&key, absence)) = self.by_room.range((room, 0)..=(room, u64::MAX)).next() {
            self.by_age.remove(&absence.age);
            self.by_room.remove(&key);
        }
    }

    /// How many are noted.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether both note the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.by_room == other.by_room && self.left == other.left
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_age.pop_first() {
            self.by_room.remove(&key);
        }
    }
}
