//! Effects to bytes: what the chat wants shown goes on tapes and into outbounds.

use log::info;

use crate::chat::event::{Effect, Event, Farewell};
use crate::clock::Now;
use crate::delivery::tape::{TapeId, Tapes};
use crate::door::Wire;
use crate::door::lang::Lang;
use crate::door::telnet::encode::PROMPT;
use crate::hub::conn::{Conn, Life, Pace};
use crate::hub::peers::Peers;
use crate::ids::{PeerId, RoomId};
use crate::limits::{GOODBYE_MS, Limits, TAPE_CHUNK_BYTES};
use crate::slots::SlotSet;

#[allow(clippy::cast_possible_truncation, reason = "there are few")]
const WIRES: u32 = Wire::COUNT as u32;

/// Sees every effect before it is carried out.
pub type Tap = Box<dyn FnMut(&Effect<'_>, &Now)>;

/// The tapes, who follows them, and how events are put into bytes.
pub struct Post {
    /// The tapes of all rooms and wires.
    pub tapes: Tapes,
    /// By tape: who follows it.
    members: Vec<SlotSet>,
    /// The tapes that somebody follows, which are few, and how lines look on each.
    followed: Vec<(TapeId, Wire)>,
    /// By tape: its head when laggards were last looked for.
    searched_at: Vec<u64>,
    lang: Lang,
    limits: Limits,
    /// The bytes of the event in hand.
    line: Vec<u8>,
    tap: Option<Tap>,
}

impl Post {
    /// No tape has anything on it.
    pub fn new(lang: Lang, limits: Limits) -> Self {
        let count = Wire::COUNT;
        Self {
            tapes: Tapes::new(count),
            members: vec![SlotSet::default(); count],
            followed: Vec::new(),
            searched_at: vec![0; count],
            lang,
            limits,
            line: Vec::new(),
            tap: None,
        }
    }

    /// Has `tap` called with every effect, before it is carried out: for tests that hold the
    /// streams against a model of their own.
    pub fn watch(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Whether a tape holds so much that nothing more may be said before readers have caught
    /// up. Blocked ones are skipped, so those are readers whose turn to be written to comes.
    pub fn is_congested(&self) -> bool {
        let mut tapes = self.followed.iter().map(|&(tape, _)| self.tapes.get(tape));
        tapes.any(|tape| tape.held_bytes() >= self.limits.lag_hard_bytes)
    }

    /// Carries out one effect.
    pub fn apply<S>(&mut self, effect: &Effect<'_>, peers: &mut Peers<S>, now: &Now) {
        if let Some(tap) = &mut self.tap {
            tap(effect, now);
        }
        match *effect {
            Effect::Tell { to, ref event } => self.tell(to, event, peers, now),
            Effect::Say { room, ref event, except } => self.say(room, event, except, peers, now),
            Effect::Enter { user, room } => self.enter(user, room, peers, now),
            Effect::Leave { user, .. } => self.leave(user, peers, now),
            Effect::More { to } => {
                if let Some(conn) = peers.get_mut(to) {
                    conn.is_listing = true;
                }
            }
            Effect::Close { user, why } => close(user, why, peers, now),
        }
    }

    /// Tells of lines that were skipped, in the place where they are missing.
    pub fn tell_skipped<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let lines = conn.out.skipped();
        if lines > 0 {
            self.make_way(conn);
            self.encode(conn.decoder.wire(), &Event::Skipped { lines }, conn.is_named, now);
            conn.out.tell_skipped(&self.line, &mut self.tapes);
        }
    }

    /// Moves what `conn` lacks of its tape to its own bytes: the order is fixed from here on.
    ///
    /// A blocked reader far behind has those lines skipped, or whoever whispers to it could fill
    /// its buffer with what the room says.
    pub fn settle<S>(&mut self, conn: &mut Conn<S>, is_blocked: bool, now: &Now) {
        if is_blocked && conn.is_lagging(&self.tapes, &self.limits) {
            conn.out.skip(&mut self.tapes);
        }
        self.tell_skipped(conn, now);
        if conn.out.lag(&self.tapes) > 0 {
            self.make_way(conn);
            conn.out.settle(&mut self.tapes);
        }
    }

    /// Queues `bytes` as they are, behind what was said before.
    pub fn answer<S>(&mut self, conn: &mut Conn<S>, bytes: &[u8], is_blocked: bool, now: &Now) {
        if !bytes.is_empty() && !conn.is_mute {
            self.settle(conn, is_blocked, now);
            conn.out.push(bytes, &mut self.tapes);
        }
    }

    /// Shows the line that is being typed again, if something else was shown.
    pub fn draw<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let Some(telnet) = conn.decoder.telnet() else { return };
        if telnet.wants_drawing() {
            let drawn = telnet.draw();
            self.answer(conn, &drawn, false, now);
        }
    }

    /// The client wants lines to look another way from here on.
    pub fn rewire<S>(&mut self, conn: &mut Conn<S>, is_blocked: bool, now: &Now) {
        let Some(old) = conn.out.tape() else { return };
        if tape_of(room_of(old), conn.decoder.wire()) != old {
            self.settle(conn, is_blocked, now);
            self.unfollow(conn);
            self.follow(conn, room_of(old));
        }
    }

    /// Gives up all that is queued for `conn`, and its place in the room.
    pub fn forget<S>(&mut self, conn: &mut Conn<S>) {
        self.unfollow(conn);
        conn.out.clear(&mut self.tapes);
        if let Some(extra) = &mut conn.extra {
            // A line end that was left out is not owed any more, whatever is heard yet.
            extra.pace = Pace::default();
        }
    }

    /// Whether `slot` follows a tape: it is in a room.
    pub fn is_member(&self, slot: usize) -> bool {
        self.members.iter().any(|members| members.contains(slot))
    }

    fn tell<S>(&mut self, to: PeerId, event: &Event<'_>, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(to.slot());
        let Some(conn) = peers.get_mut(to) else { return };
        if conn.is_mute || conn.life == Life::Draining {
            return;
        }
        let has_much = conn.out.own_bytes() > self.limits.lag_soft_bytes;
        if has_much && conn.is_unframed() && matches!(event, Event::Whispered { .. }) {
            // It is behind because it is sent its lines with pauses: it is not closed for that.
            return conn.out.skip_own_line(&mut self.tapes);
        }
        self.settle(conn, is_blocked, now);
        self.make_way(conn);
        self.encode(conn.decoder.wire(), event, conn.is_named, now);
        conn.out.push(&self.line, &mut self.tapes);
        let own_bytes = conn.out.own_bytes();
        if is_blocked && own_bytes > self.limits.lag_hard_bytes {
            peers.failing.push((to, Farewell::Lagging));
        } else if !is_blocked && own_bytes > self.limits.lag_soft_bytes {
            peers.overfull.push(to.slot());
        }
        peers.want_flush(to.slot());
    }

    fn say<S>(
        &mut self,
        room: RoomId,
        event: &Event<'_>,
        except: &[PeerId],
        peers: &mut Peers<S>,
        now: &Now,
    ) {
        for index in 0..self.followed.len() {
            let (tape, wire) = self.followed[index];
            if room_of(tape) != room {
                continue;
            }
            for &id in except {
                let is_blocked = !peers.writable.contains(id.slot());
                match follower(tape, id, peers) {
                    // A notice for each such line would fill its buffer: one tells of them all.
                    Some(conn) if is_blocked && conn.is_lagging(&self.tapes, &self.limits) => {
                        conn.out.skip(&mut self.tapes);
                    }
                    Some(conn) => self.settle(conn, is_blocked, now),
                    None => {}
                }
            }
            self.encode(wire, event, true, now);
            self.tapes.get_mut(tape).append(&self.line);
            for &id in except {
                if let Some(conn) = follower(tape, id, peers) {
                    conn.out.pass_over(self.line.len(), &mut self.tapes);
                }
            }
            self.has_grown(tape, peers);
        }
    }

    /// Everyone who follows `tape` has something to be sent; who is blocked and too far behind
    /// is not waited for.
    fn has_grown<S>(&mut self, tape: TapeId, peers: &mut Peers<S>) {
        let index = tape.0 as usize;
        let members = &self.members[index];
        peers.to_flush.insert_common(members, &peers.writable);
        let head = self.tapes.get(tape).head();
        if head - self.searched_at[index] < TAPE_CHUNK_BYTES as u64 {
            return;
        }
        self.searched_at[index] = head;
        let mut from = 0;
        while let Some(slot) = members.next_from(from) {
            from = slot + 1;
            if !peers.writable.contains(slot) {
                let conn = &mut peers.slab[slot];
                if conn.is_lagging(&self.tapes, &self.limits) {
                    conn.out.skip(&mut self.tapes);
                }
            }
        }
    }

    fn enter<S>(&mut self, user: PeerId, room: RoomId, peers: &mut Peers<S>, now: &Now) {
        let Some(conn) = peers.get_mut(user) else { return };
        conn.is_named = true;
        conn.since_ms = now.mono_ms;
        if !conn.is_mute {
            self.follow(conn, room);
        }
        if let Some(telnet) = conn.decoder.telnet() {
            telnet.set_prompt(PROMPT);
        }
        // The time to take a name is over. Unless it is blocked, what else it may wait for is
        // armed again when it is next heard or written to.
        peers.timers.disarm(user.slot());
        peers.want_flush(user.slot());
        if !peers.writable.contains(user.slot()) {
            peers.timers.arm(user.slot(), now.mono_ms + self.limits.stall_secs * 1_000);
        }
    }

    fn leave<S>(&mut self, user: PeerId, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(user.slot());
        let Some(conn) = peers.get_mut(user) else { return };
        self.settle(conn, is_blocked, now);
        self.unfollow(conn);
    }

    /// Puts `event` into the bytes that such a client gets.
    fn encode(&mut self, wire: Wire, event: &Event<'_>, is_named: bool, now: &Now) {
        self.line.clear();
        wire.encode(event, self.lang, &now.stamp, is_named, &mut self.line);
    }

    /// Takes the line that is being typed off the terminal: something else is to be shown.
    fn make_way<S>(&mut self, conn: &mut Conn<S>) {
        if let Some(telnet) = conn.decoder.telnet() {
            let erased = telnet.make_way();
            if !erased.is_empty() {
                conn.out.add(&erased, &mut self.tapes);
            }
        }
    }

    fn follow<S>(&mut self, conn: &mut Conn<S>, room: RoomId) {
        let wire = conn.decoder.wire();
        let tape = tape_of(room, wire);
        conn.out.follow(tape, &mut self.tapes);
        let members = &mut self.members[tape.0 as usize];
        if members.is_empty() {
            self.followed.push((tape, wire));
        }
        members.insert(conn.id.slot());
    }

    fn unfollow<S>(&mut self, conn: &mut Conn<S>) {
        if let Some(tape) = conn.out.tape() {
            let members = &mut self.members[tape.0 as usize];
            members.remove(conn.id.slot());
            if members.is_empty() {
                self.followed.retain(|&(other, _)| other != tape);
            }
        }
        conn.out.unfollow(&mut self.tapes);
    }
}

