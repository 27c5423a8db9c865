//! A program that speaks JSON lines with the real binary, and records what it was sent.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::Client;
use crate::schema::Schema;

/// The objects and codes seen on all connections of a test.
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

    /// Asserts that everything in the schema was seen.
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

/// A program.
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

    /// Connects to a telnet door, with a client that negotiates before it identifies itself.
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

    /// Sends bytes that are not a command.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.client.send(bytes);
    }

    /// Sends a command without waiting for the answer; returns the tag.
    pub fn ask(&mut self, command: &Value) -> String {
        self.tags += 1;
        let tag = format!("tag {}", self.tags);
        let mut command = command.clone();
        command["tag"] = tag.clone().into();
        self.client.send(format!("{command}\n"));
        tag
    }

    /// Sends a command; returns everything up to the answer.
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

    /// Returns the next object.
    pub fn next(&mut self, seen: &mut Seen) -> Value {
        let line = self.client.raw_line();
        self.parse(&line, seen)
    }

    /// Returns the next object of that type; skips those before it.
    pub fn until(&mut self, kind: &str, seen: &mut Seen) -> Value {
        loop {
            let object = self.next(seen);
            if object["type"] == kind {
                return object;
            }
        }
    }

    /// Asserts that the connection ends here.
    pub fn expect_end(&mut self) {
        self.client.expect_end();
    }

    /// Stops sending.
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

/// The answer to a command.
pub struct Answer {
    /// The objects before the answer.
    pub told: Vec<Value>,
    /// `done` or `error`.
    pub last: Value,
}

impl Answer {
    /// Asserts that the command was executed.
    #[track_caller]
    pub fn done(self) -> Value {
        assert_eq!(self.last["type"], "done", "{}", self.last);
        self.last
    }

    /// Asserts that the command was refused, with `code`.
    #[track_caller]
    pub fn error(self, code: &str) -> Value {
        assert_eq!(self.last["code"], code, "{}", self.last);
        self.last
    }

    /// Returns the texts of the lines received.
    pub fn texts(&self) -> Vec<&str> {
        let said = self.told.iter().filter(|object| object["type"] == "said");
        said.map(|object| object["text"].as_str().expect("it has a text")).collect()
    }
}
