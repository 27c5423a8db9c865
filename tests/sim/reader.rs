//! The input that one person at the telnet door has read so far, compared with its queue.
//!
//! Everything that is not a line of the queue must be something that telnet or the line editor may
//! send there: between two lines, never within one. Echoes of the editor contain none of [`MARKS`],
//! of which every non-empty line has one: so no line can pass for an echo.

use natter::clock::Stamp;
use natter::door::lang::Lang;
use natter::door::notice::Notice as Told;
use natter::door::protocol::{Format, Reader as Audience};
use natter::door::telnet::encode::{PROMPT, prompt_in, put};
use natter::door::telnet::view::View;
use natter::zone::Zones;

use crate::model::{Line, Queue};
use crate::rows::{Windows, broken};

/// Characters that nobody types in the editor.
pub const MARKS: &[u8] = b":-!*[]";
/// The rooms of this cast.
pub const ROOMS: [&str; 4] = ["lobby", "tea", "Tea", "coffee"];
const IAC: u8 = 255;
const NOP: u8 = 241;
const SB: u8 = 250;
const SE: u8 = 240;
const HERE: &[u8] = b"[natter]\r\n";

/// The reading position of one person.
#[derive(Default)]
pub struct Reader {
    /// The number of bytes accounted for.
    at: usize,
    /// The number of lines of the queue that have arrived, or were skipped.
    next: usize,
    /// Whether the negotiation has taken effect: no line has the earlier view.
    is_switched: bool,
    /// Which of its windows holds, or a later one.
    window: usize,
    is_editing: bool,
    /// Whether the last line was not a request for a name, which has a prompt of its own with a
    /// mark in it.
    is_named: bool,
    /// The number of telnet commands that it was sent.
    pub commands: usize,
    /// The number of answers to timing marks.
    pub marks: usize,
    /// The number of answers to "are you there".
    pub heres: usize,
    /// The number of lines cancelled by telnet's ^C.
    pub cancels: usize,
    /// The number of notices of skipped lines.
    pub notices: usize,
    zones: Zones,
}

impl Reader {
    /// Reads what has arrived since; incomplete parts wait.
    pub fn read(
        &mut self,
        received: &[u8],
        queue: &Queue,
        windows: &Windows,
    ) -> Result<(), String> {
        while self.at < received.len() {
            let rest = &received[self.at..];
            let Some(length) = self.step(rest, queue, windows)? else { break };
            self.at += length;
        }
        Ok(())
    }

    /// Returns the number of lines of `queue` that have not arrived, or of bytes not accounted for.
    pub fn lacks(&self, received: &[u8], queue: &Queue) -> usize {
        // A full row of the editor ends as a line begins.
        let rest = match &received[self.at..] {
            b"\r\0" if self.is_editing => &[],
            rest => rest,
        };
        queue.lines.len() - self.next + rest.len()
    }

    /// Returns the length of the first item in `rest`; none if it is incomplete.
    fn step(
        &mut self,
        rest: &[u8],
        queue: &Queue,
        windows: &Windows,
    ) -> Result<Option<usize>, String> {
        let line = queue.lines.get(self.next);
        let shape = line.and_then(|line| {
            let mut shapes = self.shapes(line, windows);
            shapes.find(|shape| is_start_of(rest, &shape.bytes))
        });
        if let (Some(line), Some(Shape { bytes, is_switched, window })) = (line, shape) {
            if rest.len() < bytes.len() {
                return Ok(None);
            }
            (self.is_switched, self.window) = (is_switched, window);
            self.is_editing = line.edit.unwrap_or(self.is_editing);
            self.is_named = bytes.ends_with(PROMPT.as_bytes());
            self.next += 1;
            return Ok(Some(bytes.len()));
        }
        for (next, torn) in [(self.next, 0), (self.next + 1, self.torn(line, rest, windows))] {
            match self.notice(next, &rest[torn..], queue, windows) {
                _ if next > self.next && torn == 0 => {}
                Notice::Of { bytes, lines } => {
                    let gap = queue.lines.get(next..next + lines);
                    let gap = gap.ok_or("more is skipped than was said")?;
                    if !gap.iter().all(|line| line.may_be_skipped) {
                        return Err("a line of its own was skipped".into());
                    }
                    self.next = next + lines;
                    self.notices += 1;
                    return Ok(Some(torn + bytes));
                }
                Notice::Cut => return Ok(None),
                Notice::Not => {}
            }
        }
        // Keys that arrived in the same read as the answer may be echoed before the notice, or
        // before both if a charset was guessed from them, too.
        let mut coming = queue.lines[self.next..].iter().take(2);
        let may_echo = self.is_editing || coming.any(|line| line.edit == Some(true));
        match self.aside(rest, may_echo) {
            Some(Aside::Of(length)) => Ok(Some(length)),
            Some(Aside::Cut) => Ok(None),
            None => Err(format!(
                "byte {}, line {}, expected\n{}, received\n{}",
                self.at,
                self.next,
                line.map_or(&b""[..], |line| &line.bytes).escape_ascii(),
                rest[..rest.len().min(300)].escape_ascii(),
            )),
        }
    }

