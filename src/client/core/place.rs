//! The current room: its users, and which of its lines have been seen.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::chat::names::are_alike;
use crate::chat::rooms::LOBBY_NAME;
use crate::client::core::bounds::{IDS_MAX, NAMES_MAX, ROOMS_MAX};
use crate::client::core::message::clean;
use crate::json::Fields;
use crate::limits::NICK_BYTES_MAX;

/// The state of the room, across connections.
pub struct Place {
    /// The room that the user is in, or will enter once there is a connection.
    room: String,
    /// The number of users in it, if the server has told.
    count: Option<u64>,
    /// Their names, the most recently active first, without duplicates.
    names: VecDeque<String>,
    /// The last line seen in each room.
    last_ids: BTreeMap<String, String>,
    /// The ids of the last lines seen, as a set and in order.
    seen: BTreeSet<String>,
    seen_in_order: VecDeque<String>,
    /// The users that are ignored.
    ignored: Vec<String>,
}

impl Place {
    /// Creates the state of a user who wants to be in `room`.
    pub fn new(room: Option<String>) -> Self {
        let (count, names, last_ids, seen, seen_in_order, ignored) = Default::default();
        let room = room.unwrap_or_else(|| LOBBY_NAME.into());
        Self { room, count, names, last_ids, seen, seen_in_order, ignored }
    }

    /// Returns the room that the user is in, or will enter.
    pub fn room(&self) -> &str {
        &self.room
    }

    /// Returns the number of users in it.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// Returns the other users in it, as far as they are known, the most recently active first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Returns the ignored users.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(String::as_str)
    }

    /// Returns the last line seen in the room.
    pub fn last_id(&self) -> Option<&str> {
        self.last_ids.get(&self.room).map(String::as_str)
    }

    /// Notes that the user is in `room`, with `count` users.
    pub fn enter(&mut self, room: &str, count: Option<u64>) {
        self.room = room.into();
        self.names.clear();
        self.count = count;
    }

    /// Notes that `name` is ignored, or no longer.
    pub fn ignore(&mut self, name: &str, is_ignored: bool) {
        self.ignored.retain(|known| !are_alike(known, name));
        if is_ignored {
            self.ignored.push(name.into());
        }
    }

    /// Marks the line with `id` as seen; returns whether it is new.
    pub fn see(&mut self, room: &str, id: &str) -> bool {
        if id.is_empty() {
            return true;
        }
        if !self.seen.insert(id.into()) {
            return false;
        }
        self.seen_in_order.push_back(id.into());
        if self.seen_in_order.len() > IDS_MAX
            && let Some(oldest) = self.seen_in_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.begin(room, id);
        true
    }

    /// Learns from an `event` with these fields who is in the room; `own` is the user's own name.
    pub fn learn(&mut self, event: &str, fields: &Fields<'_>, own: &str) {
        let text = |field| fields.text(field).map(|text| clean(&text)).unwrap_or_default();
        let names = || fields.texts("names").into_iter().flatten().map(|name| clean(&name));
        let one_or_many = || Some(text("name")).into_iter().chain(names());
        let many = fields.number("count").unwrap_or(1);
        match event {
            "said" if text("name") != own => self.remember(&text("name"), own),
            "whispered" => {
                [text("name"), text("to")].iter().for_each(|name| self.remember(name, own));
            }
            "joined" => {
                self.count = self.count.map(|count| count.saturating_add(many));
                one_or_many().for_each(|name| self.remember(&name, own));
            }
            "left" => {
                self.count = self.count.map(|count| count.saturating_sub(many));
                one_or_many().for_each(|name| self.forget(&name));
            }
            "renamed" => {
                let (old, new) = (text("name"), text("to"));
                self.forget(&old);
                self.remember(&new, own);
                self.ignored.iter_mut().filter(|it| **it == old).for_each(|it| it.clone_from(&new));
            }
            "people" => {
                self.count = fields.number("count");
                names().for_each(|name| self.remember(&name, own));
            }
            _ => {}
        }
    }

    /// Notes that everything said in `room` from now on comes after `id`.
    pub fn begin(&mut self, room: &str, id: &str) {
        if self.last_ids.len() == ROOMS_MAX && !self.last_ids.contains_key(room) {
            self.last_ids.pop_first();
        }
        self.last_ids.insert(room.into(), id.into());
    }

    /// Notes that `name` has left the room.
    pub fn forget(&mut self, name: &str) {
        self.names.retain(|known| known != name);
    }

    /// Notes that `name` is in the room.
    pub fn remember(&mut self, name: &str, own: &str) {
        // Other servers allow names of any length: those are not completed.
        if name.is_empty() || name == own || name.len() > 2 * NICK_BYTES_MAX {
            return;
        }
        self.forget(name);
        self.names.push_front(name.into());
        self.names.truncate(NAMES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(place: &mut Place, event: &str, fields: &str) {
        let object = format!("{{{fields}}}");
        let fields = crate::json::read(object.as_bytes()).expect("it is an object");
        place.learn(event, &fields, "own");
    }

    fn names(place: &Place) -> String {
        place.names().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn events_update_the_list_of_users() {
        let mut place = Place::new(None);
        place.enter("lobby", Some(3));
        for (event, fields) in [
            ("people", r#""count":4,"names":["own","dave","eve"]"#),
            ("said", r#""name":"bob""#),
            ("said", r#""name":"own""#),
            ("joined", r#""name":"carol""#),
            ("joined", r#""names":["gil","hal"],"count":3"#),
            ("left", r#""names":["gil"],"count":2"#),
            ("left", r#""name":"hal""#),
            ("renamed", r#""name":"bob","to":"robert""#),
        ] {
            learn(&mut place, event, fields);
        }
        assert_eq!((names(&place), place.count()), ("robert carol eve dave".into(), Some(5)));
        learn(&mut place, "said", &format!(r#""name":"{}""#, "y".repeat(1_000)));
        assert_eq!(names(&place), "robert carol eve dave");
        place.enter("tea", Some(1));
        assert_eq!(names(&place), "", "those of the other room are forgotten");
    }

    #[test]
    fn an_ignored_user_stays_ignored_after_a_rename() {
        let mut place = Place::new(None);
        place.ignore("bob", true);
        learn(&mut place, "renamed", r#""name":"bob","to":"rob""#);
        assert_eq!(place.ignored().collect::<Vec<_>>(), ["rob"]);
        place.ignore("ROB", true);
        assert_eq!(place.ignored().collect::<Vec<_>>(), ["ROB"], "it is one person");
        place.ignore("r0b", false);
        assert_eq!(place.ignored().count(), 0);
    }

    #[test]
    fn no_line_is_seen_twice_and_memory_is_bounded() {
        let mut place = Place::new(None);
        for number in 0..2 * IDS_MAX {
            assert!(place.see(&format!("room {number}"), &number.to_string()));
        }
        assert!(!place.see("lobby", &(2 * IDS_MAX - 1).to_string()));
        assert!(place.see("lobby", ""), "it has no id");
        assert_eq!((place.seen.len(), place.last_ids.len()), (IDS_MAX, ROOMS_MAX));
        place.see("lobby", "new");
        assert_eq!(place.last_id(), Some("new"));
    }
}
