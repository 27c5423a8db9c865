//! The fold: entries replayed into a second chat make the same chat.
#![cfg(feature = "state")]

#[path = "fold/disk.rs"]
mod disk;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use disk::{Disk, Handle};
use fastrand::Rng;
use natter::chat::command::Command;
use natter::chat::entry::{Entry, What};
use natter::chat::event::{CloseReason, Effect, Event};
use natter::chat::proposal::Proposal;
use natter::chat::restore::Restore;
use natter::chat::{Chat, Rules};
use natter::clock::{Now, Stamp};
use natter::ids::{LineId, PeerId, UserId};
use natter::log::codec;
use natter::log::fsync::Fsync;
use natter::log::writer::Writer;

const SEEDS: u64 = 40;
const PEOPLE: usize = 40;
const STEPS: usize = 3_000;
/// So little that rooms lose stored lines all the time.
const HISTORY_BYTES: usize = 24 * 1024;

const RULES: Rules =
    Rules { past_lines: 20, history_bytes: HISTORY_BYTES, rooms_max: 8, topic_bytes_max: 24 };

/// An entry that owns its text, as in a log.
struct Kept {
    entry: Entry<'static>,
    text: String,
}

fn keep(entry: &Entry<'_>) -> Kept {
    let (what, text) = match &entry.what {
        What::Named { name } => (What::Named { name: name.clone().into_owned().into() }, ""),
        What::Left { why } => (What::Left { why: *why }, ""),
        What::Moved => (What::Moved, ""),
        What::Entered => (What::Entered, ""),
        What::Parted => (What::Parted, ""),
        What::Said { text } => (What::Said { text: "" }, *text),
        What::Acted { text } => (What::Acted { text: "" }, *text),
        What::Whispered { to, text } => (What::Whispered { to: *to, text: "" }, *text),
        What::TopicSet { text } => (What::TopicSet { text: "" }, *text),
    };
    let Entry { stamp, at_ms, author, room, .. } = *entry;
    Kept { entry: Entry { stamp, at_ms, author, room, what }, text: text.to_string() }
}

impl Kept {
    fn entry(&self) -> Entry<'_> {
        let text = self.text.as_str();
        let what = match self.entry.what.clone() {
            What::Said { .. } => What::Said { text },
            What::Acted { .. } => What::Acted { text },
            What::Whispered { to, .. } => What::Whispered { to, text },
            What::TopicSet { .. } => What::TopicSet { text },
            other => other,
        };
        Entry { what, ..self.entry }
    }
}

fn at(mono_ms: u64) -> Now {
    Now { mono_ms, stamp: Stamp { unix_ms: 1_700_000_000_000 + mono_ms } }
}

/// Returns a random command; `words` own the texts that it borrows.
fn command<'a>(rng: &mut Rng, words: &'a mut [String; 2]) -> Command<'a> {
    let names = ["anna", "ANNA", "bob", "b0b", "вова", "小明", "guest", "guest2", "exit", "a:b"];
    let rooms = ["tea", "TEA", "coffee", "c0ffee", "茶", "lobby", "system", "r1", "r2", "r3", "r4"];
    let kind = rng.u8(..27);
    words[0] = match kind {
        0..=2 => names[rng.usize(..names.len())].into(),
        3..=8 | 24 | 25 => rooms[rng.usize(..rooms.len())].into(),
        _ => names[rng.usize(..8)].into(),
    };
    words[1] = "word ".repeat(rng.usize(1..40));
    let [name, text] = &*words;
    match kind {
        0..=2 => Command::Name(name),
        3..=6 => Command::Join(name),
        7 | 8 => Command::Enter(name),
        9 => Command::LeaveRoom,
        10 => Command::Topic(Some(&text[..text.len().min(30)])),
        11 => Command::Topic(None),
        12 => Command::Tell { to: name, text },
        13 => Command::Reply(text),
        14 => Command::Ignore(Some(name)),
        15 => [Command::Who, Command::Rooms, Command::Last(Some(9)), Command::Exit][rng.usize(..4)],
        16 => Command::Act(text),
        24 => Command::Part(rng.bool().then_some(name)),
        25 => Command::SayIn { room: name, text, is_act: rng.bool() },
        26 => Command::Since { after: None, room: None },
        _ => Command::Say(text),
    }
}

