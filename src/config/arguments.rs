//! The server's command line: parses arguments into a configuration, or a text to print.

use std::env;
use std::ffi::OsString;
use std::net::Ipv4Addr;

use log::LevelFilter;

use crate::config::options::{Given, Program, Request, contradiction, shown};
use crate::config::table::{EXCLUSIVE, LOG_OPTIONS, OFF, OPTIONS};
use crate::config::{Address, Config, Selection};
use crate::door::DoorKind;
use crate::door::lang::Lang;
use crate::limits::{DOORS_MAX, Limits};
use crate::log::fsync::Fsync;

/// The ports of the doors unless options give others.
const DEFAULT_PORTS: [(&str, u16); 2] = [("classic", 9999), ("telnet", 2323)];

/// The command line of the server.
const PROGRAM: Program<Config> = Program {
    command: "natter",
    argument: "",
    options: OPTIONS,
    repeatable: &["classic", "telnet"],
    exclusive: EXCLUSIVE,
    lang: |config| config.lang,
    intro: [INTRO_EN, INTRO_ZH],
    notes: [
        "
Signals: SIGTERM and SIGINT tell everyone, send what is queued and end the
server; a second one ends it at once. SIGHUP does the same as SIGTERM if the
server was started from a terminal, and otherwise opens the log in --state anew
and writes a line to the diagnostics.
",
        "
信号：SIGTERM 和 SIGINT 会通知所有人，发完待发数据后结束服务器；再次收到则立即
结束。如果服务器是从终端启动的，SIGHUP 与 SIGTERM 作用相同；否则重新打开
--state 中的记录文件，并在诊断记录中写一行。
",
    ],
};

macro_rules! intro {
    ($first:literal, $log:literal, $client:literal) => {
        match (cfg!(feature = "state"), cfg!(feature = "client")) {
            (true, true) => concat!($first, "\n\nnatter [OPTIONS]\n", $log, $client),
            (true, false) => concat!($first, "\n\nnatter [OPTIONS]\n", $log),
            (false, true) => concat!($first, "\n\nnatter [OPTIONS]\n", $client),
            (false, false) => concat!($first, "\n\nnatter [OPTIONS]\n"),
        }
    };
}

const INTRO_EN: &str = intro!(
    "natter: a chat server on one thread",
    "natter log --help     print what --state has kept\n",
    "natter join --help    the client\n"
);
const INTRO_ZH: &str = intro!(
    "natter：单线程的聊天服务器",
    "natter log --help     显示 --state 保存的内容\n",
    "natter join --help    客户端的帮助\n"
);

/// What prints a log, as its command line sees it.
const LOG_PROGRAM: Program<Config> = Program {
    command: "natter log",
    argument: "DIR",
    options: LOG_OPTIONS,
    repeatable: &[],
    exclusive: &[],
    lang: |config| config.lang,
    intro: [
        "natter log: print a chat that was kept with --state DIR\n\nnatter log [OPTIONS] DIR\n",
        "natter log：显示用 --state DIR 保存的聊天内容\n\nnatter log [OPTIONS] DIR\n",
    ],
    notes: ["", ""],
};

/// Parses `arguments` (without the program's name).
///
/// # Errors
/// One line that names the option and what to do.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Request<Box<Config>>, String> {
    let (mut config, given) = match PROGRAM.parse(arguments, defaults())? {
        Request::Run(config, given) => (config, given),
        Request::Print(text) => return Ok(Request::Print(text)),
    };
    for (name, port) in DEFAULT_PORTS {
        if given.all(name).next().is_none() {
            let doors = if name == "classic" { &mut config.classic } else { &mut config.telnet };
            doors.push(Address::Tcp((Ipv4Addr::LOCALHOST, port).into()));
        }
    }
    check_doors(&config, &given)?;
    if config.limits.history == 0
        && let Some(bytes) = given.all("history-bytes").next()
    {
        return Err(contradiction("--history 0", &shown("history-bytes", bytes)));
    }
    for name in ["fsync", "log-bytes", "log-files"] {
        if let Some(value) = given.all(name).next().filter(|_| config.state.is_none()) {
            return Err(format!("--{name} {value}: nothing is kept without --state DIR"));
        }
    }
    config.limits.check()?;
    Ok(Request::Run(Box::new(config), given))
}

