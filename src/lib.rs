//! natter: a chat room on one thread.
