//! Programs against the real binary, as in `docs/protocol.md`, chapter "JSON lines". Every object
//! sent is checked against `docs/protocol.schema.json`.
//!
//! Sections of `docs/protocol.md`: "Opening", "Objects that the server sends", "Commands",
//! "Sessions", "Error codes".
#![cfg(feature = "json")]

mod common;
#[path = "json/program.rs"]
mod program;
#[path = "json/schema.rs"]
mod schema;

use common::{Client, Server};
use fastrand::Rng;
use program::{Program, Seen};
use serde_json::{Value, json};

const OPTIONS: &str = "--no-flood-limit --rooms 4";
const SESSION: &str = "00112233445566778899AABBCCDDEEFF";

fn say(text: &str) -> Value {
    json!({"do": "say", "text": text})
}

#[test]
fn every_command_every_object_and_every_code() {
    let seen = &mut Seen::new();
    let (server, telnet, _path) = Server::with_both_doors("--rooms 3");
    let door = server.door();
    lines_that_are_no_commands(door, seen);
    names(door, seen);
    talk(door, &telnet, seen);
    rooms(door, seen);
    earlier_lines(door, seen);
    endings(door, seen);
    many_at_once(door, seen);
    too_slow(door, seen);
    let (mut program, mut other) = (Program::at(door, seen), Program::at_telnet(&telnet, seen));
    program.does(&json!({"do": "name", "name": "zoe"}), seen).done();
    server.signal(rustix::process::Signal::TERM);
    for program in [&mut program, &mut other] {
        assert_eq!(program.until("closing", seen)["code"], "shutdown");
        program.expect_end();
    }
    let patient = Server::start("--name-secs 1");
    assert_eq!(Program::at(patient.door(), seen).next(seen)["code"], "nameless");
    seen.expect_all();
}

fn lines_that_are_no_commands(door: &str, seen: &mut Seen) {
    let mut program = Program::at(door, seen);
    for (line, code) in [
        (&b"hello"[..], "bad-json"),
        (b"[]", "bad-json"),
        (b"{\"do\":\"who\",\"tag\":{}}", "bad-json"),
        (b"{\"do\":\"\xff\"}", "bad-json"),
        (b"\xff\xfb\x01", "bad-json"),
        (b"{}", "bad-field"),
        (b"{\"do\":1}", "bad-field"),
        (b"{\"do\":\"who\",\"tag\":1}", "bad-field"),
        (b"{\"do\":\"fly\"}", "unknown-command"),
        (b"{\"do\":\"say\",\"text\":\"hi\"}\r", "name-first"),
    ] {
        program.send([line, b"\n"].concat());
        let error = program.next(seen);
        assert_eq!(error["code"], code, "{}", line.escape_ascii());
        assert!(error.get("tag").is_none() && !error["text"].as_str().unwrap_or("").is_empty());
    }
    program.send(" \r\n");
    program.does(&json!({"do": "tell", "to": "x", "text": "y"}), seen).error("name-first");
    let long = "x".repeat(1_025);
    program.does(&say(&long), seen).error("line-too-long");
    program.send("y".repeat(8_000) + "\n");
    assert_eq!(program.next(seen)["code"], "line-too-long");
    for command in [
        json!({"do": "say"}),
        json!({"do": "say", "text": " "}),
        json!({"do": "say", "text": "\u{7}"}),
        json!({"do": "say", "text": 1}),
        json!({"do": "say", "text": "x", "act": "yes"}),
        json!({"do": "say", "text": "x", "n": 0}),
        json!({"do": "say", "text": "x", "n": -1}),
        json!({"do": "tell", "text": "x"}),
        json!({"do": "name", "name": null}),
        json!({"do": "join"}),
        json!({"do": "last"}),
        json!({"do": "last", "count": "3"}),
        json!({"do": "since"}),
        json!({"do": "ignore", "name": ["x"]}),
        json!({"do": "ignore", "name": " "}),
    ] {
        program.does(&command, seen).error("bad-field");
    }
    for id in ["1", &"g".repeat(32), &"0".repeat(33)] {
        program.does(&json!({"do": "session", "id": id}), seen).error("bad-session");
    }
    let done = program.does(&json!({"do": "ping", "unknown": [], "text": 1}), seen).done();
    assert_eq!(done.as_object().map(serde_json::Map::len), Some(2));
    let help = program.does(&json!({"do": "help"}), seen).done();
    assert!(help["commands"].as_array().is_some_and(|names| names.contains(&"since".into())));
    // An unterminated line counts when the program stops sending.
    program.send("{\"do\":\"exit\"");
    program.end_sending();
    assert_eq!(program.next(seen)["code"], "bad-json");
    assert_eq!(program.next(seen)["code"], "closed");
    program.expect_end();
}

