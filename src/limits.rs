//! Every limit in one place, with its unit in its name.

/// Limits that the operator may change; [`Limits::DEFAULT`] applies otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of connections; 0 means as many as the descriptor limit allows, up to
    /// [`CLIENTS_UNASKED_MAX`].
    pub clients: usize,
    /// The maximum number of connections from one IPv4 address or one IPv6 /64 network; loopback is
    /// exempt.
    pub per_address: usize,
    /// The maximum number of new connections from one such address or network within
    /// [`ARRIVAL_WINDOW_MS`].
    pub per_address_rate: usize,
    /// Connections accepted before the others are served again.
    pub accepts_per_turn: usize,
    /// How long a connection may stay without a name.
    pub name_secs: u64,
    /// Lines that a new user at the telnet door is shown; 0 stores none.
    pub history: usize,
    /// Memory limit for the history of all rooms.
    pub history_bytes: usize,
    /// The most that a file of the log holds.
    pub log_bytes: u64,
    /// Files of the log, the one that is written among them.
    pub log_files: usize,
    /// The maximum number of rooms.
    pub rooms: usize,
    /// The longest topic of a room.
    pub topic_bytes: usize,
    /// The maximum length of a line, decoded, without its line end.
    pub line_bytes: usize,
    /// Bytes without any line end after which the connection is closed.
    pub unterminated_bytes: usize,
    /// Lines that a peer may send at once before it is read more slowly.
    pub burst_lines: u64,
    /// Lines per second after that.
    pub lines_per_sec: u64,
    /// Bytes that a peer may send at once before it is read more slowly.
    pub burst_bytes: u64,
    /// Bytes per second after that.
    pub bytes_per_sec: u64,
    /// Whether the four limits above apply: off for benchmarks on trusted links.
    pub flood_limit: bool,
    /// A blocked reader this far behind has lines skipped and is not read.
    pub lag_soft_bytes: usize,
    /// A blocked reader this far behind is closed; also the maximum that a tape holds.
    pub lag_hard_bytes: usize,
    /// A reader that has accepted nothing for this long is closed.
    pub stall_secs: u64,
    /// Bytes queued for all peers together; beyond it the largest backlog is closed.
    pub queued_bytes: usize,
    /// Silence on a TCP connection before the kernel probes it.
    pub keepalive_secs: u64,
    /// Time between two such probes.
    pub keepalive_interval_secs: u64,
    /// Unanswered probes after which the kernel closes the connection.
    pub keepalive_probes: u32,
    /// Data sent but unacknowledged for this long ends the connection (`TCP_USER_TIMEOUT`, RFC
    /// 5482).
    pub user_timeout_secs: u64,
}

impl Limits {
    /// The defaults of all options.
    pub const DEFAULT: Self = Self {
        clients: 0,
        per_address: 16,
        per_address_rate: 32,
        accepts_per_turn: 64,
        name_secs: 60,
        history: 20,
        history_bytes: 4 * 1024 * 1024,
        log_bytes: 16 * 1024 * 1024,
        log_files: 8,
        rooms: 1_000,
        topic_bytes: 256,
        line_bytes: 1024,
        unterminated_bytes: 8 * 1024,
        burst_lines: 5,
        lines_per_sec: 2,
        burst_bytes: 4 * 1024,
        bytes_per_sec: 1024,
        flood_limit: true,
        lag_soft_bytes: 16 * 1024,
        lag_hard_bytes: 64 * 1024,
        stall_secs: 30,
        queued_bytes: 16 * 1024 * 1024,
        keepalive_secs: 60,
        keepalive_interval_secs: 15,
        keepalive_probes: 4,
        user_timeout_secs: 120,
    };

