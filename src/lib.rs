//! natter: a chat room on one thread.

pub mod chat;
pub mod clock;
pub mod command;
pub mod config;
pub mod conn;
pub mod hub;
pub mod ids;
pub mod lang;
pub mod limits;
pub mod logging;
pub mod outbound;
pub mod pace;
pub mod peers;
pub mod post;
pub mod server;
pub mod signals;
pub mod slots;
pub mod tape;
pub mod text;
pub mod timers;
pub mod wire;
