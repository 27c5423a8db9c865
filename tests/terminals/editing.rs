//! The line edited by the server, in clients that leave it to it.
