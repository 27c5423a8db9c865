//! What the operator can set.

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
use crate::log::writer::Fsync;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the classic door is open.
    pub classic: Vec<Address>,
    /// Where the telnet door is open.
    pub telnet: Vec<Address>,
    /// The permissions of unix doors, unless the umask decides.
    pub unix_mode: Option<u32>,
    /// The language of everything the server says.
    pub lang: Lang,
    /// What goes to the diagnostics.
    pub log: LevelFilter,
    /// Where what is said is kept, if it is.
    pub state: Option<PathBuf>,
    /// When that is made to survive a power failure.
    pub fsync: Fsync,
    /// The bounds.
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
    /// All doors, in the order in which they are announced.
    pub fn doors(&self) -> impl Iterator<Item = (DoorKind, &Address)> {
        let classic = self.classic.iter().map(|address| (DoorKind::Classic, address));
        classic.chain(self.telnet.iter().map(|address| (DoorKind::Telnet, address)))
    }
}

/// Where a door is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; with port 0 the system picks a free port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Whether the system picks the port, so that two of these are no two of the same.
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
