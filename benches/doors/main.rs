//! The cost of one client at a door: encoding text in its charset, and editing its line.
//!
//! `cargo bench --bench doors [-- --quick]` prints, for each charset, microseconds per KiB of its
//! most expensive character, of which it tries all, and microseconds per key on a line of 1 KiB of
//! the most expensive one that can be typed; then which of these figures are over 50.

use std::env;
use std::time::{Duration, Instant};

use natter::door::charset::{Charset, HAS_CHINESE};
use natter::door::lang::Lang;
use natter::door::telnet::decoder::Decoder;
use natter::text::may_be_shown;

/// The limit of each figure.
const MICROS_MAX: f64 = 50.0;
const KIB: usize = 1024;
/// The maximum length of a typed line.
const LINE_BYTES_MAX: usize = 2 * KIB;
/// The number of bytes of a character that are encoded to find the most expensive one.
const SAMPLE_BYTES: usize = 128;
/// The number of characters that are measured again, each with a whole KiB.
const CANDIDATES: usize = 24;
/// The time between two keys: long enough that the redraw budget is full again.
const KEY_GAP_MS: u64 = 60_000;
/// The client agrees that the server edits its line, on a terminal of 80 columns and 24 rows.
const AGREED: &[u8] = b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0";
const TO_START: &[u8] = b"\x01";
const OTHER_KEY: &[u8] = b"y";
const BACKSPACE: &[u8] = b"\x08";

fn main() {
    let is_quick = env::args().any(|argument| argument == "--quick");
    let (step, runs) = if is_quick { (16, 21) } else { (1, 201) };
    let mut over = Vec::new();
    println!("charset  character  encode µs/KiB  typed      append µs/key  insert µs/key");
    for charset in Charset::ALL {
        if !HAS_CHINESE && matches!(charset, Charset::Gbk | Charset::Big5) {
            continue;
        }
        let (any, encode) = most_expensive(charset, step, runs, |_| true);
        let (typed, _) = most_expensive(charset, step, runs, |c| can_be_typed(charset, c));
        for (character, typed) in [(any, typed), ('x', 'x')] {
            let encode = if character == any { encode } else { encode_micros(charset, 'x', runs) };
            let append = key_micros(charset, typed, false, runs);
            let insert = key_micros(charset, typed, true, runs);
            let name = charset.as_str();
            let [character, typed] = [character, typed].map(|c| format!("U+{:04X}", u32::from(c)));
            println!(
                "{name:7}  {character:9}  {encode:>13.1}  {typed:9}  {append:>13.1}  {insert:>13.1}"
            );
            if [encode, append, insert].iter().any(|&micros| micros > MICROS_MAX) {
                over.push(format!("{name} {character}"));
            }
        }
    }
    let over = if over.is_empty() { "none".to_string() } else { over.join(", ") };
    println!("over {MICROS_MAX} µs: {over}");
}

/// Returns the most expensive character among those that `fits`, and its microseconds per KiB. Of
/// all characters each `step`th is tried.
fn most_expensive(
    charset: Charset,
    step: usize,
    runs: usize,
    fits: impl Fn(char) -> bool,
) -> (char, f64) {
    let mut costs: Vec<(Duration, char)> = ('\u{80}'..=char::MAX)
        .step_by(step)
        .filter(|&c| fits(c))
        .map(|c| (sample(charset, c, SAMPLE_BYTES, 3)[0], c))
        .collect();
    costs.sort_unstable();
    let candidates = costs.iter().rev().take(CANDIDATES);
    let costs = candidates.map(|&(_, c)| (c, encode_micros(charset, c, runs)));
    costs.max_by(|(_, one), (_, other)| one.total_cmp(other)).expect("each has characters")
}

/// Returns the median of the microseconds to encode a KiB of `c`.
fn encode_micros(charset: Charset, c: char, runs: usize) -> f64 {
    micros(sample(charset, c, KIB, runs)[runs / 2])
}

/// Returns how long it takes to encode so many bytes of `c`, in ascending order.
fn sample(charset: Charset, c: char, bytes: usize, runs: usize) -> Vec<Duration> {
    let text = c.to_string().repeat(bytes / c.len_utf8());
    let mut encoded = Vec::with_capacity(2 * bytes);
    let timed = || {
        let start = Instant::now();
        encoded.clear();
        charset.encode(&text, &mut encoded);
        start.elapsed()
    };
    let mut times: Vec<Duration> = std::iter::repeat_with(timed).take(runs).collect();
    times.sort_unstable();
    times
}

/// Whether a client with that charset can type `c`.
fn can_be_typed(charset: Charset, c: char) -> bool {
    may_be_shown(c) && charset.shown(c.to_string()) == c.to_string()
}

/// Returns the median of the microseconds that a key takes on a line of a KiB of `c`: that
/// character at the end, or another one at the start.
fn key_micros(charset: Charset, c: char, in_front: bool, runs: usize) -> f64 {
    let mut character = Vec::new();
    charset.encode(&c.to_string(), &mut character);
    let key = if in_front { OTHER_KEY } else { &character };
    let mut decoder = Decoder::new(Lang::En);
    decoder.enter("lobby");
    decoder.edit(true);
    let mut now_ms = 0;
    let mut press = |decoder: &mut Decoder, keys: &[u8]| {
        now_ms += KEY_GAP_MS;
        let start = Instant::now();
        let (taken, piece) = decoder.next(keys, now_ms, LINE_BYTES_MAX);
        assert!(taken == keys.len() && piece.is_none(), "keys end no line");
        std::hint::black_box(decoder.take_replies());
        start.elapsed()
    };
    press(&mut decoder, AGREED);
    decoder.choose_charset(charset);
    std::hint::black_box(decoder.draw(KEY_GAP_MS));
    press(&mut decoder, &character.repeat(KIB / c.len_utf8()));
    if in_front {
        press(&mut decoder, TO_START);
    }
    let mut times = Vec::new();
    for _ in 0..runs {
        times.push(press(&mut decoder, key));
        press(&mut decoder, BACKSPACE);
    }
    times.sort_unstable();
    micros(times[runs / 2])
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
