//! Tests of the session at the article's server, and with events in random order.

use super::*;

#[test]
fn the_articles_server_gets_one_command_at_a_time() {
    let mut client = Fixture::entered_article();
    client.say("one");
    client.say("two");
    assert_eq!(client.written(), "one -ta\n");
    assert_eq!(client.written(), "");
    client.receive_text("[2026-11-23 09:11:38] b:one");
    assert_eq!(client.written(), "", "another user's line is no echo");
    client.echo("one");
    assert_eq!(client.session.wrote(0, client.now_ms), ());
    assert_eq!(client.written(), "two -ta\n");
    client.say("three");
    client.wait(ECHO_MS);
    assert_eq!(client.written(), "three -ta\n", "an echo may never come");
    assert!(client.session.take_news().contains(&News::Unsure("two".into())));
    assert_eq!(client.session.report(), (vec!["two".into(), "three".into()], 2));
}

#[test]
fn the_next_command_waits_until_one_is_written() {
    let mut client = Fixture::entered_article();
    client.say("one");
    client.say("two");
    client.session.wrote(3, client.now_ms);
    client.echo("one");
    assert_eq!(client.written(), " -ta\n");
    assert_eq!(client.written(), "two -ta\n");
}

#[test]
fn at_the_articles_server_nothing_is_said_twice_and_unsure_lines_are_reported() {
    let mut client = Fixture::entered_article();
    client.say("lost");
    client.say("waiting");
    client.written();
    client.lose();
    assert!(client.session.take_news().contains(&News::Unsure("lost".into())));
    client.wait_due();
    client.connect();
    client.wait(HELLO_MS);
    client.receive_text("OK");
    assert_eq!(client.written(), "json -p\na -n\n");
    assert_eq!(client.written(), "waiting -ta\n");
    client.echo("waiting");
    client.session.finish(client.now_ms);
    assert_eq!(client.written(), "exit\n");
    client.receive_text("exit");
    assert_eq!(client.session.outcome(), Some(&Outcome::Left));
    assert_eq!(client.session.report(), (vec!["lost".into()], 1));
}

#[test]
fn unsupported_commands_at_the_articles_server_are_reported() {
    let mut client = Fixture::new(Some("a"), true);
    client.session = client.session.start_in(Some("tea".into()));
    client.connect();
    client.wait(HELLO_MS);
    client.receive_text("OK");
    assert_eq!(client.session.take_news(), [News::Entered, News::NoRooms]);
    client.session.ask(Command::Who, client.now_ms);
    client.written();
    assert_eq!(client.session.take_news(), [News::Unsupported]);
    client.session.give_name("b c", client.now_ms);
    assert_eq!(client.written(), "b -n\n");
    client.receive_text("[2026-11-23 09:11:38] 系统:b加入了聊天");
    client.receive_text("OK");
    assert_eq!(client.session.name(), "b");
    client.receive_text("[2026-11-23 09:11:38] 系统:c加入了聊天");
    assert_eq!(client.session.place().names().collect::<Vec<_>>(), ["c", "b"]);
    let News::Told(Message { at, .. }) = &client.session.take_news()[0] else {
        panic!("it was shown")
    };
    assert_eq!(*at, At::Clock("2026-11-23 09:11:38".into()));
}

#[test]
fn random_events_do_not_break_it_or_make_it_grow() {
    for seed in 0..300 {
        let mut random = Rng::with_seed(seed);
        let mut client = Fixture::new(random.bool().then_some("a"), random.bool());
        for _ in 0..300 {
            match random.u8(..18) {
                0 if client.session.connection().is_some() => client.connect(),
                1 => client.lose(),
                2 => client.receive_text("OK"),
                3 => client.receive(HELLO),
                4 => client.echo("x"),
                5 => client.receive(r#"{"type":"error","tag":"name","text":"no"}"#),
                6 => client.session.give_name("b", client.now_ms),
                7 if random.u8(..20) == 0 => client.session.finish(client.now_ms),
                8 if random.u8(..40) == 0 => client.session.leave(client.now_ms),
                9 => drop(client.written()),
                10 => client.wait(random.u64(..2_000)),
                11 => client.session.ask(Command::Join("tea".into()), client.now_ms),
                12 => client.receive(r#"{"type":"entered","room":"tea","count":2}"#),
                13 => client.receive(r#"{"type":"closing","code":"exit"}"#),
                14 => {
                    let tags = ["session", "name", "room", "past", "1", "2", "3"];
                    let tag = tags[random.usize(..tags.len())];
                    let kind = if random.bool() { "done" } else { "error" };
                    client.receive(&format!(r#"{{"type":"{kind}","tag":"{tag}","n":1}}"#));
                }
                _ if client.session.has_room() => client.say("x"),
                _ => {}
            }
            let session = &client.session;
            assert!(session.unconfirmed().count() <= COMMANDS_MAX + UNCONFIRMED_MAX, "seed {seed}");
            assert!(session.outcome().is_none() || session.connection().is_none());
            client.session.take_news();
        }
    }
}
