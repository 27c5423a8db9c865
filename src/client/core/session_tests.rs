//! The session under a clock of the test's own.

use super::*;

/// A session, and what a server would see of it.
struct Stay {
    session: Session,
    now_ms: u64,
}

const OK: &str = "OK\r\n";

impl Stay {
    fn new(name: Option<&str>, may_ask: bool) -> Self {
        let random = Rng::with_seed(1);
        let name = name.map(String::from);
        Self { session: Session::new(Door::Classic, name, may_ask, random), now_ms: 1_000 }
    }

    /// Somebody who is in.
    fn entered() -> Self {
        let mut stay = Self::new(Some("a"), true);
        stay.connect();
        assert_eq!(stay.written(), "a -n\n");
        stay.hear(OK);
        assert_eq!(stay.session.take_news(), [News::Entered]);
        stay
    }

    fn connect(&mut self) {
        assert!(self.session.connection().is_some());
        self.session.connected(self.now_ms);
    }

    fn hear(&mut self, bytes: &str) {
        self.session.received(bytes.as_bytes(), self.now_ms);
    }

    fn echo(&mut self, text: &str) {
        self.hear(&format!("[2026-11-23 09:11:38] a:{text}\r\n"));
    }

    fn say(&mut self, text: &str) {
        self.session.ask(Command::Say(text.into()), self.now_ms);
    }

    fn lose(&mut self) {
        self.session.lost(Why::Closed, self.now_ms);
    }

    /// What is to be written, which is.
    fn written(&mut self) -> String {
        let text = String::from_utf8(self.session.outgoing().to_vec()).expect("it is UTF-8");
        self.session.wrote(text.len(), self.now_ms);
        text
    }

    fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
        self.session.tick(self.now_ms);
    }

    /// Waits until the next thing is due.
    fn wait_due(&mut self) {
        self.now_ms = self.session.deadline_ms().expect("something is due");
        self.session.tick(self.now_ms);
    }

    fn lost_for_ms(&mut self) -> u64 {
        match &self.session.take_news()[..] {
            [.., News::Lost { retry_ms, .. }] => *retry_ms,
            news => panic!("it was not lost: {news:?}"),
        }
    }
}

#[test]
fn one_thing_is_said_at_a_time_and_the_echo_brings_the_next() {
    let mut stay = Stay::entered();
    stay.say("one");
    stay.say("two");
    assert_eq!(stay.written(), "one -ta\n");
    assert_eq!(stay.written(), "");
    stay.hear("[2026-11-23 09:11:38] b:one\r\n");
    assert_eq!(stay.written(), "", "somebody else's is no echo");
    stay.echo("one");
    assert_eq!(stay.written(), "two -ta\n");
    stay.say("three");
    stay.wait(ECHO_MS - 1);
    assert_eq!(stay.written(), "");
    stay.wait(1);
    assert_eq!(stay.written(), "three -ta\n", "an echo may never come");
    assert_eq!(stay.session.deadline_ms(), None, "nobody waits for the last one");
}

#[test]
fn nothing_follows_before_all_of_a_command_is_written() {
    let mut stay = Stay::entered();
    stay.say("one");
    stay.say("two");
    stay.session.wrote(3, stay.now_ms);
    stay.wait(2 * ECHO_MS);
    assert_eq!(stay.written(), " -ta\n");
    stay.wait(0);
    assert_eq!(stay.written(), "two -ta\n");
}

#[test]
fn what_is_left_is_said_before_it_leaves() {
    let mut stay = Stay::new(Some("a"), false);
    stay.say("one");
    stay.say("two");
    stay.session.finish(stay.now_ms);
    assert!(!stay.session.has_room());
    stay.connect();
    assert_eq!(stay.written(), "a -n\n");
    stay.hear(OK);
    assert_eq!(stay.written(), "one -ta\n");
    stay.echo("one");
    assert_eq!(stay.written(), "two -ta\n");
    stay.echo("two");
    assert_eq!(stay.written(), "exit\n");
    stay.hear("[2026-11-23 09:11:38] b:bye\r\nexit\r\n");
    assert_eq!(stay.session.outcome(), Some(&Outcome::Left));
    assert_eq!(stay.session.connection(), None);
}

