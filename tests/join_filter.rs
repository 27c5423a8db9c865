//! `natter join` between pipes, against natter and against a server without framing.
#![cfg(feature = "client")]

mod common;
#[path = "common/unframed.rs"]
mod unframed;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use common::{Client, PATIENCE, Server, TempPath, natter, output, without_stamps};
use rustix::process::{Pid, Signal, kill_process};
use unframed::Unframed;

/// Runs `natter join` at `door` with `options` and the given `input`.
fn joined(door: &str, options: &str, input: &str) -> Output {
    let mut child = join(door, options).stdin(Stdio::piped()).spawn().expect("it starts");
    let stdin = child.stdin.take().expect("stdin is piped");
    // It may have ended without reading.
    let _ = { stdin }.write_all(input.as_bytes());
    ended(child)
}

/// Returns the output of `child`, which must end by itself; it may wait for the last lines.
fn ended(mut child: Child) -> Output {
    let deadline = Instant::now() + 2 * PATIENCE;
    while child.try_wait().expect("it is a child").is_none() {
        if Instant::now() >= deadline {
            let _ = child.kill();
            panic!("it does not end: {:?}", child.wait_with_output());
        }
        thread::sleep(PATIENCE / 1_000);
    }
    child.wait_with_output().expect("it has ended")
}

fn join(door: &str, options: &str) -> Command {
    natter(&format!("join {door} {options}"))
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).expect("it writes UTF-8");
    text.lines().map(without_stamps).collect()
}

/// A client that runs until it is stopped.
struct Listener {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Listener {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it writes UTF-8");
        without_stamps(line.trim_end())
    }

    fn stop(mut self) -> i32 {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is there");
        self.child.wait().expect("it ends").code().expect("it was not killed")
    }
}

#[test]
fn lines_of_a_program_are_said_and_then_it_leaves() {
    let server = Server::start("");
    let mut other = server.enter("other");
    let output = joined(server.door(), "--name box", "up 3 days\n\n  exit\nno line end");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = ["[T] box:up 3 days", "[T] box:exit", "[T] box:no line end"];
    assert_eq!(lines(&output), said);
    assert!(output.stderr.is_empty(), "{output:?}");
    other.expect("[T] system: box joined");
    other.expect_all(&said);
    other.expect("[T] system: box left");
}

