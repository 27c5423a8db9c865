//! The copy model: every line is copied into the queue of each peer that must see it.
//!
//! It knows nothing of tapes, sockets or time, so it is plainly right; the streams that the
//! tape-sharing hub really sent are compared with it byte for byte.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use natter::chat::event::{CloseReason, Effect, Event};
use natter::clock::{Now, Shown, Stamp};
use natter::door::charset::Charset;
use natter::door::lang::Lang;
use natter::door::notice::{Message, Notice};
use natter::door::protocol::{Format, Reader};
use natter::door::telnet::view::{Style, View};
use natter::hub::post::Tapped;
use natter::ids::{LineId, PeerId, RoomId, UserId};
use natter::zone::Zones;

use crate::program::Told;

/// The time zone that users choose.
pub const EAST: &str = "+8";
const STAMP_BYTES: usize = "[2026-11-23 09:11:38] ".len();

/// The effect of a negotiation: from some moment on, which no effect reports, lines look like this.
pub type Negotiated = fn(View) -> View;

/// What one peer must be sent, in order.
pub struct Queue {
    pub lines: Vec<Line>,
    /// The format of its lines.
    format: Format,
    negotiated: Option<Negotiated>,
    server_lang: Lang,
    chosen_lang: Option<Lang>,
    pub is_named: bool,
    /// The rooms that it follows, and the one in which it speaks.
    rooms: Vec<RoomId>,
    pub room_name: String,
    /// Nothing may follow its closing message.
    is_closed: bool,
    /// Whether the server was full.
    pub is_refused: bool,
    /// The number of times that it spoke before it had a name.
    pub unheard: usize,
    /// The total length of its lines.
    bytes: usize,
    /// If it is a program: what it must be sent from then on.
    pub program: Option<Told>,
}

/// The encoding of one event for one peer at the telnet door, in a window of no known width, or of one of
/// its lines at the other.
pub struct Line {
    pub bytes: Vec<u8>,
    /// The same, once the negotiation has taken effect.
    pub after: Option<Vec<u8>>,
    /// The view before, and after the negotiation has taken effect: all but its width.
    pub views: [Option<View>; 2],
    /// What somebody said to all.
    pub said: Option<String>,
    /// Said by others, to the room or to it: it may be skipped for a slow reader.
    pub may_be_skipped: bool,
    /// From here on the hub edits its line, or no longer does.
    pub edit: Option<bool>,
}

/// Everyone's queue, and all that was said to the rooms, in order.
pub struct Model {
    /// The language of the server.
    lang: Lang,
    zones: Zones,
    /// When something was last said in each room.
    said_at: BTreeMap<RoomId, Stamp>,
    pub queues: BTreeMap<PeerId, Queue>,
    pub said: Vec<String>,
}

/// Returns the zones that users choose: [`EAST`] is the only one besides the server's own.
fn zones() -> Zones {
    let mut zones = Zones::new();
    zones.find(EAST, Stamp::default()).expect("it is an offset");
    zones
}

