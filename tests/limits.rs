//! The limits: which input is answered, slowed or closed, and that no other client is affected.
//!
//! Sections of `docs/protocol.md`: "Lines", "Rooms".

mod common;

use std::time::{Duration, Instant};

use common::{Bare, Client, PATIENCE, Server};

#[test]
fn one_client_too_many_is_told_so() {
    for (lang, full) in [
        ("--lang en", "[T] system: the server is full, please try again later"),
        ("--lang zh", "[T] 系统:聊天室已满，请稍后再试！"),
    ] {
        let server = Server::start(&format!("--clients 2 {lang}"));
        let (mut alice, mut bob) = (server.enter("alice"), server.enter("bob"));
        for _ in 0..20 {
            let mut carol = server.connect();
            carol.expect(full);
            carol.expect_end();
        }
        bob.say("exit");
        bob.expect("exit");
        bob.expect_end();
        drop(bob);
        alice.say("who");
        alice.until(if lang == "--lang zh" {
            "[T] 系统:在线 1 人："
        } else {
            "[T] system: 1 here:"
        });
        enter_when_there_is_room(&server, "carol", full);
    }
}

/// The slot of a client that leaves is free once both sides have closed its connection.
fn enter_when_there_is_room(server: &Server, name: &str, full: &str) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let mut client = server.connect();
        client.say(&format!("{name} -n"));
        match client.line() {
            answer if answer == "OK" => return,
            answer => assert_eq!(answer, full),
        }
    }
    panic!("no slot becomes free");
}

#[test]
fn a_client_without_a_name_is_told_and_closed_at_the_deadline() {
    let mut server = Server::start("--name-secs 1");
    let mut named = server.enter("named");
    let began = Instant::now();
    let mut silent = server.connect();
    silent.expect("[T] system: no name was chosen in time, goodbye");
    silent.expect_end();
    assert!(began.elapsed() >= Duration::from_millis(950), "{:?}", began.elapsed());
    server.wait_log(&["event=close", "id=2", "why=nameless"]);
    named.say("I stay -ta");
    named.expect("[T] named:I stay");
}

#[test]
fn an_overlong_line_is_answered_once_and_the_connection_stays() {
    let server = Server::start("--bytes-per-sec 100000");
    let mut alice = server.enter("alice");
    alice.say(&("x".repeat(5_000) + " -ta"));
    alice.expect("[T] system: not sent: the line is longer than 1024 bytes");
    alice.say(&("x".repeat(1_020) + " -ta"));
    alice.expect(&format!("[T] alice:{}", "x".repeat(1_020)));
    alice.say(&("x".repeat(1_021) + " -ta"));
    alice.expect("[T] system: not sent: the line is longer than 1024 bytes");
    alice.say("ok -ta");
    alice.expect("[T] alice:ok");
}

#[test]
fn too_much_input_without_a_line_end_is_told_and_closed() {
    let mut server = Server::start("--bytes-per-sec 100000");
    let mut other = server.enter("other");
    let mut alice = server.enter("alice");
    other.expect("[T] system: alice joined");
    alice.send("x".repeat(8_193));
    alice.expect("[T] system: too much input without a line end, goodbye");
    alice.expect_end();
    other.expect("[T] system: alice left");
    server.wait_log(&["event=close", "nick=\"alice\"", "why=unterminated"]);
}

#[test]
fn a_flooding_client_is_slowed_and_loses_nothing() {
    let server = Server::start("--burst-lines 5 --lines-per-sec 10");
    let (mut alice, mut bob) = (server.enter("alice"), server.enter("bob"));
    alice.expect("[T] system: bob joined");
    let began = Instant::now();
    let lines: Vec<String> = (0..12).map(|number| format!("{number} -ta\n")).collect();
    bob.send(lines.concat());
    for number in 0..12 {
        bob.expect(&format!("[T] bob:{number}"));
        alice.expect(&format!("[T] bob:{number}"));
    }
    // Of the burst of five, the name was the first; one line may have been earned since.
    assert!(began.elapsed() >= Duration::from_millis(650), "{:?}", began.elapsed());
}

