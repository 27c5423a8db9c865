//! The instructions that one peer within the default flood limits can make the hub execute, counted
//! by callgrind: one run in which a fresh peer tries each flood of `flood.rs` in turn.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::callgrind;
use crate::flood::{self, Mark};

/// The first argument of this program when it is the counted one.
pub const CHILD: &str = "@flood";

/// 5 % of a core that executes one thousand million instructions per second.
const INSTRUCTIONS_PER_SEC_MAX: u64 = 50_000_000;
/// In the first second a peer may send several times as much as in later ones; this is the limit
/// for it.
const FIRST_SECOND_MAX: u64 = 10 * INSTRUCTIONS_PER_SEC_MAX;
/// The number of other users in the lobby.
const OTHERS: usize = 4_000;

/// Runs the floods whose names contain `filter` under callgrind.
///
/// # Errors
/// One line that says what failed, or which flood is over the budget.
pub fn run(filter: &str) -> Result<(), String> {
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
        .arg(filter)
        .status()
        .map_err(|error| format!("valgrind: {error}"))?;
    // The end of the run is counted, too, but not needed.
    let _ = std::fs::remove_file(&out);
    if run.success() { Ok(()) } else { Err("--budget: see above".to_owned()) }
}

/// The child: plays all floods and prints the cost of each.
pub fn count(arguments: &[String]) -> ExitCode {
    let [out, filter] = arguments else { panic!("{CHILD} OUT FILTER") };
    let out = PathBuf::from(out);
    println!("  instructions/s  bytes sent/s  (one peer within the default flood limits)");
    let mut hub = flood::crowded_hub(OTHERS);
    let (mut dumps, mut over) = (0, 0);
    for flood in flood::all().into_iter().filter(|flood| flood.name.contains(filter)) {
        let mut instructions_per_sec = 0;
        let bytes_per_sec = flood::play(&mut hub, &flood, |mark| {
            dumps += 1;
            let count = dump(&out, dumps);
            match mark {
                Mark::Begin | Mark::Warm => {}
                Mark::Probed => instructions_per_sec = count / flood::PROBE.as_secs(),
                Mark::End => instructions_per_sec = count / flood::COUNTED.as_secs(),
            }
            mark != Mark::Probed || count <= FIRST_SECOND_MAX
        });
        let bytes_per_sec = bytes_per_sec.map_or("-".to_owned(), |bytes| bytes.to_string());
        let is_over = instructions_per_sec > INSTRUCTIONS_PER_SEC_MAX;
        over += usize::from(is_over);
        let verdict = if is_over { "  OVER THE BUDGET" } else { "" };
        println!("{instructions_per_sec:>16}  {bytes_per_sec:>12}  {}{verdict}", flood.name);
    }
    println!("{over} of the floods cost more than {INSTRUCTIONS_PER_SEC_MAX} instructions/s");
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the instructions that this process has executed since the last dump, of which there have
/// been `dumps` including this one.
fn dump(out: &Path, dumps: usize) -> u64 {
    let pid = format!("--pid={}", std::process::id());
    let dump = Command::new("vgdb").arg(pid).arg("dump").output();
    let dump = dump.expect("vgdb, a part of valgrind, can be started");
    assert!(dump.status.success(), "vgdb: {}", String::from_utf8_lossy(&dump.stderr));
    let mut path = out.as_os_str().to_owned();
    path.push(format!(".{dumps}"));
    callgrind::take_count(Path::new(&path)).expect("callgrind has written a count")
}
