//! `natter join` at a real pseudo-terminal: what a person sees, row by row.
#![cfg(feature = "client")]

mod common;
#[path = "common/company.rs"]
mod company;
#[path = "common/pty.rs"]
mod pty;

use std::env;

use common::{PATIENCE, Server, TempPath};
use company::{enter, room, say, status};
use natter::client::tui::app::App;
use natter::door::lang::Lang;
use pty::Terminal;
use pty_process::blocking::Command;
use rustix::process::Signal;

#[test]
fn the_typed_line_stays_while_twenty_messages_arrive() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 24, 60);
    for number in 0..20 {
        terminal.press("x");
        say(&mut bob, &format!("message {number}"));
    }
    terminal.press("\x1b[D!");
    terminal.shows("bob: message 19");
    let typed = format!("> {}!x", "x".repeat(19));
    terminal.types(&typed);
    let mut rows = vec![String::new(), "[T] -- you have joined; type /help for help".into()];
    rows.extend((0..20).map(|number| format!("[T] bob: message {number}")));
    rows.push(status("alice", &server, "2 here", 60));
    rows.push(typed);
    assert_eq!(terminal.rows(), rows);
    assert_eq!(terminal.screen().cursor_position(), (23, 22));
    terminal.press("\r");
    bob.until(&format!("[T] alice:{}!x", "x".repeat(19)));
    terminal.shows("alice: xxxxx");
    terminal.types(">");
}

#[test]
fn the_name_is_asked_for_and_asked_for_again() {
    let (server, mut bob) = room();
    let mut terminal = Terminal::join(server.door(), 10, 80);
    terminal.types("name:");
    terminal.press("bob\r");
    terminal.shows("-- the name bob was refused: that name is taken; bob2 is free");
    terminal.press("小红\r");
    terminal.shows("-- you have joined");
    bob.until("[T] system: 小红 joined");
    terminal.press("/name 小明\r");
    bob.until("[T] system: 小红 is now 小明");
    terminal.shows(" 小明 @ ");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
    bob.until("[T] system: 小明 left");
}

#[test]
fn a_resized_window_is_redrawn() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 8, 50);
    say(&mut bob, "one two three four five six seven eight nine");
    terminal.press("half");
    terminal.types("> half");
    terminal.shows("seven");
    let wanted = |middle: &[&str], columns: usize| {
        let status = status("alice", &server, "2 here", columns);
        let mut rows = vec!["[T] -- you have joined; type /help for help".to_string()];
        rows.extend(middle.iter().map(ToString::to_string));
        rows.extend([status, "> half".into()]);
        rows
    };
    let middle = ["[T] bob: one two three four five six seven", "         eight nine"];
    assert_eq!(terminal.rows()[3..], wanted(&middle, 50));
    terminal.resize(5, 70);
    let middle = ["[T] bob: one two three four five six seven eight nine"];
    terminal.until(|terminal| terminal.rows()[1..] == wanted(&middle, 70));
    terminal.resize(8, 30);
    let middle = [
        "[T] -- you have joined;",
        "       type /help for help",
        "[T] bob: one two three",
        "       four five six seven",
        "       eight nine",
    ];
    terminal.until(|terminal| terminal.rows()[7] == "> half" && terminal.rows()[1..6] == middle);
    terminal.resize(1, 10);
    terminal.until(|terminal| terminal.rows() == ["> half"]);
    terminal.resize(24, 80);
    terminal.types("> half");
}

#[test]
fn chinese_characters_are_edited_as_a_whole() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "小红", 8, 40);
    terminal.press("你好，世界");
    terminal.types("> 你好，世界");
    assert_eq!(terminal.screen().cursor_position(), (7, 12));
    terminal.press("\x1b[D\x1b[D\x7f吗");
    terminal.types("> 你好吗世界");
    assert_eq!(terminal.screen().cursor_position(), (7, 8));
    // A line wider than the window scrolls with the cursor.
    let long = "说".repeat(30);
    terminal.press(&format!("\x1b[F{long}\r"));
    bob.until(&format!("[T] 小红:你好吗世界{long}"));
    terminal.shows("小红: 你好吗世界说");
    terminal.press(&long);
    terminal.until(|terminal| terminal.screen().cursor_position().1 > 10);
    let (_, column) = terminal.screen().cursor_position();
    assert!(column < 40 && terminal.input().starts_with("> 说"), "{}", terminal.input());
    terminal.press("e\u{301}\x7f");
    terminal.press("\x15ok");
    terminal.types("> ok");
}

