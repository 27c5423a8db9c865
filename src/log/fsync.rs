//! The policy of `--fsync`.

/// When written lines are synced, so that they survive a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Whenever the system does it.
    Never,
    /// At most this many seconds after they were written.
    Secs(u64),
    /// Before they are sent to anybody.
    Always,
}
