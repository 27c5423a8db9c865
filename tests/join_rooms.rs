//! `natter join` in rooms, at both doors, and at a server without rooms.
#![cfg(feature = "client")]

mod common;
#[path = "common/pty.rs"]
mod pty;
#[path = "common/unframed.rs"]
mod unframed;

use std::io::Write;
use std::process::{Output, Stdio};

use common::{Server, TempPath, natter};
use pty::Terminal;
use unframed::Unframed;

/// Runs `natter join` with `options` and the given `input`.
fn joined(options: &str, input: &str) -> Output {
    let mut child =
        natter(&format!("join {options}")).stdin(Stdio::piped()).spawn().expect("starts");
    // It may have ended without reading.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).expect("it writes UTF-8");
    text.lines().map(String::from).collect()
}

/// Lets a user at a terminal move from room to room at a door, which `options` name.
fn walk(server: &Server, options: &str) {
    let mut bob = server.enter("bob");
    let mut dora = server.enter("dora");
    bob.until("[T] system: dora joined");
    bob.say("tea -r");
    bob.until("[T] system: you are in tea, alone so far");
    let mut terminal = Terminal::join(options, 16, 90);
    terminal.shows("-- you have joined");
    dora.until("[T] system: alice joined");
    terminal.press("/join tea\r");
    terminal.shows("-- you are in tea, 2 here");
    terminal.types("tea>");
    bob.until("[T] system: alice joined");
    dora.until("[T] system: alice left");
    terminal.press("hello\r");
    bob.until("[T] alice:hello");
    terminal.shows("alice: hello");
    terminal.press("/topic green tea\r");
    bob.until("[T] system: alice set the topic: green tea");
    terminal.shows("-- alice set the topic: green tea");
    terminal.press("/rooms\r");
    terminal.shows("-- 2 rooms:");
    terminal.shows("-- tea (2): green tea");
    terminal.press("/topic\r");
    terminal.press("/who\r");
    terminal.shows("-- 2 here in tea, 3 online in all rooms:");
    terminal.press("bo\t");
    terminal.types("tea> bob");
    // Users in the lobby are known once they have done something there.
    terminal.press("\x15/leave\r");
    terminal.shows("-- you are in lobby, 2 here");
    terminal.types(">");
    terminal.press("bo\t");
    terminal.types("> bo");
    terminal.press("\x15/join x!\r");
    terminal.shows("-- invalid room name: use only letters");
    terminal.types(">");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_person_goes_from_room_to_room_at_the_classic_door() {
    let server = Server::start("--no-flood-limit");
    walk(&server, &format!("{} --name alice", server.door()));
}

#[test]
fn a_person_goes_from_room_to_room_at_the_telnet_door() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--telnet {} --no-flood-limit", file.as_door()));
    walk(&server, &format!("{} --name alice", file.as_door()));
}

#[test]
fn a_room_given_as_option_is_entered_before_anything_is_said() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--telnet {} --no-flood-limit", file.as_door()));
    let mut bob = server.enter("bob");
    bob.say("tea -r");
    bob.until("[T] system: you are in tea, alone so far");
    for door in [server.door().to_string(), file.as_door()] {
        let output = joined(&format!("{door} --name box --room tea"), "one\ntwo\n");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let heard = lines(&output);
        let place = |part: &str| heard.iter().position(|line| line.contains(part));
        let entered = place("system: you are in tea, 2 here");
        assert!(entered.is_some() && entered < place("box:"), "{heard:?}");
        bob.expect("[T] system: box joined");
        bob.expect_all(&["[T] box:one", "[T] box:two", "[T] system: box left"]);
        assert!(heard.iter().any(|line| line.ends_with("two")), "{heard:?}");
    }
}

#[test]
fn a_person_returns_to_their_room_when_the_server_comes_back() {
    let (classic, telnet) = (TempPath::new(".sock"), TempPath::new(".sock"));
    let options = format!("--classic {} --telnet {}", classic.as_door(), telnet.as_door());
    let mut server = Server::start(&options);
    let join = |door: &str, name: &str| {
        let mut terminal = Terminal::join(&format!("{door} --name {name} --room tea"), 12, 90);
        terminal.shows("-- you are in tea");
        terminal
    };
    let mut alice = join(&classic.as_door(), "alice");
    let mut carol = join(&telnet.as_door(), "carol");
    server.all_log();
    for terminal in [&mut alice, &mut carol] {
        terminal.shows("reconnecting in");
        terminal.types(">");
    }
    let server = Server::start(&options);
    for terminal in [&mut alice, &mut carol] {
        terminal.shows("-- reconnected");
        terminal.types("tea>");
    }
    let mut bob = server.enter("bob");
    bob.say("tea -r");
    bob.until("[T] system: you are in tea, 3 here");
    carol.press("here again\r");
    bob.until("[T] carol:here again");
    alice.shows("carol: here again");
}

#[test]
fn at_a_server_without_rooms_everyone_is_in_one_room() {
    let server = Unframed::start();
    let mut terminal =
        Terminal::join(&format!("{} --name alice --room tea", server.door()), 12, 60);
    terminal.shows("-- this server has no rooms");
    terminal.types(">");
    let output = joined(&format!("{} --name box --room tea", server.door()), "hello\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "natter: this server has no rooms\n");
    terminal.shows("box: hello");
    // Another user's line does not move the person.
    server.say_at_once(&["system: you are in evil, 3 here"]);
    terminal.shows("-- you are in evil");
    terminal.types(">");
    terminal.press("/rooms\r");
    terminal.shows("-- this server does not support that command");
    terminal.press("/join tea\r");
    terminal.press("still here\r");
    terminal.shows("alice: still here");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
}
