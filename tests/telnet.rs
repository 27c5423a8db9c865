//! Telnet commands between lines.
//!
//! Sections of `docs/protocol.md`: "Negotiation", "What a person sees".

mod common;

use std::thread;
use std::time::Duration;

use common::{Client, Server, Terminal};
use natter::door::charset::Charset;

const SENTENCE: &str = "a sentence of several words that is longer than a row";

const IAC: u8 = 255;
const IP: u8 = 244;
const DM: u8 = 242;

#[test]
fn an_interrupt_removes_no_letter_of_the_next_line() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.connect();
    alice.send("alice -n\r\n");
    alice.expect("OK");
    alice.send([IAC, IP]);
    alice.send_urgent(&[IAC, DM]);
    alice.send("hello -ta\r\n");
    alice.expect("[T] alice:hello");
}

#[test]
fn data_behind_an_interrupt_is_read_without_further_input() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    // With and without a pause: the server reads up to the urgent byte, or past it.
    for pause in [Duration::ZERO, Duration::from_millis(20)] {
        for number in 0..20 {
            alice.send(format!("{number} -ta\r\n"));
            thread::sleep(pause);
            alice.send([IAC, IP]);
            alice.send_urgent(&[IAC, DM]);
            alice.expect(&format!("[T] alice:{number}"));
            alice.send_urgent(b"hello -ta\r\n");
            alice.expect("[T] alice:hello");
        }
    }
}

/// Alice says `text` once the server knows what `ming` told before, whose screen comes to end in `rows`.
#[track_caller]
fn assert_rows(alice: &mut Client, ming: &mut Terminal, number: usize, rows: &str) {
    ming.enter(&format!("now {number}"));
    alice.until(&format!("[T] ming:now {number}"));
    alice.say(&format!("{number} {SENTENCE} -ta"));
    ming.expect_end(&format!("[T] ming: now {number}\n[T] alice: {number} {rows}"));
}

#[test]
fn rows_are_as_long_as_the_window_is_wide() {
    let server = Server::start("--telnet 127.0.0.1:0 --lang en --no-flood-limit");
    let mut alice = server.enter("alice");
    let mut ming = Terminal::connect(server.telnet(), (40, 30), Charset::Utf8);
    ming.enter("ming");
    alice.until("[T] system: ming joined");
    // It breaks rows itself.
    let cut = "a sentence of several w\nords that is longer than a row\n> █";
    assert_rows(&mut alice, &mut ming, 1, cut);
    ming.tell_window();
    let in_40 = "a sentence of several\n         words that is longer than a\n         row\n> █";
    assert_rows(&mut alice, &mut ming, 2, in_40);
    ming.resize((30, 30));
    let in_30 = "a sentence\n       of several words that\n       is longer than a row\n> █";
    assert_rows(&mut alice, &mut ming, 3, in_30);
    ming.enter("/edit on");
    ming.expect_end("system: line editing by the\n       server is on\n> █");
    ming.type_in("half");
    ming.expect_end("       server is on\n> half█");
    ming.resize((40, 30));
    alice.say("4 -ta");
    ming.expect_end("[T] alice: 4\n> half█");
    alice.say(&format!("5 {SENTENCE} -ta"));
    let half = in_40.replace("> █", "> half█");
    ming.expect_end(&format!("[T] alice: 4\n[T] alice: 5 {half}"));
    ming.send([1, 11]);
    // Its size is not known any more.
    ming.send([IAC, 250, 31, 0, 0, 0, 0, IAC, 240]);
    assert_rows(&mut alice, &mut ming, 6, cut);
}
