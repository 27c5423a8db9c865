//! The instructions of the hub alone, counted by callgrind. Its clock is simulated, so two runs
//! differ only in the number of lines they deliver: the difference is the cost of those lines.

use std::process::Command;

use crate::callgrind;
use crate::null_hub::{NullHub, Time, accepted_bytes};
use crate::rooms;

/// The first argument of this program when it is the counted one.
pub const CHILD: &str = "@count";

/// The rooms, members and senders.
#[derive(Clone, Copy)]
pub struct Shape {
    pub members: usize,
    /// 1 means that all are in the lobby.
    pub rooms: usize,
    pub senders: usize,
    /// The number of lines that each sender sends at a time.
    pub window: usize,
    /// The number of times they do so, in the shorter run of the two.
    pub rounds: usize,
}

impl Shape {
    /// Returns the number of members of the room in which lines are said.
    fn audience(self) -> usize {
        self.members / self.rooms
    }
}

/// Returns the user-space instructions for each delivered line of `shape`.
///
/// # Errors
/// One line that says what failed.
pub fn per_line(shape: Shape) -> Result<f64, String> {
    let [fewer, more] = [shape.rounds, 2 * shape.rounds].map(|rounds| count(shape, rounds));
    let lines = shape.rounds * shape.senders * shape.window * shape.audience();
    Ok((more? - fewer?) as f64 / lines as f64)
}

/// Returns the instructions of a whole run, from the start of the process to its end.
fn count(shape: Shape, rounds: usize) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = callgrind::out_file("hub");
    let numbers = [shape.members, shape.rooms, shape.senders, shape.window, rounds];
    let run = Command::new("valgrind")
        .args(callgrind::options(&out))
        .arg(program)
        .arg(CHILD)
        .args(numbers.map(|number| number.to_string()))
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !run.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&run.stderr).trim()));
    }
    callgrind::take_count(&out)
}

/// The child: fills the rooms, then says lines in room 0.
pub fn run(arguments: &[String]) {
    let numbers = arguments.iter().map(|word| word.parse().expect("the arguments are numbers"));
    let numbers: Vec<usize> = numbers.collect();
    let &[members, rooms, senders, window, rounds] = &numbers[..] else {
        panic!("{CHILD} MEMBERS ROOMS SENDERS WINDOW ROUNDS");
    };
    let mut hub = if rooms == 1 {
        let mut hub = NullHub::new(members, Time::Simulated);
        (0..members).for_each(|_| hub.join(None));
        hub.wait_until_idle();
        hub
    } else {
        rooms::spread(members, rooms, Time::Simulated)
    };
    let accepted_before = accepted_bytes();
    for _ in 0..rounds {
        // Members of room 0.
        (0..senders).for_each(|sender| hub.say(sender * rooms, window));
        hub.run();
    }
    assert!(hub.are_all_present(), "all are present");
    assert!(accepted_bytes() > accepted_before, "lines were delivered");
}
