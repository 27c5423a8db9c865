//! The results: for people as a Markdown table, for programs as JSON.
use crate::fault::{Result, While};
use crate::host::Machine;
use crate::row::Row;
use crate::stats;
use serde_json::{Value, json};
use std::path::Path;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Style};

/// Returns the heading: what was measured, and on which machine.
pub fn heading(machine: &Machine, label: &str, runs: usize) -> String {
    let Machine { cpu, cores, kernel, date, command } = machine;
    format!(
        "{label}, {date}, {cpu}, {cores} cores, {kernel}\n`{command}`\n\
         Median of {runs} runs (lowest–highest); ratio: median of each run's own.\n"
    )
}

pub fn table(rows: &[Row], label: &str) -> String {
    let judged = rows.iter().any(|row| row.must.is_some());
    let mut builder = Builder::default();
    let mut head = vec!["case", "room", "figure", label, "beside", "", "ratio"];
    if judged {
        head.extend(["must be", ""]);
    }
    builder.push_record(head);
    for row in rows {
        let beside = row.floor.as_ref();
        let floor = beside.map_or_else(String::new, |(name, _)| name.clone());
        let floor_runs = beside.map_or_else(String::new, |(_, runs)| middle(runs));
        let mut cells = vec![
            row.case.to_owned(),
            row.room.clone(),
            row.figure.clone(),
            stats::spread(&row.server),
            floor,
            floor_runs,
            row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ];
        if judged {
            cells.extend([row.must_text(), row.verdict().to_owned()]);
        }
        builder.push_record(cells);
    }
    let mut table = builder.build();
    table.with(Style::markdown());
    for column in [3, 5, 6] {
        table.modify(Columns::one(column), Alignment::right());
    }
    table.to_string()
}

fn middle(runs: &[f64]) -> String {
    stats::median(runs).map_or_else(|| "n/a".to_owned(), stats::shown)
}

pub fn json(machine: &Machine, label: &str, rows: &[Row], faults: &[String]) -> Value {
    json!({
        "server": label,
        "machine": {
            "cpu": machine.cpu,
            "cores": machine.cores,
            "kernel": machine.kernel,
        },
        "date": machine.date,
        "command": machine.command,
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
        "faults": faults,
    })
}

pub fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).doing(|| format!("cannot write {}", path.display()))
}
