//! natter: arguments to a configuration, to a server or the client, to an exit code.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use natter::config::arguments::{Request, parse};
use natter::config::{Address, Config};
use natter::diagnostics;
use natter::door::DoorKind;
use natter::limits::{CLIENTS_UNASKED_MAX, DESCRIPTORS_RESERVED};
use natter::net::server::Server;
use natter::text::one_line;

/// What the operator did cannot work: an option, an address.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == "join").is_some() {
        return join(arguments);
    }
    match parse(arguments) {
        Ok(Request::Serve(config)) => serve(*config),
        Ok(Request::Print(text)) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(fault) => refuse(&fault),
    }
}

#[cfg(feature = "client")]
fn join(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    natter::client::join(arguments).into()
}

#[cfg(not(feature = "client"))]
fn join(_arguments: impl Iterator<Item = OsString>) -> ExitCode {
    refuse("join: this natter is the server alone; build it with --features client")
}

fn serve(mut config: Config) -> ExitCode {
    if let Err(error) = diagnostics::init(config.log) {
        return refuse(&format!("the log cannot start: {error}"));
    }
    if let Err(fault) = set_clients(&mut config) {
        return refuse(&fault);
    }
    let mut server = match Server::open(&config) {
        Ok(server) => server,
        Err(fault) => return refuse(&fault),
    };
    announce(&server, &config);
    match server.run() {
        Ok(None) => ExitCode::SUCCESS,
        // As a shell counts a process that a signal ended.
        Ok(Some(signal)) => ExitCode::from(128 + u8::try_from(signal).unwrap_or(0)),
        Err(error) => {
            log::error!("event=fatal error={:?}", error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Raises the file-descriptor limit as far as possible, and decides how many clients that allows.
fn set_clients(config: &mut Config) -> Result<(), String> {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)
        .map_err(|error| format!("the file-descriptor limit cannot be read: {error}"))?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let reserved = DESCRIPTORS_RESERVED + config.doors().count();
    let most = descriptors.saturating_sub(reserved);
    match config.limits.clients {
        _ if most == 0 => Err(format!(
            "the file-descriptor limit of {descriptors} leaves no room for clients ({reserved} are \
             reserved); raise it with `ulimit -n`"
        )),
        0 => {
            config.limits.clients = most.min(CLIENTS_UNASKED_MAX);
            Ok(())
        }
        asked if asked > most => Err(format!(
            "--clients: {asked} clients need {} file descriptors, but the limit is {descriptors}; \
             ask for at most {most}, or raise the limit with `ulimit -n`",
            asked.saturating_add(reserved),
        )),
        _ => Ok(()),
    }
}

/// Says where the doors are, for people and for scripts.
fn announce(server: &Server, config: &Config) {
    let mut text = String::new();
    for (kind, address) in server.doors() {
        text.push_str(&format!("listening {} {address}\n", kind.as_str()));
    }
    for kind in [DoorKind::Telnet, DoorKind::Classic] {
        if let Some((_, address)) = server.doors().find(|door| door.0 == kind) {
            text.push_str(&config.lang.how_to_join(kind, &how_to_connect(kind, address)));
            text.push('\n');
        }
    }
    say(&text);
}

/// A command that connects to a door, as people would type it.
fn how_to_connect(kind: DoorKind, address: &Address) -> String {
    match (address, kind) {
        (Address::Unix(path), _) => format!("nc -U {}", path.display()),
        (Address::Tcp(address), DoorKind::Telnet) => {
            format!("telnet {} {}", address.ip(), address.port())
        }
        (Address::Tcp(address), DoorKind::Classic) => {
            format!("nc {} {}", address.ip(), address.port())
        }
    }
}

/// Prints to stdout, which may be closed: then nobody wants to know.
fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn refuse(fault: &str) -> ExitCode {
    // It may quote an argument.
    let _ = writeln!(io::stderr(), "natter: {}", one_line(fault));
    ExitCode::from(EXIT_USAGE)
}
