//! How a connection is written to: as fast as it takes it, or, if it frames nothing, one
//! portion at a time with a pause between.

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
    /// As the socket had it.
    Flushed(Flush),
    /// More is there, and the socket would take it, but the client would not tell it apart from
    /// what it has just been sent; or its typed line is to be shown, and the redraw budget is used
    /// up.
    Paused {
        /// When the next portion, or that line, may go out.
        until_ms: u64,
    },
}

/// Writes what is queued for `conn`; also says how many bytes that were.
///
/// # Errors
/// What the socket answered, other than that it is full.
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
            // What comes is shown above the line that is being typed, so it is this person's own.
            post.settle(conn, false, now);
            post.redraw_input(conn, now);
        }
    }
    post.tell_skipped(conn, now);
    let Conn { sock, out, .. } = conn;
    let (written, end) = out.flush(&mut post.tapes, FLUSH_BYTES, |slices| sock.write(slices));
    let end = end.map(|end| match conn.protocol.redraw_due_ms() {
        // A listing goes on when all is sent; its end is flushed, too.
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
    // Portions are cut from its own bytes: few clients are unframed, so copying costs little.
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
        // The rest of the line begins a read of its own: it must not pass for a line, or a word.
        conn.out.prepend(CONTINUED, &mut post.tapes);
    }
    pace.sent(portion, now);
    let end = match conn.out.own_bytes() {
        0 => End::Flushed(Flush::Drained),
        _ => End::Paused { until_ms: now.mono_ms + PORTION_GAP_MS },
    };
    (written, Ok(end))
}

/// `conn` has shown that it sends lines after all: it is sent lines from here on.
pub fn end<S>(conn: &mut Conn<S>, post: &mut Post) {
    let Some(extra) = &mut conn.extra else { return };
    let pace = std::mem::take(&mut extra.pace);
    if pace.begun.is_none() && pace.has_omitted {
        conn.out.prepend(LINE_END, &mut post.tapes);
    }
}

impl Pace {
    /// Until when `portion` has to wait, if it has to.
    fn pause(&self, portion: Portion) -> Option<u64> {
        let gap_ms = if portion.is_word || self.was_word {
            WORD_GAP_MS
        } else if self.run_bytes + portion.send > UNFRAMED_READ_BYTES {
            RUN_GAP_MS
        } else {
            PORTION_GAP_MS
        };
        // A portion that was begun must be ended: nobody can tell its parts apart any more.
        self.sent_ms.filter(|_| self.begun.is_none()).map(|sent_ms| sent_ms + gap_ms)
    }

    /// Notes that the last of `portion` was sent.
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
