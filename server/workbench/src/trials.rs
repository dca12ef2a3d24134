//! Trying a document on a sample: what people see of it. The work is done by whoever knows the step kinds; see [`Tester`].

mod pins;

use crate::console::PageColumn;
use async_trait::async_trait;
use engine::plan::Plan;
use model::run::{LogLine, StepRun};
use model::{Fault, StepId};
use serde::Serialize;
use serde_json::{Map, Value};

pub use pins::PinnedPort;

/// How many rows each source gives where nobody says.
pub const ROWS: usize = 50;
/// How many it may be asked for.
pub const MOST_ROWS: usize = 1_000;

/// What is tried, and on how much.
#[derive(Debug, Clone)]
pub struct TrialOptions {
    /// The last step; it is tried with all that stands before it. None: all steps.
    pub up_to: Option<StepId>,
    /// How many rows each source gives, at most [`MOST_ROWS`].
    pub rows: usize,
    /// Values of the document's inputs.
    pub inputs: Map<String, Value>,
    /// Rows that steps give instead of doing their work.
    pub pins: Vec<PinnedPort>,
}

/// Tries documents.
#[async_trait]
pub trait Tester: Send + Sync {
    /// Tries a checked document on the first rows of its sources; nothing outside is changed.
    ///
    /// # Errors
    /// `step_not_found`, `invalid_input`, `value_refused` for a value that cannot be shown.
    async fn try_out(&self, plan: &Plan, options: TrialOptions) -> Result<TrialPage, Fault>;
}

/// What came of a trial.
#[derive(Debug, Clone, Serialize)]
pub struct TrialPage {
    /// How each step fared; one that is not tried is skipped, with the reason as its error.
    pub steps: Vec<StepRun>,
    /// What left each port.
    pub ports: Vec<PortPage>,
    /// What targets would have got.
    pub targets: Vec<TargetPage>,
    /// What the steps logged.
    pub logs: Vec<LogLine>,
    /// Whether the time was over before all was done.
    pub timed_out: bool,
}

/// What left a port.
#[derive(Debug, Clone, Serialize)]
pub struct PortPage {
    /// The step.
    pub step: StepId,
    /// The port.
    pub port: String,
    /// Names and types of the columns.
    pub columns: Vec<PageColumn>,
    /// The first rows, as in [`crate::console::Page`].
    pub rows: Vec<Vec<Value>>,
    /// How many rows left in all.
    pub total: u64,
}

/// What a target would have got.
#[derive(Debug, Clone, Serialize)]
pub struct TargetPage {
    /// The step.
    pub step: StepId,
    /// The connection, where it is a table.
    pub connection: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The sink plugin, where it is none.
    pub plugin: Option<String>,
    /// How the table would be written: `append`, `upsert`, ….
    pub mode: Option<String>,
    /// How many rows.
    pub rows: u64,
    /// Whether the table would be made; none where that is not known.
    pub makes_table: Option<bool>,
    /// Columns of the rows that the table has not.
    pub missing_columns: Vec<String>,
}
