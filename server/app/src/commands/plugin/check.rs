//! `sluice plugin check`: the conformance suite of the host, as lines a person can act on.

use super::pack::Found;
use crate::failure::Failure;
use crate::output;
use clap::Args;
use model::{ErrorCode, Fault};
use plugin_host::conformance::{self, Outcome, Report};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The folder of its source, once built, that with `plugin.wasm`, or an archive.
    #[arg(default_value = ".")]
    plugin: PathBuf,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let report = match super::pack::find(&self.plugin)? {
            Found::Folder(folder) => conformance::check(&folder).await?,
            Found::Archive(package) => {
                let folder = tempfile::tempdir().map_err(|error| {
                    Fault::new(ErrorCode::DiskFailed, format!("no temporary folder can be made: {error}"))
                })?;
                let readme = package.readme.as_deref().unwrap_or_default();
                super::build::replace(&folder.path().join("plugin.toml"), package.manifest.as_bytes())?;
                super::build::replace(&folder.path().join(package.entry.file_name()), &package.code)?;
                super::build::replace(&folder.path().join("README.md"), readme.as_bytes())?;
                conformance::check(folder.path()).await?
            }
        };
        if self.json {
            output::json(&report);
        } else {
            print(&report);
        }
        Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print(report: &Report) {
    if !report.plugin.is_empty() {
        output::line(format!("{} {}", report.plugin, report.version));
    }
    for line in &report.lines {
        let mark = match line.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::Skipped => "skip",
        };
        let note = match (line.outcome, &line.why) {
            (Outcome::Passed, Some(why)) => format!(" ({})", output::one_line(why, 200)),
            _ => String::new(),
        };
        output::line(format!("  {mark}  {:<26} {}{note}", line.check, line.tried));
        if line.outcome != Outcome::Passed {
            let why = output::one_line(line.why.as_deref().unwrap_or_default(), 500);
            output::line(format!("        why:  {why}"));
            output::line(format!("        mend: {}", line.mend.as_deref().unwrap_or_default()));
        }
    }
    let count = |outcome| report.lines.iter().filter(|line| line.outcome == outcome).count();
    let (passed, failed) = (count(Outcome::Passed), count(Outcome::Failed));
    output::line(format!("{passed} passed, {failed} failed, {} skipped", count(Outcome::Skipped)));
}
