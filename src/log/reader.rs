//! The reading side of the log: files to lines, and lines to a chat.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::chat::kept::{Kept, Kind};
use crate::chat::restore::Restore;
use crate::chat::{Chat, Rules};
use crate::clock::Now;
use crate::limits::LOG_READ_BYTES;
use crate::log::codec::{self, BYTES_MAX};

/// The size of a read.
const BLOCK_BYTES: usize = 16 * 1024;

/// Reads lines from an input that may grow.
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// Whether `line` is complete and has been returned.
    is_whole: bool,
}

impl<R: Read> Lines<R> {
    /// Creates a reader of `input`.
    pub fn new(input: R) -> Self {
        let input = BufReader::with_capacity(BLOCK_BYTES, input);
        Self { input, line: Vec::new(), is_whole: false }
    }

    /// Returns the input.
    pub fn input(&self) -> &R {
        self.input.get_ref()
    }

    /// Returns the next line without its end; none at the current end of the input. Only the beginning of a
    /// line that is too long to be valid is returned.
    ///
    /// # Errors
    /// The error of the system.
    pub fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        if std::mem::take(&mut self.is_whole) {
            self.line.clear();
        }
        loop {
            let block = self.input.fill_buf()?;
            if block.is_empty() {
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', block);
            let part = &block[..end.unwrap_or(block.len())];
            let room = (BYTES_MAX + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let taken = part.len() + usize::from(end.is_some());
            self.input.consume(taken);
            if end.is_some() {
                self.is_whole = true;
                return Ok(Some(&self.line));
            }
        }
    }

    /// Whether the input ends within a line.
    pub fn has_part(&self) -> bool {
        !self.is_whole && !self.line.is_empty()
    }
}

/// The result of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The number of valid lines.
    pub lines: u64,
    /// The number of damaged lines, and of files that could not be read.
    pub damaged: u64,
}

/// Rebuilds the chat from `files`, the oldest first. Reads at most the last 128 MiB of them, and less if
/// that fills the memory for history.
///
/// How much has to be read is found by trying: with few rooms, even much of the log fills little memory,
/// because a room keeps 256 lines; with many rooms, a small part of it fills all.
pub fn rebuild(files: &[PathBuf], rules: &Rules, now: Now) -> (Chat, Count) {
    let budget = rules.history_bytes as u64;
    let (mut bytes_max, mut was_full) = (2 * budget, false);
    let total: u64 = files.iter().map(|path| size(path)).sum();
    loop {
        let (restore, count) = rebuild_end(files, total.saturating_sub(bytes_max), rules, now);
        // The part that first fills the memory lacks lines of some rooms, so one more part is read.
        if was_full || bytes_max >= total.min(LOG_READ_BYTES.max(2 * budget)) {
            return (restore.finish(), count);
        }
        was_full = restore.is_full();
        bytes_max = (4 * bytes_max).min(LOG_READ_BYTES.max(2 * budget));
    }
}

/// Reads `files` after the first `skipped` bytes.
fn rebuild_end(files: &[PathBuf], skipped: u64, rules: &Rules, now: Now) -> (Restore, Count) {
    let mut skipped = skipped;
    let mut restore = Restore::new(rules.clone(), skipped == 0, now);
    let mut count = Count::default();
    for path in files {
        let size = size(path);
        if skipped > 0 && skipped >= size {
            skipped -= size;
            continue;
        }
        let from = std::mem::take(&mut skipped);
        if read(path, from, &mut restore, &mut count).is_err() {
            count.damaged += 1;
            let gap = Kept { at: now.stamp, room: "", kind: Kind::Gap, name: "", text: "" };
            restore.apply(&gap);
        }
    }
    (restore, count)
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

fn read(path: &Path, from: u64, restore: &mut Restore, count: &mut Count) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut lines = Lines::new(file);
    if from > 0 {
        // The rest of a line.
        lines.next_line()?;
    }
    while let Some(line) = lines.next_line()? {
        match codec::decode(line) {
            Some(kept) => {
                count.lines += 1;
                restore.apply(&kept);
            }
            None => {
                count.damaged += 1;
                restore.skip_damaged();
            }
        }
    }
    if lines.has_part() {
        count.damaged += 1;
        restore.skip_damaged();
    }
    Ok(())
}
