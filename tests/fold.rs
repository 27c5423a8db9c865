//! The fold: entries replayed into a second chat make the same chat.

use std::cell::RefCell;
use std::rc::Rc;

use fastrand::Rng;
use natter::chat::command::Command;
use natter::chat::entry::{Entry, What};
use natter::chat::event::{CloseReason, Effect};
use natter::chat::proposal::Proposal;
use natter::chat::{Chat, Rules};
use natter::clock::{Now, Stamp};
use natter::ids::{PeerId, UserId};

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
}

impl Life {
    fn step(&mut self, now: &Now) {
        let Self { rng, chat, people, came, late } = self;
        let slot = rng.usize(..PEOPLE);
        let who = UserId::local(PeerId::new(slot, people[slot]));
        let mut gone = Vec::new();
        let mut out = |effect: Effect<'_>| {
            if let Effect::Close { user, .. } = effect {
                gone.push(user);
            }
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
}

/// Returns a chat after many random events, and all that was committed to it.
fn live(seed: u64) -> (Chat, Vec<Kept>) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let tap = Rc::clone(&log);
    let mut chat = Chat::new(RULES);
    chat.watch(Box::new(move |entry| tap.borrow_mut().push(keep(entry))));
    let (people, late) = ([0; PEOPLE], Vec::new());
    let mut life = Life { rng: Rng::with_seed(seed), chat, people, came: 0, late };
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
