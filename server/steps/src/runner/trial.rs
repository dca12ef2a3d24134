//! Tries a document: its stages one after the other, here, without engine and store; nothing outside changes.

use super::{Frame, Of, Runner, Trying as InTrial};
use crate::edge::REJECTED;
use crate::kind::Trying;
use crate::pin::alone;
use crate::trial::{Book, Trial, TrialRequest, left_out, took_part};
use engine::plan::Plan;
use engine::run_state::step_values;
use model::document::Step;
use model::run::StepRun;
use model::{ErrorCode, Fault, RunId, StepId, StepStatus};
use serde_json::json;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Runner {
    /// Tries the steps of a checked document on the first rows of its sources. Nothing outside is changed: targets only count,
    /// and steps of kinds that do something else are left out, with those behind them.
    ///
    /// # Errors
    /// `step_not_found` where the document has no step `up_to`, or none that is pinned.
    pub async fn try_out(&self, plan: &Plan, request: &TrialRequest) -> Result<Trial, Fault> {
        let wanted = wanted(plan, request)?;
        let book = Arc::new(Book::new(request.rows));
        let cancel = CancellationToken::new();
        let alarm = {
            let (cancel, time) = (cancel.clone(), request.time);
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                cancel.cancel();
            })
        };
        let run = RunId::generate();
        let folder = Folder(self.data_dir.join("trials").join(run.to_string()));
        let frame = Frame {
            run,
            attempt: 1,
            fence: 1,
            cancel: cancel.clone(),
            data_dir: folder.0.clone(),
            observer: book.clone(),
            trial: Some(InTrial { book: book.clone(), rows: request.rows, pins: request.pins.clone() }),
        };
        let steps = self.try_stages(plan, &wanted, &frame, request).await;
        alarm.abort();
        drop(folder);
        let mut trial = book.close();
        // As people read the document: step by step, what was kept out last.
        let place = |id: &StepId| plan.workflow.steps.iter().position(|step| &step.id == id);
        trial.ports.sort_by_key(|sample| (place(&sample.step), sample.port == REJECTED));
        trial.targets.sort_by_key(|target| place(&target.step));
        Ok(Trial { steps, timed_out: cancel.is_cancelled(), ..trial })
    }

    async fn try_stages(
        &self,
        plan: &Plan,
        wanted: &HashSet<StepId>,
        frame: &Frame,
        request: &TrialRequest,
    ) -> Vec<StepRun> {
        let mut tried = Vec::new();
        // Those whose rows and values later steps must do without.
        let mut absent: HashSet<StepId> = HashSet::new();
        let mut values = json!({
            "inputs": request.inputs,
            "steps": {},
            "trigger": { "kind": "manual" },
            "run": { "id": frame.run.to_string(), "workflow": plan.workflow.name, "attempt": 1 },
        });
        for stage in &plan.stages {
            let mut steps = Vec::new();
            for id in stage.steps.iter().filter(|id| wanted.contains(*id)) {
                let Some(step) = plan.workflow.steps.iter().find(|step| &step.id == id) else { continue };
                if request.pins.contains_key(id) {
                    steps.push(alone(step));
                    continue;
                }
                match self.why_left_out(step, &absent) {
                    Some(why) => {
                        absent.insert(id.clone());
                        tried.push(left_out(id, why));
                    }
                    None => steps.push(step.clone()),
                }
            }
            if steps.is_empty() {
                continue;
            }
            for report in self.run_stage(frame, steps, &values, Of::default()).await {
                let step = took_part(report);
                if step.status != StepStatus::Succeeded {
                    absent.insert(step.id.clone());
                }
                values["steps"][step.id.as_str()] = step_values(&step);
                tried.push(step);
            }
        }
        tried
    }

    fn why_left_out(&self, step: &Step, absent: &HashSet<StepId>) -> Option<String> {
        let before = step.from.iter().map(|port| &port.step).chain(&step.needs);
        if let Some(before) = before.into_iter().find(|before| absent.contains(*before)) {
            return Some(format!("step `{before}`, which stands before this one, did not do its work"));
        }
        let trying = self.catalog.find(&step.uses).map_or(Trying::LeftOut, |kind| kind.trying(step));
        (trying == Trying::LeftOut).then(|| format!("what a step `{}` does is not tried, but done in a run", step.uses))
    }
}

/// The steps that are tried: the last ones, or the one asked for, with everything that stands before them. What stands
/// before a pinned step is not needed for it.
fn wanted(plan: &Plan, request: &TrialRequest) -> Result<HashSet<StepId>, Fault> {
    let steps = &plan.workflow.steps;
    let find = |id: &StepId| {
        let found = steps.iter().find(|step| &step.id == id);
        found.ok_or_else(|| Fault::new(ErrorCode::StepNotFound, format!("the document has no step `{id}`")))
    };
    for id in request.pins.keys() {
        find(id)?;
    }
    let mut waiting: Vec<&StepId> = match &request.up_to {
        Some(last) => vec![last],
        None => {
            let before: HashSet<&StepId> = steps.iter().flat_map(stand_before).collect();
            steps.iter().map(|step| &step.id).filter(|id| !before.contains(id)).collect()
        }
    };
    let mut wanted = HashSet::new();
    while let Some(id) = waiting.pop() {
        let step = find(id)?;
        if wanted.insert(id.clone()) && !request.pins.contains_key(id) {
            waiting.extend(stand_before(step));
        }
    }
    Ok(wanted)
}

fn stand_before(step: &Step) -> impl Iterator<Item = &StepId> {
    step.from.iter().map(|port| &port.step).chain(&step.needs)
}

/// Where rows that cannot be had again lie meanwhile.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // It is there only where something was kept.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
