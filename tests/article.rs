//! Clients that behave like the article's: some in Rust, and `tests/article/tcp_client.py`.
//!
//! Sections of `docs/protocol.md`: "Clients without line ends".

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use common::{Bare, Client, Server, article};

/// A client without line ends has to read in time, so only one such room may use the machine at a
/// time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `act` while a user speaks Chinese without pause.
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
fn a_client_enters_at_the_first_try_while_others_talk_without_pause() {
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
fn a_client_leaves_while_others_talk_without_pause() {
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
fn a_client_never_reads_half_a_character() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        let mut client = Bare::enter(&server, "小明");
        for _ in 0..30 {
            // `read` panics at half a character, and each read begins and ends with whole lines.
            let read = client.read();
            let is_whole = |line: &str| line.starts_with("[T] ");
            assert!(read.lines().all(is_whole), "{read:?}");
            assert!(!read.ends_with('\n'), "its `print` adds a line end: {read:?}");
        }
    });
}

#[test]
fn a_taken_name_is_asked_for_again() {
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
fn a_long_line_arrives_in_reads_of_whole_characters() {
    let server = Server::start("--lang zh");
    let mut client = Bare::enter(&server, "小明");
    let long = "说".repeat(339);
    client.send(&format!("{long} -ta"));
    let mut heard = client.read();
    while heard.matches('说').count() < 339 {
        // The continuation of a line is marked, or it could pass for a line of its own.
        heard += client.read().strip_prefix("… ").expect("a continued line is marked");
    }
    assert_eq!(heard, format!("[T] 小明:{long}"));
}

#[test]
fn lines_sent_in_quick_succession_keep_their_order() {
    let server = Server::start("--lines-per-sec 20");
    let mut other = server.enter("other");
    let mut client = Bare::enter(&server, "小明");
    other.expect("[T] system: 小明 joined");
    for number in 0..10 {
        client.send(&format!("line {number} -ta"));
        // Two sends that arrive together are one command, as with the article's server: so the next
        // one is sent when the server has read this one.
        thread::sleep(Duration::from_millis(20));
    }
    for number in 0..10 {
        other.expect(&format!("[T] 小明:line {number}"));
    }
}

/// The article's client in Python, with piped input and output.
struct Python {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Python {
    /// Returns none if there is no Python.
    #[track_caller]
    fn start(server: &Server) -> Option<Self> {
        let (_, port) = server.door().rsplit_once(':').expect("a port");
        let mut command = article("tcp_client.py")?;
        command.arg(port).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python3 starts");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Some(Self { child, stdin, stdout })
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it reads what is typed");
    }

    /// Reads its output until a line ends in `shown`.
    fn shows(&mut self, shown: &str) {
        let mut printed = String::new();
        while !printed.trim_end().ends_with(shown) {
            let count = self.stdout.read_line(&mut printed).expect("it prints UTF-8");
            assert!(count > 0, "it ended without {shown:?}: {printed}");
        }
    }

    /// Asserts that it ends by itself, as it does when a read is exactly `exit`.
    fn ends_well(mut self) {
        let (mut rest, mut faults) = (String::new(), String::new());
        self.stdout.read_to_string(&mut rest).expect("it prints UTF-8");
        let mut stderr = self.child.stderr.take().expect("stderr is piped");
        stderr.read_to_string(&mut faults).expect("it prints UTF-8");
        let status = self.child.wait().expect("it can be waited for");
        // The error of a thread is printed there, and its program still ends with success.
        assert!(status.success() && faults.is_empty(), "{status}: {rest}\n{faults}");
    }
}

#[test]
fn the_articles_client_in_python_enters_talks_and_leaves() {
    let server = Server::start("--lang zh");
    let mut other = server.enter("other");
    let Some(mut python) = Python::start(&server) else { return };
    python.types("other");
    python.shows("系统:用户名已被使用，可用：other2");
    python.types("小红");
    python.shows("OK");
    other.expect("[T] 系统:小红加入了聊天");
    python.types("大家好");
    python.shows("小红:大家好");
    other.expect("[T] 小红:大家好");
    other.say("你好 -ta");
    python.shows("other:你好");
    python.types("exit");
    python.ends_well();
    other.expect_all(&["[T] other:你好", "[T] 系统:用户小红退出聊天室!"]);
}

#[test]
fn the_articles_client_in_python_copes_with_others_who_talk_without_pause() {
    let server = Server::start("--no-flood-limit --lang zh");
    while_others_talk(&server, || {
        let Some(mut python) = Python::start(&server) else { return };
        python.types("小红");
        python.shows("OK");
        python.types("你们说什么");
        while_it_is_said(&server, &mut python);
        python.types("exit");
        python.ends_well();
    });
}

/// The client's own line may be among those skipped for it: the others see it.
fn while_it_is_said(server: &Server, python: &mut Python) {
    let mut witness: Client = server.enter("witness");
    python.types("听得见吗");
    witness.until("[T] 小红:听得见吗");
}
