//! `sluice try FILE`: tries a document on a few rows, writes nothing, and shows what is on each of its edges.

use super::run::parse_pair;
use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::trials::Trials;
use crate::wire::Parts;
use clap::Args;
use model::{ErrorCode, Fault, StepId, StepStatus};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::process::ExitCode;
use workbench::trials::{MOST_ROWS, PortPage, TargetPage, Tester, TrialOptions, TrialPage};

/// A longer cell is cut on the terminal.
const CELL: usize = 40;

#[derive(Debug, Args)]
pub(crate) struct TryOut {
    /// The document, YAML or JSON.
    file: PathBuf,
    /// The last step to try, with all that stands before it; without it all steps are tried.
    #[arg(long, value_name = "STEP")]
    up_to: Option<String>,
    /// How many rows each source gives, at most 1000.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=MOST_ROWS as i64))]
    rows: u16,
    /// A value for one of its inputs; may be given several times.
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = parse_pair)]
    inputs: Vec<(String, String)>,
    /// Print all as JSON.
    #[arg(long)]
    json: bool,
}

impl TryOut {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let name = self.file.display().to_string();
        let text = read_document(&self.file)?;
        let up_to = self.up_to.as_deref().map(step_id).transpose()?;
        let inputs: Map<String, Value> =
            self.inputs.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        let parts = Parts::open(settings).await?;
        let page = match parts.plan(&text) {
            Ok(plan) => {
                let trials = Trials::new(parts.runner(settings.files_of(&self.file)));
                let options = TrialOptions { up_to, rows: self.rows.into(), inputs, pins: Vec::new() };
                trials.try_out(&plan, options).await.map_err(Failure::from)
            }
            Err(faults) => Err(Failure::in_document(&name, faults)),
        };
        parts.database.close().await.map_err(Fault::from)?;
        let page = page?;
        if self.json {
            output::json(&page);
        } else {
            print(&page);
        }
        let well = page.steps.iter().all(|step| matches!(step.status, StepStatus::Succeeded | StepStatus::Skipped));
        Ok(if well && !page.timed_out { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn step_id(text: &str) -> Result<StepId, Fault> {
    StepId::new(text)
        .ok_or_else(|| Fault::new(ErrorCode::StepNotFound, format!("`--up-to {text}`: there is no step of that name")))
}

fn print(page: &TrialPage) {
    // That nothing was kept out need not be said of every step.
    for port in page.ports.iter().filter(|port| port.total > 0 || port.port != "rejected") {
        print_port(port);
    }
    for target in &page.targets {
        output::line(told(target));
    }
    for step in &page.steps {
        let Some(error) = &step.error else { continue };
        let word = if step.status == StepStatus::Skipped { "was not tried" } else { "failed" };
        output::line(format!("step `{}` {word}: {} [{}]", step.id, error.message, error.code));
        if let Some(hint) = &error.hint {
            output::line(format!("  hint: {hint}"));
        }
    }
    if page.timed_out {
        output::line("the time of a trial was over before all was done");
    }
}

fn print_port(port: &PortPage) {
    output::line(format!("{}.{}: {}", port.step, port.port, output::counted(port.total, "row")));
    if port.rows.is_empty() {
        return;
    }
    let heads: Vec<&str> = port.columns.iter().map(|column| column.name.as_str()).collect();
    let rows = port.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    output::table(&heads, &[], rows);
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    output::one_line(&text, CELL)
}

fn told(target: &TargetPage) -> String {
    let place = match (&target.connection, &target.table, &target.plugin) {
        (Some(connection), Some(table), _) => format!("table `{table}` of `{connection}`"),
        (_, _, Some(plugin)) => format!("plugin `{plugin}`"),
        _ => "nowhere".to_owned(),
    };
    let mode = target.mode.as_ref().map(|mode| format!(" by `{mode}`")).unwrap_or_default();
    let mut text =
        format!("step `{}` would write {} to {place}{mode}", target.step, output::counted(target.rows, "row"));
    if target.makes_table == Some(true) {
        text.push_str(", which would be made");
    }
    if !target.missing_columns.is_empty() {
        text.push_str(&format!("; it has no column `{}`", target.missing_columns.join("`, `")));
    }
    text
}
