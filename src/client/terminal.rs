//! `natter join` for a person: the terminal as it is taken, drawn on, lent and given back.

use std::io::{self, Write};
use std::panic;

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use mio::{Registry, event};
use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGWINCH};

use crate::client::app::{App, Want};
use crate::client::keys::Keys;
use crate::client::paint::Painter;
use crate::client::pipe::{Input, Taken};
use crate::client::run::{Face, INPUT};
use crate::client::session::{News, Session};
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
        let painter = Painter::new(is_colorless);
        let told_by_default = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            told_by_default(panic);
        }));
        let mut terminal = Self { app, input, keys: Keys::default(), painter, is_gone: false };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> io::Result<()> {
        // It does nothing where it is believed to be raw still; a shell may have changed that.
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, DisableLineWrap, Print(ASK))?;
        self.painter.forget();
        self.measure();
        Ok(())
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
        let mut out = Vec::new();
        if self.app.take_ring() {
            out.push(0x07);
        }
        self.painter.paint(&self.app.frame(session), &mut out);
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
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
    let _ = execute!(stdout, Print(ASK_NO_MORE), EnableLineWrap, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

impl Face for Terminal {
    fn wake(&mut self, _event: &event::Event) {
        self.input.wake();
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
