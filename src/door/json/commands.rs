//! Parses the commands of programs, one JSON object each.

use std::ops::Range;

use crate::chat::command::Command;
use crate::door::input::Input;
use crate::door::notice::Notice;
use crate::ids::LineId;
use crate::json::{self, Fields, Value};
use crate::text;

/// The maximum length of a tag that is repeated in the answer.
const TAG_BYTES_MAX: usize = 32;
/// The names that `help` returns.
pub const NAMES: [&str; 17] = [
    "session", "name", "say", "tell", "reply", "join", "enter", "leave", "topic", "who", "rooms",
    "help", "last", "since", "ignore", "ping", "exit",
];

/// The fields that are texts for people: each is made safe to show.
const TEXTS: [&str; 5] = ["text", "to", "name", "room", "id"];

/// A command that has to be answered.
#[derive(Default)]
pub struct Job {
    /// The tag that the answer repeats.
    pub tag: Option<Box<str>>,
    /// The additional field of the answer.
    pub wants: Wants,
    /// The value of a yes-or-no field, for the answers that have one.
    pub is_so: bool,
}

/// The field of `done` besides its tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wants {
    /// Nothing.
    #[default]
    Nothing,
    /// The id of the line that was said.
    Line,
    /// The name that was taken.
    Name,
    /// The last number of the session.
    Number,
    /// Whether no line of the requested time is missing.
    Complete,
    /// Whether the user is ignored now.
    Ignored,
    /// The names of all commands.
    Commands,
}

impl Wants {
    /// Returns the field for the answer to the command `word`.
    pub fn of(word: &str) -> Self {
        match word {
            "say" => Self::Line,
            "name" => Self::Name,
            "session" => Self::Number,
            "since" => Self::Complete,
            "ignore" => Self::Ignored,
            "help" => Self::Commands,
            _ => Self::Nothing,
        }
    }
}

/// Parses a line; returns what has to be answered, and the request.
pub fn parse<'t>(line: &[u8], bytes_max: usize, words: &'t mut String) -> (Job, Input<'t>) {
    let Ok(fields) = json::read(line) else {
        return (Job::default(), Input::Notice(Notice::BadJson));
    };
    let tag = match fields.get("tag") {
        None | Some(Value::Null) => None,
        Some(Value::Text(tag)) if tag.get().len() <= TAG_BYTES_MAX => Some(tag.get()),
        Some(_) => {
            return (Job::default(), Input::Notice(Notice::BadField { field: "tag" }));
        }
    };
    let wants = fields.text("do").map_or(Wants::Nothing, |word| Wants::of(&word));
    let job = Job { tag: tag.map(Into::into), wants, ..Job::default() };
    let asked = Asked::new(&fields, bytes_max, words);
    let input = asked.input().unwrap_or_else(Input::Notice);
    (job, input)
}

/// The fields of an object.
struct Asked<'t, 'f> {
    fields: &'f Fields<'f>,
    words: &'t str,
    texts: [Field; TEXTS.len()],
    bytes_max: usize,
}

#[derive(Clone)]
enum Field {
    Absent,
    Text(Range<usize>),
    Wrong,
}

impl<'t, 'f> Asked<'t, 'f> {
    fn new(fields: &'f Fields<'f>, bytes_max: usize, words: &'t mut String) -> Self {
        words.clear();
        let texts = TEXTS.map(|name| match fields.get(name) {
            None | Some(Value::Null) => Field::Absent,
            Some(Value::Text(text)) => {
                let from = words.len();
                text::clean(text.get().as_bytes(), words);
                Field::Text(from..words.len())
            }
            Some(_) => Field::Wrong,
        });
        Self { fields, words, texts, bytes_max }
    }

    fn input(&self) -> Result<Input<'t>, Notice<'t>> {
        let Some(word) = self.fields.text("do") else {
            return Err(Notice::BadField { field: "do" });
        };
        let command = match &*word {
            "session" => return self.session(),
            "ping" | "help" => return Ok(Input::Nothing),
            "say" | "tell" | "reply" => {
                let number = self.number("n")?;
                let command = self.words_to_say(&word)?;
                return Ok(match number {
                    Some(number) => Input::Numbered { number, command },
                    None => Input::Command(command),
                });
            }
            "name" => Command::Name(self.need("name")?),
            "join" => Command::Join(self.need("room")?),
            "enter" => Command::Enter(self.need("room")?),
            "leave" => Command::Part(self.may("room")?),
            "topic" => Command::Topic(self.may("text")?),
            "who" => Command::Who,
            "rooms" => Command::Rooms,
            "last" => match self.number("count")? {
                Some(count) => Command::Last(Some(usize::try_from(count).unwrap_or(usize::MAX))),
                None => return Err(Notice::BadField { field: "count" }),
            },
            "since" => {
                let after = LineId::parse(self.need("id")?);
                Command::Since { after, room: self.may("room")? }
            }
            "ignore" => match self.may("name")? {
                None => Command::Ignore(None),
                Some(_) => Command::Ignore(Some(self.need("name")?)),
            },
            "exit" => Command::Exit,
            _ => Command::Unknown,
        };
        Ok(Input::Command(command))
    }

    fn words_to_say(&self, word: &str) -> Result<Command<'t>, Notice<'t>> {
        let text = self.need("text")?;
        let is_act = match self.fields.get("act") {
            None | Some(Value::Null) => false,
            Some(Value::Flag(is_act)) => is_act,
            Some(_) => return Err(Notice::BadField { field: "act" }),
        };
        Ok(match (word, self.may("room")?) {
            ("tell", _) => Command::Tell { to: self.need("to")?, text },
            ("reply", _) => Command::Reply(text),
            (_, Some(room)) => Command::SayIn { room, text, is_act },
            _ if is_act => Command::Act(text),
            _ => Command::Say(text),
        })
    }

    fn session(&self) -> Result<Input<'t>, Notice<'t>> {
        let id = self.need("id")?;
        if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Notice::BadSession);
        }
        let id = u128::from_str_radix(id, 16).map_err(|_| Notice::BadSession)?;
        Ok(Input::Session(id))
    }

    /// Returns the text of a required field, which must not be empty.
    fn need(&self, name: &'static str) -> Result<&'t str, Notice<'t>> {
        let text = self.may(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or(Notice::BadField { field: name })
    }

    fn may(&self, name: &'static str) -> Result<Option<&'t str>, Notice<'t>> {
        let place = TEXTS.iter().position(|&other| other == name).expect("it is one of them");
        match self.texts[place].clone() {
            Field::Absent => Ok(None),
            Field::Text(range) if range.len() > self.bytes_max => {
                Err(Notice::LineTooLong { bytes_max: self.bytes_max })
            }
            Field::Text(range) => Ok(Some(&self.words[range])),
            Field::Wrong => Err(Notice::BadField { field: name }),
        }
    }

    /// Returns a number of at least 1.
    fn number(&self, name: &'static str) -> Result<Option<u64>, Notice<'t>> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => match self.fields.number(name).filter(|&number| number > 0) {
                Some(number) => Ok(Some(number)),
                None => Err(Notice::BadField { field: name }),
            },
        }
    }
}
