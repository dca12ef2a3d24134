//! How far a migration is, told from its run.

use engine::RunView;
use model::run::StepRun;
use model::{RunStatus, StepStatus};
use serde::Serialize;
use serde_json::Value;

/// The states that people know migrations by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// Accepted; waits for its turn.
    Pending,
    /// Rows are moved.
    Running,
    /// All rows are there; indexes are made and both sides are compared.
    Validating,
    /// Done and, where asked for, proven.
    Completed,
    /// It gave up; what was copied stays, and a retry does the rest.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// How far one run of a migration is.
#[derive(Debug, Clone, Serialize)]
pub struct State {
    /// The run.
    pub run: String,
    /// Where it stands.
    pub state: Word,
    /// Rows written so far; counted chunk by chunk.
    pub rows: u64,
    /// How many there may be.
    pub rows_expected: Option<u64>,
    /// Rows that the target refused and that are kept elsewhere.
    pub rejected: u64,
    /// Bytes of memory the rows took.
    pub bytes: u64,
    /// Chunks in all.
    pub chunks: Option<u64>,
    /// Chunks that are done.
    pub chunks_done: Option<u64>,
    /// Seconds from its start to now or to its end.
    pub seconds: f64,
    /// Rows each second on the average.
    pub rows_per_second: f64,
    /// About how long it will take; none: unknown, or over.
    pub seconds_left: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
    /// What became of each table, once it is over; null before.
    pub tables: Value,
}

impl State {
    /// Reads it from the run.
    #[must_use]
    pub fn of(view: &RunView) -> Self {
        let steps: Vec<&StepRun> =
            view.steps.iter().filter(|step| step.outputs.contains_key("chunks") || view.steps.len() == 1).collect();
        let step = steps.first().copied().or(view.steps.first());
        let number = |name: &str| step.and_then(|step| step.outputs.get(name)).and_then(Value::as_u64);
        let metrics = step.map(|step| step.metrics.clone()).unwrap_or_default();
        let end = view.finished_at.unwrap_or_else(chrono::Utc::now);
        let millis = view.started_at.map_or(0, |start| (end - start).num_milliseconds().max(0));
        #[allow(clippy::cast_precision_loss, reason = "rates are shown, not counted with")]
        let (seconds, rows) = (millis as f64 / 1000.0, metrics.rows_out as f64);
        let rows_per_second = if seconds > 0.0 { rows / seconds } else { 0.0 };
        let rows_expected = number("rows_expected");
        let left = rows_expected.map(|expected| expected.saturating_sub(metrics.rows_out));
        #[allow(clippy::cast_precision_loss, reason = "rates are shown, not counted with")]
        let seconds_left = left.filter(|_| rows_per_second > 0.0).map(|left| left as f64 / rows_per_second);
        let is_finishing = step.is_some_and(|step| {
            step.status == StepStatus::Running && step.outputs.get("finishing") == Some(&Value::Bool(true))
        });
        Self {
            run: view.id.to_string(),
            state: match view.status {
                RunStatus::Queued => Word::Pending,
                RunStatus::Running | RunStatus::Waiting if is_finishing => Word::Validating,
                RunStatus::Running | RunStatus::Waiting => Word::Running,
                RunStatus::Succeeded => Word::Completed,
                RunStatus::Failed => Word::Failed,
                RunStatus::Canceled => Word::Cancelled,
            },
            rows: metrics.rows_out,
            rows_expected,
            rejected: metrics.rows_rejected,
            bytes: metrics.bytes,
            chunks: number("chunks"),
            chunks_done: number("chunks_done"),
            seconds,
            rows_per_second,
            seconds_left: if view.status.is_final() { None } else { seconds_left },
            error: view.error.as_ref().map(|fault| format!("{} [{}]", fault.message, fault.code)),
            tables: step.and_then(|step| step.outputs.get("tables")).cloned().unwrap_or(Value::Null),
        }
    }
}
