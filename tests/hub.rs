//! The hub, driven by the test over sockets that accept everything or nothing, or break.

#[path = "hub/socket.rs"]
mod socket;

use std::cell::RefMut;
use std::ops::Range;

use natter::door::DoorKind;
use natter::door::lang::Lang;
use natter::hub::{Hub, Ready};
use natter::ids::{PeerId, UserId};
use natter::limits::{DRAIN_MS, GOODBYE_MS, Limits, READ_BYTES, READS_PER_TURN};
use socket::{Ends, PeerSocket, at};

const NOP: [u8; 2] = [255, 241];
const WRITABLE: Ready = Ready { readable: false, writable: true, ended: false, urgent: false };

struct Silent {
    hub: Hub<PeerSocket>,
    socket: PeerSocket,
    id: PeerId,
}

impl Silent {
    /// Creates a user in the room who has sent `first` before its name, and nothing since.
    fn enter(first: &[u8]) -> Self {
        let mut hub = Hub::new(Lang::En, Limits { clients: 8, ..Limits::default() });
        let socket = PeerSocket::default();
        let id = hub.open(socket.clone(), DoorKind::Telnet, None, &at(0));
        let mut silent = Self { hub, socket, id };
        silent.send(&[first, b"alice\r\n"].concat(), 0);
        silent
    }

    fn send(&mut self, bytes: &[u8], mono_ms: u64) {
        self.socket.0.borrow_mut().sent.extend_from_slice(bytes);
        self.hub.wake(self.id.slot(), Ready { readable: true, ..Ready::default() });
        while self.hub.turn(&at(mono_ms)) {}
        self.socket.0.borrow_mut().heard.clear();
    }

    /// Returns what it is sent, and when, up to `until_ms`, if the hub runs whenever it has a
    /// deadline.
    fn sent_up_to(&mut self, until_ms: u64) -> Vec<(u64, Vec<u8>)> {
        let mut sent = Vec::new();
        while let Some(due_ms) = self.hub.deadline_ms().filter(|&due_ms| due_ms <= until_ms) {
            while self.hub.turn(&at(due_ms)) {}
            let bytes = std::mem::take(&mut self.socket.0.borrow_mut().heard);
            if !bytes.is_empty() {
                sent.push((due_ms, bytes));
            }
        }
        sent
    }
}

#[test]
fn a_telnet_client_is_sent_a_nop_a_minute() {
    // IAC NOP before the name: the client speaks telnet.
    let mut silent = Silent::enter(&NOP);
    let minutes = (1..=5).map(|minute| (minute * 60_000, NOP.to_vec()));
    assert_eq!(silent.sent_up_to(5 * 60_000), minutes.collect::<Vec<_>>());
}

#[test]
fn a_postponed_redraw_follows_in_time() {
    // DO ECHO, DO SGA: the server edits the line.
    let mut person = Silent::enter(b"");
    person.send(b"/edit on\r\n", 10_000);
    person.send(b"\xff\xfd\x01\xff\xfd\x03", 20_000);
    person.send("typed ".repeat(150).as_bytes(), 30_000);
    let other = PeerSocket::default();
    let id = person.hub.open(other.clone(), DoorKind::Telnet, None, &at(40_000));
    let say = |person: &mut Silent, line: &[u8], mono_ms| {
        other.0.borrow_mut().sent.extend_from_slice(line);
        person.hub.wake(id.slot(), Ready { readable: true, ..Ready::default() });
        while person.hub.turn(&at(mono_ms)) {}
        std::mem::take(&mut person.socket.0.borrow_mut().heard)
    };
    say(&mut person, b"bob\r\n", 40_000);
    let mut sent = 0;
    for _ in 0..100 {
        person.hub.turn(&at(50_000));
        person.socket.0.borrow_mut().sent.push(0x0c);
        person.hub.wake(person.id.slot(), Ready { readable: true, ..Ready::default() });
        while person.hub.turn(&at(50_000)) {}
        sent += std::mem::take(&mut person.socket.0.borrow_mut().heard).len();
    }
    assert!((8_192..32_768).contains(&sent), "{sent} bytes");
    let heard = say(&mut person, b"hello\r\n", 50_001);
    let text = String::from_utf8_lossy(&heard);
    assert!(text.contains("bob: hello") && !text.contains("typed"), "{text:?}");
    let later = person.sent_up_to(59_999);
    let [(due_ms, bytes)] = &later[..] else { panic!("{later:?} is no single redraw") };
    let redraws = String::from_utf8_lossy(bytes).matches("typed").count();
    assert!((50_002..55_000).contains(due_ms) && redraws == 150, "{redraws} at {due_ms}");
}