#[test]
fn lines_written_faster_than_they_are_said_are_not_lost() {
    let server = Server::start("--lines-per-sec 20");
    let mut other = server.enter("other");
    let wanted: Vec<String> = (0..60).map(|number| format!("line {number}")).collect();
    let output = joined(server.door(), "--name box", &wanted.join("\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    other.expect("[T] system: box joined");
    for line in wanted {
        other.expect(&format!("[T] box:{line}"));
    }
}

#[test]
fn a_line_that_is_too_long_is_split() {
    let server = Server::start("--no-flood-limit");
    let mut other = server.enter("other");
    let output = joined(server.door(), "--name box", &"说".repeat(1_000));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    other.expect("[T] system: box joined");
    let parts = (0..3).map(|_| other.line().replace("[T] box:", ""));
    assert_eq!(parts.collect::<String>(), "说".repeat(1_000));
}

#[test]
fn without_input_it_prints_messages_until_it_is_stopped() {
    let server = Server::start("");
    let mut first = server.enter("first");
    let mut listener = Listener::start(&mut join(server.door(), "--name log"));
    first.expect("[T] system: log joined");
    let mut other = server.enter("other");
    assert_eq!(listener.line(), "[T] system: other joined");
    other.say("hello log -ta");
    assert_eq!(listener.line(), "[T] other:hello log");
    assert_eq!(listener.stop(), 0);
    other.until("[T] system: log left");
}

#[test]
fn input_and_output_can_be_files() {
    let server = Server::start("");
    let (said, heard) = (TempPath::new(".said"), TempPath::new(".heard"));
    fs::write(said.path(), "one\ntwo\n").expect("it can be written");
    let mut command = join(server.door(), "--name box");
    command.stdin(File::open(said.path()).expect("it is there"));
    command.stdout(File::create(heard.path()).expect("it can be written"));
    assert_eq!(output(&mut command).status.code(), Some(0));
    let heard = fs::read_to_string(heard.path()).expect("it is there");
    assert_eq!(without_stamps(&heard), "[T] box:one\n[T] box:two\n");
}

#[test]
fn the_client_prints_addresses_for_the_process_that_started_it() {
    let output = output(&mut natter("join --resolve localhost:7"));
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    assert!(output.status.success() && text.lines().any(|line| line == "127.0.0.1:7"), "{text}");
    let output = common::output(&mut natter("join --resolve no-such-host.invalid:7"));
    assert!(output.stdout.is_empty() && !output.status.success());
}

#[test]
fn every_address_of_a_host_is_tried() {
    // If `localhost` is ::1 first, nobody listens there.
    let server = Server::start("");
    let (_, port) = server.door().rsplit_once(':').expect("a port");
    let output = joined(&format!("localhost:{port}"), "--name box", "hello\n");
    assert_eq!(lines(&output), ["[T] box:hello"], "{output:?}");
    let output = joined("no-such-host.invalid:9999", "--name box", "hello\n");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
}

#[test]
fn output_of_an_untrusted_server_does_not_control_the_terminal() {
    let server = Unframed::start();
    let mut listener = Listener::start(&mut join(server.door(), "--name log"));
    server.wait_for(1);
    let mut evil = Client::connect(server.door());
    evil.send("evil -n");
    assert_eq!(listener.line(), "[T] 系统:evil加入了聊天");
    evil.send("\x1b[2J\x07\u{9b}31mred -ta");
    assert_eq!(listener.line(), "[T] evil:[2J31mred");
}

#[test]
fn failures_have_exit_codes() {
    let server = Server::start("");
    let _alice = server.enter("alice");
    let output = joined(server.door(), "--name alice", "hello\n");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let told = "natter: the name alice was refused: that name is taken; alice2 is free\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), told);
    let output = joined("127.0.0.1:1", "--name alice", "hello\n");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:1: "), "{output:?}");
    let output = joined("unix:/nowhere/natter", "--name alice", "");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    for (options, told) in [
        ("", "--name: needed where nobody can be asked; give --name NAME"),
        ("--door telnet", "--door: no such option; natter join --help lists the options"),
        ("--log /nowhere/log --name a", "--log: /nowhere/log: "),
        ("--nope", "--nope: no such option; natter join --help lists the options"),
    ] {
        let output = joined(server.door(), options, "");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr.contains(told) && stderr.lines().count() == 1, "{stderr}");
    }
    let output = common::output(&mut natter("join --help"));
    assert!(output.status.success() && output.stdout.starts_with(b"natter join: "));
}

#[test]
fn a_full_server_is_no_connection_and_not_a_refused_name() {
    let server = Server::start("--clients 1");
    let _alice = server.enter("alice");
    let output = joined(server.door(), "--name box", "hello\n");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("the server is full"), "{told}");
}

#[test]
fn a_closed_stdout_ends_it_quietly() {
    let server = Server::start("--no-flood-limit");
    let mut other = server.enter("other");
    let Listener { child, stdout } = Listener::start(&mut join(server.door(), "--name log"));
    other.expect("[T] system: log joined");
    drop(stdout);
    other.until("[T] system: log left");
    assert_eq!(ended(child).status.code(), Some(0));
}

#[test]
fn a_full_disk_is_reported() {
    let server = Server::start("--no-flood-limit");
    let mut command = join(server.door(), "--name log");
    let full = File::options().write(true).open("/dev/full").expect("there is such a device");
    let child = command.stdin(Stdio::piped()).stdout(full).spawn().expect("it starts");
    child.stdin.as_ref().expect("it is piped").write_all(b"hello\n").expect("it reads");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("natter: stdout: ") && told.lines().count() == 1, "{told}");
}

#[test]
fn it_reconnects_when_the_server_is_back() {
    let file = TempPath::new(".sock");
    let options = format!("--classic {}", file.as_door());
    let mut server = Server::start(&options);
    let mut command = join(&file.as_door(), "--name log");
    let mut listener = Listener::start(command.stdin(Stdio::piped()));
    let mut stdin = listener.child.stdin.take().expect("stdin is piped");
    stdin.write_all(b"one\n").expect("it reads");
    assert_eq!(listener.line(), "[T] log:one");
    server.all_log();
    let server = Server::start(&options);
    stdin.write_all(b"two\n").expect("it reads");
    assert_eq!(listener.line(), "[T] log:two");
    let mut other = server.enter("other");
    drop(stdin);
    other.expect("[T] system: log left");
    assert_eq!(ended(listener.child).status.code(), Some(0));
}

