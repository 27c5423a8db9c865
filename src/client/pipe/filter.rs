//! `natter join` among other programs: lines of stdin are said, messages are written to stdout.

use std::io::{self, ErrorKind, Write};

use mio::{Registry, event};

use crate::client::core::bounds::{OUTPUT_BYTES_MAX, SAY_BYTES_MAX};
use crate::client::core::command::Command;
use crate::client::core::say::pieces;
use crate::client::core::session::{News, Session};
use crate::client::core::words;
use crate::client::net::run::{Face, INPUT, OUTPUT};
use crate::client::pipe::log::Log;
use crate::client::pipe::stdio::{Input, Output, Taken, is_stdin_void};
use crate::clock::Now;
use crate::door::lang::Lang;
use crate::zone::Zones;

/// The size of a read from stdin.
const INPUT_BYTES: usize = 4 * 1024;

/// The client between two pipes.
pub struct Filter {
    lang: Lang,
    /// None if there is no stdin, or its end was read.
    input: Option<Input>,
    /// Nothing more is said than what was read from stdin.
    is_ended: bool,
    /// No more output is wanted: a signal arrived, or stdout is closed.
    is_stopped: bool,
    output: Output,
    /// Lines of stdin that are not said yet.
    typed: Lines,
    /// Output that is not written yet.
    pending: Vec<u8>,
    /// Whether the reader of stdout has closed it.
    is_output_closed: bool,
    /// The error of stdout or the log, if it is not caused by the reader.
    fault: Option<io::Error>,
    log: Option<Log>,
    zones: Zones,
}

impl Filter {
    /// Opens stdin and stdout of this process.
    ///
    /// # Errors
    /// If the system refuses to watch them.
    pub fn open(registry: &Registry, lang: Lang, log: Option<Log>) -> io::Result<Self> {
        let input = if is_stdin_void() { None } else { Some(Input::open(registry, INPUT)?) };
        let output = Output::open(registry, OUTPUT)?;
        let (typed, pending, fault, zones) = Default::default();
        let (is_ended, is_stopped, is_output_closed) = (false, false, false);
        Ok(Self {
            lang,
            input,
            is_ended,
            is_stopped,
            output,
            typed,
            pending,
            is_output_closed,
            fault,
            log,
            zones,
        })
    }

    /// Says lines of stdin as long as there is room; at the end all of them.
    fn say_lines(&mut self, session: &mut Session, now: &Now) {
        while (session.has_room() || self.is_ended)
            && let Some(line) = self.typed.next()
        {
            session.ask(Command::Say(line), now.mono_ms);
        }
    }

    /// Stops reading stdin.
    fn stop(&mut self, session: &mut Session, now: &Now) {
        (self.input, self.is_ended, self.is_stopped) = (None, true, true);
        self.typed.end();
        self.say_lines(session, now);
        if session.unconfirmed().next().is_none() {
            session.leave(now.mono_ms);
        }
    }

    fn write(&mut self) {
        match self.output.write(&self.pending) {
            Ok(count) => drop(self.pending.drain(..count)),
            Err(error) => {
                self.is_output_closed = true;
                if error.kind() != ErrorKind::BrokenPipe {
                    self.fail(io::Error::new(error.kind(), format!("stdout: {error}")));
                }
            }
        }
        if self.is_output_closed {
            self.pending.clear();
        }
    }

    fn fail(&mut self, fault: io::Error) {
        self.fault.get_or_insert(fault);
    }
}

impl Face for Filter {
    fn wake(&mut self, event: &event::Event) {
        if event.token() == OUTPUT {
            self.output.wake();
            // An error on a pipe can only mean that its reader has closed it.
            self.is_output_closed |= event.is_error();
        } else if let Some(input) = &mut self.input {
            input.wake();
        }
    }

    fn signal(&mut self, _signal: i32, session: &mut Session, now: &Now) {
        if session.outcome().is_some() {
            // Do not wait for a reader that does not read.
            self.pending.clear();
        }
        if self.is_stopped {
            session.leave(now.mono_ms);
        } else {
            self.stop(session, now);
        }
    }

