//! A user of Windows' telnet: each key is sent at once, in GBK, and echoed by the terminal itself.
//!
//! Sections of `docs/protocol.md`: "Character sets".

mod common;

use std::time::SystemTime;

use common::{Server, Terminal};
use natter::clock::Stamp;
use natter::door::charset::Charset;
use natter::zone::{Zone, Zones};

/// Windows' telnet on a Chinese system (code page 936).
struct Windows(Terminal);

impl Windows {
    fn connect(server: &Server) -> Self {
        Self(Terminal::connect(server.telnet(), (60, 14), Charset::Gbk))
    }

    /// Presses keys one after the other: `\r` is Return, `\u{8}` the key above it.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            match key {
                '\r' => self.0.send("\r\n"),
                '\u{8}' => self.0.send([8]),
                _ => {
                    // The halves of a character are sent in separate packets.
                    let mut bytes = Vec::new();
                    Charset::Gbk.encode(&key.to_string(), &mut bytes);
                    bytes.iter().for_each(|&byte| self.0.send([byte]));
                }
            }
            if !self.0.is_echoed {
                self.0.echo(&if key == '\r' { "\r\n".into() } else { key.to_string() });
            }
        }
    }
}

#[test]
#[cfg_attr(not(feature = "charsets"), ignore = "this build knows no GBK")]
fn a_user_types_chinese_at_windows_telnet() {
    let server = Server::start("--telnet 127.0.0.1:0 --lang en --no-flood-limit");
    let mut bob = server.enter("bob");
    let mut windows = Windows::connect(&server);
    // The dot of the greeting is UTF-8, because the charset is not known yet.
    let zone = Zones::new().offset(Zone::LOCAL, Stamp::from(SystemTime::now()));
    let greeting = format!("natter 路 1 here: bob 路 times are in {zone} 路 /help\nname: ");
    windows.0.expect(&format!("{greeting}█"));
    windows.press("小明\r");
    bob.expect("[T] system: 小明 joined");
    // A user who writes GBK reads Chinese.
    let guessed = "系统:您的终端似乎使用 gbk，输入 /charset utf-8 可切换回来";
    let before = format!("{greeting}小明\n{guessed}");
    windows.0.expect(&format!("{before}\n> █"));
    bob.say("你好，小明 😀 -ta");
    bob.expect("[T] bob:你好，小明 😀");
    windows.0.expect(&format!("{before}\n[T] bob: 你好，小明 ?\n> █"));
    windows.press("大家号\u{8}好 a\u{8}b\r");
    bob.expect("[T] 小明:大家好 b");
    // It shows a backspace as one column to the left, although the character has two.
    windows.0.expect_end("> 大家 好 b\n[T] 小明: 大家好 b\n> █");
    assert!(windows.0.shown().matches("似乎").count() == 1, "it is shown once");

    windows.press("/edit on\r");
    windows.0.expect_end("> /edit on\n系统:已开启服务器端行编辑\n> █");
    assert!(windows.0.is_echoed);
    windows.press("大家号");
    windows.0.expect_end("系统:已开启服务器端行编辑\n> 大家号█");
    windows.press("\u{8}");
    windows.0.expect_end("系统:已开启服务器端行编辑\n> 大家█");
    bob.say("在吗？ -ta");
    windows.0.expect_end("系统:已开启服务器端行编辑\n[T] bob: 在吗？\n> 大家█");
    windows.press("再见\r");
    windows.0.expect_end("[T] bob: 在吗？\n> 大家再见\n[T] 小明: 大家再见\n> █");
    windows.press("/edit off\r");
    windows.0.expect_end("> /edit off\n系统:已关闭服务器端行编辑，改由您的终端编辑\n> █");
    assert!(!windows.0.is_echoed);
    windows.press("/charset utf-8\r");
    windows.0.expect_end("system: now using utf-8\n> █");
}