#[test]
fn it_has_left_when_the_answer_does_not_come_or_the_connection_goes() {
    for (ends_by_itself, ends_at_once) in [(true, false), (false, false), (false, true)] {
        let mut stay = Stay::entered();
        stay.session.leave(stay.now_ms);
        assert_eq!(stay.written(), "exit\n");
        assert_eq!(stay.session.outcome(), None);
        if ends_by_itself {
            stay.lose();
        } else if ends_at_once {
            stay.session.leave(stay.now_ms);
        } else {
            stay.wait_due();
        }
        assert_eq!(stay.session.outcome(), Some(&Outcome::Left));
    }
}

#[test]
fn a_refused_name_is_asked_for_again_or_ends_it() {
    let refusal = "[2026-11-23 09:11:38] system: that name is taken; a2 is free\r\n";
    let why = || "that name is taken; a2 is free".to_string();
    let mut stay = Stay::new(None, true);
    assert!(stay.session.is_nameless() && stay.session.connection().is_none());
    stay.session.give_name("a", stay.now_ms);
    let first = stay.session.connection();
    stay.connect();
    stay.hear(refusal);
    assert_eq!(stay.session.take_news(), []);
    stay.wait(REFUSAL_MS);
    assert_eq!(stay.session.take_news(), [News::NameRefused { name: "a".into(), why: why() }]);
    stay.session.give_name("a2", stay.now_ms);
    assert_ne!(stay.session.connection(), first, "it is another connection");
    stay.connect();
    assert_eq!(stay.written(), "a2 -n\n");

    let mut stay = Stay::new(Some("a"), false);
    stay.connect();
    stay.hear(refusal);
    stay.wait(REFUSAL_MS);
    assert_eq!(stay.session.outcome(), Some(&Outcome::NameRefused(why())));
}

#[test]
fn a_server_that_is_full_or_greets_does_not_refuse_the_name() {
    let mut stay = Stay::new(Some("a"), false);
    stay.connect();
    stay.hear("[2026-11-23 09:11:38] system: the room is full, try again later\r\n");
    stay.lose();
    let why = Why::Told("the room is full, try again later".into());
    assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(why)));

    let mut stay = Stay::new(Some("a"), false);
    stay.connect();
    let greeting = "[2026-11-23 09:11:38] system: welcome";
    stay.hear(&format!("{greeting}\r\n{OK}"));
    assert_eq!(stay.session.take_news(), [News::Line(greeting.into()), News::Entered]);
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut stay = Stay::new(Some("a"), true);
    stay.connect();
    stay.wait(ANSWER_MS);
    assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(Why::Silent)));
}

#[test]
fn it_comes_back_with_its_name_and_what_it_had_to_say() {
    let mut stay = Stay::entered();
    stay.say("heard");
    stay.say("not heard");
    stay.written();
    stay.echo("heard");
    assert_eq!(stay.written(), "not heard -ta\n");
    stay.say("waiting");
    stay.lose();
    assert!(stay.session.connection().is_none());
    stay.say("said while away");
    stay.wait_due();
    stay.connect();
    assert_eq!(stay.written(), "a -n\n");
    stay.hear(OK);
    for text in ["not heard", "waiting", "said while away"] {
        assert_eq!(stay.written(), format!("{text} -ta\n"));
        stay.echo(text);
    }
    assert_eq!(stay.written(), "");
}

#[test]
fn it_waits_longer_from_time_to_time_and_never_as_long_as_others() {
    let mut stay = Stay::entered();
    let mut waits_ms = Vec::new();
    for attempt in 0..40 {
        stay.lose();
        let retry_ms = stay.lost_for_ms();
        assert!(retry_ms <= RETRY_MAX_MS.min(RETRY_FIRST_MS << attempt.min(20)));
        waits_ms.push(retry_ms);
        stay.wait_due();
        stay.connect();
    }
    assert!(waits_ms[10..].iter().any(|&ms| ms > 20_000), "{waits_ms:?}");
    assert!(waits_ms[10..].iter().any(|&ms| ms < 10_000), "{waits_ms:?}");
    // A stay that lasted begins anew.
    stay.hear(OK);
    stay.wait(RETRY_MAX_MS);
    stay.lose();
    assert!(stay.lost_for_ms() <= RETRY_FIRST_MS);
}

