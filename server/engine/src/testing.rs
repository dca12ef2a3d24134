//! For tests of whoever uses the engine: a store in memory, a dispatch in memory, a clock held still.
//!
//! The store obeys the same rules as the real ones (revisions, fences, leases); the behavior suite of `store` says so.

use crate::alerts::Template;
use crate::ports::{
    Alerts, Artifacts, ChannelReport, Clock, Dispatch, LeasedTask, NewTask, Raised, RunEvent, RunFilter, RunRecord,
    RunStore, Standing, StoreError, TableLogs, Transition, TriggerRecord, VersionRecord, Watch, WorkflowRecord,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::alert::NewAlert;
use model::anomaly::{Anomaly, AnomalyRule, AnomalyState, Observation, Recorded};
use model::artifact::{Artifact, NewArtifact};
use model::backup::{BackupFilter, BackupRecord, Kept};
use model::run::LogLine;
use model::{
    AlertId, AnomalyId, BackupId, RunId, RunStatus, TableLogEntry, TableLogFilter, TableLogRecord, TaskId, VersionId,
    WorkflowId,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, broadcast};

/// A clock that moves only when told to.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        *locked(&self.0) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *locked(&self.0)
    }
}

/// Wakes workers of this process.
#[derive(Debug)]
pub struct MemoryDispatch {
    wake: Notify,
    events: broadcast::Sender<Arc<RunEvent>>,
}

impl Default for MemoryDispatch {
    fn default() -> Self {
        Self { wake: Notify::new(), events: broadcast::Sender::new(4_096) }
    }
}

#[async_trait]
impl Dispatch for MemoryDispatch {
    async fn notify(&self, _tasks: &[TaskId]) {
        self.wake.notify_one();
    }

    async fn wait(&self, timeout: Duration) {
        let _ = tokio::time::timeout(timeout, self.wake.notified()).await;
    }

