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
    /// The width of rows.
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

/// The width of a terminal: 0 if it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Width(u8);

impl Width {
    /// A narrower terminal counts as one of unknown width: hardly a name would fit a row.
    const MIN: u16 = 20;
    /// A wider terminal gets rows of this width. This also bounds the number of tapes.
    const MAX: u8 = 250;

    /// Returns the width of a terminal of `columns`; 0 means unknown.
    pub fn of_terminal(columns: u16) -> Self {
        let width = u8::try_from(columns).unwrap_or(u8::MAX).min(Self::MAX);
        Self(if columns < Self::MIN { 0 } else { width })
    }

    /// Returns the columns of a row, if the width is known.
    pub fn row_columns(self) -> Option<usize> {
        (self.0 > 0).then(|| usize::from(self.0) - 1)
    }
}
