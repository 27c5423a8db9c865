//! The closed loop: a sender's message k+W is sent when its message k has reached all.
use crate::fault::Result;
use crate::room::Room;
use std::time::{Duration, Instant};

/// The result of one run of the closed loop.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub delivered: u64,
    pub line_bytes: usize,
    pub took: Duration,
    /// The server's CPU time, if it is known.
    pub cpu: Option<Duration>,
}

impl Load {
    pub fn cpu_seconds_a_million(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let millions = self.delivered as f64 / 1e6;
        self.cpu.map(|cpu| cpu.as_secs_f64() / millions)
    }

    pub fn deliveries_a_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
        let delivered = self.delivered as f64;
        delivered / self.took.as_secs_f64()
    }
}

/// Runs for `warm` and then, measured, for `run`; both until all is delivered, so that the server's
/// CPU time belongs to exactly the counted lines.
pub fn closed(room: &mut Room, warm: Duration, run: Duration) -> Result<Load> {
    spin(room, warm)?;
    let (delivered, bytes) = counted(room)?;
    let cpu = room.target.cpu_time()?;
    let began = Instant::now();
    spin(room, run)?;
    let took = began.elapsed();
    let cpu = room.target.cpu_time()?.zip(cpu).map(|(after, before)| after.saturating_sub(before));
    let (delivered_by_now, bytes_by_now) = counted(room)?;
    let lines = delivered_by_now - delivered;
    let line_bytes = (bytes_by_now - bytes).checked_div(lines).ok_or("no line was delivered")?;
    Ok(Load {
        delivered: lines,
        line_bytes: usize::try_from(line_bytes).map_err(|error| error.to_string())?,
        took,
        cpu,
    })
}

fn counted(room: &mut Room) -> Result<(u64, u64)> {
    let ledger = room.ledger()?;
    Ok((ledger.delivered, ledger.delivered_bytes))
}

/// Keeps the windows full for `run`, then waits until everything is delivered.
fn spin(room: &mut Room, run: Duration) -> Result<()> {
    let until = Instant::now() + run;
    let senders = room.shape.senders;
    let mut moved_at = Instant::now();
    let mut may: Vec<usize> = (0..room.shape.window).flat_map(|_| 0..senders).collect();
    loop {
        let whole_round = room.rounds.is_none() || room.ledger()?.under_way() == 0;
        if !may.is_empty() && whole_round {
            let now = Instant::now();
            if now < until {
                let due_ns = room.crowd.now_ns();
                for &sender in &may {
                    room.issue(sender, due_ns)?;
                }
                flush_each(room, &mut may)?;
            } else if room.ledger()?.under_way() == 0 {
                return Ok(());
            }
        }
        // It never sleeps: waking a reader would cost the sending server time.
        room.crowd.pump(Duration::ZERO)?;
        let arrived = &mut room.ledger()?.arrived;
        if arrived.is_empty() {
            room.check_stall(moved_at)?;
        } else {
            may.append(arrived);
            moved_at = Instant::now();
        }
    }
}

/// Does one write per sender for all its pending messages.
fn flush_each(room: &mut Room, senders: &mut Vec<usize>) -> Result<()> {
    senders.sort_unstable();
    senders.dedup();
    if room.rounds.is_some() {
        senders.truncate(1);
    }
    senders.drain(..).try_for_each(|sender| room.flush(sender))
}
