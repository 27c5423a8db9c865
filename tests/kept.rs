//! The log of the chat on disk (`--state`): the real binary, restarted, with its files taken away, and on a
//! disk that is full.
//!
//! Section of `docs/operating.md`: "What is kept on disk".
#![cfg(feature = "state")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use common::{Bare, Client, Person, Server, TempDir, find_tool, natter, output, skip_here};
use rustix::process::Signal;

const KEPT: &str = "[T] system: this conversation is kept on the server";

fn start(state: &TempDir, options: &str) -> Server {
    let options = format!("--telnet 127.0.0.1:0 --no-flood-limit {} {options}", state.as_option());
    Server::start(&options)
}

/// Somebody at the classic door, who has been told that the conversation is kept.
fn enter(server: &Server, name: &str) -> Client {
    let mut client = server.enter(name);
    client.expect(KEPT);
    client
}

/// Somebody at the telnet door.
fn person(server: &Server, name: &str) -> Person {
    let mut person = Person::enter(server.telnet(), name);
    person.expect(&KEPT[4..]);
    person
}

/// Says `text` and waits until everyone has heard it.
fn say(client: &mut Client, name: &str, text: &str) {
    client.say(&format!("{text} -ta"));
    client.until(&format!("[T] {name}:{text}"));
}

/// The columns of the lines that tell what happened, but for the times.
fn events(log: &str) -> Vec<String> {
    let lines = log.lines().map(|line| {
        let (time, rest) = line.split_once('\t').expect("it has columns");
        assert_eq!((time.len(), &time[10..11], &time[23..]), (24, "T", "Z"), "{line}");
        assert_eq!(rest.split('\t').count(), 4, "{line}");
        rest.replace('\t', "|")
    });
    lines.collect()
}

