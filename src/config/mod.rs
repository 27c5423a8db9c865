//! What the operator can set: one table of options, for parsing, `--help` and the README.

pub mod options;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::{Arg, Parser};
use log::LevelFilter;

use crate::config::options::Opt;
use crate::door::Dialect;
use crate::door::lang::Lang;
use crate::limits::{DOORS_MAX, Limits};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the classic door is open.
    pub classic: Vec<Address>,
    /// Where the telnet door is open.
    pub telnet: Vec<Address>,
    /// The language of everything the server says.
    pub lang: Lang,
    /// What is logged.
    pub log: LevelFilter,
    /// The bounds.
    pub limits: Limits,
}

impl Config {
    /// All doors, in the order in which they are announced.
    pub fn doors(&self) -> impl Iterator<Item = (Dialect, &Address)> {
        let classic = self.classic.iter().map(|address| (Dialect::Classic, address));
        classic.chain(self.telnet.iter().map(|address| (Dialect::Telnet, address)))
    }
}

/// Where a door is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; port 0 has the system choose one.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To serve.
    Serve(Box<Config>),
    /// To print this text and end.
    Print(String),
}

/// The largest number that any option takes: products of two of them fit 64 bits.
const NUMBER_MAX: u64 = 1_000_000_000;

macro_rules! number {
    ($name:literal, $value:literal, $default:literal, $help:literal, $field:ident) => {
        Opt {
            name: $name,
            value: $value,
            default: $default,
            help: $help,
            set: |config, value| {
                let number = whole_number(value)?;
                config.limits.$field = number.try_into().map_err(|_| NOT_A_NUMBER.to_string())?;
                Ok(())
            },
        }
    };
}

/// All options, in the order in which people read of them.
pub const OPTIONS: &[Opt<Config>] = &[
    Opt {
        name: "classic",
        value: "ADDR:PORT",
        default: "127.0.0.1:9999",
        help: "where the article's client and programs come in; also unix:PATH, or off; repeats",
        set: |config, value| open_at(&mut config.classic, value),
    },
    Opt {
        name: "telnet",
        value: "ADDR:PORT",
        default: "127.0.0.1:2323",
        help: "where people at a terminal come in: telnet, nc; also unix:PATH, or off; repeats",
        set: |config, value| open_at(&mut config.telnet, value),
    },
    Opt {
        name: "lang",
        value: "en|zh",
        default: "of the environment",
        help: "the language of what the server says",
        set: |config, value| {
            config.lang = options::lang(value)?;
            Ok(())
        },
    },
    Opt {
        name: "log",
        value: "LEVEL",
        default: "info",
        help: "error, warn, info (who came and went), debug (what was said, too) or off",
        set: |config, value| {
            let level = value.parse().ok().filter(|&level| level != LevelFilter::Trace);
            config.log = level.ok_or("must be error, warn, info, debug or off")?;
            Ok(())
        },
    },
    number!(
        "clients",
        "N",
        "10000",
        "connections at a time, at most descriptors - doors - 30",
        clients
    ),
    number!(
        "per-address",
        "N",
        "16",
        "connections from one address (IPv6: one /64 network); loopback exempt",
        per_address
    ),
    number!("accepts-per-turn", "N", "64", "accepted before others are served", accepts_per_turn),
    number!("name-secs", "SECS", "60", "time to take a name", name_secs),
    Opt {
        name: "history",
        value: "N",
        default: "20",
        help: "earlier lines shown to newcomers at the telnet door; 0 keeps none",
        set: |config, value| {
            let lines = value.parse().map_err(|_| "must be a whole number from 0 to 256")?;
            config.limits.history = lines;
            Ok(())
        },
    },
    number!("line-bytes", "BYTES", "1024", "the longest line that is taken", line_bytes),
    number!(
        "unended-bytes",
        "BYTES",
        "8192",
        "closed after so much without line end",
        unended_bytes
    ),
    number!("burst-lines", "N", "5", "lines heard at once, before a peer is slowed", burst_lines),
    number!("lines-per-sec", "N", "2", "lines heard a second after that", lines_per_sec),
    number!(
        "burst-bytes",
        "BYTES",
        "4096",
        "bytes read at once, before a peer is slowed",
        burst_bytes
    ),
    number!("bytes-per-sec", "BYTES", "1024", "bytes read a second after that", bytes_per_sec),
    Opt {
        name: "no-flood-limit",
        value: "",
        default: "limited",
        help: "nobody is slowed: for benchmarks, on trusted links",
        set: |config, _| {
            config.limits.flood_limit = false;
            Ok(())
        },
    },
    number!(
        "lag-soft-bytes",
        "BYTES",
        "16384",
        "behind by more, lines are skipped",
        lag_soft_bytes
    ),
    number!("lag-hard-bytes", "BYTES", "65536", "behind by more, it is closed", lag_hard_bytes),
    number!("stall-secs", "SECS", "30", "closed when nothing was accepted for so long", stall_secs),
    number!("queued-bytes", "BYTES", "16777216", "queued for all together", queued_bytes),
    number!("keepalive-secs", "SECS", "60", "silence before TCP keepalive probes", keepalive_secs),
    number!(
        "keepalive-interval-secs",
        "SECS",
        "15",
        "time between two probes",
        keepalive_interval_secs
    ),
    number!("keepalive-probes", "N", "4", "unanswered probes that end it", keepalive_probes),
    number!("user-timeout-secs", "SECS", "120", "TCP_USER_TIMEOUT", user_timeout_secs),
];

