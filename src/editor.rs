//! A line while it is being typed: text, cursor, history, completion; it knows no terminal.
//!
//! Where a person sees one character, there is one to step over or to delete: the cursor stands
//! between grapheme clusters (UAX #29), never in one, whatever an edit makes of its neighbours.
//! Words are what white space parts.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::text::may_be_shown;

/// The most that one character of a line may take, twice a family of emoji with their skins: to step
/// over one costs as much as it is long, and keys come by the thousand.
const CLUSTER_BYTES_MAX: usize = 64;

/// What a person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To be inserted at the cursor.
    Char(char),
    /// One character towards the start.
    Left,
    /// One character towards the end.
    Right,
    /// To the start of the word before the cursor.
    WordLeft,
    /// To the end of the word after the cursor.
    WordRight,
    /// To the start of the line.
    Home,
    /// To the end of the line.
    End,
    /// The line entered before the one shown.
    Up,
    /// The line entered after the one shown, at last the one that was being typed.
    Down,
    /// Deletes the character before the cursor.
    Backspace,
    /// Deletes the character after the cursor.
    Delete,
    /// Deletes what is before the cursor.
    KillToStart,
    /// Deletes what is after the cursor.
    KillToEnd,
    /// Deletes the word before the cursor, and white space between the two.
    KillWord,
    /// Completes the word before the cursor.
    Tab,
    /// The line is done.
    Enter,
    /// `^C`: the line is thrown away.
    Cancel,
    /// `^D`: on an empty line the end of input, else [`Key::Delete`].
    EndOfInput,
    /// `^L`: the screen is spoilt.
    Redraw,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// Nothing: worth a bell.
    Refused,
    /// The cursor may stand elsewhere in the same text.
    Moved,
    /// The text is another.
    Changed,
    /// The line, which may be empty; the editor is empty now.
    Entered(String),
    /// The caller is to look for what [`Editor::word_before_cursor`] may become, and to hand it to
    /// [`Editor::complete`].
    Complete,
    /// The caller is to draw everything anew.
    Redraw,
    /// `^C` threw the text away.
    Cancelled,
    /// `^C` when there was no text.
    Interrupted,
    /// `^D` when there was no text.
    Ended,
}

/// A line being typed, and those entered before it.
///
/// It holds at most `bytes_max * (history_max + 2)` bytes of text.
pub struct Editor {
    /// No more than `bytes_max`, and nothing in it that a terminal obeys.
    text: String,
    /// A byte index into `text`, at the edge of a grapheme cluster.
    cursor: usize,
    bytes_max: usize,
    /// Oldest first, no more than `history_max`, no two neighbours alike, none blank.
    history: VecDeque<String>,
    history_max: usize,
    /// The entry of `history` that `text` was taken from; nothing while a new line is typed.
    recalled: Option<usize>,
    /// The new line, while `recalled` has put another in its place.
    draft: String,
}

impl Editor {
    /// An empty line of at most `bytes_max`, that will remember `history_max` lines.
    pub fn new(bytes_max: usize, history_max: usize) -> Self {
        Self {
            text: String::new(),
            cursor: 0,
            bytes_max,
            history: VecDeque::new(),
            history_max,
            recalled: None,
            draft: String::new(),
        }
    }

    /// What has been typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the next character goes: a byte index into [`Editor::text`].
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Up to the cursor, from the white space before it; empty right behind white space.
    pub fn word_before_cursor(&self) -> &str {
        last_word(&self.text[..self.cursor])
    }

