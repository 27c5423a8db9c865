//! The test harness: the real binary on a port of its own, and clients that talk to it.
//!
//! Nothing sleeps to let something happen: every wait is for a line, a log entry or an end that
//! must come, and the test fails if it does not.
#![allow(dead_code, unused_imports, reason = "each file of tests uses a part of the harness")]

mod bare;
mod client;
mod person;
mod process;
mod screen;
mod server;
mod skip;
mod terminal;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub use bare::Bare;
pub use client::Client;
pub use person::Person;
pub use process::Process;
pub use screen::{Screen, find_tool};
pub use server::{Server, natter, output};
pub use skip::{skip_here, skip_without};
pub use terminal::{Terminal, visible};

/// The time to wait for anything that must happen: it happens at once, but machines can be busy.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Returns `text` with every stamp replaced by `[T]`; panics at an invalid stamp.
pub fn without_stamps(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        if !line.starts_with('[') {
            return line.to_string();
        }
        let shape = "[0000-00-00 00:00:00] ";
        let is_stamp = line.len() >= shape.len()
            && line.bytes().zip(shape.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            });
        assert!(is_stamp, "this begins with no stamp: {line:?}");
        format!("[T] {}", &line[shape.len()..])
    });
    lines.collect()
}

/// Returns the command for the article's program of that name, or one that behaves like it; the
/// article's own if `NATTER_ARTICLE` names its folder. It needs Python; without Python it returns
/// none, and the test is skipped.
#[track_caller]
pub fn article(program: &str) -> Option<Command> {
    let mut command = Command::new(find_tool("python3")?);
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/article");
    let folder = env::var_os("NATTER_ARTICLE").map_or_else(here, PathBuf::from);
    command.arg("-u").arg(folder.join(program)).env("PYTHONIOENCODING", "utf-8");
    Some(command)
}

/// A path that no other test uses; the file is removed when this value is dropped.
pub struct TempPath(PathBuf);

impl TempPath {
    /// Creates a path; no file is there yet.
    pub fn new(suffix: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(env::temp_dir().join(format!("natter-test-{}-{number}{suffix}", id())))
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path as a door: `unix:PATH`.
    pub fn as_door(&self) -> String {
        format!("unix:{}", self.0.display())
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A directory that no other test has, and that is gone with this value.
pub struct TempDir(TempPath);

impl TempDir {
    /// It is not there yet.
    pub fn new() -> Self {
        Self(TempPath::new(".state"))
    }

    /// The path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The option that has a server keep its log there.
    pub fn as_option(&self) -> String {
        format!("--state {}", self.path().display())
    }

    /// What is in `chat.log`.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("chat.log")).unwrap_or_default()
    }

    /// Waits until `chat.log` has `text` in it.
    #[track_caller]
    pub fn until_kept(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in {log}");
            std::thread::sleep(PATIENCE / 1_000);
        }
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.path());
    }
}
