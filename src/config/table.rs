//! The server's options: one table for parsing, `--help` and `docs/options.md`.

use log::LevelFilter;

use crate::config::options::{self, Opt};
use crate::config::{Address, Config};
use crate::log::fsync::Fsync;
use crate::zone::Zones;

/// The largest number that any option accepts: products of two of them fit 64 bits.
const NUMBER_MAX: u64 = 1_000_000_000;

macro_rules! number {
    ($name:literal, $value:literal, $default:literal, $help:expr, $field:ident) => {
        Opt {
            name: $name,
            value: $value,
            default: [$default, $default],
            help: $help,
            set: |config, value| {
                let number = whole_number(value)?;
                config.limits.$field = number.try_into().map_err(|_| NOT_A_NUMBER.to_string())?;
                Ok(())
            },
        }
    };
}

/// The value that closes a door, in place of an address.
pub const OFF: &str = "off";

/// All options, in the order of `--help`.
pub const OPTIONS: &[Opt<Config>] = &[
    Opt {
        name: "classic",
        value: "ADDR:PORT",
        default: ["127.0.0.1:9999"; 2],
        help: [
            "where the article's client and programs connect; also unix:PATH or off; may be repeated",
            "文章的客户端和程序从这里接入；也可以是 unix:PATH 或 off；可重复",
        ],
        set: |config, value| open_at(&mut config.classic, value),
    },
    Opt {
        name: "telnet",
        value: "ADDR:PORT",
        default: ["127.0.0.1:2323"; 2],
        help: [
            "where people at a terminal connect (telnet, nc); also unix:PATH or off; may be repeated",
            "终端用户（telnet、nc）从这里接入；也可以是 unix:PATH 或 off；可重复",
        ],
        set: |config, value| open_at(&mut config.telnet, value),
    },
    Opt {
        name: "unix-mode",
        value: "MODE",
        default: ["set by the umask", "取决于 umask"],
        help: [
            "permissions of unix doors, in octal: 660 lets the owner and the group connect",
            "unix 入口的权限，八进制：660 即允许所有者和所属组连接",
        ],
        set: |config, value| {
            let mode = u32::from_str_radix(value, 8).ok().filter(|mode| (1..=0o777).contains(mode));
            config.unix_mode = Some(mode.ok_or("must be in octal, from 1 to 777")?);
            Ok(())
        },
    },
    LANG,
    Opt {
        name: "log",
        value: "LEVEL",
        default: ["info"; 2],
        help: [
            "error, warn, info (joins and leaves), debug (also what is said) or off",
            "记录级别：error、warn、info（加入和离开）、debug（另含发言）或 off",
        ],
        set: |config, value| {
            let level = value.parse().ok().filter(|&level| level != LevelFilter::Trace);
            config.log = level.ok_or("must be error, warn, info, debug or off")?;
            Ok(())
        },
    },
    number!(
        "clients",
        "N",
        "10000",
        [
            "maximum number of connections, at most descriptors - doors - 30",
            "同时连接数的上限，最多为文件描述符数 - 入口数 - 30",
        ],
        clients
    ),
    number!(
        "per-address",
        "N",
        "16",
        [
            "maximum connections from one address (IPv6: one /64 network); loopback is exempt",
            "同一地址的连接数上限（IPv6 按 /64 网段计）；本机回环地址不限",
        ],
        per_address
    ),
    number!(
        "per-address-rate",
        "N",
        "32",
        [
            "new connections from one such address within 10 seconds",
            "同一地址 10 秒内的新连接数上限（计法同上）",
        ],
        per_address_rate
    ),
    number!(
        "accepts-per-turn",
        "N",
        "64",
        [
            "new connections accepted per turn before existing ones are served",
            "每轮最多接受的新连接数，之后先处理已有连接",
        ],
        accepts_per_turn
    ),
    number!(
        "name-secs",
        "SECS",
        "60",
        ["how long a connection may stay without a name", "未取名的连接可保持多久",],
        name_secs
    ),
    Opt {
        name: "history",
        value: "N",
        default: ["20"; 2],
        help: [
            "earlier messages shown to newcomers at the telnet door; 0 keeps none",
            "在 telnet 入口向新加入者显示的历史消息条数；0 表示不保留",
        ],
        set: |config, value| {
            let lines = value.parse().map_err(|_| "must be a whole number from 0 to 256")?;
            config.limits.history = lines;
            Ok(())
        },
    },
    number!(
        "history-bytes",
        "BYTES",
        "4194304",
        [
            "memory for the history of all rooms; the room that was quiet longest loses lines first",
            "所有房间的历史消息可占用的内存；最久无人发言的房间最先清理",
        ],
        history_bytes
    ),
    Opt {
        name: "state",
        value: "DIR",
        default: ["nothing is kept", "不保存"],
        help: [
            "keep what is said in DIR/chat.log: history survives a restart, and everyone is told",
            "将聊天内容保存到 DIR/chat.log：重启后历史仍在，并会告知所有人",
        ],
        set: |config, value| {
            let path = Some(value).filter(|path| !path.is_empty());
            config.state = Some(path.ok_or("must be a directory")?.into());
            Ok(())
        },
    },
    Opt {
        name: "fsync",
        value: "never|SECS|always",
        default: ["5"; 2],
        help: [
            "write the log through to the disk: never, SECS after a line, or before it is sent",
            "何时将记录真正写入磁盘：从不、发言后 SECS 秒内，或在发送之前",
        ],
        set: |config, value| {
            config.fsync = match value {
                "never" => Fsync::Never,
                "always" => Fsync::Always,
                _ => match value.parse() {
                    Ok(secs @ 1..=86_400) => Fsync::Secs(secs),
                    _ => return Err("must be never, always or a number from 1 to 86400".into()),
                },
            };
            Ok(())
        },
    },
    number!(
        "log-bytes",
        "BYTES",
        "16777216",
        [
            "maximum size of DIR/chat.log, which then becomes chat.log.1",
            "DIR/chat.log 的最大大小，满后改名为 chat.log.1",
        ],
        log_bytes
    ),
    number!(
        "log-files",
        "N",
        "8",
        [
            "maximum number of such files; the oldest is deleted",
            "此类文件的数量上限，超出时删除最旧的",
        ],
        log_files
    ),
    number!("rooms", "N", "1000", ["maximum number of rooms", "房间数上限",], rooms),
    number!(
        "topic-bytes",
        "BYTES",
        "256",
        ["maximum length of a topic", "房间话题的最大长度",],
        topic_bytes
    ),
    number!(
        "line-bytes",
        "BYTES",
        "1024",
        ["maximum length of a line", "每行的最大长度",],
        line_bytes
    ),
    number!(
        "unterminated-bytes",
        "BYTES",
        "8192",
        ["disconnect after this much input without a line end", "收到这么多字节仍没有换行则断开",],
        unterminated_bytes
    ),
    number!(
        "burst-lines",
        "N",
        "5",
        ["lines accepted at once before a client is slowed down", "限速前可以连续发送的行数",],
        burst_lines
    ),
    number!(
        "lines-per-sec",
        "N",
        "2",
        ["lines accepted per second after that", "限速后每秒处理的行数",],
        lines_per_sec
    ),
    number!(
        "burst-bytes",
        "BYTES",
        "4096",
        ["bytes accepted at once before a client is slowed down", "限速前可以连续发送的字节数",],
        burst_bytes
    ),
    number!(
        "bytes-per-sec",
        "BYTES",
        "1024",
        ["bytes accepted per second after that", "限速后每秒读取的字节数",],
        bytes_per_sec
    ),
    Opt {
        name: "no-flood-limit",
        value: "",
        default: ["rate limits apply", "限速"],
        help: [
            "disable the four limits above: for benchmarks on trusted links",
            "取消以上四项限制：用于可信链路上的压测",
        ],
        set: |config, _| {
            config.limits.flood_limit = false;
            Ok(())
        },
    },
    number!(
        "lag-soft-bytes",
        "BYTES",
        "16384",
        ["skip lines for a client that is further behind than this", "积压超过此值则跳过部分消息",],
        lag_soft_bytes
    ),
    number!(
        "lag-hard-bytes",
        "BYTES",
        "65536",
        ["disconnect a client that is further behind than this", "积压超过此值则断开",],
        lag_hard_bytes
    ),
    number!(
        "stall-secs",
        "SECS",
        "30",
        [
            "disconnect a client that has accepted no data for this long",
            "对方超过此时间未接收数据则断开",
        ],
        stall_secs
    ),
    number!(
        "queued-bytes",
        "BYTES",
        "16777216",
        ["maximum data queued for all connections together", "所有连接的待发数据总量上限",],
        queued_bytes
    ),
    number!(
        "keepalive-secs",
        "SECS",
        "60",
        ["idle time before TCP keepalive probes", "连接静默多久后发送 TCP keepalive 探测",],
        keepalive_secs
    ),
    number!(
        "keepalive-interval-secs",
        "SECS",
        "15",
        ["interval between probes", "两次探测的间隔",],
        keepalive_interval_secs
    ),
    number!(
        "keepalive-probes",
        "N",
        "4",
        ["disconnect after this many unanswered probes", "连续多少次探测无应答则断开",],
        keepalive_probes
    ),
    number!(
        "user-timeout-secs",
        "SECS",
        "120",
        ["TCP_USER_TIMEOUT", "TCP_USER_TIMEOUT",],
        user_timeout_secs
    ),
];

