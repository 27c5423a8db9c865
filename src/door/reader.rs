//! The reader of an encoded message, as far as the encoding depends on it.

use crate::ids::LineId;

/// The one user, or everybody in the room, for whom an event is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    /// Whether they have a name, and are in a room.
    pub has_entered: bool,
    /// The room that they speak in.
    pub room: &'a str,
    /// The id of the event's line, if it is one said in a room.
    pub line: Option<LineId>,
}