    /// Checks the relations between limits; reports the first that does not hold, as one line for
    /// the operator.
    ///
    /// # Errors
    /// The line names the option to change and what it must be.
    pub const fn check(&self) -> Result<(), &'static str> {
        if self.line_bytes < 64 || self.line_bytes > LINE_BYTES_MAX {
            return Err("--line-bytes: must be from 64 to 8192");
        }
        if self.unterminated_bytes < self.line_bytes {
            return Err("--unterminated-bytes: must be at least --line-bytes");
        }
        if self.lag_soft_bytes < 2 * LINE_BYTES_MAX {
            return Err("--lag-soft-bytes: must be at least 16384");
        }
        if self.lag_hard_bytes < self.lag_soft_bytes + 2 * TAPE_CHUNK_BYTES {
            return Err("--lag-hard-bytes: must be at least --lag-soft-bytes + 32768");
        }
        if self.queued_bytes < 2 * self.lag_hard_bytes {
            return Err("--queued-bytes: must be at least twice --lag-hard-bytes");
        }
        if self.lines_per_sec == 0 || self.bytes_per_sec == 0 {
            return Err("--lines-per-sec and --bytes-per-sec: must be at least 1");
        }
        if self.burst_lines == 0 || self.burst_bytes == 0 {
            return Err("--burst-lines and --burst-bytes: must be at least 1");
        }
        if self.history > HISTORY_LINES_MAX {
            return Err("--history: must be at most 256");
        }
        if self.history_bytes < HISTORY_BYTES_MIN {
            return Err("--history-bytes: must be at least 65536");
        }
        if self.log_bytes < LOG_BYTES_MIN {
            return Err("--log-bytes: must be at least 65536");
        }
        if self.log_files > LOG_FILES_MAX {
            return Err("--log-files: must be at most 1000");
        }
        if self.topic_bytes > self.line_bytes {
            return Err("--topic-bytes: must be at most --line-bytes");
        }
        if self.accepts_per_turn == 0 || self.per_address == 0 || self.per_address_rate == 0 {
            return Err(
                "--accepts-per-turn, --per-address and --per-address-rate: must be at least 1",
            );
        }
        if self.keepalive_secs > KEEPALIVE_SECS_MAX {
            return Err("--keepalive-secs: must be at most 32767");
        }
        if self.keepalive_interval_secs > KEEPALIVE_SECS_MAX {
            return Err("--keepalive-interval-secs: must be at most 32767");
        }
        if self.keepalive_probes > KEEPALIVE_PROBES_MAX {
            return Err("--keepalive-probes: must be at most 127");
        }
        if self.user_timeout_secs > USER_TIMEOUT_SECS_MAX {
            return Err("--user-timeout-secs: must be at most 2147483");
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The maximum number of connections unless `--clients` asks for more.
pub const CLIENTS_UNASKED_MAX: usize = 10_000;
/// The maximum number of doors.
pub const DOORS_MAX: usize = 1_000;
/// Descriptors reserved, besides one per door, for the log, the Poll, signals and refusals.
pub const DESCRIPTORS_RESERVED: usize = 30;
/// Refused peers that may hold a slot until their refusal has been delivered; those beyond are
/// closed without a notice.
pub const REFUSED_MAX: usize = 16;
/// The maximum of `--line-bytes`.
pub const LINE_BYTES_MAX: usize = 8 * 1024;
/// The kernel's maximum of `TCP_KEEPIDLE` and `TCP_KEEPINTVL`.
pub const KEEPALIVE_SECS_MAX: u64 = 32_767;
/// The kernel's maximum of `TCP_KEEPCNT`.
pub const KEEPALIVE_PROBES_MAX: u32 = 127;
/// The kernel's maximum of `TCP_USER_TIMEOUT`, which it counts in milliseconds.
pub const USER_TIMEOUT_SECS_MAX: u64 = 2_147_483;
/// The size of a read from a socket.
pub const READ_BYTES: usize = 4 * 1024;
/// Reads of one unframed peer that are kept while its allowance is used up.
pub const UNDECODED_BURSTS_MAX: usize = 64;
/// Records of one event that are logged per second.
pub const LOG_RECORDS_PER_SEC: u64 = 50;
/// The time in which new connections from one address are counted.
pub const ARRIVAL_WINDOW_MS: u64 = 10_000;
/// Addresses whose new connections are counted at a time.
pub const ARRIVAL_HOSTS_MAX: usize = 4_096;
/// Peers that are read in one turn of the hub.
pub const READS_PER_TURN: usize = 256;
/// Peers that are flushed in one turn of the hub.
pub const FLUSHES_PER_TURN: usize = 128;
/// Connections of these that are fetched from memory at the same time.
pub const FLUSH_BATCH: usize = 16;
const _: () = assert!(FLUSHES_PER_TURN.is_multiple_of(FLUSH_BATCH));
/// Bytes written to one peer in one turn.
pub const FLUSH_BYTES: usize = 64 * 1024;
/// The size of a chunk of a tape.
pub const TAPE_CHUNK_BYTES: usize = 16 * 1024;
/// The kernel's send buffer for a reader (`SO_SNDBUF`): a larger one would hide slow readers from
/// us.
pub const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Joins and leaves announced one by one in a second; the rest of that second is summed up.
pub const ANNOUNCEMENTS_PER_SEC: u32 = 5;
/// The maximum width of a name on a terminal.
pub const NICK_COLUMNS_MAX: usize = 16;
/// The maximum size of a name in memory and on the wire.
pub const NICK_BYTES_MAX: usize = 48;
/// The read size of the article's client while it has no name: a longer reply would be cut
/// anywhere.
pub const REPLY_BEFORE_NAME_BYTES: usize = 128;
/// The read size of the article's client later.
pub const UNFRAMED_READ_BYTES: usize = 1024;
/// Silence around `OK` and `exit` to a client that compares whole reads with them.
pub const WORD_GAP_MS: u64 = 200;
/// Silence between two flushes to such a client, so that each is one read.
pub const PORTION_GAP_MS: u64 = 20;
/// Silence after as much as one read of such a client takes: if the client reads only after this
/// time, the waiting bytes still fit the read, and no character is cut in two.
pub const RUN_GAP_MS: u64 = 60;
/// Lines of a room that are stored for later users.
pub const HISTORY_LINES_MAX: usize = 256;
/// The minimum memory for the history of all rooms.
pub const HISTORY_BYTES_MIN: usize = 64 * 1024;
/// A user who comes back under its name within this time is shown what was missed.
pub const ABSENCE_MS: u64 = 10 * 60 * 1_000;
/// Earlier runs of the server of which the ids of lines are known after a restart.
pub const RUNS_MAX: usize = 1_024;
/// A log of the chat is read back about this far, unless less of it fills the memory for history: half a
/// second's work.
pub const LOG_READ_BYTES: u64 = 128 * 1024 * 1024;
/// After this much of a log, how everything stands is told once more: reading may begin there.
pub const LOG_MARK_BYTES: u64 = 1024 * 1024;
/// The least that a file of the log may hold: some of the longest lines.
pub const LOG_BYTES_MIN: u64 = 64 * 1024;
/// Files of the log that there may be: each is renamed whenever a new one begins.
pub const LOG_FILES_MAX: usize = 1_000;
/// How long to wait, when the log could not be written, before it is tried again.
pub const LOG_RETRY_MS: u64 = 1_000;
/// The maximum number of absent users for whom that is stored.
pub const ABSENCES_MAX: usize = 1_024;
/// How long the session of a client is remembered after its connection ended.
pub const SESSION_MS: u64 = 10 * 60 * 1_000;
/// The maximum number of ended sessions that are remembered: 5 MiB.
pub const ENDED_SESSIONS_MAX: usize = 64 * 1024;
/// The maximum number of names that one user may ignore.
pub const IGNORES_MAX: usize = 64;
/// Lines that the editor of the telnet door remembers for one user.
pub const EDIT_HISTORY_MAX: usize = 16;
/// The average number of bytes per second that the telnet door's editor sends one terminal to
/// redraw a line: a key typed before a long text sends all of that text.
pub const REDRAW_BYTES_PER_SEC: u64 = 8 * 1024;
/// What it may send at once before that: 16 redrawn lines of the default `--line-bytes`.
pub const REDRAW_BURST_BYTES: u64 = 16 * 1024;
/// The time for a telnet client to answer whether the server may edit its line.
pub const EDIT_ANSWER_MS: u64 = 2_000;
/// The interval at which a telnet client is sent something, so that NATs and firewalls keep the
/// connection.
pub const KEEPALIVE_NOP_MS: u64 = 60_000;
/// How long queued bytes may take to drain once a connection is being closed.
pub const GOODBYE_MS: u64 = 5_000;
/// How long a closed connection's remaining input is drained, so that `close` sends no RST.
pub const DRAIN_MS: u64 = 2_000;

const _: () = {
    assert!(Limits::DEFAULT.check().is_ok());
    // An unframed peer's burst is one read: it must hold a whole line and its suffix.
    assert!(READ_BYTES > Limits::DEFAULT.line_bytes);
    assert!(REPLY_BEFORE_NAME_BYTES < UNFRAMED_READ_BYTES);
    assert!(NICK_BYTES_MAX * 2 < REPLY_BEFORE_NAME_BYTES);
    assert!(WORD_GAP_MS > RUN_GAP_MS && RUN_GAP_MS > PORTION_GAP_MS);
    // `exit` waits for at most two gaps and must be sent before the deadline.
    assert!(GOODBYE_MS > 4 * WORD_GAP_MS);
    assert!(REDRAW_BURST_BYTES >= 2 * LINE_BYTES_MAX as u64);
    assert!(FLUSH_BYTES >= Limits::DEFAULT.lag_hard_bytes);
};
