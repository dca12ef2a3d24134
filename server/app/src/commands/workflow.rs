//! `sluice workflow …`: the saved workflows and their runs.

use super::run::{parse_pair, print_run};
use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::target::Target;
use crate::wire::Parts;
use clap::Subcommand;
use engine::ports::{Artifacts, RunFilter, RunStore, SystemClock};
use engine::{Config, Deps, Engine, RunView, StartRun};
use model::artifact::Artifact;
use model::{ErrorCode, Fault, RunId, StepId};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
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
    /// List the files that a run left.
    Artifacts {
        /// Its id.
        run: RunId,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a file that a run left to standard output, or into a file.
    Artifact {
        /// The run's id.
        run: RunId,
        /// The artifact's name.
        name: String,
        /// The file to write.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Workflow {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let engine = ask_only(&parts).await?;
        self.carry_out(&engine, parts.database.as_ref()).await?;
        engine.shutdown(std::time::Duration::ZERO).await;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, engine: &Engine, artifacts: &dyn Artifacts) -> Result<(), Failure> {
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
                if json { output::json(&view) } else { print_run(&view, artifacts).await? }
            }
            Self::Artifacts { run, json } => {
                engine.get_run(run).await?;
                let found = artifacts.list_artifacts(run).await.map_err(Fault::from)?;
                if json { output::json(&found) } else { list_artifacts(found) }
            }
            Self::Artifact { run, name, output } => {
                engine.get_run(run).await?;
                write_artifact(artifacts, run, &name, output.as_deref()).await?;
            }
            Self::Cancel { run } => {
                engine.cancel_run(run, "canceled from the command line").await?;
                output::line(format!("canceled {run}"));
            }
            Self::Retry { run, from } => {
                let from = from.map(|step| {
                    StepId::new(&step)
                        .ok_or_else(|| Fault::new(ErrorCode::StepNotFound, format!("`{step}` is not a step id")))
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

fn list_artifacts(found: Vec<Artifact>) {
    let row = |artifact: Artifact| {
        let numbers = [output::count(artifact.rows), output::count(artifact.bytes)];
        [vec![artifact.name, artifact.step.to_string()], numbers.to_vec(), vec![artifact.media_type]].concat()
    };
    let header = ["artifact", "step", "rows", "bytes", "type"];
    let rows = found.into_iter().map(row).collect();
    output::list(&header, &["rows", "bytes"], rows, "The run left no files; a step `artifact` leaves one.");
}

async fn write_artifact(artifacts: &dyn Artifacts, run: RunId, name: &str, path: Option<&Path>) -> Result<(), Failure> {
    let found = artifacts.find_artifact(run, name).await.map_err(Fault::from)?;
    let Some((_, content)) = found else {
        let message = format!("`{run}` has no artifact `{}`", output::one_line(name, 80));
        return Err(Fault::new(ErrorCode::ArtifactNotFound, message)
            .hint(format!("`sluice workflow artifacts {run}` lists what it has."))
            .into());
    };
    let mut target = Target::open(path, &run.to_string())?;
    if let Err(error) = target.write(&content) {
        target.discard();
        return Err(error.into());
    }
    Ok(target.keep()?)
}

/// An engine that accepts and shows, but runs nothing in this process.
pub(super) async fn ask_only(parts: &Parts) -> Result<Arc<Engine>, Fault> {
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
