//! Tests of JSON, read and written, compared with another parser.

use serde_json::Value as Theirs;

use super::*;

fn written(fill: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = Vec::new();
    let mut object = Object::new(&mut out);
    fill(&mut object);
    object.end();
    String::from_utf8(out).expect("it is UTF-8")
}

#[test]
fn an_object_is_one_line() {
    let line = written(|object| {
        object
            .text("type", "said")
            .number("n", 0)
            .number("most", u64::MAX)
            .flag("yes", true)
            .flag("no", false)
            .texts("none", [])
            .texts("two", ["a\"b", "你"]);
    });
    let expected = concat!(
        r#"{"type":"said","n":0,"most":18446744073709551615,"yes":true,"no":false,"none":[],"#,
        r#""two":["a\"b","你"]}"#
    );
    assert_eq!(line, format!("{expected}\n"));
    assert_eq!(written(|_| {}), "{}\n");
}

#[test]
fn every_character_survives_and_none_ends_the_line_or_moves_a_cursor() {
    for c in '\0'..=char::MAX {
        let text = format!("a{c}b");
        let line = written(|object| {
            object.text("t", &text).texts("ts", [text.as_str(), ""]);
        });
        let inside = line.strip_suffix("\n").expect("the line is ended");
        assert!(
            !inside.contains(|c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c))
        );
        let fields = read(line.as_bytes()).expect("what is written can be read");
        assert_eq!(fields.text("t").as_deref(), Some(text.as_str()));
        let texts: Vec<_> = fields.texts("ts").expect("an array").collect();
        assert_eq!(texts, [text.as_str(), ""]);
        if (c as u32).is_multiple_of(97) || (c as u32) < 0x3000 {
            let theirs: Theirs = serde_json::from_str(&line).expect("any reader can read it");
            assert_eq!(theirs["t"], text);
        }
    }
}

#[test]
fn values_of_each_kind_are_distinguished() {
    let line = br#" { "text" : "a\u00e9\ud83d\ude00\n\/" , "number":12,"no":-1.5e+3,"yes":true,
        "nothing":null,"list":[ "a" , "b]" ],"none":[ ],"d":1,"\u0064":2 } "#;
    let fields = read(line).expect("it is an object");
    assert_eq!(fields.text("text").as_deref(), Some("aé😀\n/"));
    assert_eq!(fields.number("number"), Some(12));
    assert_eq!(fields.get("no"), Some(Value::Number("-1.5e+3")));
    assert_eq!(fields.number("no"), None);
    assert_eq!(fields.flag("yes"), Some(true));
    assert_eq!(fields.get("nothing"), Some(Value::Null));
    assert_eq!(fields.texts("list").expect("an array").collect::<Vec<_>>(), ["a", "b]"]);
    assert_eq!(fields.texts("none").expect("an array").count(), 0);
    assert_eq!(fields.number("d"), Some(2), "the last of two counts, however it is spelt");
    assert_eq!(
        (fields.text("number"), fields.number("text"), fields.get("other")),
        (None, None, None)
    );
}

