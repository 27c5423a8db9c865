//! Telnet negotiation, RFC by RFC, and the sessions of known clients, cut at every byte.
//!
//! Sections of `docs/protocol.md`: "Negotiation".

#[path = "negotiation/ends.rs"]
mod ends;
#[path = "negotiation/words.rs"]
mod words;

use natter::door::telnet::protocol::{NOP, Protocol};
use words::{ASKED, Decoded, OFFER, assert_answered, assert_decoded, bytes, decoded};

/// Returns a `Protocol` that has met its peer, with an empty record.
fn met() -> (Protocol, Decoded) {
    let (mut protocol, mut decoded) = (Protocol::default(), Decoded::default());
    decoded.decode(&mut protocol, &NOP, 0);
    decoded.replies.clear();
    (protocol, decoded)
}

#[test]
fn a_peer_that_sends_no_command_is_sent_nothing() {
    assert_decoded(false, "'plain\r\n' IAC IAC 'y'", &["<plain\\r\\n\\xffy>"], "");
    assert_decoded(false, "'in Latin-1: ' IAC ' y' IAC 235 '.'", &["<in Latin-1: y.>"], "");
    assert_decoded(false, "'cut' IAC", &["<cut>"], "");
    assert_decoded(false, "'cut' SB NAWS 0 80 0 24 IAC", &["<cut>"], "");
    let mut protocol = Protocol::default();
    Decoded::default().decode(&mut protocol, &bytes("'a' IAC IAC IAC 'y' DO"), 0);
    assert!(!protocol.has_spoken());
    Decoded::default().decode(&mut protocol, &bytes("TM"), 0);
    assert!(protocol.has_spoken());
}

#[test]
fn the_first_command_causes_our_requests_once() {
    for command in ["NOP", "GA", "DM", "AO", "EOR", "EOF", "SE", "SB MSDP 1 2 SE", "WONT MSDP"] {
        assert_answered(command, &[], "");
        assert_answered(&format!("{command} {command} 'x' {command}"), &["<x>"], "");
    }
}

#[test]
fn commands_of_rfc_854_edit_and_cancel() {
    assert_answered(
        "'ab' EC 'c' EL 'd'",
        &["<ab>", "erase character", "<c>", "erase line", "<d>"],
        "",
    );
    assert_answered("'a' IP 'b' BRK ABORT", &["<a>", "cancel", "<b>", "cancel", "cancel"], "");
    assert_answered("'a' AYT 'b'", &["<a>", "are you there", "<b>"], "");
}

#[test]
fn an_unknown_option_is_refused_once_until_it_is_withdrawn() {
    assert_answered("DO BINARY DO BINARY WILL BINARY WILL BINARY", &[], "WONT BINARY");
    assert_answered("DO 5 DO 5 WILL 5", &[], "WONT 5 DONT 5");
    assert_answered("WILL 255 WILL 255 WILL 199", &[], "DONT 255 DONT 199");
    assert_answered("DO 9 DONT 9 DO 9", &[], "WONT 9 WONT 9");
    assert_answered("DONT 9 WONT 9 DONT ECHO WONT ECHO", &[], "");
}

#[test]
fn environ_and_linemode_are_refused_and_their_subnegotiations_skipped() {
    assert_answered(
        "WILL ENVIRON WILL NEW-ENVIRON WILL LINEMODE DO LINEMODE \
         SB ENVIRON 0 0 'USER' 1 '-f root' SE SB NEW-ENVIRON 0 0 'USER' 1 '-f root' SE \
         SB LINEMODE 3 1 3 0 3 98 4 2 15 SE 'x'",
        &["<x>"],
        "DONT ENVIRON DONT NEW-ENVIRON DONT LINEMODE WONT LINEMODE",
    );
}

#[test]
fn a_timing_mark_is_answered_every_time() {
    assert_answered("IP DO TM DM 'x' DO TM DONT TM", &["cancel", "<x>"], "WONT TM WONT TM");
    assert_answered("WILL TM WILL TM", &[], "DONT TM");
}

