//! Telnet commands between lines.
//!
//! Sections of `docs/protocol.md`: "Negotiation".

mod common;

use std::thread;
use std::time::Duration;

use common::Server;

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
