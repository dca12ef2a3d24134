//! Migrations: workflows made from a template that move tables from one connection to another.

use super::Context;
use super::page::{Filling, connection};
use super::types::{Problem, Run, count, json_text};
use crate::error::ApiError;
use juniper::{GraphQLEnum, GraphQLInputObject, GraphQLObject, graphql_object};
use model::{ErrorCode, Fault};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use workbench::migrations::{
    self, ColumnRule, Conversions, Hazard, LeftOut, Plan, Prepared, PreparedColumn, State, Task, ToldColumn, Word,
};

/// What happens to rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum MigrationMode {
    /// Rows are added; a clash of keys is an error.
    Append,
    /// Rows whose key is there replace the copied columns of the old row.
    Upsert,
    /// Rows whose key is there replace the whole old row.
    Replace,
    /// Rows whose key is there are left out.
    InsertIgnore,
    /// The table is emptied first.
    Truncate,
}

/// What a run of a migration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum MigrationTask {
    /// Moves the tables.
    Move,
    /// Only looks at both sides, at all values where the settings say so.
    Look,
    /// Compares a copy that is there with its source, row by row.
    Validate,
}

/// How far a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum MigrationState {
    /// Accepted; waits for its turn.
    Pending,
    /// Rows are moved.
    Running,
    /// All rows are there; indexes are made and both sides are compared.
    Validating,
    /// Done and, where asked for, proven.
    Completed,
    /// It gave up; what was copied stays, and resuming does the rest.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// What one column of the target gets: one of `from`, `sql` and `value`.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct MigrationColumnInput {
    /// The target's column.
    target: String,
    /// A column of the source.
    from: Option<String>,
    /// An expression in the source's SQL.
    sql: Option<String>,
    /// The same value in every row, as JSON text: `"\"shop\""`, `"7"`.
    value: Option<String>,
    /// The type in the target's words, where the table is made.
    native_type: Option<String>,
}

/// What is moved, and how.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct MigrationInput {
    /// The connection to read from.
    from: String,
    /// The connection to write to.
    to: String,
    /// Tables or patterns (`orders_*`, `*`), or `query`.
    tables: Option<Vec<String>>,
    /// Tables or patterns to leave out.
    except: Option<Vec<String>>,
    /// A query that only reads, or `tables`.
    query: Option<String>,
    /// A condition in the source's SQL.
    filter: Option<String>,
    /// Columns that tell rows apart, where the table has no key of its own.
    key: Option<Vec<String>>,
    /// The target's table; for several, `*` stands for the source's name; absent: the source's name.
    target: Option<String>,
    /// Make the target's table where it is missing; absent: yes.
    create: Option<bool>,
    /// What columns of the target get, of one table; others get the source's of their name.
    columns: Option<Vec<MigrationColumnInput>>,
    /// Columns of the source to leave out.
    skip: Option<Vec<String>>,
    /// Absent: `APPEND`.
    mode: Option<MigrationMode>,
    /// Further settings of the step `migrate` as a JSON object in text:
    /// `{"parallel": 4, "validate": "diff", "convert": {"zero_dates": "null"}}`.
    settings: Option<String>,
}

impl MigrationInput {
    fn into_plan(self) -> Result<Plan, Fault> {
        let mut settings: Map<String, Value> = match &self.settings {
            Some(text) => parse(text, "settings")?,
            None => Map::new(),
        };
        let convert = match settings.remove("convert") {
            Some(convert) => serde_json::from_value(convert)
                .map_err(|error| Fault::new(ErrorCode::InvalidValue, format!("`convert` does not fit: {error}")))?,
            None => Conversions::default(),
        };
        let mut columns = BTreeMap::new();
        for column in self.columns.unwrap_or_default() {
            let value = column.value.as_deref().map(|text| parse(text, "value")).transpose()?;
            let told = ToldColumn { from: column.from, sql: column.sql, value, native: column.native_type };
            if columns.insert(column.target.clone(), ColumnRule::Told(told)).is_some() {
                let message = format!("column `{}` is told twice", column.target);
                return Err(Fault::new(ErrorCode::Duplicate, message).hint("Leave one of the two out."));
            }
        }
        Ok(Plan {
            from: self.from,
            tables: self.tables.unwrap_or_default(),
            except: self.except.unwrap_or_default(),
            query: self.query,
            filter: self.filter,
            key: self.key.unwrap_or_default(),
            to: self.to,
            target: self.target,
            keeps_structure: self.create == Some(false),
            columns,
            skip: self.skip.unwrap_or_default(),
            convert,
            mode: match self.mode.unwrap_or(MigrationMode::Append) {
                MigrationMode::Append => data::Mode::Append,
                MigrationMode::Upsert => data::Mode::Upsert,
                MigrationMode::Replace => data::Mode::Replace,
                MigrationMode::InsertIgnore => data::Mode::InsertIgnore,
                MigrationMode::Truncate => data::Mode::Truncate,
            },
            settings,
        })
    }
}

