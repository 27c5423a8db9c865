//! The protocol for programs: JSON lines, one flat object per line.
//!
//! It is no door of its own: a connection whose first line is [`OPENING`] is a program's from then
//! on. Events for a room are one more format on its tapes; the answer to a program's command
//! carries the command's tag, so it is encoded by the connection's [`Decoder`](decoder::Decoder).

pub mod commands;
pub mod decoder;
pub mod encode;

/// The first line of a program's connection.
pub const OPENING: &[u8] = b"json -p";
