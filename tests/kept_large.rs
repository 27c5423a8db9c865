//! A log of 1 GB delays the start by at most 2 s: too slow for every day, and a matter of release builds.
//!
//! Section of `docs/operating.md`: "After a restart".
#![cfg(feature = "state")]

mod common;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use common::{Server, TempDir};
use fastrand::Rng;
use natter::clock::Stamp;

const BYTES: usize = 1_000_000_000;
const START_MS: u64 = 1_795_500_000_000;

/// What is written to the log, and how much that is.
struct Log {
    file: BufWriter<File>,
    bytes: usize,
    now_ms: u64,
}

impl Log {
    fn line(&mut self, room: &str, kind: &str, name: &str, text: &str) {
        let at = Stamp { unix_ms: self.now_ms };
        let line = format!("{at}\t{room}\t{kind}\t{name}\t{text}\n");
        self.file.write_all(line.as_bytes()).expect("the disk has room");
        self.bytes += line.len();
    }

    /// How things stand, as the server tells it once per MiB.
    fn mark(&mut self, kind: &str, said: u64, rooms: &[String]) {
        self.line("-", kind, "-", &format!("{START_MS} {said}"));
        for (room, name) in rooms.iter().flat_map(|room| (0..3).map(move |name| (room, name))) {
            self.line(room, "here", &format!("p{name}{room}"), "");
        }
    }
}

/// Writes a log of so many rooms; one of so many lines is somebody who leaves and comes back.
fn write(state: &TempDir, rooms: usize, churn: u8) {
    fs::create_dir(state.path()).expect("it can be made");
    let file = BufWriter::new(File::create(state.file("chat.log")).expect("it can be made"));
    let mut log = Log { file, bytes: 0, now_ms: START_MS };
    let mut rng = Rng::with_seed(1);
    let rooms: Vec<String> = (0..rooms).map(|room| format!("room{room}")).collect();
    let (mut said, mut mark_at) = (0, 0);
    let words = "some words that people say, and a few more than that ".repeat(2);
    while log.bytes < BYTES {
        if log.bytes >= mark_at {
            log.mark(if mark_at == 0 { "start" } else { "mark" }, said, &rooms);
            mark_at = log.bytes + (1 << 20);
        }
        log.now_ms += rng.u64(..50);
        let room = &rooms[rng.usize(..rooms.len())];
        let name = format!("p{}{room}", rng.u8(..3));
        if churn > 0 && rng.u8(..churn) == 0 {
            log.line(room, "left", &name, "");
            log.line(room, "joined", &name, "");
        } else {
            said += 1;
            log.line(room, "said", &name, &words[..rng.usize(8..words.len())]);
        }
    }
    log.file.flush().expect("the disk has room");
}

#[test]
#[ignore = "writes 3 GB, and measures release builds"]
fn a_log_of_1_gb_delays_the_start_by_at_most_2_s() {
    for (rooms, churn) in [(1, 0), (100, 0), (901, 0), (901, 3)] {
        let state = TempDir::new();
        write(&state, rooms, churn);
        let start = Instant::now();
        let mut server = Server::start(&format!("--log-bytes 1000000000 {}", state.as_option()));
        let took = start.elapsed();
        let read = server.wait_log(&["event=log-read", "damaged=0"]);
        let (_, read) = read.split_once("event=").expect("it is there");
        println!("{rooms} rooms, churn {churn}: {:.2} s ({read})", took.as_secs_f64());
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
