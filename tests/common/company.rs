//! A user at a terminal with the client, and another user in the room.
#![allow(dead_code, reason = "each file of tests uses a part of the harness")]

use crate::common::{Client, Server};
use crate::pty::Terminal;

/// Starts a server without flood limits, and lets another user enter.
pub fn room() -> (Server, Client) {
    let server = Server::start("--no-flood-limit");
    let other = server.enter("bob");
    (server, other)
}

/// Lets a user enter the room at a terminal of that size.
pub fn enter(server: &Server, name: &str, rows: u16, columns: u16) -> Terminal {
    let options = format!("{} --name {name}", server.door());
    let mut terminal = Terminal::join(&options, rows, columns);
    terminal.shows("-- you have joined");
    terminal
}

/// Returns the status row, on a terminal with so many columns.
pub fn status(name: &str, server: &Server, state: &str, columns: usize) -> String {
    let place = format!(" {name} @ {}", server.door());
    format!("{place}{state:>width$}", width = columns - 1 - place.len())
}

/// Lets `other` say `line`, and waits until it was said.
pub fn say(other: &mut Client, line: &str) {
    other.say(&format!("{line} -ta"));
    other.until(&format!("[T] bob:{line}"));
}
