//! One chunk of a `foreach`: its nested steps run stage by stage, with `item` among the values.
//!
//! The chunk reports for the `foreach` step as a whole. An attempt runs all nested steps again; their sinks know by their
//! ledgers, whose names carry the chunk, what is written already.

use super::{Of, Runner};
use engine::ports::{Chunk, StepReport, TaskContext};
use model::document::read::Reader;
use model::document::{OnError, Step, read_steps};
use model::tree::{self, Limits};
use model::{ErrorCode, Fault, StepId, StepStatus};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// Runs the nested steps of `step` for one item.
pub(super) async fn run(runner: &Runner, context: &TaskContext, step: &Step, chunk: &Chunk) -> StepReport {
    let nested = match nested_steps(step) {
        Ok(nested) => nested,
        Err(fault) => return StepReport::failed(step.id.clone(), fault, false),
    };
    let mut values = match &context.task.spec.context {
        Value::Object(values) => values.clone(),
        _ => Map::new(),
    };
    values.insert("item".to_owned(), chunk.item.clone());
    values.insert("index".to_owned(), json!(chunk.index));
    let mut report = StepReport::succeeded(step.id.clone());
    let mut statuses: HashMap<StepId, StepStatus> = HashMap::new();
    let mut told = Map::new();
    for stage in stages(&nested) {
        if context.cancel.is_cancelled() {
            report.status = StepStatus::Canceled;
            report.error = Some(Fault::new(ErrorCode::Canceled, format!("step `{}` was canceled", step.id)));
            return report;
        }
        let inside: HashSet<&StepId> = stage.iter().map(|step| &step.id).collect();
        let broken = stage.iter().flat_map(|step| &step.needs).find(|need| {
            !inside.contains(*need) && statuses.get(*need).is_some_and(|status| *status != StepStatus::Succeeded)
        });
        let wants_to_run = stage.iter().any(Step::runs_after_failure);
        let reports = match broken {
            Some(need) if !wants_to_run => {
                let fault = Fault::new(ErrorCode::UpstreamFailed, format!("step `{need}` did not succeed"));
                let skipped = |step: &Step| StepReport {
                    status: StepStatus::Skipped,
                    error: Some(fault.clone()),
                    ..StepReport::succeeded(step.id.clone())
                };
                stage.iter().map(skipped).collect()
            }
            _ => {
                let whole = Value::Object(values.clone());
                let of = Of { chunk: Some((step.id.clone(), chunk.index)), ..Of::default() };
                runner.run_stage(&runner.frame(context), stage.clone(), &whole, of).await
            }
        };
        for mut inner in reports {
            if inner.expand.is_some() {
                let message =
                    format!("step `{}` expands into chunks, which a step nested in `foreach` cannot", inner.step);
                inner = StepReport::failed(inner.step, Fault::new(ErrorCode::Unsupported, message), false);
            }
            statuses.insert(inner.step.clone(), inner.status);
            let seen = seen_by_expressions(&inner);
            if let Value::Object(steps) = values.entry("steps").or_insert_with(|| json!({})) {
                steps.insert(inner.step.to_string(), seen.clone());
            }
            told.insert(inner.step.to_string(), seen);
            let on_error = stage.iter().find(|step| step.id == inner.step).map_or(OnError::Fail, |step| step.on_error);
            add(&mut report, inner, on_error);
        }
    }
    report.outputs.insert("steps".to_owned(), Value::Object(told));
    report.outputs.insert("rows_in".to_owned(), json!(report.metrics.rows_in));
    report.outputs.insert("rows_out".to_owned(), json!(report.metrics.rows_out));
    report.outputs.insert("rows_rejected".to_owned(), json!(report.metrics.rows_rejected));
    report
}

