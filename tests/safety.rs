//! Input of one client does not affect another's terminal, and nobody can imitate another user.
//!
//! Sections of `docs/protocol.md`: "Texts", "Names".

mod common;

use common::{Bare, Server};

/// The text sent as `TEXT`, and what the others see of it.
const LINES: &[(&[u8], &str)] = &[
    (b"plain", "plain"),
    ("你好，世界 🦀".as_bytes(), "你好，世界 🦀"),
    (b"red \x1b[31m text", "red [31m text"),
    (b"title \x1b]0;owned\x07 set", "title ]0;owned set"),
    (b"a\rsystem: you are banned", "asystem: you are banned"),
    (b"back\x08\x08\x08space\x7f", "backspace"),
    (b"a\ttab", "a tab"),
    ("c1 \u{9b}31m csi \u{85} nel \u{90} dcs".as_bytes(), "c1 31m csi  nel  dcs"),
    (b"c1 in one byte \x9b31m", "c1 in one byte \u{fffd}31m"),
    ("\u{202e}turned\u{202c} \u{2066}isolated\u{2069}".as_bytes(), "turned isolated"),
    ("one\u{2028}two\u{2029}three".as_bytes(), "onetwothree"),
    (b"not \xfe UTF-8 \xc3( and \xe4\xbd", "not \u{fffd} UTF-8 \u{fffd}( and \u{fffd}"),
    (b"overlong \xc0\xaf", "overlong \u{fffd}\u{fffd}"),
    (b"surrogate \xed\xa0\x80", "surrogate \u{fffd}\u{fffd}\u{fffd}"),
    (b"telnet \xff\xfb\x01\xff\xfd\x03 options", "telnet  options"),
];

#[test]
fn no_control_sequence_reaches_another_terminal() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    let mut mallory = server.enter("mallory");
    alice.expect("[T] system: mallory joined");
    for (sent, seen) in LINES {
        for (suffix, shown) in
            [(" -ta", format!("[T] mallory:{seen}")), (" -me", format!("[T] * mallory {seen}"))]
        {
            mallory.send([sent, suffix.as_bytes(), b"\n"].concat());
            alice.expect(&shown);
        }
        mallory.send([b"alice ", *sent, b" -to\n"].concat());
        alice.expect(&format!("[T] mallory (private to alice):{seen}"));
    }
}

#[test]
fn every_control_character_is_left_out() {
    let server = Server::start("--no-flood-limit");
    let mut alice = server.enter("alice");
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
    for control in controls.filter(|c| !matches!(c, '\n' | '\t')) {
        alice.say(&format!("<{control}> -ta"));
        // RFC 854: a telnet client's Return is CR NUL, and a NUL alone has no effect.
        alice.expect("[T] alice:<>");
    }
}

#[test]
fn a_look_alike_of_a_taken_name_is_refused() {
    for (had, wanted) in [
        ("alice", "Alice"),
        ("Alice", "AIice"),
        ("alice", "ａｌｉｃｅ"),
        ("coco", "сосо"),
        ("ChanServ", "ChɑnServ"),
        ("Zoë", "Zoe\u{308}"),
    ] {
        let server = Server::start("");
        let _holder = server.enter(had);
        let mut client = server.connect();
        client.say(&format!("{wanted} -n"));
        let answer = client.line();
        assert!(answer.starts_with("[T] system: that name is taken; "), "{wanted}: {answer}");
        client.name(free_name_in(&answer));
    }
}

/// Returns the name that a refusal offers, in either language.
fn free_name_in(answer: &str) -> &str {
    let english = answer.strip_suffix(" is free").and_then(|answer| answer.rsplit(' ').next());
    let chinese = || answer.rsplit_once("可用：").map(|(_, free)| free);
    english.or_else(chinese).unwrap_or_else(|| panic!("no name is offered: {answer}"))
}

const NO_NAMES: &[&str] = &[
    "system",
    "System",
    "SYSTEM",
    "系统",
    "server",
    "admin",
    "ok",
    "OK",
    "ＯＫ",
    "exit",
    "EX1T",
    "who",
    "help",
    "None",
    "natter",
    "用户",
    "a:b",
    "a：b",
    "[T]",
    "*",
    "'x'",
    "-n",
    "a\u{200d}b",
    "\u{115f}",
    "\u{301}",
    "аlice",
    "alicε",
    "a\u{1b}[31mb",
    "ABCDEFGHIJKLMNOPQ",
    "名名名名名名名名名",
    "😀",
];

#[test]
fn a_deceptive_name_is_refused_and_the_offered_one_is_free() {
    for option in ["--lang en", "--lang zh"] {
        let server = Server::start(&format!("--no-flood-limit {option}"));
        for name in NO_NAMES {
            let mut client = server.connect();
            client.say(&format!("{name} -n"));
            let answer = client.line();
            assert_ne!(answer, "OK", "{name:?}");
            client.name(free_name_in(&answer));
        }
    }
}

#[test]
fn a_name_is_shown_without_control_sequences() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    server.enter("m\u{202e}al\u{200b}l\u{7}ory");
    alice.expect("[T] system: mallory joined");
}

#[test]
fn every_answer_before_a_name_fits_the_articles_first_read() {
    let long = "长".repeat(300);
    let wide = "名".repeat(16);
    for option in ["--lang en", "--lang zh"] {
        let server = Server::start(&format!("--no-flood-limit {option}"));
        let mut client = Bare::connect(&server);
        for command in
            [&long, &wide, "系统", "a:b", "аlice", "exit"].map(|name| format!("{name} -n"))
        {
            client.send(&command);
            // The client's `read` reads 128 bytes, and panics at half a character: the next answer
            // is complete too.
            assert!(client.read().starts_with("[T] "), "{command}");
        }
        for command in
            ["hello -ta", &format!("{long} 好 -to"), &format!("{wide} {wide} -to"), "what"]
        {
            client.send(command);
            assert!(client.read().starts_with("[T] "), "{command}");
        }
        let mut framed = server.connect();
        framed.say("help");
        (0..7).for_each(|_| assert!(framed.raw_line().len() <= 128));
        framed.say(&format!("{wide} {wide} -n"));
        assert!(framed.raw_line().len() <= 128);
    }
}

#[test]
fn nobody_can_write_a_line_of_the_system() {
    let server = Server::start("");
    let mut alice = server.enter("alice");
    alice.send("hi\r[2026-11-23 09:11:38] system: alice left -ta\n");
    alice.expect("[T] alice:hi[2026-11-23 09:11:38] system: alice left");
    alice.say("system: alice left -ta");
    alice.expect("[T] alice:system: alice left");
}
