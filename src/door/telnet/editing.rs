//! The line editor of a character-mode terminal: decodes bytes into keys, and shows the edited
//! line.

use crate::bucket::{Bucket, Rate};
use crate::door::charset::{Charset, GBK_COMMON_MIN, may_become_gbk};
use crate::door::telnet::screen::Screen;
use crate::editor::{Edited, Editor, Key};
use crate::keys::{Input, Keys};
use crate::limits::{EDIT_HISTORY_MAX, REDRAW_BURST_BYTES, REDRAW_BYTES_PER_SEC};

/// The command that `^D` on an empty line executes.
const LEAVE: &str = "/quit";
/// The rate of bytes that may be sent to redraw a line.
const REDRAW_RATE: Rate = Rate { burst: REDRAW_BURST_BYTES, per_sec: REDRAW_BYTES_PER_SEC };
/// To find what has changed, the whole line is compared: this many compared bytes cost as much as
/// one sent byte.
const LOOKED_AT_PER_SENT: usize = 16;
const BELL: char = '\u{7}';

/// A line being edited, and what the terminal shows of it.
pub struct Editing {
    keys: Keys,
    editor: Editor,
    screen: Screen,
    /// Whether the terminal shows the line. If not, something else was just shown, and
    /// [`Editing::draw`] shows the line below it.
    is_drawn: bool,
    /// The pending update of the drawn line. It is done once after all keys that arrived together;
    /// otherwise each key of a flood would send the whole line.
    due: Due,
    /// Redraws charged to the budget.
    redrawn: Bucket,
    /// When the budget allows the redraw that exceeded it.
    redraw_due_ms: Option<u64>,
    /// The terminal's new size, for the next redraw.
    resized: Option<(u16, u16)>,
    /// Bytes of an incomplete character.
    cut: Vec<u8>,
}

/// What a drawn line needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    #[default]
    Nothing,
    /// The text or the cursor changed.
    Update,
    /// It must be redrawn completely.
    Redraw,
}

/// The result of keys.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// An entered line.
    Line(String),
    /// The name before the cursor has to be completed.
    Complete,
}

impl Editing {
    /// Creates an empty line of at most `bytes_max`.
    pub fn new(bytes_max: usize, (columns, rows): (u16, u16)) -> Self {
        Self {
            keys: Keys::default(),
            editor: Editor::new(bytes_max, EDIT_HISTORY_MAX),
            screen: Screen::new(columns.into(), rows.into()),
            is_drawn: false,
            due: Due::Nothing,
            redrawn: Bucket::default(),
            redraw_due_ms: None,
            resized: None,
            cut: Vec::new(),
        }
    }

    /// Sets the terminal's charset.
    pub fn set_charset(&mut self, charset: Charset) {
        self.screen.set_charset(charset);
        self.due = Due::Redraw;
    }

    /// Returns the bytes of memory held for the line, the lines entered before it, and the screen.
    pub fn held_bytes(&self) -> usize {
        self.editor.held_bytes() + self.screen.held_bytes()
    }

    /// Decodes keys from `bytes` until they have a result; returns the number of bytes consumed as
    /// well. Output for the terminal is appended to `echo`. If `may_guess`, and the bytes are not
    /// UTF-8 and may be GBK, `charset` is changed.
    pub fn type_bytes(
        &mut self,
        bytes: &[u8],
        charset: &mut Charset,
        may_guess: bool,
        prompt: &str,
        echo: &mut String,
    ) -> (usize, Option<Typed>) {
        for (at, &byte) in bytes.iter().enumerate() {
            self.cut.push(byte);
            if may_guess && *charset == Charset::Utf8 && is_no_utf8(&self.cut) {
                if may_become_gbk(&self.cut) {
                    continue;
                }
                *charset = charset.or_gbk(&self.cut, GBK_COMMON_MIN);
                if *charset != Charset::Utf8 {
                    self.set_charset(*charset);
                }
            }
            while let Some(length) = charset.first_length(&self.cut) {
                let mut text = String::new();
                charset.decode(&self.cut[..length], &mut text);
                self.cut.drain(..length);
                // A charset decodes one character to one, except for marks that combine with it.
                for c in text.chars() {
                    let Some(Input::Key(key)) = self.keys.next(c) else { continue };
                    let typed = self.press(key, prompt, echo);
                    if typed.is_some() {
                        return (at + 1, typed);
                    }
                }
            }
        }
        (bytes.len(), None)
    }

    fn press(&mut self, key: Key, prompt: &str, echo: &mut String) -> Option<Typed> {
        match self.editor.key(key) {
            Edited::Refused if self.is_drawn => echo.push(BELL),
            Edited::Refused => {}
            Edited::Moved | Edited::Changed => self.due = self.due.max(Due::Update),
            Edited::Redraw => self.due = Due::Redraw,
            Edited::Complete => return Some(Typed::Complete),
            Edited::Entered(line) => {
                self.show_entered(&line, prompt, echo);
                self.leave(echo);
                return Some(Typed::Line(line));
            }
            Edited::Ended => {
                self.show_entered("", prompt, echo);
                self.leave(echo);
                return Some(Typed::Line(LEAVE.into()));
            }
            // Text that was not shown yet need not be shown just to be left there as cancelled.
            Edited::Cancelled | Edited::Interrupted => self.leave(echo),
        }
        None
    }

