//! Runs tasks for the engine: evaluates `if`, renders settings, opens the steps and lets the stage work.
//!
//! One task is one stage, or one chunk of a `foreach` (`runner/chunk.rs`), whose nested steps run stage by stage, or a part
//! of a step that expands into chunks of its own kind. The runner reports what happened and decides nothing about what runs
//! next.

mod chunk;
mod trial;

use crate::catalog::Catalog;
use crate::kind::{Opened, Part, StepContext};
use crate::pin::{Pin, Pinned, Pins};
use crate::stage::{self, Ended, Member, Settings};
use crate::trial::{Book, OpenLimited};
use async_trait::async_trait;
use chrono::Utc;
use data::{Connections, Error, Plugins, Translator};
use engine::expression::{self, Scope};
use engine::ports::{Alerts, Artifacts, Chunk, Observer, StepReport, TableLogs, TaskContext, TaskRunner, Watch};
use futures::FutureExt;
use futures::future::join_all;
use meter::Meter;
use model::document::Step;
use model::{ErrorCode, Fault, RunId, StepId};
use serde_json::Value;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The engine's way to the steps.
pub struct Runner {
    /// Connections and channels by name.
    pub connections: Arc<dyn Connections>,
    /// Installed plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Turns SQL of one dialect into another's.
    pub translator: Arc<dyn Translator>,
    /// What is kept about tables.
    pub table_logs: Arc<dyn TableLogs>,
    /// Where small files stay with their runs.
    pub artifacts: Arc<dyn Artifacts>,
    /// The folder that relative paths start from and no path may leave.
    pub files: PathBuf,
    /// The server's data folder; rows that cannot be had again are kept below `spool/` in it.
    pub data_dir: PathBuf,
    /// What watching steps keep: anomalies, backups, inspections.
    pub watch: Arc<dyn Watch>,
    /// Where alerts are raised.
    pub alerts: Arc<dyn Alerts>,
    /// The step kinds there are.
    pub catalog: Arc<Catalog>,
}

#[async_trait]
impl TaskRunner for Runner {
    async fn run(&self, context: TaskContext) -> Vec<StepReport> {
        let (spec, frame) = (&context.task.spec, self.frame(&context));
        let mut steps = Vec::with_capacity(spec.steps.len());
        for id in &spec.steps {
            match context.workflow.steps.iter().find(|step| &step.id == id) {
                Some(step) => steps.push(step.clone()),
                None => {
                    let fault = Fault::new(ErrorCode::StepNotFound, format!("the document has no step `{id}`"));
                    return fail_all(&spec.steps, &fault);
                }
            }
        }
        match (&spec.chunk, &spec.finish, steps.as_slice()) {
            (Some(Chunk { index, item, with: Some(with) }), _, [step]) => {
                let of = Of { chunk: Some((step.id.clone(), *index)), part: Part::Chunk(item.clone()) };
                let step = Step { with: with.clone(), ..step.clone() };
                self.run_rendered(&frame, step, &spec.context, of).await
            }
            (Some(chunk), _, [step]) => vec![chunk::run(self, &context, step, chunk).await],
            (None, Some(gathered), [step]) => {
                let of = Of { chunk: None, part: Part::Finish(Box::new(gathered.clone())) };
                let step = Step { with: gathered.with.clone(), ..step.clone() };
                self.run_rendered(&frame, step, &spec.context, of).await
            }
            (None, None, _) => self.run_stage(&frame, steps, &spec.context, Of::default()).await,
            _ => fail_all(&spec.steps, &Fault::new(ErrorCode::Internal, "a chunk is of one step")),
        }
    }
}

fn fail_all(steps: &[StepId], fault: &Fault) -> Vec<StepReport> {
    steps.iter().map(|step| StepReport::failed(step.clone(), fault.clone(), false)).collect()
}

/// Whom the steps of a stage work for.
struct Frame {
    run: RunId,
    attempt: u32,
    fence: i64,
    cancel: CancellationToken,
    /// Rows that cannot be had again are kept below it.
    data_dir: PathBuf,
    observer: Arc<dyn Observer>,
    /// Where the document is only tried.
    trial: Option<Trying>,
}

