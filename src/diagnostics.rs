//! Logging to stderr, which never blocks the server and never ends it.
//!
//! `simple_logger` prints with `eprintln!`, which blocks as long as stderr accepts nothing (a
//! stopped terminal, a pipe that nobody reads) and panics when the write fails (a closed pipe, a
//! full disk). So a record is passed to it only when poll(2) reports that stderr is writable, a
//! record is never longer than a pipe then accepts at once, and a failed write costs one record.
//! Records that could not be printed are counted, and the count is logged as soon as there is room
//! again. Of each event only so many records a second are printed ([`LogLimit`]), except at level
//! debug.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::time::{SystemTime, UNIX_EPOCH};

use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::stdio::dup2_stderr;
use simple_logger::SimpleLogger;

use crate::clock::ZonedStamp;
use crate::log_limit::{LogLimit, Summary};
use crate::text::clip;

/// What a writable pipe accepts without blocking (pipe(7), `PIPE_BUF`).
const RECORD_BYTES_MAX: usize = 4_096;
/// What `simple_logger` prints of each record besides its target and its text: `LEVEL [target]
/// at=TIME text` and a line end.
const FRAME_BYTES: usize = "LEVEL [] at=2026-11-23T09:11:38+08:00 \n".len();
/// The end of a text that was cut.
const CUT_MARK: &str = "…";

thread_local! {
    /// The records lost since the last count was logged. `log` allows one logger per process, to
    /// which no reference can be passed around; the only thread owns its state.
    static LOST: Cell<Lost> = const { Cell::new(Lost::NOTHING) };
    /// The time of the turn, which every record contains.
    static WALL: Cell<SystemTime> = const { Cell::new(UNIX_EPOCH) };
    /// How often each event was logged in the current second.
    static LIMIT: Cell<Option<Box<LogLimit>>> = const { Cell::new(None) };
    /// The second since 1970 that was formatted last, with its text: chrono checks the time zone
    /// file for each.
    static SHOWN: Cell<Option<(u64, ZonedStamp)>> = const { Cell::new(None) };
}

/// Records that were not printed, and the reason.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lost {
    records: u64,
    /// stderr was not writable at the last attempt.
    is_blocked: bool,
    /// A write failed, perhaps after the first part of a line.
    is_line_cut: bool,
}

impl Lost {
    const NOTHING: Self = Self { records: 0, is_blocked: false, is_line_cut: false };
}

/// The process's logger.
struct Logger(SimpleLogger);

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        self.report_summed();
        if let (Some(file), Some(line)) = (record.file_static(), record.line())
            && record.level() < Level::Debug
            && !with_limit(|limit| limit.admit((file, line), *record.args()))
        {
            return;
        }
        self.print_or_count(record, record.args().to_string(), 1);
    }

    /// Logs how many records were lost, if any were and there is room again, and how many were only
    /// counted in a second that is over.
    fn flush(&self) {
        self.report_lost();
        self.report_summed();
    }
}

impl Logger {
    /// Prints `text` with the level and target of `record`; if that cannot be done, `records` are lost.
    fn print_or_count(&self, record: &Record<'_>, text: String, records: u64) {
        if !(self.report_lost() && self.print(record, text)) {
            let lost = LOST.get();
            LOST.set(Lost { records: lost.records + records, ..lost });
        }
    }

    /// Logs how many records of each event were only counted in a second that is over.
    fn report_summed(&self) {
        let secs = wall_secs();
        for Summary { event, records } in with_limit(|limit| limit.begin(secs)) {
            let text = format!("event=summed of={event} records={records}");
            let report =
                Record::builder().level(at_most(Level::Info)).target(module_path!()).build();
            self.print_or_count(&report, text, records);
        }
    }

    /// Prints `text` with the level and target of `record`; returns false if that would block, or
    /// failed.
    fn print(&self, record: &Record<'_>, mut text: String) -> bool {
        if !is_stderr_writable() {
            LOST.set(Lost { is_blocked: true, ..LOST.get() });
            return false;
        }
        let frame_bytes = FRAME_BYTES + record.target().len();
        limit(&mut text, RECORD_BYTES_MAX.saturating_sub(frame_bytes));
        let is_printed = panic::catch_unwind(AssertUnwindSafe(|| {
            if LOST.get().is_line_cut {
                eprintln!();
            }
            let mut stamped = Record::builder();
            stamped.metadata(record.metadata().clone());
            self.0.log(&stamped.args(format_args!("at={} {text}", stamp().as_str())).build());
        }))
        .is_ok();
        let is_blocked = !is_printed && !is_stderr_writable();
        LOST.set(Lost { is_blocked, is_line_cut: !is_printed, ..LOST.get() });
        is_printed
    }

