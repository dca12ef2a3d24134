//! The document of a migration.

use super::{Plan, STEP, TAG, TASK};
use serde_json::{Map, Value, json};

/// The workflow that is the migration, as JSON.
#[must_use]
pub fn document(name: &str, plan: &Plan) -> String {
    let what = match (&plan.query, plan.tables.as_slice()) {
        (Some(_), _) => "a query".to_owned(),
        (None, tables) => tables.join(", "),
    };
    // A chunk whose connection stays broken for longer than the copy itself bears begins again.
    let step = json!({
        "id": STEP,
        "uses": STEP,
        "retry": { "attempts": 3, "backoff": "5s" },
        "with": settings(plan),
    });
    let document = json!({
        "name": name,
        "description": format!("Moves {what} from `{}` to `{}`.", plan.from, plan.to),
        "tags": [TAG],
        "inputs": {
            TASK: {
                "type": "string",
                "default": "move",
                "options": ["move", "look", "validate"],
                "description": "What a run does.",
            },
        },
        "steps": [step],
    });
    serde_json::to_string_pretty(&document).expect("a document has text keys")
}

fn settings(plan: &Plan) -> Map<String, Value> {
    let mut from = json!({ "connection": plan.from });
    match (&plan.query, plan.tables.as_slice()) {
        (Some(query), _) => from["query"] = json!(query),
        (None, [only]) => from["table"] = json!(only),
        (None, tables) => from["table"] = json!(tables),
    }
    for (name, list) in [("except", &plan.except), ("key", &plan.key)] {
        if !list.is_empty() {
            from[name] = json!(list);
        }
    }
    if let Some(filter) = &plan.filter {
        from["where"] = json!(filter);
    }
    let mut to = json!({ "connection": plan.to });
    if let Some(target) = &plan.target {
        to["table"] = json!(target);
    }
    let mut with = Map::from_iter([
        ("from".to_owned(), from),
        ("to".to_owned(), to),
        ("mode".to_owned(), json!(plan.mode)),
        (TASK.to_owned(), format!("${{{{ inputs.{TASK} }}}}").into()),
    ]);
    if plan.keeps_structure {
        with.insert("create".to_owned(), json!(false));
    }
    if !plan.columns.is_empty() {
        with.insert("columns".to_owned(), json!(plan.columns));
    }
    if !plan.skip.is_empty() {
        with.insert("skip".to_owned(), json!(plan.skip));
    }
    let mut convert = json!(plan.convert);
    if let Value::Object(convert) = &mut convert {
        convert.retain(|_, value| !value.is_null());
        if !convert.is_empty() {
            with.insert("convert".to_owned(), json!(convert));
        }
    }
    with.extend(plan.settings.clone());
    with
}
