//! A program that speaks JSON lines with the real binary, and keeps what it was sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::Client;
use crate::schema::Schema;

/// What objects and codes were seen, in all connections of a test.
pub struct Seen {
    schema: Schema,
    types: BTreeSet<String>,
    codes: BTreeSet<String>,
}

impl Seen {
    pub fn new() -> Self {
        let (types, codes) = Default::default();
        Self { schema: Schema::of_the_page(), types, codes }
    }

    fn note(&mut self, object: &Value) {
        self.schema.check(object).unwrap_or_else(|fault| panic!("{fault}"));
        let kind = object["type"].as_str().expect("each has a type");
        self.types.insert(kind.into());
        if let Some(code) = object["code"].as_str() {
            self.codes.insert(format!("{kind} {code}"));
        }
    }

    /// All that the schema knows was seen.
    pub fn expect_all(&self) {
        let types = self.schema.types();
        let missing: Vec<_> = types.iter().filter(|kind| !self.types.contains(*kind)).collect();
        assert!(missing.is_empty(), "no object of the types {missing:?} was seen");
        for kind in ["error", "closing"] {
            let codes = self.schema.codes(kind).into_iter().map(|code| format!("{kind} {code}"));
            let missing: Vec<_> = codes.filter(|code| !self.codes.contains(code)).collect();
            assert!(missing.is_empty(), "{missing:?} were not seen");
        }
    }
}

/// One program.
pub struct Program {
    client: Client,
    tags: u64,
}

impl Program {
    /// Connects to a classic door.
    pub fn at(door: &str, seen: &mut Seen) -> Self {
        let mut client = Client::connect(door);
        client.send("json -p\n");
        let mut program = Self { client, tags: 0 };
        let hello = program.next(seen);
        assert_eq!(hello["type"], "hello");
        program
    }

    /// Connects to a telnet door, with a client that negotiates before it says what it is.
    pub fn at_telnet(door: &str, seen: &mut Seen) -> Self {
        let mut client = Client::connect(door);
        client.send(b"\xff\xfb\x18\xff\xfd\x03json -p\r\n");
        client.raw_bytes_until(b"\n{\"type\":\"hello\"");
        let rest = client.raw_line();
        let mut program = Self { client, tags: 0 };
        program.parse(&format!("{{\"type\":\"hello\"{rest}"), seen);
        program
    }

    /// Connects and takes a name.
    pub fn called(door: &str, name: &str, seen: &mut Seen) -> Self {
        let mut program = Self::at(door, seen);
        let done = program.does(&json!({"do": "name", "name": name}), seen).done();
        assert_eq!(done["name"], name);
        program
    }

    /// Sends what is no command.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.send(bytes);
    }

    /// Asks for something without waiting for the answer; the tag.
    pub fn ask(&mut self, command: &Value) -> String {
        self.tags += 1;
        let tag = format!("tag {}", self.tags);
        let mut command = command.clone();
        command["tag"] = tag.clone().into();
        self.client.send(format!("{command}\n"));
        tag
    }

    /// Asks for something; all that comes up to the answer.
    pub fn does(&mut self, command: &Value, seen: &mut Seen) -> Answer {
        let tag = self.ask(command);
        let mut told = Vec::new();
        loop {
            let object = self.next(seen);
            if object["tag"] == tag.as_str() {
                return Answer { told, last: object };
            }
            told.push(object);
        }
    }

    /// The next object.
    pub fn next(&mut self, seen: &mut Seen) -> Value {
        let line = self.client.raw_line();
        self.parse(&line, seen)
    }

    /// The next object of that type; what comes before it is passed over.
    pub fn until(&mut self, kind: &str, seen: &mut Seen) -> Value {
        loop {
            let object = self.next(seen);
            if object["type"] == kind {
                return object;
            }
        }
    }

    /// The connection ends here.
    pub fn expect_end(&mut self) {
        self.client.expect_end();
    }

    /// Ends what it sends.
    pub fn end_sending(&self) {
        self.client.end_sending();
    }

    fn parse(&mut self, line: &str, seen: &mut Seen) -> Value {
        let line = line.strip_suffix('\n').expect("an object ends in LF");
        assert!(line.starts_with("{\"type\":\""), "the type comes first: {line}");
        let object = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        seen.note(&object);
        object
    }
}

/// What came of a command.
pub struct Answer {
    /// What came before the answer.
    pub told: Vec<Value>,
    /// `done` or `error`.
    pub last: Value,
}

impl Answer {
    /// It was carried out.
    #[track_caller]
    pub fn done(self) -> Value {
        assert_eq!(self.last["type"], "done", "{}", self.last);
        self.last
    }

    /// It was not, and that is why.
    #[track_caller]
    pub fn error(self, code: &str) -> Value {
        assert_eq!(self.last["code"], code, "{}", self.last);
        self.last
    }

    /// The texts of the lines that came.
    pub fn texts(&self) -> Vec<&str> {
        let said = self.told.iter().filter(|object| object["type"] == "said");
        said.map(|object| object["text"].as_str().expect("it has a text")).collect()
    }
}
