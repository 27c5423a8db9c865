//! The open loop: messages at a fixed rate, regardless of the server.
use crate::crowd::nanos;
use crate::fault::Result;
use crate::room::Room;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The number of bytes that a slow reader reads per second.
const SIP_BYTES: usize = 1024;

/// Delivery times, each counted from when the message should have been sent: the time that it
/// waited behind others is included.
pub struct Latencies {
    pub histogram: Histogram<u64>,
    pub cpu: Option<Duration>,
    pub delivered: u64,
}

pub const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

impl Latencies {
    pub fn micros(&self, quantile: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of minutes are below 2^52")]
        let nanos = self.histogram.value_at_quantile(quantile) as f64;
        nanos / 1000.0
    }
}

/// Sends `rate` messages per second, the senders in turn: for `warm`, then for `run`, whose
/// messages are recorded.
pub fn open(room: &mut Room, rate: f64, warm: Duration, run: Duration) -> Result<Latencies> {
    let began_ns = room.crowd.now_ns();
    let since_ns = began_ns + nanos(warm);
    let until_ns = since_ns + nanos(run);
    let gap_ns = nanos(Duration::from_secs_f64(1.0 / rate));
    room.ledger()?.record_latency(since_ns)?;
    let (mut due_ns, mut sender) = (began_ns, 0);
    let mut sips = Sips::new(room);
    let (mut delivered, mut cpu) = (0, None);
    let mut moved_at = Instant::now();
    loop {
        let now_ns = room.crowd.now_ns();
        while due_ns <= now_ns && due_ns < until_ns {
            if cpu.is_none() && due_ns >= since_ns {
                cpu = Some(room.target.cpu_time()?);
                delivered = room.ledger()?.delivered;
            }
            room.issue(sender, due_ns)?;
            room.flush(sender)?;
            sender = (sender + 1) % room.shape.senders;
            due_ns += gap_ns;
        }
        if due_ns >= until_ns && room.ledger()?.under_way() == 0 {
            break;
        }
        room.crowd.pump(Duration::ZERO)?;
        sips.take(room)?;
        let waiting = room.ledger()?.under_way() > 0;
        let arrived = &mut room.ledger()?.arrived;
        if !waiting || !arrived.is_empty() {
            arrived.clear();
            moved_at = Instant::now();
        } else {
            room.check_stall(moved_at)?;
        }
    }
    let after = room.target.cpu_time()?;
    let ledger = room.ledger()?;
    Ok(Latencies {
        histogram: ledger.latency.take().ok_or("no latency was recorded")?,
        cpu: after.zip(cpu.flatten()).map(|(after, before)| after.saturating_sub(before)),
        delivered: ledger.delivered - delivered,
    })
}

/// The slow readers: each is read once a second, spread over the second.
struct Sips {
    first: usize,
    readers: usize,
    began: Instant,
    taken: u128,
}

impl Sips {
    fn new(room: &Room) -> Self {
        let readers = room.shape.slow;
        Self { first: room.shape.clients - readers, readers, began: Instant::now(), taken: 0 }
    }

    fn take(&mut self, room: &mut Room) -> Result<()> {
        if self.readers == 0 {
            return Ok(());
        }
        let due = self.began.elapsed().as_millis() * self.readers as u128 / 1000;
        while self.taken < due {
            let reader = usize::try_from(self.taken % self.readers as u128);
            let reader = reader.map_err(|error| error.to_string())?;
            room.crowd.sip(self.first + reader, SIP_BYTES)?;
            self.taken += 1;
        }
        Ok(())
    }
}