impl Model {
    pub fn new(lang: Lang) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            lang,
            zones: zones(),
            said_at: BTreeMap::new(),
            queues: BTreeMap::new(),
            said: Vec::new(),
        }))
    }

    /// Notes that `id` is about to connect, at a door with `format`.
    pub fn expect(&mut self, id: PeerId, format: Format, negotiated: Option<Negotiated>) {
        self.queues.insert(id, Queue::new(format, negotiated, self.lang));
    }

    /// Applies what is tapped, by copying.
    pub fn apply(&mut self, tapped: &Tapped<'_>, now: &Now) {
        let effect = match *tapped {
            Tapped::Effect(effect) => effect,
            Tapped::Asked { .. } | Tapped::Gone { .. } => return,
            Tapped::Notice { to, notice } => {
                let queue = self.queues.get_mut(&to).expect("it was expected");
                if matches!(notice, Notice::Hello { .. }) {
                    let before = queue.lines.iter().flat_map(|line| line.bytes.clone()).collect();
                    queue.program = Some(Told::after(before));
                }
                queue.hear(notice.into());
                return queue.add(notice.into(), now, false, &mut self.zones);
            }
        };
        match *effect {
            Effect::Tell { to, ref event } => {
                let queue = self.queues.get_mut(&to.peer).expect("it was expected");
                queue.hear(event.into());
                let is_whisper = matches!(event, Event::Whispered { .. });
                queue.add(event.into(), now, is_whisper, &mut self.zones);
            }
            Effect::Say { room, room_name, ref event, line, except, .. } => {
                self.say((room, room_name), event, line, except, now);
            }
            Effect::Enter { user, room, room_name, is_first } => {
                if is_first {
                    self.said_at.insert(room, now.stamp);
                }
                let queue = self.queues.get_mut(&user.peer).expect("it was expected");
                queue.is_named = true;
                queue.rooms.push(room);
                queue.room_name = room_name.into();
            }
            Effect::Leave { user, room } => {
                let queue = self.queues.get_mut(&user.peer).expect("it was expected");
                queue.rooms.retain(|&other| other != room);
            }
            Effect::Close { user, why, .. } => {
                let queue = self.queues.get_mut(&user.peer).expect("it was expected");
                if let Some(program) = queue.program.as_mut().filter(|_| !queue.is_closed) {
                    program.close(why);
                }
                queue.is_closed = true;
                queue.is_refused = matches!(why, CloseReason::RoomFull | CloseReason::AddressFull);
            }
            Effect::More { .. } | Effect::Keep(_) => {}
        }
    }

    fn say(
        &mut self,
        (room, room_name): (RoomId, &str),
        event: &Event<'_>,
        line: Option<LineId>,
        except: &[UserId],
        now: &Now,
    ) {
        if let Event::Said { text, .. } | Event::Acted { text, .. } = *event {
            self.said.push(text.to_string());
        }
        let before = self.said_at.insert(room, now.stamp).unwrap_or_default();
        let mut looks = [BTreeMap::new(), BTreeMap::new()];
        let there = self.queues.iter_mut().filter(|(_, queue)| queue.rooms.contains(&room));
        for (&id, queue) in there {
            let zones = &mut self.zones;
            let is_excepted = except.contains(&UserId::local(id));
            if let Some(program) = &mut queue.program {
                if !is_excepted {
                    program.hear(event, room_name, line, now.stamp);
                }
                continue;
            }
            // The prompt that is shared by all in a room is the room's.
            if queue.format.marks_new_day([before, now.stamp], zones) {
                let day = Message::Notice(&Notice::NewDay);
                queue.add_all(day, now, true, room_name, &mut looks[0], zones);
            }
            if !is_excepted {
                queue.add_all(event.into(), now, true, room_name, &mut looks[1], zones);
            }
        }
    }

    /// Returns the number of bytes that `id` must be sent, if it is fast enough for all of them.
    pub fn bytes(&self, id: PeerId) -> usize {
        self.queues.get(&id).map_or(0, |queue| queue.bytes)
    }

    /// Returns the lines said in what `id` received, in the article's format.
    pub fn as_classic<'a>(&self, id: PeerId, received: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.queues[&id].program {
            Some(program) => program.as_classic(received, self.lang == Lang::Zh).into(),
            None => received.into(),
        }
    }

    /// Compares what `id` received with its queue; returns how many lines it still lacks.
    ///
    /// A notice of skipped lines must stand for exactly as many lines. An unframed peer may lack
    /// the end of any line, because none of its reads ends in one.
    pub fn check(&self, id: PeerId, received: &[u8], was_unframed: bool) -> Result<usize, String> {
        let queue = &self.queues[&id];
        let (mut at, mut next) = (0, 0);
        while at < received.len() {
            let rest = &received[at..];
            let line = queue.lines.get(next);
            let matched = line.and_then(|line| line.match_start(rest, was_unframed));
            if let Some(length) = matched {
                at += length;
                next += 1;
            } else if let Some((length, skipped)) = self.notice(rest) {
                let end = next + skipped;
                let gap = queue.lines.get(next..end).ok_or("more is skipped than was said")?;
                if !gap.iter().all(|line| line.may_be_skipped) {
                    return Err("a line of its own was skipped".into());
                }
                at += length;
                next = end;
            } else if self.is_cut_notice(rest) {
                break;
            } else {
                let expected = line.map_or(b"".as_slice(), |line| &line.bytes);
                return Err(format!(
                    "byte {at}: expected {:?}, received {:?}",
                    String::from_utf8_lossy(expected),
                    String::from_utf8_lossy(&rest[..rest.len().min(200)]),
                ));
            }
        }
        Ok(queue.lines.len() - next)
    }

    /// Whether `rest`, the end of the stream, is an incomplete notice.
    fn is_cut_notice(&self, rest: &[u8]) -> bool {
        let (before, after) = self.notice_parts();
        let text = rest.get(STAMP_BYTES..).unwrap_or_default();
        let common = before.len().min(text.len());
        let is_notice = text[..common] == before.as_bytes()[..common];
        is_notice && rest.len() < STAMP_BYTES + before.len() + 10 + after.len()
    }

    fn notice_parts(&self) -> (&'static str, &'static str) {
        match self.lang {
            Lang::En => ("system: … ", " lines skipped"),
            Lang::Zh => ("系统:… 已跳过 ", " 条消息"),
        }
    }

    /// Returns the length of a notice of skipped lines at the start of `rest`, and their number.
    fn notice(&self, rest: &[u8]) -> Option<(usize, usize)> {
        let (before, after) = self.notice_parts();
        let text = rest.get(STAMP_BYTES..)?.strip_prefix(before.as_bytes())?;
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
        let text = text[digits..].strip_prefix(after.as_bytes())?;
        let text = text.strip_prefix(b"\r\n").unwrap_or(text);
        Some((rest.len() - text.len(), number))
    }
}

