//! When the writer writes, syncs, tries again and begins a new file.

use std::cell::RefCell;
use std::io::{ErrorKind, Result};
use std::rc::Rc;

use super::*;

/// What was asked of the files, in order; everything but bytes is a word.
#[derive(Default)]
struct Calls {
    calls: Vec<String>,
    is_full: bool,
    is_removed: bool,
}

struct Fake(Rc<RefCell<Calls>>);

impl Fake {
    fn call(&self, call: impl Into<String>) -> Result<()> {
        let mut calls = self.0.borrow_mut();
        calls.calls.push(call.into());
        if calls.is_full { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Store for Fake {
    fn append(&mut self, bytes: &[u8]) -> Result<usize> {
        self.call(String::from_utf8_lossy(bytes)).map(|()| bytes.len())
    }

    fn take_back(&mut self, bytes: u64) -> Result<()> {
        self.call(format!("take back {bytes}"))
    }

    fn sync(&mut self) -> Result<()> {
        self.call("sync")
    }

    fn reopen(&mut self) -> Result<u64> {
        self.0.borrow_mut().is_removed = false;
        self.call("reopen").map(|()| 0)
    }

    fn rotate(&mut self) -> Result<()> {
        self.call("rotate")
    }

    fn is_removed(&self) -> bool {
        self.0.borrow().is_removed
    }
}

struct Log {
    writer: Writer,
    calls: Rc<RefCell<Calls>>,
}

impl Log {
    fn new(fsync: Fsync, bytes_max: u64) -> Self {
        let calls = Rc::default();
        let writer = Writer::new(Box::new(Fake(Rc::clone(&calls))), 0, fsync, bytes_max);
        let mut log = Self { writer, calls };
        log.turn(0);
        log.calls();
        log
    }

    fn say(&mut self, text: &str) {
        let at = Stamp { unix_ms: 1_795_507_300_042 };
        self.writer.note(&Kept { at, room: "tea", kind: Kind::Said, name: "bob", text });
    }

    fn turn(&mut self, mono_ms: u64) {
        let now = Now { mono_ms, stamp: Stamp { unix_ms: 1_795_507_300_042 } };
        if self.writer.is_due(mono_ms) {
            self.writer.write(&now, &|kind, unwritten, at, to| {
                let text = format!("1 {}", 100 - unwritten);
                to(&Kept { at, room: "", kind, name: "", text: &text });
            });
        }
    }

    /// What was asked since the last time: of each line the kind and the text.
    fn calls(&mut self) -> Vec<String> {
        let calls = std::mem::take(&mut self.calls.borrow_mut().calls);
        let short = |call: String| {
            let lines = call.lines().map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
                [_, _, kind, _, text] => format!("{kind} {text}"),
                _ => line.to_string(),
            });
            lines.collect::<Vec<_>>().join("; ")
        };
        calls.into_iter().map(short).collect()
    }
}

#[test]
fn a_turn_is_one_write_and_one_without_anything_is_none() {
    let mut log = Log::new(Fsync::Never, 1_000_000);
    log.say("one");
    log.say("two");
    log.turn(1);
    log.turn(2);
    assert_eq!(log.calls(), ["said one; said two"]);
    assert_eq!(log.writer.deadline_ms(), None);
}

#[test]
fn always_syncs_each_turn_and_seconds_sync_once_in_that_time() {
    let mut log = Log::new(Fsync::Always, 1_000_000);
    log.say("one");
    log.turn(1);
    assert_eq!(log.calls(), ["said one", "sync"]);
    let mut log = Log::new(Fsync::Secs(5), 1_000_000);
    // The mark at the start is the first that has to be synced.
    assert_eq!(log.writer.deadline_ms(), Some(5_000));
    log.turn(5_000);
    assert_eq!(log.calls(), ["sync"]);
    assert_eq!(log.writer.deadline_ms(), None, "an idle server has nothing to do");
    log.say("one");
    log.turn(6_000);
    log.say("two");
    log.turn(10_000);
    assert_eq!(log.calls(), ["said one", "said two"]);
    log.turn(11_000);
    assert_eq!(log.calls(), ["sync"]);
    log.say("three");
    log.turn(12_000);
    log.writer.close();
    assert_eq!(log.calls(), ["said three", "sync"], "what is left is synced at the end");
}

#[test]
fn while_writing_fails_lines_are_counted_and_it_is_tried_once_a_second() {
    let mut log = Log::new(Fsync::Never, 1_000_000);
    log.calls.borrow_mut().is_full = true;
    log.say("one");
    log.turn(1_000);
    assert_eq!(log.calls(), ["said one"]);
    for (mono_ms, text) in [(1_001, "two"), (1_999, "three")] {
        log.say(text);
        log.turn(mono_ms);
    }
    assert!(log.calls().is_empty(), "it is not time yet");
    assert_eq!(log.writer.deadline_ms(), Some(2_000));
    log.turn(2_000);
    assert_eq!(log.calls(), ["reopen"]);
    log.calls.borrow_mut().is_full = false;
    log.say("four");
    log.say("five");
    log.turn(3_000);
    let wanted = "gap -- 3 lines not written --; mark 1 98; said four; said five";
    assert_eq!(log.calls(), ["reopen", wanted]);
    log.say("six");
    log.turn(3_001);
    assert_eq!(log.calls(), ["said six"]);
}

#[test]
fn a_full_file_is_put_aside_and_the_next_begins_with_a_mark() {
    let mut log = Log::new(Fsync::Secs(5), 300);
    for _ in 0..16 {
        log.say("x");
        log.turn(1);
    }
    let calls = log.calls();
    let rotated: Vec<_> = calls.split(|call| call == "rotate").collect();
    assert!(rotated.len() > 2, "{calls:#?}");
    for file in &rotated[1..] {
        assert!(file[0].starts_with("mark 1 99; said x"), "{calls:#?}");
    }
    assert_eq!(calls.iter().filter(|call| *call == "sync").count(), rotated.len() - 1);
}

#[test]
fn a_file_that_was_removed_or_renamed_is_opened_anew() {
    let mut log = Log::new(Fsync::Never, 1_000_000);
    log.calls.borrow_mut().is_removed = true;
    log.say("one");
    log.turn(1);
    assert_eq!(log.calls(), ["reopen", "mark 1 99; said one"]);
    let now = Now { mono_ms: 2, stamp: Stamp { unix_ms: 1_795_507_300_042 } };
    log.writer.reopen(&now);
    log.turn(2);
    assert_eq!(log.calls(), ["reopen", "mark 1 100"]);
}
