//! `sluice run FILE`: runs a document once, here and now, and tells what happened.

use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::{Parts, Role};
use clap::Args;
use engine::ports::{Artifacts, RunEventKind};
use engine::{Engine, RunView, StartRun};
use indicatif::{ProgressBar, ProgressStyle};
use model::artifact::Artifact;
use model::{ErrorCode, Fault, RunStatus, StepStatus};
use serde_json::{Map, Value};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The document, YAML or JSON.
    file: PathBuf,
    /// A value for one of its inputs; may be given several times.
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = parse_pair)]
    inputs: Vec<(String, String)>,
    /// Print the run as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads `NAME=VALUE`.
pub(super) fn parse_pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))
}

impl Run {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let name = self.file.display().to_string();
        let text = read_document(&self.file)?;
        let parts = Parts::open(settings).await?;
        let running = parts.start(Role::Once, settings.files_of(&self.file)).await?;
        let engine = running.engine.clone();
        let run = self.start(&engine, &name, &text).await;
        let run = match run {
            Ok(run) => run,
            Err(failure) => {
                engine.shutdown(Duration::ZERO).await;
                return Err(failure);
            }
        };
        let follow = (!self.json && std::io::stderr().is_terminal()).then(|| tokio::spawn(follow(engine.clone())));
        let view = wait(&engine, run).await?;
        if let Some(follow) = follow {
            follow.abort();
        }
        engine.shutdown(Duration::from_secs(10)).await;
        if self.json {
            output::json(&*view);
        } else {
            print_run(&view, parts.database.as_ref()).await?;
        }
        parts.database.close().await.map_err(Fault::from)?;
        Ok(if view.status == RunStatus::Succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn start(&self, engine: &Arc<Engine>, name: &str, text: &str) -> Result<model::RunId, Failure> {
        let plan = engine.check(text).map_err(|faults| Failure::in_document(name, faults))?;
        let is_new = engine.get_workflow(&plan.workflow.name).await.is_err();
        let workflow = engine.save_workflow(text).await.map_err(|faults| Failure::in_document(name, faults))?;
        if is_new {
            // Tried once by hand is not a wish to have it fired by its triggers ever after.
            engine.set_workflow_enabled(workflow.id, false).await?;
        }
        let inputs: Map<String, Value> =
            self.inputs.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        Ok(engine.start_run(&workflow, StartRun { inputs, ..StartRun::default() }).await?)
    }
}

/// Waits for the run's end; the first Ctrl-C cancels it.
async fn wait(engine: &Arc<Engine>, run: model::RunId) -> Result<Arc<RunView>, Fault> {
    let mut canceled = false;
    loop {
        tokio::select! {
            view = engine.wait_run(run, Duration::from_secs(3600)) => {
                let view = view?;
                if view.status.is_final() {
                    return Ok(view);
                }
            }
            interrupt = tokio::signal::ctrl_c() => {
                if interrupt.is_err() || canceled {
                    return Err(Fault::new(ErrorCode::Canceled, format!("`{run}` was left behind")));
                }
                canceled = true;
                engine.cancel_run(run, "canceled from the keyboard").await?;
            }
        }
    }
}

/// Shows on the terminal what goes on.
async fn follow(engine: Arc<Engine>) {
    let mut events = engine.subscribe();
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}").expect("the template is fixed"));
    bar.enable_steady_tick(Duration::from_millis(100));
    while let Ok(event) = events.recv().await {
        match &event.kind {
            RunEventKind::Progress { step, metrics, .. } => {
                bar.set_message(format!("{step}: {}", output::counted(metrics.rows_in, "row")));
            }
            RunEventKind::Step { step, status, .. } => bar.set_message(format!("{step}: {status}")),
            RunEventKind::Log { line } => bar.println(format!("  {}", line.message)),
            RunEventKind::Run { .. } => {}
        }
    }
}

/// Prints a run as a person wants to read it, with the files it left.
pub(super) async fn print_run(view: &RunView, artifacts: &dyn Artifacts) -> Result<(), Fault> {
    let took = match (view.started_at, view.finished_at) {
        (Some(start), Some(end)) => u64::try_from((end - start).num_milliseconds()).unwrap_or(0),
        _ => 0,
    };
    output::line(format!("{} {} in {}", view.id, view.status, output::duration(took)));
    let rows = view
        .steps
        .iter()
        .map(|step| {
            let number = |n: u64| if step.status == StepStatus::Skipped { String::new() } else { output::count(n) };
            vec![
                step.id.to_string(),
                step.status.to_string(),
                number(step.metrics.rows_in),
                number(step.metrics.rows_out),
                number(step.metrics.rows_rejected),
                output::duration(step.metrics.duration_ms),
            ]
        })
        .collect();
    output::table(
        &["step", "status", "rows in", "rows out", "rejected", "time"],
        &["rows in", "rows out", "rejected", "time"],
        rows,
    );
    for step in &view.steps {
        if let Some(error) = step.error.as_ref().filter(|_| step.status == StepStatus::Failed) {
            output::line(format!("step `{}` failed: {} [{}]", step.id, error.message, error.code));
            if let Some(hint) = &error.hint {
                output::line(format!("  hint: {hint}"));
            }
        }
    }
    for Artifact { name, rows, bytes, .. } in artifacts.list_artifacts(view.id).await? {
        let (rows, bytes) = (output::counted(rows, "row"), output::counted(bytes, "byte"));
        output::line(format!("left `{name}` ({rows}, {bytes}): sluice workflow artifact {} {name:?}", view.id));
    }
    Ok(())
}
