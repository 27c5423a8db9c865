//! `natter join` over a link that dies, half-closes or stalls at every point of a conversation, at
//! both doors and at a server like the article's.
#![cfg(feature = "client")]

mod common;
#[path = "common/unframed.rs"]
mod unframed;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use common::{Client, PATIENCE, Server, natter};
use unframed::Unframed;

const LINES: usize = 4;
/// The number of simultaneous conversations.
const THREADS: usize = 8;

/// A failure of the link.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Both sides are reset.
    Dies,
    /// The client is told that nothing more will come; what it sends is lost.
    HalfCloses,
    /// What is sent is accepted and lost, and after a while the link dies.
    Stalls,
}

const FAULTS: [Fault; 3] = [Fault::Dies, Fault::HalfCloses, Fault::Stalls];

trait Stream: Read + Write + Send {
    fn again(&self) -> Box<dyn Stream>;
    fn end(&self);
}

impl Stream for TcpStream {
    fn again(&self) -> Box<dyn Stream> {
        Box::new(self.try_clone().expect("a socket can be shared"))
    }

    fn end(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

impl Stream for UnixStream {
    fn again(&self) -> Box<dyn Stream> {
        Box::new(self.try_clone().expect("a socket can be shared"))
    }

    fn end(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

fn connect(door: &str) -> Box<dyn Stream> {
    match door.strip_prefix("unix:") {
        Some(path) => Box::new(UnixStream::connect(path).expect("the door is open")),
        None => {
            let stream = TcpStream::connect(door).expect("the door is open");
            stream.set_nodelay(true).expect("it is TCP");
            Box::new(stream)
        }
    }
}

/// Creates a link to `door` whose first connection fails after that many bytes, one way or the
/// other; returns its address.
fn link(door: &str, fault: Fault, after: usize, is_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let door = door.to_string();
    thread::spawn(move || {
        for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
            client.set_nodelay(true).expect("it is TCP");
            let server = connect(&door);
            let limit = |is_way: bool| if number == 0 && is_way { after } else { usize::MAX };
            let (up, down) = (limit(is_up), limit(!is_up));
            let (client_again, server_again) = (client.again(), server.again());
            let whole = client.try_clone().expect("a socket can be shared");
            thread::spawn(move || pass(client_again, server, up, fault, &whole));
            let whole = client.try_clone().expect("a socket can be shared");
            thread::spawn(move || pass(server_again, Box::new(client), down, fault, &whole));
        }
    });
    address
}

/// Forwards data in one direction, up to the first `left` bytes.
fn pass(
    mut from: Box<dyn Stream>,
    mut to: Box<dyn Stream>,
    mut left: usize,
    fault: Fault,
    client: &TcpStream,
) {
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let part = count.min(left);
        if to.write_all(&buffer[..part]).is_err() {
            break;
        }
        left -= part;
        if part < count {
            match fault {
                Fault::Dies => {}
                Fault::HalfCloses => drop(client.shutdown(Shutdown::Write)),
                // Long enough for answers in the other direction.
                Fault::Stalls => thread::sleep(PATIENCE / 50),
            }
            break;
        }
    }
    from.end();
    to.end();
}

/// Runs a filter called `name` that says its lines at `door`.
fn converse(door: &str, name: &str) -> Output {
    let mut command = natter(&format!("join {door} --name {name}"));
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let lines: String = (0..LINES).map(|number| format!("line {number}\n")).collect();
    // A filter that cannot connect may end before it has read them.
    let written = child.stdin.take().expect("it is piped").write_all(lines.as_bytes());
    let is_fine = written.map_or_else(|error| error.kind() == ErrorKind::BrokenPipe, |()| true);
    assert!(is_fine, "a pipe takes what is written");
    let deadline = Instant::now() + 3 * PATIENCE;
    while child.try_wait().expect("it is a child").is_none() {
        assert!(Instant::now() < deadline, "{name} does not end");
        thread::sleep(PATIENCE / 1_000);
    }
    child.wait_with_output().expect("it has ended")
}

/// Runs a conversation for each point at which the link to `door` can fail.
fn at_every_point(door: &str, bytes: [usize; 2], check: impl Fn(&str, &Output) + Sync) {
    let points: Vec<(bool, usize)> = [true, false]
        .into_iter()
        .flat_map(|is_up| {
            let most = bytes[usize::from(!is_up)];
            (0..most).step_by(most / 24 + 1).map(move |after| (is_up, after))
        })
        .collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(&(is_up, after)) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Names must not look like each other.
                    let name = format!("box-{}-{after}", if is_up { "up" } else { "down" });
                    let fault = FAULTS[after % FAULTS.len()];
                    let output = converse(&link(door, fault, after, is_up), &name);
                    check(&name, &output);
                }
            });
        }
    });
}

