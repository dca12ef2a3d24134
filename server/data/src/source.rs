//! Reading in.

use crate::{Checkpoint, Result};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;

/// What a source can promise a second attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Opened again from the start, it yields the same rows in the same batches (a file).
    Replay,
    /// Opened at a checkpoint it goes on with the next row (a table read in key order), but a fresh start may differ.
    Checkpoint,
    /// Neither (a plain HTTP answer): the stage must spool what it reads before a sink sees it.
    Nothing,
}

/// Rows from a source, and where it can go on after them.
#[derive(Debug, Clone)]
pub struct SourceBatch {
    /// At least one row, except for a source that has none at all.
    pub records: RecordBatch,
    /// Given back to the opener after a restart.
    pub checkpoint: Option<Checkpoint>,
    /// Rows that could not be read as the schema says: their values as text, then `_line`, `_rule` and `_reason`.
    pub rejected: Option<RecordBatch>,
}

/// An opened source. Dropping it ends the reading and gives its connection back or closes it.
#[async_trait]
pub trait Source: Send {
    /// Names and types of the columns, the same for every batch.
    fn schema(&self) -> SchemaRef;

    /// Names and types of [`SourceBatch::rejected`]; none where the source never rejects rows.
    fn rejected_schema(&self) -> Option<SchemaRef> {
        None
    }

    /// What a second attempt may count on.
    fn resume(&self) -> Resume;

    /// The next rows, or `None` at the end.
    ///
    /// # Errors
    /// When the system fails or a value cannot be read; the source is then finished.
    async fn next(&mut self) -> Result<Option<SourceBatch>>;
}

/// A source over batches already in memory; replayable. For tests, inline rows and small answers.
pub struct MemorySource {
    schema: SchemaRef,
    batches: std::vec::IntoIter<RecordBatch>,
}

impl MemorySource {
    /// A source that yields `batches`, all of `schema`.
    #[must_use]
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches: batches.into_iter() }
    }
}

#[async_trait]
impl Source for MemorySource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        Resume::Replay
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        Ok(self.batches.next().map(|records| SourceBatch { records, checkpoint: None, rejected: None }))
    }
}
