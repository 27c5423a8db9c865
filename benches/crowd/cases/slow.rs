//! Slow tenth: the latency for the others when a tenth of the room hardly reads.
use super::latency;
use crate::bench::Bench;
use crate::open::{Latencies, QUANTILES};
use crate::plan::Paced;
use crate::process::Subject;
use crate::row::{Must, Row};

pub fn run(bench: &mut Bench, paced: Paced) -> Vec<Row> {
    let (options, plan) = (bench.options, bench.plan);
    let room = latency::room_of(&paced);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..plan.runs {
        for (slow, runs) in [(0, &mut without), (paced.shape.clients / 10, &mut with)] {
            let mut paced = paced;
            paced.shape.slow = slow;
            let name = format!("slow tenth {room}, {slow} slow");
            let measure = || latency::once(options, plan, Subject::Server, paced);
            runs.extend(bench.step(&name, measure));
        }
    }
    let rows = QUANTILES.iter().map(|&(name, quantile)| {
        let micros = |runs: &[Latencies]| runs.iter().map(|run| run.micros(quantile)).collect();
        let must = (plan.judged && name == "p99").then_some(Must::TimesTheOther(1.10));
        let row =
            Row::new("slow tenth", &room, &format!("{name} of the others, µs"), micros(&with));
        row.beside("without them", micros(&without)).must(must)
    });
    rows.collect()
}
