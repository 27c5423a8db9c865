//! The real binary, killed under load again and again: what anybody saw is in the log, and whoever comes
//! back is told exactly what they missed.
#![cfg(feature = "state")]
#![cfg(feature = "json")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use common::{Client, PATIENCE, Server, TempDir};
use fastrand::Rng;
use rustix::process::Signal;
use serde_json::{Value, json};

/// How often each policy is tried.
const KILLS: usize = 100;
/// Lines of a room that a server remembers.
const HISTORY_LINES: usize = 256;

/// A program that keeps what it was sent.
struct Reader {
    client: Client,
    unread: Vec<u8>,
}

impl Reader {
    fn enter(door: &str) -> Self {
        let mut client = Client::connect(door);
        client.send("json -p\n{\"do\":\"name\",\"name\":\"reader\",\"tag\":\"name\"}\n");
        let mut reader = Self { client, unread: Vec::new() };
        while reader.next().expect("it is let in")["tag"] != "name" {}
        reader
    }

    /// The next object; none if the connection has ended, perhaps in the middle of one.
    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("it is an object"));
            }
            let mut buffer = [0; 16 * 1024];
            match self.client.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What was said after `id`, and whether that is all.
    fn since(&mut self, id: &str) -> (Vec<(String, String)>, bool) {
        self.client.send(format!("{}\n", json!({"do": "since", "id": id, "tag": "since"})));
        let mut lines = Vec::new();
        loop {
            let object = self.next().expect("it is answered");
            if object["tag"] == "since" {
                return (lines, object["complete"] == true);
            }
            lines.extend(said(&object));
        }
    }
}

/// The id and the text of an object that is a line.
fn said(object: &Value) -> Option<(String, String)> {
    let text = |field: &str| object[field].as_str().expect("it is a text").to_string();
    (object["type"] == "said").then(|| (text("id"), text("text")))
}

/// All lines that the log has, in order.
fn kept(state: &TempDir) -> Vec<String> {
    let mut lines = Vec::new();
    for name in ["chat.log.3", "chat.log.2", "chat.log.1", "chat.log"] {
        let bytes = fs::read(state.file(name)).unwrap_or_default();
        let mut text = String::from_utf8(bytes).expect("nothing is cut in it");
        // It may have been killed in the middle of a write: nobody has seen that line.
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        lines.extend(text.lines().filter_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns.get(2) == Some(&"said")).then(|| columns[4].to_string())
        }));
    }
    lines
}

fn kill_again_and_again(fsync: &str, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let state = TempDir::new();
    let options = format!(
        "--no-flood-limit --log error --log-bytes 262144 --log-files 4 --fsync {fsync} {} \
         --lag-soft-bytes 4000000 --lag-hard-bytes 8000000",
        state.as_option()
    );
    let (mut last, mut ids) = (None::<(String, String)>, BTreeSet::new());
    let mut unseen = 0;
    for round in 0..KILLS {
        let mut server = Server::start(&options);
        let mut reader = Reader::enter(server.door());
        if let Some((id, text)) = &last {
            let log = kept(&state);
            let place = log.iter().rposition(|line| line == text);
            let missed = &log[place.expect("what was seen is in the log") + 1..];
            let (lines, is_complete) = reader.since(id);
            let told: Vec<&String> = lines.iter().map(|(_, text)| text).collect();
            let wanted = &missed[missed.len().saturating_sub(HISTORY_LINES)..];
            assert_eq!(told, wanted.iter().collect::<Vec<_>>(), "round {round}");
            assert_eq!(is_complete, missed.len() <= HISTORY_LINES, "round {round}");
            unseen += missed.len();
            for (id, _) in lines {
                assert!(ids.insert(id.clone()), "round {round}: {id} is another line's");
            }
        }
        let mut writer = server.enter("writer");
        let count = rng.usize(1_000..6_000);
        let lines: String =
            (0..count).map(|line| format!("{round}.{line} says this -ta\n")).collect();
        writer.send(&lines);
        // Wherever the server is by then.
        let enough = rng.usize(..count * 3 / 4);
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while seen.len() <= enough && Instant::now() < deadline {
            seen.extend(reader.next().as_ref().and_then(said));
        }
        std::thread::sleep(Duration::from_micros(rng.u64(..300)));
        server.signal(Signal::KILL);
        while let Some(object) = reader.next() {
            seen.extend(said(&object));
        }
        assert!(!server.is_running() || server.all_log().is_empty());
        let log = kept(&state);
        let first = log.iter().rposition(|line| *line == seen[0].1);
        let first = first.unwrap_or_else(|| panic!("round {round}: {:?} is not kept", seen[0]));
        for (line, (id, text)) in log[first..].iter().zip(&seen) {
            assert_eq!(line, text, "round {round}");
            assert!(ids.insert(id.clone()), "round {round}: {id} is another line's");
        }
        let is_all = log.len() - first >= seen.len();
        assert!(is_all, "round {round}: {} seen, {} kept", seen.len(), log.len() - first);
        last = seen.pop();
    }
    assert!(unseen > 0, "it was never killed between the log and a reader");
}

#[test]
fn what_was_seen_is_kept_whenever_it_is_killed() {
    kill_again_and_again("5", 1);
}

#[test]
fn what_was_seen_is_kept_and_synced_whenever_it_is_killed() {
    kill_again_and_again("always", 2);
}
