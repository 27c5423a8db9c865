//! Chinese. The lines that the article has are the article's, to the byte.

use std::io::{self, Write};

use crate::chat::event::{Crowd, Event, NickFault};
use crate::limits::{NICK_BYTES_MAX, NICK_COLUMNS_MAX};

pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    match *event {
        Event::Accepted => write!(to, "OK"),
        Event::Goodbye => write!(to, "exit"),
        Event::Joined { nick } => write!(to, "系统:{nick}加入了聊天"),
        Event::Left { nick } => write!(to, "系统:用户{nick}退出聊天室!"),
        Event::ManyJoined(crowd) => write_crowd(crowd, "加入了聊天", to),
        Event::ManyLeft(crowd) => write_crowd(crowd, "退出聊天室", to),
        Event::Renamed { old, new } => write!(to, "系统:{old}改名为{new}"),
        Event::Said { nick, text } => write!(to, "{nick}:{text}"),
        Event::Acted { nick, text } => write!(to, "* {nick} {text}"),
        Event::Whispered { from, to: reader, text } => write!(to, "{from} (私聊{reader}):{text}"),
        Event::NotUnderstood => write!(to, "系统:无法识别您的指令,请重新输入!"),
        Event::NameFirst => write!(to, "系统:请先取名: NAME -n"),
        Event::NameTaken { free } => write!(to, "系统:用户名已被使用,可用:{free}"),
        Event::NameRefused { fault, free } => {
            write!(to, "系统:")?;
            match fault {
                NickFault::TooLong => {
                    write!(to, "最多{NICK_COLUMNS_MAX}列,{NICK_BYTES_MAX}字节")?;
                }
                NickFault::Characters => write!(to, "只能用文字,数字和_-.'")?,
                NickFault::MixedScripts => write!(to, "不能混用字母表")?,
                NickFault::Reserved => write!(to, "此名被保留")?,
            }
            write!(to, ",可用:{free}")
        }
        Event::LineTooLong { bytes_max } => write!(to, "系统:超过{bytes_max}字节,未发送"),
        Event::Nobody { nick } => write!(to, "系统:没有用户{nick}"),
        Event::Present { count } => write!(to, "系统:在线{count}人:"),
        Event::Names { line } => write!(to, "系统:{line}"),
        Event::Help => write!(to, "{HELP}"),
        Event::Skipped { lines } => write!(to, "系统:… 略过了{lines}行"),
        Event::NamingOver => write!(to, "系统:超时未取名,再见!"),
        Event::Unended => write!(to, "系统:输入过长且没有换行,再见!"),
        Event::RoomFull => write!(to, "系统:聊天室已满,请稍后再试!"),
        Event::AddressFull => write!(to, "系统:您的地址连接过多!"),
        Event::ShuttingDown => write!(to, "系统:服务器即将关闭,再见!"),
    }
}

const HELP: &str = "\
系统:NAME -n        取名或改名
系统:TEXT -ta       对所有人说TEXT
系统:TEXT -me       做动作,例如: 挥手 -me
系统:NAME TEXT -to  只对NAME说TEXT
系统:who            谁在线
系统:help           显示本帮助
系统:exit           离开";

fn write_crowd(crowd: Crowd<'_>, did: &str, to: &mut impl Write) -> io::Result<()> {
    write!(to, "系统:{}人{did}", crowd.count)?;
    if !crowd.first.is_empty() {
        write!(to, ": {}", crowd.first.join(", "))?;
    }
    match crowd.count - crowd.first.len() {
        0 => Ok(()),
        _ if crowd.first.is_empty() => Ok(()),
        more => write!(to, "等,另有{more}人"),
    }
}

pub fn how_to_join(connect: &str) -> String {
    format!(
        "加入: {connect}\n\
         然后输入: NAME -n 取名, TEXT -ta 对所有人说TEXT, exit 离开"
    )
}
