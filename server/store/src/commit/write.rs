//! The statements of a group: one that reads, one (PostgreSQL) or a few (SQLite) that write.

use super::group::{Change, Stored};
use crate::sql;
use chrono::{DateTime, Utc};
use engine::ports::{NewTask, RunRecord, Transition};
use model::{RunId, TaskId};
use sea_orm::{DatabaseTransaction, DbErr, QueryResult, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// Stands for null in an array sent to PostgreSQL.
const NO_INSTANT: i64 = i64::MIN;

const RUN_COLUMNS: usize = 10;
const TASK_COLUMNS: usize = 8;

const INSERT_RUN: &str = "INSERT INTO run \
    (id, workflow_id, version_id, status, revision, started_by, created_at, started_at, finished_at, state)";
const UPDATE_RUN: &str = "ON CONFLICT (id) DO UPDATE SET status = excluded.status, revision = excluded.revision, \
    started_at = excluded.started_at, finished_at = excluded.finished_at, state = excluded.state";
const INSERT_TASK: &str = "INSERT INTO task (id, run_id, worker, fence, deliveries, not_before, due_at, spec)";

/// Statement texts that were built before, by kind and number of rows.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<(&'static str, usize, usize), String>);

impl Texts {
    fn get(&mut self, kind: &'static str, first: usize, second: usize, build: impl FnOnce() -> String) -> String {
        self.0.entry((kind, first, second)).or_insert_with(build).clone()
    }
}

/// Reads and locks what the transitions are decided by.
pub(super) async fn read(
    transaction: &DatabaseTransaction,
    texts: &mut Texts,
    transitions: &[Transition],
    with_states: bool,
) -> Result<Stored, DbErr> {
    let mut runs: Vec<Uuid> = transitions.iter().map(|transition| transition.run.id.as_uuid()).collect();
    runs.sort_unstable();
    runs.dedup();
    let mut tasks: Vec<Uuid> =
        transitions.iter().flat_map(|transition| &transition.finished).map(|(task, _)| task.as_uuid()).collect();
    tasks.sort_unstable();
    tasks.dedup();

    let mut stored = Stored::default();
    let rows = if sql::is_postgres(transaction) {
        let (sql, values): (_, Vec<Value>) = if tasks.is_empty() {
            (LOCK_RUNS, vec![runs.clone().into()])
        } else {
            (LOCK_RUNS_AND_TASKS, vec![runs.clone().into(), tasks.into()])
        };
        sql::all(transaction, sql, values).await?
    } else {
        read_sqlite(transaction, texts, &runs, &tasks).await?
    };
    for row in &rows {
        note(row, &mut stored)?;
    }
    if with_states {
        for run in runs {
            let row = sql::one(transaction, "SELECT state FROM run WHERE id = $1", vec![run.into()]).await?;
            if let Some(row) = row {
                stored.states.insert(run.into(), row.try_get_by_index(0)?);
            }
        }
    }
    Ok(stored)
}

/// Both kinds of rows in one answer: 0, run, revision; or 1, task, fence (-1: nobody holds it).
fn note(row: &QueryResult, stored: &mut Stored) -> Result<(), DbErr> {
    let kind: i64 = row.try_get_by_index(0)?;
    let id: Uuid = row.try_get_by_index(1)?;
    let number: i64 = row.try_get_by_index(2)?;
    if kind == 0 {
        stored.runs.insert(RunId::from(id), number);
    } else {
        stored.tasks.insert(TaskId::from(id), (number >= 0).then_some(number));
    }
    Ok(())
}

// Rows are locked in the order of their ids, so that two groups never wait for each other in a circle.
const LOCK_RUNS: &str = "SELECT 0::bigint, id, revision FROM run WHERE id = ANY($1) ORDER BY id FOR UPDATE";
const LOCK_RUNS_AND_TASKS: &str = "WITH \
    r AS MATERIALIZED (SELECT id, revision FROM run WHERE id = ANY($1) ORDER BY id FOR UPDATE), \
    t AS MATERIALIZED (SELECT id, CASE WHEN worker IS NULL THEN -1 ELSE fence END AS fence \
        FROM task WHERE id = ANY($2) ORDER BY id FOR UPDATE) \
    SELECT 0::bigint, id, revision FROM r UNION ALL SELECT 1::bigint, id, fence FROM t";

async fn read_sqlite(
    transaction: &DatabaseTransaction,
    texts: &mut Texts,
    runs: &[Uuid],
    tasks: &[Uuid],
) -> Result<Vec<QueryResult>, DbErr> {
    let mut values: Vec<Value> = runs.iter().map(|id| (*id).into()).collect();
    sql::pad(&mut values, 0);
    let count_runs = values.len();
    values.extend(tasks.iter().map(|id| Value::from(*id)));
    sql::pad(&mut values, count_runs);
    let count_tasks = values.len() - count_runs;
    let text = texts.get("read", count_runs, count_tasks, || {
        let mut text = format!("SELECT 0, id, revision FROM run WHERE id IN ({})", sql::list(1, count_runs));
        if count_tasks > 0 {
            text += &format!(
                " UNION ALL SELECT 1, id, CASE WHEN worker IS NULL THEN -1 ELSE fence END FROM task WHERE id IN ({})",
                sql::list(count_runs + 1, count_tasks)
            );
        }
        text
    });
    sql::all(transaction, text, values).await
}

/// Writes the change.
pub(super) async fn write(
    transaction: &DatabaseTransaction,
    texts: &mut Texts,
    change: &Change<'_>,
) -> Result<(), DbErr> {
    if sql::is_postgres(transaction) {
        write_postgres(transaction, change).await
    } else {
        write_sqlite(transaction, texts, change).await
    }
}

async fn write_postgres(transaction: &DatabaseTransaction, change: &Change<'_>) -> Result<(), DbErr> {
    // One statement carries all three kinds of rows: a round trip costs more than an empty array.
    let sql = format!(
        "WITH ended AS (DELETE FROM task WHERE id = ANY($1)), \
         created AS ({INSERT_TASK} \
            SELECT id, run_id, nullif(worker, ''), fence, fence, not_before, due_at, spec \
            FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) \
            AS t(id, run_id, worker, fence, not_before, due_at, spec)) \
         {INSERT_RUN} \
         SELECT id, workflow_id, version_id, status, revision, started_by, created_at, \
            nullif(started_at, {NO_INSTANT}), nullif(finished_at, {NO_INSTANT}), state \
         FROM unnest($9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::bigint[], $14::text[], $15::bigint[], \
            $16::bigint[], $17::bigint[], $18::text[]) \
         AS r(id, workflow_id, version_id, status, revision, started_by, created_at, started_at, finished_at, state) \
         {UPDATE_RUN}"
    );
    let ended: Vec<Uuid> = change.ended.iter().map(|task| task.as_uuid()).collect();
    let created = &change.created;
    let mut specs = Vec::with_capacity(created.len());
    for (_, task) in created {
        specs.push(spec(task)?);
    }
    let runs = &change.runs;
    let values: Vec<Value> = vec![
        ended.into(),
        created.iter().map(|(_, task)| task.id.as_uuid()).collect::<Vec<_>>().into(),
        created.iter().map(|(run, _)| run.as_uuid()).collect::<Vec<_>>().into(),
        created.iter().map(|(_, task)| worker(task).unwrap_or_default()).collect::<Vec<_>>().into(),
        created.iter().map(|(_, task)| fence(task)).collect::<Vec<_>>().into(),
        created.iter().map(|(_, task)| sql::micros(task.not_before)).collect::<Vec<_>>().into(),
        created.iter().map(|(_, task)| due_at(task)).collect::<Vec<_>>().into(),
        specs.into(),
        runs.iter().map(|run| run.id.as_uuid()).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.workflow.as_uuid()).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.version.as_uuid()).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.status.as_str().to_owned()).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.revision).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.trigger.clone()).collect::<Vec<_>>().into(),
        runs.iter().map(|run| sql::micros(run.created_at)).collect::<Vec<_>>().into(),
        runs.iter().map(|run| maybe_micros(run.started_at).unwrap_or(NO_INSTANT)).collect::<Vec<_>>().into(),
        runs.iter().map(|run| maybe_micros(run.finished_at).unwrap_or(NO_INSTANT)).collect::<Vec<_>>().into(),
        runs.iter().map(|run| run.state.clone()).collect::<Vec<_>>().into(),
    ];
    sql::run(transaction, sql, values).await?;
    Ok(())
}

