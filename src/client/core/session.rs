//! A user's session, across connections: without clock, socket or screen.
//!
//! Events go in with their time; output and news are taken out. A connection begins with the
//! request for JSON lines. Then the client names the session, takes the name, enters the room and
//! asks for the lines it missed; only then waiting lines are sent ([`Outbox`]). A server that does
//! not send `hello` is assumed to speak the article's protocol: it gets one command at a time, and
//! the next one follows when the line has come back, so that no two meet in one read.

mod receive;

use std::mem;

use fastrand::Rng;

use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::bounds::{
    ANSWER_MS, COMMANDS_MAX, ECHO_MS, FINISH_MS, GOODBYE_MS, HELLO_MS, PASTE_BYTES_MAX,
    RETRY_FIRST_MS, RETRY_MAX_MS, SAY_BYTES_MAX, STALL_MS,
};
use crate::client::core::command::Command;
use crate::client::core::message::{Body, Message};
use crate::client::core::outbox::{Job, Outbox};
use crate::client::core::place::Place;
use crate::client::core::wire::{self, Piece, Protocol, Wire};
use crate::door::lang::Lang;
use crate::json::Object;

pub use crate::client::core::news::{News, Outcome, Why};

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The user has to give a name first.
    Nameless,
    Connecting,
    /// There is a connection. The server has been asked for JSON lines, or given the name.
    Entering {
        by_ms: u64,
        /// The server's last words, which may be the reason for not letting the user in.
        words: Option<String>,
    },
    In {
        since_ms: u64,
    },
    /// `exit` was sent.
    Leaving {
        by_ms: u64,
    },
    /// The connection was lost; the client reconnects at that time.
    Away {
        until_ms: u64,
    },
    Over(Outcome),
}

/// A user's session.
pub struct Session {
    lang: Lang,
    /// 128 random bits, by which a server recognises the session.
    id: u128,
    state: State,
    wire: Wire,
    name: String,
    place: Place,
    /// The room is entered and the missed lines have arrived: waiting lines may be sent.
    is_settled: bool,
    /// The server skipped lines while earlier ones were being requested.
    has_gap: bool,
    /// Earlier lines are requested only to know where the session begins, and are not shown.
    is_past_hidden: bool,
    /// Lines that arrived before all missed lines: they are shown after those.
    held: Vec<Held>,
    /// The lines of an answer that is being received.
    listed: Vec<Message>,
    /// The server's words when it closed the connection.
    closing: Option<String>,
    /// Whether there is a person, who can give another name and wants to see earlier lines.
    is_person: bool,
    /// Whether the user has been in the room: from then on the client reconnects by itself.
    was_in: bool,
    /// Set when nothing more will be said: waiting lines are sent first, but only until this time.
    finish_by_ms: Option<u64>,
    /// Whether the user leaves, whatever is left to be said.
    is_leaving: bool,
    outbox: Outbox,
    /// The maximum length of a text, as told by the server.
    text_bytes_max: usize,
    /// The server keeps what is said.
    is_kept: bool,
    /// When the server last sent something, or was asked something.
    active_ms: u64,
    /// Bytes to be written.
    outgoing: Vec<u8>,
    /// The number of connections, so that a new one is not confused with the last.
    connections: u32,
    /// The number of reconnects since the last connection that lasted.
    attempts: u32,
    random: Rng,
    news: Vec<News>,
}

/// A line that was said while earlier ones are being requested.
struct Held {
    id: String,
    /// The object as it was received.
    line: Vec<u8>,
}

impl Session {
    /// Creates a session that connects at once if there is a name, or asks for one; without a
    /// person to ask, a refused name ends it.
    pub fn new(name: Option<String>, is_person: bool, lang: Lang, mut random: Rng) -> Self {
        Self {
            lang,
            id: random.u128(..),
            state: if name.is_some() { State::Connecting } else { State::Nameless },
            wire: Wire::default(),
            name: name.unwrap_or_default(),
            place: Place::new(None),
            is_settled: false,
            has_gap: false,
            is_past_hidden: false,
            held: Vec::new(),
            listed: Vec::new(),
            closing: None,
            is_person,
            was_in: false,
            finish_by_ms: None,
            is_leaving: false,
            outbox: Outbox::default(),
            text_bytes_max: SAY_BYTES_MAX,
            is_kept: false,
            active_ms: 0,
            outgoing: Vec::new(),
            connections: 1,
            attempts: 0,
            random,
            news: Vec::new(),
        }
    }

