//! The core of the client, without clock, socket or screen: the session, its protocol, its
//! messages.

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
