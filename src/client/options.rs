//! The options of `natter join`: one table for parsing, `--help` and `docs/options.md`.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::chat::rooms::LOBBY_NAME;
use crate::config::options::{self, Opt, Program};
use crate::door::lang::Lang;

/// The request of a command line.
#[derive(Debug)]
pub enum Request {
    /// Join.
    Join(Config),
    /// Print this text and exit.
    Print(String),
    /// Print the addresses of this host and exit. Only the client itself uses it, as `--resolve`,
    /// so `--help` does not mention it.
    Resolve(String),
}

/// The whole configuration of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address of the server.
    pub server: Place,
    /// The name to take.
    pub name: Option<String>,
    /// The room to enter, unless it is the lobby.
    pub room: Option<String>,
    /// The language of the client's texts.
    pub lang: Lang,
    /// Whether a mention of the name rings the bell.
    pub bell: bool,
    /// Whether mentions are shown in the terminal's title and as desktop notifications.
    pub notify: bool,
    /// The file to which messages are appended.
    pub log: Option<PathBuf>,
}

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host, by name or address, with a port.
    Host(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The command line of the client.
const PROGRAM: Program<Config> = Program {
    command: "natter join",
    argument: "HOST:PORT",
    options: OPTIONS,
    repeatable: &[],
    exclusive: &[],
    lang: |config| config.lang,
    intro: [
        "natter join: join a chat room\n\nnatter join [OPTIONS] [HOST:PORT | unix:PATH]\n",
        "natter join：进入聊天室\n\nnatter join [OPTIONS] [HOST:PORT | unix:PATH]\n",
    ],
    notes: [
        "
On a terminal, type to talk; type /help for the commands. Otherwise it works
as a filter: lines from stdin are sent, lines received go to stdout.

Exit codes:
  0  success: the server has confirmed every line
  1  messages could not be shown or written
  2  invalid option
  3  the name was refused
  4  no connection, or some lines were not confirmed; stderr lists them
",
        "
在终端上直接输入即可发言，输入 /help 查看命令。不在终端上运行时作为过滤器：
stdin 的每一行都会发送，收到的每一行都写到 stdout。

退出码：
  0  成功：每一行都已得到服务器确认
  1  无法显示或写入收到的消息
  2  选项有误
  3  用户名被拒绝
  4  没有连接，或有的行未得到确认；这些行会列在 stderr 中
",
    ],
};

/// All options, in the order of `--help`.
pub const OPTIONS: &[Opt<Config>] = &[
    Opt {
        name: "name",
        value: "NAME",
        default: ["asked for on a terminal", "在终端上询问"],
        help: ["the name to use", "要使用的用户名"],
        set: |config, value| {
            config.name = Some(word(value)?);
            Ok(())
        },
    },
    Opt {
        name: "room",
        value: "ROOM",
        default: ["the lobby", "大厅"],
        help: ["the room to enter; created if it does not exist", "要进入的房间，不存在则新建"],
        set: |config, value| {
            config.room = Some(word(value)?).filter(|room| room != LOBBY_NAME);
            Ok(())
        },
    },
    Opt {
        name: "lang",
        value: "en|zh",
        default: ["from the environment", "取决于环境变量"],
        help: ["the language of the client's own messages", "客户端自身消息使用的语言"],
        set: |config, value| {
            config.lang = options::lang(value)?;
            Ok(())
        },
    },
    Opt {
        name: "bell",
        value: "",
        default: ["off", "不响铃"],
        help: ["ring the bell when somebody mentions your name", "有人提到您的用户名时响铃"],
        set: |config, _| {
            config.bell = true;
            Ok(())
        },
    },
    Opt {
        name: "notify",
        value: "",
        default: ["off", "不通知"],
        help: [
            "show mentions in the terminal title and on the desktop",
            "被提到时更改终端标题并发送桌面通知",
        ],
        set: |config, _| {
            config.notify = true;
            Ok(())
        },
    },
    Opt {
        name: "log",
        value: "FILE",
        default: ["none", "无"],
        help: ["append received messages to FILE", "将收到的消息追加到 FILE"],
        set: |config, value| {
            config.log = Some(value.into()).filter(|_| !value.is_empty());
            config.log.is_some().then_some(()).ok_or("must be a file".into())
        },
    },
];

fn word(value: &str) -> Result<String, String> {
    let is_word = !value.is_empty() && !value.contains(char::is_whitespace);
    is_word.then(|| value.to_string()).ok_or("must be one word".into())
}

/// Parses `arguments` (those after `join`).
///
/// # Errors
/// One line that names the option and what to do.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.next_if(|first| first == "--resolve").is_some() {
        let host = arguments.next().and_then(|host| host.into_string().ok());
        return host.map(Request::Resolve).ok_or("--resolve: needs HOST:PORT".into());
    }
    let config = Config {
        server: Place::Host(String::new()),
        name: None,
        room: None,
        lang: Lang::of_environment(|name| env::var(name).ok()),
        bell: false,
        notify: false,
        log: None,
    };
    let (mut config, given) = match PROGRAM.parse(arguments, config)? {
        options::Request::Run(config, given) => (config, given),
        options::Request::Print(text) => return Ok(Request::Print(text)),
    };
    config.server = place(given.argument.as_deref().unwrap_or("127.0.0.1:9999"))?;
    Ok(Request::Join(config))
}