fn names(door: &str, seen: &mut Seen) {
    let mut alice = Program::at(door, seen);
    let answer = alice.does(&json!({"do": "name", "name": "alice"}), seen);
    let lobby = json!({"type": "entered", "room": "lobby", "count": 1});
    assert_eq!(answer.told, [lobby], "no history, no greeting");
    assert_eq!(answer.done()["name"], "alice");
    let mut bob = Program::called(door, "bob", seen);
    assert_eq!(alice.until("joined", seen)["name"], "bob");
    for (name, code) in [
        ("Alice", "name-taken"),
        ("two words", "name-characters"),
        ("a-name-that-is-longer-than-sixteen", "name-too-long"),
        ("-bob", "name-start"),
        ("bx\u{301}b", "name-marks"),
        ("aлice", "name-mixed-scripts"),
        ("system", "name-reserved"),
    ] {
        let error = bob.does(&json!({"do": "name", "name": name}), seen).error(code);
        assert!(error["free"].is_string(), "{error}");
    }
    let answer = bob.does(&json!({"do": "name", "name": "bo"}), seen);
    assert_eq!(answer.told[0]["type"], "renamed");
    assert_eq!((&answer.told[0]["name"], &answer.told[0]["to"]), (&"bob".into(), &"bo".into()));
    assert_eq!(alice.until("renamed", seen)["room"], "lobby");
    bob.does(&json!({"do": "enter", "room": "tea"}), seen).done();
    let answer = bob.does(&json!({"do": "name", "name": "bob"}), seen);
    let rooms: Vec<_> = answer.told.iter().map(|renamed| &renamed["room"]).collect();
    assert_eq!(rooms, ["tea", "lobby"], "in each room");
    drop(bob);
    assert_eq!(alice.until("left", seen)["name"], "bob");
}

