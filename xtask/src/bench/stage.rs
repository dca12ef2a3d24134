//! `cargo xtask bench stage`: CSV → classify → validate → route, measured by the example `stage` of the server's
//! crate, which knows the steps.

use crate::{command, project};
use anyhow::Result;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of each measurement.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 10_000_000])]
    rows: Vec<u64>,
}

/// Builds the example for release and runs it once for each number of rows, so that peak memory is each one's own.
pub(crate) fn run(options: &Options) -> Result<()> {
    let example = ["--release", "--workspace", "--example", "stage"];
    command::run(project::cargo().arg("build").args(example))?;
    let folder = project::target_dir().join("bench/stage");
    std::fs::create_dir_all(&folder)?;
    for rows in &options.rows {
        let program = project::target_dir().join("release/examples/stage");
        let mut stage = std::process::Command::new(program);
        command::run(stage.arg(rows.to_string()).arg(&folder))?;
    }
    Ok(())
}
