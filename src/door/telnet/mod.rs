//! Telnet (RFC 854), and the person at a terminal behind it.
//!
//! ```text
//!  bytes ─► protocol ─► text ─► (keys ─► editor) ─► lines ─► decoder's caller
//!              │                   └► screen ─► echo
//!              └► answers: option, charset
//! ```

pub mod charset;
pub mod commands;
pub mod decoder;
pub mod editing;
pub mod encode;
pub mod option;
mod person;
pub mod protocol;
pub mod screen;
pub mod settings;
pub mod view;
pub mod wrap;
