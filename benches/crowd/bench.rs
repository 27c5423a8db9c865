//! Shared by all cases: the options, the plan, the progress bar, the faults.
use crate::fault::Result;
use crate::options::Options;
use crate::plan::Plan;
use crate::process::Subject;
use crate::room::Shape;
use crate::stats;
use indicatif::{ProgressBar, ProgressStyle};

pub struct Bench<'a> {
    pub options: &'a Options,
    pub plan: &'a Plan,
    progress: ProgressBar,
    pub faults: Vec<String>,
}

impl<'a> Bench<'a> {
    pub fn new(options: &'a Options, plan: &'a Plan) -> Self {
        // The bar is hidden if stderr is no terminal.
        let progress = ProgressBar::new(plan.steps(options));
        let style = "{elapsed_precise} {wide_bar} {pos}/{len}, {eta} to go: {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            progress.set_style(style);
        }
        Self { options, plan, progress, faults: Vec::new() }
    }

    /// Does one measurement; returns its result, or adds a fault to the list.
    pub fn step<T>(
        &mut self,
        what: &str,
        measure: impl FnOnce() -> Result<(T, Option<String>)>,
    ) -> Option<T> {
        self.progress.set_message(what.to_owned());
        self.progress.tick();
        let (measured, fault) = match measure() {
            Ok((measured, fault)) => (Some(measured), fault),
            Err(fault) => (None, Some(fault.to_string())),
        };
        if let Some(fault) = fault {
            let fault = format!("{what}: {fault}");
            self.progress.suspend(|| eprintln!("crowd: {fault}"));
            self.faults.push(fault);
        }
        self.progress.inc(1);
        measured
    }

    pub fn finish(&self) {
        self.progress.finish_and_clear();
    }

    pub fn subject_name(&self, subject: Subject) -> String {
        match subject {
            Subject::Server => self.options.label(),
            Subject::Floor(floor) => floor.title().to_owned(),
        }
    }
}

/// `N=1,000 S=10 W=32`, with the rooms and the payload if they are not the default.
pub fn room_of(shape: &Shape) -> String {
    let Shape { clients, rooms, senders, window, payload_bytes, .. } = *shape;
    let rooms = if rooms == 1 { String::new() } else { format!(" R={}", stats::count(rooms)) };
    let payload = if payload_bytes == 64 { String::new() } else { format!(" {payload_bytes} B") };
    format!("N={}{rooms} S={senders} W={window}{payload}", stats::count(clients))
}
