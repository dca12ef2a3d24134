//! Thresholds of an inspection, and what is beyond them.

use crate::watching::{Rules, finding};
use chrono::{DateTime, Utc};
use data::inspection::Inspection;
use model::anomaly::{Finding, Severity};
use serde::Deserialize;
use serde_json::{Value, json};

/// Every rule an inspection looks at.
pub(super) const RULES: [&str; 10] = [
    "inspect.connections",
    "inspect.pool",
    "inspect.slow_statement",
    "inspect.running",
    "inspect.blocked",
    "inspect.unused_index",
    "inspect.duplicate_index",
    "inspect.disk_growth",
    "inspect.disk_bytes",
    "inspect.damaged",
];

/// Findings of one rule at most; an inspection of a thousand unused indexes is one piece of news.
const MOST: usize = 50;

/// What a step sets itself; what is left open follows from the rules people set, then from defaults.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thresholds {
    connections: Option<f64>,
    pool: Option<f64>,
    slow_ms: Option<f64>,
    running_ms: Option<f64>,
    unused_index_bytes: Option<f64>,
    disk_growth: Option<f64>,
    disk_bytes: Option<f64>,
}

/// The JSON Schema of the thresholds.
pub(super) fn schema() -> Value {
    let number = |default: Value, description: &str| {
        let mut schema = json!({ "type": "number", "minimum": 0, "description": description });
        if !default.is_null() {
            schema["default"] = default;
        }
        schema
    };
    let share = |default: f64, description: &str| json!({ "type": "number", "minimum": 0, "maximum": 1, "default": default, "description": description });
    json!({
        "type": "object",
        "description": "What is too much. What is left out follows from `sluice anomaly rules`, then from these defaults.",
        "additionalProperties": false,
        "properties": {
            "connections": share(0.8, "Share of the server's connections that are open."),
            "pool": share(0.9, "Share of Sluice's own pool that is busy."),
            "slow_ms": number(json!(1000), "A statement's average time in milliseconds."),
            "running_ms": number(json!(300_000), "How long a statement may be running, in milliseconds."),
            "unused_index_bytes": number(json!(1_048_576), "An index that was never used is told from this size on."),
            "disk_growth": number(json!(0.2), "Growth on disk since the inspection before: 0.2 is a fifth."),
            "disk_bytes": number(Value::Null, "Bytes on disk; no limit where left out."),
        },
    })
}

/// What is beyond the thresholds.
pub(super) fn judge(
    found: &Inspection,
    before: Option<&(DateTime<Utc>, Inspection)>,
    own: &Thresholds,
    rules: &Rules,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    load(found, own, rules, &mut findings);
    statements(found, own, rules, &mut findings);
    indexes(found, own, rules, &mut findings);
    disk(found, before, own, rules, &mut findings);
    findings
}

fn load(found: &Inspection, own: &Thresholds, rules: &Rules, findings: &mut Vec<Finding>) {
    if let Some((load, limit)) = found.connections.and_then(|load| Some((load, load.limit.filter(|limit| *limit > 0)?)))
    {
        let share = load.open as f64 / limit as f64;
        if share > rules.threshold(own.connections, "inspect.connections", "share", 0.8) {
            let severity = if share > 0.95 { Severity::Error } else { Severity::Warn };
            let message = format!("{} of {limit} connections are open", load.open);
            let details = json!({ "open": load.open, "active": load.active, "limit": limit, "share": share });
            findings.push(finding("inspect.connections", severity, "", message, details));
        }
    }
    if let Some(pool) = found.pool.filter(|pool| pool.limit > 0) {
        let share = pool.busy as f64 / pool.limit as f64;
        if share > rules.threshold(own.pool, "inspect.pool", "share", 0.9) {
            let message = format!("{} of the pool's {} connections are busy", pool.busy, pool.limit);
            let details = json!({ "busy": pool.busy, "open": pool.open, "limit": pool.limit, "share": share });
            findings.push(finding("inspect.pool", Severity::Warn, "", message, details));
        }
    }
}

