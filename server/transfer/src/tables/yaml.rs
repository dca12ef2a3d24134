//! Writes values as YAML that the document's reader reads back as the same.

use serde_json::{Map, Value};
use std::fmt::Write;

/// The mapping in one line: `{ name: id, type: BIGINT }`.
pub(super) fn flow(map: &Map<String, Value>) -> String {
    let members: Vec<String> = map.iter().map(|(key, value)| format!("{}: {}", text(key), inline(value))).collect();
    format!("{{ {} }}", members.join(", "))
}

/// Any value in one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => flow(map),
        other => other.to_string(),
    }
}

/// A text, quoted where it could be read as something else.
pub(super) fn text(text: &str) -> String {
    const AMBIGUOUS: [&str; 12] =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];
    let is_word = text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // Whatever cannot be seen or turns the text around is spelled out.
            char if is_invisible(char) => {
                // Writing into a string cannot fail.
                let _ = match u32::from(char) {
                    code @ 0..=0xffff => write!(quoted, "\\u{code:04x}"),
                    code => write!(quoted, "\\U{code:08x}"),
                };
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{85}' | '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::tree::{self, Limits};
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        let values = [
            json!({ "name": "id", "type": "BIGINT", "n": 12, "yes": true, "none": null }),
            json!({ "a b": "no", "c": "12", "d": "", "e": " x ", "f": "a: b # c", "g": "'q'", "h": "\"\\\n\t" }),
            json!({ "ü": "股票ID", "z": "a\u{200b}b\u{202e}\u{7}", "emoji": "😀", "l": ["true", 1.5, "1e3", "~"] }),
            json!({ "default": { "expression": "now() - interval '1 day'" }, "k": "-", "m": "@x", "o": "%", "p": "0x1f" }),
        ];
        for value in values {
            let Value::Object(map) = &value else { panic!("an object") };
            let text = flow(map);
            let read = tree::parse(&text, &Limits::default()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
            assert_eq!(read.to_value(), value, "{text}");
        }
    }
}
