//! The cost of a line in the hub alone: no kernel, sockets that accept everything and send little.
//!
//! `cargo bench --bench turn` prints, for rooms of several sizes and for many small rooms,
//! nanoseconds per delivered line, the longest turn, and bytes of memory per connection. Further
//! arguments, after `--`:
//!
//! - `MEMBERS…`: one room of each of these sizes, and nothing else;
//! - `--quick`: smaller numbers, in a few seconds;
//! - `--budget [PART]`: instead of lines, what one peer within the default flood limits can make the hub
//!   do with each command, in instructions per second; fails if one is over the budget. With PART only the
//!   commands whose names contain it, as `gbk`;
//! - `--instructions`: instead of times, user-space instructions per delivered line, counted by
//!   callgrind (valgrind must be installed).

mod budget;
mod callgrind;
mod flood;
mod instructions;
mod null_hub;
mod one_room;
mod rooms;

use std::env;
use std::process::{Command, ExitCode};

use instructions::Shape;

/// The first argument of this program when it measures many rooms, in a separate process so that
/// other memory does not count.
const ROOMS: &str = "@rooms";

/// The same for users in several rooms at a time.
const FURTHER_ROOMS: &str = "@further";
/// The number of rooms each of them is in.
const ROOMS_EACH: usize = 10;

/// The minimum number of deliveries that are timed for each row.
const DELIVERIES_MIN: usize = 20_000_000;
const DELIVERIES_QUICK: usize = 200_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == instructions::CHILD => instructions::run(rest),
        Some((first, rest)) if first == ROOMS => print_many_rooms(rest),
        Some((first, rest)) if first == FURTHER_ROOMS => print_further_rooms(rest),
        Some((first, rest)) if first == budget::CHILD => return budget::count(rest),
        _ => {
            if let Err(fault) = run(&arguments) {
                eprintln!("turn: {fault}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn run(arguments: &[String]) -> Result<(), String> {
    let mut members: Vec<usize> = Vec::new();
    let (mut is_quick, mut counts_instructions) = (false, false);
    let mut rest = arguments.iter().filter(|argument| *argument != "--bench");
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => is_quick = true,
            "--budget" => return budget::run(rest.next().map_or("", String::as_str)),
            "--instructions" => counts_instructions = true,
            number => {
                let number = number.parse().map_err(|_| format!("{number}: not a number"))?;
                members.push(number);
            }
        }
    }
    if counts_instructions {
        return print_instructions(is_quick);
    }
    let deliveries_min = if is_quick { DELIVERIES_QUICK } else { DELIVERIES_MIN };
    let is_whole = members.is_empty();
    if is_whole {
        members = vec![10, 1_000, 100_000];
    }
    println!("  members  ns/delivered line  longest turn µs  bytes each");
    for members in members {
        let cost = one_room::measure(members, deliveries_min);
        println!(
            "{members:>9}  {:>16.1}  {:>15.1}  {:>10}",
            cost.ns_per_line, cost.longest_turn_us, cost.bytes_each
        );
    }
    if is_whole { print_rooms(is_quick, deliveries_min) } else { Ok(()) }
}

fn print_rooms(is_quick: bool, deliveries_min: usize) -> Result<(), String> {
    let (members, rooms) = if is_quick { (10_000, 1_000) } else { (1_000_000, 100_000) };
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let numbers = [members, rooms, deliveries_min].map(|number| number.to_string());
    let run = Command::new(program).arg(ROOMS).args(numbers).status();
    if !run.map_err(|error| error.to_string())?.success() {
        return Err("many rooms: the measurement failed".to_owned());
    }
    let rooms = if is_quick { 1_000 } else { 10_000 };
    let [among, alone] = rooms::compare(3, rooms);
    println!(
        "\na room of 3 among {rooms}: {among:.1} ns/delivered line; alone: {alone:.1}; \
         ratio {:.2}",
        among / alone
    );
    let (members, rooms) = if is_quick { (2_000, 50) } else { (20_000, 500) };
    let numbers = [members, rooms].map(|number| number.to_string());
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let run = Command::new(program).arg(FURTHER_ROOMS).args(numbers).status();
    if !run.map_err(|error| error.to_string())?.success() {
        return Err("further rooms: the measurement failed".to_owned());
    }
    Ok(())
}

fn print_further_rooms(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse().expect("the arguments are numbers");
    let (members, rooms) = (number(0), number(1));
    let bytes = rooms::bytes_per_further_room(members, rooms, ROOMS_EACH);
    println!(
        "{members} clients, each in {ROOMS_EACH} of {rooms} rooms: {bytes:.1} bytes for each further room"
    );
}

fn print_many_rooms(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse().expect("the arguments are numbers");
    let (members, rooms) = (number(0), number(1));
    let cost = rooms::measure(members, rooms, number(2));
    println!("\n  members    rooms  ns/delivered line  longest turn ms  bytes each");
    println!(
        "{members:>9}  {rooms:>7}  {:>17.1}  {:>15.3}  {:>10}",
        cost.ns_per_line, cost.longest_turn_ms, cost.bytes_each
    );
}

fn print_instructions(is_quick: bool) -> Result<(), String> {
    if !callgrind::is_installed() {
        return Err("--instructions: valgrind is not installed".to_owned());
    }
    let members = if is_quick { 200 } else { 1_000 };
    let many = if is_quick { 1_000 } else { 10_000 };
    let shape =
        |members, rooms, senders, window, rounds| Shape { members, rooms, senders, window, rounds };
    println!("the hub alone: user-space instructions per delivered line (callgrind)");
    for (senders, window, rounds) in [(1, 1, 1_000), (10, 32, 100)] {
        let cost = instructions::per_line(shape(members, 1, senders, window, rounds))?;
        println!("  N={members} S={senders} W={window}: {cost:.2}");
    }
    let among = instructions::per_line(shape(3 * many, many, 1, 1, 10_000))?;
    let alone = instructions::per_line(shape(3, 1, 1, 1, 10_000))?;
    println!(
        "  a room of 3 among {many}: {among:.2}; alone: {alone:.2}; ratio {:.3}",
        among / alone
    );
    Ok(())
}
