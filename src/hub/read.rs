//! The hearing half of a turn: sockets to bytes, to lines, to commands.

use std::io::ErrorKind;

use crate::chat::command::{Command, Setting};
use crate::chat::event::{Answer, Effect, Event, Farewell};
use crate::clock::Now;
use crate::door::Wire;
use crate::door::charset::Charset;
use crate::door::line::Piece;
use crate::door::telnet::commands;
use crate::door::telnet::decoder::Decoder;
use crate::hub::Hub;
use crate::hub::conn::{Life, Socket};
use crate::hub::pace;
use crate::hub::peers::Peers;
use crate::hub::post::Post;
use crate::limits::READS_PER_TURN;
use crate::text;

impl<S: Socket> Hub<S> {
    pub(super) fn hear_some(&mut self, now: &Now) {
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
            // Each is heard once in a turn: a pass ends where it began.
            let Some(slot) = next.filter(|&slot| !is_second_half || slot < start) else { break };
            self.peers.to_read.remove(slot);
            from = slot + 1;
            if self.must_catch_up(slot) {
                // It is heard again when it has read enough: see `flush`.
                continue;
            }
            self.hear(slot, now);
            if self.must_catch_up(slot) && self.peers.writable.contains(slot) {
                // What it lacks of the tape became its own: so it would for all who are heard now.
                self.peers.overfull.push(slot);
            }
        }
        self.next_read = from;
    }

    /// Whether somebody has to be written to before anything more may be said.
    fn must_flush_first(&self) -> bool {
        self.post.is_congested() || !self.peers.overfull.is_empty()
    }

    /// Whether `slot` has to take what is queued for it before it is heard. What it merely was not
    /// sent yet is no reason: so all that is said while a sweep is on its way shares the next.
    fn must_catch_up(&self, slot: usize) -> bool {
        let conn = &self.peers.slab[slot];
        let is_blocked = !self.peers.writable.contains(slot);
        conn.out.own_bytes() > self.limits.lag_soft_bytes
            || is_blocked && conn.is_lagging(&self.post.tapes, &self.limits)
    }

    /// One read of `slot`, or what an earlier one left.
    fn hear(&mut self, slot: usize, now: &Now) {
        match self.peers.slab[slot].life {
            Life::Open => {}
            Life::Draining => return self.drain(slot),
            Life::Closing | Life::Doomed => return,
        }
        let conn = &mut self.peers.slab[slot];
        if conn.is_listing && conn.out.pending(&self.post.tapes) == 0 {
            conn.is_listing = false;
            let (id, Self { chat, post, peers, .. }) = (conn.id, &mut *self);
            chat.resume(id, &mut |effect| post.apply(&effect, peers, now));
        }
        let conn = &mut self.peers.slab[slot];
        let line_ms = conn.bucket.next_line_ms(&self.limits);
        let may_speak = line_ms <= now.mono_ms;
        if !may_speak {
            if conn.is_mute {
                // Dead, and a flooder: its backlog dies with it.
                let id = conn.id;
                return self.fail(id, Farewell::Broken, now);
            }
            self.peers.timers.arm(slot, line_ms);
        }
        if self.peers.slab[slot].unheard_bytes() > 0 {
            if may_speak {
                let unheard = &mut self.peers.slab[slot].extra_mut().unheard;
                let burst = unheard.pop_front().expect("there is something unheard");
                self.listen(slot, &burst, now);
                return self.peers.want_read(slot);
            }
            if !self.peers.slab[slot].may_be_read_ahead() {
                return;
            }
        }
        if self.peers.readable.contains(slot) && (may_speak || self.peers.slab[slot].is_unframed())
        {
            self.read(slot, may_speak, now);
        }
    }

    fn read(&mut self, slot: usize, may_speak: bool, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let (id, read_ms) = (conn.id, conn.bucket.next_read_ms(&self.limits));
        if read_ms > now.mono_ms && !conn.is_mute {
            return self.peers.timers.arm(slot, read_ms);
        }
        let count = match conn.sock.read(&mut self.read_buffer) {
            // What it has said is heard, and what it has asked for is answered, before that.
            Ok(0) if conn.unheard_bytes() > 0 || conn.is_listing && !conn.is_mute => {
                conn.peer_ended = true;
                return;
            }
            Ok(0) => return self.hear_end(slot, now),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                return self.peers.to_read.insert(slot);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && !conn.is_mute => {
                conn.decoder.end_burst();
                return self.peers.readable.remove(slot);
            }
            Err(_) => return self.fail(id, Farewell::Broken, now),
        };
        if count < self.read_buffer.len() && conn.is_drained_by_short_read() {
            self.peers.readable.remove(slot);
        }
        conn.bucket.charge_bytes(count, &self.limits, now.mono_ms);
        if may_speak {
            let buffer = std::mem::take(&mut self.read_buffer);
            self.listen(slot, &buffer[..count], now);
            self.read_buffer = buffer;
        } else {
            let burst = self.read_buffer[..count].to_vec();
            conn.extra_mut().unheard.push_back(burst);
        }
        self.peers.want_read(slot);
    }

    /// Acts on the lines in `burst`, as far as `slot` may speak now; keeps the rest.
    fn listen(&mut self, slot: usize, mut burst: &[u8], now: &Now) {
        while !burst.is_empty() {
            let must_wait = self.must_flush_first() || self.must_catch_up(slot);
            let conn = &mut self.peers.slab[slot];
            if conn.life != Life::Open {
                return;
            }
            let was_unframed = conn.is_unframed();
            let line_ms = conn.bucket.next_line_ms(&self.limits);
            if line_ms > now.mono_ms || must_wait {
                conn.extra_mut().unheard.push_front(burst.to_vec());
                break;
            }
            if conn.decoder.telnet().is_some_and(|telnet| telnet.is_editing()) {
                // An echo has its place behind what was said before.
                self.post.settle(conn, false, now);
            }
            let (taken, piece) = conn.decoder.next(burst, now.mono_ms, self.limits.line_bytes);
            burst = &burst[taken..];
            let heard = piece.map(|piece| take(&piece, &mut self.text, self.limits.line_bytes));
            self.answer(slot, now);
            let Some(heard) = heard else { break };
            let conn = &mut self.peers.slab[slot];
            // To complete a name costs as much as a line: all names are looked at.
            conn.bucket.charge_line(&self.limits, now.mono_ms);
            if was_unframed && !conn.is_unframed() {
                pace::end(conn, &mut self.post);
                self.peers.want_flush(slot);
            }
            self.obey(slot, heard, now);
        }
        // Entering the room has disarmed what was armed before.
        self.keep_alive(slot, now);
        let conn = &mut self.peers.slab[slot];
        conn.decoder.release();
        if conn.life == Life::Open && conn.decoder.unended_bytes() > self.limits.unended_bytes {
            let id = conn.id;
            self.dismiss(id, Event::Unended, Farewell::Unended, now);
        }
    }

    fn answer(&mut self, slot: usize, now: &Now) {
        answer(&mut self.post, &mut self.peers, slot, now);
    }

    /// Does what was heard from `slot`; a line is in `self.text`.
    fn obey(&mut self, slot: usize, heard: Heard, now: &Now) {
        let Self { chat, post, peers, text, limits, .. } = self;
        let conn = &peers.slab[slot];
        let id = conn.id;
        let command = match (heard, conn.decoder.wire()) {
            (Heard::Line, _) if text.trim().is_empty() => {
                // It asks for nothing: Return was pressed, or a line end came late.
                return match conn.decoder.wire() {
                    Wire::Classic => {}
                    Wire::Telnet(_) => {
                        self.apply(Effect::Tell { to: id, event: Event::Nothing }, now);
                    }
                };
            }
            (Heard::Line, Wire::Classic) => Command::parse(text),
            (Heard::Line, Wire::Telnet(_)) => commands::parse(text, conn.is_named),
            (Heard::TooLong, _) => {
                let mut out = |effect: Effect<'_>| post.apply(&effect, peers, now);
                return chat.too_long(id, limits.line_bytes, &mut out);
            }
            (Heard::Stray(word), _) => return self.dismiss(id, word, Farewell::Stray, now),
            (Heard::Complete, _) => return self.complete(slot, now),
        };
        match command {
            Command::Set(setting) => {
                let Some(telnet) = peers.slab[slot].decoder.telnet() else { return };
                let event = set(telnet, setting);
                answer(post, peers, slot, now);
                post.apply(&Effect::Tell { to: id, event }, peers, now);
            }
            _ => chat.command(id, command, now, &mut |effect| post.apply(&effect, peers, now)),
        }
    }

    /// Completes the name that is being typed in `slot`.
    fn complete(&mut self, slot: usize, now: &Now) {
        let Some(telnet) = self.peers.slab[slot].decoder.telnet() else { return };
        let names = self.chat.names_starting(telnet.word());
        telnet.complete(&names);
        self.answer(slot, now);
    }

    /// The peer of `slot` has ended its side: its last line counts, ended or not.
    fn hear_end(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let id = conn.id;
        conn.peer_ended = true;
        conn.has_heard_end = true;
        if let Some(piece) = conn.decoder.finish(self.limits.line_bytes) {
            let heard = take(&piece, &mut self.text, self.limits.line_bytes);
            self.answer(slot, now);
            self.obey(slot, heard, now);
        }
        self.depart(id, Farewell::Closed, now);
        self.apply(Effect::Close { user: id, why: Farewell::Closed }, now);
        if self.peers.slab[slot].is_mute {
            self.give_up(slot);
        }
    }

    /// Throws away what a closed connection still sends, up to its end.
    fn drain(&mut self, slot: usize) {
        let conn = &mut self.peers.slab[slot];
        match conn.sock.read(&mut self.read_buffer) {
            Ok(0) => self.give_up(slot),
            Ok(count) if count < self.read_buffer.len() && conn.is_drained_by_short_read() => {
                self.peers.readable.remove(slot);
            }
            Ok(_) => self.peers.to_read.insert(slot),
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.peers.to_read.insert(slot);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.peers.readable.remove(slot),
            Err(_) => self.give_up(slot),
        }
    }
}

