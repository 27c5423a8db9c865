//! The server's options: one table for parsing, `--help` and the README.

use log::LevelFilter;

use crate::config::options::{self, Opt};
use crate::config::{Address, Config};

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
    number!(
        "history-bytes",
        "BYTES",
        "4194304",
        "memory for the history of all rooms; the quietest give first",
        history_bytes
    ),
    number!("rooms", "N", "1000", "rooms at a time", rooms),
    number!("topic-bytes", "BYTES", "256", "the longest topic of a room", topic_bytes),
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
