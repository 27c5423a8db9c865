//! The client under test at a real pseudo-terminal, and the contents of its screen.
#![allow(dead_code, reason = "each file of tests uses a part of the harness")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::AsFd;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetpgrp, tcsetattr};
use vt100::{Parser, Screen};

use crate::common::{PATIENCE, Process};

/// A terminal with the client in it.
pub struct Terminal {
    pty: Pty,
    child: Program,
    emulator: Parser,
    /// Everything that was sent to it.
    sent: Vec<u8>,
}

impl Terminal {
    /// Starts `natter join` with `options` (words separated by spaces) at a terminal of that size.
    pub fn join(options: &str, rows: u16, columns: u16) -> Self {
        Self::join_with(options, rows, columns, &[])
    }

    /// The same with environment variables.
    pub fn join_with(options: &str, rows: u16, columns: u16, set: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_natter"));
        for variable in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"] {
            command = command.env_remove(variable);
        }
        let command = command.env("TERM", "xterm-256color").envs(set.iter().copied());
        Self::spawn(command.arg("join").args(options.split_whitespace()), rows, columns)
    }

    /// Starts any program.
    pub fn spawn(command: Command, rows: u16, columns: u16) -> Self {
        let (pty, pts) = open().expect("there are terminals");
        pty.resize(Size::new(rows, columns)).expect("a terminal has a size");
        let child = command.spawn(pts).expect("the program starts");
        Self {
            pty,
            child: Program(child),
            emulator: Parser::new(known(rows), known(columns), 0),
            sent: Vec::new(),
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).expect("the terminal accepts it");
    }

    /// Resizes the window.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.emulator.screen_mut().set_size(known(rows), known(columns));
        self.pty.resize(Size::new(rows, columns)).expect("a terminal has a size");
    }

    /// Returns the screen.
    pub fn screen(&self) -> &Screen {
        self.emulator.screen()
    }

    /// Returns its rows, without spaces at the end, and with `[hh:mm:ss]` for times.
    pub fn rows(&self) -> Vec<String> {
        let (_, columns) = self.screen().size();
        self.screen().rows(0, columns.get()).map(|row| without_time(row.trim_end())).collect()
    }

    /// Returns its last row, the input.
    pub fn input(&self) -> String {
        self.rows().pop().expect("a terminal has rows")
    }

    /// Waits until the terminal is as `wanted`.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self) {
            let is_open = self.read_until(deadline);
            assert!(is_open || wanted(self), "this is not it:\n{}", self.rows().join("\n"));
        }
    }

    /// Waits until a row contains `text`.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        self.until(|terminal| terminal.rows().iter().any(|row| row.contains(text)));
    }

    /// Waits until the last row shows `input`.
    #[track_caller]
    pub fn types(&mut self, input: &str) {
        self.until(|terminal| terminal.input() == input);
    }

    /// Waits for the end of the program; returns its exit code.
    pub fn end(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while self.read_until(deadline) {}
        let code = self.child.exit_code();
        code.unwrap_or_else(|| panic!("it does not end:\n{}", self.rows().join("\n")))
    }

    /// Whether its lines are edited and echoed by the system, as in a shell.
    pub fn is_cooked(&self) -> bool {
        let modes = tcgetattr(self.pty.as_fd()).expect("it is a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Makes the system edit and echo its lines, as a shell does.
    pub fn cook(&self) {
        let mut modes = tcgetattr(self.pty.as_fd()).expect("it is a terminal");
        modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(self.pty.as_fd(), OptionalActions::Now, &modes).expect("it can be set");
    }

    /// Waits until the program itself, and not one of its jobs, has the terminal, or the opposite.
    pub fn until_own(&self, is_own: bool) {
        let deadline = Instant::now() + PATIENCE;
        let program = Pid::from_child(&self.child.0);
        while tcgetpgrp(&self.pty).map(|group| group == program) != Ok(is_own) {
            assert!(Instant::now() < deadline, "nobody else takes the terminal");
            thread::sleep(PATIENCE / 1_000);
        }
    }

    /// Closes its window.
    pub fn close(self) -> i32 {
        let Self { pty, mut child, .. } = self;
        drop(pty);
        child.exit_code().expect("it ends")
    }

    /// Returns everything that was sent to the screen.
    pub fn sent(&self) -> &[u8] {
        &self.sent
    }

    /// Returns the kernel's view of the program.
    pub fn process(&self) -> Process {
        Process(self.child.0.id())
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child.0), signal).expect("it can be signalled");
    }

    /// Reads output; returns false at the deadline, or when no process has the terminal any more.
    fn read_until(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left.max(Duration::from_millis(1))).expect("it is short");
        let mut fds = [PollFd::new(&self.pty, PollFlags::IN)];
        if !poll(&mut fds, Some(&left)).is_ok_and(|count| count > 0) {
            return false;
        }
        let mut buffer = [0; 4_096];
        // The end of a terminal is an error (EIO).
        let count = self.pty.read(&mut buffer).unwrap_or(0);
        self.emulator.process(&buffer[..count]);
        self.sent.extend_from_slice(&buffer[..count]);
        count > 0
    }
}

/// A program that ends with its test.
struct Program(Child);

impl Program {
    /// Returns its exit code when it ends by itself.
    fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().expect("it is a child") {
                return Some(status.code().expect("it was not killed"));
            }
            thread::sleep(PATIENCE / 1_000);
        }
        None
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn known(size: u16) -> NonZero<u16> {
    NonZero::new(size).expect("a terminal has a size")
}

fn without_time(row: &str) -> String {
    let is_time = row.len() > 8
        && row.bytes().zip("00:00:00".bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        });
    if is_time { format!("[T]{}", &row[8..]) } else { row.to_string() }
}
