//! Information of the kernel about a process.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// A process, by its id.
#[derive(Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Returns the number of its threads.
    pub fn tasks(self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.0)).expect("/proc is mounted").count()
    }

    /// Returns the descriptor that it would open next: the lowest free one.
    pub fn next_descriptor(self) -> u64 {
        let is_open =
            |number: &u64| Path::new(&format!("/proc/{}/fd/{number}", self.0)).is_symlink();
        (0..).find(|number| !is_open(number)).expect("there are more numbers than descriptors")
    }

    /// Waits until it sleeps; returns how often it has done so.
    pub fn sleeps(self) -> u64 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.status("State").starts_with('S') {
                let sleeps = self.status("voluntary_ctxt_switches");
                return sleeps.parse().expect("a count is a number");
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("the server never sleeps");
    }

    fn status(self, key: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0));
        let status = status.expect("/proc is mounted");
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.expect("the kernel reports it").trim().to_string()
    }
}
