//! The command line.
use crate::fault::{Fault, Result};
use crate::wire::Wire;
use lexopt::{Arg, Parser, ValueExt};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub const HELP: &str = "\
cargo bench --bench crowd -- [OPTIONS]

Measures natter, or any running chat server, beside bare servers that only
send the same bytes. Without options: every case, 5 runs each.

One case of its own, as soon as one of these is given:
  --clients N         members of the room                      [1000]
  --senders S         how many of them send                    [1]
  --window W          messages each has under way              [1]
  --rate R            instead of a window: R messages a second, and latencies
  --rooms R           spread the clients evenly over R rooms; S senders then
                      speak in as many of them as there are senders  [1]
  --payload BYTES     length of a text, 18 at least            [64]
  --seconds T         how long a run measures

What is measured:
  --case NAME         fan-out, latency, memory, storm, growth, slow or idle;
                      may be given several times
  --instructions      instead: natter's instructions in user space for each
                      delivered line, counted by callgrind
  --quick             everything once, small, in half a minute; no targets
  --runs R            runs of each case, of which the median counts  [5]
  --server ADDR:PORT  a running server instead of natter
  --wire WIRE         what it speaks: classic, telnet, plain, irc or resp
                      [classic]; natter itself: at its telnet door, too
  --pid PID           its process, if it is not the one that listens there
  --label NAME        what the table calls it
  --binary PATH       another natter binary
  --any-order         each sender's order is enough: for threaded servers
  --in-flight J       joins under way at a time   [500; --server: 8, classic 1]

What comes out:
  --json FILE         every run's figures
  --svg FILE          the growth chart

Exits with 1 when a line was lost, repeated, out of order or damaged, or a run
failed; a missed target alone is only shown.
";

/// The maximum time without progress in a run.
pub const STALL: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    FanOut,
    Latency,
    Memory,
    Storm,
    Growth,
    Slow,
    Idle,
}

impl Case {
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::FanOut, "fan-out"),
        (Self::Latency, "latency"),
        (Self::Memory, "memory"),
        (Self::Storm, "storm"),
        (Self::Growth, "growth"),
        (Self::Slow, "slow"),
        (Self::Idle, "idle"),
    ];
}

#[derive(Debug)]
pub struct Options {
    pub clients: Option<usize>,
    pub senders: Option<usize>,
    pub window: Option<usize>,
    pub rate: Option<f64>,
    pub rooms: Option<usize>,
    /// Whether only natter's instructions are counted.
    pub instructions: bool,
    pub payload_bytes: Option<usize>,
    pub seconds: Option<Duration>,
    pub cases: Vec<Case>,
    pub quick: bool,
    pub runs: Option<usize>,
    pub server: Option<SocketAddr>,
    pub wire: Wire,
    pub pid: Option<i32>,
    pub label: Option<String>,
    pub binary: PathBuf,
    pub any_order: bool,
    pub in_flight: Option<usize>,
    pub json: Option<PathBuf>,
    pub svg: Option<PathBuf>,
    pub help: bool,
    pub self_check: bool,
    /// The CPUs of the server, and of the load generator.
    pub cpus: [usize; 2],
}

impl Options {
    pub fn parse(arguments: &[String], binary: &str, cpus: [usize; 2]) -> Result<Self> {
        let mut options = Self {
            clients: None,
            senders: None,
            window: None,
            rate: None,
            rooms: None,
            instructions: false,
            payload_bytes: None,
            seconds: None,
            cases: Vec::new(),
            quick: false,
            runs: None,
            server: None,
            wire: Wire::Classic,
            pid: None,
            label: None,
            binary: binary.into(),
            any_order: false,
            in_flight: None,
            json: None,
            svg: None,
            help: false,
            self_check: false,
            cpus,
        };
        let mut parser = Parser::from_args(arguments);
        let spoken = |error: lexopt::Error| Fault(error.to_string());
        while let Some(argument) = parser.next().map_err(spoken)? {
            let Arg::Long(name) = argument else {
                return Err(spoken(argument.unexpected()));
            };
            let name = name.to_owned();
            options.take(&name, &mut parser).map_err(spoken)?;
        }
        options.check()?;
        Ok(options)
    }

