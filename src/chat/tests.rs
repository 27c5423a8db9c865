//! Tests of the chat from command to effect: names, rooms, long answers, and the fold.

use super::*;
use crate::chat::event::Answer;
use crate::clock::Stamp;
use crate::ids::PeerId;

const RULES: Rules =
    Rules { past_lines: 20, history_bytes: 1 << 20, rooms_max: 4, topic_bytes_max: 16 };

/// A chat that records its effects as text.
struct Talk {
    chat: Chat,
    now_ms: u64,
    seen: Vec<String>,
}

fn user(number: u32) -> UserId {
    UserId::local(PeerId::new(number as usize, number))
}

impl Talk {
    /// Creates guests 1 to `count`, in the lobby, called `u1` and so on.
    fn of(count: u32) -> Self {
        let mut talk = Self { chat: Chat::new(RULES), now_ms: 0, seen: Vec::new() };
        for number in 1..=count {
            talk.chat.arrive(user(number), true, &mut |_| {});
            talk.ask(number, Command::Name(&format!("u{number}")));
        }
        talk.pass(2_000);
        talk.seen.clear();
        talk
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, stamp: Stamp { unix_ms: 1_700_000_000_000 } }
    }

    fn ask(&mut self, number: u32, command: Command<'_>) {
        let (now, seen) = (self.now(), &mut self.seen);
        self.chat.command(user(number), command, &now, &mut |effect| seen.push(shown(&effect)));
    }

    fn resume(&mut self, number: u32) {
        let seen = &mut self.seen;
        self.chat.resume(user(number), &mut |effect| seen.push(shown(&effect)));
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        let (now, seen) = (self.now(), &mut self.seen);
        self.chat.tick(&now, &mut |effect| seen.push(shown(&effect)));
    }

    /// Returns what was seen since the last call.
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }
}

fn shown(effect: &Effect<'_>) -> String {
    match *effect {
        Effect::Tell { to, event } => format!("{to} {}", worded(&event)),
        Effect::Say { room_name, event, except, .. } => {
            let except: Vec<String> = except.iter().map(ToString::to_string).collect();
            format!("#{room_name} {} -{}", worded(&event), except.join(","))
        }
        Effect::Enter { user, room_name, .. } => format!("{user} -> {room_name}"),
        Effect::Leave { user, room } => format!("{user} <- {}", room.0),
        Effect::More { to } => format!("{to} more"),
        Effect::Keep(kept) => format!("{kept:?}"),
        Effect::Close { user, why, .. } => format!("{user} closes: {}", why.as_str()),
    }
}

fn worded(event: &Event<'_>) -> String {
    let mut text = Vec::new();
    match event {
        Event::Answer(Answer::Ignoring { .. }) => return "ignoring".into(),
        event => crate::door::lang::Lang::En.write(event, &mut text).expect("memory takes it"),
    }
    String::from_utf8(text).expect("texts are text")
}

#[test]
fn a_move_is_announced_in_both_rooms_and_shows_the_new_room() {
    let mut talk = Talk::of(2);
    talk.ask(1, Command::Join("tea"));
    assert_eq!(
        talk.seen(),
        [
            "#lobby system: u1 left -1",
            "1 <- 0",
            "#tea system: u1 joined -1",
            "1 -> tea",
            "1 system: you are in tea, alone so far",
        ]
    );
    talk.ask(1, Command::Topic(Some("all about tea")));
    assert_eq!(talk.seen(), ["#tea system: u1 set the topic: all about tea -"]);
    talk.ask(1, Command::Say("hot"));
    assert_eq!(talk.seen(), ["#tea u1:hot -"]);
    talk.ask(2, Command::Join("TEA"));
    let seen = talk.seen();
    assert_eq!(
        seen[4..],
        ["2 system: you are in tea, 2 here: all about tea", "2 -- the last message --", "2 u1:hot",]
    );
    talk.ask(2, Command::Tell { to: "u1", text: "psst" });
    talk.ask(1, Command::Join("tea"));
    talk.ask(1, Command::LeaveRoom);
    let seen = talk.seen();
    assert!(seen.contains(&"1 system: you are already in tea".into()), "{seen:?}");
    assert!(seen.contains(&"1 -> lobby".into()), "{seen:?}");
}

