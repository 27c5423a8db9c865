//! A server without framing, like the article's: a read is a command, a write is a message.
#![allow(dead_code, reason = "each file of tests uses a part of the harness")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use crate::common::PATIENCE;

/// Behaves like the article's server, with a thread for each client, and records what it reads.
pub struct Unframed {
    address: String,
    room: Arc<Mutex<Room>>,
}

#[derive(Default)]
struct Room {
    people: Vec<(String, TcpStream)>,
    /// Every read of every client, unchanged.
    reads: Vec<String>,
    /// Everything that was said.
    said: Vec<String>,
}

impl Unframed {
    /// Listens on a port of its own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let room = Arc::new(Mutex::new(Room::default()));
        let shared = Arc::clone(&room);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let room = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &room));
            }
        });
        Self { address, room }
    }

    /// Returns its address.
    pub fn door(&self) -> &str {
        &self.address
    }

    /// Returns every read so far.
    pub fn reads(&self) -> Vec<String> {
        self.room.lock().expect("no test fails in it").reads.clone()
    }

    /// Returns what was said so far, as `NAME:TEXT`.
    pub fn said(&self) -> Vec<String> {
        self.room.lock().expect("no test fails in it").said.clone()
    }

    /// Waits until there are so many users in the room.
    pub fn wait_for(&self, people: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.room.lock().expect("no test fails in it").people.len() < people {
            assert!(Instant::now() < deadline, "they never enter");
            thread::sleep(PATIENCE / 1_000);
        }
    }

    /// Sends all `messages` to everyone in one write, as TCP may join them.
    pub fn say_at_once(&self, messages: &[&str]) {
        let glued: String = messages.iter().map(|message| stamped(message)).collect();
        self.room.lock().expect("no test fails in it").tell_all(&glued);
    }
}

impl Room {
    fn tell_all(&mut self, message: &str) {
        self.people.retain_mut(|(_, stream)| stream.write_all(message.as_bytes()).is_ok());
    }
}

fn stamped(message: &str) -> String {
    format!("[2026-11-23 09:11:38] {message}")
}

fn serve(mut stream: TcpStream, room: &Mutex<Room>) {
    stream.set_nodelay(true).expect("it is TCP");
    let mut name = String::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let read = String::from_utf8_lossy(&buffer[..count]).to_string();
        let mut room = room.lock().expect("no test fails in it");
        room.reads.push(read.clone());
        let command = read.trim();
        let answer: &[u8] = match command.rsplit_once(' ') {
            None if command == "exit" => {
                room.people.retain(|(other, _)| *other != name);
                room.tell_all(&stamped(&format!("系统:用户{name}退出聊天室!")));
                let _ = stream.write_all(b"exit");
                return;
            }
            // "系统:无法识别", in GB2312.
            None => b"[2026-11-23 09:11:38] \xcf\xb5\xcd\xb3:\xce\xde\xb7\xa8\xca\xb6\xb1\xf0",
            Some((words, "-n")) => {
                name = words.split(' ').next().unwrap_or_default().to_string();
                room.tell_all(&stamped(&format!("系统:{name}加入了聊天")));
                let again = stream.try_clone().expect("a socket can be shared");
                room.people.retain(|(other, _)| *other != name);
                room.people.push((name.clone(), again));
                b"OK"
            }
            Some((text, "-ta")) => {
                room.said.push(format!("{name}:{text}"));
                room.tell_all(&stamped(&format!("{name}:{text}")));
                b""
            }
            Some(_) => b"",
        };
        let _ = stream.write_all(answer);
    }
}
