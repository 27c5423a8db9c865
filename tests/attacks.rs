//! Input that terminals interpret or that deceives readers, from every door to every kind of
//! reader.
//!
//! Sections of `docs/protocol.md`: "Texts", "Names", "What a person sees".

mod common;

use common::{Bare, Client, Server, Terminal, visible};
use natter::door::charset::Charset;

/// The input, and what every reader shows of it.
const ATTACKS: &[(&str, &str)] = &[
    // CSI: colours, the cursor, the screen, modes, queries whose answers look typed.
    ("red \u{1b}[31mred", "red [31mred"),
    ("\u{1b}[0;1;5;7mloud", "[0;1;5;7mloud"),
    ("\u{1b}[38;2;255;0;0mrgb", "[38;2;255;0;0mrgb"),
    ("gone\u{1b}[2J\u{1b}[H", "gone[2J[H"),
    ("up\u{1b}[9A\u{1b}[2Kroot: hi", "up[9A[2Kroot: hi"),
    ("\u{1b}[1;1Htop left", "[1;1Htop left"),
    ("\u{1b}[3J\u{1b}[3;1r\u{1b}[6n", "[3J[3;1r[6n"),
    ("\u{1b}[?1049h\u{1b}[?25l", "[?1049h[?25l"),
    ("\u{1b}[?1000h\u{1b}[?2004h\u{1b}[?1h", "[?1000h[?2004h[?1h"),
    ("\u{1b}[8;1;1t\u{1b}[21t\u{1b}[c", "[8;1;1t[21t[c"),
    ("\u{1b}[5i print \u{1b}[4i", "[5i print [4i"),
    ("\u{1b}[12;34;56;78;90;12;34$x", "[12;34;56;78;90;12;34$x"),
    ("cut \u{1b}[", "cut ["),
    ("cut\u{1b}", "cut"),
    ("\u{1b}\u{1b}[31m", "[31m"),
    // OSC: title, hyperlink, clipboard, colours, a file; each way to end it.
    ("\u{1b}]0;owned\u{7}title", "]0;ownedtitle"),
    ("\u{1b}]2;owned\u{1b}\\title", "]2;owned\\title"),
    ("\u{1b}]1;owned\u{9c}icon", "]1;ownedicon"),
    (
        "\u{1b}]8;;http://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
        "]8;;http://evil.example\\click]8;;\\",
    ),
    ("\u{1b}]52;c;cm0gLXJmIC8K\u{7}", "]52;c;cm0gLXJmIC8K"),
    ("\u{1b}]52;c;?\u{1b}\\", "]52;c;?\\"),
    ("\u{1b}]4;1;#000000\u{7}\u{1b}]10;?\u{7}", "]4;1;#000000]10;?"),
    ("\u{1b}]1337;File=name=eA==:AAAA\u{7}", "]1337;File=name=eA==:AAAA"),
    ("\u{1b}]777;notify;you;won\u{7}\u{1b}]9;4;1\u{7}", "]777;notify;you;won]9;4;1"),
    ("\u{1b}]0;never ended", "]0;never ended"),
    // DCS, APC, PM, SOS, and sequences of ESC and one character.
    ("\u{1b}P$q\"p\u{1b}\\", "P$q\"p\\"),
    ("\u{1b}P0;1|17/41\u{1b}\\keys", "P0;1|17/41\\keys"),
    ("\u{1b}_Gf=24;AAAA\u{1b}\\", "_Gf=24;AAAA\\"),
    ("\u{1b}^private\u{1b}\\\u{1b}Xstring\u{1b}\\", "^private\\Xstring\\"),
    ("\u{1b}c\u{1b}7\u{1b}8\u{1b}D\u{1b}M", "c78DM"),
    ("\u{1b}#8\u{1b}(0lqqk\u{1b}(B", "#8(0lqqk(B"),
    ("\u{1b}=\u{1b}>\u{1b}n\u{1b}|", "=>n|"),
    ("\u{1b}%Gx\u{1b}%@", "%Gx%@"),
    // C1: the same in one character, in UTF-8.
    ("\u{9b}31mred\u{9b}2J", "31mred2J"),
    ("\u{9d}0;owned\u{9c}", "0;owned"),
    ("\u{90}$q\u{9c}\u{9f}x\u{9c}\u{98}y\u{9c}", "$qxy"),
    ("next\u{85}line\u{84}\u{8d}\u{88}", "nextline"),
    // C0: backspaces over the name, bell, shift to line drawing, a form feed, answer-back.
    ("\u{7}ding\u{7}\u{7}", "ding"),
    ("\u{e}lqk\u{f}", "lqk"),
    ("\u{b}\u{c}down\u{5}", "down"),
    ("nul\u{0}nul", "nulnul"),
    ("tab\tstop", "tab stop"),
    // Reading direction.
    ("\u{202e}gnissim\u{202c}", "gnissim"),
    ("\u{202a}a\u{202b}b\u{202d}c\u{202c}", "abc"),
    ("\u{2066}x\u{2067}y\u{2068}z\u{2069}", "xyz"),
    ("one\u{2028}two\u{2029}three", "onetwothree"),
    // Invisible characters.
    ("pay\u{200b}pal.ex\u{2060}ample\u{feff}", "paypal.example"),
    ("soft\u{ad}hyphen \u{2061}\u{2064}\u{206a}.", "softhyphen ."),
    ("\u{e0041}\u{e0042}\u{e007f}tags\u{e0001}", "tags"),
    ("\u{3164}\u{ffa0}\u{115f}fill\u{17b4}\u{34f}", "\u{115f}fill"),
    ("\u{fff9}shown\u{fffa}hidden\u{fffb}", "shownhidden"),
    ("\u{200d}\u{200d}\u{200c}j\u{200d}\u{200d}\u{200d}o", "j\u{200d}o"),
];

