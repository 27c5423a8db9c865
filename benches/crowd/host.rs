//! The machine, and the kernel's clocks and counters for a process.
use crate::fault::{Fault, Result, While};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

/// Returns the CPUs for the server and for the load generator: two, if there are two.
pub fn two_cpus() -> Result<[usize; 2]> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let mut cpus = (0..CpuSet::count()).filter(|&cpu| allowed.is_set(cpu).unwrap_or(false));
    let first = cpus.next().ok_or("no cpu is allowed")?;
    Ok([first, cpus.next().unwrap_or(first)])
}

/// Restricts this process to one CPU.
pub fn pin(cpu: usize) -> Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &one).doing(|| format!("cannot run on cpu {cpu}"))
}

/// Returns the CPU time that a process has used, over all its threads, including those that have
/// ended.
pub fn cpu_time(pid: Pid) -> Result<Duration> {
    let clock = clock_getcpuclockid(pid).doing(|| format!("process {pid}"))?;
    Ok(clock.now()?.into())
}

/// The memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Written by it and not shared.
    pub own: u64,
    /// All of it that is resident, including the program's text.
    pub resident: u64,
}

pub fn memory(pid: Pid) -> Result<Memory> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).doing(|| path)?;
    let field = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kib * 1024)
    };
    let read = || Some(Memory { own: field("Private_Dirty:")?, resident: field("Rss:")? });
    read().ok_or_else(|| "the kernel does not tell a process's memory".into())
}

/// Returns the number of context switches of a process.
pub fn switches(pid: Pid) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).doing(|| path)?;
    let counts = text.lines().filter(|line| line.contains("ctxt_switches:"));
    Ok(counts.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum())
}

/// Whether a process has stopped after SIGSTOP.
pub fn is_stopped(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|text| {
        let state = text.lines().find_map(|line| line.strip_prefix("State:"));
        state.is_some_and(|state| state.trim_start().starts_with('T'))
    })
}

/// Whether a process is traced by another one.
pub fn is_traced(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|text| {
        let tracer = text.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|pid| pid.trim() != "0")
    })
}

/// Returns the process that listens on `addr`, if we have the permission to know.
pub fn listener(addr: SocketAddr) -> Option<Pid> {
    const LISTEN: &str = "0A";
    let port = format!(":{:04X}", addr.port());
    let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let inode = sockets.iter().flatten().find_map(|table| {
        table.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let ours = fields.len() > 9 && fields[1].ends_with(&port) && fields[3] == LISTEN;
            ours.then(|| fields[9].to_owned())
        })
    })?;
    let socket = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.map(Pid::from_raw).find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        files.is_ok_and(|files| {
            files.flatten().any(|file| {
                fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == socket.as_str())
            })
        })
    })
}

/// The machine on which the figures were measured.
#[derive(Debug, Clone)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub kernel: String,
    pub date: String,
    pub command: String,
}

impl Machine {
    /// Must be called before the process is restricted to one CPU.
    pub fn look(arguments: &[String]) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let cpu = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown cpu");
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let mut command = "cargo bench --bench crowd".to_owned();
        if !arguments.is_empty() {
            command = format!("{command} -- {}", arguments.join(" "));
        }
        Self {
            cpu: cpu.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("Linux {}", kernel.trim()),
            date: chrono::Local::now().format("%Y-%m-%d").to_string(),
            command,
        }
    }
}

/// Raises the limit on open files as far as the kernel allows, and to `needed` at least.
pub fn raise_file_limit(needed: usize) -> Result<()> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    if limit < needed as u64 {
        return Err(Fault(format!("{needed} open files are needed, {limit} allowed (ulimit -n)")));
    }
    Ok(())
}
