//! The only part of the server that knows mio: the event loop, its listeners and sockets, signals.

pub mod listener;
pub mod server;
pub mod signals;
pub mod sock;