/// What `arguments`, those behind `natter log`, ask for.
///
/// # Errors
/// One line that names the option and what to do.
pub fn parse_log(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Request<Box<Config>>, String> {
    match LOG_PROGRAM.parse(arguments, defaults())? {
        Request::Run(mut config, given) => {
            let dir = given.argument.as_ref().ok_or("DIR: which? See natter log --help")?;
            config.state = Some(dir.into());
            Ok(Request::Run(Box::new(config), given))
        }
        Request::Print(text) => Ok(Request::Print(text)),
    }
}

fn defaults() -> Config {
    Config {
        classic: Vec::new(),
        telnet: Vec::new(),
        unix_mode: None,
        lang: Lang::of_environment(|name| env::var(name).ok()),
        log: LevelFilter::Info,
        state: None,
        fsync: Fsync::Secs(5),
        limits: Limits::default(),
        selection: Selection::default(),
    }
}

/// Checks that all doors can be open at the same time, and that there is at least one.
fn check_doors(config: &Config, given: &Given) -> Result<(), String> {
    for name in PROGRAM.repeatable {
        if let Some(address) = given.all(name).find(|&value| value != OFF)
            && given.all(name).any(|value| value == OFF)
        {
            return Err(contradiction(&shown(name, OFF), &shown(name, address)));
        }
    }
    match config.doors().count() {
        0 => return Err("--classic, --telnet: off leaves no door open; give an ADDR:PORT".into()),
        1..=DOORS_MAX => {}
        _ => return Err(format!("--classic, --telnet: must be at most {DOORS_MAX} doors")),
    }
    let is_unix = |(_, address): (_, &Address)| matches!(address, Address::Unix(_));
    if let Some(mode) = config.unix_mode
        && !config.doors().any(is_unix)
    {
        return Err(format!("--unix-mode {mode:o}: there is no unix:PATH among the doors"));
    }
    for (index, (kind, address)) in config.doors().enumerate() {
        let same = config.doors().take(index).find(|(_, other)| *other == address);
        if let Some((other, _)) = same.filter(|_| !address.is_any_port()) {
            let shown = |kind: DoorKind| format!("--{} {address}", kind.as_str());
            return Err(contradiction(&shown(other), &shown(kind)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request<Box<Config>>, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn config(line: &str) -> Config {
        match parsed(line).expect("the options are good") {
            Request::Run(config, _) => *config,
            Request::Print(text) => panic!("asked to print {text}"),
        }
    }

    #[test]
    fn no_options_give_the_defaults() {
        let config = config("");
        assert_eq!(config.classic, [Address::Tcp("127.0.0.1:9999".parse().expect("is one"))]);
        assert_eq!(config.telnet, [Address::Tcp("127.0.0.1:2323".parse().expect("is one"))]);
        assert_eq!(config.limits, Limits::DEFAULT);
    }

    #[test]
    fn the_defaults_shown_are_the_defaults_used() {
        for opt in OPTIONS.iter().filter(|opt| opt.default[0].parse::<u64>().is_ok()) {
            let mut given = config("");
            (opt.set)(&mut given, opt.default[0]).expect("a default may be given");
            if opt.name != "clients" {
                assert_eq!(given.limits, Limits::DEFAULT, "--{}", opt.name);
            }
        }
    }

    #[test]
    fn several_doors_of_three_kinds_of_address_can_be_opened() {
        let doors = |line| {
            let doors = config(line).classic;
            doors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(doors("--classic 0.0.0.0:7 --classic [::1]:8"), "0.0.0.0:7 [::1]:8");
        assert_eq!(doors("--classic=unix:/tmp/x --classic localhost:1"), "unix:/tmp/x 127.0.0.1:1");
    }

    #[test]
    fn a_bad_option_gets_one_line_with_its_name_and_the_fix() {
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
            ("--unix-mode 888", "--unix-mode: must be in octal, from 1 to 777, not \"888\""),
            ("--unix-mode 1777", "--unix-mode: must be in octal"),
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
    fn more_than_the_maximum_number_of_doors_is_refused() {
        let doors = |count| "--classic [::1]:0 ".repeat(count);
        assert_eq!(config(&doors(DOORS_MAX - 1)).doors().count(), DOORS_MAX);
        let error = parsed(&doors(DOORS_MAX)).expect_err("one too many");
        assert_eq!(error, "--classic, --telnet: must be at most 1000 doors");
    }

    #[test]
    fn help_shows_every_option() {
        let Ok(Request::Print(text)) = parsed("--help") else { panic!("--help prints") };
        assert!(OPTIONS.iter().all(|opt| text.contains(&format!("--{} {}", opt.name, opt.value))));
    }
}
