//! What the four logs about tables keep: creations, column definitions, operations and validations.
//!
//! Whoever changes or checks a table writes entries; `store` keeps them. The logs share one shape and differ in what
//! their `subject` is.

use crate::Fault;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which of the four logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableLog {
    /// Tables that were made; the subject is the kind of table.
    Creation,
    /// Columns as they were defined, one entry for each; the subject is the column.
    Column,
    /// What was done with a table; the subject is the operation's word.
    Operation,
    /// Comparisons of a live table with a document; the subject is the verdict.
    Validation,
}

impl TableLog {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Creation, Self::Column, Self::Operation, Self::Validation];

    /// The word people use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Column => "column",
            Self::Operation => "operation",
            Self::Validation => "validation",
        }
    }

    /// The log that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|log| log.as_str() == word)
    }
}

/// How what an entry tells of ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableLogStatus {
    /// Well.
    Succeeded,
    /// Not.
    Failed,
    /// It was not tried, and `error` says why.
    Skipped,
}

impl TableLogStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Skipped];

    /// The word people use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The status that `word` names.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// One entry of a log about tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableLogEntry {
    /// Which log it belongs to.
    pub log: TableLog,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Who did it: `cli:ana`, `api`, `run_…/stored`.
    pub who: String,
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// What it is about; see [`TableLog`].
    pub subject: String,
    /// How it ended.
    pub status: TableLogStatus,
    /// The statement that was run, or would have been.
    pub ddl: Option<String>,
    /// What else is known, as a JSON object: a column's definition, counted rows, named differences.
    pub parameters: Value,
    /// Why it failed or was skipped.
    pub error: Option<Fault>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// An entry as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableLogRecord {
    /// Grows with every entry of its log; the cursor of a list.
    pub id: i64,
    /// The entry.
    #[serde(flatten)]
    pub entry: TableLogEntry,
}

/// Which entries of a log to list; newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct TableLogFilter {
    /// The log.
    pub log: TableLog,
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only of this table.
    pub table: Option<String>,
    /// Only with this subject.
    pub subject: Option<String>,
    /// Only those that ended so.
    pub status: Option<TableLogStatus>,
    /// Only since then.
    pub since: Option<DateTime<Utc>>,
    /// Only until then, that instant left out.
    pub until: Option<DateTime<Utc>>,
    /// Only those older than this one (the last of the page before).
    pub before: Option<i64>,
    /// How many at most; the store caps it at 500.
    pub limit: u32,
}

impl TableLogFilter {
    /// The newest entries of `log`.
    #[must_use]
    pub fn newest(log: TableLog, limit: u32) -> Self {
        Self {
            log,
            connection: None,
            table: None,
            subject: None,
            status: None,
            since: None,
            until: None,
            before: None,
            limit,
        }
    }
}
