//! [`RunStore`] on the metadata database: each method goes to the file of its noun.

use crate::Database;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::ports::{
    LeasedTask, RunFilter, RunRecord, RunStore, StoreError, Transition, TriggerRecord, VersionRecord, WorkflowRecord,
};
use model::run::LogLine;
use model::{RunId, TaskId, VersionId, WorkflowId};

type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
impl RunStore for Database {
    async fn save_workflow(&self, name: &str, text: &str, now: DateTime<Utc>) -> Result<WorkflowRecord> {
        Ok(self.write_workflow(name, text, now).await?)
    }

    async fn find_workflow(&self, id: WorkflowId) -> Result<Option<WorkflowRecord>> {
        Ok(self.read_workflow(id).await?)
    }

    async fn find_workflow_by_name(&self, name: &str) -> Result<Option<WorkflowRecord>> {
        Ok(self.read_workflow_by_name(name).await?)
    }

    async fn list_workflows(&self, after: Option<&str>, limit: u32) -> Result<Vec<WorkflowRecord>> {
        Ok(self.read_workflows(after, limit).await?)
    }

    async fn set_workflow_enabled(&self, id: WorkflowId, enabled: bool) -> Result<()> {
        Ok(self.switch_workflow(id, enabled).await?)
    }

    async fn delete_workflow(&self, id: WorkflowId) -> Result<bool> {
        Ok(self.remove_workflow(id).await?)
    }

    async fn find_version(&self, id: VersionId) -> Result<Option<VersionRecord>> {
        Ok(self.read_version(id).await?)
    }

    async fn list_versions(&self, workflow: WorkflowId, before: Option<u32>, limit: u32) -> Result<Vec<VersionRecord>> {
        Ok(self.read_versions(workflow, before, limit).await?)
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>> {
        Ok(self.read_run(id).await?)
    }

    async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        Ok(self.read_runs(filter).await?)
    }

    async fn count_active_runs(&self, workflow: WorkflowId) -> Result<u32> {
        Ok(self.count_active(workflow).await?)
    }

    async fn list_queued_runs(&self, workflow: WorkflowId, limit: u32) -> Result<Vec<RunRecord>> {
        Ok(self.read_queued_runs(workflow, limit).await?)
    }

    async fn commit(&self, transition: Transition) -> Result<()> {
        self.inner.committer.commit(transition).await
    }

    async fn lease(
        &self,
        worker: &str,
        limit: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<LeasedTask>> {
        Ok(self.lease_tasks(worker, limit, now, until).await?)
    }

    async fn renew(&self, held: &[(TaskId, i64)], until: DateTime<Utc>) -> Result<Vec<TaskId>> {
        Ok(self.renew_leases(held, until).await?)
    }

    async fn release(&self, held: &[(TaskId, i64)]) -> Result<()> {
        Ok(self.release_leases(held).await?)
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>> {
        Ok(self.read_next_due().await?)
    }

    async fn list_triggers(&self) -> Result<Vec<TriggerRecord>> {
        Ok(self.read_triggers().await?)
    }

    async fn record_firing(&self, record: &TriggerRecord) -> Result<bool> {
        Ok(self.write_firing(record).await?)
    }

    async fn hold(&self, name: &str, holder: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        Ok(self.take_lease(name, holder, now, until).await?)
    }

    async fn append_logs(&self, run: RunId, lines: Vec<LogLine>) -> Result<()> {
        Ok(self.inner.logs.append(run, lines).await?)
    }

    async fn list_logs(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<(u64, LogLine)>> {
        Ok(self.read_logs(run, after, limit).await?)
    }
}
