//! `cargo xtask bench translate`: statements per second of `sluice translate --stdin --json`, through the sandbox, beside
//! `sqlglot[c]` on the same statements of the corpus in one run.
//!
//! The peer comes from PyPI into an environment of its own under the cache; where it cannot be had, that is said and our
//! own figure stands alone.

use super::machine;
use super::usage::{self, Usage};
use crate::command;
use crate::project;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often the whole corpus is translated in one measurement.
    #[arg(long, default_value_t = 40)]
    rounds: u32,
    /// Measure this `sluice` rather than build one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Measure without the peer.
    #[arg(long)]
    alone: bool,
}

/// Each file of the corpus with its dialects.
const FILES: &[(&str, &str, &str)] =
    &[("mariadb-to-postgres.sql", "mariadb", "postgres"), ("postgres-to-mariadb.sql", "postgres", "mariadb")];

/// What sqlglot is asked to do with the same lines.
const PEER: &str = r#"
import json, sys, time
import sqlglot
names = {"mariadb": "mysql", "postgres": "postgres"}
lines = [json.loads(line) for line in sys.stdin]
start = time.perf_counter()
failed = 0
for line in lines:
    try:
        sqlglot.transpile(line["sql"], read=names[line["from"]], write=names[line["to"]])
    except Exception:
        failed += 1
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "failed": failed, "version": sqlglot.__version__}))
"#;

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<()> {
    project::build_plugins(&["sql-translator"])?;
    let program = super::program(options.program.as_ref())?;
    let folder = project::target_dir().join("bench-translate");
    fs::create_dir_all(&folder)?;
    let lines = requests()?;
    let statements = lines.len() as u64 * u64::from(options.rounds);
    let once = folder.join("once.jsonl");
    fs::write(&once, lines.join("\n") + "\n")?;
    let all = folder.join("all.jsonl");
    let mut file = File::create(&all)?;
    for _ in 0..options.rounds {
        file.write_all((lines.join("\n") + "\n").as_bytes())?;
    }
    drop(file);
    // The first call compiles the component; what is measured finds it compiled, and its start is taken off.
    ours(&program, &folder, &once)?;
    let start = ours(&program, &folder, &once)?;
    let whole = ours(&program, &folder, &all)?;
    let seconds = (whole.seconds - start.seconds).max(0.001);
    let counted = statements - lines.len() as u64;
    let rate = counted as f64 / seconds;
    println!("{:>12} {:>12} {:>12} {:>10}", "translator", "statements/s", "CPU s", "peak MiB");
    println!("{:>12} {rate:>12.0} {:>12.2} {:>10.0}", "sluice", whole.cpu_seconds, whole.peak_mib);
    let peer = if options.alone { Value::Null } else { peer(&folder, &all)? };
    let mut times = Value::Null;
    if let Some(peer_seconds) = peer["seconds"].as_f64() {
        let peer_rate = statements as f64 / peer_seconds;
        println!("{:>12} {peer_rate:>12.0}", "sqlglot[c]");
        println!("beside sqlglot {}: {:.1}×", peer["version"].as_str().unwrap_or("?"), rate / peer_rate);
        times = json!(rate / peer_rate);
    }
    println!(
        "{}",
        json!({
            "bench": "translate", "machine": machine::describe(), "statements": statements,
            "sluice": { "statements_per_second": rate, "cpu_seconds": whole.cpu_seconds, "peak_mib": whole.peak_mib },
            "sqlglot": peer, "times": times,
        })
    );
    Ok(())
}

/// The corpus as request lines, with its schema where the source's side has one.
fn requests() -> Result<Vec<String>> {
    let folder = project::root().join("tests/corpus/translate");
    let mut lines = Vec::new();
    for (file, from, to) in FILES {
        let text = fs::read_to_string(folder.join(file)).with_context(|| format!("cannot read `{file}`"))?;
        let schema = fs::read_to_string(folder.join(format!("data-{from}.sql")))?;
        for block in text.split("\n\n") {
            let kept = block.lines().filter(|line| !line.starts_with("-- ") && !line.starts_with("?? "));
            let sql = kept.collect::<Vec<_>>().join("\n");
            if !sql.trim().is_empty() {
                lines.push(json!({ "from": from, "to": to, "sql": sql, "schema": schema }).to_string());
            }
        }
    }
    ensure!(lines.len() >= 400, "the corpus has only {} statements", lines.len());
    Ok(lines)
}

fn ours(program: &Path, folder: &Path, input: &Path) -> Result<Usage> {
    let output = folder.join("answers.jsonl");
    let mut command = Command::new(program);
    command.arg("--data-dir").arg(folder.join("data")).args(["translate", "--stdin", "--json"]);
    command.stdin(File::open(input)?);
    let (usage, status) = usage::watch(&mut command, &output)?;
    ensure!(status.success(), "`sluice translate` failed");
    let (asked, answered) = (count_lines(input)?, count_lines(&output)?);
    ensure!(asked == answered, "{asked} lines were asked and {answered} answered");
    // A few statements have no translation; a translator that is not there would refuse them all, and quickly.
    let answers = fs::read_to_string(&output)?;
    let refused = answers.lines().filter(|line| line.starts_with("{\"error\"")).count();
    ensure!(refused * 20 < asked, "{refused} of {asked} were refused: {}", answers.lines().next().unwrap_or_default());
    Ok(usage)
}

fn count_lines(file: &Path) -> Result<usize> {
    Ok(fs::read(file)?.iter().filter(|byte| **byte == b'\n').count())
}

/// Runs the peer in its environment, made at the first time.
fn peer(folder: &Path, input: &Path) -> Result<Value> {
    let environment = project::cache_dir()?.join("sqlglot");
    let python = environment.join("bin/python");
    if !python.is_file() {
        let made = make_environment(&environment, &python);
        if let Err(error) = made {
            let _ = fs::remove_dir_all(&environment);
            eprintln!("sqlglot cannot be had: {error:#}");
            return Ok(Value::Null);
        }
    }
    let script: PathBuf = folder.join("peer.py");
    fs::write(&script, PEER)?;
    let mut command = Command::new(&python);
    command.arg(&script).stdin(File::open(input)?);
    let output = command::capture(&mut command)?;
    match serde_json::from_slice(&output.stdout) {
        Ok(answer) => Ok(answer),
        Err(_) => bail!("sqlglot said: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn make_environment(environment: &Path, python: &Path) -> Result<()> {
    command::run(Command::new("python3").args(["-m", "venv"]).arg(environment))?;
    command::run(Command::new(python).args(["-m", "pip", "install", "--quiet", "sqlglot[c]"]))
}
