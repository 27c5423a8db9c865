//! Time zones and languages of single users, and the days of messages, at a hub whose clock the
//! test controls.
//!
//! Sections of `docs/protocol.md`: "Languages and time zones".

#[allow(dead_code, reason = "only a part of it is used here")]
#[path = "common/skip.rs"]
mod skip;
#[allow(dead_code, reason = "the tests of the hub use all of it")]
#[path = "hub/socket.rs"]
mod socket;

use natter::clock::{Now, Stamp};
use natter::door::DoorKind;
use natter::door::charset::HAS_CHINESE;
use natter::door::lang::Lang;
use natter::hub::{Hub, Ready};
use natter::ids::PeerId;
use natter::limits::Limits;
use socket::PeerSocket;

/// 2026-11-23 00:00:00 in UTC.
const MIDNIGHT_MS: u64 = 1_795_392_000_000;
/// When the hub starts.
const START_MS: u64 = MIDNIGHT_MS - 2 * 86_400_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

struct Place {
    hub: Hub<PeerSocket>,
    /// Wall time.
    now_ms: u64,
    sockets: Vec<(PeerId, PeerSocket)>,
}

impl Place {
    fn new() -> Self {
        let limits = Limits { clients: 8, flood_limit: false, ..Limits::default() };
        let now_ms = START_MS;
        Self { hub: Hub::new(Lang::En, limits), now_ms, sockets: Vec::new() }
    }

    fn now(&self) -> Now {
        let stamp = Stamp { unix_ms: self.now_ms };
        Now { mono_ms: self.now_ms - START_MS, stamp }
    }

    /// Sets the time to before or after midnight; everything that is due happens.
    fn wait_until(&mut self, from_midnight_ms: i64) {
        self.now_ms = MIDNIGHT_MS.checked_add_signed(from_midnight_ms).expect("it is a date");
        self.work();
    }

    fn work(&mut self) {
        let now = self.now();
        while self.hub.turn(&now) {}
    }

    fn connect(&mut self, kind: DoorKind) -> usize {
        let (socket, now) = (PeerSocket::default(), self.now());
        let id = self.hub.open(socket.clone(), kind, None, &now);
        self.sockets.push((id, socket));
        self.work();
        self.sockets.len() - 1
    }

    /// Lets a user enter at the telnet door and type these lines: the zone is UTC, unless they
    /// change it.
    fn enter(&mut self, typed: &[&str]) -> usize {
        let who = self.connect(DoorKind::Telnet);
        self.send(who, b"/time +0\r\n");
        typed.iter().for_each(|line| self.say(who, line));
        self.heard(who);
        who
    }

    fn send(&mut self, who: usize, bytes: &[u8]) {
        let (id, socket) = &self.sockets[who];
        socket.0.borrow_mut().sent.extend_from_slice(bytes);
        self.hub.wake(id.slot(), Ready { readable: true, ..Ready::default() });
        self.work();
    }

    fn say(&mut self, who: usize, line: &str) {
        self.send(who, format!("{line}\r\n").as_bytes());
    }

    fn raw(&mut self, who: usize) -> Vec<u8> {
        std::mem::take(&mut self.sockets[who].1.0.borrow_mut().heard)
    }

    /// Returns what `who` was sent since the last call, without prompts.
    fn heard(&mut self, who: usize) -> Vec<String> {
        let text = String::from_utf8(self.raw(who)).expect("it is UTF-8");
        let lines = text.split("\r\n").map(|line| {
            let shown = line.rsplit("\r\0\u{1b}[K").next();
            shown.unwrap_or_default().trim_start_matches("> ").to_string()
        });
        lines.filter(|line| !line.is_empty()).collect()
    }
}

