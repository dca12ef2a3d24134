//! What a run's state holds: plain data, kept as JSON in the metadata database.

use crate::plan::Plan;
use chrono::{DateTime, Utc};
use model::run::{StepMetrics, StepRun};
use model::{Fault, RunStatus, StepId, StepStatus, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that decides how a run goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Where the run stands.
    pub status: RunStatus,
    /// What it was given, defaults filled in.
    pub inputs: Map<String, Value>,
    /// What started it, for expressions: `{kind, …}`.
    pub trigger: Value,
    /// Its steps, in the document's order.
    pub steps: Vec<StepRun>,
    /// Its stages, in the plan's order.
    pub stages: Vec<StageState>,
    /// How many tasks it has made.
    pub tasks_made: u32,
    /// When its time is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// Why it failed or was canceled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// How far one stage is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Waits for the steps it needs.
    Pending,
    /// Its task is queued, leased or delayed.
    Active(ActiveTask),
    /// It expanded into chunks.
    Expanded(Box<Chunks>),
    /// It expanded and ended before all was done; a retry of the run goes on with what is left.
    Halted(Box<Chunks>),
    /// All its steps have ended.
    Ended,
}

/// A task that the run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveTask {
    /// The task.
    pub id: TaskId,
    /// Which attempt it is, counted from 1.
    pub attempt: u32,
}

/// The chunks of a step that expanded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunks {
    /// What each chunk is about.
    pub items: Vec<Value>,
    /// The first item that has no task yet.
    pub next: usize,
    /// How many may run at once.
    pub max_parallel: usize,
    /// Tasks on their way, by chunk.
    pub active: BTreeMap<u32, ActiveTask>,
    /// How many chunks failed for good.
    pub failed: u32,
    /// Counted work of the chunks that ended.
    pub metrics: StepMetrics,
    /// Why the first failed chunk failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// Chunks before `next` that are to be run once more: they failed, or were withdrawn, before the run was tried again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<u32>,
    /// For a step that finishes what its chunks began; none for `foreach`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Box<Finish>>,
}

/// How a step ends that finishes what its chunks began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finish {
    /// The step's settings as its first task rendered them; every later task of the step gets them.
    pub with: Map<String, Value>,
    /// What the chunks that ended well have told, put together.
    pub outputs: Map<String, Value>,
    /// The finishing task, while it is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<ActiveTask>,
}

impl StageState {
    /// Ends the stage where it is; what a step that finishes has done already is kept for a retry.
    pub(super) fn halt(&mut self) {
        *self = match std::mem::replace(self, Self::Ended) {
            Self::Expanded(mut chunks) if chunks.finish.is_some() => {
                chunks.again.extend(std::mem::take(&mut chunks.active).into_keys());
                if let Some(finish) = &mut chunks.finish {
                    finish.active = None;
                }
                Self::Halted(chunks)
            }
            Self::Halted(chunks) => Self::Halted(chunks),
            _ => Self::Ended,
        };
    }
}

impl RunState {
    /// A run that waits to be admitted.
    #[must_use]
    pub fn new(plan: &Plan, inputs: Map<String, Value>, trigger: Value) -> Self {
        let pending = |id: &StepId| StepRun {
            id: id.clone(),
            status: StepStatus::Pending,
            attempts: 0,
            outputs: Map::new(),
            metrics: StepMetrics::default(),
            error: None,
            started_at: None,
            finished_at: None,
        };
        Self {
            status: RunStatus::Queued,
            inputs,
            trigger,
            steps: plan.workflow.steps.iter().map(|step| pending(&step.id)).collect(),
            stages: plan.stages.iter().map(|_| StageState::Pending).collect(),
            tasks_made: 0,
            deadline: None,
            error: None,
        }
    }

    /// The step called `id`.
    #[must_use]
    pub fn find_step(&self, id: &StepId) -> Option<&StepRun> {
        self.steps.iter().find(|step| &step.id == id)
    }

    /// Tasks the run waits for.
    pub fn active_tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.stages.iter().flat_map(|stage| match stage {
            StageState::Active(task) => vec![task.id],
            StageState::Expanded(chunks) => {
                let finishing = chunks.finish.iter().filter_map(|finish| finish.active.as_ref());
                chunks.active.values().chain(finishing).map(|task| task.id).collect()
            }
            StageState::Pending | StageState::Halted(_) | StageState::Ended => Vec::new(),
        })
    }

    pub(super) fn step_mut(&mut self, id: &StepId) -> &mut StepRun {
        self.steps.iter_mut().find(|step| &step.id == id).expect("a plan names only steps of its document")
    }
}

/// What expressions see of a step that ended: its outputs, and the numbers every step has.
pub fn step_values(step: &StepRun) -> Value {
    let mut values = step.outputs.clone();
    let metrics = &step.metrics;
    for (name, value) in [
        ("status", json!(step.status)),
        ("rows_in", json!(metrics.rows_in)),
        ("rows_out", json!(metrics.rows_out)),
        ("rows_rejected", json!(metrics.rows_rejected)),
        ("duration_ms", json!(metrics.duration_ms)),
    ] {
        values.entry(name).or_insert(value);
    }
    if let Some(error) = &step.error {
        values.entry("error").or_insert_with(|| json!({ "code": error.code, "message": error.message }));
    }
    Value::Object(values)
}
