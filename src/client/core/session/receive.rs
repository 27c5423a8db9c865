//! Handles messages from the server.

use crate::chat::event::{Answer, Event};
use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::article;
use crate::client::core::bounds::{ANSWER_MS, FINISH_MS, IDS_MAX, PAST_LINES, SAY_BYTES_MAX};
use crate::client::core::command::Command;
use crate::client::core::message::{Body, Message, clean};
use crate::client::core::outbox::Job;
use crate::client::core::session::{Held, News, Outcome, Session, State, Why};
use crate::client::core::wire::Protocol;
use crate::json::{Fields, Object, read};

/// An id before that of every line: everything was said after it.
const FIRST_ID: &str = "0";

impl Session {
    /// Handles a line that may be an object.
    pub(super) fn receive_object(&mut self, line: &[u8], now_ms: u64) {
        let Ok(fields) = read(line) else { return };
        let event = fields.text("type").unwrap_or_default();
        match &*event {
            "hello" => self.greeted(&fields, now_ms),
            "done" => self.done(&fields, now_ms),
            "error" => self.refused(&fields, now_ms),
            "closing" => {
                let is_answer = matches!(self.state, State::Leaving { .. })
                    && fields.text("code").is_some_and(|code| code == "exit");
                if is_answer {
                    self.state = State::Over(Outcome::Left);
                }
                self.closing = fields.text("text").map(|text| clean(&text));
            }
            "said" if self.is_held(&fields) => {
                let id = fields.text("id").map(|id| clean(&id)).unwrap_or_default();
                self.held.push(Held { id, line: line.to_vec() });
            }
            "skipped" => {
                self.told(&event, &fields);
                self.fill_gap(now_ms);
            }
            event => self.told(event, &fields),
        }
    }

    /// Whether a message arrives too early, before the missed lines.
    fn is_held(&self, fields: &Fields<'_>) -> bool {
        let mut flags = fields.texts("flags").into_iter().flatten();
        !self.is_settled && self.held.len() < IDS_MAX && !flags.any(|flag| flag == "earlier")
    }