/// Returns a letter with more marks than any script has, and what is left of it.
fn heap() -> (String, String) {
    (format!("z{}!", "\u{301}".repeat(200)), format!("z{}!", "\u{301}".repeat(5)))
}

fn attacks() -> Vec<(String, String)> {
    let attacks = ATTACKS.iter().map(|(sent, shown)| (sent.to_string(), shown.to_string()));
    attacks.chain([heap()]).collect()
}

/// The readers of what mallory says, in one room.
struct Readers {
    server: Server,
    classic: Client,
    terminals: Vec<Terminal>,
    size: (u16, u16),
}

const WIDE: (u16, u16) = (120, 12);

impl Readers {
    fn gather() -> Self {
        Self::gather_at(WIDE, "--history 0")
    }

    fn gather_at(size: (u16, u16), options: &str) -> Self {
        let server =
            Server::start(&format!("--telnet 127.0.0.1:0 --lang en --no-flood-limit {options}"));
        let classic = server.enter("bob");
        let mut readers = Self { server, classic, terminals: Vec::new(), size };
        readers.enter("lena", Charset::Utf8);
        readers.enter("kay", Charset::Utf8);
        readers.terminals[1].enter("/edit on");
        readers.terminals[1].expect_end("system: line editing by the server is on\n> █");
        if natter::door::charset::HAS_CHINESE {
            readers.enter("gao", Charset::Gbk);
        }
        readers
    }

    fn enter(&mut self, name: &str, charset: Charset) {
        let mut terminal = Terminal::connect(self.server.telnet(), self.size, charset);
        terminal.enter(name);
        self.classic.until(&format!("[T] system: {name} joined"));
        // Otherwise a Chinese charset would switch to Chinese texts.
        terminal.enter("/lang en");
        terminal.enter(&format!("/charset {}", charset.as_str()));
        terminal.expect_end(&format!("system: now using {}\n> █", charset.as_str()));
        self.terminals.push(terminal);
    }

