//! The objects of the schema, each a thin view of the engine's records.

use super::Context;
use super::page::{Filling, connection};
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use engine::Scheduled;
use engine::ports::{RunEvent, RunEventKind, RunFilter, VersionRecord, WorkflowRecord};
use engine::runs::RunView;
use juniper::{GraphQLEnum, GraphQLObject, graphql_object};
use model::artifact;
use model::document::{self, Trigger};
use model::kind::{Inputs, KindInfo};
use model::run::{LogLine, StepRun};
use model::{ErrorCode, Fault, RunStatus, StepStatus};

/// A workflow with its newest version.
pub struct Workflow(pub WorkflowRecord);

#[graphql_object(context = Context)]
impl Workflow {
    /// Prefix `workflow_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn name(&self) -> &str {
        &self.0.name
    }
    /// Whether its triggers fire.
    fn enabled(&self) -> bool {
        self.0.enabled
    }
    /// Number of its newest version, counted from 1.
    fn version_number(&self) -> i32 {
        i32::try_from(self.0.number).unwrap_or(i32::MAX)
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
    /// What its document says about it, and when it starts next.
    async fn outline(&self, context: &Context) -> Result<Outline, ApiError> {
        Ok(Outline::of(&self.0, context.engine.find_document(&self.0).await?))
    }
    /// Its newest version.
    async fn version(&self, context: &Context) -> Result<Version, ApiError> {
        Ok(Version(context.engine.get_version(self.0.version).await?))
    }
    /// Its versions, newest first.
    async fn versions(
        &self,
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<VersionConnection, ApiError> {
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let before = after.map(str::parse::<u32>).transpose();
            let before = before.map_err(|_| ApiError::bad_request("`after` is not the cursor of a version"))?;
            let found = context.engine.list_versions(self.0.id, before, limit).await?;
            filling.take(found.into_iter().map(|found| (found.number.to_string(), Version(found), true)));
        }
        Ok(filling.page().into())
    }
    /// Its runs, newest first.
    async fn runs(
        &self,
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<RunConnection, ApiError> {
        list_runs(context, RunFilter { workflow: Some(self.0.id), ..RunFilter::default() }, after, first).await
    }
}

connection!(
    /// A page of workflows.
    WorkflowConnection of WorkflowEdge of Workflow
);
connection!(
    /// A page of a workflow's versions.
    VersionConnection of VersionEdge of Version
);
connection!(
    /// A page of runs.
    RunConnection of RunEdge of Run
);
connection!(
    /// A page of a run's log.
    LogConnection of LogEdge of Log
);

/// Runs, newest first, as far as the caller may see their workflows.
pub(super) async fn list_runs(
    context: &Context,
    mut filter: RunFilter,
    after: Option<String>,
    first: Option<i32>,
) -> Result<RunConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        filter.before = after.map(super::query::run_id).transpose()?;
        filter.limit = limit;
        let mut found = Vec::new();
        for run in context.engine.list_runs(&filter).await? {
            let is_seen = context.sees_run(run.id).await;
            found.push((run.id.to_string(), Run(run), is_seen));
        }
        filling.take(found);
    }
    Ok(filling.page().into())
}

/// What a list tells of a workflow's document.
#[derive(GraphQLObject, Default)]
#[graphql(context = Context)]
pub struct Outline {
    /// One paragraph for people.
    description: Option<String>,
    /// Words to find it by.
    tags: Vec<String>,
    /// Its cron lines, each with its zone.
    schedules: Vec<String>,
    /// Paths of its webhooks, below `/hooks/`.
    webhooks: Vec<String>,
    /// Inputs that a run must be given.
    needed_inputs: Vec<String>,
    /// When it starts next by itself; none while it is switched off.
    next_run_at: Option<DateTime<Utc>>,
}

