//! Storm: everybody connects and joins one room at once.
use crate::bench::Bench;
use crate::fault::Result;
use crate::join;
use crate::options::Options;
use crate::process::{Floor, Subject};
use crate::room::{Room, Shape};
use crate::row::{Must, Row};
use crate::stats;
use crate::wire::Wire;
use std::time::Duration;

/// The time until the last notices have been sent.
const QUIET: Duration = Duration::from_millis(1_200);
const AT_MOST: Duration = Duration::from_secs(120);

struct Stormed {
    joins_a_second: f64,
    cpu_seconds: Option<f64>,
    /// The number of notices of joins, if each is one line.
    lines: Option<f64>,
}

type Figure = fn(&Stormed) -> Option<f64>;

pub fn run(bench: &mut Bench, clients: usize) -> Vec<Row> {
    let (options, plan) = (bench.options, bench.plan);
    let room = format!("N={}", stats::count(clients));
    let (mut server, mut greeter) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        for (subject, runs) in
            [(Subject::Server, &mut server), (Subject::Floor(Floor::Greeter), &mut greeter)]
        {
            let name = format!("storm {room}, {}", bench.subject_name(subject));
            runs.extend(bench.step(&name, || once(options, subject, clients)));
        }
    }
    let of = |runs: &[Stormed], which: Figure| runs.iter().filter_map(which).collect();
    let judged = |must| (plan.judged && clients == 10_000).then_some(must);
    let figures: [(&str, Figure, Option<Must>); 3] = [
        ("joins per second", |run| Some(run.joins_a_second), judged(Must::Least(20_000.0))),
        ("CPU-s", |run| run.cpu_seconds, judged(Must::Most(1.5))),
        ("lines delivered", |run| run.lines, None),
    ];
    let rows = figures.into_iter().map(|(figure, which, must)| {
        let row = Row::new("storm", &room, figure, of(&server, which));
        row.beside(Floor::Greeter.title(), of(&greeter, which)).must(must)
    });
    rows.collect()
}

fn once(options: &Options, subject: Subject, clients: usize) -> Result<(Stormed, Option<String>)> {
    let shape = Shape::new(options, clients, 1, 1);
    let mut before = None;
    let mut room = Room::fill_watched(options, subject, shape, |target| {
        before = target.cpu_time()?;
        Ok(())
    })?;
    if subject == Subject::Server {
        join::settle(&mut room.crowd, QUIET, AT_MOST)?;
    }
    let cpu = room.target.cpu_time()?.zip(before);
    let joined = u64::try_from(clients).map_err(|error| error.to_string())?;
    let stormed = Stormed {
        joins_a_second: stats::float(joined) / room.joined_in.as_secs_f64(),
        cpu_seconds: cpu.map(|(after, before)| after.saturating_sub(before).as_secs_f64()),
        lines: (room.target.wire == Wire::Classic).then(|| stats::float(room.crowd.ignored_lines)),
    };
    Ok((stormed, room.close()))
}
