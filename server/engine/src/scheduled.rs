//! Workflows that start by themselves: their times, and when they start next.

use crate::engine::Engine;
use crate::ports::WorkflowRecord;
use crate::trigger::cron::CronSchedule;
use chrono::{DateTime, Utc};
use model::Fault;
use model::document::read::read;
use model::document::{CronTrigger, Trigger, Workflow};
use model::tree::{self, Limits};

/// Workflows read at once.
const PAGE: u32 = 200;

/// A workflow with at least one cron line.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// The workflow.
    pub workflow: WorkflowRecord,
    /// What its document says about it.
    pub description: Option<String>,
    /// Its cron lines.
    pub lines: Vec<CronTrigger>,
}

impl Scheduled {
    /// What `document` says about when `workflow` starts; it may have no cron line at all.
    #[must_use]
    pub fn of(workflow: WorkflowRecord, document: Workflow) -> Self {
        let cron = |trigger| match trigger {
            Trigger::Cron(line) => Some(line),
            Trigger::Webhook(_) => None,
        };
        let lines = document.triggers.into_iter().filter_map(cron).collect();
        Self { workflow, description: document.description, lines }
    }

    /// The next `count` times it starts at, each once; none while it is switched off.
    #[must_use]
    pub fn next_times(&self, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        if !self.workflow.enabled {
            return Vec::new();
        }
        let mut times: Vec<DateTime<Utc>> = Vec::new();
        for line in &self.lines {
            let Ok(schedule) = CronSchedule::parse(&line.line, &line.timezone) else { continue };
            let mut at = after;
            for _ in 0..count {
                let Some(next) = schedule.next_after(at) else { break };
                times.push(next);
                at = next;
            }
        }
        times.sort();
        times.dedup();
        times.truncate(count);
        times
    }
}

impl Engine {
    /// Workflows with cron lines by name after the one called `after`, at most `limit`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_scheduled(&self, after: Option<&str>, limit: u32) -> Result<Vec<Scheduled>, Fault> {
        let mut found = Vec::new();
        let mut after = after.map(str::to_owned);
        loop {
            let page = self.list_workflows(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.name.clone());
            for workflow in page {
                found.extend(self.read_scheduled(workflow).await?);
                if found.len() >= limit as usize {
                    return Ok(found);
                }
            }
        }
    }

    /// The workflow of that id or name, if it has cron lines.
    ///
    /// # Errors
    /// `workflow_not_found`, `store_failed`.
    pub async fn find_scheduled(&self, id_or_name: &str) -> Result<Option<Scheduled>, Fault> {
        let workflow = self.get_workflow(id_or_name).await?;
        self.read_scheduled(workflow).await
    }

    /// What the newest version of a workflow's document says; none where it cannot be read any more.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_document(&self, workflow: &WorkflowRecord) -> Result<Option<Workflow>, Fault> {
        let Some(version) = self.store.find_version(workflow.version).await? else { return Ok(None) };
        let text = version.text.strip_prefix('\u{feff}').unwrap_or(&version.text);
        let Ok(root) = tree::parse(text, &Limits::default()) else { return Ok(None) };
        // It was checked when it was saved.
        Ok(Some(read(&root).workflow))
    }

    async fn read_scheduled(&self, workflow: WorkflowRecord) -> Result<Option<Scheduled>, Fault> {
        let Some(document) = self.find_document(&workflow).await? else { return Ok(None) };
        let scheduled = Scheduled::of(workflow, document);
        Ok((!scheduled.lines.is_empty()).then_some(scheduled))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use model::document::Catchup;
    use model::{VersionId, WorkflowId};

    fn scheduled(lines: &[(&str, &str)], enabled: bool) -> Scheduled {
        let at = DateTime::from_timestamp(0, 0).unwrap();
        let line = |(line, timezone): &(&str, &str)| CronTrigger {
            line: (*line).to_owned(),
            timezone: (*timezone).to_owned(),
            catchup: Catchup::None,
            inputs: serde_json::Map::new(),
        };
        let (id, version) = (WorkflowId::generate(), VersionId::generate());
        let workflow =
            WorkflowRecord { id, name: "w".into(), version, number: 1, enabled, created_at: at, updated_at: at };
        Scheduled { workflow, description: None, lines: lines.iter().map(line).collect() }
    }

    #[test]
    fn times_of_several_lines_come_in_order_and_once() {
        let at: DateTime<Utc> = "2024-01-31T07:00:00Z".parse().unwrap();
        let both = scheduled(&[("30 15 * * *", "Asia/Shanghai"), ("30 7,8 * * *", "UTC"), ("never", "UTC")], true);
        let times: Vec<String> = both.next_times(at, 3).iter().map(DateTime::to_rfc3339).collect();
        let expected = ["2024-01-31T07:30:00+00:00", "2024-01-31T08:30:00+00:00", "2024-02-01T07:30:00+00:00"];
        assert_eq!(times, expected);
        assert!(scheduled(&[("30 15 * * *", "UTC")], false).next_times(at, 3).is_empty());
    }
}
