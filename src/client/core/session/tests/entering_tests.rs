//! Tests of entering: names, rooms, servers that are full or do not answer.

use super::*;

#[test]
fn a_refused_name_is_asked_for_again_or_ends_the_session() {
    let refusal = r#"{"type":"error","tag":"name","code":"name-taken","text":"taken; a2 is free"}"#;
    let why = || "taken; a2 is free".to_string();
    let mut client = Fixture::new(None, true);
    assert!(client.session.is_nameless() && client.session.connection().is_none());
    client.session.give_name("a", client.now_ms);
    let first = client.session.connection();
    client.connect();
    client.receive(HELLO);
    client.receive(refusal);
    assert_eq!(client.session.take_news(), [News::NameRefused { name: "a".into(), why: why() }]);
    client.session.give_name("a2", client.now_ms);
    assert_ne!(client.session.connection(), first, "it is another connection");
    let mut client = Fixture::new(Some("a"), false);
    client.connect();
    client.receive(HELLO);
    client.receive(refusal);
    assert_eq!(client.session.outcome(), Some(&Outcome::NameRefused(why())));
}

#[test]
fn a_server_that_is_full_does_not_refuse_the_name() {
    for told in [
        "[2026-11-23 09:11:38] system: the room is full\r\n",
        "\r\0\x1b[Knatter\r\nname: \r\0\x1b[Ksystem: the room is full\r\nname: ",
        "{\"type\":\"hello\"}\n{\"type\":\"closing\",\"code\":\"room-full\",\"text\":\"the room is full\"}\n",
    ] {
        let mut client = Fixture::new(Some("a"), false);
        client.connect();
        client.receive_text(told);
        client.lose();
        let why = Why::Told("the room is full".into());
        assert_eq!(client.session.outcome(), Some(&Outcome::NoConnection(why)));
    }
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut client = Fixture::new(Some("a"), true);
    client.connect();
    client.wait(HELLO_MS);
    assert_eq!(client.written(), "json -p\na -n\n");
    client.wait(ANSWER_MS);
    assert_eq!(client.session.outcome(), Some(&Outcome::NoConnection(Why::Silent)));
}

#[test]
fn a_server_that_stalls_is_given_up_and_nothing_is_lost() {
    let mut client = Fixture::entered();
    client.say("x");
    client.written();
    client.wait(STALL_MS - 1);
    assert!(client.session.is_in());
    client.wait(1);
    assert!(!client.session.is_in());
    client.wait_due();
    client.enter(0);
    assert_eq!(client.said(), [("x".into(), 1)]);
}

#[test]
fn the_reconnect_delay_grows_and_is_random() {
    let mut client = Fixture::entered();
    let mut waits_ms = Vec::new();
    for attempt in 0..40 {
        client.lose();
        let retry_ms = client.lost_for_ms();
        assert!(retry_ms <= RETRY_MAX_MS.min(RETRY_FIRST_MS << attempt.min(20)));
        waits_ms.push(retry_ms);
        client.wait_due();
        client.connect();
    }
    assert!(waits_ms[10..].iter().any(|&ms| ms > 20_000), "{waits_ms:?}");
    assert!(waits_ms[10..].iter().any(|&ms| ms < 10_000), "{waits_ms:?}");
    // A connection that lasted resets the delay.
    client.lose();
    client.wait_due();
    client.enter(0);
    client.wait(RETRY_MAX_MS);
    client.lose();
    assert!(client.lost_for_ms() <= RETRY_FIRST_MS);
}

#[test]
fn a_new_name_holds_once_it_is_accepted() {
    let mut client = Fixture::entered();
    client.session.give_name("e\u{301}", client.now_ms);
    client.receive(r#"{"type":"error","tag":"1","code":"name-taken","text":"taken"}"#);
    assert_eq!(client.session.name(), "a");
    client.session.give_name("e\u{301}", client.now_ms);
    client.receive(r#"{"type":"renamed","room":"lobby","name":"a","to":"é"}"#);
    client.receive(r#"{"type":"done","tag":"2","name":"é"}"#);
    assert_eq!(client.session.name(), "é", "as natter stores it");
}

#[test]
fn a_returning_user_enters_their_room_before_anything_is_said() {
    let mut client = Fixture::entered();
    client.session.ask(Command::Join("TEA".into()), client.now_ms);
    assert_eq!(client.written(), "{\"do\":\"join\",\"tag\":\"1\",\"room\":\"TEA\"}\n");
    assert_eq!(client.session.room(), None);
    client.receive(r#"{"type":"parted","room":"lobby"}"#);
    client.receive(r#"{"type":"entered","room":"tea","count":1}"#);
    client.receive(r#"{"type":"done","tag":"1"}"#);
    client.receive_past();
    assert_eq!(client.session.room(), Some("tea"));
    client.say("lost");
    client.written();
    client.lose();
    assert_eq!(client.session.room(), None);
    client.wait_due();
    client.enter(0);
    assert_eq!(client.session.room(), Some("tea"));
    assert!(client.written().contains(r#""room":"tea","text":"lost","n":1"#));
}

#[test]
fn lines_for_a_room_are_not_said_in_the_lobby() {
    for is_person in [true, false] {
        let mut client = Fixture::new(Some("a"), is_person);
        client.session = client.session.start_in(Some("tea".into()));
        client.say("for tea");
        client.connect();
        client.receive(HELLO);
        client.receive(r#"{"type":"done","tag":"session","n":0}"#);
        client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
        client.written();
        client.receive(r#"{"type":"error","tag":"room","code":"too-many-rooms","text":"no"}"#);
        if is_person {
            client.receive_past();
            assert!(client.written().contains(r#""room":"tea","text":"for tea""#));
            assert_eq!(client.session.room(), None);
        } else {
            let why = Why::Told("no".into());
            assert_eq!(client.session.outcome(), Some(&Outcome::NoConnection(why)));
        }
    }
}

#[test]
fn a_late_hello_is_accepted() {
    let mut client = Fixture::new(Some("a"), true);
    client.say("x");
    client.connect();
    client.wait(HELLO_MS);
    assert_eq!(client.written(), "json -p\na -n\n");
    client.receive(HELLO);
    client.receive(r#"{"type":"error","code":"bad-json","text":"no object"}"#);
    client.receive(r#"{"type":"done","tag":"session","n":0}"#);
    client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
    client.receive_past();
    assert_eq!(client.said(), [("x".into(), 1)]);
    assert_eq!(client.session.take_news(), [News::Entered]);
}

#[test]
fn a_server_that_stores_the_conversation_is_mentioned_once() {
    let mut client = Fixture::new(Some("a"), true);
    for news in [&[News::Entered, News::Kept][..], &[News::Back]] {
        client.connect();
        client.receive(&HELLO.replace('}', ",\"kept\":true}"));
        client.receive(r#"{"type":"done","tag":"name","name":"a"}"#);
        assert_eq!(client.session.take_news(), news);
        client.lose();
        client.session.take_news();
        client.wait(60_000);
    }
}
