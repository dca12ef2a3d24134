//! `tables`: plans, applies or checks a document about tables.
//!
//! At least once, which does no harm: what has been applied is found to be there, and left alone.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings::{self, Names, names_schema};
use crate::side::refused;
use crate::sql::read_text;
use async_trait::async_trait;
use data::structure::TableAction;
use data::{Error, Result};
use engine::ports::TableLogs;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault, TableLogEntry};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use transfer::tables::{
    self, AppliedStatus, ApplyOptions, ApplyReport, Journal, PlannedTable, Scribe, Target, ValidationReport, Verdict,
};

/// The step kind `tables`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TablesStep;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    file: Option<String>,
    document: Option<Value>,
    #[serde(default)]
    action: Word,
    #[serde(default)]
    only: Names,
    #[serde(default)]
    allow_destructive: bool,
    #[serde(default)]
    tolerate_failures: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// Say what would be run.
    #[default]
    Plan,
    /// Run it.
    Apply,
    /// Name differences.
    Validate,
}

#[async_trait]
impl StepKind for TablesStep {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "tables".to_owned(),
            summary: "Makes tables of all databases as a document describes them, or tells what differs.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "file": { "type": "string", "minLength": 1, "description": "A document in the server's folder of files; see docs/tables.md." },
                    "document": {
                        "description": "The document itself, as text or as a mapping with `tables`.",
                        "type": ["string", "object"],
                    },
                    "action": {
                        "enum": ["plan", "apply", "validate"],
                        "default": "plan",
                        "description": "Say what would be run, run it, or name differences.",
                    },
                    "only": names_schema("Only these tables of the document."),
                    "allow_destructive": { "type": "boolean", "default": false, "description": "Run statements that lose data, too." },
                    "tolerate_failures": { "type": "boolean", "default": false, "description": "Succeed although some tables failed; the output `failed` counts them." },
                },
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["created", "altered", "unchanged", "manual", "failed", "skipped", "differences"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        if with.contains_key("file") == with.contains_key("document") {
            return vec![one_of().path("with")];
        }
        let Some(document) = with.get("document").filter(|document| !is_open(document)) else { return Vec::new() };
        match tables::parse(&text_of(document)) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| placed(fault, document, "with.document")).collect(),
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let (text, source) = match (&settings.file, &settings.document) {
            (Some(file), None) => (read_text(&context.files, file).await?, format!("`{file}`")),
            (None, Some(document)) => (text_of(document), "`document`".to_owned()),
            _ => return Err(refused(one_of(), &context, "")),
        };
        Ok(Opened::Action(Box::new(Working { context, settings, text, source })))
    }
}

fn one_of() -> Fault {
    Fault::new(ErrorCode::MissingKey, "a `tables` step needs either `file` or `document`")
        .hint("Give exactly one of the two.")
}

/// Whether anything in the document is still to be rendered.
fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => settings::is_open(text),
        Value::Array(items) => items.iter().any(is_open),
        Value::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