#[test]
fn a_client_without_telnet_is_sent_nothing_and_causes_no_wakeup() {
    let mut silent = Silent::enter(b"");
    assert_eq!(silent.hub.deadline_ms(), None);
    assert_eq!(silent.sent_up_to(u64::MAX), []);
}

/// Classic clients in the room, called `s000`, `s001` and so on.
struct Room {
    hub: Hub<PeerSocket>,
    members: Vec<(PeerId, PeerSocket)>,
}

impl Room {
    fn of(count: usize, limits: &Limits) -> Self {
        let limits = Limits { clients: count + 500, flood_limit: false, ..limits.clone() };
        let mut room = Self { hub: Hub::new(Lang::En, limits), members: Vec::new() };
        for number in 0..count {
            let socket = PeerSocket::default();
            let id = room.hub.open(socket.clone(), DoorKind::Classic, None, &at(0));
            room.members.push((id, socket));
            room.send(number, &format!("s{number:03} -n\n"));
            room.work(0);
        }
        // Joins are summed up when their second is over.
        room.work(2_000);
        room.members.iter().for_each(|(_, socket)| *socket.0.borrow_mut() = Ends::default());
        room
    }

    fn ends(&self, number: usize) -> RefMut<'_, Ends> {
        self.members[number].1.0.borrow_mut()
    }

    fn send(&mut self, number: usize, text: &str) {
        self.ends(number).sent.extend_from_slice(text.as_bytes());
        let ended = self.ends(number).is_ended;
        self.wake(number, Ready { readable: true, ended, ..Ready::default() });
    }

    fn wake(&mut self, number: usize, ready: Ready) {
        self.hub.wake(self.members[number].0.slot(), ready);
    }

    fn work(&mut self, mono_ms: u64) {
        while self.hub.turn(&at(mono_ms)) {}
    }

    /// Connects another client, which first sends `bytes`; returns its number.
    fn open(&mut self, kind: DoorKind, bytes: &str) -> usize {
        let (number, socket) = (self.members.len(), PeerSocket::default());
        let id = self.hub.open(socket.clone(), kind, None, &at(2_000));
        self.members.push((id, socket));
        self.send(number, bytes);
        self.work(2_000);
        number
    }

    /// Returns how many of [`Room::chatter`]'s lines `number` was sent.
    fn chatter_to(&self, number: usize) -> usize {
        memchr::memmem::find_iter(&self.ends(number).heard, ":000").count()
    }

    /// Lets each of `speakers` say as much as one read contains; returns the number of lines.
    fn chatter(&mut self, speakers: Range<usize>) -> usize {
        let lines = READ_BYTES / 64;
        for number in speakers.clone() {
            self.send(number, &format!("{:0>59} -ta\n", "z").repeat(lines));
        }
        speakers.len() * lines
    }
}

#[test]
fn all_lines_said_before_a_sweep_share_it() {
    let Limits { lag_soft_bytes, lag_hard_bytes, .. } = Limits::default();
    let mut room = Room::of(10, &Limits::default());
    let said = room.chatter(0..10);
    room.hub.turn(&at(2_000));
    for number in 0..10 {
        assert_eq!(room.chatter_to(number), said);
        let ends = room.ends(number);
        assert!((2 * lag_soft_bytes..lag_hard_bytes).contains(&ends.heard.len()));
        assert_eq!(ends.writes, 1);
    }
}

#[test]
fn no_more_is_said_than_a_tape_holds_before_a_flush() {
    let defaults = Limits::default();
    for lag_hard_bytes in [defaults.lag_hard_bytes, 4 * defaults.lag_hard_bytes] {
        let mut room = Room::of(60, &Limits { lag_hard_bytes, ..Limits::default() });
        let said = room.chatter(0..60);
        room.hub.turn(&at(2_000));
        assert!(room.ends(0).heard.len() < lag_hard_bytes + 2 * READ_BYTES);
        room.work(2_000);
        assert_eq!(room.chatter_to(0), said);
    }
}

#[test]
fn no_more_is_whispered_than_a_buffer_holds_before_a_flush() {
    let Limits { lag_soft_bytes, .. } = Limits::default();
    let mut room = Room::of(40, &Limits::default());
    for number in 1..40 {
        room.send(number, &"s000 psst -to\n".repeat(READ_BYTES / 16));
    }
    room.hub.turn(&at(2_000));
    assert!(room.ends(0).heard.len() < lag_soft_bytes + 4 * READ_BYTES);
    room.work(2_000);
    assert_eq!(
        memchr::memmem::find_iter(&room.ends(0).heard, "psst").count(),
        39 * READ_BYTES / 16
    );
}