#[test]
fn a_name_that_its_own_ghost_still_holds_is_tried_again() {
    let mut stay = Stay::entered();
    stay.lose();
    stay.lost_for_ms();
    stay.wait_due();
    stay.connect();
    stay.hear("[2026-11-23 09:11:38] system: that name is taken; a2 is free\r\n");
    stay.wait(REFUSAL_MS);
    stay.lost_for_ms();
    assert_eq!(stay.session.connection(), None);
    stay.wait_due();
    stay.connect();
    stay.hear(OK);
    assert!(stay.session.is_in());
}

#[test]
fn what_was_not_said_when_input_ended_is_told_of() {
    let mut stay = Stay::entered();
    stay.say("one");
    stay.session.finish(stay.now_ms);
    stay.lose();
    assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(Why::Closed)));
    let mut stay = Stay::entered();
    stay.lose();
    stay.session.finish(stay.now_ms);
    assert_eq!(stay.session.outcome(), Some(&Outcome::Left), "all was said");
}

#[test]
fn another_name_is_the_own_one_once_it_is_taken() {
    let mut stay = Stay::entered();
    stay.session.give_name("e\u{301}", stay.now_ms);
    assert_eq!(stay.written(), "\u{e9} -n\n", "as natter keeps it");
    stay.hear("[2026-11-23 09:11:38] system: that name is taken; b is free\r\n");
    assert_eq!(stay.session.name(), "a");
    stay.wait(ECHO_MS);
    stay.session.give_name("e\u{301}", stay.now_ms);
    stay.written();
    stay.hear(OK);
    assert_eq!(stay.session.name(), "\u{e9}");
}

#[test]
fn of_two_names_asked_for_at_once_the_own_one_is_that_which_was_taken() {
    let mut stay = Stay::entered();
    stay.session.give_name("b", stay.now_ms);
    stay.session.give_name("c", stay.now_ms);
    assert_eq!(stay.written(), "b -n\n");
    stay.hear(OK);
    assert_eq!(stay.session.name(), "b");
    assert_eq!(stay.written(), "c -n\n");
    stay.hear("[2026-11-23 09:11:38] system: that name is taken; c2 is free\r\n");
    assert_eq!(stay.session.name(), "b");
}

#[test]
fn whoever_comes_back_is_in_their_room_before_anything_is_said() {
    let mut stay = Stay::entered();
    stay.session.ask(Command::Join("tea".into()), stay.now_ms);
    assert_eq!(stay.written(), "tea -r\n");
    assert_eq!(stay.session.room(), None);
    stay.hear("[2026-11-23 09:11:38] system: you are in tea, alone so far\r\n");
    assert_eq!(stay.session.room(), Some("tea"));
    stay.say("lost");
    stay.written();
    stay.lose();
    assert_eq!(stay.session.room(), None);
    stay.wait_due();
    stay.connect();
    stay.written();
    stay.hear(OK);
    assert_eq!(stay.written(), "tea -r\n");
    stay.hear("[2026-11-23 09:11:38] 系统:您已进入房间 tea，共 2 人\r\n");
    assert_eq!(stay.session.room(), Some("tea"));
    assert_eq!(stay.written(), "lost -ta\n");
    stay.echo("lost");
    stay.session.ask(Command::LeaveRoom, stay.now_ms);
    assert_eq!(stay.written(), "lobby -r\n");
    stay.hear("[2026-11-23 09:11:38] system: you are in lobby, 2 here\r\n");
    assert_eq!(stay.session.room(), None);
}

#[test]
fn a_server_without_rooms_is_told_of_once_and_what_is_to_be_said_is_said() {
    // The article's server answers nothing to two words, and natter before it had rooms did.
    for answer in ["", "[2026-11-23 09:11:38] system: not understood, please try again!\r\n"] {
        let mut stay = Stay::new(Some("a"), false);
        stay.session = stay.session.start_in(Some("tea".into()));
        stay.say("hello");
        stay.session.finish(stay.now_ms);
        stay.connect();
        stay.written();
        stay.hear(if answer.is_empty() { "OK" } else { OK });
        assert_eq!(stay.session.take_news(), [News::Entered]);
        assert_eq!(stay.written(), "tea -r\n");
        if answer.is_empty() {
            stay.wait_due();
        } else {
            stay.hear(answer);
        }
        assert_eq!(stay.session.take_news(), [News::NoRooms]);
        assert_eq!((stay.written(), stay.session.room()), ("hello -ta\n".into(), None));
        stay.echo("hello");
        assert_eq!(stay.written(), "exit\n");
        assert!(!stay.session.take_news().contains(&News::NoRooms));
    }
}

