//! What the engine needs from the world: a store for runs, a way to wake workers, somebody to run tasks, a clock.
//!
//! `store` implements [`RunStore`] on SQLite and PostgreSQL and [`Dispatch`] in memory and on Redis; `steps`
//! implements [`TaskRunner`]; [`crate::testing`] has an in-memory store and a manual clock.

use crate::alerts::Template;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::alert::{DeliveryReason, NewAlert};
use model::anomaly::{AnomalyRule, Observation, Recorded};
use model::artifact::{Artifact, NewArtifact};
use model::backup::{BackupFilter, BackupRecord, Kept};
use model::run::{LogLine, StepMetrics};
use model::{
    AlertId, AnomalyId, BackupId, ErrorCode, Fault, RunId, RunStatus, StepId, StepStatus, TableLogEntry,
    TableLogFilter, TableLogRecord, TaskId, VersionId, Workflow, WorkflowId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A failed call to a port, already in the shape people see.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The run was changed by somebody else since it was read; read it again.
    #[error("the run was changed by another process")]
    Conflict,
    /// A task the transition finishes is no longer held under that fence.
    #[error("the lease on the task has ended")]
    LeaseLost,
    /// The database failed or refused; nothing was written.
    #[error("{0}")]
    Failed(Fault),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed(fault) => fault,
            other => Self::new(ErrorCode::StoreFailed, other.to_string()),
        }
    }
}

/// A workflow as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowRecord {
    /// Its id.
    pub id: WorkflowId,
    /// Its name, unique.
    pub name: String,
    /// The newest version.
    pub version: VersionId,
    /// The newest version's number, counted from 1.
    pub number: u32,
    /// Whether its triggers fire.
    pub enabled: bool,
    /// When the workflow was made.
    pub created_at: DateTime<Utc>,
    /// When its newest version was made.
    pub updated_at: DateTime<Utc>,
}

/// One immutable version of a workflow's document.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRecord {
    /// Its id.
    pub id: VersionId,
    /// The workflow it belongs to.
    pub workflow: WorkflowId,
    /// Counted from 1.
    pub number: u32,
    /// The text, as the user wrote it.
    pub text: String,
    /// When it was saved.
    pub created_at: DateTime<Utc>,
}

/// A run as the store keeps it. `state` is the engine's own; the rest is for lists and filters.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// The workflow it runs.
    pub workflow: WorkflowId,
    /// The version of the document it runs.
    pub version: VersionId,
    /// Where it stands.
    pub status: RunStatus,
    /// The engine's run state, as JSON.
    pub state: String,
    /// Grows by one with each change; a change names the revision it was made from.
    pub revision: i64,
    /// What started it: `manual`, `cron`, `webhook`, `retry`, `workflow`.
    pub trigger: String,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its first task was made.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What a worker needs to run a task, made once when the task is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The document's version.
    pub version: VersionId,
    /// The stage's steps, in plan order.
    pub steps: Vec<StepId>,
    /// Counted from 1.
    pub attempt: u32,
    /// Grows with every task the run makes, so that the ledgers' fences grow over attempts too.
    #[serde(default)]
    pub epoch: u32,
    /// When the run's time is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// For a chunk: its number and its item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Chunk>,
    /// For the task that finishes what a step's chunks began: what they have told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Gathered>,
    /// Values for expressions: `inputs`, `steps`, `run`, `trigger`.
    pub context: Value,
}

/// A slice of a list or table that any worker may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// Counted from 0.
    pub index: u32,
    /// What the chunk is about (`foreach`: the item).
    pub item: Value,
    /// For a chunk of a step that finishes: the step's settings as its first task rendered them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Map<String, Value>>,
}

/// What the chunks of a step have told, for the task that finishes the step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Gathered {
    /// How many chunks there were.
    pub chunks: usize,
    /// Their outputs put together: numbers added, lists joined (the first hundred items), objects merged; of anything
    /// else the first stays.
    pub outputs: Map<String, Value>,
    /// Their counted work, added.
    pub metrics: StepMetrics,
    /// The step's settings as its first task rendered them.
    pub with: Map<String, Value>,
}

