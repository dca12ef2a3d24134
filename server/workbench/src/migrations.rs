//! Migrations: workflows of one `migrate` step, made from a template, known by the tag `migration`.
//!
//! A migration is a workflow and nothing else: [`document`] writes its document, the engine runs it, and how far it is is
//! read from its runs ([`State`]). Its input `task` says what a run does: `move` the tables, only `look`, or `validate` a
//! copy that is there. [`look`] looks at once, without a run.

mod document;
mod look;
mod state;
#[cfg(test)]
mod tests;

pub use document::document;
pub use look::{Looked, TableLook, look};
pub use state::{State, Word};
// What plans and looks are made of; the API knows `transfer` by them only.
pub use transfer::migrate::{ColumnRule, Conversions, Hazard, LeftOut, Prepared, PreparedColumn, ToldColumn};

use data::Mode;
use data::registry::Connections;
use engine::RunView;
use engine::engine::{Engine, StartRun};
use engine::ports::{RunFilter, WorkflowRecord};
use model::document::Workflow;
use model::{ErrorCode, Fault, RunId};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The tag every migration has.
pub const TAG: &str = "migration";
/// Its step.
pub const STEP: &str = "migrate";
/// The input that says what a run does.
const TASK: &str = "task";
const PAGE: u32 = 200;
/// Runs that are looked through for the newest that moved tables.
const RUNS: u32 = 50;

/// What a run of a migration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Moves the tables.
    Move,
    /// Only looks at both sides.
    Look,
    /// Compares a copy that is there with its source, row by row.
    Validate,
}

impl Task {
    /// The word, as the step's setting spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Look => "look",
            Self::Validate => "validate",
        }
    }

    fn of(view: &RunView) -> Self {
        match view.inputs.get(TASK).and_then(Value::as_str) {
            Some("look") => Self::Look,
            Some("validate") => Self::Validate,
            _ => Self::Move,
        }
    }
}

/// What a migration moves, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The connection to read from.
    pub from: String,
    /// Tables or patterns; empty where there is a query.
    pub tables: Vec<String>,
    /// Tables or patterns to leave out.
    pub except: Vec<String>,
    /// A query instead of tables.
    pub query: Option<String>,
    /// A condition in the source's SQL.
    pub filter: Option<String>,
    /// Columns that tell rows apart.
    pub key: Vec<String>,
    /// The connection to write to.
    pub to: String,
    /// The target's table; `*` stands for the source's name.
    pub target: Option<String>,
    /// Whether the target's table must be there.
    pub keeps_structure: bool,
    /// What columns of the target get, of one table.
    pub columns: BTreeMap<String, ColumnRule>,
    /// Columns of the source that are left out.
    pub skip: Vec<String>,
    /// What becomes of values that the target cannot hold.
    pub convert: Conversions,
    /// What happens to rows that are there already.
    pub mode: Mode,
    /// Further settings of the step: `parallel`, `validate`, `catch_up`, …
    pub settings: Map<String, Value>,
}

/// A migration as lists show it.
#[derive(Debug, Clone)]
pub struct MigrationView {
    /// Its name, and the workflow's.
    pub name: String,
    /// What it does, in a sentence.
    pub description: String,
    /// The step's settings.
    pub settings: Map<String, Value>,
    /// How far its newest run is that moved tables; none: there is none yet.
    pub state: Option<State>,
}

/// Saves a migration as a workflow; `replace` where there is one of that name, as its newest version.
///
/// # Errors
/// `already_exists`, `connection_not_found`, and the document's faults.
pub async fn create(
    engine: &Engine,
    pools: &dyn Connections,
    name: &str,
    plan: &Plan,
    replace: bool,
) -> Result<WorkflowRecord, Vec<Fault>> {
    if !replace && engine.get_workflow(name).await.is_ok() {
        let fault = Fault::new(ErrorCode::AlreadyExists, format!("there is a workflow `{name}` already"));
        return Err(vec![fault.hint("Choose another name, or replace it.")]);
    }
    for connection in [&plan.from, &plan.to] {
        pools.get(connection).await.map_err(|error| vec![*error.fault])?;
    }
    engine.save_workflow(&document(name, plan)).await
}

