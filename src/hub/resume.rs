//! Sessions that a client resumes over another connection.

use crate::chat::command::Command;
use crate::chat::event::CloseReason;
use crate::clock::Now;
use crate::door::notice::Notice;
use crate::hub::Hub;
use crate::hub::conn::Socket;
use crate::ids::{LineId, PeerId};

impl<S: Socket> Hub<S> {
    /// Gives `session` to `id`; returns the number of the last line that was said in it. The
    /// connection that held it is closed, and its undecoded input is dropped. Returns none if `id`
    /// has another session.
    pub(super) fn take_session(&mut self, id: PeerId, session: u128, now: &Now) -> Option<u64> {
        let own = self.peers.get_mut(id)?.protocol.session();
        if own.is_some_and(|own| own != session) {
            return None;
        }
        if let Some(holder) = self.sessions.holder(session).filter(|&holder| holder != id) {
            self.dismiss(holder, &Notice::Replaced, CloseReason::Replaced, now);
        }
        self.peers.get_mut(id)?.protocol.set_session(session);
        Some(self.sessions.hold(session, id, now.mono_ms))
    }

    /// Executes the numbered command, unless that line of the session has been said already: then
    /// returns that line, if it is still known.
    pub(super) fn ask_once(
        &mut self,
        id: PeerId,
        number: u64,
        command: Command<'_>,
        now: &Now,
    ) -> Option<LineId> {
        let session = self.peers.get_mut(id).and_then(|conn| conn.protocol.session());
        let before = self.chat.last_line();
        if let Some(line) = session.and_then(|session| self.sessions.has_said(session, number)) {
            return line.map(|number| LineId { number, ..before });
        }
        let lines = self.chat.lines();
        self.ask(id, command, now);
        let line = self.chat.last_line();
        if let Some(session) = session.filter(|_| self.chat.lines() != lines) {
            self.sessions.note(session, number, line.number);
        }
        None
    }

    /// Ends the session of `id`, which stays resumable for a while.
    pub(super) fn end_session(&mut self, id: PeerId, now: &Now) {
        if let Some(session) = self.peers.get_mut(id).and_then(|conn| conn.protocol.session()) {
            self.sessions.end(session, id, now.mono_ms);
        }
    }
}
