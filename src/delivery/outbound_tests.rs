//! Tests of a send queue: writes cut anywhere, with one tape or several.

use super::*;

const SLOT: usize = 3;
const ROOM: RoomId = RoomId(0);

/// A socket that accepts `room` bytes and is full then.
struct Full {
    room: usize,
    taken: Vec<u8>,
    calls: usize,
}

impl Full {
    fn of(room: usize) -> Self {
        Self { room, taken: Vec::new(), calls: 0 }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        self.calls += 1;
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let bytes = all.len().min(self.room);
        self.room -= bytes;
        self.taken.extend_from_slice(&all[..bytes]);
        Ok(Took { bytes, drained: bytes < all.len() })
    }

    fn flush(&mut self, out: &mut Outbound, tapes: &mut Tapes<()>) -> (usize, Flush) {
        let (written, end) = out.flush(tapes, 30_000, |slices| self.write(slices));
        (written, end.expect("the socket is well"))
    }
}

fn member() -> (Outbound, Tapes<()>) {
    let (mut out, mut tapes) = (Outbound::default(), Tapes::new(1 << 20));
    out.follow(SLOT, ROOM, (), &mut tapes);
    (out, tapes)
}

fn say(room: RoomId, lines: &[&str], tapes: &mut Tapes<()>) {
    let id = tapes.first_of_room(room).expect("somebody follows it");
    lines.iter().for_each(|line| tapes.append(id, line.as_bytes()));
}

#[test]
fn own_bytes_then_the_tape_go_out_in_one_call_and_leave_no_buffer() {
    let (mut out, mut tapes) = member();
    out.settle(&mut tapes).push(b"OK\r\n");
    say(ROOM, &["one\r\n", "two\r\n"], &mut tapes);
    let mut socket = Full::of(1_000);
    assert_eq!(socket.flush(&mut out, &mut tapes), (14, Flush::Drained));
    assert_eq!(socket.taken, b"OK\r\none\r\ntwo\r\n");
    assert_eq!(socket.calls, 1);
    assert!(out.own.is_none() && tapes.owned_bytes() == 0);
}

#[test]
fn a_write_cut_anywhere_keeps_the_stream_whole_and_the_position_at_a_record() {
    // Records end in anything, and contain line ends.
    let records = ["first\r\n", "\r\0第\n二\r\n> ", "\n", "third"];
    let said = records.concat();
    for room in 0..said.len() {
        let (mut out, mut tapes) = member();
        say(ROOM, &records, &mut tapes);
        let mut socket = Full::of(room);
        assert_eq!(socket.flush(&mut out, &mut tapes), (room, Flush::Blocked));
        let left = out.lag(&tapes);
        assert!((0..=4).any(|count| records[count..].concat().len() == left), "cut at {room}");
        assert_eq!(out.pending(&tapes), said.len() - room);
        assert_eq!(tapes.owned_bytes(), out.own_bytes());
        socket.room = 1_000;
        assert_eq!(socket.flush(&mut out, &mut tapes).1, Flush::Drained);
        assert_eq!(socket.taken, said.as_bytes());
        tapes.check_invariants();
    }
}

#[test]
fn lines_of_each_room_keep_their_order_when_writes_are_cut() {
    let rooms = [0, 1, 2].map(RoomId);
    let said: Vec<Vec<String>> = rooms
        .iter()
        .map(|room| (0..3).map(|line| format!("{}{line}{}\n", room.0, "x".repeat(9))).collect())
        .collect();
    let total: usize = said.iter().flatten().map(String::len).sum();
    for room_bytes in 0..total {
        let (mut out, mut tapes) = (Outbound::default(), Tapes::new(1 << 20));
        rooms.iter().for_each(|&room| out.follow(SLOT, room, (), &mut tapes));
        for line in 0..3 {
            for (room, lines) in rooms.iter().zip(&said) {
                say(*room, &[&lines[line]], &mut tapes);
            }
        }
        let mut socket = Full::of(room_bytes);
        socket.flush(&mut out, &mut tapes);
        out.settle(&mut tapes).push(b"private\n");
        socket.room = 1_000;
        socket.flush(&mut out, &mut tapes);
        let taken = String::from_utf8(socket.taken).expect("lines are text");
        assert!(taken.ends_with("private\n"));
        for (room, lines) in rooms.iter().zip(&said) {
            let number = room.0.to_string();
            let of_room = taken.split_inclusive('\n').filter(|line| line.starts_with(&number));
            assert!(of_room.eq(lines.iter().map(String::as_str)), "cut at {room_bytes}");
        }
        for room in [1, 0, 2].map(RoomId) {
            out.unfollow(SLOT, room, &mut tapes);
            tapes.check_invariants();
        }
        assert!(tapes.is_empty() && matches!(out.feeds, Feeds::None));
    }
}

#[test]
fn a_private_line_keeps_its_place_among_room_lines() {
    let (mut out, mut tapes) = member();
    say(ROOM, &["before\r\n"], &mut tapes);
    out.settle(&mut tapes).push(b"private\r\n");
    say(ROOM, &["after\r\n"], &mut tapes);
    let mut socket = Full::of(1_000);
    socket.flush(&mut out, &mut tapes);
    assert_eq!(socket.taken, b"before\r\nprivate\r\nafter\r\n");
}

#[test]
fn skipped_records_are_counted_and_reported_in_their_place() {
    let (mut out, mut tapes) = member();
    say(ROOM, &["one\r\n", "two\r\n", "three\r\n"], &mut tapes);
    let mut socket = Full::of(2);
    socket.flush(&mut out, &mut tapes);
    out.skip(&mut tapes);
    say(ROOM, &["four\r\n"], &mut tapes);
    out.skip(&mut tapes);
    assert_eq!(out.skipped(), 3);
    out.tell_skipped(b"(3)\r\n", &mut tapes);
    say(ROOM, &["five\r\n"], &mut tapes);
    socket.room = 1_000;
    socket.flush(&mut out, &mut tapes);
    assert_eq!(socket.taken, b"one\r\n(3)\r\nfive\r\n");
}

#[test]
fn a_record_passed_over_is_not_seen() {
    let (mut out, mut tapes) = member();
    say(ROOM, &["seen\r\n"], &mut tapes);
    out.settle(&mut tapes);
    say(ROOM, &["alice joined\r\n"], &mut tapes);
    let id = out.tapes().next().expect("it follows one");
    out.pass_over(id, 14, &mut tapes);
    let mut socket = Full::of(1_000);
    socket.flush(&mut out, &mut tapes);
    assert_eq!(socket.taken, b"seen\r\n");
}

#[test]
fn a_budget_ends_a_flush_and_clear_drops_everything() {
    let (mut out, mut tapes) = member();
    say(ROOM, &["x".repeat(998).as_str(); 30], &mut tapes);
    out.settle(&mut tapes);
    say(ROOM, &["y\r\n"; 60_000], &mut tapes);
    let (written, end) = Full::of(1_000_000).flush(&mut out, &mut tapes);
    assert!((30_000..250_000).contains(&written));
    assert_eq!(end, Flush::Budget);
    out.clear(SLOT, &mut tapes);
    assert_eq!((out.pending(&tapes), tapes.queued_bytes()), (0, 0));
    assert!(tapes.is_empty());
}

#[test]
fn a_connection_with_one_tape_is_as_small_as_one_with_none() {
    assert_eq!(std::mem::size_of::<Feeds>(), 16);
    assert_eq!(std::mem::size_of::<Outbound>(), 32);
    assert_eq!(std::mem::size_of::<Feed>(), 16);
}
