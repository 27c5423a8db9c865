//! The telling half of a turn: what is queued to sockets.

use crate::clock::Now;
use crate::delivery::outbound::Flush;
use crate::hub::Hub;
use crate::hub::conn::{Life, Socket};
use crate::hub::pace;
use crate::limits::{DRAIN_MS, FLUSHES_PER_TURN};

impl<S: Socket> Hub<S> {
    pub(super) fn flush_some(&mut self, now: &Now) {
        for slot in std::mem::take(&mut self.peers.overfull) {
            if self.peers.to_flush.contains(slot) {
                self.peers.to_flush.remove(slot);
                self.flush(slot, now);
            }
        }
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
}
