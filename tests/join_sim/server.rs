//! A server at the other end of a simulated link: it implements JSON lines as in
//! `docs/protocol.md`, or the article's server, without using natter's server code.

use std::collections::VecDeque;

use fastrand::Rng;
use natter::json::{Fields, Object, read};

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Speaks JSON lines, and sends nothing before it is asked.
    Classic,
    /// Speaks JSON lines, and sends a greeting first.
    Telnet,
    /// The same, but it is restarted now and then, and has forgotten everything.
    Forgetful,
    /// The article's: a read is a command, and nothing is known of an earlier connection.
    Article,
}

/// One connection.
#[derive(Default)]
struct Connection {
    /// Data from the client in transit.
    coming: VecDeque<Vec<u8>>,
    /// The part of a line that has arrived.
    line: Vec<u8>,
    /// Data to the client in transit.
    going: VecDeque<u8>,
    is_json: bool,
    has_name: bool,
    is_closed: bool,
}

/// The server, with one client on any number of connections.
pub struct Server {
    kind: Kind,
    /// All lines, with their authors.
    log: Vec<(String, String)>,
    /// Lines before this one are no longer stored.
    forgotten: usize,
    /// The last number of the session.
    number: u64,
    connection: Connection,
    /// Connections that the client has given up: data in transit may still arrive.
    lost: Vec<Connection>,
}

impl Server {
    pub fn new(kind: Kind) -> Self {
        let (log, forgotten, number, connection, lost) = Default::default();
        Self { kind, log, forgotten, number, connection, lost }
    }

    pub fn frames_nothing(&self) -> bool {
        self.kind == Kind::Article
    }

    pub fn has_forgotten(&self) -> bool {
        self.forgotten > 0
    }

    /// Returns all lines in order, with their authors.
    pub fn log(&self) -> &[(String, String)] {
        &self.log
    }

    /// Accepts a connection of the client.
    pub fn accept(&mut self) {
        self.connection = Connection::default();
        if matches!(self.kind, Kind::Telnet | Kind::Forgetful) {
            let greeting = b"\xff\xfb\x01\r\0\x1b[Knatter \xc2\xb7 1 here: bob\r\nname: ";
            self.connection.going.extend(greeting);
        }
    }

    /// Notes that the connection is lost.
    pub fn lose(&mut self) {
        self.lost.push(std::mem::take(&mut self.connection));
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed
    }

    /// Accepts `bytes` from the client for transit.
    pub fn sent(&mut self, bytes: Vec<u8>) {
        self.connection.coming.push_back(bytes);
    }

    /// Lets some of the data in transit arrive.
    pub fn pass(&mut self, random: &mut Rng) {
        let mut connection = std::mem::take(&mut self.connection);
        self.arrive(&mut connection, random);
        self.connection = connection;
    }

    /// Lets some of the data on lost connections arrive, or drops it.
    pub fn pass_lost(&mut self, random: &mut Rng) {
        if self.kind == Kind::Forgetful && random.u16(..2_000) == 0 {
            (self.number, self.forgotten) = (0, self.log.len());
            (self.connection.is_closed, self.connection.has_name) = (true, false);
            self.connection.coming.clear();
            self.lost.clear();
        }
        let mut lost = std::mem::take(&mut self.lost);
        lost.retain_mut(|connection| {
            if random.u8(..4) == 0 {
                self.arrive(connection, random);
            }
            !connection.is_closed && random.u8(..20) > 0
        });
        // The connection that took over the session has ended those.
        if !self.connection.has_name {
            self.lost = lost;
        }
    }

    fn arrive(&mut self, connection: &mut Connection, random: &mut Rng) {
        if connection.is_closed {
            return;
        }
        let Some(mut bytes) = connection.coming.pop_front() else { return };
        if self.kind == Kind::Article {
            return self.execute_article(connection, &bytes);
        }
        let rest = bytes.split_off(random.usize(..=bytes.len()));
        if !rest.is_empty() {
            connection.coming.push_front(rest);
        }
        for byte in bytes {
            connection.line.push(byte);
            if byte == b'\n' {
                let line = std::mem::take(&mut connection.line);
                self.execute(connection, &line);
            }
        }
    }