    fn take(&mut self, name: &str, parser: &mut Parser) -> std::result::Result<(), lexopt::Error> {
        match name {
            "bench" => {}
            "help" => self.help = true,
            "self-check" => self.self_check = true,
            "quick" => self.quick = true,
            "clients" => self.clients = Some(parser.value()?.parse()?),
            "senders" => self.senders = Some(parser.value()?.parse()?),
            "window" => self.window = Some(parser.value()?.parse()?),
            "rate" => self.rate = Some(parser.value()?.parse()?),
            "rooms" => self.rooms = Some(parser.value()?.parse()?),
            "instructions" => self.instructions = true,
            "payload" => self.payload_bytes = Some(parser.value()?.parse()?),
            "seconds" => {
                let seconds = parser.value()?.parse_with(|text| {
                    let seconds: f64 = text.parse().map_err(|_| "no number")?;
                    Duration::try_from_secs_f64(seconds).map_err(|_| "no length of time")
                })?;
                self.seconds = Some(seconds);
            }
            "case" => {
                let case = parser.value()?.parse_with(|text| {
                    let known = Case::ALL.iter().find(|(_, name)| *name == text);
                    known.map(|(case, _)| *case).ok_or("no such case")
                })?;
                self.cases.push(case);
            }
            "runs" => self.runs = Some(parser.value()?.parse()?),
            "server" => self.server = Some(parser.value()?.parse()?),
            "wire" => {
                let wire = parser.value()?.parse_with(|text| Wire::parse(text).map_err(|e| e.0))?;
                self.wire = wire;
            }
            "pid" => self.pid = Some(parser.value()?.parse()?),
            "any-order" => self.any_order = true,
            "label" => self.label = Some(parser.value()?.string()?),
            "binary" => self.binary = parser.value()?.into(),
            "in-flight" => self.in_flight = Some(parser.value()?.parse()?),
            "json" => self.json = Some(parser.value()?.into()),
            "svg" => self.svg = Some(parser.value()?.into()),
            _ => return Err(Arg::Long(name).unexpected()),
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let counts = [
            ("--clients", self.clients),
            ("--senders", self.senders),
            ("--window", self.window),
            ("--runs", self.runs),
            ("--rooms", self.rooms),
            ("--in-flight", self.in_flight),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == Some(0)) {
            return Err(format!("{name} 0: at least 1").into());
        }
        if self.senders.unwrap_or(1) > self.clients.unwrap_or(1000) {
            return Err("--senders: they are members of the room, so at most --clients".into());
        }
        if self.clients.is_some_and(|clients| clients > 19_000) {
            return Err("--clients: at most 19000, as a process opens 20000 files".into());
        }
        if self.rate.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
            return Err("--rate: more than 0 messages a second".into());
        }
        if self.rate.is_some() && self.window.is_some() {
            return Err("--rate and --window: one of them".into());
        }
        if !matches!(self.wire, Wire::Classic | Wire::Telnet) && self.server.is_none() {
            return Err("--wire: natter has a classic and a telnet door".into());
        }
        if self.rooms() > 1 && (self.wire != Wire::Classic || !self.is_single()) {
            return Err("--rooms: for one case of your own, at the classic door".into());
        }
        if self.rooms() > self.clients.unwrap_or(1000) {
            return Err("--rooms: each must have a member, so at most --clients".into());
        }
        if self.instructions && (self.server.is_some() || !self.cases.is_empty()) {
            return Err("--instructions: of natter, and without --case".into());
        }
        crate::payload::Payload::new(self.payload_bytes())?;
        Ok(())
    }

    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes.unwrap_or(64)
    }

    /// Returns the number of rooms over which the clients are spread.
    pub fn rooms(&self) -> usize {
        self.rooms.unwrap_or(1)
    }

    /// Whether a single case with the caller's parameters is requested.
    pub fn is_single(&self) -> bool {
        self.cases.is_empty()
            && (self.clients.is_some()
                || self.senders.is_some()
                || self.window.is_some()
                || self.rate.is_some()
                || self.rooms.is_some())
    }

    pub fn wants(&self, case: Case) -> bool {
        self.cases.is_empty() || self.cases.contains(&case)
    }

    /// Returns the name of the measured server in the table.
    pub fn label(&self) -> String {
        match (&self.label, self.server) {
            (Some(label), _) => label.clone(),
            (None, Some(addr)) => addr.to_string(),
            (None, None) => "natter".to_owned(),
        }
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.unwrap_or(match (self.server, self.wire) {
            (None, _) => 500,
            // The article's server does not cope with simultaneous joins.
            (Some(_), Wire::Classic) => 1,
            // A backlog of ten is usual.
            (Some(_), _) => 8,
        })
    }
}
