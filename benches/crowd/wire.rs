//! The protocols of all kinds of servers: what clients send, and how lines look. No other file
//! knows them.
use crate::fault::{Fault, Result};
use memchr::memmem;

/// The length of `[YYYY-MM-DD HH:MM:SS] `, with which classic lines begin.
const STAMP_BYTES: usize = 22;
/// The length of `[HH:MM] `, with which telnet lines begin, after the bytes that clear the row.
const TIME_BYTES: usize = 8;
const CLEAR: &[u8] = b"\r\0\x1b[K";
const STAMP: &[u8; STAMP_BYTES] = b"[2026-11-23 09:11:38] ";

/// The protocol that a measured server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// `NAME -n`, `TEXT -ta`: natter, and the article's server.
    Classic,
    /// A name, then plain lines: natter's telnet door.
    Telnet,
    /// Bare lines, passed on to everyone else: `ncat --chat`.
    Plain,
    /// One channel of an IRC server.
    Irc,
    /// PUBLISH and SUBSCRIBE of a redis server.
    Resp,
    /// No protocol: input is sent out unchanged. The floors.
    Raw,
}

/// What to do after an answer of the server while joining.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Wait,
    Say(Vec<u8>),
    /// In the room; its lines end with these bytes.
    Joined(&'static [u8]),
}

impl Wire {
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "classic" => Self::Classic,
            "telnet" => Self::Telnet,
            "plain" => Self::Plain,
            "irc" => Self::Irc,
            "resp" => Self::Resp,
            _ => {
                let all = "classic, telnet, plain, irc, resp";
                return Err(format!("--wire {name}: one of {all}").into());
            }
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Telnet => "telnet",
            Self::Plain => "plain",
            Self::Irc => "irc",
            Self::Resp => "resp",
            Self::Raw => "raw",
        }
    }

    /// Whether the sender of a line receives it too.
    pub fn echoes(self) -> bool {
        !matches!(self, Self::Plain | Self::Irc)
    }

    /// Whether senders are separate connections, not members of the room.
    pub fn sends_from_outside(self) -> bool {
        self == Self::Resp
    }

    /// Returns the first bytes that a client sends, as soon as it is connected.
    pub fn hello(self, name: &str) -> Vec<u8> {
        match self {
            Self::Classic => format!("{name} -n\r\n").into_bytes(),
            Self::Telnet => format!("{name}\r\n").into_bytes(),
            Self::Irc => format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n").into_bytes(),
            Self::Resp => b"*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\ncrowd\r\n".to_vec(),
            Self::Plain | Self::Raw => Vec::new(),
        }
    }

    /// Returns what a client sends to enter its room.
    pub fn enter(self, room: usize) -> Vec<u8> {
        match self {
            Self::Classic => format!("r{room} -r\r\n").into_bytes(),
            Self::Telnet | Self::Plain | Self::Irc | Self::Resp | Self::Raw => Vec::new(),
        }
    }

    /// Returns the last bytes that a client sends, if the server does not cope with clients that
    /// vanish.
    pub fn goodbye(self) -> &'static [u8] {
        match self {
            Self::Classic | Self::Telnet => b"exit\r\n",
            Self::Irc => b"QUIT\r\n",
            Self::Plain | Self::Resp | Self::Raw => b"",
        }
    }

    /// Whether that was the server's last message to a client that leaves. Not every server closes
    /// the connection then.
    pub fn is_goodbye(self, heard: &[u8]) -> bool {
        match self {
            Self::Classic => heard.trim_ascii_end().ends_with(b"exit"),
            Self::Telnet => heard.ends_with(b"goodbye\r\n"),
            Self::Plain | Self::Irc | Self::Resp | Self::Raw => false,
        }
    }

    /// Returns what to do after `heard`, everything received since the last answer.
    pub fn answer(self, heard: &[u8]) -> Result<Answer> {
        match self {
            Self::Classic => classic_answer(heard),
            Self::Telnet => telnet_answer(heard),
            Self::Irc => irc_answer(heard),
            Self::Plain if heard.ends_with(b"\n") => Ok(Answer::Joined(b"\n")),
            Self::Resp if heard.starts_with(b"-") => Err(refusal(heard)),
            Self::Resp if heard.ends_with(b":1\r\n") => Ok(Answer::Joined(b"\r\n")),
            Self::Plain | Self::Resp => Ok(Answer::Wait),
            Self::Raw => Ok(Answer::Joined(b"\r\n")),
        }
    }

    /// Returns the bytes before and after the text when a client sends it.
    pub fn frame(self, name: &str, text_bytes: usize, line_bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let (before, after) = match self {
            Self::Classic => (String::new(), " -ta\r\n"),
            Self::Telnet => (String::new(), "\r\n"),
            Self::Plain => (String::new(), "\n"),
            Self::Irc => ("PRIVMSG #crowd :".to_owned(), "\r\n"),
            Self::Resp => {
                (format!("*3\r\n$7\r\nPUBLISH\r\n$5\r\ncrowd\r\n${text_bytes}\r\n"), "\r\n")
            }
            Self::Raw => {
                let before = raw_prefix(name, line_bytes.saturating_sub(text_bytes + 2));
                return (before, b"\r\n".to_vec());
            }
        };
        (before.into_bytes(), after.as_bytes().to_vec())
    }

    /// Returns where in `before`, everything before a text, its line begins; the bytes before that
    /// are notices. `None` if no such line begins there.
    pub fn line_start(self, before: &[u8], name: &str, text_bytes: usize) -> Option<usize> {
        let tail = match self {
            Self::Classic => format!("{name}:"),
            Self::Telnet => format!("{name}: "),
            Self::Plain => "> ".to_owned(),
            Self::Irc => " PRIVMSG #crowd :".to_owned(),
            Self::Resp => format!("*3\r\n$7\r\nmessage\r\n$5\r\ncrowd\r\n${text_bytes}\r\n"),
            Self::Raw => String::new(),
        };
        if !before.ends_with(tail.as_bytes()) {
            return None;
        }
        let after_line_end = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let start = match self {
            Self::Classic => before.len().checked_sub(STAMP_BYTES + tail.len())?,
            Self::Telnet => before.len().checked_sub(CLEAR.len() + TIME_BYTES + tail.len())?,
            Self::Resp => before.len() - tail.len(),
            Self::Plain | Self::Irc | Self::Raw => after_line_end,
        };
        let line = &before[start..];
        let sound = match self {
            Self::Classic => {
                line[0] == b'[' && line[..STAMP_BYTES].ends_with(b"] ") && after_line_end <= start
            }
            Self::Telnet => line
                .strip_prefix(CLEAR)
                .is_some_and(|line| line[0] == b'[' && line[..TIME_BYTES].ends_with(b"] ")),
            Self::Plain => line.starts_with(b"<user"),
            Self::Irc => line.starts_with(format!(":{name}!").as_bytes()),
            Self::Resp | Self::Raw => true,
        };
        sound.then_some(start)
    }
}

