//! The engine put together: what the API and the command line call.

use crate::expression;
use crate::plan::{self, Catalog, Plan};
use crate::ports::{Clock, Dispatch, RunEvent, RunFilter, RunStore, TaskRunner, VersionRecord, WorkflowRecord};
use crate::run_state::Event;
use crate::runs::{ApplyError, NewRun, RunView, Runs, lock};
use crate::scheduler::Armed;
use crate::trigger::webhook::{Hook, Hooks};
use crate::worker::{Worker, WorkerConfig};
use chrono::{DateTime, Utc};
use model::document::{Input, InputKind};
use model::{ErrorCode, Fault, RunId, StepId, VersionId, WorkflowId};
use serde_json::{Map, Value, json};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// What the engine needs from outside.
#[derive(Clone)]
pub struct Deps {
    /// Workflows, runs and tasks.
    pub store: Arc<dyn RunStore>,
    /// Wakes workers and carries events.
    pub dispatch: Arc<dyn Dispatch>,
    /// Runs tasks.
    pub runner: Arc<dyn TaskRunner>,
    /// The step kinds there are.
    pub catalog: Arc<dyn Catalog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How the engine works in this process.
#[derive(Debug, Clone)]
pub struct Config {
    /// The worker of this process; none: it only accepts runs.
    pub worker: Option<WorkerConfig>,
    /// Whether this process fires triggers (one of all those that do is chosen at a time).
    pub schedule: bool,
}

/// A run to start.
#[derive(Debug, Clone, Default)]
pub struct StartRun {
    /// Values for its inputs.
    pub inputs: Map<String, Value>,
    /// A version other than the newest.
    pub version: Option<VersionId>,
    /// What starts it: `manual` where empty.
    pub trigger: String,
    /// More of what started it, for expressions: `trigger.<name>`.
    pub trigger_data: Map<String, Value>,
}

/// Decides what runs, when and where.
pub struct Engine {
    pub(crate) name: String,
    pub(crate) store: Arc<dyn RunStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) armed: Mutex<Arc<Vec<Armed>>>,
    pub(crate) hooks: Mutex<Arc<Hooks>>,
    pub(crate) stopping: CancellationToken,
    catalog: Arc<dyn Catalog>,
    dispatch: Arc<dyn Dispatch>,
    worker: Option<Arc<Worker>>,
    /// Where changes are carried out, whoever asks: a caller that goes away must not leave one half done.
    runtime: Handle,
}

impl Engine {
    /// Puts the engine together and starts its worker and scheduler.
    ///
    /// # Errors
    /// `store_failed` where the triggers cannot be read.
    pub async fn start(deps: Deps, config: Config) -> Result<Arc<Self>, Fault> {
        let Deps { store, dispatch, runner, catalog, clock } = deps;
        let runs = Arc::new(Runs::new(store.clone(), dispatch.clone(), catalog.clone(), clock.clone()));
        let worker = config
            .worker
            .map(|config| Worker::new(config, store.clone(), dispatch.clone(), runner, clock.clone(), runs.clone()));
        if let Some(worker) = &worker {
            runs.set_worker(worker.clone());
            tokio::spawn(worker.clone().work());
            tokio::spawn(worker.clone().heartbeat());
        }
        let engine = Arc::new(Self {
            name: uuid::Uuid::now_v7().to_string(),
            store,
            clock,
            runs,
            armed: Mutex::default(),
            hooks: Mutex::default(),
            stopping: CancellationToken::new(),
            catalog,
            dispatch,
            worker,
            runtime: Handle::current(),
        });
        engine.reload_triggers().await?;
        if config.schedule {
            tokio::spawn(engine.clone().schedule());
        }
        Ok(engine)
    }

    /// Takes no more tasks, gives running ones `grace` to end, then gives them back for others to take.
    pub async fn shutdown(&self, grace: Duration) {
        self.stopping.cancel();
        if let Some(worker) = &self.worker {
            worker.shutdown(grace).await;
        }
    }

