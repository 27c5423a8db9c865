//! Updates a terminal to show a frame: sends only the rows that have changed.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::{Attribute, Color, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate,
};

use crate::client::tui::style::{Row, Span, Style};

/// The contents of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// From the top; as many as the screen has.
    pub rows: Vec<Row>,
    /// The position of the cursor: column and row, from 0.
    pub cursor: (u16, u16),
}

/// Tracks what the terminal shows.
pub struct Painter {
    shown: Option<Frame>,
    is_colorless: bool,
}

impl Painter {
    /// Creates the painter of an empty terminal; styles are shown without colours if wanted.
    pub fn new(is_colorless: bool) -> Self {
        Self { shown: None, is_colorless }
    }

    /// Notes that the contents of the terminal are not known any more.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// Appends what makes the terminal show `frame` to `out`.
    pub fn paint(&mut self, frame: &Frame, out: &mut Vec<u8>) {
        if self.shown.as_ref() == Some(frame) {
            return;
        }
        self.queue(frame, out).expect("writing to memory does not fail");
        self.shown = Some(frame.clone());
    }

    fn queue(&self, frame: &Frame, out: &mut Vec<u8>) -> io::Result<()> {
        queue!(out, BeginSynchronizedUpdate, Hide)?;
        if self.shown.is_none() {
            queue!(out, SetAttribute(Attribute::Reset), Clear(ClearType::All))?;
        }
        let shown = self.shown.as_ref().map_or(&[][..], |shown| &shown.rows);
        let mut first = 0;
        // Rows that are connected by one link are drawn together.
        for rows in frame.rows.chunk_by(|row, _| is_cut(row)) {
            let last = first + rows.len();
            if shown.get(first..last) != Some(rows) {
                self.queue_rows(first, rows, out)?;
            }
            first = last;
        }
        let (column, row) = frame.cursor;
        queue!(out, MoveTo(column, row), Show, EndSynchronizedUpdate)
    }

    fn queue_rows(&self, first: usize, rows: &[Row], out: &mut Vec<u8>) -> io::Result<()> {
        // Cleared first, then written: after a full row the cursor still stands on its last column,
        // which would be cleared with the rest.
        for number in (first..first + rows.len()).rev() {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            queue!(out, MoveTo(0, number), Clear(ClearType::CurrentLine))?;
        }
        if rows.len() > 1 {
            queue!(out, EnableLineWrap)?;
        }
        for span in rows.iter().flatten() {
            self.queue_span(span, out)?;
        }
        if rows.len() > 1 {
            queue!(out, DisableLineWrap)?;
        }
        Ok(())
    }

    /// Appends the shown messages as lines, for a terminal that the program leaves.
    pub fn last_view(&self, other_rows: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let rows = self.shown.as_ref().map_or(&[][..], |shown| &shown.rows);
        let rows = &rows[..rows.len().saturating_sub(other_rows)];
        for row in rows.iter().skip_while(|row| row.is_empty()) {
            for span in row {
                self.queue_span(span, out)?;
            }
            if !is_cut(row) {
                queue!(out, Print("\r\n"))?;
            }
        }
        Ok(())
    }

    fn queue_span(&self, span: &Span, out: &mut Vec<u8>) -> io::Result<()> {
        let Style { color, is_bold, is_dim, is_reversed, is_link } = span.style;
        if span.style == Style::PLAIN {
            return out.write_all(span.text.as_bytes());
        }
        if let Some(color) = color.filter(|_| !self.is_colorless) {
            queue!(out, SetForegroundColor(Color::AnsiValue(color)))?;
        }
        let attributes = [
            (is_bold, Attribute::Bold),
            (is_dim, Attribute::Dim),
            (is_reversed, Attribute::Reverse),
            (is_link, Attribute::Underlined),
        ];
        for (_, attribute) in attributes.into_iter().filter(|(is_set, _)| *is_set) {
            queue!(out, SetAttribute(attribute))?;
        }
        queue!(out, Print(&span.text), SetAttribute(Attribute::Reset))
    }
}

