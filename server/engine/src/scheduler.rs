//! Fires cron triggers, keeps the table of webhooks, and picks up what a crash left lying.
//!
//! One scheduler in the whole cluster fires at a time, by a lease in the store. A firing's run has an id made from the
//! workflow, the trigger and the instant: started twice, it is the same run.

use crate::engine::Engine;
use crate::plan::Plan;
use crate::ports::{RunFilter, TriggerRecord, WorkflowRecord};
use crate::runs::NewRun;
use crate::trigger::cron::CronSchedule;
use crate::trigger::webhook::Hooks;
use chrono::{DateTime, Utc};
use model::document::{Catchup, CronTrigger, Trigger};
use model::{ErrorCode, Fault, RunId, RunStatus, WorkflowId};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How late a firing may be and still count as on time.
const GRACE: Duration = Duration::from_secs(60);

/// The most firings that `catchup: all` makes up for.
const CATCH_UP_MOST: usize = 1_000;

/// How often triggers are looked at.
const TICK: Duration = Duration::from_millis(500);

/// How often the list of workflows is read again, for changes that other processes made.
const RELOAD: Duration = Duration::from_secs(5);

/// A workflow whose triggers are live.
pub(crate) struct Armed {
    pub(crate) record: WorkflowRecord,
    pub(crate) plan: Arc<Plan>,
}

