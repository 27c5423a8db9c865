//! The telnet door as a user sees it, with the real binary.
//!
//! Sections of `docs/protocol.md`: "What a person sees", "Commands at the telnet door".

#[path = "common/mod.rs"]
mod common;

use common::{Person, Server};
use natter::clock::Stamp;
use natter::door::charset::{Charset, HAS_CHINESE};
use natter::zone::offset::Offset;
use natter::zone::{Zone, Zones};

/// Returns this machine's offset from UTC.
fn offset() -> Offset {
    Zones::new().offset(Zone::LOCAL, Stamp::from(std::time::SystemTime::now()))
}

#[test]
fn a_new_user_is_greeted_asked_for_a_name_shown_the_past_and_prompted() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut alice = server.enter("alice");
    let mut ming = server.enter("小明");
    alice.say("hi -ta");
    ming.until("[T] alice:hi");
    let mut carol = Person::connect(&door);
    let times = format!("times are in {}", offset());
    let greeting = format!("\r\0\x1b[Knatter · 2 here: alice, 小明 · {times} · /help\r\nname: ");
    assert_eq!(carol.0.raw(greeting.len()), greeting);
    carol.say("carol");
    carol.expect_all(&["-- the last message --", "[T] alice: hi"]);
    assert_eq!(carol.0.raw(2), "> ");
    carol.say("hello, 大家");
    carol.expect("[T] carol: hello, 大家");
    alice.expect_all(&["[T] system: 小明 joined", "[T] alice:hi"]);
    alice.expect_all(&["[T] system: carol joined", "[T] carol:hello, 大家"]);
    ming.say("你好 -ta");
    carol.expect("[T] 小明: 你好");
    carol.say("/quit");
    carol.expect("goodbye");
    carol.0.expect_end();
    alice.expect_all(&["[T] 小明:你好", "[T] system: carol left"]);
}

#[test]
fn every_command_answers() {
    let (_server, door, _path) = Server::with_both_doors("");
    let mut bob = Person::enter(&door, "bob");
    let mut alice = Person::enter(&door, "alice");
    bob.expect("[T] system: alice joined");
    let charsets = if HAS_CHINESE { "utf-8, gbk, big5, latin1" } else { "utf-8, latin1" };
    for (typed, answer) in [
        ("hello", "[T] alice: hello"),
        ("//slash", "[T] alice: /slash"),
        ("said so -ta", "[T] alice: said so"),
        ("/me waves", "[T] * alice waves"),
        ("nods -me", "[T] alice: nods -me"),
        ("/reply first", "system: nobody has written to you in private yet"),
        ("/msg bob psst", "[T] alice (private to bob): psst"),
        ("、tell bob psst again", "[T] alice (private to bob): psst again"),
        ("/msg nobody psst", "system: nobody here is called nobody"),
        ("/time", "system: usage: /time on|off|full|+8|Asia/Shanghai"),
        ("/time +5:30", "system: times are in UTC+5:30"),
        ("/time utc-3", "system: times are in UTC-3"),
        ("/time Mars/Base", "system: unknown time zone Mars/Base; try +8 or Asia/Shanghai"),
        ("/time ../x", "system: unknown time zone ../x; try +8 or Asia/Shanghai"),
        ("/lang fr", "system: usage: /lang en|zh"),
        ("/lang zh", "系统:已切换为中文"),
        ("/xyzzy", "系统:没有 /xyzzy 这个命令，输入 /help 查看所有命令"),
        ("/lang en", "system: messages are in English"),
        ("/exlt", "system: there is no command /exlt; did you mean /exit?"),
        ("/hlep", "system: there is no command /hlep; did you mean /help?"),
        ("/xyzzy", "system: there is no command /xyzzy; /help lists all commands"),
        ("/m bob x", "system: /m is ambiguous: /msg or /me?"),
        (
            "/charset klingon",
            &format!("system: unknown character set klingon; available: {charsets}"),
        ),
        ("/charset utf-8", "system: now using utf-8"),
        ("/edit off", "system: line editing by the server is off"),
        ("/ignore alice", "system: you cannot ignore yourself"),
        ("/name bob", "system: that name is taken; bob2 is free"),
        ("/name two words", "system: use only letters, digits and _ - . '; twowords is free"),
    ] {
        alice.say(typed);
        alice.expect(answer);
    }
    alice.say("/w");
    alice.expect_all(&["system: 2 here:", "system: bob, alice"]);
    alice.say("/help");
    let help = alice.until("system: /quit             leave");
    assert_eq!(help.len(), 18, "{help:#?}");
    bob.until("[T] alice (private to bob): psst again");
    bob.say("/reply yes?");
    bob.expect("[T] bob (private to alice): yes?");
    alice.expect("[T] bob (private to alice): yes?");
    alice.say("/reply later");
    alice.expect("[T] alice (private to bob): later");
    alice.say("/name carol");
    alice.expect("[T] system: alice is now carol");
    bob.until("[T] alice (private to bob): later");
    bob.expect("[T] system: alice is now carol");
    bob.say("/reply still there?");
    bob.expect("[T] bob (private to carol): still there?");
    alice.expect("[T] bob (private to carol): still there?");
    alice.say("exit");
    alice.expect("goodbye");
    bob.expect("[T] system: carol left");
    bob.say("/reply gone?");
    bob.expect("system: nobody here is called alice");
}