    /// Checks a document without saving it.
    ///
    /// # Errors
    /// All its faults at once.
    pub fn check(&self, text: &str) -> Result<Plan, Vec<Fault>> {
        plan::check(text, self.catalog.as_ref())
    }

    /// Checks a document and saves it as the newest version of the workflow it names. Its triggers are live at once.
    ///
    /// # Errors
    /// All the document's faults, or `store_failed`.
    pub async fn save_workflow(&self, text: &str) -> Result<WorkflowRecord, Vec<Fault>> {
        let plan = self.check(text)?;
        let saved = self.store.save_workflow(&plan.workflow.name, text, self.clock.now()).await;
        let record = saved.map_err(|error| vec![Fault::from(error)])?;
        self.reload_triggers().await.map_err(|fault| vec![fault])?;
        Ok(record)
    }

    /// The workflow of that id or name.
    ///
    /// # Errors
    /// `workflow_not_found` with a near name in the hint.
    pub async fn get_workflow(&self, id_or_name: &str) -> Result<WorkflowRecord, Fault> {
        let found = match id_or_name.parse::<WorkflowId>() {
            Ok(id) => self.store.find_workflow(id).await,
            Err(_) => self.store.find_workflow_by_name(id_or_name).await,
        };
        match found? {
            Some(record) => Ok(record),
            None => Err(self.no_such_workflow(id_or_name).await),
        }
    }

    async fn no_such_workflow(&self, asked: &str) -> Fault {
        let shown: String = asked.chars().take(80).collect();
        let fault = Fault::new(ErrorCode::WorkflowNotFound, format!("workflow `{shown}` does not exist"));
        let names = self.store.list_workflows(None, 500).await.unwrap_or_default();
        let near = model::nearest(&shown, names.iter().map(|record| record.name.as_str()));
        match near {
            Some(name) => fault.hint(format!("Did you mean `{name}`?")),
            None => fault.hint("`sluice workflow list` shows what there is."),
        }
    }

