//! The ledger's table beside the data, and the statements that guard it.

use super::error::mapped;
use super::introspect::Table;
use super::pool::Lent;
use crate::error::lease_lost;
use crate::name::literal;
use data::{Checkpoint, Lane, LedgerEntry, LedgerKey, Result};

/// The ledger of one sink.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) key: LedgerKey,
    table: String,
}

impl Ledger {
    /// Makes the ledger's table where it is missing; safe when two do so at once.
    pub(super) async fn open(client: &Lent, key: LedgerKey, beside: &Table) -> Result<Self> {
        let table = beside.name.beside("_sluice_ledger");
        let exists =
            client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await.map_err(|error| mapped(&error))?;
        if !exists.get::<_, bool>(0) {
            let create = format!(
                "CREATE TABLE IF NOT EXISTS {table} (task text NOT NULL, lane text NOT NULL, fence bigint NOT NULL, \
                 sequence bigint NOT NULL, checkpoint text, updated_at timestamptz NOT NULL, PRIMARY KEY (task, lane))"
            );
            if let Err(error) = client.batch_execute(&create).await {
                // `IF NOT EXISTS` does not see a table that another transaction is about to commit.
                let state = error.code().map_or("", |code| code.code());
                if !matches!(state, "23505" | "42P07" | "42710") {
                    return Err(mapped(&error));
                }
            }
        }
        Ok(Self { key, table })
    }

    /// A name in `pg_stat_activity` by which a later attempt finds a connection of this one.
    pub(super) fn application_name(&self) -> String {
        format!("{} {}", self.application(), self.key.fence)
    }

    /// The task and its ledger, since another schema has a ledger of its own and may know a task of the same name.
    fn application(&self) -> String {
        // FNV-1a: the name has 63 bytes and a task's name may have 200.
        let hash = [self.table.as_str(), "\0", self.key.task.as_str()]
            .iter()
            .flat_map(|part| part.bytes())
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("sluice {hash:016x}")
    }

    /// Ends the connections of earlier attempts; one of them may be stopped with row locks in its hands.
    async fn end_earlier(&self, client: &Lent) {
        let ended = client
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() \
                 AND CASE WHEN application_name LIKE $1 || ' %' \
                 THEN split_part(application_name, ' ', 3)::bigint < $2 ELSE false END",
                &[&self.application(), &self.key.fence],
            )
            .await;
        if let Err(error) = ended {
            // Their commits are refused all the same; only their locks may last a while.
            tracing::debug!(error = %error, "connections of earlier attempts could not be ended");
        }
    }

    /// Raises the fence of the lane's line and ends the open transactions of earlier attempts, whose row locks would be in the way.
    pub(super) async fn claim(&self, client: &Lent, lane: &Lane) -> Result<Option<LedgerEntry>> {
        self.end_earlier(client).await;
        let sql = format!(
            "INSERT INTO {0} AS l (task, lane, fence, sequence, checkpoint, updated_at) VALUES ($1, $2, $3, 0, NULL, now()) \
             ON CONFLICT (task, lane) DO UPDATE SET fence = excluded.fence, updated_at = excluded.updated_at \
             WHERE l.fence <= excluded.fence RETURNING sequence, checkpoint",
            self.table
        );
        let line = client
            .query_opt(&sql, &[&self.key.task, &lane.as_str(), &self.key.fence])
            .await
            .map_err(|error| mapped(&error))?;
        let Some(line) = line else { return Err(lease_lost(&self.key.task, lane)) };
        // One of them may have begun a transaction in between.
        self.end_earlier(client).await;
        let sequence = line.get::<_, i64>(0).unsigned_abs();
        Ok((sequence > 0)
            .then(|| LedgerEntry { sequence, checkpoint: line.get::<_, Option<String>>(1).map(Checkpoint) }))
    }

    /// Moves the lane's line on, in the transaction that writes the rows.
    pub(super) async fn advance(
        &self,
        client: &Lent,
        lane: &Lane,
        sequence: u64,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET sequence = $4, checkpoint = $5, updated_at = now() WHERE task = $1 AND lane = $2 AND fence = $3",
            self.table
        );
        let checkpoint = checkpoint.map(|checkpoint| checkpoint.0.as_str());
        let touched = client
            .execute(&sql, &[&self.key.task, &lane.as_str(), &self.key.fence, &(sequence as i64), &checkpoint])
            .await
            .map_err(|error| mapped(&error))?;
        if touched == 1 { Ok(()) } else { Err(lease_lost(&self.key.task, lane)) }
    }

    /// Whether this run has written anything, in whatever lane and attempt.
    pub(super) async fn anything_written(&self, client: &Lent) -> Result<bool> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE task = {} AND sequence > 0)",
            self.table,
            literal(&self.key.task)
        );
        let row = client.query_one(&sql, &[]).await.map_err(|error| mapped(&error))?;
        Ok(row.get(0))
    }

    /// Fence and number of the lane's line once no transaction holds it.
    pub(super) async fn settled(&self, client: &Lent, lane: &Lane) -> Result<Option<(i64, u64)>> {
        let sql = format!("SELECT fence, sequence FROM {} WHERE task = $1 AND lane = $2 FOR UPDATE", self.table);
        let line = client.query_opt(&sql, &[&self.key.task, &lane.as_str()]).await.map_err(|error| mapped(&error))?;
        Ok(line.map(|line| (line.get(0), line.get::<_, i64>(1).unsigned_abs())))
    }
}
