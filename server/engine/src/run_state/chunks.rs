//! Stages that expand: their chunks, and the task that finishes what the chunks of a step began.
//!
//! `foreach` expands into its nested steps; a chunk that fails lets the others go on. A step that finishes (`migrate`)
//! expands into chunks of its own kind: what they tell is put together here, in little space however many they are, and
//! handed to one more task of the step. A chunk that fails for good lets no further one begin, and a retry of the run
//! does only what is left.

use super::state::{ActiveTask, Chunks, Finish, StageState};
use super::{Advance, Part};
use crate::ports::{Chunk, Expansion, Gathered, StepReport};
use model::run::StepMetrics;
use model::{ErrorCode, Fault, StepId, StepStatus};
use serde_json::{Map, Number, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most items a step may expand into: they are kept in the run's state.
pub const MAX_ITEMS: usize = 10_000;

/// How many chunks of one step run at once where its settings do not say.
const DEFAULT_MAX_PARALLEL: usize = 4;

/// The most items of a list, and keys of an object, that are kept of what chunks tell.
const MAX_LIST: usize = 100;
const MAX_KEYS: usize = 2_000;

impl Advance<'_, '_> {
    pub(super) fn expand(&mut self, index: usize, report: StepReport, expansion: Expansion) {
        let step = &report.step;
        let with = self.plan.workflow.steps.iter().find(|candidate| &candidate.id == step).map(|step| &step.with);
        let asked = with.and_then(|with| with.get("max_parallel")).and_then(Value::as_u64);
        let asked = expansion.max_parallel.or(asked.map(|n| usize::try_from(n).unwrap_or(usize::MAX)));
        let max_parallel = asked.unwrap_or(DEFAULT_MAX_PARALLEL).max(1);
        let items = expansion.items;
        let fault = if items.len() > MAX_ITEMS {
            let message = format!("step `{step}` has {} items; at most {MAX_ITEMS} are allowed", items.len());
            let hint = "Group the items, so that one chunk does several.";
            Some(Fault::new(ErrorCode::InvalidValue, message).hint(hint))
        } else if self.plan.stages[index].steps.len() > 1 {
            let message = format!("step `{step}` expands, and shares its stage with other steps");
            Some(Fault::new(ErrorCode::Internal, message))
        } else {
            None
        };
        if let Some(fault) = fault {
            let now = self.moment.now;
            for id in &self.plan.stages[index].steps {
                let run = self.state.step_mut(id);
                run.status = StepStatus::Failed;
                run.error = Some(fault.clone());
                run.finished_at = Some(now);
            }
            self.state.stages[index] = StageState::Ended;
            return;
        }
        let finish = expansion.finish.map(|with| Box::new(Finish { with, outputs: Map::new(), active: None }));
        if finish.is_some() {
            // What the first task found out (how many rows there may be) is seen while the chunks run.
            let outputs = &mut self.state.step_mut(step).outputs;
            *outputs = report.outputs;
            outputs.insert("chunks".to_owned(), json!(items.len()));
            outputs.insert("chunks_done".to_owned(), json!(0));
        }
        self.state.stages[index] = StageState::Expanded(Box::new(Chunks {
            items,
            next: 0,
            max_parallel,
            active: BTreeMap::new(),
            failed: 0,
            metrics: StepMetrics::default(),
            error: None,
            again: BTreeSet::new(),
            finish,
        }));
        self.fill_chunks(index);
    }

    /// Goes on with what a halted step has left.
    pub(super) fn resume_chunks(&mut self, index: usize) {
        let chunks = self.chunks(index);
        chunks.failed = 0;
        chunks.error = None;
        self.fill_chunks(index);
    }

    fn chunks(&mut self, index: usize) -> &mut Chunks {
        match &mut self.state.stages[index] {
            StageState::Expanded(chunks) => chunks,
            _ => unreachable!("only an expanded stage has chunks"),
        }
    }

    /// The step that expanded; such a stage has no other.
    fn expanded_step(&self, index: usize) -> StepId {
        self.plan.stages[index].steps[0].clone()
    }

    fn create_chunk(&mut self, index: usize, number: u32, attempt: u32, not_before: chrono::DateTime<chrono::Utc>) {
        let chunks = self.chunks(index);
        let item = chunks.items[number as usize].clone();
        let with = chunks.finish.as_ref().map(|finish| finish.with.clone());
        let part = Part::Chunk(Chunk { index: number, item, with });
        let task = self.create_task(index, attempt, not_before, part);
        self.chunks(index).active.insert(number, task);
    }

    pub(super) fn end_chunk(&mut self, index: usize, chunk: u32, active: &ActiveTask, reports: Vec<StepReport>) {
        if let Some(not_before) = self.retry_at(&self.plan.stages[index], active, &reports) {
            self.create_chunk(index, chunk, active.attempt + 1, not_before);
            return;
        }
        let chunks = self.chunks(index);
        chunks.active.remove(&chunk);
        for report in reports {
            chunks.metrics.add(&report.metrics);
            let is_failed = match &chunks.finish {
                Some(_) => report.status != StepStatus::Succeeded,
                None => report.status == StepStatus::Failed,
            };
            if is_failed {
                chunks.failed += 1;
                chunks.error = chunks.error.take().or(report.error);
                if chunks.finish.is_some() {
                    chunks.again.insert(chunk);
                }
            } else if let Some(finish) = &mut chunks.finish {
                gather(&mut finish.outputs, report.outputs);
            }
        }
        let metrics = chunks.metrics.clone();
        let done = chunks.next - chunks.again.len() - chunks.active.len();
        let finishes = chunks.finish.is_some();
        let id = self.expanded_step(index);
        let step = self.state.step_mut(&id);
        step.metrics = metrics;
        if finishes {
            step.outputs.insert("chunks_done".to_owned(), json!(done));
        }
        self.fill_chunks(index);
    }

    /// Makes tasks for the next items while there is room; after the last one ends the step, or finishes it.
    fn fill_chunks(&mut self, index: usize) {
        let now = self.moment.now;
        loop {
            let chunks = self.chunks(index);
            if chunks.active.len() >= chunks.max_parallel || (chunks.finish.is_some() && chunks.failed > 0) {
                break;
            }
            let number = if let Some(number) = chunks.again.pop_first() {
                number
            } else if chunks.next < chunks.items.len() {
                chunks.next += 1;
                u32::try_from(chunks.next - 1).expect("items are limited")
            } else {
                break;
            };
            self.create_chunk(index, number, 1, now);
        }
        let chunks = self.chunks(index);
        if !chunks.active.is_empty() {
            return;
        }
        if chunks.finish.is_some() && chunks.failed == 0 {
            self.create_finish(index, 1, now);
            return;
        }
        let chunks = chunks.clone();
        let id = self.expanded_step(index);
        let step = self.state.step_mut(&id);
        step.status = if chunks.failed == 0 { StepStatus::Succeeded } else { StepStatus::Failed };
        step.error = chunks.error;
        step.outputs.insert("items".to_owned(), json!(chunks.items.len()));
        step.outputs.insert("failed".to_owned(), json!(chunks.failed));
        step.metrics = chunks.metrics;
        self.close(index);
    }

    fn create_finish(&mut self, index: usize, attempt: u32, not_before: chrono::DateTime<chrono::Utc>) {
        let chunks = self.chunks(index);
        let Some(finish) = &chunks.finish else { return };
        let part = Part::Finish(Gathered {
            chunks: chunks.items.len(),
            outputs: finish.outputs.clone(),
            metrics: chunks.metrics.clone(),
            with: finish.with.clone(),
        });
        let task = self.create_task(index, attempt, not_before, part);
        if let Some(finish) = &mut self.chunks(index).finish {
            finish.active = Some(task);
        }
        let id = self.expanded_step(index);
        self.state.step_mut(&id).outputs.insert("finishing".to_owned(), json!(true));
    }

    pub(super) fn end_finish(&mut self, index: usize, active: &ActiveTask, reports: Vec<StepReport>) {
        if let Some(not_before) = self.retry_at(&self.plan.stages[index], active, &reports) {
            self.create_finish(index, active.attempt + 1, not_before);
            return;
        }
        let id = self.expanded_step(index);
        let mut metrics = self.chunks(index).metrics.clone();
        let report = reports.into_iter().find(|report| report.step == id).unwrap_or_else(|| {
            let fault = Fault::new(ErrorCode::Internal, format!("step `{id}` was not reported"));
            StepReport::failed(id.clone(), fault, false)
        });
        metrics.add(&report.metrics);
        let step = self.state.step_mut(&id);
        step.status = report.status;
        step.outputs = report.outputs;
        step.error = report.error;
        step.metrics = metrics;
        self.close(index);
    }

    /// Ends the stage; keeps what is done of it where the step did not succeed.
    fn close(&mut self, index: usize) {
        let id = self.expanded_step(index);
        let now = self.moment.now;
        let step = self.state.step_mut(&id);
        step.finished_at = Some(now);
        if let Some(started) = step.started_at {
            step.metrics.duration_ms = u64::try_from((now - started).num_milliseconds()).unwrap_or(0);
        }
        match step.status {
            StepStatus::Succeeded => self.state.stages[index] = StageState::Ended,
            _ => self.state.stages[index].halt(),
        }
    }
}

/// Puts what one chunk tells to what others have told; the sum stays small however many there are.
fn gather(sum: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        if let Some(known) = sum.get_mut(&key) {
            gather_value(known, value);
        } else if sum.len() < MAX_KEYS {
            sum.insert(key, value);
        }
    }
}

