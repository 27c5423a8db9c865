//! What an operator relies on: options, exit codes, doors, the log, one thread, no work while idle.

mod common;

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::net::{IpAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Bare, Client, PATIENCE, Server, TempPath, find_tool, natter, output, skip_here};
use rustix::process::Signal;
use socket2::{Domain, SockAddr, Socket, Type};

/// Asserts that `options` are refused with one line that contains all of `parts`.
fn refused(options: &str, parts: &[&str]) {
    let output = output(&mut natter(options));
    let stderr = String::from_utf8(output.stderr).expect("it speaks UTF-8");
    assert_eq!(output.status.code(), Some(2), "{options}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{options}: {stderr}");
    assert!(parts.iter().all(|part| stderr.contains(part)), "{options}: {stderr}");
    assert!(output.stdout.is_empty(), "{options}");
}

#[test]
fn a_bad_option_is_named_with_the_fix() {
    refused("--nope", &["--nope", "natter --help lists the options"]);
    refused("--clients many", &["--clients", "must be a whole number", "many"]);
    refused("--name-secs 0", &["--name-secs", "must be a whole number from 1"]);
    refused("--lang fr", &["--lang", "must be en or zh"]);
    refused("--log loud", &["--log", "must be error, warn, info, debug or off"]);
    refused("--classic 9999", &["--classic", "must be an IP address with a port"]);
    refused("--classic off", &["--classic", "leaves no door open"]);
    refused("--line-bytes", &["--line-bytes", "needs BYTES"]);
    refused("--lag-hard-bytes 1", &["--lag-hard-bytes", "must be at least"]);
    refused("--clients 1000000000", &["--clients", "ask for at most", "ulimit -n"]);
    refused("stray", &["stray", "natter --help"]);
}

#[test]
fn a_bad_option_gets_one_line_whatever_it_contains() {
    let bad = ["--no\npe", "--classic=unix:/nowhere/\x1b[31m\n"].map(|bad| ("", bad));
    for (command, bad) in bad.into_iter().chain([("join", "--no\npe")]) {
        let output = output(natter(command).arg(bad));
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
        assert_eq!(output.stderr.iter().filter(|byte| byte.is_ascii_control()).count(), 1);
        assert!(output.stderr.ends_with(b"\n"));
    }
}

#[test]
fn the_kernel_accepts_the_largest_values_of_its_options() {
    let server = Server::start(
        "--keepalive-secs 32767 --keepalive-interval-secs 32767 --keepalive-probes 127 \
         --user-timeout-secs 2147483",
    );
    server.enter("alice");
}

