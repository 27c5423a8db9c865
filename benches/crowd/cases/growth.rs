//! Growth: the cost of a delivered line as the room gets larger.
use super::fan_out::{self, Measured};
use crate::bench::Bench;
use crate::chart::Series;
use crate::hub_alone;
use crate::row::Row;
use crate::stats;

/// Returns rows for the sizes that fan-out has not measured, and the series of the chart.
pub fn run(bench: &mut Bench, known: &[Measured]) -> (Vec<Row>, Vec<Series>) {
    let mut rows = Vec::new();
    let mut all: Vec<Measured> = Vec::new();
    for shape in &bench.plan.growth {
        if let Some(measured) = known.iter().find(|measured| measured.shape == *shape) {
            all.push(measured.clone());
            continue;
        }
        // The main floor is enough for a series of the chart.
        let floors = fan_out::floors(bench.options, shape);
        let measured = fan_out::measure(bench, shape, &floors[..floors.len().min(1)]);
        rows.extend(fan_out::rows("growth", bench.plan, &measured));
        all.push(measured);
    }
    let label = bench.options.label();
    let mut series =
        lines(&all, 1, &format!("{label}, one message at a time"), "floor: a send a line");
    series.extend(lines(&all, 32, &format!("{label}, 320 under way"), "floor: bare relay"));
    if bench.options.server.is_none() && !bench.plan.growth.is_empty() {
        let (hub_rows, line) = hub_alone::grow(bench);
        rows.extend(hub_rows);
        series.push(line);
    }
    (rows, series)
}

/// Returns a series for the server and one for its floor, by the number of clients.
fn lines(all: &[Measured], window: usize, server: &str, floor: &str) -> Vec<Series> {
    let costs = all.iter().filter(|measured| measured.shape.window == window);
    let points = costs.filter_map(|measured| {
        let clients = u64::try_from(measured.shape.clients).ok()?;
        Some((stats::float(clients), measured.cost()?))
    });
    let (servers, floors): (Vec<_>, Vec<_>) =
        points.map(|(clients, (server, floor))| ((clients, server), (clients, floor))).unzip();
    vec![
        Series { label: server.to_owned(), points: servers, is_floor: false },
        Series { label: floor.to_owned(), points: floors, is_floor: true },
    ]
}