/// `[2026-11-23 09:11:38] NAME:`, cut or extended to `bytes`.
fn raw_prefix(name: &str, bytes: usize) -> Vec<u8> {
    let mut line = STAMP.to_vec();
    line.extend_from_slice(name.as_bytes());
    line.push(b':');
    line.resize(bytes, b'-');
    line
}

fn classic_answer(heard: &[u8]) -> Result<Answer> {
    if heard == b"OK" || heard.starts_with(b"OK[") {
        return Ok(Answer::Joined(b""));
    }
    for line in heard.split_inclusive(|&byte| byte == b'\n') {
        match line {
            b"OK\r\n" => return Ok(Answer::Joined(b"\r\n")),
            b"OK\n" => return Ok(Answer::Joined(b"\n")),
            // Notices about others who join at the same time.
            [b'[', ..] => {}
            [.., b'\n'] => return Err(refusal(line)),
            _ => {}
        }
    }
    Ok(Answer::Wait)
}

fn telnet_answer(heard: &[u8]) -> Result<Answer> {
    if memmem::find(heard, b"\x1b[K> ").is_some() {
        return Ok(Answer::Joined(b"\r\n> "));
    }
    match memmem::find(heard, b"\x1b[Ksystem: ") {
        Some(at) if heard.ends_with(b"name: ") => Err(refusal(&heard[at..])),
        _ => Ok(Answer::Wait),
    }
}

