//! The client's event loop, its socket and its addresses.

pub mod link;
pub mod resolve;
pub mod run;
