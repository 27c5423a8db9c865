//! The program: arguments to a configuration, then the server or the client, then an exit code.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use natter::config::arguments::parse;
use natter::config::options::{Given, Request, shown};
use natter::config::{Address, Config};
use natter::diagnostics;
use natter::door::DoorKind;
use natter::limits::{CLIENTS_UNASKED_MAX, DESCRIPTORS_RESERVED, Limits};
use natter::net::server::Server;
use natter::text::{Quoted, one_line};

/// The exit code for errors of usage: an option, an address.
const EXIT_USAGE: u8 = 2;
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1).peekable();
    if arguments.next_if(|first| first == "join").is_some() {
        return join(arguments);
    }
    if arguments.next_if(|first| first == "log").is_some() {
        return print_log(arguments);
    }
    match parse(arguments) {
        Ok(Request::Run(config, given)) => serve(*config, &given),
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

#[cfg(not(feature = "state"))]
fn print_log(_arguments: impl Iterator<Item = OsString>) -> ExitCode {
    refuse("log: this natter keeps nothing; build it with --features state")
}

/// Prints the log of a chat.
#[cfg(feature = "state")]
fn print_log(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let config = match natter::config::arguments::parse_log(arguments) {
        Ok(Request::Run(config, _)) => config,
        Ok(Request::Print(text)) => {
            say(&text);
            return ExitCode::SUCCESS;
        }
        Err(fault) => return refuse(&fault),
    };
    let dir = config.state.expect("it was given");
    match natter::print::print(&dir, &config.selection, config.lang) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refuse(&format!("{}: there is no log of a chat", dir.display()))
        }
        Err(error) => {
            let _ = refuse(&format!("{}: {error}", dir.display()));
            ExitCode::FAILURE
        }
    }
}

fn serve(mut config: Config, given: &Given) -> ExitCode {
    if let Err(error) = diagnostics::init(config.log) {
        return refuse(&format!("the log cannot start: {error}"));
    }
    let ceiling = match set_clients(&mut config) {
        Ok(ceiling) => ceiling,
        Err(fault) => return refuse(&fault),
    };
    let mut server = match Server::open(&config) {
        Ok(server) => server,
        Err(fault) => return refuse(&fault),
    };
    announce(&server, &config, ceiling);
    log_start(&server, &config, given, ceiling);
    match server.run() {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(stop)) => ExitCode::from(stop.exit_code()),
        Err(error) => {
            log::error!("event=fatal error={:?}", error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// How the maximum number of clients was determined.
#[derive(Clone, Copy)]
struct Ceiling {
    /// The limit of file descriptors.
    descriptors: usize,
    /// The limit that decided, as the log writes it.
    cause: &'static str,
}

const CAUSE_DESCRIPTORS: &str = "ulimit-n";

/// Raises the file-descriptor limit as far as possible, and determines the number of clients.
fn set_clients(config: &mut Config) -> Result<Ceiling, String> {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX)
        .map_err(|error| format!("the file-descriptor limit cannot be read: {error}"))?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let reserved = DESCRIPTORS_RESERVED + config.doors().count();
    let most = descriptors.saturating_sub(reserved);
    let cause = match config.limits.clients {
        _ if most == 0 => {
            return Err(format!(
                "the file-descriptor limit of {descriptors} leaves no room for clients ({reserved} \
                 are reserved); raise it with `ulimit -n`"
            ));
        }
        0 => {
            config.limits.clients = most.min(CLIENTS_UNASKED_MAX);
            if most < CLIENTS_UNASKED_MAX { CAUSE_DESCRIPTORS } else { "default" }
        }
        asked if asked > most => {
            return Err(format!(
                "--clients: {asked} clients need {} file descriptors, but the limit is \
                 {descriptors}; ask for at most {most}, or raise the limit with `ulimit -n`",
                asked.saturating_add(reserved),
            ));
        }
        _ => "option",
    };
    Ok(Ceiling { descriptors, cause })
}

/// Prints the addresses of the doors, for people and for scripts, and the maximum number of
/// clients.
fn announce(server: &Server, config: &Config, ceiling: Ceiling) {
    let mut text = String::new();
    for (kind, address) in server.doors() {
        text.push_str(&format!("listening {} {address}\n", kind.as_str()));
    }
    let few = Some(ceiling.descriptors).filter(|_| ceiling.cause == CAUSE_DESCRIPTORS);
    text.push_str(&config.lang.at_most(&format!("natter {VERSION}"), config.limits.clients, few));
    text.push('\n');
    let first = |kind| server.doors().find(|door| door.0 == kind).map(|door| door.1);
    let (classic, telnet) = (first(DoorKind::Classic), first(DoorKind::Telnet));
    let mut hint = |kind, command: &str| {
        text.push_str(&config.lang.how_to_join(kind, command));
        text.push('\n');
    };
    if cfg!(feature = "client") {
        let address = classic.or(telnet).map(reachable).expect("there is a door");
        hint(DoorKind::Telnet, &format!("natter join {address}"));
    }
    if let Some(address) = telnet {
        hint(DoorKind::Telnet, &how_to_connect("telnet", address));
    }
    if let Some(address) = classic {
        hint(DoorKind::Classic, &how_to_connect("nc", address));
    }
    say(&text);
}

/// Logs what the operator may want to look up later: versions, addresses, limits.
fn log_start(server: &Server, config: &Config, given: &Given, ceiling: Ceiling) {
    let options: Vec<_> = given.options.iter().map(|(name, value)| shown(name, value)).collect();
    let door = |(kind, address): (DoorKind, &Address)| format!("{} {address}", kind.as_str());
    let doors: Vec<_> = server.doors().map(door).collect();
    let Limits { clients, per_address, rooms, history_bytes, queued_bytes, .. } = config.limits;
    let Ceiling { descriptors, cause } = ceiling;
    log::info!(
        "event=start version={VERSION} clients={clients} cause={cause} descriptors={descriptors} \
         per-address={per_address} rooms={rooms} history-bytes={history_bytes} \
         queued-bytes={queued_bytes} flood-limit={} hang-up={} doors={} options={}",
        if config.limits.flood_limit { "on" } else { "off" },
        if server.stops_on_hang_up() { "stop" } else { "report" },
        Quoted(&doors.join(", ")),
        Quoted(&options.join(" ")),
    );
}

/// Returns an address at which a client on this machine reaches a door: the door's own, but
/// loopback instead of the unspecified address.
fn reachable(address: &Address) -> Address {
    match *address {
        Address::Tcp(mut address) if address.ip().is_unspecified() => {
            let loopback: IpAddr = match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
            address.set_ip(loopback);
            Address::Tcp(address)
        }
        ref address => address.clone(),
    }
}

/// Returns a command that connects to a door, as people would type it: `program` takes host and
/// port as separate arguments.
fn how_to_connect(program: &str, address: &Address) -> String {
    match reachable(address) {
        Address::Unix(path) => format!("nc -U {}", path.display()),
        Address::Tcp(address) => {
            // Only the complete address contains the zone of a link-local one.
            let address = address.to_string();
            let (host, port) = address.rsplit_once(':').expect("it has a port");
            format!("{program} {} {port}", host.trim_matches(['[', ']']))
        }
    }
}

/// Prints to stdout; an error is ignored, because stdout may be closed.
fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn refuse(fault: &str) -> ExitCode {
    // The text may quote an argument.
    let _ = writeln!(io::stderr(), "natter: {}", one_line(fault));
    ExitCode::from(EXIT_USAGE)
}
