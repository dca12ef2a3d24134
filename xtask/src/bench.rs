//! `cargo xtask bench <name>`: measurements beside the peer, on release builds, printed as a table and as JSON.
//!
//! The figures of record and the machine they come from are in `docs/benchmarks.md`.

mod connectors;
mod diff;
mod engine;
mod load;
mod machine;
mod migrate;
mod plugin;
mod restate;
mod server;
mod sluice;
mod stage;
mod translate;
mod usage;

use crate::project::{self, Profile};
use anyhow::Result;
use std::path::PathBuf;

/// Which measurement.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(clap::Subcommand)]
enum Bench {
    /// Rows per second into and out of each system, beside the system's own fastest way.
    Connectors(connectors::Options),
    /// Seconds, processor time and memory of a comparison across two systems, beside the tools people use for it.
    Diff(diff::Options),
    /// Runs per second and latency of workflows that do nothing, started over HTTP, every step durable.
    Engine(engine::Options),
    /// A table from MariaDB to PostgreSQL, beside the pipe of their clients, pgloader and Sling.
    Migrate(migrate::Options),
    /// What a call through the sandbox costs in each language, what an instance takes, and how soon a change is in use.
    Plugin(plugin::Options),
    /// A server's start and memory, a thousand who listen to it, and a history of a million runs.
    Server(server::Options),
    /// Rows per second of CSV through classify, validate and route, with and without sinks.
    Stage(stage::Options),
    /// Statements translated per second, beside sqlglot.
    Translate(translate::Options),
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.bench {
        Bench::Connectors(options) => connectors::run(options),
        Bench::Diff(options) => diff::run(options),
        Bench::Engine(options) => engine::run(options),
        Bench::Migrate(options) => migrate::run(options),
        Bench::Plugin(options) => plugin::run(options),
        Bench::Server(options) => server::run(options),
        Bench::Stage(options) => stage::run(options),
        Bench::Translate(options) => translate::run(options),
    }
}

/// The `sluice` that is measured: the one given, else that of this checkout, built for release.
fn program(given: Option<&PathBuf>) -> Result<PathBuf> {
    given.map_or_else(|| project::build_server(Profile::Release), |program| Ok(program.canonicalize()?))
}
