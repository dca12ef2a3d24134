//! Copies one range of rows: a reader's task, a channel, a writer. Nothing is done to a row in between.
//!
//! The target's ledger says how far an earlier attempt came. A table read in key order goes on at its checkpoint; rows that
//! are read by an expression, in key order, are read again and skipped, each batch held against the mark its last row
//! left; rows that come in no order are kept on disk before one is written. A connection that breaks is opened
//! again here, as long as something was achieved since it broke last.

use super::TableJob;
use super::prepare::reading;
use super::spool::Spool;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Connector, Error, Lane, LedgerEntry, LedgerKey, Mode, RefusalKeeper, RefusedRow, Result, Resume,
    Sink, Source, SourceBatch, WriteOptions,
};
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How many times in a row a broken connection is opened again without a batch having been written.
const ATTEMPTS: u32 = 6;
/// Batches that wait between reader and writer.
const WAITING: usize = 4;

/// How a range is copied.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// The line of the target's ledger; none: a break is an error.
    pub ledger: Option<LedgerKey>,
    /// Keep rows that the target refuses, instead of stopping.
    pub keep_refused: bool,
    /// At most so many rows each second.
    pub rate: Option<f64>,
    /// The file that keeps rows which come in no order; none: such rows are refused where there is a ledger.
    pub spool: Option<PathBuf>,
}

/// What was copied so far, earlier attempts included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Rows read.
    pub read: u64,
    /// Rows the target took, or had already where the mode leaves those alone.
    pub written: u64,
    /// Rows it refused.
    pub rejected: u64,
    /// Bytes of Arrow memory.
    pub bytes: u64,
}

/// Hears of a copy while it goes on.
#[async_trait]
pub trait Watcher: Send + Sync {
    /// Another batch is written.
    fn progress(&self, copied: &Copied);

    /// A connection broke and is opened again.
    fn broke(&self, error: &Error) {
        let _ = error;
    }

    /// Rows the target refused, with the reasons; kept before the rest of their batch is durable.
    ///
    /// # Errors
    /// Ends the copy.
    async fn rejected(&self, sequence: u64, records: &RecordBatch, refused: &[RefusedRow]) -> Result<()> {
        let _ = (sequence, records, refused);
        Ok(())
    }

    /// How many rows of the batches up to `sequence` earlier attempts have kept as rejected; `schema` is that of the rows.
    ///
    /// # Errors
    /// Ends the copy.
    async fn rejected_before(&self, sequence: u64, schema: &SchemaRef) -> Result<u64> {
        let _ = (sequence, schema);
        Ok(0)
    }
}

/// Where a batch ended, as the ledger keeps it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Mark {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Checkpoint>,
    /// Of the batch's last row, where the source has no checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    copied: Copied,
}

/// Copies the rows of one range.
///
/// # Errors
/// `value_refused` where the target refuses a row and is to stop then, `replay_impossible` where rows changed since an earlier attempt
/// and cannot be told apart, `lease_lost`, and whatever the systems meet.
pub async fn copy(
    from: &Arc<dyn Connector>,
    to: &Arc<dyn Connector>,
    job: &TableJob,
    range: Option<&str>,
    options: &CopyOptions,
    watcher: &dyn Watcher,
) -> Result<Copied> {
    let (mut failures, mut reached) = (0u32, 0u64);
    loop {
        let mut work =
            Work { from, to, job, range, options, watcher, sequence: 0, copied: Copied::default(), limit: None };
        let error = match work.attempt().await {
            Ok(()) => {
                if let Some(path) = &options.spool {
                    Spool::new(path).delete();
                }
                return Ok(work.copied);
            }
            Err(error) => error,
        };
        if work.sequence > reached {
            (failures, reached) = (0, work.sequence);
        }
        failures += 1;
        if !error.retryable || options.ledger.is_none() || failures > ATTEMPTS {
            return Err(error);
        }
        watcher.broke(&error);
        let pause = Duration::from_millis(200u64 << failures.min(5)).max(error.retry_after.unwrap_or_default());
        tokio::time::sleep(pause).await;
    }
}

struct Work<'a> {
    from: &'a Arc<dyn Connector>,
    to: &'a Arc<dyn Connector>,
    job: &'a TableJob,
    range: Option<&'a str>,
    options: &'a CopyOptions,
    watcher: &'a dyn Watcher,
    /// The last batch that was written.
    sequence: u64,
    copied: Copied,
    /// When the rows written may have been written, by the rate.
    limit: Option<(Instant, u64)>,
}