#[test]
fn a_flooding_client_slows_nobody_else() {
    let server = Server::start("--burst-lines 5 --lines-per-sec 1");
    let mut flooder = server.enter("flooder");
    flooder.send("la -ta\n".repeat(500));
    let began = Instant::now();
    let mut alice = server.enter("alice");
    alice.say("am I slowed -ta");
    alice.until("[T] alice:am I slowed");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Alice says numbered lines of 1 KB, one after another, as fast as she hears herself.
fn say_numbered(alice: &mut Client, count: usize) {
    for number in 0..count {
        let line = numbered(number);
        alice.say(&format!("{line} -ta"));
        alice.until(&format!("[T] alice:{line}"));
    }
}

fn numbered(number: usize) -> String {
    format!("{number:04} {}", "x".repeat(1_000))
}

#[test]
fn a_slow_reader_is_told_exactly_how_many_lines_it_missed() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    let mut slow = Client::connect_narrow(server.door());
    slow.name("slow");
    say_numbered(&mut alice, 400);
    slow.say("I am back -ta");
    let heard = slow.until("[T] slow:I am back");
    let (mut next, mut gaps) = (0, 0);
    for line in &heard {
        let missed =
            line.strip_prefix("[T] system: … ").and_then(|l| l.strip_suffix(" lines skipped"));
        match missed {
            Some(lines) => {
                next += lines.parse::<usize>().expect("a count");
                gaps += 1;
            }
            None => {
                assert_eq!(line, &format!("[T] alice:{}", numbered(next)));
                next += 1;
            }
        }
    }
    assert_eq!(next, 400, "what was heard and what was missed is all that was said");
    assert!(gaps > 0, "it was slow enough to miss something");
}

/// Private messages to a slow reader are delivered as far as there is room, and the rest is
/// counted.
#[test]
fn a_slow_reader_is_told_how_many_private_messages_it_missed() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    let mut slow = Client::connect_narrow(server.door());
    slow.name("slow");
    alice.expect("[T] system: slow joined");
    for number in 0..400 {
        alice.say(&format!("slow {} -to", numbered(number)));
        alice.expect(&format!("[T] alice (private to slow):{}", numbered(number)));
    }
    slow.say("I am back -ta");
    let (mut next, mut missed) = (0, 0);
    for line in slow.until("[T] slow:I am back") {
        let gap = line.strip_prefix("[T] system: … ");
        if let Some(lines) = gap.and_then(|line| line.strip_suffix(" lines skipped")) {
            let lines = lines.parse::<usize>().expect("a count");
            (next, missed) = (next + lines, missed + lines);
        } else {
            assert_eq!(line, format!("[T] alice (private to slow):{}", numbered(next)));
            next += 1;
        }
    }
    assert_eq!(next, 400, "what was read and what was missed is all that was said");
    assert!(missed > 0, "it was slow enough to miss something");
}

#[test]
fn when_too_much_is_queued_the_longest_stalled_reader_is_closed() {
    let mut server = Server::start(
        "--no-flood-limit --lag-soft-bytes 16384 --lag-hard-bytes 49152 --queued-bytes 98304",
    );
    let mut alice = server.enter("alice");
    // Each of them may have 16384 bytes and a line; all together reach 98304 first.
    let stuck: Vec<Client> = (0..7)
        .map(|number| {
            let mut stuck = Client::connect_narrow(server.door());
            stuck.name(&format!("stuck{number}"));
            stuck
        })
        .collect();
    alice.until("[T] system: 3 joined: stuck4, stuck5, stuck6");
    let text = "x".repeat(1_000);
    let left = (0..2_000).find_map(|number| {
        alice.say(&format!("stuck{} {text} -to", number % stuck.len()));
        Some(alice.line()).filter(|line| line.ends_with(" left"))
    });
    let left = left.expect("one is closed in time");
    server.wait_log(&["event=close", "why=crowded"]);
    alice.say("who");
    alice.until("[T] system: 7 here:");
    let log = server.all_log();
    assert!(!log.contains("why=lagging") && log.matches("event=close").count() == 1, "{left}");
}

