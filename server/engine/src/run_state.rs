//! What happens to a run, as a pure function: a state and an event go in, the new state and commands come out.
//!
//! No clock, no database, no rhai, no rows: the moment and fresh task ids are handed in, a step's `if` is evaluated by
//! the worker, and everything a run can go through is tested below by a list of events.
//! The rules: a stage starts when every step it needs has ended; it is skipped where one of those failed or was
//! skipped, unless a step of the stage asks to run after failures; a failed stage is tried again as a whole while
//! its retry allows and the failure may pass; the run ends when every step has.

use crate::plan::{Plan, Stage};
use crate::ports::{Chunk, Gathered, StepReport, TaskSpec};
use crate::retry;
use chrono::{DateTime, Utc};
use model::document::OnError;
use model::{ErrorCode, Fault, RunId, RunStatus, StepId, StepStatus, TaskId, VersionId};
use serde_json::{Map, Value, json};

mod chunks;
mod state;

pub use chunks::MAX_ITEMS;
pub use state::{ActiveTask, Chunks, Finish, RunState, StageState, step_values};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run may start: its concurrency limit has a place.
    Admitted,
    /// A task came to its end, well or badly.
    TaskEnded {
        /// The task.
        task: TaskId,
        /// How each of its steps ended.
        reports: Vec<StepReport>,
    },
    /// A person, or a concurrency rule, wants the run to stop.
    CancelRequested {
        /// Who or what, for the record.
        reason: String,
    },
    /// A person wants what did not succeed to be tried again.
    RetryRequested {
        /// Also this step and everything after it, though it succeeded.
        from: Option<StepId>,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Make a task.
    CreateTask {
        /// Its id.
        id: TaskId,
        /// What it does.
        spec: Box<TaskSpec>,
        /// Not to be leased before.
        not_before: DateTime<Utc>,
    },
    /// Take a task from whoever holds it.
    WithdrawTask(TaskId),
}

/// What the pure function is told about the outside.
pub struct Moment<'a> {
    /// Now.
    pub now: DateTime<Utc>,
    /// The run, for its tasks' expressions.
    pub run: RunId,
    /// The document's version, for its tasks.
    pub version: VersionId,
    /// Makes task ids.
    pub new_task: &'a mut (dyn FnMut() -> TaskId + Send),
}

/// The event does not fit the state; nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The task is not one the run waits for (canceled, or reported twice).
    #[error("the run does not wait for {0}")]
    UnknownTask(TaskId),
    /// The run has ended, or has not.
    #[error("the run is {0}")]
    WrongStatus(RunStatus),
    /// There is no such step.
    #[error("the workflow has no step `{0}`")]
    UnknownStep(StepId),
}

/// Applies `event` to `state`; answers what to do.
///
/// # Errors
/// [`Refused`] where the event does not fit; the state is then as before.
pub fn advance(
    plan: &Plan,
    state: &mut RunState,
    event: Event,
    moment: &mut Moment<'_>,
) -> Result<Vec<Command>, Refused> {
    let mut advance = Advance { plan, state, moment, commands: Vec::new() };
    match event {
        Event::Admitted => advance.admit()?,
        Event::TaskEnded { task, reports } => advance.end_task(task, reports)?,
        Event::CancelRequested { reason } => advance.cancel(&reason)?,
        Event::RetryRequested { from } => advance.retry(from)?,
    }
    Ok(advance.commands)
}

/// What of a stage a task was.
enum Place {
    Stage,
    Chunk(u32),
    Finish,
}

/// What of a stage a task is to do.
enum Part {
    Stage,
    Chunk(Chunk),
    Finish(Gathered),
}

struct Advance<'a, 'm> {
    plan: &'a Plan,
    state: &'a mut RunState,
    moment: &'a mut Moment<'m>,
    commands: Vec<Command>,
}

impl Advance<'_, '_> {
    fn admit(&mut self) -> Result<(), Refused> {
        if self.state.status != RunStatus::Queued {
            return Err(Refused::WrongStatus(self.state.status));
        }
        self.start_clock();
        self.go_on();
        Ok(())
    }

