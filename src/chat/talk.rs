//! What people say: to all, to one, and what of it is shown to whom.

use log::debug;

use crate::chat::event::{Answer, Effect, Event, Out};
use crate::chat::{Chat, Circle, NAMES_LINE_BYTES};
use crate::clock::Now;
use crate::ids::{LOBBY, PeerId};
use crate::limits::{HISTORY_LINES_MAX, NICK_BYTES_MAX};
use crate::text::{Quoted, clip};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Say,
    Act,
}

impl Chat {
    /// Names of those here that begin with `start`, in any case: all, or what they have in common
    /// would be taken for certain.
    pub fn names_starting(&self, start: &str) -> Vec<&str> {
        let start = start.to_lowercase();
        let nicks = self.users.iter().filter_map(|user| user.nick.as_deref());
        nicks.filter(|nick| nick.to_lowercase().starts_with(&start)).collect()
    }

    pub(super) fn welcome(&self, who: PeerId, out: &mut Out<'_>) {
        let mut names = String::new();
        // Nobody searches the whole slab for the first name.
        let users = if self.present == 0 { &[] } else { self.users.as_slice() };
        for nick in users.iter().filter_map(|user| user.nick.as_deref()) {
            if names.len() + nick.len() > NAMES_LINE_BYTES / 2 {
                names.push_str(", …");
                break;
            }
            if !names.is_empty() {
                names.push_str(", ");
            }
            names.push_str(nick);
        }
        let event = Event::Welcome { count: self.present, names: &names };
        out(Effect::Tell { to: who, event });
    }

    pub(super) fn speak(
        &mut self,
        who: PeerId,
        text: &str,
        manner: Manner,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let Some(nick) = self.nick(who) else {
            return out(Effect::Tell { to: who, event: Event::NameFirst });
        };
        let at = now.stamp.as_str();
        debug!("at={at:?} event=say id={who} nick={} text={}", Quoted(nick), Quoted(text));
        let event = match manner {
            Manner::Say => Event::Said { nick, text },
            Manner::Act => Event::Acted { nick, text },
        };
        let except = self.ignorers(nick);
        out(Effect::Say { room: LOBBY, event, except });
        if self.past_lines > 0 {
            let nick = self.users[who.slot()].nick.as_deref().unwrap_or_default();
            self.history.add(now.stamp, [nick, text], manner == Manner::Act);
        }
    }

    /// Those who want to see nothing of `nick`.
    fn ignorers(&self, nick: &str) -> &[PeerId] {
        if self.ignores.is_empty() { &[] } else { self.ignores.of(self.names.look(nick)) }
    }

    pub(super) fn whisper(
        &mut self,
        who: PeerId,
        to: &str,
        text: &str,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        match self.names.holder(to) {
            Some(reader) => self.whisper_to(who, reader, text, now, out),
            None if self.nick(who).is_none() => {
                out(Effect::Tell { to: who, event: Event::NameFirst });
            }
            None => out(Effect::Tell { to: who, event: Event::Nobody { nick: to } }),
        }
    }

    fn whisper_to(
        &mut self,
        who: PeerId,
        reader: PeerId,
        text: &str,
        now: &Now,
        out: &mut Out<'_>,
    ) {
        let Some(from) = self.nick(who) else {
            return out(Effect::Tell { to: who, event: Event::NameFirst });
        };
        let to = self.nick(reader).expect("who holds a name has one");
        // What is private stays out of the log, text and all.
        debug!("at={:?} event=whisper id={who} to={reader}", now.stamp.as_str());
        let event = Event::Whispered { from, to, text };
        let is_ignored = self.ignorers(from).contains(&reader);
        if !is_ignored {
            out(Effect::Tell { to: reader, event });
        }
        if reader == who {
            return;
        }
        out(Effect::Tell { to: who, event });
        if !is_ignored {
            let from = from.into();
            self.circle_mut(reader).wrote = Some((who, from));
        }
    }

    pub(super) fn reply(&mut self, who: PeerId, text: &str, now: &Now, out: &mut Out<'_>) {
        let wrote = self.user(who).and_then(|user| user.circle.as_ref()?.wrote.as_ref());
        match wrote {
            None => out(Effect::Tell { to: who, event: Event::Answer(Answer::NoneToReply) }),
            Some(&(reader, _)) if self.nick(reader).is_some() => {
                self.whisper_to(who, reader, text, now, out);
            }
            Some((_, nick)) => out(Effect::Tell { to: who, event: Event::Nobody { nick } }),
        }
    }