    /// Bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.history.iter().chain([&self.text, &self.draft]).map(String::capacity).sum()
    }

    /// Empties the line without remembering it: for what is no line of a conversation.
    fn clear(&mut self) -> String {
        self.cursor = 0;
        self.recalled = None;
        self.draft = String::new();
        std::mem::take(&mut self.text)
    }

    /// Does what `key` stands for.
    pub fn key(&mut self, key: Key) -> Edited {
        let cursor = self.cursor;
        match key {
            Key::Char(c) => self.replace(cursor..cursor, c.encode_utf8(&mut [0; 4])),
            Key::Left => self.go(before(&self.text, cursor)),
            Key::Right => self.go(after(&self.text, cursor)),
            Key::WordLeft => self.go(self.word_start()),
            Key::WordRight => self.go(self.word_end()),
            Key::Home => self.go(0),
            Key::End => self.go(self.text.len()),
            Key::Up => self.recall_older(),
            Key::Down => self.recall_newer(),
            Key::Backspace => self.replace(before(&self.text, cursor)..cursor, ""),
            Key::EndOfInput if self.text.is_empty() => Edited::Ended,
            Key::Delete | Key::EndOfInput => self.replace(cursor..after(&self.text, cursor), ""),
            Key::KillToStart => self.replace(0..cursor, ""),
            Key::KillToEnd => self.replace(cursor..self.text.len(), ""),
            Key::KillWord => self.replace(self.word_start()..cursor, ""),
            Key::Tab => Edited::Complete,
            Key::Enter => {
                let line = self.clear();
                self.remember(&line);
                Edited::Entered(line)
            }
            Key::Cancel => match self.clear().as_str() {
                "" => Edited::Interrupted,
                _ => Edited::Cancelled,
            },
            Key::Redraw => Edited::Redraw,
        }
    }

    /// Puts what all `candidates` begin with in place of the word before the cursor; a single one
    /// with a space behind it.
    ///
    /// The caller decides what fits the word, and may let "al" become "Alice". If they part where
    /// the word ends, or sooner, it is refused: time to show them.
    pub fn complete(&mut self, candidates: &[&str]) -> Edited {
        let Some((first, others)) = candidates.split_first() else { return Edited::Refused };
        let common = others.iter().fold(*first, |common, other| common_start(common, other));
        let word_bytes = self.word_before_cursor().len();
        let is_single = others.is_empty();
        if !is_single && common.len() <= word_bytes {
            return Edited::Refused;
        }
        let word = self.cursor - word_bytes..self.cursor;
        if is_single && !self.text[self.cursor..].starts_with(char::is_whitespace) {
            self.replace(word, &format!("{common} "))
        } else {
            self.replace(word, common)
        }
    }

    /// Replaces part of the text with what may be shown of `new`, if it still fits; the cursor
    /// comes to stand behind it.
    fn replace(&mut self, old: Range<usize>, new: &str) -> Edited {
        // No more than that: what is typed later may be what a joiner joins.
        let shown: String = new.chars().filter(|&c| may_be_shown(c)).collect();
        let new = shown.as_str();
        let bytes = self.text.len() - old.len() + new.len();
        if bytes > self.bytes_max || (old.is_empty() && new.is_empty()) {
            return Edited::Refused;
        }
        let (left, right) = (before(&self.text, old.start), after(&self.text, old.end));
        let joined = [&self.text[left..old.start], new, &self.text[old.end..right]].concat();
        if joined.graphemes(true).any(|cluster| cluster.len() > CLUSTER_BYTES_MAX) {
            return Edited::Refused;
        }
        let end = old.start + new.len();
        self.text.replace_range(old, new);
        // What is new may have joined what follows: a letter typed before a lone accent, or two
        // halves of a flag that lost what stood between them.
        self.cursor = if is_edge(&self.text, end) { end } else { after(&self.text, end) };
        Edited::Changed
    }

    fn go(&mut self, to: usize) -> Edited {
        if to == self.cursor {
            return Edited::Refused;
        }
        self.cursor = to;
        Edited::Moved
    }

    fn word_start(&self) -> usize {
        let text = self.text[..self.cursor].trim_end();
        let start = text.len() - last_word(text).len();
        // An accent may be typed on a space.
        if is_edge(&self.text, start) { start } else { before(&self.text, start) }
    }

    fn word_end(&self) -> usize {
        let word = self.text[self.cursor..].trim_start();
        let start = self.text.len() - word.len();
        let end = start + word.find(char::is_whitespace).unwrap_or(word.len());
        if is_edge(&self.text, end) { end } else { after(&self.text, end) }
    }

    fn recall_older(&mut self) -> Edited {
        let newer = self.recalled.unwrap_or(self.history.len());
        let Some(index) = newer.checked_sub(1) else { return Edited::Refused };
        let text = std::mem::replace(&mut self.text, self.history[index].clone());
        if self.recalled.is_none() {
            self.draft = text;
        }
        self.recalled = Some(index);
        self.cursor = self.text.len();
        Edited::Changed
    }

    fn recall_newer(&mut self) -> Edited {
        let Some(older) = self.recalled else { return Edited::Refused };
        self.recalled = Some(older + 1).filter(|&newer| newer < self.history.len());
        self.text = match self.recalled {
            Some(newer) => self.history[newer].clone(),
            None => std::mem::take(&mut self.draft),
        };
        self.cursor = self.text.len();
        Edited::Changed
    }

    fn remember(&mut self, line: &str) {
        let is_repeat = self.history.back().is_some_and(|newest| newest == line);
        if self.history_max == 0 || is_repeat || line.trim().is_empty() {
            return;
        }
        if self.history.len() == self.history_max {
            self.history.pop_front();
        }
        self.history.push_back(line.to_string());
    }
}

/// What stands behind the last white space of `text`.
fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// The longest start that both have.
fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    &one[..same.map(|(c, _)| c.len_utf8()).sum()]
}