#[test]
fn history_shows_the_date_of_other_days_and_where_a_day_begins() {
    let mut place = Place::new();
    let bob = place.enter(&["bob"]);
    for (hours, text) in [(-26, "one"), (-25, "two"), (-3, "three"), (1, "four"), (2, "five")] {
        place.wait_until(hours * HOUR_MS);
        place.say(bob, text);
    }
    place.wait_until(3 * HOUR_MS);
    let alice = place.enter(&[]);
    place.say(alice, "alice");
    let past = [
        "-- the last 5 messages --",
        "[2026-11-21 22:00] bob: one",
        "[2026-11-21 23:00] bob: two",
        "-- 2026-11-22 --",
        "[2026-11-22 21:00] bob: three",
        "-- 2026-11-23 --",
        "[01:00] bob: four",
        "[02:00] bob: five",
    ];
    assert_eq!(place.heard(alice), past);
    // In a zone where midnight was between two other lines.
    let carol = place.enter(&["/time -3"]);
    place.say(carol, "carol");
    let past = [
        "-- the last 5 messages --",
        "[2026-11-21 19:00] bob: one",
        "[2026-11-21 20:00] bob: two",
        "-- 2026-11-22 --",
        "[2026-11-22 18:00] bob: three",
        "[2026-11-22 22:00] bob: four",
        "[2026-11-22 23:00] bob: five",
    ];
    assert_eq!(place.heard(carol), past);
    place.heard(alice);
    place.say(alice, "/last 3");
    let last = [
        "-- the last 3 messages --",
        "[2026-11-22 21:00] bob: three",
        "-- 2026-11-23 --",
        "[01:00] bob: four",
        "[02:00] bob: five",
    ];
    assert_eq!(place.heard(alice), last);
    place.say(alice, "/time full");
    place.say(alice, "/last 3");
    assert_eq!(place.heard(alice)[2..4], ["[2026-11-22 21:00:00] bob: three", "-- 2026-11-23 --"]);
    place.say(alice, "/time off");
    place.say(alice, "/last 3");
    assert_eq!(place.heard(alice)[2..], ["bob: three", "bob: four", "bob: five"]);
}

#[test]
fn a_day_is_marked_across_screenfuls() {
    let mut place = Place::new();
    let bob = place.enter(&["bob"]);
    // Two screenfuls, the second of which begins with the new day.
    for number in 0..40 {
        place.wait_until((number - 20) * MINUTE_MS);
        place.say(bob, &number.to_string());
    }
    place.heard(bob);
    place.say(bob, "/last 40");
    let heard = place.heard(bob);
    assert_eq!(heard.len(), 42);
    assert_eq!(
        heard[20..23],
        ["[2026-11-22 23:59] bob: 19", "-- 2026-11-23 --", "[00:00] bob: 20"]
    );
}

#[test]
fn present_users_are_told_the_date_once_at_their_own_midnight() {
    let mut place = Place::new();
    place.wait_until(-10 * MINUTE_MS);
    let article = place.connect(DoorKind::Classic);
    place.say(article, "art -n");
    let utc = place.enter(&["bob"]);
    let east = place.enter(&["/time +8", "alice"]);
    let off = place.enter(&["/time off", "carol"]);
    place.wait_until(-MINUTE_MS);
    [article, utc, east, off].into_iter().for_each(|who| drop(place.heard(who)));
    place.say(utc, "late");
    place.wait_until(0);
    place.say(utc, "early");
    place.say(utc, "again");
    place.wait_until(20 * HOUR_MS);
    place.say(utc, "evening");
    let there = [
        "[23:59] bob: late",
        "-- 2026-11-23 --",
        "[00:00] bob: early",
        "[00:00] bob: again",
        "[20:00] bob: evening",
    ];
    assert_eq!(place.heard(utc), there);
    let there = [
        "[07:59] bob: late",
        "[08:00] bob: early",
        "[08:00] bob: again",
        "-- 2026-11-24 --",
        "[04:00] bob: evening",
    ];
    assert_eq!(place.heard(east), there);
    assert_eq!(place.heard(off), ["bob: late", "bob: early", "bob: again", "bob: evening"]);
    let lines = place.heard(article);
    assert_eq!(lines.len(), 4, "the article's protocol has no such line: {lines:?}");
}

#[test]
fn a_new_room_shows_no_date() {
    let mut place = Place::new();
    let bob = place.enter(&["bob"]);
    let alice = place.enter(&["alice", "/join tea"]);
    place.heard(bob);
    place.wait_until(-2 * HOUR_MS);
    place.say(alice, "/quit");
    place.wait_until(2 * HOUR_MS);
    place.say(bob, "/join tea");
    let carol = place.enter(&["carol", "/join tea"]);
    place.say(carol, "hi");
    let heard = place.heard(bob);
    // The lobby, which bob leaves, has had its first line of the day.
    let seen = [
        "-- 2026-11-23 --",
        "system: you are in tea, alone so far",
        "[02:00] system: carol joined",
        "[02:00] carol: hi",
    ];
    assert_eq!(heard[..4], seen);
}