/// Users who connect, talk, move and leave.
struct Life {
    rng: Rng,
    chat: Chat,
    /// By slot: the generation of the connection there, or 0.
    people: [u32; PEOPLE],
    came: u32,
    /// Proposals that are committed after other entries.
    late: Vec<Kept>,
    /// Where it is kept, if it is.
    log: Option<Writer>,
    /// What was to be kept, line by line.
    noted: Vec<String>,
    /// Every line that was said, by its id.
    said: BTreeMap<(u64, u64), String>,
}

impl Life {
    fn step(&mut self, now: &Now) {
        let Self { rng, chat, people, came, late, log, noted, said } = self;
        let slot = rng.usize(..PEOPLE);
        let who = UserId::local(PeerId::new(slot, people[slot]));
        let mut gone = Vec::new();
        let mut out = |effect: Effect<'_>| match effect {
            Effect::Close { user, .. } => gone.push(user),
            Effect::Keep(kept) => {
                noted.push(format!("{kept:?}"));
                log.as_mut().expect("it is kept").note(&kept);
            }
            Effect::Say { line: Some(line), event, .. } => {
                said.insert((line.epoch, line.number), words(&event));
            }
            _ => {}
        };
        let mut words = Default::default();
        match rng.u8(..16) {
            _ if people[slot] == 0 => {
                *came += 1;
                people[slot] = *came;
                chat.arrive(UserId::local(PeerId::new(slot, *came)), rng.bool(), &mut out);
            }
            _ if chat.nick(who).is_none() && rng.bool() => {
                chat.command(who, Command::Name(&format!("p{slot}")), now, &mut out);
            }
            0 => {
                chat.depart(who, CloseReason::Closed, now, &mut out);
                people[slot] = 0;
            }
            1 | 2 => {
                if let Proposal::Commit(entry) = chat.propose(who, command(rng, &mut words), now) {
                    late.push(keep(&entry));
                }
            }
            3 => {
                for kept in late.drain(..) {
                    let peer = kept.entry.author.peer;
                    if people[peer.slot()] == peer.generation() {
                        chat.commit(&kept.entry(), now, &mut out);
                    }
                }
            }
            _ => chat.command(who, command(rng, &mut words), now, &mut out),
        }
        chat.tick(now, &mut |_| {});
        for user in gone {
            people[user.peer.slot()] = 0;
        }
    }

    /// Nothing has happened yet but what is known in `chat`.
    fn new(seed: u64, chat: Chat, log: Option<Writer>) -> Self {
        let (people, late) = ([0; PEOPLE], Vec::new());
        let (noted, said) = Default::default();
        Self { rng: Rng::with_seed(seed), chat, people, came: 0, late, log, noted, said }
    }

    /// What happened in the turn is written.
    fn write(&mut self, now: &Now) {
        let (chat, log) = (&self.chat, self.log.as_mut().expect("it is kept"));
        log.write(now, &|kind, unwritten, at, to| chat.restate(kind, unwritten, at, to));
    }

    /// Everyone's connection ends, and nobody is there to keep that.
    fn end(&mut self, now: &Now) {
        for (slot, &generation) in self.people.iter().enumerate().filter(|(_, came)| **came > 0) {
            let who = UserId::local(PeerId::new(slot, generation));
            self.chat.depart(who, CloseReason::Closed, now, &mut |_| {});
        }
    }
}

fn words(event: &Event<'_>) -> String {
    match event {
        Event::Said { nick, text } => format!("{nick}: {text}"),
        Event::Acted { nick, text } => format!("* {nick} {text}"),
        other => panic!("{other:?}"),
    }
}

