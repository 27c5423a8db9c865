//! Real telnet clients on a terminal, whose contents are compared row by row.
//!
//! Sections of `docs/protocol.md`: "What a person sees".

#[path = "terminals/clients.rs"]
mod clients;
mod common;
#[path = "terminals/editing.rs"]
mod editing;

use common::{Screen, Server};

const OPTIONS: &str = "--telnet 127.0.0.1:0 --lang en --no-flood-limit";

fn start() -> Server {
    Server::start(OPTIONS)
}

/// Returns the port of its telnet door.
fn port(server: &Server) -> &str {
    server.telnet().rsplit_once(':').expect("it is an address").1
}

/// A terminal, and the rows on it that no longer change.
struct Story {
    screen: Screen,
    rows: usize,
    /// The number of rows ever in use: rows that have scrolled off do not come back.
    used: usize,
    told: Vec<String>,
}

impl Story {
    fn begin(screen: Screen, rows: u16, told: Vec<String>) -> Self {
        Self { screen, rows: rows.into(), used: told.len() + 1, told }
    }

    /// Asserts that the screen shows `wanted` below the fixed rows, and nothing else.
    #[track_caller]
    fn shows(&mut self, wanted: &[&str]) {
        let all: Vec<&str> =
            self.told.iter().map(String::as_str).chain(wanted.iter().copied()).collect();
        self.used = self.used.max(all.len());
        self.screen.expect(&all[self.used.saturating_sub(self.rows)..].join("\n"));
    }

    /// Asserts that `wanted` is shown below the fixed rows; all but its last row, where the cursor
    /// is, are fixed from then on.
    #[track_caller]
    fn tells(&mut self, wanted: &[&str]) {
        self.shows(wanted);
        let (_, stays) = wanted.split_last().expect("the cursor is somewhere");
        self.told.extend(stays.iter().map(ToString::to_string));
    }
}