/// What a step expands into: a task for each item, which any worker takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expansion {
    /// What each chunk is about; at most ten thousand.
    pub items: Vec<Value>,
    /// How many may run at once; none: what `max_parallel` in the settings says, or else four.
    #[serde(default)]
    pub max_parallel: Option<usize>,
    /// For a step whose chunks are of its own kind: after the last chunk one more task of the step gets what they have told
    /// and gives the step's outputs. A chunk that fails then stops the step, and a retry of the run does only what is left.
    /// Holds the step's rendered settings, which the later tasks get.
    #[serde(default)]
    pub finish: Option<Map<String, Value>>,
}

/// A task to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// What to do.
    pub spec: TaskSpec,
    /// Not to be leased before.
    pub not_before: DateTime<Utc>,
    /// Made already leased (fence 1) to this worker until then: saves a commit where the maker has a free place.
    pub leased_to: Option<(String, DateTime<Utc>)>,
}

/// A task that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct LeasedTask {
    /// Its id.
    pub id: TaskId,
    /// The run it belongs to.
    pub run: RunId,
    /// What to do.
    pub spec: TaskSpec,
    /// Grows with every lease of the task; every later write must match it.
    pub fence: i64,
    /// How often it has been leased, this time included.
    pub deliveries: u32,
}

/// One atomic change: a run's new state and what follows from it.
///
/// All of it is durable when [`RunStore::commit`] returns, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The run as it shall be; `revision` is the one it will have.
    pub run: RunRecord,
    /// The run is new (`revision` is 1).
    pub is_new: bool,
    /// Tasks that end with this change, each with the fence its worker holds.
    pub finished: Vec<(TaskId, i64)>,
    /// Tasks that end whoever holds them (cancel).
    pub withdrawn: Vec<TaskId>,
    /// Tasks that begin with it.
    pub created: Vec<NewTask>,
}

/// Which runs to list; newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFilter {
    /// Only of this workflow.
    pub workflow: Option<WorkflowId>,
    /// Only in one of these statuses; empty: any.
    pub statuses: Vec<RunStatus>,
    /// Only runs made before this one (the last of the page before).
    pub before: Option<RunId>,
    /// How many at most; the store caps it at 500.
    pub limit: u32,
}

/// When a cron trigger of a workflow last fired.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRecord {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The trigger's place in the document, counted from 0.
    pub index: u32,
    /// The last instant it fired for.
    pub last_fired: DateTime<Utc>,
}