    fn publish(&self, event: &RunEvent) {
        if self.events.receiver_count() > 0 {
            // Without receivers there is nobody to tell.
            let _ = self.events.send(Arc::new(event.clone()));
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<RunEvent>> {
        self.events.subscribe()
    }
}

/// A store that forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    workflows: Vec<WorkflowRecord>,
    versions: Vec<VersionRecord>,
    runs: BTreeMap<RunId, RunRecord>,
    tasks: BTreeMap<TaskId, Task>,
    triggers: Vec<TriggerRecord>,
    holders: BTreeMap<String, (String, DateTime<Utc>)>,
    logs: Vec<(RunId, LogLine)>,
}

#[derive(Debug)]
struct Task {
    run: RunId,
    new: NewTask,
    fence: i64,
    deliveries: u32,
    leased_until: Option<DateTime<Utc>>,
}

impl Task {
    fn due(&self) -> DateTime<Utc> {
        self.leased_until.unwrap_or(self.new.not_before)
    }
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.0)
    }

    /// How many tasks are queued or leased.
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.tables().tasks.len()
    }
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn save_workflow(&self, name: &str, text: &str, now: DateTime<Utc>) -> Result<WorkflowRecord, StoreError> {
        let mut tables = self.tables();
        let old = tables.workflows.iter().find(|workflow| workflow.name == name).cloned();
        if let Some(old) = &old
            && tables.versions.iter().any(|version| version.id == old.version && version.text == text)
        {
            return Ok(old.clone());
        }
        let workflow = old.as_ref().map_or_else(WorkflowId::generate, |old| old.id);
        let number = old.as_ref().map_or(1, |old| old.number + 1);
        let version =
            VersionRecord { id: VersionId::generate(), workflow, number, text: text.to_owned(), created_at: now };
        let record = WorkflowRecord {
            id: workflow,
            name: name.to_owned(),
            version: version.id,
            number,
            enabled: old.as_ref().is_none_or(|old| old.enabled),
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: now,
        };
        tables.versions.push(version);
        tables.workflows.retain(|other| other.id != workflow);
        tables.workflows.push(record.clone());
        tables.workflows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(record)
    }

    async fn find_workflow(&self, id: WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        Ok(self.tables().workflows.iter().find(|workflow| workflow.id == id).cloned())
    }

    async fn find_workflow_by_name(&self, name: &str) -> Result<Option<WorkflowRecord>, StoreError> {
        Ok(self.tables().workflows.iter().find(|workflow| workflow.name == name).cloned())
    }

    async fn list_workflows(&self, after: Option<&str>, limit: u32) -> Result<Vec<WorkflowRecord>, StoreError> {
        let tables = self.tables();
        let later = tables.workflows.iter().filter(|workflow| after.is_none_or(|after| workflow.name.as_str() > after));
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn set_workflow_enabled(&self, id: WorkflowId, enabled: bool) -> Result<(), StoreError> {
        if let Some(workflow) = self.tables().workflows.iter_mut().find(|workflow| workflow.id == id) {
            workflow.enabled = enabled;
        }
        Ok(())
    }

    async fn delete_workflow(&self, id: WorkflowId) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let before = tables.workflows.len();
        tables.workflows.retain(|workflow| workflow.id != id);
        tables.versions.retain(|version| version.workflow != id);
        Ok(tables.workflows.len() < before)
    }

    async fn find_version(&self, id: VersionId) -> Result<Option<VersionRecord>, StoreError> {
        Ok(self.tables().versions.iter().find(|version| version.id == id).cloned())
    }

    async fn list_versions(
        &self,
        workflow: WorkflowId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        let tables = self.tables();
        let own = tables
            .versions
            .iter()
            .rev()
            .filter(|version| version.workflow == workflow && before.is_none_or(|before| version.number < before));
        Ok(own.take(limit as usize).cloned().collect())
    }

    async fn find_run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.tables().runs.get(&id).cloned())
    }

    async fn list_runs(&self, filter: &RunFilter) -> Result<Vec<RunRecord>, StoreError> {
        let tables = self.tables();
        let wanted = |run: &&RunRecord| {
            filter.workflow.is_none_or(|workflow| run.workflow == workflow)
                && (filter.statuses.is_empty() || filter.statuses.contains(&run.status))
                && filter.before.is_none_or(|before| run.id < before)
        };
        Ok(tables.runs.values().rev().filter(wanted).take(filter.limit.min(500) as usize).cloned().collect())
    }

    async fn count_active_runs(&self, workflow: WorkflowId) -> Result<u32, StoreError> {
        let tables = self.tables();
        let active = |run: &&RunRecord| {
            run.workflow == workflow && matches!(run.status, RunStatus::Running | RunStatus::Waiting)
        };
        Ok(u32::try_from(tables.runs.values().filter(active).count()).unwrap_or(u32::MAX))
    }

    async fn list_queued_runs(&self, workflow: WorkflowId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let tables = self.tables();
        let queued = |run: &&RunRecord| run.workflow == workflow && run.status == RunStatus::Queued;
        Ok(tables.runs.values().filter(queued).take(limit as usize).cloned().collect())
    }

    async fn commit(&self, transition: Transition) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let stored = tables.runs.get(&transition.run.id).map_or(0, |run| run.revision);
        if stored != transition.run.revision - 1 {
            return Err(StoreError::Conflict);
        }
        let held = |(id, fence): &(TaskId, i64)| {
            tables.tasks.get(id).is_some_and(|task| task.fence == *fence && task.leased_until.is_some())
        };
        if !transition.finished.iter().all(held) {
            return Err(StoreError::LeaseLost);
        }
        for id in transition.finished.iter().map(|(id, _)| id).chain(&transition.withdrawn) {
            tables.tasks.remove(id);
        }
        for new in transition.created {
            let leased_until = new.leased_to.as_ref().map(|(_, until)| *until);
            let leased = u32::from(leased_until.is_some());
            let task = Task { run: transition.run.id, fence: i64::from(leased), deliveries: leased, leased_until, new };
            tables.tasks.insert(task.new.id, task);
        }
        tables.runs.insert(transition.run.id, transition.run);
        Ok(())
    }

    async fn lease(
        &self,
        _worker: &str,
        limit: u32,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<LeasedTask>, StoreError> {
        let mut tables = self.tables();
        let due = tables.tasks.values_mut().filter(|task| task.due() <= now).take(limit as usize);
        Ok(due
            .map(|task| {
                task.fence += 1;
                task.deliveries += 1;
                task.leased_until = Some(until);
                LeasedTask {
                    id: task.new.id,
                    run: task.run,
                    spec: task.new.spec.clone(),
                    fence: task.fence,
                    deliveries: task.deliveries,
                }
            })
            .collect())
    }

    async fn renew(&self, held: &[(TaskId, i64)], until: DateTime<Utc>) -> Result<Vec<TaskId>, StoreError> {
        let mut tables = self.tables();
        let mut lost = Vec::new();
        for (id, fence) in held {
            match tables.tasks.get_mut(id).filter(|task| task.fence == *fence && task.leased_until.is_some()) {
                Some(task) => task.leased_until = Some(until),
                None => lost.push(*id),
            }
        }
        Ok(lost)
    }

    async fn release(&self, held: &[(TaskId, i64)]) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for (id, fence) in held {
            if let Some(task) = tables.tasks.get_mut(id).filter(|task| task.fence == *fence) {
                task.leased_until = None;
            }
        }
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(self.tables().tasks.values().map(Task::due).min())
    }

    async fn list_triggers(&self) -> Result<Vec<TriggerRecord>, StoreError> {
        Ok(self.tables().triggers.clone())
    }

    async fn record_firing(&self, record: &TriggerRecord) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let same = |old: &&mut TriggerRecord| old.workflow == record.workflow && old.index == record.index;
        match tables.triggers.iter_mut().find(same) {
            Some(old) if old.last_fired >= record.last_fired => return Ok(false),
            Some(old) => old.last_fired = record.last_fired,
            None => tables.triggers.push(record.clone()),
        }
        Ok(true)
    }

    async fn hold(
        &self,
        name: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let taken = tables.holders.get(name).is_some_and(|(other, end)| other != holder && *end > now);
        if !taken {
            tables.holders.insert(name.to_owned(), (holder.to_owned(), until));
        }
        Ok(!taken)
    }

    async fn append_logs(&self, run: RunId, lines: Vec<LogLine>) -> Result<(), StoreError> {
        self.tables().logs.extend(lines.into_iter().map(|line| (run, line)));
        Ok(())
    }

    async fn list_logs(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<(u64, LogLine)>, StoreError> {
        let tables = self.tables();
        let own = (1..).zip(&tables.logs).filter(|(place, (id, _))| *id == run && *place > after);
        Ok(own.map(|(place, (_, line))| (place, line.clone())).take(limit as usize).collect())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The logs about tables in memory.
#[derive(Debug, Default)]
pub struct MemoryTableLogs(Mutex<Vec<TableLogEntry>>);

impl MemoryTableLogs {
    /// Everything that was appended, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<TableLogEntry> {
        locked(&self.0).clone()
    }
}

#[async_trait]
impl TableLogs for MemoryTableLogs {
    async fn append_table_logs(&self, entries: &[TableLogEntry]) -> Result<(), StoreError> {
        locked(&self.0).extend_from_slice(entries);
        Ok(())
    }

    async fn list_table_logs(&self, filter: &TableLogFilter) -> Result<Vec<TableLogRecord>, StoreError> {
        let is_wanted = |entry: &TableLogEntry| {
            entry.log == filter.log
                && filter.connection.as_ref().is_none_or(|wanted| &entry.connection == wanted)
                && filter.table.as_ref().is_none_or(|wanted| &entry.table == wanted)
                && filter.subject.as_ref().is_none_or(|wanted| &entry.subject == wanted)
                && filter.status.is_none_or(|wanted| entry.status == wanted)
                && filter.since.is_none_or(|since| entry.at >= since)
                && filter.until.is_none_or(|until| entry.at < until)
        };
        let mut records: Vec<TableLogRecord> =
            self.entries().into_iter().zip(1..).map(|(entry, id)| TableLogRecord { id, entry }).collect();
        records.retain(|record| is_wanted(&record.entry) && filter.before.is_none_or(|before| record.id < before));
        records.reverse();
        records.truncate(filter.limit as usize);
        Ok(records)
    }
}

/// Artifacts of runs in memory. Whoever keeps one replaces what has its name.
#[derive(Debug, Default)]
pub struct MemoryArtifacts(Mutex<Vec<NewArtifact>>);

#[async_trait]
impl Artifacts for MemoryArtifacts {
    async fn keep_artifact(&self, new: NewArtifact) -> Result<(), StoreError> {
        let mut kept = locked(&self.0);
        kept.retain(|old| (old.artifact.run, &old.artifact.name) != (new.artifact.run, &new.artifact.name));
        kept.push(new);
        Ok(())
    }

    async fn list_artifacts(&self, run: RunId) -> Result<Vec<Artifact>, StoreError> {
        let kept = locked(&self.0);
        Ok(kept.iter().map(|new| &new.artifact).filter(|known| known.run == run).cloned().collect())
    }

    async fn find_artifact(&self, run: RunId, name: &str) -> Result<Option<(Artifact, Vec<u8>)>, StoreError> {
        let kept = locked(&self.0);
        let found = kept.iter().find(|new| new.artifact.run == run && new.artifact.name == name);
        Ok(found.map(|new| (new.artifact.clone(), new.content.clone())))
    }
}

/// What watching steps keep, in memory. A finding is new once; what is over is not noticed.
#[derive(Debug, Default)]
pub struct MemoryWatch {
    rules: Mutex<Vec<AnomalyRule>>,
    observations: Mutex<Vec<Observation>>,
    backups: Mutex<BTreeMap<BackupId, BackupRecord>>,
    inspections: Mutex<BTreeMap<String, (DateTime<Utc>, Value)>>,
    purged: Mutex<Vec<(Kept, DateTime<Utc>, bool)>>,
}

/// Alerts in memory: every channel takes everything at once.
#[derive(Debug, Default)]
pub struct MemoryAlerts {
    raised: Mutex<Vec<NewAlert>>,
}

impl MemoryAlerts {
    /// Every alert that was raised, oldest first.
    #[must_use]
    pub fn raised(&self) -> Vec<NewAlert> {
        locked(&self.raised).clone()
    }
}

#[async_trait]
impl Alerts for MemoryAlerts {
    async fn raise(&self, alert: &NewAlert) -> Result<Raised, StoreError> {
        locked(&self.raised).push(alert.clone());
        let standing = Standing::Delivered { provider_id: None };
        let channels = alert.channels.iter();
        let channels = channels.map(|channel| ChannelReport { channel: channel.clone(), standing: standing.clone() });
        Ok(Raised { id: AlertId::generate(), channels: channels.collect() })
    }

    async fn find_template(&self, _: &str) -> Result<Option<Template>, StoreError> {
        Ok(None)
    }
}

impl MemoryWatch {
    /// Sets what a rule does.
    pub fn set_rule(&self, rule: AnomalyRule) {
        locked(&self.rules).push(rule);
    }

    /// Every look that was recorded, oldest first.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        locked(&self.observations).clone()
    }

    /// Every purge that was asked for.
    #[must_use]
    pub fn purged(&self) -> Vec<(Kept, DateTime<Utc>, bool)> {
        locked(&self.purged).clone()
    }
}

