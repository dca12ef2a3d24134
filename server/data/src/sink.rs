//! Writing out, exactly once where the system has transactions.

use crate::{Batch, Lane, LedgerEntry, LedgerKey, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What happens to rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Rows are added; a clash of keys is an error.
    #[default]
    Append,
    /// Rows whose key is there are left out.
    InsertIgnore,
    /// Rows whose key is there replace the named columns of the old row.
    Upsert,
    /// Rows whose key is there replace the whole old row; columns not written return to their defaults.
    Replace,
    /// The table is emptied once, before the first row of the run, in the same transaction.
    Truncate,
}

/// How to write into a table.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// Table name, `schema.table` where the system has schemas. For Redis: the key template.
    pub table: String,
    /// What happens to rows that are there already.
    pub mode: Mode,
    /// Columns of the key; needed by `Upsert`, `Replace` and `InsertIgnore` where the table does not exist yet.
    pub key: Vec<String>,
    /// Make the table from the schema of the first batch where it does not exist.
    pub create: bool,
    /// A row that the system refuses is reported in [`Written::refused`] rather than an error.
    pub keep_refused: bool,
    /// Where the sink's own record is kept; none: the write is not repeatable (an ad-hoc query's result).
    pub ledger: Option<LedgerKey>,
    /// Settings only this system knows (Redis: `ttl`, `structure`), already checked.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl WriteOptions {
    /// Options to add rows to `table`, making it where needed.
    #[must_use]
    pub fn append(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            mode: Mode::Append,
            key: Vec::new(),
            create: true,
            keep_refused: false,
            ledger: None,
            extra: serde_json::Map::new(),
        }
    }
}

/// A row the system would not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Index within the batch.
    pub row: usize,
    /// Why, naming column and value.
    pub reason: String,
}

/// What became of one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows the system took (or has from an earlier attempt).
    pub rows: u64,
    /// Whether the ledger said an earlier attempt had written the batch, so that nothing was sent now.
    pub skipped: bool,
    /// Rows it would not take; only with [`WriteOptions::keep_refused`].
    pub refused: Vec<RefusedRow>,
}

/// Keeps rows that a sink would not take, before the rest of their batch is durable.
#[async_trait]
pub trait RefusalKeeper: Send + Sync {
    /// Keeps the refused rows of a batch. May be called again with the same batch by a later attempt.
    ///
    /// # Errors
    /// The batch is not made durable then.
    async fn keep(&self, batch: &Batch, refused: &[RefusedRow]) -> Result<()>;
}

/// An opened sink. Dropping it without [`Sink::finish`] leaves what is durable and rolls back the rest.
#[async_trait]
pub trait Sink: Send {
    /// The statement by which opening the sink made its table; none: the table was there, or the system has none.
    fn made_table(&self) -> Option<&str> {
        None
    }

    /// Claims the ledger line of `lane` for this attempt's fence and tells what is durable from earlier ones.
    ///
    /// Must be called once per lane before its first [`Sink::write`]. `None`: nothing yet.
    ///
    /// # Errors
    /// `lease_lost` when a later attempt has claimed the line.
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>>;

    /// Writes the batch, or skips it where the ledger has its number. May keep it in an open transaction.
    ///
    /// An empty batch moves the ledger without writing rows.
    ///
    /// # Errors
    /// When the system fails, a value cannot be held (and refused rows are not kept), or the lease is lost.
    async fn write(&mut self, batch: &Batch) -> Result<Written>;

    /// As [`Sink::write`]; rows that are refused are handed to `keeper` before the batch is durable, so that a crash in
    /// between loses none. A sink without transactions hands them over right after.
    ///
    /// # Errors
    /// As for [`Sink::write`], and those of the keeper.
    async fn write_keeping(&mut self, batch: &Batch, keeper: &dyn RefusalKeeper) -> Result<Written> {
        let written = self.write(batch).await?;
        if !written.refused.is_empty() {
            keeper.keep(batch, &written.refused).await?;
        }
        Ok(written)
    }

    /// Makes everything written durable. Called after the last batch.
    ///
    /// # Errors
    /// As for [`Sink::write`].
    async fn finish(&mut self) -> Result<()>;
}
