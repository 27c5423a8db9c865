//! Telnet input decoded into lines: what known clients send, cut anywhere, and bounds.
//!
//! Sections of `docs/protocol.md`: "Lines", "The line editor", "Character sets".

#[path = "decoder/session.rs"]
mod session;

use fastrand::Rng;
use natter::door::charset::{Charset, HAS_CHINESE};
use natter::door::lang::Lang;
use natter::door::line::Piece;
use natter::door::telnet::view::Style;
use natter::editor::{Editor, Key};
use session::{LINE_BYTES, Session, assert_lines, bytes, decoded};
use unicode_segmentation::UnicodeSegmentation;

#[test]
fn every_line_end_ends_one_line() {
    assert_lines(
        "'crlf' 13 10 'crnul' 13 0 'lf' 10 'cr' 13 'x' 13 10 13 13 0 10",
        &["crlf", "crnul", "lf", "cr", "x", "", "", ""],
    );
    assert_lines("'a' 13 NOP 10 'b' 13", &["a", "b"]);
}

#[test]
fn inetutils_telnet_interrupts_a_line() {
    let input = "'alice\r\nhi\r\nhal' IP IAC 242 DO TM 'bye\r\n' AYT";
    assert_lines(input, &["alice", "hi", "bye"]);
    let session = decoded(Lang::En, [&bytes(input)[..]]);
    assert_eq!(session.shown, "\r\n\0name: [natter]\r\n".replace('\0', ""));
    assert!(session.commands.ends_with(&[255, 252, 6]), "the timing mark is refused");
}

#[test]
fn inetutils_telnet_mistakes_bytes_of_chinese_for_control_keys() {
    assert_lines(
        "229 176 IAC 245 DO TM 'ming\r\n' 229 IAC 243 DO TM 168 231 IAC 237 DO TM 132 13 0",
        &["小ming", "在的"],
    );
    // A ^C that is not part of a character still cancels.
    assert_lines("229 176 143 'x' IP DO TM 'y\r\n'", &["y"]);
}

#[test]
fn plink_negotiates_first() {
    assert_lines(
        "WILL NAWS WILL TSPEED WILL TTYPE WILL NEW-ENVIRON DO ECHO WILL SGA DO SGA \
         'alice\r\n' SB NAWS 0 80 0 24 SE WONT TSPEED SB TTYPE 0 'xterm' SE 'hi\r\n' DO CHARSET \
         SB CHARSET 2 'UTF-8' SE 'ü\r\n'",
        &["alice", "hi", "ü"],
    );
}

#[test]
fn tintin_agrees_on_a_charset() {
    assert_lines(
        "DO CHARSET 'alice\n' SB CHARSET 2 'ISO-8859-1' SE 'caf' 233 ' ' IAC 255 '\n' 233 10",
        &["alice", "café ÿ", "é"],
    );
}

#[test]
fn windows_telnet_sends_keys_and_raw_backspaces_in_gbk() {
    if !HAS_CHINESE {
        return;
    }
    // 你好, of which 好 is deleted, and 吗; then 好, whose first byte begins no UTF-8.
    assert_lines(
        "'bob\r\n' 196 227 186 195 8 194 240 13 10 186 195 13 10",
        &["bob", "你吗", "<gbk>", "好"],
    );
    assert_lines("186 195 127 'ok' 13 10 228 189 160 13 10", &["ok", "你"]);
}

#[test]
fn nc_sends_lines_and_nothing_else() {
    assert_lines("'alice\nhi there\n/who\n'", &["alice", "hi there", "/who"]);
    assert_lines("'alice\nunterminated'", &["alice", "|unterminated"]);
    let session = decoded(Lang::En, [&bytes("'alice\nhi\n'")[..]]);
    assert!(session.commands.is_empty() && session.shown.is_empty());
}

