//! What a step kind is: its published record, its extra checks, and how one step of it is opened.
//!
//! One file per kind implements [`StepKind`]; [`crate::catalog`] lists them all. The stage does the rest: it pulls
//! sources, pushes batches through flows along bounded edges, and asks every sink where it stands before it starts.

use crate::trial::Book;
use async_trait::async_trait;
use data::registry::{Connections, Plugins};
use data::{Batch, Lane, LedgerEntry, LedgerKey, Result, Source, Translator};
use engine::ports::{Alerts, Artifacts, Expansion, Gathered, Observer, TableLogs, Watch};
use model::document::Step;
use model::kind::KindInfo;
use model::run::{LogLevel, LogLine};
use model::{Fault, RunId, StepId};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One step kind.
#[async_trait]
pub trait StepKind: Send + Sync {
    /// Name, schema of `with` and ports.
    fn info(&self) -> KindInfo;

    /// Faults of the settings that a JSON Schema cannot see (SQL that does not parse, two rules of one name).
    /// Paths are relative to the step: `with.rules.0.when`. Settings may still hold `${{ }}`.
    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let _ = with;
        Vec::new()
    }

    /// What becomes of a step of this kind where its document is only tried on a sample; see [`Trying`].
    fn trying(&self, step: &Step) -> Trying {
        let _ = step;
        Trying::LeftOut
    }

    /// Opens one step whose settings are rendered.
    ///
    /// # Errors
    /// Whatever makes the step fail before its first row.
    async fn open(&self, context: StepContext) -> Result<Opened>;
}

/// What becomes of a step where its document is only tried: nothing outside may change then, so that a kind that says nothing
/// is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trying {
    /// It works as in a run, on the few rows that sources give then; its targets only count.
    Done,
    /// It does not take part, nor does whatever waits for it.
    LeftOut,
}

/// A step ready to work.
pub enum Opened {
    /// Reads in; its batches leave by the kind's first port, rows it could not read by `rejected`.
    Source(Box<dyn OpenSource>),
    /// Gets batches and sends batches.
    Flow(Box<dyn Flow>),
    /// Does one thing, and may send batches once; they are spooled, since it cannot be repeated.
    Action(Box<dyn Action>),
}

/// A source the stage may open once it knows where the sinks stand.
#[async_trait]
pub trait OpenSource: Send {
    /// Opens it, at a checkpoint where the stage found one.
    ///
    /// # Errors
    /// As for [`data::Connector::read`].
    async fn open(&mut self, resume_at: Option<data::Checkpoint>) -> Result<Box<dyn Source>>;
}

/// A step in the middle or at the end of a stage.
#[async_trait]
pub trait Flow: Send {
    /// Whether what it does with a batch depends on earlier batches of the lane. The source then starts from its
    /// beginning in every attempt, and sinks skip what they have.
    fn is_stateful(&self) -> bool {
        false
    }

    /// Whether the same batches always give the same batches: false where it asks the clock, a random number or the
    /// outside. What it sends is then kept on disk before a sink sees it. Asked after the lane's batch 0.
    fn is_deterministic(&self) -> bool {
        true
    }

    /// For a step that writes: where it stands in the lane. `NotASink` for all others. Asked after the lane's batch 0.
    ///
    /// # Errors
    /// As for [`data::Sink::claim`].
    async fn claim(&mut self, lane: &Lane) -> Result<Claim> {
        let _ = lane;
        Ok(Claim::NotASink)
    }

    /// For a step that writes: entries beyond the smallest, one for each of its sinks that is further.
    fn further_entries(&self) -> Vec<LedgerEntry> {
        Vec::new()
    }

    /// Works on one batch. Sends exactly one batch (it may be empty) of the same lane and sequence on every port that
    /// keeps the batch's place; see [`Batch`].
    ///
    /// The first batch of each lane is numbered 0 and has no rows: it comes before the stage decides where its sources
    /// start, so that everyone learns the lane's schema. Compile, open and claim then, write nothing, and send it on.
    ///
    /// # Errors
    /// Whatever makes the step fail.
    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()>;

    /// Works off what is left after the last batch of all lanes; makes writes durable.
    ///
    /// # Errors
    /// Whatever makes the step fail.
    async fn finish(&mut self, out: &mut Outputs<'_>) -> Result<()> {
        let _ = out;
        Ok(())
    }

    /// Rows its sinks took so far, for the step's metrics; none: it does not write.
    fn rows_written(&self) -> Option<u64> {
        None
    }

