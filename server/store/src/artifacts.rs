//! Artifacts of runs: small files, whole in a row each.

use crate::Database;
use crate::error::{Error, Result, check_text};
use crate::sql::{self, column, instant, micros};
use async_trait::async_trait;
use engine::ports::{Artifacts, StoreError};
use model::artifact::{Artifact, LARGEST, LARGEST_OF_RUN, MOST_OF_RUN, NewArtifact, check_name};
use model::{ErrorCode, RunId, StepId};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

/// What is known of an artifact, in the order in which [`record`] reads it.
const COLUMNS: &str = "run_id, name, step, media_type, bytes, rows_held, digest, created_at";

#[async_trait]
impl Artifacts for Database {
    async fn keep_artifact(&self, new: NewArtifact) -> std::result::Result<(), StoreError> {
        check_name(&new.artifact.name).map_err(StoreError::Failed)?;
        if self.write_artifact(new).await? { Ok(()) } else { Err(StoreError::LeaseLost) }
    }

    async fn list_artifacts(&self, run: RunId) -> std::result::Result<Vec<Artifact>, StoreError> {
        Ok(self.read_artifacts(run).await?)
    }

    async fn find_artifact(
        &self,
        run: RunId,
        name: &str,
    ) -> std::result::Result<Option<(Artifact, Vec<u8>)>, StoreError> {
        Ok(self.read_artifact(run, name).await?)
    }
}

impl Database {
    /// False: a newer lease of the task was quicker.
    async fn write_artifact(&self, new: NewArtifact) -> Result<bool> {
        let NewArtifact { artifact, task, fence, content } = new;
        check_text("the artifact's media type", &artifact.media_type)?;
        if content.len() > LARGEST {
            return Err(too_large(format!("artifact `{}` has {} bytes", artifact.name, content.len())));
        }
        let (run, name): (Value, Value) = (artifact.run.as_uuid().into(), artifact.name.clone().into());
        let transaction = crate::database::begin(&self.inner.writer).await?;
        // The sum is a `numeric` in PostgreSQL where nothing says otherwise.
        let others = "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM artifact \
                      WHERE run_id = $1 AND name <> $2";
        let row = sql::one(&transaction, others, vec![run.clone(), name.clone()]).await?;
        let (count, bytes): (i64, i64) = match &row {
            Some(row) => (column(row, 0)?, column(row, 1)?),
            None => (0, 0),
        };
        if count.unsigned_abs() >= MOST_OF_RUN {
            return Err(too_large(format!("the run has {count} artifacts already")));
        }
        if bytes.unsigned_abs() + content.len() as u64 > LARGEST_OF_RUN {
            return Err(too_large(format!("the run's artifacts have {bytes} bytes already")));
        }
        let statement = "INSERT INTO artifact \
             (run_id, name, step, task, fence, media_type, bytes, rows_held, digest, created_at, content) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (run_id, name) DO UPDATE SET \
             fence = excluded.fence, media_type = excluded.media_type, bytes = excluded.bytes, \
             rows_held = excluded.rows_held, digest = excluded.digest, created_at = excluded.created_at, \
             content = excluded.content WHERE artifact.task = excluded.task AND artifact.fence <= excluded.fence";
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let values = vec![
            run.clone(),
            name.clone(),
            artifact.step.to_string().into(),
            task.clone().into(),
            fence.into(),
            artifact.media_type.into(),
            number(artifact.bytes).into(),
            number(artifact.rows).into(),
            artifact.digest.into(),
            micros(artifact.created_at).into(),
            content.into(),
        ];
        if sql::run(&transaction, statement, values).await? == 0 {
            let owner = "SELECT step, task FROM artifact WHERE run_id = $1 AND name = $2";
            if let Some(row) = sql::one(&transaction, owner, vec![run, name]).await?
                && column::<String>(&row, 1)? != task
            {
                let step: String = column(&row, 0)?;
                let message = format!("the run has an artifact `{}` already, from step `{step}`", artifact.name);
                return Err(Error::permanent(ErrorCode::AlreadyExists, message)
                    .hint("Give each its own name; within `foreach` name the item in it: `${{ item }}.csv`."));
            }
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn read_artifacts(&self, run: RunId) -> Result<Vec<Artifact>> {
        let statement = format!("SELECT {COLUMNS} FROM artifact WHERE run_id = $1 ORDER BY name");
        let rows = sql::all(&self.inner.reader, statement, vec![run.as_uuid().into()]).await?;
        rows.iter().map(record).collect()
    }

    async fn read_artifact(&self, run: RunId, name: &str) -> Result<Option<(Artifact, Vec<u8>)>> {
        if check_name(name).is_err() {
            return Ok(None);
        }
        let statement = format!("SELECT {COLUMNS}, content FROM artifact WHERE run_id = $1 AND name = $2");
        let row = sql::one(&self.inner.reader, statement, vec![run.as_uuid().into(), name.into()]).await?;
        row.map(|row| Ok((record(&row)?, column(&row, 8)?))).transpose()
    }
}

fn too_large(message: String) -> Error {
    Error::permanent(ErrorCode::ArtifactTooLarge, message).hint(format!(
        "A run keeps {MOST_OF_RUN} artifacts of {} MiB each and {} MiB together; write what is larger into a table or a file.",
        LARGEST >> 20,
        LARGEST_OF_RUN >> 20
    ))
}

fn record(row: &QueryResult) -> Result<Artifact> {
    let step: String = column(row, 2)?;
    Ok(Artifact {
        run: RunId::from(column::<Uuid>(row, 0)?),
        name: column(row, 1)?,
        step: StepId::new(&step).ok_or_else(|| sql::damaged(format!("step `{step}`")))?,
        media_type: column(row, 3)?,
        bytes: column::<i64>(row, 4)?.unsigned_abs(),
        rows: column::<i64>(row, 5)?.unsigned_abs(),
        digest: column(row, 6)?,
        created_at: instant(row, 7)?,
    })
}
