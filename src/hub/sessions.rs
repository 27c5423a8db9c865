//! The sessions of clients: which lines have been said, across connections. A line that is sent
//! again after its connection broke is said once.

use std::collections::BTreeMap;

use crate::ids::PeerId;
use crate::limits::{ENDED_SESSIONS_MAX, SESSION_MS};

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    by_id: BTreeMap<u128, Session>,
    /// Ended sessions, oldest first, by a running number.
    ended: BTreeMap<u64, (u64, u128)>,
    ends: u64,
}

/// What is remembered of one session.
#[derive(Clone, Copy)]
struct Session {
    /// The number of the last line said in it; 0 if there is none.
    last: u64,
    /// The number of that line in the chat.
    line: u64,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// This connection holds it.
    Held(PeerId),
    /// Its connection has ended; the key of its entry in [`Sessions::ended`].
    Ended(u64),
}

impl Sessions {
    /// Returns the connection that holds `session`.
    pub fn holder(&self, session: u128) -> Option<PeerId> {
        match self.by_id.get(&session)?.state {
            State::Held(peer) => Some(peer),
            State::Ended(_) => None,
        }
    }

    /// Gives `session` to `peer`; returns the number of the last line said in it.
    pub fn hold(&mut self, session: u128, peer: PeerId, now_ms: u64) -> u64 {
        self.forget_old(now_ms);
        let new = Session { last: 0, line: 0, state: State::Held(peer) };
        let session = self.by_id.entry(session).or_insert(new);
        if let State::Ended(end) = session.state {
            self.ended.remove(&end);
        }
        session.state = State::Held(peer);
        session.last
    }

    /// Whether line `number` of `session` has been said; for the last one, also its number in the
    /// chat.
    pub fn has_said(&self, session: u128, number: u64) -> Option<Option<u64>> {
        let session = self.by_id.get(&session).filter(|session| number <= session.last)?;
        Some((number == session.last).then_some(session.line))
    }

    /// Notes that line `number` of `session` has been said, as line `line` of the chat.
    pub fn note(&mut self, session: u128, number: u64, line: u64) {
        if let Some(session) = self.by_id.get_mut(&session) {
            (session.last, session.line) = (number, line);
        }
    }

    /// Ends `session` because its connection `peer` has ended. A session without lines is
    /// forgotten.
    pub fn end(&mut self, session: u128, peer: PeerId, now_ms: u64) {
        let Some(found) = self.by_id.get_mut(&session) else { return };
        if !matches!(found.state, State::Held(holder) if holder == peer) {
            return;
        }
        if found.last == 0 {
            self.by_id.remove(&session);
            return;
        }
        self.ends += 1;
        found.state = State::Ended(self.ends);
        self.ended.insert(self.ends, (now_ms, session));
        self.forget_old(now_ms);
        if self.ended.len() > ENDED_SESSIONS_MAX {
            self.forget_oldest();
        }
    }

    fn forget_old(&mut self, now_ms: u64) {
        let is_old = |&(ended_ms, _): &(u64, u128)| now_ms.saturating_sub(ended_ms) > SESSION_MS;
        while self.ended.first_key_value().is_some_and(|(_, end)| is_old(end)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, (_, session))) = self.ended.pop_first() {
            self.by_id.remove(&session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: u64 = 7;

    fn peer(number: u32) -> PeerId {
        PeerId::new(number as usize, number)
    }

    #[test]
    fn said_lines_are_remembered_across_connections_for_ten_minutes() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.hold(5, peer(1), 0), 0);
        assert_eq!(sessions.has_said(5, 1), None);
        sessions.note(5, 1, LINE);
        sessions.note(5, 2, LINE);
        assert_eq!(sessions.holder(5), Some(peer(1)));
        sessions.end(5, peer(1), 1_000);
        assert_eq!(sessions.holder(5), None);
        assert_eq!(sessions.hold(5, peer(2), 1_000 + SESSION_MS), 2);
        assert_eq!(sessions.has_said(5, 1), Some(None));
        assert_eq!(sessions.has_said(5, 2), Some(Some(LINE)));
        assert_eq!(sessions.has_said(5, 3), None);
        sessions.end(5, peer(1), 1_001 + SESSION_MS);
        assert_eq!(sessions.holder(5), Some(peer(2)), "another connection holds it");
        sessions.end(5, peer(2), 2_000 + SESSION_MS);
        assert_eq!(sessions.hold(5, peer(3), 2_001 + 2 * SESSION_MS), 0, "forgotten");
    }

    #[test]
    fn the_table_is_bounded_and_drops_the_oldest() {
        let mut sessions = Sessions::default();
        for session in 0..2 * ENDED_SESSIONS_MAX as u128 {
            sessions.hold(session, peer(1), 0);
            if !session.is_multiple_of(4) {
                sessions.note(session, 1, LINE);
            }
            sessions.end(session, peer(1), 0);
            assert!(sessions.by_id.len() <= ENDED_SESSIONS_MAX);
            assert_eq!(sessions.by_id.len(), sessions.ended.len());
        }
        assert_eq!(sessions.hold(2 * ENDED_SESSIONS_MAX as u128 - 1, peer(2), 0), 1);
        assert_eq!(sessions.hold(1, peer(2), 0), 0);
    }

    #[test]
    fn a_session_is_small() {
        assert!(size_of::<Session>() <= 32, "{}", size_of::<Session>());
    }
}