/// What a trial does otherwise than a run.
struct Trying {
    book: Arc<Book>,
    /// How many rows a source gives.
    rows: usize,
    pins: Pins,
}

/// What of a step a task is.
#[derive(Debug, Clone, Default)]
struct Of {
    /// The step that expanded, and the chunk's number.
    chunk: Option<(StepId, u32)>,
    /// For steps that expand into chunks of their own kind.
    part: Part,
}

impl Of {
    /// The `foreach` that a step is nested in.
    fn scope(&self) -> Option<StepId> {
        let is_nested = self.part == Part::Whole;
        self.chunk.as_ref().filter(|_| is_nested).map(|(step, _)| step.clone())
    }
}

impl Runner {
    fn frame(&self, context: &TaskContext) -> Frame {
        Frame {
            run: context.task.run,
            attempt: context.task.spec.attempt,
            fence: context.task.fence,
            cancel: context.cancel.clone(),
            data_dir: self.data_dir.clone(),
            observer: context.observer.clone(),
            trial: None,
        }
    }

    /// Runs the steps of one stage, each of which stands after those whose batches it gets.
    async fn run_stage(&self, frame: &Frame, steps: Vec<Step>, values: &Value, of: Of) -> Vec<StepReport> {
        let decided = self.decide(&steps, values).await;
        // A step of its own kind's chunks gets the settings as they are rendered now, however late those run.
        let rendered: Vec<_> = decided.iter().map(|decided| decided.as_ref().ok().cloned()).collect();
        let mut reports = self.run_decided(frame, steps, decided, values, of).await;
        for (report, with) in reports.iter_mut().zip(rendered) {
            if let (Some(finish), Some(with)) =
                (report.expand.as_mut().and_then(|expansion| expansion.finish.as_mut()), with)
            {
                *finish = with;
            }
        }
        reports
    }

    /// Runs one step whose settings are rendered.
    async fn run_rendered(&self, frame: &Frame, step: Step, values: &Value, of: Of) -> Vec<StepReport> {
        let decided = vec![Ok(step.with.clone())];
        self.run_decided(frame, vec![step], decided, values, of).await
    }

    async fn run_decided(
        &self,
        frame: &Frame,
        steps: Vec<Step>,
        decided: Vec<Result<serde_json::Map<String, Value>, Ended>>,
        values: &Value,
        of: Of,
    ) -> Vec<StepReport> {
        let opening = steps.into_iter().zip(decided).map(|(step, decided)| {
            let cancel = frame.cancel.child_token();
            let of = of.clone();
            let meter = Meter::default();
            async move {
                let ports = self.catalog.find(&step.uses).map(|kind| kind.info().ports).unwrap_or_default();
                match decided {
                    Ok(with) => {
                        let step = Step { with, ..step };
                        let opened = meter.count(self.open(frame, &step, values, of, &cancel)).await;
                        Member { step, ports, opened, cancel, meter }
                    }
                    Err(ended) => Member { step, ports, opened: Err(ended), cancel, meter },
                }
            }
        });
        let opening: Vec<_> = opening.collect();
        let members = join_all(opening).await;
        let settings = Settings {
            run: frame.run,
            chunk: of.chunk.clone(),
            data_dir: frame.data_dir.clone(),
            cancel: frame.cancel.clone(),
            observer: frame.observer.clone(),
            trial: frame.trial.as_ref().map(|trying| trying.book.clone()),
        };
        stage::run(members, &settings).await
    }

    /// For each step its rendered settings, or why it does not run. Expressions may take their time, so they are
    /// evaluated where they may block.
    async fn decide(&self, steps: &[Step], values: &Value) -> Vec<Result<serde_json::Map<String, Value>, Ended>> {
        if steps.iter().all(is_plain) {
            return decide_all(steps, values);
        }
        let (steps, values) = (steps.to_vec(), values.clone());
        let count = steps.len();
        let decided = tokio::task::spawn_blocking(move || decide_all(&steps, &values));
        decided.await.unwrap_or_else(|_| {
            let error = Error::permanent(ErrorCode::Internal, "evaluating the steps' expressions panicked");
            vec![Err(Ended::Failed(error)); count]
        })
    }

