//! Rooms, as people and programs use them, with the real binary.
//!
//! Sections of `docs/protocol.md`: "Rooms".

mod common;

use common::{Person, Server};

#[test]
fn people_and_programs_share_a_room_and_see_nothing_of_other_rooms() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut bot = server.enter("bot");
    let mut alice = Person::enter(&door, "alice");
    let mut bob = Person::enter(&door, "bob");
    bot.expect_all(&["[T] system: alice joined", "[T] system: bob joined"]);
    alice.expect("[T] system: bob joined");
    alice.say("/join tea");
    alice.expect("system: you are in tea, alone so far");
    bot.expect("[T] system: alice left");
    bob.expect("[T] system: alice left");
    bot.say("Tea -r");
    bot.expect("[T] system: you are in tea, 2 here");
    alice.expect("[T] system: bot joined");
    bob.expect("[T] system: bot left");
    bot.say("all about tea -topic");
    bot.expect("[T] system: bot set the topic: all about tea");
    alice.expect("[T] system: bot set the topic: all about tea");
    alice.say("hot water first");
    alice.expect("[T] alice: hot water first");
    bot.expect("[T] alice:hot water first");
    bob.say("/msg alice psst");
    alice.expect("[T] bob (private to alice): psst");
    bob.expect("[T] bob (private to alice): psst");
    bob.say("/rooms");
    bob.expect_all(&["system: 2 rooms:", "system: tea (2): all about tea", "system: lobby (1)"]);
    bot.say("rooms");
    bot.expect("[T] system: 2 rooms:");
    bot.expect_all(&["[T] system: tea (2): all about tea", "[T] system: lobby (1)"]);
    bob.say("/who");
    bob.expect_all(&["system: 1 here, 3 online in all rooms:", "system: bob"]);
    alice.say("/leave");
    alice.expect("system: you are in lobby, 2 here");
    alice.expect("-- nothing was said while you were away --");
    bob.expect("[T] system: alice joined");
    bot.expect("[T] system: alice left");
    bob.say("/topic");
    bob.expect("system: lobby has no topic");
    bob.say("/join a:b");
    bob.expect("system: invalid room name: use only letters, digits and _ - . '");
}

#[test]
fn the_prompt_names_the_room_unless_it_is_the_lobby() {
    let (_server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    alice.say("/join tea");
    alice.expect("system: you are in tea, alone so far");
    assert_eq!(alice.0.raw(5), "tea> ");
    alice.say("hi");
    alice.expect("[T] alice: hi");
    assert_eq!(alice.0.raw(5), "tea> ");
    alice.say("/leave");
    alice.expect("system: you are in lobby, alone so far");
}

#[test]
fn a_returning_user_is_shown_exactly_the_missed_lines() {
    let (_server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    let mut bob = Person::enter(&door, "bob");
    alice.expect("[T] system: bob joined");
    alice.say("/join tea");
    alice.until("system: you are in tea, alone so far");
    bob.say("/join tea");
    alice.expect("[T] system: bob joined");
    bob.until("system: you are in tea, 2 here");
    alice.say("/leave");
    alice.until("-- nothing was said while you were away --");
    bob.expect("[T] system: alice left");
    for line in ["one", "two"] {
        bob.say(line);
        bob.expect(&format!("[T] bob: {line}"));
    }
    bob.say("/leave");
    bob.until("-- nothing was said while you were away --");
    // The room has ended; its history remains.
    alice.say("/join tea");
    alice.until("system: you are in tea, alone so far");
    alice.expect("-- 2 messages while you were away --");
    alice.expect_all(&["[T] bob: one", "[T] bob: two"]);
}

#[test]
fn the_articles_client_stays_in_the_lobby() {
    let (server, door, _path) = Server::with_both_doors("--lang zh");
    let mut alice = server.enter("alice");
    let mut bob = Person::enter(&door, "bob");
    alice.expect("[T] 系统:bob加入了聊天");
    bob.say("/join 茶");
    bob.expect("系统:您已进入房间 茶，目前只有您一人");
    alice.expect("[T] 系统:用户bob退出聊天室!");
    bob.say("听不见");
    bob.expect("[T] bob: 听不见");
    alice.say("在吗 -ta");
    alice.expect("[T] alice:在吗");
    bob.say("/leave");
    bob.until("[T] alice: 在吗");
}

#[test]
fn a_web_page_cannot_speak_at_the_classic_door() {
    let (server, _door, _path) = Server::with_both_doors("");
    let mut alice = server.enter("alice");
    let mut page = server.connect();
    let body = "mallory -n\r\nbuy now -ta\r\n";
    let head = "POST / HTTP/1.1\r\nHost: 127.0.0.1:9999\r\nContent-Type: text/plain\r\n\r\n";
    page.send(format!("{head}{body}"));
    page.expect("[T] system: this is a chat server, not a web server");
    page.expect_end();
    alice.say("still here -ta");
    alice.expect("[T] alice:still here");
}
