//! The chat itself: who is here, under which name, and what comes of a command.
//!
//! Pure state: commands and a moment go in, [`Effect`]s come out, each while what it tells of is
//! still at hand. No wire, no byte, no connection is known here.

pub mod command;
pub mod event;
pub mod history;
pub mod ignores;
pub mod names;
pub mod presence;
mod skeleton;
mod talk;

use std::collections::BTreeMap;

use log::info;

use crate::chat::command::Command;
use crate::chat::event::{Answer, Effect, Event, Farewell, Out};
use crate::chat::history::History;
use crate::chat::ignores::Ignores;
use crate::chat::names::Names;
use crate::chat::presence::{Presence, Window};
use crate::chat::talk::Manner;
use crate::clock::Now;
use crate::ids::{LOBBY, PeerId};
use crate::text::Quoted;

/// A line of names is about as wide as a terminal.
const NAMES_LINE_BYTES: usize = 72;
/// Lines of names that are sent before the peer has to have taken them.
const NAMES_LINES: usize = 20;

/// Everyone who is connected, and the room.
pub struct Chat {
    /// By the slot of their id.
    users: Vec<User>,
    names: Names,
    presence: Presence,
    /// How many have a name: those in the room.
    present: usize,
    /// Who is in the middle of a long list of names, and the slot at which it goes on.
    listings: BTreeMap<PeerId, usize>,
    ignores: Ignores,
    history: History,
    /// Lines of it that a newcomer is shown; 0 keeps none.
    past_lines: usize,
}

#[derive(Default)]
struct User {
    /// Whose slot this is: a birth number, or 0 for nobody's.
    birth: u32,
    /// If its coming has been gathered and not told yet: when that was.
    window: Window,
    nick: Option<Box<str>>,
    /// It is greeted, and shown what was said before.
    is_guest: bool,
    circle: Option<Box<Circle>>,
}

/// What somebody has to do with others; most have none.
#[derive(Default)]
struct Circle {
    /// Who last said something to it in private, and the name of then.
    wrote: Option<(PeerId, Box<str>)>,
    /// The looks of the names that it ignores.
    ignored: Vec<u64>,
}

impl Chat {
    /// An empty room, in which newcomers are shown `past_lines` lines of what was said before.
    pub fn new(past_lines: usize) -> Self {
        Self {
            users: Vec::new(),
            names: Names::new(),
            presence: Presence::new(LOBBY),
            present: 0,
            listings: BTreeMap::new(),
            ignores: Ignores::default(),
            history: History::default(),
            past_lines,
        }
    }

    /// Somebody is connected: without a name, in no room. A guest is greeted, and later shown what
    /// was said before.
    pub fn arrive(&mut self, who: PeerId, is_guest: bool, out: &mut Out<'_>) {
        if who.slot() >= self.users.len() {
            self.users.resize_with(who.slot() + 1, User::default);
        }
        let user = &mut self.users[who.slot()];
        assert_eq!(user.birth, 0, "a slot is used again only after its user departed");
        user.birth = who.generation();
        user.is_guest = is_guest;
        if is_guest {
            self.welcome(who, out);
        }
    }

    /// `who` asked for something. Nothing comes of it if they are gone.
    pub fn command(&mut self, who: PeerId, command: Command<'_>, now: &Now, out: &mut Out<'_>) {
        if self.user(who).is_none() {
            return;
        }
        let mut tell = |event| out(Effect::Tell { to: who, event });
        match command {
            Command::Unknown => tell(Event::NotUnderstood),
            Command::Help => tell(Event::Help),
            Command::Who => self.list(who, out),
            Command::Name(raw) => self.name(who, raw, now, out),
            Command::Exit => self.exit(who, now, out),
            Command::Say(text) => self.speak(who, text, Manner::Say, now, out),
            Command::Act(text) => self.speak(who, text, Manner::Act, now, out),
            Command::Tell { to, text } => self.whisper(who, to, text, now, out),
            Command::Reply(text) => self.reply(who, text, now, out),
            Command::Ignore(name) => self.ignore(who, name, out),
            Command::Last(count) => self.show_last(who, count, out),
            Command::Misused { usage } => tell(Event::Answer(Answer::Misused { usage })),
            Command::Ambiguous { word, like } => {
                tell(Event::Answer(Answer::Ambiguous { word, like }));
            }
            Command::NoSuch { word, near } => tell(Event::Answer(Answer::NoSuch { word, near })),
            Command::Set(_) => unreachable!("how things are shown is not the chat's affair"),
        }
    }

    /// `who` sent a line that was too long to be a command.
    pub fn too_long(&self, who: PeerId, bytes_max: usize, out: &mut Out<'_>) {
        out(Effect::Tell { to: who, event: Event::LineTooLong { bytes_max } });
    }

    /// `who` has been sent the beginning of a long answer, and now gets on with it.
    pub fn resume(&mut self, who: PeerId, out: &mut Out<'_>) {
        if let Some(from) = self.listings.remove(&who) {
            self.list_from(who, from, out);
        }
    }

