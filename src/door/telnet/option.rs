//! Telnet options of one side, negotiated so that no loop can occur (RFC 1143, "the Q method").

/// RFC 856: the sender of WILL transmits all eight bits of a byte.
pub const BINARY: u8 = 0;
/// RFC 857: the sender of WILL echoes what the other side types.
pub const ECHO: u8 = 1;
/// RFC 858, "suppress go ahead": together with ECHO, clients send each key at once.
pub const SGA: u8 = 3;
/// RFC 860: the answer to it marks a position in the output.
pub const TIMING_MARK: u8 = 6;
/// RFC 1091: the terminal's name.
pub const TTYPE: u8 = 24;
/// RFC 1073: the window's size.
pub const NAWS: u8 = 31;
/// RFC 2066: the character set of both directions.
pub const CHARSET: u8 = 42;

/// The options of one side of a connection, of which only `N` may ever be on.
///
/// Both sides follow the same rules: for our own options the peer sends DO and DONT and we send
/// WILL and WONT; for the peer's options it is the other way round. So `true` means DO or WILL
/// here, and `false` DONT or WONT.
pub struct Options<const N: usize> {
    known: [(u8, Standing); N],
    /// A bit for each option that was refused and not withdrawn since: a repeated request is not
    /// answered again, so there is no endless exchange with a peer that does not accept a refusal.
    refused: [u64; 4],
}

/// The state of an option: RFC 1143's states, with the bit of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    No,
    Yes,
    /// We have asked for it to be off, and wait for the answer.
    WantNo,
    /// The same, and then it will be asked for again.
    WantNoThenYes,
    /// We have asked for it, and wait for the answer.
    WantYes,
    /// The same, and then it will be turned off again.
    WantYesThenNo,
}

/// The result of a request or answer of the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The answer to send, if any.
    pub answer: Option<bool>,
    /// Whether the option is now on, or off (also because it was refused), if that was settled.
    pub settled: Option<bool>,
}

impl<const N: usize> Options<N> {
    /// Creates the options, all off; those in `known` may be turned on.
    pub fn new(known: [u8; N]) -> Self {
        Self { known: known.map(|option| (option, Standing::No)), refused: [0; 4] }
    }

    /// Whether both ends have agreed to `option`.
    pub fn is_on(&self, option: u8) -> bool {
        self.standing(option) == Standing::Yes
    }

    /// Asks for `option`, which is known, to be on or off; returns what to send, if anything.
    pub fn ask(&mut self, option: u8, on: bool) -> Option<bool> {
        use Standing::{No, WantNo, WantNoThenYes, WantYes, WantYesThenNo, Yes};
        // Nothing is sent while an answer is awaited, or the two answers could be confused.
        let (standing, asked) = match (self.standing(option), on) {
            (No, true) => (WantYes, Some(true)),
            (Yes, false) => (WantNo, Some(false)),
            (WantNo, true) => (WantNoThenYes, None),
            (WantNoThenYes, false) => (WantNo, None),
            (WantYes, false) => (WantYesThenNo, None),
            (WantYesThenNo, true) => (WantYes, None),
            (standing, _) => (standing, None),
        };
        self.set(option, standing);
        asked
    }

    /// Handles the peer's request for `option` to be on or off, or its answer. `may_agree` says
    /// whether a known option that is off may be turned on although we had not asked.
    pub fn receive(&mut self, option: u8, on: bool, may_agree: bool) -> Outcome {
        use Standing::{No, WantNo, WantNoThenYes, WantYes, WantYesThenNo, Yes};
        let before = self.standing(option);
        let (word, bit) = (&mut self.refused[usize::from(option / 64)], 1 << (option % 64));
        if before == No && on && !(may_agree && self.known.iter().any(|known| known.0 == option)) {
            let is_first = *word & bit == 0;
            *word |= bit;
            return Outcome { answer: is_first.then_some(false), settled: None };
        }
        *word &= !bit;
        let (after, answer) = match (before, on) {
            (No, true) => (Yes, Some(true)),
            (Yes, false) => (No, Some(false)),
            (WantNoThenYes, false) => (WantYes, Some(true)),
            (WantYesThenNo, true) => (WantNo, Some(false)),
            (Yes | WantYes | WantNoThenYes, true) => (Yes, None),
            // A DONT that is answered with WILL is the peer's error: RFC 1143 leaves the option
            // off.
            (WantNo, true) | (No | WantNo | WantYes | WantYesThenNo, false) => (No, None),
        };
        self.set(option, after);
        let is_settled = after != before && matches!(after, Yes | No);
        Outcome { answer, settled: is_settled.then_some(after == Yes) }
    }