/// Where what is said in `room` stands for clients of `wire`.
fn tape_of(room: RoomId, wire: Wire) -> TapeId {
    TapeId(room.0 * WIRES + u32::try_from(wire.index()).expect("there are few wires"))
}

fn room_of(tape: TapeId) -> RoomId {
    RoomId(tape.0 / WIRES)
}

/// The connection of `id`, if it follows `tape`.
fn follower<S>(tape: TapeId, id: PeerId, peers: &mut Peers<S>) -> Option<&mut Conn<S>> {
    peers.get_mut(id).filter(|conn| conn.out.tape() == Some(tape))
}

/// Nothing more is heard of `user`; the connection ends when all it was told has been sent.
fn close<S>(user: PeerId, why: Farewell, peers: &mut Peers<S>, now: &Now) {
    let Some(conn) = peers.get_mut(user).filter(|conn| conn.life == Life::Open) else { return };
    info!("at={:?} event=close id={user} why={}", now.stamp.as_str(), why.as_str());
    conn.life = Life::Closing;
    conn.since_ms = now.mono_ms;
    conn.is_listing = false;
    conn.decoder.stop();
    if let Some(extra) = &mut conn.extra {
        extra.unheard.clear();
    }
    if conn.is_mute {
        return peers.doom(user.slot());
    }
    peers.timers.arm(user.slot(), now.mono_ms + GOODBYE_MS);
    peers.want_flush(user.slot());
}
