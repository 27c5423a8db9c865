//! Runs a program under callgrind, which counts the instructions that it executes in user space.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether valgrind is installed.
pub fn is_installed() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok_and(|run| run.status.success())
}

/// Returns the options that make callgrind write its counts to `out`.
pub fn options(out: &Path) -> [OsString; 3] {
    let mut out_option = OsString::from("--callgrind-out-file=");
    out_option.push(out);
    ["--tool=callgrind".into(), "--quiet".into(), out_option]
}

/// Returns a path in the system's temporary folder for the counts of one run.
pub fn out_file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("natter-callgrind-{}-{name}", std::process::id()))
}

/// Reads the count from the file at `path` and removes the file.
///
/// # Errors
/// If the file is missing or has no count, as one line.
pub fn take_count(path: &Path) -> Result<u64, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    // It is not needed any more; leaving it behind would do no harm.
    let _ = fs::remove_file(path);
    let count = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let count = count.and_then(|count| count.trim().parse().ok());
    count.ok_or_else(|| format!("{}: callgrind wrote no total", path.display()))
}
