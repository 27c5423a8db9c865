//! The log, to stderr: it never makes the server wait, and the server outlives it.
//!
//! `simple_logger` prints with `eprintln!`, which waits for as long as stderr takes nothing (a
//! stopped terminal, a pipe that nobody reads) and panics when the write fails (a closed pipe, a
//! full disk). So a record is handed to it only when poll(2) says that stderr is writable, it is
//! never longer than a pipe then takes at once, and a failed write costs one record. Records that
//! could not be printed are counted, and the count is logged as soon as there is room again.

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
use crate::text::clip;

/// What a pipe that is ready for writing takes without blocking (pipe(7), `PIPE_BUF`).
const RECORD_BYTES_MAX: usize = 4_096;
/// What `simple_logger` prints of each record beside its target and its text:
/// `LEVEL [target] at=TIME text` and a line end.
const FRAME_BYTES: usize = "LEVEL [] at=2026-11-23T09:11:38+08:00 \n".len();
/// Ends a text that was cut.
const CUT_MARK: &str = "…";

thread_local! {
    /// The records lost since the last count was logged. `log` allows one logger a process, which
    /// nobody can be handed a reference to; the one thread there is owns its state.
    static LOST: Cell<Lost> = const { Cell::new(Lost::NOTHING) };
    /// The time of the turn, which every record has.
    static WALL: Cell<SystemTime> = const { Cell::new(UNIX_EPOCH) };
    /// The second since 1970 that was rendered last, and how it is shown: chrono looks at the time
    /// zone file for each.
    static SHOWN: Cell<Option<(u64, ZonedStamp)>> = const { Cell::new(None) };
}

/// Records that were not printed, and why.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lost {
    records: u64,
    /// stderr took nothing more at the last attempt.
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
        if self.enabled(record.metadata()) && !(self.report_lost() && self.print(record)) {
            let lost = LOST.get();
            LOST.set(Lost { records: lost.records + 1, ..lost });
        }
    }

    /// Logs how many records were lost, if any were and there is room again.
    fn flush(&self) {
        self.report_lost();
    }
}

impl Logger {
    /// Prints `record`, unless that would block or fails: then false.
    fn print(&self, record: &Record<'_>) -> bool {
        if !is_stderr_writable() {
            LOST.set(Lost { is_blocked: true, ..LOST.get() });
            return false;
        }
        let frame_bytes = FRAME_BYTES + record.target().len();
        let mut text = record.args().to_string();
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

    /// Logs how many records were lost; false if some were and that cannot be logged yet.
    fn report_lost(&self) -> bool {
        let records = LOST.get().records;
        if records == 0 {
            return true;
        }
        // Whatever is logged at all, this is.
        let level = log::max_level().to_level().map_or(Level::Error, |most| most.min(Level::Warn));
        let mut report = Record::builder();
        report.level(level).target(module_path!());
        let is_printed =
            self.print(&report.args(format_args!("event=dropped records={records}")).build());
        if is_printed {
            LOST.set(Lost::NOTHING);
        }
        is_printed
    }
}

/// Logs from here on what is at `level` or more important.
///
/// # Errors
/// If something else logs in this process already.
pub fn init(level: LevelFilter) -> Result<(), SetLoggerError> {
    // Without it, poll(2) has to do.
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

/// Has every record from here on say that it is `wall`.
pub fn set_time(wall: SystemTime) {
    WALL.set(wall);
}

/// The time as records have it.
fn stamp() -> ZonedStamp {
    let wall = WALL.get();
    let secs = wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match SHOWN.get() {
        Some((shown_secs, stamp)) if shown_secs == secs => stamp,
        _ => {
            let stamp = ZonedStamp::of(wall.into());
            SHOWN.set(Some((secs, stamp)));
            stamp
        }
    }
}

/// Tries again to log how many records were lost because stderr was full or stopped; true if it
/// still is, and so this is to be called again after a while. It costs nothing otherwise.
pub fn retry() -> bool {
    LOST.get().is_blocked && {
        log::logger().flush();
        LOST.get().is_blocked
    }
}

/// Whether stderr takes a record at once. One that fails at once will do: that does not block.
fn is_stderr_writable() -> bool {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|count| count > 0)
}

/// Opens the terminal or pipe that stderr is once more, non-blocking: a terminal is writable as
/// soon as it takes one byte, and others may write to the same pipe. Everybody else who has it
/// keeps it as it is. (A file is never opened again: this would begin to write at its start.)
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

/// Whether `panic` is only about stderr, where there is no use in telling of it.
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