async fn write_sqlite(transaction: &DatabaseTransaction, texts: &mut Texts, change: &Change<'_>) -> Result<(), DbErr> {
    for piece in change.ended.chunks(256) {
        let mut values: Vec<Value> = piece.iter().map(|task| task.as_uuid().into()).collect();
        sql::pad(&mut values, 0);
        let count = values.len();
        let text = texts.get("end", count, 0, || format!("DELETE FROM task WHERE id IN ({})", sql::list(1, count)));
        sql::run(transaction, text, values).await?;
    }
    for piece in sql::pieces(change.created.len()) {
        let count = piece.len();
        let mut values = Vec::with_capacity(count * TASK_COLUMNS);
        for (run, task) in &change.created[piece] {
            push_task(&mut values, *run, task)?;
        }
        let text =
            texts.get("create", count, 0, || format!("{INSERT_TASK} VALUES {}", sql::places(1, count, TASK_COLUMNS)));
        sql::run(transaction, text, values).await?;
    }
    for piece in sql::pieces(change.runs.len()) {
        let count = piece.len();
        let mut values = Vec::with_capacity(count * RUN_COLUMNS);
        for run in &change.runs[piece] {
            push_run(&mut values, run);
        }
        let text = texts.get("run", count, 0, || {
            format!("{INSERT_RUN} VALUES {} {UPDATE_RUN}", sql::places(1, count, RUN_COLUMNS))
        });
        sql::run(transaction, text, values).await?;
    }
    Ok(())
}