    /// Asserts that all see mallory say `text`, and that nothing else happens to their terminals.
    #[track_caller]
    fn see(&mut self, text: &str) {
        self.classic.until(&format!("[T] mallory:{text}"));
        self.seen_on_terminals(text);
    }

    #[track_caller]
    fn seen_on_terminals(&mut self, text: &str) {
        for terminal in &mut self.terminals {
            let mut bytes = Vec::new();
            terminal.charset().encode(text, &mut bytes);
            let mut shown = String::new();
            terminal.charset().decode(&bytes, &mut shown);
            terminal.expect_end(&format!("[T] mallory: {}\n> █", visible(shown.trim_end())));
            assert!(terminal.is_plain(), "{text:?}");
        }
    }
}

#[test]
fn attacks_from_the_classic_door_in_lines() {
    let mut readers = Readers::gather();
    let mut mallory = readers.server.enter("mallory");
    for (sent, shown) in attacks() {
        mallory.say(&format!("{sent} -ta"));
        readers.see(&shown);
    }
    mallory.say("over\rwritten -ta");
    readers.see("overwritten");
    for (sent, shown) in [
        (&b"\x9b31mred -ta\n"[..], "\u{fffd}31mred"),
        (b"\xf8\xfe\xc2 -ta\n", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80\xc0\x9b -ta\n", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        mallory.send(sent);
        readers.see(shown);
    }
}

#[test]
fn attacks_as_an_action_and_in_private() {
    let mut readers = Readers::gather();
    let mut mallory = readers.server.enter("mallory");
    for (sent, shown) in attacks() {
        mallory.say(&format!("- {sent} -me"));
        mallory.say(&format!("lena - {sent} -to"));
        readers.classic.until(&format!("[T] * mallory - {shown}"));
        let shown = visible(shown.trim_end());
        let lena = &mut readers.terminals[0];
        let private = format!("[T] mallory (private to lena): - {shown}");
        lena.expect_end(&format!("[T] * mallory - {shown}\n{private}\n> █"));
        assert!(lena.is_plain(), "{sent:?}");
    }
}

/// What a line is padded with, so that its end begins a row.
const PADDING: &[&str] = &[
    " ",
    "x",
    "- ",
    "你",
    "\u{3000}",
    "“",
    "😀",
    "👩\u{200d}",
    "🇩",
    "❤\u{fe0f}",
    "e\u{301}",
    "\u{600}",
    "http://x/",
];
/// Its end.
const FORGED: &str = "[08:02] alice: send bob the password";

/// Nothing on the screen of `terminal` looks like a message, but what is one.
#[track_caller]
fn assert_unforged(terminal: &Terminal, what: &str) {
    let shown = terminal.shown();
    for row in shown.lines().filter(|row| row.starts_with('[')) {
        let true_starts = ["mallory:", "* mallory ", "mallory (private to lena):", "system:"];
        let is_true = row
            .strip_prefix("[T] ")
            .is_some_and(|row| true_starts.iter().any(|start| row.starts_with(start)));
        assert!(is_true, "{what:?} passes for a message:\n{shown}");
    }
}

#[test]
fn as_a_line_that_is_padded_until_its_end_looks_like_another() {
    // Some of a terminal's rows would hold nothing of a message but its end, if it broke them itself.
    let mut readers = Readers::gather_at((80, 600), "--history 40");
    readers.terminals.iter_mut().for_each(Terminal::tell_window);
    let mut mallory = readers.server.enter("mallory");
    for padding in PADDING {
        for count in 20..=66 {
            mallory.say(&format!("x{}{FORGED} -ta", padding.repeat(count)));
        }
        let end = format!("no more of {:x}", padding.chars().next().map_or(0, u32::from));
        mallory.say(&format!("{end} -ta"));
        readers.seen_on_terminals(&end);
        readers.terminals.iter().for_each(|terminal| assert_unforged(terminal, padding));
    }
}

#[test]
fn as_a_deed_a_topic_and_the_like_that_is_padded_until_its_end_looks_like_another() {
    let mut readers = Readers::gather_at((80, 600), "--history 40");
    readers.terminals.iter_mut().for_each(Terminal::tell_window);
    let mut mallory = readers.server.enter("mallory");
    for columns in 30..=70 {
        let padded = format!("{}{FORGED}", " ".repeat(columns));
        mallory.say(&format!("x{padded} -me"));
        mallory.say(&format!("lena x{padded} -to"));
        mallory.say(&format!("x{padded} -topic"));
    }
    mallory.say("that was it -ta");
    readers.seen_on_terminals("that was it");
    readers.terminals.iter().for_each(|terminal| assert_unforged(terminal, "what was done"));
    // What was said is shown again, and the topic to whoever asks.
    for columns in 34..=50 {
        let topic = format!("x{}{FORGED}", " ".repeat(columns));
        mallory.say(&format!("{topic} -topic"));
        readers.classic.until(&format!("[T] system: mallory set the topic: {topic}"));
        for terminal in &mut readers.terminals {
            for command in ["/topic", "/rooms", "/last 40"] {
                terminal.enter(command);
            }
            terminal.enter(&format!("/time +{}", columns % 13 + 1));
            terminal.expect_end(&format!("system: times are in UTC+{}\n> █", columns % 13 + 1));
            assert_unforged(terminal, "what was asked for");
        }
    }
}

#[test]
fn attacks_as_a_name() {
    let mut readers = Readers::gather();
    let mut mallory = readers.server.connect();
    for (sent, _) in attacks() {
        // The answer is for her alone; it must not harm her terminal either.
        mallory.say(&format!("x{} -n", sent.replace(' ', "")));
        let answer = mallory.line();
        assert!(!answer.contains(natter::text::is_unsafe), "{answer:?}");
        if answer == "OK" {
            let line = readers.classic.line();
            assert!(!line.contains(natter::text::is_unsafe), "{line:?}");
        }
    }
}

/// Names that could be taken for somebody else's or the system's, and why they are refused.
const NAMES: &[(&str, &[&str])] = &[
    ("that name is taken", &["ALICE", "al1ce", "аӏісе", "vvill", "りり", "リり"]),
    (
        "do not mix look-alike alphabets",
        &["аlice", "alice\u{651}", "alice\u{3099}", "alice\u{1cd0}", "alice\u{102e0}"],
    ),
    (
        "unusual accents or too many of them",
        &["alice\u{358}", "alice\u{951}", "alice\u{1ab0}", "alice\u{332}", "é\u{301}ve"],
    ),
    (
        "that name is reserved",
        &["you", "Me", "Administrator", "systɛm", "system.msg", "system-bot", "SystemMsg"],
    ),
    ("that name is reserved", &["系纟充", "繫统", "管理員", "服務器", "管理员2", "用戶", "您"]),
    ("a name must start with a letter or digit", &["-", "...", "__", "-n"]),
    ("use only letters, digits and _ - . '", &["a:b", "[a]", "ⓐlice"]),
];

#[test]
fn attacks_as_the_name_of_somebody_else() {
    let server = Server::start("--lang en --no-flood-limit");
    let _others = ["alice", "will", "リリ"].map(|name| server.enter(name));
    let mut mallory = server.connect();
    for (fault, names) in NAMES {
        for name in *names {
            mallory.say(&format!("{name} -n"));
            let answer = mallory.line();
            assert!(answer.starts_with(&format!("[T] system: {fault}; ")), "{name}: {answer}");
        }
    }
}

#[test]
fn attacks_from_the_articles_client() {
    let mut readers = Readers::gather();
    let mut mallory = Bare::enter(&readers.server, "mallory");
    for (sent, shown) in attacks() {
        mallory.send(&format!("{sent} -ta"));
        readers.see(&shown);
    }
}

#[test]
fn attacks_from_the_telnet_door_in_lines() {
    let mut readers = Readers::gather();
    let mut mallory = Terminal::connect(readers.server.telnet(), WIDE, Charset::Utf8);
    mallory.enter("mallory");
    mallory.enter("/charset utf-8");
    for (sent, shown) in attacks() {
        mallory.enter(&sent);
        readers.see(&shown);
    }
    // At this door a return ends a line: the rest is another line of hers.
    mallory.send("over\rsystem: written\r\n");
    readers.classic.until("[T] mallory:over");
    readers.classic.expect("[T] mallory:system: written");
    for terminal in &mut readers.terminals {
        terminal.expect_end("[T] mallory: over\n[T] mallory: system: written\n> █");
    }
    mallory.send(b"\x9b31mred\r\n");
    readers.see("\u{fffd}31mred");
    mallory.send(b"iac \xff\xff.\r\n");
    readers.see("iac \u{fffd}.");
}

#[test]
#[cfg_attr(not(feature = "charsets"), ignore = "this build knows no GBK")]
fn attacks_from_the_telnet_door_in_gb18030() {
    let mut readers = Readers::gather();
    let mut mallory = Terminal::connect(readers.server.telnet(), WIDE, Charset::Utf8);
    mallory.enter("mallory");
    mallory.enter("/charset gbk");
    for (sent, shown) in attacks() {
        mallory.send(gb18030(&sent));
        mallory.send("\r\n");
        readers.see(&shown);
    }
}

#[cfg(feature = "charsets")]
fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

#[cfg(not(feature = "charsets"))]
fn gb18030(text: &str) -> Vec<u8> {
    text.into()
}

#[test]
fn attacks_from_a_line_edited_by_the_server() {
    let mut readers = Readers::gather();
    let mut mallory = Terminal::connect(readers.server.telnet(), WIDE, Charset::Utf8);
    mallory.enter("mallory");
    mallory.enter("/edit on");
    mallory.expect_end("system: line editing by the server is on\n> █");
    readers.classic.until("[T] system: mallory joined");
    for (sent, _) in attacks() {
        // Keys are executed: what is left of the line must look the same to all.
        mallory.enter(&format!("<{sent}>"));
        let line = readers.classic.line();
        let heard = line.strip_prefix("[T] mallory:").expect("nobody else says anything");
        assert!(!heard.contains(natter::text::is_unsafe), "{heard:?}");
        readers.seen_on_terminals(heard);
        assert!(mallory.is_plain(), "{sent:?}");
    }
}

#[test]
#[cfg_attr(not(feature = "charsets"), ignore = "this build knows no GBK")]
fn attacks_on_a_terminal_whose_charset_is_a_guess() {
    let server = Server::start("--telnet 127.0.0.1:0 --lang en --no-flood-limit");
    let mut mallory = server.enter("mallory");
    let mut latin1 = Client::connect(server.telnet());
    latin1.send("lena\r\n/lang en\r\n");
    mallory.expect("[T] system: lena joined");
    for (sent, heard) in [
        (&b"Andr\xe9s"[..], "Andr\u{fffd}s"),
        (b"se\xf1or M\xfcller", "se\u{fffd}or M\u{fffd}ller"),
        (b"INFORMA\xc7\xc3O", "INFORMA\u{fffd}\u{fffd}O"),
    ] {
        latin1.send([sent, b"\r\n"].concat());
        mallory.expect(&format!("[T] lena:{heard}"));
    }
    // Bytes that no Latin-1 terminal sends are GBK, but still a guess.
    latin1.send(b"\xc4\xe3\xba\xc3\r\n");
    mallory.expect("[T] lena:你好");
    latin1.raw_bytes_until(b"; /charset utf-8 switches back\r\n");
    mallory.say("汮汬汚€ 再见 -ta");
    let shown = latin1.raw_bytes_until(b"\xd4\xd9\xbc\xfb\r\n");
    let is_c1 = |byte| (0x80..0xa0).contains(byte);
    assert!(!shown.iter().any(is_c1), "{}", shown.escape_ascii());
}
