//! The cases, each a module: what it measures, and the rows that come of it.
pub mod fan_out;
pub mod growth;
pub mod idle;
pub mod instructions;
pub mod latency;
pub mod memory;
pub mod slow;
pub mod storm;