#[test]
fn scrolling_back_is_not_disturbed_and_shows_unread_lines() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 12, 60);
    for number in 0..50 {
        say(&mut bob, &format!("message {number}"));
    }
    terminal.shows("message 49");
    terminal.press("half\x1b[5~");
    terminal.shows("message 31");
    let seen = terminal.rows()[..10].to_vec();
    assert_eq!(seen[9], "[T] bob: message 40");
    say(&mut bob, "message 50");
    say(&mut bob, "message 51");
    terminal.shows("2 unread, PgDn");
    assert_eq!(terminal.rows()[..10], seen);
    terminal.press("\x1b[6~");
    terminal.shows("message 49");
    terminal.shows("2 unread, PgDn");
    terminal.press("\x1b[6~");
    terminal.shows("message 51");
    terminal.shows("─ unread ─");
    let rows = terminal.rows();
    let marker = rows.iter().position(|row| row.contains("unread")).expect("it is shown");
    assert_eq!(rows[marker - 1], "[T] bob: message 49");
    assert_eq!(rows[marker + 1], "[T] bob: message 50");
    terminal.types("> half");
    for _ in 0..20 {
        terminal.press("\x1b[5~");
    }
    terminal.shows("-- you have joined");
    assert!(terminal.rows()[0].contains("you have joined"), "{:?}", terminal.rows());
    terminal.press("\r");
    terminal.shows("alice: half");
    assert!(!terminal.rows().iter().any(|row| row.contains("unread")));
}

#[test]
fn lines_received_without_focus_are_marked() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 8, 60);
    say(&mut bob, "seen");
    terminal.shows("seen");
    terminal.press("\x1b[O");
    terminal.press("x");
    terminal.types("> x");
    say(&mut bob, "unseen");
    terminal.shows("─ unread ─");
    terminal.shows("1 unread");
    terminal.press("\x1b[I");
    terminal.until(|terminal| !terminal.rows()[6].contains("1 unread"));
    assert!(terminal.rows()[4].contains("─ unread ─"), "{:?}", terminal.rows());
}

#[test]
fn it_reconnects_by_itself_and_keeps_the_typed_line() {
    let file = TempPath::new(".sock");
    let options = format!("--no-flood-limit --classic {}", file.as_door());
    let mut server = Server::start(&options);
    let mut terminal = enter(&server, "alice", 16, 100);
    terminal.press("half a l");
    terminal.types("> half a l");
    server.all_log();
    terminal.shows("-- disconnected: the server closed the connection; reconnecting in");
    terminal.shows(" disconnected");
    terminal.press("ine");
    terminal.types("> half a line");
    let server = Server::start(&options);
    let mut bob = server.enter("bob");
    terminal.shows("-- reconnected");
    terminal.types("> half a line");
    terminal.press("\r");
    bob.until("[T] alice:half a line");
}

#[test]
fn lines_entered_while_disconnected_are_said_on_return() {
    let file = TempPath::new(".sock");
    let options = format!("--no-flood-limit --classic {}", file.as_door());
    let mut server = Server::start(&options);
    let mut terminal = enter(&server, "alice", 16, 100);
    server.all_log();
    terminal.shows(" disconnected");
    terminal.press("are you there?\r");
    terminal.shows("1 waiting");
    let server = Server::start(&options);
    terminal.shows("alice: are you there?");
    let mut bob = server.enter("bob");
    terminal.press("and me?\r");
    bob.until("[T] alice:and me?");
}

#[test]
fn names_are_completed_and_mentions_are_highlighted() {
    let (server, mut bob) = room();
    let mut terminal = Terminal::join(&format!("{} --name alice --bell", server.door()), 10, 60);
    terminal.shows("-- you have joined");
    let mut bobby = server.enter("bobby");
    terminal.shows("bobby joined");
    say(&mut bob, "malice is not Alice, is it");
    terminal.shows("bob: malice is not Alice, is it");
    let row = terminal.rows().iter().position(|row| row.contains("malice")).expect("it is shown");
    let row = u16::try_from(row).expect("rows are few");
    let is_reversed =
        |column| terminal.screen().cell(row, column).is_some_and(vt100::Cell::inverse);
    let reversed: Vec<u16> = (0..60).filter(|&column| is_reversed(column)).collect();
    assert_eq!(reversed, (28..33).collect::<Vec<_>>());
    assert!(terminal.sent().contains(&0x07), "the bell rings");
    terminal.press("bo\t");
    terminal.types("> bob");
    terminal.press("\t");
    terminal.shows("-- bob, bobby");
    terminal.press("b\thi");
    terminal.types("> bobby hi");
    bobby.say("exit");
    terminal.shows("bobby left");
    terminal.press("\x15bo\tyou");
    terminal.types("> bob you");
}

