//! The contents of terminals while a line is typed and messages arrive.
//!
//! Sections of `docs/protocol.md`: "The line editor".

use std::num::NonZeroU16;

use natter::door::telnet::screen::Screen;
use natter::editor::{Edited, Editor, Key};
use unicode_width::UnicodeWidthChar;

type Row = Vec<String>;

/// Returns what a terminal should show for `input`: its cells, row by row, and the cursor's
/// position.
fn laid_out(input: &str, cursor_at: usize, columns: usize) -> (Vec<Row>, (usize, usize)) {
    let mut rows = vec![Row::new()];
    let mut cursor = None;
    for (index, c) in input.char_indices() {
        let width = c.width().expect("it can be shown");
        let row = rows.last_mut().expect("it has rows");
        if width == 0 {
            if index == cursor_at {
                let is_full = row.len() == columns;
                let column = if is_full { 0 } else { row.len() };
                cursor = Some((rows.len() - 1 + usize::from(is_full), column));
            }
            let row = rows.last_mut().expect("it has rows");
            // The vt100 crate keeps at most 22 bytes for a cell.
            let cell = row.iter_mut().rfind(|cell| !cell.is_empty());
            if let Some(cell) = cell.filter(|cell| cell.len() < 18) {
                cell.push(c);
            }
            continue;
        }
        if row.len() + width > columns {
            rows.push(Row::new());
        }
        let row = rows.len() - 1;
        if index == cursor_at {
            cursor = Some((row, rows[row].len()));
        }
        rows[row].push(c.to_string());
        rows[row].extend((1..width).map(|_| String::new()));
    }
    if rows.last().is_some_and(|row| row.len() == columns) {
        rows.push(Row::new());
    }
    let row = rows.len() - 1;
    (rows.clone(), cursor.unwrap_or((row, rows[row].len())))
}

/// A terminal with messages and an input below them, and its expected contents.
struct Scene {
    terminal: vt100::Parser,
    screen: Screen,
    columns: usize,
    height: usize,
    messages: Vec<Row>,
    /// The number of rows ever in use: the last `height` of them are visible.
    used: usize,
}

impl Scene {
    fn new(columns: u16, height: u16) -> Self {
        let size = |size| NonZeroU16::new(size).expect("it has a size");
        Self {
            terminal: vt100::Parser::new(size(height), size(columns), 0),
            screen: Screen::new(columns.into(), height.into()),
            columns: columns.into(),
            height: height.into(),
            messages: Vec::new(),
            used: 0,
        }
    }

    fn send(&mut self, output: &str) {
        let is_plain = |c: char| c >= ' ' || matches!(c, '\r' | '\n' | '\u{1b}');
        assert!(output.chars().all(is_plain), "{output:?}");
        self.terminal.process(output.as_bytes());
    }

    fn update(&mut self, prompt: &str, text: &str, cursor: usize) {
        let mut output = String::new();
        self.screen.update(prompt, text, cursor, &mut output);
        self.send(&output);
        self.check(prompt, text, cursor);
    }

    fn say(&mut self, message: &str, prompt: &str, text: &str, cursor: usize) {
        let mut output = String::new();
        self.screen.erase(&mut output);
        output.push_str(message);
        output.push_str("\r\n");
        self.screen.draw(prompt, text, cursor, &mut output);
        self.send(&output);
        let cells: Row = message.chars().map(String::from).collect();
        self.messages.extend(cells.chunks(self.columns).map(<[String]>::to_vec));
        self.check(prompt, text, cursor);
    }

