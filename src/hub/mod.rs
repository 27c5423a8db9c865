//! The hub: all connections and the chat, driven in bounded turns (timers, reads, writes,
//! removals).
//!
//! It is generic over the socket, and readiness and the time are passed in: the same hub runs over
//! the kernel's sockets, over simulated ones with seeded faults, and over none at all.

pub mod allowance;
mod arrivals;
pub mod conn;
pub mod pace;
pub mod peers;
pub mod post;
mod read;
mod resume;
mod sessions;
pub mod timers;
mod write;

use std::net::IpAddr;

use crate::chat::command::Command;
use crate::chat::event::{CloseReason, Effect};
use crate::chat::kept::{Kept, Kind};
use crate::chat::{Chat, EntryTap, Rules};
use crate::clock::Now;
use crate::door::DoorKind;
use crate::door::lang::Lang;
use crate::door::notice::Notice;
use crate::door::protocol::Protocol;
use crate::hub::arrivals::Arrivals;
use crate::hub::conn::{Conn, Phase, Socket, Writing};
use crate::hub::peers::Peers;
use crate::hub::post::{Post, Tap, Tapped};
use crate::hub::sessions::Sessions;
use crate::ids::{PeerId, UserId};
use crate::limits::{DRAIN_MS, GOODBYE_MS, Limits, READ_BYTES, REFUSED_MAX};
use crate::log::writer::Writer;

pub use crate::hub::conn::Ready;

/// The chat, its connections, and the bytes queued for them.
pub struct Hub<S> {
    chat: Chat,
    post: Post,
    peers: Peers<S>,
    sessions: Sessions,
    arrivals: Arrivals,
    limits: Limits,
    lang: Lang,
    read_buffer: Box<[u8]>,
    /// The line being decoded, made safe to show.
    text: String,
    /// The slot at which the next read pass begins.
    next_read: usize,
    /// The slot at which the next flush pass begins.
    next_flush: usize,
    is_stopping: bool,
}

impl<S: Socket> Hub<S> {
    /// Creates a hub with no connections. `limits.clients` must be set.
    pub fn new(lang: Lang, limits: Limits) -> Self {
        assert!(limits.clients > 0, "how many may come has been decided");
        Self {
            chat: Chat::new(Rules::from(&limits)),
            post: Post::new(limits.clone()),
            peers: Peers::new(),
            sessions: Sessions::default(),
            arrivals: Arrivals::default(),
            limits,
            lang,
            read_buffer: vec![0; READ_BYTES].into(),
            text: String::new(),
            next_read: 0,
            next_flush: 0,
            is_stopping: false,
        }
    }

    /// Calls `tap` with every command given to the chat, and with every effect and notice.
    pub fn watch(&mut self, tap: Tap) {
        self.post.watch(tap);
    }

    /// Continues with `chat`, which has no users, and writes everything that happens in it to `log`.
    pub fn keep(&mut self, chat: Chat, log: Writer) {
        assert!(self.is_empty() && chat.is_kept(), "the hub has no connections yet");
        self.chat = chat;
        self.post.log = Some(Box::new(log));
    }

    /// Reopens the file of the chat log.
    pub fn reopen_log(&mut self, now: &Now) {
        if let Some(log) = &mut self.post.log {
            log.reopen(now);
        }
    }

    /// Syncs the chat log, because the server ends.
    pub fn close_log(&mut self) {
        if let Some(log) = &mut self.post.log {
            log.close();
        }
    }

    /// Returns the slot that the next connection will have; none if so many connections only wait
    /// to be refused that one more cannot even be told.
    pub fn vacancy(&self) -> Option<usize> {
        let slab = &self.peers.slab;
        (slab.len() < self.limits.clients + REFUSED_MAX).then(|| slab.vacant_key())
    }

    /// Returns the id that the next connection will have.
    pub fn next_id(&self) -> PeerId {
        self.peers.next_id()
    }