#[test]
fn many_pasted_lines_are_said_only_after_confirmation() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 10, 60);
    terminal.press("\x1b[200~one line\x1b[201~");
    terminal.types("> one line");
    terminal.press("\x1b[200~one\rtwo\r\x1b[201~");
    terminal.types("send the 2 pasted lines? y/n");
    terminal.press("n");
    terminal.types("> one line");
    terminal.press("\x1b[200~one\rtwo\r三\x1b[201~");
    terminal.types("send the 3 pasted lines? y/n");
    terminal.press("y");
    for line in ["one", "two", "三"] {
        bob.until(&format!("[T] alice:{line}"));
    }
    terminal.types("> one line");
}

#[test]
fn the_terminal_is_restored_however_it_ends() {
    for end in ["/quit\r", "\x04", "\x03", "SIGTERM", "SIGHUP"] {
        let (server, mut bob) = room();
        let mut terminal = enter(&server, "alice", 10, 60);
        assert!(terminal.screen().alternate_screen() && !terminal.is_cooked());
        match end {
            "SIGTERM" => terminal.signal(Signal::TERM),
            "SIGHUP" => terminal.signal(Signal::HUP),
            keys => terminal.press(keys),
        }
        assert_eq!(terminal.end(), 0, "{end:?}");
        bob.until("[T] system: alice left");
        let screen = terminal.screen();
        assert!(!screen.alternate_screen() && !screen.bracketed_paste(), "{end:?}");
        assert!(!screen.hide_cursor() && terminal.is_cooked(), "{end:?}");
    }
}

#[test]
fn a_panic_message_is_printed_after_the_terminal_is_restored() {
    let test = "a_panic_message_is_printed_after_the_terminal_is_restored";
    if env::var_os("NATTER_TEST_PANICS").is_some() {
        let poll = mio::Poll::new().expect("there is epoll");
        let app = App::new("here".into(), Lang::En, false, false);
        let _terminal =
            natter::client::tui::terminal::Terminal::open(poll.registry(), app, false, None);
        panic!("on purpose");
    }
    let command = Command::new(env::current_exe().expect("this is a program"));
    let command = command.args(["--exact", test, "--nocapture"]).env("NATTER_TEST_PANICS", "1");
    let mut terminal = Terminal::spawn(command, 24, 100);
    assert_eq!(terminal.end(), 101);
    let entered = terminal.sent().windows(8).filter(|part| part == b"\x1b[?1049h").count();
    assert_eq!((entered, terminal.screen().alternate_screen()), (1, false));
    assert!(terminal.is_cooked());
    terminal.shows("on purpose");
}

#[test]
fn terminal_modes_changed_while_stopped_are_set_again() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 10, 60);
    terminal.signal(Signal::STOP);
    terminal.cook();
    terminal.signal(Signal::CONT);
    terminal
        .until(|terminal| terminal.sent().windows(8).filter(|s| s == b"\x1b[?1049h").count() == 2);
    assert!(!terminal.is_cooked());
    terminal.press("\x04");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.is_cooked());
    bob.until("[T] system: alice left");
}

#[test]
fn a_stalled_terminal_does_not_hold_it_up() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 200, 200);
    // Nobody reads from it any more: more than its buffer holds has to be shown.
    for number in 0..200 {
        say(&mut bob, &format!("{number} {}", "x".repeat(900)));
    }
    terminal.signal(Signal::TERM);
    bob.until("[T] system: alice left");
    assert_eq!(terminal.end(), 0);
    assert!(!terminal.screen().alternate_screen() && terminal.is_cooked());
}

#[test]
fn closing_the_window_leaves_the_room_in_order() {
    let mut server = Server::start("");
    let terminal = enter(&server, "alice", 10, 60);
    assert_eq!(terminal.close(), 0);
    server.wait_log(&["event=close", "alice", "why=exit"]);
}

#[test]
fn no_color_is_respected() {
    let (server, mut bob) = room();
    let options = format!("{} --name alice", server.door());
    for (no_color, has_colors) in [("", true), ("1", false)] {
        let mut terminal = Terminal::join_with(&options, 8, 60, &[("NO_COLOR", no_color)]);
        terminal.shows("-- you have joined");
        say(&mut bob, "hello");
        terminal.shows("bob: hello");
        let row = u16::try_from(5).expect("it is small");
        let cell = terminal.screen().cell(row, 9).expect("it is on the screen");
        assert_eq!((cell.contents(), cell.bold()), ("b", true));
        assert_eq!(cell.fgcolor() != vt100::Color::Default, has_colors);
        terminal.press("/quit\r");
        assert_eq!(terminal.end(), 0);
    }
}

