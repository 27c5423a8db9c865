//! Idle: what a server does while everybody is connected and silent.
use crate::bench::Bench;
use crate::fault::{Result, While};
use crate::host;
use crate::join;
use crate::options::Options;
use crate::process::Subject;
use crate::room::{Room, Shape};
use crate::row::{Must, Row};
use crate::stats;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time until the notices of the joins, and all that follows them, have been sent.
const QUIET: Duration = Duration::from_millis(1_300);
const AT_MOST: Duration = Duration::from_secs(60);
const ATTACH_WAIT: Duration = Duration::from_secs(5);
/// The time for a traced server to be interrupted once, and to repeat its system call.
const AFTER_ATTACH: Duration = Duration::from_millis(500);

struct Idled {
    calls: Option<f64>,
    switches: f64,
}

pub fn run(bench: &mut Bench, clients: usize, length: Duration) -> Vec<Row> {
    let options = bench.options;
    let room = format!("N={}", stats::count(clients));
    let name = format!("idle {room}, {}", bench.subject_name(Subject::Server));
    let idled = bench.step(&name, || once(options, clients, length));
    let Some(Some(idled)) = idled else {
        return Vec::new();
    };
    let must = bench.plan.judged.then_some(Must::Most(0.0));
    let seconds = length.as_secs();
    match idled.calls {
        Some(calls) => {
            let figure = format!("system calls in {seconds} s (strace)");
            vec![Row::new("idle", &room, &figure, vec![calls]).must(must)]
        }
        None => {
            let figure = format!("context switches in {seconds} s (no strace)");
            vec![Row::new("idle", &room, &figure, vec![idled.switches]).must(must)]
        }
    }
}

fn once(
    options: &Options,
    clients: usize,
    length: Duration,
) -> Result<(Option<Idled>, Option<String>)> {
    let shape = Shape::new(options, clients, 1, 1);
    let mut room = Room::fill(options, Subject::Server, shape)?;
    join::settle(&mut room.crowd, QUIET, AT_MOST)?;
    let Some(pid) = room.target.pid else {
        return Ok((None, room.close()));
    };
    // Without strace, the kernel's own count of context switches says nearly as much.
    let tracer = attach(pid)?;
    let switches = host::switches(pid)?;
    let from = since_epoch();
    let until = Instant::now() + length;
    let heard = room.crowd.heard_bytes;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        room.crowd.pump(left.max(Duration::from_millis(1)))?;
    }
    let switches = host::switches(pid)? - switches;
    let calls = tracer.map(|tracer| calls(tracer, from, since_epoch())).transpose()?;
    let unquiet = (room.crowd.heard_bytes > heard).then(|| "the silent room got lines".to_owned());
    let idled = Idled { calls, switches: stats::float(switches) };
    Ok((Some(idled), room.close().or(unquiet)))
}

/// Attaches strace to all threads of `pid`; returns `None` if that is impossible.
fn attach(pid: Pid) -> Result<Option<Child>> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-ttt", "-p", &pid.to_string()]);
    let started = strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let Ok(mut tracer) = started else {
        return Ok(None);
    };
    let began = Instant::now();
    while !host::is_traced(pid) {
        if tracer.try_wait()?.is_some() {
            return Ok(None);
        }
        if began.elapsed() > ATTACH_WAIT {
            let _ = tracer.kill();
            let _ = tracer.wait();
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(AFTER_ATTACH);
    Ok(Some(tracer))
}

/// Ends the trace and counts the calls that began between two times.
fn calls(tracer: Child, from: f64, until: f64) -> Result<f64> {
    let pid = i32::try_from(tracer.id()).map_err(|error| error.to_string())?;
    kill(Pid::from_raw(pid), Signal::SIGINT)?;
    let output = tracer.wait_with_output().doing(|| "strace".to_owned())?;
    Ok(stats::float(count(&String::from_utf8_lossy(&output.stderr), from, until)))
}

fn count(trace: &str, from: f64, until: f64) -> u64 {
    let times = trace.lines().filter(|line| line.contains('(') && !line.contains("resumed>"));
    let times = times.filter_map(|line| {
        let mut words = line.split_whitespace();
        words.find_map(|word| word.parse::<f64>().ok().filter(|time| *time > 1e9))
    });
    times.filter(|time| (from..until).contains(time)).count() as u64
}

fn since_epoch() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

pub fn self_check() -> Result<()> {
    let trace = "strace: Process 7 attached\n\
                 1700000001.5 epoll_wait(3, [], 64, -1) = 0\n\
                 [pid 8] 1700000002.5 read(4,  <unfinished ...>\n\
                 [pid 8] 1700000003.5 <... read resumed>\"\", 9) = 0\n\
                 1700000004.5 epoll_wait(3,  <detached ...>\n";
    if count(trace, 1_700_000_001.0, 1_700_000_004.0) == 2 {
        Ok(())
    } else {
        Err("strace's output is misread".into())
    }
}
