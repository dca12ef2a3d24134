//! Leases on tasks.
//!
//! A task has a row as long as there is something to do: the commit that ends it deletes the row, so the queue stays as
//! small as the work that waits and a scan never meets what is done. `due_at` is when anybody may take the
//! task: the moment it was made for, or the end of the present lease. One index serves both questions.

use crate::Database;
use crate::error::{Result, check_text};
use crate::sql::{self, column, micros, number};
use chrono::{DateTime, Utc};
use engine::ports::{LeasedTask, TaskSpec};
use model::TaskId;
use sea_orm::{QueryResult, Value};
use std::collections::HashSet;
use uuid::Uuid;

/// Tasks in one lease at most.
const LARGEST_LEASE: u32 = 500;

impl Database {
    pub(crate) async fn lease_tasks(
        &self,
        worker: &str,
        limit: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<LeasedTask>> {
        check_text("the worker's name", worker)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        // On SQLite one statement is one transaction, and takes the write lock before it reads.
        let sql = if sql::is_postgres(&self.inner.writer) {
            "WITH due AS (SELECT id FROM task WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) \
             UPDATE task SET worker = $3, fence = fence + 1, deliveries = deliveries + 1, due_at = $4 \
             FROM due WHERE task.id = due.id \
             RETURNING task.id, task.run_id, task.spec, task.fence, task.deliveries"
        } else {
            "UPDATE task SET worker = $3, fence = fence + 1, deliveries = deliveries + 1, due_at = $4 \
             WHERE id IN (SELECT id FROM task WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2) \
             RETURNING id, run_id, spec, fence, deliveries"
        };
        let values: Vec<Value> =
            vec![micros(now).into(), i64::from(limit.min(LARGEST_LEASE)).into(), worker.into(), micros(until).into()];
        let rows = sql::all(&self.inner.writer, sql, values).await?;
        let mut tasks = rows.iter().map(task).collect::<Result<Vec<_>>>()?;
        // RETURNING promises no order; ids grow with time.
        tasks.sort_by_key(|task| task.id);
        Ok(tasks)
    }

    pub(crate) async fn renew_leases(&self, held: &[(TaskId, i64)], until: DateTime<Utc>) -> Result<Vec<TaskId>> {
        let mut kept = HashSet::new();
        for held in held.chunks(LARGEST_LEASE as usize) {
            let (sql, values) = if sql::is_postgres(&self.inner.writer) {
                // Locked in the order of ids, as commits do, so that the two never wait for each other in a circle.
                let sql = "WITH held AS (SELECT task.id FROM task \
                           JOIN unnest($2::uuid[], $3::bigint[]) AS h(id, fence) ON task.id = h.id AND task.fence = h.fence \
                           WHERE task.worker IS NOT NULL ORDER BY task.id FOR UPDATE OF task) \
                           UPDATE task SET due_at = $1 FROM held WHERE task.id = held.id RETURNING task.id";
                (sql.to_owned(), arrays(held, vec![micros(until).into()]))
            } else {
                let (places, values) = pairs(held, vec![micros(until).into()]);
                let sql = format!(
                    "UPDATE task SET due_at = $1 WHERE worker IS NOT NULL AND (id, fence) IN (VALUES {places}) RETURNING id"
                );
                (sql, values)
            };
            for row in sql::all(&self.inner.writer, sql, values).await? {
                kept.insert(TaskId::from(column::<Uuid>(&row, 0)?));
            }
        }
        Ok(held.iter().map(|(task, _)| *task).filter(|task| !kept.contains(task)).collect())
    }

    pub(crate) async fn release_leases(&self, held: &[(TaskId, i64)]) -> Result<()> {
        for held in held.chunks(LARGEST_LEASE as usize) {
            if sql::is_postgres(&self.inner.writer) {
                let sql = "WITH held AS (SELECT task.id FROM task \
                           JOIN unnest($1::uuid[], $2::bigint[]) AS h(id, fence) ON task.id = h.id AND task.fence = h.fence \
                           WHERE task.worker IS NOT NULL ORDER BY task.id FOR UPDATE OF task) \
                           UPDATE task SET worker = NULL, due_at = not_before FROM held WHERE task.id = held.id";
                sql::run(&self.inner.writer, sql, arrays(held, vec![])).await?;
            } else {
                let (places, values) = pairs(held, vec![]);
                let sql = format!(
                    "UPDATE task SET worker = NULL, due_at = not_before \
                     WHERE worker IS NOT NULL AND (id, fence) IN (VALUES {places})"
                );
                sql::run(&self.inner.writer, sql, values).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn read_next_due(&self) -> Result<Option<DateTime<Utc>>> {
        let row = sql::one(&self.inner.reader, "SELECT min(due_at) FROM task", vec![]).await?;
        row.map_or(Ok(None), |row| sql::maybe_instant(&row, 0))
    }
}

/// For PostgreSQL: two arrays, which fit any number of tasks into one statement text.
fn arrays(held: &[(TaskId, i64)], mut values: Vec<Value>) -> Vec<Value> {
    values.push(held.iter().map(|(task, _)| task.as_uuid()).collect::<Vec<_>>().into());
    values.push(held.iter().map(|(_, fence)| *fence).collect::<Vec<_>>().into());
    values
}

/// For SQLite: a list of pairs, padded to a power of two by repeating the last.
fn pairs(held: &[(TaskId, i64)], mut values: Vec<Value>) -> (String, Vec<Value>) {
    let first = values.len() + 1;
    let rows = held.len().next_power_of_two();
    for (task, fence) in held.iter().chain(std::iter::repeat_n(&held[held.len() - 1], rows - held.len())) {
        values.push(task.as_uuid().into());
        values.push((*fence).into());
    }
    (sql::places(first, rows, 2), values)
}

fn task(row: &QueryResult) -> Result<LeasedTask> {
    let id: TaskId = column::<Uuid>(row, 0)?.into();
    let spec: String = column(row, 2)?;
    let spec: TaskSpec = serde_json::from_str(&spec).map_err(|_| sql::damaged(format!("task `{id}`")))?;
    Ok(LeasedTask {
        id,
        run: column::<Uuid>(row, 1)?.into(),
        spec,
        fence: column(row, 3)?,
        deliveries: number(row, 4)?,
    })
}
