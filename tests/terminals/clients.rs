//! Each client joins, speaks Chinese and English, receives a message while typing, and leaves.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use natter::clock::Stamp;
use natter::zone::{Zone, Zones};

use crate::common::{Screen, TempPath, find_tool, output, skip_without};
use crate::{Story, port, start};

/// The peculiarities of a client.
struct Habits {
    /// Its command line, with 2323 for the port.
    command: &'static str,
    /// What it shows before any output of the server.
    greeting: &'static [&'static str],
    /// What it shows when the server has closed the connection; empty if nothing.
    ending: &'static [&'static str],
    /// Some Chinese that it transmits correctly.
    chinese: [&'static str; 2],
}

const CHINESE: [&str; 2] = ["小明", "你好，未来！"];

const ROWS: u16 = 24;

/// Lets a user with this client enter a room where bob is, and both talk.
fn talk(habits: &Habits) {
    let server = start();
    let mut bob = server.enter("bob");
    let command = habits.command.replace("2323", port(&server));
    let Some(screen) = Screen::open((80, ROWS), &command) else { return };
    let greeting: Vec<_> =
        habits.greeting.iter().map(|row| row.replace("2323", port(&server))).collect();
    let mut story = Story::begin(screen, ROWS, greeting);
    let [name, words] = habits.chinese;

    let zone = Zones::new().offset(Zone::LOCAL, Stamp::from(SystemTime::now()));
    story.tells(&[&format!("natter · 1 here: bob · times are in {zone} · /help"), "name: █"]);
    story.screen.enter(name);
    story.tells(&[&format!("name: {name}"), "> █"]);
    bob.expect(&format!("[T] system: {name} joined"));

    bob.say("hi -ta");
    bob.expect("[T] bob:hi");
    story.tells(&["[T] bob: hi", "> █"]);
    for said in ["hello", words] {
        story.screen.enter(said);
        story.tells(&[&format!("> {said}"), &format!("[T] {name}: {said}"), "> █"]);
        bob.expect(&format!("[T] {name}:{said}"));
    }

    story.screen.type_in("half 半");
    story.shows(&["> half 半█"]);
    bob.say("you there? 在吗 -ta");
    bob.expect("[T] bob:you there? 在吗");
    // The client still has the half line; the screen no longer shows it.
    story.tells(&["[T] bob: you there? 在吗", "> █"]);
    story.screen.enter("a line");
    story.tells(&["> a line", &format!("[T] {name}: half 半a line"), "> █"]);
    bob.expect(&format!("[T] {name}:half 半a line"));

    story.screen.enter("/quit");
    story.shows(&[&["> /quit", "goodbye"], habits.ending, &["█"]].concat());
    bob.expect(&format!("[T] system: {name} left"));
}

const TELNET_GREETING: &[&str] =
    &["Trying 127.0.0.1...", "Connected to 127.0.0.1.", "Escape character is '^]'."];
const TELNET_ENDING: &[&str] = &["Connection closed by foreign host."];

#[test]
fn inetutils_telnet_that_only_answers() {
    if find_tool("telnet").is_some() {
        talk(&Habits {
            command: "telnet 127.0.0.1 2323",
            greeting: TELNET_GREETING,
            ending: TELNET_ENDING,
            // It would mistake 来 for its escape character.
            chinese: ["小明", "在这里，有人吗？"],
        });
    }
}

#[test]
fn inetutils_telnet_that_negotiates_first() {
    if find_tool("telnet").is_some() {
        talk(&Habits {
            // A `-` before the port makes it negotiate, and so transmit all eight bits.
            command: "telnet -- 127.0.0.1 -2323",
            greeting: TELNET_GREETING,
            ending: TELNET_ENDING,
            chinese: CHINESE,
        });
    }
}

#[test]
fn plink() {
    if find_tool("plink").is_some() {
        let command = "plink -telnet -P 2323 127.0.0.1";
        talk(&Habits { command, greeting: &[], ending: &[], chinese: CHINESE });
    }
}

#[test]
fn socat() {
    if find_tool("socat").is_some() {
        talk(&Habits {
            command: "socat - TCP:127.0.0.1:2323",
            greeting: &[],
            ending: &[],
            chinese: CHINESE,
        });
    }
}

#[test]
fn netcat_openbsd() {
    if find_tool("nc").is_some() {
        talk(&Habits {
            command: "nc 127.0.0.1 2323",
            greeting: &[],
            ending: &[],
            chinese: CHINESE,
        });
    }
}

#[test]
fn telnetlib3() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/telnetlib3-venv/bin");
    let (python, client) = (folder.join("python3"), folder.join("telnetlib3-client"));
    if !client.is_file() {
        return skip_without("telnetlib3 in target/telnetlib3-venv");
    }
    // Run by its interpreter: the first line of a script names the place where it was installed.
    let command = format!("{} {} 127.0.0.1 2323", python.display(), client.display());
    talk(&Habits {
        command: command.leak(),
        greeting: &["Escape character is '^]'."],
        ending: &["", "Connection closed by foreign host."],
        chinese: CHINESE,
    });
}

#[test]
fn tintin() {
    if let Some(tool) = find_tool("tt++") {
        // Without -G it greets with a screenful.
        let command = format!("{} -G -e '#session n 127.0.0.1 2323'", tool.display());
        talk(&Habits {
            command: command.leak(),
            greeting: &[
                "#TRYING TO CONNECT 'n' TO '127.0.0.1' PORT '2323'.",
                "",
                "#SESSION 'n' CONNECTED TO '127.0.0.1' PORT '2323'",
            ],
            ending: &["#SESSION 'n' DIED.", "#SESSION 'gts' ACTIVATED."],
            chinese: CHINESE,
        });
    }
}

#[test]
fn no_command_reaches_a_client_that_sends_none() {
    for (tool, arguments) in [("nc", "-N 127.0.0.1 2323"), ("socat", "- TCP:127.0.0.1:2323")] {
        let Some(tool) = find_tool(tool) else { continue };
        let server = start();
        let mut command = Command::new(tool);
        command.args(arguments.replace("2323", port(&server)).split(' '));
        let input = TempPath::new(".txt");
        let lines = "小明\nhello\n/who\n/nonsense\n/quit\n";
        fs::write(input.path(), lines).expect("a file can be written");
        command.stdin(File::open(input.path()).expect("it is there"));
        let output = output(command.stdout(Stdio::piped()));
        assert!(!output.stdout.contains(&255), "{:?}", output.stdout.escape_ascii().to_string());
        let text = String::from_utf8(output.stdout).expect("it is UTF-8");
        assert!(text.contains("小明: hello\r\n") && text.ends_with("goodbye\r\n"), "{text:?}");
    }
}
