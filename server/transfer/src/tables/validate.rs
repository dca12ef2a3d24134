//! Compares live tables with a document, column by column, and names each difference.
//!
//! What is a difference is for the connector to say, which knows how its system spells types and defaults: whatever
//! [`data::Connector::plan_table`] would change, or leaves to people, is one.

use super::document::describe;
use super::journal::{Scribe, millis};
use super::plan::Opened;
use super::target::Target;
use data::structure::{TablePlan, TableStructure};
use data::{Connections, Error};
use model::{Fault, TableLog, TableLogStatus};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// Whether a table is as described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Matches,
    /// It is not.
    Differs,
    /// There is no such table.
    Missing,
    /// It could not be looked at.
    Failed,
}

impl Verdict {
    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matches => "matches",
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// One column on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnVerdict {
    /// The column.
    pub column: String,
    /// Whether it is as described; `missing` where only the document has it.
    pub verdict: Verdict,
    /// As the document describes it; none where only the live table has it.
    pub wanted: Option<String>,
    /// As it is; none where only the document has it.
    pub live: Option<String>,
    /// What differs, in words.
    pub differences: Vec<String>,
}

/// What the comparison of one table found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// In one word.
    pub verdict: Verdict,
    /// Every column of either side.
    pub columns: Vec<ColumnVerdict>,
    /// Everything that differs, in words, columns included.
    pub differences: Vec<String>,
    /// Why it could not be looked at.
    pub error: Option<Fault>,
}

/// What the comparison of all tables found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidationReport {
    /// Each table, in the document's order.
    pub tables: Vec<Validation>,
    /// How many differences there are.
    pub differences: usize,
    /// How many tables could not be looked at.
    pub failed: usize,
}

impl ValidationReport {
    /// Whether every table is as described.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.tables.iter().all(|table| table.verdict == Verdict::Matches)
    }
}

/// Compares every table. A table that fails does not keep others from being compared.
pub async fn validate(connections: &dyn Connections, targets: &[Target], scribe: Scribe<'_>) -> ValidationReport {
    let mut opened = Opened::new(connections);
    let mut tables = Vec::with_capacity(targets.len());
    for target in targets {
        let since = Instant::now();
        let validation = match look(&mut opened, target).await {
            Ok(found) => found,
            Err(error) => {
                opened.note(&target.connection, &error);
                Validation {
                    connection: target.connection.clone(),
                    table: target.table.clone(),
                    verdict: Verdict::Failed,
                    columns: Vec::new(),
                    differences: Vec::new(),
                    error: Some(*error.fault),
                }
            }
        };
        note(scribe, target, &validation, since).await;
        tables.push(validation);
    }
    ValidationReport {
        differences: tables.iter().map(|table| table.differences.len()).sum(),
        failed: tables.iter().filter(|table| table.verdict == Verdict::Failed).count(),
        tables,
    }
}

async fn look(opened: &mut Opened<'_>, target: &Target) -> Result<Validation, Error> {
    let connector = opened.get(&target.connection).await?;
    let live = connector.structure(&target.table).await?;
    let plan = connector.plan_table(&target.structure, live.as_ref()).await?;
    Ok(compare(target, live.as_ref(), &plan))
}

fn compare(target: &Target, live: Option<&TableStructure>, plan: &TablePlan) -> Validation {
    let mut validation = Validation {
        connection: target.connection.clone(),
        table: target.table.clone(),
        verdict: Verdict::Matches,
        columns: Vec::new(),
        differences: Vec::new(),
        error: None,
    };
    let Some(live) = live else {
        validation.verdict = Verdict::Missing;
        validation.differences = vec![format!("the table `{}` does not exist", target.table)];
        return validation;
    };
    validation.differences = plan.changes.iter().map(|change| change.summary.clone()).collect();
    validation.differences.extend(plan.manual.iter().cloned());
    if !validation.differences.is_empty() {
        validation.verdict = Verdict::Differs;
    }
    let same = |left: &str, right: &str| {
        left == right || (target.database_type.folds_names() && left.to_lowercase() == right.to_lowercase())
    };
    let about = |name: &str| -> Vec<String> {
        let quoted = format!("`{name}`");
        validation.differences.iter().filter(|text| text.contains(&quoted)).cloned().collect()
    };
    let named_live = |name: &str| live.columns.iter().find(|column| same(&column.name, name));
    for wanted in &target.structure.columns {
        let found = named_live(&wanted.name).or_else(|| named_live(wanted.renamed_from.as_deref()?));
        let differences = about(&wanted.name);
        let verdict = match found {
            None => Verdict::Missing,
            Some(_) if differences.is_empty() => Verdict::Matches,
            Some(_) => Verdict::Differs,
        };
        validation.columns.push(ColumnVerdict {
            column: wanted.name.clone(),
            verdict,
            wanted: Some(describe(wanted)),
            live: found.map(describe),
            differences,
        });
    }
    for extra in &live.columns {
        let is_wanted = |name: &str| target.structure.columns.iter().any(|column| same(&column.name, name));
        let goes_on = |column: &data::structure::ColumnStructure| {
            column.renamed_from.as_deref().is_some_and(|from| same(from, &extra.name))
                && named_live(&column.name).is_none()
        };
        if is_wanted(&extra.name) || target.structure.columns.iter().any(goes_on) {
            continue;
        }
        let differences = about(&extra.name);
        // What the connector does not mind (a column the system added by itself) is no difference.
        if differences.is_empty() {
            continue;
        }
        validation.columns.push(ColumnVerdict {
            column: extra.name.clone(),
            verdict: Verdict::Differs,
            wanted: None,
            live: Some(describe(extra)),
            differences,
        });
    }
    validation
}

async fn note(scribe: Scribe<'_>, target: &Target, validation: &Validation, since: Instant) {
    let status = if validation.error.is_some() { TableLogStatus::Failed } else { TableLogStatus::Succeeded };
    let verdict = validation.verdict.as_str();
    let mut entry = scribe.entry(TableLog::Validation, &target.connection, &target.table, verdict);
    entry.parameters = json!({ "differences": validation.differences, "columns": validation.columns.len() });
    let mut operation = scribe.entry(TableLog::Operation, &target.connection, &target.table, "validate");
    operation.parameters = json!({ "verdict": verdict, "differences": validation.differences.len() });
    for entry in [&mut entry, &mut operation] {
        entry.status = status;
        entry.error.clone_from(&validation.error);
        entry.duration_ms = millis(since);
    }
    scribe.journal.record(vec![entry, operation]).await;
}