    fn standing(&self, option: u8) -> Standing {
        let found = self.known.iter().find(|known| known.0 == option);
        found.map_or(Standing::No, |known| known.1)
    }

    fn set(&mut self, option: u8, standing: Standing) {
        if let Some(known) = self.known.iter_mut().find(|known| known.0 == option) {
            known.1 = standing;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{No, WantNo, WantNoThenYes, WantYes, WantYesThenNo, Yes};
    use super::*;

    fn standing_at(standing: Standing) -> Options<1> {
        let mut options = Options::new([ECHO]);
        options.set(ECHO, standing);
        options
    }

    #[test]
    fn receive_follows_the_table_of_rfc_1143() {
        for (before, on, may_agree, after, answer) in [
            (No, true, true, Yes, Some(true)),
            (No, true, false, No, Some(false)),
            (Yes, true, true, Yes, None),
            (Yes, true, false, Yes, None),
            (WantNo, true, true, No, None),
            (WantNoThenYes, true, true, Yes, None),
            (WantYes, true, false, Yes, None),
            (WantYesThenNo, true, true, WantNo, Some(false)),
            (No, false, true, No, None),
            (Yes, false, true, No, Some(false)),
            (WantNo, false, true, No, None),
            (WantNoThenYes, false, true, WantYes, Some(true)),
            (WantYes, false, true, No, None),
            (WantYesThenNo, false, true, No, None),
        ] {
            let mut options = standing_at(before);
            let outcome = options.receive(ECHO, on, may_agree);
            assert_eq!(options.standing(ECHO), after, "{before:?} received {on}");
            assert_eq!(outcome.answer, answer, "{before:?} received {on}");
            let settled = (before != after).then_some(after).and_then(|after| match after {
                Yes => Some(true),
                No => Some(false),
                _ => None,
            });
            assert_eq!(outcome.settled, settled, "{before:?} received {on}");
        }
    }

    #[test]
    fn ask_follows_the_table_of_rfc_1143() {
        for (before, on, after, asked) in [
            (No, true, WantYes, Some(true)),
            (Yes, true, Yes, None),
            (WantNo, true, WantNoThenYes, None),
            (WantNoThenYes, true, WantNoThenYes, None),
            (WantYes, true, WantYes, None),
            (WantYesThenNo, true, WantYes, None),
            (No, false, No, None),
            (Yes, false, WantNo, Some(false)),
            (WantNo, false, WantNo, None),
            (WantNoThenYes, false, WantNo, None),
            (WantYes, false, WantYesThenNo, None),
            (WantYesThenNo, false, WantYesThenNo, None),
        ] {
            let mut options = standing_at(before);
            assert_eq!(options.ask(ECHO, on), asked, "{before:?} asked {on}");
            assert_eq!(options.standing(ECHO), after, "{before:?} asked {on}");
        }
    }

    #[test]
    fn every_option_is_refused_once_until_it_is_withdrawn() {
        let mut options = Options::new([ECHO]);
        let refusal = Outcome { answer: Some(false), settled: None };
        for _ in 0..2 {
            for option in 0..=u8::MAX {
                assert_eq!(options.receive(option, true, false), refusal, "{option}");
                assert_eq!(options.receive(option, true, false), Outcome::default(), "{option}");
            }
            for option in 0..=u8::MAX {
                assert_eq!(options.receive(option, false, false), Outcome::default(), "{option}");
            }
        }
        assert_eq!(options.receive(NAWS, true, true), refusal, "an unknown option cannot be on");
    }
}