#[test]
fn each_user_has_their_own_zone() {
    let mut place = Place::new();
    let bob = place.enter(&["bob"]);
    let alice = place.enter(&["alice", "/time +05:30"]);
    let carol = place.enter(&["carol", "/time off", "/time -3:30"]);
    [bob, alice, carol].into_iter().for_each(|who| drop(place.heard(who)));
    place.wait_until(10 * HOUR_MS);
    place.say(bob, "one");
    // The same second as `one`, in each zone.
    place.say(bob, "two");
    let dated = |time: &str| {
        ["-- 2026-11-23 --".into(), format!("[{time}] bob: one"), format!("[{time}] bob: two")]
    };
    assert_eq!(place.heard(bob), dated("10:00"));
    assert_eq!(place.heard(alice), dated("15:30"));
    assert_eq!(place.heard(carol), dated("06:30"));
    if std::path::Path::new("/usr/share/zoneinfo/Asia/Shanghai").exists() {
        place.say(carol, "/time Asia/Shanghai");
        assert_eq!(place.heard(carol), ["system: times are in Asia/Shanghai, now UTC+8"]);
        place.say(bob, "three");
        assert_eq!(place.heard(carol), ["[18:00] bob: three"]);
    } else {
        skip::skip_without("tzdata");
    }
}

#[test]
fn each_user_has_their_own_language() {
    let mut place = Place::new();
    let article = place.connect(DoorKind::Classic);
    place.say(article, "art -n");
    let bob = place.enter(&["bob"]);
    let ming = place.enter(&["/lang zh", "小明"]);
    [article, bob, ming].into_iter().for_each(|who| drop(place.heard(who)));
    let alice = place.enter(&["alice"]);
    assert_eq!(place.heard(bob), ["[00:00] system: alice joined"]);
    assert_eq!(place.heard(ming), ["[00:00] 系统:alice加入了聊天"]);
    assert!(place.heard(article)[0].ends_with("system: alice joined"));
    // Earlier lines stay unchanged, later ones are in the new language.
    place.say(alice, "/me waves");
    place.say(alice, "/name ada");
    place.send(alice, b"/lang zh\r\n/name alice\r\n/lang en\r\n/name ada\r\n");
    let answers = [
        "[00:00] * alice waves",
        "[00:00] system: alice is now ada",
        "系统:已切换为中文",
        "[00:00] 系统:ada 改名为 alice",
        "system: messages are in English",
        "[00:00] system: alice is now ada",
    ];
    assert_eq!(place.heard(alice), answers);
    place.say(alice, "/lang");
    assert_eq!(place.heard(alice), ["system: usage: /lang en|zh"]);
    let nobody = place.connect(DoorKind::Telnet);
    place.heard(nobody);
    place.say(nobody, "/lang zh");
    let raw = String::from_utf8(place.raw(nobody)).expect("it is UTF-8");
    assert!(raw.ends_with("系统:已切换为中文\r\n用户名："), "{raw:?}");
}

#[test]
fn a_chinese_charset_implies_chinese_unless_a_language_was_chosen() {
    if !HAS_CHINESE {
        return;
    }
    const NOW_IN_GBK: &[u8] = "系统:".as_bytes();
    let mut place = Place::new();
    let bob = place.enter(&["bob"]);
    place.say(bob, "/charset gbk");
    let raw = place.raw(bob);
    let mut wanted = Vec::new();
    natter::door::charset::Charset::Gbk.encode("系统:", &mut wanted);
    assert!(raw.windows(wanted.len()).any(|part| part == wanted), "{}", raw.escape_ascii());
    assert!(!raw.windows(NOW_IN_GBK.len()).any(|part| part == NOW_IN_GBK));
    // Back to the language of the server.
    place.say(bob, "/charset utf-8");
    assert_eq!(place.heard(bob), ["system: now using utf-8"]);
    place.say(bob, "/lang en");
    place.say(bob, "/charset big5");
    assert_eq!(place.heard(bob), ["system: messages are in English", "system: now using big5"]);
    place.say(bob, "/lang zh");
    place.raw(bob);
    place.say(bob, "/charset utf-8");
    assert_eq!(place.heard(bob), ["系统:已改用 utf-8 编码"]);
    // Guessed: 你好 in GBK, before there is a name.
    let ming = place.connect(DoorKind::Telnet);
    place.raw(ming);
    place.send(ming, b"\xc4\xe3\xba\xc3\r\n");
    let raw = place.raw(ming);
    assert!(raw.windows(wanted.len()).any(|part| part == wanted), "{}", raw.escape_ascii());
}

#[test]
fn the_greeting_names_the_time_zone() {
    let mut place = Place::new();
    let bob = place.connect(DoorKind::Telnet);
    let greeting = place.heard(bob);
    let (_, end) =
        greeting[0].split_once("nobody here yet · times are in UTC").expect("it says so");
    let offset = end.strip_suffix(" · /help").expect("it ends so");
    assert!(offset.is_empty() || offset.starts_with(['+', '-']), "{greeting:?}");
}
