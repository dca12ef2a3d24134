//! Reading runs: one, the history, those that a limit holds back. Runs are written by `commit.rs` alone.

use crate::Database;
use crate::error::Result;
use crate::sql::{self, column, instant, maybe_instant};
use engine::ports::{RunFilter, RunRecord};
use model::{RunId, RunStatus, WorkflowId};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

const RUN: &str =
    "id, workflow_id, version_id, status, revision, started_by, created_at, started_at, finished_at, state";

/// Runs on one page at most.
const LARGEST_PAGE: u32 = 500;

impl Database {
    pub(crate) async fn read_run(&self, id: RunId) -> Result<Option<RunRecord>> {
        let sql = format!("SELECT {RUN} FROM run WHERE id = $1");
        sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await?.as_ref().map(run).transpose()
    }

    pub(crate) async fn read_runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        let (sql, values) = history(filter);
        sql::all(&self.inner.reader, sql, values).await?.iter().map(run).collect()
    }

    pub(crate) async fn count_active(&self, workflow: WorkflowId) -> Result<u32> {
        let row = sql::one(
            &self.inner.reader,
            "SELECT count(*) FROM run WHERE workflow_id = $1 AND status IN ('running', 'waiting')",
            vec![workflow.as_uuid().into()],
        )
        .await?;
        row.map_or(Ok(0), |row| sql::number(&row, 0))
    }

    pub(crate) async fn read_queued_runs(&self, workflow: WorkflowId, limit: u32) -> Result<Vec<RunRecord>> {
        let sql = format!("SELECT {RUN} FROM run WHERE workflow_id = $1 AND status = 'queued' ORDER BY id LIMIT $2");
        let values = vec![workflow.as_uuid().into(), i64::from(limit.min(LARGEST_PAGE)).into()];
        sql::all(&self.inner.reader, sql, values).await?.iter().map(run).collect()
    }
}

/// The statement that lists one page.
///
/// A filter becomes one short walk along an index for each wanted status, and the walks are merged: a single walk would pass
/// over a million succeeded runs to find ten failed ones.
fn history(filter: &RunFilter) -> (String, Vec<Value>) {
    let limit = i64::from(filter.limit.min(LARGEST_PAGE));
    let mut values: Vec<Value> = vec![limit.into()];
    let mut place = |value: Value| {
        values.push(value);
        values.len()
    };
    let before = filter.before.map(|run| format!(" AND id < ${}", place(run.as_uuid().into()))).unwrap_or_default();
    let workflow =
        filter.workflow.map(|id| format!(" AND workflow_id = ${}", place(id.as_uuid().into()))).unwrap_or_default();

    if filter.statuses.is_empty() && filter.workflow.is_none() {
        // PostgreSQL wants a condition after WHERE; it costs nothing.
        return (format!("SELECT {RUN} FROM run WHERE 1 = 1{before} ORDER BY id DESC LIMIT $1"), values);
    }
    let statuses: &[RunStatus] = if filter.statuses.is_empty() { RunStatus::ALL } else { &filter.statuses };
    let mut wanted: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let walks: Vec<String> = wanted
        .iter()
        .map(|status| {
            let status = place((*status).into());
            // The inner select of its own lets SQLite apply ORDER BY and LIMIT to each walk.
            format!(
                "SELECT * FROM (SELECT id FROM run WHERE status = ${status}{workflow}{before} \
                 ORDER BY id DESC LIMIT $1) AS walk"
            )
        })
        .collect();
    // Ids first, rows afterwards: most ids of the walks do not make it onto the page.
    let page = format!("SELECT id FROM ({}) AS walks ORDER BY id DESC LIMIT $1", walks.join(" UNION ALL "));
    (format!("SELECT {RUN} FROM run WHERE id IN ({page}) ORDER BY id DESC"), values)
}

fn run(row: &QueryResult) -> Result<RunRecord> {
    let status: String = column(row, 3)?;
    Ok(RunRecord {
        id: column::<Uuid>(row, 0)?.into(),
        workflow: column::<Uuid>(row, 1)?.into(),
        version: column::<Uuid>(row, 2)?.into(),
        status: RunStatus::from_word(&status).ok_or_else(|| sql::damaged(format!("run status `{status}`")))?,
        revision: column(row, 4)?,
        trigger: column(row, 5)?,
        created_at: instant(row, 6)?,
        started_at: maybe_instant(row, 7)?,
        finished_at: maybe_instant(row, 8)?,
        state: column(row, 9)?,
    })
}
