//! The server under test.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};

use super::{Client, PATIENCE, Process, TempPath};

/// Returns the command of the binary, with `options` (words separated by spaces) and without the
/// tester's locale.
pub fn natter(options: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_natter"));
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    if !options.contains("--telnet") && !options.starts_with("join") && !options.starts_with("log")
    {
        command.args(["--telnet", "off"]);
    }
    command.args(options.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Returns the output of `command`, which must end by itself.
pub fn output(command: &mut Command) -> Output {
    let mut child = command.spawn().expect("the binary starts");
    if end_of(&mut child).is_none() {
        let _ = child.kill();
    }
    child.wait_with_output().expect("it can be waited for")
}

/// Returns how `child` ended, if it ends by itself.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return Some(status);
        }
        thread::sleep(PATIENCE / 1_000);
    }
    None
}

/// A running server; it is killed when this value is dropped.
pub struct Server {
    child: Child,
    doors: Vec<String>,
    telnet_doors: Vec<String>,
    /// Kept open, as by a terminal.
    _stdout: Option<BufReader<ChildStdout>>,
    log: Option<Receiver<String>>,
    logged: Vec<String>,
}

impl Server {
    /// Starts a server with `options`, on a free port of 127.0.0.1 unless they name doors.
    pub fn start(options: &str) -> Self {
        let mut command = natter(options);
        if !options.contains("--classic") {
            command.args(["--classic", "127.0.0.1:0"]);
        }
        Self::spawn(&mut command)
    }

    /// Starts a server with both doors and no flood limits; also returns its telnet door, and the
    /// file that must outlive it.
    pub fn with_both_doors(options: &str) -> (Self, String, TempPath) {
        let path = TempPath::new(".sock");
        let door = path.as_door();
        let server = Self::spawn(&mut natter(&format!(
            "--classic 127.0.0.1:0 --telnet {door} --no-flood-limit {options}"
        )));
        (server, door, path)
    }

    /// Starts `command` and waits until it listens; if its stdout is not piped, does not wait, and
    /// its doors are not known.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let log = child.stderr.take().map(|stderr| {
            let (to, log) = mpsc::channel();
            thread::spawn(move || {
                let lines = BufReader::new(stderr).lines().map_while(Result::ok);
                lines.for_each(|line| drop(to.send(line)));
            });
            log
        });
        let stdout = child.stdout.take().map(BufReader::new);
        let (doors, telnet_doors) = (Vec::new(), Vec::new());
        let mut server =
            Self { child, doors, telnet_doors, _stdout: None, log, logged: Vec::new() };
        if let Some(mut stdout) = stdout {
            server.read_doors(&mut stdout);
            server._stdout = Some(stdout);
        }
        server
    }

    fn read_doors(&mut self, stdout: &mut BufReader<ChildStdout>) {
        loop {
            let mut line = String::new();
            stdout.read_line(&mut line).expect("stdout can be read");
            if let Some(door) = line.strip_prefix("listening classic ") {
                self.doors.push(door.trim_end().to_string());
            } else if let Some(door) = line.strip_prefix("listening telnet ") {
                self.telnet_doors.push(door.trim_end().to_string());
            } else if self.doors.is_empty() && self.telnet_doors.is_empty() {
                panic!("no door, but {line:?}: {}", self.all_log());
            } else {
                return;
            }
        }
    }

    /// Returns its first classic door.
    pub fn door(&self) -> &str {
        &self.doors[0]
    }

    /// Returns all its classic doors.
    pub fn doors(&self) -> &[String] {
        &self.doors
    }

    /// Returns its first telnet door.
    pub fn telnet(&self) -> &str {
        &self.telnet_doors[0]
    }

    /// Connects a client to the first classic door.
    pub fn connect(&self) -> Client {
        Client::connect(self.door())
    }

    /// Connects a client that sends lines and enters as `name`.
    pub fn enter(&self, name: &str) -> Client {
        let mut client = self.connect();
        client.say(&format!("{name} -n"));
        client.expect("OK");
        client
    }

    /// Returns the kernel's view of it.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// Returns its id, for signals.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it can be signalled");
    }

    /// Lowers its limit so that it can open no further descriptor.
    pub fn leave_no_descriptor(&self) {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit { current: Some(self.process().next_descriptor()), maximum };
        prlimit(Some(self.pid()), Resource::Nofile, limit).expect("a limit may be lowered");
    }

    /// Waits for and returns the first log line that contains all `parts`.
    pub fn wait_log(&mut self, parts: &[&str]) -> String {
        let fits = |line: &&String| parts.iter().all(|part| line.contains(part));
        if let Some(line) = self.logged.iter().find(fits) {
            return line.clone();
        }
        let deadline = Instant::now() + PATIENCE;
        let log = self.log.as_ref().expect("stderr is piped");
        loop {
            let patience = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = log.recv_timeout(patience) else {
                panic!("{parts:?} was not logged, but {:#?}", self.logged);
            };
            self.logged.push(line.clone());
            if fits(&&line) {
                return line;
            }
        }
    }

    /// Returns its exit code when it has ended by itself.
    pub fn wait(&mut self) -> i32 {
        let status = end_of(&mut self.child);
        let status =
            status.unwrap_or_else(|| panic!("it does not end; it logged {:#?}", self.logged));
        status.code().expect("it was not killed")
    }

    /// Kills it, and returns everything that it logged.
    pub fn all_log(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.logged.extend(self.log.iter().flatten());
        self.logged.join("\n")
    }

    /// Whether it is still running.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let log = self.all_log();
        if thread::panicking() {
            eprintln!("the server's log:\n{log}");
        }
    }
}
