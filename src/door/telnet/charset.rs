//! The choice of a character set by telnet's CHARSET option (RFC 2066).

use crate::door::charset::HAS_CHINESE;
use crate::door::iac::{IAC, SB, SE};
use crate::door::telnet::option::CHARSET;

/// The character sets that are offered and accepted, in the order of preference.
pub const CHARSETS: &[&str] = if HAS_CHINESE {
    &["UTF-8", "GB18030", "GBK", "BIG5", "ISO-8859-1"]
} else {
    &["UTF-8", "ISO-8859-1"]
};

// What a subnegotiation begins with.
const REQUEST: u8 = 1;
const ACCEPTED: u8 = 2;
const REJECTED: u8 = 3;
const TTABLE_IS: u8 = 4;
const TTABLE_REJECTED: u8 = 5;

/// How far the choice has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// We have sent no REQUEST, and accepted none.
    #[default]
    Unasked,
    /// We have sent our REQUEST and wait for the answer.
    Asked,
    /// Our REQUEST was answered, or one of the peer's was accepted before it.
    Settled,
}

impl Choice {
    /// Sends our REQUEST, which only a side may do that is told DO CHARSET; once.
    pub fn request(&mut self, replies: &mut Vec<u8>) {
        if *self != Self::Unasked {
            return;
        }
        *self = Self::Asked;
        let list = CHARSETS.join(";");
        say(REQUEST, [";", &list].concat().as_bytes(), replies);
    }

    /// Acts on what a subnegotiation said; `is_cut` means that its end is missing. Returns which
    /// of [`CHARSETS`] is in use from now on, if one was chosen.
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
                // A table of its own making, which our REQUEST did not allow.
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

/// Sends a subnegotiation, in whose `text` there is no 255.
fn say(what: u8, text: &[u8], replies: &mut Vec<u8>) {
    replies.extend_from_slice(&[IAC, SB, CHARSET, what]);
    replies.extend_from_slice(text);
    replies.extend_from_slice(&[IAC, SE]);
}

/// The one of [`CHARSETS`] that is spelled `name`, in whatever case (RFC 2978).
fn known(name: &[u8]) -> Option<&'static str> {
    CHARSETS.iter().copied().find(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// The first in the list of a REQUEST that is known: as spelled there, and as here.
fn choose(list: &[u8], is_cut: bool) -> Option<(&[u8], &'static str)> {
    // With this in front, and a version, the peer would also take a table.
    let list = list.strip_prefix(b"[TTABLE ]").map_or(list, |rest| rest.get(1..).unwrap_or(rest));
    let (separator, names) = list.split_first()?;
    let mut names = names.split(|byte| byte == separator);
    if is_cut {
        // The last name may be the beginning of another.
        names.next_back();
    }
    names.find_map(|name| Some((name, known(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::charset::Charset;

    #[test]
    fn what_is_offered_is_known() {
        assert!(CHARSETS.iter().all(|name| Charset::of_name(name).is_some()));
    }
}
