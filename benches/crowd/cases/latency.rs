//! Latency: how long a line takes to reach everyone, at a fixed rate.
use crate::bench::Bench;
use crate::fault::Result;
use crate::open::{self, Latencies, QUANTILES};
use crate::options::Options;
use crate::plan::{Paced, Plan};
use crate::process::{Floor, Subject};
use crate::room::{Room, Shape};
use crate::row::{Must, Row};
use crate::stats;
use std::time::Duration;

pub fn run(bench: &mut Bench, paced: Paced) -> Vec<Row> {
    let (options, plan) = (bench.options, bench.plan);
    let room = room_of(&paced);
    let (mut server, mut relay) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        let mut subjects =
            vec![(Subject::Server, &mut server), (Subject::Floor(Floor::Relay), &mut relay)];
        if paced.shape.rooms > 1 {
            // The relay does not support rooms.
            subjects.truncate(1);
        }
        for (subject, runs) in subjects {
            let name = format!("latency {room}, {}", bench.subject_name(subject));
            runs.extend(bench.step(&name, || once(options, plan, subject, paced)));
        }
    }
    let floor = Floor::Relay.title();
    let mut rows: Vec<_> = QUANTILES
        .iter()
        .map(|&(name, quantile)| {
            let micros = |runs: &[Latencies]| runs.iter().map(|run| run.micros(quantile)).collect();
            let judged = plan.judged && name == "p99";
            let must = judged.then_some(Must::TimesTheOther(1.10));
            let row = Row::new("latency", &room, &format!("{name}, µs"), micros(&server));
            row.beside(floor, micros(&relay)).must(must)
        })
        .collect();
    let row = Row::new("latency", &room, "CPU-s per million lines", cpu(&server));
    rows.push(row.beside(floor, cpu(&relay)));
    rows
}

fn cpu(runs: &[Latencies]) -> Vec<f64> {
    let cost = |run: &Latencies| Some(run.cpu?.as_secs_f64() * 1e6 / stats::float(run.delivered));
    runs.iter().filter_map(cost).collect()
}

/// `N=1,000 S=10, 20/s`, with the payload if it is not the default.
pub fn room_of(paced: &Paced) -> String {
    let Shape { clients, rooms, senders, payload_bytes, .. } = paced.shape;
    let rooms = if rooms == 1 { String::new() } else { format!(" R={}", stats::count(rooms)) };
    let payload = if payload_bytes == 64 { String::new() } else { format!(", {payload_bytes} B") };
    format!("N={}{rooms} S={senders}, {}/s{payload}", stats::count(clients), paced.rate)
}

/// Does one run, with as many slow readers as the shape has.
pub fn once(
    options: &Options,
    plan: &Plan,
    subject: Subject,
    paced: Paced,
) -> Result<(Latencies, Option<String>)> {
    let mut room = Room::fill(options, subject, paced.shape)?;
    room.open()?;
    let warm = match subject {
        Subject::Server => plan.warm.saturating_sub(room.joined_at.elapsed()),
        Subject::Floor(_) => Duration::ZERO,
    };
    let latencies = open::open(&mut room, paced.rate, warm.max(paced.run / 10), paced.run);
    match latencies {
        Ok(latencies) => Ok((latencies, room.close())),
        Err(fault) => {
            room.close();
            Err(fault)
        }
    }
}
