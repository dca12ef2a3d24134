//! Thins out what grows: ended runs, log lines, the console's history, what is over.
//!
//! Rows go in small pieces, each a transaction of its own, so that runs' commits never wait long behind one.

use crate::Database;
use crate::error::Result;
use crate::sql::{self, column, micros};
use chrono::{DateTime, Utc};
use model::backup::Kept;
use sea_orm::Value;
use uuid::Uuid;

/// Rows in one piece at most.
const PIECE: i64 = 2_000;
/// Runs in one piece at most, since each may have many lines.
const RUNS: i64 = 100;
/// Artifacts in one piece at most, since each may be large.
const ARTIFACTS: i64 = 50;

/// Where rows of one kind lie, and which are old.
struct Old {
    table: &'static str,
    key: &'static str,
    condition: &'static str,
}

impl Database {
    pub(crate) async fn remove_old(&self, kept: Kept, before: DateTime<Utc>, dry_run: bool) -> Result<u64> {
        let old = old(kept);
        if !self.has_table(old.table).await? {
            return Ok(0);
        }
        let before: Value = micros(before).into();
        if dry_run {
            let sql = format!("SELECT count(*) FROM {} WHERE {}", old.table, old.condition);
            let row = sql::one(&self.inner.reader, sql, vec![before]).await?;
            let count: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
            return Ok(u64::try_from(count).unwrap_or(0));
        }
        let mut removed = 0;
        loop {
            let piece = match kept {
                Kept::Runs => self.remove_runs(&old, before.clone()).await?,
                Kept::Alerts => self.remove_alerts(&old, before.clone()).await?,
                _ => {
                    let most = if kept == Kept::Artifacts { ARTIFACTS } else { PIECE };
                    let sql = format!(
                        "DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0} WHERE {2} ORDER BY {1} LIMIT {most})",
                        old.table, old.key, old.condition
                    );
                    sql::run(&self.inner.writer, sql, vec![before.clone()]).await?
                }
            };
            if piece == 0 {
                return Ok(removed);
            }
            removed += piece;
            tokio::task::yield_now().await;
        }
    }

    /// Removes a few runs with their lines and artifacts.
    async fn remove_runs(&self, old: &Old, before: Value) -> Result<u64> {
        let sql = format!("SELECT id FROM run WHERE {} ORDER BY id LIMIT {RUNS}", old.condition);
        let rows = sql::all(&self.inner.reader, sql, vec![before]).await?;
        let ids = rows.iter().map(|row| column::<Uuid>(row, 0)).collect::<Result<Vec<_>>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let values: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
        let places = sql::list(1, ids.len());
        let transaction = crate::database::begin(&self.inner.writer).await?;
        for table in ["log_line", "artifact"] {
            sql::run(&transaction, format!("DELETE FROM {table} WHERE run_id IN ({places})"), values.clone()).await?;
        }
        let removed = sql::run(&transaction, format!("DELETE FROM run WHERE id IN ({places})"), values).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    /// Removes a few alerts with their deliveries and attempts.
    async fn remove_alerts(&self, old: &Old, before: Value) -> Result<u64> {
        let sql = format!("SELECT id FROM alert WHERE {} ORDER BY id LIMIT {RUNS}", old.condition);
        let rows = sql::all(&self.inner.reader, sql, vec![before]).await?;
        let ids = rows.iter().map(|row| column::<Uuid>(row, 0)).collect::<Result<Vec<_>>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let values: Vec<Value> = ids.iter().map(|id| (*id).into()).collect();
        let of = format!("IN ({})", sql::list(1, ids.len()));
        let deliveries = format!("SELECT id FROM alert_delivery WHERE alert_id {of}");
        let transaction = crate::database::begin(&self.inner.writer).await?;
        let attempts = format!("DELETE FROM alert_attempt WHERE delivery_id IN ({deliveries})");
        sql::run(&transaction, attempts, values.clone()).await?;
        sql::run(&transaction, format!("DELETE FROM alert_delivery WHERE alert_id {of}"), values.clone()).await?;
        let removed = sql::run(&transaction, format!("DELETE FROM alert WHERE id {of}"), values).await?;
        transaction.commit().await?;
        Ok(removed)
    }

    async fn has_table(&self, table: &str) -> Result<bool> {
        let sql = if sql::is_postgres(&self.inner.reader) {
            "SELECT 1 FROM pg_class WHERE oid = to_regclass($1)"
        } else {
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1"
        };
        Ok(sql::one(&self.inner.reader, sql, vec![table.into()]).await?.is_some())
    }
}

fn old(kept: Kept) -> Old {
    let (table, key, condition) = match kept {
        // What has not ended has no `finished_at`.
        Kept::Runs => ("run", "id", "status IN ('succeeded', 'failed', 'canceled') AND finished_at < $1"),
        Kept::LogLines => ("log_line", "id", "at < $1"),
        Kept::Artifacts => ("artifact", "id", "created_at < $1"),
        Kept::ConsoleHistory => ("console_statement", "id", "started_at < $1"),
        Kept::Anomalies => ("anomaly", "id", "state = 'resolved' AND changed_at < $1"),
        Kept::Backups => ("backup", "id", "status IN ('removed', 'failed') AND created_at < $1"),
        Kept::Inspections => ("inspection", "at", "at < $1"),
        Kept::Alerts => (
            "alert",
            "id",
            "raised_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM alert_delivery d WHERE d.alert_id = alert.id AND d.status = 'pending')",
        ),
    };
    Old { table, key, condition }
}