/// Asserts that each line is said once, whatever the link to `door` does, or that none was and that
/// is reported.
fn assert_said_once(server: &Server, door: &str) {
    let mut watcher = Client::connect(server.door());
    watcher.name("watcher");
    let all_said = AtomicUsize::new(0);
    at_every_point(door, [900, 1_600], |name, output| {
        let told = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(4) {
            // It never entered, and nothing was said.
            return assert!(told.contains("closed") && output.stdout.is_empty(), "{output:?}");
        }
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        all_said.fetch_add(1, Ordering::Relaxed);
        let heard = String::from_utf8_lossy(&output.stdout);
        for number in 0..LINES {
            let shown = heard.matches(&format!("{name}:line {number}\n")).count();
            assert_eq!(shown, 1, "{name} sees line {number} once: {heard}");
        }
    });
    watcher.say("exit");
    let said = watcher.rest();
    let lines: Vec<&String> = said.iter().filter(|line| line.contains(":line ")).collect();
    for (at, line) in lines.iter().enumerate() {
        assert!(!lines[..at].contains(line), "{line} is said twice");
    }
    let people = all_said.into_inner();
    assert_eq!(lines.len(), LINES * people, "of all people, each line is said");
    assert!(people > 30, "most come in, and come back: {people}");
}

#[test]
fn at_the_classic_door_every_line_is_said_once_wherever_the_link_fails() {
    let server = Server::start("--no-flood-limit");
    assert_said_once(&server, server.door());
}

#[test]
fn at_the_telnet_door_every_line_is_said_once_wherever_the_link_fails() {
    let (server, telnet, _file) = Server::with_both_doors("");
    assert_said_once(&server, &telnet);
}

/// A filter whose output is not read for a while lacks lines that the server has skipped: it asks for
/// them, and writes each in its place.
#[test]
fn a_reader_that_was_too_slow_gets_every_line_once_and_in_order() {
    // More than lies between server and reader, less than that and the history of a room.
    const SAID: usize = 380;
    let server = Server::start("--no-flood-limit");
    let mut bob = server.enter("bob");
    let mut command = natter(&format!("join {} --name slow", server.door()));
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    bob.until("[T] system: slow joined");
    let text = |number: usize| format!("{number:04} {}", "x".repeat(900));
    for number in 0..SAID {
        bob.say(&format!("{} -ta", text(number)));
        bob.until(&format!("[T] bob:{}", text(number)));
    }
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let (mut next, mut skipped) = (0, 0);
    for line in output.lines().map(|line| line.expect("it is text")) {
        if line.ends_with(" lines skipped") {
            skipped += 1;
        } else if line.contains("] bob:") {
            assert!(line.ends_with(&text(next)), "{next} comes next, not {}", &line[..40]);
            next += 1;
        }
        if next == SAID {
            break;
        }
    }
    assert!(skipped > 0, "the server has skipped some");
    drop(child.stdin.take());
    assert!(child.wait().expect("it is a child").success());
}

#[test]
fn at_the_articles_server_no_line_is_said_twice_and_unsure_lines_are_listed() {
    let server = Unframed::start();
    at_every_point(server.door(), [70, 200], |name, output| {
        let said = server.said();
        let told = String::from_utf8_lossy(&output.stderr);
        for number in 0..LINES {
            let line = format!("{name}:line {number}");
            let count = said.iter().filter(|said| **said == line).count();
            let is_listed = told.contains(&format!("natter: not confirmed: line {number}\n"));
            assert!(count <= 1, "{line} is said twice");
            // It may have ended before it had read them.
            let is_told = output.status.code() == Some(4) && (is_listed || count == 0);
            assert!(count == 1 && !is_listed || is_told, "{line}: {output:?}");
        }
    });
}
