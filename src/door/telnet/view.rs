//! How a person at the telnet door sees lines; those who see them alike share a tape.

use crate::clock::Shown;
use crate::door::charset::Charset;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// As which bytes.
    pub charset: Charset,
    /// With how much of the time.
    pub shown: Shown,
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
    /// What a terminal of that `name` can do (RFC 1091 has no list; termcap's names are usual).
    pub fn of_terminal(name: &str) -> Self {
        let cannot = ["dumb", "unknown", "network", "vt52", "teletype", "paper", "tn3270"];
        if cannot.iter().any(|start| name.starts_with(start)) { Self::Dumb } else { Self::Color }
    }
}
