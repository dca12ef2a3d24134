//! What is recorded of a run: statuses, per-step results and the small facts a person asks for first.
//!
//! These are records, not rules: what may follow what is decided by the engine's run state.

use crate::{Fault, StepId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

macro_rules! status {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every status, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in the database, in GraphQL and on the screen.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The status named by `text`.
            #[must_use]
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

status!(
    /// The status of a run.
    RunStatus {
        /// Accepted; waits for a place under its workflow's concurrency limit.
        Queued = "queued",
        /// At least one of its tasks is queued or leased.
        Running = "running",
        /// Nothing to do until a retry's delay is over or somebody approves.
        Waiting = "waiting",
        /// Every step succeeded or was skipped.
        Succeeded = "succeeded",
        /// At least one step failed, or the run exceeded its time.
        Failed = "failed",
        /// Somebody, or a concurrency rule, canceled it.
        Canceled = "canceled",
    }
);

impl RunStatus {
    /// Whether nothing more will happen to the run.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

status!(
    /// The status of a step within a run.
    StepStatus {
        /// Not yet ready: something before it is not finished.
        Pending = "pending",
        /// Its task is queued, leased or waits for a retry.
        Running = "running",
        /// It did its work.
        Succeeded = "succeeded",
        /// It gave up after its last attempt.
        Failed = "failed",
        /// Its `if` was false, or something it depends on failed or was skipped.
        Skipped = "skipped",
        /// The run was canceled before the step finished.
        Canceled = "canceled",
    }
);

impl StepStatus {
    /// Whether the step has reached its end.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

status!(
    /// The status of a task, as the metadata database keeps it.
    TaskStatus {
        /// Any worker may take it.
        Queued = "queued",
        /// One worker holds it until its lease ends.
        Leased = "leased",
        /// Finished, and its run has taken note.
        Done = "done",
        /// Given up, and its run has taken note.
        Failed = "failed",
    }
);

/// What a step did, as counted by whoever ran it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Rows that arrived on the step's inputs (for a source: rows read).
    #[serde(default)]
    pub rows_in: u64,
    /// Rows that left on ports other than `rejected` (for a sink: rows written).
    #[serde(default)]
    pub rows_out: u64,
    /// Rows that left on `rejected`.
    #[serde(default)]
    pub rows_rejected: u64,
    /// Bytes of Arrow memory that arrived.
    #[serde(default)]
    pub bytes: u64,
    /// Time from the step's start to its end, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// Time spent working rather than waiting for a neighbor, in milliseconds.
    #[serde(default)]
    pub busy_ms: u64,
    /// Processor time that the step's own tasks and threads took, in milliseconds.
    #[serde(default)]
    pub cpu_ms: u64,
    /// The most memory of the process, in bytes, that was seen while the step was at work. Others may have been at work in it, too.
    #[serde(default)]
    pub peak_memory: u64,
    /// Rows that left, by port, for the numbers on the editor's edges.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub ports: Map<String, Value>,
}

impl StepMetrics {
    /// Adds the work of another part of the same step: all but the duration, since parts may run at once, and the ports.
    pub fn add(&mut self, part: &Self) {
        self.rows_in += part.rows_in;
        self.rows_out += part.rows_out;
        self.rows_rejected += part.rows_rejected;
        self.bytes += part.bytes;
        self.busy_ms += part.busy_ms;
        self.cpu_ms += part.cpu_ms;
        self.peak_memory = self.peak_memory.max(part.peak_memory);
    }
}

/// What is known of one step of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// The step.
    pub id: StepId,
    /// Where it stands.
    pub status: StepStatus,
    /// How many times it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Small values for later steps' expressions: `steps.<id>.<name>`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// Counted work of the last attempt.
    #[serde(default)]
    pub metrics: StepMetrics,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// When its first attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

/// How urgent a log line or an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author of the code.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Somebody must act.
    Error,
}

/// One line a step wrote while it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: DateTime<Utc>,
    /// The step, or none for the run as a whole.
    pub step: Option<StepId>,
    /// How urgent.
    pub level: LogLevel,
    /// One sentence, secrets already removed.
    pub message: String,
}
