//! The client's own words, in the languages that natter speaks.

use crate::client::core::news::Why;
use crate::door::lang::Lang;

/// One text in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    en: &'static str,
    zh: &'static str,
}

impl Text {
    /// It in `lang`.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// Where a name is typed.
pub const NAME_PROMPT: Text = Text { en: "name: ", zh: "用户名: " };
/// Over the first line that has not been seen.
pub const UNREAD: Text = Text { en: "unread", zh: "未读" };
/// While there is no connection.
pub const AWAY: Text = Text { en: "away", zh: "已断开" };
/// While a connection is made.
pub const CONNECTING: Text = Text { en: "connecting", zh: "连接中" };
/// Without a name.
pub const NAME_FIRST: Text = Text { en: "which name?", zh: "请取名" };
/// When the person is in.
pub const ENTERED: Text = Text {
    en: "you are in; /help tells the rest",
    zh: "已进入聊天室; 输入 /help 查看帮助",
};
/// When the person is in again.
pub const BACK: Text = Text { en: "you are back", zh: "已回到聊天室" };
/// When a room was asked for and the server knows of none.
pub const NO_ROOMS: Text =
    Text { en: "this server has no rooms", zh: "这台服务器没有房间功能" };
/// When too much waits to be said.
pub const TOO_MUCH: Text = Text {
    en: "too much waits to be said; try again in a moment",
    zh: "待发送的内容过多,请稍后再试",
};
/// What can be typed.
pub const HELP: Text = Text {
    en: "\
what you type is said to all; //TEXT says /TEXT
/me TEXT         does TEXT, as in: /me waves
/msg NAME TEXT   says TEXT to NAME alone
/name NAME       takes another name
/join ROOM       goes to ROOM; a new one is created
/leave           goes back to the lobby
/rooms           which rooms there are
/topic [TEXT]    what this room is about
/who             who is in this room
/quit            leaves; so does ^D on an empty line
PgUp PgDn scroll back, Tab completes names, the arrows bring back what you said",
    zh: "\
输入的内容会对所有人说; //TEXT 说出 /TEXT
/me TEXT         做动作,例如: /me 挥手
/msg NAME TEXT   只对NAME说TEXT
/name NAME       改名
/join ROOM       进入房间 ROOM，没有则新建
/leave           回到大厅
/rooms           列出所有房间
/topic [TEXT]    查看或设置本房间的话题
/who             本房间有谁
/quit            离开; 空行上按 ^D 也可以
PgUp PgDn 翻看记录, Tab 补全名字, 方向键找回说过的话",
};

/// Why there is no connection.
pub fn reason(lang: Lang, why: &Why) -> String {
    match (lang, why) {
        (_, Why::Failed(why) | Why::Told(why)) => why.clone(),
        (Lang::En, Why::Closed) => "the server closed the connection".into(),
        (Lang::Zh, Why::Closed) => "服务器关闭了连接".into(),
        (Lang::En, Why::Silent) => "the server does not answer".into(),
        (Lang::Zh, Why::Silent) => "服务器没有应答".into(),
    }
}

/// The connection is gone, and comes back.
pub fn lost(lang: Lang, why: &Why, retry_ms: u64) -> String {
    let (reason, secs) = (reason(lang, why), retry_ms.div_ceil(1_000));
    match (lang, why) {
        (Lang::En, Why::Told(_)) => format!("not let in: {reason}; trying again in {secs} s"),
        (Lang::Zh, Why::Told(_)) => format!("未能进入: {reason}; {secs}秒后重试"),
        (Lang::En, _) => format!("no connection: {reason}; trying again in {secs} s"),
        (Lang::Zh, _) => format!("没有连接: {reason}; {secs}秒后重试"),
    }
}

/// A name was not to be had.
pub fn refused(lang: Lang, name: &str, why: &str) -> String {
    match lang {
        Lang::En => format!("the name {name} was refused: {why}"),
        Lang::Zh => format!("用户名{name}被拒绝: {why}"),
    }
}

/// No such command.
pub fn unknown(lang: Lang, command: &str) -> String {
    match lang {
        Lang::En => format!("no command {command}; /help shows them all, //TEXT says /TEXT"),
        Lang::Zh => format!("没有命令{command}; 输入 /help 查看帮助, //TEXT 说出 /TEXT"),
    }
}

/// Lines were pasted.
pub fn pasted(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => format!("say the {lines} lines that were pasted? y / n"),
        Lang::Zh => format!("要说出粘贴的{lines}行吗? y / n"),
    }
}

/// Lines that wait to be said.
pub fn waiting(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => format!("{lines} waiting"),
        Lang::Zh => format!("{lines}行待发"),
    }
}

/// Lines that have come and not been seen.
pub fn unread(lang: Lang, lines: u64) -> String {
    match lang {
        Lang::En => format!("{lines} unread, PgDn"),
        Lang::Zh => format!("{lines}行未读, PgDn"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_tell_of_the_same_commands() {
        let told = |lang| HELP.of(lang).lines();
        assert_eq!(told(Lang::En).count(), told(Lang::Zh).count());
        for command in [
            "//TEXT", "/me", "/msg", "/name", "/join", "/leave", "/rooms", "/topic", "/who",
            "/quit",
        ] {
            assert!(HELP.en.contains(command) && HELP.zh.contains(command), "{command}");
        }
    }
}
