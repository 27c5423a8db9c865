//! Every bound of the client in one place, its unit in its name.

use crate::limits::{LINE_BYTES_MAX, NICK_BYTES_MAX, READ_BYTES};

/// What the article's server reads at once, and the longest line that natter takes unless told
/// otherwise: a command and its line end fit.
pub const COMMAND_BYTES_MAX: usize = 1024;
/// The longest text that is said as one line: ` -ta` and the line end come behind it.
pub const SAY_BYTES_MAX: usize = COMMAND_BYTES_MAX - 5;
/// One read from the server.
pub const SOCKET_READ_BYTES: usize = 16 * 1024;
/// The longest line that is heard; of a longer one nothing is.
pub const HEARD_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;
/// Commands that wait to be sent; past it nothing more is taken from the person or the pipe.
pub const COMMANDS_MAX: usize = 64;
/// How long the echo of a line is waited for before the next one is sent.
pub const ECHO_MS: u64 = 1_000;
/// How long after a line that is not `OK` a name counts as refused: a server that is full says so
/// and closes.
pub const REFUSAL_MS: u64 = 300;
/// How long one address may take to answer, and a server to answer to a name.
pub const ANSWER_MS: u64 = 10_000;
/// How long after the last word from the server the answer to `exit` is waited for.
pub const GOODBYE_MS: u64 = 5_000;
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
/// The most that is taken of one paste.
pub const PASTE_BYTES_MAX: usize = 16 * 1024;
/// Addresses of one host that are tried.
pub const ADDRESSES_MAX: usize = 16;
/// What waits for a slow reader of the filter's output; past it the server is not read.
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// One write to a pipe that is ready for writing: as much as does not block (pipe(7), `PIPE_BUF`).
pub const PIPE_WRITE_BYTES: usize = 4_096;

const _: () = {
    assert!(HEARD_BYTES_MAX > LINE_BYTES_MAX + 2 * NICK_BYTES_MAX + 64);
    assert!(SOCKET_READ_BYTES >= READ_BYTES);
    assert!(RETRY_FIRST_MS < RETRY_MAX_MS);
    assert!(SCROLLBACK_BYTES > 2 * HEARD_BYTES_MAX);
    assert!(REFUSAL_MS < ANSWER_MS);
};
