//! A user at the telnet door who types lines.

use super::Client;

const OVER_PROMPT: &str = "\r\0\u{1b}[K";
const PROMPTS: [&str; 5] = ["> ", "tea> ", "茶> ", "name: ", "用户名："];

/// A client whose lines are sent whole, and not echoed.
pub struct Person(pub Client);

impl Person {
    /// Connects to a telnet door.
    pub fn connect(door: &str) -> Self {
        Self(Client::connect(door))
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        self.0.send(format!("{line}\r\n"));
    }

    /// Returns the next line that is shown: `[T]` for its time, without prompts.
    pub fn line(&mut self) -> String {
        let line = self.0.raw_line();
        shown(line.strip_suffix("\r\n").expect("lines end in CR LF"))
    }

    /// Asserts that the next line is `line`.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Asserts that the next lines are `lines`.
    #[track_caller]
    pub fn expect_all(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.expect(line));
    }

    /// Returns all lines up to `line`, which must arrive.
    pub fn until(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.line() {
                next if next == line => return before,
                next => before.push(next),
            }
        }
    }

    /// Takes a name and enters a room in which nothing was said.
    pub fn enter(door: &str, name: &str) -> Self {
        let mut person = Self::connect(door);
        person.line();
        person.say(name);
        person
    }
}

/// Returns what a terminal shows of `line`, with `[T]` for a time.
pub fn shown(mut line: &str) -> String {
    while let Some(rest) =
        PROMPTS.iter().chain([&OVER_PROMPT]).find_map(|start| line.strip_prefix(start))
    {
        line = rest;
    }
    let is_time = |text: &str| {
        text.bytes().zip("[00:00] ".bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
    };
    if line.len() >= 8 && line.is_char_boundary(8) && is_time(&line[..8]) {
        return format!("[T] {}", &line[8..]);
    }
    line.to_string()
}
