//! Negotiates the charset by telnet's CHARSET option (RFC 2066).

use crate::door::charset::HAS_CHINESE;
use crate::door::iac::{IAC, SB, SE};
use crate::door::telnet::option::CHARSET;

/// The charsets that are offered and accepted, in order of preference.
pub const CHARSETS: &[&str] = if HAS_CHINESE {
    &["UTF-8", "GB18030", "GBK", "BIG5", "ISO-8859-1"]
} else {
    &["UTF-8", "ISO-8859-1"]
};

// The first byte of a subnegotiation.
const REQUEST: u8 = 1;
const ACCEPTED: u8 = 2;
const REJECTED: u8 = 3;
const TTABLE_IS: u8 = 4;
const TTABLE_REJECTED: u8 = 5;

/// The state of the negotiation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// No REQUEST was sent or accepted.
    #[default]
    Unasked,
    /// Our REQUEST was sent, and is not answered yet.
    Asked,
    /// Our REQUEST was answered, or one of the peer's was accepted before it.
    Settled,
}

impl Choice {
    /// Sends our REQUEST, once; only a side that has received DO CHARSET may send one.
    pub fn request(&mut self, replies: &mut Vec<u8>) {
        if *self != Self::Unasked {
            return;
        }
        *self = Self::Asked;
        let list = CHARSETS.join(";");
        say(REQUEST, [";", &list].concat().as_bytes(), replies);
    }

    /// Handles a subnegotiation; `is_cut` means that its end is missing. Returns which of
    /// [`CHARSETS`] is in use from now on, if one was chosen.
    pub fn receive(
        &mut self,
        said: &[u8],
        is_cut: bool,
        replies: &mut Vec<u8>,
    ) -> Option<&'static str> {
        let is_asked = *self == Self::Asked;
        match said {
            [ACCEPTED, name @ ..] if is_asked => {
                *self = Self::Settled;
                known(name)
            }
            [REJECTED, ..] if is_asked => {
                *self = Self::Settled;
                None
            }
            [TTABLE_IS, ..] => {
                // A table of the peer's own, which our REQUEST did not allow.
                if is_asked {
                    *self = Self::Settled;
                }
                say(TTABLE_REJECTED, &[], replies);
                None
            }
            [REQUEST, list @ ..] => {
                // When two REQUESTs cross, the server rejects the client's, and the client
                // answers the server's.
                let found = if is_asked { None } else { choose(list, is_cut) };
                let Some((spelling, name)) = found else {
                    say(REJECTED, &[], replies);
                    return None;
                };
                say(ACCEPTED, spelling, replies);
                *self = Self::Settled;
                Some(name)
            }
            _ => None,
        }
    }
}

/// Sends a subnegotiation; `text` contains no byte 255.
fn say(what: u8, text: &[u8], replies: &mut Vec<u8>) {
    replies.extend_from_slice(&[IAC, SB, CHARSET, what]);
    replies.extend_from_slice(text);
    replies.extend_from_slice(&[IAC, SE]);
}

/// Returns the one of [`CHARSETS`] that is spelled `name`, in any case (RFC 2978).
fn known(name: &[u8]) -> Option<&'static str> {
    CHARSETS.iter().copied().find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// Returns the first supported charset in the list of a REQUEST: as spelled there, and as here.
fn choose(list: &[u8], is_cut: bool) -> Option<(&[u8], &'static str)> {
    // With this prefix and a version, the peer would also accept a table.
    let list = list.strip_prefix(b"[TTABLE ]").map_or(list, |rest| rest.get(1..).unwrap_or(rest));
    let (separator, names) = list.split_first()?;
    let mut names = names.split(|byte| byte == separator);
    if is_cut {
        // The last name may be cut short.
        names.next_back();
    }
    names.find_map(|name| Some((name, known(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::charset::Charset;

    #[test]
    fn offered_charsets_are_supported() {
        assert!(CHARSETS.iter().all(|name| Charset::of_name(name).is_some()));
    }
}
