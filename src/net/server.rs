//! The event loop: one Poll over doors, peers and signals. The only file that knows both mio and
//! the hub, and the only one that reads the clock.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use log::{error, info, warn};
use mio::{Events, Interest, Poll, Token};

use crate::clock::{Clock, Now};
use crate::config::{Address, Config};
use crate::diagnostics;
use crate::door::DoorKind;
use crate::hub::{Hub, Ready};
use crate::limits::{DOORS_MAX, GOODBYE_MS, Limits};
use crate::net::listener::Door;
use crate::net::signals::{Asked, Signals, Stop};
use crate::net::sock::Sock;

const SIGNALS: Token = Token(usize::MAX);
/// Doors have the tokens below `SIGNALS`; all lower tokens are slots.
const FIRST_DOOR: usize = usize::MAX - DOORS_MAX;
const EVENTS_PER_POLL: usize = 1_024;
/// Both directions, and urgent data, at which the kernel ends a read early.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PEER_INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE).add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PEER_INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// The time to wait for a descriptor to become free elsewhere.
const ACCEPT_RETRY_MS: u64 = 1_000;
/// The part of an IPv6 address that identifies a network: its /64.
const NETWORK_BITS: u128 = (u64::MAX as u128) << 64;
/// The time to wait before stderr is tried again.
const LOG_RETRY_MS: u64 = 1_000;
/// The time between two log lines about connections that were closed without a notice.
const REFUSAL_LOG_MS: u64 = 1_000;

/// The listening server.
pub struct Server {
    poll: Poll,
    doors: Vec<Door>,
    hub: Hub<Sock>,
    clock: Clock,
    signals: Signals,
    limits: Limits,
    /// Set from the moment descriptors run out until no connection is waiting at any door: when to
    /// try again, and with how many peers it failed.
    starved: Option<Starved>,
    /// The next connection that is closed without a notice is logged only after this time.
    next_refusal_ms: u64,
    /// Set while log records are lost because stderr is full or stopped: when to try again to log
    /// their number.
    log_retry_ms: Option<u64>,
    /// Set since a signal asked to stop: when to stop even if connections remain.
    stop_by_ms: Option<u64>,
}

struct Starved {
    retry_ms: u64,
    peers: usize,
}

impl Server {
    /// Opens every door of `config`.
    ///
    /// # Errors
    /// One line that names the option and what to do.
    pub fn open(config: &Config) -> Result<Self, String> {
        let cannot_start = |error: io::Error| format!("the event loop cannot start: {error}");
        let poll = Poll::new().map_err(cannot_start)?;
        let signals = Signals::listen(poll.registry(), SIGNALS).map_err(cannot_start)?;
        let mut doors = Vec::new();
        for (kind, address) in config.doors() {
            let token = Token(FIRST_DOOR + doors.len());
            doors.push(Door::open(kind, address, config, &poll, token)?);
        }
        diagnostics::set_time(SystemTime::now());
        let clock = Clock::new(Instant::now());
        let mut hub = Hub::new(config.lang, config.limits.clone());
        if let Some(dir) = &config.state {
            let now = clock.at(Instant::now(), SystemTime::now());
            let (chat, log) = crate::log::open(dir, config.fsync, &config.limits, &now)
                .map_err(|error| format!("--state {}: {error}", dir.display()))?;
            hub.keep(chat, log);
        }
        let limits = config.limits.clone();
        Ok(Self {
            poll,
            doors,
            hub,
            clock,
            signals,
            limits,
            starved: None,
            next_refusal_ms: 0,
            log_retry_ms: None,
            stop_by_ms: None,
        })
    }

    /// Returns the kind and address of each door.
    pub fn doors(&self) -> impl Iterator<Item = (DoorKind, &Address)> {
        self.doors.iter().map(|door| (door.kind, &door.address))
    }

    /// Whether SIGHUP ends the server.
    pub fn stops_on_hang_up(&self) -> bool {
        self.signals.stops_on_hang_up
    }

    /// Serves until a signal asks to stop; returns the second signal if one cut that short.
    ///
    /// # Errors
    /// If the system can no longer wait for events.
    pub fn run(&mut self) -> io::Result<Option<Stop>> {
        let end = self.serve();
        self.hub.close_log();
        end
    }