impl Outline {
    fn of(workflow: &WorkflowRecord, document: Option<document::Workflow>) -> Self {
        let Some(document) = document else { return Self::default() };
        let webhook = |trigger: &Trigger| match trigger {
            Trigger::Webhook(hook) => Some(hook.path.clone()),
            Trigger::Cron(_) => None,
        };
        let tags = document.tags.clone();
        let webhooks = document.triggers.iter().filter_map(webhook).collect();
        let needed = document.inputs.iter().filter(|input| input.default.is_none());
        let needed_inputs = needed.map(|input| input.name.clone()).collect();
        let scheduled = Scheduled::of(workflow.clone(), document);
        Self {
            next_run_at: scheduled.next_times(Utc::now(), 1).first().copied(),
            schedules: scheduled.lines.iter().map(|line| format!("{} {}", line.line, line.timezone)).collect(),
            description: scheduled.description,
            tags,
            webhooks,
            needed_inputs,
        }
    }
}

/// One immutable version of a workflow's document.
pub struct Version(pub VersionRecord);

#[graphql_object(context = Context)]
impl Version {
    /// Prefix `version_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    /// Counted from 1.
    fn number(&self) -> i32 {
        i32::try_from(self.0.number).unwrap_or(i32::MAX)
    }
    /// The document, as it was written.
    fn text(&self) -> &str {
        &self.0.text
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// One execution of a workflow.
pub struct Run(pub RunView);

#[graphql_object(context = Context)]
impl Run {
    /// Prefix `run_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    /// Id of the workflow it runs.
    fn workflow_id(&self) -> String {
        self.0.workflow.to_string()
    }
    /// Name of the workflow it runs; none where that was deleted.
    async fn workflow_name(&self, context: &Context) -> Result<Option<String>, ApiError> {
        match context.engine.get_workflow(&self.0.workflow.to_string()).await {
            Ok(workflow) => Ok(Some(workflow.name)),
            Err(fault) if fault.code == ErrorCode::WorkflowNotFound => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }
    /// Id of the version it runs.
    fn version_id(&self) -> String {
        self.0.version.to_string()
    }
    /// The version it runs; none where its workflow was deleted.
    async fn version(&self, context: &Context) -> Result<Option<Version>, ApiError> {
        match context.engine.get_version(self.0.version).await {
            Ok(version) => Ok(Some(Version(version))),
            Err(fault) if fault.code == ErrorCode::VersionNotFound => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }
    fn status(&self) -> RunStatusWord {
        self.0.status.into()
    }
    /// What started it: `manual`, `cron`, `webhook`.
    fn trigger(&self) -> &str {
        &self.0.trigger
    }
    /// What it was given, as JSON text.
    fn inputs(&self) -> String {
        json_text(&self.0.inputs)
    }
    /// Its steps, in the document's order.
    fn steps(&self) -> Vec<Step> {
        self.0.steps.iter().cloned().map(Step).collect()
    }
    /// Why it failed or was canceled.
    fn error(&self) -> Option<Problem> {
        self.0.error.clone().map(Problem::from)
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }
    fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }
    /// Its log, oldest first. While it goes on, the end of a page is where the next lines are asked for later.
    async fn logs(
        &self,
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<LogConnection, ApiError> {
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let after = after.map_or(Ok(0), str::parse::<u64>);
            let after = after.map_err(|_| ApiError::bad_request("`after` is not the cursor of a line"))?;
            let found = context.engine.list_logs(self.0.id, after, limit).await?;
            filling.take(found.into_iter().map(|(place, line)| (place.to_string(), Log::from(line), true)));
        }
        Ok(filling.page().into())
    }
    /// The small files it left, by name, at most 100; `GET /api/runs/{id}/artifacts/{name}` answers one.
    async fn artifacts(&self, context: &Context) -> Result<Vec<Artifact>, ApiError> {
        let found = context.workbench.artifacts.list_artifacts(self.0.id).await.map_err(Fault::from)?;
        Ok(found.into_iter().map(Artifact).collect())
    }
}

/// A small file that a run left.
pub struct Artifact(artifact::Artifact);

#[graphql_object(context = Context)]
impl Artifact {
    /// Unique within the run.
    fn name(&self) -> &str {
        &self.0.name
    }
    /// The step that left it.
    fn step(&self) -> &str {
        self.0.step.as_str()
    }
    fn media_type(&self) -> &str {
        &self.0.media_type
    }
    /// Its size.
    fn bytes(&self) -> f64 {
        count(self.0.bytes)
    }
    /// Rows that it holds.
    fn rows(&self) -> f64 {
        count(self.0.rows)
    }
    /// SHA-256 of its bytes, in hex.
    fn digest(&self) -> &str {
        &self.0.digest
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// One step of a run.
pub struct Step(pub StepRun);

#[graphql_object(context = Context)]
impl Step {
    fn id(&self) -> &str {
        self.0.id.as_str()
    }
    fn status(&self) -> StepStatusWord {
        self.0.status.into()
    }
    /// How many times it was tried.
    fn attempts(&self) -> i32 {
        i32::try_from(self.0.attempts).unwrap_or(i32::MAX)
    }
    /// Values for later steps, as JSON text.
    fn outputs(&self) -> String {
        json_text(&self.0.outputs)
    }
    /// Rows that arrived; a float, since GraphQL's integers end at 2³¹.
    fn rows_in(&self) -> f64 {
        count(self.0.metrics.rows_in)
    }
    fn rows_out(&self) -> f64 {
        count(self.0.metrics.rows_out)
    }
    fn rows_rejected(&self) -> f64 {
        count(self.0.metrics.rows_rejected)
    }
    fn bytes(&self) -> f64 {
        count(self.0.metrics.bytes)
    }
    fn duration_ms(&self) -> f64 {
        count(self.0.metrics.duration_ms)
    }
    /// How much of `durationMs` it worked rather than waited for a step before or behind it.
    fn busy_ms(&self) -> f64 {
        count(self.0.metrics.busy_ms)
    }
    /// Processor time of the step's own tasks and threads; what a database did for it is not among it.
    fn cpu_ms(&self) -> f64 {
        count(self.0.metrics.cpu_ms)
    }
    /// The most memory of the worker's process that was seen while the step was at work, in bytes. Other steps may have been at
    /// work in it, too.
    fn peak_memory(&self) -> f64 {
        count(self.0.metrics.peak_memory)
    }
    /// Rows by port, as JSON text.
    fn ports(&self) -> String {
        json_text(&self.0.metrics.ports)
    }
    fn error(&self) -> Option<Problem> {
        self.0.error.clone().map(Problem::from)
    }
    fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }
    fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }
}

/// Something wrong, in the one shape.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Problem {
    code: String,
    message: String,
    hint: Option<String>,
    path: Option<String>,
    line: Option<i32>,
    column: Option<i32>,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let number = |value: Option<u32>| value.and_then(|value| i32::try_from(value).ok());
        Self {
            code: fault.code.to_string(),
            message: fault.message,
            hint: fault.hint,
            path: fault.path,
            line: number(fault.line),
            column: number(fault.column),
        }
    }
}

/// What became of a document that was to be saved.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Saved {
    /// The workflow, where the document was accepted.
    pub workflow: Option<Workflow>,
    /// All its faults, where it was refused.
    pub problems: Vec<Problem>,
}

