//! The reading half of a turn: reads sockets, decodes the bytes, and dispatches the commands.

use crate::chat::event::CloseReason;
use crate::clock::Now;
use crate::door::notice::Notice;
use crate::door::protocol::{Context, Delivery, Input, Outcome};
use crate::hub::Hub;
use crate::hub::conn::{Phase, Reading, Socket};
use crate::hub::pace;
use crate::ids::UserId;
use crate::limits::READS_PER_TURN;

impl<S: Socket> Hub<S> {
    pub(super) fn read_some(&mut self, now: &Now) {
        let (start, mut from, mut is_second_half) = (self.next_read, self.next_read, false);
        for _ in 0..READS_PER_TURN {
            if self.must_flush_first() {
                break;
            }
            let mut next = self.peers.to_read.next_from(from);
            if next.is_none() && !is_second_half {
                is_second_half = true;
                next = self.peers.to_read.next_from(0);
            }
            // Each connection is read once in a turn: a pass ends where it began.
            let Some(slot) = next.filter(|&slot| !is_second_half || slot < start) else { break };
            from = slot + 1;
            if self.is_room_congested(slot) {
                // It stays queued: the readers of its room are flushed in this turn.
                continue;
            }
            self.peers.to_read.remove(slot);
            if self.must_catch_up(slot) {
                // It is read again when it has accepted enough: see `flush`.
                continue;
            }
            self.serve(slot, now);
            if self.must_catch_up(slot) && self.peers.writable.contains(slot) {
                // Serving it settled its tapes into its own buffer; the same would happen to all
                // that are read now.
                self.peers.overfull.push(slot);
            }
        }
        self.next_read = from;
    }

    /// Whether a connection has to be flushed before any other input is handled.
    fn must_flush_first(&self) -> bool {
        !self.peers.overfull.is_empty()
    }

    /// Whether a room of `slot` has so much unsent that `slot` may not add to it.
    fn is_room_congested(&self, slot: usize) -> bool {
        let tapes = &self.post.tapes;
        self.peers.slab[slot].out.tapes().any(|tape| tapes.is_congested(tapes.get(tape).room))
    }

    /// Whether `slot` has to accept what is queued for it before it is read. Bytes that we merely
    /// have not sent yet do not count: so everything said during a sweep shares the next one.
    fn must_catch_up(&self, slot: usize) -> bool {
        let conn = &self.peers.slab[slot];
        let is_blocked = !self.peers.writable.contains(slot);
        conn.out.own_bytes() > self.limits.lag_soft_bytes
            || is_blocked && conn.is_lagging(&self.post.tapes, &self.limits)
    }

    /// Does one read of `slot`, or decodes what an earlier one left.
    fn serve(&mut self, slot: usize, now: &Now) {
        match self.peers.slab[slot].phase {
            Phase::Naming { .. } | Phase::Open => {}
            Phase::Draining { .. } => return self.drain(slot),
            Phase::Closing { .. } | Phase::Doomed => return,
        }
        let conn = &mut self.peers.slab[slot];
        let line_ms = conn.allowance.next_line_ms(&self.limits);
        let may_speak = line_ms <= now.mono_ms;
        if conn.is_listing && !conn.is_write_closed() {
            // One long answer at a time, one screenful for each line of its allowance: it is read
            // again when all of this screenful has been sent.
            if !may_speak {
                self.peers.timers.arm(slot, line_ms);
            } else if conn.out.pending(&self.post.tapes) == 0 {
                self.resume(slot, now);
            }
            if self.peers.slab[slot].is_listing {
                return;
            }
        }
        let conn = &mut self.peers.slab[slot];
        if !may_speak {
            if conn.is_write_closed() {
                // The peer is gone and was flooding: its backlog is dropped with it.
                let id = conn.id;
                return self.fail(id, CloseReason::Broken, now);
            }
            self.peers.timers.arm(slot, line_ms);
        }
        if self.peers.slab[slot].undecoded_bytes() > 0 {
            if may_speak {
                let undecoded = &mut self.peers.slab[slot].extra_mut().undecoded;
                let burst = undecoded.pop_front().expect("undecoded bytes are in a burst");
                self.decode(slot, &burst, now);
                return self.peers.want_read(slot);
            }
            if !self.peers.slab[slot].may_be_read_ahead() {
                return;
            }
        }
        let may_read = may_speak || self.peers.slab[slot].is_paced();
        if self.peers.readable.contains(slot) && may_read {
            self.read(slot, may_speak, now);
        }
    }