impl Engine {
    /// Fires triggers until the engine stops.
    pub(crate) async fn schedule(self: Arc<Self>) {
        let mut reloaded: Option<tokio::time::Instant> = None;
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            if reloaded.is_none_or(|at| at.elapsed() >= RELOAD) {
                if let Err(fault) = self.reload_triggers().await {
                    tracing::error!(error = %fault, "triggers cannot be read; trying again");
                    continue;
                }
                reloaded = Some(tokio::time::Instant::now());
                if let Err(fault) = self.admit_leftovers().await {
                    tracing::error!(error = %fault, "queued runs cannot be started; trying again");
                }
            }
            if let Err(fault) = self.fire_due().await {
                tracing::error!(error = %fault, "triggers cannot be fired; trying again");
            }
        }
    }

    /// Reads all enabled workflows and their triggers.
    pub(crate) async fn reload_triggers(&self) -> Result<(), Fault> {
        let mut armed = Vec::new();
        let mut hooks = Hooks::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.list_workflows(after.as_deref(), 500).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            for record in page.into_iter().filter(|record| record.enabled) {
                let plan = match self.runs.plan(record.version).await {
                    Ok(planned) => planned.plan,
                    Err(fault) => {
                        tracing::warn!(workflow = record.name, error = %fault, "the workflow's triggers are off");
                        continue;
                    }
                };
                if plan.workflow.triggers.is_empty() {
                    continue;
                }
                for path in hooks.add(record.id, record.version, &plan) {
                    tracing::warn!(workflow = record.name, path, "another workflow listens on the same webhook path");
                }
                armed.push(Armed { record, plan });
            }
        }
        *crate::runs::lock(&self.armed) = Arc::new(armed);
        *crate::runs::lock(&self.hooks) = Arc::new(hooks);
        Ok(())
    }

    /// Starts runs that were queued when their process died before admitting them.
    async fn admit_leftovers(&self) -> Result<(), Fault> {
        let filter = RunFilter { statuses: vec![RunStatus::Queued], limit: 500, ..RunFilter::default() };
        let mut workflows: Vec<WorkflowId> = Vec::new();
        for run in self.store.list_runs(&filter).await? {
            if workflows.contains(&run.workflow) {
                continue;
            }
            workflows.push(run.workflow);
            if let Some(concurrency) = self.runs.plan(run.version).await?.plan.workflow.concurrency {
                self.runs.admit(run.workflow, concurrency).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn fire_due(&self) -> Result<(), Fault> {
        let armed = crate::runs::lock(&self.armed).clone();
        let has_cron = |armed: &Armed| armed.plan.workflow.triggers.iter().any(|t| matches!(t, Trigger::Cron(_)));
        if !armed.iter().any(has_cron) {
            return Ok(());
        }
        let now = self.clock.now();
        let until = now + Duration::from_secs(15);
        if !self.store.hold("scheduler", &self.name, now, until).await? {
            return Ok(());
        }
        let fired = self.store.list_triggers().await?;
        for workflow in armed.iter() {
            for (index, trigger) in workflow.plan.workflow.triggers.iter().enumerate() {
                let Trigger::Cron(trigger) = trigger else { continue };
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let last = fired
                    .iter()
                    .find(|record| record.workflow == workflow.record.id && record.index == index)
                    .map(|record| record.last_fired);
                if let Err(fault) = self.fire_trigger(workflow, index, trigger, last, now).await {
                    // One broken workflow must not keep the others from firing.
                    tracing::error!(workflow = workflow.record.name, error = %fault, "the trigger cannot be fired");
                }
            }
        }
        Ok(())
    }

    async fn fire_trigger(
        &self,
        workflow: &Armed,
        index: u32,
        trigger: &CronTrigger,
        last: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let record = |last_fired| TriggerRecord { workflow: workflow.record.id, index, last_fired };
        let Some(last) = last else {
            // A trigger just made has missed nothing.
            self.store.record_firing(&record(now)).await?;
            return Ok(());
        };
        let schedule = CronSchedule::parse(&trigger.line, &trigger.timezone)
            .map_err(|error| Fault::new(ErrorCode::InvalidSchedule, error.to_string()))?;
        let due = due_firings(&schedule, trigger.catchup, last, now);
        let Some(newest) = due.newest else { return Ok(()) };
        for instant in due.fire {
            let id = firing_id(workflow.record.id, index, instant);
            let data = json!({
                "kind": "cron",
                "scheduled_at": instant.to_rfc3339(),
                "line": trigger.line,
                "timezone": trigger.timezone,
            });
            let inputs = crate::engine::fill_inputs(&workflow.plan, trigger.inputs.clone(), &data, instant)?;
            let new = NewRun {
                id,
                workflow: workflow.record.id,
                version: workflow.record.version,
                plan: workflow.plan.clone(),
                inputs,
                trigger: "cron".to_owned(),
                trigger_data: data,
            };
            match self.runs.create(new).await {
                Ok(_) => {}
                // Turned away by its own rule: that is an answer, not a failure.
                Err(fault) if fault.code == ErrorCode::ConcurrencyLimit => {
                    tracing::info!(workflow = workflow.record.name, "a firing was skipped: {fault}");
                }
                // Started before a crash kept it from being recorded.
                Err(_) if self.store.find_run(id).await?.is_some() => {}
                Err(fault) => return Err(fault),
            }
        }
        self.store.record_firing(&record(newest)).await?;
        Ok(())
    }
}

/// The firings of a trigger that are due.
#[derive(Debug, PartialEq)]
struct Due {
    /// Those to start a run for, oldest first.
    fire: Vec<DateTime<Utc>>,
    /// The newest that has passed, to be recorded; none: nothing has passed.
    newest: Option<DateTime<Utc>>,
}

/// Which of the firings since `last` are to be started at `now`.
fn due_firings(schedule: &CronSchedule, catchup: Catchup, last: DateTime<Utc>, now: DateTime<Utc>) -> Due {
    let mut passed = Vec::new();
    // A clock set back must not fire again, and a long downtime must not be walked through second by second.
    let oldest_useful = if catchup == Catchup::All { last } else { last.max(now - Duration::from_secs(366 * 86_400)) };
    let mut at = oldest_useful;
    while let Some(next) = schedule.next_after(at) {
        if next > now || passed.len() >= 100_000 {
            break;
        }
        passed.push(next);
        at = next;
        if catchup == Catchup::All && passed.len() >= CATCH_UP_MOST {
            break;
        }
    }
    let newest = passed.last().copied();
    let fire = match catchup {
        Catchup::All => passed,
        Catchup::Latest => newest.into_iter().collect(),
        Catchup::None => passed.into_iter().filter(|instant| *instant + GRACE >= now).collect(),
    };
    Due { fire, newest }
}

/// The id of the run for one firing: the same whoever makes it.
fn firing_id(workflow: WorkflowId, index: u32, instant: DateTime<Utc>) -> RunId {
    let millis = u64::try_from(instant.timestamp_millis()).unwrap_or(0);
    // FNV-1a over workflow and index; with the instant that is as unique as the firing itself.
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in workflow.as_uuid().as_bytes().iter().chain(&index.to_be_bytes()) {
        hash = (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let mut bytes = [0_u8; 10];
    bytes.copy_from_slice(&hash.to_be_bytes()[6..]);
    RunId::from(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn check(catchup: Catchup, last: &str, now: &str, fire: &[&str], newest: Option<&str>) {
        let schedule = CronSchedule::parse("0 * * * *", "UTC").unwrap();
        let due = due_firings(&schedule, catchup, at(last), at(now));
        let fire: Vec<_> = fire.iter().map(|text| at(text)).collect();
        assert_eq!(due, Due { fire, newest: newest.map(at) });
    }

    #[test]
    fn catch_up_fires_none_the_latest_or_all_of_what_was_missed() {
        let (last, now) = ("2024-01-01T00:00:00Z", "2024-01-01T03:30:00Z");
        let newest = Some("2024-01-01T03:00:00Z");
        check(Catchup::None, last, now, &[], newest);
        check(Catchup::Latest, last, now, &["2024-01-01T03:00:00Z"], newest);
        let all = ["2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z", "2024-01-01T03:00:00Z"];
        check(Catchup::All, last, now, &all, newest);
    }

    #[test]
    fn a_firing_on_time_fires_whatever_the_catch_up() {
        for catchup in [Catchup::None, Catchup::Latest, Catchup::All] {
            let instant = "2024-01-01T01:00:00Z";
            check(catchup, "2024-01-01T00:30:00Z", "2024-01-01T01:00:00.400Z", &[instant], Some(instant));
            check(catchup, instant, "2024-01-01T01:00:00.900Z", &[], None);
        }
    }

    #[test]
    fn a_clock_set_back_fires_nothing_again() {
        check(Catchup::All, "2024-01-01T05:00:00Z", "2024-01-01T03:00:00Z", &[], None);
    }

    #[test]
    fn catching_up_is_bounded_and_goes_on_afterwards() {
        let schedule = CronSchedule::parse("* * * * *", "UTC").unwrap();
        let due = due_firings(&schedule, Catchup::All, at("2024-01-01T00:00:00Z"), at("2024-01-03T00:00:00Z"));
        assert_eq!(due.fire.len(), CATCH_UP_MOST);
        assert_eq!(due.newest, due.fire.last().copied());
    }

    #[test]
    fn a_firing_started_twice_is_the_same_run() {
        let workflow = WorkflowId::generate();
        let instant = at("2024-01-01T00:00:00Z");
        assert_eq!(firing_id(workflow, 0, instant), firing_id(workflow, 0, instant));
        assert_ne!(firing_id(workflow, 0, instant), firing_id(workflow, 1, instant));
        assert_ne!(firing_id(workflow, 0, instant), firing_id(workflow, 0, instant + Duration::from_secs(1)));
    }
}