impl Work<'_> {
    async fn attempt(&mut self) -> Result<()> {
        let reading = reading(self.from.as_ref(), self.to.as_ref(), self.job, self.range).await?;
        let mut opened = Opened::Fresh(self.from.read(reading.options()).await?);
        let is_ordered = !reading.order_by.is_empty();
        if self.options.ledger.is_some() && !is_ordered && opened.resume() == Resume::Nothing {
            let Some(path) = &self.options.spool else {
                let message = "the source has no key, so that its rows cannot be read again in the same order";
                return Err(Error::permanent(ErrorCode::ReplayImpossible, message)
                    .hint("Name the columns that tell its rows apart as the source's `key`."));
            };
            opened = Opened::Kept(Spool::new(path).keep(opened.into_source()).await?);
        }
        let schema = renamed(&opened.schema(), &reading.columns);
        let mut sink = self.to.write(schema.clone(), self.write_options().await?).await?;
        let lane = Lane::new("rows");
        let entry = match self.options.ledger {
            Some(_) => sink.claim(&lane).await?,
            None => None,
        };
        let mark = entry.as_ref().map(mark_of).transpose()?.unwrap_or_default();
        self.copied = mark.copied;
        self.sequence = entry.as_ref().map_or(0, |entry| entry.sequence);
        if self.options.keep_refused && self.sequence > 0 {
            // The mark was written before it was known which rows of its batch are refused.
            self.copied.rejected = self.watcher.rejected_before(self.sequence, &schema).await?;
            self.copied.written = self.copied.read.saturating_sub(self.copied.rejected);
        }
        // Where the reader starts, and how many batches the ledger has already.
        let (source, skipped) = match (&mark.source, opened) {
            (Some(checkpoint), Opened::Fresh(source)) => {
                drop(source);
                let mut options = reading.options();
                options.resume_at = Some(checkpoint.clone());
                (self.from.read(options).await?, 0)
            }
            (_, opened) => (opened.into_source(), self.sequence),
        };
        let first = self.sequence - skipped;
        let mut batches = Reader::start(source);
        let mut number = first;
        while let Some(read) = batches.next().await? {
            number += 1;
            let last = read.checkpoint.is_none().then(|| last_row(&read.records)).transpose()?;
            if number <= self.sequence {
                if number == self.sequence && mark.last != last {
                    return Err(changed());
                }
                continue;
            }
            let mark = Mark { source: read.checkpoint, last, copied: self.copied };
            let records = RecordBatch::try_new(schema.clone(), read.records.columns().to_vec())?;
            self.write(sink.as_mut(), &lane, number, records, mark).await?;
        }
        if number < self.sequence {
            return Err(changed());
        }
        sink.finish().await
    }

    async fn write(
        &mut self,
        sink: &mut dyn Sink,
        lane: &Lane,
        sequence: u64,
        records: RecordBatch,
        mut mark: Mark,
    ) -> Result<()> {
        let rows = records.num_rows() as u64;
        let bytes = records.get_array_memory_size() as u64;
        // What the ledger keeps counts every row as written; rows refused are found out only by writing them.
        mark.copied.read += rows;
        mark.copied.written += rows;
        mark.copied.bytes += bytes;
        let checkpoint = serde_json::to_string(&mark)
            .map_err(|error| Error::permanent(ErrorCode::Internal, format!("a mark cannot be written: {error}")))?;
        let batch = Batch { lane: lane.clone(), sequence, checkpoint: Some(Checkpoint(checkpoint)), records };
        let written = match self.options.keep_refused {
            true => sink.write_keeping(&batch, &Keeping(self.watcher)).await?,
            false => sink.write(&batch).await?,
        };
        self.copied = mark.copied;
        self.sequence = sequence;
        let refused = written.refused.len() as u64;
        self.copied.written -= refused;
        self.copied.rejected += refused;
        self.watcher.progress(&self.copied);
        self.keep_to_rate(rows).await;
        Ok(())
    }

    async fn keep_to_rate(&mut self, rows: u64) {
        let Some(rate) = self.options.rate.filter(|rate| *rate > 0.0) else { return };
        let (began, written) = self.limit.get_or_insert_with(|| (Instant::now(), 0));
        *written += rows;
        #[allow(clippy::cast_precision_loss, reason = "a pause need not be exact")]
        let due = *began + Duration::from_secs_f64(*written as f64 / rate);
        tokio::time::sleep_until(due).await;
    }

    async fn write_options(&self) -> Result<WriteOptions> {
        // The table was emptied once, before the first range.
        let mode = if self.job.mode == Mode::Truncate { Mode::Append } else { self.job.mode };
        let mut key = Vec::new();
        if matches!(mode, Mode::Upsert | Mode::Replace) {
            let info = self.to.find_table(&self.job.table).await?;
            key = info.map(|info| info.key).unwrap_or_default();
            if key.is_empty() {
                let message = format!("the table `{}` has no key, which mode `upsert` needs", self.job.table);
                return Err(Error::permanent(ErrorCode::InvalidValue, message)
                    .hint("Give the table a primary key, or use mode `append` or `truncate`."));
            }
        }
        Ok(WriteOptions {
            table: self.job.table.clone(),
            mode,
            key,
            create: false,
            keep_refused: self.options.keep_refused,
            ledger: self.options.ledger.clone(),
            extra: serde_json::Map::new(),
        })
    }
}

