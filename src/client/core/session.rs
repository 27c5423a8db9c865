//! One person's stay in the room over however many connections: no clock, no socket, no screen.
//!
//! What happens goes in with its moment; what is to be sent and shown is taken out. One command is
//! under way at a time: the next one follows when the server has answered, so that no two meet in
//! one read of a server that frames nothing, and nobody talks faster than they are heard.

use std::collections::VecDeque;
use std::mem;

use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;

use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::bounds::{
    ANSWER_MS, COMMANDS_MAX, ECHO_MS, GOODBYE_MS, REFUSAL_MS, RETRY_FIRST_MS, RETRY_MAX_MS,
};
use crate::client::core::door::{Command, Decoder, Door, Heard};
use crate::client::core::message::{Body, Change, Message, word_of};
use crate::client::core::whereabouts::Whereabouts;

pub use crate::client::core::news::{News, Outcome, Why};

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Somebody has to give a name first.
    Nameless,
    Connecting,
    /// There is a connection, and the name is not taken yet.
    Naming {
        by_ms: u64,
        /// The name has been sent: at the telnet door it is asked for first.
        is_sent: bool,
        /// What came instead of `OK`.
        refusal: Option<String>,
    },
    In {
        since_ms: u64,
    },
    /// `exit` was sent.
    Leaving {
        by_ms: u64,
    },
    /// The connection was lost and is made again at that moment.
    Away {
        until_ms: u64,
    },
    Over(Outcome),
}

/// What has to come before the next command is sent.
#[derive(Debug)]
struct Awaited {
    /// The line that the server sends back to who said it; anything will do if none.
    echo: Option<String>,
    until_ms: u64,
}

/// One person's stay in the room.
pub struct Session {
    door: Door,
    decoder: Decoder,
    state: State,
    name: String,
    /// The name that the server was last asked for while in the room.
    new_name: Option<String>,
    whereabouts: Whereabouts,
    /// Somebody is there to give another name.
    may_ask: bool,
    /// The person was in the room at some time: from then on it comes back by itself.
    was_in: bool,
    /// Nothing more will be said: what waits is sent, then it leaves.
    is_ending: bool,
    queue: VecDeque<Command>,
    awaited: Option<Awaited>,
    /// What of a command has not been written yet.
    outgoing: Vec<u8>,
    /// Counts connections, so that a new one is not taken for the last.
    connections: u32,
    /// Attempts to come back since the last stay that lasted.
    attempts: u32,
    random: Rng,
    news: Vec<News>,
}

impl Session {
    /// A stay that begins with connecting if there is a name, or with asking for one; without
    /// anybody to ask (`may_ask`), a refused name ends it.
    pub fn new(door: Door, name: Option<String>, may_ask: bool, random: Rng) -> Self {
        Self {
            door,
            decoder: Decoder::new(door),
            state: if name.is_some() { State::Connecting } else { State::Nameless },
            name: name.map_or_else(String::new, |name| as_kept(&name)),
            new_name: None,
            whereabouts: Whereabouts::default(),
            may_ask,
            was_in: false,
            is_ending: false,
            queue: VecDeque::new(),
            awaited: None,
            outgoing: Vec::new(),
            connections: 1,
            attempts: 0,
            random,
            news: Vec::new(),
        }
    }

    /// The same, but in `room` once the name is accepted.
    #[must_use]
    pub fn start_in(mut self, room: Option<String>) -> Self {
        self.whereabouts = Whereabouts::starting_in(room);
        self
    }

    /// The room that the person is in, unless it is the lobby.
    pub fn room(&self) -> Option<&str> {
        self.whereabouts.room().filter(|_| self.is_in())
    }

    /// The name, as the server shows it; empty if there is none yet.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which of the server's doors that is.
    pub fn door(&self) -> Door {
        self.door
    }

    /// Whether a name has to be given.
    pub fn is_nameless(&self) -> bool {
        self.state == State::Nameless
    }