#[test]
fn a_client_of_another_protocol_is_told_so() {
    assert_lines("'GET / HTTP/1.1\r\n'", &["<NotForBrowsers>"]);
    assert_lines("'POST /x HTTP/1.0\r\n'", &["<NotForBrowsers>"]);
    assert_lines("22 3 1 2 0 1 0", &["<NotForTls>"]);
    assert_lines("'alice\nGET some tea\n' 22 3 '\n'", &["alice", "GET some tea", "\u{16}\u{3}"]);
}

#[test]
fn one_backspace_deletes_one_character() {
    for erase in ["8", "127", "EC"] {
        for (typed, left) in [
            ("'ab'", "a"),
            ("'你好'", "你"),
            ("'ae\u{301}'", "a"),
            ("'a\u{301}\u{323}'", ""),
            ("'x😀'", "x"),
            ("''", ""),
        ] {
            assert_lines(&format!("{typed} {erase} 13 10"), &[left]);
        }
    }
    if HAS_CHINESE {
        assert_lines("'x' 196 227 186 195 8 8 'y' 13 10", &["xy"]);
    }
}

#[test]
fn deleting_a_long_chinese_line_costs_little() {
    let charset = if HAS_CHINESE { "'GBK'" } else { "'UTF-8'" };
    for erase in [&b"\x08"[..], b"\xff\xf7"] {
        let mut session = Session::new(Lang::En);
        session.decode(&bytes(&format!("DO CHARSET SB CHARSET 2 {charset} SE")), 0);
        // Searching backwards from each would look at a quarter of a million characters.
        let typed = [b"\xc4\xe3".repeat(1 << 18), erase.repeat(1 << 19), b"left\r".to_vec()];
        let (typed, mut at) = (typed.concat(), 0);
        while at < typed.len() {
            let (taken, piece) = session.decoder.next(&typed[at..], 0, 1 << 20);
            at += taken;
            assert_eq!(piece.is_some(), at == typed.len(), "one line ends, at the end");
            assert!(piece.is_none_or(|piece| matches!(piece, Piece::Line(b"left"))));
        }
    }
}

#[test]
fn a_line_may_be_deleted() {
    assert_lines("'abc' EL 'd\n'", &["d"]);
    assert_lines("'abc' BRK 'd\n'", &["d"]);
    assert_lines("'abc' IP 'd\n' IP 'e\n'", &["d", "e"]);
    let long = "x".repeat(LINE_BYTES + 1);
    assert_lines(&format!("'{long}' EL 'd\n'"), &["d"]);
}

#[test]
fn an_overlong_line_is_discarded() {
    let (whole, long) = ("x".repeat(LINE_BYTES), "x".repeat(LINE_BYTES + 1));
    assert_lines(&format!("'{whole}\r\n{long}\r\nok\r\n'"), &[&whole, "<too long>", "ok"]);
    assert_lines(&format!("'{long}'"), &["|<too long>"]);
}

#[test]
fn a_charset_is_guessed_once_and_never_after_a_choice() {
    if !HAS_CHINESE {
        return;
    }
    assert_lines("196 227 186 195 10 'ü\n'", &["你好", "<gbk>", "眉"]);
    // One character is not enough, and what a Latin-1 terminal sends is not Chinese.
    assert_lines("186 195 10 196 227 186 195 10", &["\u{fffd}\u{fffd}", "你好", "<gbk>"]);
    assert_lines("'Andr' 233 's' 10 'se' 241 'or' 10", &["Andr\u{fffd}s", "se\u{fffd}or"]);
    assert_lines("'M' 252 'ller' 10", &["M\u{fffd}ller"]);
    assert_lines("'ü\n' 255 255 10", &["ü", "\u{fffd}"]);
    assert_lines("DO CHARSET SB CHARSET 2 'UTF-8' SE 186 195 10", &["\u{fffd}\u{fffd}"]);
    assert_lines("'unterminated ' 196 227 186 195", &["|unterminated 你好", "<gbk>"]);
}

