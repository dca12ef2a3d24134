//! `cargo xtask bench engine`: workflows of one and ten steps that do nothing, started by 20 callers over HTTP who
//! wait for the result; SQLite and PostgreSQL metadata, and Restate beside them.

use super::load::{self, Load, Seen};
use super::machine;
use super::restate::Restate;
use super::sluice::{Sluice, noops};
use crate::project::{self, Profile};
use crate::servers::{Kind, Servers};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How long and against whom.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Callers that each wait for their run before they start the next.
    #[arg(long, default_value_t = 20)]
    callers: usize,
    /// Measured seconds of each figure.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only Sluice.
    #[arg(long)]
    without_restate: bool,
}

const STEP_COUNTS: [u32; 2] = [1, 10];

struct Figure {
    system: String,
    steps: u32,
    seen: Seen,
}

/// Measures all systems one after the other, prints a table, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = project::build_server(Profile::Release)?;
    let servers = Servers::start_own(Kind::Postgres)?;
    let machine = machine::describe();
    let load = Load {
        callers: options.callers,
        warm_up: Duration::from_secs(2),
        measured: Duration::from_secs(options.seconds),
    };
    let mut figures = Vec::new();
    measure_sluice("Sluice, SQLite", &program, None, load, &mut figures)?;
    match servers.url(Kind::Postgres) {
        Some(url) => measure_sluice("Sluice, PostgreSQL", &program, Some(url), load, &mut figures)?,
        None => println!("PostgreSQL is missing; its figures are left out"),
    }
    if !options.without_restate {
        match Restate::start() {
            Ok(restate) => {
                for steps in STEP_COUNTS {
                    let system = format!("Restate {}", Restate::version());
                    println!("{system}: {steps} steps");
                    figures.push(Figure { system, steps, seen: restate.drive(steps, load)? });
                }
            }
            Err(error) => println!("Restate cannot be measured here: {error:#}"),
        }
    }
    print(&figures, &machine, load);
    Ok(())
}

fn measure_sluice(
    system: &str,
    program: &Path,
    database: Option<&str>,
    load: Load,
    figures: &mut Vec<Figure>,
) -> Result<()> {
    let documents = STEP_COUNTS.map(|steps| noops(&name(steps), steps));
    let server = Sluice::start(program, database, &documents)?;
    for steps in STEP_COUNTS {
        println!("{system}: {steps} steps");
        let seen = load::drive(&server.hook(&name(steps)), load).with_context(|| server.see())?;
        figures.push(Figure { system: system.to_owned(), steps, seen });
    }
    Ok(())
}

fn name(steps: u32) -> String {
    format!("noop-{steps}")
}

fn print(figures: &[Figure], machine: &Value, load: Load) {
    println!(
        "\n{:<22} {:>5} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "system", "steps", "runs/s", "p50 ms", "p95 ms", "p99 ms", "steps/s"
    );
    let mut rows = Vec::new();
    for figure in figures {
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| figure.seen.percentile_ms(share));
        let (rate, steps_rate) = (figure.seen.rate, figure.seen.rate * f64::from(figure.steps));
        println!(
            "{:<22} {:>5} {rate:>9.0} {p50:>9.1} {p95:>9.1} {p99:>9.1} {steps_rate:>10.0}",
            figure.system, figure.steps
        );
        rows.push(json!({
            "system": figure.system, "steps": figure.steps, "runs_per_s": rate, "steps_per_s": steps_rate,
            "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "mean_ms": figure.seen.mean_ms(),
        }));
    }
    println!();
    let mut added = Vec::new();
    for pair in figures.chunks_exact(2).filter(|pair| pair[0].system == pair[1].system) {
        let per_step = (pair[1].seen.mean_ms() - pair[0].seen.mean_ms()) / f64::from(pair[1].steps - pair[0].steps);
        println!("{}: {per_step:.2} ms added per step", pair[0].system);
        added.push(json!({ "system": pair[0].system, "ms_per_step": per_step }));
    }
    let result = json!({
        "bench": "engine", "machine": machine, "callers": load.callers, "seconds": load.measured.as_secs(),
        "figures": rows, "added": added,
    });
    println!("\n{result}");
}
