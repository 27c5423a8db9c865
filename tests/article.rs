//! Clients that behave as the article's does, and the article's own where it is at hand.

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use common::{Bare, Client, Server};

/// A client without line ends has to read in time, so no two such rooms share the machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `act` while somebody speaks Chinese without pause.
fn while_others_talk(server: &Server, act: impl FnOnce()) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let is_over = AtomicBool::new(false);
    let mut talker = server.enter("话痨");
    let mut talk = || {
        talker.say("你说什么我都听不清楚，这里太吵了！ -ta");
        talker.until("[T] 话痨:你说什么我都听不清楚，这里太吵了！");
    };
    talk();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                talk();
                // Dozens of times as often as a client without line ends is written to.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let _ends_talk = OnDrop(|| is_over.store(true, Ordering::Relaxed));
        act();
    });
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}

#[test]
fn it_enters_at_first_try_while_others_talk_without_pause() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        for number in 0..5 {
            let mut client = Bare::connect(&server);
            assert_eq!(client.ask(&format!("小明{number}")), "OK");
            assert!(client.read().contains("话痨:"), "then it sees what is said");
        }
    });
}

#[test]
fn it_leaves_while_others_talk_without_pause() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        for _ in 0..3 {
            let mut client = Bare::enter(&server, "小明");
            for _ in 0..5 {
                assert!(client.read().contains("话痨:"));
            }
            client.send("exit");
            let before = client.until("exit");
            assert!(before.len() < 100, "{before:#?}");
            client.expect("");
        }
    });
}

#[test]
fn it_never_reads_half_a_character() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        let mut client = Bare::enter(&server, "小明");
        for _ in 0..30 {
            // `read` dies of it; and what it reads begins and ends with whole lines.
            let read = client.read();
            let is_whole = |line: &str| line.starts_with("[T] ");
            assert!(read.lines().all(is_whole), "{read:?}");
            assert!(!read.ends_with('\n'), "its `print` adds a line end: {read:?}");
        }
    });
}

#[test]
fn a_taken_name_makes_it_ask_again() {
    let server = Server::start("--lang zh");
    let mut first = Bare::enter(&server, "小明");
    let mut second = Bare::connect(&server);
    assert_eq!(second.ask("小明"), "[T] 系统:用户名已被使用，可用：小明2");
    assert_eq!(second.ask("小明"), "[T] 系统:用户名已被使用，可用：小明2");
    assert_eq!(second.ask("小明2"), "OK");
    first.expect("[T] 系统:小明2加入了聊天");
    second.send("我是谁 -ta");
    second.expect("[T] 小明2:我是谁");
    first.expect("[T] 小明2:我是谁");
}

#[test]
fn a_long_line_comes_in_reads_of_whole_characters() {
    let server = Server::start("--lang zh");
    let mut client = Bare::enter(&server, "小明");
    let long = "说".repeat(339);
    client.send(&format!("{long} -ta"));
    let mut heard = client.read();
    while heard.matches('说').count() < 339 {
        // What continues a line is marked, or it could pass for a line of its own.
        heard += client.read().strip_prefix("… ").expect("a continued line is marked");
    }
    assert_eq!(heard, format!("[T] 小明:{long}"));
}

#[test]
fn what_it_says_in_a_rush_is_heard_in_order() {
    let server = Server::start("--lines-per-sec 20");
    let mut other = server.enter("other");
    let mut client = Bare::enter(&server, "小明");
    other.expect("[T] system: 小明 joined");
    for number in 0..10 {
        client.send(&format!("line {number} -ta"));
        // Two of its sends that arrive as one are one command, as with the article's server:
        // so the next one goes out when the server's kernel has this one to itself.
        thread::sleep(Duration::from_millis(20));
    }
    for number in 0..10 {
        other.expect(&format!("[T] 小明:line {number}"));
    }
}

/// The article's client, driven as from a terminal.
struct Original {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Original {
    /// None, with the reason printed, where it cannot be run.
    fn start(server: &Server) -> Option<Self> {
        let script =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/article/tcp_client.py");
        if !script.exists() {
            println!("skipped: the article's client is not at hand");
            return None;
        }
        let (_, port) = server.door().rsplit_once(':').expect("a port");
        let mut python = Command::new("python3");
        python.arg("-u").arg(script).arg(port).env("PYTHONIOENCODING", "utf-8");
        python.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = match python.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                println!("skipped: there is no python3");
                return None;
            }
            child => child.expect("python3 starts"),
        };
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Some(Self { child, stdin, stdout })
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it reads what is typed");
    }

    /// Reads what it prints until a line ends in `shown`.
    fn shows(&mut self, shown: &str) {
        let mut printed = String::new();
        while !printed.trim_end().ends_with(shown) {
            let count = self.stdout.read_line(&mut printed).expect("it prints UTF-8");
            assert!(count > 0, "it ended without {shown:?}: {printed}");
        }
    }

    fn ends_well(mut self) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("it prints UTF-8");
        let status = self.child.wait().expect("it can be waited for");
        assert!(status.success(), "{status}: {rest}");
        assert!(!rest.contains("Traceback"), "{rest}");
    }
}

#[test]
fn the_articles_own_client_enters_talks_and_leaves() {
    let server = Server::start("--lang zh");
    let mut other = server.enter("other");
    let Some(mut original) = Original::start(&server) else { return };
    original.types("other");
    original.shows("系统:用户名已被使用，可用：other2");
    original.types("小红");
    original.shows("你已成功进入聊天室");
    other.expect("[T] 系统:小红加入了聊天");
    original.types("大家好");
    original.shows("小红:大家好");
    other.expect("[T] 小红:大家好");
    other.say("你好 -ta");
    original.shows("other:你好");
    original.types("exit");
    original.shows("客户端退出");
    original.ends_well();
    other.expect_all(&["[T] other:你好", "[T] 系统:用户小红退出聊天室!"]);
}

#[test]
fn the_articles_own_client_lives_among_people_who_talk_without_pause() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        let Some(mut original) = Original::start(&server) else { return };
        original.types("小红");
        original.shows("你已成功进入聊天室");
        original.types("你们说什么");
        while_it_is_said(&server, &mut original);
        original.types("exit");
        original.shows("客户端退出");
        original.ends_well();
    });
}

/// What it says may be among the lines that it is too slow for itself: others hear it.
fn while_it_is_said(server: &Server, original: &mut Original) {
    let mut witness: Client = server.enter("witness");
    original.types("听得见吗");
    witness.until("[T] 小红:听得见吗");
}
