//! `cargo bench --bench crowd`: the cost of a chat server, compared with minimal servers that only
//! make the system calls that every server needs. `-- --help` lists the options.
mod bench;
#[allow(dead_code, reason = "the other benchmark uses all of it")]
#[path = "../turn/callgrind.rs"]
mod callgrind;
mod cases;
mod chart;
mod closed;
mod crowd;
mod fault;
mod faults;
mod floor;
mod host;
mod hub_alone;
mod join;
mod ledger;
mod ledger_check;
#[allow(dead_code, reason = "the other benchmark uses all of it")]
#[path = "../turn/null_hub.rs"]
mod null_hub;
#[path = "../turn/one_room.rs"]
mod one_room;
mod open;
mod options;
mod payload;
mod plan;
mod process;
mod report;
mod room;
mod row;
mod stats;
mod wire;

use bench::Bench;
use chart::Series;
use fault::Result;
use host::Machine;
use options::{HELP, Options};
use plan::Plan;
use row::Row;
use std::process::ExitCode;

/// Descriptors besides those of the clients.
const OTHER_FILES: usize = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == process::PINNED => Err(process::become_pinned(rest)),
        Some((first, rest)) if first == process::NULL_HUB => hub_alone::run(rest).map(|()| true),
        Some((first, rest)) if first == process::FLOOR => floor::run(rest).map(|()| true),
        _ => run(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("crowd: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether everything was without a fault.
fn run(arguments: &[String]) -> Result<bool> {
    let mut shown = arguments.to_vec();
    // cargo's own argument, which has no meaning here.
    shown.retain(|argument| argument != "--bench");
    let machine = Machine::look(&shown);
    let options = Options::parse(&shown, env!("CARGO_BIN_EXE_natter"), host::two_cpus()?)?;
    if options.help {
        print!("{HELP}");
        return Ok(true);
    }
    if options.quick || options.self_check {
        self_check()?;
    }
    if options.self_check {
        println!("the benchmark's own checks pass");
        return Ok(true);
    }
    if options.instructions && !callgrind::is_installed() {
        return Err("--instructions: valgrind is not installed".into());
    }
    let plan = Plan::new(&options);
    host::raise_file_limit(plan.most_clients() + OTHER_FILES)?;
    host::pin(options.cpus[1])?;
    let mut bench = Bench::new(&options, &plan);
    let (rows, series) = measure(&mut bench, &plan);
    bench.finish();
    tell(&options, &plan, &machine, &rows, &series, &bench.faults)?;
    Ok(bench.faults.is_empty())
}

fn measure(bench: &mut Bench, plan: &Plan) -> (Vec<Row>, Vec<Series>) {
    let (mut rows, measured) = cases::fan_out::run(bench);
    if let Some(paced) = plan.latency {
        rows.extend(cases::latency::run(bench, paced));
    }
    rows.extend(cases::memory::run(bench));
    if let Some(clients) = plan.storm {
        rows.extend(cases::storm::run(bench, clients));
    }
    let (grown, series) = cases::growth::run(bench, &measured);
    rows.extend(grown);
    if let Some(paced) = plan.slow {
        rows.extend(cases::slow::run(bench, paced));
    }
    for counted in &plan.instructions {
        rows.extend(cases::instructions::run(bench, *counted));
    }
    if let Some((clients, length)) = plan.idle {
        rows.extend(cases::idle::run(bench, clients, length));
    }
    (rows, series)
}

fn tell(
    options: &Options,
    plan: &Plan,
    machine: &Machine,
    rows: &[Row],
    series: &[Series],
    faults: &[String],
) -> Result<()> {
    let label = options.label();
    println!("{}", report::heading(machine, &label, plan.runs));
    println!("{}", report::table(rows, &label));
    if let Some(path) = &options.json {
        let json = report::json(machine, &label, rows, faults);
        report::write(path, &format!("{json:#}\n"))?;
    }
    if let Some(path) = &options.svg {
        report::write(path, &chart::svg(series, machine)?)?;
    }
    match faults.len() {
        0 => println!("\nNo line was lost, repeated, out of order or damaged."),
        count => println!("\nFAULTS: {count} measurements failed; stderr tells which."),
    }
    Ok(())
}

/// Tests the benchmark's own parts, before they measure a server.
fn self_check() -> Result<()> {
    payload::self_check()?;
    wire::self_check()?;
    stats::self_check()?;
    ledger_check::self_check()?;
    cases::idle::self_check()
}
