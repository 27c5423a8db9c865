//! One peer that sends as fast as the default flood limits allow: every command, at either door, in
//! every charset. The work of the hub is counted, not timed.

use std::time::Duration;

use crate::null_hub::{
    Door, HAS_CHINESE_CHARSETS, HAS_JSON, NullHub, Time, flooder_accepted_bytes,
};

/// The first part of the warm-up: what is far too expensive even then is not measured further.
pub const PROBE: Duration = Duration::from_secs(1);
/// The time until the bursts that the limits allow are used up.
const WARM: Duration = Duration::from_secs(8);
/// Twice as long as the hub waits between two full reads of one peer.
pub const COUNTED: Duration = Duration::from_secs(8);

const IAC_DO_ECHO: [u8; 3] = [255, 253, 1];
const IAC_DO_SGA: [u8; 3] = [255, 253, 3];

/// The input of one peer.
pub struct Flood {
    pub name: String,
    door: Door,
    /// Sent first, each part in a separate read.
    setup: Vec<Vec<u8>>,
    /// Sent repeatedly.
    script: Vec<u8>,
    /// How much of it arrives at a time: as much as a read takes, or key by key.
    read_bytes: usize,
}

/// More than one read takes.
const WHOLE_READS: usize = usize::MAX;

/// For each charset, a character that is encoded most slowly if its table is searched linearly.
const CHARSETS: [(&str, &[u8]); 4] = [
    ("utf-8", "劔".as_bytes()),
    ("gbk", &[0x92, 0x58]),
    ("big5", &[0xfa, 0xb5]),
    ("latin1", &[0xe9]),
];

/// Creates a hub whose lobby has `others`, and a history of long lines. Half of them have names
/// that the hub would suggest to a guest, half have names that it would suggest for `mallory`.
pub fn crowded_hub(others: usize) -> NullHub {
    let mut hub = NullHub::with_default_limits(others + 100, Time::Simulated);
    for number in 0..others {
        let member = hub.connect(Door::Classic);
        let stem = if number % 2 == 0 { "guest" } else { "mallory" };
        let name = match number / 2 {
            0 => stem.to_owned(),
            number => format!("{stem}{number}"),
        };
        hub.send(member, format!("{name} -n\n").into_bytes());
        hub.run();
    }
    hub.wait_until_idle();
    for member in 0..100 {
        // Characters that no table has cost as much as those at its end.
        let text = ["劔", "贩"][member % 2].repeat(300);
        hub.send(member, format!("{text} -ta\n").into_bytes());
        hub.wait(Duration::from_secs(1));
    }
    hub
}

/// The progress of [`play`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Begin,
    /// After [`PROBE`].
    Probed,
    /// At the start of the counted time.
    Warm,
    /// After [`COUNTED`].
    End,
}

/// Connects one more peer, which does `flood`, and calls `mark` on the way; `mark` returns whether
/// to continue. Returns the bytes that the peer was sent per second of the counted time; none if
/// that was not reached.
pub fn play(hub: &mut NullHub, flood: &Flood, mut mark: impl FnMut(Mark) -> bool) -> Option<u64> {
    let peer = hub.connect(flood.door);
    for bytes in &flood.setup {
        hub.send(peer, bytes.clone());
        hub.wait(Duration::from_secs(4));
    }
    hub.flood(peer, flood.script.clone(), flood.read_bytes);
    mark(Mark::Begin);
    hub.wait_and_read(peer, PROBE);
    let accepted = mark(Mark::Probed).then(|| {
        hub.wait_and_read(peer, WARM);
        mark(Mark::Warm);
        let before = flooder_accepted_bytes();
        hub.wait_and_read(peer, COUNTED);
        mark(Mark::End);
        flooder_accepted_bytes() - before
    });
    hub.break_last();
    accepted.map(|bytes| bytes / COUNTED.as_secs())
}

/// Returns all floods.
pub fn all() -> Vec<Flood> {
    let mut floods = classic();
    if HAS_JSON {
        floods.extend(programs());
    }
    for (charset, slowest) in CHARSETS {
        if HAS_CHINESE_CHARSETS || matches!(charset, "utf-8" | "latin1") {
            floods.extend(telnet_lines(charset, slowest));
            floods.extend(keys(charset, slowest));
        }
    }
    floods
}