    /// What `line` may look like by now. What it said itself looks as its window was then, or later.
    fn shapes<'a>(
        &self,
        line: &'a Line,
        windows: &'a Windows,
    ) -> impl Iterator<Item = Shape> + use<'a> {
        let said = line.said.as_ref().and_then(|said| windows.at.get(said));
        let (from, was_switched) =
            (said.map_or(self.window, |&at| at.max(self.window)), self.is_switched);
        let before = Some(&line.bytes).filter(|_| !was_switched || line.after.is_none());
        let looks = [before, line.after.as_ref()].into_iter().zip(line.views);
        { looks }.flat_map(move |(bytes, view)| {
            let bytes = bytes.zip(view);
            { bytes }.into_iter().flat_map(move |(bytes, view)| {
                (from..windows.widths.len()).map(move |window| Shape {
                    bytes: broken(bytes, view.charset, windows.widths[window]),
                    is_switched: was_switched || *bytes != line.bytes,
                    window,
                })
            })
        })
    }

    /// How much of `rest` is `line` but for its prompt. A write may end there; if what follows is
    /// skipped then, the prompt goes with it, and the notice brings another.
    fn torn(&self, line: Option<&Line>, rest: &[u8], windows: &Windows) -> usize {
        let mut shapes = line.into_iter().flat_map(|line| self.shapes(line, windows));
        let torn = shapes.find_map(|shape| {
            let text = shape.bytes.strip_suffix(PROMPT.as_bytes())?;
            rest.starts_with(text).then_some(text.len())
        });
        torn.unwrap_or(0)
    }

    /// Whether `rest` begins with a notice that lines from `next` on were skipped.
    fn notice(&mut self, next: usize, rest: &[u8], queue: &Queue, windows: &Windows) -> Notice {
        if !b"\r\0".starts_with(&rest[..rest.len().min(2)]) {
            return Notice::Not;
        }
        let digits: Vec<u8> = rest
            .iter()
            .skip_while(|byte| !byte.is_ascii_digit())
            .take_while(|byte| byte.is_ascii_digit())
            .copied()
            .collect();
        let number = std::str::from_utf8(&digits).expect("digits are ASCII").parse();
        // While no digit has come, rows may break as for a number of any length.
        let numbers = number.map_or(vec![7, 77, 777], |number| vec![number]);
        // It looks as lines did when it was told: no earlier than the line before the gap.
        let looks = queue.lines.get(next.saturating_sub(1)..).unwrap_or_default();
        let mut looks: Vec<View> = looks.iter().flat_map(|line| line.views).flatten().collect();
        looks.dedup();
        let looks = looks.iter().flat_map(|view| ROOMS.map(|room| (*view, room)));
        for (view, room) in looks {
            let audience = Audience { has_entered: true, room, line: None };
            for &lines in &numbers {
                let mut notice = Vec::new();
                let skipped = Told::Skipped { lines };
                let (stamp, zones) = (Stamp::default(), &mut self.zones);
                Format::from(view).encode(&skipped, stamp, audience, zones, &mut notice);
                for (window, &width) in windows.widths.iter().enumerate().skip(self.window) {
                    let notice = broken(&notice, view.charset, width);
                    if rest.starts_with(&notice) {
                        self.window = window;
                        return Notice::Of { bytes: notice.len(), lines: lines as usize };
                    }
                    if is_start_of(rest, &notice) {
                        return Notice::Cut;
                    }
                }
            }
        }
        Notice::Not
    }

    /// Returns the item at the start of `rest` if it is not from the chat.
    fn aside(&mut self, rest: &[u8], may_echo: bool) -> Option<Aside> {
        if rest[0] == IAC && rest.get(1) != Some(&IAC) {
            return self.command(rest);
        }
        if HERE.starts_with(rest) || rest.starts_with(HERE) {
            let is_whole = rest.len() >= HERE.len();
            self.heres += usize::from(is_whole);
            return Some(if is_whole { Aside::Of(HERE.len()) } else { Aside::Cut });
        }
        if may_echo {
            return echo(rest, if self.is_named { MARKS } else { &MARKS[1..] });
        }
        let for_name = [Lang::En, Lang::Zh].map(|lang| lang.prompt_for_name().into());
        let prompts = ROOMS.map(prompt_in).into_iter().chain(for_name);
        for prompt in prompts {
            for charset in natter::door::charset::Charset::ALL {
                let mut cancel = b"\r\n".to_vec();
                put(&prompt, charset, &mut cancel);
                if rest.starts_with(&cancel) {
                    self.cancels += 1;
                    return Some(Aside::Of(cancel.len()));
                }
                if cancel.starts_with(rest) {
                    return Some(Aside::Cut);
                }
            }
        }
        None
    }

    fn command(&mut self, rest: &[u8]) -> Option<Aside> {
        let length = match rest.get(1) {
            None => return Some(Aside::Cut),
            Some(&NOP) => 2,
            Some(251..=254) => 3,
            Some(&SB) => match rest.windows(2).position(|pair| pair == [IAC, SE]) {
                Some(end) => end + 2,
                None => return Some(Aside::Cut),
            },
            Some(_) => return None,
        };
        if rest.len() < length {
            return Some(Aside::Cut);
        }
        self.commands += 1;
        self.marks += usize::from(rest.starts_with(&[IAC, 252, 6]));
        Some(Aside::Of(length))
    }
}

