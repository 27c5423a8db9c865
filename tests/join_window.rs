//! `natter join` and its window: the lines left there, the mouse wheel, the title; and the log
//! file.
#![cfg(feature = "client")]

mod common;
#[path = "common/company.rs"]
mod company;
#[path = "common/pty.rs"]
mod pty;

use std::fs;

use common::{TempPath, without_stamps};
use company::{enter, room, say};
use pty::Terminal;

#[test]
fn the_last_screenful_remains_above_the_shell_prompt() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 8, 40);
    say(&mut bob, "see http://example.org/a/path/that/is/longer/than/a/row");
    // The terminal knows that it is one line.
    let link = "http://example.org/a/path/that/is/longer/than/a/row";
    terminal.until(|terminal| terminal.screen().contents().contains(link));
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
    assert!(!terminal.screen().alternate_screen());
    let left = terminal.screen().contents();
    assert!(left.contains("-- you have joined"), "{left}");
    assert!(left.contains("http://example.org/a/path/that/is/longer/than/a/row"), "{left}");
    assert!(!left.contains("alice @"), "{left}");
}

#[test]
fn the_mouse_wheel_scrolls_back() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 12, 60);
    for number in 0..20 {
        say(&mut bob, &format!("message {number}"));
    }
    terminal.shows("message 19");
    terminal.press("\x1b[<64;5;5M");
    terminal.until(|terminal| terminal.rows()[9] == "[T] bob: message 16");
    terminal.press("\x1b[<65;5;5M");
    terminal.until(|terminal| terminal.rows()[9] == "[T] bob: message 19");
}

#[test]
fn a_mention_sets_the_title_and_reaches_the_desktop() {
    let (server, mut bob) = room();
    let mut terminal = Terminal::join(&format!("{} --name alice --notify", server.door()), 8, 60);
    terminal.shows("-- you have joined");
    say(&mut bob, "hi alice");
    terminal.shows("bob: hi alice");
    let has = |terminal: &Terminal, part: &str| {
        terminal.sent().windows(part.len()).any(|sent| sent == part.as_bytes())
    };
    // Both may follow the line in a separate write.
    terminal.until(|terminal| has(terminal, "\x1b]9;bob: hi alice\x07"));
    let title = format!("\x1b]0;(1) natter: {}\x07", server.door());
    terminal.until(|terminal| has(terminal, &title));
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
    assert!(has(&terminal, "\x1b[23;0t"), "the title is restored");
}

#[test]
fn messages_are_appended_to_the_log_file() {
    let (server, mut bob) = room();
    let file = TempPath::new(".log");
    let options = format!("{} --name alice --log {}", server.door(), file.path().display());
    let mut terminal = Terminal::join(&options, 8, 60);
    terminal.shows("-- you have joined");
    say(&mut bob, "hello");
    terminal.shows("bob: hello");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
    let logged = fs::read_to_string(file.path()).expect("it is there");
    assert_eq!(without_stamps(&logged), "[T] bob:hello\n");
}
