//! The client between two pipes.

pub mod filter;
pub mod stdio;
