//! The published JSON Schema (2020-12) of the workflow document, made from what the step kinds publish.
//!
//! Editors complete and check documents by it. It is a little looser than the checker: what steps mean together is
//! beyond a schema, and text with `${{ }}` is accepted wherever a setting is asked for.

use crate::kind::{Inputs, KindInfo};
use serde_json::{Map, Value, json};

/// The schema of a document whose steps may be of the given kinds; `plugin/<name>` is accepted beside them.
#[must_use]
pub fn document_schema(kinds: &[KindInfo]) -> Value {
    let mut definitions = Map::new();
    let mut rules = Vec::new();
    for kind in kinds {
        let name = format!("with_{}", kind.name.replace(['/', '-'], "_"));
        definitions.insert(name.clone(), adopt(&kind.schema, &name));
        let mut then = json!({ "properties": { "with": { "$ref": format!("#/$defs/{name}") } } });
        match kind.inputs {
            Inputs::Required => then["required"] = json!(["from"]),
            Inputs::None => then["properties"]["from"] = json!(false),
            Inputs::Optional => {}
        }
        if asks_for_settings(&kind.schema) {
            let mut required: Vec<Value> = then["required"].as_array().cloned().unwrap_or_default();
            required.push(json!("with"));
            then["required"] = Value::Array(required);
        }
        rules.push(json!({
            "if": { "properties": { "uses": { "const": kind.name } }, "required": ["uses"] },
            "then": then,
        }));
    }
    let mut step = step_schema(kinds);
    if !rules.is_empty() {
        step["allOf"] = Value::Array(rules);
    }
    definitions.insert("step".to_owned(), step);
    definitions.extend(shared_definitions());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice workflow",
        "description": "A workflow document: what starts it, what it is given, and its steps.",
        "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$", "description": "Unique on the server." },
            "description": { "type": "string", "description": "One paragraph for people." },
            "tags": { "type": "array", "items": { "type": "string" }, "uniqueItems": true, "description": "Words to find it by." },
            "triggers": { "type": "array", "items": { "$ref": "#/$defs/trigger" }, "description": "What starts a run, besides a person." },
            "inputs": {
                "type": "object",
                "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$" },
                "additionalProperties": { "$ref": "#/$defs/input" },
                "description": "What a run may be given."
            },
            "concurrency": { "$ref": "#/$defs/concurrency" },
            "timeout": { "$ref": "#/$defs/duration", "description": "How long a run may take." },
            "steps": { "type": "array", "minItems": 1, "maxItems": 1000, "items": { "$ref": "#/$defs/step" } },
            "canvas": { "$ref": "#/$defs/canvas" }
        },
        "required": ["name", "steps"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn step_schema(kinds: &[KindInfo]) -> Value {
    let words: Vec<Value> =
        kinds.iter().map(|kind| json!({ "const": kind.name, "description": kind.summary })).collect();
    let names = json!({ "oneOf": [
        { "$ref": "#/$defs/step_id" },
        { "type": "array", "items": { "$ref": "#/$defs/step_id" }, "uniqueItems": true }
    ] });
    let mut needs = names;
    needs["description"] = json!("Steps that must have ended well before this one starts.");
    let port = json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}(\\.[a-z][a-z0-9_]{0,63})?$" });
    let mut uses = words;
    uses.push(json!({ "type": "string", "pattern": "^plugin/", "description": "A plugin's kind." }));
    json!({
        "type": "object",
        "properties": {
            "id": { "$ref": "#/$defs/step_id" },
            "uses": { "anyOf": uses, "description": "The step kind." },
            "name": { "type": "string", "description": "Title for people." },
            "from": {
                "oneOf": [port, { "type": "array", "items": port, "uniqueItems": true }],
                "description": "Steps, or ports of steps, whose batches flow in."
            },
            "needs": needs,
            "if": { "type": ["string", "boolean"], "description": "The step is skipped where this is false." },
            "with": { "type": ["object", "null"], "description": "Settings of the step kind." },
            "retry": { "$ref": "#/$defs/retry" },
            "timeout": { "$ref": "#/$defs/duration", "description": "How long one attempt may take." },
            "on_error": { "enum": ["fail", "continue", "reject"], "default": "fail" }
        },
        "required": ["id", "uses"],
        "additionalProperties": false,
    })
}

