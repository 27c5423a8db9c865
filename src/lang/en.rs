//! English.

use std::io::{self, Write};

use crate::chat::event::{Crowd, Event, NickFault};
use crate::limits::{NICK_BYTES_MAX, NICK_COLUMNS_MAX};

pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Accepted => write!(to, "OK"),
        Event::Goodbye => write!(to, "exit"),
        Event::Joined { nick } => write!(to, "system: {nick} joined"),
        Event::Left { nick } => write!(to, "system: {nick} left"),
        Event::ManyJoined(crowd) => write_crowd(crowd, "joined", to),
        Event::ManyLeft(crowd) => write_crowd(crowd, "left", to),
        Event::Renamed { old, new } => write!(to, "system: {old} is now {new}"),
        Event::Said { nick, text } => write!(to, "{nick}:{text}"),
        Event::Acted { nick, text } => write!(to, "* {nick} {text}"),
        Event::Whispered { from, to: reader, text } => {
            write!(to, "{from} (private to {reader}):{text}")
        }
        Event::NotUnderstood => write!(to, "system: not understood, please try again! (try: help)"),
        Event::NameFirst => write!(to, "system: take a name first: NAME -n"),
        Event::NameTaken { free } => write!(to, "system: that name is taken; {free} is free"),
        Event::NameRefused { fault, free } => {
            write!(to, "system: ")?;
            match fault {
                NickFault::TooLong => {
                    write!(to, "at most {NICK_COLUMNS_MAX} columns, {NICK_BYTES_MAX} bytes")?;
                }
                NickFault::Characters => write!(to, "only letters, digits, _ - . '")?,
                NickFault::MixedScripts => write!(to, "one alphabet to a name")?,
                NickFault::Reserved => write!(to, "that name is reserved")?,
            }
            write!(to, "; {free} is free")
        }
        Event::LineTooLong { bytes_max } => {
            write!(to, "system: that line was over {bytes_max} bytes and was not sent")
        }
        Event::Nobody { nick } => write!(to, "system: nobody here is called {nick}"),
        Event::Present { count } => write!(to, "system: {count} here:"),
        Event::Names { line } => write!(to, "system: {line}"),
        Event::Help => write!(to, "{HELP}"),
        Event::Skipped { lines } => write!(to, "system: … {lines} lines skipped"),
        Event::NamingOver => write!(to, "system: no name was taken in time, goodbye"),
        Event::Unended => write!(to, "system: that was too much without a line end, goodbye"),
        Event::RoomFull => write!(to, "system: the room is full, try again later"),
        Event::AddressFull => write!(to, "system: too many connections from your address"),
        Event::ShuttingDown => write!(to, "system: the server is stopping, goodbye"),
    }
}

const HELP: &str = "\
system: NAME -n        take a name, or another one
system: TEXT -ta       say TEXT to all
system: TEXT -me       do TEXT, as in: waves -me
system: NAME TEXT -to  say TEXT to NAME alone
system: who            who is here
system: help           this list
system: exit           leave";

fn write_crowd(crowd: Crowd<'_>, did: &str, to: &mut impl Write) -> io::Result<()> {
    write!(to, "system: {} {did}", crowd.count)?;
    if !crowd.first.is_empty() {
        write!(to, ": {}", crowd.first.join(", "))?;
    }
    match crowd.count - crowd.first.len() {
        0 => Ok(()),
        _ if crowd.first.is_empty() => Ok(()),
        more => write!(to, " and {more} more"),
    }
}

pub fn how_to_join(connect: &str) -> String {
    format!(
        "join with: {connect}\n\
         then type: NAME -n   to take a name, TEXT -ta   to say TEXT to all, exit   to leave"
    )
}
