//! Trying a document on a sample: what leaves each port, what each target would have got, and what the steps logged.
//!
//! Steps work as in a run, but sources stop after a few rows and targets only count. [`Runner::try_out`](crate::Runner::try_out)
//! does it; a [`Book`] is what it shows the steps.

use crate::kind::StepContext;
use crate::pin::Pins;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Lane, LedgerEntry, Mode, Result, Resume, Sink, Source, SourceBatch, Written};
use engine::ports::{Observer, StepReport};
use model::run::{LogLine, StepMetrics, StepRun};
use model::{ErrorCode, Fault, StepId, StepStatus};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many log lines a trial keeps.
const LINES: usize = 500;

/// What is tried, and on how much.
#[derive(Debug, Clone)]
pub struct TrialRequest {
    /// The last step; it and all that it gets rows from or waits for are tried. None: all steps.
    pub up_to: Option<StepId>,
    /// How many rows each source gives, and how many of each port are kept.
    pub rows: usize,
    /// Values of the document's inputs.
    pub inputs: Map<String, Value>,
    /// Steps that give these rows instead of doing their work; what only they would need is left alone.
    pub pins: Pins,
    /// After this time the trial ends with what it has.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// How the steps fared, in the order of the document's plan; those left out are skipped, with the reason.
    pub steps: Vec<StepRun>,
    /// What left each port, in the order in which the first rows left.
    pub ports: Vec<PortSample>,
    /// What targets would have got.
    pub targets: Vec<WouldWrite>,
    /// What the steps logged, at most 500 lines.
    pub logs: Vec<LogLine>,
    /// Whether the time was over before all was done.
    pub timed_out: bool,
}

/// What left a port.
#[derive(Debug, Clone)]
pub struct PortSample {
    /// The step.
    pub step: StepId,
    /// The port.
    pub port: String,
    /// The columns of the first batch.
    pub schema: SchemaRef,
    /// How many rows left in all.
    pub rows: u64,
    /// The first of them.
    pub kept: Vec<RecordBatch>,
}

/// Where rows would go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The connection, where it is a table.
    pub connection: Option<String>,
    /// The sink plugin, where it is none.
    pub plugin: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// How the table would be written.
    pub mode: Option<Mode>,
}

/// What a target would have got.
#[derive(Debug, Clone)]
pub struct WouldWrite {
    /// The step.
    pub step: StepId,
    /// Where rows would go.
    pub place: Place,
    /// How many.
    pub rows: u64,
    /// Whether the table would be made; none where that is not known.
    pub makes_table: Option<bool>,
    /// Columns of the rows that the table has not.
    pub missing_columns: Vec<String>,
}

/// What the steps of a trial tell.
#[derive(Debug)]
pub struct Book {
    rows: usize,
    ports: Mutex<Vec<PortSample>>,
    targets: Mutex<Vec<WouldWrite>>,
    logs: Mutex<Vec<LogLine>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows, ports: Mutex::default(), targets: Mutex::default(), logs: Mutex::default() }
    }

    /// A batch leaves a step by a port.
    pub(crate) fn show(&self, step: &StepId, port: &str, records: &RecordBatch) {
        let mut ports = lock(&self.ports);
        let known = ports.iter().position(|sample| &sample.step == step && sample.port == port);
        let place = known.unwrap_or_else(|| {
            let (step, port, schema) = (step.clone(), port.to_owned(), records.schema());
            ports.push(PortSample { step, port, schema, rows: 0, kept: Vec::new() });
            ports.len() - 1
        });
        let sample = &mut ports[place];
        sample.rows += records.num_rows() as u64;
        let kept: usize = sample.kept.iter().map(RecordBatch::num_rows).sum();
        let room = self.rows.saturating_sub(kept).min(records.num_rows());
        // Lanes may differ in their columns; one table has one header.
        if room > 0 && sample.schema == records.schema() {
            sample.kept.push(records.slice(0, room));
        }
    }

    /// The stand-in of a target. The table is looked at, and neither made nor written.
    pub(crate) async fn sink(
        self: &Arc<Self>,
        context: &StepContext,
        place: Place,
        schema: &SchemaRef,
    ) -> Result<Box<dyn Sink>> {
        let (mut makes_table, mut missing_columns) = (None, Vec::new());
        if let (Some(connection), Some(table)) = (&place.connection, &place.table) {
            let connector = context.connections.get(connection).await?;
            if connector.abilities().introspect {
                let info = connector.find_table(table).await?;
                makes_table = Some(info.is_none());
                let lacks = |name: &str| {
                    info.as_ref().is_some_and(|info| info.columns.iter().all(|column| column.name != name))
                };
                missing_columns = schema.fields().iter().map(|field| field.name().clone()).collect();
                missing_columns.retain(|name| lacks(name));
            }
        }
        let mut targets = lock(&self.targets);
        let at = targets.len();
        targets.push(WouldWrite { step: context.step.id.clone(), place, rows: 0, makes_table, missing_columns });
        Ok(Box::new(Counting { book: self.clone(), at }))
    }

    /// What was told so far.
    pub(crate) fn close(&self) -> Trial {
        let mut targets = std::mem::take(&mut *lock(&self.targets));
        // A target has a stand-in for each schema that reaches it.
        let mut merged: Vec<WouldWrite> = Vec::with_capacity(targets.len());
        for target in targets.drain(..) {
            match merged.iter_mut().find(|known| known.step == target.step && known.place == target.place) {
                Some(known) => {
                    known.rows += target.rows;
                    known.missing_columns.extend(target.missing_columns);
                    known.missing_columns.sort();
                    known.missing_columns.dedup();
                }
                None => merged.push(target),
            }
        }
        let (ports, logs) = (std::mem::take(&mut *lock(&self.ports)), std::mem::take(&mut *lock(&self.logs)));
        Trial { steps: Vec::new(), ports, targets: merged, logs, timed_out: false }
    }
}

