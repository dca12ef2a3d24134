//! The message of an alert, made from a template by the expressions that documents have.
//!
//! Besides `inputs`, `steps`, `run` and `trigger` a template sees `alert`: its severity, title, labels, and the first rows
//! of what came in. What is made is bounded, and a subject is always one line without control characters.

use crate::expression::{self, Scope};
use chrono::{DateTime, Utc};
use model::alert::Alert;
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Characters of a subject at most.
const LONGEST_SUBJECT: usize = 200;
/// Bytes of a text at most.
const LONGEST_TEXT: usize = 64 * 1024;
/// Facts of a card at most.
const MOST_FIELDS: usize = 50;

/// How the message of an alert is made; what is absent stays as the step says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    /// One line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// For channels that show no Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For channels that show Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// Named facts, drawn as a card or table.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// The JSON Schema of a template.
#[must_use]
pub fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
            "subject": { "type": "string", "minLength": 1, "description": "One line." },
            "text": { "type": "string", "description": "The message for channels that show no Markdown." },
            "markdown": { "type": "string", "description": "The message for channels that show Markdown." },
            "fields": { "type": "object", "maxProperties": MOST_FIELDS, "description": "Named facts, drawn as a card or table." },
        },
    })
}

/// What is wrong with its expressions, each with the key it is in.
#[must_use]
pub fn check(template: &Template) -> Vec<(String, Fault)> {
    let texts = [("subject", &template.subject), ("text", &template.text), ("markdown", &template.markdown)];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?)));
    let fields = template.fields.iter().filter_map(|(name, value)| Some((format!("fields.{name}"), value.as_str()?)));
    let compiled = texts.chain(fields).map(|(key, text)| (key, expression::compile(text)));
    compiled.filter_map(|(key, compiled)| Some((key, compiled.err()?))).collect()
}

/// Makes the message: `alert` with what the template says in place of its own. `values` are those of the run, with what
/// is known of the alert under `alert`.
///
/// # Errors
/// `invalid_expression`, with a path from the template on.
pub fn render(template: &Template, values: &Value, alert: &Alert, now: DateTime<Utc>) -> Result<Alert, Fault> {
    let written = serde_json::to_value(template)
        .map_err(|error| Fault::new(ErrorCode::Internal, format!("a template cannot be read: {error}")))?;
    let rendered = expression::render(&written, &Scope::new(values, now))?;
    let text = |key: &str| rendered.get(key).filter(|value| !value.is_null()).map(spell);
    let mut made = alert.clone();
    if let Some(subject) = text("subject") {
        made.title = one_line(&subject);
    }
    let (plain, markdown) = (text("text"), text("markdown"));
    if plain.is_some() || markdown.is_some() {
        // A channel that shows Markdown shows plain text too, not the other way round.
        made.text = bounded(markdown.as_deref().or(plain.as_deref()).unwrap_or_default());
        made.plain = plain.filter(|_| markdown.is_some()).map(|text| bounded(&text));
    }
    if let Some(fields) = rendered.get("fields").and_then(Value::as_object) {
        let fields = fields.iter().take(MOST_FIELDS);
        made.fields = fields.map(|(name, value)| (one_line(name), cut(&spell(value), 2_000))).collect();
    }
    Ok(made)
}

/// What a template sees of an alert.
#[must_use]
pub fn values(run: &Value, alert: &Alert, more: Map<String, Value>) -> Value {
    let mut values = run.as_object().cloned().unwrap_or_default();
    let mut known = json!({
        "id": alert.id,
        "severity": alert.severity.as_str(),
        "title": alert.title,
        "text": alert.text,
        "link": alert.link,
        "fields": alert.fields.iter().cloned().map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>(),
        "rows": [],
        "row_count": 0,
        "columns": [],
        "labels": {},
    });
    if let Some(known) = known.as_object_mut() {
        known.extend(more);
    }
    values.insert("alert".to_owned(), known);
    Value::Object(values)
}

/// A line of at most 200 characters without control characters, so that it adds no header to anything.
#[must_use]
pub fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    cut(&clean.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST_SUBJECT)
}

fn bounded(text: &str) -> String {
    let clean: String = text.chars().filter(|char| matches!(char, '\n' | '\t') || !char.is_control()).collect();
    if clean.len() <= LONGEST_TEXT {
        return clean;
    }
    let end = (0..=LONGEST_TEXT).rev().find(|end| clean.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &clean[..end])
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn spell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn make(template: Value, more: Value) -> Result<Alert, Fault> {
        let template: Template = serde_json::from_value(template).unwrap();
        let alert = Alert { id: "a".into(), title: "own".into(), text: "own text".into(), ..Alert::default() };
        let run = json!({ "steps": { "same": { "differences": 3 } }, "run": { "id": "run_1" } });
        let Value::Object(more) = more else { panic!() };
        render(&template, &values(&run, &alert, more), &alert, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_template_sees_run_steps_and_rows() {
        let template = json!({
            "subject": "${{ alert.row_count }} rows\r\nBcc: x@example.com",
            "text": "first: ${{ alert.rows[0].symbol }}",
            "markdown": "**${{ steps.same.differences }}** differ in ${{ run.id }}",
            "fields": { "symbols": "${{ alert.rows[0].symbol }}", "n": "${{ steps.same.differences }}" },
        });
        let made = make(template, json!({ "row_count": 2, "rows": [{ "symbol": "600000.SH" }] })).unwrap();
        assert_eq!(made.title, "2 rows Bcc: x@example.com");
        assert_eq!(made.text, "**3** differ in run_1");
        assert_eq!(made.plain.as_deref(), Some("first: 600000.SH"));
        assert_eq!(made.fields, [("symbols".into(), "600000.SH".into()), ("n".into(), "3".into())]);
    }

    #[test]
    fn what_is_absent_stays_and_what_is_too_long_is_cut() {
        let made = make(json!({ "subject": "x".repeat(500) }), json!({})).unwrap();
        assert_eq!((made.title.chars().count(), made.text.as_str()), (200, "own text"));
        let made = make(json!({ "text": "ä".repeat(100_000) }), json!({})).unwrap();
        assert!(made.text.len() <= LONGEST_TEXT + 3 && made.plain.is_none());
    }

    #[test]
    fn an_expression_that_fails_is_told_with_its_place() {
        let fault = make(json!({ "fields": { "a": "${{ alert.rows[7].x }}" } }), json!({})).unwrap_err();
        assert_eq!((fault.code, fault.path.as_deref()), (ErrorCode::InvalidExpression, Some("fields.a")));
        let template = Template { text: Some("${{ nowhere.x }}".into()), ..Template::default() };
        assert_eq!(check(&template)[0].0, "text");
    }
}
