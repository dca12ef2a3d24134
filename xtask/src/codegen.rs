//! `cargo xtask codegen`: writes every generated file, or checks that each is fresh. They are committed.

use crate::command;
use crate::project::{self, Profile};
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What to do with the generated files.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail where a file is not what it should be.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Each generated file with the subcommand of the server that prints it.
const FILES: &[(&str, &[&str])] = &[
    ("workflows/schema.json", &["schema"]),
    ("workflows/tables.schema.json", &["tables", "schema"]),
    ("workflows/alerts.schema.json", &["alert", "policy", "schema"]),
    ("web/schema.graphql", &["graphql-schema"]),
];

/// Writes or checks them all.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = project::build_server(Profile::Dev)?;
    let mut stale = Vec::new();
    for (name, arguments) in FILES {
        let file = project::root().join(name);
        let fresh = command::output(Command::new(&server).args(*arguments))?;
        if is_fresh(&file, &fresh) {
            continue;
        }
        if options.check {
            stale.push(*name);
        } else {
            fs::write(&file, fresh)?;
            println!("wrote {name}");
        }
    }
    if !stale.is_empty() {
        bail!("not fresh: {}; run `cargo xtask codegen` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

fn is_fresh(file: &Path, text: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|written| written == text)
}
