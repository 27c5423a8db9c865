//! How a connection is written to: as fast as its socket accepts bytes or, if the client does no
//! framing, one portion at a time with pauses.

use std::io::{self, IoSlice};

use crate::clock::Now;
use crate::delivery::outbound::Flush;
use crate::door::protocol::{CONTINUED, Delivery, LINE_END, Portion};
use crate::hub::conn::{Conn, Pace, Socket};
use crate::hub::post::Post;
use crate::limits::{
    FLUSH_BYTES, Limits, PORTION_GAP_MS, RUN_GAP_MS, UNFRAMED_READ_BYTES, WORD_GAP_MS,
};

/// How a flush ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The socket decided.
    Flushed(Flush),
    /// The socket would accept more, but the client could not tell it from what it has just been
    /// sent; or the typed line has to be redrawn, and the redraw budget is used up.
    Paused {
        /// When the next portion, or that line, may be sent.
        until_ms: u64,
    },
}

/// Writes what is queued for `conn`; returns the number of bytes as well.
///
/// # Errors
/// Any error of the socket, except that it is full.
pub fn flush<S: Socket>(
    conn: &mut Conn<S>,
    post: &mut Post,
    limits: &Limits,
    now: &Now,
) -> (usize, io::Result<End>) {
    match conn.protocol.delivery() {
        Delivery::Shared => {}
        Delivery::Paced => return flush_portion(conn, post, limits, now),
        Delivery::Copied => {
            // Messages are shown above the line that is being typed, so the bytes differ for each
            // person.
            post.settle(conn, false, now);
            post.redraw_input(conn, now);
        }
    }
    post.tell_skipped(conn, now);
    let Conn { sock, out, .. } = conn;
    let (written, end) = out.flush(&mut post.tapes, FLUSH_BYTES, |slices| sock.write(slices));
    let end = end.map(|end| match conn.protocol.redraw_due_ms() {
        // The next part of a long answer follows when all is sent; its last part is flushed, too.
        Some(until_ms) if end == Flush::Drained && !conn.is_listing => End::Paused { until_ms },
        _ => End::Flushed(end),
    });
    (written, end)
}

fn flush_portion<S: Socket>(
    conn: &mut Conn<S>,
    post: &mut Post,
    limits: &Limits,
    now: &Now,
) -> (usize, io::Result<End>) {
    // Portions are cut from its own bytes: few clients are unframed, so the copying costs little.
    if conn.out.own_bytes() > limits.lag_soft_bytes {
        conn.out.skip(&mut post.tapes);
    } else {
        post.settle(conn, false, now);
    }
    if conn.out.own_bytes() == 0 {
        return (0, Ok(End::Flushed(Flush::Drained)));
    }
    let pace = &mut conn.extra.get_or_insert_default().pace;
    let portion = pace.begun.unwrap_or_else(|| conn.protocol.portion(conn.out.own()));
    if let Some(until_ms) = pace.pause(portion).filter(|&until_ms| until_ms > now.mono_ms) {
        return (0, Ok(End::Paused { until_ms }));
    }
    let written = match conn.sock.write(&[IoSlice::new(&conn.out.own()[..portion.send])]) {
        Ok(took) => took.bytes,
        Err(error) => return (0, Err(error)),
    };
    conn.out.drop_own(written, &mut post.tapes);
    if written < portion.send {
        pace.begun = Some(Portion { send: portion.send - written, ..portion });
        return (written, Ok(End::Flushed(Flush::Blocked)));
    }
    conn.out.drop_own(portion.omit, &mut post.tapes);
    if portion.omit == 0 && conn.out.own_bytes() > 0 {
        // The rest of the line starts a read of its own: it must not pass for a line, or a word.
        conn.out.prepend(CONTINUED, &mut post.tapes);
    }
    pace.sent(portion, now);
    let end = match conn.out.own_bytes() {
        0 => End::Flushed(Flush::Drained),
        _ => End::Paused { until_ms: now.mono_ms + PORTION_GAP_MS },
    };
    (written, Ok(end))
}

/// Switches `conn`, which has shown that it sends lines after all, to ordinary lines.
pub fn end<S>(conn: &mut Conn<S>, post: &mut Post) {
    let Some(extra) = &mut conn.extra else { return };
    let pace = std::mem::take(&mut extra.pace);
    if pace.begun.is_none() && pace.has_omitted {
        conn.out.prepend(LINE_END, &mut post.tapes);
    }
}

impl Pace {
    /// Returns until when `portion` has to wait, if it has to.
    fn pause(&self, portion: Portion) -> Option<u64> {
        let gap_ms = if portion.is_word || self.was_word {
            WORD_GAP_MS
        } else if self.run_bytes + portion.send > UNFRAMED_READ_BYTES {
            RUN_GAP_MS
        } else {
            PORTION_GAP_MS
        };
        // A portion that was begun must be finished: nobody can tell its parts apart any more.
        self.sent_ms.filter(|_| self.begun.is_none()).map(|sent_ms| sent_ms + gap_ms)
    }

    /// Notes that `portion` has been sent completely.
    fn sent(&mut self, portion: Portion, now: &Now) {
        let silence_ms = self.sent_ms.map_or(u64::MAX, |sent_ms| now.mono_ms - sent_ms);
        let run_bytes = if silence_ms < RUN_GAP_MS { self.run_bytes } else { 0 };
        *self = Self {
            begun: None,
            sent_ms: Some(now.mono_ms),
            was_word: portion.is_word,
            run_bytes: run_bytes + portion.send,
            has_omitted: portion.omit > 0,
        };
    }
}
