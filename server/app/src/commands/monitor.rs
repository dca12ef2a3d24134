//! `sluice monitor …`: comparisons that are made on a schedule and tell people when a threshold is passed.
//!
//! A monitor is a workflow made from a template. Exit codes: 0 done and within the thresholds, 1 a threshold was passed, 2 failed.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::{Parts, Role};
use clap::{Args, Subcommand, ValueEnum};
use engine::Engine;
use model::{ErrorCode, Fault, RunStatus};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use workbench::monitors::{self, MonitorResult, MonitorSide, MonitorView, NewMonitor, Template, Threshold};

/// A threshold was passed.
const PASSED: u8 = 1;
/// Something failed.
const FAILED: u8 = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum Monitor {
    /// Make a monitor and let its schedule run.
    Add(Box<Add>),
    /// List monitors with their last results.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run monitors here and now, all of them side by side, and tell what they found.
    Run {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a monitor found, newest first.
    Results {
        /// Its name.
        name: String,
        /// How many runs.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=400))]
        limit: u32,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the schedules of monitors run, all where none is named.
    Start {
        /// Their names.
        names: Vec<String>,
    },
    /// Keep the schedules of monitors from running, all where none is named.
    Stop {
        /// Their names.
        names: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its name, and the workflow's: lowercase letters, digits and `-`.
    name: String,
    /// What it watches.
    #[arg(long, value_enum)]
    template: Kind,
    /// `CONNECTION:table`, or a query that starts with SELECT instead of the table.
    #[arg(long)]
    left: String,
    /// What it is compared with. Without it `row-count` looks at the rows of one table and `schema-change` at what the table
    /// is like now.
    #[arg(long)]
    right: Option<String>,
    /// A condition on the rows of both sides, in the system's own SQL.
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Columns that say which rows belong together.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    key: Vec<String>,
    /// Columns to compare; all where absent.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    columns: Vec<String>,
    /// When it runs, as crontab(5) says it: `0 * * * *`; by hand only where absent.
    #[arg(long)]
    cron: Option<String>,
    /// The zone of that: `Asia/Shanghai`; UTC where absent.
    #[arg(long, requires = "cron")]
    timezone: Option<String>,
    /// When people are told: `differences > 0`, `percent >= 0.5`, `row_difference != 0`; may be given again, and any counts.
    #[arg(long = "threshold", value_name = "MEASURE OP NUMBER")]
    thresholds: Vec<String>,
    /// A channel they are told by; may be given again; the run's log where absent.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
    /// How urgent it is.
    #[arg(long, value_enum, default_value_t = Severity::Warning)]
    severity: Severity,
    /// Replace the monitor of that name.
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    #[value(alias = "DATA_DIFF", alias = "data_diff")]
    DataDiff,
    #[value(alias = "ROW_COUNT", alias = "row_count")]
    RowCount,
    #[value(alias = "SCHEMA_CHANGE", alias = "schema_change")]
    SchemaChange,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Severity {
    Info,
    Warning,
    Critical,
}

impl Monitor {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        match self.carry_out(settings).await {
            Ok(code) => Ok(code),
            Err(failure) => {
                failure.print();
                Ok(ExitCode::from(FAILED))
            }
        }
    }

    async fn carry_out(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let here = matches!(self, Self::Run { .. });
        let running = if here {
            let files = settings.files();
            Some(parts.start(Role::Once, files).await?)
        } else {
            None
        };
        let engine = match &running {
            Some(running) => running.engine.clone(),
            None => super::workflow::ask_only(&parts).await?,
        };
        let done = self.with(&parts, &engine).await;
        engine.shutdown(if here { Duration::from_secs(10) } else { Duration::ZERO }).await;
        parts.database.close().await.map_err(Fault::from)?;
        done
    }

    async fn with(self, parts: &Parts, engine: &Arc<Engine>) -> Result<ExitCode, Failure> {
        match self {
            Self::Add(add) => {
                let replace = add.replace;
                let new = add.into_new()?;
                let record = monitors::create(engine, parts.registry.as_ref(), &new, replace).await?;
                output::line(format!("saved monitor `{}` as version {} of its workflow", record.name, record.number));
            }
            Self::List { json } => {
                let found = monitors::list(engine, None, usize::MAX).await?;
                if json { output::json(&found) } else { print_list(&found) }
            }
            Self::Run { names, json } => return run_all(engine, &names, json).await,
            Self::Results { name, limit, json } => {
                let found = monitors::results(engine, &name, None, limit).await?;
                if json { output::json(&found) } else { print_results(&found) }
            }
            Self::Start { names } => set_enabled(engine, names, true).await?,
            Self::Stop { names } => set_enabled(engine, names, false).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn into_new(self) -> Result<NewMonitor, Fault> {
        let side = |text: &str| parse_side(text, self.filter.clone());
        Ok(NewMonitor {
            template: match self.template {
                Kind::DataDiff => Template::DataDiff,
                Kind::RowCount => Template::RowCount,
                Kind::SchemaChange => Template::SchemaChange,
            },
            left: side(&self.left)?,
            right: self.right.as_deref().map(side).transpose()?,
            key: self.key,
            columns: self.columns,
            cron: self.cron,
            timezone: self.timezone,
            thresholds: self.thresholds.iter().map(|text| text.parse::<Threshold>()).collect::<Result<_, _>>()?,
            channels: self.channels,
            severity: match self.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Critical => "critical",
            }
            .to_owned(),
            name: self.name,
        })
    }
}

fn parse_side(text: &str, filter: Option<String>) -> Result<MonitorSide, Fault> {
    let Some((connection, rest)) = text.split_once(':').filter(|(name, rest)| !name.is_empty() && !rest.is_empty())
    else {
        return Err(Fault::new(ErrorCode::InvalidValue, format!("`{text}` is not CONNECTION:table"))
            .hint("Name a saved connection and one of its tables: `history:daily_bars`."));
    };
    if rest.starts_with("//") {
        return Err(Fault::new(ErrorCode::InvalidValue, "a monitor compares saved connections, not URLs")
            .hint("Save the address with `sluice connection add`."));
    }
    let relation = super::diff::relation(rest);
    Ok(MonitorSide { connection: connection.to_owned(), relation, filter })
}

/// Runs monitors side by side and waits for all.
async fn run_all(engine: &Arc<Engine>, names: &[String], json: bool) -> Result<ExitCode, Failure> {
    let mut started = Vec::new();
    for name in names {
        started.push((name, monitors::start(engine, name).await?));
    }
    let mut found = Vec::new();
    for (name, run) in started {
        loop {
            if engine.wait_run(run, Duration::from_secs(3600)).await?.status.is_final() {
                break;
            }
        }
        found.push((name.clone(), monitors::result(engine, name, run).await?));
    }
    if json {
        let named: serde_json::Map<_, _> =
            found.iter().map(|(name, result)| (name.clone(), serde_json::json!(result))).collect();
        output::json(&named);
    } else {
        let rows = found.iter().map(|(name, result)| {
            let mut row = vec![name.clone()];
            row.extend(cells(result));
            row
        });
        output::table(&["monitor", "at", "status", "value", "trend", "threshold"], &["value", "trend"], rows.collect());
    }
    let failed = found.iter().any(|(_, result)| result.status != RunStatus::Succeeded);
    let passed = found.iter().any(|(_, result)| result.passed);
    Ok(match (failed, passed) {
        (true, _) => ExitCode::from(FAILED),
        (false, true) => ExitCode::from(PASSED),
        (false, false) => ExitCode::SUCCESS,
    })
}

async fn set_enabled(engine: &Engine, names: Vec<String>, enabled: bool) -> Result<(), Failure> {
    let names = if names.is_empty() {
        monitors::list(engine, None, usize::MAX).await?.into_iter().map(|monitor| monitor.name).collect()
    } else {
        names
    };
    for name in names {
        monitors::set_enabled(engine, &name, enabled).await?;
        output::line(format!("`{name}` is {}", if enabled { "started" } else { "stopped" }));
    }
    Ok(())
}

fn print_list(found: &[MonitorView]) {
    let rows = found.iter().map(|monitor| {
        let last = monitor.last.as_ref();
        vec![
            monitor.name.clone(),
            monitor.template.as_str().replace('_', "-"),
            monitor.cron.clone().unwrap_or_else(|| "by hand".to_owned()),
            if monitor.enabled { "started" } else { "stopped" }.to_owned(),
            last.map_or_else(String::new, |last| last.at.format("%Y-%m-%d %H:%M:%S UTC").to_string()),
            last.map_or_else(String::new, |last| last.status.to_string()),
            last.and_then(|last| last.value).map_or_else(String::new, |value| value.to_string()),
            last.map_or("", verdict).to_owned(),
        ]
    });
    let header = ["monitor", "template", "when", "schedule", "last run", "status", "value", "threshold"];
    output::list(&header, &["value"], rows.collect(), "There is no monitor yet; `sluice monitor add` makes one.");
}

fn print_results(found: &[MonitorResult]) {
    let rows = found.iter().map(|result| {
        let mut row = vec![result.run.clone()];
        row.extend(cells(result));
        row
    });
    let header = ["run", "at", "status", "value", "trend", "threshold"];
    output::list(&header, &["value", "trend"], rows.collect(), "It has not run yet.");
}

/// Whether people had to be told.
fn verdict(result: &MonitorResult) -> &'static str {
    match (result.status, result.passed) {
        (_, true) => "passed",
        (RunStatus::Succeeded, false) => "kept",
        _ => "",
    }
}

fn cells(result: &MonitorResult) -> Vec<String> {
    vec![
        result.at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        result.status.to_string(),
        result.value.map_or_else(String::new, |value| value.to_string()),
        result.trend.map_or_else(String::new, |trend| format!("{trend:+}")),
        verdict(result).to_owned(),
    ]
}
