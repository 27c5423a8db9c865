//! Lets a crowd join: connects, sends the names, waits for every answer.
use crate::crowd::{Crowd, Stage};
use crate::fault::{Fault, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(20);
const ONE_BY_ONE: Duration = Duration::from_millis(1);
/// A kernel buffer so small that a slow reader's backlog is held by the server.
const NARROW_BYTES: usize = 4096;

pub struct Joining {
    pub addr: SocketAddr,
    pub members: usize,
    /// The number of members, the last ones, that get a narrow receive buffer.
    pub narrow: usize,
    /// The maximum number of members that are joining at the same time.
    pub in_flight: usize,
    /// The maximum time without progress.
    pub stall: Duration,
}

/// Lets all members join; returns how long it took.
pub fn join(crowd: &mut Crowd, joining: &Joining) -> Result<Duration> {
    let began = Instant::now();
    let (mut seen, mut got_on) = (0, began);
    crowd.members = joining.members;
    while crowd.joined < joining.members {
        while crowd.seats.len() < joining.members
            && crowd.seats.len() - crowd.joined < joining.in_flight
        {
            if joining.in_flight == 1 {
                // A threaded server says OK just before it notes the name.
                std::thread::sleep(ONE_BY_ONE);
            }
            let narrow = crowd.seats.len() >= joining.members - joining.narrow;
            let who = if narrow {
                crowd.connect_narrow(joining.addr, NARROW_BYTES)?
            } else {
                crowd.connect(joining.addr)?
            };
            // A loopback connection is mostly made at once.
            crowd.greet(who)?;
            if who % 64 == 63 {
                crowd.pump(Duration::ZERO)?;
            }
        }
        crowd.pump(STEP)?;
        if crowd.joined > seen {
            (seen, got_on) = (crowd.joined, Instant::now());
        }
        if got_on.elapsed() > joining.stall {
            return Err(stalled(crowd, joining));
        }
    }
    Ok(began.elapsed())
}

fn stalled(crowd: &Crowd, joining: &Joining) -> Fault {
    let connecting = crowd.seats.iter().filter(|seat| matches!(seat.stage, Stage::Connecting));
    Fault(format!(
        "{} of {} are in the room after {} s without another; {} wait to be connected, \
         the others for the server's answer",
        crowd.joined,
        joining.members,
        joining.stall.as_secs(),
        connecting.count(),
    ))
}

/// Connects one more client that is not a member, and waits until it is connected.
pub fn add_outsider(crowd: &mut Crowd, addr: SocketAddr, stall: Duration) -> Result<usize> {
    let who = crowd.connect(addr)?;
    let began = Instant::now();
    while crowd.seats[who].stream.peer_addr().is_err() {
        crowd.pump(STEP)?;
        if began.elapsed() > stall {
            return Err(format!("one more connection to {addr} does not come up").into());
        }
    }
    crowd.seats[who].stage = Stage::Ignored;
    Ok(who)
}

/// Waits for the notices of the joins: until nothing is received for `quiet`.
pub fn settle(crowd: &mut Crowd, quiet: Duration, at_most: Duration) -> Result<()> {
    let began = Instant::now();
    let mut heard = crowd.heard_bytes;
    let mut since = began;
    while since.elapsed() < quiet {
        crowd.pump(quiet.saturating_sub(since.elapsed()).max(Duration::from_millis(1)))?;
        if crowd.heard_bytes > heard {
            (heard, since) = (crowd.heard_bytes, Instant::now());
        }
        if began.elapsed() > at_most {
            return Err(
                format!("the room is not quiet {} s after the joins", at_most.as_secs()).into()
            );
        }
    }
    Ok(())
}