// `GraphemeCursor` looks at no more text than it must, where the iterators would walk from one
// end. Its errors ask for text outside the piece it is given, which is always all of it.

/// Whether no grapheme cluster has `index` inside.
fn is_edge(text: &str, index: usize) -> bool {
    GraphemeCursor::new(index, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// The start of the grapheme cluster before `index`, or `index` at the start of the text.
fn before(text: &str, index: usize) -> usize {
    let start = GraphemeCursor::new(index, text.len(), true).prev_boundary(text, 0);
    start.ok().flatten().unwrap_or(index)
}

/// The end of the grapheme cluster at `index`, or `index` at the end of the text.
fn after(text: &str, index: usize) -> usize {
    let end = GraphemeCursor::new(index, text.len(), true).next_boundary(text, 0);
    end.ok().flatten().unwrap_or(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands for [`KEYS`] in a test's script; other characters stand for themselves.
    const SYMBOLS: &str = "←→«»⇤⇥↑↓⌫⌦⟵⟶✂⏎✗␄";

    #[rustfmt::skip]
    const KEYS: [Key; 16] = [
        Key::Left, Key::Right, Key::WordLeft, Key::WordRight, Key::Home, Key::End, Key::Up, Key::Down,
        Key::Backspace, Key::Delete, Key::KillToStart, Key::KillToEnd, Key::KillWord, Key::Enter,
        Key::Cancel, Key::EndOfInput,
    ];

    fn key_of(c: char) -> Key {
        SYMBOLS.chars().position(|symbol| symbol == c).map_or(Key::Char(c), |index| KEYS[index])
    }

    /// Presses the keys of `script`; what came of the last one.
    fn press(editor: &mut Editor, script: &str) -> Edited {
        script.chars().map(|c| editor.key(key_of(c))).last().expect("a script has keys")
    }

    /// The text, with `|` for the cursor.
    fn shown(editor: &Editor) -> String {
        let (before, after) = editor.text().split_at(editor.cursor());
        format!("{before}|{after}")
    }

    /// What an editor shows after `script`.
    fn after_script(script: &str) -> String {
        let mut editor = Editor::new(64, 3);
        press(&mut editor, script);
        shown(&editor)
    }

    #[test]
    fn keys_edit_at_the_cursor() {
        for (script, expected) in [
            ("abc", "abc|"),
            ("abc⇤x⇥y", "xabcy|"),
            ("abc←⌫", "a|c"),
            ("abc⇤⌦", "|bc"),
            ("abc⇤→⟵", "|bc"),
            ("abc⇤→⟶", "a|"),
            ("你好←们", "你们|好"),
        ] {
            assert_eq!(after_script(script), expected, "{script}");
        }
    }

    #[test]
    fn words_are_parted_by_white_space() {
        for (script, expected) in [
            ("one two  three««", "one |two  three"),
            ("one two  three  «", "one two  |three  "),
            ("one two⇤»⌫», three", "on two, three|"),
            ("one two  ✂", "one |"),
            ("one two✂✂", "|"),
            ("说 你好，世界✂", "说 |"),
            ("a \u{301}b«", "a| \u{301}b"),
        ] {
            assert_eq!(after_script(script), expected, "{script}");
        }
    }

    #[test]
    fn a_character_is_what_a_person_sees_as_one() {
        let family = "👩\u{200d}👩\u{200d}👧";
        for cluster in ["e\u{301}", "🇩🇪", family, "\u{1100}\u{1161}\u{11a8}", "हि"] {
            let typed = format!("a{cluster}b");
            assert_eq!(after_script(&format!("{typed}←←")), format!("a|{cluster}b"));
            assert_eq!(after_script(&format!("{typed}←←→")), format!("a{cluster}|b"));
            assert_eq!(after_script(&format!("{typed}←⌫")), "a|b");
            assert_eq!(after_script(&format!("{typed}⇤→⌦")), "a|b");
        }
    }

    #[test]
    fn the_cursor_never_stands_in_what_an_edit_joined() {
        assert_eq!(after_script("\u{301}⇤e"), "e\u{301}|");
        assert_eq!(after_script("🇩x🇪←⌫"), "🇩🇪|");
        assert_eq!(after_script("👩👧←\u{200d}"), "👩\u{200d}👧|");
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for script in [
            "←", "→", "«", "»", "⇤", "⇥", "⌫", "⌦", "⟵", "⟶", "✂", "↑", "↓", "a→", "a»", "a⌦",
            "a␄", "a⇤←", "a⇤⌫", "a⇤✂",
        ] {
            assert_eq!(press(&mut Editor::new(64, 3), script), Edited::Refused, "{script}");
        }
        for c in ['\0', '\r', '\n', '\u{1b}', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2028}'] {
            assert_eq!(Editor::new(64, 3).key(Key::Char(c)), Edited::Refused, "{c:?}");
        }
    }

    #[test]
    fn text_fits_its_bound_whatever_puts_it_there() {
        let mut editor = Editor::new(7, 3);
        assert_eq!(press(&mut editor, "你好x"), Edited::Changed);
        assert_eq!(press(&mut editor, "y"), Edited::Refused);
        assert_eq!(press(&mut editor, "⌫é"), Edited::Refused);
        assert_eq!(editor.text(), "你好");
        press(&mut editor, "⟵al");
        assert_eq!(editor.complete(&["alice"]), Edited::Changed);
        assert_eq!(editor.complete(&["alice"]), Edited::Refused);
        assert_eq!(editor.text(), "alice ");
    }

    #[test]
    fn control_keys_end_the_line_or_throw_it_away() {
        let mut editor = Editor::new(64, 3);
        assert_eq!(press(&mut editor, "hi⏎"), Edited::Entered("hi".to_string()));
        assert_eq!(press(&mut editor, "⏎"), Edited::Entered(String::new()));
        assert_eq!(press(&mut editor, "no✗"), Edited::Cancelled);
        assert_eq!(press(&mut editor, "✗"), Edited::Interrupted);
        assert_eq!(press(&mut editor, "␄"), Edited::Ended);
        assert_eq!(editor.key(Key::Redraw), Edited::Redraw);
        assert_eq!(shown(&editor), "|");
        assert_eq!(press(&mut editor, "↑"), Edited::Changed);
        assert_eq!(shown(&editor), "hi|", "what was thrown away is not remembered");
    }

    #[test]
    fn history_is_walked_and_the_new_line_comes_back() {
        for (script, expected) in [
            ("one⏎two⏎↑↑", "one|"),
            ("one⏎two⏎↑↑↑", "one|"),
            ("one⏎two⏎↑↑↓", "two|"),
            ("one⏎two⏎new←↑↑↓↓", "new|"),
            ("one⏎two⏎↑!⏎↑↑", "two|"),
            ("one⏎one⏎↑↑", "one|"),
            ("one⏎ ⏎⏎↑", "one|"),
            ("1⏎2⏎3⏎4⏎↑↑↑↑↑", "2|"),
            ("one⏎new↑✗↓", "|"),
        ] {
            assert_eq!(after_script(script), expected, "{script}");
        }
        assert_eq!(press(&mut Editor::new(64, 0), "one⏎↑"), Edited::Refused);
    }

    #[test]
    fn a_word_is_completed_as_far_as_it_is_certain() {
        for (typed, candidates, expected) in [
            ("hi al", &["alice"][..], Some("hi alice |")),
            ("hi al", &["alice", "alina"], Some("hi ali|")),
            ("hi ali", &["alice", "alina"], None),
            ("hi al", &["Alice"], Some("hi Alice |")),
            ("hi al", &["Alice", "alina"], None),
            ("hi ", &["bob", "alice"], None),
            ("小", &[], None),
            ("小", &["小明", "小明明"], Some("小明|")),
            ("al there«←", &["alice"], Some("alice| there")),
            ("x", &["x\u{1b}[2J"], Some("x[2J |")),
        ] {
            let mut editor = Editor::new(64, 3);
            press(&mut editor, typed);
            let edited = editor.complete(candidates);
            let is_done = edited == Edited::Changed;
            assert_eq!(is_done.then(|| shown(&editor)).as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn whatever_is_pressed_everything_stays_within_its_bounds() {
        let keys: Vec<char> = SYMBOLS.chars().collect();
        let typed: Vec<char> = "ab 你e\u{301}🇩🇪👩\u{200d}👧हि \t\u{1b}\u{202e}".chars().collect();
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let bytes_max = rng.usize(0..40);
            let mut editor = Editor::new(bytes_max, rng.usize(0..4));
            for _ in 0..200 {
                let from = if rng.u8(0..3) == 0 { &keys } else { &typed };
                let before = shown(&editor);
                let edited = editor.key(key_of(from[rng.usize(0..from.len())]));
                if rng.u8(0..20) == 0 {
                    editor.complete(&["你a", "你ab"][..rng.usize(0..3)]);
                } else if edited == Edited::Refused {
                    assert_eq!(shown(&editor), before, "seed {seed}");
                }
                let text = editor.text();
                assert!(text.len() <= bytes_max, "seed {seed}");
                assert!(!text.contains(crate::text::is_unsafe), "seed {seed}");
                assert!(is_edge(text, editor.cursor()), "seed {seed}: {text:?}");
                assert!(editor.history.len() <= editor.history_max, "seed {seed}");
            }
        }
    }
}