#[test]
fn echo_and_sga_are_refused_until_editing_is_asked_for() {
    assert_answered("DO ECHO DO SGA DO ECHO", &[], "WONT ECHO WONT SGA");
    let asked = format!("WILL ECHO WILL SGA {ASKED}");
    assert_decoded(true, "DO ECHO DO SGA", &["echo true"], &asked);
    assert_decoded(true, "DONT ECHO DONT SGA", &["echo false"], &asked);
    let (mut protocol, mut decoded) = met();
    decoded.decode(&mut protocol, &bytes("DO ECHO"), 0);
    protocol.edit(true, &mut decoded.replies);
    decoded.decode(&mut protocol, &bytes("DO ECHO DONT SGA DONT ECHO DO SGA DO ECHO"), 0);
    assert_eq!(decoded.items, ["echo true", "echo false", "echo true"]);
    let answers = "WONT ECHO WILL ECHO WILL SGA WONT ECHO WILL SGA WILL ECHO";
    assert_eq!(decoded.replies, bytes(answers));
}

#[test]
fn the_peer_may_suppress_go_aheads_but_not_echo() {
    assert_answered("WILL SGA WILL SGA WONT SGA", &[], "DO SGA DONT SGA");
    let asked = format!("WILL ECHO WILL SGA {ASKED} DONT ECHO");
    assert_decoded(true, "DO ECHO WILL ECHO", &["echo true"], &asked);
}

#[test]
fn editing_may_be_withdrawn_before_the_answer() {
    for (edits, answers, items, sent) in [
        (
            &[true, false][..],
            "DO ECHO DONT ECHO DO SGA DONT SGA",
            &["echo false"][..],
            "WONT ECHO WONT SGA",
        ),
        (&[true, false], "DONT ECHO DONT SGA", &["echo false"], ""),
        (&[true, false, true], "DO ECHO DO SGA", &["echo true"], ""),
        (&[true, true], "DO ECHO DO SGA", &["echo true"], ""),
    ] {
        let (mut protocol, mut decoded) = met();
        for &edit in edits {
            protocol.edit(edit, &mut decoded.replies);
        }
        assert_eq!(decoded.replies, bytes("WILL ECHO WILL SGA"), "one question at a time");
        decoded.replies.clear();
        decoded.decode(&mut protocol, &bytes(answers), 0);
        assert_eq!(decoded.items, items, "{edits:?}");
        assert_eq!(decoded.replies, bytes(sent), "{edits:?}");
    }
}

#[test]
fn editing_is_withdrawn_together_with_sga() {
    let (mut protocol, mut decoded) = met();
    protocol.edit(true, &mut decoded.replies);
    decoded.decode(&mut protocol, &bytes("DO ECHO DO SGA"), 0);
    decoded.replies.clear();
    protocol.edit(false, &mut decoded.replies);
    assert_eq!(decoded.replies, bytes("WONT ECHO WONT SGA"));
    protocol.edit(true, &mut decoded.replies);
    decoded.decode(&mut protocol, &bytes("DONT ECHO DONT SGA DO ECHO DO SGA"), 0);
    assert_eq!(decoded.replies, bytes("WONT ECHO WONT SGA WILL ECHO WILL SGA"));
    assert_eq!(decoded.items, ["echo true", "echo true"]);
}

#[test]
fn the_window_size_follows_rfc_1073() {
    assert_answered("WILL NAWS SB NAWS 0 80 0 24 SE", &["window 80x24"], "");
    assert_answered("WILL NAWS SB NAWS 1 44 0 0 SE", &["window 300x0"], "");
    assert_answered("WILL NAWS SB NAWS 0 IAC IAC 0 24 SE", &["window 255x24"], "");
    // A client that does not double what has to be doubled.
    assert_answered("WILL NAWS SB NAWS 0 IAC 0 24 SE 'x'", &["window 255x24", "<x>"], "");
    assert_answered("WILL NAWS SB NAWS 0 80 0 SE SB NAWS 0 80 0 24 0 SE SB NAWS SE", &[], "");
    assert_answered("SB NAWS 0 80 0 24 SE WONT NAWS SB NAWS 0 80 0 24 SE", &[], "");
    assert_answered("WILL NAWS WONT NAWS SB NAWS 0 80 0 24 SE", &[], "DONT NAWS");
}