#[test]
fn every_command_answers_in_chinese() {
    let (_server, door, _path) = Server::with_both_doors("--lang zh");
    let mut bob = Person::connect(&door);
    let times = format!("时间按 {} 显示", offset());
    let greeting = format!("\r\0\x1b[Knatter · 目前没有人在线 · {times} · /help\r\n用户名：");
    assert_eq!(bob.0.raw(greeting.len()), greeting);
    bob.say("系统");
    bob.expect("系统:此名称已被保留，可用：guest");
    bob.say("小明");
    for (typed, answer) in [
        ("你好", "[T] 小明: 你好"),
        ("/msg 小明 喂", "[T] 小明（私聊 小明）: 喂"),
        ("/last 1", "-- 最近 1 条消息 --"),
    ] {
        bob.say(typed);
        bob.expect(answer);
    }
    bob.expect("[T] 小明: 你好");
    for (typed, answer) in [
        ("/reply 好", "系统:还没有人与您私聊"),
        ("/time full", "系统:已开启日期和时间显示"),
        ("/time off", "系统:已关闭时间显示"),
        ("/time on", "系统:已开启时间显示"),
        ("/color on", "系统:已开启颜色"),
        ("/color off", "系统:已关闭颜色"),
        ("/ignore bob", "系统:已屏蔽 bob 的消息，再次输入则取消屏蔽"),
        ("/ignore bob", "系统:已取消屏蔽 bob"),
        ("/hlep", "系统:没有 /hlep 这个命令，您要找的是 /help 吗？"),
        ("/quit now", "系统:用法：/quit"),
        ("/quit", "再见！"),
    ] {
        bob.say(typed);
        bob.expect(answer);
    }
    bob.0.expect_end();
}

#[test]
fn new_users_are_shown_the_last_twenty_lines() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut alice = server.enter("alice");
    for number in 1..=25 {
        alice.say(&format!("line {number} -ta"));
    }
    alice.until("[T] alice:line 25");
    let mut bob = Person::enter(&door, "bob");
    bob.expect("-- the last 20 messages --");
    for number in 6..=25 {
        bob.expect(&format!("[T] alice: line {number}"));
    }
    bob.say("/last 3");
    bob.expect("-- the last 3 messages --");
    bob.expect_all(&["[T] alice: line 23", "[T] alice: line 24", "[T] alice: line 25"]);
    bob.say("/last 1000");
    bob.expect("-- the last 25 messages --");
}

#[test]
fn no_history_is_stored_if_it_is_switched_off() {
    let (server, door, _path) = Server::with_both_doors("--history 0");
    let mut alice = server.enter("alice");
    alice.say("hi -ta");
    alice.expect("[T] alice:hi");
    let mut bob = Person::enter(&door, "bob");
    bob.say("/last 5");
    bob.expect("-- nothing has been said yet --");
}

#[test]
fn a_returning_user_is_shown_exactly_the_missed_lines() {
    let (mut server, door, _path) = Server::with_both_doors("");
    let mut alice = server.enter("alice");
    alice.say("before -ta");
    let mut bob = Person::enter(&door, "Bob");
    bob.until("[T] alice: before");
    bob.say("/quit");
    bob.expect("goodbye");
    alice.say("one -ta");
    alice.say("two -ta");
    alice.say("waves -me");
    alice.until("[T] * alice waves");
    let mut bob = Person::enter(&door, "bob");
    bob.expect("-- 3 messages while you were away --");
    bob.expect_all(&["[T] alice: one", "[T] alice: two", "[T] * alice waves"]);
    // A connection that breaks is treated the same.
    bob.0.reset();
    server.wait_log(&["event=close", "id=3"]);
    let mut bob = Person::enter(&door, "bob");
    bob.expect("-- nothing was said while you were away --");
    bob.say("/quit");
    bob.expect("goodbye");
    for number in 1..=300 {
        alice.say(&format!("line {number} -ta"));
    }
    alice.until("[T] alice:line 300");
    let mut bob = Person::enter(&door, "bob");
    bob.expect("-- 300 messages while you were away; the last 256: --");
    for number in 45..=300 {
        bob.expect(&format!("[T] alice: line {number}"));
    }
    let mut other = Person::enter(&door, "other");
    other.expect("-- the last 20 messages --");
}

