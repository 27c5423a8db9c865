//! `natter join` for a person: the terminal as it is taken, drawn on, lent and given back.

use std::io;
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
use crate::client::pipe::stdio::{Input, Output, Taken};
use crate::client::tui::app::{App, Want};
use crate::client::tui::keys::Keys;
use crate::client::tui::paint::Painter;
use crate::clock::Now;

/// Pastes come marked (`?2004`, xterm's "bracketed paste"), and so does who looks (`?1004`).
const ASK: &str = "\x1b[?2004h\x1b[?1004h";
const ASK_NO_MORE: &str = "\x1b[?2004l\x1b[?1004l";
/// One read from the terminal.
const INPUT_BYTES: usize = 4 * 1024;

/// A person's terminal. It is given back with this value, and before a panic tells of itself.
pub struct Terminal {
    app: App,
    input: Input,
    keys: Keys,
    painter: Painter,
    output: Output,
    /// What it has not taken yet: one that stalls must not hold up what is said and heard.
    unshown: Vec<u8>,
    /// Somebody has closed it.
    is_gone: bool,
}

impl Terminal {
    /// Takes the terminal for `app`.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(registry: &Registry, app: App, is_colorless: bool) -> io::Result<Self> {
        let input = Input::open(registry, INPUT)?;
        let output = Output::open(registry, OUTPUT)?;
        let painter = Painter::new(is_colorless);
        let (keys, unshown) = Default::default();
        let told_by_default = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            told_by_default(panic);
        }));
        let mut terminal = Self { app, input, keys, painter, output, unshown, is_gone: false };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> io::Result<()> {
        // It does nothing where it is believed to be raw still; a shell may have changed that.
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

    /// Stops as other programs do on `^Z`, until the shell goes on with this job.
    fn suspend(&mut self) -> io::Result<()> {
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
            self.painter.paint(&self.app.frame(session), &mut self.unshown);
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let count = self.output.write(&self.unshown)?;
        self.unshown.drain(..count);
        Ok(())
    }

    /// Somebody has closed the terminal. The server is told in order all the same.
    fn hang_up(&mut self, session: &mut Session, now: &Now) {
        if !std::mem::replace(&mut self.is_gone, true) {
            session.leave(now.mono_ms);
        }
    }
}

/// The terminal as it was. Whatever fails here, there is nothing better to do.
fn give_back() {
    let mut stdout = io::stdout();
    // It may have taken part of a frame.
    let _ = queue!(stdout, EndSynchronizedUpdate, Print(ASK_NO_MORE), EnableLineWrap);
    let _ = execute!(stdout, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

impl Drop for Terminal {
    fn drop(&mut self) {
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
            // Whoever stopped it may have changed the terminal.
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

    fn take(&mut self, session: &mut Session, now: &Now) -> bool {
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
        for press in self.keys.take(&buffer[..count]) {
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
            self.app.hear(news, session, now);
        }
        let fails = !self.is_gone && self.paint(session).is_err();
        if fails {
            self.hang_up(session, now);
        }
        fails
    }

    fn may_hear(&self) -> bool {
        true
    }

    fn is_done(&self) -> io::Result<bool> {
        Ok(true)
    }
}
