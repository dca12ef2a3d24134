//! `cargo xtask bench stage`: a CSV file of daily bars through classify, validate and route, by `sluice run` in a
//! process of its own; with tables of a SQLite file behind the routes, and with nothing behind them.

use super::machine;
use super::usage::{self, Usage};
use crate::command;
use crate::project::{self, Profile};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of each measurement.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 10_000_000])]
    rows: Vec<u64>,
}

/// One row in so many has its high below its low and must be rejected.
const SPOILED_EACH: u64 = 1_000;

const STEPS: &str = r#"steps:
  - { id: bars, uses: fetch, with: { path: bars.csv } }
  - { id: kinds, uses: classify, from: bars }
  - id: checked
    uses: validate
    from: kinds
    with:
      rules:
        - { name: ohlc, expect: "high >= greatest(open, close) and low <= least(open, close)" }
        - { name: there, not_null: [symbol, trade_date, close] }
        - { name: positive, between: { column: volume, min: 0 } }
    on_error: reject
  - id: routed
    uses: route
    from: checked
    with:
"#;

const INTO_TABLES: &str = r#"      rules:
        - { name: market, when: "class = 'market'", to: { connection: store, table: market, drop: [class, subclass] } }
        - { name: others, when: "close > 0", to: { connection: store, table: others, drop: [class, subclass] } }
      otherwise: drop
"#;

const INTO_NOTHING: &str = r#"      rules:
        - { name: market, when: "class = 'market'", port: market }
        - { name: others, when: "close > 0", port: others }
      otherwise: drop
"#;

struct Figure {
    sinks: &'static str,
    rows: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
    routed: u64,
    rejected: u64,
    /// Busy time of each step in seconds, in the document's order.
    busy: Vec<(String, f64)>,
}

/// Measures each size without and with sinks, prints a table, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = project::build_server(Profile::Release)?;
    let machine = machine::describe();
    let folder = project::target_dir().join("bench/stage");
    let mut figures = Vec::new();
    for &rows in &options.rows {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let bytes = write_bars(&folder.join("bars.csv"), rows)?;
        println!("{rows} rows, {} MB of CSV", bytes / 1_000_000);
        for (sinks, routes) in [("none", INTO_NOTHING), ("SQLite", INTO_TABLES)] {
            figures.push(measure(&program, &folder, sinks, routes, rows)?);
        }
    }
    let _ = fs::remove_dir_all(&folder);
    print(&figures, &machine);
    Ok(())
}

/// Writes the bars; answers the file's size in bytes.
fn write_bars(path: &Path, rows: u64) -> Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "symbol,trade_date,open,high,low,close,volume")?;
    for row in 0..rows {
        // A calendar of 28-day months: every date is one.
        let day = row / 500;
        let (year, month, day) = (1990 + day / 336 % 100, day / 28 % 12 + 1, day % 28 + 1);
        let (open, close) = (100 + row % 97, 100 + row % 89);
        let high = if row % SPOILED_EACH == 7 { 50 } else { open.max(close) + 1 };
        let low = open.min(close) - 1;
        writeln!(
            file,
            "SYM{},{year}-{month:02}-{day:02},{open}.25,{high}.5,{low}.125,{close}.75,{}",
            row % 500,
            row * 7_919 % 1_000_000
        )?;
    }
    file.into_inner().context("the CSV file cannot be written")?.sync_all()?;
    Ok(fs::metadata(path)?.len())
}

fn measure(program: &Path, folder: &Path, sinks: &'static str, routes: &str, rows: u64) -> Result<Figure> {
    let data = folder.join("data");
    let _ = fs::remove_dir_all(&data);
    let store = folder.join("store.db");
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.join(format!("store.db{suffix}")));
    }
    let sluice = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(&data).args(arguments);
        command
    };
    command::output(&mut sluice(&["connection", "add", "store", &format!("sqlite:{}", store.display())]))?;
    let document = folder.join("stage.yaml");
    fs::write(&document, format!("name: stage\n{STEPS}{routes}"))?;
    let document = document.to_str().context("the build folder's name is not UTF-8")?;
    let (usage, run) = watch(&mut sluice(&["run", document, "--json"]), folder.join("run.json"))?;
    ensure!(run["status"] == "succeeded", "the run did not succeed: {run}");

    let metrics = |step: &Value| step["metrics"].clone();
    let steps = run["steps"].as_array().context("a run has steps")?;
    let of = |id: &str, key: &str| {
        let step = steps.iter().find(|step| step["id"] == id);
        step.and_then(|step| metrics(step)[key].as_u64()).unwrap_or(0)
    };
    let figure = Figure {
        sinks,
        rows,
        seconds: between(&run)?,
        cpu_seconds: usage.cpu_seconds,
        peak_mib: usage.peak_mib,
        routed: of("routed", "rows_in"),
        rejected: of("checked", "rows_rejected"),
        busy: steps
            .iter()
            .map(|step| {
                let millis = metrics(step)["busy_ms"].as_f64().unwrap_or(0.0);
                (step["id"].as_str().unwrap_or_default().to_owned(), millis / 1000.0)
            })
            .collect(),
    };
    let spoiled = (rows + SPOILED_EACH - 8) / SPOILED_EACH;
    ensure!(
        figure.rejected == spoiled && figure.routed == rows - spoiled,
        "of {rows} rows {} were routed and {} rejected; {spoiled} are spoiled",
        figure.routed,
        figure.rejected
    );
    Ok(figure)
}

