//! The process that is measured: natter, a floor, or a server already running.
use crate::fault::{Fault, Result, While};
use crate::host;
use crate::options::Options;
use crate::wire::Wire;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// First argument of this program when it only starts another: on one cpu,
/// and not outliving the benchmark, however that ends.
pub const PINNED: &str = "@pinned";
/// First argument of this program when it is a floor.
pub const FLOOR: &str = "@floor";
/// First argument of this program when it is natter's hub over no sockets.
pub const NULL_HUB: &str = "@hub";
const START_WAIT: Duration = Duration::from_secs(10);

/// A bare server that costs what cannot be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Floor {
    /// One `send` of each line to each socket.
    Line,
    /// One `send` of all lines of a round to each socket.
    Batch,
    /// Reads from the senders, sends what it read on to each socket.
    Relay,
    /// Accepts and says OK.
    Greeter,
    /// No floor: natter at its classic door, beside natter at another.
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

/// Whom to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Server,
    Floor(Floor),
}

pub struct Target {
    pub addr: SocketAddr,
    /// `None` when it cannot be found out.
    pub pid: Option<Pid>,
    pub wire: Wire,
    child: Option<Child>,
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
                Ok(Self { addr, pid, wire: options.wire, child: None })
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

    /// natter with one door, where `wire` is spoken.
    fn natter(options: &Options, wire: Wire, clients: usize) -> Result<Self> {
        let clients = clients.to_string();
        let doors = match wire {
            Wire::Telnet => ["--classic", "off", "--telnet", "127.0.0.1:0"],
            _ => ["--classic", "127.0.0.1:0", "--telnet", "off"],
        };
        let limits = ["--no-flood-limit", "--log", "warn", "--clients", &clients];
        let program = options.binary.to_string_lossy();
        Self::spawn(options, wire, &program, &[&doors[..], &limits].concat())
    }

    /// Whether it was running before us and goes on after us.
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
        };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            // On to the end, so that the server never waits for a full pipe.
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
            Err(_) => return Err(target.is_mute(program)),
        };
        Ok(target)
    }

    fn is_mute(&mut self, program: &str) -> Fault {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        let how = ended.map_or_else(
            || format!("does not say where it listens within {} s", START_WAIT.as_secs()),
            |status| format!("ended before it listened ({status})"),
        );
        Fault(format!("{program} {how}"))
    }

    /// What it has used of its cpu so far.
    pub fn cpu_time(&self) -> Result<Option<Duration>> {
        self.pid.map(host::cpu_time).transpose()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `@pinned CPU PROGRAM ARGUMENTS`: becomes that program, on that cpu.
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
