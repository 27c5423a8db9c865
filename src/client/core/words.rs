//! The client's own texts, in the languages that natter supports.

use crate::client::core::news::{News, Why};
use crate::door::lang::Lang;

/// A text in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    en: &'static str,
    zh: &'static str,
}

impl Text {
    /// Returns the text in `lang`.
    pub fn of(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// The prompt for a name.
pub const NAME_PROMPT: Text = Text { en: "name: ", zh: "用户名：" };
/// The marker above the first unread line.
pub const UNREAD: Text = Text { en: "unread", zh: "未读" };
/// The status without a connection.
pub const AWAY: Text = Text { en: "disconnected", zh: "已断开" };
/// The status while connecting.
pub const CONNECTING: Text = Text { en: "connecting", zh: "连接中" };
/// The status without a name.
pub const NAME_FIRST: Text = Text { en: "choose a name", zh: "请输入用户名" };
/// Shown when the user has entered.
pub const ENTERED: Text = Text {
    en: "you have joined; type /help for help",
    zh: "已进入聊天室，输入 /help 查看帮助",
};
/// Shown when the user has entered again.
pub const BACK: Text = Text { en: "reconnected", zh: "已重新连接" };
/// When the server says so, the first time.
pub const KEPT: Text = Text {
    en: "this conversation is kept on the server",
    zh: "本聊天室的内容会保存在服务器上",
};
/// Shown when a room was requested and the server supports none.
pub const NO_ROOMS: Text =
    Text { en: "this server has no rooms", zh: "服务器没有房间功能" };
/// Shown when the server does not support a command.
pub const UNSUPPORTED: Text =
    Text { en: "this server does not support that command", zh: "服务器不支持此命令" };
/// Shown when some of the lines said during an absence are no longer stored.
pub const MISSED: Text = Text {
    en: "some messages sent while you were away are no longer available",
    zh: "您离开期间的部分消息已无法找回",
};
/// Shown when too many lines wait to be said.
pub const TOO_MUCH: Text = Text {
    en: "not sent: too many lines are waiting to be sent; try again in a moment",
    zh: "待发送的内容过多，本次输入未被接收，请稍后再试",
};
/// Shown when a paste is too large.
pub const PASTE_TOO_LARGE: Text = Text {
    en: "paste refused: at most 10,000 lines and 1 MiB at a time",
    zh: "未接收粘贴的内容：一次最多 10,000 行、1 MiB",
};
/// Precedes an unconfirmed line in the report at the end.
pub const NOT_CONFIRMED: Text = Text { en: "not confirmed", zh: "未确认送达" };
/// The list of commands.
pub const HELP: Text = Text {
    en: "\
what you type is said to everyone; //TEXT says /TEXT
/me TEXT         describe an action: /me waves
/msg NAME TEXT   say TEXT to NAME in private
/reply TEXT      answer the last person who wrote to you in private
/name NAME       change your name
/join ROOM       enter ROOM, creating it if it does not exist
/leave           return to the lobby
/rooms           list the rooms
/topic [TEXT]    show or set the topic of this room
/who             show who is in this room
/last [N]        show the last N messages
/ignore [NAME]   hide messages from NAME, or show them again; list whom you ignore
/quit            leave; so does ^D on an empty line
PgUp, PgDn and the mouse wheel scroll; hold Shift to select text with the mouse
Tab completes names; the arrow keys recall what you said",
    zh: "\
直接输入内容即可对所有人说话；//TEXT 会说出 /TEXT
/me TEXT         做动作，例如：/me 挥手
/msg NAME TEXT   只对 NAME 说 TEXT
/reply TEXT      回复最近一位私聊您的人
/name NAME       改名
/join ROOM       进入房间 ROOM，不存在则新建
/leave           回到大厅
/rooms           列出所有房间
/topic [TEXT]    查看或设置本房间的话题
/who             查看本房间有谁
/last [N]        查看最近 N 条消息
/ignore [NAME]   屏蔽 NAME 的消息，再次输入则取消屏蔽；不带 NAME 则列出已屏蔽的人
/quit            退出；在空行上按 ^D 也可以
PgUp、PgDn 和鼠标滚轮可翻看记录，按住 Shift 可用鼠标选中文字
Tab 补全用户名，方向键找回说过的话",
};

/// Returns the reason why there is no connection.
pub fn reason(lang: Lang, why: &Why) -> String {
    match (lang, why) {
        (_, Why::Failed(why) | Why::Told(why)) => why.clone(),
        (Lang::En, Why::Closed) => "the server closed the connection".into(),
        (Lang::Zh, Why::Closed) => "服务器关闭了连接".into(),
        (Lang::En, Why::Silent) => "the server is not responding".into(),
        (Lang::Zh, Why::Silent) => "服务器没有响应".into(),
    }
}

/// Returns the text about a lost connection, and the next attempt.
fn lost(lang: Lang, why: &Why, retry_ms: u64) -> String {
    let (reason, secs) = (reason(lang, why), retry_ms.div_ceil(1_000));
    match (lang, why) {
        (Lang::En, Why::Told(_)) => format!("could not join: {reason}; retrying in {secs} s"),
        (Lang::Zh, Why::Told(_)) => format!("未能进入聊天室：{reason}；{secs} 秒后重试"),
        (Lang::En, _) => format!("disconnected: {reason}; reconnecting in {secs} s"),
        (Lang::Zh, _) => format!("连接已断开：{reason}；{secs} 秒后自动重连"),
    }
}

/// Returns the text about a refused name.
pub fn refused(lang: Lang, name: &str, why: &str) -> String {
    match lang {
        Lang::En => format!("the name {name} was refused: {why}"),
        Lang::Zh => format!("用户名 {name} 被拒绝：{why}"),
    }
}

/// Returns the text about an unknown command.
pub fn unknown(lang: Lang, command: &str) -> String {
    match lang {
        Lang::En => {
            format!("there is no command {command}; /help lists all commands, //TEXT says /TEXT")
        }
        Lang::Zh => format!("没有 {command} 这个命令；输入 /help 查看帮助，//TEXT 会说出 /TEXT"),
    }
}

/// Returns the text for `news`, unless it is a message from the server.
pub fn news(lang: Lang, news: &News) -> Option<String> {
    let text = |text: Text| Some(text.of(lang).to_string());
    match news {
        News::Told(_) => None,
        News::Entered => text(ENTERED),
        News::Back => text(BACK),
        News::Kept => text(KEPT),
        News::Missed => text(MISSED),
        News::NoRooms => text(NO_ROOMS),
        News::Unsupported => text(UNSUPPORTED),
        News::NotSaid { line, why } => Some(not_said(lang, line, why)),
        News::Unsure(line) => Some(unsure(lang, line)),
        News::Twice(lines) => Some(twice(lang, *lines)),
        News::NameRefused { name, why } => Some(refused(lang, name, why)),
        News::Lost { why, retry_ms } => Some(lost(lang, why, *retry_ms)),
    }
}

/// Returns the text about a line that was not said.
fn not_said(lang: Lang, line: &str, why: &str) -> String {
    match lang {
        Lang::En => format!("not sent: {line} ({why})"),
        Lang::Zh => format!("未发送：{line}（{why}）"),
    }
}

/// Returns the text about a line that may not have been said.
fn unsure(lang: Lang, line: &str) -> String {
    match lang {
        Lang::En => format!("possibly not sent: {line}"),
        Lang::Zh => format!("可能未送达：{line}"),
    }
}

/// Returns the text about lines that may have been said twice.
pub fn twice(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => {
            let lines = lines_en(lines);
            format!("the server no longer knows this session: {lines} may have been sent twice")
        }
        Lang::Zh => format!("服务器已不再保留此会话：有 {lines} 行可能重复发送"),
    }
}

/// Returns the question whether to leave although lines are unconfirmed.
pub fn leaving(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => {
            let lines = lines_en(lines);
            format!("{lines} not confirmed yet; leave anyway? y/n")
        }
        Lang::Zh => format!("还有 {lines} 行未确认送达，仍要退出吗？y/n"),
    }
}

