//! A program on a terminal: tmux is the terminal, and returns what it shows.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;

use super::{PATIENCE, TempPath, skip_without};

/// Marks the cursor in the contents of a screen.
const CURSOR: char = '█';
/// The time between two looks at a screen that is not yet as expected.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Returns the path of `tool`; the test is skipped if there is none.
#[track_caller]
pub fn find_tool(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian installs tintin++ among the games, which are not in root's path.
    let found = env::split_paths(&path)
        .chain([PathBuf::from("/usr/games")])
        .map(|folder| folder.join(tool))
        .find(|path| path.is_file());
    if found.is_none() {
        skip_without(tool);
    }
    found
}

/// A terminal with one program on it.
pub struct Screen {
    tmux: PathBuf,
    socket: TempPath,
}

impl Screen {
    /// Starts `command`, a line of the shell, on a terminal of that size; returns none without
    /// tmux.
    #[track_caller]
    pub fn open((columns, rows): (u16, u16), command: &str) -> Option<Self> {
        let screen = Self { tmux: find_tool("tmux")?, socket: TempPath::new(".tmux") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let size = ["new-session", "-d", "-x", &columns, "-y", &rows, "--", command];
        // The contents of the screen when the program ended are checked, too.
        let settings = [
            ["set", "-g", "remain-on-exit", "on", ";"],
            ["set", "-g", "remain-on-exit-format", "", ";"],
            ["set", "-g", "status", "off", ";"],
            ["set", "-g", "default-shell", "/bin/sh", ";"],
        ];
        let words = ["start-server", ";"].into_iter().chain(settings.into_iter().flatten());
        screen.tmux(&words.chain(size).collect::<Vec<_>>());
        Some(screen)
    }

    /// Types `text` and presses Return.
    pub fn enter(&self, text: &str) {
        self.type_in(text);
        self.press("Enter");
    }

    /// Types `text` unchanged.
    pub fn type_in(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Presses keys by their names, separated by spaces: `Up C-u Enter`.
    pub fn press(&self, keys: &str) {
        let keys = keys.split(' ');
        self.tmux(&["send-keys"].into_iter().chain(keys).collect::<Vec<_>>());
    }

    /// Resizes the window.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        self.tmux(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    /// Waits until the screen is exactly `wanted`, with `█` for the cursor and `[T]` for a time;
    /// empty rows at the top and at the bottom are left out.
    #[track_caller]
    pub fn expect(&self, wanted: &str) {
        let wanted = wanted.trim_matches('\n');
        self.wait(&format!("\n{wanted}\n"), |shown| shown == wanted);
    }

    /// Waits until the screen contains `part`.
    #[track_caller]
    pub fn expect_part(&self, part: &str) {
        self.wait(part, |shown| shown.contains(part));
    }

    #[track_caller]
    fn wait(&self, wanted: &str, fits: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.shown();
            if fits(&shown) {
                return;
            }
            assert!(Instant::now() < deadline, "wanted:\n{wanted}\nshown:\n\n{shown}\n");
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Returns what it shows now, with a mark for the cursor.
    pub fn shown(&self) -> String {
        let cursor = "#{cursor_x} #{cursor_y}";
        let output = self.tmux(&["display-message", "-p", cursor, ";", "capture-pane", "-p"]);
        let (cursor, rows) = output.split_once('\n').expect("it begins with the cursor");
        let (column, row) = cursor.split_once(' ').expect("a place is two numbers");
        let place: (usize, usize) =
            (column.parse().expect("a number"), row.parse().expect("a number"));
        let rows: Vec<String> = rows
            .lines()
            .enumerate()
            .map(|(at, text)| as_compared(text, (at == place.1).then_some(place.0)))
            .collect();
        rows.join("\n").trim_matches('\n').to_string()
    }

    fn tmux(&self, words: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        command.arg("-u").arg("-S").arg(self.socket.path()).args(["-f", "/dev/null"]);
        command.env_remove("TMUX").env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
        let output = command.args(words).stdin(Stdio::null()).output().expect("tmux starts");
        let text = String::from_utf8(output.stdout).expect("tmux speaks UTF-8");
        let fault = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tmux {words:?}: {fault}");
        text
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let mut command = Command::new(&self.tmux);
        let _ = command.arg("-S").arg(self.socket.path()).arg("kill-server").output();
    }
}

/// Returns `text` in the form in which rows are compared: with the cursor marked if it is in this
/// row, in a column.
pub(super) fn as_compared(text: &str, cursor: Option<usize>) -> String {
    let row = cursor.map_or_else(|| text.to_string(), |column| mark(text, column));
    without_times(row.trim_end_matches(' '))
}

/// Returns `row` with a mark before the character in `column`.
fn mark(row: &str, column: usize) -> String {
    let mut marked = String::new();
    let mut at = 0;
    let mut is_marked = false;
    for c in row.chars() {
        let columns = c.width().unwrap_or(0);
        if at >= column && columns > 0 && !is_marked {
            marked.push(CURSOR);
            is_marked = true;
        }
        marked.push(c);
        at += columns;
    }
    if !is_marked {
        marked.extend((at..column).map(|_| ' '));
        marked.push(CURSOR);
    }
    marked
}

/// Returns `row` with `[T]` for a time at its start.
fn without_times(row: &str) -> String {
    match row.as_bytes() {
        [b'[', a, b, b':', c, d, b']', ..] if [a, b, c, d].iter().all(|d| d.is_ascii_digit()) => {
            format!("[T]{}", &row[7..])
        }
        _ => row.to_string(),
    }
}
