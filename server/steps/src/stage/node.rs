//! One step at work within a stage: pulls or gets batches, sends them on, counts.

use crate::edge::{Inbox, Ports};
use crate::kind::{Action, ActionReport, Claim, Flow, Outputs};
use crate::spool::{Remembered, SpoolReader};
use data::{Batch, Checkpoint, Error, Lane, Result, Source};
use engine::ports::{Expansion, Observer};
use meter::Meter;
use model::run::StepMetrics;
use model::{ErrorCode, StepId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a step tells of its progress at most.
const PROGRESS: Duration = Duration::from_millis(300);

/// What a step does in this attempt.
pub(crate) enum Work {
    /// Reads in.
    Source(SourceWork),
    /// Changes batches.
    Flow(Box<dyn Flow>),
    /// Does one thing.
    Action(Box<dyn Action>),
    /// Sends what an earlier attempt kept.
    Replay(SpoolReader),
}

/// A source that stands where it shall start.
pub(crate) struct SourceWork {
    pub(crate) source: Box<dyn Source>,
    /// The number of the batch it yields next.
    pub(crate) next_sequence: u64,
    /// Where batches of these numbers ended in earlier attempts, as sinks know it.
    pub(crate) marks: BTreeMap<u64, Checkpoint>,
}

/// A step within a stage.
pub(crate) struct Node {
    pub(crate) id: StepId,
    pub(crate) work: Work,
    pub(crate) ports: Ports,
    /// The first port of the kind, by which a source's rows leave.
    pub(crate) first_port: String,
    pub(crate) inbox: Option<Inbox>,
    /// Whether it writes somewhere; then it goes on even when nobody reads what it sends.
    pub(crate) is_sink: bool,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) counted: Counted,
    pub(crate) meter: Meter,
}

/// What a step has done so far.
pub(crate) struct Counted {
    started: Instant,
    reported: Instant,
    rows_in: u64,
    bytes: u64,
    busy: Duration,
    /// Rows written, where the step says so itself.
    rows_out: Option<u64>,
    pub(crate) outputs: Map<String, Value>,
    pub(crate) expand: Option<Expansion>,
    /// Rows it says it refused itself.
    rows_rejected: u64,
    /// Whether it stopped because nobody read on.
    pub(crate) abandoned: bool,
}

impl Counted {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            reported: now,
            rows_in: 0,
            bytes: 0,
            busy: Duration::ZERO,
            rows_out: None,
            outputs: Map::new(),
            expand: None,
            rows_rejected: 0,
            abandoned: false,
        }
    }
}

impl Node {
    /// What is counted so far.
    pub(crate) fn metrics(&self) -> StepMetrics {
        self.meter.look_at_memory();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        StepMetrics {
            rows_in: self.counted.rows_in,
            rows_out: self.counted.rows_out.unwrap_or_else(|| self.ports.rows_out()),
            rows_rejected: self.ports.rows_rejected() + self.counted.rows_rejected,
            bytes: self.counted.bytes,
            duration_ms: millis(self.counted.started.elapsed()),
            busy_ms: millis(self.counted.busy),
            cpu_ms: millis(self.meter.spent()),
            peak_memory: self.meter.peak_memory(),
            ports: self.ports.rows_by_port(),
        }
    }

    /// Works until all is done.
    ///
    /// # Errors
    /// Why the step failed.
    pub(crate) async fn drive(&mut self) -> Result<()> {
        self.counted = Counted::new();
        // What is left behind is something that owns nothing, should the work panic.
        let idle = Work::Flow(Box::new(Idle));
        match std::mem::replace(&mut self.work, idle) {
            Work::Source(source) => self.pull(source).await?,
            Work::Flow(flow) => self.push(flow).await?,
            Work::Action(action) => self.act(action).await?,
            Work::Replay(spool) => return self.replay(spool).await,
        }
        self.work_off_spool().await?;
        self.ports.end().await;
        Ok(())
    }

    async fn pull(&mut self, work: SourceWork) -> Result<()> {
        let SourceWork { mut source, next_sequence, marks } = work;
        let lane = Lane::new(self.id.as_str());
        let rejected_schema = source.rejected_schema();
        let mut sequence = next_sequence;
        loop {
            let started = Instant::now();
            let Some(read) = source.next().await? else { break };
            self.counted.busy += started.elapsed();
            if let (Some(mark), Some(checkpoint)) = (marks.get(&sequence), &read.checkpoint)
                && mark != checkpoint
            {
                return Err(self.rows_differ());
            }
            let rejected = read.rejected.as_ref().map_or(0, |rows| rows.num_rows());
            self.counted.rows_in += (read.records.num_rows() + rejected) as u64;
            self.counted.bytes += read.records.get_array_memory_size() as u64;
            let batch = Batch { lane: lane.clone(), sequence, checkpoint: read.checkpoint, records: read.records };
            // A sink of rejected rows must see every number, or its entry would hold the resuming back.
            if let Some(schema) = &rejected_schema {
                let rows = read.rejected.unwrap_or_else(|| arrow::record_batch::RecordBatch::new_empty(schema.clone()));
                Outputs::new(&mut self.ports).send(crate::edge::REJECTED, batch.with_records(rows)).await?;
            }
            let port = self.first_port.clone();
            Outputs::new(&mut self.ports).send(&port, batch).await?;
            sequence += 1;
            self.tell();
            if self.ports.is_abandoned() {
                self.counted.abandoned = true;
                return Ok(());
            }
        }
        if marks.keys().next_back().is_some_and(|last| *last >= sequence) {
            return Err(self.rows_differ());
        }
        Ok(())
    }