const NOT_A_NUMBER: &str = "must be a whole number from 1 to 1000000000";

/// What `arguments` (without the program's name) ask for.
///
/// # Errors
/// One line that names the option and what to do.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let mut config = Config {
        classic: Vec::new(),
        telnet: Vec::new(),
        lang: Lang::of_environment(|name| env::var(name).ok()),
        log: LevelFilter::Info,
        limits: Limits::default(),
    };
    let (mut is_classic_given, mut is_telnet_given) = (false, false);
    let mut parser = Parser::from_args(arguments);
    while let Some(arg) = parser.next().map_err(|error| advised(&error.to_string()))? {
        let name = match arg {
            Arg::Long("help") | Arg::Short('h') => return Ok(Request::Print(help())),
            Arg::Long("version") | Arg::Short('V') => {
                let version = concat!("natter ", env!("CARGO_PKG_VERSION"), "\n");
                return Ok(Request::Print(version.into()));
            }
            Arg::Long(name) => name.to_string(),
            other => return Err(advised(&other.unexpected().to_string())),
        };
        let Some(opt) = OPTIONS.iter().find(|opt| opt.name == name) else {
            return Err(advised(&format!("--{name}: no such option")));
        };
        is_classic_given |= name == "classic";
        is_telnet_given |= name == "telnet";
        opt.take(&mut parser, &mut config)?;
    }
    if !is_classic_given {
        config.classic.push(Address::Tcp(([127, 0, 0, 1], 9999).into()));
    }
    if !is_telnet_given {
        config.telnet.push(Address::Tcp(([127, 0, 0, 1], 2323).into()));
    }
    match config.doors().count() {
        0 => return Err("--classic, --telnet: off leaves no door open; give an ADDR:PORT".into()),
        1..=DOORS_MAX => {}
        _ => return Err(format!("--classic, --telnet: must be at most {DOORS_MAX} doors")),
    }
    config.limits.check()?;
    Ok(Request::Serve(Box::new(config)))
}

fn advised(fault: &str) -> String {
    format!("{fault}; natter --help lists the options")
}

fn help() -> String {
    let mut text = String::from("natter: a chat room on one thread\n\nnatter [OPTIONS]\n");
    if cfg!(feature = "client") {
        text.push_str("natter join --help    the client\n");
    }
    text.push_str(
        "\n  \
         --help, -h                      this text\n  \
         --version, -V                   the version\n",
    );
    text.push_str(&options::help(OPTIONS, 31));
    text
}

fn whole_number(value: &str) -> Result<u64, String> {
    let number: u64 = value.parse().map_err(|_| NOT_A_NUMBER)?;
    if (1..=NUMBER_MAX).contains(&number) { Ok(number) } else { Err(NOT_A_NUMBER.into()) }
}

fn open_at(doors: &mut Vec<Address>, value: &str) -> Result<(), String> {
    if value == "off" {
        doors.clear();
    } else {
        doors.push(address(value)?);
    }
    Ok(())
}