#[test]
fn each_client_is_read_in_its_turn_however_much_others_say() {
    let mut room = Room::of(400, &Limits::default());
    (0..400).for_each(|number| room.send(number, "x -ta\n"));
    room.hub.turn(&at(2_000));
    for _ in 0..4 {
        // A client that was read has more to say at once.
        (0..READS_PER_TURN).for_each(|number| room.send(number, "y -ta\n"));
        room.hub.turn(&at(2_000));
    }
    let heard = String::from_utf8_lossy(&room.ends(0).heard).into_owned();
    assert_eq!(heard.matches(":x\r\n").count(), 400);
}

#[test]
fn a_reader_that_accepts_a_little_now_and_then_is_not_stalled() {
    let mut room = Room::of(2, &Limits { stall_secs: 30, ..Limits::default() });
    room.ends(1).room = Some(1);
    room.send(0, "hello -ta\n");
    room.work(2_000);
    for secs in [25, 50, 75] {
        room.ends(1).room = Some(1);
        room.wake(1, WRITABLE);
        room.work(secs * 1_000);
    }
    room.work(104_999);
    assert_eq!(room.hub.len(), 2);
    room.work(105_000);
    assert_eq!(room.hub.len(), 1);
}

#[test]
fn many_clients_that_end_at_once_are_sent_earlier_lines() {
    let Limits { lag_hard_bytes, .. } = Limits::default();
    let queued_bytes = 2 * lag_hard_bytes;
    let mut room = Room::of(200, &Limits { queued_bytes, ..Limits::default() });
    let said = room.chatter(0..6);
    for number in 6..200 {
        room.ends(number).is_ended = true;
        room.send(number, "");
    }
    room.work(2_000);
    for number in 0..200 {
        assert_eq!(room.chatter_to(number), said, "{number}");
    }
}

#[test]
fn a_client_that_ends_during_a_long_list_is_sent_all_of_it() {
    let mut room = Room::of(800, &Limits::default());
    room.ends(0).is_ended = true;
    room.send(0, "who\n");
    room.work(2_000);
    let heard = String::from_utf8_lossy(&room.ends(0).heard).into_owned();
    assert!((0..800).all(|number| heard.contains(&format!("s{number:03}"))));
}

#[test]
fn a_client_that_asks_again_during_a_long_list_is_sent_both_lists() {
    let mut room = Room::of(800, &Limits::default());
    room.send(0, "who\nwho\n");
    room.work(2_000);
    let heard = String::from_utf8_lossy(&room.ends(0).heard).into_owned();
    assert!((0..800).all(|number| heard.matches(&format!("s{number:03}")).count() == 2));
}

#[test]
fn a_client_that_disconnects_during_a_long_list_leaves() {
    let mut room = Room::of(800, &Limits::default());
    room.send(0, "who\n");
    room.hub.turn(&at(2_000));
    room.ends(0).is_gone = true;
    room.work(2_000);
    assert_eq!(room.hub.len(), 799);
    assert_eq!(room.hub.chat().nick(UserId::local(room.members[0].0)), None);
}

#[test]
fn a_client_that_disconnects_before_its_first_line_end_affects_nobody() {
    let mut room = Room::of(2, &Limits::default());
    assert_eq!(room.open(DoorKind::Classic, "unframed -n"), 2);
    assert_eq!(room.ends(2).heard, b"OK");
    room.ends(2).is_gone = true;
    room.ends(2).sent = b"now with a line end\nexit\n".to_vec();
    room.send(0, "hello -ta\n");
    // It is sent what follows a word later.
    room.work(2_000);
    room.work(3_000);
    assert_eq!(room.hub.len(), 2);
    assert!(room.ends(1).heard.ends_with(b"unframed left\r\n"));
}

#[test]
fn a_stalled_reader_that_ignores_somebody_is_skipped_like_others() {
    let Limits { lag_soft_bytes, .. } = Limits::default();
    let mut room = Room::of(2, &Limits::default());
    let deaf = room.open(DoorKind::Telnet, "deaf\r\n/ignore s001\r\n");
    room.ends(deaf).room = Some(0);
    for _ in 0..2_000 {
        room.send(0, "heard by all -ta\n");
        room.send(1, "ignored -ta\n");
        room.work(2_000);
        assert!(room.hub.held_bytes() < 2 * lag_soft_bytes);
    }
    room.ends(deaf).room = None;
    room.wake(deaf, WRITABLE);
    room.work(2_000);
    let heard = String::from_utf8_lossy(&room.ends(deaf).heard).into_owned();
    let told = heard.matches("heard by all").count();
    let notices = heard.split(" lines skipped").filter_map(|text| text.rsplit(' ').next());
    let skipped: Vec<usize> = notices.filter_map(|number| number.parse().ok()).collect();
    assert_eq!(told + skipped.iter().sum::<usize>(), 2_000, "{skipped:?}");
    assert!(skipped.len() < 10, "{skipped:?}");
}

