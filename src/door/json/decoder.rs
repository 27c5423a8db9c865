//! The connection of a program: decodes its commands, encodes what it alone is sent.

use crate::chat::event::{Answer, CloseReason, Event};
use crate::clock::Stamp;
use crate::door::input::{Input, Outcome};
use crate::door::json::commands::{self, Job, NAMES, Wants};
use crate::door::json::encode::{self, People};
use crate::door::lang::Lang;
use crate::door::notice::{Message, Notice};

use crate::json::Object;

/// The state of one program's connection.
pub struct Decoder {
    line: Vec<u8>,
    /// The line is longer than its limit; its bytes are dropped up to its end.
    is_too_long: bool,
    /// The number of bytes of the line that were dropped.
    dropped: usize,
    /// The current command, until it is answered.
    job: Option<Job>,
    /// The session that the program has named.
    session: Option<u128>,
    /// Bytes to be sent next.
    replies: Vec<u8>,
    /// The list of names that is being sent.
    people: People,
    /// The language of texts for people.
    lang: Lang,
}

impl Decoder {
    /// Creates the decoder after the first line; if `has_greeted`, a greeting stands on the line
    /// where the next object would begin.
    pub fn new(has_greeted: bool, lang: Lang) -> Self {
        let replies = if has_greeted { b"\n".to_vec() } else { Vec::new() };
        let (line, is_too_long, dropped, job, session, people) = Default::default();
        Self { line, is_too_long, dropped, job, session, replies, people, lang }
    }

    /// Decodes the next line of `input`; returns the number of bytes consumed as well, which is all
    /// of them if no line ends there.
    pub fn next<'t>(
        &mut self,
        input: &[u8],
        bytes_max: usize,
        words: &'t mut String,
    ) -> (usize, Option<Input<'t>>) {
        let end = memchr::memchr(b'\n', input);
        self.keep(&input[..end.unwrap_or(input.len())], bytes_max);
        match end {
            Some(end) => (end + 1, Some(self.end_line(bytes_max, words))),
            None => (input.len(), None),
        }
    }

    /// Decodes the last line, which was not terminated when the program stopped sending.
    pub fn finish<'t>(&mut self, bytes_max: usize, words: &'t mut String) -> Option<Input<'t>> {
        let is_there = !self.line.is_empty() || self.is_too_long;
        is_there.then(|| self.end_line(bytes_max, words))
    }

    /// Drops buffered input: nothing more is decoded.
    pub fn stop(&mut self) {
        self.line = Vec::new();
    }

    /// Returns the number of bytes beyond the line's limit.
    pub fn unterminated_bytes(&self) -> usize {
        self.dropped
    }

    /// Returns the number of bytes of memory held.
    pub fn held_bytes(&self) -> usize {
        self.line.capacity() + self.replies.capacity()
    }

    /// Takes the bytes to be sent now, unchanged.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// Returns the language of texts for people.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Returns the session that the program has named.
    pub fn session(&self) -> Option<u128> {
        self.session
    }

    /// Notes the session that the program has named.
    pub fn set_session(&mut self, session: u128) {
        self.session = Some(session);
    }

    /// Appends a message for the program alone, which may be the answer to its command.
    pub fn tell(&mut self, message: Message<'_>, stamp: Stamp, to: &mut Vec<u8>) {
        match message {
            Message::Event(&Event::Present { room, count, online }) => {
                self.people = People::new(room, count, online);
            }
            Message::Event(&Event::Answer(Answer::Ignored { count })) => {
                self.people = People::ignored(count);
                if let Some(job) = &mut self.job {
                    job.wants = Wants::Nothing;
                }
            }
            Message::Event(&Event::Names { line }) => self.people.write(line, to),
            Message::Event(
                &(Event::Since { is_complete: is_so }
                | Event::Answer(Answer::Ignoring { is_ignored: is_so, .. })),
            ) => {
                if let Some(job) = &mut self.job {
                    job.is_so = is_so;
                }
            }
            Message::Notice(&Notice::Hello { line_bytes_max, is_kept }) => {
                encode::hello(line_bytes_max, is_kept, stamp, to);
            }
            _ => {
                if let Some(error) = encode::Refusal::of(message) {
                    let tag = self.job.take().and_then(|job| job.tag);
                    return error.write(tag.as_deref(), message, self.lang, to);
                }
                encode::private(message, stamp, to);
            }
        }
    }

    /// Answers the current command, which has been executed, unless it was answered already;
    /// returns whether there is something to send.
    pub fn conclude(&mut self, outcome: &Outcome<'_>) -> bool {
        let Some(Job { tag: Some(tag), wants, is_so }) = self.job.take() else { return false };
        let mut object = Object::new(&mut self.replies);
        object.text("type", "done").text("tag", &tag);
        match (wants, outcome) {
            (Wants::Line, Outcome { line: Some(line), .. }) => {
                object.pair("id", [line.epoch, line.number]);
            }
            (Wants::Name, Outcome { name: Some(name), .. }) => {
                object.text("name", name);
            }
            (Wants::Number, _) => {
                object.number("n", outcome.number);
            }
            (Wants::Complete, _) => {
                object.flag("complete", is_so);
            }
            (Wants::Ignored, _) => {
                object.flag("ignored", is_so);
            }
            (Wants::Commands, _) => {
                object.texts("commands", NAMES);
            }
            _ => {}
        }
        object.end();
        true
    }

    /// Appends the message that the connection ends.
    pub fn close(&mut self, why: CloseReason, to: &mut Vec<u8>) {
        self.job = None;
        encode::closing(why, self.lang, to);
    }

    /// Keeps `bytes`, which contain no line end.
    fn keep(&mut self, bytes: &[u8], bytes_max: usize) {
        // Every character of the text may be escaped in six, and there may be other fields.
        let line_bytes_max = 6 * bytes_max + 1024;
        if self.is_too_long || self.line.len() + bytes.len() > line_bytes_max {
            self.is_too_long = true;
            self.dropped += self.line.len() + bytes.len();
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line<'t>(&mut self, bytes_max: usize, words: &'t mut String) -> Input<'t> {
        let line = std::mem::take(&mut self.line);
        self.dropped = 0;
        if std::mem::take(&mut self.is_too_long) {
            self.job = None;
            return Input::Notice(Notice::LineTooLong { bytes_max });
        }
        if line.trim_ascii().is_empty() {
            return Input::Nothing;
        }
        let (job, input) = commands::parse(&line, bytes_max, words);
        self.job = Some(job);
        input
    }
}