    /// Applies the key of a telnet command, such as EC.
    pub fn command(&mut self, key: Key, prompt: &str, echo: &mut String) {
        let typed = self.press(key, prompt, echo);
        assert!(typed.is_none(), "commands edit and end nothing");
    }

    /// Returns the beginning of the name to complete.
    pub fn word(&self) -> &str {
        self.editor.word_before_cursor()
    }

    /// Completes the name from `names`; the next [`Editing::draw`] shows the result.
    pub fn complete(&mut self, names: &[&str], echo: &mut String) {
        match self.editor.complete(names) {
            Edited::Refused if self.is_drawn => echo.push(BELL),
            Edited::Refused => {}
            _ => self.due = self.due.max(Due::Update),
        }
    }

    /// Notes the terminal's new size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.resized = Some((columns, rows));
        self.due = Due::Redraw;
    }

    /// Updates a line that the terminal shows, if the redraw budget allows; otherwise it stays out
    /// of date until [`Editing::redraw_due_ms`].
    pub fn show(&mut self, prompt: &str, now_ms: u64, echo: &mut String) {
        if !self.is_drawn || self.due == Due::Nothing || !self.may_draw(now_ms) {
            return;
        }
        let before = echo.len();
        self.update(prompt, self.due, echo);
        self.charge(echo.len() - before, now_ms);
    }

    /// Shows the line below other output, in place of the prompt that came with it, or updates it;
    /// if the redraw budget allows.
    pub fn draw(&mut self, prompt: &str, now_ms: u64, echo: &mut String) {
        if self.is_drawn {
            return self.show(prompt, now_ms, echo);
        }
        if !self.may_draw(now_ms) {
            return;
        }
        if let Some((columns, rows)) = self.resized.take() {
            self.screen.resize(columns.into(), rows.into(), &mut String::new());
        }
        let before = echo.len();
        self.draw_below(prompt, echo);
        self.charge(echo.len() - before, now_ms);
    }

    /// Returns when the budget allows what [`Editing::draw`] or [`Editing::show`] had to postpone.
    pub fn redraw_due_ms(&self) -> Option<u64> {
        self.redraw_due_ms
    }

    /// Whether that time has come; returns true only once.
    pub fn take_redraw_due(&mut self, now_ms: u64) -> bool {
        self.redraw_due_ms.take_if(|due_ms| *due_ms <= now_ms).is_some()
    }

    /// Hides the line, so that something else can be shown.
    pub fn erase(&mut self, echo: &mut String) {
        if std::mem::take(&mut self.is_drawn) {
            self.clear(echo);
        }
    }

    fn may_draw(&mut self, now_ms: u64) -> bool {
        self.redraw_due_ms =
            Some(self.redrawn.next_ms(REDRAW_RATE)).filter(|&next_ms| next_ms > now_ms);
        self.redraw_due_ms.is_none()
    }

    fn charge(&mut self, sent_bytes: usize, now_ms: u64) {
        let cost = sent_bytes + self.editor.text().len() / LOOKED_AT_PER_SENT;
        self.redrawn.charge(cost as u64, REDRAW_RATE, now_ms);
    }

    /// Updates the line that the terminal shows.
    fn update(&mut self, prompt: &str, due: Due, echo: &mut String) {
        if due == Due::Redraw {
            self.clear(echo);
            self.draw_below(prompt, echo);
        } else {
            self.due = Due::Nothing;
            self.screen.update(prompt, self.editor.text(), self.editor.cursor(), echo);
        }
    }

    fn draw_below(&mut self, prompt: &str, echo: &mut String) {
        (self.due, self.is_drawn) = (Due::Nothing, true);
        echo.push('\r');
        self.screen.draw(prompt, self.editor.text(), self.editor.cursor(), echo);
    }

    /// Hides the line, on a terminal that may have a new size.
    fn clear(&mut self, echo: &mut String) {
        match self.resized.take() {
            Some((columns, rows)) => self.screen.resize(columns.into(), rows.into(), echo),
            None => self.screen.erase(echo),
        }
    }

    /// Shows `line`, which was entered, in its final state: it remains on the terminal.
    fn show_entered(&mut self, line: &str, prompt: &str, echo: &mut String) {
        if !self.is_drawn || self.due == Due::Nothing {
            return;
        }
        if self.resized.is_some() {
            self.clear(echo);
            echo.push('\r');
        }
        self.screen.update(prompt, line, line.len(), echo);
    }

    /// Leaves the line on the terminal, and continues below it.
    fn leave(&mut self, echo: &mut String) {
        self.due = Due::Nothing;
        if std::mem::take(&mut self.is_drawn) {
            self.screen.leave(echo);
        }
    }
}

/// Whether `cut` cannot become UTF-8, whatever follows.
fn is_no_utf8(cut: &[u8]) -> bool {
    std::str::from_utf8(cut).is_err_and(|error| error.error_len().is_some())
}