    fn serve(&mut self) -> io::Result<Option<Stop>> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut is_busy = false;
        loop {
            let timeout = if is_busy { Some(Duration::ZERO) } else { self.patience() };
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            let now = self.now();
            for event in &events {
                if let Some(stop) = self.handle_event(event, &now) {
                    return Ok(Some(stop));
                }
            }
            is_busy = self.accept_some(&now);
            is_busy |= self.hub.turn(&now);
            self.log_retry_ms = diagnostics::retry().then(|| now.mono_ms + LOG_RETRY_MS);
            if self.stop_by_ms.is_some_and(|by_ms| self.hub.is_empty() || now.mono_ms >= by_ms) {
                return Ok(None);
            }
        }
    }

    /// Returns how long nothing is due; none if nothing ever is.
    fn patience(&mut self) -> Option<Duration> {
        let deadlines_ms =
            [self.hub.deadline_ms(), self.retry_ms(), self.log_retry_ms, self.stop_by_ms];
        let due_ms = deadlines_ms.into_iter().flatten().min()?;
        Some(Duration::from_millis(due_ms.saturating_sub(self.now().mono_ms)))
    }

    /// Handles `event`; returns the signal if it is the second one that asks to stop.
    fn handle_event(&mut self, event: &mio::event::Event, now: &Now) -> Option<Stop> {
        match event.token() {
            SIGNALS => {
                let asked: Vec<Asked> = self.signals.asked().collect();
                return asked.into_iter().find_map(|asked| self.handle_signal(asked, now));
            }
            Token(token) if token >= FIRST_DOOR => {
                if let Some(door) = self.doors.get_mut(token - FIRST_DOOR) {
                    door.ready = true;
                }
            }
            Token(slot) => self.hub.wake(slot, readiness(event)),
        }
        None
    }

    /// Does what a signal asks for; returns the second one that asks to stop. A hang-up never
    /// counts as a second one: a shell that ends with its terminal sends it again.
    fn handle_signal(&mut self, asked: Asked, now: &Now) -> Option<Stop> {
        let stop = match asked {
            Asked::Stop(stop) => stop,
            Asked::Report => {
                info!("event=hang-up");
                self.hub.reopen_log(now);
                return None;
            }
        };
        if self.stop_by_ms.is_some() {
            return Some(stop).filter(|&stop| stop != Stop::HangUp);
        }
        info!("event=stop why={}", stop.as_str());
        self.stop_by_ms = Some(now.mono_ms + GOODBYE_MS);
        self.doors.clear();
        // No door is left to try again.
        self.starved = None;
        self.hub.shut_down(now);
        None
    }

    fn now(&mut self) -> Now {
        let wall = SystemTime::now();
        diagnostics::set_time(wall);
        self.clock.at(Instant::now(), wall)
    }

    /// Accepts from every ready door, a bounded number; returns true if more may be waiting.
    fn accept_some(&mut self, now: &Now) -> bool {
        if let Some(Starved { retry_ms, peers }) = self.starved
            && now.mono_ms < retry_ms
            && self.hub.len() >= peers
        {
            return false;
        }
        for index in 0..self.doors.len() {
            for _ in 0..self.limits.accepts_per_turn {
                if !self.doors[index].ready {
                    break;
                }
                match self.doors[index].accept() {
                    Ok((sock, host)) => {
                        if let Some(starved) = &mut self.starved {
                            starved.retry_ms = now.mono_ms;
                        }
                        let kind = self.doors[index].kind;
                        self.welcome(sock, kind, host, now);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.doors[index].ready = false;
                    }
                    // The peer was gone before it was accepted, or a signal interrupted: continue
                    // with the next one.
                    Err(error) if is_about_the_peer(&error) => {}
                    Err(error) => {
                        self.starve(&error, now);
                        return false;
                    }
                }
            }
        }
        let may_have_more = self.doors.iter().any(|door| door.ready);
        if !may_have_more {
            self.starved = None;
        }
        may_have_more
    }

    fn welcome(&mut self, mut sock: Sock, kind: DoorKind, from: Option<SocketAddr>, now: &Now) {
        let counted = from.and_then(counted_address);
        let from = from.map_or_else(|| "unix".to_string(), |from| from.to_string());
        let Some(slot) = self.hub.vacancy() else { return self.turn_away(&from, now) };
        // All interests at once and never again: the hub remembers what each event reported.
        let registered =
            self.poll.registry().register(sock.as_source(), Token(slot), PEER_INTEREST);
        if let Err(error) = registered {
            error!("event=unregistered error={:?}", error.to_string());
            return;
        }
        // Before the hub has it, because the hub may close it at once.
        let id = self.hub.next_id();
        let door = kind.as_str();
        info!("event=open id={id} door={door} from={from}");
        self.hub.open(sock, kind, counted, now);
    }

    /// Logs that a connection was closed without a notice; many of them do not flood the log.
    fn turn_away(&mut self, from: &str, now: &Now) {
        if now.mono_ms >= self.next_refusal_ms {
            self.next_refusal_ms = now.mono_ms + REFUSAL_LOG_MS;
            info!("event=turn-away from={from} why=room-full");
        }
    }

    /// Notes that there is no descriptor or memory left for another connection. There will be no
    /// event for the waiting ones, so the door stays ready and is tried again; this is logged once.
    fn starve(&mut self, error: &io::Error, now: &Now) {
        if self.starved.is_none() {
            warn!("event=starved error={:?}", error.to_string());
        }
        let (retry_ms, peers) = (now.mono_ms + ACCEPT_RETRY_MS, self.hub.len());
        self.starved = Some(Starved { retry_ms, peers });
    }

    fn retry_ms(&self) -> Option<u64> {
        self.starved.as_ref().map(|starved| starved.retry_ms)
    }
}