#[async_trait]
impl Watch for MemoryWatch {
    async fn list_anomaly_rules(&self) -> Result<Vec<AnomalyRule>, StoreError> {
        Ok(locked(&self.rules).clone())
    }

    async fn record_observation(&self, observation: &Observation) -> Result<Recorded, StoreError> {
        let mut observations = locked(&self.observations);
        let mut recorded = Recorded::default();
        for finding in &observation.findings {
            let is_same = |before: &Observation| {
                (&before.connection, &before.table) == (&observation.connection, &observation.table)
                    && before.findings.iter().any(|old| (&old.rule, &old.scope) == (&finding.rule, &finding.scope))
            };
            if observations.iter().any(is_same) {
                recorded.known += 1;
                continue;
            }
            recorded.new += 1;
            let anomaly = Anomaly {
                id: AnomalyId::generate(),
                fingerprint: format!("{}/{}", finding.rule, finding.scope),
                rule: finding.rule.clone(),
                severity: finding.severity,
                state: AnomalyState::Open,
                connection: observation.connection.clone(),
                table: observation.table.clone(),
                subject: observation.subject.clone(),
                scope: finding.scope.clone(),
                message: finding.message.clone(),
                details: finding.details.clone(),
                count: 1,
                first_seen: observation.at,
                last_seen: observation.at,
                run: observation.run,
                changed_by: None,
                changed_at: observation.at,
                comment: None,
                alerted_at: None,
            };
            if !observation.channels.is_empty() {
                recorded.alerts.push((anomaly, observation.channels.clone()));
            }
        }
        observations.push(observation.clone());
        Ok(recorded)
    }

