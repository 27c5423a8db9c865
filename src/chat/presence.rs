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
    /// Which second it is: the name of what is gathered in it.
    window: Window,
    joined: Gathered,
    left: Gathered,
}

/// Whose coming was gathered and not told yet carries the second in which that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window(u32);

#[derive(Default)]
struct Gathered {
    /// The first of them.
    first: Vec<Box<str>>,
    /// Who that is: one alone does not see its own line.
    who: Vec<PeerId>,
    count: usize,
}

impl Presence {
    /// Nobody has come or gone in `room`.
    pub fn new(room: RoomId) -> Self {
        let (joined, left) = Default::default();
        Self { room, since_ms: 0, told: 0, window: Window(1), joined, left }
    }

    /// `who` is about to enter as `nick`.
    pub fn join(&mut self, who: PeerId, nick: &str, now: &Now, out: &mut Out<'_>) -> Window {
        if self.may_tell(now) {
            out(Effect::Say { room: self.room, event: Event::Joined { nick }, except: &[who] });
            return Window::default();
        }
        self.joined.add(who, nick);
        self.window
    }

    /// `who`, known as `nick` and told of or gathered in `window`, leaves or has left.
    pub fn leave(&mut self, who: PeerId, nick: &str, window: Window, now: &Now, out: &mut Out<'_>) {
        if window == self.window {
            // Nobody was told of its coming, so nobody needs to be told of its going.
            self.joined.forget(who);
        } else if self.may_tell(now) {
            out(Effect::Say { room: self.room, event: Event::Left { nick }, except: &[who] });
        } else {
            self.left.add(who, nick);
        }
    }

    /// `who` takes another name.
    pub fn rename(
        &mut self,
        who: PeerId,
        [old, new]: [&str; 2],
        window: Window,
        out: &mut Out<'_>,
    ) {
        if window == self.window {
            // It will be told of under the name that it has then.
            self.joined.rename(who, new);
        } else {
            let event = Event::Renamed { old, new };
            out(Effect::Say { room: self.room, event, except: &[who] });
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
            self.tell_gathered(now, out);
        }
    }

    /// Tells what was gathered: who left before who joined, for somebody may have come back.
    pub fn tell_gathered(&mut self, now: &Now, out: &mut Out<'_>) {
        self.left.tell(Way::Out, self.room, out);
        self.joined.tell(Way::In, self.room, out);
        self.since_ms = now.mono_ms;
        self.told = 0;
        // 0 is nobody's.
        self.window = Window(self.window.0.checked_add(1).unwrap_or(1));
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
            self.who.push(who);
        }
        self.count += 1;
    }

    fn forget(&mut self, who: PeerId) {
        self.count -= 1;
        if let Some(place) = self.who.iter().position(|&first| first == who) {
            self.who.remove(place);
            self.first.remove(place);
        }
    }

    fn rename(&mut self, who: PeerId, nick: &str) {
        if let Some(place) = self.who.iter().position(|&first| first == who) {
            self.first[place] = nick.into();
        }
    }

    /// What to tell of them, and who is not told; nothing is gathered afterwards.
    fn tell(&mut self, way: Way, room: RoomId, out: &mut Out<'_>) {
        let gathered = std::mem::take(self);
        let crowd = Crowd { first: &gathered.first, count: gathered.count };
        let (event, except) = match (gathered.count, gathered.first.as_slice(), way) {
            (0, _, _) => return,
            (1, [nick], Way::In) => (Event::Joined { nick }, gathered.who.as_slice()),
            (1, [nick], Way::Out) => (Event::Left { nick }, gathered.who.as_slice()),
            (_, _, Way::In) => (Event::ManyJoined(crowd), &[][..]),
            (_, _, Way::Out) => (Event::ManyLeft(crowd), &[][..]),
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
                lines.push(format!("+{nick} not {}", except[0]));
            }
            Effect::Say { event: Event::ManyJoined(crowd), except: [], .. } => {
                lines.push(format!("+{} {}", crowd.count, crowd.first.join(",")));
            }
            Effect::Say { event: Event::ManyLeft(crowd), except: [], .. } => {
                lines.push(format!("-{} {}", crowd.count, crowd.first.join(",")));
            }
            other => panic!("presence only speaks to the room: {other:?}"),
        });
        lines
    }

    fn join(presence: &mut Presence, number: u32, mono_ms: u64) -> Vec<String> {
        let who = PeerId::new(0, number);
        told(presence, |presence, out| {
            presence.join(who, &format!("n{number}"), &at(mono_ms), out);
        })
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
            told(&mut presence, |presence, out| presence.leave(who, "x", Window(0), &at(1), out));
        }
        let lines = told(&mut presence, |presence, out| presence.tick(&at(1_000), out));
        assert_eq!(lines, ["-2 x,x"]);
    }

    #[test]
    fn a_summary_tells_of_those_who_are_there_under_the_names_they_have() {
        let mut presence = Presence::new(LOBBY);
        (1..=7).for_each(|number| drop(join(&mut presence, number, 0)));
        let silent = told(&mut presence, |presence, out| {
            presence.leave(PeerId::new(0, 6), "n6", Window(1), &at(1), out);
            presence.rename(PeerId::new(0, 7), ["n7", "q7"], Window(1), out);
            presence.leave(PeerId::new(0, 1), "n1", Window(0), &at(2), out);
            presence.leave(PeerId::new(0, 2), "n2", Window(0), &at(2), out);
            presence.join(PeerId::new(0, 8), "n1", &at(3), out);
        });
        assert!(silent.is_empty(), "{silent:?}");
        let lines = told(&mut presence, |presence, out| presence.tick(&at(1_000), out));
        assert_eq!(lines, ["-2 n1,n2", "+2 q7,n1"]);
    }
}
