//! What a person has asked for and the server has not answered: nothing of it is lost silently.
//!
//! What others are to hear is numbered when it is first sent. After a reconnect the server tells the
//! last number that it has seen, and only what is past it is sent again.

use std::collections::VecDeque;

use crate::client::core::bounds::{FAILED_LINES_MAX, UNCONFIRMED_MAX};
use crate::client::core::command::Command;
use crate::text::clip;

/// Something that was asked for.
#[derive(Debug)]
pub struct Job {
    /// What.
    pub command: Command,
    /// The answer repeats it.
    pub tag: u64,
    /// The number of the line in the session, once it was sent.
    pub number: Option<u64>,
    /// The room that the line is for, once that is known.
    pub room: Option<String>,
    /// Everybody has heard it, the author too.
    pub is_delivered: bool,
}

/// What was asked for and is not answered, in order.
#[derive(Default)]
pub struct Outbox {
    sent: VecDeque<Job>,
    waiting: VecDeque<Job>,
    waiting_bytes: usize,
    last_tag: u64,
    last_number: u64,
    /// The highest number that the server has confirmed.
    confirmed: u64,
    /// Lines that were not said, as far as is known, the first of them.
    failed: Vec<String>,
    failed_count: usize,
    /// How many lines may have been said twice.
    twice: usize,
}

impl Outbox {
    /// Appends `command`.
    pub fn push(&mut self, command: Command) {
        self.waiting_bytes += command.words().map_or(0, str::len);
        let (tag, number, room, is_delivered) = Default::default();
        self.waiting.push_back(Job { command, tag, number, room, is_delivered });
    }

    /// Takes the next one to be sent, if it may follow what is on its way: lines may follow lines,
    /// anything else waits for the answers before it, and is waited for. Texts of more than
    /// `text_bytes_max` are said in pieces.
    pub fn next(&mut self, room: &str, text_bytes_max: usize) -> Option<&Job> {
        // What may be refused goes alone: the server counts only what was said.
        let is_said = |job: &Job| {
            let is_here = job.room.as_deref().is_none_or(|it| it == room);
            matches!(job.command, Command::Say(_)) && is_here
        };
        let may_follow = self.sent.is_empty()
            || (self.sent.len() < UNCONFIRMED_MAX
                && self.sent.iter().all(is_said)
                && self.waiting.front().is_some_and(is_said));
        let mut job = if may_follow { self.waiting.pop_front()? } else { return None };
        if let Command::Say(text) = &mut job.command
            && job.number.is_none()
            && text.len() > text_bytes_max
        {
            let rest = text.split_off(clip(text, text_bytes_max).len());
            self.waiting_bytes -= rest.len();
            let waiting = std::mem::take(&mut self.waiting);
            self.push(Command::Say(rest.trim_start().into()));
            self.waiting.extend(waiting);
        }
        if let Some(words) = job.command.words() {
            self.waiting_bytes -= words.len();
            if job.number.is_none() {
                self.last_number += 1;
                job.number = Some(self.last_number);
            }
            job.room.get_or_insert_with(|| room.to_string());
        }
        self.last_tag += 1;
        job.tag = self.last_tag;
        self.sent.push_back(job);
        self.sent.back()
    }

    /// The server has answered what has `tag`.
    pub fn answer(&mut self, tag: u64) -> Option<Job> {
        let at = self.sent.iter().position(|job| job.tag == tag)?;
        let job = self.sent.remove(at)?;
        self.confirmed = self.confirmed.max(job.number.unwrap_or(0));
        Some(job)
    }

    /// The first one that is on its way.
    pub fn first_sent(&self) -> Option<&Job> {
        self.sent.front()
    }

    /// Everybody hears `words`, which this person has said.
    pub fn mark_delivered(&mut self, words: &str) -> Option<u64> {
        let is_it = |job: &&mut Job| !job.is_delivered && job.command.words() == Some(words);
        let job = self.sent.iter_mut().find(is_it)?;
        job.is_delivered = true;
        Some(job.tag)
    }

    /// The connection is gone: what was on its way waits again, before everything else.
    pub fn lose(&mut self) {
        while let Some(mut job) = self.sent.pop_back() {
            self.waiting_bytes += job.command.words().map_or(0, str::len);
            job.is_delivered = false;
            self.waiting.push_front(job);
        }
    }

    /// The connection is gone, to a server that does not count lines: whether what was on its way was
    /// heard, nobody knows.
    pub fn give_up_sent(&mut self) -> Vec<String> {
        let jobs = std::mem::take(&mut self.sent);
        let lines = jobs.iter().filter_map(|job| job.command.words());
        let lines: Vec<String> = lines.map(Into::into).collect();
        lines.iter().for_each(|line| self.fail(line));
        lines
    }

