//! The client without a clock, a socket or a screen: the session, its language, what it is told.

pub mod article;
pub mod bounds;
pub mod command;
pub mod message;
pub mod news;
pub mod outbox;
pub mod place;
pub mod say;
pub mod session;
pub mod wire;
pub mod words;