impl Queue {
    fn new(format: Format, negotiated: Option<Negotiated>, server_lang: Lang) -> Self {
        Self {
            server_lang,
            chosen_lang: None,
            lines: Vec::new(),
            format,
            negotiated,
            is_named: false,
            rooms: Vec::new(),
            room_name: String::new(),
            is_closed: false,
            is_refused: false,
            unheard: 0,
            bytes: 0,
            program: None,
        }
    }

    /// Notes changes of its settings, which are reported after they have been made.
    fn hear(&mut self, message: Message<'_>) {
        self.unheard += usize::from(message == Message::Event(&Event::NameFirst));
        if self.program.is_some() {
            return;
        }
        let Some(mut view) = self.format.view() else { return };
        let notice = match message {
            Message::Event(event) => {
                // A plain line is a name, as long as there is none.
                self.unheard += usize::from(matches!(event, Event::NameRefused { .. }));
                return;
            }
            Message::Notice(notice) => notice,
        };
        match *notice {
            Notice::TimeSet { shown } => view.shown = shown,
            Notice::ColorSet { on } => {
                view.style = if on { Style::Color } else { Style::Plain };
            }
            Notice::CharsetSet { name, is_guessed } => {
                view.charset = match Charset::of_name(name) {
                    Some(Charset::Gbk) if is_guessed => Charset::GuessedGbk,
                    charset => charset.expect("it is told of one that there is"),
                };
                let is_chinese = !matches!(view.charset, Charset::Utf8 | Charset::Latin1);
                let lang = if is_chinese { Lang::Zh } else { self.server_lang };
                view.lang = self.chosen_lang.unwrap_or(lang);
            }
            Notice::LangSet { name } => {
                view.lang = Lang::of_name(name).expect("it is told of one that there is");
                self.chosen_lang = Some(view.lang);
            }
            Notice::ZoneSet { .. } => {
                view.zone = zones().find(EAST, Stamp::default()).expect("it is an offset");
                view.shown = view.shown.max(Shown::Short);
            }
            _ => {}
        }
        self.format = view.into();
    }

    fn add(&mut self, message: Message<'_>, now: &Now, may_be_skipped: bool, zones: &mut Zones) {
        if let Some(program) = &mut self.program {
            assert!(
                !self.is_closed,
                "nothing is said to somebody whose goodbye is said: {message:?}"
            );
            return program.hear_alone(message, now.stamp);
        }
        let room = self.room_name.clone();
        self.add_all(message, now, may_be_skipped, &room, &mut BTreeMap::new(), zones);
    }

    /// Like [`Queue::add`], for several peers that all have names; `looks` are the encodings of
    /// `message` so far, by format.
    fn add_all(
        &mut self,
        message: Message<'_>,
        now: &Now,
        may_be_skipped: bool,
        room: &str,
        looks: &mut BTreeMap<Format, Vec<u8>>,
        zones: &mut Zones,
    ) {
        assert!(!self.is_closed, "nothing is said to somebody whose goodbye is said: {message:?}");
        let reader = Reader { has_entered: self.is_named, room, line: None };
        let mut encoded = |format: Format| {
            let look = looks.entry(format).or_insert_with(|| {
                let mut bytes = Vec::new();
                format.encode(message, now.stamp, reader, zones, &mut bytes);
                bytes
            });
            look.clone()
        };
        let bytes = encoded(self.format);
        self.bytes += bytes.len();
        if let Some(view) = self.format.view() {
            let later = self.negotiated.map(|negotiated| negotiated(view));
            self.lines.push(Line {
                bytes,
                after: later.map(|view| encoded(view.into())),
                views: [Some(view), later],
                said: match message {
                    Message::Event(Event::Said { text, .. } | Event::Acted { text, .. }) => {
                        Some(text.to_string())
                    }
                    _ => None,
                },
                may_be_skipped,
                edit: match message {
                    Message::Notice(&Notice::EditSet { on }) => Some(on),
                    _ => None,
                },
            });
            return;
        }
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (after, views, said, edit) = Default::default();
            self.lines.push(Line {
                bytes: line.to_vec(),
                after,
                views,
                said,
                may_be_skipped,
                edit,
            });
        }
    }
}

impl Line {
    /// Returns how much of `rest` this line accounts for; a line may be cut by the end of `rest`.
    fn match_start(&self, rest: &[u8], was_unframed: bool) -> Option<usize> {
        let common = self.bytes.len().min(rest.len());
        if self.bytes[..common] == rest[..common] {
            return Some(common);
        }
        let text = self.bytes.strip_suffix(b"\r\n")?;
        (was_unframed && rest.starts_with(text)).then_some(text.len())
    }
}
