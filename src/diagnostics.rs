//! The log, to stderr, and how the server outlives it.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use simple_logger::SimpleLogger;

/// `simple_logger` prints with `eprintln!`, which panics when the write fails: a pipe that is
/// closed, a disk that is full. A line is lost then, and nothing else.
struct Outlived(SimpleLogger);

impl Log for Outlived {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let _ = panic::catch_unwind(AssertUnwindSafe(|| self.0.log(record)));
    }

    fn flush(&self) {}
}

/// Logs from here on what is at `level` or more important.
///
/// # Errors
/// If something else logs in this process already.
pub fn init(level: LevelFilter) -> Result<(), SetLoggerError> {
    let told_by_default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_failed_print(panic) {
            told_by_default(panic);
        }
    }));
    log::set_boxed_logger(Box::new(Outlived(SimpleLogger::new().with_level(level))))?;
    log::set_max_level(level);
    Ok(())
}

/// Whether `panic` is only about stderr, where there is no use in telling of it.
fn is_failed_print(panic: &PanicHookInfo<'_>) -> bool {
    panic.payload_as_str().is_some_and(|message| message.starts_with("failed printing to std"))
}
