//! The article's table of commands, row by row, byte for byte, for clients with line ends and
//! without.
//!
//! Sections of `docs/protocol.md`: "Lines", "Commands at the classic door", "Clients without line
//! ends".

mod common;

use std::collections::BTreeSet;

use chrono::{Local, NaiveDateTime, TimeDelta};
use common::{Bare, Server, natter};

/// The server's texts in one language.
struct Words {
    option: &'static str,
    joined: &'static str,
    said: &'static str,
    left: &'static str,
    not_understood: &'static str,
}

const ZH: Words = Words {
    option: "--lang zh",
    joined: "[T] 系统:小明加入了聊天",
    said: "[T] 小明:大家好",
    left: "[T] 系统:用户小明退出聊天室!",
    not_understood: "[T] 系统:无法识别您的指令,请重新输入!",
};

const EN: Words = Words {
    option: "--lang en",
    joined: "[T] system: 小明 joined",
    said: "[T] 小明:大家好",
    left: "[T] system: 小明 left",
    not_understood: "[T] system: command not recognised; type help for a list",
};

#[test]
fn every_row_of_the_table_holds_for_a_client_with_line_ends() {
    for words in [ZH, EN] {
        let server = Server::start(words.option);
        let mut other = server.enter("other");
        let mut client = server.connect();
        client.say("小明 -n");
        client.expect("OK");
        client.say("大家好 -ta");
        client.expect(words.said);
        client.say("大家好");
        client.expect(words.not_understood);
        client.say("exit");
        client.expect("exit");
        client.expect_end();
        other.expect_all(&[words.joined, words.said, words.left]);
    }
}

#[test]
fn every_row_of_the_table_holds_for_a_client_without_line_ends() {
    for words in [ZH, EN] {
        let server = Server::start(words.option);
        let mut other = server.enter("other");
        let mut client = Bare::connect(&server);
        assert_eq!(client.ask("小明"), "OK");
        client.send("大家好 -ta");
        client.expect(words.said);
        client.send("大家好");
        client.expect(words.not_understood);
        client.send("exit");
        client.expect("exit");
        client.expect("");
        other.expect_all(&[words.joined, words.said, words.left]);
    }
}

#[test]
fn both_kinds_of_client_see_each_other() {
    let server = Server::start("--lang zh");
    let mut lines = server.enter("lines");
    let mut bare = Bare::enter(&server, "bare");
    lines.expect("[T] 系统:bare加入了聊天");
    lines.say("hello -ta");
    lines.expect("[T] lines:hello");
    bare.expect("[T] lines:hello");
    bare.send("你好 -ta");
    bare.expect("[T] bare:你好");
    lines.expect("[T] bare:你好");
    lines.say("exit");
    bare.expect("[T] 系统:用户lines退出聊天室!");
}

#[test]
fn the_command_is_the_last_word_and_the_name_is_the_first() {
    let server = Server::start("");
    let mut alice = server.connect();
    alice.name("alice in chains");
    alice.say("exit -n -ta");
    alice.expect("[T] alice:exit -n");
    alice.say("two  spaces  -ta");
    alice.expect("[T] alice:two  spaces ");
    alice.say(" exit -ta ");
    alice.expect("[T] alice:exit");
    for no_command in ["-ta", "hello-ta", "EXIT", "exit now", "-n"] {
        alice.say(no_command);
        alice.expect(EN.not_understood);
    }
}

#[test]
fn a_rename_frees_the_old_name() {
    let server = Server::start("--lang zh");
    let mut alice = server.enter("alice");
    let mut bob = Bare::enter(&server, "bob");
    alice.expect("[T] 系统:bob加入了聊天");
    alice.name("eve");
    bob.expect("[T] 系统:alice 改名为 eve");
    assert_eq!(bob.ask("alice"), "OK");
    alice.expect("[T] 系统:bob 改名为 alice");
    alice.say("who");
    alice.expect("[T] 系统:在线 2 人：");
    let line = alice.line();
    let names = line.strip_prefix("[T] 系统:").expect("the system lists them");
    assert_eq!(BTreeSet::from_iter(names.split('、')), BTreeSet::from(["alice", "eve"]));
}