    fn rows_differ(&self) -> Error {
        let message =
            format!("the rows that step `{}` reads changed since an earlier attempt wrote some of them", self.id);
        Error::permanent(ErrorCode::ReplayImpossible, message)
            .hint("Start a new run; with mode `upsert` and a key no row is doubled.")
    }

    async fn push(&mut self, mut flow: Box<dyn Flow>) -> Result<()> {
        let mut inbox = self.inbox.take();
        while let Some(inbox) = &mut inbox
            && let Some(batch) = inbox.next().await?
        {
            self.counted.rows_in += batch.records.num_rows() as u64;
            self.counted.bytes += batch.records.get_array_memory_size() as u64;
            let (started, waited) = (Instant::now(), self.ports.waited());
            flow.process(batch, &mut Outputs::new(&mut self.ports)).await?;
            self.counted.busy += started.elapsed().saturating_sub(self.ports.waited() - waited);
            self.counted.rows_out = flow.rows_written();
            self.tell();
            if !self.is_sink && self.ports.is_abandoned() {
                self.counted.abandoned = true;
                return Ok(());
            }
            // A flow that never waits would keep its thread from the others.
            tokio::task::consume_budget().await;
        }
        let (started, waited) = (Instant::now(), self.ports.waited());
        flow.finish(&mut Outputs::new(&mut self.ports)).await?;
        self.counted.busy += started.elapsed().saturating_sub(self.ports.waited() - waited);
        self.counted.rows_out = flow.rows_written();
        self.counted.outputs = flow.outputs();
        Ok(())
    }

    async fn act(&mut self, mut action: Box<dyn Action>) -> Result<()> {
        let started = Instant::now();
        let ActionReport { outputs, rows_in, rows_out, rows_rejected, bytes, expand } =
            action.run(&mut Outputs::new(&mut self.ports)).await?;
        self.counted.busy += started.elapsed();
        self.counted.rows_in = rows_in;
        self.counted.rows_out = (rows_out > 0).then_some(rows_out);
        self.counted.outputs = outputs;
        self.counted.rows_rejected = rows_rejected;
        self.counted.bytes = bytes;
        self.counted.expand = expand;
        Ok(())
    }

    /// Makes kept rows durable, then sends them on.
    async fn work_off_spool(&mut self) -> Result<()> {
        let Some(spool) = self.ports.spool.take() else { return Ok(()) };
        let remembered = Remembered {
            outputs: self.counted.outputs.clone(),
            rows_in: self.counted.rows_in,
            rows_out: self.counted.rows_out,
            ports: self.ports.rows_by_port(),
        };
        let whole = blocking(move || spool.complete(remembered)).await?;
        self.send_kept(whole).await
    }

    async fn replay(&mut self, spool: SpoolReader) -> Result<()> {
        self.inbox = None;
        let remembered = spool.remembered().clone();
        self.counted.rows_in = remembered.rows_in;
        self.counted.rows_out = remembered.rows_out;
        self.counted.outputs = remembered.outputs;
        for (port, rows) in &remembered.ports {
            self.ports.count(port, rows.as_u64().unwrap_or(0));
        }
        self.send_kept(spool).await?;
        self.ports.end().await;
        Ok(())
    }

    async fn send_kept(&mut self, spool: SpoolReader) -> Result<()> {
        for mut stream in blocking(move || spool.streams()).await? {
            loop {
                let (next, rest) = blocking(move || Ok((stream.next()?, stream))).await?;
                stream = rest;
                let Some(batch) = next else { break };
                let port = stream.port.clone();
                self.ports.forward(&port, batch).await;
                self.tell();
                if self.ports.is_abandoned() {
                    self.counted.abandoned = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self) {
        if self.counted.reported.elapsed() >= PROGRESS {
            self.counted.reported = Instant::now();
            self.observer.progress(&self.id, &self.metrics());
        }
    }
}

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match meter::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Error::permanent(ErrorCode::Internal, "work on the spool stopped in the middle")),
    }
}

struct Idle;

#[async_trait::async_trait]
impl Flow for Idle {
    async fn process(&mut self, _: Batch, _: &mut Outputs<'_>) -> Result<()> {
        Ok(())
    }

    async fn claim(&mut self, _: &Lane) -> Result<Claim> {
        Ok(Claim::NotASink)
    }
}
