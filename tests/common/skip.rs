//! Tests that cannot run here. Each is reported at once and listed for `tests/zz_skipped.rs`, which
//! prints the list when `cargo test` has run everything else.
//!
//! Each run of cargo has its own list, named after the process that started the tests, so a run
//! does not report what another one skipped, interrupted or not.

use std::fs::{self, OpenOptions};
use std::io::{Write, stderr};
use std::os::unix::process::parent_id;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::{env, thread};

/// The folder of the lists.
pub const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// Begins a line about a program that can be installed.
pub const NEEDS: &str = "needs ";

/// Begins the name of each list; the process of its run follows.
const LIST: &str = "skipped-";

/// Skips the running test because it needs `what`, which can be installed.
#[track_caller]
pub fn skip_without(what: &str) {
    skip(&format!("{NEEDS}{what}"));
}

/// Skips the running test because of what this machine lacks or does not allow.
#[track_caller]
pub fn skip_here(reason: &str) {
    skip(reason);
}

#[track_caller]
fn skip(reason: &str) {
    // Standard error itself: output of `eprintln!` is captured if tests pass.
    let thread = thread::current();
    let test = match thread.name() {
        Some(test) if test != "main" => test.to_string(),
        // With `--test-threads 1` the thread has no name of its own.
        _ => Location::caller().to_string(),
    };
    let test = format!("{}::{test}", env!("CARGO_CRATE_NAME"));
    let _ = writeln!(stderr(), "skipped: {test} ({reason})");
    let line = format!("{reason}\t{test}\n");
    // One write to the end of the file: lines of parallel tests are not mixed.
    let list = OpenOptions::new().create(true).append(true).open(list(&run()));
    let written = list.and_then(|mut list| list.write_all(line.as_bytes()));
    written.expect("the list of skipped tests can be written");
}

/// Returns the lines of this run's list, `REASON\tTEST`, sorted; removes it, and those of runs that
/// ended without doing so.
pub fn take_list() -> Vec<String> {
    let own = list(&run());
    let text = fs::read_to_string(&own).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(ToString::to_string).collect();
    lines.sort();
    lines.dedup();
    let _ = fs::remove_file(own);
    for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| name.strip_prefix(LIST));
        let process = run.and_then(|run| run.split('-').next()?.parse().ok());
        if run.is_some() && process.and_then(identity).as_deref() != run {
            let _ = fs::remove_file(entry.path());
        }
    }
    lines
}

fn list(run: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{LIST}{run}"))
}

/// Identifies the process that started this one: cargo.
fn run() -> String {
    identity(parent_id()).expect("/proc is mounted, and whoever started the tests still runs")
}

/// Returns the id of a process with its start time (proc_pid_stat(5)), because ids are reused.
fn identity(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name, in parentheses; this is the 22nd.
    let started = stat.rsplit_once(") ")?.1.split(' ').nth(19)?;
    Some(format!("{process}-{started}"))
}
