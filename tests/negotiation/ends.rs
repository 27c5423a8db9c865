//! Negotiation ends and stays small, whatever the peer does.

use fastrand::Rng;
use natter::door::telnet::protocol::Protocol;

use crate::words::{Decoded, bytes};

const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const OPTIONS: [u8; 12] = [0, 1, 3, 6, 24, 31, 34, 36, 39, 42, 69, 255];

/// A telnet message: a verb and an option, or a subnegotiation with its payload.
enum Message<'a> {
    Verb(u8, u8),
    Sub(&'a [u8]),
}

/// Parses the messages in `sent`, which contains nothing else.
fn messages(sent: &[u8]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    let mut rest = sent;
    while !rest.is_empty() {
        rest = match rest {
            [IAC, SB, ..] => {
                let end = rest.windows(2).position(|pair| pair == [IAC, SE]);
                let end = end.expect("our subnegotiations are terminated");
                messages.push(Message::Sub(&rest[2..end]));
                &rest[end + 2..]
            }
            [IAC, verb @ WILL..=DONT, option, rest @ ..] => {
                messages.push(Message::Verb(*verb, *option));
                rest
            }
            _ => panic!("neither verb nor subnegotiation: {rest:?}"),
        };
    }
    messages
}

/// Returns a peer's answer to one message.
type Opponent = fn(&Message<'_>, &mut Rng) -> Vec<u8>;

fn agree(message: &Message<'_>, _: &mut Rng) -> Vec<u8> {
    match *message {
        Message::Verb(WILL, option) => vec![IAC, DO, option],
        Message::Verb(WONT, option) => vec![IAC, DONT, option],
        Message::Verb(DO, option) => vec![IAC, WILL, option],
        Message::Verb(_, option) => vec![IAC, WONT, option],
        Message::Sub([42, 1, ..]) => bytes("SB CHARSET 2 'UTF-8' SE"),
        Message::Sub(_) => bytes("SB TTYPE 0 'vt100' SE"),
    }
}

fn refuse(message: &Message<'_>, _: &mut Rng) -> Vec<u8> {
    match *message {
        Message::Verb(WILL | WONT, option) => vec![IAC, DONT, option],
        Message::Verb(_, option) => vec![IAC, WONT, option],
        Message::Sub(_) => bytes("SB CHARSET 3 SE"),
    }
}

/// Requests what is refused, and refuses what is granted.
fn contradict(message: &Message<'_>, _: &mut Rng) -> Vec<u8> {
    match *message {
        // Timing marks are always answered: a loop with them is the peer's own doing.
        Message::Verb(_, 6) => Vec::new(),
        Message::Verb(WILL, option) => vec![IAC, DONT, option],
        Message::Verb(WONT, option) => vec![IAC, DO, option],
        Message::Verb(DO, option) => vec![IAC, WONT, option],
        Message::Verb(_, option) => vec![IAC, WILL, option],
        Message::Sub(_) => bytes("SB CHARSET 1 ';x' SE"),
    }
}

fn parrot(message: &Message<'_>, _: &mut Rng) -> Vec<u8> {
    match *message {
        Message::Verb(verb, option) => vec![IAC, verb, option],
        Message::Sub(payload) => [&[IAC, SB][..], payload, &[IAC, SE]].concat(),
    }
}

/// Sends anything, and sometimes two messages.
fn babble(message: &Message<'_>, rng: &mut Rng) -> Vec<u8> {
    let mut said = Vec::new();
    for _ in 0..rng.usize(..3) {
        let other = Message::Verb(rng.u8(WILL..=DONT), OPTIONS[rng.usize(..OPTIONS.len())]);
        let message = if rng.bool() { message } else { &other };
        let opponent = [agree, refuse, contradict, parrot][rng.usize(..4)];
        said.extend(opponent(message, rng));
    }
    said
}

/// Returns the number of rounds until `protocol` has nothing more to send to `opponent`.
fn rounds(protocol: &mut Protocol, opponent: Opponent, opening: &[u8], pace_ms: u64) -> usize {
    let mut rng = Rng::with_seed(7);
    let mut said = opening.to_vec();
    for round in 0..10_000 {
        let mut decoded = Decoded::default();
        decoded.decode(protocol, &said, round as u64 * pace_ms);
        if decoded.replies.is_empty() {
            return round;
        }
        said = messages(&decoded.replies).iter().flat_map(|to| opponent(to, &mut rng)).collect();
    }
    panic!("it never ends");
}

#[test]
fn negotiation_ends_whatever_the_peer_answers() {
    let everything: Vec<u8> = (0..=u8::MAX)
        .flat_map(|option| [[IAC, WILL, option], [IAC, DO, option]])
        .flatten()
        .collect();
    let common: Vec<u8> =
        OPTIONS.iter().flat_map(|&option| [IAC, DO, option, IAC, WILL, option]).collect();
    for edit in [false, true] {
        for opening in [&[IAC, 241][..], &common, &everything] {
            // At once; slowly; so slowly that each round has a window of its own.
            for pace_ms in [0, 700, 11_000] {
                let play = |opponent: Opponent| {
                    let mut protocol = Protocol::default();
                    if edit {
                        protocol.edit(true, &mut Vec::new());
                    }
                    rounds(&mut protocol, opponent, opening, pace_ms)
                };
                assert!(play(agree) <= 4, "{}", play(agree));
                assert!(play(refuse) <= 4, "{}", play(refuse));
                assert!(play(parrot) <= 6, "{}", play(parrot));
                for opponent in [contradict, babble] {
                    assert!(play(opponent) <= 1_100, "{}", play(opponent));
                }
            }
        }
    }
}

#[test]
fn negotiation_between_two_natters_ends() {
    for seed in 0..200 {
        let mut rng = Rng::with_seed(seed);
        let mut ends = [Protocol::default(), Protocol::default()];
        let mut on_the_way = [Vec::new(), Vec::new()];
        for step in 0..200 {
            let end = rng.usize(..2);
            if step < 20 && rng.u8(..4) == 0 {
                ends[end].edit(rng.bool(), &mut on_the_way[1 - end]);
            }
            if step == 0 && rng.bool() {
                on_the_way[end].extend([IAC, 241]);
            }
            // Only a part of the data in transit arrives, so that messages cross.
            let arrived = rng.usize(..=on_the_way[end].len());
            let arriving: Vec<u8> = on_the_way[end].drain(..arrived).collect();
            let mut decoded = Decoded::default();
            decoded.decode(&mut ends[end], &arriving, 0);
            on_the_way[1 - end].extend(decoded.replies);
        }
        assert!(on_the_way.iter().all(Vec::is_empty), "seed {seed}: {on_the_way:?}");
    }
}

/// Returns random bytes that are often telnet commands.
fn noise(rng: &mut Rng, length: usize) -> Vec<u8> {
    let mut noise = Vec::new();
    while noise.len() < length {
        let option = OPTIONS[rng.usize(..OPTIONS.len())];
        match rng.u8(..8) {
            0..=2 => noise.extend([IAC, rng.u8(WILL..=DONT), option]),
            3 => noise.extend([IAC, SB, option, rng.u8(..8)]),
            4 => noise.extend([IAC, SE]),
            5 => noise.extend(bytes("SB CHARSET 1 ';UTF-8;gbk' SE")),
            6 => noise.extend([IAC, rng.u8(..)]),
            _ => noise.extend((0..rng.usize(..100)).map(|_| rng.u8(..))),
        }
    }
    noise
}

#[test]
fn noise_causes_little_output_however_it_is_cut() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let mut ends = [Protocol::default(), Protocol::default()];
        let mut decoded = [Decoded::default(), Decoded::default()];
        let (mut now_ms, mut count) = (rng.u64(..20_000), 0);
        let start_ms = now_ms;
        for _ in 0..20 {
            let length = rng.usize(1..400);
            let bytes = noise(&mut rng, length);
            count += bytes.len();
            decoded[0].decode(&mut ends[0], &bytes, now_ms);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (part, after) = rest.split_at(rng.usize(1..=rest.len().min(9)));
                decoded[1].decode(&mut ends[1], part, now_ms);
                rest = after;
            }
            assert_eq!(decoded[0], decoded[1], "seed {seed}");
            if rng.bool() {
                let on = rng.bool();
                for (end, decoded) in ends.iter_mut().zip(&mut decoded) {
                    end.edit(on, &mut decoded.replies);
                }
            }
            now_ms += rng.u64(..3_000);
            // Three bytes for each timing mark of three; the longest of the limited answers; our
            // requests, each once, and those of `edit`.
            let windows = usize::try_from((now_ms - start_ms) / 10_000 + 1).expect("it is small");
            let most = count + windows * 32 * 16 + 70 + 20 * 6;
            assert!(decoded[0].replies.len() <= most, "seed {seed}");
            messages(&decoded[0].replies);
        }
    }
}

#[test]
fn a_flood_of_one_command_causes_little_output() {
    for flood in ["DO 9 DONT 9", "AYT", "WILL NAWS WONT NAWS", "WILL CHARSET SB CHARSET 1 ';x' SE"]
    {
        let mut decoded = Decoded::default();
        decoded.decode(&mut Protocol::default(), &bytes(flood).repeat(10_000), 0);
        assert!(decoded.replies.len() <= 9 + 32 * 16, "{flood}: {}", decoded.replies.len());
        assert!(decoded.items.len() <= 32, "{flood}: {}", decoded.items.len());
    }
}