/// Whether one begins with the other.
fn is_start_of(one: &[u8], other: &[u8]) -> bool {
    let common = one.len().min(other.len());
    one[..common] == other[..common]
}

/// What a line may look like.
struct Shape {
    bytes: Vec<u8>,
    /// Only if what was negotiated holds, and since which window.
    is_switched: bool,
    window: usize,
}

enum Notice {
    Of { bytes: usize, lines: usize },
    Cut,
    Not,
}

enum Aside {
    Of(usize),
    Cut,
}

/// Returns one output of the line editor: a motion, or text that is in no line.
fn echo(rest: &[u8], marks: &[u8]) -> Option<Aside> {
    match *rest {
        [b'\r' | 0x1b | IAC] | [0x1b, b'['] => Some(Aside::Cut),
        [b'\r', b'\n' | 0, ..] | [IAC, IAC, ..] => Some(Aside::Of(2)),
        [0x1b, b'[', ref sequence @ ..] => {
            let digits = sequence.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match sequence.get(digits) {
                None => Some(Aside::Cut),
                Some(b'A' | b'B' | b'C' | b'J') => Some(Aside::Of(2 + digits + 1)),
                Some(_) => None,
            }
        }
        [7, ..] => Some(Aside::Of(1)),
        _ => {
            let is_text = |byte: &u8| *byte >= b' ' && *byte != IAC && !marks.contains(byte);
            let length = rest.iter().take_while(|byte| is_text(byte)).count();
            (length > 0).then_some(Aside::Of(length))
        }
    }
}
