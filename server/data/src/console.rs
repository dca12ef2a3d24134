//! What the SQL console asks of a connector.
//!
//! Reading only unless [`ConsoleRequest::write`] says otherwise, and that in five layers of which a connector keeps the
//! last four itself: the statement parsed against a list of what may be asked, a role that may only read where one is
//! given, a read-only transaction over a protocol that takes one statement, limits of time, rows and bytes, and a session
//! that is closed or wholly reset afterwards, in a pool of its own.

use crate::Result;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
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
    /// Rows at most; what is beyond is left out and said so.
    pub rows: u64,
    /// Bytes of values at most, about.
    pub bytes: u64,
    /// How long it may take.
    pub time: Duration,
}

impl Default for ConsoleLimits {
    /// 1,000 rows, 16 MiB, 30 s.
    fn default() -> Self {
        Self { rows: 1_000, bytes: 16 << 20, time: Duration::from_secs(30) }
    }
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