    /// Adds a connection; `host` is its address if connections are counted by address. If it is one
    /// too many, it is told so and closed.
    pub fn open(&mut self, sock: S, kind: DoorKind, host: Option<IpAddr>, now: &Now) -> PeerId {
        let taken = self.peers.slab.len() - self.peers.refused;
        let refusal = if taken >= self.limits.clients || self.is_stopping {
            Some((Notice::ServerFull, CloseReason::RoomFull))
        } else if host.is_some_and(|host| !self.may_connect(host, now)) {
            Some((Notice::AddressFull, CloseReason::AddressFull))
        } else {
            None
        };
        let protocol = Protocol::new(kind, self.lang);
        let id = self.peers.insert(sock, protocol, host, now.mono_ms);
        if let Some((notice, why)) = refusal {
            self.peers.slab[id.slot()].is_refused = true;
            self.peers.refused += 1;
            if self.peers.refused > REFUSED_MAX {
                self.fail(id, why, now);
            } else {
                self.dismiss(id, &notice, why, now);
            }
        } else {
            let Self { chat, post, peers, .. } = self;
            chat.arrive(UserId::local(id), kind.greets(), &mut |effect| {
                post.apply(&effect, peers, now);
            });
            self.peers.timers.arm(id.slot(), now.mono_ms + self.limits.name_secs * 1_000);
        }
        id
    }

    /// Whether one more connection from `host` is neither one too many nor one too soon.
    fn may_connect(&mut self, host: IpAddr, now: &Now) -> bool {
        let is_in_time = self.arrivals.admit(host, self.limits.per_address_rate, now.mono_ms);
        is_in_time && self.peers.count_from(host) < self.limits.per_address
    }

    /// Notes that the socket in `slot` has become ready. All work is done in [`turn`].
    ///
    /// [`turn`]: Self::turn
    pub fn wake(&mut self, slot: usize, ready: Ready) {
        let Some(conn) = self.peers.slab.get_mut(slot) else { return };
        conn.sock.wake(ready);
        if ready.readable || ready.ended || ready.urgent {
            self.peers.readable.insert(slot);
            self.peers.to_read.insert(slot);
        }
        if ready.writable {
            self.peers.writable.insert(slot);
            self.peers.to_flush.insert(slot);
        }
    }

    /// Does a bounded amount of work; returns true if more is waiting.
    pub fn turn(&mut self, now: &Now) -> bool {
        while let Some(slot) = self.peers.timers.pop(now.mono_ms) {
            self.check_timers(slot, now);
        }
        let Self { chat, post, peers, .. } = self;
        chat.tick(now, &mut |effect| post.apply(&effect, peers, now));
        self.read_some(now);
        // Nobody is sent anything that is not kept yet.
        self.write_log(now);
        self.flush_some(now);
        self.end_failing(now);
        self.peers.reap();
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        let is_log_due = self.post.log.as_ref().is_some_and(|log| log.is_due(now.mono_ms));
        is_log_due || !(self.peers.to_read.is_empty() && self.peers.to_flush.is_empty())
    }

    /// Returns when the next turn is due even if no event arrives.
    pub fn deadline_ms(&self) -> Option<u64> {
        let log_ms = self.post.log.as_ref().and_then(|log| log.deadline_ms());
        let deadlines = [self.peers.timers.next_ms(), self.chat.deadline_ms(), log_ms];
        deadlines.into_iter().flatten().min()
    }

    /// Tells everyone that the server is stopping, and ends each connection when that has been
    /// sent.
    pub fn shut_down(&mut self, now: &Now) {
        self.is_stopping = true;
        let Self { chat, post, peers, .. } = self;
        if let Some(log) = &mut post.log {
            let stop = Kept { at: now.stamp, room: "", kind: Kind::Stop, name: "", text: "" };
            log.note(&stop);
        }
        chat.shut_down(&mut |effect| post.apply(&effect, peers, now));
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.peers.slab.is_empty()
    }

