//! Monitors: workflows made from a template that compare on a schedule and tell people when a threshold is passed.
//!
//! A monitor is a workflow and nothing else: [`document`] writes its document, the engine runs it, and what it found is read
//! from the outputs of its runs. It is known by the tag `monitor`; the step `measured` measures, the step `tell` tells.

mod document;
mod results;
#[cfg(test)]
mod tests;
mod threshold;

pub use document::document;
pub use results::{MonitorResult, MonitorView};
pub use threshold::{Operator, Threshold};

use data::connector::Relation;
use data::registry::Connections;
use engine::engine::{Engine, StartRun};
use engine::ports::{RunFilter, WorkflowRecord};
use model::document::Workflow;
use model::{ErrorCode, Fault, RunId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tag every monitor has.
pub const TAG: &str = "monitor";
/// The step that measures.
pub const MEASURED: &str = "measured";
/// The step that tells people.
pub const TELL: &str = "tell";
/// Workflows of one look at the list.
const PAGE: u32 = 200;

/// What a monitor watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// Rows in which two tables differ.
    DataDiff,
    /// By how many rows two tables differ, or how many one has.
    RowCount,
    /// Columns in which two tables differ, or a table from what it was when the monitor was made.
    SchemaChange,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DataDiff, Self::RowCount, Self::SchemaChange];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataDiff => "data_diff",
            Self::RowCount => "row_count",
            Self::SchemaChange => "schema_change",
        }
    }

    /// The output that its trend is told by.
    #[must_use]
    pub fn measure(self, has_right: bool) -> &'static str {
        match (self, has_right) {
            (Self::RowCount, true) => "difference",
            (Self::RowCount, false) => "count",
            _ => "differences",
        }
    }

    fn measures(self, has_right: bool) -> &'static [&'static str] {
        match (self, has_right) {
            (Self::DataDiff, _) => &["differences", "percent", "missing", "extra", "changed"],
            (Self::RowCount, true) => &["difference", "percent", "count", "other"],
            (Self::RowCount, false) => &["count"],
            (Self::SchemaChange, _) => &["differences", "missing", "extra", "changed"],
        }
    }
}

/// A table or query of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorSide {
    /// The connection.
    pub connection: String,
    /// What of it.
    pub relation: Relation,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
}

/// A monitor to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMonitor {
    /// Its name, and the workflow's.
    pub name: String,
    /// What it watches.
    pub template: Template,
    /// One side.
    pub left: MonitorSide,
    /// The other; only `data_diff` must have it.
    pub right: Option<MonitorSide>,
    /// Columns that say which rows belong together.
    pub key: Vec<String>,
    /// Columns to compare; empty: all.
    pub columns: Vec<String>,
    /// When it runs, as crontab(5) says it; none: by hand only.
    pub cron: Option<String>,
    /// The zone of that.
    pub timezone: Option<String>,
    /// When people are told; empty: at any difference.
    pub thresholds: Vec<Threshold>,
    /// The channels they are told by; empty: the run's log.
    pub channels: Vec<String>,
    /// `info`, `warning` or `critical`.
    pub severity: String,
}