/// The document as text; a mapping as JSON, which is YAML.
fn text_of(document: &Value) -> String {
    match document {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A fault of the document as one of the workflow: its place in the text is not one in the workflow.
fn placed(mut fault: Fault, document: &Value, path: &str) -> Fault {
    let place = (fault.line.take(), fault.column.take());
    let inner = fault.path.take().unwrap_or_default();
    match (document, place) {
        (Value::String(_), (Some(line), Some(column))) => {
            fault.message = format!("line {line}, column {column} of the document: {}", fault.message);
            fault.path(path)
        }
        _ if inner.is_empty() => fault.path(path),
        _ => fault.path(format!("{path}.{inner}")),
    }
}

struct Working {
    context: StepContext,
    settings: Settings,
    text: String,
    source: String,
}

#[async_trait]
impl Action for Working {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let targets = self.targets().await?;
        let connections = self.context.connections.clone();
        let who = self.context.who();
        let journal = PortJournal(self.context.table_logs.clone());
        let scribe = Scribe { who: &who, journal: &journal };
        match self.settings.action {
            Word::Plan => self.planned(&tables::plan(connections.as_ref(), &targets).await),
            Word::Apply => {
                let options = ApplyOptions { allow_destructive: self.settings.allow_destructive, agreed: None };
                self.applied(&tables::apply(connections.as_ref(), &targets, &options, scribe).await)
            }
            Word::Validate => self.validated(&tables::validate(connections.as_ref(), &targets, scribe).await),
        }
    }
}

impl Working {
    async fn targets(&self) -> Result<Vec<Target>> {
        let found = match tables::parse(&self.text) {
            Ok(document) => tables::resolve(&document, &self.context.connections.list().await?),
            Err(faults) => Err(faults),
        };
        found.and_then(|targets| tables::select(targets, &self.settings.only.to_list())).map_err(|faults| {
            // A step fails for one reason; the log has them all.
            for fault in &faults {
                let place = fault.line.map(|line| format!("line {line}: ")).unwrap_or_default();
                self.context.log(LogLevel::Error, format!("{}: {place}{fault}", self.source));
            }
            let count = faults.len();
            let mut first = faults
                .into_iter()
                .next()
                .unwrap_or_else(|| Fault::new(ErrorCode::Internal, "the document was refused without a reason"));
            let place = first.line.take().map(|line| format!(" line {line}")).unwrap_or_default();
            let more = if count > 1 { format!(" (and {} more faults)", count - 1) } else { String::new() };
            first.message = format!("{}{place}: {}{more}", self.source, first.message);
            (first.column, first.path) = (None, None);
            Error::from(first)
        })
    }

    fn planned(&self, tables: &[PlannedTable]) -> Result<ActionReport> {
        let mut counts = tables::Counts::default();
        let mut differences = 0;
        for table in tables {
            let Some(plan) = &table.plan else {
                counts.failed += 1;
                self.warn(&table.table, table.error.as_ref());
                continue;
            };
            differences += plan.changes.len() + plan.manual.len();
            for change in &plan.changes {
                self.context
                    .log(LogLevel::Info, format!("`{}`: would {}: {}", table.table, change.summary, change.sql));
            }
            self.tell(&table.table, &plan.manual, &plan.notes);
            let count = match plan.action {
                TableAction::Create => &mut counts.created,
                TableAction::Alter => &mut counts.altered,
                TableAction::Nothing => &mut counts.unchanged,
                TableAction::Manual => &mut counts.manual,
            };
            *count += 1;
        }
        self.report(counts, differences, tables.len())
    }

    fn applied(&self, report: &ApplyReport) -> Result<ActionReport> {
        for table in &report.tables {
            for change in &table.done {
                self.context.log(LogLevel::Info, format!("`{}`: {}", table.table, change.summary));
            }
            self.tell(&table.table, &table.manual, &table.notes);
            if matches!(table.status, AppliedStatus::Failed | AppliedStatus::Skipped) {
                self.warn(&table.table, table.error.as_ref());
            }
        }
        let differences = report.tables.iter().map(|table| table.manual.len()).sum();
        self.report(report.counts, differences, report.tables.len())
    }

    fn validated(&self, report: &ValidationReport) -> Result<ActionReport> {
        let mut counts = tables::Counts { failed: report.failed, ..tables::Counts::default() };
        for table in &report.tables {
            for difference in &table.differences {
                self.context.log(LogLevel::Warn, format!("`{}`: {difference}", table.table));
            }
            match table.verdict {
                Verdict::Failed => self.warn(&table.table, table.error.as_ref()),
                Verdict::Matches => counts.unchanged += 1,
                _ => {}
            }
        }
        self.report(counts, report.differences, report.tables.len())
    }

    fn tell(&self, table: &str, manual: &[String], notes: &[String]) {
        for text in manual {
            self.context.log(LogLevel::Warn, format!("`{table}` takes a person: {text}"));
        }
        for text in notes {
            self.context.log(LogLevel::Info, format!("`{table}`: {text}"));
        }
    }

    fn warn(&self, table: &str, error: Option<&Fault>) {
        let reason = error.map_or_else(|| "no reason is known".to_owned(), Fault::to_string);
        self.context.log(LogLevel::Warn, format!("`{table}`: {reason}"));
    }

    fn report(&self, counts: tables::Counts, differences: usize, total: usize) -> Result<ActionReport> {
        if counts.failed > 0 && !self.settings.tolerate_failures {
            let message = format!("{} of {total} tables of {} failed", counts.failed, self.source);
            return Err(Error::permanent(ErrorCode::StatementFailed, message)
                .hint("The log of the run says why for each; the others were worked on. `tolerate_failures` lets the step go on."));
        }
        let outputs = [
            ("created", counts.created),
            ("altered", counts.altered),
            ("unchanged", counts.unchanged),
            ("manual", counts.manual),
            ("failed", counts.failed),
            ("skipped", counts.skipped),
            ("differences", differences),
        ];
        let outputs = outputs.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        Ok(ActionReport { outputs, ..ActionReport::default() })
    }
}

/// The logs about tables, as `transfer` writes them.
pub(crate) struct PortJournal(pub(crate) Arc<dyn TableLogs>);

#[async_trait]
impl Journal for PortJournal {
    async fn record(&self, entries: Vec<TableLogEntry>) {
        // What was done is done; a log that cannot be written must not undo or stop it.
        if let Err(error) = self.0.append_table_logs(&entries).await {
            tracing::warn!(%error, entries = entries.len(), "operations on tables were not logged");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(with: Value, expected: &[(&str, &str)]) {
        let faults = TablesStep.check(with.as_object().unwrap());
        let told: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.path.as_deref().unwrap(), fault.message.as_str())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_document_in_the_workflow_is_checked_with_it() {
        check(json!({}), &[("with", "a `tables` step needs either `file` or `document`")]);
        check(
            json!({ "file": "t.yaml", "document": "x" }),
            &[("with", "a `tables` step needs either `file` or `document`")],
        );
        check(json!({ "file": "t.yaml" }), &[]);
        check(json!({ "document": "${{ steps.read.text }}" }), &[]);
        let good = json!({ "tables": [{ "database_type": "SQLite", "table_name": "t", "columns": [{ "name": "a", "type": "INT" }] }] });
        check(json!({ "document": good }), &[]);
        let mut bad = good.clone();
        bad["tables"][0]["columns"][0]["type"] = "INTT".into();
        check(json!({ "document": bad }), &[("with.document.tables.0.columns.0.type", "SQLite has no type `INTT`")]);
        check(
            json!({ "document": "tables:\n  - { database_type: SQLite, table_name: t, columns: [{ name: a, type: INTT }] }\n" }),
            &[("with.document", "line 2, column 72 of the document: SQLite has no type `INTT`")],
        );
    }
}
