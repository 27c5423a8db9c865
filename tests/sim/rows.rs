//! Windows, and a naive account of what a message becomes in one: no code is shared with the door.

use std::collections::BTreeMap;

use natter::door::charset::Charset;
use unicode_width::UnicodeWidthChar;

const NARROWEST: u16 = 20;
const WIDEST: u16 = 250;
const INDENT: usize = 9;

/// What a person's client has told of its window, in order.
pub struct Windows {
    /// Columns; at first nothing is told.
    pub widths: Vec<u16>,
    /// Which of them was the last before it said something.
    pub at: BTreeMap<String, usize>,
}

impl Default for Windows {
    fn default() -> Self {
        Self { widths: vec![0], at: BTreeMap::new() }
    }
}

/// One character as it is sent, and the columns that it takes.
#[derive(Clone)]
struct Cell {
    bytes: Vec<u8>,
    columns: usize,
}

/// What becomes of `message`, which was made for a window of no known width, in one of so many columns.
pub fn broken(message: &[u8], charset: Charset, width: u16) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    for &byte in message {
        lines.last_mut().expect("there is one").push(byte);
        if lines.last().is_some_and(|line| line.ends_with(b"\r\n")) {
            lines.push(Vec::new());
        }
    }
    let prompt = lines.pop().expect("there is one");
    let broken = lines.iter().flat_map(|line| {
        let text = line.strip_suffix(b"\r\n").expect("it is a line");
        if width < NARROWEST { line.clone() } else { line_broken(text, charset, width) }
    });
    { broken }.chain(prompt).collect()
}

fn line_broken(line: &[u8], charset: Charset, width: u16) -> Vec<u8> {
    let columns = usize::from(width.min(WIDEST)) - 1;
    let (start, mut used) = beginning(line);
    let mut sent = line[..start].to_vec();
    let end = if line[start..].ends_with(b"\x1b[0m") { line.len() - 4 } else { line.len() };
    let mut rest = cells(&line[start..end], charset);
    let mut is_first = true;
    loop {
        let (row, skipped) =
            first_row(&rest, columns - used.min(columns), columns / 2, used, is_first);
        sent.extend(rest[..row].iter().flat_map(|cell| cell.bytes.clone()));
        rest.drain(..row + skipped);
        if rest.is_empty() {
            sent.extend(&line[end..]);
            sent.extend(b"\r\n");
            return sent;
        }
        used = INDENT.min(columns / 4);
        sent.extend(b"\r\n");
        sent.extend(b" ".repeat(used));
        is_first = false;
    }
}

/// How many cells stand in the first row, and how many are left out behind it.
fn first_row(
    cells: &[Cell],
    room: usize,
    half: usize,
    used: usize,
    is_first: bool,
) -> (usize, usize) {
    let mut fits = 0;
    let mut taken = 0;
    while fits < cells.len() && taken + cells[fits].columns <= room {
        taken += cells[fits].columns;
        fits += 1;
    }
    let is_space = |at: usize| {
        cells[at].bytes == b" " && cells.get(at + 1).is_none_or(|next| next.columns > 0)
    };
    if fits == cells.len() {
        return (fits, 0);
    }
    if is_space(fits) {
        return (fits, 1);
    }
    let is_behind_time = is_first && used > 0;
    let last = cells[..fits].iter().rev().find(|cell| cell.columns > 0);
    if cells[fits].columns == 2 || last.is_some_and(|cell| cell.columns == 2) {
        return (fits, 0);
    }
    for at in (fits.saturating_sub(half)..fits).rev() {
        if is_space(at) && (at > 0 || is_behind_time) {
            return (at, 1);
        }
    }
    if is_behind_time && fits < half { (0, 0) } else { (fits, 0) }
}

/// How long that is which comes before what is said, and how many columns it takes.
fn beginning(line: &[u8]) -> (usize, usize) {
    let (mut at, mut columns) = (0, 0);
    loop {
        let rest = &line[at..];
        if rest.starts_with(b"\r\0") {
            at += 2;
        } else if rest.starts_with(b"\x1b[K") {
            at += 3;
        } else if rest.starts_with(b"\x1b[") {
            at += 4;
        } else if rest.starts_with(b"[") {
            // No name begins so.
            columns = rest.iter().position(|&byte| byte == b']').expect("a time ends") + 2;
            at += columns;
        } else {
            return (at, columns);
        }
    }
}

fn cells(text: &[u8], charset: Charset) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (bytes, columns) = match charset {
            Charset::Utf8 => {
                let char_bytes = if first < 0x80 { 1 } else { first.leading_ones() as usize };
                let c = std::str::from_utf8(&rest[..char_bytes]).expect("it is UTF-8");
                (char_bytes, c.chars().filter_map(UnicodeWidthChar::width).sum())
            }
            // Doubled, as telnet has it.
            Charset::Latin1 if first == 255 => (2, 1),
            Charset::Latin1 => (1, 1),
            // The euro has a byte of its own in GBK.
            _ if first <= 0x80 => (1, 1),
            _ => (2, 2),
        };
        let (cell, later) = rest.split_at(bytes);
        cells.push(Cell { bytes: cell.to_vec(), columns });
        rest = later;
    }
    cells
}