    /// All workflows by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_workflows(&self, after: Option<&str>, limit: u32) -> Result<Vec<WorkflowRecord>, Fault> {
        self.store.list_workflows(after, limit).await.map_err(Fault::from)
    }

    /// Versions of a workflow, newest first, before the one of the number `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_versions(
        &self,
        workflow: WorkflowId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<VersionRecord>, Fault> {
        self.store.list_versions(workflow, before, limit).await.map_err(Fault::from)
    }

    /// The version of that id.
    ///
    /// # Errors
    /// `version_not_found`.
    pub async fn get_version(&self, id: VersionId) -> Result<VersionRecord, Fault> {
        let found = self.store.find_version(id).await?;
        found.ok_or_else(|| Fault::new(ErrorCode::VersionNotFound, format!("version `{id}` does not exist")))
    }

    /// Lets a workflow's triggers fire, or not.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn set_workflow_enabled(&self, workflow: WorkflowId, enabled: bool) -> Result<(), Fault> {
        self.store.set_workflow_enabled(workflow, enabled).await?;
        self.reload_triggers().await
    }

    /// Removes a workflow and its versions; its runs stay. False: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_workflow(&self, workflow: WorkflowId) -> Result<bool, Fault> {
        let deleted = self.store.delete_workflow(workflow).await?;
        self.reload_triggers().await?;
        Ok(deleted)
    }

    /// Accepts a run of a workflow; it is durable when this returns.
    ///
    /// # Errors
    /// `invalid_input`, `version_not_found`, `concurrency_limit` or `store_failed`.
    pub async fn start_run(&self, workflow: &WorkflowRecord, start: StartRun) -> Result<RunId, Fault> {
        let version = start.version.unwrap_or(workflow.version);
        let planned = self.runs.plan(version).await?;
        if planned.workflow != workflow.id {
            let message = format!("version `{version}` belongs to another workflow than `{}`", workflow.name);
            return Err(Fault::new(ErrorCode::VersionNotFound, message));
        }
        self.create_run(workflow.id, version, planned.plan, start).await
    }

    /// Accepts the run that a webhook asks for.
    ///
    /// # Errors
    /// As for [`Engine::start_run`].
    pub async fn start_hook(&self, hook: &Hook, start: StartRun) -> Result<RunId, Fault> {
        self.create_run(hook.workflow, hook.version, hook.plan.clone(), start).await
    }

    async fn create_run(
        &self,
        workflow: WorkflowId,
        version: VersionId,
        plan: Arc<Plan>,
        start: StartRun,
    ) -> Result<RunId, Fault> {
        let trigger = if start.trigger.is_empty() { "manual".to_owned() } else { start.trigger };
        let mut data = start.trigger_data;
        data.insert("kind".to_owned(), json!(trigger));
        let data = Value::Object(data);
        let inputs = fill_inputs(&plan, start.inputs, &data, self.clock.now())?;
        let id = RunId::generate();
        let new = NewRun { id, workflow, version, plan, inputs, trigger, trigger_data: data };
        let runs = self.runs.clone();
        self.to_the_end(async move { runs.create(new).await }).await
    }

    /// Carries a change out even if the caller goes away while it waits.
    async fn to_the_end<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let ended = self.runtime.spawn(change).await;
        ended.unwrap_or_else(|_| Err(Fault::new(ErrorCode::Internal, "the change was not carried out")))
    }

    /// The webhook that listens on `path`.
    #[must_use]
    pub fn find_hook(&self, path: &str) -> Option<Hook> {
        lock(&self.hooks).find(path).cloned()
    }

    /// Waits until the run has ended or `timeout` is over; answers how it stands.
    ///
    /// # Errors
    /// `run_not_found` or `store_failed`.
    pub async fn wait_run(&self, run: RunId, timeout: Duration) -> Result<Arc<RunView>, Fault> {
        self.runs.wait(run, timeout).await
    }

    /// The run of that id.
    ///
    /// # Errors
    /// `run_not_found` or `store_failed`.
    pub async fn get_run(&self, run: RunId) -> Result<RunView, Fault> {
        self.runs.find(run).await
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunView>, Fault> {
        let records = self.store.list_runs(filter).await?;
        records.iter().map(RunView::of).collect()
    }

    /// Stops a run. Steps that run are told to stop; what they made durable stays.
    ///
    /// # Errors
    /// `run_not_found`, or `run_state_conflict` where it has ended.
    pub async fn cancel_run(&self, run: RunId, reason: &str) -> Result<(), Fault> {
        let event = Event::CancelRequested { reason: reason.to_owned() };
        self.apply(run, event).await
    }

    /// Tries again what did not succeed, in the same run: sinks skip what an earlier attempt made durable.
    /// With `from`, that step and everything after it runs again too.
    ///
    /// # Errors
    /// `run_not_found`, `step_not_found`, or `run_state_conflict` where the run has not ended.
    pub async fn retry_run(&self, run: RunId, from: Option<StepId>) -> Result<(), Fault> {
        self.apply(run, Event::RetryRequested { from }).await
    }

    async fn apply(&self, run: RunId, event: Event) -> Result<(), Fault> {
        let runs = self.runs.clone();
        self.to_the_end(async move { runs.apply(run, event, None).await.map_err(ApplyError::into_fault) }).await
    }

    /// Events of all runs from now on.
    #[must_use]
    pub fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Arc<RunEvent>> {
        self.dispatch.subscribe()
    }

    /// Log lines of a run, each with its place: those after the place `after`, which is 0 for the first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_logs(
        &self,
        run: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, model::run::LogLine)>, Fault> {
        self.store.list_logs(run, after, limit).await.map_err(Fault::from)
    }

    /// The step kinds there are.
    #[must_use]
    pub fn catalog(&self) -> &dyn Catalog {
        self.catalog.as_ref()
    }
}