/// From the run's first task to its end, in seconds; what the file's types are is found out in that time, too.
fn between(run: &Value) -> Result<f64> {
    let at = |key: &str| {
        let text = run[key].as_str().with_context(|| format!("a run that ended has `{key}`"))?;
        second_of_day(text).with_context(|| format!("`{key}` is `{text}`"))
    };
    let seconds = at("finished_at")? - at("started_at")?;
    Ok(if seconds < 0.0 { seconds + 86_400.0 } else { seconds })
}

/// The time in `2024-01-31T08:00:00.5Z`.
fn second_of_day(text: &str) -> Option<f64> {
    let (_, time) = text.trim_end_matches('Z').split_once('T')?;
    time.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}

/// Runs the program to its end; answers what it took and the JSON it prints.
fn watch(command: &mut Command, output: PathBuf) -> Result<(Usage, Value)> {
    let (usage, status) = usage::watch(command, &output)?;
    let text = fs::read_to_string(&output)?;
    let run = serde_json::from_str(&text).with_context(|| format!("`sluice run` ended with {status}: {text}"))?;
    Ok((usage, run))
}

fn print(figures: &[Figure], machine: &Value) {
    println!(
        "\n{:>10} {:<7} {:>8} {:>11} {:>7} {:>16} {:>9}",
        "rows", "sinks", "seconds", "rows/s", "CPU s", "CPU s per 1M rows", "peak MiB"
    );
    let mut rows = Vec::new();
    for figure in figures {
        #[allow(clippy::cast_precision_loss)]
        let count = figure.rows as f64;
        let (rate, cpu) = (count / figure.seconds, figure.cpu_seconds / count * 1e6);
        println!(
            "{:>10} {:<7} {:>8.2} {rate:>11.0} {:>7.2} {cpu:>17.2} {:>9.0}",
            figure.rows, figure.sinks, figure.seconds, figure.cpu_seconds, figure.peak_mib
        );
        let busy: Vec<String> = figure.busy.iter().map(|(step, seconds)| format!("{step} {seconds:.2} s")).collect();
        println!("           busy: {}", busy.join(", "));
        rows.push(json!({
            "rows": figure.rows, "sinks": figure.sinks, "seconds": figure.seconds, "rows_per_s": rate,
            "cpu_s": figure.cpu_seconds, "peak_mib": figure.peak_mib, "rejected": figure.rejected,
            "busy_s": figure.busy.iter().map(|(step, seconds)| (step.clone(), json!(seconds))).collect::<serde_json::Map<_, _>>(),
        }));
    }
    println!("\n{}", json!({ "bench": "stage", "machine": machine, "figures": rows }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_row_in_a_thousand_is_spoiled() {
        let path = std::env::temp_dir().join(format!("sluice-bars-{}.csv", std::process::id()));
        let bytes = write_bars(&path, 2_500).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(bytes, text.len() as u64);
        assert_eq!(text.lines().count(), 2_501);
        assert_eq!(text.lines().filter(|line| line.split(',').nth(3) == Some("50.5")).count(), 3);
    }

    #[test]
    fn a_run_past_midnight_has_a_length() {
        let run = json!({ "started_at": "2024-01-31T23:59:59.5Z", "finished_at": "2024-02-01T00:00:01Z" });
        assert_eq!(between(&run).unwrap(), 1.5);
        assert!(between(&json!({ "started_at": "2024-01-31T23:59:59.5Z", "finished_at": null })).is_err());
    }
}