/// The keys of a user whose line the server edits, and the decoded result.
const KEYS: [(&str, &[&str]); 9] = [
    ("'hello' 13 0 'again' 13 10 'and' 13 'x' 10", &["hello", "again", "and", "x"]),
    ("'helo' 27 '[Dl' 27 '[F!' 13", &["hello!"]),
    ("'a你' 127 'e\u{301}' 8 'b' 13", &["ab"]),
    ("'one' 13 27 '[A' 127 13 27 'OA' 27 'OA' 13", &["one", "on", "one"]),
    ("'/msg al' 9 'hi' 13", &["<complete>", "/msg Alice hi"]),
    ("'abc' 3 'd' 13 'abc' 21 'e' 13 'two words' 23 'x' 13", &["d", "e", "two x"]),
    ("'ab' SB NAWS 0 20 0 5 SE 'c' 12 NOP 'd' EC 13 4", &["abc", "/quit"]),
    ("'abc' 2 EL 'd' 13", &["d"]),
    ("'ab' 27 '[200~c' 27 ']0;t' 7 'd' 27 13", &["abcd"]),
];

#[test]
fn keys_give_the_same_lines_and_screen_wherever_they_are_cut() {
    for (keys, lines) in KEYS {
        let keys = bytes(keys);
        let mut whole = Session::editing(Lang::En);
        whole.decode(&keys, 0);
        assert_eq!(whole.heard, lines);
        for cut in 0..keys.len() {
            for other in [cut, (cut + 1).min(keys.len()), (cut + 3).min(keys.len())] {
                let mut parts = Session::editing(Lang::En);
                for part in [&keys[..cut], &keys[cut..other], &keys[other..]] {
                    parts.decode(part, 0);
                }
                assert_eq!(parts.heard, whole.heard, "cut at {cut} and {other}");
                assert_eq!(parts.last_row(), whole.last_row(), "cut at {cut} and {other}");
            }
        }
    }
}

#[test]
fn the_editor_guesses_gbk_from_two_characters() {
    if !HAS_CHINESE {
        return;
    }
    for input in ["196 227 186 195 13", "196 227 13", "186 13", "186 'x' 13"] {
        let keys = bytes(input);
        let mut whole = Session::editing(Lang::En);
        whole.decode(&keys, 0);
        let mut parts = Session::editing(Lang::En);
        keys.chunks(1).for_each(|key| parts.decode(key, 0));
        assert_eq!(parts.heard.iter().max(), whole.heard.iter().max(), "{input}");
    }
    let mut session = Session::editing(Lang::En);
    session.decode(&bytes("'Andr' 233 's' 13 186 195 13"), 0);
    assert_eq!(session.heard, ["Andr\u{fffd}s", "\u{fffd}\u{fffd}"]);
    session.heard.clear();
    session.decode(&bytes("196 227 186 195 13"), 0);
    assert_eq!(session.heard, ["你好", "<gbk>"]);
    // A character cut short by Return is invalid, and hides none.
    session.decode(&bytes("129 '0' 13"), 0);
    assert_eq!(session.heard[2..], ["\u{fffd}0"]);
    session.decode(&bytes("129 '0' 13 'x' 13"), 0);
    assert_eq!(session.heard[3..], ["\u{fffd}0", "x"]);
}

#[test]
fn pasted_text_in_the_editor_does_not_count_as_an_unterminated_line() {
    let mut session = Session::editing(Lang::En);
    session.decode(&[b'x'; 4_096], 0);
    assert_eq!(session.decoder.unterminated_bytes(), 0, "it holds no more than a line");
    session.decode(&bytes("SB MSDP 'without an end'"), 0);
    assert!(session.decoder.unterminated_bytes() > 0);
}

#[test]
fn the_lines_that_the_editor_remembers_count_as_held() {
    let mut session = Session::editing(Lang::En);
    for number in 0..20 {
        session.decode(format!("{number} {}\r", "x".repeat(200)).as_bytes(), 0);
    }
    assert!(session.held_bytes() >= 16 * 200, "{}", session.held_bytes());
    assert!(session.held_bytes() <= 18 * LINE_BYTES, "{}", session.held_bytes());
}