/// Returns the address under which the limit per address counts a connection, unless it is exempt:
/// an IPv6 host can have every address of a /64 network.
fn counted_address(from: SocketAddr) -> Option<IpAddr> {
    match from.ip().to_canonical() {
        host if host.is_loopback() => None,
        IpAddr::V4(host) => Some(host.into()),
        IpAddr::V6(host) => Some(Ipv6Addr::from_bits(host.to_bits() & NETWORK_BITS).into()),
    }
}

/// Whether an error of accept(2) is about the one connection, not about a lack of resources. (Some
/// network errors have no kind of their own; they are treated as a lack, and tried again later.)
fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::Unsupported
    )
}

fn readiness(event: &mio::event::Event) -> Ready {
    let failed = event.is_error();
    Ready {
        readable: event.is_readable() || failed,
        writable: event.is_writable() || failed,
        ended: event.is_read_closed(),
        urgent: event.is_priority(),
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn the_limit_per_address_counts_ipv6_by_64_and_exempts_loopback() {
        for (from, counted) in [
            ("192.0.2.1:80", Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:80", Some("192.0.2.1")),
            ("[2001:db8:1:2:3:4:5:6]:80", Some("2001:db8:1:2::")),
            ("[2001:db8:1:2::1]:80", Some("2001:db8:1:2::")),
            ("[2001:db8:1:3::1]:80", Some("2001:db8:1:3::")),
            ("127.0.0.1:80", None),
            ("[::ffff:127.0.0.1]:80", None),
            ("[::1]:80", None),
        ] {
            let counted = counted.map(|address| address.parse().expect("it is an address"));
            assert_eq!(counted_address(from.parse().expect("it is one")), counted, "{from}");
        }
    }

    #[test]
    fn an_error_of_one_connection_is_not_a_lack_of_descriptors() {
        let is_about_the_peer = |errno: Errno| is_about_the_peer(&errno.into());
        for errno in [
            Errno::CONNABORTED,
            Errno::HOSTUNREACH,
            Errno::INTR,
            Errno::NETDOWN,
            Errno::NETUNREACH,
            Errno::OPNOTSUPP,
            Errno::PERM,
        ] {
            assert!(is_about_the_peer(errno), "{errno:?}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert!(!is_about_the_peer(errno), "{errno:?}");
        }
    }
}