#[test]
fn the_terminal_is_requested_once_and_cleaned() {
    let send = "SB TTYPE 1 SE";
    assert_answered(
        "WILL TTYPE SB TTYPE 0 'XTERM-256color' SE",
        &["terminal xterm-256color"],
        send,
    );
    assert_answered(
        "WILL TTYPE SB TTYPE 0 27 '[31m A' 0 200 IAC IAC SE",
        &["terminal [31ma"],
        send,
    );
    assert_answered("WILL TTYPE SB TTYPE 0 32 7 SE SB TTYPE 0 SE SB TTYPE SE SB SE", &[], send);
    assert_answered(
        "WILL TTYPE WONT TTYPE WILL TTYPE",
        &[],
        &format!("{send} DONT TTYPE DO TTYPE"),
    );
    assert_answered("SB TTYPE 0 'vt100' SE WILL TTYPE SB TTYPE 1 SE", &[], send);
    let long = format!("WILL TTYPE SB TTYPE 0 '{}' SE 'x'", "long".repeat(40));
    let terminal = format!("terminal {}", &"long".repeat(16)[..62]);
    assert_answered(&long, &[&terminal, "<x>"], send);
}

#[test]
fn our_charsets_are_offered_once() {
    assert_answered("DO CHARSET SB CHARSET 2 'UTF-8' SE", &["charset UTF-8"], OFFER);
    assert_answered("DO CHARSET SB CHARSET 2 'iso-8859-1' SE", &["charset ISO-8859-1"], OFFER);
    assert_answered("DO CHARSET SB CHARSET 2 'KOI8-R' SE SB CHARSET 2 'GBK' SE", &[], OFFER);
    assert_answered("DO CHARSET SB CHARSET 3 SE SB CHARSET 2 'GBK' SE", &[], OFFER);
    assert_answered("SB CHARSET 2 'GBK' SE DONT CHARSET SB CHARSET 2 'GBK' SE", &[], "");
    let again = format!("{OFFER} WONT CHARSET WILL CHARSET");
    assert_answered("DO CHARSET DONT CHARSET DO CHARSET", &[], &again);
}

#[test]
fn a_charset_requested_by_the_peer_is_accepted_if_it_is_known() {
    let accepted = "DO CHARSET SB CHARSET 2 'iso-8859-1' SE";
    for list in [
        "';iso-8859-1;UTF-8'",
        "' KOI8-R iso-8859-1'",
        "'[TTABLE ]' 1 ';iso-8859-1'",
        "0 'iso-8859-1'",
    ] {
        let request = format!("WILL CHARSET SB CHARSET 1 {list} SE");
        assert_answered(&request, &["charset ISO-8859-1"], accepted);
    }
    let rejected = "DO CHARSET SB CHARSET 3 SE";
    for list in ["", "';'", "'iso-8859-1'", "';KOI8-R;iso-8859-12'", "'[TTABLE ]'", "'[TTABLE ]' 1"]
    {
        assert_answered(&format!("WILL CHARSET SB CHARSET 1 {list} SE"), &[], rejected);
    }
    assert_answered("SB CHARSET 1 ';UTF-8' SE", &[], "");
}

#[test]
fn a_charset_list_is_cut_between_names() {
    let padding = "x".repeat(62 - 12);
    let fits = format!("WILL CHARSET SB CHARSET 1 ';{padding};ISO-8859-1' SE");
    assert_answered(&fits, &["charset ISO-8859-1"], "DO CHARSET SB CHARSET 2 'ISO-8859-1' SE");
    let cut = format!("WILL CHARSET SB CHARSET 1 ';{padding};ISO-8859-1-NOT' SE");
    assert_answered(&cut, &[], "DO CHARSET SB CHARSET 3 SE");
}

#[test]
fn the_servers_request_wins_when_requests_cross() {
    assert_answered(
        "DO CHARSET WILL CHARSET SB CHARSET 1 ';ISO-8859-1' SE SB CHARSET 2 'UTF-8' SE",
        &["charset UTF-8"],
        &format!("{OFFER} DO CHARSET SB CHARSET 3 SE"),
    );
    // A peer that has sent its REQUEST is not sent ours.
    assert_answered(
        "WILL CHARSET SB CHARSET 1 ';ISO-8859-1' SE DO CHARSET SB CHARSET 1 ';UTF-8' SE",
        &["charset ISO-8859-1", "charset UTF-8"],
        "DO CHARSET SB CHARSET 2 'ISO-8859-1' SE SB CHARSET 2 'UTF-8' SE",
    );
}

