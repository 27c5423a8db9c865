//! `natter join` as a job of a shell: stopped, continued, in the background.
#![cfg(feature = "client")]

mod common;
#[path = "common/pty.rs"]
mod pty;

use std::fs;

use common::{Client, Server, TempPath, find_tool};
use pty::Terminal;

const NATTER: &str = env!("CARGO_BIN_EXE_natter");

/// Starts an interactive shell; returns none if there is no bash.
#[track_caller]
fn shell() -> Option<Terminal> {
    let command = pty_process::blocking::Command::new(find_tool("bash")?);
    let command = command.args(["--norc", "--noprofile", "-i"]).env("PS1", "shell$ ");
    let command = command.env("TERM", "xterm-256color").env_remove("LC_ALL").env("LANG", "C.UTF-8");
    let mut terminal = Terminal::spawn(command, 12, 150);
    terminal.shows("shell$");
    Some(terminal)
}

fn say(other: &mut Client, line: &str) {
    other.say(&format!("{line} -ta"));
    other.until(&format!("[T] bob:{line}"));
}

#[test]
fn a_shell_can_have_the_terminal_for_a_while() {
    let server = Server::start("--no-flood-limit");
    let mut bob = server.enter("bob");
    let Some(mut terminal) = shell() else { return };
    terminal.press(&format!("{NATTER} join {} --name alice\r", server.door()));
    terminal.shows("-- you have joined");
    terminal.press("half\x1a");
    terminal.until(|terminal| !terminal.screen().alternate_screen());
    terminal.shows("Stopped");
    say(&mut bob, "meanwhile");
    terminal.press("fg\r");
    terminal.shows("bob: meanwhile");
    terminal.types("> half");
    terminal.press(" a line\r");
    bob.until("[T] alice:half a line");
    terminal.press("/quit\r");
    bob.until("[T] system: alice left");
    terminal.until(|terminal| !terminal.screen().alternate_screen());
    terminal.press("exit\r");
    terminal.end();
}

#[test]
fn in_the_background_it_prints_messages_and_reads_nothing_from_the_shell() {
    let server = Server::start("--no-flood-limit");
    let mut bob = server.enter("bob");
    let Some(mut terminal) = shell() else { return };
    let file = TempPath::new(".txt");
    let heard = file.path().display();
    terminal.press(&format!("{NATTER} join {} --name log >> {heard} &\r", server.door()));
    bob.until("[T] system: log joined");
    say(&mut bob, "one");
    terminal.press("echo $((6 * 7))\r");
    terminal.shows("42");
    say(&mut bob, "two");
    terminal.press("jobs\r");
    terminal.shows("Running");
    // In the foreground again, typed lines are said.
    terminal.press("fg\r");
    terminal.until_own(false);
    terminal.press("from the shell\r");
    bob.until("[T] log:from the shell");
    terminal.press("\x03");
    bob.until("[T] system: log left");
    terminal.until_own(true);
    terminal.press("exit\r");
    terminal.end();
    let heard = fs::read_to_string(file.path()).expect("it was written");
    let said: Vec<&str> = heard.lines().filter_map(|line| Some(line.split_once("] ")?.1)).collect();
    assert_eq!(said, ["bob:one", "bob:two", "log:from the shell"]);
}
