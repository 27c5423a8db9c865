//! Tests of the session at the article's server, and with events in random order.

use super::*;

#[test]
fn the_articles_server_gets_one_command_at_a_time() {
    let mut stay = Stay::entered_article();
    stay.say("one");
    stay.say("two");
    assert_eq!(stay.written(), "one -ta\n");
    assert_eq!(stay.written(), "");
    stay.receive_text("[2026-11-23 09:11:38] b:one");
    assert_eq!(stay.written(), "", "another user's line is no echo");
    stay.echo("one");
    assert_eq!(stay.session.wrote(0, stay.now_ms), ());
    assert_eq!(stay.written(), "two -ta\n");
    stay.say("three");
    stay.wait(ECHO_MS);
    assert_eq!(stay.written(), "three -ta\n", "an echo may never come");
    assert!(stay.session.take_news().contains(&News::Unsure("two".into())));
    assert_eq!(stay.session.report(), (vec!["two".into(), "three".into()], 2));
}

#[test]
fn the_next_command_waits_until_one_is_written() {
    let mut stay = Stay::entered_article();
    stay.say("one");
    stay.say("two");
    stay.session.wrote(3, stay.now_ms);
    stay.echo("one");
    assert_eq!(stay.written(), " -ta\n");
    assert_eq!(stay.written(), "two -ta\n");
}

#[test]
fn at_the_articles_server_nothing_is_said_twice_and_unsure_lines_are_reported() {
    let mut stay = Stay::entered_article();
    stay.say("lost");
    stay.say("waiting");
    stay.written();
    stay.lose();
    assert!(stay.session.take_news().contains(&News::Unsure("lost".into())));
    stay.wait_due();
    stay.connect();
    stay.wait(HELLO_MS);
    stay.receive_text("OK");
    assert_eq!(stay.written(), "json -p\na -n\n");
    assert_eq!(stay.written(), "waiting -ta\n");
    stay.echo("waiting");
    stay.session.finish(stay.now_ms);
    assert_eq!(stay.written(), "exit\n");
    stay.receive_text("exit");
    assert_eq!(stay.session.outcome(), Some(&Outcome::Left));
    assert_eq!(stay.session.report(), (vec!["lost".into()], 1));
}

#[test]
fn unsupported_commands_at_the_articles_server_are_reported() {
    let mut stay = Stay::new(Some("a"), true);
    stay.session = stay.session.start_in(Some("tea".into()));
    stay.connect();
    stay.wait(HELLO_MS);
    stay.receive_text("OK");
    assert_eq!(stay.session.take_news(), [News::Entered, News::NoRooms]);
    stay.session.ask(Command::Who, stay.now_ms);
    stay.written();
    assert_eq!(stay.session.take_news(), [News::Unsupported]);
    stay.session.give_name("b c", stay.now_ms);
    assert_eq!(stay.written(), "b -n\n");
    stay.receive_text("[2026-11-23 09:11:38] 系统:b加入了聊天");
    stay.receive_text("OK");
    assert_eq!(stay.session.name(), "b");
    stay.receive_text("[2026-11-23 09:11:38] 系统:c加入了聊天");
    assert_eq!(stay.session.place().names().collect::<Vec<_>>(), ["c", "b"]);
    let News::Told(Message { at, .. }) = &stay.session.take_news()[0] else {
        panic!("it was shown")
    };
    assert_eq!(*at, At::Clock("2026-11-23 09:11:38".into()));
}

#[test]
fn random_events_do_not_break_it_or_make_it_grow() {
    for seed in 0..300 {
        let mut random = Rng::with_seed(seed);
        let mut stay = Stay::new(random.bool().then_some("a"), random.bool());
        for _ in 0..300 {
            match random.u8(..18) {
                0 if stay.session.connection().is_some() => stay.connect(),
                1 => stay.lose(),
                2 => stay.receive_text("OK"),
                3 => stay.receive(HELLO),
                4 => stay.echo("x"),
                5 => stay.receive(r#"{"type":"error","tag":"name","text":"no"}"#),
                6 => stay.session.give_name("b", stay.now_ms),
                7 if random.u8(..20) == 0 => stay.session.finish(stay.now_ms),
                8 if random.u8(..40) == 0 => stay.session.leave(stay.now_ms),
                9 => drop(stay.written()),
                10 => stay.wait(random.u64(..2_000)),
                11 => stay.session.ask(Command::Join("tea".into()), stay.now_ms),
                12 => stay.receive(r#"{"type":"entered","room":"tea","count":2}"#),
                13 => stay.receive(r#"{"type":"closing","code":"exit"}"#),
                14 => {
                    let tags = ["session", "name", "room", "past", "1", "2", "3"];
                    let tag = tags[random.usize(..tags.len())];
                    let kind = if random.bool() { "done" } else { "error" };
                    stay.receive(&format!(r#"{{"type":"{kind}","tag":"{tag}","n":1}}"#));
                }
                _ if stay.session.has_room() => stay.say("x"),
                _ => {}
            }
            let session = &stay.session;
            assert!(session.unconfirmed().count() <= COMMANDS_MAX + UNCONFIRMED_MAX, "seed {seed}");
            assert!(session.outcome().is_none() || session.connection().is_none());
            stay.session.take_news();
        }
    }
}