#[test]
fn no_order_of_events_breaks_it_or_makes_it_grow() {
    for seed in 0..300 {
        let mut random = Rng::with_seed(seed);
        let mut stay = Stay::new(random.bool().then_some("a"), random.bool());
        for _ in 0..300 {
            match random.u8(..15) {
                0 if stay.session.connection().is_some() => stay.connect(),
                1 => stay.lose(),
                2 => stay.hear(OK),
                3 => stay.hear("exit\r\n"),
                4 => stay.echo("x"),
                5 => stay.hear("[2026-11-23 09:11:38] system: no\r\n"),
                6 => stay.session.give_name("b", stay.now_ms),
                7 if random.u8(..20) == 0 => stay.session.finish(stay.now_ms),
                8 if random.u8(..40) == 0 => stay.session.leave(stay.now_ms),
                9 => drop(stay.written()),
                11 => stay.session.ask(Command::Join("tea".into()), stay.now_ms),
                12 => stay.hear("[2026-11-23 09:11:38] system: you are in tea, 2 here\r\n"),
                13 => stay.hear("[2026-11-23 09:11:38] system: not understood, \r\n"),
                10 => stay.wait(random.u64(..2_000)),
                _ => stay.say("x"),
            }
            let session = &stay.session;
            assert!(session.waiting() <= COMMANDS_MAX + 1, "seed {seed}");
            assert!(session.outcome().is_none() || session.connection().is_none());
            stay.session.take_news();
        }
    }
}

#[test]
fn at_the_telnet_door_the_name_is_given_when_it_is_asked_for() {
    let name = Some("a".to_string());
    let session = Session::new(Door::Telnet, name, true, Rng::with_seed(1));
    let mut stay = Stay { session, now_ms: 1_000 };
    stay.connect();
    assert_eq!(stay.written(), "");
    stay.hear("\r\0natter\r\n");
    stay.wait(2 * REFUSAL_MS);
    stay.hear("name: ");
    assert_eq!(stay.session.take_news(), [News::Line("natter".into())]);
    assert_eq!(stay.written(), "/name a\r\n");
    stay.hear("\r\0system: that name is taken; a2 is free\r\nname: ");
    let why = "that name is taken; a2 is free".to_string();
    assert_eq!(stay.session.take_news(), [News::NameRefused { name: "a".into(), why }]);
    stay.session.give_name("a2", stay.now_ms);
    stay.connect();
    stay.hear("\r\0natter\r\nname: ");
    assert_eq!(stay.written(), "/name a2\r\n");
    stay.hear("\r\0\x1b[K> \r\0\x1b[K[09:11] b: hi\r\n> ");
    stay.session.take_news();
    stay.say("hello");
    stay.say("again");
    assert_eq!(stay.written(), "hello -ta\r\n");
    stay.hear("\r\0\x1b[K[09:11] a2: hello\r\n> ");
    assert_eq!(stay.written(), "again -ta\r\n");
    // What the client does not know goes to the door as it is; the prompt tells what came of it.
    stay.session.ask(Command::Other("/j tea".into()), stay.now_ms);
    stay.hear("\r\0\x1b[K[09:11] a2: again\r\n> ");
    assert_eq!(stay.written(), "/j tea\r\n");
    stay.hear("\r\0\x1b[Ksystem: you are in tea, 2 here\r\ntea> ");
    assert_eq!(stay.session.room(), Some("tea"));
    stay.lose();
    stay.wait_due();
    stay.connect();
    stay.hear("\r\0natter\r\nname: ");
    stay.written();
    stay.hear("\r\0\x1b[K> ");
    assert_eq!(stay.written(), "/join tea\r\n");
}
