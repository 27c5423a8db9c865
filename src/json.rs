//! JSON as natter's protocol uses it: one flat object per line.
//!
//! The values of an object are texts, numbers, booleans, null and arrays of texts; nothing is nested.
//! So reading needs no recursion and no memory: [`Fields`] borrows the line that it was read from.

use std::borrow::Cow;
use std::fmt;

/// The maximum number of fields in an object.
pub const FIELDS_MAX: usize = 32;

/// Writes one object as a line, field by field.
#[must_use = "an object has to be ended"]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    /// Starts an object at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Writes a field that is a text.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(name);
        write_text(text, self.out);
        self
    }

    /// Writes a field that is a number.
    pub fn number(&mut self, name: &str, number: u64) -> &mut Self {
        self.name(name);
        write_number(number, self.out);
        self
    }

    /// Writes a field that is a text of two numbers with a `-` between them.
    pub fn pair(&mut self, name: &str, [one, other]: [u64; 2]) -> &mut Self {
        self.name(name);
        self.out.push(b'"');
        write_number(one, self.out);
        self.out.push(b'-');
        write_number(other, self.out);
        self.out.push(b'"');
        self
    }

    /// Writes a field that is true or false.
    pub fn flag(&mut self, name: &str, flag: bool) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
        self
    }

    /// Writes a field that is an array of texts.
    pub fn texts<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t str>) -> &mut Self {
        self.name(name);
        self.out.push(b'[');
        for (place, text) in texts.into_iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            write_text(text, self.out);
        }
        self.out.push(b']');
        self
    }

    /// Ends the object, and its line with LF.
    pub fn end(&mut self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        write_text(name, self.out);
        self.out.push(b':');
    }
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

/// Appends `text` in quotes. Quotes and backslashes are escaped, and what could end the line for
/// some reader or affect a terminal: controls, line separators, and bidi controls.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.find(is_escaped) {
        let (plain, escaped) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let c = escaped.chars().next().expect("it was found");
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            _ => {
                // None of them is beyond the first plane, so one unit is enough.
                let digit = |shift: u32| b"0123456789abcdef"[(c as usize >> shift) & 15];
                out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
        }
        rest = &escaped[c.len_utf8()..];
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') || c.is_control()
}

/// The reason why a line is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not UTF-8.
    NotUtf8,
    /// It is not JSON, or its outermost value is not an object.
    NotAnObject,
    /// A value is an object, or an array of anything but texts.
    Nested,
    /// It has more than [`FIELDS_MAX`] fields.
    TooManyFields,
}

/// The fields of an object, in their order in the line.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    fields: [(Text<'a>, Value<'a>); FIELDS_MAX],
    count: usize,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(Text<'a>),
    /// A number, as it was written.
    Number(&'a str),
    /// True or false.
    Flag(bool),
    /// An array of texts.
    Texts(Texts<'a>),
    /// Null.
    Null,
}

/// A text between its quotes, which is known to be well-formed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

/// The contents of an array of texts, which is known to be well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts<'a>(&'a str);

/// Parses the object in `line`; white space around it does not matter.
///
/// # Errors
/// If there is no object, or one that natter does not accept.
pub fn read(line: &[u8]) -> Result<Fields<'_>, Fault> {
    let text = str::from_utf8(line).map_err(|_| Fault::NotUtf8)?;
    let mut input = Input { text, at: 0 };
    let mut fields = Fields { fields: [(Text(""), Value::Null); FIELDS_MAX], count: 0 };
    input.skip_space();
    input.expect(b'{')?;
    input.skip_space();
    if !input.eat(b'}') {
        loop {
            input.skip_space();
            let name = input.text()?;
            input.skip_space();
            input.expect(b':')?;
            input.skip_space();
            let value = input.value()?;
            *fields.fields.get_mut(fields.count).ok_or(Fault::TooManyFields)? = (name, value);
            fields.count += 1;
            input.skip_space();
            if input.eat(b'}') {
                break;
            }
            input.expect(b',')?;
        }
    }
    input.skip_space();
    if input.at == text.len() { Ok(fields) } else { Err(Fault::NotAnObject) }
}

impl<'a> Fields<'a> {
    /// Returns each name with its value.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Text<'a>, Value<'a>)> {
        self.fields[..self.count].iter().copied()
    }

    /// Returns the value of the field `name`; if it occurs several times, the last.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.iter().rev().find(|(found, _)| found.is(name)).map(|(_, value)| value)
    }

    /// Returns the field `name`, if it is a text.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.get(name)? {
            Value::Text(text) => Some(text.get()),
            _ => None,
        }
    }

    /// Returns the field `name`, if it is a number from 0 to 2^64 - 1, written as digits alone.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Returns the field `name`, if it is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// Returns the field `name`, if it is an array of texts.
    pub fn texts(&self, name: &str) -> Option<Texts<'a>> {
        match self.get(name)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }
}