fn classic() -> Vec<Flood> {
    let long = "劔".repeat(330);
    let nobody = [("nameless: mallory -n", "mallory -n\n"), ("nameless: help", "help\n")];
    let named = [
        ("x -ta", "x -ta\n".to_owned()),
        ("LONG -ta", format!("{long} -ta\n")),
        ("LONG -me", format!("{long} -me\n")),
        ("NAME LONG -to", format!("guest1 {long} -to\n")),
        ("who", "who\n".to_owned()),
        ("help", "help\n".to_owned()),
        ("NEW -n", "eve1 -n\neve2 -n\n".to_owned()),
        ("TAKEN -n", "mallory -n\nguest -n\n".to_owned()),
        ("中文 -n", "系統王小明管理員一 -n\n王小明员管理糸充二 -n\n".to_owned()),
        ("кириллица -n", "вовавовавовавова -n\nabvgдвовавовавов -n\n".to_owned()),
        ("ROOM -r", "r1 -r\nr2 -r\n".to_owned()),
        ("rooms", "rooms\n".to_owned()),
        ("LONG -topic", format!("{} -topic\n", "劔".repeat(80))),
        ("unknown", "x\n".to_owned()),
        ("too long", format!("{long}{long}{long}\n")),
        ("empty", "\n".to_owned()),
    ];
    let flood = |name: &str, setup: Vec<Vec<u8>>, script: &str| Flood {
        name: format!("classic: {name}"),
        door: Door::Classic,
        setup,
        script: script.as_bytes().to_vec(),
        read_bytes: WHOLE_READS,
    };
    let nobody = nobody.iter().map(|(name, script)| flood(name, Vec::new(), script));
    let named = named.iter().map(|(name, script)| flood(name, vec![b"eve -n\n".to_vec()], script));
    nobody.chain(named).collect()
}

