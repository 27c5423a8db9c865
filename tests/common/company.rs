//! Somebody at a terminal with the client, and somebody else in the room.
#![allow(dead_code, reason = "each file of tests uses a part of the harness")]

use crate::common::{Client, Server};
use crate::pty::Terminal;

/// A server that slows nobody, and somebody who talks there.
pub fn room() -> (Server, Client) {
    let server = Server::start("--no-flood-limit");
    let other = server.enter("bob");
    (server, other)
}

/// Someone in the room at a terminal of that size.
pub fn enter(server: &Server, name: &str, rows: u16, columns: u16) -> Terminal {
    let options = format!("{} --name {name}", server.door());
    let mut terminal = Terminal::join(&options, rows, columns);
    terminal.shows("-- you have joined");
    terminal
}

/// The row that tells what is going on, on a terminal of so many columns.
pub fn status(name: &str, server: &Server, state: &str, columns: usize) -> String {
    let place = format!(" {name} @ {}", server.door());
    format!("{place}{state:>width$}", width = columns - 1 - place.len())
}

/// `other` says `line`, which has been heard when this returns.
pub fn say(other: &mut Client, line: &str) {
    other.say(&format!("{line} -ta"));
    other.until(&format!("[T] bob:{line}"));
}
