//! `cargo xtask bench diff`: two tables of `orders` compared, MariaDB on the left and PostgreSQL on the right, both private
//! servers, with 300 scattered differences, by `sluice diff` and by each rival that can be installed from PyPI.
//!
//! What counts is the processor time of the client and of both servers together; wall time is shown beside it. Each way must
//! find exactly the differences that were made, or the measurement ends.

use super::machine;
use super::usage::{Usage, tree_seconds, watch};
use crate::command;
use crate::project;
use crate::servers::{Kind, Servers};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Differences of each of three kinds.
const EACH: u64 = 100;
/// Lines that tell them: a changed row is one missing and one extra.
const LINES: usize = 4 * EACH as usize;
const COLUMNS: [&str; 6] = ["customer", "status", "amount", "note", "placed_at", "paid"];
/// Programs from PyPI, and what to install for each.
const RIVALS: [(&str, &str); 2] =
    [("reladiff", "reladiff[mysql,postgresql]"), ("data-diff", "data-diff[mysql,postgresql]")];

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of each table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How often each way is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Measure this `sluice` rather than build one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Only ours.
    #[arg(long)]
    alone: bool,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    client: Usage,
    left: f64,
    right: f64,
}

impl Run {
    fn all_cpu(&self) -> f64 {
        self.client.cpu_seconds + self.left + self.right
    }
}

/// The servers and their addresses.
struct Bench {
    postgres: Servers,
    mariadb: Servers,
    postgres_url: String,
    mariadb_url: String,
    folder: PathBuf,
}

/// Measures each way in turn, prints a table, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rows >= 10_000, "fewer than 10000 rows have no room for the differences");
    let sluice = super::program(options.program.as_ref())?;
    let folder = project::target_dir().join("bench/diff");
    fs::create_dir_all(&folder)?;
    let bench = Bench::start(folder)?;
    bench.fill(options.rows)?;
    let machine = machine::describe();
    let mut ways: Vec<(String, PathBuf)> = vec![("sluice".to_owned(), sluice)];
    if !options.alone {
        for (name, package) in RIVALS {
            match install(name, package) {
                Ok(program) => ways.push((name.to_owned(), program)),
                Err(error) => println!("without `{name}`: {error:#}"),
            }
        }
    }
    let mut found: Vec<(String, Vec<Run>)> = ways.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
    for _ in 0..options.repeat.max(1) {
        for ((name, program), (_, runs)) in ways.iter().zip(&mut found) {
            println!("{name}…");
            runs.push(bench.measure(name, program)?);
        }
    }
    print(&found, options.rows, &machine);
    Ok(())
}

impl Bench {
    fn start(folder: PathBuf) -> Result<Self> {
        let (postgres, mariadb) = (Servers::start_own(Kind::Postgres)?, Servers::start_own(Kind::Mysql)?);
        let postgres_url = postgres.url(Kind::Postgres).context("PostgreSQL is missing")?.to_owned();
        let mariadb_url = mariadb.url(Kind::Mysql).context("MariaDB is missing")?.to_owned();
        Ok(Self { postgres, mariadb, postgres_url, mariadb_url, folder })
    }

    /// Makes the table on both sides: the same rows, then differences scattered over the key.
    fn fill(&self, rows: u64) -> Result<()> {
        println!("{rows} rows on each side…");
        self.psql(&format!(
            "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY KEY, customer integer NOT NULL, \
             status varchar(16) NOT NULL, amount numeric(12,2) NOT NULL, note text, placed_at timestamp(6) NOT NULL, \
             paid smallint NOT NULL); \
             INSERT INTO orders SELECT i, i * 31 % 50000, (array['new','paid','packed','shipped','returned'])[1 + i % 5], \
             (i * 7919 % 10000000)::numeric / 100, CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN 'order ' || i || ', 上海 ☂' \
             ELSE 'note ' || i % 1000 END, \
             timestamp '2023-11-14' + i * interval '1 second' + (i % 1000000) * interval '1 microsecond', (i % 3 = 0)::int \
             FROM generate_series(1, {rows}::bigint) AS i"
        ))?;
        let file = self.folder.join("orders.tsv");
        let mut dump = self.psql_command("COPY (SELECT * FROM orders ORDER BY id) TO STDOUT");
        dump.stdout(fs::File::create(&file)?);
        command::run(&mut dump)?;
        self.mariadb(&format!(
            "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL, \
             status varchar(16) NOT NULL, amount decimal(12,2) NOT NULL, note text, placed_at datetime(6) NOT NULL, \
             paid tinyint(1) NOT NULL) CHARACTER SET utf8mb4; \
             LOAD DATA LOCAL INFILE '{}' INTO TABLE orders CHARACTER SET utf8mb4",
            file.to_str().context("the build folder's name is not UTF-8")?
        ))?;
        fs::remove_file(&file)?;
        // Three kinds of differences, a hundred of each, at keys that never meet.
        let step = rows / EACH;
        let at = |offset: u64| {
            let keys: Vec<String> = (0..EACH).map(|n| (n * step + offset).to_string()).collect();
            keys.join(",")
        };
        self.mariadb(&format!("DELETE FROM orders WHERE id IN ({}); ANALYZE TABLE orders", at(step / 4)))?;
        self.psql(&format!("DELETE FROM orders WHERE id IN ({})", at(step / 3)))?;
        self.psql(&format!("UPDATE orders SET amount = amount + 0.01 WHERE id IN ({})", at(step / 2)))?;
        self.psql("VACUUM (ANALYZE) orders")
    }

