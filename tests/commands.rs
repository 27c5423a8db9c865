//! The commands that people type at the doors, and the users and lines that `/ignore` and `/last`
//! mean.
//!
//! Sections of `docs/protocol.md`: "Commands at the classic door", "Commands at the telnet door".

mod common;

use common::{Bare, Client, Person, Server};

/// Alice at the telnet door, bob and carol at the classic one.
fn scene() -> (Server, Person, Client, Client, impl Drop) {
    let (server, door, path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    let bob = server.enter("bob");
    let carol = server.enter("carol");
    alice.expect_all(&["[T] system: bob joined", "[T] system: carol joined"]);
    (server, alice, bob, carol, path)
}

/// Asserts that alice sees nothing before what carol says now.
#[track_caller]
fn expect_next(alice: &mut Person, carol: &mut Client, text: &str) {
    carol.say(&format!("{text} -ta"));
    alice.expect(&format!("[T] carol: {text}"));
}

#[test]
fn an_ignored_user_stays_ignored_under_another_name() {
    let (server, mut alice, mut bob, mut carol, _path) = scene();
    bob.say("under the old name -ta");
    alice.expect("[T] bob: under the old name");
    alice.say("/ignore bob");
    alice.expect("system: messages from bob are hidden; repeat to show them again");
    bob.say("rob -n");
    bob.until("OK");
    bob.say("under the new name -ta");
    bob.say("alice psst -to");
    bob.until("[T] rob (private to alice):psst");
    alice.expect("[T] system: bob is now rob");
    expect_next(&mut alice, &mut carol, "one");

    // The next user of the old name is somebody else.
    let mut other = server.enter("bob");
    other.say("I am new here -ta");
    other.until("[T] bob:I am new here");
    alice.expect_all(&["[T] system: bob joined", "[T] bob: I am new here"]);
    alice.say("/last 9");
    alice.expect_all(&["-- the last 2 messages --", "[T] carol: one", "[T] bob: I am new here"]);
    alice.say("/ignore");
    alice.expect_all(&["system: you ignore 1 person:", "system: rob"]);

    // A user who leaves and returns is recognised by the last name.
    bob.say("exit");
    bob.until("exit");
    let mut back = server.enter("rob");
    back.say("back again -ta");
    back.until("[T] rob:back again");
    alice.expect_all(&["[T] system: rob left", "[T] system: rob joined"]);
    expect_next(&mut alice, &mut carol, "two");
    alice.say("/ignore ROB");
    alice.expect("system: messages from rob are shown again");
    alice.say("/ignore");
    alice.expect("system: you ignore nobody");
    back.say("at last -ta");
    alice.expect("[T] rob: at last");
}

#[test]
fn an_ignored_user_who_renamed_is_not_recognised_by_the_first_name() {
    let (server, mut alice, mut bob, mut carol, _path) = scene();
    alice.say("/ignore bob");
    alice.expect("system: messages from bob are hidden; repeat to show them again");
    bob.say("rob -n");
    bob.until("OK");
    bob.say("exit");
    bob.until("exit");
    let mut back = server.enter("bob");
    back.say("me again -ta");
    back.until("[T] bob:me again");
    alice.until("[T] system: bob joined");
    expect_next(&mut alice, &mut carol, "one");
    alice.say("/ignore bob");
    alice.expect("system: messages from bob are shown again");
}

#[test]
fn last_shows_as_many_lines_as_requested() {
    let (_server, mut alice, mut bob, mut carol, _path) = scene();
    for number in 1..=3 {
        expect_next(&mut alice, &mut carol, &number.to_string());
    }
    alice.say("/ignore bob");
    alice.expect("system: messages from bob are hidden; repeat to show them again");
    for _ in 0..40 {
        bob.say("noise -ta");
    }
    bob.say("the end -ta");
    bob.until("[T] bob:the end");
    alice.say("/last 3");
    alice.expect("-- the last 3 messages --");
    alice.expect_all(&["[T] carol: 1", "[T] carol: 2", "[T] carol: 3"]);
    alice.say("/last 2");
    alice.expect_all(&["-- the last 2 messages --", "[T] carol: 2", "[T] carol: 3"]);
    alice.say("/last 9");
    alice.expect_all(&["-- the last 3 messages --", "[T] carol: 1"]);
}

#[test]
fn full_width_marks_are_commands_at_the_telnet_door() {
    let (_server, mut alice, mut bob, mut carol, _path) = scene();
    for (line, told) in [
        ("／msg bob 1234", "1234"),
        ("／MSG　bob　1234", "1234"),
        ("　／ｍｓｇ　ｂｏｂ　1234", "1234"),
        ("、msg bob 1234", "1234"),
        ("、ms　bob　１２３４", "１２３４"),
        ("　、tell bob 1234　", "1234"),
    ] {
        alice.say(line);
        alice.expect(&format!("[T] alice (private to bob): {told}"));
        bob.until(&format!("[T] alice (private to bob):{told}"));
    }
    alice.say("／last　１");
    alice.expect("-- nothing has been said yet --");
    for (line, said) in [
        ("你好　－ta", "你好"),
        ("你好 －ta", "你好"),
        ("你好　－ｔａ", "你好"),
        ("、你好", "、你好"),
        ("、", "、"),
        ("、word of it", "、word of it"),
        ("／／msg", "／msg"),
        ("/、msg bob", "、msg bob"),
        ("／/msg", "/msg"),
    ] {
        alice.say(line);
        alice.expect(&format!("[T] alice: {said}"));
        carol.until(&format!("[T] alice:{said}"));
    }
    alice.say("／xyzzy");
    alice.expect("system: there is no command /xyzzy; /help lists all commands");
    // A line that begins like a command is not said, or half of a private message would be public.
    alice.say("、m bob 1234");
    alice.expect("system: /m is ambiguous: /msg or /me?");
}

#[test]
fn full_width_marks_are_commands_at_the_classic_door() {
    let (server, mut alice, mut bob, mut carol, _path) = scene();
    for line in
        ["carol 1234 －to", "carol　1234　－to", "carol　1234　-to", "ｃａｒｏｌ 1234 －ｔｏ"]
    {
        bob.say(line);
        bob.until("[T] bob (private to carol):1234");
        carol.until("[T] bob (private to carol):1234");
    }
    bob.say("你好　－ta");
    alice.expect("[T] bob: 你好");
    bob.say("　waves －me　");
    alice.expect("[T] * bob waves");
    bob.say("小明　－n");
    bob.until("OK");
    alice.expect("[T] system: bob is now 小明");
    bob.say("ｗｈｏ");
    bob.until("[T] system: 3 here:");
    // The article's client sends no line ends, and may begin with such a mark.
    let mut article = Bare::connect(&server);
    article.send("小红　－n");
    article.expect("OK");
    alice.expect("[T] system: 小红 joined");
    article.send("大家好 －ｔａ");
    alice.expect("[T] 小红: 大家好");
}

#[test]
fn talk_stays_talk_at_the_telnet_door() {
    let (_server, mut alice, mut bob, _carol, _path) = scene();
    for line in [
        "sort -n",
        "bob use mv -to",
        "waves -me",
        "tea -r",
        "the rest -topic",
        "sort　－n",
        "bob use mv －to",
        "who",
        "help",
        "rooms",
        "exit now",
        "Exit",
    ] {
        alice.say(line);
        alice.expect(&format!("[T] alice: {line}"));
        bob.until(&format!("[T] alice:{line}"));
    }
    alice.say("hello -ta");
    alice.expect("[T] alice: hello");
    alice.say("exit");
    bob.until("[T] system: alice left");
}

#[test]
fn the_articles_commands_for_a_name_and_a_line_work_at_the_telnet_door() {
    let (server, door, _path) = Server::with_both_doors("");
    let mut bob = server.enter("bob");
    for (typed, name) in [("carol -n", "carol"), ("dave　－n", "dave"), ("/nick erin", "erin")] {
        let mut person = Person::connect(&door);
        person.line();
        person.say(typed);
        bob.expect(&format!("[T] system: {name} joined"));
        person.say("hello -ta");
        bob.expect(&format!("[T] {name}:hello"));
        person.say("exit");
        bob.expect(&format!("[T] system: {name} left"));
    }
}

#[test]
fn commands_work_in_upper_and_lower_case() {
    let (_server, mut alice, mut bob, _carol, _path) = scene();
    for who in ["/who", "/WHO", "/w", "/W", "／ｗ"] {
        alice.say(who);
        alice.expect_all(&["system: 3 here:", "system: alice, bob, carol"]);
    }
    for (line, old, new) in
        [("/nick ann", "alice", "ann"), ("/Name anna", "ann", "anna"), ("/N Bea", "anna", "Bea")]
    {
        alice.say(line);
        alice.expect(&format!("[T] system: {old} is now {new}"));
    }
    alice.say("/TELL bob Psst");
    alice.expect("[T] Bea (private to bob): Psst");
    alice.say("/edit OFF");
    alice.expect("system: line editing by the server is off");
    alice.say("/QUIT");
    bob.until("[T] system: Bea left");
}

/// No telnet client ends a line in LF alone, so no telnet bytes are sent.
#[test]
fn a_client_without_telnet_is_told_that_its_line_cannot_be_edited() {
    let (_server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::connect(&door);
    alice.line();
    for line in ["alice", "/edit on", "/edit on", "/edit off", "bye"] {
        alice.0.send(format!("{line}\n"));
    }
    let heard = alice.0.raw_bytes_until(b"alice: bye\r\n");
    assert!(!heard.contains(&255), "{}", heard.escape_ascii());
    let heard = String::from_utf8(heard).expect("it is UTF-8");
    assert_eq!(heard.matches("system: natter cannot edit your line").count(), 2, "{heard}");
}

/// Other clients answer only when they are asked; some never answer.
#[test]
fn a_client_that_does_not_answer_is_told_so_after_the_deadline() {
    let (_server, door, _path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    alice.say("/edit on");
    let heard = alice.0.raw_bytes_until(b"does not speak telnet");
    assert_eq!(heard.iter().filter(|&&byte| byte == 255).count(), 2, "{}", heard.escape_ascii());
    alice.0.raw_line();
    alice.say("/edit on");
    let heard = alice.0.raw_bytes_until(b"does not speak telnet");
    assert!(!heard.contains(&255), "it was asked once: {}", heard.escape_ascii());
}
