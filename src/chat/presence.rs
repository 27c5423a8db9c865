//! Joins and leaves of one room: announced one by one, and summed up when there are many.
//!
//! Announcing N arrivals to N users costs N² lines. Past a few per second they are gathered and
//! announced in one line at the end of the second. This is presentation: it does not change who is
//! where.

use crate::chat::event::{Crowd, Effect, Event, Out};
use crate::clock::Now;
use crate::ids::{RoomId, UserId};
use crate::limits::ANNOUNCEMENTS_PER_SEC;

/// The maximum number of names in a summary; the others are only counted.
const NAMED_IN_SUMMARY: usize = 3;
const EPOCH_MS: u64 = 1_000;

/// The announcements of one room.
#[derive(Default)]
pub struct Presence {
    /// When the current second began.
    since_ms: u64,
    /// The number of single announcements in that second.
    told: u32,
    epoch: Epoch,
    /// Joins and leaves to be summed up; usually none.
    gathered: Option<Box<Gathered>>,
}

/// Identifies a batch of gathered joins and leaves of a room; 0 is no batch.
///
/// A user whose arrival was gathered and not announced yet stores the epoch of that batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch(u32);

#[derive(Default)]
struct Gathered {
    joined: People,
    left: People,
}

#[derive(Default)]
struct People {
    /// The first names.
    first: Vec<Box<str>>,
    /// The users of these names: a single one does not see its own line.
    who: Vec<UserId>,
    count: usize,
}

/// The room in which joins and leaves are announced.
pub struct Audience<'a, 'o> {
    /// The room.
    pub room: RoomId,
    /// Its name.
    pub room_name: &'a str,
    /// Where effects are sent.
    pub out: &'a mut Out<'o>,
}

impl Presence {
    /// Announces or gathers that `who` is about to enter as `name`; returns the epoch if it was
    /// gathered.
    pub fn join(&mut self, who: UserId, name: &str, now: &Now, to: &mut Audience<'_, '_>) -> Epoch {
        if self.may_tell(now) {
            to.say(Event::Joined { nick: name }, &[who]);
            return Epoch::default();
        }
        self.gather().joined.add(who, name);
        self.epoch
    }

    /// Announces or gathers that `who` leaves; `name` is its name, and `epoch` that of its gathered
    /// arrival.
    pub fn leave(
        &mut self,
        who: UserId,
        name: &str,
        epoch: Epoch,
        now: &Now,
        to: &mut Audience<'_, '_>,
    ) {
        if self.is_gathered(epoch) {
            // The arrival was not announced, so the leave need not be either.
            self.gather().joined.forget(who);
        } else if self.may_tell(now) {
            to.say(Event::Left { nick: name }, &[who]);
        } else {
            self.gather().left.add(who, name);
        }
    }

    /// Announces that `who` takes another name.
    ///
    /// Gathered events are announced first: if alice becomes bob after bob left, "bob left" must
    /// not come after it.
    pub fn rename(
        &mut self,
        who: UserId,
        [old, new]: [&str; 2],
        epoch: Epoch,
        to: &mut Audience<'_, '_>,
    ) {
        if self.is_gathered(epoch) {
            // The arrival will be announced under the new name.
            self.gather().joined.rename(who, new);
        } else {
            self.tell_gathered(to);
            to.say(Event::Renamed { old, new }, &[who]);
        }
    }

    /// Returns when the summary is due.
    pub fn deadline_ms(&self) -> Option<u64> {
        let gathered = self.gathered.as_ref()?;
        let count = gathered.joined.count + gathered.left.count;
        (count > 0).then_some(self.since_ms + EPOCH_MS)
    }

    /// Announces the summary if its second is over.
    pub fn tick(&mut self, now: &Now, to: &mut Audience<'_, '_>) {
        if self.deadline_ms().is_some_and(|due_ms| due_ms <= now.mono_ms) {
            self.tell_gathered(to);
            (self.since_ms, self.told) = (now.mono_ms, 0);
        }
    }

    /// Announces the summary: leaves before joins, because somebody may have come back.
    pub fn tell_gathered(&mut self, to: &mut Audience<'_, '_>) {
        let Some(gathered) = self.gathered.take() else { return };
        gathered.left.tell(Way::Out, to);
        gathered.joined.tell(Way::In, to);
        self.epoch = next(self.epoch);
    }

    fn gather(&mut self) -> &mut Gathered {
        if self.epoch == Epoch::default() {
            self.epoch = next(self.epoch);
        }
        self.gathered.get_or_insert_default()
    }

    fn is_gathered(&self, epoch: Epoch) -> bool {
        epoch != Epoch::default() && epoch == self.epoch
    }

    fn may_tell(&mut self, now: &Now) -> bool {
        if self.deadline_ms().is_some() {
            // Gathered events must not be overtaken.
            return false;
        }
        if now.mono_ms >= self.since_ms + EPOCH_MS {
            (self.since_ms, self.told) = (now.mono_ms, 0);
        }
        self.told = self.told.saturating_add(1);
        self.told <= ANNOUNCEMENTS_PER_SEC
    }
}

fn next(epoch: Epoch) -> Epoch {
    Epoch(epoch.0.checked_add(1).unwrap_or(1))
}

impl People {
    fn add(&mut self, who: UserId, name: &str) {
        if self.count < NAMED_IN_SUMMARY {
            self.first.push(name.into());
            self.who.push(who);
        }
        self.count += 1;
    }

    fn forget(&mut self, who: UserId) {
        self.count -= 1;
        if let Some(place) = self.who.iter().position(|&first| first == who) {
            self.who.remove(place);
            self.first.remove(place);
        }
    }

    fn rename(&mut self, who: UserId, name: &str) {
        if let Some(place) = self.who.iter().position(|&first| first == who) {
            self.first[place] = name.into();
        }
    }

    fn tell(&self, way: Way, to: &mut Audience<'_, '_>) {
        let crowd = Crowd { first: &self.first, count: self.count };
        let (event, except) = match (self.count, self.first.as_slice(), way) {
            (0, _, _) => return,
            (1, [nick], Way::In) => (Event::Joined { nick }, self.who.as_slice()),
            (1, [nick], Way::Out) => (Event::Left { nick }, self.who.as_slice()),
            (_, _, Way::In) => (Event::ManyJoined(crowd), &[][..]),
            (_, _, Way::Out) => (Event::ManyLeft(crowd), &[][..]),
        };
        to.say(event, except);
    }
}

impl Audience<'_, '_> {
    fn say(&mut self, event: Event<'_>, except: &[UserId]) {
        let Self { room, room_name, out } = self;
        out(Effect::Say { room: *room, room_name, event, line: None, author: None, except });
    }
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