fn parse<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| {
        Fault::new(ErrorCode::InvalidValue, format!("`{what}` is not the JSON that is wanted: {error}"))
            .hint("Write it as text: `\"{\\\"parallel\\\": 4}\"`.")
    })
}

/// A workflow that moves tables.
pub struct Migration(migrations::MigrationView);

#[graphql_object(context = Context)]
impl Migration {
    /// The workflow's, too.
    fn name(&self) -> &str {
        &self.0.name
    }
    fn description(&self) -> &str {
        &self.0.description
    }
    /// The step's settings, as JSON text.
    fn settings(&self) -> String {
        json_text(&Value::Object(self.0.settings.clone()))
    }
    /// How far its newest run is that moves tables. `runEvents` of that run tells more while it goes on.
    fn progress(&self) -> Option<MigrationProgress> {
        self.0.state.clone().map(MigrationProgress)
    }
}

connection!(
    /// A page of migrations.
    MigrationConnection of MigrationEdge of Migration
);

/// How far one run of a migration is. Rows are counted chunk by chunk.
pub struct MigrationProgress(State);

#[graphql_object(context = Context)]
impl MigrationProgress {
    fn run_id(&self) -> &str {
        &self.0.run
    }
    fn state(&self) -> MigrationState {
        match self.0.state {
            Word::Pending => MigrationState::Pending,
            Word::Running => MigrationState::Running,
            Word::Validating => MigrationState::Validating,
            Word::Completed => MigrationState::Completed,
            Word::Failed => MigrationState::Failed,
            Word::Cancelled => MigrationState::Cancelled,
        }
    }
    /// Rows written so far.
    fn rows(&self) -> f64 {
        count(self.0.rows)
    }
    /// How many there may be.
    fn rows_expected(&self) -> Option<f64> {
        self.0.rows_expected.map(count)
    }
    /// Rows that the target refused and that are kept elsewhere.
    fn rejected(&self) -> f64 {
        count(self.0.rejected)
    }
    fn bytes(&self) -> f64 {
        count(self.0.bytes)
    }
    fn chunks(&self) -> Option<f64> {
        self.0.chunks.map(count)
    }
    fn chunks_done(&self) -> Option<f64> {
        self.0.chunks_done.map(count)
    }
    /// From its start to now, or to its end.
    fn seconds(&self) -> f64 {
        self.0.seconds
    }
    fn rows_per_second(&self) -> f64 {
        self.0.rows_per_second
    }
    /// About; absent where it is unknown, or over.
    fn seconds_left(&self) -> Option<f64> {
        self.0.seconds_left
    }
    /// Why it failed, with the error's code.
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
    /// What became of each table, as a JSON object in text; absent before the end.
    fn tables(&self) -> Option<String> {
        (!self.0.tables.is_null()).then(|| self.0.tables.to_string())
    }
}

/// What a migration would do.
pub struct MigrationLook(migrations::Looked);

#[graphql_object(context = Context)]
impl MigrationLook {
    /// Its tables, those that others refer to first.
    fn tables(&self) -> Vec<MigrationTable> {
        self.0.tables.iter().cloned().map(MigrationTable).collect()
    }
    /// What the source has besides, and what is not moved: views, triggers, procedures, partitions.
    fn left_out(&self) -> Vec<MigrationLeftOut> {
        self.0.left_out.iter().cloned().map(MigrationLeftOut::from).collect()
    }
    /// Whether there are more tables than were looked at.
    fn has_more(&self) -> bool {
        self.0.has_more
    }
}

/// Something that is not moved.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct MigrationLeftOut {
    /// `view`, `trigger`, `procedure`, `function`, `event`, `sequence`, `partitions`.
    kind: String,
    name: String,
    /// The table it belongs to.
    table: Option<String>,
    /// What becomes of it, in a sentence.
    message: String,
}

impl From<LeftOut> for MigrationLeftOut {
    fn from(left_out: LeftOut) -> Self {
        let message = left_out.sentence();
        Self { kind: left_out.kind, name: left_out.name, table: left_out.table, message }
    }
}

/// What would become of one table.
pub struct MigrationTable(migrations::TableLook);