    /// Whether the person is in the room.
    pub fn is_in(&self) -> bool {
        matches!(self.state, State::In { .. })
    }

    /// The number of the connection that there has to be, or that has to be made.
    pub fn connection(&self) -> Option<u32> {
        let is_apart = matches!(self.state, State::Nameless | State::Away { .. } | State::Over(_));
        (!is_apart).then_some(self.connections)
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        if let State::Over(outcome) = &self.state { Some(outcome) } else { None }
    }

    /// Whether another command is taken.
    pub fn has_room(&self) -> bool {
        self.queue.len() < COMMANDS_MAX && !self.is_ending
    }

    /// How much waits to be sent.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// What is to be shown, since this was last asked.
    pub fn take_news(&mut self) -> Vec<News> {
        mem::take(&mut self.news)
    }

    /// Asks for `name`: to enter with, or another one.
    pub fn give_name(&mut self, name: &str, now_ms: u64) {
        let name = as_kept(name);
        if self.is_in() {
            return self.ask(Command::Name(name), now_ms);
        }
        self.name = name;
        if matches!(self.state, State::Nameless | State::Away { .. } | State::Naming { .. }) {
            self.connect();
        }
    }

    /// Asks for something else; it waits until the person is in the room.
    pub fn ask(&mut self, command: Command, now_ms: u64) {
        if self.has_room() {
            self.queue.push_back(command);
            self.send_next(now_ms);
        }
    }

    /// Says what is left, then leaves.
    pub fn finish(&mut self, now_ms: u64) {
        if self.is_ending {
            return;
        }
        self.is_ending = true;
        match self.state {
            State::Nameless => self.state = State::Over(Outcome::Left),
            State::Away { .. } => self.end_away(Why::Closed),
            _ => self.send_next(now_ms),
        }
    }

    /// Leaves, whatever is left to be said; at once if it is leaving already.
    pub fn leave(&mut self, now_ms: u64) {
        self.queue.clear();
        self.whereabouts.stay();
        self.awaited = None;
        self.is_ending = true;
        if self.is_in() {
            self.send_next(now_ms);
        } else if !matches!(self.state, State::Over(_)) {
            self.state = State::Over(Outcome::Left);
        }
    }

    /// There is a connection.
    pub fn connected(&mut self, now_ms: u64) {
        self.decoder = Decoder::new(self.door);
        let is_sent = self.door == Door::Classic;
        if is_sent {
            self.outgoing = self.door.encode(&Command::Name(self.name.clone()));
        }
        self.state = State::Naming { by_ms: now_ms + ANSWER_MS, is_sent, refusal: None };
    }

