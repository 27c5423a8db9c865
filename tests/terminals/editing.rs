//! A line edited by the server, in clients that support it.

use crate::common::{Client, Screen, Server, find_tool};
use crate::{Story, port, start};

const ROWS: u16 = 12;

/// Alice at a terminal on which her line is edited, and bob.
struct Scene {
    story: Story,
    bob: Client,
    _server: Server,
}

impl Scene {
    /// Lets alice enter with a client that edits her line itself; returns none without the client.
    fn enter(client: &str, columns: u16) -> Option<Self> {
        let (tool, _) = client.split_once(' ').expect("a client has arguments");
        find_tool(tool)?;
        let server = start();
        let mut bob = server.enter("bob");
        let screen = Screen::open((columns, ROWS), &client.replace("2323", port(&server)))?;
        screen.expect_part("name: █");
        screen.enter("alice");
        bob.expect("[T] system: alice joined");
        screen.expect_part("\n> █");
        Some(Self { story: Story::begin(screen, ROWS, Vec::new()), bob, _server: server })
    }

    /// Lets alice enter, with her line edited by the server.
    fn begin(client: &str, columns: u16) -> Option<Self> {
        let mut scene = Self::enter(client, columns)?;
        let screen = &scene.story.screen;
        screen.enter("/edit on");
        screen.expect_part("server is on\n> █");
        let shown = screen.shown();
        scene.story.told = shown.lines().map(ToString::to_string).collect();
        scene.story.told.pop();
        Some(scene)
    }

    /// Lets bob say `text`, and waits for its echo.
    fn bob_says(&mut self, text: &str) {
        self.bob.say(&format!("{text} -ta"));
        self.bob.expect(&format!("[T] bob:{text}"));
    }

    /// Lets alice type `text`, and waits until her terminal shows `rows` below the fixed rows.
    #[track_caller]
    fn types(&mut self, text: &str, rows: &[&str]) {
        self.story.screen.type_in(text);
        self.story.shows(rows);
    }

    #[track_caller]
    fn presses(&mut self, keys: &str, rows: &[&str]) {
        self.story.screen.press(keys);
        self.story.shows(rows);
    }
}

/// Tests the keys of a line editor, with messages in between.
fn edit(client: &str) {
    let Some(mut scene) = Scene::begin(client, 80) else { return };
    scene.types("half 来小", &["> half 来小█"]);
    scene.bob_says("hi 你");
    scene.story.tells(&["[T] bob: hi 你", "> half 来小█"]);
    scene.presses("Left", &["> half 来█小"]);
    scene.types("X", &["> half 来X█小"]);
    scene.presses("BSpace BSpace", &["> half █小"]);
    scene.bob_says("in the middle");
    scene.story.tells(&["[T] bob: in the middle", "> half █小"]);
    scene.presses("C-a", &["> █half 小"]);
    scene.types("a ", &["> a █half 小"]);
    scene.presses("C-e", &["> a half 小█"]);
    scene.presses("C-w", &["> a half █"]);
    scene.presses("Left Left C-k", &["> a hal█"]);
    scene.presses("Enter", &["> a hal", "[T] alice: a hal", "> █"]);
    scene.story.tells(&["> a hal", "[T] alice: a hal", "> █"]);
    scene.bob.expect("[T] alice:a hal");

    scene.types("new", &["> new█"]);
    scene.presses("Up", &["> a hal█"]);
    scene.presses("Down", &["> new█"]);
    scene.presses("Left C-u", &["> █w"]);
    scene.presses("End C-u", &["> █"]);
    scene.types("hi b", &["> hi b█"]);
    scene.presses("Tab", &["> hi bob █"]);
    scene.presses("C-c", &["> hi bob", "> █"]);
    scene.story.tells(&["> hi bob", "> █"]);
    scene.types("/quit", &["> /quit█"]);
    scene.story.screen.press("Enter");
    scene.bob.expect("[T] system: alice left");
}

#[test]
fn keys_in_telnet() {
    edit("telnet 127.0.0.1 2323");
}

#[test]
fn keys_in_plink() {
    edit("plink -telnet -P 2323 127.0.0.1");
}