/// Sends what the decoder of `slot` has to answer, and tells what it has found out.
fn answer<S>(post: &mut Post, peers: &mut Peers<S>, slot: usize, now: &Now) {
    let is_blocked = !peers.writable.contains(slot);
    let conn = &mut peers.slab[slot];
    let (id, Some(telnet)) = (conn.id, conn.decoder.telnet()) else { return };
    let replies = telnet.take_replies();
    // Both may have come in one read: a guess, and that editing began.
    let notices = [telnet.take_notice(), telnet.take_notice()];
    post.answer(conn, &replies, is_blocked, now);
    post.rewire(conn, is_blocked, now);
    peers.want_flush(slot);
    for event in notices.into_iter().flatten() {
        post.apply(&Effect::Tell { to: id, event }, peers, now);
    }
}

/// What a piece of input is, its line set aside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Line,
    TooLong,
    Stray(Event<'static>),
    Complete,
}

/// Puts the line of `piece` into `text`, safe to show.
fn take(piece: &Piece<'_>, text: &mut String, bytes_max: usize) -> Heard {
    text.clear();
    match *piece {
        Piece::Line(line) => {
            text::clean(line, text);
            if text.len() <= bytes_max { Heard::Line } else { Heard::TooLong }
        }
        Piece::TooLong => Heard::TooLong,
        Piece::Stray(word) => Heard::Stray(word),
        Piece::Complete => Heard::Complete,
    }
}

/// Has somebody see things as `setting` says; what it is told of that.
fn set<'a>(telnet: &mut Decoder, setting: Setting<'a>) -> Event<'a> {
    let answer = match setting {
        Setting::Time(shown) => {
            telnet.choose_time(shown);
            Answer::TimeSet { shown }
        }
        Setting::Color(on) => {
            telnet.choose_color(on);
            Answer::ColorSet { on }
        }
        Setting::Charset(name) => match Charset::of_name(name) {
            Some(charset) => {
                telnet.choose_charset(charset);
                Answer::CharsetSet { name: charset.as_str(), is_guessed: false }
            }
            None => Answer::NoSuchCharset { name },
        },
        Setting::Edit(on) => {
            telnet.edit(on);
            if telnet.is_editing() != on {
                // It is told when the terminal has answered, which some never do.
                return Event::Nothing;
            }
            Answer::EditSet { on }
        }
    };
    Event::Answer(answer)
}
