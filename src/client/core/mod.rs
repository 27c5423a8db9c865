//! The client without a clock, a socket or a screen: the session, its language, what it is told.

pub mod bounds;
pub mod door;
pub mod message;
pub mod news;
pub mod say;
pub mod session;
pub mod telnet;
pub mod whereabouts;
pub mod words;
