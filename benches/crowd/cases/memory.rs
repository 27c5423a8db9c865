//! Memory: the server's memory per connection, with a name and in the room.
use crate::bench::Bench;
use crate::fault::Result;
use crate::host::{self, Memory};
use crate::join;
use crate::options::Options;
use crate::process::{Floor, Subject, Target};
use crate::room::{Room, Shape};
use crate::row::{Must, Row};
use crate::stats;
use std::time::Duration;

/// The time until the notices of the joins have been sent and the server is idle.
const QUIET: Duration = Duration::from_millis(1_100);
const AT_MOST: Duration = Duration::from_secs(60);

pub fn run(bench: &mut Bench) -> Vec<Row> {
    let (options, plan) = (bench.options, bench.plan);
    let mut rows = Vec::new();
    for &clients in &plan.memory {
        let room = format!("N={}", stats::count(clients));
        let (mut server, mut relay) = (Vec::new(), Vec::new());
        for _ in 0..plan.few_runs() {
            for (subject, runs) in
                [(Subject::Server, &mut server), (Subject::Floor(Floor::Relay), &mut relay)]
            {
                let name = format!("memory {room}, {}", bench.subject_name(subject));
                runs.extend(bench.step(&name, || once(options, subject, clients)));
            }
        }
        let of = |runs: &[Option<Each>], which: fn(&Each) -> f64| {
            runs.iter().flatten().map(which).collect::<Vec<_>>()
        };
        let floor = Floor::Relay.title();
        let must = (plan.judged && clients == 10_000).then_some(Must::Most(300.0));
        let row = Row::new("memory", &room, "own bytes each", of(&server, |each| each.own));
        rows.push(row.beside(floor, of(&relay, |each| each.own)).must(must));
        let row =
            Row::new("memory", &room, "resident bytes each", of(&server, |each| each.resident));
        rows.push(row.beside(floor, of(&relay, |each| each.resident)));
    }
    rows
}

/// Bytes per connection.
struct Each {
    own: f64,
    resident: f64,
}

fn once(
    options: &Options,
    subject: Subject,
    clients: usize,
) -> Result<(Option<Each>, Option<String>)> {
    let shape = Shape::new(options, clients, 1, 1);
    let mut before = None;
    let mut room = Room::fill_watched(options, subject, shape, |target| {
        before = memory_of(target)?;
        Ok(())
    })?;
    if subject == Subject::Server {
        join::settle(&mut room.crowd, QUIET, AT_MOST)?;
    }
    let after = memory_of(&room.target)?;
    let fault = room.close();
    let each = |before: u64, after: u64| {
        let clients = u64::try_from(clients).unwrap_or(u64::MAX);
        stats::float(after.saturating_sub(before)) / stats::float(clients)
    };
    let each = before.zip(after).map(|(before, after)| Each {
        own: each(before.own, after.own),
        resident: each(before.resident, after.resident),
    });
    Ok((each, fault))
}

fn memory_of(target: &Target) -> Result<Option<Memory>> {
    target.pid.map(host::memory).transpose()
}
