//! The ledger of all messages: which are under way, whom they have reached, the one order that all
//! must see, and every fault found.
use crate::fault::Result;
use crate::faults::Faults;
use crate::payload::{self, Id, Payload};
use crate::wire::{self, Wire};
use hdrhistogram::Histogram;
use std::collections::VecDeque;

/// More bytes than this without a whole line are not a line.
const LONGEST_LINE_BYTES: usize = 256 * 1024;
const LONGEST_LATENCY_NS: u64 = 120_000_000_000;

/// How strictly the lines of a receiver are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Every byte of every line, in the one order of all.
    Strict,
    /// Every line, in the order of each sender; a sender need not receive its own.
    EachSender,
    /// A slow reader: lines may be missing, but none damaged.
    Gaps,
}

/// A receiver's position in the ledger.
#[derive(Debug)]
pub struct Place {
    pub who: usize,
    pub watch: Watch,
    /// The number of lines of its room's order that it has received.
    had: u64,
}

impl Place {
    pub fn new(who: usize, watch: Watch) -> Self {
        Self { who, watch, had: 0 }
    }
}

/// A line in a room's order, as the first receiver saw it.
struct Line {
    raw: Vec<u8>,
    id: Id,
    strict_left: usize,
}

/// The one order in which all members of a room must receive its lines.
#[derive(Default)]
struct Order {
    lines: VecDeque<Line>,
    /// The number of lines before `lines`, which all strict receivers have received.
    settled: u64,
}

/// A message under way.
struct Flight {
    left: usize,
    due_ns: u64,
}

/// The messages of one sender.
struct Sender {
    name: String,
    before: Vec<u8>,
    after: Vec<u8>,
    /// The number of `flights[0]`.
    first: u32,
    flights: VecDeque<Flight>,
    /// The number that its next line in the one order must have.
    listed: u32,
}

/// The parameters of a ledger.
pub struct Opening {
    pub wire: Wire,
    pub line_end: &'static [u8],
    pub payload_bytes: usize,
    /// The length of a whole delivered line, if the sender determines it (raw).
    pub line_bytes: usize,
    pub senders: Vec<String>,
    /// Client k is in room k modulo this, so the counts below are spread evenly over the rooms.
    pub rooms: usize,
    /// The number of receivers that messages must reach, in all rooms together.
    pub audience: usize,
    /// The number of these that must receive their room's order.
    pub strict: usize,
    /// The number of these, the first ones, that must receive each sender's order only.
    pub each_sender: usize,
}

impl Opening {
    /// Returns the room of client or sender `who`.
    fn room_of(&self, who: usize) -> usize {
        who % self.rooms
    }

    fn audience_of(&self, room: usize) -> usize {
        share(self.audience, self.rooms, room)
    }

    fn strict_of(&self, room: usize) -> usize {
        share(self.strict, self.rooms, room)
    }
}

/// Returns how many of `total`, spread evenly over `rooms`, are in `room`.
fn share(total: usize, rooms: usize, room: usize) -> usize {
    total / rooms + usize::from(room < total % rooms)
}

pub struct Ledger {
    opening: Opening,
    payload: Payload,
    senders: Vec<Sender>,
    /// One order per room.
    orders: Vec<Order>,
    spare: Vec<Vec<u8>>,
    /// The next message that each `EachSender` receiver must receive from each sender.
    next_of_each: Vec<Vec<u32>>,
    /// The sender of each message that has just reached all.
    pub arrived: Vec<usize>,
    pub delivered: u64,
    pub delivered_bytes: u64,
    pub faults: Faults,
    /// The answers to a server that checks whether clients are alive.
    pub pongs: Vec<(usize, Vec<u8>)>,
    /// The time of the read that is being checked.
    pub now_ns: u64,
    /// Latencies of the messages due from `since_ns` on.
    pub latency: Option<Histogram<u64>>,
    pub since_ns: u64,
}

impl Ledger {
    pub fn open(opening: Opening) -> Result<Self> {
        let senders = opening.senders.iter().map(|name| {
            let (before, after) =
                opening.wire.frame(name, opening.payload_bytes, opening.line_bytes);
            Sender {
                name: name.clone(),
                before,
                after,
                first: 0,
                flights: VecDeque::new(),
                listed: 0,
            }
        });
        let senders: Vec<_> = senders.collect();
        Ok(Self {
            payload: Payload::new(opening.payload_bytes)?,
            next_of_each: vec![vec![0; senders.len()]; opening.each_sender],
            senders,
            orders: (0..opening.rooms).map(|_| Order::default()).collect(),
            opening,
            spare: Vec::new(),
            arrived: Vec::new(),
            delivered: 0,
            delivered_bytes: 0,
            faults: Faults::default(),
            pongs: Vec::new(),
            now_ns: 0,
            latency: None,
            since_ns: 0,
        })
    }