fn nested_steps(step: &Step) -> Result<Vec<Step>, Fault> {
    let path = format!("steps.{}.with.steps", step.id);
    let Some(nested) = step.with.get("steps") else {
        return Err(Fault::new(ErrorCode::MissingKey, format!("step `{}` has no nested `steps`", step.id)).path(path));
    };
    // The settings went through JSON; the document's own reader takes them from there.
    let text = nested.to_string();
    let root = tree::parse(&text, &Limits::default()).map_err(|faults| first(faults, &path))?;
    let mut reader = Reader::new();
    let steps = read_steps(&mut reader, &root, &path);
    match reader.finish().0.into_iter().next() {
        Some(fault) => Err(Fault { line: None, column: None, ..fault }),
        None => Ok(steps),
    }
}

/// The nested steps by stages, each after those it needs or gets batches from.
fn stages(steps: &[Step]) -> Vec<Vec<Step>> {
    let places: HashMap<&StepId, usize> = steps.iter().enumerate().map(|(index, step)| (&step.id, index)).collect();
    let mut group: Vec<usize> = (0..steps.len()).collect();
    for (index, step) in steps.iter().enumerate() {
        for port in &step.from {
            if let Some(&other) = places.get(&port.step) {
                let (from, to) = (group[other], group[index]);
                group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
            }
        }
    }
    let mut left: Vec<usize> = (0..steps.len()).collect();
    let mut done: HashSet<&StepId> = HashSet::new();
    let mut stages = Vec::new();
    while !left.is_empty() {
        let is_ready = |member: usize| {
            let own = group[member];
            (0..steps.len()).filter(|&other| group[other] == own).all(|other| {
                steps[other]
                    .needs
                    .iter()
                    .all(|need| done.contains(need) || places.get(need).is_none_or(|&place| group[place] == own))
            })
        };
        // The checker lets no circle pass; should one be here, its steps run in the order written.
        let next = left.iter().copied().find(|&member| is_ready(member)).unwrap_or(left[0]);
        let members: Vec<usize> = left.iter().copied().filter(|&member| group[member] == group[next]).collect();
        left.retain(|member| !members.contains(member));
        done.extend(members.iter().map(|&member| &steps[member].id));
        stages.push(sorted(steps, members));
    }
    stages
}

/// The members so that each stands after those whose batches it gets.
fn sorted(steps: &[Step], mut members: Vec<usize>) -> Vec<Step> {
    let mut order: Vec<usize> = Vec::with_capacity(members.len());
    while !members.is_empty() {
        let waits = |member: usize| {
            steps[member].from.iter().any(|port| members.iter().any(|&other| steps[other].id == port.step))
        };
        let next = members.iter().position(|&member| !waits(member)).unwrap_or(0);
        order.push(members.remove(next));
    }
    order.into_iter().map(|member| steps[member].clone()).collect()
}

fn seen_by_expressions(report: &StepReport) -> Value {
    let mut seen = report.outputs.clone();
    seen.entry("status").or_insert(json!(report.status));
    seen.entry("duration_ms").or_insert(json!(report.metrics.duration_ms));
    if let Some(error) = &report.error {
        seen.entry("error").or_insert(json!({ "code": error.code, "message": error.message }));
    }
    Value::Object(seen)
}

fn add(report: &mut StepReport, inner: StepReport, on_error: OnError) {
    report.metrics.add(&inner.metrics);
    report.metrics.duration_ms += inner.metrics.duration_ms;
    let fails = match inner.status {
        StepStatus::Failed => on_error != OnError::Continue,
        StepStatus::Canceled => true,
        _ => false,
    };
    if fails && report.status == StepStatus::Succeeded {
        report.status = inner.status;
        report.retryable = inner.retryable;
        report.retry_after = inner.retry_after;
        report.error =
            inner.error.map(|fault| Fault { message: format!("step `{}`: {}", inner.step, fault.message), ..fault });
    }
}

fn first(faults: Vec<Fault>, path: &str) -> Fault {
    let unreadable = || Fault::new(ErrorCode::DocumentUnreadable, "the nested steps cannot be read");
    faults.into_iter().next().unwrap_or_else(unreadable).path(path)
}
