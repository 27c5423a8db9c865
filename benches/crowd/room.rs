//! A room ready to be measured: a server or floor, and all its clients.
use crate::crowd::{self, Crowd, Stage};
use crate::fault::{Fault, Result};
use crate::join::{self, Joining};
use crate::ledger::{Ledger, Opening, Place, Watch};
use crate::options::{Options, STALL};
use crate::process::{Floor, Subject, Target};
use crate::wire::Wire;
use std::time::{Duration, Instant};

/// Bytes of a classic line around its text: stamp, name, colon, line end.
const CLASSIC_AROUND_BYTES: usize = 22 + 6 + 1 + 2;

/// The size of a room and its traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub clients: usize,
    /// Client k is in room k modulo this; 1 means that all are in the lobby.
    pub rooms: usize,
    pub senders: usize,
    pub window: usize,
    pub payload_bytes: usize,
    /// The number of clients, the last ones, that read only a little.
    pub slow: usize,
    /// The length of a delivered line, for the floors.
    pub line_bytes: usize,
}

impl Shape {
    pub fn new(options: &Options, clients: usize, senders: usize, window: usize) -> Self {
        let payload_bytes = options.payload_bytes();
        Self {
            clients,
            rooms: options.rooms(),
            senders: senders.min(clients),
            window,
            payload_bytes,
            slow: 0,
            line_bytes: payload_bytes + CLASSIC_AROUND_BYTES,
        }
    }
}

const FAULTY_STALL: Duration = Duration::from_secs(2);

pub struct Room {
    pub target: Target,
    pub crowd: Crowd,
    pub shape: Shape,
    pub joined_in: Duration,
    pub joined_at: Instant,
    /// The one connection that all senders share: the rounds of a floor.
    pub rounds: Option<usize>,
    any_order: bool,
    /// The seat of the first sender.
    first_sender: usize,
}

impl Room {
    /// Starts the subject and lets all clients join.
    pub fn fill(options: &Options, subject: Subject, shape: Shape) -> Result<Self> {
        Self::fill_watched(options, subject, shape, |_| Ok(()))
    }

    /// The same, but calls a function with the subject before any client connects.
    pub fn fill_watched(
        options: &Options,
        subject: Subject,
        shape: Shape,
        look: impl FnOnce(&Target) -> Result<()>,
    ) -> Result<Self> {
        let lines = shape.senders * shape.window;
        let target = Target::start(
            options,
            subject,
            shape.clients,
            &[shape.clients, shape.line_bytes, lines],
        )?;
        look(&target)?;
        let rooms = if subject == Subject::Server { shape.rooms } else { 1 };
        let mut crowd = Crowd::new(target.wire, rooms)?;
        let in_flight = match subject {
            Subject::Server => options.in_flight(),
            Subject::Floor(_) => 500,
        };
        let joining = Joining {
            addr: target.addr,
            members: shape.clients,
            narrow: shape.slow,
            in_flight,
            stall: STALL,
        };
        let joined_in = join::join(&mut crowd, &joining)?;
        let joined_at = Instant::now();
        let mut room = Self {
            target,
            crowd,
            shape,
            joined_in,
            joined_at,
            rounds: None,
            any_order: options.any_order && subject == Subject::Server,
            first_sender: 0,
        };
        if matches!(subject, Subject::Floor(Floor::Line | Floor::Batch)) {
            room.rounds = Some(room.outsider()?);
        } else if room.target.wire.sends_from_outside() {
            room.first_sender = room.crowd.seats.len();
            for _ in 0..shape.senders {
                room.outsider()?;
            }
        }
        Ok(room)
    }

    fn outsider(&mut self) -> Result<usize> {
        join::add_outsider(&mut self.crowd, self.target.addr, STALL)
    }

    /// Opens the ledger: from here on every line must be a message of ours.
    pub fn open(&mut self) -> Result<()> {
        let wire = self.target.wire;
        if wire != Wire::Raw {
            join::settle(&mut self.crowd, Duration::from_millis(100), Duration::from_secs(120))?;
        }
        let Shape { clients, rooms, senders, slow, .. } = self.shape;
        if senders + slow > clients {
            return Err("more senders and slow readers than members".into());
        }
        let quick = clients - slow;
        let unheard = if wire.echoes() { 0 } else { senders };
        let each_sender = if self.any_order { quick } else { unheard };
        self.crowd.ledger = Some(Ledger::open(Opening {
            wire,
            line_end: self.crowd.line_end,
            payload_bytes: self.shape.payload_bytes,
            line_bytes: self.shape.line_bytes,
            senders: (0..senders).map(crowd::name).collect(),
            rooms,
            audience: quick - usize::from(unheard > 0),
            strict: quick - each_sender,
            each_sender,
        })?);
        for who in 0..clients {
            if who >= quick {
                self.crowd.make_slow(who, Place::new(who, Watch::Gaps))?;
                continue;
            }
            let watch = if who < each_sender { Watch::EachSender } else { Watch::Strict };
            self.crowd.seats[who].stage = Stage::Watched(Place::new(who, watch));
        }
        for sender in 0..senders {
            let _ = self.crowd.seats[self.sender_seat(sender)].stream.set_nodelay(true);
        }
        Ok(())
    }

    pub fn sender_seat(&self, sender: usize) -> usize {
        self.rounds.unwrap_or(self.first_sender + sender)
    }

    pub fn ledger(&mut self) -> Result<&mut Ledger> {
        self.crowd.ledger.as_mut().ok_or_else(|| "the book is not open".into())
    }

    /// Queues the sender's next message for `flush`.
    pub fn issue(&mut self, sender: usize, due_ns: u64) -> Result<()> {
        let seat = self.sender_seat(sender);
        let Some(ledger) = &mut self.crowd.ledger else {
            return Err("the book is not open".into());
        };
        ledger.issue(sender, due_ns, &mut self.crowd.seats[seat].out)
    }

    pub fn flush(&mut self, sender: usize) -> Result<()> {
        let seat = self.sender_seat(sender);
        self.crowd.seats[seat].flush(seat)
    }

    /// Returns an error if there has been no progress for too long.
    pub fn check_stall(&mut self, moved_at: Instant) -> Result<()> {
        let ledger = self.ledger()?;
        // Once a line is known to be lost, do not wait long for it.
        let limit = if ledger.faults.any() { FAULTY_STALL } else { STALL };
        if moved_at.elapsed() < limit {
            return Ok(());
        }
        let faults =
            if ledger.faults.any() { format!(" ({})", ledger.faults) } else { String::new() };
        let missing = ledger.missing();
        Err(Fault(format!("nothing moves for {} s: {missing}{faults}", limit.as_secs())))
    }

    /// Lets all clients leave; returns the faults of the run.
    pub fn close(mut self) -> Option<String> {
        // An excess line would arrive directly after the last.
        let extra = self.crowd.pump(Duration::from_millis(5));
        let faults = self.crowd.ledger.take().map(|ledger| ledger.faults);
        let foreign = self.target.is_foreign();
        self.crowd.leave(foreign);
        match (faults, extra) {
            (Some(faults), _) if faults.any() => Some(faults.to_string()),
            (_, Err(fault)) => Some(fault.to_string()),
            _ => None,
        }
    }
}