    /// Logs how many records were lost; returns false if some were and that cannot be logged yet.
    fn report_lost(&self) -> bool {
        let records = LOST.get().records;
        if records == 0 {
            return true;
        }
        let report = Record::builder().level(at_most(Level::Warn)).target(module_path!()).build();
        let is_printed = self.print(&report, format!("event=dropped records={records}"));
        if is_printed {
            LOST.set(Lost::NOTHING);
        }
        is_printed
    }
}

/// Logs records of `level` and more important ones from here on.
///
/// # Errors
/// If the process has another logger already.
pub fn init(level: LevelFilter) -> Result<(), SetLoggerError> {
    // If it fails, poll(2) must be enough.
    let _ = make_stderr_nonblocking();
    let told_by_default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_failed_print(panic) {
            told_by_default(panic);
        }
    }));
    log::set_boxed_logger(Box::new(Logger(SimpleLogger::new().with_level(level))))?;
    log::set_max_level(level);
    Ok(())
}

/// Sets the time of all following records.
pub fn set_time(wall: SystemTime) {
    WALL.set(wall);
}

/// Returns the time for a record.
fn stamp() -> ZonedStamp {
    let (wall, secs) = (WALL.get(), wall_secs());
    match SHOWN.get() {
        Some((shown_secs, stamp)) if shown_secs == secs => stamp,
        _ => {
            let stamp = ZonedStamp::of(wall.into());
            SHOWN.set(Some((secs, stamp)));
            stamp
        }
    }
}

/// Returns `level`, or the least important one that is logged: such a report is logged at any log
/// level, except `off`.
fn at_most(level: Level) -> Level {
    log::max_level().to_level().map_or(Level::Error, |most| most.min(level))
}

/// Returns the second since 1970 of the turn.
fn wall_secs() -> u64 {
    WALL.get().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Calls `act` with the counts of the current second.
fn with_limit<T>(act: impl FnOnce(&mut LogLimit) -> T) -> T {
    let mut limit = LIMIT.take().unwrap_or_default();
    let result = act(&mut limit);
    LIMIT.set(Some(limit));
    result
}

/// Tries again to log how many records were lost because stderr was full or stopped, or were only
/// counted; returns true if some of that is left, so that this has to be called again after a while.
/// It costs nothing otherwise.
pub fn retry() -> bool {
    let is_pending = || LOST.get().is_blocked || with_limit(|limit| limit.is_pending());
    is_pending() && {
        log::logger().flush();
        is_pending()
    }
}

/// Whether stderr accepts a record at once. A write that fails at once is acceptable: it does not
/// block.
fn is_stderr_writable() -> bool {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|count| count > 0)
}

/// Opens the terminal or pipe of stderr again, non-blocking: a terminal is writable as soon as it
/// accepts one byte, and others may write to the same pipe. Other processes that share it are not
/// affected. (A file is never opened again: writing would begin at its start.)
fn make_stderr_nonblocking() -> io::Result<()> {
    let path = "/proc/self/fd/2";
    let kind = fs::metadata(path)?.file_type();
    if kind.is_char_device() || kind.is_fifo() {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        dup2_stderr(open(path, flags, Mode::empty())?)?;
    }
    Ok(())
}

/// Cuts `text` to at most `bytes`, with a mark at the end if something is missing.
fn limit(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let kept = clip(text, bytes.saturating_sub(CUT_MARK.len())).len();
        text.truncate(kept);
        text.push_str(CUT_MARK);
    }
}

/// Whether `panic` is only about stderr: there is no use in reporting it there.
fn is_failed_print(panic: &PanicHookInfo<'_>) -> bool {
    panic.payload_as_str().is_some_and(|message| message.starts_with("failed printing to std"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        for (bytes, wanted) in [(9, "说说说"), (8, "说…"), (6, "说…"), (5, "…"), (3, "…")]
        {
            let mut text = "说说说".to_string();
            limit(&mut text, bytes);
            assert_eq!(text, wanted, "{bytes} bytes");
        }
    }
}