/// Migrations by name, after the one called `after`, at most so many.
///
/// # Errors
/// `store_failed`.
pub async fn list(engine: &Engine, after: Option<&str>, most: usize) -> Result<Vec<MigrationView>, Fault> {
    let mut found = Vec::new();
    let mut after = after.map(ToOwned::to_owned);
    loop {
        let page = engine.list_workflows(after.as_deref(), PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        after = page.last().map(|record| record.name.clone());
        for record in page {
            if found.len() >= most {
                return Ok(found);
            }
            // A document that this version no longer understands is no migration, but must not hide the others.
            if let Ok(workflow) = read(engine, &record).await {
                found.push(view(engine, &record, &workflow).await?);
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// One migration.
///
/// # Errors
/// `workflow_not_found`, `invalid_value` for a workflow that is no migration, `store_failed`.
pub async fn get(engine: &Engine, name: &str) -> Result<MigrationView, Fault> {
    let record = engine.get_workflow(name).await?;
    let workflow = read(engine, &record).await?;
    view(engine, &record, &workflow).await
}

/// Starts a run.
///
/// # Errors
/// As for [`get`], `run_state_conflict` where one that moves tables is still going on.
pub async fn start(engine: &Engine, name: &str, task: Task) -> Result<RunId, Fault> {
    let record = engine.get_workflow(name).await?;
    let inputs = match read(engine, &record).await {
        Ok(_) => Map::from_iter([(TASK.to_owned(), task.as_str().into())]),
        // A workflow of somebody's own that moves tables among other things runs as it is.
        Err(_) if task == Task::Move => Map::new(),
        Err(fault) => return Err(fault),
    };
    if task == Task::Move
        && let Some(running) = newest(engine, &record).await?.filter(|view| !view.status.is_final())
    {
        let message = format!("the migration `{name}` is running already: {}", running.id);
        return Err(Fault::new(ErrorCode::RunStateConflict, message).hint("Wait for its end, or cancel it."));
    }
    engine.start_run(&record, StartRun { inputs, ..StartRun::default() }).await
}

/// Cancels the newest run that moves tables; what was copied stays.
///
/// # Errors
/// As for [`get`], `run_not_found`, `run_state_conflict` where it has ended.
pub async fn cancel(engine: &Engine, name: &str, reason: &str) -> Result<RunId, Fault> {
    let run = get_newest(engine, name).await?.id;
    engine.cancel_run(run, reason).await?;
    Ok(run)
}

/// Goes on with what the newest run has left.
///
/// # Errors
/// As for [`get`], `run_not_found`, `run_state_conflict` where nothing is left.
pub async fn resume(engine: &Engine, name: &str) -> Result<RunId, Fault> {
    let run = get_newest(engine, name).await?.id;
    engine.retry_run(run, None).await?;
    Ok(run)
}

/// The newest run that moved tables.
///
/// # Errors
/// As for [`get`], `run_not_found` where there is none.
pub async fn get_newest(engine: &Engine, name: &str) -> Result<RunView, Fault> {
    let record = engine.get_workflow(name).await?;
    newest(engine, &record).await?.ok_or_else(|| {
        Fault::new(ErrorCode::RunNotFound, format!("the migration `{name}` has no run"))
            .hint(format!("Start one: `sluice migrate execute {name}`."))
    })
}

async fn newest(engine: &Engine, record: &WorkflowRecord) -> Result<Option<RunView>, Fault> {
    let filter = RunFilter { workflow: Some(record.id), limit: RUNS, ..RunFilter::default() };
    let views = engine.list_runs(&filter).await?;
    Ok(views.into_iter().find(|view| Task::of(view) == Task::Move))
}

async fn view(engine: &Engine, record: &WorkflowRecord, workflow: &Workflow) -> Result<MigrationView, Fault> {
    let step = workflow.steps.iter().find(|step| step.uses == STEP);
    Ok(MigrationView {
        name: record.name.clone(),
        description: workflow.description.clone().unwrap_or_default(),
        settings: step.map(|step| step.with.clone()).unwrap_or_default(),
        state: newest(engine, record).await?.as_ref().map(State::of),
    })
}

/// The document of a workflow that is a migration: it has the tag, and one step `migrate`.
async fn read(engine: &Engine, record: &WorkflowRecord) -> Result<Workflow, Fault> {
    let no_migration = || {
        Fault::new(ErrorCode::InvalidValue, format!("the workflow `{}` is no migration", record.name))
            .hint("A migration has the tag `migration` and one step `migrate`.")
    };
    let version = engine.get_version(record.version).await?;
    let plan = engine.check(&version.text).map_err(|_| no_migration())?;
    let workflow = plan.workflow.as_ref().clone();
    let is_migration = workflow.tags.iter().any(|tag| tag == TAG)
        && workflow.steps.iter().filter(|step| step.uses == STEP).count() == 1;
    if is_migration { Ok(workflow) } else { Err(no_migration()) }
}
