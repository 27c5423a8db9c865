//! The server's doors as a client sees them: commands to bytes, bytes to lines and words.
//!
//! At the classic door every command ends in a line end. natter then answers in lines; the
//! article's server strips it off, and answers as it always does, without any: there a read is
//! one message, or several where a stamp begins within it. (So somebody who says what looks like a
//! stamp seems to say two lines there. It cannot be told apart.)

use crate::chat::event::Event;
use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::bounds::HEARD_BYTES_MAX;
use crate::client::core::message::has_stamp;
use crate::client::core::telnet;
use crate::door::lang::Lang;
use crate::door::line::{LineBuffer, Piece};
use crate::door::telnet::commands::MARKS;
use crate::text::clean;

/// Which language the server is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The article's.
    Classic,
    /// The one for people who telnet in.
    Telnet,
}

/// What a person can ask of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To be called that.
    Name(String),
    /// To say that to all.
    Say(String),
    /// To do that.
    Act(String),
    /// To say something to one alone.
    Tell {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// To go to that room.
    Join(String),
    /// To go back to the lobby.
    LeaveRoom,
    /// Which rooms there are.
    Rooms,
    /// To have the room be about that; without a text, to be told what it is about.
    Topic(Option<String>),
    /// Who is here.
    Who,
    /// Which commands there are.
    Help,
    /// What only the telnet door knows, as it was typed.
    Other(String),
    /// To leave.
    Exit,
}

/// What came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The name was taken.
    Accepted,
    /// A name is asked for, at the telnet door: the first, or another one.
    Asked,
    /// The answer to leaving.
    Goodbye,
    /// The prompt is that of another room now, at the telnet door.
    Prompt(String),
    /// A line, safe to show.
    Line(String),
}

impl Door {
    /// `command` as it is sent, in one write.
    pub fn encode(self, command: &Command) -> Vec<u8> {
        let line = match (self, command) {
            (Self::Classic, Command::Name(name)) => format!("{name} -n\n"),
            (Self::Classic, Command::Say(text)) => format!("{text} -ta\n"),
            (Self::Classic, Command::Act(text)) => format!("{text} -me\n"),
            (Self::Classic, Command::Tell { to, text }) => format!("{to} {text} -to\n"),
            (Self::Classic, Command::Other(line)) => format!("{line} -ta\n"),
            (Self::Classic, Command::Join(room)) => format!("{room} -r\n"),
            (Self::Classic, Command::LeaveRoom) => format!("{LOBBY_NAME} -r\n"),
            (Self::Classic, Command::Topic(Some(text))) => format!("{text} -topic\n"),
            // Nothing asks for one topic there; the list has them all.
            (Self::Classic, Command::Rooms | Command::Topic(None)) => "rooms\n".into(),
            (Self::Classic, Command::Who) => "who\n".into(),
            (Self::Classic, Command::Help) => "help\n".into(),
            (Self::Classic, Command::Exit) => "exit\n".into(),
            (Self::Telnet, Command::Name(name)) => format!("/name {name}\r\n"),
            (Self::Telnet, Command::Say(text)) if text.starts_with(MARKS) => {
                format!("/{text}\r\n")
            }
            // Text that ends so, or is `exit`, would not be said as it is.
            (Self::Telnet, Command::Say(text)) => format!("{text} -ta\r\n"),
            (Self::Telnet, Command::Other(line)) => format!("{line}\r\n"),
            (Self::Telnet, Command::Act(text)) => format!("/me {text}\r\n"),
            (Self::Telnet, Command::Tell { to, text }) => format!("/msg {to} {text}\r\n"),
            (Self::Telnet, Command::Join(room)) => format!("/join {room}\r\n"),
            (Self::Telnet, Command::LeaveRoom) => "/leave\r\n".into(),
            (Self::Telnet, Command::Rooms) => "/rooms\r\n".into(),
            (Self::Telnet, Command::Topic(None)) => "/topic\r\n".into(),
            (Self::Telnet, Command::Topic(Some(text))) => format!("/topic {text}\r\n"),
            (Self::Telnet, Command::Who) => "/who\r\n".into(),
            (Self::Telnet, Command::Help) => "/help\r\n".into(),
            (Self::Telnet, Command::Exit) => "/quit\r\n".into(),
        };
        line.into_bytes()
    }
}

