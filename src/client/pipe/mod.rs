//! The client between two pipes, and what it writes down.

pub mod filter;
pub mod log;
pub mod stdio;
