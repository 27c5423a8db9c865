//! A validator of JSON Schema, draft 2020-12, as far as `docs/protocol.schema.json` uses it. An
//! unknown keyword fails the test.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The schema of the page.
pub struct Schema(Value);

impl Schema {
    /// Reads it.
    pub fn of_the_page() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.schema.json");
        let text = fs::read_to_string(path).expect("the schema is there");
        Self(serde_json::from_str(&text).expect("it is JSON"))
    }

    /// Returns the types of all objects.
    pub fn types(&self) -> Vec<String> {
        let defs = self.0["$defs"].as_object().expect("they are defined there");
        defs.keys().cloned().collect()
    }

    /// Returns the codes that `kind` may have.
    pub fn codes(&self, kind: &str) -> Vec<String> {
        let codes = &self.0["$defs"][kind]["properties"]["code"]["enum"];
        let codes = codes.as_array().expect("its codes are listed").iter();
        codes.map(|code| code.as_str().expect("a code is a text").to_string()).collect()
    }

    /// Validates `value`.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.check_part(&self.0, value).map_err(|fault| format!("{fault}: {value}"))
    }

    fn check_part(&self, schema: &Value, value: &Value) -> Result<(), String> {
        for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
            let is_right = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let path = wanted.as_str().and_then(|path| path.strip_prefix('#'));
                    let part = self.0.pointer(path.expect("it is within"));
                    self.check_part(part.expect("it is defined"), value)?;
                    true
                }
                "oneOf" => {
                    let parts = wanted.as_array().expect("they are several").iter();
                    parts.filter(|part| self.check_part(part, value).is_ok()).count() == 1
                }
                "const" => value == wanted,
                "enum" => wanted.as_array().expect("they are several").contains(value),
                "type" => is_of_type(value, wanted.as_str().expect("it is a word")),
                "minimum" => value.as_f64() >= wanted.as_f64(),
                "minLength" => length(value) >= wanted.as_u64(),
                "maxLength" => length(value) <= wanted.as_u64(),
                "minItems" => items(value).map(|items| items.len() as u64) >= wanted.as_u64(),
                "maxItems" => items(value).map(|items| items.len() as u64) <= wanted.as_u64(),
                "uniqueItems" => items(value).is_some_and(|items| {
                    items.iter().enumerate().all(|(place, item)| !items[..place].contains(item))
                }),
                "format" => {
                    assert_eq!(wanted, "date-time", "no other is used");
                    value.as_str().is_some_and(is_moment)
                }
                "items" => {
                    for item in items(value).into_iter().flatten() {
                        self.check_part(wanted, item)?;
                    }
                    true
                }
                "required" => {
                    let names = wanted.as_array().expect("they are several").iter();
                    names.filter_map(Value::as_str).all(|name| value.get(name).is_some())
                }
                "properties" => {
                    for (name, part) in wanted.as_object().expect("each has a schema") {
                        if let Some(value) = value.get(name) {
                            self.check_part(part, value)?;
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    assert_eq!(*wanted, false, "nothing else is used");
                    let known = schema["properties"].as_object().expect("they are listed");
                    let object = value.as_object();
                    object.is_none_or(|object| object.keys().all(|name| known.contains_key(name)))
                }
                other => panic!("the validator does not know {other}"),
            };
            if !is_right {
                return Err(format!("it is not {keyword} {wanted}"));
            }
        }
        Ok(())
    }
}

fn is_of_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        other => panic!("the validator does not know {other}"),
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn items(value: &Value) -> Option<&Vec<Value>> {
    value.as_array()
}

/// `2026-11-24T08:02:03.042Z`.
fn is_moment(text: &str) -> bool {
    let shape = "0000-00-00T00:00:00.000Z";
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
}
