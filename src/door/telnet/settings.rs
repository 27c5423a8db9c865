//! The display settings of a user, changed by `/time`, `/lang`, `/charset`, `/color` and `/edit`.

use crate::clock::{Shown, Stamp};
use crate::door::charset::Charset;
use crate::door::lang::Lang;
use crate::door::notice::Notice;
use crate::door::telnet::decoder::Decoder;
use crate::zone::Zones;
use crate::zone::offset::Offset;

/// A display setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// `/time`: the format of times.
    Time(Shown),
    /// `/time`: the time zone.
    Zone(&'a str),
    /// `/lang`: the language.
    Lang(Lang),
    /// `/charset`: the charset of the terminal.
    Charset(&'a str),
    /// `/color`: whether lines are dimmed or coloured.
    Color(bool),
    /// `/edit`: whether natter edits the typed line.
    Edit(bool),
}

/// Applies `setting` at `now`; returns the notice for the user.
pub fn apply<'a>(
    decoder: &mut Decoder,
    setting: Setting<'a>,
    zones: &mut Zones,
    now: Stamp,
) -> Notice<'a> {
    match setting {
        Setting::Time(shown) => {
            decoder.choose_time(shown, decoder.view().zone);
            Notice::TimeSet { shown }
        }
        Setting::Zone(name) => match zones.find(name, now) {
            Some(zone) => {
                // A user who sets a zone wants to see times.
                let shown = decoder.view().shown.max(Shown::Short);
                decoder.choose_time(shown, zone);
                let name = Some(name).filter(|name| Offset::parse(name).is_none());
                Notice::ZoneSet { name, offset: zones.offset(zone, now) }
            }
            None => Notice::NoSuchZone { name },
        },
        Setting::Lang(lang) => {
            decoder.choose_lang(lang);
            Notice::LangSet { name: lang.as_str() }
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
                // The notice follows when the terminal has answered, or when its answer is overdue.
                return Notice::Prompt;
            }
            Notice::EditSet { on }
        }
    }
}
