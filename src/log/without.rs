//! The writer of a server that is built without the feature `state`: there is none.

use crate::chat::kept::{Kept, Kind};
use crate::clock::{Now, Stamp};

/// As in the real writer.
pub type Restate<'a> = dyn Fn(Kind, u64, Stamp, &mut dyn FnMut(&Kept<'_>)) + 'a;

/// No value of it exists, so the compiler leaves out everything that is done with one.
pub enum Writer {}

impl Writer {
    /// As in the real writer.
    pub fn note(&mut self, _: &Kept<'_>) {
        match *self {}
    }

    /// As in the real writer.
    pub fn is_due(&self, _: u64) -> bool {
        match *self {}
    }

    /// As in the real writer.
    pub fn deadline_ms(&self) -> Option<u64> {
        match *self {}
    }

    /// As in the real writer.
    pub fn write(&mut self, _: &Now, _: &Restate<'_>) {
        match *self {}
    }

    /// As in the real writer.
    pub fn reopen(&mut self, _: &Now) {
        match *self {}
    }

    /// As in the real writer.
    pub fn close(&mut self) {
        match *self {}
    }
}
