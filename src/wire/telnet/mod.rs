//! Telnet with a person at a terminal: keys come in one by one, a screen goes out.

pub mod keys;
pub mod screen;
