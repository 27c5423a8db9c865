//! Which room the person is in, which one they asked for, and where they return to.

use std::mem;

use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::message::RoomWord;

/// The room of one session, over however many connections.
///
/// A line that says so changes the room only while one has been asked for: at a server that lets
/// people say anything, somebody else could have written that line.
#[derive(Debug, Default)]
pub struct Whereabouts {
    /// Unless it is the lobby.
    room: Option<String>,
    wanted: Option<Wanted>,
}

/// A room that the person wants to be in, and is not yet as far as the server has told.
#[derive(Debug)]
struct Wanted {
    room: String,
    /// When the server was asked, if it was.
    sent_ms: Option<u64>,
}

impl Whereabouts {
    /// Goes to `room` once the name is accepted.
    pub fn starting_in(room: Option<String>) -> Self {
        Self { room, wanted: None }
    }

    /// The room, unless it is the lobby.
    pub fn room(&self) -> Option<&str> {
        self.room.as_deref()
    }

    /// The name was accepted: the person is in the lobby, and wants to be where they were.
    pub fn come_in(&mut self) {
        self.wanted = self.room.take().map(|room| Wanted { room, sent_ms: None });
    }

    /// The room to ask the server for next.
    pub fn next(&self) -> Option<String> {
        self.wanted.as_ref().filter(|wanted| wanted.sent_ms.is_none()).map(|it| it.room.clone())
    }

    /// The server is asked for `room`.
    pub fn ask(&mut self, room: &str, now_ms: u64) {
        self.wanted = Some(Wanted { room: room.into(), sent_ms: Some(now_ms) });
    }

    /// When the server was asked for a room, if it has not answered.
    pub fn sent_ms(&self) -> Option<u64> {
        self.wanted.as_ref().and_then(|wanted| wanted.sent_ms)
    }

    /// The server shows that the person is in `room`.
    pub fn arrive(&mut self, room: &str) {
        self.room = Some(room.to_string()).filter(|room| room != LOBBY_NAME);
        self.stay();
    }

    /// No other room is wanted any more.
    pub fn stay(&mut self) {
        self.wanted = None;
    }

    /// The connection is lost: the person returns to the room that they were in or had asked for.
    pub fn lose(&mut self) {
        if let Some(Wanted { room, .. }) = mem::take(&mut self.wanted) {
            self.arrive(&room);
        }
    }

    /// The system said `word`, which may be the answer; true if the server knows of no rooms.
    pub fn hear(&mut self, word: &str) -> bool {
        if self.sent_ms().is_none() {
            return false;
        }
        match RoomWord::parse(word) {
            Some(RoomWord::Entered(room) | RoomWord::AlreadyThere(room)) => self.arrive(room),
            Some(RoomWord::Refused) => self.stay(),
            Some(RoomWord::NoRooms) => {
                self.stay();
                return true;
            }
            Some(RoomWord::Present) | None => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_counts_once_the_server_says_so() {
        let mut whereabouts = Whereabouts::default();
        whereabouts.hear("you are in evil, 3 here");
        assert_eq!(whereabouts.room(), None, "nobody asked for it");
        whereabouts.ask("TEA", 5);
        assert_eq!((whereabouts.room(), whereabouts.sent_ms()), (None, Some(5)));
        whereabouts.hear("you are in tea, alone so far");
        assert_eq!((whereabouts.room(), whereabouts.sent_ms()), (Some("tea"), None));
        whereabouts.ask("x!", 6);
        assert!(!whereabouts.hear("not a name for a room: only letters, digits, _ - . '"));
        assert_eq!((whereabouts.room(), whereabouts.sent_ms()), (Some("tea"), None));
        whereabouts.ask(LOBBY_NAME, 7);
        whereabouts.hear("您已进入房间 lobby，共 3 人");
        assert_eq!(whereabouts.room(), None);
        whereabouts.ask("tea", 8);
        assert!(whereabouts.hear("not understood, please try again! (try: help)"));
        assert_eq!(whereabouts.sent_ms(), None);
    }

    #[test]
    fn whoever_comes_back_returns_to_the_room_asked_for_last() {
        let mut whereabouts = Whereabouts::starting_in(Some("tea".into()));
        whereabouts.come_in();
        assert_eq!((whereabouts.room(), whereabouts.next()), (None, Some("tea".into())));
        whereabouts.lose();
        whereabouts.come_in();
        whereabouts.ask("tea", 1);
        whereabouts.arrive("tea");
        whereabouts.ask("coffee", 2);
        whereabouts.lose();
        whereabouts.come_in();
        assert_eq!(whereabouts.next(), Some("coffee".into()));
        whereabouts.ask(LOBBY_NAME, 3);
        whereabouts.lose();
        whereabouts.come_in();
        assert_eq!(whereabouts.next(), None);
    }
}
