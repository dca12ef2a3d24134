//! `sluice validate FILE`: every fault of a document at once.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::kinds_only;
use clap::Args;
use model::{ErrorCode, Fault};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
