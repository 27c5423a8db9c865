//! The terminal of `natter join`: entering, drawing, suspending, and restoring it.

use std::io::{self, Write};
use std::panic;

use crossterm::cursor::Show;
use crossterm::style::Print;
use crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use mio::{Registry, event};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGWINCH};

use crate::client::core::session::{News, Session};
use crate::client::net::run::{Face, INPUT, OUTPUT};
use crate::client::pipe::log::Log;
use crate::client::pipe::stdio::{Input, Output, Taken};
use crate::client::tui::app::{App, OTHER_ROWS, Want};
use crate::client::tui::keys::Keys;
use crate::client::tui::paint::Painter;
use crate::clock::Now;

/// Requests bracketed paste (`?2004`, xterm's name for it), focus events (`?1004`) and mouse events
/// (`?1000`, in the format of `?1006`), for the wheel.
const ASK: &str = "\x1b[?2004h\x1b[?1004h\x1b[?1000h\x1b[?1006h";
const ASK_NO_MORE: &str = "\x1b[?2004l\x1b[?1004l\x1b[?1006l\x1b[?1000l";
/// Saves the window's title, to restore it later (xterm's "window manipulation").
const KEEP_TITLE: &str = "\x1b[22;0t";
const RESTORE_TITLE: &str = "\x1b[23;0t";
/// The size of a read from the terminal.
const INPUT_BYTES: usize = 4 * 1024;

/// A user's terminal. It is restored when this value is dropped, and before a panic prints its
/// message.
pub struct Terminal {
    app: App,
    input: Input,
    keys: Keys,
    painter: Painter,
    output: Output,
    /// Output that the terminal has not accepted yet: one that stalls must not hold up the session.
    unshown: Vec<u8>,
    /// The terminal was closed.
    is_gone: bool,
    /// Its title, if it was given one.
    title: Option<String>,
    log: Option<Log>,
}

impl Terminal {
    /// Takes over the terminal for `app`.
    ///
    /// # Errors
    /// If there is no terminal.
    pub fn open(
        registry: &Registry,
        app: App,
        is_colorless: bool,
        log: Option<Log>,
    ) -> io::Result<Self> {
        let input = Input::open(registry, INPUT)?;
        let output = Output::open(registry, OUTPUT)?;
        let painter = Painter::new(is_colorless);
        let (keys, unshown) = Default::default();
        let told_by_default = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            told_by_default(panic);
        }));
        let (is_gone, title) = Default::default();
        let mut terminal = Self { app, input, keys, painter, output, unshown, is_gone, title, log };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> io::Result<()> {
        // Otherwise it would do nothing if it still believes the terminal raw; a shell may have
        // changed that.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.unshown.clear();
        queue!(self.unshown, EnterAlternateScreen, DisableLineWrap, Print(ASK))?;
        self.measure();
        self.flush()
    }

    fn measure(&mut self) {
        if let Ok((columns, rows)) = size() {
            self.app.resize(columns, rows);
        }
        // Terminals move what they show when they are resized, each in its own way.
        self.painter.forget();
    }

    /// Stops as other programs do on `^Z`, until the shell continues this job.
    fn suspend(&mut self) -> io::Result<()> {
        self.leave_title();
        give_back();
        kill_current_process_group(Signal::TSTP)?;
        self.enter()
    }

    fn paint(&mut self, session: &Session) -> io::Result<()> {
        self.flush()?;
        if self.unshown.is_empty() {
            if self.app.take_ring() {
                self.unshown.push(0x07);
            }
            self.notify(session);
            self.painter.paint(&self.app.frame(session), &mut self.unshown);
        }
        self.flush()
    }

    /// Shows a mention on the desktop, and the title of the window.
    fn notify(&mut self, session: &Session) {
        if let Some(notice) = self.app.take_notice() {
            self.unshown.extend_from_slice(format!("\x1b]9;{notice}\x07").as_bytes());
        }
        let title = self.app.title(session);
        if title != self.title {
            if self.title.is_none() {
                self.unshown.extend_from_slice(KEEP_TITLE.as_bytes());
            }
            let text = title.as_deref().unwrap_or_default();
            self.unshown.extend_from_slice(format!("\x1b]0;{text}\x07").as_bytes());
            self.title = title;
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let count = self.output.write(&self.unshown)?;
        self.unshown.drain(..count);
        Ok(())
    }

    fn leave_title(&mut self) {
        if self.title.take().is_some() {
            let _ = execute!(io::stdout(), Print(RESTORE_TITLE));
        }
    }

    /// Handles a closed terminal: the session still leaves in order.
    fn hang_up(&mut self, session: &mut Session, now: &Now) {
        if !std::mem::replace(&mut self.is_gone, true) {
            session.leave(now.mono_ms);
        }
    }
}

/// Restores the terminal. Errors are ignored: there is nothing better to do.
fn give_back() {
    let mut stdout = io::stdout();
    // It may have accepted part of a frame.
    let _ = queue!(stdout, EndSynchronizedUpdate, Print(ASK_NO_MORE), EnableLineWrap);
    let _ = execute!(stdout, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave_title();
        give_back();
    }
}

impl Face for Terminal {
    fn wake(&mut self, event: &event::Event) {
        match event.token() {
            OUTPUT => self.output.wake(),
            _ => self.input.wake(),
        }
    }

    fn signal(&mut self, signal: i32, session: &mut Session, now: &Now) {
        let is_well = match signal {
            SIGWINCH => {
                self.measure();
                true
            }
            // The program that stopped this one may have changed the terminal.
            SIGCONT => self.enter().is_ok(),
            SIGHUP => false,
            _ => {
                session.leave(now.mono_ms);
                true
            }
        };
        if !is_well {
            self.hang_up(session, now);
        }
    }

    fn read_input(&mut self, session: &mut Session, now: &Now) -> bool {
        if self.is_gone {
            return false;
        }
        let mut buffer = [0; INPUT_BYTES];
        let count = match self.input.read(&mut buffer) {
            Taken::Nothing => return false,
            Taken::Bytes(count) => count,
            Taken::End => {
                self.hang_up(session, now);
                return false;
            }
        };
        for press in self.keys.decode(&buffer[..count]) {
            match self.app.press(press, session, now) {
                Want::Nothing => {}
                Want::Redraw => self.painter.forget(),
                Want::Suspend if self.suspend().is_err() => self.hang_up(session, now),
                Want::Suspend => {}
            }
        }
        true
    }

    fn show(&mut self, news: Vec<News>, session: &mut Session, now: &Now) -> bool {
        for news in news {
            let line = self.app.receive(news, session, now);
            let written = line.and_then(|line| Some(self.log.as_mut()?.write(&line)));
            if let Some(Err(error)) = written {
                // It is reported once, and nothing is logged after the gap.
                self.log = None;
                self.app.warn(&format!("--log: {error}"), now);
            }
        }
        self.app.settle(session, now);
        let fails = !self.is_gone && self.paint(session).is_err();
        if fails {
            self.hang_up(session, now);
        }
        fails
    }

    fn may_receive(&self) -> bool {
        true
    }

    fn is_done(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// The last messages remain above the shell's prompt.
    fn end(self) {
        let mut left = Vec::new();
        if !self.is_gone {
            self.painter.last_view(OTHER_ROWS, &mut left).expect("writing to memory does not fail");
        }
        drop(self);
        let _ = io::stdout().write_all(&left);
    }
}