/// Saves a monitor as a workflow; `replace` where there is one of that name, as its newest version.
///
/// # Errors
/// `already_exists`, `connection_not_found`, `channel_not_found`, `invalid_value`, `missing_key`, and the document's faults.
pub async fn create(
    engine: &Engine,
    pools: &dyn Connections,
    new: &NewMonitor,
    replace: bool,
) -> Result<WorkflowRecord, Vec<Fault>> {
    let one = |fault: Fault| vec![fault];
    if !replace && engine.get_workflow(&new.name).await.is_ok() {
        return Err(one(Fault::new(ErrorCode::AlreadyExists, format!("there is a workflow `{}` already", new.name))
            .hint("Choose another name, or replace it.")));
    }
    let of_data = |error: data::Error| one(*error.fault);
    let left = pools.get(&new.left.connection).await.map_err(of_data)?;
    if let Some(right) = &new.right {
        pools.get(&right.connection).await.map_err(of_data)?;
    }
    for channel in new.channels.iter().filter(|channel| *channel != engine::alerts::LOG) {
        match pools.get_channel(channel).await {
            Err(error) if error.code() == ErrorCode::ChannelNotFound => return Err(of_data(error)),
            // One that does not work just now is told when it is used.
            _ => {}
        }
    }
    let expected: Option<BTreeMap<String, String>> = match (new.template, &new.right) {
        (Template::SchemaChange, None) => {
            let columns = transfer::schema::columns(left.as_ref(), &new.left.relation).await.map_err(of_data)?;
            Some(transfer::schema::named(&columns))
        }
        _ => None,
    };
    engine.save_workflow(&document(new, expected.as_ref()).map_err(one)?).await
}

/// Monitors by name, after the one called `after`, at most so many, each with its last result.
///
/// # Errors
/// `store_failed`.
pub async fn list(engine: &Engine, after: Option<&str>, most: usize) -> Result<Vec<MonitorView>, Fault> {
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
            // A document that this version no longer understands is no monitor, but must not hide the others.
            if let Ok((_, workflow)) = read(engine, &record).await {
                let last = results::of(engine, &record, &workflow, None, 2).await?.into_iter().next();
                found.push(MonitorView::of(&record, &workflow, last));
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// What a monitor's runs found, newest first, before the run `before`.
///
/// # Errors
/// `workflow_not_found`, `invalid_value` for a workflow that is no monitor, `store_failed`.
pub async fn results(
    engine: &Engine,
    name: &str,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<MonitorResult>, Fault> {
    let record = engine.get_workflow(name).await?;
    let (_, workflow) = read(engine, &record).await?;
    let mut found = results::of(engine, &record, &workflow, before, limit.saturating_add(1)).await?;
    found.truncate(limit as usize);
    Ok(found)
}

/// Starts a run of a monitor.
///
/// # Errors
/// As for [`results()`].
pub async fn start(engine: &Engine, name: &str) -> Result<RunId, Fault> {
    let record = engine.get_workflow(name).await?;
    read(engine, &record).await?;
    engine.start_run(&record, StartRun::default()).await
}

/// Lets a monitor's schedule run, or not.
///
/// # Errors
/// As for [`results()`].
pub async fn set_enabled(engine: &Engine, name: &str, enabled: bool) -> Result<(), Fault> {
    let record = engine.get_workflow(name).await?;
    read(engine, &record).await?;
    engine.set_workflow_enabled(record.id, enabled).await
}

/// What one run of a monitor found.
///
/// # Errors
/// `run_not_found`, and as for [`results()`].
pub async fn result(engine: &Engine, name: &str, run: RunId) -> Result<MonitorResult, Fault> {
    let view = engine.get_run(run).await?;
    let record = engine.get_workflow(name).await?;
    let (template, workflow) = read(engine, &record).await?;
    Ok(MonitorResult::of(&view, template.measure(results::has_right(&workflow))))
}

/// The template and document of a workflow that is a monitor.
async fn read(engine: &Engine, record: &WorkflowRecord) -> Result<(Template, Workflow), Fault> {
    let no_monitor = || {
        Fault::new(ErrorCode::InvalidValue, format!("the workflow `{}` is no monitor", record.name))
            .hint("List them with `sluice monitor list`.")
    };
    let version = engine.get_version(record.version).await?;
    let plan = engine.check(&version.text).map_err(|_| no_monitor())?;
    let workflow = plan.workflow.as_ref().clone();
    let template = results::template(&workflow).ok_or_else(no_monitor)?;
    Ok((template, workflow))
}

async fn runs(
    engine: &Engine,
    record: &WorkflowRecord,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<engine::RunView>, Fault> {
    engine.list_runs(&RunFilter { workflow: Some(record.id), before, limit, ..RunFilter::default() }).await
}
