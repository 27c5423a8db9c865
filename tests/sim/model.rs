//! The copy model: every line copied into a queue of its own for each who is to see it.
//!
//! It knows nothing of tapes, sockets or time, so it is plainly right; the streams that the
//! tape-sharing hub really sent are held against it byte for byte.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use natter::chat::event::{CloseReason, Effect, Event};
use natter::clock::Now;
use natter::door::charset::Charset;
use natter::door::lang::Lang;
use natter::door::notice::{Message, Notice};
use natter::door::protocol::{Format, Reader};
use natter::door::telnet::view::{Style, View};
use natter::hub::post::Tapped;
use natter::ids::{PeerId, RoomId, UserId};

const STAMP_BYTES: usize = "[2026-11-23 09:11:38] ".len();

/// What a person has negotiated: from some moment on, which no effect tells of, lines look so.
pub type Negotiated = fn(View) -> View;

/// What one peer is to be sent, in order.
pub struct Queue {
    pub lines: Vec<Line>,
    /// How lines look to it.
    format: Format,
    negotiated: Option<Negotiated>,
    pub is_named: bool,
    /// What it follows, and where it speaks.
    rooms: Vec<RoomId>,
    pub room_name: String,
    /// Nothing may come after its goodbye.
    is_closed: bool,
    /// There was no room for it.
    pub is_refused: bool,
    /// Times that it spoke before it had a name.
    pub unheard: usize,
    /// The length of all its lines.
    bytes: usize,
}

/// All that one event is to one peer at the telnet door, or one line of it at the other.
pub struct Line {
    pub bytes: Vec<u8>,
    /// The same, once what was negotiated holds.
    pub after: Option<Vec<u8>>,
    /// How lines looked then, and do once what was negotiated holds.
    pub views: [Option<View>; 2],
    /// Said by others, to the room or to it: a slow reader may have to do without.
    pub may_be_skipped: bool,
    /// From here on what it types is edited by the hub, or not any more.
    pub edit: Option<bool>,
}

/// Everyone's queue, and all that was said to all, in order.
pub struct Model {
    lang: Lang,
    pub queues: BTreeMap<PeerId, Queue>,
    pub said: Vec<String>,
}

impl Model {
    pub fn new(lang: Lang) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self { lang, queues: BTreeMap::new(), said: Vec::new() }))
    }

    /// `id` is about to come, at the door that speaks as `format` has it.
    pub fn expect(&mut self, id: PeerId, format: Format, negotiated: Option<Negotiated>) {
        self.queues.insert(id, Queue::new(format, negotiated));
    }

    /// Does what is tapped, by copying.
    pub fn apply(&mut self, tapped: &Tapped<'_>, now: &Now) {
        let lang = self.lang;
        let effect = match *tapped {
            Tapped::Effect(effect) => effect,
            Tapped::Asked { .. } | Tapped::Gone { .. } => return,
            Tapped::Notice { to, notice } => {
                let queue = self.queues.get_mut(&to).expect("it was expected");
                queue.hear(notice.into());
                return queue.add(notice.into(), lang, now, false);
            }
        };
        match *effect {
            Effect::Tell { to, ref event } => {
                let queue = self.queues.get_mut(&to.peer).expect("it was expected");
                queue.hear(event.into());
                let is_whisper = matches!(event, Event::Whispered { .. });
                queue.add(event.into(), lang, now, is_whisper);
            }
            Effect::Say { room, room_name, ref event, except, .. } => {
                if let Event::Said { text, .. } | Event::Acted { text, .. } = *event {
                    self.said.push(text.to_string());
                }
                let mut looks = BTreeMap::new();
                for (&id, queue) in &mut self.queues {
                    if queue.rooms.contains(&room) && !except.contains(&UserId::local(id)) {
                        // The prompt that is shared by all in a room is the room's.
                        queue.add_all(event.into(), lang, now, true, room_name, &mut looks);
                    }
                }
            }
            Effect::Enter { user, room, room_name } => {
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
                queue.is_closed = true;
                queue.is_refused = matches!(why, CloseReason::RoomFull | CloseReason::AddressFull);
            }
            Effect::More { .. } => {}
        }
    }

    /// Bytes that `id` is to be sent, if it is quick enough for all of them.
    pub fn bytes(&self, id: PeerId) -> usize {
        self.queues.get(&id).map_or(0, |queue| queue.bytes)
    }

    /// Holds what `id` received against its queue; returns how many lines it still lacks.
    ///
    /// A notice of skipped lines must stand for exactly as many room lines. An unframed peer may
    /// lack the end of any line, for none of its reads ends in one.
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

    /// Whether `rest`, which ends the stream, is a notice of which not all has come.
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
            Lang::Zh => ("系统:… 略过了", "行"),
        }
    }

    /// The length of a notice of skipped lines at the start of `rest`, and their number.
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
    fn new(format: Format, negotiated: Option<Negotiated>) -> Self {
        Self {
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
        }
    }

    /// Notes what it is told of how things stand with it; that is told after the change.
    fn hear(&mut self, message: Message<'_>) {
        self.unheard += usize::from(message == Message::Event(&Event::NameFirst));
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
            Notice::CharsetSet { name, .. } => {
                view.charset = Charset::of_name(name).expect("it is told of one that there is");
            }
            _ => {}
        }
        self.format = view.into();
    }

    fn add(&mut self, message: Message<'_>, lang: Lang, now: &Now, may_be_skipped: bool) {
        let room = self.room_name.clone();
        self.add_all(message, lang, now, may_be_skipped, &room, &mut BTreeMap::new());
    }

    /// As [`Queue::add`], for several who all have names; `looks` are what `message` has been to
    /// others of them, by their formats.
    fn add_all(
        &mut self,
        message: Message<'_>,
        lang: Lang,
        now: &Now,
        may_be_skipped: bool,
        room: &str,
        looks: &mut BTreeMap<Format, Vec<u8>>,
    ) {
        assert!(!self.is_closed, "nothing is said to somebody whose goodbye is said: {message:?}");
        let reader = Reader { has_entered: self.is_named, room };
        let mut encoded = |format: Format| {
            let look = looks.entry(format).or_insert_with(|| {
                let mut bytes = Vec::new();
                format.encode(message, lang, &now.stamp, reader, &mut bytes);
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
                may_be_skipped,
                edit: match message {
                    Message::Notice(&Notice::EditSet { on }) => Some(on),
                    _ => None,
                },
            });
            return;
        }
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (after, views, edit) = Default::default();
            self.lines.push(Line { bytes: line.to_vec(), after, views, may_be_skipped, edit });
        }
    }
}

impl Line {
    /// How much of `rest` this line accounts for; a line may be cut by the end of `rest`.
    fn match_start(&self, rest: &[u8], was_unframed: bool) -> Option<usize> {
        let common = self.bytes.len().min(rest.len());
        if self.bytes[..common] == rest[..common] {
            return Some(common);
        }
        let text = self.bytes.strip_suffix(b"\r\n")?;
        (was_unframed && rest.starts_with(text)).then_some(text.len())
    }
}