/// One line of a run's log.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Log {
    at: DateTime<Utc>,
    /// The step, or none for the run as a whole.
    step: Option<String>,
    level: String,
    message: String,
}

impl From<LogLine> for Log {
    fn from(line: LogLine) -> Self {
        let level = format!("{:?}", line.level).to_lowercase();
        Self { at: line.at, step: line.step.map(|step| step.to_string()), level, message: line.message }
    }
}

/// A step kind, or a plugin that is used as one.
pub struct StepKind(pub KindInfo);

#[graphql_object(context = Context)]
impl StepKind {
    /// The word in `uses`.
    fn name(&self) -> &str {
        &self.0.name
    }
    fn summary(&self) -> &str {
        &self.0.summary
    }
    /// JSON Schema of `with`, as text.
    fn schema(&self) -> String {
        json_text(&self.0.schema)
    }
    /// Ports that data edges may leave by; the first is the default.
    fn ports(&self) -> &[String] {
        &self.0.ports
    }
    /// Values it leaves for expressions.
    fn outputs(&self) -> &[String] {
        &self.0.outputs
    }
    /// Whether data edges lead in.
    fn inputs(&self) -> StepInputsWord {
        match self.0.inputs {
            Inputs::None => StepInputsWord::None,
            Inputs::Required => StepInputsWord::Required,
            Inputs::Optional => StepInputsWord::Optional,
        }
    }
    /// Whether there are further ports that the settings name.
    fn named_ports(&self) -> bool {
        self.0.named_ports
    }
}