    /// Handles `hello`, which a server with JSON lines sends, perhaps late.
    fn greeted(&mut self, fields: &Fields<'_>, now_ms: u64) {
        let State::Entering { by_ms, words } = &mut self.state else { return };
        (*by_ms, *words) = (now_ms + ANSWER_MS, None);
        self.is_kept = fields.flag("kept") == Some(true);
        let bytes_max = fields.number("line_bytes_max").unwrap_or(u64::MAX);
        self.text_bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX).min(SAY_BYTES_MAX);
        let mut object = Object::new(&mut self.outgoing);
        object.text("do", "session").text("tag", "session");
        object.text("id", &format!("{:032x}", self.id)).end();
        self.put("name", &Command::Name(self.name.clone()), now_ms);
    }

    /// Sends a command of the client's own.
    fn put(&mut self, tag: &str, command: &Command, now_ms: u64) {
        command.write_json(tag, None, "", &mut self.outgoing);
        self.active_ms = now_ms;
    }

    /// Handles the end of the command with a tag.
    fn done(&mut self, fields: &Fields<'_>, now_ms: u64) {
        let tag = fields.text("tag").unwrap_or_default();
        match &*tag {
            "session" => {
                let twice = self.outbox.resume(fields.number("n").unwrap_or(0));
                if twice > 0 {
                    self.news.push(News::Twice(twice));
                }
            }
            "name" => self.entered(fields, now_ms),
            "room" => self.arrive(now_ms),
            "past" => self.settle(fields.flag("complete") == Some(false), now_ms),
            tag => {
                let job = tag.parse().ok().and_then(|tag| self.outbox.answer(tag));
                if let Some(job) = job {
                    self.answered(job, fields, now_ms);
                }
            }
        }
    }

    /// Handles the acceptance of the name.
    fn entered(&mut self, fields: &Fields<'_>, now_ms: u64) {
        if !matches!(self.state, State::Entering { .. }) {
            return;
        }
        self.take_name(fields);
        self.come_in(now_ms);
        for name in self.place.ignored().map(String::from).collect::<Vec<_>>() {
            self.put("ignore", &Command::Ignore(Some(name)), now_ms);
        }
        if self.place.room() == LOBBY_NAME {
            return self.arrive(now_ms);
        }
        self.put("room", &Command::Join(self.place.room().into()), now_ms);
    }

    fn come_in(&mut self, now_ms: u64) {
        self.state = State::In { since_ms: now_ms };
        self.news.push(if self.was_in { News::Back } else { News::Entered });
        if self.is_kept && !self.was_in {
            self.news.push(News::Kept);
        }
        self.was_in = true;
        self.progress(now_ms);
    }

    fn take_name(&mut self, fields: &Fields<'_>) {
        if let Some(name) = fields.text("name").map(|name| clean(&name)) {
            self.name = name;
        }
    }

    /// Handles the entry into the wanted room: asks who is there, and what was said.
    fn arrive(&mut self, now_ms: u64) {
        if self.is_person {
            self.put("who", &Command::Who, now_ms);
        }
        self.ask_for_past(now_ms);
    }

    /// The server has skipped lines, because this client was too slow: what was said in the room is
    /// asked for again, and shown before what comes from here on.
    fn fill_gap(&mut self, now_ms: u64) {
        if self.is_settled {
            self.ask_for_past(now_ms);
        } else {
            self.has_gap = true;
        }
    }

    /// Asks for what was said in the room after the last line that was seen, or for its last lines.
    fn ask_for_past(&mut self, now_ms: u64) {
        (self.is_settled, self.has_gap) = (false, false);
        let room = self.place.room().to_string();
        let last_id = self.place.last_id().map(String::from);
        self.is_past_hidden = last_id.is_none() && !self.is_person;
        let past = match last_id {
            Some(id) => Command::Since { id, room },
            None if self.is_person => Command::Last(PAST_LINES),
            // Only to know where the session begins.
            None => Command::Last(1),
        };
        self.put("past", &past, now_ms);
    }

    /// Handles the end of the earlier lines, which may be incomplete.
    fn settle(&mut self, is_incomplete: bool, now_ms: u64) {
        match self.place.last_id() {
            None => {
                let room = self.place.room().to_string();
                self.place.begin(&room, FIRST_ID);
            }
            Some(FIRST_ID) => {}
            Some(_) if is_incomplete => self.news.push(News::Missed),
            Some(_) => {}
        }
        self.is_past_hidden = false;
        if self.has_gap {
            return self.ask_for_past(now_ms);
        }
        self.is_settled = true;
        for held in std::mem::take(&mut self.held) {
            self.receive_object(&held.line, now_ms);
        }
    }

    /// Handles the end of a command of the user.
    fn answered(&mut self, job: Job, fields: &Fields<'_>, now_ms: u64) {
        match job.command {
            Command::Name(_) => self.take_name(fields),
            Command::Join(_) | Command::LeaveRoom => self.arrive(now_ms),
            Command::Ignore(Some(name)) => {
                let is_ignored = fields.flag("ignored").unwrap_or(true);
                self.place.ignore(&name, is_ignored);
                self.tell(&Event::Answer(Answer::Ignoring { nick: &name, is_ignored }));
            }
            Command::Ignore(None) if self.listed.is_empty() => {
                self.tell(&Event::Answer(Answer::Ignored { count: 0 }));
            }
            Command::Rooms => {
                self.tell(&Event::Rooms { count: self.listed.len() });
                self.news.extend(self.listed.drain(..).map(News::Told));
            }
            Command::Who | Command::Ignore(None) => self.listed.clear(),
            Command::Topic(_) | Command::Last(_) | Command::Since { .. } => {}
            command => {
                self.progress(now_ms);
                if let Some(words) = command.words().filter(|_| !job.is_delivered) {
                    // The server need not send it back.
                    let body = Body::Said { name: self.name.clone(), text: words.into() };
                    self.news.push(News::Told(Message::now(body)));
                }
            }
        }
    }

    /// Handles the refusal of a command.
    fn refused(&mut self, fields: &Fields<'_>, now_ms: u64) {
        let text = fields.text("text").map(|text| clean(&text)).unwrap_or_default();
        let tag = fields.text("tag").unwrap_or_default();
        match &*tag {
            "name" if matches!(self.state, State::Entering { .. }) => {
                self.name_refused(&text, now_ms);
            }
            "room" if !self.is_person => {
                self.state = State::Over(Outcome::NoConnection(Why::Told(text)));
            }
            "room" => {
                self.say_system(&text);
                // It was meant for the users in that room.
                self.outbox.keep_for(self.place.room());
                self.place.enter(LOBBY_NAME, None);
                self.arrive(now_ms);
            }
            "past" => self.settle(true, now_ms),
            tag => {
                let Some(job) = tag.parse().ok().and_then(|tag| self.outbox.answer(tag)) else {
                    return;
                };
                let Command::Say(line) = job.command else { return self.say_system(&text) };
                if !self.is_person {
                    self.outbox.fail(&line);
                }
                self.news.push(News::NotSaid { line, why: text });
                self.progress(now_ms);
            }
        }
    }

    /// Postpones the deadline for the last lines, because the server answers or the user has
    /// entered.
    fn progress(&mut self, now_ms: u64) {
        self.finish_by_ms = self.finish_by_ms.map(|_| now_ms + FINISH_MS);
    }

    fn say_system(&mut self, text: &str) {
        self.news.push(News::Told(Message::now(Body::of_words(text, self.lang))));
    }

    fn tell(&mut self, event: &Event<'_>) {
        self.news.push(News::Told(Message::of_event(event, self.lang)));
    }

    /// Handles an event.
    fn told(&mut self, event: &str, fields: &Fields<'_>) {
        let text = |field: &str| fields.text(field).map(|text| clean(&text)).unwrap_or_default();
        let mut is_earlier = false;
        match event {
            "said" => {
                let mut flags = fields.texts("flags").into_iter().flatten();
                is_earlier = flags.any(|flag| flag == "earlier");
                let (room, id) = (text("room"), text("id"));
                if is_earlier && self.is_past_hidden {
                    return self.place.begin(&room, &id);
                }
                if let Some(at) = self.held.iter().position(|held| is_earlier && held.id == id) {
                    // It was also sent when it was said, so it is not an earlier line to this user.
                    let line = self.held.remove(at).line;
                    return read(&line).map_or((), |fields| self.told(event, &fields));
                }
                let is_new = self.place.see(&room, &id);
                let is_asked = is_earlier && self.is_asked(|it| matches!(it, Command::Last(_)));
                if !is_new && !is_asked {
                    return;
                }
                if !is_earlier && text("name") == self.name {
                    self.outbox.mark_delivered(&text("text"));
                }
            }
            "whispered" if text("name") == self.name => {
                self.outbox.mark_delivered(&text("text"));
            }
            "renamed" if text("name") == self.name => self.name = text("to"),
            "entered" => {
                let (room, count) = (text("room"), fields.number("count"));
                let is_entering = !self.is_in();
                if !is_entering || room == self.place.room() {
                    self.place.enter(&room, count);
                }
                if is_entering && text("topic").is_empty() {
                    return;
                }
            }
            "people" => return self.people(fields),
            "ignored" if self.is_asked(|it| *it == Command::Ignore(None)) => {
                let count = whole(fields, "count");
                return self.names(&Event::Answer(Answer::Ignored { count }), fields);
            }
            "room" => {
                self.listed.extend(Message::of_fields(event, fields, self.lang));
                return;
            }
            _ => {}
        }
        if !is_earlier {
            self.place.learn(event, fields, &self.name);
        }
        self.news.extend(Message::of_fields(event, fields, self.lang).map(News::Told));
    }

    /// Handles names of users in the room, which the user asked for, or the client for completion.
    fn people(&mut self, fields: &Fields<'_>) {
        self.place.learn("people", fields, &self.name);
        if !self.is_asked(|it| *it == Command::Who) {
            return;
        }
        let room = Some(self.place.room().to_string()).filter(|room| room != LOBBY_NAME);
        let (count, online) = (whole(fields, "count"), whole(fields, "online"));
        self.names(&Event::Present { room: room.as_deref(), count, online }, fields);
    }

    /// Shows some of the names that the user has asked for, the first of them below `heading`.
    fn names(&mut self, heading: &Event<'_>, fields: &Fields<'_>) {
        if self.listed.is_empty() {
            let heading = Message::of_event(heading, self.lang);
            // The heading marks an answer that has begun.
            self.listed.push(heading.clone());
            self.news.push(News::Told(heading));
        }
        let names = fields.texts("names").into_iter().flatten().map(|name| clean(&name));
        let line = names.collect::<Vec<_>>().join(", ");
        self.tell(&Event::Names { line: &line });
    }

    /// Whether the message answers a command of the user for which `is_it` is true.
    fn is_asked(&self, is_it: impl Fn(&Command) -> bool) -> bool {
        self.outbox.first_sent().is_some_and(|job| is_it(&job.command))
    }

    /// Handles a message that is text.
    pub(super) fn receive_text(&mut self, line: &str, now_ms: u64) {
        let is_article = self.wire.protocol() == Protocol::Article;
        match &mut self.state {
            State::Entering { .. } if is_article && line == "OK" => {
                self.wire.be_certain();
                self.come_in(now_ms);
                if self.place.room() != LOBBY_NAME {
                    self.place.enter(LOBBY_NAME, None);
                    self.news.push(News::NoRooms);
                }
            }
            State::Entering { words, .. } => {
                if let Some(told) = article::words(line) {
                    *words = Some(told.into());
                }
            }
            State::Leaving { .. } if line == "exit" => self.state = State::Over(Outcome::Left),
            State::In { .. } | State::Leaving { .. } if line == "OK" => {
                let sent = self.outbox.first_sent();
                if let Some((tag, Command::Name(name))) = sent.map(|job| (job.tag, &job.command)) {
                    self.name.clone_from(name);
                    self.outbox.answer(tag);
                }
            }
            State::In { .. } | State::Leaving { .. } => self.receive_article(line, now_ms),
            State::Nameless | State::Connecting | State::Away { .. } | State::Over(_) => {}
        }
    }

    fn receive_article(&mut self, line: &str, now_ms: u64) {
        let message = article::message(line);
        match &message.body {
            Body::Said { name, text } if *name == self.name => {
                if let Some(tag) = self.outbox.mark_delivered(text) {
                    self.outbox.answer(tag);
                    self.progress(now_ms);
                }
            }
            Body::Said { name, .. } => self.place.remember(name, &self.name),
            Body::System(words) => {
                let words = Body::without_system(words);
                let left = words.strip_prefix("用户").and_then(|it| it.strip_suffix("退出聊天室!"));
                match (words.strip_suffix("加入了聊天"), left) {
                    (Some(name), _) => self.place.remember(name, &self.name),
                    (None, Some(name)) => self.place.forget(name),
                    (None, None) => {}
                }
            }
            _ => {}
        }
        self.news.push(News::Told(message));
    }
}

/// Returns the number in a field; 0 if there is none.
fn whole(fields: &Fields<'_>, field: &str) -> usize {
    usize::try_from(fields.number(field).unwrap_or_default()).unwrap_or(usize::MAX)
}
