//! natter's hub without sockets, beyond the descriptor limit of a process: a million connections.
//!
//! Each size is measured in a separate process, so that the memory of others does not count.
use crate::bench::Bench;
use crate::chart::Series;
use crate::fault::Result;
use crate::one_room;
use crate::process;
use crate::row::{Must, Row};
use crate::stats;
use std::process::Command;

const SIZES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
const SIZES_QUICK: [usize; 2] = [100, 1_000];
const DELIVERIES: usize = 20_000_000;
const DELIVERIES_QUICK: usize = 200_000;

/// The targets of the hub with a million: bytes per connection, nanoseconds per line, microseconds
/// per turn.
const MUST: [(&str, f64); 3] =
    [("bytes each", 300.0), ("ns per delivered line", 60.0), ("longest turn, µs", 5_000.0)];

/// The child: measures one size and prints its three figures.
pub fn run(arguments: &[String]) -> Result<()> {
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
    let (Some(members), Some(deliveries)) = (number(0), number(1)) else {
        return Err("the hub alone needs members and deliveries".into());
    };
    let cost = one_room::measure(members, deliveries);
    println!("{} {} {}", cost.bytes_each, cost.ns_per_line, cost.longest_turn_us);
    Ok(())
}

/// Returns rows for the largest size, and the chart's series for all sizes.
pub fn grow(bench: &mut Bench) -> (Vec<Row>, Series) {
    let quick = bench.options.quick;
    let (sizes, deliveries) =
        if quick { (&SIZES_QUICK[..], DELIVERIES_QUICK) } else { (&SIZES[..], DELIVERIES) };
    let mut rows = Vec::new();
    let mut points = Vec::new();
    for &members in sizes {
        let figures = match measured(members, deliveries) {
            Ok(figures) => figures,
            Err(fault) => {
                bench.faults.push(format!("hub alone, N={members}: {fault}"));
                continue;
            }
        };
        // As CPU-seconds per million lines: it is alone on its CPU and never waits.
        points.push((stats::float(members as u64), figures[1] / 1e3));
        for ((figure, most), value) in MUST.into_iter().zip(figures) {
            let must = (members == 1_000_000).then_some(Must::Most(most));
            let room = format!("hub alone, N={}", stats::shown(stats::float(members as u64)));
            rows.push(Row::new("growth", &room, figure, vec![value]).must(must));
        }
    }
    (rows, Series { label: "natter's hub alone".to_owned(), points, is_floor: false })
}

fn measured(members: usize, deliveries: usize) -> Result<[f64; 3]> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let arguments = [process::NULL_HUB.to_owned(), members.to_string(), deliveries.to_string()];
    let output =
        Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let figures = figures.try_into();
    Ok(figures.map_err(|_| format!("it ended with {}", output.status))?)
}
