//! The writing half of a turn: flushes queued bytes to sockets.

use std::hint;

use crate::clock::Now;
use crate::delivery::outbound::Flush;
use crate::hub::Hub;
use crate::hub::conn::{Moment, Phase, Reading, Socket, Writing};
use crate::hub::pace;
use crate::limits::{DRAIN_MS, FLUSH_BATCH, FLUSHES_PER_TURN};

impl<S: Socket> Hub<S> {
    pub(super) fn flush_some(&mut self, now: &Now) {
        for slot in std::mem::take(&mut self.peers.overfull) {
            if self.peers.to_flush.contains(slot) {
                self.peers.to_flush.remove(slot);
                self.flush(slot, now);
            }
        }
        let mut batch = [0; FLUSH_BATCH];
        for _ in 0..FLUSHES_PER_TURN / FLUSH_BATCH {
            let mut count = 0;
            for place in &mut batch {
                let Some(slot) = self.peers.to_flush.next_round(self.next_flush) else { break };
                self.next_flush = slot + 1;
                self.peers.to_flush.remove(slot);
                *place = slot;
                count += 1;
            }
            let batch = &batch[..count];
            self.load(batch);
            batch.iter().for_each(|&slot| self.flush(slot, now));
            if count < FLUSH_BATCH {
                break;
            }
        }
    }

    /// Reads one field of each connection in `batch`, so that the processor fetches them all at the
    /// same time. Among a million connections each access is a cache miss; one after the other,
    /// these take longer than everything else that the hub does in a flush.
    fn load(&self, batch: &[usize]) {
        for &slot in batch {
            hint::black_box(self.peers.slab[slot].phase);
        }
    }

    /// Writes to `slot` as much as its socket accepts.
    fn flush(&mut self, slot: usize, now: &Now) {
        let (post, limits) = (&mut self.post, &self.limits);
        let conn = &mut self.peers.slab[slot];
        if conn.is_write_closed() || matches!(conn.phase, Phase::Draining { .. } | Phase::Doomed) {
            return;
        }
        let (written, end) = pace::flush(conn, post, limits, now);
        match end {
            Ok(pace::End::Flushed(Flush::Drained)) => {
                conn.writing = Writing::Ready;
                if matches!(conn.phase, Phase::Closing { .. }) {
                    return self.end_writing(slot, now);
                }
                if conn.is_listing {
                    self.peers.to_read.insert(slot);
                }
            }
            Ok(pace::End::Flushed(Flush::Budget)) => {
                conn.writing = Writing::Ready;
                self.peers.to_flush.insert(slot);
            }
            Ok(pace::End::Flushed(Flush::Blocked)) => {
                self.peers.writable.remove(slot);
                if written > 0 || !matches!(conn.writing, Writing::Blocked { .. }) {
                    conn.writing = Writing::Blocked { since: Moment::at(now.mono_ms) };
                }
                if conn.is_lagging(&post.tapes, limits) {
                    conn.out.skip(&mut post.tapes);
                }
                self.peers.timers.arm(slot, now.mono_ms + limits.stall_secs * 1_000);
            }
            Ok(pace::End::Paused { until_ms }) => {
                conn.writing = Writing::Ready;
                self.peers.timers.arm(slot, until_ms);
            }
            Err(_) => return self.close_write_side(slot),
        }
        if written > 0 {
            self.peers.want_read(slot);
        }
    }

    /// Shuts down the write side of a closing connection whose queue is sent.
    fn end_writing(&mut self, slot: usize, now: &Now) {
        let conn = &mut self.peers.slab[slot];
        if conn.sock.end_writing().is_err() || conn.reading == Reading::Done {
            return self.give_up(slot);
        }
        conn.phase = Phase::Draining { since: Moment::at(now.mono_ms) };
        self.peers.timers.arm(slot, now.mono_ms + DRAIN_MS);
        self.peers.want_read(slot);
    }

    /// Notes that the socket of `slot` accepts no more bytes: input that has arrived is still read,
    /// then the connection ends.
    fn close_write_side(&mut self, slot: usize) {
        let conn = &mut self.peers.slab[slot];
        if !conn.is_open() {
            return self.give_up(slot);
        }
        conn.writing = Writing::Gone;
        conn.is_listing = false;
        self.post.forget(conn);
        self.peers.readable.insert(slot);
        self.peers.to_read.insert(slot);
    }
}