#[test]
fn messages_of_ignored_users_are_hidden() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    let mut bob = server.enter("bob");
    let mut carol = server.enter("carol");
    alice.expect_all(&["[T] system: bob joined", "[T] system: carol joined"]);
    alice.say("/ignore B0B");
    alice.expect("system: messages from B0B are hidden; repeat to show them again");
    bob.say("can you hear me -ta");
    bob.say("waves -me");
    bob.say("alice psst -to");
    bob.until("[T] bob (private to alice):psst");
    carol.until("[T] * bob waves");
    carol.say("I can -ta");
    alice.expect("[T] carol: I can");
    alice.say("/reply what?");
    alice.expect("system: nobody has written to you in private yet");
    alice.say("/last 5");
    alice.expect_all(&["-- the last message --", "[T] carol: I can"]);
    alice.say("/ignore bob");
    alice.expect("system: messages from bob are shown again");
    bob.say("and now -ta");
    alice.expect("[T] bob: and now");
    // Users see their own lines, whatever their name meant before.
    alice.say("/ignore dave");
    alice.expect("system: messages from dave are hidden; repeat to show them again");
    alice.say("/name dave");
    alice.expect("[T] system: alice is now dave");
    alice.say("it is me");
    alice.expect("[T] dave: it is me");
}

#[test]
fn each_user_chooses_times_and_colours() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    let mut bob = server.enter("bob");
    alice.expect("[T] system: bob joined");
    alice.say("/time off");
    alice.expect("system: times are hidden");
    bob.say("one -ta");
    alice.expect("bob: one");
    alice.say("/time full");
    alice.expect("system: dates and times are shown");
    bob.say("two -ta");
    let line = alice.line();
    let (stamp, text) = line.split_at("[2026-11-23 09:11:38] ".len());
    assert!(stamp.starts_with("[2") && stamp.ends_with("] ") && text == "bob: two", "{line}");
    alice.say("/time on");
    alice.say("/color on");
    alice.expect_all(&["system: times are shown", "system: colours are on"]);
    bob.say("three -ta");
    let line = alice.line();
    assert!(line.starts_with("\u{1b}[2m[") && line.ends_with("] \u{1b}[0mbob: three"), "{line:?}");
    bob.say("alice psst -to");
    let line = alice.line();
    assert!(line.ends_with("\u{1b}[1mbob (private to alice): psst\u{1b}[0m"), "{line:?}");
    alice.say("/color off");
    alice.expect("system: colours are off");
    bob.say("four -ta");
    alice.expect("[T] bob: four");
}

#[test]
fn a_client_of_another_protocol_is_told_so_and_closed() {
    let (_server, door, _path) = Server::with_both_doors("");
    for (knock, word) in [
        (&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], "not a web server"),
        (b"POST /x HTTP/1.1\r\n\r\n", "not a web server"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "without TLS"),
    ] {
        let mut stray = Person::connect(&door);
        stray.line();
        stray.0.send(knock);
        let line = stray.line();
        assert!(line.ends_with(word), "{line}");
        stray.0.expect_end();
    }
    // It is a name like any other once the user has entered.
    let mut person = Person::enter(&door, "guest");
    person.say("GET out of here");
    person.expect("[T] guest: GET out of here");
}

#[test]
fn a_terminal_without_utf8_reads_and_writes_in_its_charset() {
    if !HAS_CHINESE {
        return;
    }
    let (server, door, _path) = Server::with_both_doors("");
    let mut alice = server.enter("alice");
    let mut bob = Person::enter(&door, "bob");
    alice.expect("[T] system: bob joined");
    bob.say("/charset gbk");
    let raw = bob.0.raw_bytes_until(b"\n");
    let mut answer = Vec::new();
    Charset::Gbk.encode("系统:已改用 gbk 编码\r\n", &mut answer);
    assert!(raw.ends_with(&answer), "{}", raw.escape_ascii());
    bob.0.send(b"\xc4\xe3\xba\xc3\r\n");
    alice.expect("[T] bob:你好");
    // 你好 is sent as the same bytes that were received.
    let raw = bob.0.raw_bytes_until(b"\n");
    assert!(raw.ends_with(b"bob: \xc4\xe3\xba\xc3\r\n"), "{}", raw.escape_ascii());
    alice.say("😀 -ta");
    let raw = bob.0.raw_bytes_until(b"\n");
    assert!(raw.ends_with(b"alice: ?\r\n"), "{}", raw.escape_ascii());
}
