//! Effects to bytes: what the chat wants shown goes on tapes and into outbounds.

use log::info;

use crate::chat::command::Command;
use crate::chat::event::{CloseReason, Effect, Event};
use crate::clock::{Now, Stamp};
use crate::delivery::tapes::{TapeId, Tapes};
use crate::door::notice::{Message, Notice};
use crate::door::protocol::{Format, Reader};
use crate::hub::conn::{Conn, Moment, Pace, Phase, Writing};
use crate::hub::peers::Peers;
use crate::ids::{PeerId, RoomId, UserId};
use crate::limits::{GOODBYE_MS, Limits, TAPE_CHUNK_BYTES};
use crate::log::writer::Writer;
use crate::text::Quoted;
use crate::zone::Zones;

/// What a [`Tap`] sees.
#[derive(Clone, Copy, Debug)]
pub enum Tapped<'a> {
    /// What the chat wants done.
    Effect(&'a Effect<'a>),
    /// What one client is told of itself.
    Notice {
        /// Who.
        to: PeerId,
        /// What.
        notice: &'a Notice<'a>,
    },
    /// `who` asked for something, and now has this name.
    Asked {
        /// Who.
        who: PeerId,
        /// What for.
        command: Command<'a>,
        /// The name that they have after it.
        name: Option<&'a str>,
    },
    /// `who` is gone, for whatever reason but their own command.
    Gone {
        /// Who.
        who: PeerId,
    },
}

