//! The texts in Chinese, with full-width punctuation and a space beside Latin text
//! (`tests/chinese.rs` checks it). The article's lines are unchanged to the byte; so is the `系统:`
//! before messages of the system.

use std::io::{self, Write};

use crate::chat::event::{Answer, Crowd, Event, NickFault};
use crate::clock::Shown;
use crate::door::DoorKind;
use crate::door::notice::Notice;
use crate::limits::{IGNORES_MAX, NICK_BYTES_MAX, NICK_COLUMNS_MAX};
use crate::zone::offset::Offset;

pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Accepted => write!(to, "OK"),
        Event::Goodbye => write!(to, "exit"),
        Event::Kept => write!(to, "系统:本聊天室的内容会保存在服务器上"),
        Event::Joined { nick } => write!(to, "系统:{nick}加入了聊天"),
        Event::Left { nick } => write!(to, "系统:用户{nick}退出聊天室!"),
        Event::ManyJoined(crowd) => write_crowd(crowd, "加入了聊天", to),
        Event::ManyLeft(crowd) => write_crowd(crowd, "退出了聊天", to),
        Event::Renamed { old, new } => write!(to, "系统:{old} 改名为 {new}"),
        Event::Said { nick, text } => write!(to, "{nick}:{text}"),
        Event::Acted { nick, text } => write!(to, "* {nick} {text}"),
        Event::Whispered { from, to: reader, text } => {
            write!(to, "{}:{text}", private(from, reader))
        }
        Event::NotUnderstood => write!(to, "系统:无法识别您的指令,请重新输入!"),
        Event::NameFirst => write!(to, "系统:请先取名：NAME -n"),
        Event::NameTaken { free } => write!(to, "系统:用户名已被使用，可用：{free}"),
        Event::NameRefused { fault, free } => {
            write!(to, "系统:")?;
            write_fault(fault, to)?;
            write!(to, "，可用：{free}")
        }
        Event::Nobody { nick } => write!(to, "系统:没有名为 {nick} 的用户"),
        Event::Present { room: None, count, online } if online == count => {
            write!(to, "系统:在线 {count} 人：")
        }
        Event::Present { room, count, online } => {
            let room = room.unwrap_or("lobby");
            write!(to, "系统:房间 {room} 有 {count} 人，共 {online} 人在线：")
        }
        Event::Entered { .. }
        | Event::AlreadyThere { .. }
        | Event::RoomRefused { .. }
        | Event::TooManyRooms { .. }
        | Event::Rooms { .. }
        | Event::RoomListed { .. }
        | Event::Topic { .. }
        | Event::TopicSet { .. }
        | Event::TopicTooLong { .. } => write_room(event, to),
        Event::Names { line } => {
            write!(to, "系统:")?;
            write_names(line.split(", "), to)
        }
        Event::Help => write!(to, "{HELP}"),
        Event::Welcome { count: 0, .. } => write!(to, "natter · 目前没有人在线"),
        Event::Welcome { count, names } => {
            write!(to, "natter · 在线 {count} 人：")?;
            write_names(names.split(", "), to)
        }
        Event::Past { count: 0 } => write!(to, "-- 还没有人说话 --"),
        Event::Past { count } => write!(to, "-- 最近 {count} 条消息 --"),
        Event::Missed { count: 0, .. } => write!(to, "-- 您离开期间没有人说话 --"),
        Event::Missed { count, kept } if count > kept as u64 => {
            write!(to, "-- 您离开期间有 {count} 条消息，以下是最后 {kept} 条 --")
        }
        Event::Missed { count, .. } => write!(to, "-- 您离开期间有 {count} 条消息 --"),
        Event::Earlier { said, .. } => write(said, to),
        Event::NotInRoom { room } => write!(to, "系统:您不在房间 {room} 中"),
        Event::Since { .. } | Event::Own(_) => Ok(()),
        Event::Answer(answer) => write_answer(answer, to),
        Event::ShuttingDown => write!(to, "系统:服务器即将关闭，再见！"),
    }
}

