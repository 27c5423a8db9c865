//! The client between two pipes, and its log file.

pub mod filter;
pub mod log;
pub mod stdio;
