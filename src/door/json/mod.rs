//! JSON lines: what is spoken with programs, one flat object a line.
//!
//! No door of its own: a connection whose first line is [`OPENING`] is one for programs from then on.
//! What a room is told is one more format on its tapes; what one program is told in answer to a
//! command carries the command's tag, so it is encoded by the connection's [`Decoder`](decoder::Decoder).

pub mod commands;
pub mod decoder;
pub mod encode;

/// The first line of a connection that is to be one for programs.
pub const OPENING: &[u8] = b"json -p";
