//! Everyone who is connected, and the sets of slots that something waits for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use slab::Slab;

use crate::chat::event::CloseReason;
use crate::door::protocol::Protocol;
use crate::hub::conn::{Conn, Phase};
use crate::hub::timers::Timers;
use crate::ids::PeerId;
use crate::slots::SlotSet;

/// The slab, and its slots by what they are ready for and what is to be done for them.
pub struct Peers<S> {
    /// The connections.
    pub slab: Slab<Conn<S>>,
    /// Their kernel buffers may hold input: the last read did not find the end of it.
    pub readable: SlotSet,
    /// Their kernel buffers may have room: the last write did not find them full.
    pub writable: SlotSet,
    /// Input of theirs is to be read or decoded.
    pub to_read: SlotSet,
    /// They are to be written to; only writable ones.
    pub to_flush: SlotSet,
    /// When their timers are to be checked.
    pub timers: Timers,
    /// They are to be ended, and why.
    pub failing: Vec<(PeerId, CloseReason)>,
    /// They can be written to and have much of their own queued: before anything else is read.
    pub overfull: Vec<usize>,
    /// How many are here only to be told that there is no room.
    pub refused: usize,
    /// They are to be removed at the end of the turn.
    doomed: Vec<usize>,
    /// Connections by where they come from, as far as that is counted.
    by_host: BTreeMap<IpAddr, usize>,
    /// The generation of the last arrival.
    generations: u32,
}

impl<S> Peers<S> {
    /// Nobody is connected.
    pub fn new() -> Self {
        Self {
            slab: Slab::new(),
            readable: SlotSet::default(),
            writable: SlotSet::default(),
            to_read: SlotSet::default(),
            to_flush: SlotSet::default(),
            timers: Timers::default(),
            failing: Vec::new(),
            overfull: Vec::new(),
            refused: 0,
            doomed: Vec::new(),
            by_host: BTreeMap::new(),
            generations: 0,
        }
    }

    /// Who the next connection will be.
    pub fn next_id(&self) -> PeerId {
        // 0 is nobody's.
        PeerId::new(self.slab.vacant_key(), self.generations.checked_add(1).unwrap_or(1))
    }

    /// Puts a new connection into a free slot.
    pub fn insert(
        &mut self,
        sock: S,
        protocol: Protocol,
        host: Option<IpAddr>,
        now_ms: u64,
    ) -> PeerId {
        let id = self.next_id();
        self.generations = id.generation();
        self.slab.insert(Conn::new(sock, id, protocol, host, now_ms));
        self.writable.insert(id.slot());
        if let Some(host) = host {
            *self.by_host.entry(host).or_default() += 1;
        }
        id
    }

    /// The connection of `id`, unless it is gone.
    pub fn get_mut(&mut self, id: PeerId) -> Option<&mut Conn<S>> {
        self.slab.get_mut(id.slot()).filter(|conn| conn.id == id && conn.phase != Phase::Doomed)
    }

    /// How many come from `host`.
    pub fn count_from(&self, host: IpAddr) -> usize {
        self.by_host.get(&host).copied().unwrap_or(0)
    }

    /// Has `slot` written to, once its socket takes something.
    pub fn want_flush(&mut self, slot: usize) {
        if self.writable.contains(slot) {
            self.to_flush.insert(slot);
        }
    }

    /// Has input of `slot` read or decoded, if there is any.
    pub fn want_read(&mut self, slot: usize) {
        if self.readable.contains(slot) || self.slab[slot].undecoded_bytes() > 0 {
            self.to_read.insert(slot);
        }
    }

    /// Marks `slot` for removal; from here on it takes part in nothing.
    pub fn doom(&mut self, slot: usize) {
        let conn = &mut self.slab[slot];
        if conn.phase != Phase::Doomed {
            conn.phase = Phase::Doomed;
            self.doomed.push(slot);
        }
    }

    /// Removes whoever is doomed: their sockets are closed here, and nowhere else.
    pub fn reap(&mut self) {
        for slot in std::mem::take(&mut self.doomed) {
            let conn = self.slab.remove(slot);
            assert_eq!(conn.out.own_bytes(), 0, "what was queued for it has been given up");
            assert!(conn.out.tapes().next().is_none(), "it has left its tapes");
            self.refused -= usize::from(conn.is_refused);
            let Self { readable, writable, to_read, to_flush, .. } = self;
            for set in [readable, writable, to_read, to_flush] {
                set.remove(slot);
            }
            self.timers.disarm(slot);
            if let Some(host) = conn.host {
                let count = self.by_host.get_mut(&host).expect("its host was counted");
                *count -= 1;
                if *count == 0 {
                    self.by_host.remove(&host);
                }
            }
        }
    }
}

impl<S> Default for Peers<S> {
    fn default() -> Self {
        Self::new()
    }
}