#[test]
fn more_than_five_joins_or_leaves_a_second_are_summed_up() {
    for (lang, joined, left) in [
        (
            "en",
            ["[T] system: n5 joined", "[T] system: 3 joined: n6, n7, n8"],
            ["[T] system: n6 left", "[T] system: 2 left: n7, n8"],
        ),
        (
            "zh",
            ["[T] 系统:n5加入了聊天", "[T] 系统:3 人加入了聊天：n6、n7、n8"],
            ["[T] 系统:用户n6退出聊天室!", "[T] 系统:2 人退出了聊天：n7、n8"],
        ),
    ] {
        let server = Server::start(&format!("--lang {lang}"));
        // Her join is the first of those that are announced one by one.
        let mut alice = server.enter("alice");
        let clients: Vec<Client> =
            (2..=8).map(|number| server.enter(&format!("n{number}"))).collect();
        assert_eq!(alice.until(joined[0]).len(), 3);
        alice.expect(joined[1]);
        for mut client in clients {
            client.say("exit");
            client.until("exit");
        }
        assert_eq!(alice.until(left[0]).len(), 4);
        alice.expect(left[1]);
    }
}

#[test]
fn a_reader_that_stalls_is_closed() {
    let mut server = Server::start("--no-flood-limit --stall-secs 1");
    let mut alice = server.enter("alice");
    let mut stuck = Client::connect_narrow(server.door());
    stuck.name("stuck");
    alice.expect("[T] system: stuck joined");
    say_numbered(&mut alice, 400);
    alice.until("[T] system: stuck left");
    server.wait_log(&["event=close", "why=stalled"]);
    alice.say("who");
    alice.expect_all(&["[T] system: 1 here:", "[T] system: alice"]);
}

#[test]
fn a_reader_that_has_nothing_to_read_never_stalls() {
    let server = Server::start("--stall-secs 1 --name-secs 1");
    let (mut alice, mut idle) = (server.enter("alice"), server.enter("idle"));
    let mut nameless = server.connect();
    nameless.expect("[T] system: no name was chosen in time, goodbye");
    alice.say("still here? -ta");
    idle.expect("[T] alice:still here?");
}

#[test]
fn without_descriptors_present_clients_are_served_and_waiting_ones_enter_later() {
    let mut server = Server::start("--no-flood-limit");
    let (mut alice, mut bob) = (server.enter("alice"), server.enter("bob"));
    alice.expect("[T] system: bob joined");
    server.leave_no_descriptor();
    let mut carol = server.connect();
    carol.say("carol -n");
    server.wait_log(&["event=starved"]);
    // Long enough for the server to try again by itself.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_200) {
        alice.say("still served -ta");
        alice.expect("[T] alice:still served");
        bob.expect("[T] alice:still served");
    }
    bob.say("exit");
    bob.expect("exit");
    drop(bob);
    carol.expect("OK");
    alice.until("[T] system: carol joined");
    let log = server.all_log();
    assert_eq!(log.matches("event=starved").count(), 1, "{log}");
}

#[test]
fn a_server_without_descriptors_does_not_spin() {
    let mut server = Server::start("");
    let mut alice = server.enter("alice");
    server.leave_no_descriptor();
    let _waits = server.connect();
    server.wait_log(&["event=starved"]);
    let before = server.process().sleeps();
    std::thread::sleep(Duration::from_millis(500));
    let sleeps = server.process().sleeps() - before;
    assert!(sleeps <= 2, "it woke {sleeps} times in half a second");
    alice.say("hi -ta");
    alice.expect("[T] alice:hi");
}

#[test]
fn the_kernel_watches_over_silent_connections() {
    let server = Server::start("");
    let _alice = server.enter("alice");
    let (_, port) = server.door().rsplit_once(':').expect("a port");
    let port = format!(":{:04X}", port.parse::<u16>().expect("a number"));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("/proc is mounted");
    let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let is_ours = |row: &Vec<&str>| row[1].ends_with(&port) && row[3] == "01";
    let row = rows.into_iter().skip(1).find(is_ours).expect("alice is connected");
    assert!(row[5].starts_with("02:"), "a keepalive timer runs: {row:?}");
}

#[test]
fn limits_apply_to_a_client_without_line_ends_too() {
    let server = Server::start("--lines-per-sec 10");
    let mut other = server.enter("other");
    let mut client = Bare::enter(&server, "小明");
    other.expect("[T] system: 小明 joined");
    client.send(&("长".repeat(400) + " -ta"));
    client.expect("[T] system: not sent: the line is longer than 1024 bytes");
    client.send("短 -ta");
    client.expect("[T] 小明:短");
    other.expect("[T] 小明:短");
}
