//! `cleanup`: removes what is old: rows of a table, backups, and what the metadata database keeps of ended runs.
//!
//! Rows go in pieces, so that nobody waits long for one; `cleanup/statement.rs` has each system's own way. With
//! `dry_run` everything is only counted.

mod statement;
#[cfg(test)]
mod tests;

use crate::backup::copy::Vault;
use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings::{self, is_open};
use crate::watching::store_failed;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use data::connector::Relation;
use data::structure::TableKind;
use data::{Error, Result};
use model::backup::Kept;
use model::document::parse_duration;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault, nearest};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use statement::{Statements, Unit};

/// The step kind `cleanup`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cleanup;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rows: Option<Rows>,
    backups: Option<Backups>,
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    connection: String,
    table: String,
    column: String,
    older_than: String,
    #[serde(rename = "where")]
    filter: Option<String>,
    unit: Option<Unit>,
    #[serde(default = "piece_default")]
    piece: u32,
    limit: Option<u64>,
    #[serde(default = "yes")]
    chunks: bool,
}

fn piece_default() -> u32 {
    10_000
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backups {
    connection: String,
    older_than: String,
    #[serde(default = "one")]
    keep: u32,
}

fn one() -> u32 {
    1
}

#[async_trait]
impl StepKind for Cleanup {
    fn info(&self) -> KindInfo {
        let age = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
        let metadata: Map<String, Value> = Kept::ALL
            .into_iter()
            .map(|kept| (kept.as_str().to_owned(), age(&format!("How old {} may be: `90d`.", words(kept)))))
            .collect();
        KindInfo {
            name: "cleanup".to_owned(),
            summary: "Removes what is old, in pieces: rows of a table, backups, ended runs and their logs.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "properties": {
                    "rows": {
                        "type": "object",
                        "description": "Rows of a table.",
                        "additionalProperties": false,
                        "required": ["connection", "table", "column", "older_than"],
                        "properties": {
                            "connection": { "type": "string", "minLength": 1, "description": "The connection." },
                            "table": { "type": "string", "minLength": 1, "description": "The table." },
                            "column": { "type": "string", "minLength": 1, "description": "The column that says how old a row is: a date, a time, or a number with `unit`." },
                            "older_than": age("How old rows may be: `90d`."),
                            "where": { "type": "string", "minLength": 1, "description": "A further condition in the system's own SQL." },
                            "unit": { "enum": ["s", "ms", "us", "ns", "yyyymmdd"], "description": "What a column of numbers counts since 1970, or `yyyymmdd` for days such as 20240131." },
                            "piece": { "type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 10_000, "description": "How many rows go in one transaction." },
                            "limit": { "type": "integer", "minimum": 1, "description": "How many rows go in one run at most." },
                            "chunks": { "type": "boolean", "default": true, "description": "Whether whole chunks of a hypertable are dropped rather than rows deleted; without `where` only." },
                        },
                    },
                    "backups": {
                        "type": "object",
                        "description": "Whole backups of a connection.",
                        "additionalProperties": false,
                        "required": ["connection", "older_than"],
                        "properties": {
                            "connection": { "type": "string", "minLength": 1, "description": "The connection." },
                            "older_than": age("How old backups may be: `90d`."),
                            "keep": { "type": "integer", "minimum": 0, "default": 1, "description": "How many of the newest stay, however old." },
                        },
                    },
                    "metadata": {
                        "type": "object",
                        "description": "What the metadata database keeps.",
                        "additionalProperties": false,
                        "properties": metadata,
                    },
                    "dry_run": { "type": "boolean", "default": false, "description": "Only counts." },
                },
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["rows", "method", "backups", "metadata", "dry_run"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !["rows", "backups", "metadata"].iter().any(|part| with.contains_key(*part)) {
            faults.push(
                Fault::new(ErrorCode::MissingKey, "a `cleanup` step needs `rows`, `backups` or `metadata`")
                    .hint("Say what is to be removed.")
                    .path("with"),
            );
        }
        let mut check = |value: Option<&Value>, path: String| {
            if let Some(Value::String(text)) = value
                && !is_open(text)
                && let Err(fault) = age(text)
            {
                faults.push(fault.path(path));
            }
        };
        for part in ["rows", "backups"] {
            let older = with.get(part).and_then(|part| part.get("older_than"));
            check(older, format!("with.{part}.older_than"));
        }
        for (name, value) in with.get("metadata").and_then(Value::as_object).into_iter().flatten() {
            check(Some(value), format!("with.metadata.{name}"));
        }
        faults
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        Ok(Opened::Action(Box::new(Cleaning { context, settings })))
    }
}

/// What people call it.
fn words(kept: Kept) -> &'static str {
    match kept {
        Kept::Runs => "ended runs with their log lines and artifacts",
        Kept::LogLines => "log lines of runs",
        Kept::Artifacts => "artifacts of runs",
        Kept::ConsoleHistory => "statements of the SQL console",
        Kept::Anomalies => "resolved anomalies",
        Kept::Backups => "records of backups that failed or were removed",
        Kept::Inspections => "findings of inspections",
        Kept::Alerts => "alerts that nothing is to be delivered of any more",
    }
}

/// The instant that lies `text` before now.
fn age(text: &str) -> Result<DateTime<Utc>, Fault> {
    let wrong = || {
        Fault::new(ErrorCode::InvalidSchedule, format!("`{}` is no age", text.chars().take(40).collect::<String>()))
            .hint("Write a whole number and a unit: `12h`, `90d`; at most 36600d.")
    };
    // Data is kept for longer than a year, the longest that a duration of a document spells.
    let span = match text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        Some(days) if days <= 36_600 && text.starts_with(|c: char| c.is_ascii_digit()) => {
            chrono::TimeDelta::days(i64::from(days))
        }
        _ => parse_duration(text).and_then(|span| chrono::TimeDelta::from_std(span).ok()).ok_or_else(wrong)?,
    };
    Utc::now().checked_sub_signed(span).ok_or_else(wrong)
}

struct Cleaning {
    context: StepContext,
    settings: Settings,
}

#[async_trait]
impl Action for Cleaning {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let (context, settings) = (&self.context, &self.settings);
        let dry_run = settings.dry_run;
        let mut outputs = Map::from_iter([("dry_run".to_owned(), dry_run.into())]);
        let mut report = ActionReport::default();
        if let Some(rows) = &settings.rows {
            let (count, method) = self.clean_rows(rows).await?;
            report.rows_out = count;
            outputs.insert("rows".to_owned(), count.into());
            outputs.insert("method".to_owned(), method.into());
        }
        if let Some(backups) = &settings.backups {
            let before = age(&backups.older_than)?;
            let vault = Vault::new(&context.data_dir, context.watch.clone());
            let removed = vault.remove_old(&backups.connection, before, backups.keep, dry_run).await?;
            outputs.insert("backups".to_owned(), removed.len().into());
        }
        if let Some(metadata) = &settings.metadata {
            let mut counts = Map::new();
            for kept in Kept::ALL {
                let Some(older) = metadata.get(kept.as_str()) else { continue };
                let before = age(older.as_str().unwrap_or_default())?;
                let count = context.watch.purge(kept, before, dry_run).await.map_err(store_failed)?;
                counts.insert(kept.as_str().to_owned(), count.into());
            }
            outputs.insert("metadata".to_owned(), Value::Object(counts));
        }
        let told: Vec<String> = outputs.iter().map(|(name, value)| format!("{name} {value}")).collect();
        context.log(LogLevel::Info, told.join(", "));
        report.outputs = outputs;
        Ok(report)
    }
}