/// Checks what a run is given and fills in defaults.
///
/// # Errors
/// `invalid_input`, naming the input; what an expression of a default meets.
pub fn fill_inputs(
    plan: &Plan,
    mut given: Map<String, Value>,
    trigger: &Value,
    now: DateTime<Utc>,
) -> Result<Map<String, Value>, Fault> {
    let declared = &plan.workflow.inputs;
    if let Some(unknown) = given.keys().find(|name| !declared.iter().any(|input| input.name == **name)) {
        let shown: String = unknown.chars().take(80).collect();
        let names: Vec<&str> = declared.iter().map(|input| input.name.as_str()).collect();
        let fault = Fault::new(ErrorCode::InvalidInput, format!("the workflow has no input `{shown}`"));
        let hint = if names.is_empty() { "It takes none.".into() } else { format!("It takes {}.", names.join(", ")) };
        return Err(fault.hint(hint).path(format!("inputs.{shown}")));
    }
    let mut filled = Map::new();
    for input in declared {
        let value = match (given.remove(&input.name), &input.default) {
            (Some(value), _) => value,
            (None, Some(default)) => {
                let values = json!({ "inputs": filled, "trigger": trigger, "steps": {} });
                expression::render(default, &expression::Scope::new(&values, now))?
            }
            (None, None) => {
                let message = format!("input `{}` is required", input.name);
                return Err(Fault::new(ErrorCode::InvalidInput, message)
                    .hint(format!("Give it a value: a {}.", kind_word(input.kind)))
                    .path(format!("inputs.{}", input.name)));
            }
        };
        filled.insert(input.name.clone(), check_input(input, value)?);
    }
    Ok(filled)
}

fn kind_word(kind: InputKind) -> &'static str {
    match kind {
        InputKind::String => "text",
        InputKind::Integer => "whole number",
        InputKind::Number => "number",
        InputKind::Boolean => "`true` or `false`",
        InputKind::Date => "date such as 2024-01-31",
        InputKind::Datetime => "time such as 2024-01-31T08:00:00Z",
        InputKind::Array => "list",
        InputKind::Object => "mapping",
    }
}

/// The value as the input wants it. Text that spells a number or boolean is taken for one: shells know only text.
fn check_input(input: &Input, value: Value) -> Result<Value, Fault> {
    let parsed = match (&value, input.kind) {
        (Value::String(text), InputKind::Integer) => text.parse::<i64>().ok().map(Value::from),
        (Value::String(text), InputKind::Number) => text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from),
        (Value::String(text), InputKind::Boolean) => text.parse::<bool>().ok().map(Value::from),
        (Value::String(text), InputKind::Array | InputKind::Object) => serde_json::from_str(text).ok(),
        _ => Some(value.clone()),
    };
    let fits = |value: &Value| match (value, input.kind) {
        (Value::String(_), InputKind::String)
        | (Value::Number(_), InputKind::Number)
        | (Value::Bool(_), InputKind::Boolean)
        | (Value::Array(_), InputKind::Array)
        | (Value::Object(_), InputKind::Object) => true,
        (Value::Number(number), InputKind::Integer) => number.is_i64() || number.is_u64(),
        (Value::String(text), InputKind::Date) => chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        (Value::String(text), InputKind::Datetime) => DateTime::parse_from_rfc3339(text).is_ok(),
        _ => false,
    };
    let path = format!("inputs.{}", input.name);
    let Some(value) = parsed.filter(fits) else {
        let shown: String = value.to_string().chars().take(80).collect();
        let message = format!("input `{}` got `{shown}`, which is not a {}", input.name, kind_word(input.kind));
        return Err(Fault::new(ErrorCode::InvalidInput, message)
            .hint(format!("Give it a {}.", kind_word(input.kind)))
            .path(path));
    };
    if !input.options.is_empty() && !input.options.contains(&value) {
        let options: Vec<String> = input.options.iter().map(Value::to_string).collect();
        let message = format!("input `{}` got {value}, which is not among its options", input.name);
        return Err(Fault::new(ErrorCode::InvalidInput, message)
            .hint(format!("Choose one of {}.", options.join(", ")))
            .path(path));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