fn talk(door: &str, telnet: &str, seen: &mut Seen) {
    let (mut carol, mut dave) =
        (Program::called(door, "carol", seen), Program::at_telnet(telnet, seen));
    dave.does(&json!({"do": "name", "name": "dave"}), seen).done();
    let text = "a \"quoted\" \\ 你好 😀 </script>\u{1b}[31m";
    let answer = carol.does(&say(text), seen);
    let said = answer.told.last().expect("its own line").clone();
    assert_eq!(said["text"], text.replace('\u{1b}', ""), "what a terminal would obey is left out");
    assert_eq!(answer.done()["id"], said["id"]);
    assert_eq!(dave.until("said", seen), said, "the same bytes for all");
    carol.does(&json!({"do": "say", "text": "waves", "act": true}), seen).done();
    assert_eq!(dave.until("said", seen)["flags"], json!(["act"]));
    carol.does(&json!({"do": "reply", "text": "x"}), seen).error("no-reply");
    let answer = carol.does(&json!({"do": "tell", "to": "DAVE", "text": "psst"}), seen);
    assert_eq!(answer.told[0]["to"], "dave");
    answer.done();
    assert_eq!(dave.until("whispered", seen)["name"], "carol");
    dave.does(&json!({"do": "reply", "text": "what?"}), seen).done();
    assert_eq!(carol.until("whispered", seen)["text"], "what?");
    carol.does(&json!({"do": "tell", "to": "nemo", "text": "psst"}), seen).error("nobody");
    carol.does(&json!({"do": "ignore", "name": "carol"}), seen).error("own-name");
    let ignore = json!({"do": "ignore", "name": "dave"});
    assert_eq!(carol.does(&ignore, seen).done()["ignored"], true);
    dave.does(&json!({"do": "name", "name": "david"}), seen).done();
    dave.does(&say("unseen"), seen).done();
    let answer = carol.does(&json!({"do": "last", "count": 2}), seen);
    assert_eq!(answer.texts(), [text.replace('\u{1b}', ""), "waves".into()]);
    let answer = carol.does(&json!({"do": "since", "id": said["id"]}), seen);
    assert_eq!(answer.texts(), ["waves"]);
    let list = json!({"do": "ignore"});
    let answer = carol.does(&list, seen);
    let ignored = json!({"type": "ignored", "count": 1, "names": ["david"]});
    assert_eq!(answer.told, [ignored]);
    assert_eq!(answer.done().as_object().map(serde_json::Map::len), Some(2));
    let ignore = json!({"do": "ignore", "name": "david"});
    assert_eq!(carol.does(&ignore, seen).done()["ignored"], false);
    assert!(carol.does(&list, seen).told.is_empty());
    dave.does(&json!({"do": "name", "name": "dave"}), seen).done();
    let ignore = |number: usize| json!({"do": "ignore", "name": format!("n{number}")});
    let full = (0..200).map(|number| carol.does(&ignore(number), seen).last);
    let full = full.into_iter().find(|last| last["type"] == "error").expect("there is a bound");
    assert_eq!(full["code"], "ignores-full");
    // People see what programs say, and vice versa.
    let mut person = Client::connect(door);
    person.name("erin");
    person.say("hello -ta");
    assert_eq!(dave.until("said", seen)["name"], "erin");
    dave.does(&say("hi erin"), seen).done();
    person.until("[T] dave:hi erin");
}

fn rooms(door: &str, seen: &mut Seen) {
    let mut fay = Program::called(door, "fay", seen);
    fay.does(&json!({"do": "join", "room": "lobby"}), seen).error("already-there");
    fay.does(&json!({"do": "join", "room": "a:b"}), seen).error("room-refused");
    fay.does(&json!({"do": "leave"}), seen).error("already-there");
    let answer = fay.does(&json!({"do": "join", "room": "tea"}), seen);
    let kinds: Vec<_> = answer.told.iter().map(|object| &object["type"]).collect();
    assert_eq!(kinds, ["parted", "entered"]);
    fay.does(&json!({"do": "topic", "text": "all about tea"}), seen).done();
    let answer = fay.does(&json!({"do": "topic"}), seen);
    assert_eq!(answer.told[0]["topic"], "all about tea");
    fay.does(&json!({"do": "topic", "text": "x".repeat(300)}), seen).error("topic-too-long");
    fay.does(&json!({"do": "enter", "room": "lobby"}), seen).done();
    fay.does(&json!({"do": "enter", "room": "news"}), seen).done();
    fay.does(&json!({"do": "enter", "room": "one-too-many"}), seen).error("too-many-rooms");
    let mut gus = Program::called(door, "gus", seen);
    let heard = fay.until("joined", seen);
    assert_eq!((&heard["name"], &heard["room"]), (&"gus".into(), &"lobby".into()));
    let answer = fay.does(&say("where am I?"), seen);
    assert_eq!(answer.told[0]["room"], "news", "the one entered last");
    let answer = fay.does(&json!({"do": "say", "text": "here", "room": "Tea"}), seen);
    assert_eq!(answer.told[0]["room"], "tea");
    let elsewhere = json!({"do": "say", "text": "x", "room": "nowhere"});
    fay.does(&elsewhere, seen).error("not-in-room");
    gus.does(&json!({"do": "say", "text": "x", "room": "tea"}), seen).error("not-in-room");
    gus.does(&json!({"do": "leave", "room": "tea"}), seen).error("not-in-room");
    let answer = gus.does(&json!({"do": "rooms"}), seen);
    let rows: Vec<_> = answer.told.iter().map(|row| (&row["room"], &row["count"])).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.contains(&(&"tea".into(), &1.into())));
    let answer = fay.does(&json!({"do": "leave", "room": "tea"}), seen);
    assert_eq!(answer.told, [json!({"type": "parted", "room": "tea"})]);
    fay.does(&json!({"do": "leave"}), seen).done();
    let answer = fay.does(&json!({"do": "who"}), seen);
    assert_eq!(answer.told[0]["room"], "lobby", "the others are left");
    assert_eq!(answer.told[0]["names"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer.told[0]["online"], 2);
}

