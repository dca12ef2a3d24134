//! A batch on its way through a stage, and the three marks that make a repeat recognizable.

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// How many rows a batch has, about: large enough to amortize per-batch work, small enough to stay in cache.
pub const BATCH_ROWS: usize = 8192;

/// One stream within a stage: all batches of a lane have one schema and one order.
///
/// A source starts a lane named after its step. A step that has several inputs keeps their lanes apart, so that
/// bars, airports and films can pass the same `classify`, and so that how their batches interleave never matters:
/// sequence numbers and ledgers are per lane.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lane(Arc<str>);

impl Lane {
    /// The lane of that name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a source can go on after the batch that carries it; opaque to everyone but that source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checkpoint(pub String);

/// Rows that travel together, with their place in their lane.
///
/// Steps that work batch by batch keep `lane`, `sequence` and `checkpoint` as they are, and send a batch on every
/// port for every batch that came in, an empty one too: so each sink sees each number once and in order.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The lane.
    pub lane: Lane,
    /// Counted from 1 in each lane; the same rows carry the same number in every attempt.
    pub sequence: u64,
    /// Where the source can go on once this batch is durable everywhere; none where it cannot.
    pub checkpoint: Option<Checkpoint>,
    /// The rows; may be none.
    pub records: RecordBatch,
}

impl Batch {
    /// The same place in the lane with other rows.
    #[must_use]
    pub fn with_records(&self, records: RecordBatch) -> Self {
        Self { lane: self.lane.clone(), sequence: self.sequence, checkpoint: self.checkpoint.clone(), records }
    }
}