impl Observer for Book {
    fn log(&self, line: LogLine) {
        let mut logs = lock(&self.logs);
        if logs.len() < LINES {
            logs.push(line);
        }
    }

    fn progress(&self, _: &StepId, _: &StepMetrics) {}
}

/// Takes rows and counts them.
struct Counting {
    book: Arc<Book>,
    at: usize,
}

#[async_trait]
impl Sink for Counting {
    async fn claim(&mut self, _: &Lane) -> Result<Option<LedgerEntry>> {
        Ok(None)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if let Some(target) = lock(&self.book.targets).get_mut(self.at) {
            target.rows += rows;
        }
        Ok(Written { rows, skipped: false, refused: Vec::new() })
    }

    async fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The first rows of a source.
pub(crate) struct Limited {
    pub(crate) source: Box<dyn Source>,
    pub(crate) left: usize,
}

#[async_trait]
impl Source for Limited {
    fn schema(&self) -> SchemaRef {
        self.source.schema()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        self.source.rejected_schema()
    }

    fn resume(&self) -> Resume {
        self.source.resume()
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if self.left == 0 {
            return Ok(None);
        }
        let Some(mut batch) = self.source.next().await? else { return Ok(None) };
        let rows = batch.records.num_rows().min(self.left);
        batch.records = batch.records.slice(0, rows);
        if let Some(rejected) = &mut batch.rejected {
            *rejected = rejected.slice(0, rejected.num_rows().min(self.left));
        }
        // A source of which every row is unreadable ends, too.
        self.left -= rows.max(usize::from(rows == 0));
        Ok(Some(batch))
    }
}

/// Opens the first rows of a source.
pub(crate) struct OpenLimited {
    pub(crate) opener: Box<dyn crate::kind::OpenSource>,
    pub(crate) rows: usize,
}

#[async_trait]
impl crate::kind::OpenSource for OpenLimited {
    async fn open(&mut self, resume_at: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        let source = self.opener.open(resume_at).await?;
        Ok(Box::new(Limited { source, left: self.rows }))
    }
}

/// What is known of a step that took part.
pub(crate) fn took_part(report: StepReport) -> StepRun {
    StepRun {
        id: report.step,
        attempts: u32::from(report.status != StepStatus::Skipped),
        status: report.status,
        outputs: report.outputs,
        metrics: report.metrics,
        error: report.error,
        started_at: None,
        finished_at: None,
    }
}

/// What is known of a step that did not.
pub(crate) fn left_out(step: &StepId, why: String) -> StepRun {
    let fault = Fault::new(ErrorCode::Unsupported, why);
    took_part(StepReport { status: StepStatus::Skipped, error: Some(fault), ..StepReport::succeeded(step.clone()) })
}