    /// Sets the room to enter once the name is accepted.
    #[must_use]
    pub fn start_in(mut self, room: Option<String>) -> Self {
        self.place = Place::new(room);
        self
    }

    /// Returns the room that the user is in, unless it is the lobby.
    pub fn room(&self) -> Option<&str> {
        Some(self.place.room()).filter(|&room| self.is_in() && room != LOBBY_NAME)
    }

    /// Returns the state of the room.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the name as the server shows it; empty if there is none yet.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a name has to be given.
    pub fn is_nameless(&self) -> bool {
        self.state == State::Nameless
    }

    /// Whether the user is in the room.
    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In { .. })
    }

    /// Returns the number of the connection that is needed or in use.
    pub fn connection(&self) -> Option<u32> {
        let is_apart = matches!(self.state, State::Nameless | State::Away { .. } | State::Over(_));
        (!is_apart).then_some(self.connections)
    }

    /// Returns how the session ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        if let State::Over(outcome) = &self.state { Some(outcome) } else { None }
    }

    /// Whether another command is accepted.
    pub fn has_room(&self) -> bool {
        self.outbox.waiting() < COMMANDS_MAX && !self.is_ending()
    }

    /// Whether lines of `bytes` in total are accepted at once.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        self.outbox.waiting_bytes().saturating_add(bytes) <= PASTE_BYTES_MAX && !self.is_ending()
    }

    /// Returns the unconfirmed lines, in order.
    pub fn unconfirmed(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.outbox.lines()
    }

    /// Returns the lines that were not said, as far as is known: the first ones, and the number of
    /// all.
    pub fn report(&self) -> (Vec<String>, usize) {
        self.outbox.report()
    }

    /// Returns the number of lines that may have been said twice.
    pub fn twice(&self) -> usize {
        self.outbox.twice()
    }

    /// Takes the news to be shown.
    pub fn take_news(&mut self) -> Vec<News> {
        mem::take(&mut self.news)
    }

    /// Requests `name`: the first or another one.
    pub fn give_name(&mut self, name: &str, now_ms: u64) {
        let name = name.split_whitespace().next().unwrap_or_default().to_string();
        if self.is_in() {
            return self.ask(Command::Name(name), now_ms);
        }
        self.name = name;
        if matches!(self.state, State::Nameless | State::Away { .. } | State::Entering { .. }) {
            self.connect();
        }
    }

    /// Sends `command`, or queues it until the user is in the room.
    pub fn ask(&mut self, command: Command, now_ms: u64) {
        if !self.is_ending() {
            self.outbox.push(command);
            self.send_next(now_ms);
        }
    }

    /// Leaves once the waiting lines are said.
    pub fn finish(&mut self, now_ms: u64) {
        if self.is_ending() {
            return;
        }
        self.finish_by_ms = Some(now_ms + FINISH_MS);
        match self.state {
            State::Nameless => self.state = State::Over(Outcome::Left),
            State::Away { .. } if self.outbox.is_empty() => self.end_away(Why::Closed),
            _ => self.send_next(now_ms),
        }
    }

    /// Leaves, whatever is left to be said; at once if it is leaving already.
    pub fn leave(&mut self, now_ms: u64) {
        self.is_leaving = true;
        if self.is_in() {
            self.send_next(now_ms);
        } else if !matches!(self.state, State::Over(_)) {
            self.state = State::Over(Outcome::Left);
        }
    }

    fn is_ending(&self) -> bool {
        self.finish_by_ms.is_some() || self.is_leaving
    }

    /// Notes that the connection is made.
    pub fn connected(&mut self, now_ms: u64) {
        self.wire = Wire::default();
        self.outgoing = wire::ASK.to_vec();
        (self.is_settled, self.closing) = (false, None);
        self.listed.clear();
        self.held.clear();
        self.state = State::Entering { by_ms: now_ms + HELLO_MS, words: None };
    }

    /// Handles the bytes of one read.
    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        self.active_ms = now_ms;
        let mut pieces = Vec::new();
        self.wire.decode(bytes, &mut pieces);
        for piece in pieces {
            match piece {
                Piece::Object(line) => self.receive_object(&line, now_ms),
                Piece::Text(line) => self.receive_text(&line, now_ms),
            }
        }
        if let State::Leaving { by_ms } = &mut self.state {
            *by_ms = now_ms + GOODBYE_MS;
        }
        self.send_next(now_ms);
    }

    /// Notes that the connection could not be made, or has ended.
    pub fn lost(&mut self, why: Why, now_ms: u64) {
        self.outgoing.clear();
        let closing = self.closing.take();
        let why = match mem::replace(&mut self.state, State::Connecting) {
            // A full server says so and closes.
            State::Entering { words, .. } => match closing.or(words) {
                Some(words) => Why::Told(words),
                None => why,
            },
            State::Leaving { .. } => return self.state = State::Over(Outcome::Left),
            over @ State::Over(_) => return self.state = over,
            State::In { since_ms } => {
                if now_ms - since_ms >= RETRY_MAX_MS {
                    self.attempts = 0;
                }
                closing.map_or(why, Why::Failed)
            }
            State::Nameless | State::Connecting | State::Away { .. } => why,
        };
        if self.wire.protocol() == Protocol::Article {
            self.give_up_sent();
        } else {
            self.outbox.lose();
        }
        self.retry(why, now_ms);
    }

    /// Returns the bytes to be written; call [`Session::wrote`] with the number of bytes that were.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// Notes that the first `bytes` of the output have been written.
    pub fn wrote(&mut self, bytes: usize, now_ms: u64) {
        self.outgoing.drain(..bytes);
        self.send_next(now_ms);
    }

    /// Returns when [`Session::tick`] is due.
    pub fn deadline_ms(&self) -> Option<u64> {
        let finish_by_ms = self.finish_by_ms.filter(|_| self.was_in);
        let due_ms = match self.state {
            State::Entering { by_ms, .. } | State::Leaving { by_ms } => Some(by_ms),
            State::Away { until_ms } => Some(until_ms),
            State::In { .. } => self.answer_due_ms(),
            State::Connecting => None,
            State::Nameless | State::Over(_) => return None,
        };
        due_ms.into_iter().chain(finish_by_ms).min()
    }

    /// Returns by when the server must have answered what it was asked in the room.
    fn answer_due_ms(&self) -> Option<u64> {
        let (is_waited_for, within_ms) = match self.wire.protocol() {
            Protocol::Article => (self.outbox.is_waited_for(), ECHO_MS),
            _ => (self.outbox.is_waited_for() || !self.is_settled, STALL_MS),
        };
        is_waited_for.then_some(self.active_ms + within_ms)
    }

    /// Does what is due.
    pub fn tick(&mut self, now_ms: u64) {
        if self.deadline_ms().is_none_or(|due_ms| now_ms < due_ms) {
            return;
        }
        if self.was_in && self.finish_by_ms.is_some_and(|by_ms| by_ms <= now_ms) {
            return self.end_away(Why::Silent);
        }
        match &mut self.state {
            State::Away { .. } => self.connect(),
            State::Leaving { .. } => self.state = State::Over(Outcome::Left),
            State::Entering { by_ms, words } => {
                if self.wire.protocol() != Protocol::Unknown {
                    return self.lost(Why::Silent, now_ms);
                }
                // There was no `hello`: the data so far was the answer to the request for it.
                (*by_ms, *words) = (now_ms + ANSWER_MS, None);
                self.wire.take_for_article();
                let name = Command::Name(self.name.clone());
                self.outgoing.extend(name.article().unwrap_or_default().into_bytes());
            }
            State::In { .. } if self.wire.protocol() == Protocol::Article => {
                self.give_up_sent();
                self.send_next(now_ms);
            }
            State::In { .. } => self.lost(Why::Silent, now_ms),
            State::Nameless | State::Connecting | State::Over(_) => {}
        }
    }

    /// At a server that does not count lines, it is unknown whether the sent lines were said.
    fn give_up_sent(&mut self) {
        self.news.extend(self.outbox.give_up_sent().into_iter().map(News::Unsure));
    }

    /// Appends the commands that may be sent now to the output.
    fn send_next(&mut self, now_ms: u64) {
        let is_article = self.wire.protocol() == Protocol::Article;
        if !self.is_in() || (is_article && !self.outgoing.is_empty()) {
            return;
        }
        if is_article && !self.is_leaving {
            self.send_one(now_ms);
        } else if self.is_settled && !self.is_leaving {
            while let Some(job) = self.outbox.next(self.place.room(), self.text_bytes_max) {
                let (tag, room) = (job.tag.to_string(), job.room.as_deref());
                let room = room.unwrap_or_default();
                job.command.write_json(&tag, job.number, room, &mut self.outgoing);
                self.active_ms = now_ms;
            }
        }
        let is_done = self.finish_by_ms.is_some() && self.outbox.is_empty();
        let is_up_to_date = self.is_settled || is_article;
        if self.is_leaving || (is_done && is_up_to_date && self.outgoing.is_empty()) {
            match self.wire.protocol() {
                Protocol::Json => Object::new(&mut self.outgoing).text("do", "exit").end(),
                _ => self.outgoing.extend_from_slice(b"exit\n"),
            }
            self.state = State::Leaving { by_ms: now_ms + GOODBYE_MS };
        }
    }

    /// Appends one command for the article's server to the output.
    fn send_one(&mut self, now_ms: u64) {
        while !self.outbox.is_waited_for() {
            let Some(job) = self.outbox.next(LOBBY_NAME, SAY_BYTES_MAX) else { return };
            if let Some(command) = job.command.article() {
                self.outgoing = command.into_bytes();
                self.active_ms = now_ms;
            } else {
                let tag = job.tag;
                self.outbox.answer(tag);
                self.news.push(News::Unsupported);
            }
        }
    }

    fn name_refused(&mut self, why: &str, now_ms: u64) {
        let why = Body::without_system(why).to_string();
        if self.was_in {
            // Probably taken by our own previous connection, if the server does not support
            // sessions.
            self.outbox.lose();
            self.retry(Why::Told(why), now_ms);
        } else if self.is_person {
            self.state = State::Nameless;
            let name = mem::take(&mut self.name);
            self.news.push(News::NameRefused { name, why });
        } else {
            self.state = State::Over(Outcome::NameRefused(why));
        }
    }

    fn connect(&mut self) {
        self.connections += 1;
        self.state = State::Connecting;
    }

    /// Schedules a reconnect: the delay grows with the number of attempts, and is random for each
    /// client ("full jitter"), so that not all clients return to a server at once.
    fn retry(&mut self, why: Why, now_ms: u64) {
        let is_done = self.finish_by_ms.is_some() && self.outbox.is_empty();
        if self.is_leaving || is_done || !self.was_in {
            return self.end_away(why);
        }
        let most_ms = RETRY_MAX_MS.min(RETRY_FIRST_MS << self.attempts.min(16));
        let retry_ms = self.random.u64(..=most_ms);
        self.attempts += 1;
        self.state = State::Away { until_ms: now_ms + retry_ms };
        self.news.push(News::Lost { why, retry_ms });
    }

    fn end_away(&mut self, why: Why) {
        let is_done = self.was_in && self.outbox.is_empty();
        let outcome = if is_done { Outcome::Left } else { Outcome::NoConnection(why) };
        self.state = State::Over(outcome);
    }
}

#[cfg(test)]
mod tests;
