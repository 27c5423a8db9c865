//! Counts the kinds of faults in a server's lines.
use std::fmt;

/// Faults of the server: a single one fails the run.
#[derive(Debug, Default, Clone)]
pub struct Faults {
    pub lost: u64,
    pub repeated: u64,
    pub reordered: u64,
    pub damaged: u64,
    pub skipped: u64,
    /// Lines of a room that were delivered in another room.
    pub strayed: u64,
    first: Option<String>,
}

impl Faults {
    pub fn any(&self) -> bool {
        self.first.is_some()
    }

    /// Remembers the first fault.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if self.first.is_none() {
            self.first = Some(what());
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, repeated, reordered, damaged, skipped, strayed, first } = self;
        write!(
            f,
            "{lost} lost, {repeated} repeated, {reordered} out of order, {damaged} damaged, \
             {skipped} skip notices, {strayed} of another room; first: {}",
            first.as_deref().unwrap_or("none")
        )
    }
}
