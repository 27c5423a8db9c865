//! From an encoded line to a socket: tapes, and what each connection has read of them.

pub mod outbound;
pub mod tape;
pub mod tapes;
