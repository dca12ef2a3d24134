//! `cargo xtask bench server`: a server's start and memory, a thousand who listen to it, and a history of a million runs.

mod history;
mod subscribers;

use super::sluice::Sluice;
use super::{machine, program};
use crate::servers::{Kind, Servers};
use anyhow::Result;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// How much of each, and of which program.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs in the long history.
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// Sockets that hear of every run.
    #[arg(long, default_value_t = 1_000)]
    subscribers: usize,
    /// The program to measure, instead of this checkout's.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// Starts of which the median counts.
const STARTS: usize = 5;

/// Measures and prints tables, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = program(options.program.as_ref())?;
    let servers = Servers::start_own(Kind::Postgres)?;
    let machine = machine::describe();

    drop(Sluice::start(&program, None, &[])?);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Sluice::start_again(&program, None)?.started_in);
    }
    starts.sort_unstable();
    let started_ms = starts[STARTS / 2].as_secs_f64() * 1_000.0;
    let idle = Sluice::start_again(&program, None)?;
    std::thread::sleep(Duration::from_secs(3));
    let idle_mib = idle.resident_mib();
    drop(idle);
    println!("starts in {started_ms:.0} ms; idle it holds {idle_mib:.0} MiB");

    let heard = subscribers::measure(&program, options.subscribers)?;
    let history = history::measure(&program, servers.url(Kind::Postgres), options.runs)?;
    let result = json!({
        "bench": "server", "machine": machine, "start_ms": started_ms, "idle_mib": idle_mib,
        "subscribers": heard, "runs": options.runs, "history": history,
    });
    println!("\n{result}");
    Ok(())
}
