//! Not a test but the end of `cargo test`, which runs files in the order of their names: prints how
//! many tests were skipped, which, and why. If `NATTER_NO_SKIPS` is set, as in the gate, it fails
//! if a test was skipped because something that can be installed is missing.

#[allow(dead_code, reason = "this only reads what tests write")]
#[path = "common/skip.rs"]
mod skip;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A caller that only lists the tests must not remove the list of those that run them.
    if env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let lines = skip::take_list();
    match lines.len() {
        0 => println!("no test was skipped"),
        1 => println!("1 test was skipped:"),
        count => println!("{count} tests were skipped:"),
    }
    for (reason, test) in lines.iter().filter_map(|line| line.split_once('\t')) {
        println!("  {test} ({reason})");
    }
    let must_not_skip = env::var_os("NATTER_NO_SKIPS").is_some();
    if must_not_skip && lines.iter().any(|line| line.starts_with(skip::NEEDS)) {
        eprintln!("NATTER_NO_SKIPS is set, so everything that tests need must be installed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