fn address(value: &str) -> Result<Address, String> {
    if let Some(path) = value.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Address::Unix(path.into()));
    }
    let numeric = match value.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => value.to_string(),
    };
    let address = numeric.parse();
    Ok(Address::Tcp(address.map_err(|_| "must be an IP address with a port, or unix:PATH")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn config(line: &str) -> Config {
        match parsed(line).expect("the options are good") {
            Request::Serve(config) => *config,
            Request::Print(text) => panic!("asked to print {text}"),
        }
    }

    #[test]
    fn nothing_given_is_the_default() {
        let config = config("");
        assert_eq!(config.classic, [Address::Tcp("127.0.0.1:9999".parse().expect("is one"))]);
        assert_eq!(config.telnet, [Address::Tcp("127.0.0.1:2323".parse().expect("is one"))]);
        assert_eq!(config.limits, Limits::DEFAULT);
    }

    #[test]
    fn the_defaults_shown_are_the_defaults_held() {
        for opt in OPTIONS.iter().filter(|opt| opt.default.parse::<u64>().is_ok()) {
            let mut given = config("");
            (opt.set)(&mut given, opt.default).expect("a default may be given");
            if opt.name != "clients" {
                assert_eq!(given.limits, Limits::DEFAULT, "--{}", opt.name);
            }
        }
    }

    #[test]
    fn doors_are_many_and_of_three_kinds() {
        let doors = |line| {
            let doors = config(line).classic;
            doors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(doors("--classic 0.0.0.0:7 --classic [::1]:8"), "0.0.0.0:7 [::1]:8");
        assert_eq!(doors("--classic=unix:/tmp/x --classic localhost:1"), "unix:/tmp/x 127.0.0.1:1");
    }

    #[test]
    fn a_bad_option_is_named_with_the_fix_on_one_line() {
        for (line, said) in [
            (
                "--clients many",
                "--clients: must be a whole number from 1 to 1000000000, not \"many\"",
            ),
            ("--clients 0", "--clients: must be a whole number"),
            ("--name-secs -5", "--name-secs: must be"),
            ("--classic 9999", "--classic: must be an IP address with a port, or unix:PATH"),
            ("--classic unix:", "--classic: must be an IP address with a port, or unix:PATH"),
            ("--classic off --telnet off", "--classic, --telnet: off leaves no door open"),
            ("--classic", "--classic: needs ADDR:PORT"),
            ("--lang fr", "--lang: must be en or zh, not \"fr\""),
            ("--log loud", "--log: must be error, warn, info, debug or off"),
            ("--lag-soft-bytes 60000", "--lag-hard-bytes: must be at least"),
            ("--history 257", "--history: must be at most 256"),
            ("--history some", "--history: must be a whole number from 0 to 256"),
            ("--line-bytes 9", "--line-bytes: must be from 64 to 8192"),
            ("--keepalive-secs 32768", "--keepalive-secs: must be at most 32767"),
            ("--keepalive-interval-secs 32768", "--keepalive-interval-secs: must be at most 32767"),
            ("--keepalive-probes 128", "--keepalive-probes: must be at most 127"),
            ("--user-timeout-secs 2147484", "--user-timeout-secs: must be at most 2147483"),
            ("--nope", "--nope: no such option; natter --help"),
            ("stray", "unexpected argument \"stray\"; natter --help"),
            ("--no-flood-limit=3", "unexpected"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(said), "{line}: {error}");
            assert_eq!(error.lines().count(), 1);
        }
    }

    #[test]
    fn more_doors_than_there_may_be_are_refused() {
        let doors = |count| "--classic [::1]:0 ".repeat(count);
        assert_eq!(config(&doors(DOORS_MAX - 1)).doors().count(), DOORS_MAX);
        let error = parsed(&doors(DOORS_MAX)).expect_err("one too many");
        assert_eq!(error, "--classic, --telnet: must be at most 1000 doors");
    }

    #[test]
    fn help_shows_every_option() {
        let Ok(Request::Print(text)) = parsed("--help") else { panic!("--help prints") };
        assert!(OPTIONS.iter().all(|opt| text.contains(&format!("--{} {}", opt.name, opt.value))));
        assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
    }
}
