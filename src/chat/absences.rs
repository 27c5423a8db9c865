//! Who left which room a short while ago, and the first line they did not see: a user who comes
//! back is shown what was missed.

use std::collections::BTreeMap;

use crate::limits::ABSENCES_MAX;

/// Recent absences, by the skeletons of the room's name and of the user's.
#[derive(Default)]
pub struct Absences {
    by_room: BTreeMap<(u64, u64), Absence>,
    /// The keys of `by_room` in the order of leaving, by a running number.
    by_age: BTreeMap<u64, (u64, u64)>,
    /// The number of absences noted so far.
    left: u64,
}

#[derive(PartialEq)]
struct Absence {
    age: u64,
    /// Until when a user who comes back is shown what was missed.
    until_ms: u64,
    /// The number of the first line that the user did not see.
    from: u64,
}

impl Absences {
    /// Notes that `who` leaves `room`, whose next line will have the number `from`. The absence ends at
    /// `until_ms`.
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

    /// Ends an absence; returns the number of the first line of `room` that `who` has missed,
    /// unless the absence was too long.
    pub fn come_back(&mut self, who: u64, room: u64, now_ms: u64) -> Option<u64> {
        let absence = self.by_room.remove(&(room, who))?;
        self.by_age.remove(&absence.age);
        (now_ms <= absence.until_ms).then_some(absence.from)
    }

    /// Forgets all absences from `room`, because its lines are numbered from the start again.
    pub fn forget_room(&mut self, room: u64) {
        while let Some((&key, absence)) = self.by_room.range((room, 0)..=(room, u64::MAX)).next() {
            self.by_age.remove(&absence.age);
            self.by_room.remove(&key);
        }
    }

    /// Returns the number of absences.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether both hold the same absences.
    pub fn is_same(&self, other: &Self) -> bool {
        self.by_room == other.by_room && self.left == other.left
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_age.pop_first() {
            self.by_room.remove(&key);
        }
    }
}