/// Workflows, versions, runs and tasks in the metadata database.
///
/// Implementations group concurrent [`RunStore::commit`]s into one transaction and answer after it is fsynced.
#[async_trait]
pub trait RunStore: Send + Sync + 'static {
    /// Saves `text` as the next version of the workflow called `name`, making the workflow where it is new.
    /// Saving the newest version's very text again makes no new version.
    async fn save_workflow(&self, name: &str, text: &str, now: DateTime<Utc>) -> Result<WorkflowRecord, StoreError>;
    /// The workflow of that id.
    async fn find_workflow(&self, id: WorkflowId) -> Result<Option<WorkflowRecord>, StoreError>;
    /// The workflow of that name.
    async fn find_workflow_by_name(&self, name: &str) -> Result<Option<WorkflowRecord>, StoreError>;
    /// All workflows by name, at most `limit` after the one called `after`.
    async fn list_workflows(&self, after: Option<&str>, limit: u32) -> Result<Vec<WorkflowRecord>, StoreError>;
    /// Lets the workflow's triggers fire or not.
    async fn set_workflow_enabled(&self, id: WorkflowId, enabled: bool) -> Result<(), StoreError>;
    /// Removes the workflow with its versions; runs stay. False: there was none.
    async fn delete_workflow(&self, id: WorkflowId) -> Result<bool, StoreError>;
    /// The version of that id.
    async fn find_version(&self, id: VersionId) -> Result<Option<VersionRecord>, StoreError>;
    /// Versions of a workflow, newest first, at most `limit` before the one of the number `before`.
    async fn list_versions(
        &self,
        workflow: WorkflowId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<VersionRecord>, StoreError>;

    /// The run of that id.
    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError>;
    /// Runs, newest first.
    async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>, StoreError>;
    /// How many runs of the workflow are `running` or `waiting`.
    async fn count_active_runs(&self, workflow: WorkflowId) -> Result<u32, StoreError>;
    /// Runs that a concurrency limit holds `queued`, oldest first.
    async fn list_queued_runs(&self, workflow: WorkflowId, limit: u32) -> Result<Vec<RunRecord>, StoreError>;

    /// Makes the change durable, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the stored revision is not `run.revision - 1`; [`StoreError::LeaseLost`] where
    /// a finished task is not leased under the named fence.
    async fn commit(&self, transition: Transition) -> Result<(), StoreError>;

    /// Leases up to `limit` tasks that are due: queued ones, and leased ones whose lease ended before `now`.
    async fn lease(
        &self,
        worker: &str,
        limit: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<LeasedTask>, StoreError>;
    /// Prolongs leases; answers the tasks that are no longer held under that fence.
    async fn renew(&self, held: &[(TaskId, i64)], until: DateTime<Utc>) -> Result<Vec<TaskId>, StoreError>;
    /// Gives leases back so that another worker can take them at once (clean shutdown).
    async fn release(&self, held: &[(TaskId, i64)]) -> Result<(), StoreError>;
    /// When the next task that is queued, or whose lease ends, is due; none: there is none.
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// When each cron trigger last fired.
    async fn list_triggers(&self) -> Result<Vec<TriggerRecord>, StoreError>;
    /// Records a firing; false where `record.last_fired` is not later than what is stored (somebody else fired it).
    async fn record_firing(&self, record: &TriggerRecord) -> Result<bool, StoreError>;
    /// Takes or keeps the lease named `name` (one scheduler at a time); false where another holder has it.
    async fn hold(
        &self,
        name: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Keeps log lines of a run; may be buffered for up to a second, and is never waited for by a commit.
    async fn append_logs(&self, run: RunId, lines: Vec<LogLine>) -> Result<(), StoreError>;
    /// Log lines of a run in the order they were appended, each with its place: those after the place `after`, which is 0 for
    /// the first. Places grow, with gaps.
    async fn list_logs(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<(u64, LogLine)>, StoreError>;
}

/// Wakes workers. A hint only: a lost wake-up costs a sweep's delay, never a task.
#[async_trait]
pub trait Dispatch: Send + Sync + 'static {
    /// Tasks were queued.
    async fn notify(&self, tasks: &[TaskId]);
    /// Returns when tasks may be there to lease, or after `timeout`.
    async fn wait(&self, timeout: Duration);
    /// Tells every process that something happened to a run, in the order it is told here. It waits for nobody: who misses an
    /// event reads the run.
    fn publish(&self, event: &RunEvent);
    /// Events of all runs, from now on; a slow reader misses old ones.
    fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Arc<RunEvent>>;
}

/// What subscribers of a run hear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// The run.
    pub run: RunId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub kind: RunEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunEventKind {
    /// The run changed its status.
    Run {
        /// Its new status.
        status: RunStatus,
    },
    /// A step changed its status.
    Step {
        /// The step.
        step: StepId,
        /// Its new status.
        status: StepStatus,
        /// Counted work so far.
        metrics: StepMetrics,
        /// Why it failed or was skipped.
        error: Option<Fault>,
    },
    /// A running step counted more work.
    Progress {
        /// The step.
        step: StepId,
        /// Counted work so far.
        metrics: StepMetrics,
        /// The chunk that counted it; none: the whole step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<u32>,
    },
    /// A step wrote a log line.
    Log {
        /// The line.
        line: LogLine,
    },
}

/// What a worker hands to the runner.
#[derive(Debug, Clone)]
pub struct TaskContext {
    /// The lease. Its `fence` is the one for ledgers: the spec's epoch above, the store's fence below ([`ledger_fence`]).
    pub task: LeasedTask,
    /// The workflow it belongs to.
    pub workflow_id: WorkflowId,
    /// The document.
    pub workflow: Arc<Workflow>,
    /// Fires when the run is canceled, the lease is lost or the step's time is over; the runner stops soon after.
    pub cancel: CancellationToken,
    /// Where progress and log lines go while the task runs.
    pub observer: Arc<dyn Observer>,
}

/// The fencing number that sinks see: larger in every attempt and, within one, in every lease.
#[must_use]
pub fn ledger_fence(spec: &TaskSpec, lease_fence: i64) -> i64 {
    (i64::from(spec.epoch) << 24) | (lease_fence & 0x00ff_ffff)
}

/// Hears of a task while it runs. Never blocks.
pub trait Observer: Send + Sync + std::fmt::Debug {
    /// A step wrote a line.
    fn log(&self, line: LogLine);
    /// A step counted more work; called at most a few times a second for each step.
    fn progress(&self, step: &StepId, metrics: &StepMetrics);
}

/// How one step of a task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step.
    pub step: StepId,
    /// Succeeded, failed, skipped or canceled.
    pub status: StepStatus,
    /// Small values for later expressions.
    #[serde(default)]
    pub outputs: Map<String, Value>,
    /// Counted work.
    #[serde(default)]
    pub metrics: StepMetrics,
    /// Why it failed or was skipped.
    #[serde(default)]
    pub error: Option<Fault>,
    /// Whether another attempt may succeed.
    #[serde(default)]
    pub retryable: bool,
    /// How long the other side asked to be left alone.
    #[serde(default)]
    pub retry_after: Option<Duration>,
    /// For an expanding step: what its chunks are about. The step then goes on until all chunks have ended.
    #[serde(default)]
    pub expand: Option<Expansion>,
}

impl StepReport {
    /// A report of a step that ended well with nothing to tell.
    #[must_use]
    pub fn succeeded(step: StepId) -> Self {
        Self {
            step,
            status: StepStatus::Succeeded,
            outputs: Map::new(),
            metrics: StepMetrics::default(),
            error: None,
            retryable: false,
            retry_after: None,
            expand: None,
        }
    }

    /// A report of a step that failed.
    #[must_use]
    pub fn failed(step: StepId, error: Fault, retryable: bool) -> Self {
        Self { status: StepStatus::Failed, error: Some(error), retryable, ..Self::succeeded(step) }
    }
}

/// Runs tasks: renders settings, streams batches, reports. Implemented by `steps`.
#[async_trait]
pub trait TaskRunner: Send + Sync + 'static {
    /// Runs the task to its end; one report for each of `task.spec.steps`.
    async fn run(&self, context: TaskContext) -> Vec<StepReport>;
}

