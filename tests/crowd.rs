//! A thousand clients, some of which never read: all others get every line, in one order.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use common::{Client, PATIENCE, Server, skip_here, without_stamps};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

const READERS: usize = 1_000;
const DEAF: usize = 50;
const SPEAKERS: usize = 10;
/// So many that clients that do not read fall behind the kernel's buffers.
const ROUNDS: usize = 30;

/// Readers served by one thread.
struct Crowd {
    poll: Poll,
    readers: Vec<Reader>,
}

struct Reader {
    stream: TcpStream,
    unread: Vec<u8>,
    is_in: bool,
    /// The lines said, in the order of arrival.
    said: Vec<String>,
}

impl Crowd {
    /// Lets `count` users enter.
    fn enter(door: &str, count: usize) -> Self {
        let poll = Poll::new().expect("there is epoll");
        let door: SocketAddr = door.parse().expect("the door is an address");
        let readers = (0..count).map(|number| {
            let mut stream = TcpStream::connect(door).expect("the door is open");
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(number), interest).expect("it is new");
            Reader { stream, unread: Vec::new(), is_in: false, said: Vec::new() }
        });
        let readers = readers.collect();
        let mut crowd = Self { poll, readers };
        let mut is_asked = vec![false; count];
        crowd.serve_until(
            |number, reader| {
                if !is_asked[number] && reader.stream.peer_addr().is_ok() {
                    reader.say(&format!("p{number} -n"));
                    is_asked[number] = true;
                }
            },
            |reader| reader.is_in,
        );
        crowd
    }

    /// Serves everyone until all are `done`; calls `each` with the reader of an event.
    fn serve_until(
        &mut self,
        mut each: impl FnMut(usize, &mut Reader),
        done: impl Fn(&Reader) -> bool,
    ) {
        let deadline = Instant::now() + PATIENCE * 2;
        let mut events = Events::with_capacity(1_024);
        let mut waiting = self.readers.iter().filter(|reader| !done(reader)).count();
        while waiting > 0 {
            assert!(Instant::now() < deadline, "{waiting} still wait");
            self.poll.poll(&mut events, Some(PATIENCE)).expect("polling works");
            for event in &events {
                let Token(number) = event.token();
                let reader = &mut self.readers[number];
                let was_done = done(reader);
                each(number, reader);
                reader.read_all();
                if !was_done && done(reader) {
                    waiting -= 1;
                }
            }
        }
    }
}

impl Reader {
    fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        let count = self.stream.write(line.as_bytes()).expect("a line fits");
        assert_eq!(count, line.len());
    }

    fn read_all(&mut self) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server closed a reader"),
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::NotConnected => break,
                Err(error) => panic!("a reader broke: {error}"),
            }
        }
        let Some(end) = self.unread.iter().rposition(|&byte| byte == b'\n') else { return };
        let lines: Vec<u8> = self.unread.drain(..=end).collect();
        let lines = without_stamps(std::str::from_utf8(&lines).expect("lines are UTF-8"));
        for line in lines.split_terminator("\r\n") {
            assert!(!line.contains("skipped"), "nothing is skipped for readers: {line}");
            self.is_in |= line == "OK";
            if !line.starts_with("[T] system: ") && line != "OK" {
                self.said.push(line.to_string());
            }
        }
    }
}

#[test]
fn all_see_every_line_in_one_order_though_some_do_not_read() {
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).expect("the limit can be read");
    if descriptors < (READERS + DEAF + 64) as u64 {
        return skip_here(&format!("{descriptors} descriptors are too few for the crowd"));
    }
    let server = Server::start("--no-flood-limit");
    let mut deaf: Vec<Client> =
        (0..DEAF).map(|number| deaf_reader(&server, &format!("deaf{number}"))).collect();
    let mut crowd = Crowd::enter(server.door(), READERS);
    let text = "x".repeat(1_000);
    for round in 0..ROUNDS {
        for speaker in 0..SPEAKERS {
            crowd.readers[speaker].say(&format!("{round} {text} -ta"));
        }
        let so_far = (round + 1) * SPEAKERS;
        crowd.serve_until(|_, _| (), |reader| reader.said.len() >= so_far);
        assert_eq!(server.process().tasks(), 1, "one thread serves them all");
    }
    let first = crowd.readers[0].said.clone();
    assert_eq!(first.len(), ROUNDS * SPEAKERS);
    for speaker in 0..SPEAKERS {
        let lines = (0..ROUNDS).map(|round| format!("[T] p{speaker}:{round} {text}"));
        let heard = first.iter().filter(|line| line.starts_with(&format!("[T] p{speaker}:")));
        assert!(heard.eq(&lines.collect::<Vec<_>>()), "the lines of each sender keep their order");
    }
    assert!(crowd.readers.iter().all(|reader| reader.said == first), "all saw the same");
    let skipped = |client: &mut Client| {
        client.say("exit");
        client.until("exit").iter().any(|line| line.contains("skipped"))
    };
    assert!(deaf.iter_mut().all(skipped), "lines were skipped for those who did not read");
}

fn deaf_reader(server: &Server, name: &str) -> Client {
    let mut client = Client::connect_narrow(server.door());
    client.name(name);
    client
}

#[test]
fn each_of_three_hundred_users_is_listed_once() {
    let server = Server::start("--no-flood-limit");
    let crowd = Crowd::enter(server.door(), 299);
    let mut asker = server.enter("asker");
    asker.say("who");
    asker.until("[T] system: 300 here:");
    let mut names: Vec<String> = Vec::new();
    while names.len() < 300 {
        let line = asker.line();
        let list = line.strip_prefix("[T] system: ").expect("the system lists them");
        if !list.contains(" joined") {
            assert!(list.len() <= 80, "a line is about as wide as a terminal: {list}");
            names.extend(list.split(", ").map(String::from));
        }
    }
    names.sort();
    let mut expected: Vec<String> = (0..crowd.readers.len()).map(|n| format!("p{n}")).collect();
    expected.push("asker".to_string());
    expected.sort();
    assert_eq!(names, expected);
    asker.say("that is all -ta");
    asker.until("[T] asker:that is all");
}
