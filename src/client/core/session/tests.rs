//! Tests of the session, with a simulated clock.

mod article_tests;
mod entering_tests;

use super::*;
use crate::client::core::bounds::UNCONFIRMED_MAX;
use crate::client::core::message::At;
use crate::json::read;

/// A session, and the server's view of it.
struct Fixture {
    session: Session,
    now_ms: u64,
}

const HELLO: &str = r#"{"type":"hello","server":"natter","protocol":1,"line_bytes_max":1024}"#;

impl Fixture {
    fn new(name: Option<&str>, is_person: bool) -> Self {
        let name = name.map(String::from);
        let session = Session::new(name, is_person, Lang::En, Rng::with_seed(1));
        Self { session, now_ms: 1_000 }
    }

    /// Creates a session that has entered, at a server with JSON lines.
    fn entered() -> Self {
        let mut client = Self::new(Some("a"), true);
        client.enter(0);
        assert_eq!(client.session.take_news(), [News::Entered]);
        client
    }

    /// Enters, at a server that has seen the lines up to `number`.
    fn enter(&mut self, number: u64) {
        self.connect();
        assert_eq!(self.written(), "json -p\n");
        self.receive(HELLO);
        let id = format!("{:032x}", self.session.id);
        let session = format!(r#"{{"do":"session","tag":"session","id":"{id}"}}"#);
        let name = r#"{"do":"name","tag":"name","name":"a"}"#;
        assert_eq!(self.written(), format!("{session}\n{name}\n"));
        self.receive(&format!(r#"{{"type":"done","tag":"session","n":{number}}}"#));
        self.receive(r#"{"type":"entered","room":"lobby","count":1}"#);
        self.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
        self.receive_past();
    }

    /// Answers the request for earlier lines.
    fn receive_past(&mut self) {
        let asked = self.written();
        if asked.contains(r#""tag":"room""#) {
            self.receive(r#"{"type":"entered","room":"tea","count":1}"#);
            self.receive(r#"{"type":"done","tag":"room"}"#);
            return self.receive_past();
        }
        assert!(asked.contains(r#""tag":"past""#), "{asked}");
        self.receive(r#"{"type":"done","tag":"who"}"#);
        self.receive(r#"{"type":"done","tag":"past","complete":true}"#);
    }

    /// Creates a session that has entered, at a server like the article's.
    fn entered_article() -> Self {
        let mut client = Self::new(Some("a"), true);
        client.connect();
        assert_eq!(client.written(), "json -p\n");
        client.wait(HELLO_MS);
        assert_eq!(client.written(), "a -n\n");
        client.receive_text("OK");
        assert_eq!(client.session.take_news(), [News::Entered]);
        client
    }

    fn connect(&mut self) {
        assert!(self.session.connection().is_some());
        self.session.connected(self.now_ms);
    }

    fn receive(&mut self, object: &str) {
        self.receive_text(&format!("{object}\n"));
    }

    fn receive_text(&mut self, bytes: &str) {
        self.session.received(bytes.as_bytes(), self.now_ms);
    }

    fn echo(&mut self, text: &str) {
        self.receive_text(&format!("[2026-11-23 09:11:38] a:{text}"));
    }

    fn say(&mut self, text: &str) {
        self.session.ask(Command::Say(text.into()), self.now_ms);
    }

    fn lose(&mut self) {
        self.session.lost(Why::Closed, self.now_ms);
    }

    /// Takes the pending output as written.
    fn written(&mut self) -> String {
        let text = String::from_utf8(self.session.outgoing().to_vec()).expect("it is UTF-8");
        self.session.wrote(text.len(), self.now_ms);
        text
    }

    /// Takes the pending output as written; returns the texts and numbers of its lines.
    fn said(&mut self) -> Vec<(String, u64)> {
        let written = self.written();
        let said = written.lines().filter_map(|line| {
            let fields = read(line.as_bytes()).expect("it is an object");
            Some((fields.text("text")?.into_owned(), fields.number("n")?))
        });
        said.collect()
    }

    /// Confirms the command with `tag`.
    fn confirm(&mut self, tag: u64) {
        self.receive(&format!(r#"{{"type":"done","tag":"{tag}","id":"x{tag}"}}"#));
    }

    fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.session.tick(self.now_ms);
    }

    /// Advances the clock to the next deadline.
    fn wait_due(&mut self) {
        self.now_ms = self.session.deadline_ms().expect("something is due");
        self.session.tick(self.now_ms);
    }

    fn lost_for_ms(&mut self) -> u64 {
        match &self.session.take_news()[..] {
            [.., News::Lost { retry_ms, .. }] => *retry_ms,
            news => panic!("the connection was not lost: {news:?}"),
        }
    }

    fn unconfirmed(&self) -> Vec<&str> {
        self.session.unconfirmed().filter_map(|job| job.command.words()).collect()
    }

    /// Returns what was shown since the last call, as lines.
    fn shown(&mut self) -> Vec<String> {
        let mut zones = crate::zone::Zones::new();
        let line = |news| match news {
            News::Told(Message { body, .. }) => Message::now(body).line(Lang::En, &mut zones),
            other => format!("{other:?}"),
        };
        self.session.take_news().into_iter().map(line).collect()
    }
}

#[test]
fn a_line_counts_as_said_once_it_is_confirmed() {
    let mut client = Fixture::entered();
    client.say("one");
    client.say("two");
    assert_eq!(client.said(), [("one".into(), 1), ("two".into(), 2)]);
    assert_eq!(client.unconfirmed(), ["one", "two"]);
    client.receive(r#"{"type":"said","room":"lobby","id":"1","name":"a","text":"one","flags":[]}"#);
    assert_eq!((client.shown(), client.unconfirmed()), (vec!["a:one".into()], vec!["one", "two"]));
    client.confirm(1);
    assert_eq!((client.shown(), client.unconfirmed()), (vec![], vec!["two"]));
    client.confirm(2);
    assert_eq!(client.shown(), ["a:two"], "even if the server does not send it back");
    assert_eq!(client.session.report(), (vec![], 0));
    assert_eq!(client.session.deadline_ms(), None, "there is no deadline");
}

#[test]
fn the_number_of_unconfirmed_lines_is_limited() {
    let mut client = Fixture::entered();
    (0..2 * UNCONFIRMED_MAX).for_each(|_| client.say("x"));
    assert_eq!(client.said().len(), UNCONFIRMED_MAX);
    client.confirm(1);
    assert_eq!(client.said().len(), 1);
}

#[test]
fn after_a_reconnect_only_unseen_lines_are_sent_again() {
    let mut client = Fixture::entered();
    ["one", "two", "three"].iter().for_each(|line| client.say(line));
    client.written();
    client.confirm(1);
    client.lose();
    client.say("while away");
    client.wait_due();
    client.enter(2);
    assert_eq!(client.said(), [("three".into(), 3), ("while away".into(), 4)]);
    assert_eq!(client.unconfirmed(), ["three", "while away"]);
}

#[test]
fn a_server_that_has_forgotten_the_session_is_reported() {
    let mut client = Fixture::entered();
    client.say("one");
    client.written();
    client.confirm(1);
    client.say("two");
    client.written();
    client.lose();
    client.wait_due();
    client.session.take_news();
    client.enter(0);
    assert!(client.session.take_news().contains(&News::Twice(1)));
    assert_eq!(client.said(), [("two".into(), 2)]);
    assert_eq!(client.session.twice(), 1, "reported by the exit code");
}

#[test]
fn missed_lines_are_requested_and_shown_once() {
    let mut client = Fixture::entered();
    let said = |id: u32, flags: &str| {
        format!(
            r#"{{"type":"said","room":"lobby","id":"{id}","name":"b","text":"{id}","flags":[{flags}]}}"#
        )
    };
    client.receive(&said(7, ""));
    client.lose();
    client.wait_due();
    client.connect();
    client.written();
    client.receive(HELLO);
    client.receive(r#"{"type":"done","tag":"session","n":0}"#);
    client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
    assert!(client.written().contains(r#"{"do":"since","tag":"past","id":"7","room":"lobby"}"#));
    client.say("not before all is known");
    assert_eq!(client.written(), "");
    client.shown();
    [said(7, r#""earlier""#), said(8, r#""earlier""#), said(9, "")]
        .iter()
        .for_each(|it| client.receive(it));
    assert_eq!(client.shown(), ["b:8"], "newer lines are held back");
    client.receive(r#"{"type":"done","tag":"past","complete":false}"#);
    assert_eq!(client.shown(), ["Missed", "b:9"]);
    assert_eq!(client.said().len(), 1);
    // Skipped lines are requested, and shown before those that the server sends meanwhile.
    client.receive(r#"{"type":"skipped","count":2}"#);
    assert!(client.written().contains(r#"{"do":"since","tag":"past","id":"9","room":"lobby"}"#));
    client.receive(&said(12, ""));
    client.receive(r#"{"type":"skipped","count":1}"#);
    assert_eq!(
        (client.written(), client.shown().len()),
        (String::new(), 2),
        "one answer at a time"
    );
    [said(10, r#""earlier""#), said(11, r#""earlier""#)].iter().for_each(|it| client.receive(it));
    client.receive(r#"{"type":"done","tag":"past","complete":true}"#);
    assert_eq!(client.shown(), ["b:10", "b:11"]);
    assert!(client.written().contains(r#"{"do":"since","tag":"past","id":"11","room":"lobby"}"#));
    client.receive(&said(12, r#""earlier""#));
    client.receive(&said(13, r#""earlier""#));
    client.receive(r#"{"type":"done","tag":"past","complete":true}"#);
    assert_eq!(client.shown(), ["b:12", "b:13"], "each is shown once");
    // Lines requested by the user are shown again.
    client.confirm(1);
    client.session.ask(Command::Last(1), client.now_ms);
    client.shown();
    client.receive(&said(9, r#""earlier""#));
    assert_eq!(client.shown(), ["b:9"]);
}

#[test]
fn a_filter_shows_no_earlier_lines() {
    let mut client = Fixture::new(Some("a"), false);
    client.connect();
    client.written();
    client.receive(HELLO);
    client.written();
    client.receive(r#"{"type":"done","tag":"session","n":0}"#);
    client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
    assert_eq!(client.written(), "{\"do\":\"last\",\"tag\":\"past\",\"count\":1}\n");
    client.shown();
    client.receive(
        r#"{"type":"said","room":"lobby","id":"7","name":"b","text":"x","flags":["earlier"]}"#,
    );
    client.receive(r#"{"type":"done","tag":"past"}"#);
    assert_eq!(client.shown(), [""; 0]);
    assert_eq!(client.session.place().last_id(), Some("7"));
}

#[test]
fn answers_are_shown_as_text() {
    let mut client = Fixture::entered();
    let ignores = [Command::Ignore(Some("b".into())), Command::Ignore(None), Command::Ignore(None)];
    for command in [Command::Who, Command::Rooms].into_iter().chain(ignores) {
        client.session.ask(command, client.now_ms);
    }
    client.receive(r#"{"type":"people","room":"lobby","count":2,"online":3,"names":["a","b"]}"#);
    client.receive(r#"{"type":"done","tag":"1"}"#);
    client.receive(r#"{"type":"room","room":"tea","count":1,"topic":"x"}"#);
    client.receive(r#"{"type":"done","tag":"2"}"#);
    client.receive(r#"{"type":"done","tag":"3","ignored":true}"#);
    client.receive(r#"{"type":"ignored","count":3,"names":["b","c"]}"#);
    client.receive(r#"{"type":"ignored","count":3,"names":["d"]}"#);
    client.receive(r#"{"type":"done","tag":"4"}"#);
    client.receive(r#"{"type":"done","tag":"5"}"#);
    let wanted = [
        "system: 2 here, 3 online in all rooms:",
        "system: a, b",
        "system: 1 room:",
        "system: tea (1): x",
        "system: messages from b are hidden; repeat to show them again",
        "system: you ignore 3 people:",
        "system: b, c",
        "system: d",
        "system: you ignore nobody",
    ];
    assert_eq!(client.shown(), wanted);
    assert_eq!(client.session.place().ignored().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn ignored_users_stay_ignored_after_a_reconnect() {
    let mut client = Fixture::entered();
    client.session.ask(Command::Ignore(Some("b".into())), client.now_ms);
    client.receive(r#"{"type":"done","tag":"1","ignored":true}"#);
    client.lose();
    client.wait_due();
    client.connect();
    client.written();
    client.receive(HELLO);
    client.written();
    client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
    assert!(client.written().starts_with(r#"{"do":"ignore","tag":"ignore","name":"b"}"#));
}

#[test]
fn a_refused_line_is_reported() {
    for is_person in [false, true] {
        let mut client = Fixture::new(Some("a"), is_person);
        client.enter(0);
        client.say("x");
        client.session.take_news();
        client.receive(r#"{"type":"error","tag":"1","code":"line-too-long","text":"too long"}"#);
        let news = News::NotSaid { line: "x".into(), why: "too long".into() };
        assert_eq!(client.session.take_news(), [news]);
        // A person has read it; for a filter it shows in the exit code.
        assert_eq!(client.session.report().1, usize::from(!is_person));
    }
}

#[test]
fn waiting_lines_are_said_before_leaving() {
    let mut client = Fixture::new(Some("a"), false);
    client.say("one");
    client.session.finish(client.now_ms);
    assert!(!client.session.has_room());
    client.enter(0);
    assert_eq!(client.said(), [("one".into(), 1)]);
    client.confirm(1);
    assert_eq!(client.written(), "{\"do\":\"exit\"}\n");
    client.receive(r#"{"type":"closing","code":"exit","text":"goodbye"}"#);
    assert_eq!(client.session.outcome(), Some(&Outcome::Left));
    assert_eq!((client.session.connection(), client.session.report().1), (None, 0));
}

#[test]
fn the_wait_for_the_last_lines_is_limited() {
    let mut client = Fixture::entered();
    ["one", "two"].iter().for_each(|line| client.say(line));
    client.written();
    client.session.finish(client.now_ms);
    client.wait(FINISH_MS - 1);
    client.confirm(1);
    client.wait(FINISH_MS - 1);
    assert_eq!(client.session.outcome(), None, "the time is counted from the last confirmation");
    client.wait(1);
    assert_eq!(client.session.outcome(), Some(&Outcome::NoConnection(Why::Silent)));
    assert_eq!(client.session.report(), (vec!["two".into()], 1));
}

#[test]
fn the_last_lines_may_be_said_over_another_connection() {
    let mut client = Fixture::entered();
    client.say("one");
    client.written();
    client.session.finish(client.now_ms);
    client.lose();
    client.wait_due();
    client.enter(1);
    assert_eq!(client.written(), "{\"do\":\"exit\"}\n");
    client.lose();
    assert_eq!(client.session.outcome(), Some(&Outcome::Left));
    let mut client = Fixture::entered();
    client.lose();
    client.session.finish(client.now_ms);
    assert_eq!(client.session.outcome(), Some(&Outcome::Left), "all was said");
}

#[test]
fn leaving_ends_without_an_answer_or_a_connection() {
    for (ends_by_itself, ends_at_once) in [(true, false), (false, false), (false, true)] {
        let mut client = Fixture::entered();
        client.session.leave(client.now_ms);
        assert_eq!(client.written(), "{\"do\":\"exit\"}\n");
        assert_eq!(client.session.outcome(), None);
        if ends_by_itself {
            client.lose();
        } else if ends_at_once {
            client.session.leave(client.now_ms);
        } else {
            client.wait_due();
        }
        assert_eq!(client.session.outcome(), Some(&Outcome::Left));
    }
}

#[test]
fn leaving_at_once_reports_unconfirmed_lines() {
    let mut client = Fixture::entered();
    client.say("one");
    client.written();
    client.session.leave(client.now_ms);
    client.lose();
    assert_eq!(client.session.outcome(), Some(&Outcome::Left));
    assert_eq!(client.session.report(), (vec!["one".into()], 1));
}
