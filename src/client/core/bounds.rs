//! Every bound of the client in one place, its unit in its name.

use crate::limits::{LINE_BYTES_MAX, READ_BYTES};

/// What the article's server reads at once: a command and its line end fit.
pub const COMMAND_BYTES_MAX: usize = 1024;
/// The longest text that is said as one line, unless the server takes less: ` -ta` and the line end
/// come behind it.
pub const SAY_BYTES_MAX: usize = COMMAND_BYTES_MAX - 5;
/// One read from the server.
pub const SOCKET_READ_BYTES: usize = 16 * 1024;
/// The longest line that is read, every character of the longest text escaped; a longer one is left
/// out.
pub const RECEIVED_LINE_BYTES_MAX: usize = 8 * LINE_BYTES_MAX;
/// Commands that wait to be sent; past it nothing more is taken from the keyboard or the pipe.
pub const COMMANDS_MAX: usize = 64;
/// Lines that are on their way at a time: one more is sent when the server has confirmed the first.
pub const UNCONFIRMED_MAX: usize = 16;
/// The most that is taken of one paste, and that may wait to be said in all.
pub const PASTE_BYTES_MAX: usize = 1024 * 1024;
/// The most lines of one paste.
pub const PASTE_LINES_MAX: usize = 10_000;
/// Lines that could not be said, kept for the report at the end.
pub const FAILED_LINES_MAX: usize = 100;
/// Lines that are shown of what was said before the person came.
pub const PAST_LINES: u64 = 20;
/// Line ids that are remembered, so that no line is shown twice.
pub const IDS_MAX: usize = 1_000;
/// Rooms whose last line is remembered, so that only what came after it is shown on return.
pub const ROOMS_MAX: usize = 64;
/// How long a server may take to say `hello` before it is spoken to as the article's.
pub const HELLO_MS: u64 = 1_000;
/// At the article's server: how long the echo of a line is waited for before the next one is sent.
pub const ECHO_MS: u64 = 1_000;
/// How long one address may take to answer, and a server to answer to a name.
pub const ANSWER_MS: u64 = 10_000;
/// How long a server may be silent while something has to be answered; then another connection is
/// made. A server that slows down a fast client still answers every now and then.
pub const STALL_MS: u64 = 30_000;
/// How long after the last word from the server the answer to `exit` is waited for.
pub const GOODBYE_MS: u64 = 5_000;
/// How long the last lines of a filter are waited for, counted from the last one confirmed.
pub const FINISH_MS: u64 = 10_000;
/// The most that is waited before the first attempt to come back; it doubles with each.
pub const RETRY_FIRST_MS: u64 = 1_000;
/// The most that is waited before any attempt to come back.
pub const RETRY_MAX_MS: u64 = 30_000;
/// Lines that can be scrolled back to.
pub const SCROLLBACK_LINES: usize = 2_000;
/// Bytes of them that are kept.
pub const SCROLLBACK_BYTES: usize = 1024 * 1024;
/// Lines of the person's own that can be brought back with the arrow keys.
pub const HISTORY_LINES: usize = 200;
/// Names that are remembered for completion and not known to be gone.
pub const NAMES_MAX: usize = 1_000;
/// Addresses of one host that are tried.
pub const ADDRESSES_MAX: usize = 16;
/// What waits for a slow reader of the filter's output; past it the server is not read.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// One write to a pipe that is ready for writing: as much as does not block (pipe(7), `PIPE_BUF`).
pub const PIPE_WRITE_BYTES: usize = 4_096;

const _: () = {
    assert!(SOCKET_READ_BYTES >= READ_BYTES);
    assert!(RETRY_FIRST_MS < RETRY_MAX_MS);
    assert!(SCROLLBACK_BYTES > 2 * RECEIVED_LINE_BYTES_MAX);
    assert!(FINISH_MS < STALL_MS);
};