/// Hands refused rows to the watcher.
struct Keeping<'a>(&'a dyn Watcher);

#[async_trait]
impl RefusalKeeper for Keeping<'_> {
    async fn keep(&self, batch: &Batch, refused: &[RefusedRow]) -> Result<()> {
        self.0.rejected(batch.sequence, &batch.records, refused).await
    }
}

enum Opened {
    Fresh(Box<dyn Source>),
    Kept(Box<dyn Source>),
}

impl Opened {
    fn into_source(self) -> Box<dyn Source> {
        match self {
            Self::Fresh(source) | Self::Kept(source) => source,
        }
    }

    fn resume(&self) -> Resume {
        match self {
            Self::Fresh(source) | Self::Kept(source) => source.resume(),
        }
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::Fresh(source) | Self::Kept(source) => source.schema(),
        }
    }
}

fn changed() -> Error {
    Error::permanent(
        ErrorCode::ReplayImpossible,
        "the rows that are read changed since an earlier attempt wrote some of them",
    )
    .hint("Start a new run with mode `truncate` or `upsert`; no row is doubled by these.")
}

fn mark_of(entry: &LedgerEntry) -> Result<Mark> {
    let text = entry.checkpoint.as_ref().map_or("{}", |checkpoint| checkpoint.0.as_str());
    serde_json::from_str(text).map_err(|error| {
        Error::permanent(ErrorCode::ReplayImpossible, format!("the ledger's checkpoint cannot be read: {error}"))
    })
}

/// A number that differs where the batch's last row does.
fn last_row(records: &RecordBatch) -> Result<u64> {
    // FNV-1a: it tells rows apart and protects nothing.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let Some(row) = records.num_rows().checked_sub(1) else { return Ok(hash) };
    let format = FormatOptions::default();
    for column in records.columns() {
        let text = ArrayFormatter::try_new(column.as_ref(), &format)?.value(row).to_string();
        add(u8::from(column.is_null(row)));
        text.bytes().for_each(&mut add);
        add(0);
    }
    Ok(hash)
}

/// The schema with the target's names.
fn renamed(schema: &SchemaRef, columns: &[(String, String)]) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let name = columns.iter().find(|(read, _)| read == field.name()).map_or(field.name(), |(_, target)| target);
        Field::new(name, field.data_type().clone(), true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Reads ahead on a task of its own, which ends when this is dropped.
struct Reader {
    batches: mpsc::Receiver<Result<SourceBatch>>,
}

impl Reader {
    fn start(mut source: Box<dyn Source>) -> Self {
        let (sender, batches) = mpsc::channel(WAITING);
        meter::spawn(async move {
            loop {
                let next = tokio::select! {
                    next = source.next() => next,
                    () = sender.closed() => return,
                };
                let is_end = !matches!(next, Ok(Some(_)));
                if let Some(batch) = next.transpose()
                    && sender.send(batch).await.is_err()
                {
                    return;
                }
                if is_end {
                    return;
                }
            }
        });
        Self { batches }
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        self.batches.recv().await.transpose()
    }
}
