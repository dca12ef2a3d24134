//! The sink's own record, `_sluice_ledger`, beside the table it writes.

use super::{Config, error, quote};
use crate::error::lease_lost;
use crate::name::TableName;
use data::{Batch, Checkpoint, Lane, LedgerEntry, LedgerKey, Result};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Transaction, TxOpts, params};

/// The table beside the data.
pub(super) fn table(table: &str) -> String {
    match TableName::parse(table).schema {
        Some(database) => format!("{}.`_sluice_ledger`", quote(&database)),
        None => "`_sluice_ledger`".to_owned(),
    }
}

/// What makes it.
pub(super) fn create(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            task VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
            lane VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
            fence BIGINT NOT NULL, sequence BIGINT NOT NULL, checkpoint LONGTEXT CHARACTER SET utf8mb4,
            updated_at DATETIME(6) NOT NULL, PRIMARY KEY (task, lane)) ENGINE=InnoDB"
    )
}

/// Raises the fence of the lane's line.
pub(super) async fn claim(
    connection: &mut Conn,
    config: &Config,
    table: &str,
    ledger: &LedgerKey,
    lane: &Lane,
) -> Result<Option<LedgerEntry>> {
    let mapped = |e: DriverError| error::mapped(config, &e);
    let line = params! { "task" => ledger.task.as_str(), "lane" => lane.as_str(), "fence" => ledger.fence };
    let mut transaction = connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
    transaction
        .exec_drop(
            format!(
                "INSERT INTO {table} (task, lane, fence, sequence, checkpoint, updated_at)
                 VALUES (:task, :lane, :fence, 0, NULL, NOW(6))
                 ON DUPLICATE KEY UPDATE fence = GREATEST(fence, VALUES(fence)), updated_at = NOW(6)"
            ),
            line,
        )
        .await
        .map_err(mapped)?;
    let found: Option<(i64, u64, Option<String>)> = transaction
        .exec_first(
            format!("SELECT fence, sequence, checkpoint FROM {table} WHERE task = :task AND lane = :lane FOR UPDATE"),
            params! { "task" => ledger.task.as_str(), "lane" => lane.as_str() },
        )
        .await
        .map_err(mapped)?;
    let Some((fence, sequence, checkpoint)) = found.filter(|(fence, ..)| *fence == ledger.fence) else {
        transaction.rollback().await.map_err(mapped)?;
        return Err(lease_lost(&ledger.task, lane));
    };
    debug_assert_eq!(fence, ledger.fence);
    transaction.commit().await.map_err(mapped)?;
    Ok((sequence > 0).then(|| LedgerEntry { sequence, checkpoint: checkpoint.map(Checkpoint) }))
}

/// Moves the lane's line on to the batch; `false` where another attempt holds it.
pub(super) async fn advance(
    transaction: &mut Transaction<'_>,
    table: &str,
    ledger: &LedgerKey,
    batch: &Batch,
) -> Result<bool, DriverError> {
    transaction
        .exec_drop(
            format!(
                "UPDATE {table} SET sequence = :sequence, checkpoint = :checkpoint, updated_at = NOW(6)
                 WHERE task = :task AND lane = :lane AND fence = :fence"
            ),
            params! {
                "sequence" => batch.sequence,
                "checkpoint" => batch.checkpoint.as_ref().map(|checkpoint| checkpoint.0.as_str()),
                "task" => ledger.task.as_str(),
                "lane" => batch.lane.as_str(),
                "fence" => ledger.fence,
            },
        )
        .await?;
    Ok(transaction.affected_rows() == 1)
}

/// Whether this run has written into the table before this batch, in this attempt or an earlier one.
pub(super) async fn written_before(
    transaction: &mut Transaction<'_>,
    table: &str,
    ledger: &LedgerKey,
    batch: &Batch,
) -> Result<bool, DriverError> {
    if batch.sequence > 1 {
        return Ok(true);
    }
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE task = :task AND lane <> :lane AND sequence > 0");
    let line = params! { "task" => ledger.task.as_str(), "lane" => batch.lane.as_str() };
    let others: Option<u64> = transaction.exec_first(sql, line).await?;
    Ok(others.unwrap_or(0) > 0)
}
