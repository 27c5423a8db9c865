//! One row of the results: every run's figure, with the floor's and the target.
use crate::stats;
use serde_json::{Value, json};

/// The target of a figure.
#[derive(Debug, Clone, Copy)]
pub enum Must {
    TimesTheOther(f64),
    Most(f64),
    Least(f64),
}

#[derive(Debug, Clone)]
pub struct Row {
    pub case: &'static str,
    pub room: String,
    pub figure: String,
    pub server: Vec<f64>,
    /// What it is compared with, and its figure in each of the same runs.
    pub floor: Option<(String, Vec<f64>)>,
    pub must: Option<Must>,
}

impl Row {
    pub fn new(case: &'static str, room: &str, figure: &str, server: Vec<f64>) -> Self {
        let (room, figure) = (room.to_owned(), figure.to_owned());
        Self { case, room, figure, server, floor: None, must: None }
    }

    pub fn beside(mut self, floor: &str, figures: Vec<f64>) -> Self {
        self.floor = Some((floor.to_owned(), figures));
        self
    }

    pub fn must(mut self, must: Option<Must>) -> Self {
        self.must = must;
        self
    }

    /// Returns the median, over the runs, of the figure divided by the floor's.
    pub fn ratio(&self) -> Option<f64> {
        let (_, floor) = self.floor.as_ref()?;
        stats::median(&stats::ratios(&self.server, floor)).filter(|ratio| ratio.is_finite())
    }

    pub fn met(&self) -> Option<bool> {
        match self.must? {
            Must::TimesTheOther(times) => self.ratio().map(|ratio| ratio <= times),
            Must::Most(most) => stats::median(&self.server).map(|figure| figure <= most),
            Must::Least(least) => stats::median(&self.server).map(|figure| figure >= least),
        }
    }

    pub fn must_text(&self) -> String {
        match self.must {
            None => String::new(),
            Some(Must::TimesTheOther(times)) => format!("≤ {times:.2} ×"),
            Some(Must::Most(most)) => format!("≤ {}", stats::shown(most)),
            Some(Must::Least(least)) => format!("≥ {}", stats::shown(least)),
        }
    }

    pub fn verdict(&self) -> &'static str {
        match (self.must, self.met()) {
            (None, _) => "",
            (Some(_), Some(true)) => "pass",
            (Some(_), Some(false)) => "miss",
            (Some(_), None) => "n/a",
        }
    }

    pub fn json(&self) -> Value {
        let floor = self.floor.as_ref().map(
            |(name, runs)| json!({ "name": name, "median": stats::median(runs), "runs": runs }),
        );
        json!({
            "case": self.case,
            "room": self.room,
            "figure": self.figure,
            "median": stats::median(&self.server),
            "runs": self.server,
            "floor": floor,
            "ratio": self.ratio(),
            "must_be": self.must.map(|_| self.must_text()),
            "met": self.met(),
        })
    }
}
