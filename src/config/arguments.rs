//! The server's command line: arguments in, a configuration or a text to print out.

use std::env;
use std::ffi::OsString;

use lexopt::{Arg, Parser};
use log::LevelFilter;

use crate::config::table::OPTIONS;
use crate::config::{Address, Config, options};
use crate::door::lang::Lang;
use crate::limits::{DOORS_MAX, Limits};

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To serve.
    Serve(Box<Config>),
    /// To print this text and end.
    Print(String),
}

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
        let opt = options::find(OPTIONS, &name).map_err(|fault| advised(&fault))?;
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
