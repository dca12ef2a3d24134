//! Hears of a copy while it goes on: tells progress, and keeps rows that the target refuses, each once.

use super::parts::Migration;
use crate::rejected::{Refusal, rejected_rows, rejected_schema};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Connector, Error, Lane, LedgerKey, RefusedRow, Result, Sink, WriteOptions};
use model::run::{LogLevel, StepMetrics};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use transfer::migrate::{Copied, Watcher};

/// How often progress is told at most.
const PROGRESS: Duration = Duration::from_millis(300);

/// Hears of a copy, and keeps what the target refuses.
pub(super) struct Watching<'a> {
    migration: &'a Migration,
    to: Arc<dyn Connector>,
    /// The source's name of the table, and the target's.
    names: (&'a str, &'a str),
    /// The line of the ledger beside the rejected rows; none: the copy has none either.
    rejected: Option<LedgerKey>,
    told: Mutex<Instant>,
}

/// What the ledger beside the rejected rows says of a batch.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct RejectedMark {
    /// Rows rejected so far, this batch's with them.
    all: u64,
    /// This batch's.
    own: u64,
}

impl<'a> Watching<'a> {
    pub(super) fn new(
        migration: &'a Migration,
        to: Arc<dyn Connector>,
        names: (&'a str, &'a str),
        rejected: Option<LedgerKey>,
    ) -> Self {
        Self { migration, to, names, rejected, told: Mutex::new(Instant::now()) }
    }

    async fn place(&self) -> Result<(Arc<dyn Connector>, String)> {
        let settings = &self.migration.settings;
        let beside = || format!("{}_rejected", self.names.1);
        Ok(match &settings.rejected {
            Some(told) => (
                self.migration.context.connections.get(&told.connection).await?,
                told.table.clone().unwrap_or_else(beside),
            ),
            None => (self.to.clone(), beside()),
        })
    }

    /// The sink for rejected rows of `schema`, and what it has already.
    async fn sink(
        &self,
        place: (&dyn Connector, &str),
        schema: SchemaRef,
    ) -> Result<(Box<dyn Sink>, Option<(u64, RejectedMark)>)> {
        let options = WriteOptions { ledger: self.rejected.clone(), ..WriteOptions::append(place.1) };
        let mut sink = place.0.write(schema, options).await?;
        let entry = match &self.rejected {
            Some(_) => sink.claim(&Lane::new("rejected")).await?,
            None => None,
        };
        let known = entry.map(|entry| {
            let mark = entry.checkpoint.and_then(|mark| serde_json::from_str(&mark.0).ok()).unwrap_or_default();
            (entry.sequence, mark)
        });
        Ok((sink, known))
    }
}

#[async_trait]
impl Watcher for Watching<'_> {
    fn progress(&self, copied: &Copied) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if self.rejected.is_some() && told.elapsed() >= PROGRESS {
            *told = Instant::now();
            let metrics = StepMetrics {
                rows_in: copied.read,
                rows_out: copied.written,
                rows_rejected: copied.rejected,
                bytes: copied.bytes,
                ..StepMetrics::default()
            };
            let context = &self.migration.context;
            context.observer.progress(&context.step.id, &metrics);
        }
    }

    fn broke(&self, error: &Error) {
        let message = format!("`{}`: {error}; going on where it broke", self.names.0);
        self.migration.context.log(LogLevel::Warn, message);
    }

    async fn rejected(&self, sequence: u64, records: &RecordBatch, refused: &[RefusedRow]) -> Result<()> {
        let (connector, table) = self.place().await?;
        let refusals: Vec<Refusal> = refused
            .iter()
            .map(|refused| Refusal { row: refused.row, rule: "migrate".to_owned(), reason: refused.reason.clone() })
            .collect();
        let schema = rejected_schema(&records.schema());
        let records = rejected_rows(records, &schema, &refusals)?;
        let (mut sink, known) = self.sink((connector.as_ref(), &table), schema).await?;
        let own = refused.len() as u64;
        let mark = RejectedMark { all: known.map_or(0, |(_, mark)| mark.all) + own, own };
        let checkpoint = Some(Checkpoint(json!(mark).to_string()));
        // An attempt before this one may have kept the batch and been cut off right after; it is skipped then.
        sink.write(&Batch { lane: Lane::new("rejected"), sequence, checkpoint, records }).await?;
        sink.finish().await
    }

    async fn rejected_before(&self, sequence: u64, schema: &SchemaRef) -> Result<u64> {
        let (connector, table) = self.place().await?;
        if connector.find_table(&table).await?.is_none() {
            return Ok(0);
        }
        let (mut sink, known) = self.sink((connector.as_ref(), &table), rejected_schema(schema)).await?;
        sink.finish().await?;
        Ok(match known {
            Some((kept, mark)) if kept > sequence => mark.all.saturating_sub(mark.own),
            Some((_, mark)) => mark.all,
            None => 0,
        })
    }
}
