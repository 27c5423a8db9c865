//! The error type of the benchmark: a sentence for people.
use std::fmt;

/// The description of an error, in one line.
#[derive(Debug, Clone)]
pub struct Fault(pub String);

pub type Result<T> = std::result::Result<T, Fault>;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<nix::Error> for Fault {
    fn from(error: nix::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Adds to an error what was being done.
pub trait While<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> While<T> for std::result::Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Fault(format!("{}: {error}", what())))
    }
}
