//! What one member still has to be sent: its own bytes first, then the tape from its place on.
//!
//! ```text
//!   own: what is for this member alone | (n lines skipped) | tape: what all in the room get
//! ```
//!
//! Between calls a member's place on the tape is always the start of a line, or of a prompt
//! behind one: what a partial write left of a line moves to the member's own bytes. So lines can
//! be skipped, copied and counted whole.

use std::io::{self, IoSlice, Write};

use crate::delivery::tape::{TapeId, Tapes};

/// Runs that one write hands to the kernel at most; a tape seldom holds more.
const SLICES_MAX: usize = 8;

/// One member's queue.
#[derive(Default)]
pub struct Outbound {
    /// Nothing, most of the time: then it takes 8 bytes.
    own: Option<Box<Own>>,
    /// The place on the tape, if there is one.
    at: u64,
    tape: Option<TapeId>,
    /// Lines left out between `own` and the place on the tape, not yet told.
    skipped: u32,
}

/// What is for one member alone.
#[derive(Default)]
struct Own {
    bytes: Vec<u8>,
    /// How much of `bytes` has been sent.
    sent: usize,
}

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Nothing is left.
    Drained,
    /// The socket takes no more; it will say when it does.
    Blocked,
    /// More could be sent now, but it is the others' turn.
    Budget,
}

impl Outbound {
    /// Queues `bytes` for this member alone, behind what is in `own`.
    ///
    /// What comes from the tape first must be [settled](Self::settle) first.
    pub fn push(&mut self, bytes: &[u8], tapes: &mut Tapes) {
        assert_eq!(self.lag(tapes), 0, "what was said before must go out before");
        assert_eq!(self.skipped, 0, "a gap is told before what comes after it");
        self.add(bytes, tapes);
    }

    /// Takes its place at the head of `tape`.
    pub fn follow(&mut self, tape: TapeId, tapes: &mut Tapes) {
        assert!(self.tape.is_none(), "one tape at a time");
        self.at = tapes.get_mut(tape).enter();
        self.tape = Some(tape);
    }

    /// Gives up its place; what it had not read is lost unless it was settled.
    pub fn unfollow(&mut self, tapes: &mut Tapes) {
        if let Some(tape) = self.tape.take() {
            tapes.get_mut(tape).leave(self.at);
        }
    }

    /// The tape it follows.
    pub fn tape(&self) -> Option<TapeId> {
        self.tape
    }

    /// Bytes on the tape that it has not read.
    pub fn lag(&self, tapes: &Tapes) -> usize {
        self.tape.map_or(0, |tape| {
            let behind = tapes.get(tape).head() - self.at;
            usize::try_from(behind).expect("a tape is held in memory")
        })
    }

    /// Bytes in its own buffer.
    pub fn own_bytes(&self) -> usize {
        self.own().len()
    }

    /// Everything it still has to be sent, in bytes.
    pub fn pending(&self, tapes: &Tapes) -> usize {
        self.own_bytes() + self.lag(tapes)
    }

    /// Its own bytes that are not sent yet.
    pub fn own(&self) -> &[u8] {
        self.own.as_deref().map_or(&[], |own| &own.bytes[own.sent..])
    }

    /// Lines left out that it has not been told of.
    pub fn skipped(&self) -> u32 {
        self.skipped
    }

    /// Tells of the gap, in the place where it is: behind `own`, before the tape.
    pub fn tell_skipped(&mut self, notice: &[u8], tapes: &mut Tapes) {
        assert!(self.skipped > 0, "there is a gap to tell of");
        self.skipped = 0;
        self.add(notice, tapes);
    }

    /// Puts `bytes` before everything that is not sent yet.
    pub fn prepend(&mut self, bytes: &[u8], tapes: &mut Tapes) {
        let own = self.own.get_or_insert_default();
        own.bytes.splice(own.sent..own.sent, bytes.iter().copied());
        tapes.owned_bytes += bytes.len();
    }

