//! How a person at the telnet door sees lines; those who see them alike share a tape.

use crate::clock::Shown;
use crate::door::charset::Charset;
use crate::door::lang::Lang;
use crate::zone::Zone;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// As which bytes.
    pub charset: Charset,
    /// With how much of the time.
    pub shown: Shown,
    /// In which time zone.
    pub zone: Zone,
    /// In which language.
    pub lang: Lang,
    /// For what kind of terminal.
    pub style: Style,
}

/// What a terminal is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// Nothing but to show text.
    Dumb,
    /// To clear the row of the prompt.
    #[default]
    Plain,
    /// To dim what is not as important, too.
    Color,
}

impl Style {
    /// The same kind of terminal, with colours or without.
    pub fn colored(self, on: bool) -> Self {
        match (on, self) {
            (true, _) => Self::Color,
            // It cannot even clear a row.
            (false, Self::Dumb) => Self::Dumb,
            (false, _) => Self::Plain,
        }
    }

    /// What a terminal of that `name` can do (RFC 1091 has no list; termcap's names are usual).
    pub fn of_terminal(name: &str) -> Self {
        let cannot = ["dumb", "unknown", "network", "vt52", "teletype", "paper", "tn3270"];
        if cannot.iter().any(|start| name.starts_with(start)) { Self::Dumb } else { Self::Color }
    }
}