#[test]
fn tables_of_characters_are_rejected() {
    let tables = "DO CHARSET SB CHARSET 4 1 ';A;' 8 0 0 1 'x' SE SB CHARSET 6 SE SB CHARSET 7 SE";
    assert_answered(tables, &[], &format!("{OFFER} SB CHARSET 5 SE"));
    // That was its answer to our REQUEST.
    let answered = format!("{tables} SB CHARSET 2 'GBK' SE");
    assert_answered(&answered, &[], &format!("{OFFER} SB CHARSET 5 SE"));
}

#[test]
fn an_unterminated_subnegotiation_is_dropped_at_the_next_command() {
    assert_answered("WILL NAWS SB NAWS 0 80 0 24 IP 'x'", &["cancel", "<x>"], "");
    assert_answered("SB TTYPE 0 'a' DO 9 'x'", &["<x>"], "WONT 9");
    assert_answered("WILL NAWS SB 7 7 SB NAWS 0 80 0 24 SE 'x'", &["window 80x24", "<x>"], "");
    let mut protocol = Protocol::default();
    let mut replies = Vec::new();
    assert_eq!(protocol.next(&bytes("SB TTYPE"), 0, &mut replies), (3, None));
    let endless = [7; 100_000];
    assert_eq!(protocol.next(&endless, 0, &mut replies), (endless.len(), None));
    assert!(replies.is_empty());
}

#[test]
fn more_than_32_negotiations_in_10_s_are_ignored() {
    let (mut protocol, mut decoded) = met();
    let start_ms = 1_234;
    for option in 100..132 {
        decoded.decode(&mut protocol, &[255, 253, option], start_ms + u64::from(option));
    }
    assert_eq!(decoded.replies.len(), 32 * 3);
    decoded.replies.clear();
    let late_ms = start_ms + 100 + 9_999;
    decoded.decode(&mut protocol, &bytes("DO 132 WILL 7 AYT WILL NAWS DO CHARSET"), late_ms);
    decoded.decode(&mut protocol, &bytes("SB NAWS 0 80 0 24 SE IP"), late_ms);
    assert!(decoded.replies.is_empty());
    assert_eq!(decoded.items, ["cancel"], "not even the state has changed");
    decoded.decode(&mut protocol, &bytes("DO TM DO TM"), late_ms);
    assert_eq!(decoded.replies, bytes("WONT TM WONT TM"), "without it clients discard all output");
    decoded.replies.clear();
    decoded.decode(&mut protocol, &bytes("DO 132 WILL NAWS"), late_ms + 1);
    assert_eq!(decoded.replies, bytes("WONT 132"));
    let window = bytes("SB NAWS 0 80 0 24 SE");
    for _ in 0..100 {
        decoded.decode(&mut protocol, &window, late_ms + 1);
    }
    assert_eq!(decoded.items.len(), 101, "window sizes are not limited");
}

#[test]
fn negotiations_are_ignored_after_a_thousand() {
    let (mut protocol, mut decoded) = met();
    for minute in 0..2_000 {
        decoded.decode(&mut protocol, &bytes("DO 9 DONT 9"), minute * 60_000);
    }
    assert_eq!(decoded.replies, bytes("WONT 9").repeat(500));
    decoded.replies.clear();
    decoded.decode(&mut protocol, &bytes("DO CHARSET SB CHARSET 2 'GBK' SE DO TM AYT"), u64::MAX);
    assert_eq!(decoded.replies, bytes("WONT TM"), "a timing mark is no negotiation");
    assert_eq!(decoded.items, ["are you there"]);
}

// The sessions of PuTTY, inetutils and TinTin++ are what plink 0.78, telnet 2.4 and tt++ 2.02.20
// sent on Linux; that of Windows is composed from what is known about it.