    /// Copies what it lacks of the tape into its own buffer: the order is fixed from here on.
    pub fn settle(&mut self, tapes: &mut Tapes) {
        assert_eq!(self.skipped, 0, "a gap is told before what comes after it");
        let Some(tape) = self.tape else { return };
        let tape = tapes.get_mut(tape);
        let (from, head) = (self.at, tape.head());
        if from == head {
            return;
        }
        let own = self.own.get_or_insert_default();
        while self.at < head {
            let run = tape.run(self.at);
            own.bytes.extend_from_slice(run);
            self.at += run.len() as u64;
        }
        tape.advance(from, head);
        tapes.owned_bytes += usize::try_from(head - from).expect("a tape is held in memory");
    }

    /// Moves its place to the head and counts the lines that it will not get.
    pub fn skip(&mut self, tapes: &mut Tapes) {
        let Some(tape) = self.tape else { return };
        let tape = tapes.get_mut(tape);
        let head = tape.head();
        self.skipped = self.skipped.saturating_add(tape.lines(self.at, head));
        tape.advance(self.at, head);
        self.at = head;
    }

    /// Leaves out a line of its own, and with it the lines said before.
    pub fn skip_own_line(&mut self, tapes: &mut Tapes) {
        self.skip(tapes);
        self.skipped = self.skipped.saturating_add(1);
    }

    /// Moves its place to the head past a line that it must not see.
    ///
    /// `lag` is the length of that line: all that came before has been settled.
    pub fn pass_over(&mut self, lag: usize, tapes: &mut Tapes) {
        assert_eq!(self.lag(tapes), lag, "only the one line is passed over");
        let Some(tape) = self.tape else { return };
        let tape = tapes.get_mut(tape);
        tape.advance(self.at, tape.head());
        self.at = tape.head();
    }

    /// Forgets everything: the peer is gone.
    pub fn clear(&mut self, tapes: &mut Tapes) {
        self.unfollow(tapes);
        self.skipped = 0;
        let own_bytes = self.own_bytes();
        self.consume_own(own_bytes, tapes);
    }