    /// Returns the number of connections.
    pub fn len(&self) -> usize {
        self.peers.slab.len()
    }

    /// Executes `command` as if `id` had sent it: for future doors, and tests.
    pub fn ask(&mut self, id: PeerId, command: Command<'_>, now: &Now) {
        let Self { chat, post, peers, .. } = self;
        let user = UserId::local(id);
        chat.command(user, command, now, &mut |effect| post.apply(&effect, peers, now));
        let name = || Tapped::Asked { who: id, command, name: chat.nick(user) };
        post.tap(name, now);
    }

    /// Calls `tap` with every entry of the chat, before it is applied.
    pub fn watch_entries(&mut self, tap: EntryTap) {
        self.chat.watch(tap);
    }

    /// Returns the chat, read-only.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// Returns the bytes queued for all connections, plus those read but not yet dispatched.
    pub fn held_bytes(&self) -> usize {
        let unfinished = |conn: &Conn<S>| conn.undecoded_bytes() + conn.protocol.held_bytes();
        let unfinished: usize = self.peers.slab.iter().map(|(_, conn)| unfinished(conn)).sum();
        self.post.tapes.queued_bytes() + unfinished
    }

    fn write_log(&mut self, now: &Now) {
        let (chat, log) = (&self.chat, &mut self.post.log);
        if let Some(log) = log.as_mut().filter(|log| log.is_due(now.mono_ms)) {
            log.write(now, &|kind, unwritten, at, to| chat.restate(kind, unwritten, at, to));
        }
    }

    /// Removes `id` from the chat and stops reading it; the connection ends when its queue is sent.
    fn depart(&mut self, id: PeerId, why: CloseReason, now: &Now) {
        self.end_session(id, now);
        let Self { chat, post, peers, .. } = self;
        let user = UserId::local(id);
        chat.depart(user, why, now, &mut |effect| post.apply(&effect, peers, now));
        // The chat closes only users it knows.
        if peers.get_mut(id).is_some_and(|conn| conn.is_open()) {
            post.apply(&Effect::Close { user, nick: None, why }, peers, now);
        }
        post.tap(|| Tapped::Gone { who: id }, now);
    }

    /// Handles the timer of `slot`: finds out what is due and does it.
    fn check_timers(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        let id = conn.id;
        let due_ms = match (conn.phase, conn.writing) {
            (Phase::Naming { since }, _) => Some(since.ms() + self.limits.name_secs * 1_000),
            // A connection that has become writable is not stalled, however late its turn comes:
            // this process may have been stopped, not the peer.
            (Phase::Open, Writing::Blocked { since }) if !self.peers.writable.contains(slot) => {
                Some(since.ms() + self.limits.stall_secs * 1_000)
            }
            (Phase::Open, _) => None,
            (Phase::Closing { since }, _) => Some(since.ms() + GOODBYE_MS),
            (Phase::Draining { since }, _) => Some(since.ms() + DRAIN_MS),
            (Phase::Doomed, _) => return,
        };
        match due_ms {
            Some(due_ms) if due_ms <= now.mono_ms => {
                return match conn.phase {
                    Phase::Naming { .. } => {
                        self.dismiss(id, &Notice::NamingOver, CloseReason::Nameless, now);
                    }
                    Phase::Open => self.fail(id, CloseReason::Stalled, now),
                    _ => self.give_up(slot),
                };
            }
            Some(due_ms) => self.peers.timers.arm(slot, due_ms),
            None => {}
        }
        self.tick_protocol(slot, now);
        if self.peers.slab[slot].is_listing {
            self.peers.to_read.insert(slot);
        }
        // The timer may have stood for other waits as well: each of them arms it again.
        self.peers.want_read(slot);
        self.peers.want_flush(slot);
    }

