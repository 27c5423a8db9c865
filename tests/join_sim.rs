//! The client's session over a link that stalls, half-closes and dies at any point of a conversation,
//! under seeded simulation: no line is lost or said twice, or else it says so.
//!
//! A failure prints its seed; `SIM_SEED=… cargo test --test join_sim` replays it, and
//! `SIM_SEEDS=10000` plays more of them.
//!
//! Sections of `docs/protocol.md`: "Sessions".
#![cfg(feature = "client")]

#[path = "join_sim/server.rs"]
mod server;

use std::env;

use fastrand::Rng;
use natter::client::core::command::Command;
use natter::client::core::message::Body;
use natter::client::core::session::{News, Outcome, Session, Why};
use natter::door::lang::Lang;
use server::{Kind, Server};

const RUNS: usize = 1_000;
const STEPS_MAX: usize = 20_000;
const LINES: usize = 30;

/// The state of the link for a while.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// Nothing is transferred, and neither side notices.
    Stalled {
        until_ms: u64,
    },
    /// Data from the client is lost, and neither side notices.
    Deaf {
        until_ms: u64,
    },
}

/// One client, its link and a server.
struct World {
    random: Rng,
    now_ms: u64,
    session: Session,
    server: Server,
    /// The client's connection, as counted by its session.
    connection: Option<u32>,
    weather: Weather,
    /// The server has closed its side.
    is_half_closed: bool,
    has_faults: bool,
    /// The number of lines that the user has typed.
    typed: usize,
    /// The number of lines that another user has said.
    others: usize,
    /// What the screen has shown.
    heard: Vec<(String, String)>,
    news: Vec<News>,
}

impl World {
    fn new(seed: u64, kind: Kind) -> Self {
        let mut random = Rng::with_seed(seed);
        let is_person = random.bool();
        let session =
            Session::new(Some("alice".into()), is_person, Lang::En, Rng::with_seed(seed + 1));
        Self {
            random,
            now_ms: 0,
            session,
            server: Server::new(kind),
            connection: None,
            weather: Weather::Fair,
            is_half_closed: false,
            has_faults: seed.is_multiple_of(10),
            typed: 0,
            others: 0,
            heard: Vec::new(),
            news: Vec::new(),
        }
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.random.u8(..100) < percent
    }

    fn step(&mut self) {
        self.now_ms += self.random.u64(..100);
        self.session.tick(self.now_ms);
        self.connect();
        self.write();
        if self.chance(10) && self.typed < LINES {
            let line = format!("line {}", self.typed);
            self.session.ask(Command::Say(line), self.now_ms);
            self.typed += 1;
        }
        if self.chance(5) {
            self.server.say("bob", &format!("other {}", self.others));
            self.others += 1;
        }
        if self.has_faults && self.random.u16(..200) == 0 {
            self.fault();
        }
        self.pass();
        self.connect();
        for news in self.session.take_news() {
            match news {
                News::Told(message) => {
                    if let Body::Said { name, text } = message.body {
                        self.heard.push((name, text));
                    }
                }
                news => self.news.push(news),
            }
        }
    }

    /// Makes and ends connections as the session requires.
    fn connect(&mut self) {
        if self.connection == self.session.connection() {
            return;
        }
        if self.connection.is_some() {
            self.server.lose();
        }
        self.connection = self.session.connection();
        (self.weather, self.is_half_closed) = (Weather::Fair, false);
        if self.connection.is_none() {
            return;
        }
        if self.has_faults && self.chance(20) {
            self.connection = None;
            return self.session.lost(Why::Failed("refused".into()), self.now_ms);
        }
        self.server.accept();
        self.session.connected(self.now_ms);
        if self.chance(10) {
            // A server that answers late.
            let until_ms = self.now_ms + self.random.u64(900..3_000);
            self.weather = Weather::Stalled { until_ms };
        }
    }

    fn write(&mut self) {
        let length = self.session.outgoing().len();
        if self.connection.is_none() || length == 0 {
            return;
        }
        // The article's server would not understand half a command.
        let part =
            if self.server.frames_nothing() { length } else { self.random.usize(1..=length) };
        let bytes = self.session.outgoing()[..part].to_vec();
        if !matches!(self.weather, Weather::Deaf { .. }) {
            self.server.sent(bytes);
        }
        self.session.wrote(part, self.now_ms);
    }

    fn fault(&mut self) {
        let for_ms = self.random.u64(..40_000);
        match self.random.u8(..6) {
            // After lost data no later data may arrive.
            0 | 1 if matches!(self.weather, Weather::Deaf { .. }) => {}
            0 => self.weather = Weather::Stalled { until_ms: self.now_ms + for_ms },
            1 => self.weather = Weather::Deaf { until_ms: self.now_ms + for_ms },
            2 => self.is_half_closed = true,
            _ => self.die(),
        }
    }

    /// Notifies both ends; some of the data in transit may still arrive.
    fn die(&mut self) {
        if self.connection.take().is_some() {
            self.server.lose();
            self.session.lost(Why::Closed, self.now_ms);
        }
    }

