//! The document of a monitor.

use super::{MEASURED, MonitorSide, NewMonitor, TAG, TELL, Template, Threshold};
use data::connector::Relation;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The workflow that is the monitor, as JSON. `expected` are the columns that `schema_change` holds a table to where it has
/// no right side.
///
/// # Errors
/// `missing_key` where the template needs a right side or a threshold, `invalid_value` for a measure it does not have.
pub fn document(new: &NewMonitor, expected: Option<&BTreeMap<String, String>>) -> Result<String, Fault> {
    let has_right = new.right.is_some();
    if new.template == Template::DataDiff && !has_right {
        return Err(Fault::new(ErrorCode::MissingKey, "a monitor `data-diff` needs a right side")
            .hint("Name the table that the left one is compared with."));
    }
    let thresholds = if new.thresholds.is_empty() {
        if new.template == Template::RowCount && !has_right {
            return Err(Fault::new(ErrorCode::MissingKey, "a monitor `row-count` of one table needs a threshold")
                .hint("Say when people are to be told: `count < 1000`."));
        }
        let measure = new.template.measure(has_right).to_owned();
        vec![Threshold { measure, operator: super::Operator::More, value: 0.0 }]
    } else {
        new.thresholds.clone()
    };
    for threshold in &thresholds {
        threshold.check(new.template, has_right)?;
    }
    let condition: Vec<String> = thresholds.iter().map(Threshold::expression).collect();
    let shown: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    let channels = if new.channels.is_empty() { vec!["log".to_owned()] } else { new.channels.clone() };
    let what = match &new.right {
        Some(right) => format!("{} and {}", place(&new.left), place(right)),
        None => place(&new.left),
    };
    let measures = new.template.measures(has_right);
    let fields: Map<String, Value> = measures
        .iter()
        .map(|measure| ((*measure).to_owned(), format!("${{{{ steps.{MEASURED}.{measure} }}}}").into()))
        .collect();
    let (uses, with) = measuring(new, expected);
    let mut document = json!({
        "name": new.name,
        "description": format!("Monitor {} of {what}; tells people when {}.", new.template.as_str(), shown.join(" or ")),
        "tags": [TAG, new.template.as_str()],
        // A look that takes longer than its schedule is not overtaken by the next.
        "concurrency": { "limit": 1, "on_conflict": "skip" },
        "steps": [
            { "id": MEASURED, "uses": uses, "with": with },
            {
                "id": TELL,
                "uses": "alert",
                "needs": [MEASURED],
                "if": format!("${{{{ {} }}}}", condition.join(" || ")),
                "with": {
                    "channels": channels,
                    "severity": new.severity,
                    "title": format!("{}: {} of {what}", new.name, new.template.as_str()),
                    "text": format!("Passed: {}", shown.join(" or ")),
                    "fields": fields,
                },
            },
        ],
    });
    if let (Some(cron), Value::Object(document)) = (&new.cron, &mut document) {
        let mut trigger = json!({ "cron": cron });
        if let Some(timezone) = &new.timezone {
            trigger["timezone"] = timezone.as_str().into();
        }
        document.insert("triggers".to_owned(), json!([trigger]));
    }
    Ok(serde_json::to_string_pretty(&document).expect("a document has text keys"))
}

fn measuring(new: &NewMonitor, expected: Option<&BTreeMap<String, String>>) -> (&'static str, Map<String, Value>) {
    let mut with = Map::new();
    match new.template {
        Template::RowCount => {
            with = side(&new.left);
            if let Some(right) = &new.right {
                with.insert("against".to_owned(), side(right).into());
            }
            ("count", with)
        }
        Template::DataDiff | Template::SchemaChange => {
            with.insert("left".to_owned(), side(&new.left).into());
            if let Some(right) = &new.right {
                with.insert("right".to_owned(), side(right).into());
            } else if let Some(expected) = expected {
                with.insert("expected".to_owned(), json!(expected));
            }
            if new.template == Template::SchemaChange {
                return ("schema", with);
            }
            for (name, columns) in [("key", &new.key), ("columns", &new.columns)] {
                if !columns.is_empty() {
                    with.insert(name.to_owned(), json!(columns));
                }
            }
            ("diff", with)
        }
    }
}

fn side(side: &MonitorSide) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("connection".to_owned(), side.connection.as_str().into());
    match &side.relation {
        Relation::Table(table) => map.insert("table".to_owned(), table.as_str().into()),
        Relation::Query(query) => map.insert("query".to_owned(), query.as_str().into()),
    };
    if let Some(filter) = &side.filter {
        map.insert("where".to_owned(), filter.as_str().into());
    }
    map
}

fn place(side: &MonitorSide) -> String {
    match &side.relation {
        Relation::Table(table) => format!("{}:{table}", side.connection),
        Relation::Query(_) => format!("a query of {}", side.connection),
    }
}
