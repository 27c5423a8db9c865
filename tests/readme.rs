//! What the README says is what the program does.

use std::fs;
use std::path::Path;

use natter::config::OPTIONS;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    fs::read_to_string(path).expect("there is a README")
}

#[test]
fn its_option_table_is_the_programs() {
    let readme = readme();
    let rows = OPTIONS.iter().map(|opt| {
        let usage = format!("--{} {}", opt.name, opt.value.replace('|', "\\|"));
        format!("| `{}` | {} | {} |", usage.trim(), opt.help, opt.default)
    });
    let shown: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `--")).collect();
    assert_eq!(shown, rows.collect::<Vec<_>>());
}

#[test]
fn it_gives_the_two_commands() {
    assert!(readme().contains("cargo run --release\ncargo test\n"));
}
