//! Checks commands against the state: the result is an answer for the author alone, or an entry.

use std::borrow::Cow;

use log::info;

use crate::chat::Chat;
use crate::chat::command::Command;
use crate::chat::entry::{Entry, RoomName, What};
use crate::chat::event::{CloseReason, Event};
use crate::chat::proposal::{Proposal, Reply};
use crate::chat::rooms::LOBBY_NAME;
use crate::chat::users::User;
use crate::clock::Now;
use crate::ids::{RoomId, UserId};
use crate::limits::NICK_BYTES_MAX;
use crate::text::{Quoted, clip};

impl Chat {
    /// Checks a command of `who` against the current state; returns either an answer for them
    /// alone, or an entry for everyone.
    pub fn propose<'a>(&self, who: UserId, command: Command<'a>, now: &Now) -> Proposal<'a> {
        let answer = |event| Proposal::Answer(Reply::Event(event));
        // Commands that need no name.
        match command {
            Command::Unknown => return answer(Event::NotUnderstood),
            Command::Help => return answer(Event::Help),
            Command::Who => return Proposal::Answer(Reply::Who),
            Command::Rooms => return Proposal::Answer(Reply::Rooms),
            Command::Name(raw) => return self.propose_name(who, raw, now),
            Command::Exit => {
                let what = What::Left { why: CloseReason::Exit };
                return Proposal::Commit(Entry::new(who, None, what, now));
            }
            Command::Tell { to, text } => return self.propose_whisper(who, to, text, now),
            _ => {}
        }
        let Some(user) = self.users.find(who).filter(|user| user.name.is_some()) else {
            return answer(Event::NameFirst);
        };
        let here = Some(self.rooms.get(user.room).name);
        let what = match command {
            Command::Say(text) => What::Said { text },
            Command::Act(text) => What::Acted { text },
            Command::Join(room) => return self.propose_move(who, room, What::Moved, now),
            Command::Enter(room) => return self.propose_move(who, room, What::Entered, now),
            Command::SayIn { room, text, is_act } => {
                let Some(id) = self.room_among(user, room) else {
                    return answer(Event::NotInRoom { room });
                };
                let what = if is_act { What::Acted { text } } else { What::Said { text } };
                return Proposal::Commit(Entry::new(who, Some(self.rooms.get(id).name), what, now));
            }
            Command::Part(room) => return self.propose_part(who, user, room, now),
            Command::Since { after, room } => {
                let Some(room) = room else {
                    return Proposal::Answer(Reply::Since { after, room: None });
                };
                return match self.room_among(user, room) {
                    None => answer(Event::NotInRoom { room }),
                    room => Proposal::Answer(Reply::Since { after, room }),
                };
            }
            Command::LeaveRoom => return self.propose_move(who, LOBBY_NAME, What::Moved, now),
            Command::Topic(None) => return Proposal::Answer(Reply::Topic),
            Command::Topic(Some(text)) => {
                let bytes_max = self.rules.topic_bytes_max;
                if text.trim().len() > bytes_max {
                    return answer(Event::TopicTooLong { bytes_max });
                }
                What::TopicSet { text: text.trim() }
            }
            Command::Reply(text) => return self.propose_reply(who, text, now),
            Command::Ignore(name) => return Proposal::Answer(Reply::Ignore(name)),
            Command::Last(count) => return Proposal::Answer(Reply::Last(count)),
            _ => unreachable!("answered above"),
        };
        Proposal::Commit(Entry::new(who, here, what, now))
    }

    fn propose_name<'a>(&self, who: UserId, raw: &str, now: &Now) -> Proposal<'a> {
        // A log line is not to be longer than what was received.
        let shown = clip(raw, 2 * NICK_BYTES_MAX);
        let name = match self.names.check(raw) {
            Err(fault) => {
                let why = fault.as_str();
                info!("event=refuse id={who} nick={} why={why}", Quoted(shown));
                let free = self.names.suggest(raw);
                return Proposal::Answer(Reply::NameRefused { fault, free });
            }
            Ok(name) => name,
        };
        if !self.names.is_free(name.as_str(), self.users.key(who)) {
            info!("event=refuse id={who} nick={} why=taken", Quoted(shown));
            let free = self.names.suggest(name.as_str());
            return Proposal::Answer(Reply::NameTaken { free });
        }
        let what = What::Named { name: Cow::Owned(name.into()) };
        Proposal::Commit(Entry::new(who, None, what, now))
    }

    fn propose_whisper<'a>(
        &self,
        who: UserId,
        to: &'a str,
        text: &'a str,
        now: &Now,
    ) -> Proposal<'a> {
        if self.nick(who).is_none() {
            return Proposal::Answer(Reply::Event(Event::NameFirst));
        }
        match self.names.holder(to) {
            Some(reader) => {
                let what = What::Whispered { to: self.users.id(reader), text };
                Proposal::Commit(Entry::new(who, None, what, now))
            }
            None => Proposal::Answer(Reply::Event(Event::Nobody { nick: to })),
        }
    }

    fn propose_reply<'a>(&self, who: UserId, text: &'a str, now: &Now) -> Proposal<'a> {
        let relations = self.users.find(who).and_then(|user| user.relations.as_ref());
        match relations.and_then(|relations| relations.wrote.as_ref()) {
            None => Proposal::Answer(Reply::NobodyWrote),
            Some(&(to, _)) if self.nick(to).is_some() => {
                let what = What::Whispered { to, text };
                Proposal::Commit(Entry::new(who, None, what, now))
            }
            Some((_, name)) => Proposal::Answer(Reply::Gone(name.clone())),
        }
    }

    fn propose_part<'a>(
        &self,
        who: UserId,
        user: &User,
        room: Option<&'a str>,
        now: &Now,
    ) -> Proposal<'a> {
        let id = match room {
            None => user.room,
            Some(room) => match self.room_among(user, room) {
                Some(id) => id,
                None => return Proposal::Answer(Reply::Event(Event::NotInRoom { room })),
            },
        };
        if user.rooms().count() == 1 {
            return self.propose_move(who, LOBBY_NAME, What::Moved, now);
        }
        let name = self.rooms.get(id).name;
        Proposal::Commit(Entry::new(who, Some(name), What::Parted, now))
    }

    /// Returns the room called `name`, if `user` is in it.
    fn room_among(&self, user: &User, name: &str) -> Option<RoomId> {
        self.rooms.find(name).filter(|&id| user.rooms().any(|room| room == id))
    }

    fn propose_move<'a>(&self, who: UserId, raw: &str, what: What<'a>, now: &Now) -> Proposal<'a> {
        let user = self.users.find(who).expect("a user with a name is known");
        if let Some(id) = self.rooms.find(raw) {
            let name = self.rooms.get(id).name;
            if user.rooms().any(|room| room == id) {
                return Proposal::Answer(Reply::AlreadyThere(name));
            }
            return Proposal::Commit(Entry::new(who, Some(name), what, now));
        }
        let name = match self.names.check(raw) {
            Ok(name) => RoomName::new(name.as_str()),
            Err(fault) => {
                let event = Event::RoomRefused { fault };
                return Proposal::Answer(Reply::Event(event));
            }
        };
        if !self.may_open_a_room(user, &what) {
            let event = Event::TooManyRooms { rooms_max: self.rules.rooms_max };
            return Proposal::Answer(Reply::Event(event));
        }
        Proposal::Commit(Entry::new(who, Some(name), what, now))
    }
}
