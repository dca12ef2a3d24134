//! `cargo xtask check`: all that needs no server.
//!
//! Every check runs even where one before it failed, so that one call tells everything.

mod arrows;
mod tidy;
mod tools;

use crate::{codegen, command, project, web};
use anyhow::{Result, bail};
use std::time::Instant;

/// What to check.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the checks of these names.
    only: Vec<String>,
}

type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("format", format),
    ("arrows", arrows::check),
    ("tidy", tidy::check),
    ("clippy", clippy),
    ("rustdoc", rustdoc),
    ("unused", tools::machete),
    ("deny", tools::deny),
    ("generated", generated),
    ("web", editor),
];

/// Runs the checks; an error names those that failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options.only.iter().find(|name| CHECKS.iter().all(|(known, _)| known != name)) {
        let known: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
        bail!("there is no check `{unknown}`; there are {}", known.join(", "));
    }
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        if !options.only.is_empty() && !options.only.iter().any(|only| only == name) {
            continue;
        }
        println!("check {name}");
        let start = Instant::now();
        match check() {
            Ok(()) => println!("check {name}: ok ({:.1} s)", start.elapsed().as_secs_f64()),
            Err(error) => {
                println!("check {name}: failed\n{error:#}");
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed checks: {}", failed.join(", "));
    }
    Ok(())
}

fn format() -> Result<()> {
    command::run(project::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    command::run(project::cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn rustdoc() -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings");
    command::run(&mut cargo)
}

fn generated() -> Result<()> {
    codegen::run(&codegen::Options { check: true })
}

/// Types, lint and generated files of the web editor, where npm is there.
fn editor() -> Result<()> {
    if !web::has_npm("the web editor is not checked") {
        return Ok(());
    }
    command::run(web::npm()?.args(["run", "--silent", "check"]))
}
