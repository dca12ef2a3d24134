//! Tables as code: thin views of what `workbench` answers.

use super::Context;
use super::page::{Filling, connection};
use super::types::Problem;
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLEnum, GraphQLInputObject, GraphQLObject};
use model::{ErrorCode, Fault, TableLog, TableLogFilter, TableLogRecord, TableLogStatus};
use std::collections::HashMap;
use workbench::tables::{
    Applied, AppliedStatus, ApplyOptions, ColumnVerdict, DropOptions, Dropped, PlannedTable, Target, Validation,
    Verdict,
};
use workbench::tables::{LockKind, TableAction, TableChange};

/// What has to be run so that tables are as described.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablesPlan {
    /// Each table, in the order in which they are made.
    pub tables: Vec<TablePlanned>,
    /// All faults of the document, where it was refused.
    pub problems: Vec<Problem>,
}

/// The plan of one table.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablePlanned {
    database_type: String,
    connection: String,
    table: String,
    /// None where it could not be planned.
    action: Option<TableActionWord>,
    /// Statements in order.
    changes: Vec<TableChangeView>,
    /// Differences that no statement mends, each with the reason.
    manual: Vec<String>,
    notes: Vec<String>,
    /// Why it could not be planned.
    error: Option<Problem>,
    /// Names this very plan; give it back to `applyTables` to run no other.
    fingerprint: String,
}

/// What is to be done with a table.
#[derive(GraphQLEnum)]
pub enum TableActionWord {
    /// It can be made.
    Create,
    /// It can be changed.
    Alter,
    /// It is as described.
    Nothing,
    /// It takes a person, wholly or in part.
    Manual,
}

/// One statement, and what running it means.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TableChangeView {
    summary: String,
    sql: String,
    /// What others cannot do meanwhile: `none`, `writes` or `all`.
    lock: String,
    /// Whether every row is written anew.
    rewrite: bool,
    /// Data that is lost or may be cut.
    loss: Option<String>,
    note: Option<String>,
}

/// What became of tables that were to be made as described.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablesApplied {
    /// Each table, in the order they were worked on.
    pub tables: Vec<TableApplied>,
    pub created: i32,
    pub altered: i32,
    pub unchanged: i32,
    pub manual: i32,
    pub failed: i32,
    pub skipped: i32,
    /// All faults of the document, where it was refused.
    pub problems: Vec<Problem>,
}

/// What became of one table.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TableApplied {
    connection: String,
    table: String,
    status: TableAppliedWord,
    /// Statements that were run.
    changes: Vec<TableChangeView>,
    manual: Vec<String>,
    notes: Vec<String>,
    error: Option<Problem>,
    duration_ms: f64,
}

/// What became of a table, in one word.
#[derive(GraphQLEnum)]
pub enum TableAppliedWord {
    Created,
    Altered,
    Unchanged,
    /// Something is left that takes a person.
    Manual,
    Failed,
    /// It was left alone: a change would lose data, or the plan is not the one agreed to.
    Skipped,
    Dropped,
}

/// What the comparison of tables with their description found.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablesValidation {
    pub tables: Vec<TableValidation>,
    /// How many differences there are.
    pub differences: i32,
    /// All faults of the document, where it was refused.
    pub problems: Vec<Problem>,
}

/// What the comparison of one table found.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TableValidation {
    connection: String,
    table: String,
    verdict: TableVerdictWord,
    columns: Vec<TableColumnVerdict>,
    /// Everything that differs, in words.
    differences: Vec<String>,
    error: Option<Problem>,
}

/// Whether a table, or a column, is as described.
#[derive(GraphQLEnum)]
pub enum TableVerdictWord {
    Matches,
    Differs,
    Missing,
    Failed,
}

/// One column on both sides.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TableColumnVerdict {
    column: String,
    verdict: TableVerdictWord,
    /// As described.
    wanted: Option<String>,
    /// As it is.
    live: Option<String>,
    differences: Vec<String>,
}