fn is_cut(row: &Row) -> bool {
    row.last().is_some_and(|last| last.is_cut)
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;
    use crate::client::tui::style::wrap;

    fn frame(text: &str, (rows, columns): (u16, u16), cursor: (u16, u16)) -> Frame {
        let mut wrapped = wrap(&[Span::new(text, Style::PLAIN)], usize::from(columns), 0);
        wrapped.resize(usize::from(rows), Row::new());
        Frame { rows: wrapped, cursor }
    }

    #[test]
    fn the_screen_becomes_the_frame_whatever_was_shown_before() {
        let mut random = fastrand::Rng::with_seed(11);
        let parts = ["a", "word ", "你", "好世", "e\u{301}", "x"];
        for _ in 0..200 {
            let size = (random.u16(2..8), random.u16(2..20));
            let known = |size| NonZero::new(size).expect("a screen has a size");
            let mut screen = vt100::Parser::new(known(size.0), known(size.1), 0);
            screen.process(b"\x1b[?7l");
            let mut painter = Painter::new(false);
            for _ in 0..8 {
                let most = usize::from(size.0 * size.1 / 12);
                let text: String =
                    (0..=random.usize(..=most)).map(|_| parts[random.usize(..6)]).collect();
                let frame = frame(&text, size, (random.u16(..size.1), random.u16(..size.0)));
                let mut out = Vec::new();
                painter.paint(&frame, &mut out);
                screen.process(&out);
                let shown: Vec<String> =
                    screen.screen().rows(0, size.1).map(|row| row.trim_end().into()).collect();
                let wanted: Vec<String> =
                    frame.rows.iter().take(shown.len()).map(text_of).collect();
                assert_eq!(shown, wanted);
                let (row, column) = screen.screen().cursor_position();
                assert_eq!((column, row), frame.cursor);
            }
        }
    }

    fn text_of(row: &Row) -> String {
        let text: String = row.iter().map(|span| span.text.as_str()).collect();
        text.trim_end().into()
    }

    #[test]
    fn a_link_over_several_rows_is_one_line_to_the_terminal() {
        let link = format!("http://a/{}", "x".repeat(20));
        let spans = [Span::new("see ", Style::PLAIN), Span::new(link.clone(), Style::LINK)];
        let mut rows = wrap(&spans, 10, 0);
        rows.resize(6, Row::new());
        let (mut painter, mut out) = (Painter::new(false), Vec::new());
        let size = |size| NonZero::new(size).expect("a screen has a size");
        let mut screen = vt100::Parser::new(size(6), size(10), 0);
        screen.process(b"\x1b[?7l");
        painter.paint(&Frame { rows: rows.clone(), cursor: (0, 5) }, &mut out);
        screen.process(&out);
        let wrapped: Vec<bool> = (0..6).map(|row| screen.screen().row_wrapped(row)).collect();
        assert_eq!(wrapped, [false, true, true, false, false, false]);
        assert!(screen.screen().contents().contains(&link), "it is copied whole");
        // It stays one line when a row of it is redrawn.
        out.clear();
        rows[3].push(Span::new(" now", Style::PLAIN));
        painter.paint(&Frame { rows, cursor: (0, 5) }, &mut out);
        screen.process(&out);
        assert!(screen.screen().contents().contains(&format!("{link} now")));
        let mut out = Vec::new();
        painter.last_view(2, &mut out).expect("writing to memory does not fail");
        let mut left = vt100::Parser::new(size(6), size(10), 0);
        left.process(&out);
        assert_eq!(left.screen().contents(), format!("see\n{link} now"));
    }

    #[test]
    fn unchanged_rows_are_not_sent_again() {
        let (mut painter, mut out) = (Painter::new(false), Vec::new());
        let first = frame("one two", (3, 3), (0, 0));
        painter.paint(&first, &mut out);
        out.clear();
        painter.paint(&first, &mut out);
        assert!(out.is_empty());
        painter.paint(&frame("one six", (3, 3), (0, 0)), &mut out);
        let sent = String::from_utf8_lossy(&out);
        assert!(sent.contains("six") && !sent.contains("one"), "{sent:?}");
        painter.forget();
        out.clear();
        painter.paint(&first, &mut out);
        assert!(String::from_utf8_lossy(&out).contains("one"));
    }

    #[test]
    fn without_colours_the_other_styles_remain() {
        let row = vec![Span::new("alice", Style::of_name("alice"))];
        let frame = Frame { rows: vec![row], cursor: (0, 0) };
        let sent = |is_colorless| {
            let mut out = Vec::new();
            Painter::new(is_colorless).paint(&frame, &mut out);
            String::from_utf8(out).expect("it is UTF-8")
        };
        assert!(sent(false).contains("\x1b[38;5;162m\x1b[1malice"), "{:?}", sent(false));
        assert!(!sent(true).contains("38;5") && sent(true).contains("\x1b[1malice"));
    }
}