/// What everybody who might come is shown of what was said, in every room.
fn shown(chat: &mut Chat, since: &[LineId], now: &Now) -> Vec<String> {
    let mut shown = Vec::new();
    let names = (0..PEOPLE).map(|slot| format!("p{slot}"));
    let others = ["anna", "bob", "b0b", "вова", "小明", "guest2"].map(String::from);
    for (index, name) in names.chain(others).enumerate() {
        let who =
            UserId::local(PeerId::new(PEOPLE, 1_000_000 + u32::try_from(index).expect("few")));
        let mut out = |effect: Effect<'_>| {
            if let Effect::Tell { event, .. } = effect
                && matches!(
                    event,
                    Event::Earlier { .. }
                        | Event::Past { .. }
                        | Event::Missed { .. }
                        | Event::Since { .. }
                )
            {
                shown.push(format!("{name} {event:?}"));
            }
        };
        chat.arrive(who, true, &mut out);
        chat.command(who, Command::Name(&name), now, &mut out);
        for room in ["tea", "coffee", "茶", "r1", "r2", "r3", "r4"] {
            chat.resume(who, &mut out);
            chat.command(who, Command::Enter(room), now, &mut out);
            chat.resume(who, &mut out);
        }
        let after = since.get(index).copied();
        chat.command(who, Command::Since { after, room: None }, now, &mut out);
        chat.depart(who, CloseReason::Closed, now, &mut |_| {});
    }
    shown
}

/// What the disk has, read into a chat.
fn restored(disk: &Disk, now: Now) -> Chat {
    let mut restore = Restore::new(RULES, true, now);
    for line in disk.bytes().split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match codec::decode(line) {
            Some(kept) => restore.apply(&kept),
            None => restore.skip_damaged(),
        }
    }
    restore.finish()
}

/// So little that files are full all the time.
const FILE_BYTES: u64 = 20_000;

#[test]
fn a_chat_read_back_shows_everybody_what_the_one_that_was_kept_would() {
    for seed in 0..SEEDS {
        let disk = Disk::new(seed);
        disk.borrow_mut().short_every = 9;
        let mut now_ms = 1_000;
        let mut chat = restored(&disk.borrow(), at(now_ms));
        let mut ids = Vec::new();
        for run in 0..3 {
            let size = disk.borrow().files.last().map_or(0, Vec::len) as u64;
            let log =
                Writer::new(Box::new(Handle(Rc::clone(&disk))), size, Fsync::Never, FILE_BYTES);
            let mut life = Life::new(seed * 3 + run, chat, Some(log));
            for _ in 0..STEPS / 3 {
                now_ms += life.rng.u64(..1_500);
                life.step(&at(now_ms));
                if life.rng.u8(..3) == 0 {
                    life.write(&at(now_ms));
                }
            }
            life.write(&at(now_ms));
            life.end(&at(now_ms));
            ids.extend(life.said.keys().map(|&(epoch, number)| LineId { epoch, number }));
            life.rng.shuffle(&mut ids);
            let mut again = restored(&disk.borrow(), at(now_ms));
            let seen = [&mut life.chat, &mut again].map(|chat| shown(chat, &ids, &at(now_ms)));
            let [live, read] = &seen;
            let place = live.iter().zip(read).position(|(one, other)| one != other);
            let differ = place.map(|place| (&live[place], &read[place]));
            assert_eq!((differ, live.len()), (None, read.len()), "seed {seed} run {run}");
            assert!(live.iter().filter(|line| line.contains("Missed")).count() > 3, "seed {seed}");
            // Whom that has shown what, it has forgotten: what is gone on with is read once more.
            chat = restored(&disk.borrow(), at(now_ms));
        }
        assert!(disk.borrow().files.len() > 3, "files were full");
    }
}

