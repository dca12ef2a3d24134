//! `sluice workflow …`: the saved workflows and their runs.

use super::run::{parse_pair, print_run};
use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::Subcommand;
use engine::ports::{RunFilter, RunStore, SystemClock};
use engine::{Config, Deps, Engine, RunView, StartRun};
use model::RunId;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(crate) enum Workflow {
    /// Save a document as the newest version of the workflow it names; its triggers are live while a server runs.
    Save {
        /// The document, YAML or JSON.
        file: PathBuf,
    },
    /// List workflows.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a workflow's newest document.
    Show {
        /// Name or id.
        workflow: String,
    },
    /// Let a workflow's triggers fire.
    Enable {
        /// Name or id.
        workflow: String,
    },
    /// Keep a workflow's triggers from firing.
    Disable {
        /// Name or id.
        workflow: String,
    },
    /// Remove a workflow and its versions; its runs stay.
    Delete {
        /// Name or id.
        workflow: String,
    },
    /// Queue a run for the server or a worker to take.
    Start {
        /// Name or id.
        workflow: String,
        /// A value for one of its inputs.
        #[arg(long = "input", value_name = "NAME=VALUE", value_parser = parse_pair)]
        inputs: Vec<(String, String)>,
    },
    /// List runs, newest first.
    Runs {
        /// Only of this workflow.
        workflow: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one run.
    Run {
        /// Its id.
        run: RunId,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Cancel a run.
    Cancel {
        /// Its id.
        run: RunId,
    },
    /// Try again what did not succeed in a run.
    Retry {
        /// Its id.
        run: RunId,
        /// Also this step and everything after it.
        #[arg(long)]
        from: Option<String>,
    },
    /// Print a run's log.
    Logs {
        /// Its id.
        run: RunId,
    },
}

impl Workflow {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let engine = ask_only(&parts).await?;
        self.carry_out(&engine).await?;
        engine.shutdown(std::time::Duration::ZERO).await;
        parts.database.close().await.map_err(model::Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, engine: &Engine) -> Result<(), Failure> {
        match self {
            Self::Save { file } => {
                let saved = engine.save_workflow(&read_document(&file)?).await;
                let record = saved.map_err(|faults| Failure::in_document(&file.display().to_string(), faults))?;
                output::line(format!("saved `{}` as version {}", record.name, record.number));
            }
            Self::List { json } => list(engine, json).await?,
            Self::Show { workflow } => {
                let record = engine.get_workflow(&workflow).await?;
                output::line(engine.get_version(record.version).await?.text.trim_end());
            }
            Self::Enable { workflow } => set_enabled(engine, &workflow, true).await?,
            Self::Disable { workflow } => set_enabled(engine, &workflow, false).await?,
            Self::Delete { workflow } => {
                let record = engine.get_workflow(&workflow).await?;
                engine.delete_workflow(record.id).await?;
                output::line(format!("deleted `{}`; its runs stay", record.name));
            }
            Self::Start { workflow, inputs } => {
                let record = engine.get_workflow(&workflow).await?;
                let inputs: Map<String, Value> =
                    inputs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                let run = engine.start_run(&record, StartRun { inputs, ..StartRun::default() }).await?;
                output::line(run.to_string());
            }
            Self::Runs { workflow, limit, json } => runs(engine, workflow, limit, json).await?,
            Self::Run { run, json } => {
                let view = engine.get_run(run).await?;
                if json { output::json(&view) } else { print_run(&view) }
            }
            Self::Cancel { run } => {
                engine.cancel_run(run, "canceled from the command line").await?;
                output::line(format!("canceled {run}"));
            }
            Self::Retry { run, from } => {
                let from = from.map(|step| {
                    model::StepId::new(&step).ok_or_else(|| {
                        model::Fault::new(model::ErrorCode::StepNotFound, format!("`{step}` is not a step id"))
                    })
                });
                engine.retry_run(run, from.transpose()?).await?;
                output::line(format!("trying {run} again"));
            }
            Self::Logs { run } => {
                let mut after = 0;
                loop {
                    let lines = engine.list_logs(run, after, 500).await?;
                    let Some((last, _)) = lines.last() else { break };
                    after = *last;
                    for (_, line) in lines {
                        let step = line.step.map(|step| format!("{step}: ")).unwrap_or_default();
                        let level = format!("{:?}", line.level).to_lowercase();
                        output::line(format!(
                            "{} {level} {step}{}",
                            line.at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
                            line.message
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

/// An engine that accepts and shows, but runs nothing in this process.
pub(super) async fn ask_only(parts: &Parts) -> Result<Arc<Engine>, model::Fault> {
    struct Nobody;
    #[async_trait::async_trait]
    impl engine::ports::TaskRunner for Nobody {
        async fn run(&self, _: engine::ports::TaskContext) -> Vec<engine::ports::StepReport> {
            unreachable!("an engine without worker runs no task")
        }
    }
    let deps = Deps {
        store: parts.database.clone() as Arc<dyn RunStore>,
        dispatch: parts.dispatch().await?,
        runner: Arc::new(Nobody),
        catalog: parts.kinds.clone(),
        clock: Arc::new(SystemClock),
    };
    Engine::start(deps, Config { worker: None, schedule: false }).await
}

async fn set_enabled(engine: &Engine, workflow: &str, enabled: bool) -> Result<(), Failure> {
    let record = engine.get_workflow(workflow).await?;
    engine.set_workflow_enabled(record.id, enabled).await?;
    output::line(format!("`{}` is {}", record.name, if enabled { "enabled" } else { "disabled" }));
    Ok(())
}

async fn list(engine: &Engine, as_json: bool) -> Result<(), Failure> {
    let records = engine.list_workflows(None, 500).await?;
    if as_json {
        let rows: Vec<Value> = records
            .iter()
            .map(|r| json!({ "id": r.id, "name": r.name, "version": r.number, "enabled": r.enabled, "updated_at": r.updated_at }))
            .collect();
        output::json(&rows);
        return Ok(());
    }
    let rows = records
        .into_iter()
        .map(|r| {
            let state = if r.enabled { "enabled" } else { "disabled" };
            vec![
                r.name,
                r.number.to_string(),
                state.to_owned(),
                r.updated_at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ]
        })
        .collect();
    let header = ["workflow", "version", "triggers", "changed"];
    output::list(&header, &["version"], rows, "There is no workflow yet; `sluice workflow save` makes one.");
    Ok(())
}

async fn runs(engine: &Engine, workflow: Option<String>, limit: u32, as_json: bool) -> Result<(), Failure> {
    let workflow = match workflow {
        Some(workflow) => Some(engine.get_workflow(&workflow).await?.id),
        None => None,
    };
    let views = engine.list_runs(&RunFilter { workflow, limit, ..RunFilter::default() }).await?;
    if as_json {
        output::json(&views);
        return Ok(());
    }
    let row = |view: RunView| {
        let failed = view.error.map(|error| error.message).unwrap_or_default();
        let made = view.created_at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
        vec![view.id.to_string(), view.status.to_string(), view.trigger, made, failed]
    };
    let rows = views.into_iter().map(row).collect();
    output::list(&["run", "status", "trigger", "made", "error"], &[], rows, "There is no run yet.");
    Ok(())
}
