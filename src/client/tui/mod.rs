//! The client at a terminal: keys in, frames out.

pub mod app;
pub mod keys;
pub mod paint;
pub mod style;
pub mod talk;
pub mod terminal;