fn push_task(values: &mut Vec<Value>, run: RunId, task: &NewTask) -> Result<(), DbErr> {
    values.push(task.id.as_uuid().into());
    values.push(run.as_uuid().into());
    values.push(worker(task).into());
    values.push(fence(task).into());
    values.push(fence(task).into());
    values.push(sql::micros(task.not_before).into());
    values.push(due_at(task).into());
    values.push(spec(task)?.into());
    Ok(())
}

fn push_run(values: &mut Vec<Value>, run: &RunRecord) {
    values.push(run.id.as_uuid().into());
    values.push(run.workflow.as_uuid().into());
    values.push(run.version.as_uuid().into());
    values.push(run.status.as_str().into());
    values.push(run.revision.into());
    values.push(run.trigger.clone().into());
    values.push(sql::micros(run.created_at).into());
    values.push(maybe_micros(run.started_at).into());
    values.push(maybe_micros(run.finished_at).into());
    values.push(run.state.clone().into());
}

fn worker(task: &NewTask) -> Option<String> {
    task.leased_to.as_ref().map(|(worker, _)| worker.clone())
}

/// The first fence, which is the number of deliveries too: 1 for a task made leased, else 0.
fn fence(task: &NewTask) -> i64 {
    i64::from(task.leased_to.is_some())
}

fn due_at(task: &NewTask) -> i64 {
    sql::micros(task.leased_to.as_ref().map_or(task.not_before, |(_, until)| *until))
}

fn maybe_micros(at: Option<DateTime<Utc>>) -> Option<i64> {
    at.map(sql::micros)
}

fn spec(task: &NewTask) -> Result<String, DbErr> {
    serde_json::to_string(&task.spec)
        .map_err(|error| DbErr::Custom(format!("task `{}` cannot be written as JSON: {error}", task.id)))
}