#[graphql_object(context = Context)]
impl MigrationTable {
    /// The source's table.
    fn source(&self) -> &str {
        &self.0.from
    }
    /// The target's.
    fn target(&self) -> &str {
        &self.0.to
    }
    /// Whether the target has it already.
    fn exists(&self) -> bool {
        self.0.exists
    }
    /// What goes where unless the settings say otherwise.
    fn columns(&self) -> Vec<MigrationColumn> {
        self.found(|found| found.columns.iter().cloned().map(MigrationColumn::from).collect())
    }
    /// What people should know of the values and types.
    fn hazards(&self) -> Vec<MigrationHazard> {
        self.found(|found| found.hazards.iter().cloned().map(MigrationHazard::from).collect())
    }
    /// What people should know of the structure.
    fn notes(&self) -> Vec<String> {
        self.found(|found| found.notes.clone())
    }
    /// The statements that make the table.
    fn statements(&self) -> Vec<String> {
        self.found(|found| found.statements.clone())
    }
    /// The source's own guess of its rows.
    fn row_estimate(&self) -> Option<f64> {
        self.0.found.as_ref().ok().and_then(|found| found.row_estimate).map(count)
    }
    /// The first rows as they would arrive, each a JSON object in text.
    fn sample(&self) -> Vec<String> {
        self.0.sample.iter().map(|row| json!(row).to_string()).collect()
    }
    /// Why the table cannot be moved so.
    fn error(&self) -> Option<Problem> {
        self.0.found.as_ref().err().cloned().map(Problem::from)
    }
}

impl MigrationTable {
    fn found<T: Default>(&self, read: impl FnOnce(&Prepared) -> T) -> T {
        self.0.found.as_ref().map(read).unwrap_or_default()
    }
}

/// What one column of the target gets.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct MigrationColumn {
    target: String,
    /// Its type there.
    target_type: String,
    /// The source's column, or an expression in its SQL; absent where the target computes it.
    source: Option<String>,
    source_type: Option<String>,
}

impl From<PreparedColumn> for MigrationColumn {
    fn from(column: PreparedColumn) -> Self {
        Self {
            target: column.target,
            target_type: column.target_type,
            source: column.source,
            source_type: column.source_type,
        }
    }
}

/// Something about a column that people should know.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct MigrationHazard {
    /// The source's column.
    column: String,
    /// In one word: `zero_dates`, `nul`, `unsigned`, …
    kind: String,
    /// How many rows it concerns, where that was counted.
    rows: Option<f64>,
    /// What is there and what becomes of it.
    message: String,
    /// Whether values would be lost, so that the migration does not start.
    is_loss: bool,
    hint: Option<String>,
}

impl From<Hazard> for MigrationHazard {
    fn from(hazard: Hazard) -> Self {
        Self {
            column: hazard.column,
            kind: hazard.kind,
            rows: hazard.rows.map(count),
            message: hazard.message,
            is_loss: hazard.is_loss,
            hint: hazard.hint,
        }
    }
}

pub(super) async fn list(
    context: &Context,
    after: Option<String>,
    first: Option<i32>,
) -> Result<MigrationConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let found = migrations::list(&context.engine, after, limit as usize).await?;
        filling.take(found.into_iter().map(|found| {
            let is_seen = context.sees_workflow(&found.name);
            (found.name.clone(), Migration(found), is_seen)
        }));
    }
    Ok(filling.page().into())
}

pub(super) async fn get(context: &Context, name: &str) -> Result<Migration, ApiError> {
    Ok(Migration(migrations::get(&context.engine, name).await?))
}

pub(super) async fn look(
    context: &Context,
    input: MigrationInput,
    full: bool,
    sample: Option<i32>,
) -> Result<MigrationLook, ApiError> {
    let plan = input.into_plan()?;
    let rows = u64::try_from(sample.unwrap_or(5).clamp(0, 100)).unwrap_or(0);
    let pools = context.workbench.pools.as_ref();
    Ok(MigrationLook(migrations::look(pools, &plan, full, rows).await?))
}

pub(super) async fn create(
    context: &Context,
    name: &str,
    input: MigrationInput,
    replace: bool,
) -> Result<Migration, ApiError> {
    let plan = input.into_plan()?;
    let pools = context.workbench.pools.as_ref();
    let made = migrations::create(&context.engine, pools, name, &plan, replace).await;
    let record = made.map_err(super::monitors::first)?;
    get(context, &record.name).await
}

pub(super) async fn start(context: &Context, name: &str, task: MigrationTask) -> Result<Run, ApiError> {
    let task = match task {
        MigrationTask::Move => Task::Move,
        MigrationTask::Look => Task::Look,
        MigrationTask::Validate => Task::Validate,
    };
    let run = migrations::start(&context.engine, name, task).await?;
    Ok(Run(context.engine.get_run(run).await?))
}

pub(super) async fn cancel(context: &Context, name: &str) -> Result<Migration, ApiError> {
    migrations::cancel(&context.engine, name, "canceled by a person").await?;
    get(context, name).await
}

pub(super) async fn resume(context: &Context, name: &str) -> Result<Migration, ApiError> {
    migrations::resume(&context.engine, name).await?;
    get(context, name).await
}
