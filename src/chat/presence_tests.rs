//! Tests of what a room is shown when many users come and go.

use super::*;
use crate::clock::Stamp;
use crate::ids::{LOBBY, PeerId};

fn at(mono_ms: u64) -> Now {
    Now { mono_ms, stamp: Stamp { unix_ms: 1_700_000_000_000 } }
}

fn user(number: u32) -> UserId {
    UserId::local(PeerId::new(0, number))
}

fn told(
    presence: &mut Presence,
    act: impl FnOnce(&mut Presence, &mut Audience<'_, '_>),
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut out = |effect: Effect<'_>| {
        let Effect::Say { event, except, .. } = effect else {
            panic!("presence only speaks to the room: {effect:?}");
        };
        lines.push(match event {
            Event::Joined { nick } => format!("+{nick} not {}", except[0]),
            Event::Left { nick } => format!("-{nick}"),
            Event::Renamed { old, new } => format!("{old} is {new}"),
            Event::ManyJoined(crowd) => format!("+{} {}", crowd.count, crowd.first.join(",")),
            Event::ManyLeft(crowd) => format!("-{} {}", crowd.count, crowd.first.join(",")),
            other => panic!("{other:?}"),
        });
    };
    act(presence, &mut Audience { room: LOBBY, room_name: "lobby", out: &mut out });
    lines
}

fn join(presence: &mut Presence, number: u32, mono_ms: u64) -> Vec<String> {
    told(presence, |presence, to| {
        presence.join(user(number), &format!("n{number}"), &at(mono_ms), to);
    })
}

#[test]
fn more_than_five_a_second_are_summed_up_each_second() {
    let mut presence = Presence::default();
    for number in 1..=5 {
        assert_eq!(join(&mut presence, number, 2_000), [format!("+n{number} not {number}")]);
    }
    for number in 6..=42 {
        assert!(join(&mut presence, number, 2_500).is_empty());
    }
    assert_eq!(presence.deadline_ms(), Some(3_000));
    assert!(told(&mut presence, |presence, to| presence.tick(&at(2_999), to)).is_empty());
    let summary = told(&mut presence, |presence, to| presence.tick(&at(3_000), to));
    assert_eq!(summary, ["+37 n6,n7,n8"]);
    assert_eq!(presence.deadline_ms(), None);
    assert_eq!(join(&mut presence, 43, 3_001), ["+n43 not 43"]);
}

#[test]
fn a_single_gathered_join_gets_the_usual_line() {
    let mut presence = Presence::default();
    (1..=6).for_each(|number| drop(join(&mut presence, number, 0)));
    let line = told(&mut presence, |presence, to| presence.tick(&at(1_000), to));
    assert_eq!(line, ["+n6 not 6"]);
}

#[test]
fn leaves_are_summed_up_too() {
    let mut presence = Presence::default();
    (1..=5).for_each(|number| drop(join(&mut presence, number, 0)));
    for number in 1..=2 {
        let left = told(&mut presence, |presence, to| {
            presence.leave(user(number), "x", Epoch::default(), &at(1), to);
        });
        assert!(left.is_empty());
    }
    let lines = told(&mut presence, |presence, to| presence.tick(&at(1_000), to));
    assert_eq!(lines, ["-2 x,x"]);
}

#[test]
fn a_summary_lists_present_users_under_their_current_names() {
    let mut presence = Presence::default();
    (1..=5).for_each(|number| drop(join(&mut presence, number, 0)));
    let mut epochs = Vec::new();
    for number in 6..=7 {
        told(&mut presence, |presence, to| {
            epochs.push(presence.join(user(number), &format!("n{number}"), &at(0), to));
        });
    }
    let silent = told(&mut presence, |presence, to| {
        presence.leave(user(6), "n6", epochs[0], &at(1), to);
        presence.rename(user(7), ["n7", "q7"], epochs[1], to);
        presence.leave(user(1), "n1", Epoch::default(), &at(2), to);
        presence.leave(user(2), "n2", Epoch::default(), &at(2), to);
        presence.join(user(8), "n1", &at(3), to);
    });
    assert!(silent.is_empty(), "{silent:?}");
    let lines = told(&mut presence, |presence, to| presence.tick(&at(1_000), to));
    assert_eq!(lines, ["-2 n1,n2", "+2 q7,n1"]);
}

#[test]
fn a_rename_does_not_overtake_a_gathered_leave() {
    let mut presence = Presence::default();
    (1..=5).for_each(|number| drop(join(&mut presence, number, 0)));
    let lines = told(&mut presence, |presence, to| {
        presence.leave(user(2), "bob", Epoch::default(), &at(1), to);
        presence.rename(user(1), ["alice", "bob"], Epoch::default(), to);
        presence.leave(user(3), "n3", Epoch::default(), &at(2), to);
    });
    assert_eq!(lines, ["-bob", "alice is bob"]);
    let lines = told(&mut presence, |presence, to| presence.tick(&at(1_000), to));
    assert_eq!(lines, ["-n3"], "the second is still one of many");
}
