//! The cases and sizes to measure: in full, quickly, or a single one of the caller's.
use crate::cases::fan_out;
use crate::options::{Case, Options};
use crate::room::Shape;
use std::time::Duration;

/// Messages at a fixed rate.
#[derive(Debug, Clone, Copy)]
pub struct Paced {
    pub shape: Shape,
    pub rate: f64,
    pub run: Duration,
}

/// Rounds of a closed loop whose instructions are counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    pub shape: Shape,
    /// The number of rounds in the shorter count.
    pub rounds: usize,
}

#[derive(Debug)]
pub struct Plan {
    pub runs: usize,
    /// Whether the figures are compared with their targets.
    pub judged: bool,
    /// How long a closed loop is measured.
    pub run: Duration,
    /// How long it runs before that, after the joins: until their notices have been sent.
    pub warm: Duration,
    pub fan_out: Vec<Shape>,
    pub growth: Vec<Shape>,
    pub latency: Option<Paced>,
    pub slow: Option<Paced>,
    pub memory: Vec<usize>,
    pub storm: Option<usize>,
    pub idle: Option<(usize, Duration)>,
    pub instructions: Vec<Counted>,
}

impl Plan {
    pub fn new(options: &Options) -> Self {
        if options.instructions {
            Self::instructions(options)
        } else if options.is_single() {
            Self::single(options)
        } else {
            Self::cases(options)
        }
    }

    fn empty(options: &Options) -> Self {
        let (seconds, warm) = if options.quick { (0.2, 0.1) } else { (0.8, 1.2) };
        let run = options.seconds.unwrap_or(Duration::from_secs_f64(seconds));
        Self {
            runs: options.runs.unwrap_or(if options.quick { 1 } else { 5 }),
            judged: false,
            run,
            warm: Duration::from_secs_f64(warm),
            fan_out: Vec::new(),
            growth: Vec::new(),
            latency: None,
            slow: None,
            memory: Vec::new(),
            storm: None,
            idle: None,
            instructions: Vec::new(),
        }
    }

    /// The two rooms of the fan-out that differ most, or the caller's own.
    fn instructions(options: &Options) -> Self {
        let mut plan = Self::empty(options);
        plan.runs = options.runs.unwrap_or(1);
        let clients = options.clients.unwrap_or(if options.quick { 200 } else { 1_000 });
        let mut add = |senders, window| {
            // About the same number of deliveries for each, whatever the size of the batches.
            let rounds = 200_usize.div_ceil(senders * window).max(20);
            let shape = Shape::new(options, clients, senders, window);
            plan.instructions.push(Counted { shape, rounds });
        };
        if options.senders.is_some() || options.window.is_some() {
            add(options.senders.unwrap_or(1), options.window.unwrap_or(1));
        } else {
            add(1, 1);
            add(10, 32);
        }
        plan
    }

    fn single(options: &Options) -> Self {
        let mut plan = Self::empty(options);
        let clients = options.clients.unwrap_or(if options.quick { 100 } else { 1000 });
        let senders = options.senders.unwrap_or(1);
        let shape = Shape::new(options, clients, senders, options.window.unwrap_or(1));
        match options.rate {
            Some(rate) => {
                let run = options.seconds.unwrap_or(Duration::from_secs(5));
                plan.latency = Some(Paced { shape, rate, run });
            }
            None => plan.fan_out.push(shape),
        }
        plan
    }

