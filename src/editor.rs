//! A line editor, independent of terminals: text, cursor, history, completion.
//!
//! What a person sees as one character is stepped over and deleted as one: the cursor stands
//! between grapheme clusters (UAX #29), never within one, even if an edit joins its neighbours.
//! Words are separated by white space.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::text::may_be_shown;

/// The maximum size of one character of a line, twice that of an emoji family with skin tones:
/// stepping over one takes time in proportion to its length, and keys may arrive by the thousand.
const CLUSTER_BYTES_MAX: usize = 64;

/// A key that a person pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Insert the character at the cursor.
    Char(char),
    /// Move one character towards the start.
    Left,
    /// Move one character towards the end.
    Right,
    /// Move to the start of the word before the cursor.
    WordLeft,
    /// Move to the end of the word after the cursor.
    WordRight,
    /// Move to the start of the line.
    Home,
    /// Move to the end of the line.
    End,
    /// Show the line entered before the one shown.
    Up,
    /// Show the line entered after the one shown, finally the one that was being typed.
    Down,
    /// Delete the character before the cursor.
    Backspace,
    /// Delete the character after the cursor.
    Delete,
    /// Delete everything before the cursor.
    KillToStart,
    /// Delete everything after the cursor.
    KillToEnd,
    /// Delete the word before the cursor, and white space between the two.
    KillWord,
    /// Complete the word before the cursor.
    Tab,
    /// Enter the line.
    Enter,
    /// `^C`: discard the line.
    Cancel,
    /// `^D`: end the input if the line is empty, else the same as [`Key::Delete`].
    EndOfInput,
    /// `^L`: redraw the screen.
    Redraw,
}

/// The result of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The key has no effect here: ring the bell.
    Refused,
    /// The cursor may have moved in the same text.
    Moved,
    /// The text has changed.
    Changed,
    /// The line was entered; it may be empty. The editor is empty now.
    Entered(String),
    /// The caller has to find completions of [`Editor::word_before_cursor`], and pass them to
    /// [`Editor::complete`].
    Complete,
    /// The caller has to redraw everything.
    Redraw,
    /// `^C` discarded the text.
    Cancelled,
    /// `^C` without text.
    Interrupted,
    /// `^D` without text.
    Ended,
}

/// A line being typed, and the lines entered before it.
///
/// It holds at most `bytes_max * (history_max + 2)` bytes of text.
pub struct Editor {
    /// At most `bytes_max`, without anything that a terminal interprets.
    text: String,
    /// A byte index into `text`, at the boundary of a grapheme cluster.
    cursor: usize,
    bytes_max: usize,
    /// Oldest first, at most `history_max`, no two neighbours equal, none blank.
    history: VecDeque<String>,
    history_max: usize,
    /// The entry of `history` from which `text` was taken; none while a new line is typed.
    recalled: Option<usize>,
    /// The new line, while an entry of the history is shown in its place.
    draft: String,
}

impl Editor {
    /// Creates an empty line of at most `bytes_max`, with a history of `history_max` lines.
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

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the position of the next character: a byte index into [`Editor::text`].
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Returns the word before the cursor; empty directly behind white space.
    pub fn word_before_cursor(&self) -> &str {
        last_word(&self.text[..self.cursor])
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.history.iter().chain([&self.text, &self.draft]).map(String::capacity).sum()
    }

    /// Empties the line without remembering it; returns the text.
    fn clear(&mut self) -> String {
        self.cursor = 0;
        self.recalled = None;
        self.draft = String::new();
        std::mem::take(&mut self.text)
    }

    /// Applies `key`.
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

    /// Replaces the word before the cursor by the common start of all `candidates`; a single one is
    /// followed by a space.
    ///
    /// The caller decides what matches the word, and may let "al" become "Alice". If the candidates
    /// differ at the end of the word or earlier, the result is refused: time to show them.
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

    /// Replaces part of the text with the visible characters of `new`, if the result fits; the
    /// cursor moves behind it.
    fn replace(&mut self, old: Range<usize>, new: &str) -> Edited {
        // No stricter filter: a joiner may be followed later by the character that it joins.
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
        // The new text may have joined what follows: a letter typed before a lone accent, or two
        // halves of a flag between which something was deleted.
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
        // A space may carry an accent.
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

/// Returns what follows the last white space of `text`.
fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// Returns the longest common start of both.
fn common_start<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    &one[..same.map(|(c, _)| c.len_utf8()).sum()]
}

// `GraphemeCursor` reads no more text than it must, where the iterators would walk from one end.
// Its errors ask for text outside its piece, which is always the whole text.

/// Whether `index` is not inside a grapheme cluster.
fn is_edge(text: &str, index: usize) -> bool {
    GraphemeCursor::new(index, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// Returns the start of the grapheme cluster before `index`, or `index` at the start of the text.
fn before(text: &str, index: usize) -> usize {
    let start = GraphemeCursor::new(index, text.len(), true).prev_boundary(text, 0);
    start.ok().flatten().unwrap_or(index)
}

/// Returns the end of the grapheme cluster at `index`, or `index` at the end of the text.
fn after(text: &str, index: usize) -> usize {
    let end = GraphemeCursor::new(index, text.len(), true).next_boundary(text, 0);
    end.ok().flatten().unwrap_or(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The symbols of [`KEYS`] in a test's script; other characters are typed.
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

    /// Presses the keys of `script`; returns the result of the last one.
    fn press(editor: &mut Editor, script: &str) -> Edited {
        script.chars().map(|c| editor.key(key_of(c))).last().expect("a script has keys")
    }

    /// Returns the text, with `|` for the cursor.
    fn shown(editor: &Editor) -> String {
        let (before, after) = editor.text().split_at(editor.cursor());
        format!("{before}|{after}")
    }

    /// Returns what an editor shows after `script`.
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
    fn words_are_separated_by_white_space() {
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
    fn the_cursor_is_never_within_a_cluster_that_an_edit_joined() {
        assert_eq!(after_script("\u{301}⇤e"), "e\u{301}|");
        assert_eq!(after_script("🇩x🇪←⌫"), "🇩🇪|");
        assert_eq!(after_script("👩👧←\u{200d}"), "👩\u{200d}👧|");
    }

    #[test]
    fn a_key_without_effect_is_refused() {
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
    fn text_stays_within_its_limit_after_any_edit() {
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
    fn control_keys_end_or_discard_the_line() {
        let mut editor = Editor::new(64, 3);
        assert_eq!(press(&mut editor, "hi⏎"), Edited::Entered("hi".to_string()));
        assert_eq!(press(&mut editor, "⏎"), Edited::Entered(String::new()));
        assert_eq!(press(&mut editor, "no✗"), Edited::Cancelled);
        assert_eq!(press(&mut editor, "✗"), Edited::Interrupted);
        assert_eq!(press(&mut editor, "␄"), Edited::Ended);
        assert_eq!(editor.key(Key::Redraw), Edited::Redraw);
        assert_eq!(shown(&editor), "|");
        assert_eq!(press(&mut editor, "↑"), Edited::Changed);
        assert_eq!(shown(&editor), "hi|", "a discarded line is not remembered");
    }

    #[test]
    fn the_history_can_be_walked_and_returns_to_the_new_line() {
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
    fn everything_stays_within_its_bounds_after_random_keys() {
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