#[test]
fn messages_are_shown_above_a_line_of_several_rows() {
    let Some(mut scene) = Scene::begin("telnet 127.0.0.1 2323", 20) else { return };
    scene.types("一二三四五六七八九", &["> 一二三四五六七八九", "█"]);
    scene.types("十", &["> 一二三四五六七八九", "十█"]);
    scene.bob_says("hi");
    scene.story.tells(&["[T] bob: hi", "> 一二三四五六七八九", "十█"]);
    scene.story.told.pop();
    scene.presses("Home", &["> █一二三四五六七八九", "十"]);
    // A wide character does not fit the remaining column.
    scene.types("a", &["> a█一二三四五六七八", "九十"]);
    scene.bob_says("over me");
    // What is said is kept in rows of the terminal's width, all but the first indented.
    scene.story.tells(&["[T] bob: over", "    me", "> a█一二三四五六七八", "九十"]);
    scene.story.told.pop();
    scene.presses("C-k", &["> a█"]);
    scene.presses("C-u", &["> █"]);
    scene.types("done", &["> done█"]);
}

#[test]
fn a_line_is_redrawn_when_the_window_is_resized() {
    let Some(mut scene) = Scene::begin("telnet 127.0.0.1 2323", 40) else { return };
    let line = "小来 bcdefghij abcdefghij abcdefghij abcdefghij";
    scene.types(line, &["> 小来 bcdefghij abcdefghij abcdefghij a", "bcdefghij█"]);
    // A terminal may scroll when it reflows rows: only the end is certain.
    let screen = &scene.story.screen;
    screen.resize(60, ROWS);
    // The client tells the new width before it sends the key, so natter knows it when this is shown.
    screen.type_in("!");
    screen.expect_part(&format!("server is on\n> {line}!█"));
    screen.press("BSpace");
    screen.expect_part(&format!("server is on\n> {line}█"));
    scene.bob.say("wide -ta");
    screen.expect_part(&format!("server is on\n[T] bob: wide\n> {line}█"));
    screen.press("C-u");
    screen.type_in("short");
    screen.expect_part("[T] bob: wide\n> short█");
    screen.resize(40, ROWS);
    screen.type_in("!");
    screen.expect_part("[T] bob: wide\n> short!█");
    screen.press("BSpace");
    screen.expect_part("[T] bob: wide\n> short█");
    scene.bob.say("narrow -ta");
    screen.expect_part("[T] bob: wide\n[T] bob: narrow\n> short█");
    screen.press("C-u");
    screen.type_in(line);
    screen.expect_part("narrow\n> 小来 bcdefghij abcdefghij abcdefghij a\nbcdefghij█");
    // The number of rows is unknown now: one may stay, but no message is lost.
    screen.resize(30, ROWS);
    screen.expect_part("\n> 小来 bcdefghij abcdefghij ab\ncdefghij abcdefghij█");
    screen.expect_part("[T] bob: narrow\n");
}

#[test]
fn rows_are_those_of_a_window_whose_size_is_told() {
    // It negotiates by itself.
    let Some(mut scene) = Scene::enter("telnet -- 127.0.0.1 -2323", 40) else { return };
    scene.bob_says("a sentence of several words that is longer than a row");
    let rows =
        "[T] bob: a sentence of several\n         words that is longer than a\n         row\n> █";
    scene.story.screen.expect_part(rows);
}

#[test]
fn telnets_own_commands_cancel_and_erase() {
    let Some(mut scene) = Scene::begin("telnet 127.0.0.1 2323", 80) else { return };
    for (typed, command, said) in
        [("helloo", "ec", "hello"), ("nonsense", "el", "sense"), ("你好吗", "ec", "你好")]
    {
        scene.story.screen.type_in(typed);
        scene.story.screen.expect_part(&format!("\n> {typed}█"));
        scene.story.screen.press("C-]");
        scene.story.screen.expect_part("telnet> █");
        scene.story.screen.enter(&format!("send {command}"));
        // Its own prompt is on the screen now: the server cannot know.
        if command == "el" {
            scene.story.screen.type_in(said);
        }
        scene.story.screen.press("Enter");
        scene.bob.expect(&format!("[T] alice:{said}"));
    }
    scene.story.screen.enter("/edit off");
    scene.story.screen.expect_part("> /edit off\nsystem: line editing by the server is off\n> █");
}

#[test]
fn an_interrupt_cancels_the_line_and_no_other() {
    let Some(mut scene) = Scene::enter("telnet 127.0.0.1 2323", 80) else { return };
    let screen = &scene.story.screen;
    screen.type_in("never mind");
    screen.expect_part("> never mind█");
    screen.press("C-c");
    screen.expect_part("> never mind^C\n> █");
    screen.enter("this instead");
    scene.bob.expect("[T] alice:this instead");
    screen.expect_part("> this instead\n[T] alice: this instead\n> █");
}
