//! The entries of the chat: everything that happened in it.
//!
//! The same entries in the same order make the same chat, wherever they are applied. So an entry
//! carries all that applying it needs: author, time, room and action.

use std::borrow::Cow;

use crate::chat::event::CloseReason;
use crate::clock::{Now, Stamp};
use crate::ids::UserId;
use crate::limits::NICK_BYTES_MAX;

/// An event that changes the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The time, for people.
    pub stamp: Stamp,
    /// The time in milliseconds on the one clock that stamps all entries.
    pub at_ms: u64,
    /// The author.
    pub author: UserId,
    /// The room, unless it concerns no single room.
    pub room: Option<RoomName>,
    /// The action.
    pub what: What<'a>,
}

/// The action of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// The author took a name, its first or another one; with the first one it enters the lobby.
    Named {
        /// The name in its normal form.
        name: Cow<'a, str>,
    },
    /// The author left the chat.
    Left {
        /// The reason.
        why: CloseReason,
    },
    /// The author moved from its current room to `room`, which is opened if it is new.
    Moved,
    /// The author entered `room`, where it speaks now, and stays in the others.
    Entered,
    /// The author left `room`, and stays in the others.
    Parted,
    /// The author said something to `room`.
    Said {
        /// The text.
        text: &'a str,
    },
    /// The author did something, for `room` to see.
    Acted {
        /// The text.
        text: &'a str,
    },
    /// The author sent a private message.
    Whispered {
        /// The recipient.
        to: UserId,
        /// The text.
        text: &'a str,
    },
    /// The author set or cleared the topic of `room`.
    TopicSet {
        /// The topic; empty if it was cleared.
        text: &'a str,
    },
}

impl<'a> Entry<'a> {
    /// Creates an entry of `author` at `now`.
    pub fn new(author: UserId, room: Option<RoomName>, what: What<'a>, now: &Now) -> Self {
        Self { stamp: now.stamp, at_ms: now.mono_ms, author, room, what }
    }
}

/// The name of a room in its normal form. It is small, and copied where a reference would have to
/// outlive a change of the chat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName {
    bytes: [u8; NICK_BYTES_MAX],
    length: u8,
}

const _: () = assert!(NICK_BYTES_MAX <= u8::MAX as usize);

impl RoomName {
    /// Wraps `name`, which has passed the rules for names.
    ///
    /// # Panics
    /// If it is longer than a name may be.
    pub fn new(name: &str) -> Self {
        let mut bytes = [0; NICK_BYTES_MAX];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Self { bytes, length: u8::try_from(name.len()).expect("a name is short") }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        let name = &self.bytes[..usize::from(self.length)];
        std::str::from_utf8(name).expect("it was made from text")
    }
}

impl std::fmt::Debug for RoomName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}