#[test]
fn without_a_server_the_terminal_is_restored_and_shows_the_reason() {
    let mut terminal = Terminal::join("127.0.0.1:1 --name alice", 10, 60);
    assert_eq!(terminal.end(), 4);
    assert!(!terminal.screen().alternate_screen() && terminal.is_cooked());
    terminal.shows("natter: 127.0.0.1:1: ");
}

#[test]
fn the_clients_own_texts_are_chinese_too() {
    let (server, _bob) = room();
    let options = format!("{} --lang zh", server.door());
    let mut terminal = Terminal::join(&options, 20, 60);
    terminal.types("用户名：");
    terminal.press("小明\r");
    terminal.shows("-- 已进入聊天室");
    terminal.press("/help\r");
    terminal.shows("/name NAME       改名");
}

#[test]
fn it_works_at_the_telnet_door_too() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--telnet {} --no-flood-limit", file.as_door()));
    let mut bob = server.enter("bob");
    say(&mut bob, "before");
    let mut terminal = Terminal::join(&file.as_door(), 12, 90);
    terminal.types("name:");
    terminal.press("bob\r");
    terminal.shows("-- the name bob was refused: that name is taken; bob2 is free");
    terminal.press("alice\r");
    bob.until("[T] system: alice joined");
    terminal.shows("bob: before");
    terminal.press("half a line");
    say(&mut bob, "hello");
    terminal.shows("bob: hello");
    terminal.types("> half a line");
    terminal.press("\r");
    bob.until("[T] alice:half a line");
    terminal.shows("alice: half a line");
    terminal.press("//etc\r/last 1\r");
    bob.until("[T] alice:/etc");
    let count = |terminal: &Terminal| {
        terminal.rows().iter().filter(|row| row.ends_with("alice: /etc")).count()
    };
    terminal.until(|terminal| count(terminal) == 2);
    // Nothing that is said is a command, although the door accepts the article's, too.
    for said in ["exit", "carol -n", "bob psst -to", "waves -me", "/me -ta"] {
        terminal.press(&format!("{}{said}\r", if said.starts_with('/') { "/" } else { "" }));
        bob.until(&format!("[T] alice:{said}"));
    }
    terminal.press("/name carol\r");
    bob.until("[T] system: alice is now carol");
    terminal.shows(" carol @ ");
    terminal.press("/name bob\r");
    terminal.shows("-- that name is taken; bob2 is free");
    terminal.shows(" carol @ ");
    terminal.press("/quit\r");
    assert_eq!(terminal.end(), 0);
    bob.until("[T] system: carol left");
}

#[test]
fn commands_may_be_full_width_and_in_either_case() {
    let file = TempPath::new(".sock");
    let server = Server::start(&format!("--telnet {} --no-flood-limit", file.as_door()));
    let mut bob = server.enter("bob");
    for (door, name) in [(server.door().to_string(), "alice"), (file.as_door(), "carol")] {
        let mut terminal = Terminal::join(&format!("{door} --name {name}"), 12, 90);
        terminal.shows("-- you have joined");
        for line in ["／msg bob 1234", "、MSG　bob　1234", "/Tell bob 1234"] {
            terminal.press(&format!("{line}\r"));
            bob.until(&format!("[T] {name} (private to bob):1234"));
        }
        terminal.press("、m bob 1234\r");
        terminal.shows("-- /m is ambiguous: /msg or /me?");
        terminal.press("/msg bob\r");
        terminal.shows("/msg NAME TEXT");
        for said in ["、你好", "sort　－n"] {
            terminal.press(&format!("{said}\r"));
            let before = bob.until(&format!("[T] {name}:{said}"));
            assert!(before.iter().all(|line| line.contains(" joined")), "{before:?}");
        }
        terminal.press("/Nick dave\r");
        bob.until(&format!("[T] system: {name} is now dave"));
        terminal.press("／Q\r");
        assert_eq!(terminal.end(), 0);
        bob.until("[T] system: dave left");
    }
}

#[test]
fn it_has_one_thread_and_sleeps_while_nothing_happens() {
    let (server, mut bob) = room();
    let mut terminal = enter(&server, "alice", 10, 60);
    terminal.press("half");
    say(&mut bob, "hello");
    terminal.shows("bob: hello");
    terminal.types("> half");
    let process = terminal.process();
    assert_eq!(process.tasks(), 1);
    let before = process.sleeps();
    std::thread::sleep(PATIENCE / 10);
    assert_eq!(process.sleeps(), before);
}