fn earlier_lines(door: &str, seen: &mut Seen) {
    let mut hal = Program::called(door, "hal", seen);
    hal.does(&json!({"do": "join", "room": "past"}), seen).done();
    let ids: Vec<Value> = (0..50)
        .map(|number| hal.does(&say(&number.to_string()), seen).done()["id"].clone())
        .collect();
    let answer = hal.does(&json!({"do": "last", "count": 3}), seen);
    assert_eq!(answer.texts(), ["47", "48", "49"]);
    assert_eq!(answer.told[2]["id"], ids[49]);
    assert_eq!(answer.told[2]["flags"], json!(["earlier"]));
    let answer = hal.does(&json!({"do": "since", "id": ids[9]}), seen);
    assert_eq!(answer.texts().len(), 40, "several screenfuls");
    assert_eq!(
        answer.told.iter().map(|said| &said["id"]).collect::<Vec<_>>(),
        ids[10..].iter().collect::<Vec<_>>()
    );
    assert_eq!(answer.done()["complete"], true);
    let unknown = hal.does(&json!({"do": "since", "id": "1-1", "room": "past"}), seen);
    assert_eq!(unknown.texts().len(), 50, "all that is kept");
    assert_eq!(unknown.done()["complete"], false);
    for number in 50..300 {
        hal.does(&say(&number.to_string()), seen).done();
    }
    let answer = hal.does(&json!({"do": "since", "id": ids[9]}), seen);
    assert_eq!(answer.texts().len(), 256);
    assert_eq!(answer.done()["complete"], false);
    hal.does(&json!({"do": "since", "id": "x", "room": "tea"}), seen).error("not-in-room");
}

fn endings(door: &str, seen: &mut Seen) {
    let mut ida = Program::called(door, "ida", seen);
    ida.send("{\"do\":\"exit\"}\n{\"do\":\"ping\",\"tag\":\"late\"}\n");
    assert_eq!(ida.next(seen)["code"], "exit");
    ida.expect_end();
    let mut jim = Program::called(door, "jim", seen);
    jim.send("x".repeat(100_000));
    assert_eq!(jim.until("closing", seen)["code"], "unterminated");
    let [mut kim, mut other] = [(); 2].map(|()| Program::at(door, seen));
    let session = json!({"do": "session", "id": SESSION});
    kim.does(&session, seen).done();
    kim.does(&json!({"do": "session", "id": "1".repeat(32)}), seen).error("bad-session");
    other.does(&session, seen).done();
    assert_eq!(kim.until("closing", seen)["code"], "replaced");
    kim.expect_end();
}

fn many_at_once(door: &str, seen: &mut Seen) {
    let mut liz = Program::called(door, "liz", seen);
    let crowd: Vec<Program> =
        (0..12).map(|number| Program::called(door, &format!("many{number}"), seen)).collect();
    loop {
        let joined = liz.until("joined", seen);
        if let Some(names) = joined["names"].as_array() {
            assert!(joined["count"].as_u64() >= Some(names.len() as u64));
            break;
        }
    }
    drop(crowd);
    while liz.until("left", seen)["count"].is_null() {}
}

