//! From an encoded line to a socket: tapes, and the position of each connection on them.

pub mod outbound;
pub mod tape;
pub mod tapes;