#[test]
fn the_cursor_is_right_on_a_terminal_that_lacks_a_character() {
    let mut session = Session::editing(Lang::En);
    session.decoder.choose_charset(Charset::Latin1);
    session.decode(b"a", 0);
    session.decoder.complete(&["a名b"]);
    session.decode(&bytes("2 2 'X'"), 0);
    assert_eq!(session.last_row(), "> a?Xb");
}

#[test]
fn resizing_the_window_keeps_the_line() {
    let mut session = Session::editing(Lang::En);
    session.decode(&bytes("'hello'"), 0);
    session.decode(&bytes("SB NAWS 0 60 0 20 SE"), 0);
    assert_eq!(session.last_row(), "> hello");
}

#[test]
fn a_flood_of_keys_causes_little_output() {
    let line = "x".repeat(LINE_BYTES - 2);
    for key in ["12", "27 '[A' 27 '[B'", "16 14 NOP", "3", "16 3", "SB NAWS 0 80 0 24 SE", "7"] {
        let mut session = Session::editing(Lang::Zh);
        session.decode(&bytes(&format!("'{line}' 13 'y{line}'")), 0);
        let before = session.sent;
        let flood = bytes(key).repeat(16_384 / bytes(key).len());
        session.decode(&flood, 0);
        let answered = session.sent - before;
        assert!(answered <= 16 * flood.len() + 8 * LINE_BYTES, "{key}: {answered} bytes");
    }
}

/// Milliseconds between two groups of keys in a flood; each group has as many bytes.
const FLOOD_STEP_MS: usize = 100;
/// The maximum number of bytes sent for each byte of a flood.
const FLOOD_ANSWER_FACTOR: usize = 16;

#[test]
fn a_steady_flood_of_keys_causes_little_output_and_is_shown_at_the_end() {
    let resize = "SB NAWS 0 80 0 24 SE";
    for (keys, read_bytes) in [("12", 1), ("'x' 8", 1), ("AYT", 2), ("3", 1), (resize, 9)] {
        let keys = bytes(keys);
        let mut session = Session::editing_long(Lang::En, 2_048);
        session.decode(format!("{}\u{1}", "some words ".repeat(93)).as_bytes(), 1_000);
        let (before, mut heard) = (session.sent, 0);
        // 1 KB/s for ten seconds, in reads of one key.
        for now_ms in (1_000..11_000_u64).step_by(FLOOD_STEP_MS) {
            session.wait(now_ms);
            for key in keys.repeat(FLOOD_STEP_MS / keys.len()).chunks(read_bytes) {
                session.decode(key, now_ms);
                heard += key.len();
            }
            if now_ms == 5_000 {
                session.tell("said meanwhile");
            }
        }
        let sent = session.sent - before;
        assert!(heard > 9_000 && sent <= FLOOD_ANSWER_FACTOR * heard, "{keys:?}: {sent} bytes");
        session.wait(20_000);
        let shown = session.screen();
        assert!(shown.0.contains("> "), "{keys:?}: {}", shown.0);
        let erased = session.decoder.hide_input();
        session.send(&erased);
        assert_ne!(session.screen(), shown, "{keys:?}: the line was shown");
        session.draw();
        assert_eq!(session.screen(), shown, "{keys:?}: it was shown as it is");
    }
}