/// How the server tells its messages apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// It has not shown yet.
    Unknown,
    /// By nothing: a read is a message.
    Reads,
    /// By line ends.
    Lines,
}

/// The bytes of one connection to what they tell.
pub struct Decoder {
    door: Door,
    framing: Framing,
    lines: LineBuffer,
    /// The beginning of a character that a read cut in two.
    begun: Vec<u8>,
    /// At the telnet door.
    rows: telnet::Rows,
}

impl Decoder {
    /// For a connection that has just been made.
    pub fn new(door: Door) -> Self {
        let (lines, begun, rows) = Default::default();
        Self { door, framing: Framing::Unknown, lines, begun, rows }
    }

    /// Appends what `read` tells, which is what one read brought, to `heard`.
    pub fn decode(&mut self, read: &[u8], heard: &mut Vec<Heard>) {
        if self.door == Door::Telnet {
            return self.decode_rows(read, heard);
        }
        let mut read = read;
        match self.framing {
            // At the article's server, what people say may hold line ends. But the first answer is
            // the server's own, so it decides for good.
            Framing::Unknown if is_ended_answer(read) => self.framing = Framing::Lines,
            Framing::Unknown => self.framing = Framing::Reads,
            Framing::Reads if read.starts_with(b"\r\n") => {
                // That was the end of a line that came in two parts.
                self.framing = Framing::Lines;
                read = &read[2..];
            }
            Framing::Reads | Framing::Lines => {}
        }
        match self.framing {
            Framing::Lines => self.decode_lines(read, heard),
            Framing::Reads | Framing::Unknown => self.decode_read(read, heard),
        }
    }

    /// Whether the server sends no line ends, which natter does.
    pub fn frames_nothing(&self) -> bool {
        self.framing == Framing::Reads
    }

    /// The connection has ended: what was not ended is told.
    pub fn finish(&mut self, heard: &mut Vec<Heard>) {
        if let Some(piece) = self.lines.finish() {
            heard.extend(understood(&piece));
        }
    }

    fn decode_rows(&mut self, read: &[u8], heard: &mut Vec<Heard>) {
        let mut pieces = Vec::new();
        self.rows.take(read, &mut pieces);
        for piece in pieces {
            match piece {
                telnet::Piece::Ready => heard.push(Heard::Accepted),
                telnet::Piece::Name => heard.push(Heard::Asked),
                telnet::Piece::Room(room) => heard.push(Heard::Prompt(room)),
                telnet::Piece::Line(line) if is_goodbye(&line) => heard.push(Heard::Goodbye),
                telnet::Piece::Line(line) => heard.extend(shown(&line)),
            }
        }
    }

    fn decode_lines(&mut self, mut read: &[u8], heard: &mut Vec<Heard>) {
        while !read.is_empty() {
            let (taken, piece) = self.lines.next(read, HEARD_BYTES_MAX);
            read = &read[taken..];
            if let Some(piece) = piece {
                heard.extend(understood(&piece));
            }
        }
        self.lines.release();
    }

    fn decode_read(&mut self, read: &[u8], heard: &mut Vec<Heard>) {
        let mut message = std::mem::take(&mut self.begun);
        message.extend_from_slice(read);
        self.begun = message.split_off(message.len() - begun_bytes(&message));
        let starts = memchr::memchr_iter(b'[', &message).filter(|&at| has_stamp(&message[at..]));
        let ends: Vec<usize> = starts.filter(|&at| at > 0).chain([message.len()]).collect();
        let mut from = 0;
        for end in ends {
            for line in message[from..end].split(|&byte| byte == b'\n') {
                heard.extend(understood(&Piece::Line(line)));
            }
            from = end;
        }
    }
}

/// Whether `line` is the last word of the telnet door.
fn is_goodbye(line: &[u8]) -> bool {
    [Lang::En, Lang::Zh].iter().any(|lang| line == lang.goodbye().as_bytes())
}

/// Whether `read` begins with an answer that has a line end.
fn is_ended_answer(read: &[u8]) -> bool {
    read.starts_with(b"OK\r\n") || (has_stamp(read) && read.ends_with(b"\n"))
}

