//! Trying a document on a sample.

use super::Context;
use super::console::AnswerColumn;
use super::mutation::parse_inputs;
use super::types::{Log, Problem, Step};
use crate::error::ApiError;
use juniper::{GraphQLInputObject, GraphQLObject, graphql_object};
use model::{ErrorCode, Fault, StepId};
use workbench::console::PageColumn;
use workbench::trials::{MOST_ROWS, PinnedPort, PortPage, ROWS, TargetPage, TrialOptions, TrialPage};

/// What came of a document that was tried.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Tried {
    /// What came of it, where the document was accepted.
    trial: Option<Trial>,
    /// All the document's faults, where it was refused.
    problems: Vec<Problem>,
}

/// A trial.
pub struct Trial(TrialPage);

#[graphql_object(context = Context)]
impl Trial {
    /// How each step fared; one that is not tried is skipped, with the reason as its error.
    fn steps(&self) -> Vec<Step> {
        self.0.steps.iter().cloned().map(Step).collect()
    }
    /// What left each port.
    fn ports(&self) -> Vec<TrialPort> {
        self.0.ports.iter().cloned().map(TrialPort).collect()
    }
    /// What targets would have got.
    fn targets(&self) -> Vec<TrialTarget> {
        self.0.targets.iter().cloned().map(TrialTarget::from).collect()
    }
    /// What the steps logged, at most 500 lines.
    fn logs(&self) -> Vec<Log> {
        self.0.logs.iter().cloned().map(Log::from).collect()
    }
    /// Whether the minute of a trial was over before all was done.
    fn timed_out(&self) -> bool {
        self.0.timed_out
    }
}

/// What left a port in a trial.
pub struct TrialPort(PortPage);

#[graphql_object(context = Context)]
impl TrialPort {
    fn step(&self) -> &str {
        self.0.step.as_str()
    }
    fn port(&self) -> &str {
        &self.0.port
    }
    fn columns(&self) -> Vec<AnswerColumn> {
        self.0.columns.iter().map(AnswerColumn::from).collect()
    }
    /// The first rows as JSON text, as in `Answer.rows`.
    fn rows(&self) -> String {
        serde_json::to_string(&self.0.rows).expect("rows are JSON values")
    }
    /// How many rows left in all.
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn total(&self) -> f64 {
        self.0.total as f64
    }
}

/// What a target would have got.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TrialTarget {
    step: String,
    /// The connection, where it is a table.
    connection: Option<String>,
    table: Option<String>,
    /// The sink plugin, where it is none.
    plugin: Option<String>,
    /// How the table would be written: `append`, `upsert`, ….
    mode: Option<String>,
    rows: f64,
    /// Whether the table would be made; none where that is not known.
    makes_table: Option<bool>,
    /// Columns of the rows that the table has not.
    missing_columns: Vec<String>,
}

impl From<TargetPage> for TrialTarget {
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn from(page: TargetPage) -> Self {
        let TargetPage { step, connection, table, plugin, mode, rows, makes_table, missing_columns } = page;
        Self {
            step: step.to_string(),
            connection,
            table,
            plugin,
            mode,
            rows: rows as f64,
            makes_table,
            missing_columns,
        }
    }
}

/// What a port of a step gives instead of the step doing its work, as a trial told it. A step with several ports has a pin for
/// each.
#[derive(GraphQLInputObject)]
pub struct TrialPin {
    step: String,
    port: String,
    columns: Vec<TrialPinColumn>,
    /// Rows as JSON text, as in `TrialPort.rows`; at most 1,000.
    rows: String,
}

/// A column of pinned rows.
#[derive(GraphQLInputObject)]
pub struct TrialPinColumn {
    name: String,
    /// As a trial told it; what is no known type is text.
    native_type: String,
}

/// What of a document is tried, and on how much.
pub(super) struct Asked {
    pub(super) up_to: Option<String>,
    pub(super) rows: Option<i32>,
    pub(super) inputs: Option<String>,
    pub(super) pins: Vec<TrialPin>,
}

pub(super) async fn try_document(context: &Context, document: &str, asked: Asked) -> Result<Tried, ApiError> {
    let plan = match context.engine.check(document) {
        Ok(plan) => plan,
        Err(faults) => {
            return Ok(Tried { trial: None, problems: faults.into_iter().map(Problem::from).collect() });
        }
    };
    let no_step = |id: &str| Fault::new(ErrorCode::StepNotFound, format!("the document has no step `{id}`"));
    let step_of = |id: &str| StepId::new(id).ok_or_else(|| no_step(id));
    let up_to = asked.up_to.as_deref().map(step_of).transpose()?;
    let rows = match asked.rows.map(usize::try_from) {
        None => ROWS,
        Some(Ok(rows)) if (1..=MOST_ROWS).contains(&rows) => rows,
        Some(_) => {
            let message = format!("`rows` is not a number from 1 to {MOST_ROWS}");
            return Err(Fault::new(ErrorCode::InvalidValue, message).into());
        }
    };
    let mut pins = Vec::with_capacity(asked.pins.len());
    for TrialPin { step, port, columns, rows } in asked.pins {
        let columns = columns.into_iter().map(|TrialPinColumn { name, native_type }| PageColumn { name, native_type });
        let rows = serde_json::from_str(&rows).map_err(|error| {
            let message = format!("the pinned rows of `{step}.{port}` are not a JSON list of rows: {error}");
            Fault::new(ErrorCode::InvalidValue, message)
        })?;
        pins.push(PinnedPort { step: step_of(&step)?, port, columns: columns.collect(), rows });
    }
    let options = TrialOptions { up_to, rows, inputs: parse_inputs(asked.inputs.as_deref())?, pins };
    let trial = context.workbench.trials.try_out(&plan, options).await?;
    Ok(Tried { trial: Some(Trial(trial)), problems: Vec::new() })
}