    fn start_clock(&mut self) {
        self.state.status = RunStatus::Running;
        self.state.deadline = self.plan.workflow.timeout.map(|timeout| self.moment.now + timeout);
    }

    fn cancel(&mut self, reason: &str) -> Result<(), Refused> {
        if self.state.status.is_final() {
            return Err(Refused::WrongStatus(self.state.status));
        }
        self.stop(RunStatus::Canceled, Fault::new(ErrorCode::Canceled, reason));
        Ok(())
    }

    fn retry(&mut self, from: Option<StepId>) -> Result<(), Refused> {
        if !self.state.status.is_final() {
            return Err(Refused::WrongStatus(self.state.status));
        }
        let mut again = vec![false; self.plan.stages.len()];
        if let Some(step) = from {
            let stage = self.plan.stages.iter().position(|stage| stage.steps.contains(&step));
            again[stage.ok_or(Refused::UnknownStep(step))?] = true;
        }
        // What is asked for by name, or follows from what is repeated, begins anew; the rest goes on where it stopped.
        let mut anew = again.clone();
        // Stages are in topological order, so one pass reaches everything downstream.
        for index in 0..again.len() {
            let stage = &self.plan.stages[index];
            let ended_well = stage.steps.iter().all(|id| self.status_of(id) == StepStatus::Succeeded);
            let follows = stage.needs.iter().any(|need| {
                self.plan.stages.iter().zip(&again).any(|(stage, again)| *again && stage.steps.contains(need))
            });
            anew[index] |= follows;
            again[index] |= !ended_well || follows;
        }
        if !again.contains(&true) {
            return Err(Refused::WrongStatus(self.state.status));
        }
        let mut resumed = Vec::new();
        for index in again.iter().enumerate().filter(|(_, again)| **again).map(|(index, _)| index) {
            let halted = std::mem::replace(&mut self.state.stages[index], StageState::Pending);
            let goes_on = matches!(halted, StageState::Halted(_)) && !anew[index];
            for id in &self.plan.stages[index].steps {
                let step = self.state.step_mut(id);
                step.status = if goes_on { StepStatus::Running } else { StepStatus::Pending };
                step.error = None;
                step.finished_at = None;
            }
            if let (true, StageState::Halted(chunks)) = (goes_on, halted) {
                self.state.stages[index] = StageState::Expanded(chunks);
                resumed.push(index);
            }
        }
        self.state.error = None;
        self.start_clock();
        for index in resumed {
            self.resume_chunks(index);
        }
        self.go_on();
        Ok(())
    }

    fn end_task(&mut self, task: TaskId, reports: Vec<StepReport>) -> Result<(), Refused> {
        if self.state.status.is_final() {
            return Err(Refused::WrongStatus(self.state.status));
        }
        let place = self.state.stages.iter().enumerate().find_map(|(index, stage)| match stage {
            StageState::Active(active) if active.id == task => Some((index, active.clone(), Place::Stage)),
            StageState::Expanded(chunks) => {
                let finishing = chunks.finish.as_ref().and_then(|finish| finish.active.as_ref());
                let chunk = chunks.active.iter().find(|(_, active)| active.id == task);
                match (chunk, finishing) {
                    (Some((chunk, active)), _) => Some((index, active.clone(), Place::Chunk(*chunk))),
                    (None, Some(active)) if active.id == task => Some((index, active.clone(), Place::Finish)),
                    _ => None,
                }
            }
            _ => None,
        });
        let (index, active, place) = place.ok_or(Refused::UnknownTask(task))?;
        match place {
            Place::Stage => self.end_stage(index, &active, reports),
            Place::Chunk(chunk) => self.end_chunk(index, chunk, &active, reports),
            Place::Finish => self.end_finish(index, &active, reports),
        }
        let expired = self.state.deadline.is_some_and(|deadline| deadline <= self.moment.now);
        if expired && !self.all_ended() {
            let limit = self.plan.workflow.timeout.unwrap_or_default();
            let message = format!("run exceeded its time of {limit:?}");
            let hint = "Raise the workflow's `timeout`, or look for the step that takes longest.";
            self.stop(RunStatus::Failed, Fault::new(ErrorCode::RunTimeout, message).hint(hint));
        } else {
            self.go_on();
        }
        Ok(())
    }