    fn check(&mut self, prompt: &str, text: &str, cursor: usize) {
        let input = format!("{prompt}{text}");
        let (mut rows, mut at) = laid_out(&input, prompt.len() + cursor, self.columns);
        if rows.len() > self.height {
            let last = at.0.max(self.height - 2);
            let hidden = last + 2 - self.height;
            rows = rows[hidden..=last].to_vec();
            rows.extend((rows.last().map(Row::len) == Some(self.columns)).then(Row::new));
            at.0 -= hidden;
        }
        self.used = self.used.max(self.messages.len() + rows.len());
        let above = self.used.saturating_sub(self.height);
        at.0 = at.0 + self.messages.len() - above;
        let expected: Vec<&Row> = self.messages.iter().chain(&rows).skip(above).collect();
        let shown = self.terminal.screen();
        for row in 0..self.height {
            for column in 0..self.columns {
                let (y, x) = (u16::try_from(row), u16::try_from(column));
                let cell = shown.cell(y.expect("small"), x.expect("small")).expect("inside");
                let expected = expected.get(row).and_then(|row| row.get(column));
                let expected = expected.map_or("", |cell| cell.trim_end_matches(' '));
                let cell = cell.contents().trim_end_matches(' ');
                assert_eq!(cell, expected, "row {row}, column {column} of {input:?}");
            }
        }
        let (row, column) = shown.cursor_position();
        assert_eq!((usize::from(row), usize::from(column)), at, "the cursor in {input:?}");
    }
}

#[rustfmt::skip]
const MOTIONS: [Key; 12] = [
    Key::Left, Key::Right, Key::WordLeft, Key::WordRight, Key::Home, Key::End, Key::Up,
    Key::Backspace, Key::Delete, Key::KillWord, Key::KillToEnd, Key::Enter,
];

fn some_key(rng: &mut fastrand::Rng) -> Key {
    let typed = ['a', 'b', ' ', '你', '好', '，', 'é', '각', '\u{301}', '👩', '\u{200d}'];
    match rng.u8(0..10) {
        0..3 => MOTIONS[rng.usize(0..MOTIONS.len())],
        _ => Key::Char(typed[rng.usize(0..typed.len())]),
    }
}

#[test]
fn a_terminal_shows_what_is_typed_and_said() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut scene = Scene::new(rng.u16(2..30), rng.u16(2..12));
        let mut editor = Editor::new(rng.usize(1..160), 3);
        let prompt = ["", "> ", "小明> ", "a long prompt> "][rng.usize(0..4)];
        for _ in 0..60 {
            for _ in 0..rng.usize(1..4) {
                editor.key(some_key(&mut rng));
            }
            if rng.u8(0..10) == 0 {
                let message = "a message".repeat(rng.usize(1..4));
                scene.say(&message, prompt, editor.text(), editor.cursor());
            } else {
                scene.update(prompt, editor.text(), editor.cursor());
            }
        }
    }
}

#[test]
fn a_long_line_is_shown_on_broad_and_narrow_terminals() {
    for (columns, height) in [(80, 24), (5, 500), (5, 24), (2, 600)] {
        for typed in ["a", "你", "ab你"] {
            let mut scene = Scene::new(columns, height);
            let mut editor = Editor::new(1024, 0);
            while typed.chars().all(|c| editor.key(Key::Char(c)) == Edited::Changed) {
                if editor.text().len() % 64 < typed.len() {
                    scene.update("> ", editor.text(), editor.cursor());
                }
            }
            scene.update("> ", editor.text(), editor.cursor());
            for key in [Key::Home, Key::Delete, Key::Char('x'), Key::Right, Key::End] {
                editor.key(key);
                scene.update("> ", editor.text(), editor.cursor());
            }
            scene.say("a message", "> ", editor.text(), editor.cursor());
        }
    }
}

/// A terminal of unlimited height, which wraps at once or, like a VT100, with the next character.
struct Glass {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    columns: usize,
    wraps_at_once: bool,
}

