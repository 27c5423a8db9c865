//! Commands that the server has not answered: none is lost silently.
//!
//! Lines for others are numbered when they are first sent. After a reconnect the server reports the
//! last number it has seen, and only later lines are sent again.

use std::collections::VecDeque;

use crate::client::core::bounds::{FAILED_LINES_MAX, UNCONFIRMED_MAX};
use crate::client::core::command::Command;
use crate::text::clip;

/// A command to be answered.
#[derive(Debug)]
pub struct Job {
    /// The command.
    pub command: Command,
    /// The tag, which the answer repeats.
    pub tag: u64,
    /// The number of the line in the session, once it was sent.
    pub number: Option<u64>,
    /// The room that the line is for, once that is known.
    pub room: Option<String>,
    /// Whether the line has come back as said, to everybody.
    pub is_delivered: bool,
}

/// The unanswered commands, in order.
#[derive(Default)]
pub struct Outbox {
    sent: VecDeque<Job>,
    waiting: VecDeque<Job>,
    waiting_bytes: usize,
    last_tag: u64,
    last_number: u64,
    /// The highest number that the server has confirmed.
    confirmed: u64,
    /// Lines that were not said, as far as is known; only the first ones are kept.
    failed: Vec<String>,
    failed_count: usize,
    /// The number of lines that may have been said twice.
    twice: usize,
}

impl Outbox {
    /// Appends `command`.
    pub fn push(&mut self, command: Command) {
        self.waiting_bytes += command.words().map_or(0, str::len);
        let (tag, number, room, is_delivered) = Default::default();
        self.waiting.push_back(Job { command, tag, number, room, is_delivered });
    }

    /// Returns the next command to send, if it may follow those that were sent: a line may follow
    /// lines; any other command waits for all answers before it, and later ones wait for its
    /// answer. Texts of more than `text_bytes_max` are split.
    pub fn next(&mut self, room: &str, text_bytes_max: usize) -> Option<&Job> {
        // A line that may be refused is sent alone: the server counts only those that were said.
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

    /// Removes the command with `tag`, which the server has answered.
    pub fn answer(&mut self, tag: u64) -> Option<Job> {
        let at = self.sent.iter().position(|job| job.tag == tag)?;
        let job = self.sent.remove(at)?;
        self.confirmed = self.confirmed.max(job.number.unwrap_or(0));
        Some(job)
    }

    /// Returns the first command that was sent.
    pub fn first_sent(&self) -> Option<&Job> {
        self.sent.front()
    }

    /// Notes that `words` of the user have come back as said; returns the tag.
    pub fn mark_delivered(&mut self, words: &str) -> Option<u64> {
        let is_it = |job: &&mut Job| !job.is_delivered && job.command.words() == Some(words);
        let job = self.sent.iter_mut().find(is_it)?;
        job.is_delivered = true;
        Some(job.tag)
    }

    /// Notes that the connection is lost: what was sent waits again, before everything else.
    pub fn lose(&mut self) {
        while let Some(mut job) = self.sent.pop_back() {
            self.waiting_bytes += job.command.words().map_or(0, str::len);
            job.is_delivered = false;
            self.waiting.push_front(job);
        }
    }

    /// Notes that the connection is lost, to a server that does not count lines: it is unknown
    /// whether the sent lines were said. Returns them.
    pub fn give_up_sent(&mut self) -> Vec<String> {
        let jobs = std::mem::take(&mut self.sent);
        let lines = jobs.iter().filter_map(|job| job.command.words());
        let lines: Vec<String> = lines.map(Into::into).collect();
        lines.iter().for_each(|line| self.fail(line));
        lines
    }

    /// Notes that the server has seen the lines up to `number` on an earlier connection; returns
    /// how many may be said twice now, because it has forgotten what it had confirmed.
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

    /// Returns the number of lines that may have been said twice so far.
    pub fn twice(&self) -> usize {
        self.twice
    }

    /// Marks the waiting lines as meant for `room`, which the user cannot enter now.
    pub fn keep_for(&mut self, room: &str) {
        for job in self.waiting.iter_mut().filter(|job| job.command.words().is_some()) {
            job.room.get_or_insert_with(|| room.to_string());
        }
    }

    /// Notes that `line` was not said, or may not have been.
    pub fn fail(&mut self, line: &str) {
        self.failed_count += 1;
        if self.failed.len() < FAILED_LINES_MAX {
            self.failed.push(line.into());
        }
    }

    /// Whether nothing is waiting or sent.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.waiting.is_empty()
    }

    /// Whether an answer is due.
    pub fn is_waited_for(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Returns the number of commands waiting to be sent.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the total length of the lines waiting to be sent.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Returns the unconfirmed lines, in order.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Job> {
        self.sent.iter().chain(&self.waiting).filter(|job| job.command.words().is_some())
    }

    /// Returns the report for the end: the first unconfirmed lines, and the number of all.
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
    fn a_server_that_has_forgotten_a_session_is_reported() {
        let mut outbox = outbox(&["one", "two"]);
        sent(&mut outbox);
        outbox.answer(1);
        outbox.lose();
        assert_eq!(outbox.resume(0), 1);
        assert_eq!(sent(&mut outbox), [(2, "two".into())]);
        assert_eq!((outbox.twice(), outbox.report()), (1, (vec!["two".into()], 1)));
    }

    #[test]
    fn lines_follow_lines_and_other_commands_wait() {
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
    fn a_text_too_long_for_the_server_is_split() {
        let mut outbox = outbox(&["说说说说 said"]);
        let mut pieces = Vec::new();
        while let Some(job) = outbox.next("lobby", 8) {
            pieces.push(job.command.words().unwrap_or_default().to_string());
        }
        assert_eq!(pieces, ["说说", "说说 s", "aid"]);
        assert_eq!((outbox.waiting(), outbox.waiting_bytes()), (0, 0));
    }
}