    fn read_input(&mut self, session: &mut Session, now: &Now) -> bool {
        if (self.is_output_closed || self.fault.is_some()) && !self.is_stopped {
            self.stop(session, now);
        }
        self.say_lines(session, now);
        if let Some(input) = self.input.as_mut().filter(|_| self.typed.is_empty()) {
            let mut buffer = [0; INPUT_BYTES];
            match input.read(&mut buffer) {
                Taken::Bytes(count) => self.typed.push(&buffer[..count]),
                Taken::Nothing => {}
                Taken::End => {
                    self.input = None;
                    self.is_ended = true;
                    self.typed.end();
                }
            }
            self.say_lines(session, now);
        }
        if self.is_ended {
            session.finish(now.mono_ms);
        }
        self.typed.is_empty() && self.input.as_ref().is_some_and(Input::is_ready)
    }

    fn show(&mut self, news: Vec<News>, _session: &mut Session, _now: &Now) -> bool {
        for news in news {
            match &news {
                News::Told(message) => {
                    let line = message.line(self.lang, &mut self.zones);
                    self.pending.extend_from_slice(line.as_bytes());
                    self.pending.push(b'\n');
                    if let Some(Err(error)) = self.log.as_mut().map(|log| log.write(&line)) {
                        self.fail(error);
                    }
                }
                News::Entered | News::Back | News::NameRefused { .. } => {}
                _ => {
                    let words = words::news(self.lang, &news).unwrap_or_default();
                    let _ = writeln!(io::stderr(), "natter: {words}");
                }
            }
        }
        self.write();
        (self.is_output_closed || self.fault.is_some()) && !self.is_stopped
    }

    fn may_receive(&self) -> bool {
        self.pending.len() < OUTPUT_BYTES_MAX
    }

    fn is_done(&self) -> io::Result<bool> {
        match &self.fault {
            Some(fault) => Err(io::Error::new(fault.kind(), fault.to_string())),
            None => Ok(self.pending.is_empty()),
        }
    }

    fn end(self) {}
}

/// Splits the bytes of stdin into lines, bounded: a line without end is said in pieces.
#[derive(Default)]
struct Lines {
    unterminated: Vec<u8>,
    pieces: std::collections::VecDeque<String>,
}

impl Lines {
    /// Whether no whole line is left.
    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn next(&mut self) -> Option<String> {
        self.pieces.pop_front()
    }

    fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.unterminated.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end();
            }
        }
        while self.unterminated.len() > SAY_BYTES_MAX {
            // Not within a character, if it is one.
            let is_inner = |&at: &usize| self.unterminated[at] & 0xc0 == 0x80;
            let cut = (SAY_BYTES_MAX - 3..=SAY_BYTES_MAX).rev().find(|at| !is_inner(at));
            let rest = self.unterminated.split_off(cut.unwrap_or(SAY_BYTES_MAX));
            self.end();
            self.unterminated = rest;
        }
    }

    /// Ends the current line.
    fn end(&mut self) {
        let line = std::mem::take(&mut self.unterminated);
        self.pieces.extend(pieces(&String::from_utf8_lossy(&line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut said = Vec::new();
        for part in parts {
            lines.push(part);
            said.extend(std::iter::from_fn(|| lines.next()));
            assert!(lines.unterminated.len() <= SAY_BYTES_MAX, "memory is bounded");
        }
        lines.end();
        said.extend(std::iter::from_fn(|| lines.next()));
        said
    }

    #[test]
    fn lines_are_the_same_at_every_split_point() {
        let input = "one\r\n\n  two 你好 \n\x1b[1mthree\t3\nun\u{e9}nded".as_bytes();
        let said = ["one", "two 你好", "[1mthree 3", "un\u{e9}nded"];
        for cut in 0..input.len() {
            let (before, after) = input.split_at(cut);
            assert_eq!(lines(&[before, after]), said, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_said_in_pieces_between_characters() {
        let long = "说".repeat(3_000);
        let said = lines(&long.as_bytes().chunks(1_000).collect::<Vec<_>>());
        assert_eq!(said.concat(), long);
        assert!(said.iter().all(|line| line.len() <= SAY_BYTES_MAX));
        let binary = vec![0x80; 5_000];
        assert_eq!(lines(&[&binary]).concat().chars().count(), 5_000);
    }
}
