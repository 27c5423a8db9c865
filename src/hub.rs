//! One bounded turn over everyone: time, reads, chat, post, flushes, removals.
//!
//! Generic over the socket, with readiness and the moment handed in: the same hub runs over the
//! kernel's sockets, over simulated ones that misbehave from a seed, and over none at all.

use std::io::ErrorKind;
use std::net::IpAddr;

use log::info;

use crate::chat::Chat;
use crate::chat::event::{Effect, Event, Farewell};
use crate::clock::Now;
use crate::command::Command;
use crate::conn::{Life, Socket};
use crate::ids::PeerId;
use crate::lang::Lang;
use crate::limits::{DRAIN_MS, FLUSHES_PER_TURN, Limits, READ_BYTES, READS_PER_TURN, REFUSED_MAX};
use crate::outbound::Flush;
use crate::pace;
use crate::peers::Peers;
use crate::post::{Post, Tap};
use crate::text;
use crate::wire::line::Piece;

/// What a socket has become ready for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ready {
    /// There is input, or an end, or an error.
    pub readable: bool,
    /// There is room for output, or an error.
    pub writable: bool,
    /// The peer has ended its side; no further event will tell of it.
    pub ended: bool,
}

/// The chat, everyone in it, and what is on its way to them.
pub struct Hub<S> {
    chat: Chat,
    post: Post,
    peers: Peers<S>,
    limits: Limits,
    read_buffer: Box<[u8]>,
    /// The line in hand, made safe to show.
    text: String,
    /// Where the next pass over those to be heard begins.
    next_read: usize,
    /// Where the next pass over those to be written to begins.
    next_flush: usize,
    is_stopping: bool,
}

impl<S: Socket> Hub<S> {
    /// An empty room. `limits.clients` must be set.
    pub fn new(lang: Lang, limits: Limits) -> Self {
        assert!(limits.clients > 0, "how many may come has been decided");
        Self {
            chat: Chat::new(),
            post: Post::new(lang, limits.clone()),
            peers: Peers::new(),
            limits,
            read_buffer: vec![0; READ_BYTES].into(),
            text: String::new(),
            next_read: 0,
            next_flush: 0,
            is_stopping: false,
        }
    }

    /// Has `tap` called with every effect before it is carried out.
    pub fn watch(&mut self, tap: Tap) {
        self.post.watch(tap);
    }

    /// The slot that the next connection will have; none if so many wait only to be told that
    /// there is no room that one more cannot even be told.
    pub fn vacancy(&self) -> Option<usize> {
        let slab = &self.peers.slab;
        (slab.len() < self.limits.clients + REFUSED_MAX).then(|| slab.vacant_key())
    }

    /// Takes a new connection; `host` is where it comes from, if that is to be counted. One too
    /// many is told so, and closed.
    pub fn open(&mut self, sock: S, host: Option<IpAddr>, now: &Now) -> PeerId {
        let refusal = if self.peers.slab.len() >= self.limits.clients || self.is_stopping {
            Some((Event::RoomFull, Farewell::RoomFull))
        } else if host.is_some_and(|host| self.peers.count_from(host) >= self.limits.per_address) {
            Some((Event::AddressFull, Farewell::AddressFull))
        } else {
            None
        };
        let id = self.peers.insert(sock, host, now.mono_ms);
        if let Some((event, why)) = refusal {
            self.apply(Effect::Tell { to: id, event }, now);
            self.apply(Effect::Close { user: id, why }, now);
        } else {
            self.chat.arrive(id);
            self.peers.timers.arm(id.slot(), now.mono_ms + self.limits.name_secs * 1_000);
        }
        id
    }

    /// Notes what the socket in `slot` has become ready for. All work is done in [`turn`].
    ///
    /// [`turn`]: Self::turn
    pub fn wake(&mut self, slot: usize, ready: Ready) {
        let Some(conn) = self.peers.slab.get_mut(slot) else { return };
        conn.peer_ended |= ready.ended;
        if ready.readable || ready.ended {
            self.peers.readable.insert(slot);
            self.peers.to_read.insert(slot);
        }
        if ready.writable {
            self.peers.writable.insert(slot);
            self.peers.to_flush.insert(slot);
        }
    }

