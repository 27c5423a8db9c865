//! What was said in a room, as far as it is kept: for newcomers, and for those who come back.

use std::collections::VecDeque;

use crate::chat::event::Event;
use crate::clock::Stamp;
use crate::limits::{ABSENCE_MS, ABSENCES_MAX, HISTORY_BYTES, HISTORY_LINES_MAX};

/// The last lines of a room, and since when who is away.
#[derive(Default)]
pub struct History {
    lines: VecDeque<Line>,
    /// Memory that `lines` take.
    bytes: usize,
    /// Lines said so far: the number of the next one.
    said: u64,
    absences: VecDeque<Absence>,
}

struct Line {
    at: Stamp,
    /// Nick and text in one, so that a line is one piece of memory.
    words: String,
    nick_bytes: usize,
    is_act: bool,
}

/// Somebody who left.
struct Absence {
    /// What its name looks like, as `Names` has it.
    look: u64,
    since_ms: u64,
    /// The number of the first line that it did not hear.
    from: u64,
}

impl History {
    /// Keeps a line; the oldest go for it.
    pub fn add(&mut self, at: Stamp, [nick, text]: [&str; 2], is_act: bool) {
        self.said += 1;
        // The oldest line's memory becomes the newest's: a room that talks does not allocate.
        let is_full = self.lines.len() == HISTORY_LINES_MAX;
        let mut words = if is_full { self.forget() } else { String::new() };
        words.clear();
        words.push_str(nick);
        words.push_str(text);
        self.bytes += words.capacity();
        self.lines.push_back(Line { at, words, nick_bytes: nick.len(), is_act });
        while self.bytes > HISTORY_BYTES {
            self.forget();
        }
    }

    /// The last `count` lines, oldest first.
    pub fn last(&self, count: usize) -> impl ExactSizeIterator<Item = (Stamp, Event<'_>)> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count)).map(Line::event)
    }

    /// Notes that somebody whose name looks like `look` goes.
    pub fn leave(&mut self, look: u64, now_ms: u64) {
        if self.absences.len() == ABSENCES_MAX {
            self.absences.pop_front();
        }
        self.absences.push_back(Absence { look, since_ms: now_ms, from: self.said });
    }

    /// How many lines were said since `look` left, if that was not too long ago.
    pub fn come_back(&mut self, look: u64, now_ms: u64) -> Option<u64> {
        let is_over = |absence: &Absence| now_ms - absence.since_ms > ABSENCE_MS;
        while self.absences.front().is_some_and(is_over) {
            self.absences.pop_front();
        }
        let place = self.absences.iter().rposition(|absence| absence.look == look)?;
        self.absences.remove(place).map(|absence| self.said - absence.from)
    }

    fn forget(&mut self) -> String {
        let line = self.lines.pop_front().expect("a line that takes memory is there");
        self.bytes -= line.words.capacity();
        line.words
    }
}

impl Line {
    fn event(&self) -> (Stamp, Event<'_>) {
        let (nick, text) = self.words.split_at(self.nick_bytes);
        let event =
            if self.is_act { Event::Acted { nick, text } } else { Event::Said { nick, text } };
        (self.at, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp::of(chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("is a date").into())
    }

    fn texts(history: &History, count: usize) -> Vec<String> {
        let text = |(_, event)| match event {
            Event::Said { text, .. } => text.to_string(),
            other => panic!("{other:?}"),
        };
        history.last(count).map(text).collect()
    }

    #[test]
    fn the_last_lines_are_kept_within_both_bounds() {
        let mut history = History::default();
        for number in 0..1_000 {
            history.add(stamp(), ["bob", &number.to_string()], false);
        }
        assert_eq!(texts(&history, 2), ["998", "999"]);
        assert_eq!(texts(&history, usize::MAX).len(), HISTORY_LINES_MAX);
        let long = "x".repeat(1_000);
        for _ in 0..1_000 {
            history.add(stamp(), ["bob", &long], false);
        }
        let held: usize = history.lines.iter().map(|line| line.words.capacity()).sum();
        assert_eq!(held, history.bytes);
        assert!(held <= HISTORY_BYTES && held > HISTORY_BYTES - 2_000, "{held}");
        for _ in 0..1_000 {
            history.add(stamp(), ["bob", "short"], false);
        }
        let held: usize = history.lines.iter().map(|line| line.words.capacity()).sum();
        assert!(held <= HISTORY_BYTES, "the memory of long lines counts: {held}");
    }

    #[test]
    fn who_comes_back_in_time_is_told_how_much_was_missed() {
        let mut history = History::default();
        history.leave(7, 1_000);
        assert_eq!(history.come_back(8, 1_000), None);
        history.add(stamp(), ["bob", "hi"], false);
        history.add(stamp(), ["bob", "waves"], true);
        assert_eq!(history.come_back(7, 1_000 + ABSENCE_MS), Some(2));
        assert_eq!(history.come_back(7, 1_000), None, "once");
        history.leave(7, 2_000);
        assert_eq!(history.come_back(7, 2_001 + ABSENCE_MS), None, "too late");
        for look in 0..2 * ABSENCES_MAX as u64 {
            history.leave(look, 3_000);
        }
        assert_eq!(history.absences.len(), ABSENCES_MAX);
    }
}
