//! What an operator sees: the start, signals, contradicting options, help, one log line for each
//! end of a connection; and `docs/operating.md`, which explains it.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Bare, PATIENCE, Server, TempPath, find_tool, natter, output, skip_here};
use pty_process::blocking::{self, open};
use rustix::process::Signal;
use unicode_width::UnicodeWidthStr;

/// Returns the command of `natter`, started by `script`, which ends in the name of the program.
fn behind(script: &str, options: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_natter")]);
    shell.args(options.split_whitespace());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        shell.env_remove(variable);
    }
    shell
}

/// Returns the lines that a server prints on stdout until it serves.
fn announced(command: &mut Command) -> Vec<String> {
    let mut child = command.stderr(Stdio::null()).spawn().expect("the program starts");
    let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut lines = Vec::new();
    for line in stdout.lines().map_while(Result::ok) {
        let is_last = line.contains("nc ");
        lines.push(line);
        if is_last {
            break;
        }
    }
    child.kill().expect("it runs");
    child.wait().expect("it is a child");
    lines
}

#[test]
fn the_start_line_has_version_doors_limits_and_their_cause() {
    let doors = "--classic 127.0.0.1:0 --telnet off";
    let script = "ulimit -n 60 && exec \"$0\" \"$@\"";
    let mut server = Server::spawn(&mut behind(script, &format!("{doors} --rooms 7")));
    let line = server.wait_log(&["INFO", "event=start"]);
    for part in [
        concat!("version=", env!("CARGO_PKG_VERSION"), " "),
        "clients=29 cause=ulimit-n descriptors=60 ",
        " rooms=7 ",
        &format!(" doors=\"classic {}\"", server.door()),
        " options=\"--classic 127.0.0.1:0 --telnet off --rooms 7\"",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for (options, part) in
        [("--clients 5", "clients=5 cause=option "), ("", "clients=10000 cause=default ")]
    {
        let mut command = behind("ulimit -n 20000; exec \"$0\" \"$@\"", doors);
        let mut server = Server::spawn(command.args(options.split_whitespace()));
        let line = server.wait_log(&["event=start"]);
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn stdout_shows_the_maximum_number_of_clients_and_its_cause() {
    let script = "ulimit -n 60 && exec \"$0\" \"$@\"";
    for (lang, wanted) in [
        ("en", "at most 29 clients, because `ulimit -n` is 60"),
        ("zh", "最多 29 个客户端，因为 `ulimit -n` 为 60"),
    ] {
        let options = format!("--classic 127.0.0.1:0 --telnet off --lang {lang}");
        let lines = announced(&mut behind(script, &options));
        assert!(lines.iter().any(|line| line.contains(wanted)), "{lines:#?}");
    }
}

#[test]
fn the_first_hint_is_natter_join() {
    let unix = TempPath::new(".sock");
    for (doors, wanted) in [
        ("--classic 127.0.0.1:0 --telnet 127.0.0.1:0", "natter join 127.0.0.1:PORT"),
        ("--classic [::]:0 --telnet off", "natter join [::1]:PORT"),
        ("--classic 0.0.0.0:0 --telnet off", "natter join 127.0.0.1:PORT"),
        (&format!("--classic {} --telnet off", unix.as_door()), ""),
    ] {
        if doors.contains("::") && std::net::UdpSocket::bind("[::1]:0").is_err() {
            skip_here("this machine has no IPv6");
            continue;
        }
        let lines = announced(&mut natter(doors));
        let classic = lines[0].strip_prefix("listening classic ").expect("the classic door");
        let port = classic.rsplit_once(':').expect("a port").1;
        let wanted = match wanted {
            "" => format!("natter join {}", unix.as_door()),
            wanted => wanted.replace("PORT", port),
        };
        let hint = lines.iter().find(|line| line.contains("natter join")).expect("it is mentioned");
        assert!(hint.ends_with(&wanted), "{hint:?}, not {wanted:?}");
        let place = |part| lines.iter().position(|line: &String| line.contains(part));
        assert!(place("natter join") < place("telnet ").filter(|&at| at > 1).or(place("nc ")));
    }
}

/// Runs the hint as it is typed, with a name.
#[cfg(feature = "client")]
#[test]
fn the_first_hint_works() {
    for doors in ["--classic 127.0.0.1:0", "--telnet 127.0.0.1:0 --classic off"] {
        let mut command = natter(doors);
        let mut server = command.stderr(Stdio::null()).spawn().expect("the program starts");
        let stdout = BufReader::new(server.stdout.take().expect("it is piped"));
        let mut lines = stdout.lines().map_while(Result::ok);
        let hint = lines.find(|line| line.contains("natter join")).expect("it is mentioned");
        let (_, words) = hint.split_once("natter").expect("it is there");
        let script = format!("echo hello | \"$0\" {words} --name box");
        let joined = output(&mut behind(&script, ""));
        let said = String::from_utf8(joined.stdout).expect("it speaks UTF-8");
        server.kill().expect("it runs");
        server.wait().expect("it is a child");
        assert!(joined.status.success() && said.contains("hello"), "{hint}: {said}");
    }
}

/// Starts a server on a terminal of its own, with its log in `log`; the terminal closes with the
/// value.
fn at_terminal(log: &TempPath, script: &str) -> (blocking::Pty, std::process::Child) {
    let (pty, pts) = open().expect("there are terminals");
    let stderr = fs::File::create(log.path()).expect("it can be made");
    let command = blocking::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_natter")])
        .args(["--classic", "127.0.0.1:0", "--telnet", "off"])
        .stderr(stderr);
    (pty, command.spawn(pts).expect("it starts"))
}

/// Waits until `log` contains `text`.
fn until_logged(log: &TempPath, text: &str) -> String {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let logged = fs::read_to_string(log.path()).unwrap_or_default();
        if logged.contains(text) {
            return logged;
        }
        assert!(std::time::Instant::now() < deadline, "{text} is not in {logged}");
        std::thread::sleep(PATIENCE / 1_000);
    }
}

#[test]
fn closing_the_terminal_ends_a_server_that_was_started_from_it_and_the_log_says_why() {
    let log = TempPath::new(".log");
    let (pty, mut server) = at_terminal(&log, "exec \"$0\" \"$@\"");
    until_logged(&log, "event=start");
    drop(pty);
    until_logged(&log, "event=stop why=hang-up");
    assert_eq!(server.wait().expect("it is a child").code(), Some(0));
}

#[test]
fn a_hang_up_ignored_at_the_start_stays_ignored() {
    let log = TempPath::new(".log");
    let (pty, mut server) = at_terminal(&log, "trap '' HUP; exec \"$0\" \"$@\"");
    let pid = rustix::process::Pid::from_child(&server);
    until_logged(&log, "event=start");
    drop(pty);
    rustix::process::kill_process(pid, Signal::HUP).expect("it can be signalled");
    rustix::process::kill_process(pid, Signal::TERM).expect("it can be signalled");
    let logged = until_logged(&log, "event=stop");
    assert!(logged.contains("event=stop why=terminate"), "{logged}");
    assert_eq!(server.wait().expect("it is a child").code(), Some(0));
}

#[test]
fn several_hang_ups_end_it_in_order() {
    let (pty, program_side) = open().expect("there are terminals");
    let stdin: OwnedFd = program_side.as_fd().try_clone_to_owned().expect("it can be shared");
    let mut server = Server::spawn(natter("--classic 127.0.0.1:0").stdin(stdin));
    let mut alice = server.enter("alice");
    // Until the first one has been handled, further ones are the same signal.
    server.signal(Signal::HUP);
    server.wait_log(&["event=stop", "why=hang-up"]);
    server.signal(Signal::HUP);
    alice.expect("[T] system: the server is stopping, goodbye");
    alice.expect_end();
    drop(alice);
    assert_eq!(server.wait(), 0);
    drop(pty);
}

#[test]
fn a_unix_door_has_the_requested_mode_with_any_umask() {
    for (umask, mode) in [("000", "600"), ("077", "660"), ("022", "0777")] {
        let file = TempPath::new(".sock");
        let script = format!("umask {umask} && exec \"$0\" \"$@\"");
        let options = format!("--telnet off --classic {} --unix-mode {mode}", file.as_door());
        let server = Server::spawn(&mut behind(&script, &options));
        let found = fs::metadata(file.path()).expect("it is there").permissions().mode() & 0o7777;
        assert_eq!(format!("{found:o}"), mode.trim_start_matches('0'), "umask {umask}");
        server.enter("alice");
    }
}

/// connect(2) is refused until the socket listens, so the mode must be set before that.
#[test]
fn a_unix_door_opens_only_when_it_has_its_mode() {
    let (file, calls) = (TempPath::new(".sock"), TempPath::new(".strace"));
    let Some(strace) = find_tool("strace") else { return };
    let mut command = Command::new(strace);
    command.args(["-e", "trace=bind,?chmod,?fchmodat,?fchmodat2,listen", "-o"]).arg(calls.path());
    command.arg(env!("CARGO_BIN_EXE_natter")).args(["--telnet", "off", "--unix-mode", "660"]);
    // The second door cannot be opened, so the server ends.
    command.args(["--classic", &file.as_door(), "--classic", "unix:/nowhere/natter"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = output(&mut command);
    let seen = fs::read_to_string(calls.path()).unwrap_or_default();
    let told = String::from_utf8_lossy(&ended.stderr);
    if told.contains("PTRACE") {
        return skip_here("strace may not look at processes here");
    }
    assert_eq!(ended.status.code(), Some(2), "{told}");
    let path = file.path().to_str().expect("it is ASCII");
    let place = |part: &str| {
        let at = seen.lines().position(|line| line.contains(part) && !line.contains("nowhere"));
        at.unwrap_or_else(|| panic!("{part} in {seen}"))
    };
    assert!(seen.lines().any(|line| line.contains("bind(") && line.contains(path)), "{seen}");
    assert!(place("bind(") < place("chmod") && place("chmod") < place("listen("), "{seen}");
}

#[test]
fn contradicting_options_are_both_named_on_one_line() {
    for (options, parts) in [
        ("--classic off --classic 127.0.0.1:0", ["--classic off", "--classic 127.0.0.1:0"]),
        ("--classic 127.0.0.1:0 --classic off", ["--classic off", "--classic 127.0.0.1:0"]),
        ("--telnet [::1]:0 --telnet off", ["--telnet off", "--telnet [::1]:0"]),
        ("--no-flood-limit --lines-per-sec 3", ["--no-flood-limit", "--lines-per-sec 3"]),
        ("--burst-bytes 9000 --no-flood-limit", ["--no-flood-limit", "--burst-bytes 9000"]),
        ("--clients 5 --clients 6", ["--clients 5", "--clients 6"]),
        ("--lang en --lang zh", ["--lang en", "--lang zh"]),
        ("--history 0 --history-bytes 70000", ["--history 0", "--history-bytes 70000"]),
        ("--unix-mode 660", ["--unix-mode 660", "unix:PATH"]),
        ("--classic [::1]:7 --telnet [::1]:7", ["--classic [::1]:7", "--telnet [::1]:7"]),
        ("--classic localhost:7 --classic 127.0.0.1:7", ["--classic", "127.0.0.1:7"]),
        #[cfg(feature = "client")]
        ("join --lang en --lang zh", ["--lang en", "--lang zh"]),
    ] {
        let output = output(&mut natter(options));
        let stderr = String::from_utf8(output.stderr).expect("it speaks UTF-8");
        assert_eq!(output.status.code(), Some(2), "{options}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{options}: {stderr}");
        assert!(parts.iter().all(|part| stderr.contains(part)), "{options}: {stderr}");
        assert!(output.stdout.is_empty(), "{options}");
    }
}

#[test]
fn giving_the_same_value_twice_is_no_contradiction() {
    Server::start("--lang en --lang en --log info --log info").enter("alice");
}

/// Returns the help of `command` (`""` or `join`), with `options`, if `LANG` is `locale`.
fn help(options: &str, locale: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_natter"));
    command.args(options.split_whitespace()).stdin(Stdio::null());
    command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", locale);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = output(&mut command);
    assert!(output.status.success() && output.stderr.is_empty(), "{options}");
    String::from_utf8(output.stdout).expect("it speaks UTF-8")
}

#[test]
fn help_is_in_the_operators_language_and_fits_80_columns() {
    let is_chinese = |text: &str| text.contains("显示本帮助");
    for program in ["", "join"] {
        if program == "join" && !cfg!(feature = "client") {
            continue;
        }
        for (options, locale, wants_chinese) in [
            ("--help", "C", false),
            ("--help", "zh_CN.UTF-8", true),
            ("-h", "zh_TW", true),
            ("--lang zh --help", "C", true),
            ("--help --lang zh", "C", true),
            ("--help --lang en", "zh_CN.UTF-8", false),
            ("--help --nope", "zh_CN.UTF-8", true),
        ] {
            let text = help(&format!("{program} {options}"), locale);
            assert_eq!(is_chinese(&text), wants_chinese, "{program} {options} {locale}: {text}");
            assert_eq!(text.contains("this text"), !wants_chinese, "{text}");
            for line in text.lines() {
                assert!(line.width() <= 80, "{} columns: {line}", line.width());
                assert!(!line.ends_with(' '), "{line:?}");
            }
        }
    }
    assert!(help("--help", "C").contains("SIGHUP") && help("--help", "zh").contains("SIGHUP"));
}

#[test]
fn every_log_line_has_the_local_time_with_its_zone() {
    for (zone, offset) in [("CST-8", "+08:00"), ("XXX3:30", "-03:30"), ("UTC0", "+00:00")] {
        let mut command = natter("--classic 127.0.0.1:0 --log debug");
        let mut server = Server::spawn(command.env("TZ", zone));
        let mut alice = server.enter("alice");
        alice.say("hello -ta");
        alice.say("exit");
        alice.until("exit");
        server.wait_log(&["event=close"]);
        server.signal(Signal::TERM);
        server.wait_log(&["event=stop"]);
        let log = server.all_log();
        assert!(log.lines().count() >= 6, "{log}");
        for line in log.lines() {
            let at = value(line, "at").expect(line);
            let is_like = |(byte, form): (u8, u8)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == form,
            };
            assert!(at.bytes().zip("0000-00-00T00:00:00".bytes()).all(is_like), "{line}");
            assert_eq!(&at[19..], offset, "{line}");
            assert_eq!(line.matches("at=").count(), 1, "{line}");
        }
    }
}

/// Returns the value of `key` in a line of the log.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

#[test]
fn each_connection_ends_with_one_line_with_id_nick_and_why() {
    let mut server = Server::start("--name-secs 2 --clients 6");
    let mut exits = server.enter("exits");
    exits.say("exit");
    exits.until("exit");
    drop(Bare::enter(&server, "closes"));
    server.enter("breaks").reset();
    let mut strays = server.connect();
    strays.send("GET / HTTP/1.1\r\n\r\n");
    let mut nameless = server.connect();
    nameless.until("[T] system: no name was chosen in time, goodbye");
    let _stays = server.enter("stays");
    server.wait_log(&["event=close", "id=5"]);
    server.signal(Signal::TERM);
    server.wait_log(&["event=close", "id=6"]);
    let log = server.all_log();
    let mut ends: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for line in log.lines() {
        let is_end = matches!(value(line, "event"), Some("close" | "leave"));
        if let Some(id) = value(line, "id").filter(|_| is_end) {
            ends.entry(id).or_default().push((value(line, "nick"), value(line, "why")));
        }
    }
    let wanted = [
        ("1", Some("\"exits\""), "exit"),
        ("2", Some("\"closes\""), "closed"),
        ("3", Some("\"breaks\""), "broken"),
        ("4", None, "stray"),
        ("5", None, "nameless"),
        ("6", Some("\"stays\""), "shutdown"),
    ];
    let wanted = wanted.map(|(id, nick, why)| (id, vec![(nick, Some(why))]));
    assert_eq!(ends, BTreeMap::from(wanted), "{log}");
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the first cells of the table in the section of `docs/operating.md` with that heading.
fn table(heading: &str) -> Vec<String> {
    let page = read("docs/operating.md");
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(heading));
    let section = section.unwrap_or_else(|| panic!("a section called {heading}"));
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut cells: Vec<String> =
        rows.filter_map(|row| row.split_once('`')).map(|(cell, _)| cell.to_string()).collect();
    cells.sort();
    cells
}

/// Returns the words in the code of `src` that follow `before`, sorted and without duplicates.
fn words_after(before: &str, text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let begun = text.split(before).skip(1);
    let mut words: Vec<String> =
        begun.map(|rest| rest.chars().take_while(|&c| is_part(c)).collect()).collect();
    words.retain(|word: &String| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

/// Returns all of the server's source.
fn source() -> String {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut source = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it is there").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("client") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).expect("sources are UTF-8");
                source.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
            }
        }
    }
    source
}

#[test]
fn the_page_explains_every_event_of_the_log() {
    assert_eq!(table("Events"), words_after("event=", &source()));
}

#[test]
fn the_page_explains_every_reason_of_the_log() {
    let source = source();
    // Those that are literals, and those of the enums.
    let mut reasons = words_after("why=", &source);
    for reason in ["CloseReason", "NickFault", "Stop"] {
        let from = source.split(&format!("\nimpl {reason} {{")).nth(1).expect("it has an impl");
        let body = from.split("\n}").next().expect("it ends");
        reasons.extend(words_after("=> \"", body));
    }
    reasons.sort();
    reasons.dedup();
    assert!(reasons.len() > 15, "{reasons:?}");
    assert_eq!(table("Reasons"), reasons);
}

#[test]
fn the_readme_links_to_the_page() {
    for page in ["README.md", "README.zh-CN.md"] {
        assert!(read(page).contains("](docs/operating.md)"), "{page}");
    }
}
