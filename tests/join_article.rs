//! `natter join` against servers that behave like the article's: in Python, and in Rust.
#![cfg(feature = "client")]

mod common;
#[path = "common/pty.rs"]
mod pty;
#[path = "common/unframed.rs"]
mod unframed;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Instant;

use common::{PATIENCE, article, natter};
use pty::Terminal;
use unframed::Unframed;

/// The article's server in Python, on a port of its own.
struct Python {
    child: Child,
    door: String,
}

impl Python {
    /// Returns none if there is no Python.
    #[track_caller]
    fn start() -> Option<Self> {
        let mut command = article("tcp_server.py")?;
        // It cannot choose a free port itself.
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        command.arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("python3 starts");
        let door = format!("127.0.0.1:{port}");
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(&door).is_err() {
            assert!(Instant::now() < deadline, "it never listens");
            thread::sleep(PATIENCE / 1_000);
        }
        Some(Self { child, door })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets two people and a filter talk in the room at `door`, at a server without framing.
fn talk_at(door: &str) {
    let mut alice = Terminal::join(&format!("{door} --name alice"), 12, 60);
    alice.shows("-- you have joined");
    let mut ming = Terminal::join(&format!("{door} --name 小明 --lang zh"), 12, 60);
    ming.shows("-- 已进入聊天室");
    alice.shows("-- 小明加入了聊天");
    alice.press("half");
    alice.types("> half");
    for number in 0..20 {
        ming.press(&format!("第{number}句\r"));
    }
    alice.shows("小明: 第19句");
    let rows = alice.rows();
    let said: Vec<String> = (10..20).map(|number| format!("[T] 小明: 第{number}句")).collect();
    assert_eq!(rows[..10], said);
    assert_eq!(rows[11], "> half");
    alice.press(" a line\r");
    ming.shows("alice: half a line");
    alice.press("/who\r");
    alice.shows("-- this server does not support that command");
    let mut filter = natter(&format!("join {door} --name box --room tea"));
    let mut filter = filter.stdin(Stdio::piped()).spawn().expect("it starts");
    let lines: String = (0..30).map(|number| format!("line {number}\n")).collect();
    let stdin = filter.stdin.take();
    stdin.expect("it is piped").write_all(lines.as_bytes()).expect("it is read");
    alice.shows("box: line 29");
    alice.shows("-- 用户box退出聊天室!");
    assert_eq!(filter.wait().expect("it ends").code(), Some(0));
    let mut heard = String::new();
    filter.stdout.take().expect("it is piped").read_to_string(&mut heard).expect("it is UTF-8");
    assert_eq!(heard.matches("box:line ").count(), 30);
    alice.press("/quit\r");
    assert_eq!(alice.end(), 0);
    ming.shows("-- 用户alice退出聊天室!");
    ming.press("\x04");
    assert_eq!(ming.end(), 0);
}

#[test]
fn people_talk_at_the_articles_server_in_python() {
    if let Some(server) = Python::start() {
        talk_at(&server.door);
    }
}

#[test]
fn people_talk_at_a_server_without_framing() {
    talk_at(Unframed::start().door());
}