#[test]
fn what_a_failing_disk_lacks_is_counted_and_what_it_has_is_right() {
    let mut gaps = 0;
    for seed in 0..SEEDS {
        let disk = Disk::new(seed);
        disk.borrow_mut().short_every = 5;
        let keeps_torn = seed % 4 == 0;
        disk.borrow_mut().keeps_torn = keeps_torn;
        let log = Writer::new(Box::new(Handle(Rc::clone(&disk))), 0, Fsync::Secs(5), FILE_BYTES);
        let chat = restored(&disk.borrow(), at(0));
        let mut life = Life::new(seed, chat, Some(log));
        let mut now_ms = 0;
        for step in 0..STEPS {
            now_ms += life.rng.u64(..1_500);
            life.step(&at(now_ms));
            if life.rng.u8(..3) == 0 {
                life.write(&at(now_ms));
            }
            let is_failing = life.rng.u8(..100) == 0;
            disk.borrow_mut().is_failing ^= is_failing;
            if step == STEPS / 2 && seed % 3 == 0 {
                disk.borrow_mut().is_removed = true;
                life.noted.clear();
            }
        }
        disk.borrow_mut().is_failing = false;
        for _ in 0..3 {
            now_ms += 2_000;
            life.write(&at(now_ms));
        }
        let (told, missing) = disk.borrow().told();
        gaps += missing;
        let mut noted = life.noted.iter();
        let is_in_order = told.iter().all(|line| noted.any(|noted| noted == line));
        assert!(
            is_in_order || seed % 3 == 0,
            "seed {seed}: what is there happened, and in this order"
        );
        if !keeps_torn && seed % 3 != 0 {
            assert_eq!(told.len() as u64 + missing, life.noted.len() as u64, "seed {seed}");
        }
        // Every line that is read back has the id that it was said with.
        let mut again = restored(&disk.borrow(), at(now_ms));
        let who = UserId::local(PeerId::new(0, 1));
        again.arrive(who, false, &mut |_| {});
        again.command(who, Command::Name("reader"), &at(now_ms), &mut |_| {});
        for room in ["tea", "coffee", "茶", "r1", "r2", "r3", "r4"] {
            again.command(who, Command::Enter(room), &at(now_ms), &mut |_| {});
        }
        let mut read = 0;
        let mut check = |effect: Effect<'_>| {
            if let Effect::Tell { event: Event::Earlier { line, said, .. }, .. } = effect {
                let wanted = life.said.get(&(line.epoch, line.number));
                assert_eq!(wanted, Some(&words(said)), "seed {seed} {line}");
                read += 1;
            }
        };
        again.command(who, Command::Since { after: None, room: None }, &at(now_ms), &mut check);
        for _ in 0..100 {
            again.resume(who, &mut check);
        }
        assert!(read > 20, "seed {seed}: {read} lines");
    }
    assert!(gaps > 1_000, "the disk did fail: {gaps} lines");
}

/// Returns a chat after many random events, and all that was committed to it.
fn live(seed: u64) -> (Chat, Vec<Kept>) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let tap = Rc::clone(&log);
    let mut chat = Chat::new(RULES);
    chat.watch(Box::new(move |entry| tap.borrow_mut().push(keep(entry))));
    let mut life = Life::new(seed, chat, None);
    let mut now_ms = 0;
    for _ in 0..STEPS {
        now_ms += life.rng.u64(..1_500);
        life.step(&at(now_ms));
    }
    life.chat.watch(Box::new(|_| {}));
    (life.chat, log.take())
}

fn replayed<'a>(log: impl Iterator<Item = &'a Kept>) -> Chat {
    let mut chat = Chat::new(RULES);
    // Another machine shows it at another time: that makes no difference.
    log.for_each(|kept| chat.commit(&kept.entry(), &at(0), &mut |_| {}));
    chat
}

#[test]
fn the_same_entries_make_the_same_chat() {
    for seed in 0..SEEDS {
        let (chat, log) = live(seed);
        assert!(log.len() > STEPS / 3, "seed {seed}: {} entries", log.len());
        assert!(chat.is_same(&replayed(log.iter())), "seed {seed}");
        let is_line = |kept: &Kept| matches!(kept.entry.what, What::Said { .. });
        let last = log.iter().rposition(is_line).expect("somebody said something");
        let others = log.iter().enumerate().filter(|&(index, _)| index != last);
        let other = replayed(others.map(|(_, kept)| kept));
        assert!(!chat.is_same(&other), "seed {seed}: a missing line is noticed");
    }
}