    /// Lets the protocol of `slot` do what is due by now.
    fn tick_protocol(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        if !conn.is_open() {
            return;
        }
        let Some(due_ms) = conn.protocol.deadline_ms() else { return };
        if due_ms <= now.mono_ms {
            let is_idle = conn.out.pending(&self.post.tapes) == 0;
            if is_idle {
                // A notice of skipped lines hides the typed line, so it must come before a redraw.
                self.post.settle(conn, false, now);
            }
            let bytes = conn.protocol.tick(now.mono_ms, is_idle);
            self.post.push(conn, &bytes, false, now);
            self.post.answer(slot, &mut self.peers, now);
        }
        if let Some(due_ms) = self.peers.slab[slot].protocol.deadline_ms() {
            self.peers.timers.arm(slot, due_ms);
        }
        self.peers.want_flush(slot);
    }

    /// Ends `id` once `notice` has been sent.
    fn dismiss(&mut self, id: PeerId, notice: &Notice<'_>, why: CloseReason, now: &Now) {
        self.post.notify(id, notice, &mut self.peers, now);
        self.depart(id, why, now);
    }

    /// Ends `id` at once, without a notice.
    fn fail(&mut self, id: PeerId, why: CloseReason, now: &Now) {
        if self.peers.get_mut(id).is_none() {
            return;
        }
        self.depart(id, why, now);
        self.give_up(id.slot());
    }

    fn give_up(&mut self, slot: usize) {
        self.post.forget(&mut self.peers.slab[slot]);
        self.peers.doom(slot);
    }

    fn end_failing(&mut self, now: &Now) {
        self.end_noted(now);
        if self.post.tapes.queued_bytes() <= self.limits.queued_bytes {
            return;
        }
        // Too much for all together: the connections that have much queued and have accepted
        // nothing for long are closed. A reader that accepts something now and then has few
        // milliseconds in its weight.
        let weigh = |conn: &Conn<S>| {
            let stalled_ms = conn.stalled_ms(now.mono_ms);
            (conn.out.own_bytes() as u64).saturating_mul(stalled_ms + 1)
        };
        let mut heaviest: Vec<(u64, PeerId)> =
            self.peers.slab.iter().map(|(_, conn)| (weigh(conn), conn.id)).collect();
        heaviest.sort_unstable_by(|one, other| other.cmp(one));
        for (weight, id) in heaviest {
            if weight == 0 || self.post.tapes.queued_bytes() <= self.limits.queued_bytes {
                break;
            }
            self.fail(id, CloseReason::Crowded, now);
            // The announcement that it left may have been too much for others.
            self.end_noted(now);
        }
    }

    fn end_noted(&mut self, now: &Now) {
        while let Some((id, why)) = self.peers.failing.pop() {
            self.fail(id, why, now);
        }
    }

    /// Asserts what holds between turns, whatever the peers did.
    fn check_invariants(&self) {
        let (peers, tapes) = (&self.peers, &self.post.tapes);
        let mut owned_bytes = 0;
        for (slot, conn) in &peers.slab {
            owned_bytes += conn.out.own_bytes();
            let pending = conn.out.pending(tapes);
            for tape in conn.out.tapes() {
                assert!(tapes.get(tape).followers.contains(slot), "tapes know who follows them");
            }
            assert!(conn.phase != Phase::Doomed, "the doomed are gone");
            let is_queued = peers.to_flush.contains(slot);
            assert!(!is_queued || peers.writable.contains(slot), "only the writable are queued");
            if pending > 0 && peers.writable.contains(slot) && !conn.is_paced() {
                assert!(is_queued, "who lacks something and can take it is queued: {}", conn.id);
            }
            assert!(conn.undecoded_bytes() <= 2 * READ_BYTES, "what is read ahead is bounded");
        }
        assert_eq!(owned_bytes, tapes.owned_bytes(), "own bytes are counted exactly");
        tapes.check_invariants();
    }
}
