//! Where what is done with tables is written down. The logs themselves are kept elsewhere; here entries are made.

use super::document::describe;
use super::target::Target;
use async_trait::async_trait;
use chrono::Utc;
use data::structure::{TableKind, TableStructure};
use model::{Fault, TableLog, TableLogEntry, TableLogStatus};
use serde_json::{Value, json};
use std::time::Instant;

/// Keeps entries. A journal that cannot be written does not stop the work; whoever implements it says so.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Keeps the entries.
    async fn record(&self, entries: Vec<TableLogEntry>);
}

/// A journal that forgets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

#[async_trait]
impl Journal for Nowhere {
    async fn record(&self, _: Vec<TableLogEntry>) {}
}

/// Which table an entry is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// What the system is called: `PostgreSQL`.
    pub(crate) database_type: &'a str,
    /// The connection.
    pub(crate) connection: &'a str,
    /// The table, as the connection names it.
    pub(crate) table: &'a str,
}

/// Who works on tables, and where it is written down.
#[derive(Clone, Copy)]
pub struct Scribe<'a> {
    /// Who: `cli:ana`, `api`, `run_…/stored`.
    pub who: &'a str,
    /// Where.
    pub journal: &'a dyn Journal,
}

impl Scribe<'_> {
    /// An entry about `table`; what is not said here is filled in by the caller.
    pub(crate) fn entry(&self, log: TableLog, connection: &str, table: &str, subject: &str) -> TableLogEntry {
        TableLogEntry {
            log,
            at: Utc::now(),
            who: self.who.to_owned(),
            connection: connection.to_owned(),
            table: table.to_owned(),
            subject: subject.to_owned(),
            status: TableLogStatus::Succeeded,
            ddl: None,
            parameters: json!({}),
            error: None,
            duration_ms: 0,
        }
    }

    /// Notes an operation: one statement, or one thing that was not done.
    pub(crate) async fn operation(&self, target: &Target, operation: Operation<'_>) {
        let mut entry = self.entry(TableLog::Operation, &target.connection, &target.table, operation.word);
        entry.ddl = operation.ddl.map(str::to_owned);
        entry.parameters = operation.parameters;
        entry.duration_ms = millis(operation.since);
        entry.status = operation.status;
        entry.error = operation.error.cloned();
        self.journal.record(vec![entry]).await;
    }

    /// Notes how the creation of a table of `kind` ended, and its columns as they were defined.
    pub(crate) async fn creation(&self, target: &Target, kind: &str, ddl: &str, since: Instant, error: Option<&Fault>) {
        let status = if error.is_some() { TableLogStatus::Failed } else { TableLogStatus::Succeeded };
        let mut entries = self.creation_entries(target.place(), kind, &target.structure);
        for entry in &mut entries {
            entry.status = status;
            entry.error = error.cloned();
            entry.duration_ms = millis(since);
        }
        entries[0].ddl = Some(ddl.to_owned());
        self.journal.record(entries).await;
    }

    /// Notes a table that a write made with `ddl`, because it was missing.
    pub(crate) async fn made(&self, place: Place<'_>, structure: &TableStructure, ddl: &str) {
        let mut entries = self.creation_entries(place, kind_word(&structure.kind), structure);
        let mut operation = self.entry(TableLog::Operation, place.connection, place.table, "create");
        operation.parameters = json!({ "summary": format!("create table `{}` for the rows of a step", place.table) });
        for entry in [&mut entries[0], &mut operation] {
            entry.ddl = Some(ddl.to_owned());
        }
        entries.push(operation);
        self.journal.record(entries).await;
    }

    /// One entry for the table, and one for each of its columns.
    fn creation_entries(&self, place: Place<'_>, kind: &str, structure: &TableStructure) -> Vec<TableLogEntry> {
        let mut entry = self.entry(TableLog::Creation, place.connection, place.table, kind);
        entry.parameters = json!({
            "database_type": place.database_type,
            "columns": structure.columns.len(),
            "primary_key": structure.primary_key,
            "options": structure.options,
        });
        let mut entries = vec![entry];
        entries.extend(self.columns(place, structure));
        entries
    }

    /// An entry for each column of `structure`.
    pub(crate) fn columns(&self, place: Place<'_>, structure: &TableStructure) -> Vec<TableLogEntry> {
        let columns = structure.columns.iter().enumerate();
        columns
            .map(|(position, column)| {
                let mut entry = self.entry(TableLog::Column, place.connection, place.table, &column.name);
                entry.parameters = json!({
                    "position": position + 1,
                    "definition": describe(column),
                    "type": column.native_type,
                    "nullable": column.nullable,
                    "default": column.default,
                    "primary_key": structure.primary_key.contains(&column.name),
                    "is_tag": column.is_tag,
                    "comment": column.comment,
                });
                entry
            })
            .collect()
    }
}

/// What an entry of the log of operations says.
pub(crate) struct Operation<'a> {
    pub(crate) word: &'a str,
    pub(crate) ddl: Option<&'a str>,
    pub(crate) parameters: Value,
    pub(crate) since: Instant,
    pub(crate) status: TableLogStatus,
    pub(crate) error: Option<&'a Fault>,
}

/// The kind of table in one word.
pub(crate) fn kind_word(kind: &TableKind) -> &'static str {
    match kind {
        TableKind::Plain => "table",
        TableKind::View => "view",
        TableKind::Hypertable { .. } => "hypertable",
        TableKind::SuperTable => "supertable",
        TableKind::SubTable { .. } => "subtable",
    }
}

/// Milliseconds since then.
pub(crate) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
