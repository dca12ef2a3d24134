//! The connections that documents and settings of steps name, with the level that what is done with each takes.
//!
//! What is worked out while a run goes on may be any connection: a name with `${{ }}`, a whole part of the settings that
//! may hold a name, a document of tables in a file. That is found by the step kinds' own schemas.

use model::access::Level;
use model::document::read::read;
use model::tree::{self, Limits};
use serde_json::{Map, Value};

/// Step kinds that only read from the connections they name.
const READING: &[&str] =
    &["fetch", "diff", "count", "schema", "quality", "inspect", "validate", "classify", "transform"];
/// How deep `foreach` within `foreach` is looked into; beyond it any connection may be meant.
const DEEPEST: usize = 8;

/// What a step does something with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Which {
    /// The connection of that name.
    Connection(String),
    /// Any connection: the text tells what is not known yet.
    AnyConnection(String),
    /// What the metadata database keeps of all workflows.
    AllWorkflows,
}

/// A document's name, and what its steps do something with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) found: Vec<(Level, Which)>,
}

/// Finds the JSON Schema of a step kind's settings.
pub(super) type FindSchema<'a> = dyn Fn(&str) -> Option<Value> + Send + Sync + 'a;

/// What a document names; nothing where it cannot be read.
pub(super) fn in_document(text: &str, find: &FindSchema<'_>) -> Named {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(root) = tree::parse(text, &Limits::default()) else { return Named::default() };
    let workflow = read(&root).workflow;
    let mut named = Named { name: workflow.name, found: Vec::new() };
    for step in &workflow.steps {
        of_step(&step.uses, &step.with, find, DEEPEST, &mut named.found);
    }
    named
}

/// What settings of an unknown step name; a part that is worked out later may name any connection.
pub(super) fn in_settings(settings: &Value) -> Vec<Which> {
    let mut found = Vec::new();
    gather(settings, false, &mut found);
    if let Some(text) = find_expression(settings) {
        found.push(Which::AnyConnection(text.to_owned()));
    }
    found
}

fn of_step(uses: &str, with: &Map<String, Value>, find: &FindSchema<'_>, left: usize, found: &mut Vec<(Level, Which)>) {
    if uses == "foreach" {
        return of_nested(with.get("steps"), find, left, found);
    }
    let level = if READING.contains(&uses) { Level::Use } else { Level::Write };
    let any = |text: &str| (level, Which::AnyConnection(text.to_owned()));
    for (key, value) in with {
        let mut names = Vec::new();
        gather(value, is_name(key), &mut names);
        // A comparison that mends writes to its right side.
        let level = if uses == "diff" && key == "right" && mends(with) { Level::Write } else { level };
        found.extend(names.into_iter().map(|name| (level, name)));
    }
    if let Some(schema) = find(uses)
        && let Some(text) = with.iter().find_map(|(key, value)| open_part(&property(&schema, key), value))
    {
        let level = if uses == "diff" && mends(with) { Level::Write } else { level };
        found.push((level, Which::AnyConnection(text.to_owned())));
    }
    match uses {
        "tables" if !names_every_table(with) => found.push(any("the document of tables")),
        "cleanup" if with.contains_key("metadata") => found.push((Level::Write, Which::AllWorkflows)),
        _ => {}
    }
}

fn of_nested(steps: Option<&Value>, find: &FindSchema<'_>, left: usize, found: &mut Vec<(Level, Which)>) {
    let any = || (Level::Write, Which::AnyConnection("steps".to_owned()));
    let Some(Value::Array(steps)) = steps else { return found.push(any()) };
    for step in steps {
        let (uses, with) = (step.get("uses").and_then(Value::as_str), step.get("with"));
        match (uses, with) {
            (Some(uses), None) if left > 0 => of_step(uses, &Map::new(), find, left - 1, found),
            (Some(uses), Some(Value::Object(with))) if left > 0 => of_step(uses, with, find, left - 1, found),
            _ => found.push(any()),
        }
    }
}

/// Whether a comparison writes, or may.
pub(super) fn mends(with: &Map<String, Value>) -> bool {
    !matches!(with.get("repair").map_or(Some("none"), Value::as_str), Some("none" | "statements"))
}

/// Whether the step's document stands in the workflow, and each of its tables has a connection.
fn names_every_table(with: &Map<String, Value>) -> bool {
    let tables = with.get("document").and_then(|document| document.get("tables")).and_then(Value::as_array);
    tables.is_some_and(|tables| tables.iter().all(|table| table.get("connection").is_some_and(Value::is_string)))
}

fn is_name(key: &str) -> bool {
    matches!(key, "connection" | "connections")
}

/// Connections that settings name: whatever a key `connection` or `connections` holds as text, at any depth.
fn gather(value: &Value, is_named: bool, found: &mut Vec<Which>) {
    match value {
        Value::String(text) if is_named && text.contains("${{") => found.push(Which::AnyConnection(text.clone())),
        Value::String(text) if is_named => found.push(Which::Connection(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| gather(item, is_named, found)),
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| gather(value, is_named || is_name(key), found));
        }
        _ => {}
    }
}

fn find_expression(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.contains("${{") => Some(text),
        Value::Array(items) => items.iter().find_map(find_expression),
        Value::Object(members) => members.values().find_map(find_expression),
        _ => None,
    }
}