    /// One read brought `bytes`.
    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        let mut heard = Vec::new();
        self.decoder.decode(bytes, &mut heard);
        heard.into_iter().for_each(|heard| self.hear(heard, now_ms));
        if let State::Leaving { by_ms } = &mut self.state {
            *by_ms = now_ms + GOODBYE_MS;
        }
        self.send_next(now_ms);
    }

    /// The connection could not be made, or has ended.
    pub fn lost(&mut self, why: Why, now_ms: u64) {
        let mut heard = Vec::new();
        self.decoder.finish(&mut heard);
        heard.into_iter().for_each(|heard| self.hear(heard, now_ms));
        self.outgoing.clear();
        let why = match mem::replace(&mut self.state, State::Connecting) {
            // Who is full says so and closes.
            State::Naming { refusal: Some(refusal), .. } => Why::Told(word_of(&refusal).into()),
            State::Leaving { .. } => return self.state = State::Over(Outcome::Left),
            over @ State::Over(_) => return self.state = over,
            State::In { since_ms } => {
                if now_ms - since_ms >= RETRY_MAX_MS {
                    self.attempts = 0;
                }
                why
            }
            _ => why,
        };
        if let Some(Awaited { echo: Some(text), .. }) = self.awaited.take() {
            // Nobody knows whether it was heard: twice is better than never.
            self.queue.push_front(Command::Say(text));
        }
        self.whereabouts.lose();
        self.retry(why, now_ms);
    }

    /// What is to be written; it is told by [`Session::wrote`] how much of it was.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// The first `bytes` of what is to be written have been.
    pub fn wrote(&mut self, bytes: usize, now_ms: u64) {
        self.outgoing.drain(..bytes);
        self.send_next(now_ms);
    }

    /// When [`Session::tick`] has something to do.
    pub fn deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Naming { by_ms, .. } | State::Leaving { by_ms } => Some(by_ms),
            State::Away { until_ms } => Some(until_ms),
            State::In { .. } => {
                let is_waited_for = self.is_ending || !self.queue.is_empty();
                let awaited = self.awaited.as_ref().filter(|_| is_waited_for);
                let unanswered_ms = self.unanswered_ms();
                awaited.map(|awaited| awaited.until_ms).into_iter().chain(unanswered_ms).min()
            }
            State::Nameless | State::Connecting | State::Over(_) => None,
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now_ms: u64) {
        if self.deadline_ms().is_none_or(|due_ms| now_ms < due_ms) {
            return;
        }
        match &mut self.state {
            State::Away { .. } => self.connect(),
            State::Leaving { .. } => self.state = State::Over(Outcome::Left),
            State::Naming { refusal: None, .. } | State::Naming { is_sent: false, .. } => {
                self.lost(Why::Silent, now_ms);
            }
            State::Naming { refusal: Some(refusal), .. } => {
                let refusal = mem::take(refusal);
                self.name_refused(&refusal, now_ms);
            }
            State::In { .. } => {
                if self.unanswered_ms().is_some_and(|due_ms| due_ms <= now_ms) {
                    self.whereabouts.stay();
                    self.news.push(News::NoRooms);
                }
                self.send_next(now_ms);
            }
            State::Nameless | State::Connecting | State::Over(_) => {}
        }
    }

    fn hear(&mut self, heard: Heard, now_ms: u64) {
        match (heard, &mut self.state) {
            (Heard::Accepted, State::Naming { refusal, .. }) => {
                // Then it was a greeting.
                self.news.extend(refusal.take().map(News::Line));
                self.state = State::In { since_ms: now_ms };
                self.whereabouts.come_in();
                let was_in = mem::replace(&mut self.was_in, true);
                self.news.push(if was_in { News::Back } else { News::Entered });
            }
            (Heard::Accepted, _) => {
                if let Some(name) = self.new_name.take() {
                    self.name = name;
                }
                self.answered(None);
            }
            (Heard::Asked, State::Naming { by_ms, is_sent, refusal }) => {
                *by_ms = now_ms + ANSWER_MS;
                let line = refusal.take();
                if mem::replace(is_sent, true) {
                    return self.name_refused(&line.unwrap_or_default(), now_ms);
                }
                self.news.extend(line.map(News::Line));
                self.outgoing = self.door.encode(&Command::Name(self.name.clone()));
            }
            (Heard::Goodbye, State::Leaving { .. }) => self.state = State::Over(Outcome::Left),
            (Heard::Prompt(room), State::In { .. }) => self.whereabouts.arrive(&room),
            (Heard::Asked | Heard::Goodbye | Heard::Prompt(_), _) => {}
            (Heard::Line(line), State::Naming { by_ms, is_sent, refusal }) => {
                if refusal.is_none() {
                    if *is_sent {
                        *by_ms = now_ms + REFUSAL_MS;
                    }
                    *refusal = Some(line);
                }
            }
            (Heard::Line(line), _) => {
                // The telnet door says it in words.
                let is_taken = |new: &mut String| is_renaming(&line, &self.name, new);
                if let Some(name) = self.new_name.take_if(is_taken) {
                    self.name = name;
                }
                self.answered(Some(&line));
                let has_no_rooms = match Message::parse(&line).body {
                    Body::System(word) => self.whereabouts.hear(word),
                    _ => false,
                };
                self.news.push(if has_no_rooms { News::NoRooms } else { News::Line(line) });
            }
        }
    }

    /// When a server that frames nothing, as natter never does, has not answered to a room for so
    /// long that it knows of none.
    fn unanswered_ms(&self) -> Option<u64> {
        self.whereabouts.sent_ms().filter(|_| self.decoder.frames_nothing()).map(|ms| ms + ECHO_MS)
    }

    /// `line`, or a word, came: perhaps it is what was waited for.
    fn answered(&mut self, line: Option<&str>) {
        let Some(awaited) = &self.awaited else { return };
        let is_it = awaited.echo.as_ref().is_none_or(|echo| match line.map(Message::parse) {
            Some(Message { body: Body::Said { nick, text }, .. }) => {
                nick == self.name && text == echo
            }
            _ => false,
        });
        if is_it {
            self.awaited = None;
        }
    }

    /// Puts the next command into what is written, if its time has come.
    fn send_next(&mut self, now_ms: u64) {
        if !self.is_in() || !self.outgoing.is_empty() {
            return;
        }
        if self.awaited.as_ref().is_some_and(|awaited| now_ms < awaited.until_ms) {
            return;
        }
        self.awaited = None;
        let room = self.whereabouts.next();
        let Some(command) = room.map(Command::Join).or_else(|| self.queue.pop_front()) else {
            if self.is_ending {
                if self.unanswered_ms().is_some() {
                    self.news.push(News::NoRooms);
                }
                self.outgoing = self.door.encode(&Command::Exit);
                self.state = State::Leaving { by_ms: now_ms + GOODBYE_MS };
            }
            return;
        };
        self.outgoing = self.door.encode(&command);
        match &command {
            Command::Name(name) => self.new_name = Some(name.clone()),
            Command::Join(room) => self.whereabouts.ask(room, now_ms),
            Command::LeaveRoom => self.whereabouts.ask(LOBBY_NAME, now_ms),
            _ => {}
        }
        let echo = if let Command::Say(text) = command { Some(text) } else { None };
        self.awaited = Some(Awaited { echo, until_ms: now_ms + ECHO_MS });
    }

    fn name_refused(&mut self, refusal: &str, now_ms: u64) {
        let why = word_of(refusal).to_string();
        if self.was_in {
            // Most likely by this one's own last connection, which the server does not know to be
            // gone.
            self.retry(Why::Told(why), now_ms);
        } else if self.may_ask {
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

    /// Comes back after a while: the longer it has been in vain, the longer, and each client at
    /// its own time ("full jitter"), or all would come back to a server at once.
    fn retry(&mut self, why: Why, now_ms: u64) {
        if self.is_ending || !self.was_in {
            return self.end_away(why);
        }
        let most_ms = RETRY_MAX_MS.min(RETRY_FIRST_MS << self.attempts.min(16));
        let retry_ms = self.random.u64(..=most_ms);
        self.attempts += 1;
        self.state = State::Away { until_ms: now_ms + retry_ms };
        self.news.push(News::Lost { why, retry_ms });
    }

    fn end_away(&mut self, why: Why) {
        let is_done = self.was_in && self.queue.is_empty();
        let outcome = if is_done { Outcome::Left } else { Outcome::NoConnection(why) };
        self.state = State::Over(outcome);
    }
}

/// `name` as a server keeps it: the first word, in the form that natter gives it.
fn as_kept(name: &str) -> String {
    name.split_whitespace().next().unwrap_or_default().nfc().collect()
}

/// Whether `line` tells that `old` is called `new` now.
fn is_renaming(line: &str, old: &str, new: &str) -> bool {
    let Body::System(word) = Message::parse(line).body else { return false };
    Change::parse(word) == Some(Change::Renamed { old, new })
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
