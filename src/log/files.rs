//! The files of a log: `chat.log`, the full ones before it (`chat.log.1` and so on), and `chat.log.torn`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::limits::LOG_FILES_MAX;
use crate::log::writer::Store;

/// The file that is written.
pub const NAME: &str = "chat.log";
/// Where an incomplete last line is moved.
const TORN: &str = "chat.log.torn";
/// The size of a read.
const BLOCK_BYTES: usize = 16 * 1024;

/// The files of a log, locked against other processes.
pub struct Files {
    dir: PathBuf,
    files_max: usize,
    /// A lock of the directory, so that no two servers write to one file; none if it could not be locked
    /// again.
    lock: Option<File>,
    file: File,
}

impl Files {
    /// Opens the file in `dir`, which is created if it is missing. An incomplete last line is moved to
    /// `chat.log.torn`; returns its bytes.
    ///
    /// # Errors
    /// The error of the system, or that another server uses the directory.
    pub fn open(dir: &Path, files_max: usize) -> io::Result<(Self, u64)> {
        if let Err(error) = DirBuilder::new().mode(0o700).create(dir)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        let lock = Some(lock(dir)?);
        let file = open(dir)?;
        let mut files = Self { dir: dir.to_path_buf(), files_max, lock, file };
        let torn = files.put_torn_aside()?;
        Ok((files, torn))
    }

    /// Returns the size of the file.
    ///
    /// # Errors
    /// The error of the system.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn put_torn_aside(&mut self) -> io::Result<u64> {
        let size = self.size()?;
        let whole = end_of_lines(&mut self.file, size)?;
        if whole < size {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut torn = options.open(self.dir.join(TORN))?;
            self.file.seek(SeekFrom::Start(whole))?;
            let mut block = vec![0; BLOCK_BYTES];
            loop {
                let count = self.file.read(&mut block)?;
                if count == 0 {
                    break;
                }
                torn.write_all(&block[..count])?;
            }
            torn.sync_all()?;
            self.file.set_len(whole)?;
        }
        Ok(size - whole)
    }

    fn path(&self, number: usize) -> PathBuf {
        path(&self.dir, number)
    }
}

impl Store for Files {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        let size = self.size()?;
        self.file.set_len(size.checked_sub(bytes).ok_or(io::ErrorKind::InvalidData)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn reopen(&mut self) -> io::Result<u64> {
        // Another lock of the same directory would be refused because of this one.
        self.lock = None;
        self.lock = Some(lock(&self.dir)?);
        self.file = open(&self.dir)?;
        self.size()
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..self.files_max - 1).rev() {
            match fs::rename(self.path(number), self.path(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // There are more files if `files_max` was larger before.
        let mut number = if self.files_max == 1 { 0 } else { self.files_max };
        while fs::remove_file(self.path(number)).is_ok() {
            number = number.max(self.files_max - 1) + 1;
        }
        self.file = open(&self.dir)?;
        Ok(())
    }

    fn is_removed(&self) -> bool {
        self.file.metadata().map_or(true, |metadata| metadata.nlink() == 0)
    }
}

/// Returns all files of the log in `dir`, the oldest first.
pub fn list(dir: &Path) -> Vec<PathBuf> {
    let paths = (0..LOG_FILES_MAX).rev().map(|number| path(dir, number));
    paths.filter(|path| path.is_file()).collect()
}

fn path(dir: &Path, number: usize) -> PathBuf {
    match number {
        0 => dir.join(NAME),
        _ => dir.join(format!("{NAME}.{number}")),
    }
}

fn lock(dir: &Path) -> io::Result<File> {
    let lock = File::open(dir)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(io::Error::other("another natter is using it")),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Opens the file for appending. The directory is synced, in case the file is new.
fn open(dir: &Path) -> io::Result<File> {
    let path = dir.join(NAME);
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("{NAME} is no file")));
    }
    // Not every file system supports that.
    let _ = File::open(dir).and_then(|dir| dir.sync_all());
    Ok(file)
}

/// Returns where the last complete line ends.
fn end_of_lines(file: &mut File, size: u64) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut to = size;
    while to > 0 {
        let from = to.saturating_sub(BLOCK_BYTES as u64);
        let count = usize::try_from(to - from).expect("a block fits");
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block[..count])?;
        if let Some(at) = block[..count].iter().rposition(|&byte| byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}
