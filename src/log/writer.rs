//! The writing side of the log: one write per turn, the count of lines lost while writing fails, and the
//! decisions when to sync and when to rotate.

use std::io;

use log::{info, warn};

use crate::chat::kept::{Kept, Kind};
use crate::clock::{Now, Stamp};
use crate::limits::{LOG_MARK_BYTES, LOG_RETRY_MS};
use crate::log::codec;
use crate::log::fsync::Fsync;

/// The files of the log, as the writer needs them.
pub trait Store {
    /// Appends the beginning of `bytes`; returns how many were written.
    ///
    /// # Errors
    /// The error of the system.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Removes the last `bytes`: the first part of a write that failed.
    ///
    /// # Errors
    /// The error of the system.
    fn take_back(&mut self, bytes: u64) -> io::Result<()>;

    /// Syncs what was appended to the disk.
    ///
    /// # Errors
    /// The error of the system.
    fn sync(&mut self) -> io::Result<()>;

    /// Opens the file again by its name, which may be a new file by now; returns its size.
    ///
    /// # Errors
    /// The error of the system.
    fn reopen(&mut self) -> io::Result<u64>;

    /// Renames the file, deletes the oldest one, and creates a new one.
    ///
    /// # Errors
    /// The error of the system.
    fn rotate(&mut self) -> io::Result<()>;

    /// Whether the file has been deleted, so that what is written to it is lost.
    fn is_removed(&self) -> bool;
}

/// Passes the state of the chat to the last argument, as lines; the first has the given kind. The number is
/// that of the said lines that will follow.
pub type Restate<'a> = dyn Fn(Kind, u64, Stamp, &mut dyn FnMut(&Kept<'_>)) + 'a;

/// Collects the lines of a turn and writes them.
pub struct Writer {
    store: Box<dyn Store>,
    fsync: Fsync,
    file_bytes_max: u64,
    /// The lines of this turn.
    buffer: Vec<u8>,
    /// The number of lines in the buffer, and of those that were said.
    lines: u64,
    said: u64,
    /// The size of the file.
    size: u64,
    /// Bytes written since the last mark, and the size of that mark.
    since_mark: u64,
    mark_bytes: u64,
    /// The kind of a mark that is due in any case.
    due_mark: Option<Kind>,
    /// When written lines have to be synced.
    sync_by_ms: Option<u64>,
    /// When to try again; set while writing fails.
    retry_ms: Option<u64>,
    /// Lines that were not written.
    lost: u64,
    /// Whether the file ends within a line.
    is_torn: bool,
}

/// Ends a line that was written in part. With this many columns the line cannot be valid.
const END_OF_TORN: &[u8] = b"\t\t\t\t\t\n";

impl Writer {
    /// Creates a writer to `store`, whose file has `size` bytes. Its first line says that the server started.
    pub fn new(store: Box<dyn Store>, size: u64, fsync: Fsync, file_bytes_max: u64) -> Self {
        Self {
            store,
            fsync,
            file_bytes_max,
            buffer: Vec::new(),
            lines: 0,
            said: 0,
            size,
            since_mark: 0,
            mark_bytes: 0,
            due_mark: Some(Kind::Start),
            sync_by_ms: None,
            retry_ms: None,
            lost: 0,
            is_torn: false,
        }
    }

    /// Adds a line to this turn.
    pub fn note(&mut self, kept: &Kept<'_>) {
        codec::encode(kept, &mut self.buffer);
        self.lines += 1;
        self.said += u64::from(kept.kind.is_line());
    }

    /// Whether [`Writer::write`] has something to do at `now_ms`.
    pub fn is_due(&self, now_ms: u64) -> bool {
        let is_waiting = self.retry_ms.is_some_and(|retry_ms| now_ms < retry_ms);
        !self.buffer.is_empty()
            || self.due_mark.is_some() && !is_waiting
            || self.deadline_ms().is_some_and(|due_ms| due_ms <= now_ms)
    }