    /// Lets some of the data in transit arrive.
    fn pass(&mut self) {
        self.server.pass_lost(&mut self.random);
        if self.connection.is_none() {
            return;
        }
        match self.weather {
            Weather::Stalled { until_ms } if self.now_ms < until_ms => return,
            Weather::Deaf { until_ms } if self.now_ms < until_ms => {}
            // Lost data cannot be recovered.
            Weather::Deaf { .. } => return self.die(),
            Weather::Stalled { .. } | Weather::Fair => self.weather = Weather::Fair,
        }
        if self.random.bool() {
            self.server.pass(&mut self.random);
        }
        if self.random.bool() {
            let bytes = self.server.take_answer(&mut self.random);
            if !bytes.is_empty() {
                return self.session.received(&bytes, self.now_ms);
            }
            if self.is_half_closed || self.server.is_closed() {
                self.die();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.session.outcome().is_some()
    }

    /// Returns how often `line` was said.
    fn said(&self, line: &str) -> usize {
        self.server.log().iter().filter(|(name, text)| name == "alice" && text == line).count()
    }
}

/// Runs one conversation; returns whether everything was said, as far as the client knows.
fn run(seed: u64, kind: Kind) -> bool {
    let mut world = World::new(seed, kind);
    let calm_after = world.random.usize(200..3_000);
    for step in 0..STEPS_MAX {
        // A client that has never entered does not reconnect, so most enter first.
        world.has_faults |= world.session.is_in();
        world.has_faults &= step < calm_after || seed.is_multiple_of(3);
        if world.typed == LINES && (step > calm_after || seed.is_multiple_of(5)) {
            world.session.finish(world.now_ms);
        }
        world.step();
        if world.is_over() {
            break;
        }
    }
    let context = format!("seed {seed}, {kind:?}, {:?}", world.session.outcome());
    assert!(world.is_over(), "{context}: it does not end");
    let (reported, count) = world.session.report();
    let is_doubtful = world.session.twice() > 0;
    let is_clean = count == 0 && !is_doubtful && world.session.outcome() == Some(&Outcome::Left);
    let is_told = world.news.iter().any(|news| matches!(news, News::Twice(_)));
    assert_eq!(is_told, is_doubtful, "{context}: screen and exit code say the same");
    for number in 0..world.typed {
        let line = format!("line {number}");
        let is_reported = reported.contains(&line);
        match world.said(&line) {
            1 => {}
            0 => assert!(is_reported, "{context}: {line} is lost"),
            _ => assert!(is_doubtful, "{context}: {line} was said twice"),
        }
        let shown = world.heard.iter().filter(|(name, text)| name == "alice" && *text == line);
        assert!(shown.count() <= 1 || is_doubtful, "{context}: {line} is shown twice");
    }
    check_order(&world, &context);
    is_clean
}

/// Asserts that lines are shown in the order in which they were said; at a server with history,
/// without a gap.
fn check_order(world: &World, context: &str) {
    let numbers = |lines: &[(String, String)], who: &str, what: &str| -> Vec<usize> {
        let lines = lines.iter().filter(|(name, _)| name == who);
        let numbers = lines.filter_map(|(_, text)| text.strip_prefix(what)?.parse().ok());
        numbers.collect()
    };
    if !world.news.iter().any(|news| matches!(news, News::Twice(_))) {
        let said = numbers(world.server.log(), "alice", "line ");
        assert!(said.is_sorted(), "{context}: {said:?}");
    }
    let heard = numbers(&world.heard, "bob", "other ");
    let has_gap = heard.windows(2).any(|pair| pair[1] != pair[0] + 1);
    let may_have_gap = world.server.frames_nothing() || world.server.has_forgotten();
    assert!(!has_gap || may_have_gap, "{context}: {heard:?}");
    assert!(heard.is_sorted_by(|a, b| a < b), "{context}: {heard:?}");
}

/// Returns a number given in the environment.
fn asked(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|number| number.parse().expect("it is a number"))
}

fn run_all(kind: Kind) {
    if let Some(seed) = asked("SIM_SEED") {
        run(seed, kind);
        return;
    }
    let runs = asked("SIM_SEEDS").unwrap_or(RUNS as u64);
    let clean = (0..runs).filter(|&seed| run(seed, kind)).count() as u64;
    println!("{kind:?}: everything was said in {clean} of {runs} runs");
    assert!(clean > runs / 4 && clean < runs, "{kind:?}: both endings are met");
}

#[test]
fn at_the_classic_door_no_line_is_lost_or_said_twice() {
    run_all(Kind::Classic);
}

#[test]
fn at_the_telnet_door_no_line_is_lost_or_said_twice() {
    run_all(Kind::Telnet);
}

#[test]
fn at_a_server_that_starts_anew_doubts_are_told() {
    run_all(Kind::Forgetful);
}

#[test]
fn at_the_articles_server_no_line_is_said_twice_and_none_is_lost_silently() {
    run_all(Kind::Article);
}