#[test]
fn a_room_ends_when_empty_and_its_history_is_found_again() {
    let mut talk = Talk::of(1);
    talk.ask(1, Command::Join("tea"));
    talk.ask(1, Command::Topic(Some("topic")));
    talk.ask(1, Command::Say("hot"));
    let full = talk.chat.rooms();
    talk.ask(1, Command::LeaveRoom);
    assert_eq!(talk.chat.rooms(), full - 1);
    talk.ask(1, Command::Join("coffee"));
    talk.ask(1, Command::Say("cold"));
    talk.seen.clear();
    talk.ask(1, Command::Join("tea"));
    let seen = talk.seen();
    assert!(seen.contains(&"1 system: you are in tea, alone so far".into()), "no topic: {seen:?}");
    assert_eq!(
        seen.last().map(String::as_str),
        Some("1 -- nothing was said while you were away --")
    );
    talk.ask(1, Command::Last(Some(5)));
    assert_eq!(talk.seen(), ["1 -- the last message --", "1 u1:hot"]);
}

#[test]
fn room_names_follow_the_rules_of_names_and_rooms_are_limited() {
    let mut talk = Talk::of(5);
    for (room, answer) in [
        ("lobby", "system: you are already in lobby"),
        ("L0BBY", "system: you are already in lobby"),
        ("системa", "system: invalid room name: do not mix look-alike alphabets"),
        ("a:b", "system: invalid room name: use only letters, digits and _ - . '"),
        ("system", "system: invalid room name: that name is reserved"),
        (&"x".repeat(17), "system: invalid room name: at most 16 columns and 48 bytes"),
    ] {
        talk.ask(1, Command::Join(room));
        assert_eq!(talk.seen(), [format!("1 {answer}")], "{room}");
    }
    for number in 2..=4 {
        talk.ask(number, Command::Join(&format!("room{number}")));
    }
    talk.seen.clear();
    talk.ask(5, Command::Join("another"));
    let answer = "system: the limit of 4 rooms is reached; join one of them (list: rooms)";
    assert_eq!(talk.seen(), [format!("5 {answer}")]);
    talk.ask(2, Command::Join("another"));
    assert_eq!(talk.chat.rooms(), 4, "a user alone in a room may move to a new one");
    talk.seen.clear();
    talk.ask(1, Command::Topic(Some("more than sixteen bytes")));
    assert_eq!(talk.seen(), ["1 system: topic not set: it is longer than 16 bytes"]);
    talk.ask(3, Command::Join("another"));
    talk.seen.clear();
    talk.ask(1, Command::Rooms);
    let rooms = ["3 rooms:", "lobby (2)", "another (2)", "room4 (1)"];
    assert_eq!(talk.seen(), rooms.map(|line| format!("1 system: {line}")));
    talk.ask(3, Command::Who);
    let seen = talk.seen();
    assert_eq!(seen, ["3 system: 2 here in another, 5 online in all rooms:", "3 system: u2, u3"]);
}

#[test]
fn a_user_in_several_rooms_reads_and_leaves_all_of_them() {
    let mut talk = Talk::of(2);
    talk.ask(1, Command::Enter("tea"));
    talk.ask(1, Command::Enter("coffee"));
    talk.seen.clear();
    talk.ask(1, Command::Name("alice"));
    let renamed: Vec<String> =
        talk.seen().into_iter().filter(|line| line.starts_with('#')).collect();
    assert_eq!(renamed.len(), 3, "{renamed:?}");
    let now = talk.now();
    talk.chat.depart(user(1), CloseReason::Closed, &now, &mut |_| {});
    assert_eq!((talk.chat.rooms(), talk.chat.present()), (1, 1));
}

#[test]
fn long_answers_are_sent_in_screenfuls() {
    let mut talk = Talk { chat: Chat::new(Rules { rooms_max: 100, ..RULES }), ..Talk::of(0) };
    for number in 1..=400 {
        talk.chat.arrive(user(number), true, &mut |_| {});
        talk.ask(number, Command::Name(&format!("u{number}")));
    }
    (1..=60).for_each(|number| talk.ask(number, Command::Join(&format!("room{number}"))));
    (0..300).for_each(|number| talk.ask(400, Command::Say(&number.to_string())));
    talk.seen.clear();
    for (command, count) in [
        (Command::Who, 340),
        (Command::Rooms, 61),
        (Command::Last(Some(256)), 256),
        (Command::Since { after: None, room: None }, 256),
    ] {
        talk.ask(400, command);
        let mut shown = Vec::new();
        loop {
            let mut seen = talk.seen();
            let more = seen.pop_if(|line| line == "400 more").is_some();
            assert!(seen.len() <= 21, "{command:?}: {} lines at once", seen.len());
            shown.extend(seen);
            if !more {
                break;
            }
            talk.resume(400);
        }
        // The first line is a heading; several names share a line.
        let items: Vec<&str> = shown[1..].iter().flat_map(|line| line.split(", ")).collect();
        assert_eq!(items.len(), count, "{command:?}");
    }
}