/// Writes a notice of a door or the hub.
pub fn write_notice(notice: &Notice<'_>, to: &mut impl Write) -> io::Result<()> {
    match *notice {
        Notice::Prompt | Notice::NewDay => Ok(()),
        Notice::LineTooLong { bytes_max } => {
            write!(to, "系统:此行超过 {bytes_max} 字节，未发送")
        }
        Notice::Skipped { lines } => write!(to, "系统:… 已跳过 {lines} 条消息"),
        Notice::BadJson => write!(to, "系统:应为一个单层的 JSON 对象"),
        Notice::BadField { field } => write!(to, "系统:缺少字段 {field}，或其类型有误"),
        Notice::BadSession => write!(to, "系统:每个连接只能有一个会话，其标识为 32 位十六进制数字"),
        Notice::Hello { .. } => Ok(()),
        Notice::Replaced => write!(to, "系统:此会话已由新的连接接替"),
        Notice::NamingOver => write!(to, "系统:超时未取名，再见！"),
        Notice::Unterminated => write!(to, "系统:输入过长且没有换行，再见！"),
        Notice::ServerFull => write!(to, "系统:聊天室已满，请稍后再试！"),
        Notice::AddressFull => write!(to, "系统:来自您的地址的连接过多！"),
        Notice::NoSuch { word, near: Some(near) } => {
            write!(to, "系统:没有 /{word} 这个命令，您要找的是 /{near} 吗？")
        }
        Notice::NoSuch { word, near: None } => {
            write!(to, "系统:没有 /{word} 这个命令，输入 /help 查看所有命令")
        }
        Notice::Ambiguous { word, like: [one, other] } => {
            write!(to, "系统:/{word} 不明确，可能是 /{one} 或 /{other}")
        }
        Notice::Misused { usage } => write!(to, "系统:用法：{usage}"),
        Notice::TimeSet { shown: Shown::Never } => write!(to, "系统:已关闭时间显示"),
        Notice::TimeSet { shown: Shown::Short } => write!(to, "系统:已开启时间显示"),
        Notice::TimeSet { shown: Shown::Full } => write!(to, "系统:已开启日期和时间显示"),
        Notice::ZoneSet { name: None, offset } => write!(to, "系统:时间按 {offset} 显示"),
        Notice::ZoneSet { name: Some(name), offset } => {
            write!(to, "系统:时间按 {name} 显示（目前为 {offset}）")
        }
        Notice::NoSuchZone { name } => {
            write!(to, "系统:没有 {name} 这个时区，请使用 +8 或 Asia/Shanghai 这样的写法")
        }
        Notice::LangSet { .. } => write!(to, "系统:已切换为中文"),
        Notice::CharsetSet { name, is_guessed: true } => {
            write!(to, "系统:您的终端似乎使用 {name}，输入 /charset utf-8 可切换回来")
        }
        Notice::CharsetSet { name, is_guessed: false } => write!(to, "系统:已改用 {name} 编码"),
        Notice::NoSuchCharset { name } => {
            write!(to, "系统:不支持 {name} 编码，可用：{}", charsets!())
        }
        Notice::ColorSet { on: true } => write!(to, "系统:已开启颜色"),
        Notice::ColorSet { on: false } => write!(to, "系统:已关闭颜色"),
        Notice::EditSet { on: true } => write!(to, "系统:已开启服务器端行编辑"),
        Notice::EditSet { on: false } => write!(to, "系统:已关闭服务器端行编辑，改由您的终端编辑"),
        Notice::EditImpossible => {
            write!(to, "系统:服务器无法编辑您的输入行：您的客户端不支持 telnet 协议")
        }
        Notice::NotForBrowsers => write!(to, "系统:这里是聊天服务器，不是网站"),
        Notice::NotForTls => write!(to, "系统:这里是聊天服务器，不支持 TLS"),
    }
}

/// Writes an event about rooms.
fn write_room(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Entered { room, count: 1, topic } => {
            write!(to, "系统:您已进入房间 {room}，目前只有您一人")?;
            write_topic(topic, to)
        }
        Event::Entered { room, count, topic } => {
            write!(to, "系统:您已进入房间 {room}，共 {count} 人")?;
            write_topic(topic, to)
        }
        Event::AlreadyThere { room } => write!(to, "系统:您已经在房间 {room} 中"),
        Event::RoomRefused { fault } => {
            write!(to, "系统:房间名无效：")?;
            write_fault(fault, to)
        }
        Event::TooManyRooms { rooms_max } => {
            write!(to, "系统:最多只能有 {rooms_max} 个房间，请加入已有的房间（用 rooms 查看）")
        }
        Event::Rooms { count } => write!(to, "系统:共有 {count} 个房间："),
        Event::RoomListed { room, count, topic } => {
            write!(to, "系统:{room}（{count} 人）")?;
            write_topic(topic, to)
        }
        Event::Topic { room, topic: None } => write!(to, "系统:房间 {room} 还没有话题"),
        Event::Topic { room, topic: Some(topic) } => {
            write!(to, "系统:房间 {room} 的话题：{topic}")
        }
        Event::TopicSet { nick, topic: None } => write!(to, "系统:{nick} 取消了话题"),
        Event::TopicSet { nick, topic: Some(topic) } => {
            write!(to, "系统:{nick} 设置了话题：{topic}")
        }
        Event::TopicTooLong { bytes_max } => {
            write!(to, "系统:话题最长 {bytes_max} 字节，未作更改")
        }
        _ => unreachable!("it is not about rooms"),
    }
}

fn write_fault(fault: NickFault, to: &mut impl Write) -> io::Result<()> {
    match fault {
        NickFault::TooLong => write!(to, "最多 {NICK_COLUMNS_MAX} 列、{NICK_BYTES_MAX} 字节"),
        NickFault::Characters => write!(to, "只能用文字、数字和 _-.'"),
        NickFault::Start => write!(to, "须以文字或数字开头"),
        NickFault::MixedScripts => write!(to, "不得混用形近文字冒充他人"),
        NickFault::Marks => write!(to, "附加符号过多或不合规范"),
        NickFault::Reserved => write!(to, "此名称已被保留"),
    }
}