    /// Queues the next part of the long answer to `slot`.
    fn resume(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        conn.is_listing = false;
        conn.allowance.charge_line(&self.limits, now.mono_ms);
        let (user, Self { chat, post, peers, .. }) = (UserId::local(conn.id), &mut *self);
        chat.resume(user, &mut |effect| post.apply(&effect, peers, now));
        self.conclude(slot, Outcome::default(), now);
    }

    fn read(&mut self, slot: usize, may_speak: bool, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let (id, read_ms) = (conn.id, conn.allowance.next_read_ms(&self.limits));
        if read_ms > now.mono_ms && !conn.is_write_closed() {
            return self.peers.timers.arm(slot, read_ms);
        }
        let Ok(took) = conn.sock.read(&mut self.read_buffer) else {
            return self.fail(id, CloseReason::Broken, now);
        };
        // After its write side has closed, it is read to the end without waiting for an event.
        if took.drained && !(conn.is_write_closed() && took.bytes > 0) {
            self.peers.readable.remove(slot);
        }
        let conn = &mut self.peers.slab[slot];
        match took.bytes {
            0 if !took.drained => {
                // The commands it sent before the end are executed, and its long answer is
                // finished, first.
                conn.reading = Reading::Ended;
                if conn.undecoded_bytes() == 0 {
                    self.read_end(slot, now);
                }
                return;
            }
            0 if conn.is_write_closed() => return self.fail(id, CloseReason::Broken, now),
            0 => return conn.protocol.end_burst(),
            bytes => conn.allowance.charge_bytes(bytes, &self.limits, now.mono_ms),
        }
        if may_speak {
            let buffer = std::mem::take(&mut self.read_buffer);
            self.decode(slot, &buffer[..took.bytes], now);
            self.read_buffer = buffer;
        } else {
            let burst = self.read_buffer[..took.bytes].to_vec();
            conn.extra_mut().undecoded.push_back(burst);
        }
        self.peers.want_read(slot);
    }

    /// Decodes and dispatches `burst` as far as the allowance of `slot` goes; keeps the rest.
    fn decode(&mut self, slot: usize, mut burst: &[u8], now: &Now) {
        let context = Context { now: *now, line_bytes_max: self.limits.line_bytes };
        let mut text = std::mem::take(&mut self.text);
        while !burst.is_empty() {
            let must_wait =
                self.must_flush_first() || self.must_catch_up(slot) || self.is_room_congested(slot);
            let conn = &mut self.peers.slab[slot];
            if !conn.is_open() {
                break;
            }
            let must_wait = must_wait || conn.is_listing;
            let was_paced = conn.is_paced();
            let line_ms = conn.allowance.next_line_ms(&self.limits);
            if line_ms > now.mono_ms || must_wait {
                conn.extra_mut().undecoded.push_front(burst.to_vec());
                break;
            }
            if conn.protocol.delivery() == Delivery::Copied {
                // An echo belongs behind what was said before.
                self.post.settle(conn, false, now);
            }
            let (taken, input) =
                conn.protocol.decode(burst, &context, &mut self.post.zones, &mut text);
            burst = &burst[taken..];
            self.post.answer(slot, &mut self.peers, now);
            let Some(input) = input else { break };
            let conn = &mut self.peers.slab[slot];
            // Completing a name costs as much as a line: it searches all names.
            conn.allowance.charge_line(&self.limits, now.mono_ms);
            if was_paced && !conn.is_paced() {
                pace::end(conn, &mut self.post);
                self.peers.want_flush(slot);
            }
            self.dispatch(slot, input, now);
        }
        self.text = text;
        // Entering a room has disarmed the slot's timer.
        self.tick_protocol(slot, now);
        let conn = &mut self.peers.slab[slot];
        conn.protocol.release();
        if conn.is_open() && conn.protocol.unterminated_bytes() > self.limits.unterminated_bytes {
            let id = conn.id;
            self.dismiss(id, &Notice::Unterminated, CloseReason::Unterminated, now);
        }
    }

