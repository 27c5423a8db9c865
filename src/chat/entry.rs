//! What happened in the chat: the entries of which it is made.
//!
//! The same entries in the same order make the same chat, wherever they are applied. So an entry
//! carries all that applying it needs: who, when, where, and what.

use std::borrow::Cow;

use crate::chat::event::CloseReason;
use crate::clock::{Now, Stamp};
use crate::ids::UserId;
use crate::limits::NICK_BYTES_MAX;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// When.
    pub stamp: Stamp,
    /// When, in milliseconds on the one clock that all entries are stamped with.
    pub at_ms: u64,
    /// Who did it.
    pub author: UserId,
    /// Where, unless it concerns no one room.
    pub room: Option<RoomName>,
    /// What.
    pub what: What<'a>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// The author took a name, its first or another one; the first one leads into the lobby.
    Named {
        /// In its normal form.
        name: Cow<'a, str>,
    },
    /// The author left the chat.
    Left {
        /// Why.
        why: CloseReason,
    },
    /// The author went from the room it was in to `room`, which begins if it is new.
    Moved,
    /// The author came to `room` and stays in the others; what it says is said here now.
    Entered,
    /// The author left `room`, and stays in the others.
    Parted,
    /// The author said something to all in `room`.
    Said {
        /// What.
        text: &'a str,
    },
    /// The author did something before all in `room`.
    Acted {
        /// What.
        text: &'a str,
    },
    /// The author said something to one person alone.
    Whispered {
        /// To whom.
        to: UserId,
        /// What.
        text: &'a str,
    },
    /// The author gave `room` a topic, or took it away.
    TopicSet {
        /// Empty if there is none from now on.
        text: &'a str,
    },
}

impl<'a> Entry<'a> {
    /// What `author` does at `now`.
    pub fn new(author: UserId, room: Option<RoomName>, what: What<'a>, now: &Now) -> Self {
        Self { stamp: now.stamp, at_ms: now.mono_ms, author, room, what }
    }
}

/// The name of a room in its normal form: small, and copied where a reference would have to outlive
/// a change of the chat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName {
    bytes: [u8; NICK_BYTES_MAX],
    length: u8,
}

const _: () = assert!(NICK_BYTES_MAX <= u8::MAX as usize);

impl RoomName {
    /// `name`, which has passed the rules for names.
    ///
    /// # Panics
    /// If it is longer than a name may be.
    pub fn new(name: &str) -> Self {
        let mut bytes = [0; NICK_BYTES_MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Self { bytes, length: u8::try_from(name.len()).expect("a name is short") }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        let name = &self.bytes[..usize::from(self.length)];
        std::str::from_utf8(name).expect("it was made of text")
    }
}

impl std::fmt::Debug for RoomName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}