fn write_topic(topic: Option<&str>, to: &mut impl Write) -> io::Result<()> {
    topic.map_or(Ok(()), |topic| write!(to, "。话题：{topic}"))
}

pub fn private(from: &str, to: &str) -> String {
    format!("{from}（私聊 {to}）")
}

pub fn greeting_end(zone: Offset) -> String {
    format!(" · 时间按 {zone} 显示 · /help")
}

pub const GOODBYE: &str = "再见！";

pub const PROMPT_FOR_NAME: &str = "用户名：";

pub const SLASH_HELP: &str = concat!(
    "\
系统:直接输入内容即可对所有人说话；//TEXT 会说出 /TEXT
系统:/who              查看谁在线
系统:/msg NAME TEXT    只对 NAME 说 TEXT
系统:/reply TEXT       回复最近一位私聊您的人
系统:/me TEXT          做动作，例如：/me 挥手
系统:/name NEW         改名为 NEW
系统:/join ROOM        进入房间 ROOM，不存在则新建
系统:/leave            回到大厅（lobby）
系统:/rooms            列出所有房间
系统:/topic [TEXT]     查看或设置本房间的话题
系统:/ignore [NAME]    屏蔽 NAME 的消息，再次输入则取消屏蔽；不带 NAME 则列出已屏蔽的人
系统:/last N           查看最近 N 条消息
系统:/time on|off|full 时间的显示方式
系统:/time ZONE        按指定时区显示时间，例如 +8、-3:30、Asia/Shanghai
系统:/lang en|zh       切换语言
系统:/charset NAME     ",
    charsets!(),
    "
系统:/color on|off     开启或关闭颜色
系统:/edit on|off      服务器端行编辑：方向键、历史记录、Tab 补全用户名
系统:/quit             退出"
);

const HELP: &str = "\
系统:NAME -n        取名或改名
系统:TEXT -ta       对所有人说 TEXT
系统:TEXT -me       做动作，例如：挥手 -me
系统:NAME TEXT -to  只对 NAME 说 TEXT
系统:who            查看谁在线
系统:ROOM -r        进入房间 ROOM；初始房间是大厅（lobby）
系统:rooms          列出所有房间
系统:TEXT -topic    设置本房间的话题
系统:help           显示本帮助
系统:exit           退出";

fn write_answer(answer: Answer<'_>, to: &mut impl Write) -> io::Result<()> {
    match answer {
        Answer::NoneToReply => write!(to, "系统:还没有人与您私聊"),
        Answer::Ignoring { nick, is_ignored: true } => {
            write!(to, "系统:已屏蔽 {nick} 的消息，再次输入则取消屏蔽")
        }
        Answer::Ignoring { nick, is_ignored: false } => write!(to, "系统:已取消屏蔽 {nick}"),
        Answer::Ignored { count: 0 } => write!(to, "系统:您没有屏蔽任何人"),
        Answer::Ignored { count } => write!(to, "系统:您屏蔽了 {count} 人："),
        Answer::OwnName => write!(to, "系统:不能屏蔽自己"),
        Answer::IgnoresFull => write!(to, "系统:最多只能屏蔽 {IGNORES_MAX} 人"),
    }
}

fn write_crowd(crowd: Crowd<'_>, did: &str, to: &mut impl Write) -> io::Result<()> {
    write!(to, "系统:{} 人", crowd.count)?;
    to.write_all(did.as_bytes())?;
    if crowd.first.is_empty() {
        return Ok(());
    }
    write!(to, "：")?;
    write_names(crowd.first.iter().map(AsRef::as_ref), to)?;
    match crowd.count - crowd.first.len() {
        0 => Ok(()),
        more => write!(to, "，另有 {more} 人"),
    }
}

fn write_names<'a>(names: impl Iterator<Item = &'a str>, to: &mut impl Write) -> io::Result<()> {
    for (index, name) in names.enumerate() {
        to.write_all(if index == 0 { "" } else { "、" }.as_bytes())?;
        to.write_all(name.as_bytes())?;
    }
    Ok(())
}

pub fn how_to_join(dialect: DoorKind, connect: &str) -> String {
    match dialect {
        DoorKind::Telnet => format!("加入聊天：{connect}"),
        DoorKind::Classic => {
            format!(
                "供程序使用：{connect}，然后用 NAME -n 取名，TEXT -ta 对所有人说 TEXT，exit 退出"
            )
        }
    }
}

pub fn at_most(natter: &str, clients: usize, descriptors: Option<usize>) -> String {
    match descriptors {
        None => format!("{natter}：最多 {clients} 个客户端"),
        Some(limit) => format!("{natter}：最多 {clients} 个客户端，因为 `ulimit -n` 为 {limit}"),
    }
}