impl Glass {
    fn show(&mut self, c: char) {
        let width = c.width().expect("it can be shown");
        if self.column == self.columns {
            (self.row, self.column) = (self.row + 1, 0);
        }
        assert!(self.column + width <= self.columns, "no terminal is trusted to wrap {c}");
        let rows = self.rows.len().max(self.row + 1);
        self.rows.resize(rows, Vec::new());
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + width), ' ');
        row[self.column..self.column + width].fill(c);
        self.column += width;
        if self.wraps_at_once && self.column == self.columns {
            (self.row, self.column) = (self.row + 1, 0);
        }
    }

    fn interpret(&mut self, mut output: &str) {
        while let Some(c) = output.chars().next() {
            output = &output[c.len_utf8()..];
            if c >= ' ' {
                self.show(c);
                continue;
            }
            assert!(self.column < self.columns, "a motion from the right edge");
            if c == '\r' {
                self.column = 0;
                continue;
            }
            let letter = output.find(|c: char| c.is_ascii_uppercase()).expect("it ends");
            let count: usize = output[1..letter].parse().unwrap_or(1);
            match output.as_bytes()[letter] {
                b'A' => self.row -= count,
                b'B' => self.row += count,
                b'C' => self.column += count,
                _ => {
                    self.rows.truncate(self.row + 1);
                    if let Some(row) = self.rows.get_mut(self.row) {
                        row.truncate(self.column);
                    }
                }
            }
            output = &output[letter + 1..];
        }
    }

    /// Returns its rows without blanks at their ends and without blank rows at the bottom.
    fn contents(&self) -> String {
        let rows = self.rows.iter().map(|row| row.iter().collect::<String>());
        rows.map(|row| row.trim_end().to_string() + "\n").collect::<String>().trim_end().into()
    }
}

#[test]
fn the_right_edge_is_right_on_both_kinds_of_terminal() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let columns = rng.usize(2..20);
        let mut screen = Screen::new(columns, 0);
        let mut glasses = [false, true].map(|wraps_at_once| Glass {
            rows: Vec::new(),
            row: 0,
            column: 0,
            columns,
            wraps_at_once,
        });
        let mut editor = Editor::new(100, 0);
        for _ in 0..100 {
            editor.key(match some_key(&mut rng) {
                Key::Char('\u{301}' | '\u{200d}') => Key::Char('x'),
                key => key,
            });
            let mut output = String::new();
            screen.update("> ", editor.text(), editor.cursor(), &mut output);
            let input = format!("> {}", editor.text());
            let (rows, at) = laid_out(&input, 2 + editor.cursor(), columns);
            // Both halves of a wide character contain it.
            let rows = rows.iter().map(|row| {
                let mut last = "";
                let cells = row.iter().map(|cell| {
                    last = if cell.is_empty() { last } else { cell };
                    last
                });
                cells.collect::<String>().trim_end().to_string() + "\n"
            });
            let expected: String = rows.collect();
            for glass in &mut glasses {
                glass.interpret(&output);
                assert_eq!(glass.contents(), expected.trim_end(), "seed {seed}");
                assert_eq!((glass.row, glass.column), at, "seed {seed}: {input:?}");
            }
        }
    }
}

#[test]
fn any_text_and_any_size_is_shown_correctly() {
    let typed: Vec<char> =
        "a 你\u{301}\u{200d}\u{fe0f}🇩👩\u{1161}\u{17d8}\u{ad}\u{202e}\u{1b}\u{9b}\r\n\0"
            .chars()
            .collect();
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut screen = Screen::new(rng.usize(0..8), rng.usize(0..5));
        for _ in 0..50 {
            let mut text = || -> String {
                (0..rng.usize(0..20)).map(|_| typed[rng.usize(0..typed.len())]).collect()
            };
            let (prompt, text) = (text(), text());
            let mut output = String::new();
            match rng.u8(0..8) {
                0 => screen.erase(&mut output),
                1 => screen.leave(&mut output),
                2 => screen.resize(rng.usize(0..8), rng.usize(0..5), &mut output),
                3 => screen.draw(&prompt, &text, rng.usize(0..30), &mut output),
                _ => screen.update(&prompt, &text, rng.usize(0..30), &mut output),
            }
            let output = output.replace("\u{1b}[", "").replace(['\r', '\n'], "");
            assert!(!output.contains(natter::text::is_unsafe), "seed {seed}: {output:?}");
        }
    }
}