/// The options of `natter log`.
pub const LOG_OPTIONS: &[Opt<Config>] = &[
    Opt {
        name: "room",
        value: "ROOM",
        default: ["all rooms", "所有房间"],
        help: ["only what happened in ROOM", "只显示房间 ROOM 的内容"],
        set: |config, value| {
            config.selection.room = Some(value.to_lowercase());
            Ok(())
        },
    },
    Opt {
        name: "since",
        value: "TIME",
        default: ["everything", "全部"],
        help: [
            "only what happened from TIME on: 2026-11-24, \"2026-11-24 09:11\", also with Z or +08:00",
            "只显示 TIME 之后的内容：2026-11-24、\"2026-11-24 09:11\"，也可加 Z 或 +08:00",
        ],
        set: |config, value| {
            let since = Zones::new().parse(value);
            config.selection.since = since.ok_or("must be a time such as 2026-11-24 09:11")?;
            Ok(())
        },
    },
    Opt {
        name: "follow",
        value: "",
        default: ["stop at the end", "到末尾即结束"],
        help: ["go on with what happens next", "继续显示之后的内容"],
        set: |config, _| {
            config.selection.follows = true;
            Ok(())
        },
    },
    LANG,
];

const LANG: Opt<Config> = Opt {
    name: "lang",
    value: "en|zh",
    default: ["from the environment", "取决于环境变量"],
    help: ["the default language of messages", "服务器消息的默认语言"],
    set: |config, value| {
        config.lang = options::lang(value)?;
        Ok(())
    },
};

const NOT_A_NUMBER: &str = "must be a whole number from 1 to 1000000000";

fn whole_number(value: &str) -> Result<u64, String> {
    let number: u64 = value.parse().map_err(|_| NOT_A_NUMBER)?;
    if (1..=NUMBER_MAX).contains(&number) { Ok(number) } else { Err(NOT_A_NUMBER.into()) }
}

/// Pairs of options of which only one may be given.
pub const EXCLUSIVE: &[(&str, &str)] = &[
    ("no-flood-limit", "burst-lines"),
    ("no-flood-limit", "lines-per-sec"),
    ("no-flood-limit", "burst-bytes"),
    ("no-flood-limit", "bytes-per-sec"),
];

fn open_at(doors: &mut Vec<Address>, value: &str) -> Result<(), String> {
    if value != OFF {
        doors.push(address(value)?);
    }
    Ok(())
}

fn address(value: &str) -> Result<Address, String> {
    if let Some(path) = value.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Address::Unix(path.into()));
    }
    let numeric = match value.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => value.to_string(),
    };
    let address = numeric.parse();
    Ok(Address::Tcp(address.map_err(|_| "must be an IP address with a port, or unix:PATH")?))
}