fn statements(found: &Inspection, own: &Thresholds, rules: &Rules, findings: &mut Vec<Finding>) {
    let slow = rules.threshold(own.slow_ms, "inspect.slow_statement", "mean_ms", 1_000.0);
    for statement in found.slow_statements.iter().filter(|statement| statement.mean_ms > slow).take(MOST) {
        let text = one_line(&statement.statement);
        let message = format!("a statement takes {:.0} ms on average: {text}", statement.mean_ms);
        let details = json!({
            "mean_ms": statement.mean_ms,
            "calls": statement.calls,
            "total_ms": statement.total_ms,
            "statement": statement.statement,
        });
        findings.push(finding("inspect.slow_statement", Severity::Warn, &text, message, details));
    }
    let long = rules.threshold(own.running_ms, "inspect.running", "for_ms", 300_000.0);
    for running in found.running.iter().take(MOST) {
        let text = one_line(&running.statement);
        let seconds = running.for_ms as f64 / 1_000.0;
        let details = json!({ "session": running.session, "user": running.user, "for_ms": running.for_ms, "blocked_by": running.blocked_by });
        if running.for_ms as f64 > long {
            let message = format!(
                "session {} of `{}` has been running for {seconds:.0} s: {text}",
                running.session, running.user
            );
            findings.push(finding("inspect.running", Severity::Warn, &running.session, message, details.clone()));
        }
        if !running.blocked_by.is_empty() {
            let message = format!(
                "session {} waits for {} since {seconds:.0} s: {text}",
                running.session,
                running.blocked_by.join(", ")
            );
            findings.push(finding("inspect.blocked", Severity::Warn, &running.session, message, details));
        }
    }
}

fn indexes(found: &Inspection, own: &Thresholds, rules: &Rules, findings: &mut Vec<Finding>) {
    let smallest = rules.threshold(own.unused_index_bytes, "inspect.unused_index", "bytes", 1_048_576.0);
    let (mut unused, mut duplicates) = (0, 0);
    for index in &found.indexes {
        let scope = format!("{}.{}", index.table, index.index);
        let details = json!({ "table": index.table, "index": index.index, "bytes": index.bytes, "scans": index.scans, "duplicate_of": index.duplicate_of });
        if let Some(other) = &index.duplicate_of {
            duplicates += 1;
            if duplicates <= MOST {
                let message = format!("index `{}` of `{}` does what `{other}` does already", index.index, index.table);
                findings.push(finding("inspect.duplicate_index", Severity::Info, &scope, message, details));
            }
        // A key is there to refuse rows, whether or not anybody reads by it.
        } else if index.scans == Some(0)
            && index.bytes.unwrap_or(0) as f64 >= smallest
            && index.index != "PRIMARY"
            && !index.index.ends_with("_pkey")
        {
            unused += 1;
            if unused <= MOST {
                let message = format!("index `{}` of `{}` was never used", index.index, index.table);
                findings.push(finding("inspect.unused_index", Severity::Info, &scope, message, details));
            }
        }
    }
}

fn disk(
    found: &Inspection,
    before: Option<&(DateTime<Utc>, Inspection)>,
    own: &Thresholds,
    rules: &Rules,
    findings: &mut Vec<Finding>,
) {
    if let Some((_, damages)) = found.figures.iter().find(|(name, damages)| name == "damages" && *damages > 0.0) {
        let message = format!("{damages:.0} damages were found in the database's file");
        findings.push(finding("inspect.damaged", Severity::Error, "", message, json!({ "damages": damages })));
    }
    let Some(bytes) = found.disk_bytes else { return };
    let most = rules.threshold(own.disk_bytes, "inspect.disk_bytes", "bytes", f64::INFINITY);
    if bytes as f64 > most {
        let message = format!("the database takes {bytes} bytes on disk, more than {most:.0}");
        findings.push(finding("inspect.disk_bytes", Severity::Warn, "", message, json!({ "bytes": bytes })));
    }
    let Some((at, before)) = before.and_then(|(at, before)| Some((at, before.disk_bytes.filter(|bytes| *bytes > 0)?)))
    else {
        return;
    };
    let growth = bytes as f64 / before as f64 - 1.0;
    if growth > rules.threshold(own.disk_growth, "inspect.disk_growth", "ratio", 0.2) {
        let percent = growth * 100.0;
        let since = at.format("%Y-%m-%d %H:%M");
        let message = format!("the database grew by {percent:.0} % to {bytes} bytes since {since}");
        let details = json!({ "bytes": bytes, "before": before, "growth": growth });
        findings.push(finding("inspect.disk_growth", Severity::Warn, "", message, details));
    }
}

/// The beginning of a statement, in one line.
fn one_line(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 120 { line } else { line.chars().take(119).chain(['…']).collect() }
}
