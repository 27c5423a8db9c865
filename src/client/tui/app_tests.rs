//! Tests of the user interface: what is shown after keys and messages.

use fastrand::Rng;

use super::*;
use crate::client::core::bounds::PASTE_BYTES_MAX;
use crate::clock::Stamp;

fn now() -> Now {
    Now { mono_ms: 0, stamp: Stamp::default() }
}

/// Creates a user at a terminal, who has entered as `a`.
fn entered() -> (App, Session) {
    let mut session = Session::new(Some("a".into()), true, Lang::En, Rng::with_seed(1));
    session.connected(0);
    let entered = "{\"type\":\"hello\"}\n{\"type\":\"done\",\"tag\":\"name\"}\n\
        {\"type\":\"done\",\"tag\":\"past\"}\n";
    session.received(entered.as_bytes(), 0);
    session.wrote(session.outgoing().len(), 0);
    (App::new("here".into(), Lang::En, true, true), session)
}

fn press(app: &mut App, session: &mut Session, text: &str) {
    for c in text.chars() {
        let key = if c == '⏎' { Key::Enter } else { Key::Char(c) };
        app.press(Press::Edit(key), session, &now());
    }
}

fn receive(app: &mut App, session: &Session, text: &str) {
    let body = Body::Said { name: "bob".into(), text: text.into() };
    app.receive(News::Told(Message::now(body)), session, &now());
}

/// Confirms the command with `tag`.
fn confirm(app: &mut App, session: &mut Session, tag: u64) {
    session.received(format!("{{\"type\":\"done\",\"tag\":\"{tag}\"}}\n").as_bytes(), 0);
    app.settle(session, &now());
}

fn rows(app: &App, session: &Session) -> Vec<String> {
    let text = |row: &Row| row.iter().map(|span| span.text.as_str()).collect::<String>();
    app.frame(session).rows.iter().map(|row| text(row).trim_end().into()).collect()
}

#[test]
fn the_frame_always_fits_the_screen() {
    let lines = ["hello a, 你好", "http://a/bcdefghijklmnopqrstuvwxyz", "x", "🦀e\u{301}", "a b c"];
    let (typed, now) = (["你", "x", "y", "⏎", "/help⏎"], now());
    for seed in 0..50 {
        let mut random = Rng::with_seed(seed);
        let (mut app, mut session) = entered();
        for _ in 0..100 {
            let done = match random.u8(..10) {
                4 => Press::Wheel { is_up: random.bool() },
                0 => Press::PageUp,
                1 => Press::PageDown,
                2 => Press::Paste(Some("one\ntwo 二\n".into())),
                3 => Press::Focus(random.bool()),
                _ => Press::Edit(Key::Tab),
            };
            app.press(done, &mut session, &now);
            match random.u8(..4) {
                0 => app.resize(random.u16(1..40), random.u16(1..12)),
                1 => press(&mut app, &mut session, typed[random.usize(..typed.len())]),
                _ => {
                    let line = lines[random.usize(..lines.len())].repeat(random.usize(1..20));
                    receive(&mut app, &session, &line);
                }
            }
            let frame = app.frame(&session);
            assert_eq!(frame.rows.len(), app.size.1, "seed {seed}");
            // A wide character is not halved, even if there is only one column.
            let columns = app.size.0.max(2);
            assert!(frame.rows.iter().all(|row| row_columns(row) <= columns), "seed {seed}");
            let (column, row) = frame.cursor;
            assert!(usize::from(column) < app.size.0 && usize::from(row) < app.size.1);
        }
    }
}

#[test]
fn a_line_that_does_not_fit_the_queue_stays_in_the_input() {
    let (mut app, mut session) = entered();
    while session.has_room() {
        press(&mut app, &mut session, "x⏎");
    }
    for line in ["keep me", "/name b"] {
        press(&mut app, &mut session, &format!("{line}⏎"));
        assert_eq!(app.editor.text(), line);
        app.editor.key(Key::KillToStart);
    }
    press(&mut app, &mut session, "/help⏎");
    assert_eq!(app.editor.text(), "");
}

