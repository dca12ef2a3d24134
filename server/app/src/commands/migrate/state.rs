//! How far a migration is, told from its run.

use crate::output;
use engine::RunView;
use indicatif::ProgressBar;
use model::run::StepRun;
use model::{RunStatus, StepStatus};
use serde::Serialize;
use serde_json::Value;
use std::process::ExitCode;

/// The states that people know migrations by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Word {
    Pending,
    Running,
    Validating,
    Completed,
    Failed,
    Cancelled,
}

/// One run of a migration.
#[derive(Debug, Serialize)]
pub(super) struct State {
    run: String,
    state: Word,
    rows: u64,
    rows_expected: Option<u64>,
    rejected: u64,
    bytes: u64,
    chunks: Option<u64>,
    chunks_done: Option<u64>,
    seconds: f64,
    rows_per_second: f64,
    seconds_left: Option<f64>,
    error: Option<String>,
    tables: Value,
}

impl State {
    pub(super) fn of(view: &RunView) -> Self {
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

    pub(super) fn exit_code(&self) -> ExitCode {
        match self.state {
            Word::Failed | Word::Cancelled => ExitCode::FAILURE,
            _ => ExitCode::SUCCESS,
        }
    }

    pub(super) fn print(&self) {
        output::line(format!("{} {}", self.run, self.words()));
        if let Value::Object(tables) = &self.tables {
            for (name, told) in tables {
                let verdict = told["validation"]["verdict"].as_str().unwrap_or("not compared");
                output::line(format!(
                    "  {name} to {}: {} rows, {verdict}",
                    told["to"].as_str().unwrap_or_default(),
                    output::count(told["rows"].as_u64().unwrap_or(0)),
                ));
            }
        }
        if let Some(error) = &self.error {
            output::line(format!("  {error}"));
        }
    }

    /// Shows on the terminal how far it is.
    pub(super) fn show(&self, bar: &ProgressBar) {
        bar.set_message(self.words());
    }

    fn words(&self) -> String {
        let mut words = vec![format!("{:?}", self.state).to_uppercase()];
        let expected = self.rows_expected.map(|rows| format!(" of about {}", output::count(rows))).unwrap_or_default();
        words.push(format!("{}{expected} rows", output::count(self.rows)));
        if self.rejected > 0 {
            words.push(format!("{} rejected", output::count(self.rejected)));
        }
        if let (Some(done), Some(all)) = (self.chunks_done, self.chunks) {
            words.push(format!("{done} of {all} chunks"));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in whole numbers")]
        if self.rows_per_second >= 1.0 {
            words.push(format!("{} rows/s", output::count(self.rows_per_second as u64)));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in whole numbers")]
        if let Some(left) = self.seconds_left {
            words.push(format!("about {} left", output::duration((left * 1000.0) as u64)));
        }
        words.join(", ")
    }
}
