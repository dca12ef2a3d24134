//! `sluice migrate …`: migrations, which are workflows of one `migrate` step, and their runs; and `run`, which moves tables at
//! once without a server and its database.
//!
//! Exit codes: 0 done (for `status` and `validate`: completed, equal), 1 refused, failed or different, 2 wrong usage.

mod once;
mod state;

use super::workflow::ask_only;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use data::Connections;
use engine::{Engine, RunView};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;
use workbench::migrations::{self, Plan, State, Task};

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Move tables now, between two addresses, without a server.
    Run(once::Once),
    /// Save a migration between two saved connections.
    Create(Create),
    /// Queue a run of a migration for the server or a worker to take.
    Execute {
        /// The migration's name.
        name: String,
        /// Wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// Show how far the newest run is.
    Status {
        /// The migration's name.
        name: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
        /// Also the newest lines of its log.
        #[arg(long, default_value_t = 0)]
        lines: u32,
    },
    /// Cancel the newest run; what was copied stays.
    Cancel {
        /// The migration's name.
        name: String,
    },
    /// Go on with what the newest run has left.
    Resume {
        /// The migration's name.
        name: String,
        /// Wait for its end.
        #[arg(long)]
        wait: bool,
    },
    /// Compare source and target row by row.
    Validate {
        /// The migration's name.
        name: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What the migration is called.
    name: String,
    /// The connection to read from.
    #[arg(long)]
    from: String,
    /// The connection to write to.
    #[arg(long)]
    to: String,
    /// A table, or a pattern such as `orders_*`; repeatable.
    #[arg(long = "table", required = true)]
    tables: Vec<String>,
    /// The target's table; for several, `*` stands for the source's name.
    #[arg(long)]
    target: Option<String>,
    /// What happens to rows that are there: append, upsert, replace, insert_ignore or truncate.
    #[arg(long, default_value = "append")]
    mode: String,
    /// A further setting of the step, as JSON: `parallel=4`, `convert={"zero_dates":"null"}`; repeatable.
    #[arg(long = "set", value_name = "KEY=JSON", value_parser = setting)]
    settings: Vec<(String, Value)>,
}

fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("a setting is spelled KEY=JSON")?;
    // A word that is no JSON is a text.
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((key.to_owned(), value))
}

impl Migrate {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if let Self::Run(once) = self {
            return once.run(settings).await;
        }
        let parts = Parts::open(settings).await?;
        let engine = ask_only(&parts).await?;
        let code = self.carry_out(&engine, &parts).await;
        engine.shutdown(Duration::ZERO).await;
        parts.database.close().await.map_err(Fault::from)?;
        code
    }

    async fn carry_out(self, engine: &Engine, parts: &Parts) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(_) => {}
            Self::Create(create) => create.save(engine, parts).await?,
            Self::Execute { name, wait } => {
                let run = migrations::start(engine, &name, Task::Move).await?;
                output::line(run.to_string());
                if wait {
                    return self::wait(engine, run).await;
                }
            }
            Self::Status { name, json, lines } => {
                let view = migrations::get_newest(engine, &name).await?;
                let told = State::of(&view);
                if json {
                    output::json(&told)
                } else {
                    state::print(&told)
                }
                print_log(engine, &view, lines).await?;
                return Ok(state::exit_code(&told));
            }
            Self::Cancel { name } => {
                let run = migrations::cancel(engine, &name, "canceled from the command line").await?;
                output::line(format!("canceled {run}"));
            }
            Self::Resume { name, wait } => {
                let run = migrations::resume(engine, &name).await?;
                output::line(format!("going on with {run}"));
                if wait {
                    return self::wait(engine, run).await;
                }
            }
            Self::Validate { name, json } => return validate(engine, parts, &name, json).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Create {
    async fn save(self, engine: &Engine, parts: &Parts) -> Result<(), Failure> {
        let mode = serde_json::from_value(json!(self.mode)).map_err(|_| {
            Fault::new(ErrorCode::InvalidValue, format!("`{}` is no mode", self.mode))
                .hint("It is one of append, upsert, replace, insert_ignore and truncate.")
        })?;
        let plan = Plan {
            from: self.from,
            tables: self.tables,
            to: self.to,
            target: self.target,
            mode,
            settings: self.settings.into_iter().collect(),
            ..Plan::default()
        };
        let saved = migrations::create(engine, parts.registry.as_ref(), &self.name, &plan, true).await;
        let record = saved.map_err(|faults| Failure::in_document(&self.name, faults))?;
        output::line(format!("saved `{}` as version {}", record.name, record.number));
        Ok(())
    }
}

/// Waits for the run's end, which another process brings about.
async fn wait(engine: &Engine, run: model::RunId) -> Result<ExitCode, Failure> {
    let bar = std::io::stderr().is_terminal().then(once::bar);
    loop {
        let view = engine.get_run(run).await?;
        let told = State::of(&view);
        if view.status.is_final() {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            state::print(&told);
            return Ok(state::exit_code(&told));
        }
        if let Some(bar) = &bar {
            state::show(&told, bar);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn print_log(engine: &Engine, view: &RunView, lines: u32) -> Result<(), Failure> {
    let (mut after, mut newest) = (0, Vec::new());
    if lines == 0 {
        return Ok(());
    }
    loop {
        let page = engine.list_logs(view.id, after, 500).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        newest.extend(page.into_iter().map(|(_, line)| line));
        let over = newest.len().saturating_sub(lines as usize);
        newest.drain(..over);
    }
    for line in newest {
        output::line(format!("{} {}", line.at.format("%H:%M:%S"), line.message));
    }
    Ok(())
}

async fn validate(engine: &Engine, parts: &Parts, name: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let record = engine.get_workflow(name).await?;
    let text = engine.get_version(record.version).await?.text;
    let plan = engine.check(&text).map_err(|faults| Failure::in_document(name, faults))?;
    let mut found = Map::new();
    for step in plan.workflow.steps.iter().filter(|step| step.uses == "migrate") {
        let connections: &dyn Connections = parts.registry.as_ref();
        found.extend(steps::migrate::validate(&step.with, connections).await?);
    }
    if found.is_empty() {
        let fault = Fault::new(ErrorCode::StepNotFound, format!("the workflow `{name}` has no `migrate` step"));
        return Err(fault.into());
    }
    let differs = found.values().any(|validation| validation["verdict"] != "equal");
    if as_json {
        output::json(&found);
    } else {
        let number = |value: &Value| output::count(value.as_u64().unwrap_or(0));
        let rows = found.iter().map(|(table, validation)| {
            vec![
                table.clone(),
                validation["verdict"].as_str().unwrap_or_default().to_owned(),
                number(&validation["source_rows"]),
                number(&validation["target_rows"]),
                number(&validation["differences"]),
            ]
        });
        let header = ["table", "verdict", "source rows", "target rows", "differences"];
        output::table(&header, &header[2..], rows.collect());
    }
    Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
