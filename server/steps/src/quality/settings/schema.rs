//! The JSON Schema of what users write for a `quality` step.

use crate::quality::columns::FIELDS;
use crate::quality::tally::RULES;
use crate::watching::watch_properties;
use serde_json::{Map, Value, json};

/// The JSON Schema of `with`.
pub(in crate::quality) fn schema() -> Value {
    let date = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    let text = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    let reference = |description: &str, columns: &str| {
        json!({
            "type": "object",
            "description": description,
            "additionalProperties": false,
            "required": ["connection", "table"],
            "properties": {
                "connection": text("The connection."),
                "table": text("The table."),
                "columns": { "type": "object", "additionalProperties": { "type": "string" }, "description": format!("Names of its columns where they differ: {columns}.") },
                "where": text("A condition in the system's own SQL."),
            },
        })
    };
    let fields: Map<String, Value> =
        FIELDS.iter().map(|(_, word)| ((*word).to_owned(), text(&format!("The column of `{word}`.")))).collect();
    let severity = json!({ "enum": ["error", "warn", "info"] });
    let rule = |text: &str| {
        json!({
            "description": text,
            "oneOf": [
                { "type": "boolean" },
                severity,
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": { "severity": severity, "threshold": { "type": "number", "minimum": 0 } },
                },
            ],
        })
    };
    let rules: Map<String, Value> = RULES
        .iter()
        .flat_map(|known| [known.id.to_owned(), known.id.to_uppercase()].map(|id| (id, rule(known.text))))
        .collect();
    let mut properties = watch_properties();
    let source = json!({
        "connection": text("The connection whose table is checked; none where rows come in by `from`."),
        "table": text("The table."),
        "query": text("A query that only reads, instead of a table."),
        "where": text("A condition in the system's own SQL."),
        "columns": { "type": "object", "additionalProperties": false, "properties": fields, "description": "Which column is what, where the names do not say so." },
        "expect": { "type": "object", "additionalProperties": { "type": ["string", "null"] }, "description": "Columns that must be there (c7), with their types as `int64`, `float64`, `text`, `date`, `timestamp`; null: any." },
        "period": { "enum": ["tick", "1m", "5m", "15m", "30m", "60m", "1d"], "default": "1d", "description": "How much time a row is about." },
        "adjusted": { "type": "boolean", "default": false, "description": "Whether prices are adjusted, so that ticks and limits do not hold." },
        "tick": { "type": "number", "exclusiveMinimum": 0, "description": "The smallest step of a price; otherwise the board's." },
        "units": {
            "type": "object",
            "description": "What volume and amount count; otherwise told from the rows.",
            "additionalProperties": false,
            "properties": { "volume": { "enum": ["shares", "lots"], "default": "shares" }, "amount": { "enum": ["one", "thousand"], "default": "one" } },
        },
        "calendar": {
            "description": "Which days are open: `weekdays`, weekdays but `holidays`, a `file`, or a table.",
            "oneOf": [
                { "const": "weekdays" },
                { "type": "object", "additionalProperties": false, "required": ["holidays"], "properties": { "holidays": { "type": "array", "items": date("A weekday that is closed.") }, "known_until": date("The last day of which it is known whether it is open.") } },
                { "type": "object", "additionalProperties": false, "required": ["file"], "properties": { "file": text("A file of days, with `,1` or `,0` behind each."), "known_until": date("The last day of which it is known whether it is open; the last listed where left out.") } },
                { "type": "object", "additionalProperties": false, "required": ["connection", "table"], "properties": { "connection": text("The connection."), "table": text("The table."), "date": text("Its column of days."), "open": text("Its column that says whether a day is open; all are where there is none."), "where": text("A condition in the system's own SQL."), "known_until": date("The last day of which it is known whether it is open; the last listed where left out.") } },
            ],
        },
    });
    let market = json!({
        "range": { "type": "object", "additionalProperties": false, "properties": { "start": date("The first day asked about."), "end": date("The last day asked about.") }, "description": "Which days rows must be there for; otherwise from the first to the last that is there." },
        "securities": reference("Codes with their days of listing and delisting.", "`code`, `list_date`, `delist_date`, `board`"),
        "special_treatment": reference("When codes were under special treatment (ST).", "`code`, `from`, `until`"),
        "suspensions": reference("Days on which codes were suspended.", "`code`, `date`"),
        "actions": reference("Ex-dates of corporate actions.", "`code`, `ex_date`"),
        "other": reference("Another source of the same rows (d3).", "as `columns` of the step"),
        "daily": reference("Daily bars that minute bars must make (v11).", "as `columns` of the step"),
        "fills": reference("Fills of the orders, or of the positions (v14).", "`order`, `qty`; of positions `code`, `date`, `qty`, `side`, `account`"),
        "limits": {
            "type": "array",
            "description": "Price limits that go before the built-in ones.",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["board"],
                "properties": {
                    "board": { "enum": ["main", "star", "chinext", "bse", "b_share", "fund", "convertible", "index"] },
                    "st": { "type": "boolean", "description": "Only with, or only without special treatment." },
                    "from": date("The first day."),
                    "until": date("The last day."),
                    "up": { "type": "integer", "minimum": 0, "description": "Thousandths of the previous close; no limit where left out." },
                    "down": { "type": "integer", "minimum": 0, "maximum": 1000, "description": "Thousandths of the previous close; no limit where left out." },
                    "free_days": { "type": "integer", "minimum": 0, "default": 0, "description": "Trading days after listing without limits." },
                    "first_up": { "type": "integer", "minimum": 0, "description": "The first day's limit." },
                    "first_down": { "type": "integer", "minimum": 0, "maximum": 1000, "description": "The first day's limit." },
                },
            },
        },
    });
    let judged = json!({
        "sessions": { "type": "array", "items": text("`09:30-11:30`"), "minItems": 1, "description": "When trading goes on; those of Shanghai and Shenzhen where left out." },
        "utc_offset": { "type": "string", "default": "+08:00", "description": "How far local time is ahead of UTC." },
        "now": text("The local moment taken for now, `2024-01-31T18:00`; the clock where left out."),
        "freshness": {
            "type": "object",
            "description": "How new the newest row must be (f1).",
            "additionalProperties": false,
            "required": ["sla"],
            "properties": {
                "sla": text("`0d`, `1d` in open days; `2m`, `10s` in minutes of trading."),
                "due": { "type": "string", "default": "18:00", "description": "When a day's rows are due, with an `sla` in days." },
            },
        },
        "rules": { "type": "object", "additionalProperties": false, "properties": rules, "description": "Switches a rule off (`false`), or sets its severity and threshold." },
        "only": { "type": "array", "items": text("A rule."), "minItems": 1, "description": "Looks at these rules only." },
        "max_findings": { "type": "integer", "minimum": 0, "maximum": 100_000, "default": 1000, "description": "Rows of each rule that leave by `findings` at most; all are counted." },
        "by": { "enum": ["table", "code"], "default": "table", "description": "Whether a rule's findings are one anomaly for the table, or one for each code." },
    });
    for part in [source, market, judged] {
        if let Value::Object(part) = part {
            properties.extend(part);
        }
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}
