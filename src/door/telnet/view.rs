//! How a person at the telnet door sees lines; those who see them alike share a tape.

use crate::clock::Shown;
use crate::door::charset::Charset;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// As which bytes.
    pub charset: Charset,
    /// With how much of the time.
    pub shown: Shown,
    /// For what kind of terminal.
    pub style: Style,
}

/// What a terminal is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Nothing but to show text.
    Dumb,
    /// To clear the row of the prompt.
    #[default]
    Plain,
    /// To dim what is not as important, too.
    Color,
}

const SHOWN: [Shown; 3] = [Shown::Never, Shown::Short, Shown::Full];
const STYLES: [Style; 3] = [Style::Dumb, Style::Plain, Style::Color];

impl View {
    /// How many there are.
    pub const COUNT: usize = Charset::ALL.len() * SHOWN.len() * STYLES.len();

    /// Its number, below [`View::COUNT`].
    pub fn index(self) -> usize {
        (self.charset as usize * SHOWN.len() + self.shown as usize) * STYLES.len()
            + self.style as usize
    }
}

impl Style {
    /// What a terminal of that `name` can do (RFC 1091 has no list; termcap's names are usual).
    pub fn of_terminal(name: &str) -> Self {
        let cannot = ["dumb", "unknown", "network", "vt52", "teletype", "paper", "tn3270"];
        if cannot.iter().any(|start| name.starts_with(start)) { Self::Dumb } else { Self::Color }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_view_has_a_number_of_its_own() {
        let mut count = 0;
        for charset in Charset::ALL {
            for shown in SHOWN {
                for style in STYLES {
                    assert_eq!(View { charset, shown, style }.index(), count);
                    count += 1;
                }
            }
        }
        assert_eq!(count, View::COUNT);
    }
}
