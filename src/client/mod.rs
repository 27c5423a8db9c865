//! `natter join`: the client, for a person at a terminal or between two pipes.
//!
//! One thread, one Poll over terminal (or pipes), server and signals. Data flows one way, and only
//! the outer parts make system calls:
//!
//! ```text
//!  terminal ─► keys ─► app ──────┐              ┌─► app, talk ─► style ─► paint ─► terminal
//!  pipe, terminal      editor    ├─► session ───┤
//!  stdin ────► filter, say ──────┘  │  wire  ▲  └─► filter ─► stdout
//!                                   ▼        │
//!                                   link ─► server
//! ```
//!
//! * [`core`] makes no system calls. A [`session`](core::session) is a user's presence across
//!   connections: it gives the name, enters the room, and reconnects. Lines for others stay in its
//!   [`outbox`](core::outbox) until the server has confirmed them. The [`wire`](core::wire) detects
//!   whether the server speaks JSON lines, which natter does at either door, or only the
//!   [article's](core::article) protocol.
//! * [`tui`] is the terminal. The [`app`](tui::app) has the [editor](crate::editor), the
//!   [`talk`](tui::talk) (the messages and the scroll position) and the names to complete. It
//!   produces frames, of which [`paint`](tui::paint) sends the difference from the last one.
//! * [`pipe`] is the [`filter`](pipe::filter) between two pipes. Descriptors that are shared with a
//!   shell are never made non-blocking: [`stdio`](pipe::stdio) polls them for readiness.
//! * [`net`] has the event loop ([`run`](mod@net::run)) and the socket ([`link`](net::link)).
//!   Nothing wakes up while nothing happens. [`resolve`] looks up a host's addresses again in
//!   another process, because that may block.
//!
//! `core` uses none of the others, and `net` uses only `core` and the options.
//!
//! A server's bytes are trusted no more than a peer's: all of them pass through
//! [`crate::text::clean`].

pub mod core;
pub mod net;
pub mod options;
pub mod pipe;
pub mod tui;

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use fastrand::Rng;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use crate::client::core::session::{Outcome, Session};
use crate::client::core::words;
use crate::client::net::link::Link;
use crate::client::net::resolve;
use crate::client::net::run::{SERVER, run};
use crate::client::options::{Config, Request};
use crate::client::pipe::filter::Filter;
use crate::client::pipe::log::Log;
use crate::client::tui::app::App;
use crate::client::tui::terminal::Terminal;
use crate::text::one_line;

/// Exit code: success.
pub const EXIT_SUCCESS: u8 = 0;
/// Exit code: the terminal failed, or stdout could not be written.
pub const EXIT_FAILURE: u8 = 1;
/// Exit code: an option is wrong.
pub const EXIT_USAGE: u8 = 2;
/// Exit code: the name was refused.
pub const EXIT_NAME: u8 = 3;
/// Exit code: there was no connection, or not every line was confirmed.
pub const EXIT_CONNECTION: u8 = 4;

/// Executes the request in `arguments` (those after `join`); returns the exit code.
pub fn join(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let config = match options::parse(arguments) {
        Ok(Request::Join(config)) => config,
        Ok(Request::Print(text)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            return EXIT_SUCCESS;
        }
        Ok(Request::Resolve(host)) => return print_addresses(&host),
        Err(fault) => return end(EXIT_USAGE, &fault),
    };
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    let is_person = io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb;
    if config.name.is_none() && !is_person {
        return end(EXIT_USAGE, "--name: needed where nobody can be asked; give --name NAME");
    }
    let link = match Link::new(&config.server, SERVER) {
        Ok(link) => link,
        Err(error) => return end(EXIT_CONNECTION, &format!("{}: {error}", config.server)),
    };
    let log = match config.log.as_deref().map(Log::open).transpose() {
        Ok(log) => log,
        Err(error) => return end(EXIT_USAGE, &format!("--log: {error}")),
    };
    let session = Session::new(config.name.clone(), is_person, config.lang, Rng::new());
    let session = session.start_in(config.room.clone());
    let session = if is_person {
        at_terminal(&config, session, link, log)
    } else {
        between_pipes(&config, session, link, log)
    };
    match session {
        Ok(session) => report(&config, &session),
        Err(error) => end(EXIT_FAILURE, &error.to_string()),
    }
}

/// Reports how the session ended, and which lines were not confirmed; returns the exit code.
fn report(config: &Config, session: &Session) -> u8 {
    let code = match session.outcome() {
        Some(Outcome::NameRefused(why)) => {
            let name = config.name.as_deref().unwrap_or_default();
            return end(EXIT_NAME, &words::refused(config.lang, name, why));
        }
        Some(Outcome::NoConnection(why)) => {
            let why = words::reason(config.lang, why);
            end(EXIT_CONNECTION, &format!("{}: {why}", config.server))
        }
        Some(Outcome::Left) | None => EXIT_SUCCESS,
    };
    let code = match session.twice() {
        0 => code,
        lines => end(EXIT_CONNECTION, &words::twice(config.lang, lines)),
    };
    let (lines, count) = session.report();
    if count == 0 {
        return code;
    }
    for line in lines {
        end(code, &format!("{}: {line}", words::NOT_CONFIRMED.of(config.lang)));
    }
    end(EXIT_CONNECTION, &words::not_confirmed(config.lang, count))
}

/// Prints the addresses of `host`, for [`resolve::command`].
fn print_addresses(host: &str) -> u8 {
    match resolve::resolve(host) {
        Ok(addresses) => {
            let lines: String = addresses.iter().map(|address| format!("{address}\n")).collect();
            let _ = io::stdout().write_all(lines.as_bytes());
            EXIT_SUCCESS
        }
        Err(error) => end(EXIT_CONNECTION, &format!("{host}: {error}")),
    }
}

fn at_terminal(
    config: &Config,
    session: Session,
    link: Link,
    log: Option<Log>,
) -> io::Result<Session> {
    let app = App::new(config.server.to_string(), config.lang, config.bell, config.notify);
    // Any value counts (no-color.org).
    let is_colorless = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let signals = [SIGHUP, SIGINT, SIGTERM, SIGWINCH, SIGCONT];
    run(session, link, &signals, |registry| Terminal::open(registry, app, is_colorless, log))
}

fn between_pipes(
    config: &Config,
    session: Session,
    link: Link,
    log: Option<Log>,
) -> io::Result<Session> {
    // A hang-up ends the process, unless it runs under `nohup`: a handler would undo that.
    run(session, link, &[SIGINT, SIGTERM], |registry| Filter::open(registry, config.lang, log))
}

fn end(code: u8, fault: &str) -> u8 {
    // The text may quote an argument, or words of a server.
    let _ = writeln!(io::stderr(), "natter: {}", one_line(fault));
    code
}