    /// Starts to record latencies, of messages due from `since_ns` on.
    pub fn record_latency(&mut self, since_ns: u64) -> Result<()> {
        let bounds = Histogram::new_with_bounds(1, LONGEST_LATENCY_NS, 3);
        self.latency = Some(bounds.map_err(|error| error.to_string())?);
        self.since_ns = since_ns;
        Ok(())
    }

    /// Writes the sender's next message to `out` and expects it everywhere.
    pub fn issue(&mut self, sender: usize, due_ns: u64, out: &mut Vec<u8>) -> Result<()> {
        let audience = self.opening.audience_of(self.opening.room_of(sender));
        let from = &mut self.senders[sender];
        let under_way = u32::try_from(from.flights.len()).map_err(|e| e.to_string())?;
        let number = from.first + under_way;
        from.flights.push_back(Flight { left: audience, due_ns });
        out.extend_from_slice(&from.before);
        self.payload.write(Id { sender, number }, out);
        out.extend_from_slice(&from.after);
        Ok(())
    }

    pub fn under_way(&self) -> usize {
        self.senders.iter().map(|sender| sender.flights.len()).sum()
    }

    /// Checks the whole lines in `heard`; returns their length.
    pub fn take(&mut self, place: &mut Place, heard: &[u8]) -> usize {
        let room = self.opening.room_of(place.who);
        let mut at = 0;
        while at < heard.len() {
            let order = &mut self.orders[room];
            if place.watch == Watch::Strict
                && let Some(line) = order.lines.get_mut(index(place.had, order.settled))
            {
                let rest = &heard[at..];
                if rest.starts_with(&line.raw) {
                    at += line.raw.len();
                    let id = line.id;
                    self.delivered_bytes += line.raw.len() as u64;
                    line.strict_left -= 1;
                    let all = line.strict_left == 0;
                    place.had += 1;
                    if all {
                        self.settle(room);
                    }
                    self.reach(id);
                    continue;
                }
                if line.raw.starts_with(rest) {
                    break;
                }
            }
            match self.take_unlike(place, &heard[at..]) {
                Some(bytes) => at += bytes,
                None => break,
            }
        }
        at
    }

    /// Checks the next line if it is not byte for byte the expected one.
    fn take_unlike(&mut self, place: &mut Place, heard: &[u8]) -> Option<usize> {
        let end_mark = self.opening.line_end;
        let Some(end) = memchr::memchr(payload::END, heard) else {
            let only_notices = !end_mark.is_empty()
                && heard.ends_with(b"\n")
                && memchr::memchr(payload::START, heard).is_none();
            if only_notices {
                self.notices(place, heard);
                return Some(heard.len());
            }
            if heard.len() > LONGEST_LINE_BYTES {
                self.damage(place, heard);
                return Some(heard.len());
            }
            return None;
        };
        let after = &heard[end + 1..];
        if after.len() < end_mark.len() && end_mark.starts_with(after) {
            return None;
        }
        let start = memchr::memchr(payload::START, &heard[..end]).unwrap_or(end);
        let whole = end + 1 + end_mark.len();
        let id = self.payload.read(&heard[start..=end]);
        let id = id.filter(|id| id.sender < self.senders.len() && after.starts_with(end_mark));
        let line_start = id.and_then(|id| {
            let name = &self.senders[id.sender].name;
            self.opening.wire.line_start(&heard[..start], name, self.opening.payload_bytes)
        });
        let (Some(id), Some(line_start)) = (id, line_start) else {
            self.damage(place, &heard[..=end]);
            return Some(end + 1);
        };
        self.notices(place, &heard[..line_start]);
        if self.opening.room_of(id.sender) != self.opening.room_of(place.who) {
            self.faults.strayed += 1;
            self.faults.note(|| format!("c{:05} got {id:?} of another room", place.who));
            return Some(whole);
        }
        let line = &heard[line_start..whole];
        match place.watch {
            Watch::Strict => self.enter(place, id, line),
            Watch::EachSender => self.receive(place, id, line.len()),
            Watch::Gaps => {}
        }
        Some(whole)
    }

    /// Checks a line for a strict receiver: it is the next of the order, or a fault.
    fn enter(&mut self, place: &mut Place, id: Id, line: &[u8]) {
        let room = self.opening.room_of(place.who);
        let order = &self.orders[room];
        let from = index(place.had, order.settled);
        let ahead = (from..order.lines.len()).find(|&at| order.lines[at].id == id);
        match ahead {
            Some(at) => {
                let missing = (at - from) as u64;
                if missing > 0 {
                    self.faults.lost += missing;
                    let expected = order.lines[from].id;
                    self.faults.note(|| {
                        format!(
                            "c{:05} misses {missing} lines from {expected:?} to {id:?}",
                            place.who
                        )
                    });
                }
                for at in from..=at {
                    let line = &mut self.orders[room].lines[at];
                    line.strict_left = line.strict_left.saturating_sub(1);
                    let lost = line.id;
                    if lost != id {
                        self.reach(lost);
                    }
                }
                place.had += missing + 1;
            }
            None if from < order.lines.len() || id.number < self.senders[id.sender].listed => {
                let again = id.number < self.senders[id.sender].listed;
                let faults = &mut self.faults;
                *(if again { &mut faults.repeated } else { &mut faults.reordered }) += 1;
                let how = if again { "again or late" } else { "out of the order of others" };
                faults.note(|| format!("c{:05} got {id:?} {how}", place.who));
                return;
            }
            None => {
                self.append(place, id, line);
                place.had += 1;
            }
        }
        self.delivered_bytes += line.len() as u64;
        self.settle(room);
        self.reach(id);
    }