    /// Writes as much as the socket takes, `budget` bytes at most; also says how much that was.
    ///
    /// # Errors
    /// What the socket answered, other than that it is full; the peer is lost then.
    pub fn flush(
        &mut self,
        to: &mut impl Write,
        tapes: &mut Tapes,
        budget: usize,
    ) -> (usize, io::Result<Flush>) {
        assert_eq!(self.skipped, 0, "a gap is told before what comes after it");
        let mut written = 0;
        let end = loop {
            if self.pending(tapes) == 0 {
                break Ok(Flush::Drained);
            }
            if written >= budget {
                break Ok(Flush::Budget);
            }
            match self.write_once(to, tapes) {
                Ok((accepted, offered)) => {
                    written += accepted;
                    self.consume(accepted, tapes);
                    // A short write found the buffer full: the kernel has noted that we wait
                    // (SOCK_NOSPACE) and will send an event, so asking once more is saved.
                    if accepted < offered {
                        break Ok(Flush::Blocked);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    break Ok(Flush::Blocked);
                }
                Err(error) => break Err(error),
            }
        };
        (written, end)
    }

    /// Writes the first `count` of its own bytes, or as many as the socket takes.
    ///
    /// # Errors
    /// What the socket answered, other than that it is full.
    pub fn flush_own(
        &mut self,
        to: &mut impl Write,
        tapes: &mut Tapes,
        count: usize,
    ) -> io::Result<usize> {
        let written = loop {
            match to.write(&self.own()[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => break written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break 0,
                Err(error) => return Err(error),
            }
        };
        self.consume_own(written, tapes);
        Ok(written)
    }

    /// Drops the first `count` of its own bytes unsent.
    pub fn drop_own(&mut self, count: usize, tapes: &mut Tapes) {
        self.consume_own(count, tapes);
    }

    /// One system call; how much was accepted, and how much offered.
    fn write_once(&self, to: &mut impl Write, tapes: &Tapes) -> io::Result<(usize, usize)> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let (mut used, mut offered) = (0, 0);
        let mut offer = |bytes| {
            slices[used] = IoSlice::new(bytes);
            used += 1;
            offered += bytes.len();
        };
        if self.own_bytes() > 0 {
            offer(self.own());
        }
        if let Some(tape) = self.tape {
            let (tape, mut at) = (tapes.get(tape), self.at);
            for _ in 1..SLICES_MAX {
                let run = tape.run(at);
                if run.is_empty() {
                    break;
                }
                offer(run);
                at += run.len() as u64;
            }
        }
        // A plain `send` costs the kernel less than a `sendmsg` of one slice.
        let accepted = match used {
            1 => to.write(&slices[0])?,
            _ => to.write_vectored(&slices[..used])?,
        };
        match accepted {
            0 => Err(io::ErrorKind::WriteZero.into()),
            _ => Ok((accepted, offered)),
        }
    }

    /// `accepted` bytes are sent: first of its own, then of the tape.
    fn consume(&mut self, accepted: usize, tapes: &mut Tapes) {
        let of_own = accepted.min(self.own_bytes());
        self.consume_own(of_own, tapes);
        let of_tape = (accepted - of_own) as u64;
        let Some(tape) = self.tape.filter(|_| of_tape > 0) else { return };
        let tape = tapes.get_mut(tape);
        let (from, cut) = (self.at, self.at + of_tape);
        self.at = cut;
        let mut torn = 0;
        // At the head all lines are whole, also those that end in a prompt.
        let mut is_whole = tape.run(cut - 1)[0] == b'\n';
        while !is_whole && self.at < tape.head() {
            let run = tape.run(self.at);
            let end = memchr::memchr(b'\n', run);
            let rest = &run[..end.map_or(run.len(), |at| at + 1)];
            self.own.get_or_insert_default().bytes.extend_from_slice(rest);
            self.at += rest.len() as u64;
            torn += rest.len();
            is_whole = end.is_some();
        }
        tape.advance(from, self.at);
        tapes.owned_bytes += torn;
    }

    /// Queues `bytes` behind its own and before what it lacks of the tape.
    pub fn add(&mut self, bytes: &[u8], tapes: &mut Tapes) {
        self.own.get_or_insert_default().bytes.extend_from_slice(bytes);
        tapes.owned_bytes += bytes.len();
    }

    fn consume_own(&mut self, count: usize, tapes: &mut Tapes) {
        assert!(count <= self.own_bytes(), "no more is sent than there is");
        tapes.owned_bytes -= count;
        let Some(own) = &mut self.own else { return };
        own.sent += count;
        if own.sent == own.bytes.len() {
            self.own = None;
        } else if own.sent > own.bytes.len() / 2 {
            own.bytes.drain(..own.sent);
            own.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: TapeId = TapeId(0);

    /// A socket that takes `room` bytes and is full then.
    struct Full {
        room: usize,
        taken: Vec<u8>,
        calls: usize,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            let count = bytes.len().min(self.room);
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            self.write(&all)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn full(room: usize) -> Full {
        Full { room, taken: Vec::new(), calls: 0 }
    }

    fn member() -> (Outbound, Tapes) {
        let (mut out, mut tapes) = (Outbound::default(), Tapes::new(1));
        out.follow(ROOM, &mut tapes);
        (out, tapes)
    }

    fn say(line: &str, tapes: &mut Tapes) {
        tapes.get_mut(ROOM).append(line.as_bytes());
    }

    #[test]
    fn own_bytes_then_the_tape_go_out_in_one_call_and_leave_no_buffer() {
        let (mut out, mut tapes) = member();
        out.push(b"OK\r\n", &mut tapes);
        say("one\r\ntwo\r\n", &mut tapes);
        let mut socket = full(1_000);
        let (written, end) = out.flush(&mut socket, &mut tapes, 1_000);
        assert_eq!((written, end.ok()), (14, Some(Flush::Drained)));
        assert_eq!(socket.taken, b"OK\r\none\r\ntwo\r\n");
        assert_eq!(socket.calls, 1);
        assert!(out.own.is_none() && tapes.owned_bytes == 0);
    }

    #[test]
    fn wherever_a_write_is_cut_the_stream_is_whole_and_the_place_starts_a_line() {
        let said = "first\r\n第二\r\nthird\r\n";
        for room in 0..said.len() {
            let (mut out, mut tapes) = member();
            say(said, &mut tapes);
            let mut socket = full(room);
            let (written, end) = out.flush(&mut socket, &mut tapes, 1_000);
            assert_eq!((written, end.ok()), (room, Some(Flush::Blocked)));
            let lag = out.lag(&tapes);
            let before = &said.as_bytes()[..said.len() - lag];
            assert!(before.is_empty() || before.ends_with(b"\n"), "cut at {room}");
            assert_eq!(out.pending(&tapes), said.len() - room);
            assert_eq!(tapes.owned_bytes, out.own_bytes());
            socket.room = 1_000;
            assert_eq!(out.flush(&mut socket, &mut tapes, 1_000).1.ok(), Some(Flush::Drained));
            assert_eq!(socket.taken, said.as_bytes());
        }
    }

    #[test]
    fn lines_with_a_prompt_behind_them_are_whole_wherever_a_write_is_cut() {
        let said = "\r\0one\r\n> \r\0two\r\n> ";
        for room in 1..=said.len() {
            let (mut out, mut tapes) = member();
            say(said, &mut tapes);
            let mut socket = full(room);
            out.flush(&mut socket, &mut tapes, 1_000).1.expect("the socket is well");
            assert_eq!(out.pending(&tapes), said.len() - room);
            assert_eq!(tapes.owned_bytes, out.own_bytes());
            socket.room = 1_000;
            assert_eq!(out.flush(&mut socket, &mut tapes, 1_000).1.ok(), Some(Flush::Drained));
            assert_eq!(socket.taken, said.as_bytes());
        }
    }

    #[test]
    fn a_private_line_comes_where_it_was_said() {
        let (mut out, mut tapes) = member();
        say("before\r\n", &mut tapes);
        out.settle(&mut tapes);
        out.push(b"private\r\n", &mut tapes);
        say("after\r\n", &mut tapes);
        let mut socket = full(1_000);
        out.flush(&mut socket, &mut tapes, 1_000).1.expect("the socket is well");
        assert_eq!(socket.taken, b"before\r\nprivate\r\nafter\r\n");
    }

    #[test]
    fn skipped_lines_are_counted_whole_and_told_in_their_place() {
        let (mut out, mut tapes) = member();
        say("one\r\ntwo\r\nthree\r\n", &mut tapes);
        let mut socket = full(2);
        out.flush(&mut socket, &mut tapes, 1_000).1.expect("the socket is well");
        out.skip(&mut tapes);
        say("four\r\n", &mut tapes);
        out.skip(&mut tapes);
        assert_eq!(out.skipped(), 3);
        out.tell_skipped(b"(3)\r\n", &mut tapes);
        say("five\r\n", &mut tapes);
        socket.room = 1_000;
        out.flush(&mut socket, &mut tapes, 1_000).1.expect("the socket is well");
        assert_eq!(socket.taken, b"one\r\n(3)\r\nfive\r\n");
    }

    #[test]
    fn a_line_passed_over_is_not_seen() {
        let (mut out, mut tapes) = member();
        say("seen\r\n", &mut tapes);
        out.settle(&mut tapes);
        say("alice joined\r\n", &mut tapes);
        out.pass_over(14, &mut tapes);
        let mut socket = full(1_000);
        out.flush(&mut socket, &mut tapes, 1_000).1.expect("the socket is well");
        assert_eq!(socket.taken, b"seen\r\n");
    }

    #[test]
    fn a_budget_ends_a_flush_and_a_clear_gives_everything_back() {
        let (mut out, mut tapes) = member();
        for _ in 0..30 {
            say(&("x".repeat(998) + "\r\n"), &mut tapes);
        }
        out.settle(&mut tapes);
        say(&"y\r\n".repeat(60_000), &mut tapes);
        let (written, end) = out.flush(&mut full(1_000_000), &mut tapes, 30_000);
        assert!((30_000..200_000).contains(&written));
        assert_eq!(end.ok(), Some(Flush::Budget));
        out.clear(&mut tapes);
        assert_eq!((out.pending(&tapes), tapes.owned_bytes), (0, 0));
    }
}
