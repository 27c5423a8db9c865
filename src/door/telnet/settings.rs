//! How one person wants things shown: what `/time`, `/charset`, `/color` and `/edit` change.

use crate::clock::Shown;
use crate::door::charset::Charset;
use crate::door::notice::Notice;
use crate::door::telnet::decoder::Decoder;

/// How one person wants things shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// `/time`: what is shown of the time.
    Time(Shown),
    /// `/charset`: how the terminal writes.
    Charset(&'a str),
    /// `/color`: whether lines are dimmed or coloured.
    Color(bool),
    /// `/edit`: whether natter edits the line that is typed.
    Edit(bool),
}

/// Applies `setting`; what the person is told of that.
pub fn apply<'a>(decoder: &mut Decoder, setting: Setting<'a>) -> Notice<'a> {
    match setting {
        Setting::Time(shown) => {
            decoder.choose_time(shown);
            Notice::TimeSet { shown }
        }
        Setting::Color(on) => {
            decoder.choose_color(on);
            Notice::ColorSet { on }
        }
        Setting::Charset(name) => match Charset::of_name(name) {
            Some(charset) => {
                decoder.choose_charset(charset);
                Notice::CharsetSet { name: charset.as_str(), is_guessed: false }
            }
            None => Notice::NoSuchCharset { name },
        },
        Setting::Edit(true) if !decoder.may_edit() => Notice::EditImpossible,
        Setting::Edit(on) => {
            decoder.edit(on);
            if decoder.is_editing() != on {
                // It is told when the terminal has answered, or when it should have.
                return Notice::Prompt;
            }
            Notice::EditSet { on }
        }
    }
}