#[test]
fn whispers_to_a_stalled_reader_do_not_fill_its_buffer_with_room_lines() {
    let mut room = Room::of(6, &Limits::default());
    room.ends(5).room = Some(0);
    for _ in 0..20 {
        room.chatter(0..2);
        room.work(2_000);
        room.send(0, "s005 psst -to\n");
        room.work(2_000);
    }
    assert_eq!(room.hub.len(), 6);
    room.ends(5).room = None;
    room.wake(5, WRITABLE);
    room.work(2_000);
    assert_eq!(memchr::memmem::find_iter(&room.ends(5).heard, "psst").count(), 20);
}

#[test]
fn an_omitted_line_end_is_sent_when_a_client_switches_to_lines() {
    let mut room = Room::of(1, &Limits::default());
    let bob = room.open(DoorKind::Classic, "bob -n");
    room.send(bob, "\n");
    room.work(2_000);
    assert_eq!(room.ends(bob).heard, b"OK\r\n");
}

#[test]
fn closing_takes_at_most_its_time_limit() {
    for (takes, ms) in [(None, DRAIN_MS), (Some(0), GOODBYE_MS)] {
        let mut room = Room::of(2, &Limits::default());
        room.ends(1).room = takes;
        room.send(1, "exit\n");
        room.work(2_000);
        room.work(2_000 + ms - 1);
        assert_eq!(room.hub.len(), 2);
        room.work(2_000 + ms);
        assert_eq!(room.hub.len(), 1);
    }
}

#[test]
fn a_client_with_queued_lines_is_sent_no_nop() {
    let queued_bytes = 2 * Limits::default().lag_hard_bytes;
    let mut room = Room::of(6, &Limits { queued_bytes, ..Limits::default() });
    let people: Vec<usize> = (0..400)
        .map(|number| {
            let person = room.open(DoorKind::Telnet, "");
            room.ends(person).sent = NOP.to_vec();
            room.send(person, &format!("t{number:03}\r\n"));
            room.work(2_000);
            person
        })
        .collect();
    room.work(61_999);
    let said = room.chatter(0..6);
    room.hub.turn(&at(61_999));
    room.work(62_000);
    for person in people {
        let heard = &room.ends(person).heard;
        assert_eq!(memchr::memmem::find_iter(heard, ": 000").count(), said, "{person}");
    }
}

#[test]
fn a_reader_is_not_closed_by_a_burst_of_private_messages() {
    let mut room = Room::of(66, &Limits::default());
    let text = "p".repeat(900);
    room.ends(0).room = Some(0);
    room.send(65, "fills the socket -ta\n");
    room.work(2_000);
    for number in 1..65 {
        room.send(number, &format!("s000 {text} -to\n").repeat(4));
        room.work(2_000);
    }
    room.ends(0).room = None;
    room.wake(0, WRITABLE);
    room.work(2_001);
    assert_eq!(room.hub.len(), 66);
    let heard = String::from_utf8_lossy(&room.ends(0).heard).into_owned();
    let missed = heard.split(" lines skipped").filter_map(|text| text.rsplit(' ').next());
    let missed: usize = missed.filter_map(|number| number.parse::<usize>().ok()).sum();
    assert_eq!(heard.matches(&text).count() + missed, 64 * 4);
}

#[test]
fn a_slow_reader_outlives_those_that_read_nothing() {
    let limits = Limits { queued_bytes: 256 * 1024, ..Limits::default() };
    let mut room = Room::of(202, &limits);
    (1..202).for_each(|number| room.ends(number).room = Some(0));
    let text = "p".repeat(900);
    let whisper = |to: usize| format!("s{to:03} {text} -to\n");
    for second in 0..20 {
        let now_ms = 3_000 + second * 1_000;
        // s001 reads 8 KB per second, and is sent more than that: its backlog is the largest.
        room.send(0, &whisper(1).repeat(4));
        room.work(now_ms);
        room.send(0, &whisper(1).repeat(4));
        room.work(now_ms);
        for number in 2..202 {
            if number as u64 % 10 == second % 10 {
                room.send(0, &whisper(number));
                room.work(now_ms);
            }
        }
        room.ends(1).room = Some(8_000);
        room.wake(1, WRITABLE);
        room.work(now_ms);
    }
    assert!(room.hub.len() < 202, "there was too much for all together");
    assert!(
        room.hub.chat().nick(UserId::local(room.members[1].0)).is_some(),
        "who reads is still here"
    );
}