/// The text of a part that is worked out later, and may then name a connection.
fn open_part<'a>(schemas: &[&Value], value: &'a Value) -> Option<&'a str> {
    match value {
        Value::String(text) if text.contains("${{") => {
            let may =
                schemas.iter().any(|schema| schema["type"] != "string" && schema.to_string().contains("\"connection"));
            may.then_some(text.as_str())
        }
        Value::Array(items) => {
            let of_items: Vec<&Value> =
                alternatives(schemas).into_iter().filter_map(|schema| schema.get("items")).collect();
            items.iter().find_map(|item| open_part(&of_items, item))
        }
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let of_member: Vec<&Value> = schemas.iter().flat_map(|schema| property(schema, key)).collect();
            open_part(&of_member, value)
        }),
        _ => None,
    }
}

/// The schemas that hold for a member of that name.
fn property<'a>(schema: &'a Value, key: &str) -> Vec<&'a Value> {
    let of = |schema: &'a Value| {
        let declared = schema.get("properties").and_then(|properties| properties.get(key));
        declared.or_else(|| schema.get("additionalProperties")).filter(|found| found.is_object())
    };
    alternatives(&[schema]).into_iter().filter_map(of).collect()
}

/// The schemas, and those they are put together from.
fn alternatives<'a>(schemas: &[&'a Value]) -> Vec<&'a Value> {
    let mut all: Vec<&Value> = schemas.to_vec();
    let mut next = 0;
    while let Some(schema) = all.get(next).copied() {
        for word in ["oneOf", "anyOf", "allOf"] {
            all.extend(schema.get(word).and_then(Value::as_array).into_iter().flatten());
        }
        all.extend(["if", "then", "else"].into_iter().filter_map(|word| schema.get(word)));
        next += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(uses: &str) -> Option<Value> {
        let side = json!({ "type": "object", "properties": { "connection": { "type": "string" } } });
        Some(match uses {
            "diff" => {
                json!({ "type": "object", "properties": { "left": side, "right": side, "key": { "type": "string" } } })
            }
            "route" => json!({ "type": "object", "properties": { "rules": { "type": "array", "items": {
                "type": "object", "properties": { "when": { "type": "string" }, "to": { "oneOf": [{ "const": "x" }, side] } } } } } }),
            _ => {
                json!({ "type": "object", "properties": { "connection": { "type": "string" }, "path": { "type": "string" } } })
            }
        })
    }

    fn check(steps: &Value, expected: &[(Level, &str)]) {
        let text = json!({ "name": "a", "steps": steps }).to_string();
        let named = in_document(&text, &schema);
        let told: Vec<(Level, String)> = named
            .found
            .into_iter()
            .map(|(level, which)| match which {
                Which::Connection(name) => (level, name),
                Which::AnyConnection(text) => (level, format!("any: {text}")),
                Which::AllWorkflows => (level, "all workflows".to_owned()),
            })
            .collect();
        let expected: Vec<(Level, String)> =
            expected.iter().map(|(level, name)| (*level, (*name).to_owned())).collect();
        assert_eq!((named.name.as_str(), told), ("a", expected), "{steps}");
    }

    #[test]
    fn a_documents_connections_are_found_with_what_its_steps_do() {
        let step = |uses: &str, with: Value| json!({ "id": uses, "uses": uses, "with": with });
        check(
            &json!([
                step("fetch", json!({ "connection": "one" })),
                step("route", json!({ "rules": [{ "when": "a", "to": { "connection": "two" } }] })),
            ]),
            &[(Level::Use, "one"), (Level::Write, "two")],
        );
        let sides = json!({ "left": { "connection": "l" }, "right": { "connection": "r" } });
        check(&json!([step("diff", sides.clone())]), &[(Level::Use, "l"), (Level::Use, "r")]);
        for repair in [json!("apply"), json!("${{ inputs.what }}"), json!(7)] {
            let mut with = sides.clone();
            with["repair"] = repair;
            check(&json!([step("diff", with)]), &[(Level::Use, "l"), (Level::Write, "r")]);
        }
        check(&json!([step("cleanup", json!({ "metadata": { "runs": "9d" } }))]), &[(Level::Write, "all workflows")]);
        let nested = json!([{ "id": "y", "uses": "write", "with": { "connection": "${{ item }}" } }]);
        check(
            &json!([step("foreach", json!({ "items": [], "steps": nested }))]),
            &[(Level::Write, "any: ${{ item }}")],
        );
        check(&json!([step("foreach", json!({ "items": [], "steps": "${{ x }}" }))]), &[(Level::Write, "any: steps")]);
    }

    #[test]
    fn what_may_be_any_connection_counts_as_all() {
        let step = |uses: &str, with: Value| json!([{ "id": "x", "uses": uses, "with": with }]);
        check(&step("fetch", json!({ "path": "${{ inputs.file }}" })), &[]);
        check(
            &step("diff", json!({ "left": "${{ inputs.side }}", "right": { "connection": "r" } })),
            &[(Level::Use, "r"), (Level::Use, "any: ${{ inputs.side }}")],
        );
        for rules in [json!("${{ r }}"), json!(["${{ r }}"]), json!([{ "to": "${{ r }}" }])] {
            check(&step("route", json!({ "rules": rules })), &[(Level::Write, "any: ${{ r }}")]);
        }
        let any = [(Level::Write, "any: the document of tables")];
        check(&step("tables", json!({ "file": "t.yaml", "action": "apply" })), &any);
        check(&step("tables", json!({ "document": "tables: []" })), &any);
        check(&step("tables", json!({ "document": { "tables": [{ "table_name": "t" }] } })), &any);
        let whole = json!({ "document": { "tables": [{ "table_name": "t", "connection": "c" }] } });
        check(&step("tables", whole), &[(Level::Write, "c")]);
        assert_eq!(
            in_settings(&json!({ "rejected": { "connection": "c" }, "mode": "${{ x }}" })),
            [Which::Connection("c".to_owned()), Which::AnyConnection("${{ x }}".to_owned())]
        );
    }
}
