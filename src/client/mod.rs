//! `natter join`: the client, for a person at a terminal or between two pipes.
//!
//! One thread, one Poll over terminal (or pipes), server and signals. Data flows one way, and only
//! the outer parts know the system:
//!
//! ```text
//!  terminal ─► keys ─► app ──────┐              ┌─► app, talk ─► style ─► paint ─► terminal
//!  pipe, terminal      editor    ├─► session ───┤
//!  stdin ────► filter, say ──────┘  │  wire  ▲  └─► filter ─► stdout
//!                                   ▼        │
//!                                   link ─► server
//! ```
//!
//! * [`core`] knows no system. A [`session`](core::session) is a person's stay, over however many
//!   connections: it gives the name, enters the room, and comes back. What others are to hear stays in
//!   its [`outbox`](core::outbox) until the server has confirmed it. The [`wire`](core::wire) finds out
//!   whether the server speaks JSON lines, which natter does at either door, or only the
//!   [article's](core::article) protocol.
//! * [`tui`] is the person. The [`app`](tui::app) has the [editor](crate::editor), the
//!   [`talk`](tui::talk) (what was heard, what is in view) and the names to complete. It yields
//!   frames, of which [`paint`](tui::paint) sends what differs from the last one.
//! * [`pipe`] is the [`filter`](pipe::filter) between two pipes. Descriptors that are shared with a
//!   shell are never made non-blocking: [`stdio`](pipe::stdio) asks whether they are ready.
//! * [`net`] has the event loop ([`run`](mod@net::run)) and the socket ([`link`](net::link)). Nothing
//!   wakes up while nothing happens. [`resolve`] asks for a host's addresses again, in
//!   another process, because that may block.
//!
//! `core` uses none of the others, and `net` uses only `core` and the options.
//!
//! A server's bytes are no more trusted than a peer's: [`crate::text::clean`] sees them all.

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

/// All went well.
pub const EXIT_SUCCESS: u8 = 0;
/// The terminal failed, or stdout took nothing more.
pub const EXIT_FAILURE: u8 = 1;
/// An option cannot work.
pub const EXIT_USAGE: u8 = 2;
/// The name was refused.
pub const EXIT_NAME: u8 = 3;
/// There was no connection, or not every line was confirmed.
pub const EXIT_CONNECTION: u8 = 4;

/// Does what `arguments` (those behind `join`) ask for, and says how the process is to end.
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

/// Says how the session ended, and what of it was not confirmed.
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

/// Does what [`resolve::command`] is for.
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
    // Whatever it is set to (no-color.org).
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
    // A hang-up ends it, unless `nohup` has seen to that: to listen for it would undo that.
    run(session, link, &[SIGINT, SIGTERM], |registry| Filter::open(registry, config.lang, log))
}

fn end(code: u8, fault: &str) -> u8 {
    // It may quote an argument, or what a server says.
    let _ = writeln!(io::stderr(), "natter: {}", one_line(fault));
    code
}