#[test]
fn a_door_that_cannot_be_opened_is_named_with_the_fix() {
    refused("--classic 192.0.2.1:0", &["--classic 192.0.2.1:0", "give an address of this machine"]);
    refused("--classic unix:/nowhere/natter", &["--classic unix:/nowhere/natter", "give another"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let door = taken.local_addr().expect("it is bound").to_string();
    refused(
        &format!("--classic {door}"),
        &[&format!("--classic {door}"), "stop what listens there"],
    );
}

#[test]
fn each_door_takes_a_descriptor_from_the_clients() {
    for (descriptors, part) in [
        (
            64,
            "--clients: 15 clients need 65 file descriptors, but the limit is 64; ask for at most \
             14, or raise the limit with `ulimit -n`",
        ),
        (
            50,
            "the file-descriptor limit of 50 leaves no room for clients (50 are reserved); \
             raise it with `ulimit -n`",
        ),
    ] {
        let limited = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_natter")]);
        shell.args("--telnet off --clients 15".split(' ')).args(["--classic=127.0.0.1:0"; 20]);
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = output(&mut shell);
        let stderr = String::from_utf8(output.stderr).expect("it speaks UTF-8");
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(part), "{stderr}");
    }
}

#[test]
fn help_and_version_are_printed_to_stdout_with_exit_code_0() {
    for option in ["--help", "-h"] {
        let output = output(&mut natter(option));
        let text = String::from_utf8(output.stdout).expect("it speaks UTF-8");
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(
            text.contains("--classic ADDR:PORT") && text.contains("--no-flood-limit"),
            "{text}"
        );
    }
    for option in ["--version", "-V"] {
        let output = output(&mut natter(option));
        assert!(output.status.success() && output.stderr.is_empty());
        assert_eq!(output.stdout, concat!("natter ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
    }
}

#[test]
fn the_environment_sets_the_language_and_an_option_overrides_it() {
    for (variable, options, joined) in [
        ("LC_ALL=zh_CN.UTF-8", "", "[T] 系统:bob加入了聊天"),
        ("LANG=zh_TW.UTF-8", "", "[T] 系统:bob加入了聊天"),
        ("LANG=de_DE.UTF-8", "", "[T] system: bob joined"),
        ("LC_ALL=zh_CN.UTF-8", " --lang en", "[T] system: bob joined"),
    ] {
        let (name, value) = variable.split_once('=').expect("a variable and its value");
        let mut command = natter(&format!("--classic 127.0.0.1:0{options}"));
        let server = Server::spawn(command.env(name, value));
        let mut alice = server.enter("alice");
        server.enter("bob");
        alice.expect(joined);
    }
}

#[test]
fn a_unix_socket_is_a_door_and_its_file_is_removed_at_the_end() {
    let file = TempPath::new(".sock");
    let mut server = Server::start(&format!("--classic {}", file.as_door()));
    assert_eq!(server.door(), file.as_door());
    let (mut alice, _bob) = (server.enter("alice"), server.enter("bob"));
    alice.expect("[T] system: bob joined");
    server.wait_log(&["event=open", "from=unix"]);
    server.signal(Signal::TERM);
    alice.until("[T] system: the server is stopping, goodbye");
    alice.rest();
    drop(alice);
    drop(_bob);
    assert_eq!(server.wait(), 0);
    assert!(!file.path().exists());
}

#[test]
fn a_socket_file_that_a_dead_server_left_is_replaced() {
    let file = TempPath::new(".sock");
    drop(UnixListener::bind(file.path()).expect("the path is free"));
    assert!(file.path().exists(), "a listener leaves its file");
    let server = Server::start(&format!("--classic {}", file.as_door()));
    server.enter("alice");
}

#[test]
fn a_socket_file_of_a_living_server_is_left_alone() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--classic {}", file.as_door()));
    refused(
        &format!("--classic {}", file.as_door()),
        &["--classic unix:", "stop what listens there"],
    );
    server.enter("alice");
}

#[test]
fn a_socket_file_that_now_belongs_to_another_server_stays_when_this_one_ends() {
    let file = TempPath::new(".sock");
    let mut first = Server::start(&format!("--classic {}", file.as_door()));
    fs::remove_file(file.path()).expect("it is a file");
    let second = Server::start(&format!("--classic {}", file.as_door()));
    first.signal(Signal::TERM);
    assert_eq!(first.wait(), 0);
    second.enter("alice");
}

#[test]
fn a_socket_file_of_a_server_too_busy_to_answer_is_left_alone() {
    let file = TempPath::new(".sock");
    let socket = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).expect("there are sockets");
        socket.set_nonblocking(true).expect("it need not block");
        socket
    };
    let (busy, address) = (socket(), SockAddr::unix(file.path()).expect("the path is short"));
    busy.bind(&address).expect("the path is free");
    busy.listen(1).expect("it is bound");
    let mut waiting = Vec::new();
    loop {
        let client = socket();
        match client.connect(&address) {
            Ok(()) => waiting.push(client),
            Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    refused(
        &format!("--classic {}", file.as_door()),
        &["--classic unix:", "stop what listens there"],
    );
    assert!(file.path().exists());
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let file = TempPath::new(".txt");
    fs::write(file.path(), "a year of work").expect("the path is free");
    refused(&format!("--classic {}", file.as_door()), &["--classic unix:"]);
    assert_eq!(fs::read(file.path()).expect("it is still there"), b"a year of work");
}

#[test]
fn two_doors_lead_to_one_room() {
    let file = TempPath::new(".sock");
    let doors = format!("--classic 127.0.0.1:0 --classic 127.0.0.1:0 --classic {}", file.as_door());
    let server = Server::start(&doors);
    let mut clients: Vec<Client> =
        server.doors().iter().map(|door| Client::connect(door)).collect();
    assert_eq!(clients.len(), 3);
    for (number, client) in clients.iter_mut().enumerate() {
        client.name(&format!("guest{number}"));
    }
    clients[2].say("hello -ta");
    for client in &mut clients {
        client.until("[T] guest2:hello");
    }
}

#[test]
fn ipv6_is_a_door_too() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return skip_here("this machine has no IPv6");
    }
    let server = Server::start("--classic [::1]:0");
    assert!(server.door().starts_with("[::1]:"));
    let mut alice = server.enter("alice");
    alice.say("hello -ta");
    alice.expect("[T] alice:hello");
}

