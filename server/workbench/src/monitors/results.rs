//! What a monitor is and what its runs found, read from its document and their outputs.

use super::{MEASURED, TAG, TELL, Template};
use chrono::{DateTime, Utc};
use engine::ports::WorkflowRecord;
use engine::{Engine, RunView};
use model::document::{Trigger, Workflow};
use model::{Fault, RunId, RunStatus, StepStatus};
use serde::Serialize;
use serde_json::{Map, Value};

/// A monitor as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonitorView {
    /// Its name.
    pub name: String,
    /// What it watches.
    pub template: Template,
    /// What it does, in a sentence.
    pub description: String,
    /// When it runs; none: by hand only.
    pub cron: Option<String>,
    /// Whether that schedule runs.
    pub enabled: bool,
    /// Its last result.
    pub last: Option<MonitorResult>,
}

/// What one run found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonitorResult {
    /// The run.
    pub run: String,
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// Where it stands.
    pub status: RunStatus,
    /// What was measured, but for lists.
    pub measures: Map<String, Value>,
    /// The measure that the trend is told by; none where it was not measured.
    pub value: Option<f64>,
    /// By how much that is more than in the run before.
    pub trend: Option<f64>,
    /// Whether a threshold was passed.
    pub passed: bool,
}

impl MonitorView {
    pub(super) fn of(record: &WorkflowRecord, workflow: &Workflow, last: Option<MonitorResult>) -> Self {
        let cron = workflow.triggers.iter().find_map(|trigger| match trigger {
            Trigger::Cron(cron) => Some(cron.line.clone()),
            _ => None,
        });
        Self {
            name: record.name.clone(),
            template: template(workflow).unwrap_or(Template::DataDiff),
            description: workflow.description.clone().unwrap_or_default(),
            cron,
            enabled: record.enabled,
            last,
        }
    }
}

impl MonitorResult {
    pub(super) fn of(run: &RunView, measure: &str) -> Self {
        let step = |id: &str| run.steps.iter().find(|step| step.id.as_str() == id);
        let outputs = step(MEASURED).map(|step| step.outputs.clone()).unwrap_or_default();
        let value = outputs.get(measure).and_then(Value::as_f64);
        let measures = outputs.into_iter().filter(|(_, value)| value.is_number()).collect();
        let passed = step(TELL).is_some_and(|step| {
            matches!(step.status, StepStatus::Running | StepStatus::Succeeded | StepStatus::Failed)
        });
        Self {
            run: run.id.to_string(),
            at: run.started_at.unwrap_or(run.created_at),
            status: run.status,
            measures,
            value,
            trend: None,
            passed,
        }
    }
}

/// The template of a workflow that is a monitor.
pub(super) fn template(workflow: &Workflow) -> Option<Template> {
    let tagged = |word: &str| workflow.tags.iter().any(|tag| tag == word);
    if !tagged(TAG) || !workflow.steps.iter().any(|step| step.id.as_str() == MEASURED) {
        return None;
    }
    Template::ALL.into_iter().find(|template| tagged(template.as_str()))
}

pub(super) fn has_right(workflow: &Workflow) -> bool {
    let measured = workflow.steps.iter().find(|step| step.id.as_str() == MEASURED);
    measured.is_some_and(|step| step.with.contains_key("right") || step.with.contains_key("against"))
}

/// What the last runs found, newest first; the oldest has no trend.
pub(super) async fn of(
    engine: &Engine,
    record: &WorkflowRecord,
    workflow: &Workflow,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<MonitorResult>, Fault> {
    let measure = template(workflow).unwrap_or(Template::DataDiff).measure(has_right(workflow));
    let runs = super::runs(engine, record, before, limit).await?;
    let mut found: Vec<MonitorResult> = runs.iter().map(|run| MonitorResult::of(run, measure)).collect();
    add_trend(&mut found);
    Ok(found)
}

fn add_trend(found: &mut [MonitorResult]) {
    let mut before: Option<f64> = None;
    for result in found.iter_mut().rev() {
        result.trend = result.value.zip(before).map(|(now, before)| now - before);
        before = result.value.or(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_skips_runs_that_measured_nothing() {
        let result = |value| MonitorResult {
            run: String::new(),
            at: DateTime::UNIX_EPOCH,
            status: RunStatus::Succeeded,
            measures: Map::new(),
            value,
            trend: None,
            passed: false,
        };
        let mut found = [result(Some(7.0)), result(None), result(Some(3.0)), result(Some(5.0))];
        add_trend(&mut found);
        assert_eq!(found.map(|result| result.trend), [Some(4.0), None, Some(-2.0), None]);
    }
}
