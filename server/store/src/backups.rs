//! Records of backups and inspections.

use crate::Database;
use crate::catalog::json_column;
use crate::error::{Error, Result, check_text};
use crate::sql::{self, column, instant, maybe_instant, micros};
use chrono::{DateTime, Utc};
use model::backup::{BackupFilter, BackupRecord, BackupStatus};
use model::{BackupId, ErrorCode, RunId};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

const COLUMNS: &str = "id, connection, folder, method, bytes, checksum, duration_ms, status, error, run_id, created_at, \
                       verified_at";
/// Backups on one page at most.
const LARGEST_PAGE: u32 = 500;
/// Bytes of an inspection at most.
const MOST_INSPECTION: usize = 1024 * 1024;

impl Database {
    pub(crate) async fn write_backup(&self, backup: &BackupRecord) -> Result<()> {
        check_text("the folder", &backup.folder)?;
        check_text("the connection's name", &backup.connection)?;
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let error = backup.error.as_ref().map(|error| error.replace('\0', "\u{fffd}"));
        let values = vec![
            backup.id.as_uuid().into(),
            backup.connection.clone().into(),
            backup.folder.clone().into(),
            backup.method.clone().into(),
            number(backup.bytes).into(),
            backup.checksum.clone().into(),
            number(backup.duration_ms).into(),
            backup.status.as_str().into(),
            error.into(),
            backup.run.map(RunId::as_uuid).into(),
            micros(backup.created_at).into(),
            backup.verified_at.map(micros).into(),
        ];
        let sql = format!(
            "INSERT INTO backup ({COLUMNS}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET folder = excluded.folder, \
             method = excluded.method, bytes = excluded.bytes, checksum = excluded.checksum, \
             duration_ms = excluded.duration_ms, status = excluded.status, error = excluded.error, \
             verified_at = excluded.verified_at",
            sql::list(1, 12)
        );
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(())
    }

    pub(crate) async fn read_backup(&self, id: BackupId) -> Result<Option<BackupRecord>> {
        let sql = format!("SELECT {COLUMNS} FROM backup WHERE id = $1");
        sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await?.as_ref().map(record).transpose()
    }

    /// Backups on record, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn read_backups(&self, filter: &BackupFilter) -> Result<Vec<BackupRecord>> {
        let mut values: Vec<Value> = vec![i64::from(filter.limit.min(LARGEST_PAGE)).into()];
        let mut place = |value: Value| {
            values.push(value);
            values.len()
        };
        let mut conditions = Vec::new();
        if let Some(connection) = &filter.connection {
            check_text("the filter", connection)?;
            conditions.push(format!("connection = ${}", place(connection.clone().into())));
        }
        if !filter.statuses.is_empty() {
            let places: Vec<String> =
                filter.statuses.iter().map(|status| format!("${}", place(status.as_str().into()))).collect();
            conditions.push(format!("status IN ({})", places.join(", ")));
        }
        if let Some(before) = filter.before {
            conditions.push(format!("id < ${}", place(before.as_uuid().into())));
        }
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let sql = format!("SELECT {COLUMNS} FROM backup{conditions} ORDER BY id DESC LIMIT $1");
        sql::all(&self.inner.reader, sql, values).await?.iter().map(record).collect()
    }

    pub(crate) async fn read_inspection(&self, connection: &str) -> Result<Option<(DateTime<Utc>, serde_json::Value)>> {
        check_text("the connection's name", connection)?;
        let sql = "SELECT at, content FROM inspection WHERE connection = $1 ORDER BY at DESC LIMIT 1";
        let row = sql::one(&self.inner.reader, sql, vec![connection.into()]).await?;
        row.map(|row| Ok((instant(&row, 0)?, json_column(&row, 1)?))).transpose()
    }

    pub(crate) async fn write_inspection(
        &self,
        connection: &str,
        at: DateTime<Utc>,
        found: &serde_json::Value,
    ) -> Result<()> {
        check_text("the connection's name", connection)?;
        let content = found.to_string();
        if content.len() > MOST_INSPECTION {
            return Err(Error::permanent(ErrorCode::InvalidValue, "an inspection has more than a megabyte"));
        }
        let sql = "INSERT INTO inspection (connection, at, content) VALUES ($1, $2, $3) \
                   ON CONFLICT (connection, at) DO UPDATE SET content = excluded.content";
        sql::run(&self.inner.writer, sql, vec![connection.into(), micros(at).into(), content.into()]).await?;
        Ok(())
    }
}

fn record(row: &QueryResult) -> Result<BackupRecord> {
    let status: String = column(row, 7)?;
    let status = BackupStatus::find(&status).ok_or_else(|| sql::damaged(format!("status `{status}`")))?;
    let number = |index| column::<i64>(row, index).map(|value| u64::try_from(value).unwrap_or(0));
    Ok(BackupRecord {
        id: column::<Uuid>(row, 0)?.into(),
        connection: column(row, 1)?,
        folder: column(row, 2)?,
        method: column(row, 3)?,
        bytes: number(4)?,
        checksum: column(row, 5)?,
        duration_ms: number(6)?,
        status,
        error: column(row, 8)?,
        run: column::<Option<Uuid>>(row, 9)?.map(Into::into),
        created_at: instant(row, 10)?,
        verified_at: maybe_instant(row, 11)?,
    })
}