/// Returns the address from which this machine would reach others.
fn address_to_others() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // For UDP, connecting only looks up the route: nothing is sent.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn connections_from_one_address_are_limited() {
    let Some(address) = address_to_others() else {
        return skip_here("this machine has only its loopback address");
    };
    let mut server = Server::start("--classic 0.0.0.0:0 --per-address 2");
    let (_, port) = server.door().rsplit_once(':').expect("a port");
    let door = format!("{address}:{port}");
    let (mut alice, _bob) = (Client::connect(&door), Client::connect(&door));
    alice.name("alice");
    let mut carol = Client::connect(&door);
    carol.expect("[T] system: too many connections from your address");
    carol.expect_end();
    let mut dave = Client::connect(&format!("127.0.0.1:{port}"));
    dave.name("dave");
    server.wait_log(&["event=close id=3 why=address-full"]);
}

#[test]
fn connections_from_one_address_are_limited_in_time() {
    let Some(address) = address_to_others() else {
        return skip_here("this machine has only its loopback address");
    };
    let server = Server::start("--classic 0.0.0.0:0 --per-address-rate 3");
    let (_, port) = server.door().rsplit_once(':').expect("a port");
    let connect = |address: &str| Client::connect(&format!("{address}:{port}"));
    for number in 0..9 {
        let mut client = connect(&address.to_string());
        if number < 3 {
            client.say("exit");
            client.expect("exit");
        } else {
            client.expect("[T] system: too many connections from your address");
        }
        client.expect_end();
        connect("127.0.0.1").name(&format!("local{number}"));
    }
}

#[test]
fn the_log_at_info_has_joins_and_leaves_and_no_texts() {
    let mut server = Server::start("");
    let mut alice = server.enter("alice");
    alice.say("a secret -ta");
    alice.expect("[T] alice:a secret");
    alice.name("eve");
    alice.say("exit");
    alice.expect("exit");
    server.wait_log(&["INFO", "event=open", "id=1", "door=classic", "from=127.0.0.1:"]);
    server.wait_log(&["INFO", "event=join", "id=1", "nick=\"alice\""]);
    server.wait_log(&["INFO", "event=rename", "nick=\"eve\"", "was=\"alice\""]);
    server.wait_log(&["INFO", "event=close", "id=1", "nick=\"eve\"", "why=exit"]);
    assert!(!server.all_log().contains("secret"));
}

