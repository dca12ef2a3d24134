//! Rows as JSON objects and back, number by number as it is written: a reader that makes doubles of all numbers would
//! change some of them.

use crate::cell;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

/// The row as an object; numbers stay numbers where JSON can hold them exactly, bytes are hex, the rest is text.
pub(super) fn write(records: &RecordBatch, row: usize) -> String {
    let schema = records.schema();
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut object = String::from("{");
    for (field, array) in schema.fields().iter().zip(records.columns()) {
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(&text(field.name()));
        object.push(':');
        match (cell::text(array, row), array.data_type()) {
            (None, _) => object.push_str("null"),
            (Some(value), DataType::Boolean) => object.push_str(&value),
            (Some(value), kind) if kind.is_integer() => object.push_str(&value),
            (Some(value), kind) if kind.is_floating() && value.parse::<f64>().is_ok_and(f64::is_finite) => {
                object.push_str(&value);
            }
            (Some(value), _) => object.push_str(&text(&value)),
        }
    }
    object.push('}');
    object
}

/// Names and values; NULL is none.
pub(super) type Fields = Vec<(String, Option<Vec<u8>>)>;

/// The fields of an object: texts without their quotes, NULL as none, all else as it is written.
///
/// # Errors
/// Why it is no object.
pub(super) fn read(bytes: &[u8]) -> Result<Fields, String> {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?.trim_ascii();
    if !text.starts_with('{') {
        return Err("it is another kind of value".to_owned());
    }
    // From here on the text is known to be well-formed, so that landmarks are enough.
    let unquoted = |text: &str| serde_json::from_str::<String>(text).map_err(|error| error.to_string());
    let mut fields = Vec::new();
    let mut at = 1;
    loop {
        at = past(text, at, |byte| byte.is_ascii_whitespace() || byte == b',');
        if text.as_bytes()[at] == b'}' {
            return Ok(fields);
        }
        let end = value_end(text, at);
        let name = unquoted(&text[at..end])?;
        at = past(text, end, |byte| byte.is_ascii_whitespace() || byte == b':');
        let end = value_end(text, at);
        let value = match &text[at..end] {
            "null" => None,
            quoted if quoted.starts_with('"') => Some(unquoted(quoted)?.into_bytes()),
            other => Some(other.as_bytes().to_vec()),
        };
        fields.push((name, value));
        at = end;
    }
}

/// Bytes as [`write`] spells them: two digits each.
pub(super) fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    hex::decode(digits).ok()
}

fn past(text: &str, from: usize, skip: impl Fn(u8) -> bool) -> usize {
    text.as_bytes()[from..].iter().position(|byte| !skip(*byte)).map_or(text.len() - 1, |found| from + found)
}

/// Where the value that begins at `from` ends.
fn value_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut quoted, mut at) = (0_usize, false, from);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => {
                quoted = !quoted;
                if !quoted && depth == 0 {
                    return at + 1;
                }
            }
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                if depth <= 1 {
                    return if depth == 1 { at + 1 } else { at };
                }
                depth -= 1;
            }
            b',' if !quoted && depth == 0 => return at,
            byte if !quoted && depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_are_pairs_of_digits() {
        assert_eq!(bytes(b"00fF275c"), Some(vec![0, 255, 39, 92]));
        assert_eq!(bytes(b""), Some(Vec::new()));
        for wrong in ["0", "0g", "+1", "日本"] {
            assert_eq!(bytes(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn fields_come_as_they_are_written() {
        let fields =
            read(br#" { "a" : 1.10, "b\"}": "x\u00e9,}", "c":null,"d":[1,{"e":"]"}] , "f":{}, "g":true,"h":1e-7} "#);
        let fields: Vec<(String, String)> = fields
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name, value.map_or("NULL".into(), |value| String::from_utf8(value).unwrap())))
            .collect();
        let expected = [
            ("a", "1.10"),
            ("b\"}", "xé,}"),
            ("c", "NULL"),
            ("d", "[1,{\"e\":\"]\"}]"),
            ("f", "{}"),
            ("g", "true"),
            ("h", "1e-7"),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(read(b"{}").unwrap(), []);
        for wrong in ["[1]", "1", "{", "", "{\"a\":}", "{\"a\":1} x"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