    /// Does a bounded piece of what there is to do; true if more is waiting.
    pub fn turn(&mut self, now: &Now) -> bool {
        while let Some(slot) = self.peers.timers.pop(now.mono_ms) {
            self.look_at(slot, now);
        }
        let Self { chat, post, peers, .. } = self;
        chat.tick(now, &mut |effect| post.apply(&effect, peers, now));
        self.hear_some(now);
        self.flush_some(now);
        self.end_failing(now);
        self.peers.reap();
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        !(self.peers.to_read.is_empty() && self.peers.to_flush.is_empty())
    }

    /// When the next turn is due even if nothing happens.
    pub fn deadline_ms(&self) -> Option<u64> {
        let deadlines = [self.peers.timers.next_ms(), self.chat.deadline_ms()];
        deadlines.into_iter().flatten().min()
    }

    /// Tells everyone that the server stops, and ends each connection when it has been told.
    pub fn shut_down(&mut self, now: &Now) {
        self.is_stopping = true;
        let Self { chat, post, peers, .. } = self;
        chat.shut_down(&mut |effect| post.apply(&effect, peers, now));
        let ids: Vec<PeerId> = self.peers.slab.iter().map(|(_, conn)| conn.id).collect();
        for id in ids {
            self.depart(id, Farewell::ShuttingDown, now);
            self.apply(Effect::Close { user: id, why: Farewell::ShuttingDown }, now);
        }
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.peers.slab.is_empty()
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.peers.slab.len()
    }

    /// The chat, to look at.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Bytes queued for anybody, and bytes heard but not yet acted on.
    pub fn held_bytes(&self) -> usize {
        let heard = |conn: &crate::conn::Conn<S>| conn.unheard_bytes() + conn.decoder.held_bytes();
        let heard: usize = self.peers.slab.iter().map(|(_, conn)| heard(conn)).sum();
        self.post.tapes.queued_bytes() + heard
    }

    /// The sockets, to look at.
    pub fn sockets(&self) -> impl Iterator<Item = (PeerId, &S)> {
        self.peers.slab.iter().map(|(_, conn)| (conn.id, &conn.sock))
    }

    fn apply(&mut self, effect: Effect<'_>, now: &Now) {
        self.post.apply(&effect, &mut self.peers, now);
    }

    fn depart(&mut self, id: PeerId, why: Farewell, now: &Now) {
        let Self { chat, post, peers, .. } = self;
        chat.depart(id, why, now, &mut |effect| post.apply(&effect, peers, now));
    }

    /// A timer of `slot` went off: something may be due.
    fn look_at(&mut self, slot: usize, now: &Now) {
        let stall_ms = self.limits.stall_secs * 1_000;
        let conn = &mut self.peers.slab[slot];
        let (id, since_ms) = (conn.id, conn.since_ms);
        match conn.life {
            Life::Open if !conn.is_named => {
                let due_ms = since_ms + self.limits.name_secs * 1_000;
                if now.mono_ms >= due_ms {
                    self.apply(Effect::Tell { to: id, event: Event::NamingOver }, now);
                    self.depart(id, Farewell::Nameless, now);
                    return self.apply(Effect::Close { user: id, why: Farewell::Nameless }, now);
                }
                self.peers.timers.arm(slot, due_ms);
            }
            // One that can be written to again is not stalled, however late its turn comes: this
            // process may have been stopped, not the peer.
            Life::Open if conn.is_blocked && !self.peers.writable.contains(slot) => {
                if now.mono_ms >= since_ms + stall_ms {
                    return self.fail(id, Farewell::Stalled, now);
                }
                self.peers.timers.arm(slot, since_ms + stall_ms);
            }
            Life::Open => {}
            Life::Closing | Life::Draining => {
                let due_ms = since_ms + conn.ending_ms();
                if now.mono_ms >= due_ms {
                    return self.give_up(slot);
                }
                self.peers.timers.arm(slot, due_ms);
            }
            Life::Doomed => return,
        }
        // Whatever else it may have waited for: each notes anew what it still has to wait for.
        self.peers.want_read(slot);
        self.peers.want_flush(slot);
    }