    /// The server has seen the lines up to `number` on an earlier connection. How many lines may be
    /// said twice now, because it has forgotten what it had confirmed.
    pub fn resume(&mut self, number: u64) -> usize {
        let is_seen = |job: &Job| job.number.is_some_and(|own| own <= number);
        let waiting = std::mem::take(&mut self.waiting);
        let (seen, waiting) = waiting.into_iter().partition(is_seen);
        self.waiting = waiting;
        for job in VecDeque::<Job>::into_iter(seen) {
            self.waiting_bytes -= job.command.words().map_or(0, str::len);
        }
        let has_forgotten = number < self.confirmed;
        self.confirmed = number;
        if !has_forgotten {
            return 0;
        }
        let twice = self.waiting.iter().filter(|job| job.number.is_some()).count();
        self.twice += twice;
        twice
    }

    /// How many lines may have been said twice so far.
    pub fn twice(&self) -> usize {
        self.twice
    }

    /// What waits is for `room`, where the person cannot be now.
    pub fn keep_for(&mut self, room: &str) {
        for job in self.waiting.iter_mut().filter(|job| job.command.words().is_some()) {
            job.room.get_or_insert_with(|| room.to_string());
        }
    }

    /// `line` was not said, or nobody knows.
    pub fn fail(&mut self, line: &str) {
        self.failed_count += 1;
        if self.failed.len() < FAILED_LINES_MAX {
            self.failed.push(line.into());
        }
    }

    /// Whether nothing is waiting or on its way.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.waiting.is_empty()
    }

    /// Whether something is on its way.
    pub fn is_waited_for(&self) -> bool {
        !self.sent.is_empty()
    }

    /// How many commands wait to be sent.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How long the lines are in all that wait to be sent.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// The lines that are not confirmed, in order.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.sent.iter().chain(&self.waiting).filter(|job| job.command.words().is_some())
    }

    /// What is to be reported at the end: the first lines that were not confirmed, and how many there
    /// are of them.
    pub fn report(&self) -> (Vec<String>, usize) {
        let unconfirmed = self.lines().filter_map(|job| job.command.words());
        let lines = self.failed.iter().map(String::as_str).chain(unconfirmed);
        let lines = lines.take(FAILED_LINES_MAX).map(Into::into).collect();
        (lines, self.failed_count + self.lines().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(lines: &[&str]) -> Outbox {
        let mut outbox = Outbox::default();
        lines.iter().for_each(|line| outbox.push(Command::Say((*line).into())));
        outbox
    }

    fn sent(outbox: &mut Outbox) -> Vec<(u64, String)> {
        let mut sent = Vec::new();
        while let Some(job) = outbox.next("lobby", 1_000) {
            let words = job.command.words().unwrap_or("-").to_string();
            sent.push((job.number.unwrap_or(0), words));
        }
        sent
    }

    #[test]
    fn only_what_the_server_has_not_seen_is_sent_again_in_order() {
        let mut outbox = outbox(&["one", "two", "three"]);
        let all = [(1, "one".into()), (2, "two".into()), (3, "three".into())];
        assert_eq!(sent(&mut outbox), all);
        outbox.answer(1);
        outbox.push(Command::Say("four".into()));
        outbox.lose();
        assert_eq!(outbox.resume(2), 0);
        assert_eq!(sent(&mut outbox), [(3, "three".into()), (4, "four".into())]);
    }

    #[test]
    fn a_server_that_has_forgotten_a_session_is_told_of() {
        let mut outbox = outbox(&["one", "two"]);
        sent(&mut outbox);
        outbox.answer(1);
        outbox.lose();
        assert_eq!(outbox.resume(0), 1);
        assert_eq!(sent(&mut outbox), [(2, "two".into())]);
        assert_eq!((outbox.twice(), outbox.report()), (1, (vec!["two".into()], 1)));
    }

    #[test]
    fn lines_follow_lines_and_all_else_waits() {
        let mut outbox = outbox(&["x"; UNCONFIRMED_MAX + 1]);
        assert_eq!(sent(&mut outbox).len(), UNCONFIRMED_MAX);
        outbox.answer(1);
        assert_eq!(sent(&mut outbox).len(), 1);
        outbox.push(Command::Who);
        outbox.push(Command::Say("y".into()));
        (2..=17).for_each(|tag| drop(outbox.answer(tag)));
        assert_eq!(sent(&mut outbox), [(0, "-".into())]);
        outbox.answer(18);
        assert_eq!(sent(&mut outbox), [(18, "y".into())]);
    }

    #[test]
    fn what_is_too_long_for_the_server_is_said_in_pieces() {
        let mut outbox = outbox(&["说说说说 said"]);
        let mut pieces = Vec::new();
        while let Some(job) = outbox.next("lobby", 8) {
            pieces.push(job.command.words().unwrap_or_default().to_string());
        }
        assert_eq!(pieces, ["说说", "说说 s", "aid"]);
        assert_eq!((outbox.waiting(), outbox.waiting_bytes()), (0, 0));
    }
}
