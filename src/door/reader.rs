//! Who reads what is encoded: as much as doors make of that.

use crate::ids::LineId;

/// The one person, or everybody in the room, that an event is encoded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a> {
    /// They have a name, and are in a room.
    pub has_entered: bool,
    /// The room that they speak in.
    pub room: &'a str,
    /// Which line the event is, if somebody said it to a room.
    pub line: Option<LineId>,
}