/// What became of tables that were to be dropped.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablesDropped {
    pub tables: Vec<TableApplied>,
    /// All faults of the document, where it was refused.
    pub problems: Vec<Problem>,
}

/// A document written from live tables.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TablesImport {
    document: String,
    tables: Vec<String>,
    /// Tables that have no place in a document, each with the reason.
    left_out: Vec<String>,
}

/// A plan that the caller has seen and agrees to.
#[derive(GraphQLInputObject)]
pub struct TablePlanAgreement {
    connection: String,
    table: String,
    fingerprint: String,
}

/// Which of the four logs about tables.
#[derive(GraphQLEnum)]
pub enum TableLogWord {
    Creation,
    Column,
    Operation,
    Validation,
}

/// How what an entry tells of ended.
#[derive(GraphQLEnum)]
pub enum TableLogStatusWord {
    Succeeded,
    Failed,
    Skipped,
}

/// Which entries of a log.
#[derive(GraphQLInputObject, Default)]
pub struct TableLogWish {
    /// `OPERATION` where it is missing.
    log: Option<TableLogWord>,
    connection: Option<String>,
    table: Option<String>,
    /// The operation, column, verdict or kind of table.
    subject: Option<String>,
    status: Option<TableLogStatusWord>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

connection!(
    /// A page of a log about tables.
    TableLogConnection of TableLogEdge of TableLogLine
);

/// One entry of a log about tables.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct TableLogLine {
    id: String,
    at: DateTime<Utc>,
    who: String,
    connection: String,
    table: String,
    subject: String,
    status: TableLogStatusWord,
    ddl: Option<String>,
    /// What else is known, as JSON text.
    parameters: String,
    error: Option<Problem>,
    duration_ms: f64,
}

pub(super) async fn plan(context: &Context, document: &str, only: Option<Vec<String>>) -> TablesPlan {
    match targets(context, document, only).await {
        Ok(targets) => {
            let planned = context.workbench.tables.plan(&targets).await;
            TablesPlan { tables: planned.into_iter().map(planned_view).collect(), problems: Vec::new() }
        }
        Err(problems) => TablesPlan { tables: Vec::new(), problems },
    }
}

pub(super) async fn apply(
    context: &Context,
    document: &str,
    only: Option<Vec<String>>,
    allow_destructive: bool,
    agreed: Option<Vec<TablePlanAgreement>>,
) -> TablesApplied {
    let agreed = agreed.map(|agreed| {
        let agreed = agreed.into_iter().map(|one| ((one.connection, one.table), one.fingerprint));
        agreed.collect::<HashMap<_, _>>()
    });
    let (tables, counts, problems) = match targets(context, document, only).await {
        Ok(targets) => {
            let options = ApplyOptions { allow_destructive, agreed };
            let (service, who) = (context.workbench.tables.clone(), context.caller.who().to_owned());
            // What has begun is brought to its end and put on record, whether the caller still waits or not.
            let working = tokio::spawn(async move { service.apply(&targets, &options, &who).await });
            match working.await {
                Ok(report) => (report.tables.into_iter().map(applied_view).collect(), report.counts, Vec::new()),
                Err(_) => (Vec::new(), workbench::tables::Counts::default(), vec![stopped()]),
            }
        }
        Err(problems) => (Vec::new(), workbench::tables::Counts::default(), problems),
    };
    TablesApplied {
        tables,
        created: count(counts.created),
        altered: count(counts.altered),
        unchanged: count(counts.unchanged),
        manual: count(counts.manual),
        failed: count(counts.failed),
        skipped: count(counts.skipped),
        problems,
    }
}

pub(super) async fn validate(context: &Context, document: &str, only: Option<Vec<String>>) -> TablesValidation {
    match targets(context, document, only).await {
        Ok(targets) => {
            let report = context.workbench.tables.validate(&targets, context.caller.who()).await;
            TablesValidation {
                differences: count(report.differences),
                tables: report.tables.into_iter().map(validation_view).collect(),
                problems: Vec::new(),
            }
        }
        Err(problems) => TablesValidation { tables: Vec::new(), differences: 0, problems },
    }
}

