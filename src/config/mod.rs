//! The configuration.

pub mod arguments;
pub mod options;
pub mod table;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use log::LevelFilter;

use crate::clock::Stamp;
use crate::door::DoorKind;
use crate::door::lang::Lang;
use crate::limits::Limits;
use crate::log::fsync::Fsync;

/// The whole configuration of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The addresses of the classic door.
    pub classic: Vec<Address>,
    /// The addresses of the telnet door.
    pub telnet: Vec<Address>,
    /// The permissions of Unix sockets, unless the umask determines them.
    pub unix_mode: Option<u32>,
    /// The language of the server's messages.
    pub lang: Lang,
    /// The log level.
    pub log: LevelFilter,
    /// The directory of the chat log, if there is one.
    pub state: Option<PathBuf>,
    /// When the chat log is synced.
    pub fsync: Fsync,
    /// The limits.
    pub limits: Limits,
    /// What of a log is printed, if that is what was asked for.
    pub selection: Selection,
}

/// What of a log is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of that room alone.
    pub room: Option<String>,
    /// What happened from then on.
    pub since: Stamp,
    /// And what will happen.
    pub follows: bool,
}

impl Config {
    /// Returns all doors, in the order in which they are announced.
    pub fn doors(&self) -> impl Iterator<Item = (DoorKind, &Address)> {
        let classic = self.classic.iter().map(|address| (DoorKind::Classic, address));
        classic.chain(self.telnet.iter().map(|address| (DoorKind::Telnet, address)))
    }
}

/// The address of a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; with port 0 the system picks a free port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Whether the system picks the port, so that two equal addresses do not collide.
    pub fn is_any_port(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.port() == 0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
