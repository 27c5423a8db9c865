//! The end of connections and of the server: nothing that was said is lost.
//!
//! Sections of `docs/protocol.md`: "Lines".

mod common;

use std::io::{IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use common::{Client, Server, TempPath, natter};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::Signal;

#[test]
fn a_client_that_stops_sending_is_read_to_the_end() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    let mut bob = server.connect();
    bob.send("bob -n\nhi -ta");
    bob.end_sending();
    bob.expect_all(&["OK", "[T] bob:hi"]);
    bob.expect_end();
    alice.expect_all(&["[T] system: bob joined", "[T] bob:hi", "[T] system: bob left"]);
}

#[test]
fn a_fast_client_that_stops_sending_is_read_to_the_end() {
    let server = Server::start("--lines-per-sec 20");
    let mut bob = server.connect();
    bob.send("bob -n\n");
    for number in 0..12 {
        bob.send(format!("{number} -ta\n"));
    }
    bob.send("last");
    bob.send(" -ta");
    bob.end_sending();
    bob.expect("OK");
    for number in 0..12 {
        bob.expect(&format!("[T] bob:{number}"));
    }
    bob.expect("[T] bob:last");
    bob.expect_end();
}

#[test]
fn the_last_lines_arrive_although_the_client_still_sends() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    let mut bob = server.enter("bob");
    bob.send("bye -ta\nexit\n".to_string() + &"junk that nobody reads\n".repeat(4_500));
    alice.expect_all(&["[T] system: bob joined", "[T] bob:bye", "[T] system: bob left"]);
    // A reset would have destroyed the data waiting for bob by now.
    bob.expect_all(&["[T] bob:bye", "exit"]);
    bob.expect_end();
}

#[test]
fn a_disconnected_sender_is_still_read() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    let mut bob = server.enter("bob");
    alice.expect("[T] system: bob joined");
    bob.send("I am off -ta\n");
    bob.reset();
    alice.expect_all(&["[T] bob:I am off", "[T] system: bob left"]);
}

#[test]
fn a_sender_that_disconnects_at_once_is_still_read() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    let mut bob = server.connect();
    bob.send("bob -n\nhi -ta\nbye -ta\n");
    bob.reset();
    alice.expect_all(&["[T] system: bob joined", "[T] bob:hi", "[T] bob:bye"]);
    alice.expect("[T] system: bob left");
}

#[test]
fn a_disconnected_reader_does_not_affect_senders() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    for number in 0..5 {
        server.enter(&format!("bob{number}")).reset();
        alice.say("hello -ta");
        alice.until("[T] alice:hello");
    }
}

#[test]
fn a_name_is_free_as_soon_as_its_holder_is_gone() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    for ends in [|bob: Client| drop(bob), Client::reset] {
        ends(server.enter("bob"));
        alice.until("[T] system: bob left");
    }
    server.enter("bob");
}

#[test]
fn sigterm_delivers_what_is_queued_and_the_notice() {
    let lag = "--no-flood-limit --lag-soft-bytes 400000 --lag-hard-bytes 500000";
    let mut server = Server::start(lag);
    let mut alice = server.enter("alice");
    let mut slow = Client::connect_narrow(server.door());
    slow.name("slow");
    alice.expect("[T] system: slow joined");
    let line = "x".repeat(1_000);
    for _ in 0..300 {
        alice.say(&format!("{line} -ta"));
        alice.expect(&format!("[T] alice:{line}"));
    }
    server.signal(Signal::TERM);
    server.wait_log(&["event=stop"]);
    for _ in 0..300 {
        slow.expect(&format!("[T] alice:{line}"));
    }
    slow.expect("[T] system: the server is stopping, goodbye");
    alice.expect("[T] system: the server is stopping, goodbye");
    slow.rest();
    alice.rest();
    assert_eq!(server.wait(), 0);
}

