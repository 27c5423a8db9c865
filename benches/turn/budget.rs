//! Instructions that one peer within the default flood limits can make the hub execute, counted by
//! callgrind: one run in which a fresh peer tries each flood of `flood.rs` in turn.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::callgrind;
use crate::flood;

/// First argument of this program when it is the one that is counted.
pub const CHILD: &str = "@flood";

/// 5 % of a core that executes one thousand million instructions a second.
const INSTRUCTIONS_PER_SEC_MAX: u64 = 50_000_000;

/// Runs all floods under callgrind.
///
/// # Errors
/// One line that tells what failed, or that a flood is over the budget.
pub fn run() -> Result<(), String> {
    if !callgrind::is_installed() {
        return Err("--budget: valgrind is not installed".to_owned());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = callgrind::out_file("flood");
    let run = Command::new("valgrind")
        .args(callgrind::options(&out))
        .arg(program)
        .arg(CHILD)
        .arg(&out)
        .status()
        .map_err(|error| format!("valgrind: {error}"))?;
    // The end of the run is counted, too, but of no interest.
    let _ = std::fs::remove_file(&out);
    if run.success() { Ok(()) } else { Err("--budget: see above".to_owned()) }
}

/// The child: plays all floods and prints what each has cost.
pub fn count(arguments: &[String]) -> ExitCode {
    let out = PathBuf::from(arguments.first().expect("the file of the counts is named"));
    println!("  instructions/s  bytes sent/s  (one peer within the default flood limits)");
    let mut hub = flood::crowded_hub();
    let (mut dumps, mut over) = (0, 0);
    for flood in flood::all() {
        let mut counts = Vec::new();
        let bytes_per_sec = flood::play(&mut hub, &flood, || {
            dumps += 1;
            counts.push(dump(&out, dumps));
        });
        let instructions_per_sec = counts[1] / flood::COUNTED.as_secs();
        let is_over = instructions_per_sec > INSTRUCTIONS_PER_SEC_MAX;
        over += usize::from(is_over);
        let verdict = if is_over { "  OVER THE BUDGET" } else { "" };
        println!("{instructions_per_sec:>16}  {bytes_per_sec:>12}  {}{verdict}", flood.name);
    }
    println!("{over} of the floods cost more than {INSTRUCTIONS_PER_SEC_MAX} instructions/s");
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The instructions that this process has executed since the last dump, of which there have been
/// `dumps` with this one.
fn dump(out: &Path, dumps: usize) -> u64 {
    let pid = format!("--pid={}", std::process::id());
    let dump = Command::new("vgdb").arg(pid).arg("dump").output();
    let dump = dump.expect("vgdb, a part of valgrind, can be started");
    assert!(dump.status.success(), "vgdb: {}", String::from_utf8_lossy(&dump.stderr));
    let mut path = out.as_os_str().to_owned();
    path.push(format!(".{dumps}"));
    callgrind::take_count(Path::new(&path)).expect("callgrind has written a count")
}
