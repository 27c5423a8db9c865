//! The measured process: natter, a floor, or a server that is already running.
use crate::callgrind;
use crate::fault::{Fault, Result, While};
use crate::host;
use crate::options::Options;
use crate::wire::Wire;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The first argument of this program when it only starts another: on one CPU, and so that it ends
/// with the benchmark, however that ends.
pub const PINNED: &str = "@pinned";
/// The first argument of this program when it is a floor.
pub const FLOOR: &str = "@floor";
/// The first argument of this program when it is natter's hub without sockets.
pub const NULL_HUB: &str = "@hub";
const START_WAIT: Duration = Duration::from_secs(10);
/// The time that natter has to end when it is asked to.
const END_WAIT: Duration = Duration::from_secs(7);

/// A minimal server, whose cost is unavoidable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Floor {
    /// One `send` of each line to each socket.
    Line,
    /// One `send` of all lines of a round to each socket.
    Batch,
    /// Reads from the senders, and sends what it read to each socket.
    Relay,
    /// Accepts and says OK.
    Greeter,
    /// Not a floor: natter at its classic door, compared with natter at another.
    ClassicDoor,
}

impl Floor {
    pub const ALL: [Self; 4] = [Self::Line, Self::Batch, Self::Relay, Self::Greeter];

    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Batch => "batch",
            Self::Relay => "relay",
            Self::Greeter => "greeter",
            Self::ClassicDoor => "classic-door",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Line => "a send a line",
            Self::Batch => "a send a batch",
            Self::Relay => "bare relay",
            Self::Greeter => "bare greeter",
            Self::ClassicDoor => "its classic door",
        }
    }
}

/// The server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Server,
    Floor(Floor),
}

pub struct Target {
    pub addr: SocketAddr,
    /// `None` if it is not known.
    pub pid: Option<Pid>,
    pub wire: Wire,
    child: Option<Child>,
    /// Where callgrind writes its counts, if natter runs under it.
    counts: Option<Counts>,
}

struct Counts {
    out: PathBuf,
    taken: usize,
}

impl Target {
    pub fn start(
        options: &Options,
        subject: Subject,
        clients: usize,
        floor_arguments: &[usize],
    ) -> Result<Self> {
        match (subject, options.server) {
            (Subject::Server, Some(addr)) => {
                let pid = options.pid.map(Pid::from_raw).or_else(|| host::listener(addr));
                Ok(Self { addr, pid, wire: options.wire, child: None, counts: None })
            }
            (Subject::Server, None) => Self::natter(options, options.wire, clients),
            (Subject::Floor(Floor::ClassicDoor), _) => {
                Self::natter(options, Wire::Classic, clients)
            }
            (Subject::Floor(floor), _) => {
                let numbers = floor_arguments.iter().map(usize::to_string);
                let numbers: Vec<_> = numbers.collect();
                let mut arguments = vec![FLOOR, floor.word()];
                arguments.extend(numbers.iter().map(String::as_str));
                let wire = if floor == Floor::Greeter { Wire::Classic } else { Wire::Raw };
                let program = std::env::current_exe()?;
                Self::spawn(options, wire, &program.to_string_lossy(), &arguments)
            }
        }
    }

    /// Starts natter with one door, where `wire` is spoken.
    fn natter(options: &Options, wire: Wire, clients: usize) -> Result<Self> {
        let clients = clients.to_string();
        let doors = match wire {
            Wire::Telnet => ["--classic", "off", "--telnet", "127.0.0.1:0"],
            _ => ["--classic", "127.0.0.1:0", "--telnet", "off"],
        };
        let limits =
            ["--no-flood-limit", "--log", "warn", "--clients", &clients, "--rooms", "1000000"];
        let program = options.binary.to_string_lossy();
        if !options.instructions {
            return Self::spawn(options, wire, &program, &[&doors[..], &limits].concat());
        }
        let out = callgrind::out_file("server");
        let under = callgrind::options(&out).map(|option| option.to_string_lossy().into_owned());
        let mut arguments: Vec<&str> = under.iter().map(String::as_str).collect();
        arguments.push(&program);
        arguments.extend(doors.iter().chain(&limits));
        let mut target = Self::spawn(options, wire, "valgrind", &arguments)?;
        target.counts = Some(Counts { out, taken: 0 });
        Ok(target)
    }

    /// Returns the instructions that natter has executed in user space since the last call.
    pub fn take_instructions(&mut self) -> Result<u64> {
        let (Some(counts), Some(pid)) = (&mut self.counts, self.pid) else {
            return Err("the server does not run under callgrind".into());
        };
        let dump = Command::new("vgdb").arg(format!("--pid={pid}")).arg("dump").output();
        let dump = dump.doing(|| "cannot start vgdb, which is a part of valgrind".to_owned())?;
        if !dump.status.success() {
            return Err(format!("vgdb: {}", String::from_utf8_lossy(&dump.stderr).trim()).into());
        }
        counts.taken += 1;
        let mut path = counts.out.clone().into_os_string();
        path.push(format!(".{}", counts.taken));
        Ok(callgrind::take_count(path.as_ref())?)
    }

    /// Whether it has stopped after SIGSTOP.
    pub fn is_stopped(&self) -> bool {
        self.pid.is_some_and(host::is_stopped)
    }

    /// Whether it was running before the benchmark and continues after it.
    pub fn is_foreign(&self) -> bool {
        self.child.is_none()
    }

    fn spawn(options: &Options, wire: Wire, program: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([PINNED, &options.cpus[0].to_string(), program]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().doing(|| format!("cannot start {program}"))?;
        let stdout = child.stdout.take();
        let pid = i32::try_from(child.id()).map_err(|error| error.to_string())?;
        let mut target = Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            pid: Some(Pid::from_raw(pid)),
            wire,
            child: Some(child),
            counts: None,
        };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, so that the server never waits for a full pipe.
            for line in stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).flatten() {
                let mut words = line.split(' ');
                if let (Some("listening"), Some(_), Some(addr)) =
                    (words.next(), words.next(), words.next())
                {
                    let _ = tell.send(addr.trim().parse());
                }
            }
        });
        target.addr = match told.recv_timeout(START_WAIT) {
            Ok(addr) => addr.doing(|| format!("{program} names no address"))?,
            Err(_) => return Err(target.printed_nothing(program)),
        };
        Ok(target)
    }

    fn printed_nothing(&mut self, program: &str) -> Fault {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        let how = ended.map_or_else(
            || format!("does not say where it listens within {} s", START_WAIT.as_secs()),
            |status| format!("ended before it listened ({status})"),
        );
        Fault(format!("{program} {how}"))
    }

    /// Returns the CPU time that it has used so far.
    pub fn cpu_time(&self) -> Result<Option<Duration>> {
        self.pid.map(host::cpu_time).transpose()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Some(counts) = &self.counts {
            // valgrind removes its pipes only if it ends by itself.
            let _ = signal::kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
            let until = Instant::now() + END_WAIT;
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = std::fs::remove_file(&counts.out);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// `@pinned CPU PROGRAM ARGUMENTS`: executes that program, on that CPU.
pub fn become_pinned(arguments: &[String]) -> Fault {
    let [cpu, program, rest @ ..] = arguments else {
        return "@pinned: what?".into();
    };
    let ready = || {
        set_pdeathsig(Signal::SIGKILL)?;
        host::pin(cpu.parse().map_err(|_| Fault(format!("@pinned {cpu}: no cpu")))?)
    };
    match ready() {
        Ok(()) => {
            let error = Command::new(program).args(rest).exec();
            Fault(format!("cannot start {program}: {error}"))
        }
        Err(fault) => fault,
    }
}