#[test]
fn lines_that_cannot_be_said_are_reported() {
    let mut server = Server::start("--burst-lines 1 --lines-per-sec 1");
    let mut other = server.enter("other");
    let mut child =
        join(server.door(), "--name box").stdin(Stdio::piped()).spawn().expect("it starts");
    let lines = "line\n".repeat(60);
    child.stdin.take().expect("it is piped").write_all(lines.as_bytes()).expect("it reads");
    other.until("[T] box:line");
    server.all_log();
    let output = ended(child);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    let lines = told.matches("natter: not confirmed: line\n").count();
    assert!(lines > 30, "{told}");
    assert!(
        told.ends_with(&format!("natter: the server has not confirmed {lines} lines\n")),
        "{told}"
    );
}

#[test]
fn messages_are_appended_to_the_log_file() {
    let server = Server::start("");
    let file = TempPath::new(".log");
    let heard = file.path().display();
    fs::write(file.path(), "before\n").expect("it can be written");
    let output = joined(server.door(), &format!("--name box --log {heard}"), "one\ntwo\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let logged = fs::read_to_string(file.path()).expect("it is there");
    assert_eq!(without_stamps(&logged), "before\n[T] box:one\n[T] box:two\n");
    assert!(logged.ends_with(&String::from_utf8_lossy(&output.stdout).into_owned()));
    let output = joined(server.door(), "--name box --log /dev/full", "one\n");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("natter: /dev/full: "), "{told}");
}

#[test]
fn a_link_that_stalls_and_dies_loses_nothing_silently() {
    // The system accepts what is sent there, but nobody reads it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let door = silent.local_addr().expect("it is bound").to_string();
    let mut child = join(&door, "--name box").stdin(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("it is piped").write_all(b"one\ntwo\n").expect("it reads");
    let (mut stream, _) = silent.accept().expect("it comes");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("it is UTF-8");
        line
    };
    assert_eq!(line(), "json -p\n");
    stream.write_all(b"{\"type\":\"hello\"}\n").expect("it reads");
    assert!(line().contains("session") && line().contains("name"));
    stream.write_all(b"{\"type\":\"done\",\"tag\":\"name\"}\n").expect("it reads");
    assert!(line().contains("past"));
    stream.write_all(b"{\"type\":\"done\",\"tag\":\"past\"}\n").expect("it reads");
    assert!(line().contains("one") && line().contains("two"));
    stream.write_all(b"{\"type\":\"done\",\"tag\":\"1\"}\n").expect("it reads");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("natter: not confirmed: two\n") && !told.contains(": one"), "{told}");
}

#[test]
fn a_server_without_framing_gets_one_command_per_read() {
    let server = Unframed::start();
    let wanted: Vec<String> = (0..100).map(|number| format!("第{number}行")).collect();
    let output = joined(server.door(), "--name 小明", &wanted.join("\n"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut reads = vec!["json -p\n".to_string(), "小明 -n\n".into()];
    reads.extend(wanted.iter().map(|line| format!("{line} -ta\n")));
    reads.push("exit\n".into());
    assert_eq!(server.reads(), reads);
    let heard: Vec<String> = wanted.iter().map(|line| format!("[T] 小明:{line}")).collect();
    assert_eq!(lines(&output), heard);
}

#[test]
fn messages_that_arrive_together_are_separated() {
    let server = Unframed::start();
    let mut listener = Listener::start(&mut join(server.door(), "--name log"));
    server.wait_for(1);
    let mut other = Client::connect(server.door());
    other.send("b -n");
    assert_eq!(listener.line(), "[T] 系统:b加入了聊天");
    server.say_at_once(&["a:你好", "b:x [y]", "系统:用户b退出聊天室!"]);
    for line in ["[T] a:你好", "[T] b:x [y]", "[T] 系统:用户b退出聊天室!"] {
        assert_eq!(listener.line(), line);
    }
}

#[test]
fn it_has_one_thread_and_sleeps_while_nothing_happens() {
    let server = Server::start("");
    let mut other = server.enter("other");
    let mut listener = Listener::start(join(server.door(), "--name log").stdin(Stdio::piped()));
    other.expect("[T] system: log joined");
    other.say("hello -ta");
    assert_eq!(listener.line(), "[T] other:hello");
    let process = common::Process(listener.child.id());
    assert_eq!(process.tasks(), 1);
    let before = process.sleeps();
    thread::sleep(PATIENCE / 10);
    assert_eq!(process.sleeps(), before);
    assert_eq!(listener.stop(), 0);
}
