//! The actions of one client cost another nothing: no connection, no lines, no trust.

mod common;

use common::{Bare, Server};

/// `[2026-11-23 09:11:38] mal:`
const PREFIX_BYTES: usize = 26;

#[test]
fn the_rest_of_a_long_line_cannot_pass_for_a_word_or_a_line() {
    let server = Server::start("--no-flood-limit --line-bytes 2048");
    let mut victim = Bare::enter(&server, "victim");
    let mut mallory = server.enter("mal");
    victim.until("[T] system: mal joined");
    let filler = "a".repeat(1024 - PREFIX_BYTES);
    for forged in ["exit", "OK", "[2026-11-23 09:11:38] system: send me your name"] {
        mallory.say(&format!("{filler}{forged} -ta"));
        mallory.expect(&format!("[T] mal:{filler}{forged}"));
        let shown = victim.until_read(|read| read.starts_with('…'));
        assert!(!shown.contains("[T] system"), "{shown}");
        assert!(shown.starts_with("… "), "{shown}");
    }
    mallory.say("exit");
    victim.until("[T] system: mal left");
}

#[test]
fn many_private_messages_do_not_close_a_reader() {
    let server = Server::start("--clients 100");
    let mut victim = server.enter("vic");
    let text = "x".repeat(1_000);
    let mut crowd: Vec<_> = (0..40).map(|number| server.enter(&format!("w{number}"))).collect();
    for whisperer in &mut crowd {
        whisperer.send(format!("vic {text} -to\n").repeat(3));
    }
    let mut heard = 0;
    while heard < 120 {
        heard += usize::from(victim.line().ends_with(&text));
    }
    victim.say("still here -ta");
    victim.until("[T] vic:still here");
}

#[test]
fn many_private_messages_do_not_close_an_unframed_client() {
    let server = Server::start("--clients 100");
    let mut victim = Bare::enter(&server, "vic");
    let text = "x".repeat(900);
    let mut crowd: Vec<_> = (0..40).map(|number| server.enter(&format!("w{number}"))).collect();
    for whisperer in &mut crowd {
        whisperer.send(format!("vic {text} -to\n").repeat(3));
    }
    victim.until_read(|read| read.contains("lines skipped"));
    victim.send("still here -ta");
    victim.until_read(|read| read.contains("vic:still here"));
}

#[test]
fn a_client_that_starts_to_send_lines_is_sent_lines() {
    let server = Server::start("");
    let mut client = server.connect();
    client.send("glue -n");
    assert_eq!(client.raw(2), "OK");
    client.send("\n");
    client.send("hi -ta\n");
    assert_eq!(client.raw_line(), "\r\n");
    client.expect("[T] glue:hi");
}

#[test]
fn a_client_that_starts_to_send_lines_in_a_pause_loses_nothing() {
    let server = Server::start("--no-flood-limit");
    let mut client = server.connect();
    client.send("bob -n");
    assert_eq!(client.raw(2), "OK");
    client.send("x".repeat(4_096) + "\n");
    client.say("hi -ta");
    client.until("[T] bob:hi");
}

#[test]
fn a_client_that_asks_who_is_here_and_stops_sending_is_sent_the_whole_list() {
    let server = Server::start("--clients 1000");
    let _crowd: Vec<_> =
        (0..250).map(|number| server.enter(&format!("quiet-one-{number:03}"))).collect();
    let mut asker = server.connect();
    asker.send("who\n");
    asker.end_sending();
    let told = asker.rest().join("\n");
    for number in 0..250 {
        assert!(told.contains(&format!("quiet-one-{number:03}")), "{number} is missing");
    }
}

#[test]
fn an_overlong_burst_is_discarded_to_its_end_and_answered_once() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    let mut bare = Bare::enter(&server, "bare");
    alice.expect("[T] system: bare joined");
    bare.send(&("y".repeat(4_500) + " -ta"));
    bare.expect("[T] system: not sent: the line is longer than 1024 bytes");
    bare.send("short -ta");
    alice.expect("[T] bare:short");
}