#[test]
fn random_bytes_hold_little_memory_and_cause_little_output() {
    for seed in 0..600 {
        let mut rng = Rng::with_seed(seed);
        let lang = if rng.bool() { Lang::En } else { Lang::Zh };
        let is_editing = rng.bool();
        let mut session = if is_editing { Session::editing(lang) } else { Session::new(lang) };
        let words = [
            "IAC", "SB", "SE", "DO", "DONT", "WILL", "WONT", "NAWS", "TTYPE", "CHARSET", "ECHO",
            "27", "27 '['", "13", "10", "8", "9", "21", "186 195", "196", "'你'", "'word '", "IP",
            "16", "12", "3", "4", "128", "240",
        ];
        for now_ms in 0..60 {
            let mut burst = Vec::new();
            for _ in 0..rng.usize(..40) {
                match rng.u8(..3) {
                    0 => burst.push(rng.u8(..)),
                    _ => burst.extend(bytes(words[rng.usize(..words.len())])),
                }
            }
            let before = session.sent;
            session.decode(&burst, now_ms * 1_000);
            let answered = session.sent - before;
            assert!(answered <= 32 * burst.len() + 16 * LINE_BYTES, "seed {seed}: {answered}");
            assert!(session.held_bytes() <= 16 * LINE_BYTES, "seed {seed}");
        }
        session.end();
        session.decoder.stop();
        assert_eq!(session.decoder.held_bytes(), 0, "seed {seed}");
    }
}

#[test]
fn a_terminals_name_overrides_no_choice_and_a_dumb_one_stays_dumb() {
    for (first, then, style) in [
        (None, "'XTERM'", Style::Color),
        (Some(false), "'XTERM'", Style::Plain),
        (Some(true), "'DUMB'", Style::Color),
    ] {
        let mut session = Session::new(Lang::En);
        let telnet = &mut session.decoder;
        first.into_iter().for_each(|on| telnet.choose_color(on));
        session.decode(&bytes(&format!("WILL TTYPE SB TTYPE 0 {then} SE")), 0);
        let telnet = &mut session.decoder;
        assert_eq!(telnet.view().style, style, "{first:?}");
    }
    let mut session = Session::new(Lang::En);
    session.decode(&bytes("WILL TTYPE SB TTYPE 0 'DUMB' SE"), 0);
    let telnet = &mut session.decoder;
    telnet.choose_color(false);
    assert_eq!(telnet.view().style, Style::Dumb, "it is sent no control sequence");
}

#[test]
fn the_line_is_dropped_when_editing_is_switched_on_or_off() {
    let mut session = Session::editing(Lang::En);
    session.decode(&bytes("'half a line that was typed too early' 1"), 0);
    session.decoder.edit(false);
    session.decode(&bytes("DONT ECHO DONT SGA"), 0);
    assert_eq!((session.heard.join(" "), session.last_row()), ("<edit false>".into(), "".into()));
    let mut session = Session::new(Lang::En);
    session.decoder.edit(true);
    session.decode(&[b'x'; LINE_BYTES + 1], 0);
    session.decode(&bytes("DO ECHO DO SGA DONT ECHO 'ok' 13 10"), 0);
    assert!(session.heard.contains(&"ok".to_string()), "{:?}", session.heard);
}

#[test]
fn are_you_there_is_answered_above_the_typed_line() {
    let mut session = Session::editing(Lang::En);
    session.decode(&bytes("'hello' 2 2"), 0);
    session.decode(&bytes("AYT"), 0);
    session.decode(&bytes("'!'"), 0);
    assert_eq!(session.last_row(), "> hel!lo");
    assert!(session.shown.contains("[natter]\r\n"), "{:?}", session.shown);
}

#[test]
fn the_size_of_a_character_is_limited() {
    let key = |c| match c {
        '←' => Key::Left,
        '⇥' => Key::End,
        '⌫' => Key::Backspace,
        _ => Key::Char(c),
    };
    for unit in ["\u{301}", "👩\u{200d}", "👩\u{200d}x←⌫⇥x⌫", "🇩", "\u{1100}"] {
        let mut editor = Editor::new(1_024, 0);
        for c in format!("a{}", unit.repeat(300)).chars() {
            editor.key(key(c));
        }
        let longest = editor.text().graphemes(true).map(str::len).max();
        assert!(longest <= Some(128), "{unit:?}: {longest:?}");
    }
}