#[test]
fn a_line_is_shown_at_once_and_dimmed_until_it_is_confirmed() {
    let (mut app, mut session) = entered();
    app.resize(40, 6);
    press(&mut app, &mut session, "hello⏎");
    let frame = app.frame(&session);
    let row = &frame.rows[3];
    let text: String = row.iter().map(|span| span.text.as_str()).collect();
    assert_eq!(text, "         a: hello");
    assert!(row.iter().all(|span| span.style.is_dim));
    assert!(rows(&app, &session)[4].ends_with("1 waiting"));
    confirm(&mut app, &mut session, 1);
    for news in session.take_news() {
        app.receive(news, &session, &now());
    }
    assert!(rows(&app, &session)[3].ends_with("a: hello"));
    assert!(!app.frame(&session).rows[3].iter().skip(1).any(|span| span.style.is_dim));
}

#[test]
fn leaving_asks_first_if_something_is_not_confirmed() {
    let question = "2 lines not confirmed yet; leave anyway? y/n";
    for (answer, is_over) in [("y", true), ("n", false)] {
        let (mut app, mut session) = entered();
        press(&mut app, &mut session, "one⏎two⏎/quit⏎");
        assert_eq!(rows(&app, &session).last().map(String::as_str), Some(question));
        press(&mut app, &mut session, answer);
        assert_eq!(!session.is_in(), is_over);
        assert_eq!(session.report().1, 2);
    }
    // The question disappears if all is confirmed meanwhile.
    let (mut app, mut session) = entered();
    press(&mut app, &mut session, "one⏎two⏎");
    app.press(Press::Edit(Key::EndOfInput), &mut session, &now());
    confirm(&mut app, &mut session, 1);
    assert!(session.is_in());
    confirm(&mut app, &mut session, 2);
    assert!(!session.is_in() && session.report().1 == 0);
}

#[test]
fn a_paste_is_asked_about_once_and_kept_or_refused_as_a_whole() {
    let (mut app, mut session) = entered();
    let lines: Vec<String> = (0..5_000).map(|number| format!("line {number}")).collect();
    app.press(Press::Paste(Some(lines.join("\n"))), &mut session, &now());
    let question = "send the 5000 pasted lines? y/n";
    assert_eq!(rows(&app, &session).last().map(String::as_str), Some(question));
    press(&mut app, &mut session, "y");
    let kept: Vec<&str> = session.unconfirmed().filter_map(|job| job.command.words()).collect();
    assert_eq!(kept, lines);
    // More than may wait.
    let more = "x".repeat(PASTE_BYTES_MAX - 1_000);
    app.press(Press::Paste(Some(format!("{more}\n{more}"))), &mut session, &now());
    app.press(Press::Paste(None), &mut session, &now());
    assert_eq!(session.unconfirmed().count(), 5_000);
    let shown = rows(&app, &session).join(" ").replace("         ", "");
    let words = [words::TOO_MUCH, words::PASTE_TOO_LARGE].map(|it| it.of(Lang::En));
    assert!(words.iter().all(|words| shown.contains(words)), "{shown}");
    // A single line that is longer than the limit is kept whole, too.
    let (mut app, mut session) = entered();
    app.press(Press::Paste(Some("说".repeat(1_000))), &mut session, &now());
    press(&mut app, &mut session, "y");
    let said: String = session.unconfirmed().filter_map(|job| job.command.words()).collect();
    assert_eq!(said, "说".repeat(1_000));
}

#[test]
fn a_mention_is_shown_on_the_desktop_and_in_the_title() {
    let (mut app, mut session) = entered();
    receive(&mut app, &session, "hi a");
    assert_eq!(app.take_notice().as_deref(), Some("bob: hi a"));
    assert_eq!(app.take_notice(), None);
    assert_eq!(app.title(&session).as_deref(), Some("(1) natter: here"));
    press(&mut app, &mut session, "x");
    assert_eq!(app.title(&session).as_deref(), Some("natter: here"));
    receive(&mut app, &session, "hi all");
    assert!(app.take_notice().is_none() && app.take_ring());
    let app = App::new("here".into(), Lang::En, true, false);
    assert_eq!(app.title(&session), None);
}

#[test]
fn a_long_line_shows_the_part_around_its_cursor() {
    let (mut app, mut session) = entered();
    app.resize(10, 3);
    press(&mut app, &mut session, "abcdefghijklmnop");
    let shown = |app: &App, session: &Session| {
        let frame = app.frame(session);
        let row = frame.rows.last().expect("there is one");
        let text: String = row.iter().map(|span| span.text.as_str()).collect();
        (text, frame.cursor.0)
    };
    assert_eq!(shown(&app, &session), ("> jklmnop".into(), 9));
    app.press(Press::Edit(Key::Home), &mut session, &now());
    assert_eq!(shown(&app, &session), ("> abcdefgh".into(), 2));
}