#[test]
fn a_line_that_is_no_object_is_refused() {
    for (line, fault) in [
        (&b""[..], Fault::NotAnObject),
        (b"null", Fault::NotAnObject),
        (b"[]", Fault::NotAnObject),
        (b"json -p", Fault::NotAnObject),
        (b"{}{}", Fault::NotAnObject),
        (b"{\"a\":1,}", Fault::NotAnObject),
        (b"{,}", Fault::NotAnObject),
        (b"{a:1}", Fault::NotAnObject),
        (b"{'a':1}", Fault::NotAnObject),
        (b"{\"a\":tru}", Fault::NotAnObject),
        (b"{\"a\":truely}", Fault::NotAnObject),
        (b"{\"a\":NaN}", Fault::NotAnObject),
        (b"{\"a\":\"\\x41\"}", Fault::NotAnObject),
        (b"{\"a\":\"\\u+123\"}", Fault::NotAnObject),
        (b"{\"a\":\"\\u12\"}", Fault::NotAnObject),
        (b"{\"a\":\"tab\there\"}", Fault::NotAnObject),
        (b"{\"a\":[\"a\",]}", Fault::Nested),
        (b"{\"a\":[1]}", Fault::Nested),
        (b"{\"a\":{}}", Fault::Nested),
        (b"{\"a\":\"\xff\"}", Fault::NotUtf8),
        (b"\xef\xbb\xbf{}", Fault::NotAnObject),
    ] {
        assert_eq!(read(line).map(|_| ()), Err(fault), "{}", line.escape_ascii());
    }
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    for half in ["\\ud83d", "\\ude00", "\\ud83d\\ud83d", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\u00e9"]
    {
        let line = format!("{{\"a\":\"{half}\"}}");
        assert_eq!(read(line.as_bytes()).map(|_| ()), Err(Fault::NotAnObject), "{line}");
    }
}

#[test]
fn numbers_of_any_size_are_read_exactly() {
    for (digits, number) in [
        ("0", Some(0)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("-1", None),
        ("-0", None),
        ("1.0", None),
        ("1e2", None),
    ] {
        let line = format!("{{\"n\":{digits}}}");
        let fields = read(line.as_bytes()).expect("a number");
        assert_eq!(fields.number("n"), number, "{digits}");
    }
    let long = format!("{{\"n\":{}}}", "9".repeat(100_000));
    assert_eq!(read(long.as_bytes()).expect("a number").number("n"), None);
    for digits in ["01", "-", "1.", ".1", "1e", "+1", "0x1", "1_0", "--1"] {
        let line = format!("{{\"n\":{digits}}}");
        assert!(read(line.as_bytes()).is_err(), "{digits}");
    }
}

#[test]
fn depth_and_width_are_bounded() {
    for open in ["[", "{\"a\":"] {
        let line = format!("{{\"a\":{}", open.repeat(100_000));
        assert_eq!(read(line.as_bytes()).map(|_| ()), Err(Fault::Nested));
    }
    let wide = |count: usize| format!("{{{}}}", vec!["\"a\":1"; count].join(","));
    assert!(read(wide(FIELDS_MAX).as_bytes()).is_ok());
    assert_eq!(read(wide(FIELDS_MAX + 1).as_bytes()).map(|_| ()), Err(Fault::TooManyFields));
}

const WHOLE: &str = concat!(
    r#"{"do":"say","text":"a\"\\\u00e9\ud83d\ude00 你好","n":12,"x":-0.5e7,"act":true,"none":null,"#,
    r#""list":["a","\n"]}"#
);

#[test]
fn no_part_of_an_object_is_accepted() {
    assert!(read(WHOLE.as_bytes()).is_ok());
    for cut in 0..WHOLE.len() {
        assert!(read(&WHOLE.as_bytes()[..cut]).is_err(), "cut at {cut}");
        assert!(cut == 0 || read(&WHOLE.as_bytes()[cut..]).is_err(), "from {cut} on");
    }
}

/// Asserts that `line` is accepted exactly if the other parser reads it as a flat object, with the
/// same values.
fn compare(line: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Map<String, Theirs>>(line);
    let is_flat = |value: &Theirs| match value {
        Theirs::Object(_) => false,
        Theirs::Array(values) => values.iter().all(Theirs::is_string),
        _ => true,
    };
    match (read(line), theirs) {
        (Ok(fields), Ok(theirs)) => {
            for (name, value) in &theirs {
                match (fields.get(name).expect("the same fields"), value) {
                    (Value::Text(text), Theirs::String(value)) => assert_eq!(text.get(), *value),
                    (Value::Number(digits), Theirs::Number(value)) => {
                        // The other parser's conversion is not exact by default.
                        let (ours, theirs): (f64, _) =
                            (digits.parse().expect("a number"), value.as_f64().expect("it is one"));
                        assert!((ours - theirs).abs() <= ours.abs() * 1e-12, "{digits}: {theirs}");
                    }
                    (Value::Flag(flag), Theirs::Bool(value)) => assert_eq!(flag, *value),
                    (Value::Texts(texts), Theirs::Array(values)) => {
                        let values: Vec<_> = values.iter().filter_map(Theirs::as_str).collect();
                        assert_eq!(texts.collect::<Vec<_>>(), values);
                    }
                    (Value::Null, Theirs::Null) => {}
                    (ours, value) => panic!("{ours:?} is not {value}"),
                }
            }
        }
        (Ok(_), Err(fault)) => {
            assert!(fault.to_string().contains("out of range"), "{fault}: {}", line.escape_ascii());
        }
        (Err(fault), Ok(theirs)) => {
            assert_eq!(fault, Fault::Nested, "{}", line.escape_ascii());
            assert!(!theirs.values().all(is_flat), "{}", line.escape_ascii());
        }
        (Err(_), Err(_)) => {}
    }
}

#[test]
fn damaged_objects_and_random_bytes_are_treated_as_by_another_parser() {
    for seed in 0..20_000 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut line = WHOLE.as_bytes().to_vec();
        for _ in 0..dice.usize(1..4) {
            let at = dice.usize(..line.len());
            let bytes = b"\"\\{}[]:,0123456789-.eEtfnu \t\n\xe4\x00";
            match dice.u8(..4) {
                0 => line[at] = bytes[dice.usize(..bytes.len())],
                1 => line.insert(at, bytes[dice.usize(..bytes.len())]),
                2 => drop(line.remove(at)),
                _ => line[at] = dice.u8(..),
            }
        }
        compare(&line);
        let random: Vec<u8> = (0..dice.usize(..40)).map(|_| dice.u8(..)).collect();
        compare(&random);
    }
}
