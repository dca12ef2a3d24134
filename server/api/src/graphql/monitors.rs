//! Monitors: workflows made from a template that compare on a schedule.

use super::Context;
use super::page::{Filling, connection};
use super::types::json_text;
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use data::connector::Relation;
use juniper::{GraphQLEnum, GraphQLInputObject, graphql_object};
use model::{ErrorCode, Fault};
use serde_json::Value;
use workbench::monitors::{self, MonitorSide, NewMonitor, Template, Threshold};

/// What a monitor watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum MonitorTemplate {
    /// Rows in which two tables differ.
    DataDiff,
    /// By how many rows two tables differ, or how many one has.
    RowCount,
    /// Columns in which two tables differ, or a table from what it was when the monitor was made.
    SchemaChange,
}

impl From<MonitorTemplate> for Template {
    fn from(template: MonitorTemplate) -> Self {
        match template {
            MonitorTemplate::DataDiff => Self::DataDiff,
            MonitorTemplate::RowCount => Self::RowCount,
            MonitorTemplate::SchemaChange => Self::SchemaChange,
        }
    }
}

/// A workflow that compares and tells people.
pub struct Monitor(monitors::MonitorView);

#[graphql_object(context = Context)]
impl Monitor {
    /// The workflow's, too.
    fn name(&self) -> &str {
        &self.0.name
    }
    fn template(&self) -> MonitorTemplate {
        match self.0.template {
            Template::DataDiff => MonitorTemplate::DataDiff,
            Template::RowCount => MonitorTemplate::RowCount,
            Template::SchemaChange => MonitorTemplate::SchemaChange,
        }
    }
    fn description(&self) -> &str {
        &self.0.description
    }
    /// None: by hand only.
    fn cron(&self) -> Option<&str> {
        self.0.cron.as_deref()
    }
    /// Whether its schedule runs.
    fn enabled(&self) -> bool {
        self.0.enabled
    }
    fn last(&self) -> Option<MonitorResult> {
        self.0.last.clone().map(MonitorResult)
    }
}

connection!(
    /// A page of monitors.
    MonitorConnection of MonitorEdge of Monitor
);

/// What one run of a monitor found.
pub struct MonitorResult(monitors::MonitorResult);

#[graphql_object(context = Context)]
impl MonitorResult {
    fn run_id(&self) -> &str {
        &self.0.run
    }
    fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// The run's status.
    fn status(&self) -> &str {
        self.0.status.as_str()
    }
    /// Everything that was measured, as JSON text.
    fn measures(&self) -> String {
        json_text(&Value::Object(self.0.measures.clone()))
    }
    /// What the trend is told by.
    fn value(&self) -> Option<f64> {
        self.0.value
    }
    /// By how much that is more than in the run before.
    fn trend(&self) -> Option<f64> {
        self.0.trend
    }
    /// Whether a threshold was passed.
    fn passed(&self) -> bool {
        self.0.passed
    }
}

connection!(
    /// A page of what a monitor found.
    MonitorResultConnection of MonitorResultEdge of MonitorResult
);

/// A table or query of a connection.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct MonitorSideInput {
    /// The connection.
    connection: String,
    /// A table, or `query`.
    table: Option<String>,
    /// A query that only reads, or `table`.
    query: Option<String>,
    /// A condition in the system's own SQL.
    filter: Option<String>,
}

/// A monitor to be made.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct MonitorInput {
    /// Lowercase letters, digits and `-`.
    name: String,
    /// What it watches.
    template: MonitorTemplate,
    /// One side.
    left: MonitorSideInput,
    /// The other; `DATA_DIFF` must have it.
    right: Option<MonitorSideInput>,
    /// Columns that say which rows belong together.
    key: Option<Vec<String>>,
    /// Columns to compare; absent: all.
    columns: Option<Vec<String>>,
    /// When it runs, as crontab(5) says it; absent: by hand only.
    cron: Option<String>,
    /// The zone of that; absent: UTC.
    timezone: Option<String>,
    /// When people are told: `differences > 0`; any counts; absent: at any difference.
    thresholds: Option<Vec<String>>,
    /// Channels they are told by; absent: the run's log.
    channels: Option<Vec<String>>,
    /// `info`, `warning` or `critical`; absent: `warning`.
    severity: Option<String>,
    /// Replace the monitor of that name.
    replace: Option<bool>,
}

impl MonitorSideInput {
    fn into_side(self) -> Result<MonitorSide, Fault> {
        let relation = match (self.table, self.query) {
            (Some(table), None) => Relation::Table(table),
            (None, Some(query)) => Relation::Query(query),
            _ => {
                return Err(Fault::new(ErrorCode::MissingKey, "a side of a monitor needs either `table` or `query`")
                    .hint("Give exactly one of the two."));
            }
        };
        Ok(MonitorSide { connection: self.connection, relation, filter: self.filter })
    }
}

impl MonitorInput {
    fn into_new(self) -> Result<NewMonitor, Fault> {
        let thresholds = self.thresholds.unwrap_or_default();
        Ok(NewMonitor {
            name: self.name,
            template: self.template.into(),
            left: self.left.into_side()?,
            right: self.right.map(MonitorSideInput::into_side).transpose()?,
            key: self.key.unwrap_or_default(),
            columns: self.columns.unwrap_or_default(),
            cron: self.cron,
            timezone: self.timezone,
            thresholds: thresholds.iter().map(|text| text.parse::<Threshold>()).collect::<Result<_, _>>()?,
            channels: self.channels.unwrap_or_default(),
            severity: self.severity.unwrap_or_else(|| "warning".to_owned()),
        })
    }
}

pub(super) async fn list(
    context: &Context,
    after: Option<String>,
    first: Option<i32>,
) -> Result<MonitorConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let found = monitors::list(&context.engine, after, limit as usize).await?;
        filling.take(found.into_iter().map(|found| {
            let is_seen = context.sees_workflow(&found.name);
            (found.name.clone(), Monitor(found), is_seen)
        }));
    }
    Ok(filling.page().into())
}

pub(super) async fn results(
    context: &Context,
    name: &str,
    after: Option<String>,
    first: Option<i32>,
) -> Result<MonitorResultConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(super::query::run_id).transpose()?;
        let found = monitors::results(&context.engine, name, before, limit).await?;
        filling.take(found.into_iter().map(|found| (found.run.clone(), MonitorResult(found), true)));
    }
    Ok(filling.page().into())
}

pub(super) async fn create(context: &Context, input: MonitorInput) -> Result<Monitor, ApiError> {
    let replace = input.replace.unwrap_or(false);
    let new = input.into_new()?;
    let pools = context.workbench.pools.as_ref();
    let made = monitors::create(&context.engine, pools, &new, replace).await;
    let record = made.map_err(first)?;
    let found = monitors::list(&context.engine, None, usize::MAX).await?;
    let found = found.into_iter().find(|monitor| monitor.name == record.name).map(Monitor);
    found.ok_or_else(|| Fault::new(ErrorCode::Internal, "the monitor that was made is not there").into())
}

/// The first of several faults, which are those of a document nobody wrote.
pub(super) fn first(faults: Vec<Fault>) -> Fault {
    let none = || Fault::new(ErrorCode::Internal, "a document was refused without a reason");
    faults.into_iter().next().unwrap_or_else(none)
}