pub(super) async fn drop_tables(
    context: &Context,
    document: &str,
    only: Option<Vec<String>>,
    allow_destructive: bool,
) -> TablesDropped {
    match targets(context, document, only).await {
        Ok(targets) => {
            let options = DropOptions { allow_destructive };
            let (service, who) = (context.workbench.tables.clone(), context.caller.who().to_owned());
            let working = tokio::spawn(async move { service.drop_tables(&targets, options, &who).await });
            match working.await {
                Ok(dropped) => {
                    TablesDropped { tables: dropped.into_iter().map(dropped_view).collect(), problems: Vec::new() }
                }
                Err(_) => TablesDropped { tables: Vec::new(), problems: vec![stopped()] },
            }
        }
        Err(problems) => TablesDropped { tables: Vec::new(), problems },
    }
}

pub(super) async fn import(
    context: &Context,
    connection: &str,
    tables: Option<Vec<String>>,
) -> Result<TablesImport, ApiError> {
    let imported =
        context.workbench.tables.import(connection, &tables.unwrap_or_default(), context.caller.who()).await?;
    let left_out = imported.left_out.into_iter().map(|(table, reason)| format!("`{table}`: {reason}"));
    Ok(TablesImport { document: imported.document, tables: imported.tables, left_out: left_out.collect() })
}

pub(super) async fn logs(
    context: &Context,
    wish: Option<TableLogWish>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<TableLogConnection, ApiError> {
    let wish = wish.unwrap_or_default();
    let mut filter = TableLogFilter {
        log: wish.log.map_or(TableLog::Operation, log_of),
        connection: wish.connection,
        table: wish.table,
        subject: wish.subject,
        status: wish.status.map(status_of),
        since: wish.since,
        until: wish.until,
        before: None,
        limit: 0,
    };
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(str::parse::<i64>).transpose();
        filter.before = before.map_err(|_| ApiError::bad_request("`after` is not the cursor of an entry"))?;
        filter.limit = limit;
        let found = context.workbench.tables.history(&filter).await?;
        filling.take(found.into_iter().map(|found| {
            let is_seen = context.sees_connection(&found.entry.connection);
            (found.id.to_string(), line(found), is_seen)
        }));
    }
    Ok(filling.page().into())
}

async fn targets(context: &Context, document: &str, only: Option<Vec<String>>) -> Result<Vec<Target>, Vec<Problem>> {
    let found = context.workbench.tables.targets(document, &only.unwrap_or_default()).await;
    found.map_err(|faults| faults.into_iter().map(Problem::from).collect())
}

