//! Instructions: what natter executes in user space for each delivered line, counted by callgrind.
//! Unlike times, the figures do not depend on the load of the machine.
//!
//! The server runs as in the other cases, with real sockets. Each round waits until all lines of
//! the last one have been delivered, and if several clients speak, the server is stopped while they
//! send, so that it always finds the same input. Some rounds are counted, then three times as many;
//! the difference is the cost of their lines, without one-time work.
use crate::bench::{Bench, room_of};
use crate::fault::{Result, While};
use crate::options::Options;
use crate::plan::Counted;
use crate::process::Subject;
use crate::room::Room;
use crate::row::Row;
use crate::stats;
use nix::sys::signal::{Signal, kill};
use std::time::{Duration, Instant};

/// The ratio of the rounds in the second count to those in the first.
const LONGER: usize = 3;
const WARM_ROUNDS: usize = 3;
/// The time until the summaries of the joins have been sent.
const QUIET: Duration = Duration::from_millis(1_500);
const AT_MOST: Duration = Duration::from_secs(120);
const STOP_WAIT: Duration = Duration::from_secs(5);

pub fn run(bench: &mut Bench, counted: Counted) -> Vec<Row> {
    let (options, plan) = (bench.options, bench.plan);
    let room = room_of(&counted.shape);
    let name = format!("instructions {room}, {}", bench.subject_name(Subject::Server));
    let counts = (0..plan.runs).filter_map(|_| bench.step(&name, || once(options, counted)));
    let counts: Vec<f64> = counts.collect();
    vec![Row::new("instructions", &room, "user-space instructions per delivered line", counts)]
}

fn once(options: &Options, counted: Counted) -> Result<(f64, Option<String>)> {
    let mut room = Room::fill(options, Subject::Server, counted.shape)?;
    crate::join::settle(&mut room.crowd, QUIET, AT_MOST)?;
    room.open()?;
    match count(&mut room, counted.rounds) {
        Ok(instructions) => Ok((instructions, room.close())),
        Err(fault) => {
            room.close();
            Err(fault)
        }
    }
}

fn count(room: &mut Room, rounds: usize) -> Result<f64> {
    spin(room, WARM_ROUNDS)?;
    room.target.take_instructions()?;
    let mut counts = Vec::new();
    for rounds in [rounds, LONGER * rounds] {
        let before = room.ledger()?.delivered;
        spin(room, rounds)?;
        let lines = room.ledger()?.delivered - before;
        counts.push((room.target.take_instructions()?, lines));
    }
    let [(fewer, few_lines), (more, many_lines)] = counts[..] else {
        return Err("there are two counts".into());
    };
    Ok((stats::float(more) - stats::float(fewer)) / stats::float(many_lines - few_lines))
}

/// Does `rounds` rounds: everybody sends a whole window, and all of it is delivered.
fn spin(room: &mut Room, rounds: usize) -> Result<()> {
    let shape = room.shape;
    for _ in 0..rounds {
        let due_ns = room.crowd.now_ns();
        if shape.senders > 1 {
            stop(room)?;
        }
        for sender in 0..shape.senders {
            for _ in 0..shape.window {
                room.issue(sender, due_ns)?;
            }
            room.flush(sender)?;
        }
        if shape.senders > 1 {
            signal(room, Signal::SIGCONT)?;
        }
        let mut moved_at = Instant::now();
        let mut delivered = room.ledger()?.delivered;
        while room.ledger()?.under_way() > 0 {
            room.crowd.pump(Duration::from_millis(1))?;
            if room.ledger()?.delivered == delivered {
                room.check_stall(moved_at)?;
            } else {
                (moved_at, delivered) = (Instant::now(), room.ledger()?.delivered);
            }
        }
        room.ledger()?.arrived.clear();
    }
    Ok(())
}

fn signal(room: &Room, signal: Signal) -> Result<()> {
    let pid = room.target.pid.ok_or("the server's process is not known")?;
    kill(pid, signal).doing(|| format!("cannot signal process {pid}"))
}

/// Stops the server, and waits until it has stopped.
fn stop(room: &Room) -> Result<()> {
    signal(room, Signal::SIGSTOP)?;
    let began = Instant::now();
    while !room.target.is_stopped() {
        if began.elapsed() > STOP_WAIT {
            return Err("the server does not stop".into());
        }
        std::thread::yield_now();
    }
    Ok(())
}