/// The four logs about tables, in the metadata database.
#[async_trait]
pub trait TableLogs: Send + Sync + 'static {
    /// Keeps the entries, all or none.
    async fn append_table_logs(&self, entries: &[TableLogEntry]) -> Result<(), StoreError>;
    /// Entries of one log, newest first.
    async fn list_table_logs(&self, filter: &TableLogFilter) -> Result<Vec<TableLogRecord>, StoreError>;
}

/// Small files that runs leave, in the metadata database, so that every server and worker reaches them.
#[async_trait]
pub trait Artifacts: Send + Sync + 'static {
    /// Keeps the artifact, in place of what an earlier attempt of the same task kept under its name.
    ///
    /// # Errors
    /// `already_exists` where another task of the run has the name, `artifact_too_large` where it, or all of the run
    /// together, exceed what is kept ([`model::artifact`]), and [`StoreError::LeaseLost`] where a newer lease was quicker.
    async fn keep_artifact(&self, new: NewArtifact) -> Result<(), StoreError>;
    /// What is known of the run's artifacts, by name.
    async fn list_artifacts(&self, run: RunId) -> Result<Vec<Artifact>, StoreError>;
    /// The run's artifact of that name with its bytes.
    async fn find_artifact(&self, run: RunId, name: &str) -> Result<Option<(Artifact, Vec<u8>)>, StoreError>;
}

