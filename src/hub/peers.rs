//! All connections, and the sets of slots with pending work.

use std::collections::BTreeMap;
use std::net::IpAddr;

use slab::Slab;

use crate::chat::event::CloseReason;
use crate::door::protocol::Protocol;
use crate::hub::conn::{Conn, Phase};
use crate::hub::timers::Timers;
use crate::ids::PeerId;
use crate::slots::SlotSet;

/// The slab of connections, and sets of its slots by readiness and pending work.
pub struct Peers<S> {
    /// The connections.
    pub slab: Slab<Conn<S>>,
    /// Slots whose kernel buffer may hold input: the last read did not drain it.
    pub readable: SlotSet,
    /// Slots whose kernel buffer may have room: the last write did not fill it.
    pub writable: SlotSet,
    /// Slots to read or decode.
    pub to_read: SlotSet,
    /// Slots to flush; only slots whose socket is writable.
    pub to_flush: SlotSet,
    /// When each slot has to be checked.
    pub timers: Timers,
    /// Connections to end, with the reason.
    pub failing: Vec<(PeerId, CloseReason)>,
    /// Writable slots with much in their own buffer: they are flushed before anything else is read.
    pub overfull: Vec<usize>,
    /// The number of connections that were accepted only to be refused.
    pub refused: usize,
    /// Slots to empty at the end of the turn.
    doomed: Vec<usize>,
    /// The number of connections from each address, if connections are counted by address.
    by_host: BTreeMap<IpAddr, usize>,
    /// The generation of the newest connection.
    generations: u32,
}

impl<S> Peers<S> {
    /// Creates an empty set of connections.
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

    /// Returns the id that the next connection will have.
    pub fn next_id(&self) -> PeerId {
        // No connection has generation 0.
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

    /// Returns the connection of `id`, unless it is gone.
    pub fn get_mut(&mut self, id: PeerId) -> Option<&mut Conn<S>> {
        self.slab.get_mut(id.slot()).filter(|conn| conn.id == id && conn.phase != Phase::Doomed)
    }

    /// Returns the number of connections from `host`.
    pub fn count_from(&self, host: IpAddr) -> usize {
        self.by_host.get(&host).copied().unwrap_or(0)
    }

    /// Queues `slot` for a flush, if its socket is writable.
    pub fn want_flush(&mut self, slot: usize) {
        if self.writable.contains(slot) {
            self.to_flush.insert(slot);
        }
    }

    /// Queues `slot` to be read or decoded, if it may have input.
    pub fn want_read(&mut self, slot: usize) {
        if self.readable.contains(slot) || self.slab[slot].undecoded_bytes() > 0 {
            self.to_read.insert(slot);
        }
    }

    /// Marks `slot` for removal; the connection takes part in nothing from here on.
    pub fn doom(&mut self, slot: usize) {
        let conn = &mut self.slab[slot];
        if conn.phase != Phase::Doomed {
            conn.phase = Phase::Doomed;
            self.doomed.push(slot);
        }
    }

    /// Removes the doomed connections: their sockets are closed here, and nowhere else.
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