    async fn mark_alerted(&self, _: &[AnomalyId], _: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn save_backup(&self, backup: &BackupRecord) -> Result<(), StoreError> {
        locked(&self.backups).insert(backup.id, backup.clone());
        Ok(())
    }

    async fn find_backup(&self, id: BackupId) -> Result<Option<BackupRecord>, StoreError> {
        Ok(locked(&self.backups).get(&id).cloned())
    }

    async fn list_backups(&self, filter: &BackupFilter) -> Result<Vec<BackupRecord>, StoreError> {
        let backups = locked(&self.backups);
        let wanted = backups.values().rev().filter(|backup| {
            filter.connection.as_ref().is_none_or(|connection| connection == &backup.connection)
                && (filter.statuses.is_empty() || filter.statuses.contains(&backup.status))
                && filter.before.is_none_or(|before| backup.id < before)
        });
        Ok(wanted.take(filter.limit as usize).cloned().collect())
    }

    async fn find_inspection(&self, connection: &str) -> Result<Option<(DateTime<Utc>, Value)>, StoreError> {
        Ok(locked(&self.inspections).get(connection).cloned())
    }

    async fn save_inspection(&self, connection: &str, at: DateTime<Utc>, found: &Value) -> Result<(), StoreError> {
        locked(&self.inspections).insert(connection.to_owned(), (at, found.clone()));
        Ok(())
    }

    async fn purge(&self, kept: Kept, before: DateTime<Utc>, dry_run: bool) -> Result<u64, StoreError> {
        locked(&self.purged).push((kept, before, dry_run));
        Ok(7)
    }
}
