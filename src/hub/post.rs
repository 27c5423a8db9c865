//! Carries out the effects of the chat: encodes events onto tapes and into the buffers of
//! connections.

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

/// An observation passed to a [`Tap`].
#[derive(Clone, Copy, Debug)]
pub enum Tapped<'a> {
    /// An effect of the chat.
    Effect(&'a Effect<'a>),
    /// A notice from the door or the hub to one client.
    Notice {
        /// The recipient.
        to: PeerId,
        /// The notice.
        notice: &'a Notice<'a>,
    },
    /// A command that was executed.
    Asked {
        /// Its sender.
        who: PeerId,
        /// The command.
        command: Command<'a>,
        /// The sender's name after the command.
        name: Option<&'a str>,
    },
    /// `who` has left, for any reason but a command of its own.
    Gone {
        /// The connection.
        who: PeerId,
    },
}

/// Observes every effect and notice before it is carried out, and every command after it was
/// executed: for tests that compare the hub with models of their own.
pub type Tap = Box<dyn FnMut(&Tapped<'_>, &Now)>;

/// The tapes, and what is needed to encode events.
pub struct Post {
    /// The tapes of all rooms and formats.
    pub tapes: Tapes<Format>,
    /// The time zones of all readers.
    pub zones: Zones,
    /// By room: when something was last said there.
    said_at: Vec<Stamp>,
    limits: Limits,
    /// The encoded bytes of the current event.
    line: Vec<u8>,
    tap: Option<Tap>,
    /// Where what happens is kept, if it is.
    pub log: Option<Box<Writer>>,
}

impl Post {
    /// Creates a post without tapes.
    pub fn new(limits: Limits) -> Self {
        let tapes = Tapes::new(limits.lag_hard_bytes);
        let (zones, said_at) = (Zones::new(), Vec::new());
        Self { tapes, zones, said_at, limits, line: Vec::new(), tap: None, log: None }
    }

    /// Passes an observation to the tap, if there is one.
    pub fn tap<'a>(&mut self, tapped: impl FnOnce() -> Tapped<'a>, now: &Now) {
        if let Some(tap) = &mut self.tap {
            tap(&tapped(), now);
        }
    }

    /// Calls `tap` from now on.
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
                    // Earlier lines are history, or belong to an earlier room with this number.
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
                    // If its write side is closed, nothing is sent any more, so nothing would end
                    // the wait.
                    conn.is_listing = !conn.is_write_closed();
                }
            }
            Effect::Close { user, nick, why } => {
                self.take_leave(user.peer, why, peers, now);
                close(user.peer, nick, why, peers, now);
            }
        }
    }

    /// Sends a notice to one client.
    pub fn notify<S>(&mut self, to: PeerId, notice: &Notice<'_>, peers: &mut Peers<S>, now: &Now) {
        self.tap(|| Tapped::Notice { to, notice }, now);
        self.tell(to, notice.into(), false, peers, now);
    }

    /// Queues the notice of skipped lines, at the place where they are missing.
    pub fn tell_skipped<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let lines = conn.out.skipped();
        if lines > 0 {
            self.hide_input(conn);
            self.encode(conn, (&Notice::Skipped { lines }).into(), now);
            conn.out.tell_skipped(&self.line, &mut self.tapes);
        }
    }

    /// Copies what `conn` lacks of its tapes into its own buffer: the order is fixed from here on.
    ///
    /// A blocked reader that is far behind has those lines skipped; otherwise whispers to it could
    /// fill its buffer with what the room says.
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

    /// Queues `bytes` unchanged, behind what was said before.
    pub fn push<S>(&mut self, conn: &mut Conn<S>, bytes: &[u8], is_blocked: bool, now: &Now) {
        if !bytes.is_empty() && !conn.is_write_closed() {
            self.settle(conn, is_blocked, now);
            conn.out.settle(&mut self.tapes).push(bytes);
        }
    }

    /// Redraws the line that is being typed, if it was hidden and the redraw budget allows.
    pub fn redraw_input<S>(&mut self, conn: &mut Conn<S>, now: &Now) {
        let drawn = conn.protocol.redraw_input(now.mono_ms);
        self.push(conn, &drawn, false, now);
    }

    /// Queues the replies of the protocol of `slot`, moves the connection to the tapes of its new
    /// format, and sends the notices of the door.
    pub fn answer<S>(&mut self, slot: usize, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(slot);
        let conn = &mut peers.slab[slot];
        if !conn.protocol.has_own_output() {
            return;
        }
        let id = conn.id;
        let replies = conn.protocol.take_replies();
        // One read may cause two notices: a guessed charset, and that editing began.
        let notices = [conn.protocol.take_notice(), conn.protocol.take_notice()];
        self.push(conn, &replies, is_blocked, now);
        self.reformat(conn, is_blocked, now);
        peers.want_flush(slot);
        for notice in notices.into_iter().flatten() {
            self.notify(id, &notice, peers, now);
        }
    }

    /// Drops all that is queued for `conn`, and its position in every room.
    pub fn forget<S>(&mut self, conn: &mut Conn<S>) {
        conn.out.clear(conn.id.slot(), &mut self.tapes);
        if let Some(extra) = &mut conn.extra {
            // A line end that was left out is no longer owed, even if input is still decoded.
            extra.pace = Pace::default();
        }
    }

    /// Moves `conn` to the tapes of its current format.
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
            // What others say is skipped for a slow reader, private lines as well as room lines,
            // and one notice gives their number.
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
        // Most lines are said in the same minute as the line before.
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
                    // A notice for each such line would fill its buffer: one notice counts them
                    // all.
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
                // These clients show nothing for this event.
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

    /// Appends the date to `tape` if a day has begun in its time zone since `before`, when
    /// something was last said there.
    fn mark_new_day(&mut self, tape: TapeId, [before, now]: [Stamp; 2], room_name: &str) {
        let (format, zones) = (self.tapes.get(tape).format, &mut self.zones);
        if format.marks_new_day([before, now], zones) {
            self.line.clear();
            let reader = Reader { has_entered: true, room: room_name, line: None };
            format.encode(&Notice::NewDay, now, reader, zones, &mut self.line);
            self.tapes.append(tape, &self.line);
        }
    }

    /// Returns when something was last said in `room`.
    fn said_at(&mut self, room: RoomId) -> &mut Stamp {
        let index = room.0 as usize;
        if index >= self.said_at.len() {
            self.said_at.resize(index + 1, Stamp::default());
        }
        &mut self.said_at[index]
    }

    /// Queues every follower of `tape` for a flush, and skips lines for the blocked ones that are
    /// too far behind.
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
            // The deadline for taking a name no longer applies. Unless the connection is blocked,
            // its other waits arm the timer again at its next read or flush.
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

    /// Encodes `message` for `conn` into `self.line`.
    fn encode<S>(&mut self, conn: &mut Conn<S>, message: Message<'_>, now: &Now) {
        self.line.clear();
        let zones = &mut self.zones;
        conn.protocol.tell(message, now.stamp, zones, &mut self.line);
    }

    /// Queues the protocol's closing message for `id`, if it has one.
    fn take_leave<S>(&mut self, id: PeerId, why: CloseReason, peers: &mut Peers<S>, now: &Now) {
        let is_blocked = !peers.writable.contains(id.slot());
        let Some(conn) = peers.get_mut(id).filter(|conn| conn.is_open()) else { return };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        conn.protocol.close(why, &mut line);
        self.push(conn, &line, is_blocked, now);
        self.line = line;
    }

    /// Erases the line that is being typed, because something else is to be shown.
    fn hide_input<S>(&mut self, conn: &mut Conn<S>) {
        let erased = conn.protocol.hide_input();
        conn.out.push_before_tapes(&erased, &mut self.tapes);
    }
}

/// Returns the connection of `id`, if it follows `tape`.
fn follower<S>(tape: TapeId, id: PeerId, peers: &mut Peers<S>) -> Option<&mut Conn<S>> {
    peers.get_mut(id).filter(|conn| conn.out.follows(tape))
}

/// Stops reading `user`; the connection ends when its queue is sent.
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