    /// Executes what `slot` has asked for.
    fn dispatch(&mut self, slot: usize, input: Input<'_>, now: &Now) {
        let id = self.peers.slab[slot].id;
        let before = self.chat.last_line();
        let mut outcome = Outcome::default();
        match input {
            Input::Command(command) => self.ask(id, command, now),
            Input::Numbered { number, command } => {
                outcome.line = self.ask_once(id, number, command, now);
            }
            Input::Session(session) => match self.take_session(id, session, now) {
                Some(number) => outcome.number = number,
                None => self.post.notify(id, &Notice::BadSession, &mut self.peers, now),
            },
            Input::Program => {
                self.chat.inform(UserId::local(id));
                let line_bytes_max = self.limits.line_bytes;
                let notice = Notice::Hello { line_bytes_max, is_kept: self.chat.is_kept() };
                self.post.notify(id, &notice, &mut self.peers, now);
            }
            Input::Notice(notice) => self.post.notify(id, &notice, &mut self.peers, now),
            Input::Nothing => {}
            Input::Complete => self.complete(slot, now),
            Input::Reject(notice) => self.dismiss(id, &notice, CloseReason::Stray, now),
        }
        let line = self.chat.last_line();
        if line != before {
            outcome.line = Some(line);
        }
        self.conclude(slot, outcome, now);
    }

    /// Concludes the answer to a request of `slot`, unless parts of a long answer are still to
    /// come.
    fn conclude(&mut self, slot: usize, outcome: Outcome<'_>, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let id = conn.id;
        if !conn.is_open() {
            return self.end_session(id, now);
        }
        if conn.is_listing || !conn.protocol.has_own_output() {
            return;
        }
        let name = self.chat.nick(UserId::local(id));
        if conn.protocol.conclude(&Outcome { name, ..outcome }) {
            self.post.answer(slot, &mut self.peers, now);
        }
    }

    /// Completes the name that is being typed in `slot`.
    fn complete(&mut self, slot: usize, now: &Now) {
        let protocol = &mut self.peers.slab[slot].protocol;
        let names = self.chat.names_starting(protocol.word());
        protocol.complete(&names);
        self.post.answer(slot, &mut self.peers, now);
    }

    /// Handles the end of the input of `slot`: the last line counts, terminated or not.
    fn read_end(&mut self, slot: usize, now: &Now) {
        let context = Context { now: *now, line_bytes_max: self.limits.line_bytes };
        let conn = &mut self.peers.slab[slot];
        let id = conn.id;
        conn.reading = Reading::Done;
        let mut text = std::mem::take(&mut self.text);
        let zones = &mut self.post.zones;
        if let Some(input) = conn.protocol.finish(&context, zones, &mut text) {
            self.post.answer(slot, &mut self.peers, now);
            self.dispatch(slot, input, now);
        }
        self.text = text;
        self.depart(id, CloseReason::Closed, now);
        if self.peers.slab[slot].is_write_closed() {
            self.give_up(slot);
        }
    }

    /// Discards what a closed connection still sends, up to its end.
    fn drain(&mut self, slot: usize) {
        match self.peers.slab[slot].sock.read(&mut self.read_buffer) {
            Ok(took) if took.drained => self.peers.readable.remove(slot),
            Ok(took) if took.bytes > 0 => self.peers.to_read.insert(slot),
            Ok(_) | Err(_) => self.give_up(slot),
        }
    }
}
