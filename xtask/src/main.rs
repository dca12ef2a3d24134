//! Every chore of the project, as `cargo xtask <chore>`: test, check, codegen, demo, fuzz, bench.
//!
//! Compiled before anything else, so its own dependencies stay light: no async runtime, no TLS, no Arrow.
//! One file per chore; `project.rs` knows where things lie and `command.rs` how programs are called.

#![allow(clippy::print_stdout, reason = "a command-line tool speaks on its standard output")]

mod bench;
mod browser;
mod check;
mod codegen;
mod command;
mod demo;
mod fuzz;
mod project;
mod servers;
mod spoil;
mod suite;
mod web;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Every chore of the project", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Runs every test, with real PostgreSQL, MariaDB and Redis servers.
    Test(suite::Options),
    /// Starts the tests' servers, prints their variables and stops them on Ctrl-C: for running single tests by hand.
    Servers,
    /// Checks all that needs no server: format, lints, docs, imports, dependencies, generated files.
    Check(check::Options),
    /// Writes the generated files.
    Codegen(codegen::Options),
    /// Builds everything and runs the market-day workflow on good and on spoiled input.
    Demo(demo::Options),
    /// Asks the server ten thousand made-up requests each of GraphQL and REST.
    Fuzz(fuzz::Options),
    /// Measures, and prints a table and JSON.
    Bench(bench::Options),
    /// Builds the first-party plugins to WebAssembly components.
    Plugins,
    /// Builds the web editor, which the next build of the server takes in.
    Web,
    /// Writes the spoiled input of the market-day workflow from the good one.
    Spoil,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Test(options) => suite::run(&options),
        Chore::Servers => servers::run(),
        Chore::Check(options) => check::run(&options),
        Chore::Codegen(options) => codegen::run(&options),
        Chore::Demo(options) => demo::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Plugins => {
            project::build_plugins(project::PLUGINS).and_then(|_| project::build_scripted(project::SCRIPTED))
        }
        Chore::Web => web::build(),
        Chore::Spoil => spoil::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