fn too_slow(door: &str, seen: &mut Seen) {
    let mut slow = Program::called(door, "slow", seen);
    let mut loud = Program::called(door, "loud", seen);
    let text = "x".repeat(1_000);
    // More than all the buffers between the two hold.
    for _ in 0..12_000 {
        loud.does(&say(&text), seen).done();
    }
    assert!(slow.until("skipped", seen)["count"].as_u64() > Some(0));
}

#[test]
fn the_page_matches_the_schema() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let schema = schema::Schema::of_the_page();
    let mut examples = 0;
    for example in page.lines().filter_map(|line| line.strip_prefix("< ")) {
        let object = serde_json::from_str(example).expect("an example is JSON");
        schema.check(&object).unwrap_or_else(|fault| panic!("{fault}"));
        examples += 1;
    }
    assert!(examples > 4);
    let codes = ["error", "closing"].into_iter().flat_map(|kind| schema.codes(kind));
    for word in codes.chain(schema.types()) {
        assert!(page.contains(&format!("`{word}`")), "{word} is missing in the page");
    }
}

#[test]
fn only_the_first_line_opens_a_programs_connection() {
    let server = Server::start(OPTIONS);
    for first in ["\n", "alice -n\n", "x -n"] {
        let mut client = server.connect();
        client.send(first);
        client.send("\njson -p\n");
        client.until("[T] system: command not recognised; type help for a list");
    }
    for cut in 0..=b"json -p\r\n".len() {
        let mut client = server.connect();
        let (one, other) = "json -p\r\n".split_at(cut);
        client.send(one);
        client.send(other);
        client.raw_bytes_until(b"\"lobby\":\"lobby\"}\n");
    }
}

#[test]
fn a_line_sent_again_after_a_reconnect_is_said_once() {
    let seen = &mut Seen::new();
    let server = Server::start(OPTIONS);
    let mut reader = Program::called(server.door(), "reader", seen);
    let numbered = |n: usize| json!({"do": "say", "text": format!("line {n}"), "n": n});
    let session = json!({"do": "session", "id": SESSION});
    let mut rng = Rng::with_seed(7);
    let (mut last, lines) = (0, 300);
    // The last confirmed line; the client sends every later one again each time.
    while last < lines {
        let mut program = Program::at(server.door(), seen);
        let known = program.does(&session, seen).done()["n"].as_u64().expect("a number");
        assert!(known >= last as u64, "{known} {last}: what was confirmed is known");
        // Its name is free although the previous connection may still be open.
        program.does(&json!({"do": "name", "name": "writer"}), seen).done();
        let tags: Vec<String> =
            (last + 1..=lines.min(last + 40)).map(|n| program.ask(&numbered(n))).collect();
        let cut = rng.usize(..=tags.len());
        for tag in &tags[..cut] {
            let answered = loop {
                let object = program.next(seen);
                if object["tag"] == tag.as_str() {
                    break object;
                }
            };
            assert_eq!(answered["type"], "done");
            last += 1;
        }
        if rng.bool() {
            // It stays open: the next one takes over its session.
            std::mem::forget(program);
        }
    }
    let heard: Vec<String> = (0..lines)
        .map(|_| reader.until("said", seen)["text"].as_str().expect("a text").to_string())
        .collect();
    let wanted: Vec<String> = (1..=lines).map(|n| format!("line {n}")).collect();
    assert_eq!(heard, wanted);
    reader.does(&json!({"do": "ping"}), seen).done();
}