    fn cases(options: &Options) -> Self {
        let mut plan = Self::empty(options);
        let quick = options.quick;
        plan.judged = !quick && options.server.is_none();
        let shape = |(clients, senders, window)| {
            // With --case, the sizes may still be the caller's.
            let clients = options.clients.unwrap_or(clients);
            let senders = options.senders.unwrap_or(senders);
            Shape::new(options, clients, senders, options.window.unwrap_or(window))
        };
        let pick = |full: &[(usize, usize, usize)], small: &[(usize, usize, usize)]| {
            let mut shapes: Vec<Shape> = Vec::new();
            for shape in (if quick { small } else { full }).iter().copied().map(shape) {
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            shapes
        };
        if options.wants(Case::FanOut) {
            let full = [
                (100, 1, 1),
                (1_000, 1, 1),
                (10_000, 1, 1),
                (1_000, 10, 1),
                (10_000, 10, 1),
                (1_000, 10, 32),
                (10_000, 10, 32),
            ];
            plan.fan_out = pick(&full, &[(100, 1, 1), (200, 10, 1), (200, 10, 32)]);
        }
        if options.wants(Case::Growth) {
            let sizes: &[usize] = if quick { &[10] } else { &[10, 100, 1_000, 10_000, 19_000] };
            let shapes = sizes.iter().flat_map(|&clients| [(clients, 1, 1), (clients, 10, 32)]);
            plan.growth = shapes.map(|(n, s, w)| Shape::new(options, n, s, w)).collect();
        }
        plan.add_paced(options);
        plan.add_crowds(options);
        plan
    }

    fn add_paced(&mut self, options: &Options) {
        let quick = options.quick;
        let clients = options.clients.unwrap_or(if quick { 100 } else { 1_000 });
        let senders = options.senders.unwrap_or(10);
        let shape = Shape::new(options, clients, senders, 1);
        let seconds = |full: f64| {
            let default = Duration::from_secs_f64(if quick { 0.4 } else { full });
            options.seconds.unwrap_or(default)
        };
        if options.wants(Case::Latency) {
            let rate = options.rate.unwrap_or(if quick { 100.0 } else { 20.0 });
            self.latency = Some(Paced { shape, rate, run: seconds(5.0) });
        }
        if options.wants(Case::Slow) {
            // Far more than a slow reader reads, so that its backlog becomes large.
            let mut shape = shape;
            shape.payload_bytes = options.payload_bytes.unwrap_or(512);
            let rate = options.rate.unwrap_or(100.0);
            self.slow = Some(Paced { shape, rate, run: seconds(5.0) });
        }
    }

    fn add_crowds(&mut self, options: &Options) {
        let quick = options.quick;
        let sizes = |full: &[usize], small: usize| match options.clients {
            Some(clients) => vec![clients],
            None if quick => vec![small],
            None => full.to_vec(),
        };
        if options.wants(Case::Memory) {
            self.memory = sizes(&[1_000, 10_000, 19_000], 200);
        }
        if options.wants(Case::Storm) {
            self.storm = sizes(&[10_000], 500).first().copied();
        }
        if options.wants(Case::Idle) {
            let length = Duration::from_secs(if quick { 1 } else { 10 });
            self.idle = sizes(&[10_000], 200).first().map(|&clients| (clients, length));
        }
    }

    /// Returns the size of the largest room.
    pub fn most_clients(&self) -> usize {
        let paced = self.latency.iter().chain(&self.slow).map(|paced| &paced.shape);
        let shapes = self.fan_out.iter().chain(&self.growth).chain(paced);
        let sizes = shapes.map(|shape| shape.clients).chain(self.memory.iter().copied());
        let sizes = sizes.chain(self.instructions.iter().map(|counted| counted.shape.clients));
        let sizes = sizes.chain(self.storm).chain(self.idle.map(|(clients, _)| clients));
        sizes.max().unwrap_or(0)
    }

    /// Returns the number of runs of a case whose figure hardly varies.
    pub fn few_runs(&self) -> usize {
        self.runs.min(3)
    }

    /// Returns the number of measurements, for the progress bar.
    pub fn steps(&self, options: &Options) -> u64 {
        let fan_out = self.fan_out.iter();
        let loops: usize = fan_out.map(|shape| 1 + fan_out::floors(options, shape).len()).sum();
        let grown = self.growth.iter();
        let grown = grown.filter(|shape| !self.fan_out.contains(shape)).count();
        let pairs = [self.latency.is_some(), self.slow.is_some(), self.storm.is_some()];
        let pairs = grown + pairs.iter().filter(|wanted| **wanted).count();
        let steps = (loops + pairs * 2 + self.instructions.len()) * self.runs
            + self.memory.len() * 2 * self.few_runs();
        (steps + usize::from(self.idle.is_some())) as u64
    }
}