impl Cleaning {
    /// Removes rows; tells how many, and how.
    async fn clean_rows(&self, rows: &Rows) -> Result<(u64, &'static str)> {
        let connector = self.context.connections.get(&rows.connection).await?;
        let before = age(&rows.older_than)?;
        let Some(table) = connector.find_table(&rows.table).await? else {
            return Err(Error::permanent(
                ErrorCode::TableNotFound,
                format!("connection `{}` has no table `{}`", rows.connection, rows.table),
            )
            .hint("Look at the table's name."));
        };
        let Some(column) = table.columns.iter().find(|column| column.name == rows.column) else {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            let error = Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("table `{}` has no column `{}`", rows.table, rows.column),
            );
            return Err(match nearest(&rows.column, names.iter().copied()) {
                Some(near) => error.hint(format!("Did you mean `{near}`?")),
                None => error.hint(format!("It has `{}`.", names[..names.len().min(20)].join("`, `"))),
            });
        };
        let system = connector.system();
        let statements = Statements::new(system, &rows.table, column, &table.key, before, rows.unit)?;
        let condition = statements.condition(rows.filter.as_deref());
        let relation = Relation::Table(rows.table.clone());
        let old = connector.count(&relation, Some(&condition)).await?;
        if self.settings.dry_run || old == 0 {
            return Ok((old.min(rows.limit.unwrap_or(u64::MAX)), "count"));
        }
        let is_hypertable = rows.chunks && rows.filter.is_none() && rows.limit.is_none() && {
            let structure =
                if connector.abilities().structure { connector.structure(&rows.table).await? } else { None };
            structure.is_some_and(
                |table| matches!(table.kind, TableKind::Hypertable { time_column, .. } if time_column == rows.column),
            )
        };
        if is_hypertable && let Some(statement) = statements.drop_chunks() {
            connector.execute(&statement).await?;
            // Rows of a chunk that is not wholly old stay until it is.
            let left = connector.count(&relation, Some(&condition)).await?;
            return Ok((old.saturating_sub(left), "drop_chunks"));
        }
        let limit = rows.limit.unwrap_or(u64::MAX);
        let mut removed = 0;
        while removed < limit {
            if self.context.cancel.is_cancelled() {
                return Err(Error::permanent(
                    ErrorCode::Canceled,
                    format!("canceled after {removed} rows were removed"),
                ));
            }
            let piece = u64::from(rows.piece).min(limit - removed);
            let Some(statement) = statements.delete(&condition, piece) else {
                // A system without pieces does it in one.
                connector.execute(&statements.delete_all(&condition)).await?;
                return Ok((old, "delete"));
            };
            let count = connector.execute(&statement).await?;
            removed += count;
            if count < piece {
                break;
            }
        }
        Ok((removed, "delete"))
    }
}
