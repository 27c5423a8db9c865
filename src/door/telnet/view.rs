//! How a user at the telnet door sees lines; users with equal views share a tape.

use crate::clock::Shown;
use crate::door::charset::Charset;
use crate::door::lang::Lang;
use crate::zone::Zone;

/// The look of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// The charset.
    pub charset: Charset,
    /// The format of times.
    pub shown: Shown,
    /// The time zone.
    pub zone: Zone,
    /// The language.
    pub lang: Lang,
    /// The kind of terminal.
    pub style: Style,
    /// In rows of which width.
    pub width: Width,
}

/// The control sequences that a terminal is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// None: text only.
    Dumb,
    /// Clear the row of the prompt.
    #[default]
    Plain,
    /// Dim what is less important, too.
    Color,
}

impl Style {
    /// Returns the same kind of terminal, with or without colours.
    pub fn colored(self, on: bool) -> Self {
        match (on, self) {
            (true, _) => Self::Color,
            // It cannot even clear a row.
            (false, Self::Dumb) => Self::Dumb,
            (false, _) => Self::Plain,
        }
    }

    /// Returns what a terminal of that `name` can do (RFC 1091 has no list; termcap's names are
    /// usual).
    pub fn of_terminal(name: &str) -> Self {
        let cannot = ["dumb", "unknown", "network", "vt52", "teletype", "paper", "tn3270"];
        if cannot.iter().any(|start| name.starts_with(start)) { Self::Dumb } else { Self::Color }
    }
}

/// The width of a terminal, as far as rows are made for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Width(u8);

impl Width {
    /// Where less fits, hardly a name does: such a terminal is taken for one whose width is not known.
    const MIN: u16 = 20;
    /// Rows are no longer than a wider terminal's: so there are no more tapes than widths up to here.
    const MAX: u8 = 250;

    /// Of a terminal that has told its `columns`, 0 if they are not known.
    pub fn of_terminal(columns: u16) -> Self {
        let width = u8::try_from(columns).unwrap_or(u8::MAX).min(Self::MAX);
        Self(if columns < Self::MIN { 0 } else { width })
    }

    /// The columns of a row, if the width is known.
    pub fn row_columns(self) -> Option<usize> {
        (self.0 > 0).then(|| usize::from(self.0) - 1)
    }
}
