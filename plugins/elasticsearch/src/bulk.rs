//! The answer to a bulk request: status 200, and for each document in order what became of it.

use plugin_sdk::{Error, ErrorKind, Result, text};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
struct Body {
    errors: bool,
    #[serde(default)]
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Debug, Deserialize)]
struct Item {
    status: u16,
    #[serde(default)]
    error: Value,
}

/// Fails where a document was not taken; `first` is the row of the first document.
///
/// A document that a server is too busy for makes the whole repeat: ids stay the same, so nothing is there twice. One
/// that exists is what a repeat of `create` finds.
pub(crate) fn check(said: &str, first: usize) -> Result<()> {
    let body: Body = serde_json::from_str(said)
        .map_err(|error| Error::transient(format!("Elasticsearch's answer is not what it should be: {error}")))?;
    if !body.errors {
        return Ok(());
    }
    let mut refused = None;
    for (index, item) in body.items.iter().enumerate() {
        let Some(item) = item.values().next() else { continue };
        match item.status {
            200..=299 | 409 => {}
            429 | 500..=599 => {
                let message = format!("Elasticsearch is too busy for some documents: {}", reason(item));
                return Err(Error::transient(message));
            }
            _ if refused.is_none() => refused = Some((index, item)),
            _ => {}
        }
    }
    let Some((index, item)) = refused else { return Ok(()) };
    let kind = if matches!(item.status, 401 | 403) { ErrorKind::Auth } else { ErrorKind::Data };
    let error = Error::new(kind, format!("Elasticsearch refused a document: {}", reason(item)));
    Err(Error { row: u32::try_from(first + index).ok(), ..error })
}

fn reason(item: &Item) -> String {
    let of = |error: &Value| error["reason"].as_str().unwrap_or_default().to_owned();
    let (kind, outer, inner) =
        (item.error["type"].as_str().unwrap_or_default(), of(&item.error), of(&item.error["caused_by"]));
    let told = format!("{kind}: {outer}{}{inner}", if inner.is_empty() { "" } else { ": " });
    text::cut_chars(&text::one_line(&told), 400)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_document_decides_for_all_by_its_status() {
        let item = |status: u16| {
            let error = r#"{"type":"document_parsing_exception","reason":"failed to parse","caused_by":{"reason":"For input string"}}"#;
            format!(
                r#"{{"errors":true,"items":[{{"index":{{"status":201}}}},{{"index":{{"status":{status},"error":{error}}}}}]}}"#
            )
        };
        for (status, kind, row) in [
            (400, ErrorKind::Data, Some(11)),
            (403, ErrorKind::Auth, Some(11)),
            (429, ErrorKind::Transient, None),
            (503, ErrorKind::Transient, None),
        ] {
            let error = check(&item(status), 10).unwrap_err();
            assert_eq!((error.kind, error.row), (kind, row), "{status}");
            assert!(
                error.message.ends_with("document_parsing_exception: failed to parse: For input string"),
                "{error}"
            );
        }
        assert!(check(&item(409), 0).is_ok(), "it is there already");
        assert!(check(r#"{"errors":false}"#, 0).is_ok());
        assert_eq!(check("{\"errors\":fal", 0).unwrap_err().kind, ErrorKind::Transient);
    }
}