/// Commands of a program.
fn programs() -> Vec<Flood> {
    let long = "劔".repeat(330);
    let scripts = [
        ("say", r#"{"do":"say","text":"x","tag":"1"}"#.to_owned()),
        ("say LONG", format!(r#"{{"do":"say","text":"{long}"}}"#)),
        ("tell LONG", format!(r#"{{"do":"tell","to":"guest1","text":"{long}"}}"#)),
        ("reply", r#"{"do":"reply","text":"x"}"#.to_owned()),
        (
            "name NEW",
            "{\"do\":\"name\",\"name\":\"e1\"}\n{\"do\":\"name\",\"name\":\"e2\"}".to_owned(),
        ),
        ("name TAKEN", r#"{"do":"name","name":"guest"}"#.to_owned()),
        ("join", "{\"do\":\"join\",\"room\":\"r1\"}\n{\"do\":\"join\",\"room\":\"r2\"}".to_owned()),
        (
            "enter, leave",
            "{\"do\":\"enter\",\"room\":\"r1\"}\n{\"do\":\"leave\",\"room\":\"r1\"}".to_owned(),
        ),
        ("who", r#"{"do":"who"}"#.to_owned()),
        ("rooms", r#"{"do":"rooms"}"#.to_owned()),
        ("last 256", r#"{"do":"last","count":256}"#.to_owned()),
        ("since", r#"{"do":"since","id":"1-1"}"#.to_owned()),
        ("ignore", r#"{"do":"ignore","name":"guest1"}"#.to_owned()),
        ("help", r#"{"do":"help"}"#.to_owned()),
        ("ping", r#"{"do":"ping","tag":"1"}"#.to_owned()),
        ("session", format!(r#"{{"do":"session","id":"{}"}}"#, "0f".repeat(16))),
        ("no JSON", "x".to_owned()),
        ("deep", "[".repeat(900)),
        ("many fields", format!("{{{}}}", r#""a":1,"#.repeat(150))),
        ("escapes", format!(r#"{{"do":"say","text":"{}"}}"#, r"\ud83d\ude00".repeat(80))),
        ("too long", "x".repeat(9_000)),
    ];
    let enter = b"json -p\n{\"do\":\"name\",\"name\":\"eve\"}\n".to_vec();
    let flood = |(name, script): (&str, String)| Flood {
        name: format!("json: {name}"),
        door: Door::Classic,
        setup: vec![enter.clone()],
        script: (script + "\n").into_bytes(),
        read_bytes: WHOLE_READS,
    };
    scripts.into_iter().map(flood).collect()
}

/// Returns the input that switches to `charset`.
fn enter(charset: &str) -> Vec<Vec<u8>> {
    vec![b"eve\r\n".to_vec(), format!("/charset {charset}\r\n").into_bytes()]
}

fn telnet_lines(charset: &str, slowest: &[u8]) -> Vec<Flood> {
    let long = slowest.repeat(900 / slowest.len() / 3);
    let with = |before: &str, after: &str| [before.as_bytes(), &long, after.as_bytes()].concat();
    let scripts: Vec<(&str, Vec<u8>)> = vec![
        ("TEXT", b"x\r\n".to_vec()),
        ("LONG", with("", "\r\n")),
        ("/me LONG", with("/me ", "\r\n")),
        ("/msg NAME LONG", with("/msg guest1 ", "\r\n")),
        ("/msg NOBODY", with("/msg ", " x\r\n")),
        ("/reply", b"/reply x\r\n".to_vec()),
        ("/who", b"/who\r\n".to_vec()),
        ("/help", b"/help\r\n".to_vec()),
        ("/last 256", b"/last 256\r\n".to_vec()),
        ("/name NEW", b"/name eve1\r\n/name eve2\r\n".to_vec()),
        ("/name TAKEN", b"/name mallory\r\n/name guest\r\n".to_vec()),
        ("/ignore", b"/ignore guest1\r\n".to_vec()),
        ("/time", b"/time on\r\n/time full\r\n".to_vec()),
        ("/time ZONE", b"/time America/New_York\r\n/time +8\r\n".to_vec()),
        ("/lang", b"/lang en\r\n/lang zh\r\n".to_vec()),
        ("/color", b"/color on\r\n/color off\r\n".to_vec()),
        ("/charset", format!("/charset latin1\r\n/charset {charset}\r\n").into_bytes()),
        ("/edit", b"/edit on\r\n/edit off\r\n".to_vec()),
        ("/join", b"/join r1\r\n/join r2\r\n".to_vec()),
        ("/leave", b"/join r1\r\n/leave\r\n".to_vec()),
        ("/rooms", b"/rooms\r\n".to_vec()),
        ("/topic LONG", with("/topic ", "\r\n")),
        ("/UNKNOWN", with("/", "\r\n")),
        ("too long", [&slowest.repeat(1_100), &b"\r\n"[..]].concat()),
        ("empty", b"\r\n".to_vec()),
        // Options that it does not know, and "are you there".
        ("negotiation", vec![255, 251, 99, 255, 253, 99, 255, 246]),
    ];
    let flood = |(name, script)| Flood {
        name: format!("telnet, {charset}: {name}"),
        door: Door::Telnet,
        setup: enter(charset),
        script,
        read_bytes: WHOLE_READS,
    };
    scripts.into_iter().map(flood).collect()
}

/// Keys of the line editor, with a line that is nearly full.
fn keys(charset: &str, slowest: &[u8]) -> Vec<Flood> {
    const FIRST: &[u8] = b"\x01";
    const CLEAR_LINE: &[u8] = b"\x15";
    let line = slowest.repeat(900 / slowest.len() / 3);
    let insert = [FIRST, slowest].concat().repeat(100);
    let scripts: [(&str, Vec<u8>); 7] = [
        ("characters", [&slowest.repeat(300), CLEAR_LINE].concat()),
        ("insert first", [&line, &insert[..], CLEAR_LINE].concat()),
        ("erase and type", [b"\x7f", slowest].concat()),
        ("^L", b"\x0c".to_vec()),
        ("^A ^E", b"\x01\x05".to_vec()),
        ("up, down", b"\x1b[A\x1b[B".to_vec()),
        ("tab", b"mallory\t\x15".to_vec()),
    ];
    let mut setup = enter(charset);
    setup.push(b"/edit on\r\n".to_vec());
    setup.push([IAC_DO_ECHO, IAC_DO_SGA].concat());
    setup.push([&line[..], b"\r"].concat());
    setup.push(line);
    let flood = |(name, script)| Flood {
        name: format!("telnet editor, {charset}: {name}"),
        door: Door::Telnet,
        setup: setup.clone(),
        script,
        // Each key is echoed before the next arrives, which is the most expensive way.
        read_bytes: 1,
    };
    scripts.into_iter().map(flood).collect()
}
