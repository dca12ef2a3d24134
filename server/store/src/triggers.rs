//! When cron triggers last fired, and the named leases by which processes agree on one scheduler.

use crate::Database;
use crate::error::{Result, check_text};
use crate::sql::{self, column, instant, micros, number};
use chrono::{DateTime, Utc};
use engine::ports::TriggerRecord;
use uuid::Uuid;

impl Database {
    pub(crate) async fn read_triggers(&self) -> Result<Vec<TriggerRecord>> {
        let sql = "SELECT workflow_id, position, last_fired FROM trigger_firing ORDER BY workflow_id, position";
        let rows = sql::all(&self.inner.reader, sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(TriggerRecord {
                    workflow: column::<Uuid>(row, 0)?.into(),
                    index: number(row, 1)?,
                    last_fired: instant(row, 2)?,
                })
            })
            .collect()
    }

    pub(crate) async fn write_firing(&self, record: &TriggerRecord) -> Result<bool> {
        let values =
            vec![record.workflow.as_uuid().into(), i64::from(record.index).into(), micros(record.last_fired).into()];
        let sql = "INSERT INTO trigger_firing (workflow_id, position, last_fired) VALUES ($1, $2, $3) \
                   ON CONFLICT (workflow_id, position) DO UPDATE SET last_fired = excluded.last_fired \
                   WHERE excluded.last_fired > trigger_firing.last_fired";
        Ok(sql::run(&self.inner.writer, sql, values).await? > 0)
    }

    pub(crate) async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        check_text("the lease's name", name)?;
        check_text("the holder's name", holder)?;
        let values = vec![name.into(), holder.into(), micros(until).into(), micros(now).into()];
        let sql = "INSERT INTO holder (name, holder, until_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at \
                   WHERE holder.holder = excluded.holder OR holder.until_at <= $4";
        Ok(sql::run(&self.inner.writer, sql, values).await? > 0)
    }
}
