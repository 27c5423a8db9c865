//! The log must never block the server: stderr may be a pipe that nobody reads or a stopped
//! terminal.

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use common::{Client, PATIENCE, Server, natter};
use pty_process::blocking::{Pty, open};

/// More than a pipe and a terminal together hold.
const LINES: usize = 2_000;
const OPTIONS: &str = "--no-flood-limit --log debug --classic 127.0.0.1:0";

/// Starts a server whose log goes to `stderr`.
fn server(stderr: impl Into<Stdio>) -> Server {
    Server::spawn(natter(OPTIONS).stderr(stderr))
}

/// Starts a server whose log goes to a terminal; returns that terminal as well.
fn server_at_terminal() -> (Server, Pty) {
    let (terminal, program_side) = open().expect("there are terminals");
    let stderr = program_side.as_fd().try_clone_to_owned().expect("it can be shared");
    (server(stderr), terminal)
}

/// Says `count` lines, each of which is logged, and waits for the echo of each.
fn say_many(alice: &mut Client, count: usize) {
    for number in 0..count {
        let text = format!("line {number} of the many that are said here and logged by the server");
        alice.say(&format!("{text} -ta"));
        alice.expect(&format!("[T] alice:{text}"));
    }
}

/// Returns the lines that arrive at the other end of the log from now on.
fn read_lines(log: OwnedFd) -> Receiver<String> {
    let (to, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut log = BufReader::new(File::from(log));
        let mut line = Vec::new();
        while log.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let _ = to.send(String::from_utf8_lossy(&line).trim_end().to_string());
            line.clear();
        }
    });
    lines
}

/// Reads until so many lines are accounted for; returns how many were logged completely, and how
/// many the log reports as dropped.
fn count_lines(lines: &Receiver<String>, total: usize) -> (usize, usize) {
    let (mut logged, mut dropped) = (0, 0);
    while logged + dropped < total {
        let line = lines.recv_timeout(PATIENCE).expect("what was dropped is told in time");
        if let Some((_, count)) = line.split_once("event=dropped records=") {
            assert!(line.starts_with("WARN "), "{line}");
            dropped += count.parse::<usize>().expect("it is a number");
        }
        logged += usize::from(line.contains("event=say") && line.ends_with("by the server\""));
    }
    (logged, dropped)
}

#[test]
fn an_unread_pipe_blocks_nobody_and_dropped_records_are_counted() {
    let (pipe, stderr) = std::io::pipe().expect("there are pipes");
    let server = server(stderr);
    let mut alice = server.enter("alice");
    say_many(&mut alice, LINES);
    // No other record is logged meanwhile.
    let lines = read_lines(pipe.into());
    let (logged, dropped) = count_lines(&lines, LINES);
    assert!(logged > 0 && dropped > 0, "{logged} and {dropped}");
    assert_eq!(logged + dropped, LINES);
    say_many(&mut alice, 1);
    let line = lines.recv_timeout(PATIENCE).expect("it is logged");
    assert!(line.contains("event=say"), "{line}");
}

#[test]
fn a_stopped_terminal_blocks_nobody_and_dropped_records_are_counted() {
    let (server, mut terminal) = server_at_terminal();
    let mut alice = server.enter("alice");
    let log = terminal.as_fd().try_clone_to_owned().expect("it can be shared");
    let lines = read_lines(log);
    terminal.write_all(b"\x13").expect("the terminal takes ^S");
    say_many(&mut alice, 100);
    terminal.write_all(b"\x11").expect("the terminal takes ^Q");
    let (logged, dropped) = count_lines(&lines, 100);
    assert_eq!((logged, dropped), (0, 100));
    say_many(&mut alice, 1);
    let line = lines.recv_timeout(PATIENCE).expect("it is logged");
    assert!(line.contains("event=say"), "{line}");
}

#[test]
fn a_full_terminal_blocks_nobody() {
    let (server, terminal) = server_at_terminal();
    let mut alice = server.enter("alice");
    say_many(&mut alice, LINES);
    let log = terminal.as_fd().try_clone_to_owned().expect("it can be shared");
    let (logged, dropped) = count_lines(&read_lines(log), LINES);
    assert!(logged > 0 && dropped > 0, "{logged} and {dropped}");
    // A line of which only the end is missing counts as dropped.
    assert!((LINES..=LINES + 9).contains(&(logged + dropped)), "{logged} and {dropped}");
}

#[test]
fn a_record_is_cut_to_what_a_pipe_accepts_at_once() {
    let mut server = Server::start("--no-flood-limit --log debug --line-bytes 8192");
    let mut alice = server.enter("alice");
    let text = "说".repeat(2_000);
    alice.say(&format!("{text} -ta"));
    alice.expect(&format!("[T] alice:{text}"));
    let line = server.wait_log(&["event=say"]);
    assert!(line.len() < 4_096, "{} bytes and a line end", line.len());
    assert!(line.len() > 4_000 && line.ends_with("说…"), "{line}");
}

#[test]
fn a_storm_of_connections_is_summed_up() {
    const CONNECTIONS: usize = 300;
    let (pipe, stderr) = std::io::pipe().expect("there are pipes");
    let server = Server::spawn(natter("--classic 127.0.0.1:0").stderr(stderr));
    let lines = read_lines(pipe.into());
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(server.door());
        client.say("exit");
        client.expect("exit");
    }
    let (mut printed, mut summed) = (0, 0);
    while printed + summed < CONNECTIONS {
        let line = lines.recv_timeout(PATIENCE).expect("the others are told of in time");
        printed += usize::from(line.contains(" event=close "));
        if let Some((_, count)) = line.split_once(" event=summed of=close records=") {
            summed += count.parse::<usize>().expect("it is a number");
        }
    }
    assert_eq!(printed + summed, CONNECTIONS);
    assert!(printed >= 50 && summed > 0, "{printed} and {summed}");
}