    fn psql_command(&self, sql: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", &self.postgres_url, "-c", sql]);
        psql
    }

    fn psql(&self, sql: &str) -> Result<()> {
        command::run(&mut self.psql_command(sql))
    }

    fn mariadb(&self, sql: &str) -> Result<()> {
        let (_, address) = self.mariadb_url.split_once('@').context("the URL names a user")?;
        let (address, database) = address.split_once('/').context("the URL names a database")?;
        let (host, port) = address.split_once(':').context("the URL names a port")?;
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "-h", host, "-P", port, "-u", "root", "--local-infile=1"]);
        command::run(client.args(["--default-character-set=utf8mb4", database, "-e", sql]))
    }

    fn measure(&self, name: &str, program: &Path) -> Result<Run> {
        let output = self.folder.join(format!("{name}.out"));
        let mut client = Command::new(program);
        if name == "sluice" {
            let (left, right) = (format!("{}#orders", self.mariadb_url), format!("{}#orders", self.postgres_url));
            client.args(["diff", &left, &right, "--format", "lines"]);
        } else {
            let right = self.postgres_url.replacen("postgres://", "postgresql://", 1);
            client.args([&self.mariadb_url, "orders", &right, "orders", "-k", "id"]);
            for column in COLUMNS {
                client.args(["-c", column]);
            }
            if name == "reladiff" {
                // It cannot sort rows that hold NULL: it prints the first of them, an error, and exits with 0.
                client.arg("--skip-sort-results");
            }
        }
        let servers = [&self.mariadb, &self.postgres];
        let before = servers.map(|server| server.pid().map_or(0.0, tree_seconds));
        let (usage, status) = watch(&mut client, &output)?;
        let after = servers.map(|server| server.pid().map_or(0.0, tree_seconds));
        let text = fs::read_to_string(&output)?;
        let lines = text.lines().filter(|line| line.starts_with(['-', '+'])).count();
        if name == "sluice" {
            ensure!(status.code() == Some(1), "`sluice diff` ended with {status}");
            ensure!(lines == LINES, "`sluice diff` told {lines} lines of {LINES}");
        } else if lines != LINES {
            // A rival that is wrong is said so and measured all the same.
            println!("`{name}` told {lines} lines of {LINES} and ended with {status}");
        }
        Ok(Run { client: usage, left: after[0] - before[0], right: after[1] - before[1] })
    }
}

/// Installs a program from PyPI into an environment of its own under the target folder.
fn install(name: &str, package: &str) -> Result<PathBuf> {
    let environment = project::target_dir().join("bench/venv").join(name);
    let program = environment.join("bin").join(name);
    if !program.is_file() {
        command::run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let pip = environment.join("bin/pip");
        command::run(Command::new(pip).args(["install", "--quiet", package]))?;
    }
    ensure!(program.is_file(), "`{package}` holds no program `{name}`");
    Ok(program)
}

fn median(runs: &[Run], take: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(take).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(found: &[(String, Vec<Run>)], rows: u64, machine: &Value) {
    println!(
        "\n{:<10} {:>8} {:>9} {:>10} {:>9} {:>11} {:>9} {:>7} {:>7}",
        "program", "seconds", "all CPU s", "client CPU", "MariaDB", "PostgreSQL", "peak MiB", "× time", "× CPU"
    );
    let ours = &found[0].1;
    let (our_seconds, our_cpu) = (median(ours, |run| run.client.seconds), median(ours, Run::all_cpu));
    let mut list = Vec::new();
    for (name, runs) in found {
        let seconds = median(runs, |run| run.client.seconds);
        let cpu = median(runs, Run::all_cpu);
        let client = median(runs, |run| run.client.cpu_seconds);
        let (left, right) = (median(runs, |run| run.left), median(runs, |run| run.right));
        let peak = median(runs, |run| run.client.peak_mib);
        let (times, cpu_times) = (seconds / our_seconds, cpu / our_cpu);
        println!(
            "{name:<10} {seconds:>8.2} {cpu:>9.2} {client:>10.2} {left:>9.2} {right:>11.2} {peak:>9.0} {times:>6.1}× {cpu_times:>6.1}×"
        );
        list.push(json!({
            "program": name, "seconds": seconds, "cpu_s": cpu, "client_cpu_s": client, "mariadb_cpu_s": left,
            "postgres_cpu_s": right, "peak_mib": peak, "times_ours": times, "cpu_times_ours": cpu_times,
        }));
    }
    println!(
        "\n{}",
        json!({ "bench": "diff", "rows": rows, "differences": 3 * EACH, "machine": machine, "figures": list })
    );
}