/// Sees everything that is to be told before it is, and what the chat was asked after it was done: for
/// tests that hold the hub against models of their own.
pub type Tap = Box<dyn FnMut(&Tapped<'_>, &Now)>;

/// The tapes, and how events are put into bytes.
pub struct Post {
    /// The tapes of all rooms and formats.
    pub tapes: Tapes<Format>,
    /// The time zones of all readers.
    pub zones: Zones,
    /// When something was last said in each room.
    said_at: Vec<Stamp>,
    limits: Limits,
    /// The bytes of the event in hand.
    line: Vec<u8>,
    tap: Option<Tap>,
    /// Where what happens is kept, if it is.
    pub log: Option<Box<Writer>>,
}

impl Post {
    /// No tape is open.
    pub fn new(limits: Limits) -> Self {
        let tapes = Tapes::new(limits.lag_hard_bytes);
        let (zones, said_at) = (Zones::new(), Vec::new());
        Self { tapes, zones, said_at, limits, line: Vec::new(), tap: None, log: None }
    }

    /// Shows `tapped` to the tap, if there is one.
    pub fn tap<'a>(&mut self, tapped: impl FnOnce() -> Tapped<'a>, now: &Now) {
        if let Some(tap) = &mut self.tap {
            tap(&tapped(), now);
        }
    }

    /// Has `tap` called from here on.
    pub fn watch(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Carries out one effect.
    pub fn apply<S>(&mut self, effect: &Effect<'_>, peers: &mut Peers<S>, now: &Now) {
        self.tap(|| Tapped::Effect(effect), now);
        match *effect {
            Effect::Tell { to, ref event } => {
                let may_be_skipped = matches!(event, Event::Whispered { .. });
                self.tell(to.peer, event.into(), may_be_skipped, peers, now);
            }
            Effect::Say { room, room_name, ref event, line, except, .. } => {
                let reader = Reader { has_entered: true, room: room_name, line };
                self.say(room, reader, event, except, peers, now);
            }
            Effect::Enter { user, room, room_name, is_first } => {
                if is_first {
                    // What was said before was said in another room of this number, or is history.
                    *self.said_at(room) = now.stamp;
                }
                self.enter(user.peer, (room, room_name), peers, now);
            }
            Effect::Leave { user, room } => self.leave(user.peer, room, peers, now),
            Effect::Keep(ref kept) => {
                if let Some(log) = &mut self.log {
                    log.note(kept);
                }
            }
            Effect::More { to } => {
                if let Some(conn) = peers.get_mut(to.peer) {
                    // Nothing is sent any more to one whose write side is closed, and nothing would
                    // end the wait for it.
                    conn.is_listing = !conn.is_write_closed();
                }
            }
            Effect::Close { user, nick, why } => {
                self.take_leave(user.peer, why, peers, now);
                close(user.peer, nick, why, peers, now);
            }
        }
    }

    /// Tells one client what concerns it alone.
    pub fn notify<S>(&mut self, to: PeerId, notice: &Notice<'_>, peers: &mut Peers<S>, now: &Now) {
        self.tap(|| Tapped::Notice { to, notice }, now);
        self.tell(to, notice.into(), false, peers, now);
    }

    /// Tells of lines that were skipped, in the place where they are missing.
    pub fn tell_skipped<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let lines = conn.out.skipped();
        if lines > 0 {
            self.hide_input(conn);
            self.encode(conn, (&Notice::Skipped { lines }).into(), now);
            conn.out.tell_skipped(&self.line, &mut self.tapes);
        }
    }

    /// Moves what `conn` lacks of its tapes to its own bytes: the order is fixed from here on.
    ///
    /// A blocked reader far behind has those lines skipped, or whoever whispers to it could fill
    /// its buffer with what the room says.
    pub fn settle<S>(&mut self, conn: &mut Conn<S>, is_blocked: bool, now: &Now) {
        if is_blocked && conn.is_lagging(&self.tapes, &self.limits) {
            conn.out.skip(&mut self.tapes);
        }
        self.tell_skipped(conn, now);
        if conn.out.lag(&self.tapes) > 0 {
            self.hide_input(conn);
            conn.out.settle(&mut self.tapes);
        }
    }

    /// Queues `bytes` as they are, behind what was said before.
    pub fn push<S>(&mut self, conn: &mut Conn<S>, bytes: &[u8], is_blocked: bool, now: &Now) {
        if !bytes.is_empty() && !conn.is_write_closed() {
            self.settle(conn, is_blocked, now);
            conn.out.settle(&mut self.tapes).push(bytes);
        }
    }

    /// Shows the line that is being typed again, if something else was shown and the redraw budget
    /// allows.
    pub fn redraw_input<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let drawn = conn.protocol.redraw_input(now.mono_ms);
        self.push(conn, &drawn, false, now);
    }

    /// Queues what the protocol of `slot` has to answer, lets lines look as they are to from here
    /// on, and tells what the door has found out.
    pub fn answer<S>(&mut self, slot: usize, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(slot);
        let conn = &mut peers.slab[slot];
        let id = conn.id;
        let replies = conn.protocol.take_replies();
        // Both may have come in one read: a guess, and that editing began.
        let notices = [conn.protocol.take_notice(), conn.protocol.take_notice()];
        self.push(conn, &replies, is_blocked, now);
        self.reformat(conn, is_blocked, now);
        peers.want_flush(slot);
        for notice in notices.into_iter().flatten() {
            self.notify(id, &notice, peers, now);
        }
    }

    /// Gives up all that is queued for `conn`, and its position in every room.
    pub fn forget<S>(&mut self, conn: &mut Conn<S>) {
        conn.out.clear(conn.id.slot(), &mut self.tapes);
        if let Some(extra) = &mut conn.extra {
            // A line end that was left out is not owed any more, whatever is decoded yet.
            extra.pace = Pace::default();
        }
    }

    /// Moves `conn` to the tapes of the format that it has now.
    fn reformat<S>(&mut self, conn: &mut Conn<S>, is_blocked: bool, now: &Now) {
        let (slot, format) = (conn.id.slot(), conn.protocol.format());
        let is_old = |tape: &TapeId| self.tapes.get(*tape).format != format;
        if !conn.out.tapes().any(|tape| is_old(&tape)) {
            return;
        }
        let old: Vec<TapeId> = conn.out.tapes().filter(is_old).collect();
        self.settle(conn, is_blocked, now);
        for tape in old {
            let room = self.tapes.get(tape).room;
            conn.out.unfollow(slot, room, &mut self.tapes);
            conn.out.follow(slot, room, format, &mut self.tapes);
        }
    }

    fn tell<S>(
        &mut self,
        to: PeerId,
        message: Message<'_>,
        may_be_skipped: bool,
        peers: &mut Peers<S>,
        now: &Now,
    ) {
        let is_blocked = !peers.writable.contains(to.slot());
        let Some(conn) = peers.get_mut(to) else { return };
        if conn.is_write_closed() || matches!(conn.phase, Phase::Draining { .. }) {
            return;
        }
        let has_much = conn.out.own_bytes() > self.limits.lag_soft_bytes;
        let is_slow = is_blocked || conn.is_paced();
        if has_much && is_slow && may_be_skipped {
            // Said by others: a slow reader does without, as with what is said in a room, and is
            // told how much that was.
            return conn.out.skip_own_line(&mut self.tapes);
        }
        self.settle(conn, is_blocked, now);
        self.hide_input(conn);
        self.encode(conn, message, now);
        conn.out.settle(&mut self.tapes).push(&self.line);
        let own_bytes = conn.out.own_bytes();
        if is_blocked && own_bytes > self.limits.lag_hard_bytes {
            peers.failing.push((to, CloseReason::Lagging));
        } else if !is_blocked && own_bytes > self.limits.lag_soft_bytes {
            peers.overfull.push(to.slot());
        }
        peers.want_flush(to.slot());
    }

    fn say<S>(
        &mut self,
        room: RoomId,
        reader: Reader<'_>,
        event: &Event<'_>,
        except: &[UserId],
        peers: &mut Peers<S>,
        now: &Now,
    ) {
        let said_at = std::mem::replace(self.said_at(room), now.stamp);
        // Most lines are said within the same minute as the one before.
        let may_be_new_day = said_at.unix_ms / 60_000 != now.stamp.unix_ms / 60_000;
        let mut next = self.tapes.first_of_room(room);
        while let Some(tape) = next {
            next = self.tapes.next_of_room(tape);
            if may_be_new_day {
                self.mark_new_day(tape, [said_at, now.stamp], reader.room);
            }
            for id in except.iter().map(|user| user.peer) {
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
            let format = self.tapes.get(tape).format;
            self.line.clear();
            let zones = &mut self.zones;
            format.encode(event, now.stamp, reader, zones, &mut self.line);
            if self.line.is_empty() {
                // It is nothing to these clients.
                continue;
            }
            self.tapes.append(tape, &self.line);
            for id in except.iter().map(|user| user.peer) {
                if let Some(conn) = follower(tape, id, peers) {
                    conn.out.pass_over(tape, self.line.len(), &mut self.tapes);
                }
            }
            self.has_grown(tape, peers);
        }
    }

    /// Tells everyone who follows `tape` the date, if a day has begun where they are: what was last
    /// said there was said at `before`.
    fn mark_new_day(&mut self, tape: TapeId, [before, now]: [Stamp; 2], room_name: &str) {
        let (format, zones) = (self.tapes.get(tape).format, &mut self.zones);
        if format.marks_new_day([before, now], zones) {
            self.line.clear();
            let reader = Reader { has_entered: true, room: room_name, line: None };
            format.encode(&Notice::NewDay, now, reader, zones, &mut self.line);
            self.tapes.append(tape, &self.line);
        }
    }

    /// When something was last said in `room`.
    fn said_at(&mut self, room: RoomId) -> &mut Stamp {
        let index = room.0 as usize;
        if index >= self.said_at.len() {
            self.said_at.resize(index + 1, Stamp::default());
        }
        &mut self.said_at[index]
    }

    /// Everyone who follows `tape` has something to be sent; who is blocked and too far behind
    /// is not waited for.
    fn has_grown<S>(&mut self, tape: TapeId, peers: &mut Peers<S>) {
        let open = self.tapes.get(tape);
        open.followers.add_common_to(&mut peers.to_flush, &peers.writable);
        if open.tape.head() - open.searched_at < TAPE_CHUNK_BYTES as u64 {
            return;
        }
        self.tapes.note_search(tape);
        let mut from = 0;
        while let Some(slot) = self.tapes.get(tape).followers.next_from(from) {
            from = slot + 1;
            if !peers.writable.contains(slot) {
                let conn = &mut peers.slab[slot];
                if conn.is_lagging(&self.tapes, &self.limits) {
                    conn.out.skip(&mut self.tapes);
                }
            }
        }
    }

    fn enter<S>(
        &mut self,
        user: PeerId,
        (room, room_name): (RoomId, &str),
        peers: &mut Peers<S>,
        now: &Now,
    ) {
        let slot = user.slot();
        let is_blocked = !peers.writable.contains(slot);
        let Some(conn) = peers.get_mut(user) else { return };
        if conn.out.tapes().next().is_some() {
            // What was said in the other rooms until now comes before what is said here.
            self.settle(conn, is_blocked, now);
        }
        if !conn.is_write_closed() {
            let format = conn.protocol.format();
            conn.out.follow(slot, room, format, &mut self.tapes);
        }
        conn.protocol.enter(room_name);
        if matches!(conn.phase, Phase::Naming { .. }) {
            conn.phase = Phase::Open;
            if let Writing::Blocked { since } = &mut conn.writing {
                *since = Moment::at(now.mono_ms);
            }
            // The time to take a name is over. Unless it is blocked, what else it may wait for is
            // armed again when it is next read or written to.
            peers.timers.disarm(slot);
            if is_blocked {
                peers.timers.arm(slot, now.mono_ms + self.limits.stall_secs * 1_000);
            }
        }
        peers.want_flush(slot);
    }

    fn leave<S>(&mut self, user: PeerId, room: RoomId, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(user.slot());
        let Some(conn) = peers.get_mut(user) else { return };
        self.settle(conn, is_blocked, now);
        conn.out.unfollow(user.slot(), room, &mut self.tapes);
    }

    /// Puts `message` into the bytes that `conn` gets.
    fn encode<S>(&mut self, conn: &mut Conn<S>, message: Message<'_>, now: &Now) {
        self.line.clear();
        let zones = &mut self.zones;
        conn.protocol.tell(message, now.stamp, zones, &mut self.line);
    }

    /// Tells the client of `id` that its connection ends, if its protocol has a word for that.
    fn take_leave<S>(&mut self, id: PeerId, why: CloseReason, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(id.slot());
        let Some(conn) = peers.get_mut(id).filter(|conn| conn.is_open()) else { return };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        conn.protocol.close(why, &mut line);
        self.push(conn, &line, is_blocked, now);
        self.line = line;
    }

    /// Takes the line that is being typed off the screen: something else is to be shown.
    fn hide_input<S>(&mut self, conn: &mut Conn<S>) {
        let erased = conn.protocol.hide_input();
        conn.out.push_before_tapes(&erased, &mut self.tapes);
    }
}

/// The connection of `id`, if it follows `tape`.
fn follower<S>(tape: TapeId, id: PeerId, peers: &mut Peers<S>) -> Option<&mut Conn<S>> {
    peers.get_mut(id).filter(|conn| conn.out.follows(tape))
}

/// Nothing more is read of `user`; the connection ends when all it was told has been sent.
fn close<S>(user: PeerId, nick: Option<&str>, why: CloseReason, peers: &mut Peers<S>, now: &Now) {
    let Some(conn) = peers.get_mut(user).filter(|conn| conn.is_open()) else { return };
    let why = why.as_str();
    match nick {
        Some(nick) => info!("event=close id={user} nick={} why={why}", Quoted(nick)),
        None => info!("event=close id={user} why={why}"),
    }
    conn.phase = Phase::Closing { since: Moment::at(now.mono_ms) };
    conn.is_listing = false;
    conn.protocol.stop();
    if let Some(extra) = &mut conn.extra {
        extra.undecoded.clear();
    }
    if conn.is_write_closed() {
        return peers.doom(user.slot());
    }
    peers.timers.arm(user.slot(), now.mono_ms + GOODBYE_MS);
    peers.want_flush(user.slot());
}