/// What the article's server begins its private answers with: 系统 in GB2312, and a colon.
const SYSTEM_GB2312: &[u8] = b"\xcf\xb5\xcd\xb3:";

fn understood(piece: &Piece<'_>) -> Option<Heard> {
    let line = match piece {
        Piece::Line(b"OK") => return Some(Heard::Accepted),
        Piece::Line(b"exit") => return Some(Heard::Goodbye),
        Piece::TooLong => return Some(Heard::Line("…".into())),
        // Only a telnet door has these.
        Piece::Stray(_) | Piece::Complete => return None,
        Piece::Line(line) => line,
    };
    let system = memchr::memmem::find(line, SYSTEM_GB2312).filter(|_| has_stamp(line));
    let Some(at) = system else { return shown(line) };
    let mut read = line[..at].to_vec();
    // It has one thing to say in GB2312.
    let written = Lang::Zh.write(&Event::NotUnderstood, &mut read);
    written.expect("writing to memory does not fail");
    shown(&read)
}

/// `line` as it can be shown, if anything can.
fn shown(line: &[u8]) -> Option<Heard> {
    let mut text = String::new();
    clean(line, &mut text);
    (!text.trim().is_empty()).then_some(Heard::Line(text))
}

/// How many bytes at the end of `bytes` begin a character whose rest is to come.
fn begun_bytes(bytes: &[u8]) -> usize {
    let is_begun = |&length: &usize| {
        let Some(&lead) = bytes.len().checked_sub(length).and_then(|at| bytes.get(at)) else {
            return false;
        };
        let needed = match lead {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        let rest = &bytes[bytes.len() - length + 1..];
        needed > length && rest.iter().all(|byte| byte & 0xc0 == 0x80)
    };
    (1..=3).find(is_begun).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(door: Door, reads: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut heard) = (Decoder::new(door), Vec::new());
        reads.iter().for_each(|read| decoder.decode(read, &mut heard));
        decoder.finish(&mut heard);
        let shown = heard.into_iter().map(|heard| match heard {
            Heard::Accepted => "<in>".into(),
            Heard::Asked => "<asked>".into(),
            Heard::Goodbye => "<out>".into(),
            Heard::Prompt(room) => format!("<in {room}>"),
            Heard::Line(line) => line.replace("[2026-11-23 09:11:38]", "[T]"),
        });
        shown.collect()
    }

    const NATTER: &str = "OK\r\n[2026-11-23 09:11:38] a:[2026-11-23 09:11:38] b:c\r\n\
        [2026-11-23 09:11:38] 小明:大家好\r\nexit\r\n";
    const NATTER_TOLD: [&str; 4] = ["<in>", "[T] a:[T] b:c", "[T] 小明:大家好", "<out>"];

    #[test]
    fn natters_lines_are_the_same_at_every_split_point() {
        let stream = NATTER.as_bytes();
        assert_eq!(heard(Door::Classic, &[stream]), NATTER_TOLD);
        for cut in 2..stream.len() {
            let (before, after) = stream.split_at(cut);
            if cut != 3 {
                assert_eq!(heard(Door::Classic, &[before, after]), NATTER_TOLD, "cut at {cut}");
            }
        }
        let refusal = "[2026-11-23 09:11:38] system: that name is taken; a2 is free\r\n";
        let both = [refusal.as_bytes(), b"OK\r\n"];
        assert_eq!(heard(Door::Classic, &both)[1..], ["<in>"]);
    }

    #[test]
    fn the_articles_messages_are_told_apart_by_reads_and_stamps() {
        let stamp = "[2026-11-23 09:11:38] ";
        let glued = format!("OK{stamp}小明:你好{stamp}b:x [1] y{stamp}系统:用户c退出聊天室!");
        let reads = [glued.as_bytes(), stamp.as_bytes(), b"exit"];
        let told = ["<in>", "[T] 小明:你好", "[T] b:x [1] y", "[T] 系统:用户c退出聊天室!"];
        assert_eq!(heard(Door::Classic, &reads)[..4], told);
        assert_eq!(heard(Door::Classic, &reads)[4..], ["[T] ", "<out>"]);
    }

    #[test]
    fn a_line_end_in_what_somebody_says_does_not_make_the_server_send_lines() {
        let said = b"[2026-11-23 09:11:38] a:one\ntwo\n";
        let told = ["<in>", "[T] a:one", "two", "[T] a:one", "two", "<out>"];
        assert_eq!(heard(Door::Classic, &[b"OK", said, said, b"exit"]), told);
    }

    #[test]
    fn a_character_that_two_reads_share_is_one() {
        let message = "[2026-11-23 09:11:38] a:大🦀é".as_bytes();
        for cut in 22..message.len() {
            let (before, after) = message.split_at(cut);
            let told = heard(Door::Classic, &[b"OK", before, after]).concat();
            assert_eq!(told, "<in>[T] a:大🦀é", "cut at {cut}");
        }
    }

    #[test]
    fn the_articles_answer_in_gb2312_is_read() {
        let mut answer = b"[2026-11-23 09:11:38] ".to_vec();
        answer.extend_from_slice(SYSTEM_GB2312);
        answer.extend_from_slice(b"\xce\xde\xb7\xa8\xca\xb6\xb1\xf0!");
        let told = ["<in>", "[T] 系统:无法识别您的指令,请重新输入!"];
        assert_eq!(heard(Door::Classic, &[b"OK", &answer]), told);
    }

    #[test]
    fn what_no_terminal_may_obey_is_left_out_and_length_is_bounded() {
        let evil = b"OK\r\n[2026-11-23 09:11:38] a:\x1b[2J\x07b\xffc\r\n\r\n";
        assert_eq!(heard(Door::Classic, &[evil]), ["<in>", "[T] a:[2Jb"]);
        let long = "x".repeat(HEARD_BYTES_MAX + 1) + "\r\nshort\r\n";
        assert_eq!(heard(Door::Classic, &[b"OK\r\n", long.as_bytes()]), ["<in>", "…", "short"]);
    }

    #[test]
    fn at_the_telnet_door_prompts_are_answers() {
        let stream = b"\r\0\x1b[Knatter\r\nname: \r\0\x1b[K> \r\0\x1b[K[09:11] a: b\x07\r\n> ";
        let told = ["natter", "<asked>", "<in>", "[09:11] a: b"];
        assert_eq!(heard(Door::Telnet, &[stream]), told);
    }

    #[test]
    fn anything_at_all_is_survived() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..2_000 {
            let door = if random.bool() { Door::Classic } else { Door::Telnet };
            let reads: Vec<Vec<u8>> = (0..random.usize(1..6))
                .map(|_| {
                    let mut part = NATTER.as_bytes()[random.usize(..60)..].to_vec();
                    part.truncate(random.usize(..40));
                    part.extend((0..random.usize(..8)).map(|_| random.u8(..)));
                    part
                })
                .collect();
            heard(door, &reads.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_command_is_what_the_door_takes() {
        let say = |text: &str| Command::Say(text.into());
        assert_eq!(Door::Classic.encode(&say("hi you")), b"hi you -ta\n");
        assert_eq!(Door::Classic.encode(&Command::Exit), b"exit\n");
        let tell = Command::Tell { to: "b".into(), text: "psst".into() };
        assert_eq!(Door::Classic.encode(&tell), b"b psst -to\n");
        assert_eq!(Door::Telnet.encode(&say("/me")), b"//me\r\n");
        assert_eq!(Door::Telnet.encode(&say("exit")), b"exit -ta\r\n");
        assert_eq!(Door::Telnet.encode(&say("、me")), "/、me\r\n".as_bytes());
        assert_eq!(Door::Telnet.encode(&Command::Name("b".into())), b"/name b\r\n");
        assert_eq!(Door::Telnet.encode(&Command::Exit), b"/quit\r\n");
        let topic =
            |text: &str| Command::Topic(Some(text).filter(|it| !it.is_empty()).map(Into::into));
        for (command, classic, telnet) in [
            (Command::Join("tea".into()), "tea -r", "/join tea"),
            (Command::LeaveRoom, "lobby -r", "/leave"),
            (Command::Rooms, "rooms", "/rooms"),
            (topic("green tea"), "green tea -topic", "/topic green tea"),
            (topic(""), "rooms", "/topic"),
        ] {
            assert_eq!(Door::Classic.encode(&command), format!("{classic}\n").as_bytes());
            assert_eq!(Door::Telnet.encode(&command), format!("{telnet}\r\n").as_bytes());
        }
    }
}
