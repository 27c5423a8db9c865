//! Every limit of the client in one place, with its unit in its name.

use crate::limits::{LINE_BYTES_MAX, READ_BYTES};

/// The read size of the article's server: a command and its line end must fit.
pub const COMMAND_BYTES_MAX: usize = 1024;
/// The maximum length of a text said as one line, unless the server accepts less: ` -ta` and the
/// line end follow it.
pub const SAY_BYTES_MAX: usize = COMMAND_BYTES_MAX - 5;
/// The size of a read from the server.
pub const SOCKET_READ_BYTES: usize = 16 * 1024;
/// The maximum length of a received line: the longest text with every character escaped; longer
/// lines are dropped.
pub const RECEIVED_LINE_BYTES_MAX: usize = 8 * LINE_BYTES_MAX;
/// The maximum number of commands waiting to be sent; beyond it the keyboard or pipe is not read.
pub const COMMANDS_MAX: usize = 64;
/// The maximum number of unconfirmed lines: one more is sent when the server has confirmed the
/// first.
pub const UNCONFIRMED_MAX: usize = 16;
/// The maximum size of one paste, and of all text waiting to be said.
pub const PASTE_BYTES_MAX: usize = 1024 * 1024;
/// The maximum number of lines of one paste.
pub const PASTE_LINES_MAX: usize = 10_000;
/// The maximum number of unsaid lines that are kept for the report at the end.
pub const FAILED_LINES_MAX: usize = 100;
/// The number of earlier lines shown when the user enters.
pub const PAST_LINES: u64 = 20;
/// The number of line ids that are remembered, so that no line is shown twice.
pub const IDS_MAX: usize = 1_000;
/// The number of rooms whose last line is remembered, so that only newer lines are shown on return.
pub const ROOMS_MAX: usize = 64;
/// The time for a server to send `hello`; then it is assumed to speak the article's protocol.
pub const HELLO_MS: u64 = 1_000;
/// The time to wait for the echo of a line at the article's server before the next one is sent.
pub const ECHO_MS: u64 = 1_000;
/// The time for an address to answer, and for a server to answer to a name.
pub const ANSWER_MS: u64 = 10_000;
/// The time for which a server may be silent while an answer is due; then the client reconnects. A
/// server that slows down a fast client still answers now and then.
pub const STALL_MS: u64 = 30_000;
/// The time to wait for the answer to `exit` after the last data from the server.
pub const GOODBYE_MS: u64 = 5_000;
/// The time to wait for the last lines of a filter, counted from the last confirmation.
pub const FINISH_MS: u64 = 10_000;
/// The maximum delay before the first reconnect; it doubles with each.
pub const RETRY_FIRST_MS: u64 = 1_000;
/// The maximum delay before any reconnect.
pub const RETRY_MAX_MS: u64 = 30_000;
/// The number of lines that can be scrolled back to.
pub const SCROLLBACK_LINES: usize = 2_000;
/// The maximum size of these lines.
pub const SCROLLBACK_BYTES: usize = 1024 * 1024;
/// The number of the user's own lines that the arrow keys can recall.
pub const HISTORY_LINES: usize = 200;
/// The maximum number of names remembered for completion.
pub const NAMES_MAX: usize = 1_000;
/// The maximum number of addresses tried for one host.
pub const ADDRESSES_MAX: usize = 16;
/// The maximum size of the filter's unwritten output; beyond it the server is not read.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// The size of a write to a pipe that is writable: as much as does not block (pipe(7), `PIPE_BUF`).
pub const PIPE_WRITE_BYTES: usize = 4_096;

const _: () = {
    assert!(SOCKET_READ_BYTES >= READ_BYTES);
    assert!(RETRY_FIRST_MS < RETRY_MAX_MS);
    assert!(SCROLLBACK_BYTES > 2 * RECEIVED_LINE_BYTES_MAX);
    assert!(FINISH_MS < STALL_MS);
};