    /// Values for later steps' expressions, asked for after [`Flow::finish`].
    fn outputs(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// Where a writing step stands in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It does not write.
    NotASink,
    /// Nothing of the lane is durable yet.
    Fresh,
    /// Everything up to here is durable in *all* its sinks.
    At(LedgerEntry),
}

/// A step that does one thing.
#[async_trait]
pub trait Action: Send {
    /// Does it; the answer becomes the step's outputs. A key `differences`, `rows`, … should be among the kind's `outputs`.
    ///
    /// # Errors
    /// Whatever makes the step fail.
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport>;
}

/// What an action leaves behind.
#[derive(Debug, Clone, Default)]
pub struct ActionReport {
    /// Values for later steps' expressions.
    pub outputs: Map<String, Value>,
    /// Rows read, for the step's metrics.
    pub rows_in: u64,
    /// Rows written or found, for the step's metrics.
    pub rows_out: u64,
    /// Rows it refused and kept elsewhere, for the step's metrics.
    pub rows_rejected: u64,
    /// Bytes of Arrow memory that went through it, for the step's metrics.
    pub bytes: u64,
    /// For an expanding step: what its chunks are about.
    pub expand: Option<Expansion>,
}

/// What of a step is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Part {
    /// All of it; or, for a step that expands, what comes before its chunks.
    #[default]
    Whole,
    /// One chunk of the step's own kind: the item it is about. Its number is [`StepContext::chunk`].
    Chunk(Value),
    /// What comes after the last chunk.
    Finish(Box<Gathered>),
}

/// Where a step's batches leave; implemented by the stage's bounded edges.
pub struct Outputs<'a> {
    port: &'a mut dyn PortSender,
}

/// Sends a batch out by a port, waiting while the edge is full.
#[async_trait]
pub trait PortSender: Send {
    /// Sends; a port that no edge leaves drops the batch and only counts its rows.
    ///
    /// # Errors
    /// When the stage is stopping.
    async fn send(&mut self, port: &str, batch: Batch) -> Result<()>;
}

impl<'a> Outputs<'a> {
    /// Outputs that send by `port`.
    pub fn new(port: &'a mut dyn PortSender) -> Self {
        Self { port }
    }

    /// Sends `batch` out by the port called `port`.
    ///
    /// # Errors
    /// When the stage is stopping.
    pub async fn send(&mut self, port: &str, batch: Batch) -> Result<()> {
        self.port.send(port, batch).await
    }
}

/// What a step may know and reach while it is opened and works.
#[derive(Clone)]
pub struct StepContext {
    /// The step, its settings rendered.
    pub step: Step,
    /// The run.
    pub run: RunId,
    /// Number of this attempt, counted from 1.
    pub attempt: u32,
    /// Fencing number of the lease.
    pub fence: i64,
    /// Number of the chunk, for the ledger; none outside chunks.
    pub chunk: Option<u32>,
    /// What of the step is to be done; anything but all of it only where the step's own action expanded.
    pub part: Part,
    /// The `foreach` that the step is nested in.
    pub scope: Option<StepId>,
    /// Values for expressions: `inputs`, `steps`, `run`, `trigger`, and `item` within `foreach`.
    pub values: Value,
    /// Connections and channels by name.
    pub connections: Arc<dyn Connections>,
    /// Installed plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Turns SQL of one dialect into another's.
    pub translator: Arc<dyn Translator>,
    /// What is kept about tables.
    pub table_logs: Arc<dyn TableLogs>,
    /// Where small files stay with the run.
    pub artifacts: Arc<dyn Artifacts>,
    /// The folder that relative paths start from and no path may leave.
    pub files: PathBuf,
    /// The server's data folder; backups lie below `backups/` in it.
    pub data_dir: PathBuf,
    /// What watching steps keep: anomalies, backups, inspections.
    pub watch: Arc<dyn Watch>,
    /// Where alerts are raised.
    pub alerts: Arc<dyn Alerts>,
    /// Fires when the step must stop.
    pub cancel: CancellationToken,
    /// Where log lines go.
    pub observer: Arc<dyn Observer>,
    /// Where the document is only tried: who takes the rows instead of their targets.
    pub trial: Option<Arc<Book>>,
}

impl StepContext {
    /// Names the ledger line of a sink of this step; `part` tells several sinks of one step apart, else is empty.
    #[must_use]
    pub fn ledger_key(&self, part: &str) -> LedgerKey {
        let mut task = match &self.scope {
            Some(scope) => format!("{}/{scope}.{}", self.run, self.step.id),
            None => format!("{}/{}", self.run, self.step.id),
        };
        if let Some(chunk) = self.chunk {
            task.push_str(&format!("/{chunk}"));
        }
        if !part.is_empty() {
            task.push('#');
            task.push_str(part);
        }
        LedgerKey { task, fence: self.fence }
    }

    /// Whether the step's action may expand into chunks of its own: not where it is nested in a `foreach`, nor in a chunk.
    #[must_use]
    pub fn may_expand(&self) -> bool {
        self.scope.is_none() && self.part == Part::Whole && self.trial.is_none()
    }

    /// Who the step is, in the logs about tables: `run_…/stored`.
    #[must_use]
    pub fn who(&self) -> String {
        match &self.scope {
            Some(scope) => format!("{}/{scope}.{}", self.run, self.step.id),
            None => format!("{}/{}", self.run, self.step.id),
        }
    }

    /// Writes a line to the run's log.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.observer.log(LogLine {
            at: chrono::Utc::now(),
            step: Some(self.step.id.clone()),
            level,
            message: message.into(),
        });
    }
}