fn place(value: &str) -> Result<Place, String> {
    if let Some(path) = value.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Place::Unix(path.into()));
    }
    let is_host = value.rsplit_once(':').is_some_and(|(host, port)| {
        let is_whole = !host.contains(':') || (host.starts_with('[') && host.ends_with(']'));
        !host.is_empty() && host != "unix" && is_whole && port.parse::<u16>().is_ok()
    });
    if is_host {
        return Ok(Place::Host(value.into()));
    }
    Err(format!("HOST:PORT: must be a host with a port, or unix:PATH, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn config(line: &str) -> Config {
        match parsed(line).expect("the options are good") {
            Request::Join(config) => config,
            other => panic!("asked for {other:?}"),
        }
    }

    #[test]
    fn no_options_give_the_defaults() {
        let config = config("");
        assert_eq!(config.server.to_string(), "127.0.0.1:9999");
        assert_eq!((config.name, config.notify, config.bell), (None, false, false));
    }

    #[test]
    fn a_server_has_a_host_and_a_port_or_a_path() {
        assert_eq!(config("box:1 --bell").server.to_string(), "box:1");
        assert_eq!(config("--name 小明 [::1]:9").server.to_string(), "[::1]:9");
        assert_eq!(config("unix:/tmp/a:b").server, Place::Unix("/tmp/a:b".into()));
    }

    #[test]
    fn the_lobby_is_the_default_room() {
        assert_eq!(config("--room lobby").room, None);
        assert_eq!(config("--room 茶").room, Some("茶".into()));
    }

    #[test]
    fn a_bad_option_gets_one_line_with_its_name_and_the_fix() {
        for (line, said) in [
            ("--name=", "--name: must be one word, not \"\""),
            ("--name", "--name: needs NAME"),
            ("--room=", "--room: must be one word, not \"\""),
            ("--door telnet", "--door: no such option; natter join --help lists the options"),
            ("--log=", "--log: must be a file, not \"\""),
            ("--lang fr", "--lang: must be en or zh, not \"fr\""),
            ("--nope", "--nope: no such option; natter join --help lists the options"),
            ("--bell=3", "unexpected"),
            ("9999", "HOST:PORT: must be a host with a port, or unix:PATH, not \"9999\""),
            ("host:http", "HOST:PORT: must be"),
            ("::1:9999", "HOST:PORT: must be"),
            ("unix:", "HOST:PORT: must be"),
            ("a:1 b:2", "unexpected argument \"b:2\"; natter join --help"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(said), "{line}: {error}");
            assert_eq!(error.lines().count(), 1);
        }
    }

    #[test]
    fn help_shows_every_option() {
        let Ok(Request::Print(text)) = parsed("--help") else { panic!("--help prints") };
        assert!(OPTIONS.iter().all(|opt| text.contains(&format!("--{} {}", opt.name, opt.value))));
    }
}