    async fn open(
        &self,
        frame: &Frame,
        step: &Step,
        values: &Value,
        of: Of,
        cancel: &CancellationToken,
    ) -> Result<Opened, Ended> {
        if let Some(ports) = pinned(frame, &step.id) {
            return Ok(Opened::Action(Box::new(Pinned { step: step.id.clone(), ports })));
        }
        let Some(kind) = self.catalog.find(&step.uses) else {
            let message = format!("step `{}` uses `{}`, which this server does not have", step.id, step.uses);
            return Err(Ended::Failed(Error::permanent(ErrorCode::UnknownStepKind, message)));
        };
        let step_context = StepContext {
            step: step.clone(),
            run: frame.run,
            attempt: frame.attempt,
            fence: frame.fence,
            scope: of.scope(),
            chunk: of.chunk.map(|(_, number)| number),
            part: of.part,
            values: values.clone(),
            connections: self.connections.clone(),
            plugins: self.plugins.clone(),
            translator: self.translator.clone(),
            table_logs: self.table_logs.clone(),
            artifacts: self.artifacts.clone(),
            files: self.files.clone(),
            data_dir: self.data_dir.clone(),
            watch: self.watch.clone(),
            alerts: self.alerts.clone(),
            cancel: cancel.clone(),
            observer: frame.observer.clone(),
            trial: frame.trial.as_ref().map(|trying| trying.book.clone()),
        };
        let opening = AssertUnwindSafe(kind.open(step_context)).catch_unwind();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Ended::Canceled),
            opened = opening => match opened {
                Ok(Ok(Opened::Source(opener))) => Ok(Opened::Source(match &frame.trial {
                    Some(trying) => Box::new(OpenLimited { opener, rows: trying.rows }),
                    None => opener,
                })),
                Ok(Ok(opened)) => Ok(opened),
                Ok(Err(error)) => Err(Ended::Failed(error)),
                Err(_) => {
                    let message = format!("step `{}` met a fault of Sluice's own while it was opened", step.id);
                    Err(Ended::Failed(Error::permanent(ErrorCode::Internal, message)))
                }
            },
        }
    }
}

fn pinned(frame: &Frame, step: &StepId) -> Option<Vec<Pin>> {
    frame.trial.as_ref()?.pins.get(step).cloned()
}

fn decide_all(steps: &[Step], values: &Value) -> Vec<Result<serde_json::Map<String, Value>, Ended>> {
    let scope = Scope::new(values, Utc::now());
    let mut skipped: HashMap<StepId, ()> = HashMap::new();
    let mut decided = Vec::with_capacity(steps.len());
    for step in steps {
        let one = decide_one(step, &scope, &skipped);
        if let Err(Ended::Skipped(_)) = one {
            skipped.insert(step.id.clone(), ());
        }
        decided.push(one);
    }
    decided
}

/// Whether the step has no `if` and no expression in its settings, so that there is nothing to evaluate.
fn is_plain(step: &Step) -> bool {
    fn holds_expression(value: &Value) -> bool {
        match value {
            Value::String(text) => expression::has_expression(text),
            Value::Array(items) => items.iter().any(holds_expression),
            Value::Object(map) => map.values().any(holds_expression),
            _ => false,
        }
    }
    step.condition.is_none() && !step.with.values().any(holds_expression)
}

fn decide_one(
    step: &Step,
    scope: &Scope<'_>,
    skipped: &HashMap<StepId, ()>,
) -> Result<serde_json::Map<String, Value>, Ended> {
    if let Some(before) = step.from.iter().find(|port| skipped.contains_key(&port.step)) {
        let message = format!("step `{}`, which feeds this one, was skipped", before.step);
        return Err(Ended::Skipped(Some(Fault::new(ErrorCode::UpstreamFailed, message))));
    }
    let failed = |fault: Fault| Ended::Failed(fault.into());
    if let Some(condition) = &step.condition {
        let holds = expression::condition(condition, scope)
            .map_err(|fault| failed(fault.path(format!("steps.{}.if", step.id))))?;
        if !holds {
            return Err(Ended::Skipped(None));
        }
    }
    expression::render_settings(step, scope).map_err(failed)
}