    /// `who` is gone: the others see it, the name is free.
    pub fn depart(&mut self, who: PeerId, why: Farewell, now: &Now, out: &mut Out<'_>) {
        let Some(user) = self.user_mut(who) else { return };
        let User { nick, window, circle, .. } = std::mem::take(user);
        self.listings.remove(&who);
        if let Some(circle) = circle {
            self.ignores.forget(who, &circle.ignored);
        }
        let Some(nick) = nick else { return };
        if self.past_lines > 0 {
            self.history.leave(self.names.look(&nick), now.mono_ms);
        }
        self.names.release(&nick, who);
        self.present -= 1;
        let (at, why) = (now.stamp.as_str(), why.as_str());
        info!("at={at:?} event=leave id={who} nick={} why={why}", Quoted(&nick));
        self.presence.leave(who, &nick, window, now, out);
        out(Effect::Leave { user: who, room: LOBBY });
    }

    /// Everyone is told that the server stops, and leaves; nobody is told of those who leave.
    pub fn shut_down(&mut self, now: &Now, out: &mut Out<'_>) {
        self.presence.tell_gathered(now, out);
        let event = Event::ShuttingDown;
        out(Effect::Say { room: LOBBY, event, except: &[] });
        for (slot, user) in self.users.iter().enumerate().filter(|(_, user)| user.birth != 0) {
            let user_id = PeerId::new(slot, user.birth);
            match user.nick {
                Some(_) => out(Effect::Leave { user: user_id, room: LOBBY }),
                None => out(Effect::Tell { to: user_id, event }),
            }
            out(Effect::Close { user: user_id, why: Farewell::ShuttingDown });
        }
    }

    /// When comings and goings have to be summed up.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.presence.deadline_ms()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: &Now, out: &mut Out<'_>) {
        self.presence.tick(now, out);
    }

    /// How many have a name.
    pub fn present(&self) -> usize {
        self.present
    }

    /// The name of `who`, if they are here and have one.
    pub fn nick(&self, who: PeerId) -> Option<&str> {
        self.user(who)?.nick.as_deref()
    }

    fn user(&self, who: PeerId) -> Option<&User> {
        self.users.get(who.slot()).filter(|user| user.birth == who.generation())
    }

    fn user_mut(&mut self, who: PeerId) -> Option<&mut User> {
        self.users.get_mut(who.slot()).filter(|user| user.birth == who.generation())
    }

    fn name(&mut self, who: PeerId, raw: &str, now: &Now, out: &mut Out<'_>) {
        let at = now.stamp.as_str();
        let nick = match self.names.check(raw) {
            Err(fault) => {
                info!("at={at:?} event=refuse id={who} nick={} why={fault:?}", Quoted(raw));
                let free = &self.names.suggest(raw);
                return out(Effect::Tell { to: who, event: Event::NameRefused { fault, free } });
            }
            Ok(nick) => nick,
        };
        let new = nick.as_str();
        if !self.names.is_free(new, Some(who)) {
            info!("at={at:?} event=refuse id={who} nick={} why=Taken", Quoted(raw));
            let free = &self.names.suggest(new);
            return out(Effect::Tell { to: who, event: Event::NameTaken { free } });
        }
        let user = self.user_mut(who).expect("who commands is here");
        let old = user.nick.replace(new.into());
        if let Some(old) = &old {
            self.names.release(old, who);
        }
        self.names.take(new, who);
        self.hear_oneself(who, new);
        match old.as_deref() {
            None => {
                info!("at={at:?} event=join id={who} nick={}", Quoted(new));
                self.present += 1;
                let window = self.presence.join(who, new, now, out);
                self.users[who.slot()].window = window;
                out(Effect::Tell { to: who, event: Event::Accepted });
                self.show_past(who, new, now, out);
                out(Effect::Enter { user: who, room: LOBBY });
            }
            Some(old) => {
                info!("at={at:?} event=rename id={who} nick={} was={}", Quoted(new), Quoted(old));
                if old != new {
                    let window = self.users[who.slot()].window;
                    self.presence.rename(who, [old, new], window, out);
                }
                // `OK` says nothing to a person.
                let is_guest = self.users[who.slot()].is_guest;
                let event = if is_guest { Event::Renamed { old, new } } else { Event::Accepted };
                out(Effect::Tell { to: who, event });
            }
        }
    }

    fn exit(&mut self, who: PeerId, now: &Now, out: &mut Out<'_>) {
        self.depart(who, Farewell::Exit, now, out);
        out(Effect::Tell { to: who, event: Event::Goodbye });
        out(Effect::Close { user: who, why: Farewell::Exit });
    }

    fn list(&mut self, who: PeerId, out: &mut Out<'_>) {
        out(Effect::Tell { to: who, event: Event::Present { count: self.present } });
        self.list_from(who, 0, out);
    }

    /// Shows the names from slot `from` on: one screenful, the rest when that is sent.
    fn list_from(&mut self, who: PeerId, from: usize, out: &mut Out<'_>) {
        let mut tell = |line: &str| out(Effect::Tell { to: who, event: Event::Names { line } });
        let mut line = String::new();
        let mut lines = 0;
        for (slot, user) in self.users.iter().enumerate().skip(from) {
            let Some(nick) = &user.nick else { continue };
            if line.len() + nick.len() > NAMES_LINE_BYTES {
                tell(&line);
                line.clear();
                lines += 1;
                if lines == NAMES_LINES {
                    self.listings.insert(who, slot);
                    return out(Effect::More { to: who });
                }
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(nick);
        }
        if !line.is_empty() {
            tell(&line);
        }
    }
}