fn shared_definitions() -> Map<String, Value> {
    let definitions = json!({
        "step_id": { "type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$" },
        "duration": { "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$", "examples": ["500ms", "30s", "5m", "2h", "1d"] },
        "expression": { "type": "string", "pattern": "\\$\\{\\{" },
        "retry": {
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": 100 },
                {
                    "type": "object",
                    "properties": {
                        "attempts": { "type": "integer", "minimum": 1, "maximum": 100, "default": 3 },
                        "backoff": { "$ref": "#/$defs/duration", "default": "2s" },
                        "max": { "$ref": "#/$defs/duration", "default": "5m" }
                    },
                    "additionalProperties": false
                }
            ],
            "description": "What to do when an attempt fails for a reason that may pass."
        },
        "concurrency": {
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": 1000 },
                {
                    "type": "object",
                    "properties": {
                        "limit": { "type": "integer", "minimum": 1, "maximum": 1000 },
                        "on_conflict": { "enum": ["queue", "skip", "cancel_running"], "default": "queue" }
                    },
                    "required": ["limit"],
                    "additionalProperties": false
                }
            ],
            "description": "How many runs may go on at once."
        },
        "canvas": {
            "type": "object",
            "properties": {
                "notes": {
                    "type": "array",
                    "maxItems": 200,
                    "items": {
                        "type": "object",
                        "properties": {
                            "text": { "type": "string", "maxLength": 10000 },
                            "beside": { "$ref": "#/$defs/step_id", "description": "The step that the place counts from." },
                            "x": { "type": "integer", "default": 0 },
                            "y": { "type": "integer", "default": 0 },
                            "width": { "type": "integer", "minimum": 40, "maximum": 4000 },
                            "height": { "type": "integer", "minimum": 40, "maximum": 4000 }
                        },
                        "required": ["text"],
                        "additionalProperties": false
                    }
                },
                "frames": {
                    "type": "array",
                    "maxItems": 200,
                    "items": {
                        "type": "object",
                        "properties": {
                            "title": { "type": "string", "maxLength": 200 },
                            "steps": { "type": "array", "items": { "$ref": "#/$defs/step_id" }, "description": "The steps that it surrounds." }
                        },
                        "required": ["steps"],
                        "additionalProperties": false
                    }
                }
            },
            "additionalProperties": false,
            "description": "Notes and frames that the editor draws around the steps; a run does not know them."
        },
        "input_type": { "enum": ["string", "integer", "number", "boolean", "date", "datetime", "array", "object"] },
        "input": {
            "oneOf": [
                { "$ref": "#/$defs/input_type" },
                {
                    "type": "object",
                    "properties": {
                        "type": { "$ref": "#/$defs/input_type", "default": "string" },
                        "default": { "description": "Used where a run is not given one." },
                        "description": { "type": "string" },
                        "options": { "type": "array", "minItems": 1, "description": "The only values allowed." }
                    },
                    "additionalProperties": false
                }
            ]
        },
        "trigger": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        "cron": { "type": "string", "description": "Five fields as in crontab(5), or six with seconds first." },
                        "timezone": { "type": "string", "default": "UTC", "description": "IANA name." },
                        "catchup": { "enum": ["none", "latest", "all"], "default": "none" },
                        "inputs": { "type": "object" }
                    },
                    "required": ["cron"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "webhook": { "type": "string", "pattern": "^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", "description": "What follows `/hooks/`." },
                        "secret": { "type": "string", "description": "Name of the secret a caller must prove to know." },
                        "batch": {
                            "type": "object",
                            "description": "Gathers the rows of several calls into one run: `trigger.body` is then the list of all rows.",
                            "properties": {
                                "rows": { "type": "integer", "minimum": 1, "maximum": 10000, "default": 1000, "description": "Rows that start a run at once." },
                                "within": { "type": "string", "pattern": "^[0-9]+(ms|s)$", "default": "200ms", "description": "How long the first row waits for others; at most 10s." }
                            },
                            "additionalProperties": false
                        }
                    },
                    "required": ["webhook"],
                    "additionalProperties": false
                }
            ]
        }
    });
    match definitions {
        Value::Object(map) => map,
        _ => unreachable!("written above as an object"),
    }
}

/// Whether a step of that kind cannot do without `with`.
fn asks_for_settings(schema: &Value) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty())
}

/// A kind's schema as a definition: its own references lead into it, and text with an expression fits everywhere.
fn adopt(schema: &Value, name: &str) -> Value {
    let mut adopted = schema.clone();
    if let Some(root) = adopted.as_object_mut() {
        root.remove("$schema");
        root.remove("$id");
    }
    redirect(&mut adopted, &format!("#/$defs/{name}"));
    loosen(&mut adopted, true);
    adopted
}

fn redirect(node: &mut Value, base: &str) {
    match node {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref")
                && let Some(rest) = target.strip_prefix('#')
            {
                *target = format!("{base}{rest}");
            }
            map.values_mut().for_each(|value| redirect(value, base));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, base)),
        _ => {}
    }
}

/// Lets each property's and item's schema accept an expression as well.
fn loosen(node: &mut Value, is_root: bool) {
    let Some(map) = node.as_object_mut() else { return };
    for keyword in ["properties", "$defs", "patternProperties"] {
        if let Some(Value::Object(inner)) = map.get_mut(keyword) {
            for schema in inner.values_mut() {
                loosen(schema, keyword == "$defs");
            }
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(schema) = map.get_mut(keyword) {
            loosen(schema, false);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(Value::Array(branches)) = map.get_mut(keyword) {
            branches.iter_mut().for_each(|branch| loosen(branch, true));
        }
    }
    // A word that tells alternatives apart must stay a word, and plain text takes expressions anyway.
    let takes_them = map.contains_key("const") || map.get("type") == Some(&json!("string")) && map.len() <= 3;
    if !is_root && !takes_them && !map.is_empty() {
        let description = map.remove("description");
        let own = std::mem::take(node);
        *node = json!({ "anyOf": [own, { "$ref": "#/$defs/expression" }] });
        if let Some(description) = description {
            node["description"] = description;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_gets_its_settings_and_its_references_stay_inside() {
        let kind = KindInfo {
            name: "validate".to_owned(),
            summary: "Checks rows.".to_owned(),
            schema: json!({
                "type": "object",
                "properties": { "rules": { "type": "array", "items": { "$ref": "#/$defs/Rule" } } },
                "required": ["rules"],
                "$defs": { "Rule": { "type": "object" } }
            }),
            inputs: Inputs::Required,
            ports: Vec::new(),
            named_ports: false,
            outputs: Vec::new(),
        };
        let schema = document_schema(&[kind]);
        let rule = &schema["$defs"]["step"]["allOf"][0];
        assert_eq!(rule["then"]["required"], json!(["from", "with"]));
        let text = schema.to_string();
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap_or_default();
            assert!(schema.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