#[test]
fn ignore_and_whisper_mean_the_same_user_by_a_name() {
    let mut talk = Talk::of(2);
    // This is Cyrillic; only drawn as it stands does it look like what is typed below.
    talk.ask(2, Command::Name("гоо"));
    for (is_ignored, except) in [(true, "1"), (false, "")] {
        talk.ask(1, Command::Ignore(Some("Roo")));
        talk.seen.clear();
        talk.ask(2, Command::Say("hi"));
        assert_eq!(talk.seen(), [format!("#lobby гоо:hi -{except}")], "{is_ignored}");
    }
}

#[test]
fn a_beginning_is_completed_from_all_present_users() {
    let mut talk = Talk::of(20);
    for number in 1..=20 {
        let name = if number == 20 { "albert".into() } else { format!("Alice{number}") };
        talk.ask(number, Command::Name(&name));
    }
    assert_eq!(talk.chat.names_starting("AL").len(), 20, "the last is not like the others");
    assert_eq!(talk.chat.names_starting("alice1").len(), 11);
    assert!(talk.chat.names_starting("alice1x").is_empty());
}

#[test]
fn a_screenful_is_bounded_in_bytes_too() {
    let mut talk = Talk::of(1);
    let long = "x".repeat(5_000);
    for _ in 0..40 {
        talk.ask(1, Command::Say(&long));
    }
    talk.seen.clear();
    talk.ask(1, Command::Last(Some(40)));
    let mut lines = 0;
    loop {
        let seen = talk.seen();
        assert!(seen.iter().map(String::len).sum::<usize>() < 32 * 1024);
        lines += seen.iter().filter(|line| line.ends_with('x')).count();
        if seen.last().is_none_or(|line| line != "1 more") {
            break;
        }
        talk.resume(1);
    }
    assert_eq!(lines, 40);
}

#[test]
fn a_proposal_is_checked_again_when_it_is_committed() {
    let mut talk = Talk::of(6);
    talk.chat.arrive(user(7), false, &mut |_| {});
    let now = talk.now();
    let mut proposed = Vec::new();
    for (number, room) in [(1, "tea"), (1, "tea"), (2, "r2"), (3, "r3"), (4, "r4"), (5, "r5")] {
        let proposal = talk.chat.propose(user(number), Command::Enter(room), &now);
        let Proposal::Commit(entry) = proposal else { panic!("there is room for each alone") };
        proposed.push(entry);
    }
    let stray = Some(entry::RoomName::new("tea"));
    proposed.push(Entry::new(user(7), stray, What::Moved, &now));
    let mut seen = Vec::new();
    for entry in &proposed {
        talk.chat.commit(entry, &now, &mut |effect| seen.push(shown(&effect)));
    }
    assert_eq!(talk.chat.rooms(), 4, "{seen:?}");
    let refused = "system: the limit of 4 rooms is reached; join one of them (list: rooms)";
    let refused = [4, 5].map(|number| format!("{number} {refused}"));
    assert_eq!(seen.iter().filter(|line| refused.contains(line)).count(), 2, "{seen:?}");
    for number in 1..=7 {
        talk.chat.depart(user(number), CloseReason::Closed, &now, &mut |_| {});
    }
    assert_eq!((talk.chat.rooms(), talk.chat.present()), (1, 0));
}

#[test]
fn entering_another_room_announces_a_gathered_arrival() {
    let mut talk = Talk::of(7);
    for number in 1..=6 {
        talk.ask(number, Command::Join("tea"));
    }
    talk.ask(6, Command::Enter("coffee"));
    let now = talk.now();
    let seen = &mut talk.seen;
    talk.chat.depart(user(6), CloseReason::Closed, &now, &mut |effect| seen.push(shown(&effect)));
    talk.pass(2_000);
    let seen = talk.seen();
    let of_tea = seen.iter().filter(|line| line.starts_with("#tea") && line.contains("u6"));
    assert_eq!(
        of_tea.collect::<Vec<_>>(),
        ["#tea system: u6 joined -6", "#tea system: u6 left -6"]
    );
}
