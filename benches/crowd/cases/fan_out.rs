//! Fan-out: the cost of delivering a line, in a closed loop, compared with the floors.
use crate::bench::{Bench, room_of};
use crate::closed::{self, Load};
use crate::fault::Result;
use crate::options::Options;
use crate::plan::Plan;
use crate::process::{Floor, Subject};
use crate::room::{Room, Shape};
use crate::row::{Must, Row};
use crate::stats;
use crate::wire::Wire;
use std::time::Duration;

/// Rounds with more sends than this take too long.
const MOST_SENDS_A_ROUND: usize = 5_000_000;
const FLOOR_WARM: Duration = Duration::from_millis(200);

/// The results of one shape: all runs of the server and of each floor.
#[derive(Debug, Clone)]
pub struct Measured {
    pub shape: Shape,
    pub server: Vec<Load>,
    pub floors: Vec<(Floor, Vec<Load>)>,
}

/// Returns the floors that a shape is compared with, the main one first.
pub fn floors(options: &Options, shape: &Shape) -> Vec<Floor> {
    if shape.rooms > 1 {
        // The floors do not support rooms.
        return Vec::new();
    }
    let lines = shape.senders * shape.window;
    let mut floors = match (lines, shape.window) {
        // Then a batch is a line.
        (1, _) => vec![Floor::Line],
        (_, 1) => vec![Floor::Line, Floor::Batch, Floor::Relay],
        _ => vec![Floor::Relay, Floor::Batch],
    };
    if options.wire == Wire::Telnet && options.server.is_none() {
        floors.insert(0, Floor::ClassicDoor);
    }
    floors.retain(|&floor| floor != Floor::Line || lines * shape.clients <= MOST_SENDS_A_ROUND);
    floors
}

fn target(shape: &Shape, floor: Floor) -> Option<Must> {
    if floor == Floor::ClassicDoor {
        return Some(Must::TimesTheOther(1.05));
    }
    match (shape.clients, shape.senders, shape.window, shape.payload_bytes) {
        (100 | 1_000 | 10_000, 1, 1, 64) => Some(Must::TimesTheOther(1.08)),
        (1_000 | 10_000, 10, 1, 64) => Some(Must::TimesTheOther(0.30)),
        (1_000 | 10_000, 10, 32, 64) => Some(Must::TimesTheOther(1.0)),
        _ => None,
    }
}

pub fn run(bench: &mut Bench) -> (Vec<Row>, Vec<Measured>) {
    let shapes = bench.plan.fan_out.clone();
    let measured = shapes.iter().map(|shape| measure(bench, shape, &floors(bench.options, shape)));
    let measured: Vec<_> = measured.collect();
    let rows = measured.iter().flat_map(|measured| rows("fan-out", bench.plan, measured));
    (rows.collect(), measured)
}

/// Measures the server and its floors alternately, so that both are exposed to the same noise.
pub fn measure(bench: &mut Bench, shape: &Shape, floors: &[Floor]) -> Measured {
    let (options, plan) = (bench.options, bench.plan);
    let floors = floors.iter().map(|&floor| (floor, Vec::new()));
    let mut measured = Measured { shape: *shape, server: Vec::new(), floors: floors.collect() };
    for _ in 0..plan.runs {
        let what = |subject| format!("fan-out {}, {}", room_of(shape), subject);
        let name = what(bench.subject_name(Subject::Server));
        let load = bench.step(&name, || once(options, plan, Subject::Server, *shape));
        let Some(load) = load else {
            continue;
        };
        measured.server.push(load);
        // The floors deliver lines of the same length as the server did.
        let like = Shape { line_bytes: load.line_bytes, ..*shape };
        for (floor, loads) in &mut measured.floors {
            let subject = Subject::Floor(*floor);
            let name = what(bench.subject_name(subject));
            loads.extend(bench.step(&name, || once(options, plan, subject, like)));
        }
    }
    measured
}

fn once(
    options: &Options,
    plan: &Plan,
    subject: Subject,
    shape: Shape,
) -> Result<(Load, Option<String>)> {
    let mut room = Room::fill(options, subject, shape)?;
    room.open()?;
    let warm = match subject {
        Subject::Server => plan.warm.saturating_sub(room.joined_at.elapsed()),
        Subject::Floor(_) => FLOOR_WARM,
    };
    let load = closed::closed(&mut room, warm.max(plan.run / 10), plan.run);
    match load {
        Ok(load) => Ok((load, room.close())),
        Err(fault) => {
            room.close();
            Err(fault)
        }
    }
}

pub fn rows(case: &'static str, plan: &Plan, measured: &Measured) -> Vec<Row> {
    let room = room_of(&measured.shape);
    let cpu = |loads: &[Load]| loads.iter().filter_map(Load::cpu_seconds_a_million).collect();
    let pace = |loads: &[Load]| loads.iter().map(Load::deliveries_a_second).collect();
    let mut rows = Vec::new();
    if measured.floors.is_empty() {
        rows.push(Row::new(case, &room, "CPU-s per million lines", cpu(&measured.server)));
    }
    for (at, (floor, loads)) in measured.floors.iter().enumerate() {
        let must = target(&measured.shape, *floor).filter(|_| plan.judged && at == 0);
        let row = Row::new(case, &room, "CPU-s per million lines", cpu(&measured.server));
        rows.push(row.beside(floor.title(), cpu(loads)).must(must));
    }
    let row = Row::new(case, &room, "lines per second", pace(&measured.server));
    rows.push(match measured.floors.first() {
        Some((floor, loads)) => row.beside(floor.title(), pace(loads)),
        None => row,
    });
    rows
}

impl Measured {
    /// Returns the median CPU-seconds per million lines: the server's, and the main floor's.
    pub fn cost(&self) -> Option<(f64, f64)> {
        let cost = |loads: &[Load]| {
            let runs: Vec<_> = loads.iter().filter_map(Load::cpu_seconds_a_million).collect();
            stats::median(&runs)
        };
        cost(&self.server).zip(self.floors.first().and_then(|(_, loads)| cost(loads)))
    }
}
