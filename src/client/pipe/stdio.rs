//! The client's stdin and stdout, which it may share with a shell: never made non-blocking, only
//! read and written when that cannot block.
//!
//! A terminal is opened again, non-blocking and for this process alone: readable input may be gone
//! before it is read, because `^C` discards it.

use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::client::core::bounds::PIPE_WRITE_BYTES;

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The number of bytes read.
    Bytes(usize),
    /// Nothing now; an event will report more.
    Nothing,
    /// The end of the input.
    End,
}

/// stdin.
pub struct Input {
    /// The terminal, opened again, if it is one.
    own: Option<OwnedFd>,
    is_ready: bool,
    is_terminal: bool,
}

impl Input {
    /// Opens stdin; events under `token` report that it may have input.
    ///
    /// # Errors
    /// If the system refuses the registration.
    pub fn open(registry: &Registry, token: Token) -> io::Result<Self> {
        let own = reopened(rustix::stdio::stdin(), OFlags::RDONLY);
        // A file is always ready, and may have input before any event.
        let input = Self { own, is_ready: true, is_terminal: io::stdin().is_terminal() };
        register(registry, input.fd(), token, Interest::READABLE)?;
        Ok(input)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.own.as_ref().map_or(rustix::stdio::stdin(), AsFd::as_fd)
    }

    /// Notes that it may have input now.
    pub fn wake(&mut self) {
        self.is_ready = true;
    }

    /// Whether it may have input.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Reads what there is, at most as much as fits `buffer`.
    pub fn read(&mut self, buffer: &mut [u8]) -> Taken {
        if !self.is_ready {
            return Taken::Nothing;
        }
        // Reading from a terminal that belongs to another job would stop this one (termios(3),
        // SIGTTIN).
        let is_anothers = self.is_terminal
            && rustix::termios::tcgetpgrp(self.fd())
                .is_ok_and(|job| job != rustix::process::getpgrp());
        if is_anothers || !is_ready(self.fd(), PollFlags::IN) {
            self.is_ready = false;
            return Taken::Nothing;
        }
        match rustix::io::read(self.fd(), buffer) {
            Ok(0) => Taken::End,
            Ok(count) => Taken::Bytes(count),
            Err(Errno::INTR) => Taken::Bytes(0),
            Err(Errno::AGAIN) => {
                self.is_ready = false;
                Taken::Nothing
            }
            // The terminal is gone, or there never was one.
            Err(_) => Taken::End,
        }
    }
}

/// Whether stdin is `/dev/null`, as for background jobs of a shell, `cron` or `nohup`. That means
/// that there is nothing to say, not that all was said: the filter continues to print messages.
pub fn is_stdin_void() -> bool {
    let device = |file: io::Result<fs::Metadata>| file.map(|file| file.rdev()).ok();
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let stdin = stdin.and_then(|stdin| stdin.metadata());
    device(stdin).is_some_and(|stdin| Some(stdin) == device(fs::metadata("/dev/null")))
}

/// stdout.
pub struct Output {
    /// The terminal, opened again, if it is one.
    own: Option<OwnedFd>,
    is_ready: bool,
}

impl Output {
    /// Opens stdout; events under `token` report that it may be writable.
    ///
    /// # Errors
    /// If the system refuses the registration.
    pub fn open(registry: &Registry, token: Token) -> io::Result<Self> {
        let own = reopened(rustix::stdio::stdout(), OFlags::WRONLY);
        let output = Self { own, is_ready: true };
        register(registry, output.fd(), token, Interest::WRITABLE)?;
        Ok(output)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.own.as_ref().map_or(rustix::stdio::stdout(), AsFd::as_fd)
    }

    /// Notes that it may be writable now.
    pub fn wake(&mut self) {
        self.is_ready = true;
    }

    /// Writes as much of `bytes` as it accepts without blocking; returns the number of bytes.
    ///
    /// # Errors
    /// If its reader is gone, or the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while self.is_ready && written < bytes.len() {
            if !is_ready(self.fd(), PollFlags::OUT) {
                self.is_ready = false;
                break;
            }
            let rest = &bytes[written..];
            match rustix::io::write(self.fd(), &rest[..rest.len().min(PIPE_WRITE_BYTES)]) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.is_ready = false,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }
}

fn register(
    registry: &Registry,
    fd: BorrowedFd<'_>,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    match registry.register(&mut SourceFd(&fd.as_raw_fd()), token, interest) {
        // A regular file, or a device that is always ready (epoll_ctl(2), EPERM).
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        registered => registered,
    }
}

/// Opens the terminal behind `fd` again for this process alone, if it is one that may be opened
/// (under `su` it may belong to another user).
fn reopened(fd: BorrowedFd<'_>, access: OFlags) -> Option<OwnedFd> {
    let path = rustix::termios::ttyname(fd, Vec::new()).ok()?;
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok()
}

/// Whether `fd` is ready for `what`, or broken, at this moment.
fn is_ready(fd: BorrowedFd<'_>, what: PollFlags) -> bool {
    let mut fds = [PollFd::new(&fd, what)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // If the system cannot tell, the read or the write will.
    poll(&mut fds, Some(&at_once)).map_or(true, |count| count > 0)
}