    fn append(&mut self, place: &Place, id: Id, line: &[u8]) {
        let sender = &mut self.senders[id.sender];
        if id.number > sender.listed {
            let missing = id.number - sender.listed;
            self.faults.lost += u64::from(missing);
            self.faults.note(|| format!("c{:05} misses {missing} lines before {id:?}", place.who));
        }
        sender.listed = id.number + 1;
        let mut raw = self.spare.pop().unwrap_or_default();
        raw.clear();
        raw.extend_from_slice(line);
        let room = self.opening.room_of(place.who);
        let strict_left = self.opening.strict_of(room).saturating_sub(1);
        self.orders[room].lines.push_back(Line { raw, id, strict_left });
    }

    /// Checks a line for a receiver that need not see the one order.
    fn receive(&mut self, place: &Place, id: Id, bytes: usize) {
        let next = &mut self.next_of_each[place.who][id.sender];
        let own = id.sender == place.who && !self.opening.wire.echoes();
        if id.number < *next || own {
            self.faults.repeated += 1;
            self.faults.note(|| format!("c{:05} got {id:?} again or late", place.who));
            return;
        }
        let missing = id.number - *next;
        if missing > 0 {
            self.faults.lost += u64::from(missing);
            self.faults.note(|| format!("c{:05} misses {missing} lines before {id:?}", place.who));
        }
        *next = id.number + 1;
        self.delivered_bytes += bytes as u64;
        self.reach(id);
    }

    /// Counts one delivery of a message.
    fn reach(&mut self, id: Id) {
        self.delivered += 1;
        let sender = &mut self.senders[id.sender];
        let under_way = id.number.wrapping_sub(sender.first) as usize;
        let Some(flight) = sender.flights.get_mut(under_way) else {
            // It has been settled: this only happens after a fault that is already noted.
            self.faults.note(|| format!("{id:?} came after it had reached all"));
            return;
        };
        flight.left = flight.left.saturating_sub(1);
        if let Some(latency) = &mut self.latency
            && flight.due_ns >= self.since_ns
        {
            latency.saturating_record(self.now_ns.saturating_sub(flight.due_ns));
        }
        while sender.flights.front().is_some_and(|flight| flight.left == 0) {
            sender.flights.pop_front();
            sender.first += 1;
            self.arrived.push(id.sender);
        }
    }

    fn settle(&mut self, room: usize) {
        let order = &mut self.orders[room];
        while order.lines.front().is_some_and(|line| line.strict_left == 0) {
            self.spare.extend(order.lines.pop_front().map(|line| line.raw));
            order.settled += 1;
        }
    }

    fn notices(&mut self, place: &Place, notices: &[u8]) {
        if notices.is_empty() {
            return;
        }
        if self.opening.wire == Wire::Irc
            && let Some(pong) = wire::pong(notices)
        {
            self.pongs.push((place.who, pong));
        }
        if place.watch != Watch::Gaps && wire::tells_of_skipped(notices) {
            self.faults.skipped += 1;
            let text = String::from_utf8_lossy(notices);
            self.faults.note(|| format!("c{:05} was told: {}", place.who, text.trim()));
        }
    }

    fn damage(&mut self, place: &Place, heard: &[u8]) {
        self.faults.damaged += 1;
        let shown = String::from_utf8_lossy(&heard[..heard.len().min(160)]);
        self.faults.note(|| format!("c{:05} got damaged {shown:?}", place.who));
    }

    /// Describes what is still missing, for the error of a stalled run.
    pub fn missing(&self) -> String {
        let mut senders = self.senders.iter().enumerate();
        let late = senders.find(|(_, sender)| !sender.flights.is_empty());
        late.map_or_else(String::new, |(number, sender)| {
            format!(
                "message {} of {} is still to reach {} of {} receivers",
                sender.first,
                sender.name,
                sender.flights.front().map_or(0, |flight| flight.left),
                self.opening.audience_of(self.opening.room_of(number))
            )
        })
    }
}

fn index(had: u64, settled: u64) -> usize {
    usize::try_from(had.saturating_sub(settled)).unwrap_or(usize::MAX)
}