    pub(super) fn ignore(&mut self, who: PeerId, name: &str, out: &mut Out<'_>) {
        let Some(own) = self.nick(who) else {
            return out(Effect::Tell { to: who, event: Event::NameFirst });
        };
        // As with a whisper: a name that is drawn alike is that name.
        let holder = self.names.holder(name).and_then(|holder| self.nick(holder));
        let look = self.names.look(holder.unwrap_or(name));
        let nick = clip(name, NICK_BYTES_MAX);
        if look == self.names.look(own) {
            return out(Effect::Tell {
                to: who,
                event: Event::Answer(Answer::Misused { usage: "/ignore NAME" }),
            });
        }
        let user = &mut self.users[who.slot()];
        let ignored = &mut user.circle.get_or_insert_default().ignored;
        let event = match self.ignores.toggle(who, look, ignored) {
            Some(is_ignored) => Event::Answer(Answer::Ignoring { nick, is_ignored }),
            None => Event::Answer(Answer::IgnoresFull),
        };
        out(Effect::Tell { to: who, event });
    }

    /// `who`, now called `nick`, may have ignored that name while it was another's.
    pub(super) fn hear_oneself(&mut self, who: PeerId, nick: &str) {
        let Some(circle) = self.users[who.slot()].circle.as_deref_mut() else { return };
        let look = self.names.look(nick);
        if circle.ignored.contains(&look) {
            self.ignores.toggle(who, look, &mut circle.ignored);
        }
    }

    /// Shows the last `count` lines, but those of whom `who` ignores.
    pub(super) fn show_last(&mut self, who: PeerId, count: Option<usize>, out: &mut Out<'_>) {
        if self.nick(who).is_none() {
            return out(Effect::Tell { to: who, event: Event::NameFirst });
        }
        let count = count.unwrap_or(self.past_lines).min(HISTORY_LINES_MAX);
        let count = self.history.last(count).len();
        out(Effect::Tell { to: who, event: Event::Past { count } });
        self.show_lines(who, count, out);
    }

    /// Shows what was said before `who` comes in as `nick`: what it missed, if it was here lately.
    pub(super) fn show_past(&mut self, who: PeerId, nick: &str, now: &Now, out: &mut Out<'_>) {
        let missed = self.history.come_back(self.names.look(nick), now.mono_ms);
        if !self.users[who.slot()].is_guest || self.past_lines == 0 {
            return;
        }
        let wanted = match missed {
            Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
            None => self.past_lines,
        };
        let kept = self.history.last(wanted).len();
        if let Some(count) = missed {
            out(Effect::Tell { to: who, event: Event::Missed { count, kept } });
        } else if kept > 0 {
            out(Effect::Tell { to: who, event: Event::Past { count: kept } });
        }
        self.show_lines(who, kept, out);
    }

    fn show_lines(&self, who: PeerId, count: usize, out: &mut Out<'_>) {
        let circle = self.user(who).and_then(|user| user.circle.as_deref());
        let ignored = circle.map_or(&[][..], |circle| &circle.ignored);
        for (at, said) in self.history.last(count) {
            let (Event::Said { nick, .. } | Event::Acted { nick, .. }) = said else {
                unreachable!("only what was said or done is kept");
            };
            if ignored.is_empty() || !ignored.contains(&self.names.look(nick)) {
                out(Effect::Tell { to: who, event: Event::Earlier { at, said: &said } });
            }
        }
    }

    fn circle_mut(&mut self, who: PeerId) -> &mut Circle {
        self.users[who.slot()].circle.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::command::Command;
    use crate::clock::Stamp;

    #[test]
    fn who_is_ignored_is_who_a_whisper_to_that_name_would_reach() {
        let now = Now { mono_ms: 0, stamp: Stamp::of(chrono::Local::now()) };
        let (alice, other) = (PeerId::new(0, 1), PeerId::new(1, 2));
        let mut chat = Chat::new(0);
        // In Cyrillic, and only drawn as it stands is it what is typed below.
        for (who, name) in [(alice, "alice"), (other, "гоо")] {
            chat.arrive(who, true, &mut |_| {});
            chat.command(who, Command::Name(name), &now, &mut |_| {});
        }
        for is_ignored in [true, false] {
            let mut answers = Vec::new();
            chat.command(alice, Command::Ignore("Roo"), &now, &mut |effect| {
                let Effect::Tell { event: Event::Answer(answer), .. } = effect else { return };
                answers.push(answer == Answer::Ignoring { nick: "Roo", is_ignored });
            });
            assert_eq!(answers, [true]);
            let mut excepted = Vec::new();
            chat.command(other, Command::Say("hi"), &now, &mut |effect| {
                let Effect::Say { except, .. } = effect else { return };
                excepted.extend_from_slice(except);
            });
            assert_eq!(excepted.contains(&alice), is_ignored);
        }
    }

    #[test]
    fn a_beginning_is_completed_from_all_who_are_here() {
        let now = Now { mono_ms: 0, stamp: Stamp::of(chrono::Local::now()) };
        let mut chat = Chat::new(0);
        for slot in 0..20 {
            let (who, name) = (PeerId::new(slot, 1), format!("Alice{slot}"));
            let name = if slot == 19 { "albert" } else { &name };
            chat.arrive(who, true, &mut |_| {});
            chat.command(who, Command::Name(name), &now, &mut |_| {});
        }
        assert_eq!(chat.names_starting("AL").len(), 20, "the last is not like the others");
        assert_eq!(chat.names_starting("alice1").len(), 10);
    }
}