    /// Returns when there is something to do even if nothing is said.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.retry_ms.or(self.sync_by_ms)
    }

    /// Writes the lines of the turn, if possible. `restate` gives the state of the chat.
    pub fn write(&mut self, now: &Now, restate: &Restate<'_>) {
        let may_try = self.retry_ms.is_none_or(|retry_ms| retry_ms <= now.mono_ms);
        if may_try {
            match self.try_write(now, restate) {
                Ok(()) if self.retry_ms.take().is_some() => {
                    // Reset even if this record is not logged.
                    let lines = std::mem::take(&mut self.lost);
                    info!("event=log-resume lines={lines}");
                }
                Ok(()) => {}
                Err(error) => {
                    self.lost += self.lines;
                    self.fail(&error, now);
                }
            }
        } else {
            self.lost += self.lines;
        }
        self.buffer.clear();
        (self.lines, self.said) = (0, 0);
        // One busy turn must not cost memory for good.
        self.buffer.shrink_to(BUFFER_BYTES);
    }

    /// Reopens the file, which may have been renamed.
    pub fn reopen(&mut self, now: &Now) {
        let synced = if self.sync_by_ms.is_some() { self.store.sync() } else { Ok(()) };
        match synced.and_then(|()| self.store.reopen()) {
            Ok(size) => {
                (self.size, self.sync_by_ms) = (size, None);
                self.due_mark.get_or_insert(Kind::Mark);
            }
            Err(error) => self.fail(&error, now),
        }
    }

    /// Syncs what was written, because the server ends.
    pub fn close(&mut self) {
        if self.sync_by_ms.take().is_some()
            && let Err(error) = self.store.sync()
        {
            warn!("event=log-fail error={:?}", error.to_string());
        }
    }

    fn fail(&mut self, error: &io::Error, now: &Now) {
        if self.retry_ms.is_none() {
            warn!("event=log-fail error={:?}", error.to_string());
        }
        self.sync_by_ms = None;
        self.retry_ms = Some(now.mono_ms + LOG_RETRY_MS);
    }

    fn try_write(&mut self, now: &Now, restate: &Restate<'_>) -> io::Result<()> {
        if self.retry_ms.is_some() || self.store.is_removed() {
            self.size = self.store.reopen()?;
        }
        let next_bytes = self.buffer.len() as u64 + self.mark_bytes;
        let is_full = self.size + next_bytes > self.file_bytes_max;
        // A mark that is larger than a file would begin one after the other.
        if is_full && self.size > 2 * self.mark_bytes {
            self.sync_if(self.sync_by_ms.is_some())?;
            self.store.rotate()?;
            self.size = 0;
        }
        let is_marked = self.put_mark(now.stamp, restate);
        if !self.buffer.is_empty() {
            self.append()?;
        }
        if is_marked {
            self.due_mark = None;
        }
        match self.fsync {
            Fsync::Never => {}
            Fsync::Always => self.sync_if(!self.buffer.is_empty())?,
            Fsync::Secs(secs) => {
                self.sync_if(self.sync_by_ms.is_some_and(|by_ms| by_ms <= now.mono_ms))?;
                if !self.buffer.is_empty() {
                    self.sync_by_ms.get_or_insert(now.mono_ms + secs * 1_000);
                }
            }
        }
        Ok(())
    }

    fn sync_if(&mut self, is_due: bool) -> io::Result<()> {
        if is_due {
            self.sync_by_ms = None;
            self.store.sync()?;
        }
        Ok(())
    }

    /// Puts a mark before the lines of the turn if one is due: at the start of a file, after a gap, and once
    /// per MiB. Returns whether it did.
    fn put_mark(&mut self, at: Stamp, restate: &Restate<'_>) -> bool {
        let is_seldom = self.since_mark > LOG_MARK_BYTES.max(8 * self.mark_bytes);
        if self.size > 0 && self.lost == 0 && !is_seldom && self.due_mark.is_none() && !self.is_torn
        {
            return false;
        }
        let mut head = Vec::new();
        if self.is_torn && self.size > 0 {
            head.extend_from_slice(END_OF_TORN);
        }
        if self.lost > 0 {
            let text = format!("-- {} lines not written --", self.lost);
            codec::encode(
                &Kept { at, room: "", kind: Kind::Gap, name: "", text: &text },
                &mut head,
            );
        }
        let kind = self.due_mark.unwrap_or(Kind::Mark);
        restate(kind, self.said, at, &mut |kept| codec::encode(kept, &mut head));
        (self.mark_bytes, self.since_mark) = (head.len() as u64, 0);
        head.extend_from_slice(&self.buffer);
        self.buffer = head;
        true
    }

    /// Appends all of the buffer, or nothing.
    fn append(&mut self) -> io::Result<()> {
        let mut rest = &self.buffer[..];
        let result = loop {
            if rest.is_empty() {
                break Ok(());
            }
            match self.store.append(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => rest = &rest[bytes..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let bytes = (self.buffer.len() - rest.len()) as u64;
        match result {
            Ok(()) => (self.size, self.is_torn) = (self.size + bytes, false),
            Err(_) if bytes == 0 => {}
            Err(_) => self.is_torn |= self.store.take_back(bytes).is_err(),
        }
        self.since_mark += bytes;
        result
    }
}

/// What the buffer keeps of its memory between turns.
const BUFFER_BYTES: usize = 16 * 1024;

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