#[test]
fn sigint_ends_a_server_as_sigterm_does() {
    let mut server = Server::start("--lang zh");
    let mut alice = server.enter("alice");
    let mut nameless = server.connect();
    nameless.say("exit?");
    nameless.expect("[T] 系统:无法识别您的指令,请重新输入!");
    server.signal(Signal::INT);
    alice.expect("[T] 系统:服务器即将关闭，再见！");
    nameless.expect("[T] 系统:服务器即将关闭，再见！");
    alice.expect_end();
    nameless.expect_end();
    assert_eq!(server.wait(), 0);
}

#[test]
fn sigterm_ends_an_empty_server() {
    let mut server = Server::start("");
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
}

#[test]
fn a_second_signal_ends_at_once() {
    for (signal, code) in [(Signal::TERM, 128 + 15), (Signal::INT, 128 + 2)] {
        let file = TempPath::new(".sock");
        let mut command = natter("--no-flood-limit --classic 127.0.0.1:0 --classic");
        let mut server = Server::spawn(command.arg(file.as_door()));
        let _held_up = someone_who_holds_it_up(&server);
        server.signal(Signal::TERM);
        server.wait_log(&["event=stop"]);
        assert!(server.is_running(), "the reader holds it up");
        server.signal(signal);
        assert_eq!(server.wait(), code);
        assert!(!file.path().exists(), "its socket file is gone all the same");
    }
}

/// Lets a client enter that has more to read than its kernel accepts.
fn someone_who_holds_it_up(server: &Server) -> Client {
    let mut alice = server.enter("alice");
    let mut stuck = Client::connect_narrow(server.door());
    stuck.name("stuck");
    alice.expect("[T] system: stuck joined");
    let line = "x".repeat(1_000);
    for _ in 0..300 {
        alice.say(&format!("{line} -ta"));
        alice.expect(&format!("[T] alice:{line}"));
    }
    stuck
}

#[test]
fn a_server_ends_although_its_readers_never_read() {
    let mut server = Server::start("--no-flood-limit");
    let _held_up = someone_who_holds_it_up(&server);
    server.signal(Signal::TERM);
    assert_eq!(server.wait(), 0);
}

#[test]
fn a_server_that_ends_without_descriptors_does_not_spin() {
    let mut server = Server::start("--no-flood-limit");
    let _held_up = someone_who_holds_it_up(&server);
    server.leave_no_descriptor();
    let _waits = server.connect();
    server.wait_log(&["event=starved"]);
    server.signal(Signal::TERM);
    server.wait_log(&["event=stop"]);
    // After the time at which it would have tried to accept again.
    thread::sleep(Duration::from_millis(1_100));
    let before = server.process().sleeps();
    thread::sleep(Duration::from_millis(500));
    let sleeps = server.process().sleeps() - before;
    assert!(sleeps <= 2, "it woke {sleeps} times in half a second");
}

#[test]
fn a_hang_up_does_not_end_a_service_and_is_logged() {
    let mut server = Server::start("");
    let mut alice = server.enter("alice");
    for _ in 0..3 {
        server.signal(Signal::HUP);
        server.wait_log(&["event=hang-up"]);
        alice.say("still here -ta");
        alice.expect("[T] alice:still here");
    }
}

/// A read of a Unix socket ends behind the bytes that came with a descriptor (unix(7)), although
/// there is more.
#[test]
fn data_behind_a_passed_descriptor_is_read() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--classic {}", file.as_door()));
    let mut watcher = server.enter("watcher");
    let alice = UnixStream::connect(file.path()).expect("the door is open");
    // Stopped, because it might otherwise read the first part before the second is sent.
    server.signal(Signal::STOP);
    let descriptors = [alice.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)), "there is room for one");
    let name = [IoSlice::new(b"alice -n\n")];
    sendmsg(&alice, &name, &mut control, SendFlags::empty()).expect("the server accepts it");
    (&alice).write_all(b"hello -ta\n").expect("the server accepts it");
    server.signal(Signal::CONT);
    watcher.expect_all(&["[T] system: alice joined", "[T] alice:hello"]);
}