    fn hear_some(&mut self, now: &Now) {
        let (start, mut from, mut is_second_half) = (self.next_read, self.next_read, false);
        for _ in 0..READS_PER_TURN {
            if self.post.is_congested() {
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
            self.hear(slot, now);
        }
        self.next_read = from;
    }

    /// One read of `slot`, or what an earlier one left.
    fn hear(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        match conn.life {
            Life::Open => {}
            Life::Draining => return self.drain(slot),
            Life::Closing | Life::Doomed => return,
        }
        if conn.is_lagging(&self.post.tapes, &self.limits) {
            // It is heard again when it has read enough: see `flush`.
            return;
        }
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
            let conn = &self.peers.slab[slot];
            if conn.unheard_bytes() >= READ_BYTES || conn.peer_ended {
                // What it said is heard before the end of it is looked for.
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
            Ok(0) if conn.unheard_bytes() > 0 => {
                conn.peer_ended = true;
                return;
            }
            Ok(0) => return self.hear_end(slot, now),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                return self.peers.to_read.insert(slot);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && !conn.is_mute => {
                return self.peers.readable.remove(slot);
            }
            Err(_) => return self.fail(id, Farewell::Broken, now),
        };
        // A short read found the end of the input: an event will tell of more, so asking once
        // more is saved. But no event tells of an end that came together with these bytes.
        if count < self.read_buffer.len() && !conn.peer_ended && !conn.is_mute {
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
            let conn = &mut self.peers.slab[slot];
            if conn.life != Life::Open {
                return;
            }
            let line_ms = conn.bucket.next_line_ms(&self.limits);
            let is_lagging = conn.is_lagging(&self.post.tapes, &self.limits);
            if line_ms > now.mono_ms || is_lagging || self.post.is_congested() {
                conn.extra_mut().unheard.push_front(burst.to_vec());
                if line_ms > now.mono_ms {
                    self.peers.timers.arm(slot, line_ms);
                }
                break;
            }
            let (taken, piece) = conn.decoder.next(burst, self.limits.line_bytes);
            burst = &burst[taken..];
            let Some(piece) = piece else { break };
            conn.bucket.charge_line(&self.limits, now.mono_ms);
            let id = conn.id;
            let is_line = take_text(&piece, &mut self.text, self.limits.line_bytes);
            self.obey(id, is_line, now);
        }
        let conn = &self.peers.slab[slot];
        if conn.life == Life::Open && conn.decoder.unended_bytes() > self.limits.unended_bytes {
            let id = conn.id;
            self.apply(Effect::Tell { to: id, event: Event::Unended }, now);
            self.depart(id, Farewell::Unended, now);
            self.apply(Effect::Close { user: id, why: Farewell::Unended }, now);
        }
    }

    /// Has the chat do what the line in `self.text` says, if it is a line that is taken.
    fn obey(&mut self, id: PeerId, is_line: bool, now: &Now) {
        let Self { chat, post, peers, text, limits, .. } = self;
        let mut out = |effect: Effect<'_>| post.apply(&effect, peers, now);
        if !is_line {
            chat.too_long(id, limits.line_bytes, &mut out);
        } else if !text.trim().is_empty() {
            // An empty line asks for nothing: Return was pressed, or a line end came late.
            chat.command(id, Command::parse(text), now, &mut out);
        }
    }

    /// The peer of `slot` has ended its side: its last line counts, ended or not.
    fn hear_end(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let id = conn.id;
        conn.peer_ended = true;
        conn.has_heard_end = true;
        if let Some(piece) = conn.decoder.finish() {
            let is_line = take_text(&piece, &mut self.text, self.limits.line_bytes);
            self.obey(id, is_line, now);
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
            Ok(count) if count < self.read_buffer.len() && !conn.peer_ended => {
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

    fn flush_some(&mut self, now: &Now) {
        for _ in 0..FLUSHES_PER_TURN {
            let Some(slot) = self.peers.to_flush.next_round(self.next_flush) else { break };
            self.next_flush = slot + 1;
            self.peers.to_flush.remove(slot);
            self.flush(slot, now);
        }
    }

    /// Writes to `slot` what its socket takes.
    fn flush(&mut self, slot: usize, now: &Now) {
        let (post, limits) = (&mut self.post, &self.limits);
        let conn = &mut self.peers.slab[slot];
        if conn.is_mute || matches!(conn.life, Life::Draining | Life::Doomed) {
            return;
        }
        let (written, end) = pace::flush(conn, post, limits, now);
        if conn.life == Life::Open && conn.is_named && written > 0 {
            conn.since_ms = now.mono_ms;
        }
        match end {
            Ok(pace::End::Flushed(Flush::Drained)) => {
                conn.is_blocked = false;
                if conn.life == Life::Closing {
                    return self.end_writing(slot, now);
                }
                if conn.is_listing {
                    self.peers.to_read.insert(slot);
                }
            }
            Ok(pace::End::Flushed(Flush::Budget)) => self.peers.to_flush.insert(slot),
            Ok(pace::End::Flushed(Flush::Blocked)) => {
                self.peers.writable.remove(slot);
                if conn.life == Life::Open && conn.is_named && !conn.is_blocked {
                    conn.since_ms = now.mono_ms;
                }
                conn.is_blocked = true;
                if conn.is_lagging(&post.tapes, limits) {
                    conn.out.skip(&mut post.tapes);
                }
                self.peers.timers.arm(slot, now.mono_ms + limits.stall_secs * 1_000);
            }
            Ok(pace::End::Paused { until_ms }) => {
                conn.is_blocked = false;
                self.peers.timers.arm(slot, until_ms);
            }
            Err(_) => return self.mute(slot),
        }
        if written > 0 {
            self.peers.want_read(slot);
        }
    }

    /// All that a closing connection was to be told is sent.
    fn end_writing(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        if conn.sock.end_writing().is_err() || conn.has_heard_end {
            return self.give_up(slot);
        }
        conn.life = Life::Draining;
        conn.since_ms = now.mono_ms;
        self.peers.timers.arm(slot, now.mono_ms + DRAIN_MS);
        self.peers.want_read(slot);
    }

    /// The socket of `slot` takes nothing any more: what it still sent is heard, then it ends.
    fn mute(&mut self, slot: usize) {
        let conn = &mut self.peers.slab[slot];
        if conn.life != Life::Open {
            return self.give_up(slot);
        }
        conn.is_mute = true;
        self.post.forget(conn);
        self.peers.readable.insert(slot);
        self.peers.to_read.insert(slot);
    }

    /// Ends `id` without another word.
    fn fail(&mut self, id: PeerId, why: Farewell, now: &Now) {
        if self.peers.get_mut(id).is_none() {
            return;
        }
        info!("at={:?} event=close id={id} why={}", now.stamp.as_str(), why.as_str());
        self.depart(id, why, now);
        self.give_up(id.slot());
    }

    fn give_up(&mut self, slot: usize) {
        self.post.forget(&mut self.peers.slab[slot]);
        self.peers.doom(slot);
    }

    fn end_failing(&mut self, now: &Now) {
        loop {
            while let Some((id, why)) = self.peers.failing.pop() {
                self.fail(id, why, now);
            }
            if self.post.tapes.queued_bytes() <= self.limits.queued_bytes {
                break;
            }
            // Too much for all together: whoever has the most queued pays.
            let conns = self.peers.slab.iter().map(|(_, conn)| (conn.out.own_bytes(), conn.id));
            match conns.max() {
                Some((own_bytes, id)) if own_bytes > 0 => {
                    self.peers.failing.push((id, Farewell::Crowded));
                }
                _ => break,
            }
        }
    }

    /// What holds between turns, whatever the peers did.
    fn check_invariants(&self) {
        let peers = &self.peers;
        let mut owned_bytes = 0;
        for (slot, conn) in &peers.slab {
            owned_bytes += conn.out.own_bytes();
            let pending = conn.out.pending(&self.post.tapes);
            assert_eq!(conn.out.tape().is_some(), self.post.is_member(slot), "members follow");
            assert!(conn.life != Life::Doomed, "the doomed are gone");
            let is_queued = peers.to_flush.contains(slot);
            assert!(!is_queued || peers.writable.contains(slot), "only the writable are queued");
            if pending > 0 && peers.writable.contains(slot) && !conn.is_unframed() {
                assert!(is_queued, "who lacks something and can take it is queued: {}", conn.id);
            }
            assert!(conn.unheard_bytes() <= 2 * READ_BYTES, "what is read ahead is bounded");
        }
        assert_eq!(owned_bytes, self.post.tapes.owned_bytes, "own bytes are counted exactly");
    }
}

/// Puts the line of `piece` into `text`, safe to show; false if it is longer than is taken.
fn take_text(piece: &Piece<'_>, text: &mut String, bytes_max: usize) -> bool {
    text.clear();
    match piece {
        Piece::Line(line) => {
            text::clean(line, text);
            text.len() <= bytes_max
        }
        Piece::TooLong => false,
    }
}