    /// Takes some of the data in transit to the client.
    pub fn take_answer(&mut self, random: &mut Rng) -> Vec<u8> {
        let going = &mut self.connection.going;
        // Without framing, a message cut in two is two messages.
        let length =
            if self.kind == Kind::Article { going.len() } else { random.usize(..=going.len()) };
        going.drain(..length).collect()
    }

    /// Lets `name` say `text`.
    pub fn say(&mut self, name: &str, text: &str) {
        let mut connection = std::mem::take(&mut self.connection);
        self.said(name, text, &mut connection);
        self.connection = connection;
    }

    fn said(&mut self, name: &str, text: &str, to: &mut Connection) {
        self.log.push((name.into(), text.into()));
        if !to.has_name {
            return;
        }
        if self.kind == Kind::Article {
            to.going.extend(format!("[2026-11-23 09:11:38] {name}:{text}").bytes());
        } else {
            self.show(self.log.len() - 1, false, to);
        }
    }

    /// Shows line `index` of the log.
    fn show(&self, index: usize, is_earlier: bool, to: &mut Connection) {
        let (name, text) = &self.log[index];
        let id = format!("{}-{index}", self.forgotten);
        let mut out = Vec::new();
        let mut object = Object::new(&mut out);
        object.text("type", "said").text("room", "lobby").text("id", &id);
        object.text("time", "2026-11-24T08:02:03.042Z").text("name", name).text("text", text);
        object.texts("flags", is_earlier.then_some("earlier")).end();
        to.going.extend(out);
    }

    fn execute(&mut self, connection: &mut Connection, line: &[u8]) {
        if !connection.is_json {
            connection.is_json = line == b"json -p\n";
            let hello = b"\n{\"type\":\"hello\",\"server\":\"natter\",\"line_bytes_max\":1024}\n";
            if connection.is_json {
                connection.going.extend(hello);
            }
            return;
        }
        let Ok(fields) = read(line) else {
            let error = b"{\"type\":\"error\",\"code\":\"bad-json\",\"text\":\"no object\"}\n";
            return connection.going.extend(error);
        };
        let mut done = Vec::new();
        let mut object = Object::new(&mut done);
        object.text("type", "done").text("tag", &fields.text("tag").unwrap_or_default());
        match &*fields.text("do").expect("it asks for something") {
            "session" => {
                self.lost.clear();
                object.number("n", self.number);
            }
            "name" => {
                connection.has_name = true;
                let entered = b"{\"type\":\"entered\",\"room\":\"lobby\",\"count\":2}\n";
                connection.going.extend(entered);
                object.text("name", "alice");
            }
            "say" => self.execute_say(connection, &fields),
            "who" => {}
            "last" => {
                let count =
                    usize::try_from(fields.number("count").expect("a number")).expect("few");
                let from = self.log.len().saturating_sub(count).max(self.forgotten);
                (from..self.log.len()).for_each(|index| self.show(index, true, connection));
            }
            "since" => {
                let id = fields.text("id").expect("a line").into_owned();
                let known = (self.forgotten..self.log.len())
                    .find(|index| format!("{}-{index}", self.forgotten) == id);
                let from = known.map_or(self.forgotten, |index| index + 1);
                (from..self.log.len()).for_each(|index| self.show(index, true, connection));
                object.flag("complete", known.is_some());
            }
            "exit" => {
                connection.is_closed = true;
                let closing = b"{\"type\":\"closing\",\"code\":\"exit\",\"text\":\"goodbye\"}\n";
                return connection.going.extend(closing);
            }
            other => panic!("{other} is not asked for here"),
        }
        object.end();
        connection.going.extend(done);
    }

    fn execute_say(&mut self, connection: &mut Connection, fields: &Fields<'_>) {
        assert!(connection.has_name, "nothing is said without a name");
        let number = fields.number("n").expect("lines are numbered");
        if number > self.number {
            self.number = number;
            let text = fields.text("text").expect("something is said").into_owned();
            self.said("alice", &text, connection);
        }
    }

    fn execute_article(&mut self, connection: &mut Connection, read: &[u8]) {
        let read = String::from_utf8_lossy(read);
        match read.trim().rsplit_once(' ') {
            Some((_, "-n")) => {
                connection.has_name = true;
                connection.going.extend(b"OK");
            }
            Some((text, "-ta")) => self.said("alice", text, connection),
            None if read.trim() == "exit" => {
                connection.is_closed = true;
                connection.going.extend(b"exit");
            }
            _ => {}
        }
    }
}
