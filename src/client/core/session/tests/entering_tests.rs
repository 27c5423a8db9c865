//! Tests of entering: names, rooms, servers that are full or do not answer.

use super::*;

#[test]
fn a_refused_name_is_asked_for_again_or_ends_the_session() {
    let refusal = r#"{"type":"error","tag":"name","code":"name-taken","text":"taken; a2 is free"}"#;
    let why = || "taken; a2 is free".to_string();
    let mut stay = Stay::new(None, true);
    assert!(stay.session.is_nameless() && stay.session.connection().is_none());
    stay.session.give_name("a", stay.now_ms);
    let first = stay.session.connection();
    stay.connect();
    stay.receive(HELLO);
    stay.receive(refusal);
    assert_eq!(stay.session.take_news(), [News::NameRefused { name: "a".into(), why: why() }]);
    stay.session.give_name("a2", stay.now_ms);
    assert_ne!(stay.session.connection(), first, "it is another connection");
    let mut stay = Stay::new(Some("a"), false);
    stay.connect();
    stay.receive(HELLO);
    stay.receive(refusal);
    assert_eq!(stay.session.outcome(), Some(&Outcome::NameRefused(why())));
}

#[test]
fn a_server_that_is_full_does_not_refuse_the_name() {
    for told in [
        "[2026-11-23 09:11:38] system: the room is full\r\n",
        "\r\0\x1b[Knatter\r\nname: \r\0\x1b[Ksystem: the room is full\r\nname: ",
        "{\"type\":\"hello\"}\n{\"type\":\"closing\",\"code\":\"room-full\",\"text\":\"the room is full\"}\n",
    ] {
        let mut stay = Stay::new(Some("a"), false);
        stay.connect();
        stay.receive_text(told);
        stay.lose();
        let why = Why::Told("the room is full".into());
        assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(why)));
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut stay = Stay::new(Some("a"), true);
    stay.connect();
    stay.wait(HELLO_MS);
    assert_eq!(stay.written(), "json -p\na -n\n");
    stay.wait(ANSWER_MS);
    assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(Why::Silent)));
}

#[test]
fn a_server_that_stalls_is_given_up_and_nothing_is_lost() {
    let mut stay = Stay::entered();
    stay.say("x");
    stay.written();
    stay.wait(STALL_MS - 1);
    assert!(stay.session.is_in());
    stay.wait(1);
    assert!(!stay.session.is_in());
    stay.wait_due();
    stay.enter(0);
    assert_eq!(stay.said(), [("x".into(), 1)]);
}

#[test]
fn the_reconnect_delay_grows_and_is_random() {
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
    // A connection that lasted resets the delay.
    stay.lose();
    stay.wait_due();
    stay.enter(0);
    stay.wait(RETRY_MAX_MS);
    stay.lose();
    assert!(stay.lost_for_ms() <= RETRY_FIRST_MS);
}

#[test]
fn a_new_name_holds_once_it_is_accepted() {
    let mut stay = Stay::entered();
    stay.session.give_name("e\u{301}", stay.now_ms);
    stay.receive(r#"{"type":"error","tag":"1","code":"name-taken","text":"taken"}"#);
    assert_eq!(stay.session.name(), "a");
    stay.session.give_name("e\u{301}", stay.now_ms);
    stay.receive(r#"{"type":"renamed","room":"lobby","name":"a","to":"é"}"#);
    stay.receive(r#"{"type":"done","tag":"2","name":"é"}"#);
    assert_eq!(stay.session.name(), "é", "as natter stores it");
}

#[test]
fn a_returning_user_enters_their_room_before_anything_is_said() {
    let mut stay = Stay::entered();
    stay.session.ask(Command::Join("TEA".into()), stay.now_ms);
    assert_eq!(stay.written(), "{\"do\":\"join\",\"tag\":\"1\",\"room\":\"TEA\"}\n");
    assert_eq!(stay.session.room(), None);
    stay.receive(r#"{"type":"parted","room":"lobby"}"#);
    stay.receive(r#"{"type":"entered","room":"tea","count":1}"#);
    stay.receive(r#"{"type":"done","tag":"1"}"#);
    stay.receive_past();
    assert_eq!(stay.session.room(), Some("tea"));
    stay.say("lost");
    stay.written();
    stay.lose();
    assert_eq!(stay.session.room(), None);
    stay.wait_due();
    stay.enter(0);
    assert_eq!(stay.session.room(), Some("tea"));
    assert!(stay.written().contains(r#""room":"tea","text":"lost","n":1"#));
}

#[test]
fn lines_for_a_room_are_not_said_in_the_lobby() {
    for is_person in [true, false] {
        let mut stay = Stay::new(Some("a"), is_person);
        stay.session = stay.session.start_in(Some("tea".into()));
        stay.say("for tea");
        stay.connect();
        stay.receive(HELLO);
        stay.receive(r#"{"type":"done","tag":"session","n":0}"#);
        stay.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
        stay.written();
        stay.receive(r#"{"type":"error","tag":"room","code":"too-many-rooms","text":"no"}"#);
        if is_person {
            stay.receive_past();
            assert!(stay.written().contains(r#""room":"tea","text":"for tea""#));
            assert_eq!(stay.session.room(), None);
        } else {
            let why = Why::Told("no".into());
            assert_eq!(stay.session.outcome(), Some(&Outcome::NoConnection(why)));
        }
    }
}

#[test]
fn a_late_hello_is_accepted() {
    let mut stay = Stay::new(Some("a"), true);
    stay.say("x");
    stay.connect();
    stay.wait(HELLO_MS);
    assert_eq!(stay.written(), "json -p\na -n\n");
    stay.receive(HELLO);
    stay.receive(r#"{"type":"error","code":"bad-json","text":"no object"}"#);
    stay.receive(r#"{"type":"done","tag":"session","n":0}"#);
    stay.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
    stay.receive_past();
    assert_eq!(stay.said(), [("x".into(), 1)]);
    assert_eq!(stay.session.take_news(), [News::Entered]);
}
