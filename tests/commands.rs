//! What people type at the doors: whom `/ignore` and `/last` concern.

mod common;

use common::{Client, Person, Server};

/// Alice at the telnet door, bob and carol at the classic one.
fn scene() -> (Server, Person, Client, Client, impl Drop) {
    let (server, door, path) = Server::with_both_doors("");
    let mut alice = Person::enter(&door, "alice");
    let bob = server.enter("bob");
    let carol = server.enter("carol");
    alice.expect_all(&["[T] system: bob joined", "[T] system: carol joined"]);
    (server, alice, bob, carol, path)
}

/// Alice has seen nothing before what carol says now.
#[track_caller]
fn expect_next(alice: &mut Person, carol: &mut Client, text: &str) {
    carol.say(&format!("{text} -ta"));
    alice.expect(&format!("[T] carol: {text}"));
}

#[test]
fn who_is_ignored_stays_so_under_another_name() {
    let (server, mut alice, mut bob, mut carol, _path) = scene();
    bob.say("under the old name -ta");
    alice.expect("[T] bob: under the old name");
    alice.say("/ignore bob");
    alice.expect("system: you see nothing more of bob; again, and you do");
    bob.say("rob -n");
    bob.until("OK");
    bob.say("under the new name -ta");
    bob.say("alice psst -to");
    bob.until("[T] rob (private to alice):psst");
    alice.expect("[T] system: bob is now rob");
    expect_next(&mut alice, &mut carol, "one");

    // Whoever takes the old name now is somebody else.
    let mut other = server.enter("bob");
    other.say("I am new here -ta");
    other.until("[T] bob:I am new here");
    alice.expect_all(&["[T] system: bob joined", "[T] bob: I am new here"]);
    alice.say("/last 9");
    alice.expect_all(&["-- the last 2 lines --", "[T] carol: one", "[T] bob: I am new here"]);
    alice.say("/ignore");
    alice.expect_all(&["system: you ignore 1 person:", "system: rob"]);

    // Who leaves and comes back is known by the name of last.
    bob.say("exit");
    bob.until("exit");
    let mut back = server.enter("rob");
    back.say("back again -ta");
    back.until("[T] rob:back again");
    alice.expect_all(&["[T] system: rob left", "[T] system: rob joined"]);
    expect_next(&mut alice, &mut carol, "two");
    alice.say("/ignore ROB");
    alice.expect("system: you see rob again");
    alice.say("/ignore");
    alice.expect("system: you ignore nobody");
    back.say("at last -ta");
    alice.expect("[T] rob: at last");
}

#[test]
fn who_was_ignored_and_renamed_does_not_come_back_under_the_first_name() {
    let (server, mut alice, mut bob, mut carol, _path) = scene();
    alice.say("/ignore bob");
    alice.expect("system: you see nothing more of bob; again, and you do");
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
    alice.expect("system: you see bob again");
}

#[test]
fn so_many_lines_are_shown_as_were_asked_for() {
    let (_server, mut alice, mut bob, mut carol, _path) = scene();
    for number in 1..=3 {
        expect_next(&mut alice, &mut carol, &number.to_string());
    }
    alice.say("/ignore bob");
    alice.expect("system: you see nothing more of bob; again, and you do");
    for _ in 0..40 {
        bob.say("noise -ta");
    }
    bob.say("the end -ta");
    bob.until("[T] bob:the end");
    alice.say("/last 3");
    alice.expect("-- the last 3 lines --");
    alice.expect_all(&["[T] carol: 1", "[T] carol: 2", "[T] carol: 3"]);
    alice.say("/last 2");
    alice.expect_all(&["-- the last 2 lines --", "[T] carol: 2", "[T] carol: 3"]);
    alice.say("/last 9");
    alice.expect_all(&["-- the last 3 lines --", "[T] carol: 1"]);
}