/// Returns the number of unconfirmed lines, for the report at the end.
pub fn not_confirmed(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => format!("the server has not confirmed {}", lines_en(lines)),
        Lang::Zh => format!("有 {lines} 行未得到服务器确认"),
    }
}

fn lines_en(lines: usize) -> String {
    if lines == 1 { "1 line".into() } else { format!("{lines} lines") }
}

/// Returns the number of people in the room.
pub fn here(lang: Lang, people: u64) -> String {
    match lang {
        Lang::En => format!("{people} here"),
        Lang::Zh => format!("{people} 人"),
    }
}

/// Returns the question about pasted lines.
pub fn pasted(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => format!("send the {lines} pasted lines? y/n"),
        Lang::Zh => format!("要发送粘贴的 {lines} 行吗？y/n"),
    }
}

/// Returns the number of lines that wait to be said.
pub fn waiting(lang: Lang, lines: usize) -> String {
    match lang {
        Lang::En => format!("{lines} waiting"),
        Lang::Zh => format!("{lines} 行待发"),
    }
}

/// Returns the number of unread lines.
pub fn unread(lang: Lang, lines: u64) -> String {
    match lang {
        Lang::En => format!("{lines} unread, PgDn"),
        Lang::Zh => format!("{lines} 行未读，PgDn"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_list_the_same_commands() {
        let told = |lang| HELP.of(lang).lines();
        assert_eq!(told(Lang::En).count(), told(Lang::Zh).count());
        for command in [
            "//TEXT", "/me", "/msg", "/name", "/join", "/leave", "/rooms", "/topic", "/who",
            "/quit", "/last", "/ignore", "/reply",
        ] {
            assert!(HELP.en.contains(command) && HELP.zh.contains(command), "{command}");
        }
    }
}