#[test]
fn nobody_speaks_before_taking_a_name() {
    for (option, name_first) in [
        ("--lang zh", "[T] 系统:请先取名：NAME -n"),
        ("", "[T] system: choose a name first: NAME -n"),
    ] {
        let server = Server::start(option);
        let mut other = server.enter("other");
        let mut client = server.connect();
        for line in ["hello -ta", "waves -me", "other psst -to"] {
            client.say(line);
            client.expect(name_first);
        }
        let mut bare = Bare::connect(&server);
        bare.send("hello -ta");
        bare.expect(name_first);
        other.say("only me -ta");
        other.expect("[T] other:only me");
    }
}

#[test]
fn a_client_without_a_name_leaves_unannounced() {
    let server = Server::start("");
    let mut other = server.enter("other");
    let mut client = server.connect();
    client.say("exit");
    client.expect("exit");
    client.expect_end();
    let mut bare = Bare::connect(&server);
    bare.send("exit");
    bare.expect("exit");
    bare.expect("");
    other.say("only me -ta");
    other.expect("[T] other:only me");
}

#[test]
fn the_three_additional_commands_do_what_help_says() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    let mut bob = server.enter("bob");
    alice.expect("[T] system: bob joined");
    bob.say("waves -me");
    bob.expect("[T] * bob waves");
    alice.expect("[T] * bob waves");
    bob.say("alice just us -to");
    bob.expect("[T] bob (private to alice):just us");
    alice.expect("[T] bob (private to alice):just us");
    bob.say("carol are you there -to");
    bob.expect("[T] system: nobody here is called carol");
    bob.say("help");
    let help: Vec<String> = (0..10).map(|_| bob.line()).collect();
    for command in [
        "NAME -n",
        "TEXT -ta",
        "TEXT -me",
        "NAME TEXT -to",
        "who",
        "ROOM -r",
        "rooms",
        "TEXT -topic",
        "help",
        "exit",
    ] {
        assert!(help.iter().any(|line| line.contains(command)), "{command}: {help:#?}");
    }
}

#[test]
fn every_common_line_end_ends_one_line() {
    let server = Server::start("--burst-lines 99");
    let mut alice = server.connect();
    alice.send("alice -n\r\none -ta\ntwo -ta\r\0\r\n\n\nthree -ta\r\n");
    alice.expect_all(&["OK", "[T] alice:one", "[T] alice:two", "[T] alice:three"]);
}

#[test]
fn a_line_may_arrive_byte_by_byte() {
    let server = Server::start("");
    let mut alice = server.connect();
    "小明 -n\r\n大家好 -ta\r\n".bytes().for_each(|byte| alice.send([byte]));
    alice.expect_all(&["OK", "[T] 小明:大家好"]);
}

#[test]
fn the_time_is_the_local_time() {
    let mut east = natter("--classic 127.0.0.1:0");
    // POSIX uses the opposite sign: five and a half hours ahead of UTC.
    let server = Server::spawn(east.env("TZ", "XST-5:30"));
    let mut alice = server.enter("alice");
    alice.say("what time is it -ta");
    let line = alice.raw_line();
    let stamp =
        line.strip_prefix('[').and_then(|line| line.strip_suffix("] alice:what time is it\r\n"));
    let stamp = stamp.expect("a stamp in brackets stands before the name");
    let stamp = NaiveDateTime::parse_from_str(stamp, "%Y-%m-%d %H:%M:%S").expect("it is a time");
    let expected = Local::now().naive_utc() + TimeDelta::minutes(330);
    assert!((expected - stamp).abs() < TimeDelta::seconds(60), "{stamp} and not {expected}");
}