/// What watching steps keep in the metadata database: anomalies, backups, inspections, and the age of what is kept.
#[async_trait]
pub trait Watch: Send + Sync + 'static {
    /// What people have set for rules, all of it.
    async fn list_anomaly_rules(&self) -> Result<Vec<AnomalyRule>, StoreError>;
    /// Keeps what a look at one place found; tells what is new, and whom to alert.
    async fn record_observation(&self, observation: &Observation) -> Result<Recorded, StoreError>;
    /// Notes that people were told; until then the next observation asks for the alert again.
    async fn mark_alerted(&self, anomalies: &[AnomalyId], at: DateTime<Utc>) -> Result<(), StoreError>;

    /// Keeps a backup's record, whether or not it was there.
    async fn save_backup(&self, backup: &BackupRecord) -> Result<(), StoreError>;
    /// The backup of that id.
    async fn find_backup(&self, id: BackupId) -> Result<Option<BackupRecord>, StoreError>;
    /// Backups, newest first.
    async fn list_backups(&self, filter: &BackupFilter) -> Result<Vec<BackupRecord>, StoreError>;

    /// What an inspection of the connection last found.
    async fn find_inspection(&self, connection: &str) -> Result<Option<(DateTime<Utc>, Value)>, StoreError>;
    /// Keeps what an inspection found.
    async fn save_inspection(&self, connection: &str, at: DateTime<Utc>, found: &Value) -> Result<(), StoreError>;

    /// Removes what is older, in pieces that hold nobody up; only counts with `dry_run`. Tells how many.
    async fn purge(&self, kept: Kept, before: DateTime<Utc>, dry_run: bool) -> Result<u64, StoreError>;
}

/// Where steps raise alerts. Whoever implements it keeps them before it delivers them, so that none is lost.
#[async_trait]
pub trait Alerts: Send + Sync + 'static {
    /// Keeps the alert and its deliveries, attempts those whose time has come, and tells how each stands. An alert whose
    /// message has an id that was raised before is the same alert: what failed then is attempted again.
    async fn raise(&self, alert: &NewAlert) -> Result<Raised, StoreError>;
    /// The template of that name in the alert policy.
    async fn find_template(&self, name: &str) -> Result<Option<Template>, StoreError>;
}

/// How an alert stands after it was raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// The alert.
    pub id: AlertId,
    /// How each channel that is told at once stands, in order.
    pub channels: Vec<ChannelReport>,
}

/// How the delivery to one channel stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelReport {
    /// The channel.
    pub channel: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a delivery stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// The channel took it.
    Delivered {
        /// The receiver's id for it, where it has one.
        provider_id: Option<String>,
    },
    /// The channel did not take it.
    Failed {
        /// Why.
        fault: Fault,
        /// Whether it may pass; it is then attempted again without the step.
        retryable: bool,
        /// How long the other side asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// It is sent later.
    Waiting {
        /// When.
        until: Option<DateTime<Utc>>,
        /// Why.
        reason: Option<DeliveryReason>,
    },
    /// It is not sent.
    Dropped {
        /// Why.
        reason: Option<DeliveryReason>,
    },
}

/// The time, so that tests can hold it still.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

impl StoreError {
    /// A failure of the database, worded for people.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Fault::new(ErrorCode::StoreFailed, message))
    }
}