    fn end_stage(&mut self, index: usize, active: &ActiveTask, reports: Vec<StepReport>) {
        let stage = &self.plan.stages[index];
        if let Some(not_before) = self.retry_at(stage, active, &reports) {
            // The failure stays visible on the step while it waits for its next attempt.
            for report in reports {
                let step = self.state.step_mut(&report.step);
                step.error = report.error;
                step.metrics = report.metrics;
            }
            self.create_stage_task(index, active.attempt + 1, not_before);
            return;
        }
        let now = self.moment.now;
        for mut report in reports {
            if let Some(expansion) = report.expand.take() {
                self.expand(index, report, expansion);
                return;
            }
            let step = self.state.step_mut(&report.step);
            step.status = report.status;
            step.outputs = report.outputs;
            step.metrics = report.metrics;
            step.error = report.error;
            step.finished_at = Some(now);
        }
        // A runner that forgets a step must not leave the run hanging.
        for id in &stage.steps {
            let step = self.state.step_mut(id);
            if !step.status.is_final() {
                step.status = StepStatus::Failed;
                step.error = Some(Fault::new(ErrorCode::Internal, format!("step `{id}` was not reported")));
                step.finished_at = Some(now);
            }
        }
        self.state.stages[index] = StageState::Ended;
    }

    /// When the stage's task is to be tried again, if it is.
    fn retry_at(&self, stage: &Stage, active: &ActiveTask, reports: &[StepReport]) -> Option<DateTime<Utc>> {
        let mut failed = reports.iter().filter(|report| report.status == StepStatus::Failed).peekable();
        failed.peek()?;
        if active.attempt >= stage.retry.attempts || !failed.clone().any(|report| report.retryable) {
            return None;
        }
        let asked = failed.filter_map(|report| report.retry_after).max();
        let at = self.moment.now + retry::delay(&stage.retry, active.attempt + 1, asked, active.id);
        // An attempt that could only begin after the run's end would be wasted.
        self.state.deadline.is_none_or(|deadline| at < deadline).then_some(at)
    }

    /// Starts or skips every stage whose time has come; ends the run when nothing is left.
    fn go_on(&mut self) {
        // Stages are in topological order, so what one skip lets go is met later in the same pass.
        for index in 0..self.plan.stages.len() {
            if self.state.stages[index] != StageState::Pending {
                continue;
            }
            let stage = &self.plan.stages[index];
            if !stage.needs.iter().all(|need| self.status_of(need).is_final()) {
                continue;
            }
            match self.obstacle(stage) {
                None => {
                    let now = self.moment.now;
                    self.create_stage_task(index, 1, now);
                }
                Some(obstacle) => self.skip(index, &obstacle),
            }
        }
        if self.all_ended() {
            self.end_run();
        }
    }

    /// The needed step that keeps the stage from running, if one does.
    fn obstacle(&self, stage: &Stage) -> Option<StepId> {
        let steps = || self.plan.workflow.steps.iter().filter(|step| stage.steps.contains(&step.id));
        if steps().any(model::document::Step::runs_after_failure) {
            return None;
        }
        stage.needs.iter().find(|need| !self.ended_well(need)).cloned()
    }

    fn ended_well(&self, id: &StepId) -> bool {
        match self.status_of(id) {
            StepStatus::Succeeded => true,
            StepStatus::Failed => self.on_error(id) == OnError::Continue,
            _ => false,
        }
    }

    fn skip(&mut self, index: usize, obstacle: &StepId) {
        let failed = self.status_of(obstacle) == StepStatus::Failed;
        let now = self.moment.now;
        for id in &self.plan.stages[index].steps {
            let message = format!("step `{id}` did not run because `{obstacle}` failed");
            let step = self.state.step_mut(id);
            step.status = StepStatus::Skipped;
            step.error = failed.then(|| Fault::new(ErrorCode::UpstreamFailed, message));
            step.finished_at = Some(now);
        }
        self.state.stages[index] = StageState::Ended;
    }