impl<'a> Text<'a> {
    /// Returns the unescaped text: borrowed, unless something in it was escaped.
    pub fn get(self) -> Cow<'a, str> {
        if self.0.contains('\\') { self.chars().collect() } else { Cow::Borrowed(self.0) }
    }

    /// Whether it is equal to `text`.
    pub fn is(self, text: &str) -> bool {
        self.chars().eq(text.chars())
    }

    /// Returns the characters of the unescaped text.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut raw = self.0.chars();
        std::iter::from_fn(move || match raw.next()? {
            '\\' => {
                let (c, length) = unescape(raw.as_str()).expect("it was read");
                raw = raw.as_str()[length..].chars();
                Some(c)
            }
            c => Some(c),
        })
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<'a> Iterator for Texts<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut input = Input { text: self.0, at: self.0.find('"')? };
        let text = input.text().expect("it was read");
        self.0 = &self.0[input.at..];
        Some(text.get())
    }
}

/// Returns the character of the escape at the start of `escape`, without its backslash, and the
/// length.
fn unescape(escape: &str) -> Option<(char, usize)> {
    let c = match escape.bytes().next()? {
        c @ (b'"' | b'\\' | b'/') => char::from(c),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_units(escape),
        _ => return None,
    };
    Some((c, 1))
}

/// Parses a character as `uXXXX`, or in two halves as `uXXXX\uXXXX`. One half alone is invalid.
fn unescape_units(escape: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 4)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_hex { u16::from_str_radix(digits, 16).ok() } else { None }
    };
    let first = unit(1)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 5));
    }
    if escape.get(5..7)? != "\\u" {
        return None;
    }
    let c = char::decode_utf16([first, unit(7)?]).next()?.ok()?;
    Some((c, 11))
}

/// The line, and the position up to which it has been read.
struct Input<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Input<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.eat(byte) { Ok(()) } else { Err(Fault::NotAnObject) }
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|&byte| !test(byte)).unwrap_or(rest.len());
        self.at += length;
        length
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'[') => self.texts().map(Value::Texts),
            Some(b'{') => Err(Fault::Nested),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => {
                let words = [
                    ("true", Value::Flag(true)),
                    ("false", Value::Flag(false)),
                    ("null", Value::Null),
                ];
                let rest = &self.text[self.at..];
                let (word, value) = words
                    .into_iter()
                    .find(|(word, _)| rest.starts_with(word))
                    .ok_or(Fault::NotAnObject)?;
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn text(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            self.skip_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
            if self.eat(b'"') {
                return Ok(Text(&self.text[start..self.at - 1]));
            }
            self.expect(b'\\')?;
            let (_, length) = unescape(&self.text[self.at..]).ok_or(Fault::NotAnObject)?;
            self.at += length;
        }
    }

    fn texts(&mut self) -> Result<Texts<'a>, Fault> {
        self.expect(b'[')?;
        let start = self.at;
        self.skip_space();
        if !self.eat(b']') {
            loop {
                self.skip_space();
                if !matches!(self.peek(), Some(b'"') | None) {
                    return Err(Fault::Nested);
                }
                self.text()?;
                self.skip_space();
                if self.eat(b']') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        Ok(Texts(&self.text[start..self.at - 1]))
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let (start, some) =
            (self.at, |count: usize| (count > 0).then_some(()).ok_or(Fault::NotAnObject));
        self.eat(b'-');
        if !self.eat(b'0') {
            some(self.skip_while(is_digit))?;
        }
        if self.eat(b'.') {
            some(self.skip_while(is_digit))?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            some(self.skip_while(is_digit))?;
        }
        Ok(&self.text[start..self.at])
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
