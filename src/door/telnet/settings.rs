//! How one person wants things shown: what `/time`, `/charset`, `/color` and `/edit` change.

use crate::chat::command::Setting;
use crate::chat::event::{Answer, Event};
use crate::door::charset::Charset;
use crate::door::telnet::decoder::Decoder;

/// Applies `setting`; what the person is told of that.
pub fn apply<'a>(decoder: &mut Decoder, setting: Setting<'a>) -> Event<'a> {
    let answer = match setting {
        Setting::Time(shown) => {
            decoder.choose_time(shown);
            Answer::TimeSet { shown }
        }
        Setting::Color(on) => {
            decoder.choose_color(on);
            Answer::ColorSet { on }
        }
        Setting::Charset(name) => match Charset::of_name(name) {
            Some(charset) => {
                decoder.choose_charset(charset);
                Answer::CharsetSet { name: charset.as_str(), is_guessed: false }
            }
            None => Answer::NoSuchCharset { name },
        },
        Setting::Edit(on) => {
            decoder.edit(on);
            if decoder.is_editing() != on {
                // It is told when the terminal has answered, which some never do.
                return Event::Nothing;
            }
            Answer::EditSet { on }
        }
    };
    Event::Answer(answer)
}
