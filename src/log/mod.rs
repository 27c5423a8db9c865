//! The chat log: writes what happens in the chat to disk, and reads it back on start.
//!
//! One text file, to which lines are only ever appended: five columns with tabs between them ([`codec`]).
//! The hub passes what the chat commits to the [`writer`], which writes it once per turn, in one call,
//! before anything of it is sent. Files are behind a small trait ([`writer::Store`]); the
//! real ones ([`files`]) are rotated when they are full. On start the chat is rebuilt from the end of the
//! log ([`reader`]).
//!
//! ```text
//!  chat ─► Effect::Keep ─► writer ─► Store ─► chat.log ─► chat.log.1 ─► … ─► gone
//!                          codec              │
//!  chat ◄─ Restore ◄──────────────── reader ◄─┘
//! ```
//!
//! * Every file begins with a *mark*, which gives the state of the chat. There is also one after each gap,
//!   and one per MiB. Reading may begin at any of them.
//! * When a write fails, the chat continues without waiting. None of that turn's lines is in the file; they
//!   are counted. Writing is tried again each second; when it succeeds, the number of missing lines is
//!   written first.
//!
//! Without the cargo feature `state` there is no log: [`open`] fails, and the hub's writer is a type without
//! values.

#[cfg(feature = "state")]
pub mod codec;
#[cfg(feature = "state")]
pub mod files;
pub mod fsync;
#[cfg(feature = "state")]
pub mod reader;
#[cfg_attr(not(feature = "state"), path = "without.rs")]
pub mod writer;

use std::io;
use std::path::Path;

use crate::chat::Chat;
use crate::clock::Now;
use crate::limits::Limits;
use crate::log::fsync::Fsync;
use crate::log::writer::Writer;

/// Opens the log in `dir`; returns the chat that it contains, and the writer for what happens next.
///
/// # Errors
/// The error of the system.
#[cfg(feature = "state")]
pub fn open(dir: &Path, fsync: Fsync, limits: &Limits, now: &Now) -> io::Result<(Chat, Writer)> {
    use log::{info, warn};

    let (store, torn) = files::Files::open(dir, limits.log_files)?;
    if torn > 0 {
        warn!("event=log-torn bytes={torn}");
    }
    let files = files::list(dir);
    let rules = crate::chat::Rules::from(limits);
    let (chat, reader::Count { lines, damaged }) = reader::rebuild(&files, &rules, *now);
    info!("event=log-read files={} lines={lines} damaged={damaged}", files.len());
    let size = store.size()?;
    Ok((chat, Writer::new(Box::new(store), size, fsync, limits.log_bytes)))
}

/// There is no log.
///
/// # Errors
/// Always.
#[cfg(not(feature = "state"))]
pub fn open(_: &Path, _: Fsync, _: &Limits, _: &Now) -> io::Result<(Chat, Writer)> {
    Err(io::Error::other("this natter keeps nothing; build it with --features state"))
}
