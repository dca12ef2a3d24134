//! Workflows and the immutable versions of their documents.

use crate::database::begin;
use crate::error::{Result, check_text};
use crate::sql::{self, column, instant, micros, number};
use crate::{Database, Error};
use chrono::{DateTime, Utc};
use engine::ports::{VersionRecord, WorkflowRecord};
use model::{ErrorCode, VersionId, WorkflowId};
use sea_orm::QueryResult;
use uuid::Uuid;

const WORKFLOW: &str = "id, name, version_id, number, enabled, created_at, updated_at";
const VERSION: &str = "id, workflow_id, number, document, created_at";

/// Rows on one page at most.
const LARGEST_PAGE: u32 = 500;

impl Database {
    pub(crate) async fn write_workflow(&self, name: &str, text: &str, now: DateTime<Utc>) -> Result<WorkflowRecord> {
        check_text("the workflow's name", name)?;
        check_text("the document", text)?;
        let transaction = begin(&self.inner.writer).await?;
        // The assignment that changes nothing locks the row, so that two savers take turns. Number 0: it is new.
        let row = sql::one(
            &transaction,
            format!(
                "INSERT INTO workflow ({WORKFLOW}) VALUES ($1, $2, $3, 0, $4, $5, $5) \
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING {WORKFLOW}"
            ),
            vec![
                WorkflowId::generate().as_uuid().into(),
                name.into(),
                Uuid::nil().into(),
                true.into(),
                micros(now).into(),
            ],
        )
        .await?
        .ok_or_else(|| sql::damaged("table of workflows"))?;
        let mut workflow = workflow(&row)?;

        if workflow.number > 0 {
            let newest = sql::one(
                &transaction,
                "SELECT document FROM version WHERE id = $1",
                vec![workflow.version.as_uuid().into()],
            )
            .await?;
            let is_same = match newest {
                Some(row) => column::<String>(&row, 0)? == text,
                None => false,
            };
            if is_same {
                transaction.rollback().await?;
                return Ok(workflow);
            }
        }

        workflow.version = VersionId::generate();
        workflow.number += 1;
        workflow.updated_at = cut(now);
        sql::run(
            &transaction,
            "INSERT INTO version (id, workflow_id, number, document, created_at) VALUES ($1, $2, $3, $4, $5)",
            vec![
                workflow.version.as_uuid().into(),
                workflow.id.as_uuid().into(),
                i64::from(workflow.number).into(),
                text.into(),
                micros(now).into(),
            ],
        )
        .await?;
        sql::run(
            &transaction,
            "UPDATE workflow SET version_id = $1, number = $2, updated_at = $3 WHERE id = $4",
            vec![
                workflow.version.as_uuid().into(),
                i64::from(workflow.number).into(),
                micros(now).into(),
                workflow.id.as_uuid().into(),
            ],
        )
        .await?;
        transaction.commit().await?;
        Ok(workflow)
    }

    pub(crate) async fn read_workflow(&self, id: WorkflowId) -> Result<Option<WorkflowRecord>> {
        let sql = format!("SELECT {WORKFLOW} FROM workflow WHERE id = $1");
        sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await?.as_ref().map(workflow).transpose()
    }

    pub(crate) async fn read_workflow_by_name(&self, name: &str) -> Result<Option<WorkflowRecord>> {
        if name.contains('\0') {
            return Ok(None);
        }
        let sql = format!("SELECT {WORKFLOW} FROM workflow WHERE name = $1");
        sql::one(&self.inner.reader, sql, vec![name.into()]).await?.as_ref().map(workflow).transpose()
    }

    pub(crate) async fn read_workflows(&self, after: Option<&str>, limit: u32) -> Result<Vec<WorkflowRecord>> {
        // Bytes decide the order on both databases; PostgreSQL's own order depends on the server's locale.
        let name = if sql::is_postgres(&self.inner.reader) { "name COLLATE \"C\"" } else { "name" };
        let limit = i64::from(limit.min(LARGEST_PAGE));
        let rows = match after {
            Some(after) => {
                check_text("the name to list after", after)?;
                let sql = format!("SELECT {WORKFLOW} FROM workflow WHERE {name} > $1 ORDER BY {name} LIMIT $2");
                sql::all(&self.inner.reader, sql, vec![after.into(), limit.into()]).await?
            }
            None => {
                let sql = format!("SELECT {WORKFLOW} FROM workflow ORDER BY {name} LIMIT $1");
                sql::all(&self.inner.reader, sql, vec![limit.into()]).await?
            }
        };
        rows.iter().map(workflow).collect()
    }

    pub(crate) async fn switch_workflow(&self, id: WorkflowId, enabled: bool) -> Result<()> {
        let values = vec![enabled.into(), id.as_uuid().into()];
        let changed = sql::run(&self.inner.writer, "UPDATE workflow SET enabled = $1 WHERE id = $2", values).await?;
        if changed == 0 {
            return Err(Error::permanent(ErrorCode::WorkflowNotFound, format!("there is no workflow `{id}`"))
                .hint("List the workflows to see which there are"));
        }
        Ok(())
    }

    pub(crate) async fn remove_workflow(&self, id: WorkflowId) -> Result<bool> {
        let transaction = begin(&self.inner.writer).await?;
        let removed = sql::run(&transaction, "DELETE FROM workflow WHERE id = $1", vec![id.as_uuid().into()]).await?;
        sql::run(&transaction, "DELETE FROM version WHERE workflow_id = $1", vec![id.as_uuid().into()]).await?;
        sql::run(&transaction, "DELETE FROM trigger_firing WHERE workflow_id = $1", vec![id.as_uuid().into()]).await?;
        transaction.commit().await?;
        Ok(removed > 0)
    }

    pub(crate) async fn read_version(&self, id: VersionId) -> Result<Option<VersionRecord>> {
        let sql = format!("SELECT {VERSION} FROM version WHERE id = $1");
        sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await?.as_ref().map(version).transpose()
    }

    pub(crate) async fn read_versions(
        &self,
        workflow: WorkflowId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<VersionRecord>> {
        let sql = format!(
            "SELECT {VERSION} FROM version WHERE workflow_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3"
        );
        let before = before.map_or(i64::MAX, i64::from);
        let values = vec![workflow.as_uuid().into(), before.into(), i64::from(limit.min(LARGEST_PAGE)).into()];
        sql::all(&self.inner.reader, sql, values).await?.iter().map(version).collect()
    }
}

/// The instant as it will be read back.
fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros(at)).unwrap_or(at)
}

fn workflow(row: &QueryResult) -> Result<WorkflowRecord> {
    Ok(WorkflowRecord {
        id: column::<Uuid>(row, 0)?.into(),
        name: column(row, 1)?,
        version: column::<Uuid>(row, 2)?.into(),
        number: number(row, 3)?,
        enabled: column(row, 4)?,
        created_at: instant(row, 5)?,
        updated_at: instant(row, 6)?,
    })
}

fn version(row: &QueryResult) -> Result<VersionRecord> {
    Ok(VersionRecord {
        id: column::<Uuid>(row, 0)?.into(),
        workflow: column::<Uuid>(row, 1)?.into(),
        number: number(row, 2)?,
        text: column(row, 3)?,
        created_at: instant(row, 4)?,
    })
}