fn gather_value(known: &mut Value, more: Value) {
    match (&mut *known, more) {
        (Value::Object(known), Value::Object(more)) => gather(known, more),
        (Value::Array(known), Value::Array(more)) => {
            let room = MAX_LIST.saturating_sub(known.len());
            known.extend(more.into_iter().take(room));
        }
        (Value::Number(known), Value::Number(more)) => *known = sum(known, &more),
        (Value::Null, more) => *known = more,
        _ => {}
    }
}

fn sum(left: &Number, right: &Number) -> Number {
    if let (Some(left), Some(right)) = (left.as_u64(), right.as_u64()) {
        return left.saturating_add(right).into();
    }
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.saturating_add(right).into();
    }
    let sum = left.as_f64().unwrap_or(0.0) + right.as_f64().unwrap_or(0.0);
    Number::from_f64(sum).unwrap_or_else(|| left.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(told: &[Value]) -> Value {
        let mut sum = Map::new();
        for value in told {
            gather(&mut sum, value.as_object().cloned().unwrap_or_default());
        }
        Value::Object(sum)
    }

    #[test]
    fn numbers_are_added_lists_joined_and_objects_merged() {
        let told = [
            json!({ "rows": 3, "late": -1, "tables": { "a": { "rows": 3 } }, "sample": [1], "first": "x", "none": null }),
            json!({ "rows": 4, "late": 5, "tables": { "a": { "rows": 1 }, "b": { "rows": 3 } }, "sample": [2, 3] }),
            json!({ "rows": 0.5, "first": "y", "none": 7 }),
        ];
        let expected = json!({
            "rows": 7.5, "late": 4, "tables": { "a": { "rows": 4 }, "b": { "rows": 3 } }, "sample": [1, 2, 3],
            "first": "x", "none": 7,
        });
        assert_eq!(gathered(&told), expected);
    }

    #[test]
    fn what_many_chunks_tell_stays_small() {
        let told: Vec<Value> =
            (0..10_000).map(|n| json!({ "sample": [n], "by_key": { format!("k{n}"): 1 } })).collect();
        let sum = gathered(&told);
        assert_eq!(sum["sample"].as_array().map(Vec::len), Some(MAX_LIST));
        assert_eq!(sum["by_key"].as_object().map(Map::len), Some(MAX_KEYS));
    }
}