    fn create_stage_task(&mut self, index: usize, attempt: u32, not_before: DateTime<Utc>) {
        let now = self.moment.now;
        for id in &self.plan.stages[index].steps {
            let step = self.state.step_mut(id);
            step.status = StepStatus::Running;
            step.attempts = attempt;
            step.started_at.get_or_insert(now);
        }
        let task = self.create_task(index, attempt, not_before, Part::Stage);
        self.state.stages[index] = StageState::Active(task);
    }

    fn create_task(&mut self, index: usize, attempt: u32, not_before: DateTime<Utc>, part: Part) -> ActiveTask {
        let (chunk, finish) = match part {
            Part::Stage => (None, None),
            Part::Chunk(chunk) => (Some(chunk), None),
            Part::Finish(gathered) => (None, Some(gathered)),
        };
        let id = (self.moment.new_task)();
        self.state.tasks_made += 1;
        let spec = TaskSpec {
            version: self.moment.version,
            steps: self.plan.stages[index].steps.clone(),
            attempt,
            epoch: self.state.tasks_made,
            deadline: self.state.deadline,
            chunk,
            finish,
            context: self.context(attempt),
        };
        self.commands.push(Command::CreateTask { id, spec: Box::new(spec), not_before });
        ActiveTask { id, attempt }
    }

    /// Values for the expressions of a task that starts now.
    fn context(&self, attempt: u32) -> Value {
        let steps: Map<String, Value> = self
            .state
            .steps
            .iter()
            .filter(|step| step.status.is_final())
            .map(|step| (step.id.to_string(), step_values(step)))
            .collect();
        json!({
            "inputs": self.state.inputs,
            "steps": steps,
            "trigger": self.state.trigger,
            "run": { "id": self.moment.run.to_string(), "workflow": self.plan.workflow.name, "attempt": attempt },
        })
    }

    fn stop(&mut self, status: RunStatus, error: Fault) {
        // A task made by this very event is withdrawn before it exists; neither command is left.
        let mut active: Vec<TaskId> = self.state.active_tasks().collect();
        self.commands.retain(|command| match command {
            Command::CreateTask { id, .. } => match active.iter().position(|task| task == id) {
                Some(place) => {
                    active.remove(place);
                    false
                }
                None => true,
            },
            Command::WithdrawTask(_) => true,
        });
        self.commands.extend(active.into_iter().map(Command::WithdrawTask));
        for step in self.state.steps.iter_mut().filter(|step| !step.status.is_final()) {
            step.status = StepStatus::Canceled;
            step.finished_at = Some(self.moment.now);
            step.error = Some(error.clone());
        }
        for stage in &mut self.state.stages {
            stage.halt();
        }
        self.state.status = status;
        self.state.error = Some(error);
    }

    fn end_run(&mut self) {
        let culprit = self
            .state
            .steps
            .iter()
            .find(|step| step.status == StepStatus::Failed && self.on_error(&step.id) != OnError::Continue);
        match culprit {
            Some(step) => {
                let told = step.error.clone().map(|fault| fault.message).unwrap_or_default();
                let code = step.error.as_ref().map_or(ErrorCode::Internal, |fault| fault.code);
                let mut fault = Fault::new(code, format!("step `{}` failed: {told}", step.id));
                fault.hint = step.error.as_ref().and_then(|fault| fault.hint.clone());
                self.state.error = Some(fault.path(format!("steps.{}", step.id)));
                self.state.status = RunStatus::Failed;
            }
            None => self.state.status = RunStatus::Succeeded,
        }
    }

    fn all_ended(&self) -> bool {
        self.state.stages.iter().all(|stage| matches!(stage, StageState::Ended | StageState::Halted(_)))
    }

    fn status_of(&self, id: &StepId) -> StepStatus {
        self.state.find_step(id).map_or(StepStatus::Skipped, |step| step.status)
    }

    fn on_error(&self, id: &StepId) -> OnError {
        self.plan.workflow.steps.iter().find(|step| &step.id == id).map_or(OnError::Fail, |step| step.on_error)
    }
}

#[cfg(test)]
mod tests;