#[test]
fn the_log_at_debug_has_escaped_texts() {
    let mut server = Server::start("--log debug");
    let (mut alice, _bob) = (server.enter("alice"), server.enter("bob"));
    alice.expect("[T] system: bob joined");
    alice.send("a \"quote\" and \\ and \x1b[31m -ta\n");
    server.wait_log(&[
        "DEBUG",
        "event=say",
        "nick=\"alice\"",
        r#"text="a \"quote\" and \\ and [31m""#,
    ]);
    alice.say("bob a secret -to");
    server.wait_log(&["DEBUG", "event=whisper"]);
    alice.say("a\" event=join nick=\"root -n");
    let refusal = server.wait_log(&["event=refuse"]);
    assert!(refusal.contains(r#"nick="a\"""#), "{refusal}");
    let log = server.all_log();
    assert!(!log.contains("secret"), "what is private is not logged: {log}");
    assert!(!log.contains('\x1b'));
}

#[test]
fn the_log_has_the_arrival_of_a_connection_before_its_refusal() {
    let mut server = Server::start("--clients 1");
    let _alice = server.enter("alice");
    let mut bob = server.connect();
    bob.expect("[T] system: the server is full, please try again later");
    bob.expect_end();
    let log = server.all_log();
    let place = |event| log.lines().position(|line| line.contains(event)).expect(event);
    assert!(place("event=open id=2") < place("event=close id=2 why=room-full"), "{log}");
}

#[test]
fn connections_closed_without_a_notice_are_logged_once_a_second() {
    let mut server = Server::start("--clients 1");
    let _alice = server.enter("alice");
    // As many as can be refused with a notice at the same time; they stay connected.
    let _refused: Vec<Client> = (0..16).map(|_| server.connect()).collect();
    for _ in 0..5 {
        server.connect().expect_end();
    }
    server.wait_log(&["INFO", "event=turn-away from=127.0.0.1:", "why=room-full"]);
    let log = server.all_log();
    assert!(log.matches("event=turn-away").count() <= 2, "{log}");
}

#[test]
fn the_log_can_be_off() {
    let mut server = Server::start("--log off");
    server.enter("alice");
    assert_eq!(server.all_log(), "");
}

/// Asserts that the server continues, whatever happens to its log.
fn lives_through_a_day(server: &mut Server, door: &str) {
    let mut alice = Client::connect(door);
    alice.name("alice");
    for number in 0..20 {
        let mut bob = Client::connect(door);
        bob.name(&format!("bob{number}"));
        bob.say("exit");
        bob.until("exit");
    }
    alice.say("I saw them all -ta");
    alice.until("[T] alice:I saw them all");
    assert!(server.is_running());
}

#[test]
fn a_server_outlives_its_log() {
    let dev_full = || OpenOptions::new().write(true).open("/dev/full").expect("it can be opened");
    let (closed, gone) = std::io::pipe().expect("there are pipes");
    drop(closed);
    for stderr in [Stdio::from(dev_full()), Stdio::from(gone)] {
        let mut command = natter("--no-flood-limit --log debug --classic 127.0.0.1:0");
        let mut server = Server::spawn(command.stderr(stderr));
        let door = server.door().to_string();
        lives_through_a_day(&mut server, &door);
        server.signal(Signal::TERM);
        assert_eq!(server.wait(), 0);
    }
}

#[test]
fn a_server_starts_with_stdout_and_stderr_closed() {
    for redirections in [">&-", ">/dev/full", ">&- 2>&-", "<&- >&- 2>&-"] {
        let file = TempPath::new(".sock");
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("exec \"$0\" \"$@\" {redirections}"),
            env!("CARGO_BIN_EXE_natter"),
        ]);
        shell.args("--no-flood-limit --telnet off --classic".split(' ')).arg(file.as_door());
        shell.stderr(Stdio::null());
        let mut server = Server::spawn(&mut shell);
        wait_for_door(&file);
        lives_through_a_day(&mut server, &file.as_door());
    }
}

fn wait_for_door(file: &TempPath) {
    let deadline = Instant::now() + PATIENCE;
    while std::os::unix::net::UnixStream::connect(file.path()).is_err() {
        assert!(Instant::now() < deadline, "the door never opens");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_idle_server_makes_no_system_call() {
    let server = Server::start("");
    let (_lines, _bare, _nameless) =
        (server.enter("lines"), Bare::enter(&server, "bare"), server.connect());
    let before = server.process().sleeps();
    thread::sleep(Duration::from_secs(2));
    // It was asleep before and after, and was not put to sleep in between: it did not run, so it
    // made no call.
    assert_eq!(server.process().sleeps(), before);
}

#[test]
fn strace_sees_no_system_call_of_an_idle_server() {
    let Some(strace) = find_tool("strace") else { return };
    let server = Server::start("");
    let _clients = (server.enter("lines"), Bare::enter(&server, "bare"), server.connect());
    server.process().sleeps();
    let calls = TempPath::new(".strace");
    let pid = server.process().0.to_string();
    let mut command = Command::new(strace);
    command.args(["-f", "-p", &pid, "-o"]).arg(calls.path()).stderr(Stdio::piped());
    let mut strace = command.spawn().expect("strace starts");
    let seen = || fs::read_to_string(calls.path()).unwrap_or_default();
    let deadline = Instant::now() + PATIENCE;
    // The call in which it waits is the only one in progress when strace attaches.
    while !seen().contains("epoll_wait") {
        if strace.try_wait().expect("it is a child").is_some() {
            let output = strace.wait_with_output().expect("it is a child");
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(told.contains("PTRACE"), "{told}");
            return skip_here("strace may not look at other processes here");
        }
        assert!(Instant::now() < deadline, "strace never sees what the server waits in");
        thread::sleep(Duration::from_millis(10));
    }
    server.process().sleeps();
    let at_first = seen();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(seen(), at_first, "it called something");
    strace.kill().expect("it runs");
    strace.wait().expect("it is a child");
}