#[test]
fn a_number_counts_once_its_line_was_said() {
    let seen = &mut Seen::new();
    let server = Server::start(OPTIONS);
    let mut reader = Program::called(server.door(), "reader", seen);
    let mut writer = Program::at(server.door(), seen);
    let session = json!({"do": "session", "id": SESSION});
    assert_eq!(writer.does(&session, seen).done()["n"], 0);
    let line = |n: u64| json!({"do": "say", "text": format!("line {n}"), "n": n});
    writer.does(&line(1), seen).error("name-first");
    writer.does(&json!({"do": "name", "name": "writer"}), seen).done();
    let id = writer.does(&line(1), seen).done()["id"].clone();
    let again = writer.does(&line(1), seen);
    assert!(again.told.is_empty());
    assert_eq!(again.done()["id"], id, "the last line is still known");
    writer.does(&json!({"do": "tell", "to": "reader", "text": "psst", "n": 2}), seen).done();
    writer.does(&json!({"do": "tell", "to": "nemo", "text": "psst", "n": 3}), seen).error("nobody");
    assert!(writer.does(&line(1), seen).done().get("id").is_none());
    assert_eq!(writer.does(&session, seen).done()["n"], 2, "asked again");
    writer.does(&json!({"do": "tell", "to": "reader", "text": "psst", "n": 2}), seen).done();
    writer.does(&line(3), seen).done();
    assert_eq!(reader.until("said", seen)["text"], "line 1");
    assert_eq!(reader.until("whispered", seen)["text"], "psst");
    assert_eq!(reader.next(seen)["text"], "line 3", "nothing came twice");
}

#[test]
fn since_returns_exactly_the_missed_lines() {
    let seen = &mut Seen::new();
    let server = Server::start(OPTIONS);
    let rooms = ["lobby", "tea", "news"];
    let mut writer = Program::called(server.door(), "writer", seen);
    let mut rng = Rng::with_seed(11);
    for room in &rooms[1..] {
        writer.does(&json!({"do": "enter", "room": room}), seen).done();
    }
    let (mut said, mut heard) = (Vec::<Value>::new(), Vec::<Value>::new());
    let mut say = |count: usize, writer: &mut Program, rng: &mut Rng, seen: &mut Seen| {
        for _ in 0..count {
            let text = format!("{} {}", said.len(), "x".repeat(rng.usize(..200)));
            let line = json!({"do": "say", "text": text, "room": rooms[rng.usize(..3)]});
            said.push(writer.does(&line, seen).done()["id"].clone());
        }
        said.clone()
    };
    say(1, &mut writer, &mut rng, seen);
    for _ in 0..40 {
        let mut reader = Program::called(server.door(), "reader", seen);
        for room in &rooms[1..] {
            reader.does(&json!({"do": "enter", "room": room}), seen).done();
        }
        let since = heard.last().cloned().unwrap_or_else(|| "0-0".into());
        // More is said while it catches up: that arrives in both ways, with one id.
        let tag = reader.ask(&json!({"do": "since", "id": since}));
        say(rng.usize(..8), &mut writer, &mut rng, seen);
        let done = loop {
            let object = reader.next(seen);
            if object["type"] == "said" && !heard.contains(&object["id"]) {
                heard.push(object["id"].clone());
            } else if object["tag"] == tag.as_str() {
                break object;
            }
        };
        assert_eq!(done["complete"], since != "0-0");
        let tag = reader.ask(&json!({"do": "ping"}));
        loop {
            let object = reader.next(seen);
            if object["type"] == "said" && !heard.contains(&object["id"]) {
                heard.push(object["id"].clone());
            } else if object["tag"] == tag.as_str() {
                break;
            }
        }
        let mut all = say(0, &mut writer, &mut rng, seen);
        // When it reads several rooms, lines of one may arrive before older lines of another.
        let mut sorted = heard.clone();
        all.sort_by_key(number);
        sorted.sort_by_key(number);
        assert_eq!(sorted, all, "each line once, and none is missing");
        heard = sorted;
        drop(reader);
        writer.until("left", seen);
        say(rng.usize(..70), &mut writer, &mut rng, seen);
    }
}

fn number(id: &Value) -> u64 {
    let (_, number) = id.as_str().and_then(|id| id.split_once('-')).expect("an id");
    number.parse().expect("it is a number")
}
