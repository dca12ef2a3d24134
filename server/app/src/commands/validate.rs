//! `sluice validate FILE`: every fault of a document at once, and a warning of channels that are not there.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::kinds_only;
use clap::Args;
use model::document::Step;
use model::{ErrorCode, Fault, Workflow};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::Database;

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The document, YAML or JSON.
    file: PathBuf,
    /// Print the faults as JSON.
    #[arg(long)]
    json: bool,
}

impl Validate {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let name = self.file.display().to_string();
        let text = read_document(&self.file)?;
        let kinds = kinds_only(settings, &settings.data_dir.join("plugins"))?;
        match engine::plan::check(&text, &kinds) {
            Ok(plan) => {
                warn_of_channels(settings, &name, &plan.workflow).await;
                if self.json {
                    output::json(&serde_json::json!([]));
                } else {
                    let steps = plan.workflow.steps.len();
                    output::line(format!(
                        "{name}: workflow `{}` is valid ({})",
                        plan.workflow.name,
                        output::counted(steps as u64, "step")
                    ));
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(faults) => {
                let failure = Failure::in_document(&name, faults);
                if self.json {
                    output::json(&failure.faults());
                    return Ok(ExitCode::FAILURE);
                }
                Err(failure)
            }
        }
    }
}

/// Says on standard error which channels the document's steps name that this server does not have. Where there is no
/// metadata database yet, nobody can know.
async fn warn_of_channels(settings: &Settings, name: &str, workflow: &Workflow) {
    let is_there = settings.metadata_url.is_some() || settings.data_dir.join("sluice.db").is_file();
    let named = channels(&workflow.steps);
    if !is_there || named.is_empty() {
        return;
    }
    let Ok(database) = Database::open(&settings.metadata_url()).await else { return };
    if let Ok(known) = database.list_channels(None, 500).await {
        let known: Vec<&str> = known.iter().map(|record| record.name.as_str()).collect();
        for (step, channel) in named {
            if channel != engine::alerts::LOG && !known.contains(&channel.as_str()) {
                let fault = workbench::channels::no_channel(&channel, known.iter().copied());
                eprintln!("warning: {name}: step `{step}`: {fault} [{}]", fault.code);
            }
        }
    }
    // It was only read.
    let _ = database.close().await;
}

/// Every channel that a step names as it is, with the step.
fn channels(steps: &[Step]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for step in steps {
        let names = match step.with.get("channels") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name.as_str()],
            _ => Vec::new(),
        };
        let plain = names.into_iter().filter(|name| !engine::expression::has_expression(name));
        found.extend(plain.map(|name| (step.id.to_string(), name.to_owned())));
    }
    found
}

/// The largest document that is read at all; the parser's own limit is lower and says more.
const DOCUMENT_MOST: u64 = 16 << 20;

/// Reads a document as text.
pub(super) fn read_document(path: &Path) -> Result<String, Fault> {
    let cannot = |what: String| {
        Fault::new(ErrorCode::FileNotFound, format!("`{}` cannot be read: {what}", path.display()))
            .hint("Check the name and the permissions of the file.")
    };
    let length = std::fs::metadata(path).map_err(|error| cannot(error.to_string()))?.len();
    if length > DOCUMENT_MOST {
        let message = format!("`{}` has {length} bytes; a document has at most 1 MiB", path.display());
        return Err(Fault::new(ErrorCode::DocumentTooLarge, message));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = u32::try_from(error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(1);
        Fault::new(ErrorCode::DocumentUnreadable, format!("`{}` is not UTF-8 in line {line}", path.display()))
            .hint("Save it as UTF-8.")
            .at(line, 1)
    })
}
