//! Deadlines: at most one entry per slot, which is only ever moved earlier.
//!
//! An entry that comes due means "check this connection", not "this has happened": the hub then
//! determines what is really due and arms the slot again. So the frequent operations (a line read,
//! a flush done) never touch a timer.

use std::collections::BTreeSet;

const NEVER: u64 = u64::MAX;
/// Bits of an entry that hold the slot: far more than a process can have descriptors for.
const SLOT_BITS: u32 = 24;
/// 34 years: later deadlines are cut to this.
const DUE_MS_MAX: u64 = (1 << (64 - SLOT_BITS)) - 1;

/// The time at which each slot has to be checked.
#[derive(Default)]
pub struct Timers {
    /// Entries as one number each, the time above the slot: half the memory, the same order.
    queue: BTreeSet<u64>,
    /// By slot: the time of its entry in `queue`, or `NEVER`.
    armed_ms: Vec<u64>,
}

impl Timers {
    /// Schedules a check of `slot` no later than `due_ms`.
    pub fn arm(&mut self, slot: usize, due_ms: u64) {
        let due_ms = due_ms.min(DUE_MS_MAX);
        if slot >= self.armed_ms.len() {
            self.armed_ms.resize(slot + 1, NEVER);
        }
        if due_ms < self.armed_ms[slot] {
            self.disarm(slot);
            self.armed_ms[slot] = due_ms;
            self.queue.insert(entry(due_ms, slot));
        }
    }

    /// Cancels the check of `slot`.
    pub fn disarm(&mut self, slot: usize) {
        let Some(armed_ms) = self.armed_ms.get_mut(slot) else { return };
        if *armed_ms != NEVER {
            let was_there = self.queue.remove(&entry(*armed_ms, slot));
            assert!(was_there, "an armed slot is in the queue");
            *armed_ms = NEVER;
        }
    }

    /// Removes and returns the next slot that is due at `now_ms`.
    pub fn pop(&mut self, now_ms: u64) -> Option<usize> {
        let (due_ms, slot) = self.first()?;
        if due_ms > now_ms {
            return None;
        }
        self.disarm(slot);
        Some(slot)
    }

    /// Returns when the next slot is due.
    pub fn next_ms(&self) -> Option<u64> {
        self.first().map(|(due_ms, _)| due_ms)
    }

    fn first(&self) -> Option<(u64, usize)> {
        let entry = *self.queue.first()?;
        let slot = usize::try_from(entry & ((1 << SLOT_BITS) - 1)).expect("a slot fits 24 bits");
        Some((entry >> SLOT_BITS, slot))
    }
}

fn entry(due_ms: u64, slot: usize) -> u64 {
    assert!(slot < 1 << SLOT_BITS && due_ms <= DUE_MS_MAX, "an entry has room for both");
    due_ms << SLOT_BITS | slot as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_moves_only_earlier() {
        let mut timers = Timers::default();
        timers.arm(3, 500);
        timers.arm(3, 900);
        timers.arm(1, 700);
        assert_eq!(timers.next_ms(), Some(500));
        timers.arm(3, 100);
        assert_eq!(timers.pop(99), None);
        assert_eq!(timers.pop(100), Some(3));
        assert_eq!(timers.pop(100), None);
        assert_eq!(timers.pop(5_000), Some(1));
        assert_eq!(timers.next_ms(), None);
    }

    #[test]
    fn a_disarmed_slot_never_comes_due() {
        let mut timers = Timers::default();
        timers.arm(0, 10);
        timers.disarm(0);
        timers.disarm(7);
        assert_eq!(timers.pop(1_000_000), None);
    }
}