/// `natter log`, with `options`.
fn printed(state: &TempDir, options: &str) -> String {
    let mut command = natter(&format!("log {options} {}", state.path().display()));
    let output = output(command.env("TZ", "UTC"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is text")
}

/// The same without dates and times.
fn printed_words(state: &TempDir, options: &str) -> Vec<String> {
    let words = |line: &str| {
        let (stamp, words) = line.split_once("] ").expect("it has a time");
        assert_eq!(stamp.len(), "[2026-11-24 09:11".len(), "{line}");
        words.to_string()
    };
    printed(state, options).lines().map(words).collect()
}

#[test]
fn nothing_is_written_without_the_option() {
    let state = TempDir::new();
    fs::create_dir(state.path()).expect("it can be made");
    let mut command = natter("--classic 127.0.0.1:0");
    let server = Server::spawn(command.current_dir(state.path()));
    let mut alice = server.enter("alice");
    say(&mut alice, "alice", "hi");
    assert_eq!(fs::read_dir(state.path()).expect("it is there").count(), 0);
}

#[test]
fn what_happens_is_a_line_and_what_is_private_is_none() {
    let state = TempDir::new();
    let server = start(&state, "");
    let mut alice = enter(&server, "alice");
    let mut bob = person(&server, "bob");
    alice.until("[T] system: bob joined");
    say(&mut alice, "alice", "你好, world");
    alice.say("waves -me\nbob psst -to\nall about tea -topic\nalys -n");
    alice.until("OK");
    bob.say("/join tea");
    bob.say("here?");
    bob.until("[T] bob: here?");
    drop(bob);
    let log = state.until_kept("tea\tleft\tbob");
    assert_eq!(
        &events(&log)[1..],
        [
            "lobby|joined|alice|",
            "lobby|joined|bob|",
            "lobby|said|alice|你好, world",
            "lobby|acted|alice|waves",
            "lobby|topic|alice|all about tea",
            "lobby|renamed|alice|alys",
            "lobby|left|bob|",
            "tea|joined|bob|",
            "tea|said|bob|here?",
            "tea|left|bob|",
        ]
    );
    assert!(!log.contains("psst"), "private messages are never written");
    let mode = fs::metadata(state.file("chat.log")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is nobody else's business");
    drop((alice, server));
    let seen = [
        "-- the server started --",
        "system: alice joined",
        "system: bob joined",
        "alice: 你好, world",
        "* alice waves",
        "system: alice set the topic: all about tea",
        "system: alice is now alys",
        "system: bob left",
        "tea> system: bob joined",
        "tea> bob: here?",
        "tea> system: bob left",
    ];
    assert_eq!(printed_words(&state, ""), seen);
    let tea = ["system: bob joined", "bob: here?", "system: bob left"];
    assert_eq!(printed_words(&state, "--room TEA")[1..], tea);
    assert!(printed(&state, "--lang zh").contains("] 系统:bob加入了聊天\n"));
    assert_eq!(printed(&state, "--since 2999-01-01"), "");
    assert_eq!(printed_words(&state, "--since 2026-01-01T00:00Z"), seen);
}

/// The article's client compares whole reads, so it is not told; everybody else is.
#[test]
fn everyone_is_told_but_the_articles_client_sees_no_difference() {
    let state = TempDir::new();
    let server = start(&state, "");
    let mut bare = Bare::connect(&server);
    assert_eq!(bare.ask("alice"), "OK");
    let mut bob = enter(&server, "bob");
    assert!(bare.read().ends_with("system: bob joined"), "and nothing before it");
    say(&mut bob, "bob", "hi");
    drop(person(&server, "carol"));
    let mut chinese = Person::connect(server.telnet());
    chinese.line();
    chinese.say("/lang zh");
    chinese.line();
    chinese.say("dave");
    chinese.expect("系统:本聊天室的内容会保存在服务器上");
    let server = Server::start("");
    let mut eve = server.enter("eve");
    say(&mut eve, "eve", "nothing is kept here");
}

#[test]
fn who_comes_back_after_a_restart_is_told_exactly_what_was_missed() {
    for signal in [Signal::KILL, Signal::TERM] {
        let state = TempDir::new();
        let mut server = start(&state, "");
        let mut alice = enter(&server, "alice");
        let mut bob = person(&server, "bob");
        alice.say("all about tea -topic");
        say(&mut alice, "alice", "one");
        bob.until("[T] alice: one");
        bob.say("/join tea");
        bob.say("/topic quiet");
        bob.until("[T] system: bob set the topic: quiet");
        alice.until("[T] system: bob left");
        say(&mut alice, "alice", "two");
        say(&mut alice, "alice", "three");
        server.signal(signal);
        drop((alice, bob));
        server.all_log();
        let server = start(&state, "");
        let mut bob = person(&server, "bob");
        bob.expect_all(&[
            "-- 2 messages while you were away --",
            "[T] alice: two",
            "[T] alice: three",
        ]);
        bob.say("/topic");
        bob.expect("system: the topic of lobby is: all about tea");
        bob.say("/join tea");
        bob.expect("system: you are in tea, alone so far: quiet");
        bob.expect("-- nothing was said while you were away --");
        let mut alice = person(&server, "alice");
        alice.expect("-- nothing was said while you were away --");
        let mut carol = person(&server, "carol");
        carol.expect("-- the last 3 messages --");
        carol.expect("[T] alice: one");
    }
}

#[test]
fn a_room_that_everybody_left_has_its_history_and_no_topic() {
    let state = TempDir::new();
    let mut server = start(&state, "");
    let mut bob = person(&server, "bob");
    bob.say("/join tea");
    bob.say("/topic gone");
    bob.say("remember");
    bob.until("[T] bob: remember");
    bob.say("/leave");
    bob.until("system: you are in lobby, alone so far");
    server.all_log();
    let server = start(&state, "");
    let mut carol = person(&server, "carol");
    carol.say("/join tea");
    carol.expect("system: you are in tea, alone so far");
    carol.expect_all(&["-- the last message --", "[T] bob: remember"]);
}

#[test]
fn a_torn_last_line_is_put_aside_and_a_damaged_one_is_skipped() {
    let state = TempDir::new();
    let mut server = start(&state, "");
    let mut alice = enter(&server, "alice");
    for text in ["one", "two", "three"] {
        say(&mut alice, "alice", text);
    }
    server.all_log();
    let mut log = state.log().into_bytes();
    let place = log.windows(3).position(|part| part == b"two").expect("it is there");
    log[place - 5] = 0xff;
    log.extend_from_slice("2026-11-24T09:11:38.042Z\tlobby\tsaid\talice\tnot all of i".as_bytes());
    fs::write(state.file("chat.log"), &log).expect("it can be written");
    let mut server = start(&state, "");
    server.wait_log(&["WARN", "event=log-torn bytes=54"]);
    server.wait_log(&["event=log-read files=1", "damaged=1"]);
    let mut carol = person(&server, "carol");
    carol.expect_all(&["-- the last 2 messages --", "[T] alice: one", "[T] alice: three"]);
    let torn = fs::read_to_string(state.file("chat.log.torn")).expect("it was put aside");
    assert!(torn.ends_with("\tnot all of i"), "{torn}");
    say(&mut enter(&server, "bob"), "bob", "four");
    let words = printed_words(&state, "");
    assert!(words.contains(&"bob: four".to_string()) && !words.contains(&"alice: two".to_string()));
}

#[test]
fn files_are_put_aside_when_they_are_full_and_the_oldest_goes() {
    let state = TempDir::new();
    let mut server = start(&state, "--log-bytes 65536 --log-files 3");
    let mut alice = enter(&server, "alice");
    alice.say("about -topic");
    let long = "x".repeat(900);
    for number in 0..400 {
        alice.send(format!("{number} {long} -ta\n"));
    }
    alice.until(&format!("[T] alice:399 {long}"));
    let mut names: Vec<_> = fs::read_dir(state.path())
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("it is text"))
        .collect();
    names.sort();
    assert_eq!(names, ["chat.log", "chat.log.1", "chat.log.2"]);
    for name in &names {
        let text = fs::read_to_string(state.file(name)).expect("it is text");
        assert!(text.len() <= 65_536, "{name} has {} bytes", text.len());
        assert!(text.ends_with('\n'), "lines are not parted");
        let first = &events(&text)[..3];
        assert!(first[0].starts_with("-|mark|-|"), "each says how things stand: {first:?}");
        assert_eq!(first[1..], ["lobby|has-topic|-|about", "lobby|here|alice|"]);
    }
    server.all_log();
    let server = start(&state, "--log-bytes 65536 --log-files 3");
    let mut alice = person(&server, "alice");
    alice.expect("-- nothing was said while you were away --");
    alice.say("/topic");
    alice.expect("system: the topic of lobby is: about");
    alice.say("/last 100");
    assert_eq!(alice.line(), "-- the last 100 messages --");
    assert!(alice.line().contains("alice: 300 xxx"));
}

#[test]
fn a_hang_up_opens_the_file_anew() {
    let state = TempDir::new();
    let mut server = start(&state, "");
    let mut alice = enter(&server, "alice");
    say(&mut alice, "alice", "before");
    fs::rename(state.file("chat.log"), state.file("chat.log.1")).expect("it can be renamed");
    server.signal(Signal::HUP);
    server.wait_log(&["event=hang-up"]);
    say(&mut alice, "alice", "after");
    let log = state.until_kept("after");
    assert!(events(&log)[0].starts_with("-|mark|-|"), "{log}");
    assert!(!log.contains("before"));
    server.all_log();
    let server = start(&state, "");
    let mut carol = person(&server, "carol");
    carol.expect_all(&["-- the last 2 messages --", "[T] alice: before", "[T] alice: after"]);
}

#[test]
fn a_directory_that_disappears_stops_nobody_and_the_gap_is_told() {
    let state = TempDir::new();
    let mut server = start(&state, "");
    let mut alice = enter(&server, "alice");
    say(&mut alice, "alice", "kept");
    fs::remove_dir_all(state.path()).expect("it can be removed");
    for number in 0..5 {
        say(&mut alice, "alice", &format!("lost {number}"));
    }
    server.wait_log(&["WARN", "event=log-fail"]);
    fs::create_dir(state.path()).expect("it can be made");
    // Nobody says anything, and it is told all the same.
    let log = state.until_kept("-- 5 lines not written --");
    say(&mut alice, "alice", "kept again");
    server.wait_log(&["event=log-resume lines=5"]);
    let told = server.all_log();
    assert_eq!(told.matches("event=log-fail").count(), 1, "once: {told}");
    assert!(events(&log)[1].starts_with("-|mark|-|"), "{log}");
    assert!(printed_words(&state, "").contains(&"-- 5 lines not written --".to_string()));
    let server = start(&state, "");
    let mut alice = person(&server, "alice");
    alice.expect("-- nothing was said while you were away --");
}

/// A file system of 256 KiB, if this machine lets a test have one; it is gone with this value.
struct SmallDisk<'a>(&'a TempDir);

impl<'a> SmallDisk<'a> {
    fn mount(state: &'a TempDir) -> Option<Self> {
        fs::create_dir(state.path()).expect("it can be made");
        let mut mount = Command::new(find_tool("mount")?);
        let mount = mount.args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(state.path());
        let is_mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !is_mounted {
            skip_here("this machine lets no test mount a file system");
        }
        is_mounted.then_some(Self(state))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount").args(["-o", &options]).arg(self.0.path()).status();
        assert!(status.expect("it is there").success(), "{options}");
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stops_nobody_and_what_is_missing_is_counted() {
    let state = TempDir::new();
    let Some(_disk) = SmallDisk::mount(&state) else { return };
    let mut server = start(&state, "--fsync always");
    let mut alice = enter(&server, "alice");
    let ballast = state.file("ballast");
    fs::write(&ballast, vec![0; 200 * 1024]).expect("it fits");
    let long = "x".repeat(1_000);
    for number in 0..200 {
        say(&mut alice, "alice", &format!("{number} {long}"));
    }
    server.wait_log(&["event=log-fail", "No space left"]);
    fs::remove_file(ballast).expect("it can be removed");
    state.until_kept("lines not written --");
    say(&mut alice, "alice", "the end");
    server.wait_log(&["event=log-resume"]);
    let log = state.until_kept("the end");
    let gap = log.lines().find_map(|line| line.split_once("\t-- ")).expect("it is told").1;
    let missing: usize = gap.split(' ').next().expect("a number").parse().expect("it is one");
    let written = events(&log).iter().filter(|line| line.contains("|said|")).count();
    assert!(missing > 50, "{missing}");
    assert_eq!(written + missing, 201, "nothing is torn, and nothing is counted twice");
}

#[test]
fn a_disk_that_becomes_read_only_stops_nobody() {
    let state = TempDir::new();
    let Some(disk) = SmallDisk::mount(&state) else { return };
    let mut server = start(&state, "");
    let mut alice = enter(&server, "alice");
    say(&mut alice, "alice", "kept");
    // A file that is open for writing would keep it from becoming read-only.
    fs::rename(state.file("chat.log"), state.file("chat.log.1")).expect("it can be renamed");
    fs::create_dir(state.file("chat.log")).expect("it can be made");
    server.signal(Signal::HUP);
    server.wait_log(&["event=log-fail"]);
    fs::remove_dir(state.file("chat.log")).expect("it can be removed");
    say(&mut alice, "alice", "lost or not");
    state.until_kept("\tmark\t");
    say(&mut alice, "alice", "kept again");
    state.until_kept("kept again");
    server.all_log();
    disk.remount("ro");
    let refused = output(&mut natter(&format!("--classic 127.0.0.1:0 {}", state.as_option())));
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let stderr = String::from_utf8(refused.stderr).expect("it is text");
    let last = stderr.lines().last().expect("it says why");
    assert!(last.starts_with("natter: --state ") && last.contains("Read-only"), "{stderr}");
}

#[test]
fn two_servers_do_not_share_a_log() {
    let state = TempDir::new();
    let _server = start(&state, "");
    let refused = output(&mut natter(&format!("--classic 127.0.0.1:0 {}", state.as_option())));
    assert_eq!(refused.status.code(), Some(2));
    let stderr = String::from_utf8(refused.stderr).expect("it is text");
    assert!(stderr.ends_with(": another natter is using it\n"), "{stderr}");
}

#[test]
fn what_a_log_is_printed_with_must_be_right() {
    let state = TempDir::new();
    fs::create_dir(state.path()).expect("it can be made");
    let dir = state.path().display();
    for (options, said) in [
        (format!("log {dir}"), format!("natter: {dir}: there is no log of a chat\n")),
        ("log".into(), "natter: DIR: which? See natter log --help\n".into()),
        (
            format!("log --since yesterday {dir}"),
            "natter: --since: must be a time such as 2026-11-24 09:11, not \"yesterday\"\n".into(),
        ),
        (
            "--fsync always --classic 127.0.0.1:0".into(),
            "natter: --fsync always: nothing is kept without --state DIR\n".into(),
        ),
    ] {
        let refused = output(&mut natter(&options));
        assert_eq!(refused.status.code(), Some(2), "{options}");
        assert_eq!(String::from_utf8_lossy(&refused.stderr), said);
    }
    let help = output(&mut natter("log --help"));
    assert!(String::from_utf8_lossy(&help.stdout).contains("--follow"));
}

#[test]
fn following_goes_on_across_full_files() {
    let state = TempDir::new();
    let server = start(&state, "--log-bytes 65536 --log-files 3");
    let mut alice = enter(&server, "alice");
    say(&mut alice, "alice", "first");
    let mut follow = natter(&format!("log --follow {}", state.path().display()));
    let mut follow = follow.spawn().expect("it starts");
    let mut lines = BufReader::new(follow.stdout.take().expect("it is piped")).lines();
    let mut next = || {
        let line = lines.next().expect("another line").expect("it is text");
        line.split_once("alice: ").map(|(_, text)| text.to_string())
    };
    while next().as_deref() != Some("first") {}
    let long = "x".repeat(1_000);
    for number in 0..150 {
        let text = format!("{number} {long}");
        say(&mut alice, "alice", &text);
        // Not so quick that a file comes and goes unseen.
        if number % 50 == 49 {
            while next().as_deref() != Some(&text) {}
        }
    }
    assert!(state.file("chat.log.2").exists());
    follow.kill().expect("it runs");
    let mut stderr = String::new();
    follow.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("it is text");
    follow.wait().expect("it is a child");
    assert_eq!(stderr, "");
}
