//! The file to which messages are appended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A log file, without buffering.
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens `path`, which need not exist, for appending.
    ///
    /// # Errors
    /// Those of the system, with the path.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| named(path, &error))?;
        Ok(Self { file, path: path.into() })
    }

    /// Appends `line`.
    ///
    /// # Errors
    /// Those of the system, with the path.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| named(&self.path, &error))
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
