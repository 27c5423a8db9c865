//! Recognises clients of other protocols, connected by mistake or on purpose.
//!
//! A web page can make a browser POST any text to a port of the local machine, and the lines of
//! that text would be commands. So a connection that sends an HTTP request line or a `Host:` header
//! is closed, as Redis does, and so is one that begins with a TLS ClientHello.

use crate::door::notice::Notice;

/// The first two bytes of a TLS record with a handshake: its type and the major version.
const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];

/// Methods of RFC 9110 and RFC 5789, and `PRI`, which begins a connection of HTTP/2 (RFC 9113).
const METHODS: [&[u8]; 10] = [
    b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"CONNECT", b"PATCH", b"TRACE", b"PRI",
];

/// The notice to a TLS client.
pub const NOT_FOR_TLS: Notice<'static> = Notice::NotForTls;
/// The notice to an HTTP client.
pub const NOT_FOR_BROWSERS: Notice<'static> = Notice::NotForBrowsers;

/// The state of comparing the first two bytes of a connection with those of a TLS record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsGuard {
    /// No byte was received.
    #[default]
    Start,
    /// The first byte is that of a TLS handshake.
    Handshake,
    /// It is not TLS.
    Done,
}

impl TlsGuard {
    /// Checks the next `bytes` of the connection; returns true if it has begun as TLS.
    pub fn is_hello(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            *self = match *self {
                Self::Start if byte == TLS_HANDSHAKE[0] => Self::Handshake,
                Self::Handshake if byte == TLS_HANDSHAKE[1] => return true,
                _ => Self::Done,
            };
            if *self == Self::Done {
                break;
            }
        }
        false
    }
}

/// Whether `line` is an HTTP request line: a method, a target and a version, such as `GET /
/// HTTP/1.1`. A shorter line does not count, because people say such things.
pub fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut words = line.split(|&byte| byte == b' ');
    // The first letter rules out most lines of a chat.
    line.first().is_some_and(u8::is_ascii_uppercase)
        && words.next().is_some_and(|method| METHODS.contains(&method))
        && words.next().is_some_and(|target| !target.is_empty())
        && words.next().is_some_and(|version| {
            matches!(version, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', ..])
        })
        && words.next().is_none()
}

/// Whether `line` is an HTTP `Host:` header: the name in any case, then one word. A browser takes
/// that word from the address it connects to, so it cannot be made to look like talk.
pub fn is_host_header(line: &[u8]) -> bool {
    const NAME: &[u8] = b"host:";
    let Some((name, value)) = line.split_at_checked(NAME.len()) else { return false };
    name.eq_ignore_ascii_case(NAME) && !value.trim_ascii().contains(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_has_a_method_a_target_and_a_version() {
        for line in ["GET / HTTP/1.1", "POST /x HTTP/1.0\r", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0"]
        {
            assert!(is_request_line(line.as_bytes()), "{line}");
        }
        for line in [
            "GET some tea",
            "GET /",
            "POST x -ta",
            "POST a HTTP/1.1 -ta",
            "GET  HTTP/1.1",
            "get / HTTP/1.1",
            "GETS / HTTP/1.1",
            "GET / HTTPS",
            "",
            " ",
            "HTTP/1.1",
        ] {
            assert!(!is_request_line(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_host_header_has_one_word() {
        for line in ["Host: localhost:9999", "HOST:x\r", "host: ", "hOsT:127.0.0.1"] {
            assert!(is_host_header(line.as_bytes()), "{line}");
        }
        for line in ["Host", "Host : x", "Hostess: x", "Host: alice tonight -ta", "X-Host: x", ""] {
            assert!(!is_host_header(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn tls_is_recognised_by_its_first_two_bytes_in_any_split() {
        let hello = |parts: &[&[u8]]| {
            let mut guard = TlsGuard::default();
            parts.iter().any(|part| guard.is_hello(part))
        };
        assert!(hello(&[b"\x16\x03\x01"]) && hello(&[b"\x16", b"", b"\x03"]));
        assert!(!hello(&[b"\x16", b"x\x03"]) && !hello(&[b"x", b"\x16\x03"]) && !hello(&[b"\x16"]));
    }
}
