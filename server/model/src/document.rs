//! The workflow document as types that cannot be wrong in shape.
//!
//! [`crate::tree`] reads the text and keeps the positions; [`crate::schema`] publishes the JSON Schema; what the
//! steps mean together (edges, stages, circles, settings) is checked by the engine's plan.
//! Durations are written `500ms`, `30s`, `5m`, `2h`, `1d`.

mod canvas;
mod duration;
pub mod read;
mod step;

pub use duration::parse_duration;
pub use step::read_steps;

use crate::StepId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// A whole workflow, as one version of its document spells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Lowercase letters, digits and `-`, unique on the server.
    pub name: String,
    /// One paragraph for people.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What starts a run, besides a person.
    pub triggers: Vec<Trigger>,
    /// What a run may be given, in the document's order.
    pub inputs: Vec<Input>,
    /// How many runs may go on at once.
    pub concurrency: Option<Concurrency>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// The steps, in the document's order.
    pub steps: Vec<Step>,
}

/// What starts a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// At the times of a crontab(5) line.
    Cron(CronTrigger),
    /// On `POST /hooks/<path>`.
    Webhook(WebhookTrigger),
}

/// Times, as crontab(5) spells them (five fields, or six with seconds first; Sunday is 0 or 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CronTrigger {
    /// The line as written.
    pub line: String,
    /// IANA name; `UTC` where the document has none.
    pub timezone: String,
    /// What to do about times that passed while no server ran.
    pub catchup: Catchup,
    /// Inputs for the runs it starts.
    pub inputs: Map<String, Value>,
}

/// What to do about firings that passed while no server ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Catchup {
    /// Forget them.
    #[default]
    None,
    /// Start one run, for the newest of them.
    Latest,
    /// Start one run each, oldest first, at most 1,000.
    All,
}

/// A path that other systems call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookTrigger {
    /// What follows `/hooks/`.
    pub path: String,
    /// Name of the secret (environment variable or sealed value) a caller must prove to know; none: the server's API token.
    pub secret: Option<String>,
    /// Several calls start one run together; none: each call starts its own.
    #[serde(default)]
    pub batch: Option<HookBatch>,
}

/// How long a webhook gathers calls before it starts one run for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookBatch {
    /// Rows that start a run at once.
    pub rows: u32,
    /// How long the first row waits for others at most.
    pub within: Duration,
}

impl Default for HookBatch {
    /// 1,000 rows, 200 ms.
    fn default() -> Self {
        Self { rows: 1_000, within: Duration::from_millis(200) }
    }
}

/// One value a run may be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// How expressions name it: `inputs.<name>`.
    pub name: String,
    /// What it may hold.
    pub kind: InputKind,
    /// Used where a run is not given one; text may hold `${{ }}`. None: the input is required.
    pub default: Option<Value>,
    /// One sentence for people.
    pub description: Option<String>,
    /// The only values allowed; empty: any.
    pub options: Vec<Value>,
}

/// What an input may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `2024-01-31`.
    Date,
    /// RFC 3339.
    Datetime,
    /// A list.
    Array,
    /// A mapping.
    Object,
}

/// How many runs of a workflow may go on at once, and what happens to one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// At least 1.
    pub limit: u32,
    /// What happens to a run beyond the limit.
    pub on_conflict: OnConflict,
}

/// What happens to a run that finds its workflow's places taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// It waits its turn.
    #[default]
    Queue,
    /// It is not started.
    Skip,
    /// The oldest running one is canceled for it.
    CancelRunning,
}

/// One unit of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name within the document.
    pub id: StepId,
    /// The step kind, or `plugin/<name>`.
    pub uses: String,
    /// Title for people; the id where absent.
    pub name: Option<String>,
    /// Data edges that lead in.
    pub from: Vec<PortRef>,
    /// Control edges: steps that must have ended well before this one starts.
    pub needs: Vec<StepId>,
    /// A rhai condition without its `${{ }}`; the step is skipped where it is false.
    pub condition: Option<String>,
    /// Settings, as its kind's schema says; text may hold `${{ }}`.
    pub with: Map<String, Value>,
    /// What to do when an attempt fails.
    pub retry: Option<Retry>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// What a failure, or a refused row, means.
    pub on_error: OnError,
}

impl Step {
    /// Whether the step wants to run even where something before it failed or was skipped.
    ///
    /// True where its `if` calls `always()` or `failed()`.
    #[must_use]
    pub fn runs_after_failure(&self) -> bool {
        self.condition.as_deref().is_some_and(|text| text.contains("always()") || text.contains("failed()"))
    }
}

/// The named end of an edge: `checked` (its first port) or `checked.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PortRef {
    /// The step that the batches leave.
    pub step: StepId,
    /// The port; none: the step's first.
    pub port: Option<String>,
}

/// What to do when an attempt fails for a reason that may pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// How many attempts in all, at least 1.
    pub attempts: u32,
    /// Delay before the second attempt; doubled for each further one, with jitter.
    pub backoff: Duration,
    /// The longest delay.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, backoff: Duration::from_secs(2), max: Duration::from_secs(300) }
    }
}

/// What a failure, or a refused row, means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The step fails, and with it the run.
    #[default]
    Fail,
    /// The step fails; the run goes on and does not fail for it.
    Continue,
    /// A row that a sink refuses leaves by the port `rejected`; the step fails only for other reasons.
    Reject,
}
