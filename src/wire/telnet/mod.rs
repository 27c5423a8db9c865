//! Telnet with a person at a terminal: keys come in one by one, a screen goes out.

pub mod keys;
pub mod screen;
//! Telnet (RFC 854): lines with commands between them, and options that are agreed on.

pub mod charset;
pub mod option;
pub mod protocol;