/// Whether data edges lead into a step.
#[derive(GraphQLEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepInputsWord {
    /// `from` is not allowed.
    None,
    /// `from` is needed.
    Required,
    /// `from` may be given.
    Optional,
}

/// Something that happened to a run.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct Happening {
    /// The run.
    run_id: String,
    at: DateTime<Utc>,
    /// The run's new status, where that changed.
    status: Option<RunStatusWord>,
    /// The step it happened to.
    step: Option<String>,
    /// The step's new status, where that changed.
    step_status: Option<StepStatusWord>,
    /// Rows that arrived at the step so far.
    rows_in: Option<f64>,
    rows_out: Option<f64>,
    rows_rejected: Option<f64>,
    /// Rows that left the step so far by port, as JSON text.
    ports: Option<String>,
    /// Bytes of memory that the rows took.
    bytes: Option<f64>,
    /// Where several chunks of a step run side by side, whose counts these are: each counts its own rows.
    chunk: Option<i32>,
    /// A line of the log.
    log: Option<Log>,
    /// Why the step failed or was skipped.
    error: Option<Problem>,
}

impl From<&RunEvent> for Happening {
    fn from(event: &RunEvent) -> Self {
        let mut happening = Self {
            run_id: event.run.to_string(),
            at: event.at,
            status: None,
            step: None,
            step_status: None,
            rows_in: None,
            rows_out: None,
            rows_rejected: None,
            ports: None,
            bytes: None,
            chunk: None,
            log: None,
            error: None,
        };
        let metrics = match &event.kind {
            RunEventKind::Run { status } => {
                happening.status = Some((*status).into());
                None
            }
            RunEventKind::Step { step, status, metrics, error } => {
                happening.step = Some(step.to_string());
                happening.step_status = Some((*status).into());
                happening.error = error.clone().map(Problem::from);
                Some(metrics)
            }
            RunEventKind::Progress { step, metrics, chunk } => {
                happening.step = Some(step.to_string());
                happening.chunk = chunk.and_then(|chunk| i32::try_from(chunk).ok());
                Some(metrics)
            }
            RunEventKind::Log { line } => {
                happening.step = line.step.as_ref().map(ToString::to_string);
                happening.log = Some(line.clone().into());
                None
            }
        };
        if let Some(metrics) = metrics {
            happening.rows_in = Some(count(metrics.rows_in));
            happening.rows_out = Some(count(metrics.rows_out));
            happening.rows_rejected = Some(count(metrics.rows_rejected));
            happening.ports = Some(json_text(&metrics.ports));
            happening.bytes = Some(count(metrics.bytes));
        }
        happening
    }
}

macro_rules! status_word {
    ($(#[$doc:meta])* $name:ident of $status:ident { $($variant:ident),+ }) => {
        $(#[$doc])*
        #[derive(GraphQLEnum, Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl From<$status> for $name {
            fn from(status: $status) -> Self {
                match status { $($status::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $status {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

status_word!(
    /// Where a run stands.
    RunStatusWord of RunStatus { Queued, Running, Waiting, Succeeded, Failed, Canceled }
);
status_word!(
    /// Where a step stands.
    StepStatusWord of StepStatus { Pending, Running, Succeeded, Failed, Skipped, Canceled }
);

pub(super) fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("JSON values have text keys")
}

#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}
