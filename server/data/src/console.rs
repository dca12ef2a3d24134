//! What the SQL console asks of a connector.
//!
//! Reading only unless [`ConsoleRequest::write`] says otherwise, and that in five layers of which a connector keeps the
//! last four itself: the statement parsed against a list of what may be asked, a role that may only read where one is
//! given, a read-only transaction over a protocol that takes one statement, limits of time, rows and bytes, and a session
//! that is closed or wholly reset afterwards, in a pool of its own.

use crate::Result;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use model::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One statement to run.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsoleRequest {
    /// The statement, as typed.
    pub sql: String,
    /// Values for its placeholders (`$1`, `?`), in order.
    pub params: Vec<serde_json::Value>,
    /// Whether it may change anything: both the caller's role and the connection allow it.
    pub write: bool,
    /// Where it stops.
    pub limits: ConsoleLimits,
}

/// Where a statement stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleLimits {
    /// Rows at most; what is beyond is left out and said so. [`u64::MAX`]: all.
    pub rows: u64,
    /// Bytes of values held at a time, about: of the whole page, which ends there; of one row of a stream, where a larger
    /// one is an error.
    pub bytes: u64,
    /// How long it may take, up to the moment its last row was taken.
    pub time: Duration,
}

impl Default for ConsoleLimits {
    /// 1,000 rows, 16 MiB, 30 s.
    fn default() -> Self {
        Self { rows: 1_000, bytes: 16 << 20, time: Duration::from_secs(30) }
    }
}

/// How the rows of a statement are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleForm {
    /// All of them before the first is handed on, so that a column may still become text when one of the last values fits
    /// no other type.
    Page,
    /// As they come, a few batches ahead of whoever takes them at most. A statement that writes is a page all the same.
    Stream,
}

/// The rows of a running statement. Dropping it before the end cancels the statement in the system too.
#[async_trait]
pub trait ConsoleRows: Send {
    /// Names and types of the columns, the same for every batch; none for a statement that answers no rows.
    fn schema(&self) -> SchemaRef;

    /// The types as the system spells them, one for each column.
    fn native_types(&self) -> &[String];

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// As for [`crate::Connector::console`]; what came before is then only a part.
    async fn next(&mut self) -> Result<Option<RecordBatch>>;

    /// How it ended; it is known once [`ConsoleRows::next`] has told the end.
    fn end(&self) -> ConsoleEnd;
}

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConsoleEnd {
    /// Whether there were more rows than the limits let through.
    pub truncated: bool,
    /// Rows that a writing statement touched.
    pub affected: Option<u64>,
}

/// What a statement answered.
#[derive(Debug, Clone)]
pub struct ConsoleAnswer {
    /// Names and types of the columns; empty for a statement that answers none.
    pub schema: SchemaRef,
    /// The types as the system spells them, one for each column.
    pub native_types: Vec<String>,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Whether there were more rows than the limits let through.
    pub truncated: bool,
    /// Rows that a writing statement touched.
    pub affected: Option<u64>,
}

impl ConsoleAnswer {
    /// All that is still to come.
    ///
    /// # Errors
    /// As for [`ConsoleRows::next`].
    pub async fn gather(mut rows: Box<dyn ConsoleRows>) -> Result<Self> {
        let mut batches = Vec::new();
        while let Some(batch) = rows.next().await? {
            batches.push(batch);
        }
        let ConsoleEnd { truncated, affected } = rows.end();
        Ok(Self { schema: rows.schema(), native_types: rows.native_types().to_vec(), batches, truncated, affected })
    }
}

/// What can be said of a statement without running it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatementCheck {
    /// What it does.
    pub effect: Effect,
    /// Tables it names, as written.
    pub tables: Vec<String>,
    /// Columns it names, as written; `*` where it asks for all.
    pub columns: Vec<String>,
    /// Why the read-only console refuses it; none: it is allowed.
    pub refusal: Option<String>,
    /// Why it cannot be run at all: it does not parse (with line and column), or the system refuses it.
    pub fault: Option<Fault>,
    /// What the system expects it to cost; none where it was not asked or cannot say.
    pub estimate: Option<Estimate>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Only reads.
    Read,
    /// Changes rows.
    Write,
    /// Changes tables, rights or settings.
    Define,
    /// Cannot be told; treated as the worst.
    Unknown,
}

/// What a system expects a statement to cost, by its own EXPLAIN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Rows it expects to answer.
    pub rows: Option<f64>,
    /// Cost in the system's own unit.
    pub cost: Option<f64>,
    /// The plan, as the system tells it.
    pub plan: String,
}

/// Refuses what a statement's check refuses.
///
/// # Errors
/// The check's own fault, or `statement_not_allowed` with the reason where it may not write.
pub fn require_allowed(check: &StatementCheck, write: bool) -> Result<()> {
    if let Some(fault) = &check.fault {
        return Err(fault.clone().into());
    }
    match &check.refusal {
        Some(reason) if !write => Err(not_allowed(reason)),
        _ => Ok(()),
    }
}

/// The statement is not allowed, and why.
#[must_use]
pub fn not_allowed(reason: &str) -> crate::Error {
    crate::Error::permanent(
        model::ErrorCode::StatementNotAllowed,
        format!("the statement is not allowed here: {reason}"),
    )
    .hint("The console only reads, unless both your role and the connection allow writing.")
}
