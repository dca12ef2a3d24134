//! The store as the port of watching steps.

use crate::Database;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::ports::{StoreError, Watch};
use model::anomaly::{AnomalyRule, Observation, Recorded};
use model::backup::{BackupFilter, BackupRecord, Kept};
use model::{AnomalyId, BackupId};
use serde_json::Value;

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Watch for Database {
    async fn list_anomaly_rules(&self) -> Answer<Vec<AnomalyRule>> {
        Ok(self.list_rules().await?)
    }

    async fn record_observation(&self, observation: &Observation) -> Answer<Recorded> {
        Ok(self.settle(observation).await?)
    }

    async fn mark_alerted(&self, anomalies: &[AnomalyId], at: DateTime<Utc>) -> Answer<()> {
        Ok(self.note_alerted(anomalies, at).await?)
    }

    async fn save_backup(&self, backup: &BackupRecord) -> Answer<()> {
        Ok(self.write_backup(backup).await?)
    }

    async fn find_backup(&self, id: BackupId) -> Answer<Option<BackupRecord>> {
        Ok(self.read_backup(id).await?)
    }

    async fn list_backups(&self, filter: &BackupFilter) -> Answer<Vec<BackupRecord>> {
        Ok(self.read_backups(filter).await?)
    }

    async fn find_inspection(&self, connection: &str) -> Answer<Option<(DateTime<Utc>, Value)>> {
        Ok(self.read_inspection(connection).await?)
    }

    async fn save_inspection(&self, connection: &str, at: DateTime<Utc>, found: &Value) -> Answer<()> {
        Ok(self.write_inspection(connection, at, found).await?)
    }

    async fn purge(&self, kept: Kept, before: DateTime<Utc>, dry_run: bool) -> Answer<u64> {
        Ok(self.remove_old(kept, before, dry_run).await?)
    }
}