#[test]
fn putty() {
    // It requests everything when it connects, and the old ENVIRON when the new one is refused.
    let asks = "WILL NAWS WILL TSPEED WILL TTYPE WILL NEW-ENVIRON DO ECHO WILL SGA DO SGA";
    let tells = "SB NAWS 0 101 0 31 SE DONT CHARSET SB TTYPE 0 'XTERM' SE WILL ENVIRON";
    assert_answered(
        &format!("{asks} {tells} 'hello' 10"),
        &["window 101x31", "terminal xterm", "<hello\\n>"],
        "DONT TSPEED SB TTYPE 1 SE DONT NEW-ENVIRON WONT ECHO DO SGA WONT SGA DONT ENVIRON",
    );
    let replies = "DONT TSPEED SB TTYPE 1 SE DONT NEW-ENVIRON DO SGA DONT ENVIRON";
    assert_decoded(
        true,
        &format!("{asks} {tells} 'hello' 13 0 'typed' 3 SB NAWS 0 120 0 40 SE"),
        &[
            "echo true",
            "window 101x31",
            "terminal xterm",
            "<hello\\r\\x00typed\\x03>",
            "window 120x40",
        ],
        &format!("WILL ECHO WILL SGA {ASKED} {replies}"),
    );
}

#[test]
fn inetutils_telnet_on_another_port() {
    // It only answers: our requests, or the options that its ^C causes.
    let tells = "WILL NAWS SB NAWS 0 101 0 31 SE WILL TTYPE DONT CHARSET \
        SB TTYPE 0 'XTERM-256COLOR' SE";
    let told = ["window 101x31", "terminal xterm-256color"];
    assert_answered(
        &format!("'hello\r\n' IP DO TM {tells} 'after\r\n' SB NAWS 0 120 0 40 SE"),
        &["<hello\\r\\n>", "cancel", told[0], told[1], "<after\\r\\n>", "window 120x40"],
        "WONT TM SB TTYPE 1 SE",
    );
    assert_decoded(
        true,
        &format!("DO ECHO DO SGA {tells} 'hello' 13 0 'typed' 3"),
        &["echo true", told[0], told[1], "<hello\\r\\x00typed\\x03>"],
        &format!("WILL ECHO WILL SGA {ASKED} SB TTYPE 1 SE"),
    );
}

#[test]
fn inetutils_telnet_on_its_own_port() {
    // On that port, or with a `-` before the port, it starts to negotiate; 38 is encryption.
    assert_answered(
        "DO 38 WILL 38 DO SGA WILL TTYPE WILL NAWS WILL TSPEED WILL LFLOW WILL LINEMODE \
         WILL NEW-ENVIRON DO STATUS SB NAWS 0 101 0 31 SE DONT CHARSET \
         SB TTYPE 0 'XTERM-256COLOR' SE 'hello\r\n' IP DO TM 'after\r\n'",
        &["window 101x31", "terminal xterm-256color", "<hello\\r\\n>", "cancel", "<after\\r\\n>"],
        "WONT 38 DONT 38 WONT SGA SB TTYPE 1 SE DONT TSPEED DONT LFLOW DONT LINEMODE \
         DONT NEW-ENVIRON WONT STATUS WONT TM",
    );
}

#[test]
fn tintin() {
    assert_decoded(
        true,
        "DO ECHO DO SGA WILL NAWS SB NAWS 0 101 0 31 SE WILL TTYPE DO CHARSET \
         SB TTYPE 0 'TINTIN++' SE SB CHARSET 2 'UTF-8' SE 'hello\r\n' SB NAWS 0 120 0 40 SE",
        &[
            "echo true",
            "window 101x31",
            "terminal tintin++",
            "charset UTF-8",
            "<hello\\r\\n>",
            "window 120x40",
        ],
        &format!("WILL ECHO WILL SGA {ASKED} SB TTYPE 1 SE {OFFER}"),
    );
}

#[test]
fn windows_telnet() {
    assert_decoded(
        true,
        "DO ECHO DO SGA WILL NAWS SB NAWS 0 120 0 30 SE WILL TTYPE DONT CHARSET \
         SB TTYPE 0 'ANSI' SE 'n' 8 'hi\r\n'",
        &["echo true", "window 120x30", "terminal ansi", "<n\\x08hi\\r\\n>"],
        &format!("WILL ECHO WILL SGA {ASKED} SB TTYPE 1 SE"),
    );
}

#[test]
fn a_raw_client_without_telnet() {
    let random: Vec<u8> = (0..=254).cycle().take(5_000).collect();
    assert!(decoded(false, [random.as_slice()]).replies.is_empty());
}
