//! The cases, one module each: the measurement, and its rows.
pub mod fan_out;
pub mod growth;
pub mod idle;
pub mod instructions;
pub mod latency;
pub mod memory;
pub mod slow;
pub mod storm;
