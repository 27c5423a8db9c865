//! Comings and goings: told one by one, and summed up when there are many.
//!
//! Telling N people of N arrivals costs N² lines. Past a few a second they are gathered and told
//! in one line when the second is over.

use crate::chat::event::{Crowd, Effect, Event, Out};
use crate::clock::Now;
use crate::ids::{PeerId, RoomId};
use crate::limits::ANNOUNCEMENTS_PER_SEC;

/// Names that a summary gives before it only counts.
const NAMED_IN_SUMMARY: usize = 3;
const WINDOW_MS: u64 = 1_000;

/// The announcements of one room.
pub struct Presence {
    room: RoomId,
    /// When the current second began.
    since_ms: u64,
    /// What it has told one by one in that second.
    told: u32,
    joined: Gathered,
    left: Gathered,
}

#[derive(Default)]
struct Gathered {
    first: Vec<Box<str>>,
    count: usize,
    /// The first of them: alone, it does not see its own line.
    who: Option<PeerId>,
}

impl Presence {
    /// Nobody has come or gone in `room`.
    pub fn new(room: RoomId) -> Self {
        let (joined, left) = Default::default();
        Self { room, since_ms: 0, told: 0, joined, left }
    }

    /// `who` is about to enter as `nick`.
    pub fn join(&mut self, who: PeerId, nick: &str, now: &Now, out: &mut Out<'_>) {
        if self.may_tell(now) {
            out(Effect::Say { room: self.room, event: Event::Joined { nick }, except: Some(who) });
        } else {
            self.joined.add(who, nick);
        }
    }

    /// `who`, known as `nick`, leaves or has left.
    pub fn leave(&mut self, who: PeerId, nick: &str, now: &Now, out: &mut Out<'_>) {
        if self.may_tell(now) {
            out(Effect::Say { room: self.room, event: Event::Left { nick }, except: Some(who) });
        } else {
            self.left.add(who, nick);
        }
    }

    /// When the next summary is due.
    pub fn deadline_ms(&self) -> Option<u64> {
        let gathered = self.joined.count + self.left.count;
        (gathered > 0).then_some(self.since_ms + WINDOW_MS)
    }

    /// Tells what was gathered, if its second is over.
    pub fn tick(&mut self, now: &Now, out: &mut Out<'_>) {
        if self.deadline_ms().is_some_and(|due_ms| due_ms <= now.mono_ms) {
            self.joined.tell(Way::In, self.room, out);
            self.left.tell(Way::Out, self.room, out);
            self.since_ms = now.mono_ms;
            self.told = 0;
        }
    }

    fn may_tell(&mut self, now: &Now) -> bool {
        if self.deadline_ms().is_some() {
            // What was gathered must not be overtaken.
            return false;
        }
        if now.mono_ms >= self.since_ms + WINDOW_MS {
            self.since_ms = now.mono_ms;
            self.told = 0;
        }
        self.told += 1;
        self.told <= ANNOUNCEMENTS_PER_SEC
    }
}

impl Gathered {
    fn add(&mut self, who: PeerId, nick: &str) {
        if self.count < NAMED_IN_SUMMARY {
            self.first.push(nick.into());
        }
        self.who.get_or_insert(who);
        self.count += 1;
    }

    /// What to tell of them, and who is not told; nothing is gathered afterwards.
    fn tell(&mut self, way: Way, room: RoomId, out: &mut Out<'_>) {
        let gathered = std::mem::take(self);
        let (event, except) = match (gathered.first.as_slice(), way) {
            ([], _) => return,
            ([nick], Way::In) => (Event::Joined { nick }, gathered.who),
            ([nick], Way::Out) => (Event::Left { nick }, gathered.who),
            (first, Way::In) => (Event::ManyJoined(Crowd { first, count: gathered.count }), None),
            (first, Way::Out) => (Event::ManyLeft(Crowd { first, count: gathered.count }), None),
        };
        out(Effect::Say { room, event, except });
    }
}

#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

#[cfg(test)]
mod tests {
    use chrono::Local;

    use super::*;
    use crate::clock::Stamp;
    use crate::ids::LOBBY;

    fn at(mono_ms: u64) -> Now {
        Now { mono_ms, stamp: Stamp::of(Local::now()) }
    }

    fn told(presence: &mut Presence, act: impl FnOnce(&mut Presence, &mut Out<'_>)) -> Vec<String> {
        let mut lines = Vec::new();
        act(presence, &mut |effect| match effect {
            Effect::Say { event: Event::Joined { nick }, except, .. } => {
                lines.push(format!("+{nick} not {}", except.expect("newcomers are left out")));
            }
            Effect::Say { event: Event::ManyJoined(crowd), except: None, .. } => {
                lines.push(format!("+{} {}", crowd.count, crowd.first.join(",")));
            }
            Effect::Say { event: Event::ManyLeft(crowd), except: None, .. } => {
                lines.push(format!("-{} {}", crowd.count, crowd.first.join(",")));
            }
            other => panic!("presence only speaks to the room: {other:?}"),
        });
        lines
    }

    fn join(presence: &mut Presence, number: u32, mono_ms: u64) -> Vec<String> {
        let who = PeerId::new(0, number);
        told(presence, |presence, out| presence.join(who, &format!("n{number}"), &at(mono_ms), out))
    }

    #[test]
    fn past_five_a_second_they_are_summed_up_once_a_second() {
        let mut presence = Presence::new(LOBBY);
        for number in 1..=5 {
            assert_eq!(join(&mut presence, number, 2_000), [format!("+n{number} not {number}")]);
        }
        for number in 6..=42 {
            assert!(join(&mut presence, number, 2_500).is_empty());
        }
        assert_eq!(presence.deadline_ms(), Some(3_000));
        assert!(told(&mut presence, |presence, out| presence.tick(&at(2_999), out)).is_empty());
        let summary = told(&mut presence, |presence, out| presence.tick(&at(3_000), out));
        assert_eq!(summary, ["+37 n6,n7,n8"]);
        assert_eq!(presence.deadline_ms(), None);
        assert_eq!(join(&mut presence, 43, 3_001), ["+n43 not 43"]);
    }

    #[test]
    fn one_alone_gets_its_usual_line() {
        let mut presence = Presence::new(LOBBY);
        (1..=6).for_each(|number| drop(join(&mut presence, number, 0)));
        let line = told(&mut presence, |presence, out| presence.tick(&at(1_000), out));
        assert_eq!(line, ["+n6 not 6"]);
    }

    #[test]
    fn leaves_are_summed_up_too() {
        let mut presence = Presence::new(LOBBY);
        (1..=5).for_each(|number| drop(join(&mut presence, number, 0)));
        for number in 1..=2 {
            let who = PeerId::new(0, number);
            told(&mut presence, |presence, out| presence.leave(who, "x", &at(1), out));
        }
        let lines = told(&mut presence, |presence, out| presence.tick(&at(1_000), out));
        assert_eq!(lines, ["-2 x,x"]);
    }
}