fn irc_answer(heard: &[u8]) -> Result<Answer> {
    if !heard.ends_with(b"\n") {
        return Ok(Answer::Wait);
    }
    for line in heard.split(|&byte| byte == b'\n') {
        let code = line.split(|&byte| byte == b' ').nth(1);
        match code {
            _ if line.starts_with(b"ERROR") => return Err(refusal(line)),
            Some(b"366") => return Ok(Answer::Joined(b"\r\n")),
            Some(b"001") => return Ok(Answer::Say(b"JOIN #crowd\r\n".to_vec())),
            Some([b'4', a, b]) if *line != *b"" && (*a, *b) != (b'2', b'2') => {
                return Err(refusal(line));
            }
            _ => {}
        }
    }
    Ok(pong(heard).map_or(Answer::Wait, Answer::Say))
}

/// Returns the answer to the last PING among `lines`.
pub fn pong(lines: &[u8]) -> Option<Vec<u8>> {
    let at = if lines.starts_with(b"PING ") { 0 } else { memmem::find(lines, b"\nPING ")? + 1 };
    let token = lines[at + 5..].split(|&byte| byte == b'\n').next()?;
    let mut answer = b"PONG ".to_vec();
    answer.extend_from_slice(token.trim_ascii_end());
    answer.extend_from_slice(b"\r\n");
    Some(answer)
}

/// Whether notices report skipped lines.
pub fn tells_of_skipped(notices: &[u8]) -> bool {
    ["skipped", "略过"].iter().any(|word| memmem::find(notices, word.as_bytes()).is_some())
}

fn refusal(line: &[u8]) -> Fault {
    let shown = String::from_utf8_lossy(&line[..line.len().min(200)]);
    Fault(format!("the server answered: {}", shown.trim()))
}

/// Checks that answers and lines of real servers are recognised.
pub fn self_check() -> Result<()> {
    let answers: [(Wire, &[u8], Option<Answer>); 9] = [
        (Wire::Classic, b"OK\r\n", Some(Answer::Joined(b"\r\n"))),
        (Wire::Classic, b"OK", Some(Answer::Joined(b""))),
        (Wire::Classic, b"[x] system: a\r\nO", Some(Answer::Wait)),
        (Wire::Classic, b"name taken\r\n", None),
        (Wire::Telnet, b"\r\0\x1b[Knatter\r\nname: ", Some(Answer::Wait)),
        (Wire::Telnet, b"name: \r\0\x1b[K> ", Some(Answer::Joined(b"\r\n> "))),
        (Wire::Irc, b":s 001 c :hi\r\n", Some(Answer::Say(b"JOIN #crowd\r\n".to_vec()))),
        (Wire::Irc, b":s 433 * c :in use\r\n", None),
        (
            Wire::Resp,
            b"*3\r\n$9\r\nsubscribe\r\n$5\r\ncrowd\r\n:1\r\n",
            Some(Answer::Joined(b"\r\n")),
        ),
    ];
    for (wire, heard, expected) in answers {
        if wire.answer(heard).ok() != expected {
            return Err(format!(
                "{}: {:?} is misread",
                wire.name(),
                String::from_utf8_lossy(heard)
            )
            .into());
        }
    }
    let starts: [(Wire, &[u8], Option<usize>); 7] = [
        (Wire::Classic, b"[2026-11-23 09:11:38] c00001:", Some(0)),
        (Wire::Classic, b"[x] system: 2 joined\r\n[2026-11-23 09:11:38] c00001:", Some(22)),
        (Wire::Classic, b"[2026-11-23 09:11:38] c00002:", None),
        (Wire::Telnet, b"> \r\0\x1b[K[09:11] c00001: ", Some(2)),
        (Wire::Plain, b"<user7> ", Some(0)),
        (Wire::Irc, b"PING :a\r\n:c00001!~c@h PRIVMSG #crowd :", Some(9)),
        (Wire::Resp, b"*3\r\n$7\r\nmessage\r\n$5\r\ncrowd\r\n$64\r\n", Some(0)),
    ];
    for (wire, before, expected) in starts {
        if wire.line_start(before, "c00001", 64) != expected {
            return Err(format!("{}: the line start is misread", wire.name()).into());
        }
    }
    if pong(b":a b\r\nPING :x y\r\n").as_deref() != Some(b"PONG :x y\r\n") {
        return Err("irc: PING is misread".into());
    }
    Ok(())
}