/// Work on tables ended by a fault of our own.
fn stopped() -> Problem {
    Problem::from(
        Fault::new(ErrorCode::Internal, "the work on the tables stopped in the middle")
            .hint("Look at the logs of tables for what was done, and at the server's log."),
    )
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds stay far below 2⁵³")]
fn millis(number: u64) -> f64 {
    number as f64
}

fn problem(fault: Option<Fault>) -> Option<Problem> {
    fault.map(Problem::from)
}

fn planned_view(table: PlannedTable) -> TablePlanned {
    let (action, changes, manual, notes) = match table.plan {
        Some(plan) => (Some(action_word(plan.action)), plan.changes, plan.manual, plan.notes),
        None => (None, Vec::new(), Vec::new(), Vec::new()),
    };
    TablePlanned {
        database_type: table.database_type.as_str().to_owned(),
        connection: table.connection,
        table: table.table,
        action,
        changes: changes.into_iter().map(change_view).collect(),
        manual,
        notes,
        error: problem(table.error),
        fingerprint: table.fingerprint,
    }
}

fn action_word(action: TableAction) -> TableActionWord {
    match action {
        TableAction::Create => TableActionWord::Create,
        TableAction::Alter => TableActionWord::Alter,
        TableAction::Nothing => TableActionWord::Nothing,
        TableAction::Manual => TableActionWord::Manual,
    }
}

fn change_view(change: TableChange) -> TableChangeView {
    let lock = match change.cost.lock {
        LockKind::None => "none",
        LockKind::Writes => "writes",
        LockKind::All => "all",
    };
    TableChangeView {
        summary: change.summary,
        sql: change.sql,
        lock: lock.to_owned(),
        rewrite: change.cost.rewrite,
        loss: change.cost.loss,
        note: change.cost.note,
    }
}

fn applied_view(table: Applied) -> TableApplied {
    let status = match table.status {
        AppliedStatus::Created => TableAppliedWord::Created,
        AppliedStatus::Altered => TableAppliedWord::Altered,
        AppliedStatus::Unchanged => TableAppliedWord::Unchanged,
        AppliedStatus::Manual => TableAppliedWord::Manual,
        AppliedStatus::Failed => TableAppliedWord::Failed,
        AppliedStatus::Skipped => TableAppliedWord::Skipped,
    };
    TableApplied {
        connection: table.connection,
        table: table.table,
        status,
        changes: table.done.into_iter().map(change_view).collect(),
        manual: table.manual,
        notes: table.notes,
        error: problem(table.error),
        duration_ms: millis(table.duration_ms),
    }
}

fn dropped_view(table: Dropped) -> TableApplied {
    let status = match table.status {
        AppliedStatus::Altered => TableAppliedWord::Dropped,
        AppliedStatus::Unchanged => TableAppliedWord::Unchanged,
        AppliedStatus::Skipped => TableAppliedWord::Skipped,
        _ => TableAppliedWord::Failed,
    };
    TableApplied {
        connection: table.connection,
        table: table.table,
        status,
        changes: Vec::new(),
        manual: Vec::new(),
        notes: Vec::new(),
        error: problem(table.error),
        duration_ms: 0.0,
    }
}

fn verdict_word(verdict: Verdict) -> TableVerdictWord {
    match verdict {
        Verdict::Matches => TableVerdictWord::Matches,
        Verdict::Differs => TableVerdictWord::Differs,
        Verdict::Missing => TableVerdictWord::Missing,
        Verdict::Failed => TableVerdictWord::Failed,
    }
}

fn validation_view(table: Validation) -> TableValidation {
    let column = |column: ColumnVerdict| TableColumnVerdict {
        column: column.column,
        verdict: verdict_word(column.verdict),
        wanted: column.wanted,
        live: column.live,
        differences: column.differences,
    };
    TableValidation {
        connection: table.connection,
        table: table.table,
        verdict: verdict_word(table.verdict),
        columns: table.columns.into_iter().map(column).collect(),
        differences: table.differences,
        error: problem(table.error),
    }
}

fn log_of(word: TableLogWord) -> TableLog {
    match word {
        TableLogWord::Creation => TableLog::Creation,
        TableLogWord::Column => TableLog::Column,
        TableLogWord::Operation => TableLog::Operation,
        TableLogWord::Validation => TableLog::Validation,
    }
}

fn status_of(word: TableLogStatusWord) -> TableLogStatus {
    match word {
        TableLogStatusWord::Succeeded => TableLogStatus::Succeeded,
        TableLogStatusWord::Failed => TableLogStatus::Failed,
        TableLogStatusWord::Skipped => TableLogStatus::Skipped,
    }
}

fn line(record: TableLogRecord) -> TableLogLine {
    let entry = record.entry;
    let status = match entry.status {
        TableLogStatus::Succeeded => TableLogStatusWord::Succeeded,
        TableLogStatus::Failed => TableLogStatusWord::Failed,
        TableLogStatus::Skipped => TableLogStatusWord::Skipped,
    };
    TableLogLine {
        id: record.id.to_string(),
        at: entry.at,
        who: entry.who,
        connection: entry.connection,
        table: entry.table,
        subject: entry.subject,
        status,
        ddl: entry.ddl,
        parameters: entry.parameters.to_string(),
        error: problem(entry.error),
        duration_ms: millis(entry.duration_ms),
    }
}
