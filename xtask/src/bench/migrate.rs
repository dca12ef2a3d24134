//! `cargo xtask bench migrate`: a table of `orders` from MariaDB to PostgreSQL on private servers, beside the pipe of both
//! systems' own clients, pgloader and Sling, in turn: wall time, processor time of the client and of both servers,
//! and the client's peak memory.
//!
//! pgloader is Debian's package; `sling` is installed from the Python registry into a folder of its own. A rival that is
//! not there is left out and said so.

use super::machine;
use super::usage::{Usage, measure, tree_seconds};
use crate::servers::{Kind, Servers};
use crate::{command, project};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of `orders`; given several times, each is measured.
    #[arg(long, default_values_t = [1_000_000])]
    rows: Vec<u64>,
    /// How often each way is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Measure this `sluice` rather than build one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Only these ways: ours, looked, pipe, pgloader, sling.
    ways: Vec<String>,
}

/// `id % 97` spreads the states; every eleventh note is NULL, and some hold what a charset could spoil.
const ORDERS: &str = "CREATE TABLE orders (id BIGINT NOT NULL PRIMARY KEY, customer INT NOT NULL, \
    state VARCHAR(12) NOT NULL, amount DECIMAL(12,2) NOT NULL, note VARCHAR(120), created DATETIME(6) NOT NULL, \
    paid TINYINT(1) NOT NULL) CHARACTER SET utf8mb4";

/// The target as the pipe needs it; the others make it themselves or find it.
const TARGET: &str = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, customer integer NOT NULL, \
    state varchar(12) NOT NULL, amount numeric(12,2) NOT NULL, note varchar(120), created timestamp(6) NOT NULL, \
    paid boolean NOT NULL)";

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Taken {
    client: Usage,
    source: f64,
    target: f64,
}

impl Taken {
    fn cpu(&self) -> f64 {
        self.client.cpu_seconds + self.source + self.target
    }
}

/// The two servers, and what their clients need to know.
struct Bench {
    servers: (Servers, Servers),
    mysql: String,
    postgres: String,
    host: (String, String, String),
    program: PathBuf,
    folder: PathBuf,
}

/// How many of the ways are ours: where one of them fails, so does the measurement.
const OURS: usize = 2;

type Way = fn(&Bench) -> Result<Option<Command>>;

/// Measures each way, prints a table, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = super::program(options.program.as_ref())?;
    let folder = project::target_dir().join("bench/migrate");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let machine = machine::describe();
    let servers = (Servers::start_own(Kind::Mysql)?, Servers::start_own(Kind::Postgres)?);
    let mysql = servers.0.url(Kind::Mysql).context("MariaDB is missing")?.to_owned();
    let postgres = servers.1.url(Kind::Postgres).context("PostgreSQL is missing")?.to_owned();
    let address = mysql.split_once('@').context("the URL names a user")?.1;
    let (address, database) = address.split_once('/').context("the URL names a database")?;
    let (host, port) = address.split_once(':').context("the URL names a port")?;
    let host = (host.to_owned(), port.to_owned(), database.to_owned());
    let bench = Bench { servers, mysql, postgres, host, program, folder };
    let ways: [(&str, &str, Way); 5] = [
        ("ours", "sluice migrate run, table there", |bench| Ok(Some(ours(bench, false)))),
        ("looked", "sluice migrate run, with look and create", |bench| Ok(Some(ours(bench, true)))),
        ("pipe", "mariadb --quick | psql COPY", |bench| Ok(Some(pipe(bench)))),
        ("pgloader", "pgloader", pgloader),
        ("sling", "sling", sling),
    ];
    let mut found = Vec::new();
    for &rows in &options.rows {
        println!("filling {rows} rows…");
        bench.fill(rows)?;
        let mut taken: Vec<Vec<Taken>> = vec![Vec::new(); ways.len()];
        for _ in 0..options.repeat.max(1) {
            for (place, (name, title, way)) in ways.iter().enumerate() {
                if !options.ways.is_empty() && !options.ways.iter().any(|wanted| wanted == name) {
                    continue;
                }
                let makes_table = matches!(*name, "looked" | "pgloader" | "sling");
                bench.clear(makes_table)?;
                match way(&bench)? {
                    Some(command) if place < OURS => taken[place].push(bench.take(command, title, rows)?),
                    Some(command) => match bench.take(command, title, rows) {
                        Ok(one) => taken[place].push(one),
                        Err(error) => println!("{title}: {error:#}"),
                    },
                    None => println!("{title}: not there, left out"),
                }
            }
        }
        for ((_, title, _), taken) in ways.iter().zip(taken) {
            if let Some(median) = median(taken) {
                found.push((rows, *title, median));
            }
        }
    }
    print(&found, &machine);
    let _ = fs::remove_dir_all(&bench.folder);
    Ok(())
}

impl Bench {
    fn mariadb(&self, sql: &str) -> Command {
        let (host, port, database) = &self.host;
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "-h", host, "-P", port, "-u", "root", "--quick", "--batch", "-N"]);
        client.args(["--default-character-set=utf8mb4", database, "-e", sql]);
        client
    }

    fn psql(&self, sql: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-At", &self.postgres, "-c", sql]);
        psql
    }

    fn fill(&self, rows: u64) -> Result<()> {
        command::run(&mut self.mariadb(&format!("DROP TABLE IF EXISTS orders; {ORDERS}")))?;
        command::run(&mut self.mariadb(&format!(
            "INSERT INTO orders SELECT seq, seq * 7919 % 50000, ELT(seq % 97 % 4 + 1, 'new', 'paid', 'sent', 'returned'), \
             seq % 1000000 / 100, IF(seq % 11 = 0, NULL, CONCAT('Köln № ', seq, IF(seq % 7 = 0, ' 🦀', ''))), \
             '2020-01-01' + INTERVAL seq * 1000037 MICROSECOND, seq % 3 = 0 FROM seq_1_to_{rows}; ANALYZE TABLE orders"
        )))
    }

    /// An empty target, the caches of both servers warm.
    fn clear(&self, makes_table: bool) -> Result<()> {
        let table = if makes_table { "SELECT 1" } else { TARGET };
        command::run(&mut self.psql("DROP SCHEMA IF EXISTS test CASCADE"))?;
        command::run(&mut self.psql("DROP TABLE IF EXISTS orders, _sluice_ledger"))?;
        command::run(&mut self.psql(table))?;
        command::run(&mut self.psql("CHECKPOINT"))?;
        measure(&mut self.mariadb("SELECT SUM(LENGTH(note)) FROM orders"), None).map(|_| ())
    }

    fn take(&self, mut client: Command, title: &str, rows: u64) -> Result<Taken> {
        let pids = (self.servers.0.pid(), self.servers.1.pid());
        let seconds = || (pids.0.map_or(0.0, tree_seconds), pids.1.map_or(0.0, tree_seconds));
        let before = seconds();
        let client = measure(&mut client, None).with_context(|| title.to_owned())?;
        let after = seconds();
        let table = "SELECT coalesce(to_regclass('orders'), to_regclass('test.orders'))";
        let table = command::output(&mut self.psql(table))?;
        let count = command::output(&mut self.psql(&format!("SELECT count(*) FROM {}", table.trim())))?;
        anyhow::ensure!(count.trim() == rows.to_string(), "{title}: {} of {rows} rows arrived", count.trim());
        Ok(Taken { client, source: after.0 - before.0, target: after.1 - before.1 })
    }
}

fn ours(bench: &Bench, whole: bool) -> Command {
    let mut program = Command::new(&bench.program);
    program.args(["migrate", "run", "--from", &bench.mysql, "--to", &bench.postgres, "--table", "orders"]);
    // The pipe proves nothing afterwards, and looks at nothing before.
    if whole {
        program.arg("--create")
    } else {
        program.args(["--look", "structure", "--validate", "none"])
    };
    program
}

/// Tabs and backslashes of MariaDB's batch output are those of COPY; NULL is spelled otherwise, and `tinyint` is no boolean.
fn pipe(bench: &Bench) -> Command {
    let select = "SELECT id, customer, state, amount, IFNULL(note, '\\\\N'), created, IF(paid, 't', 'f') FROM orders";
    let (host, port, database) = &bench.host;
    let line = format!(
        "mariadb --no-defaults -h {host} -P {port} -u root --quick --batch --raw -N --default-character-set=utf8mb4 \
         {database} -e \"{select}\" | psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 '{}' -c 'COPY orders FROM STDIN'",
        bench.postgres
    );
    let mut shell = Command::new("bash");
    shell.args(["-o", "pipefail", "-c", &line.replace("\\\\N", "\\\\\\\\N")]);
    shell
}

fn pgloader(bench: &Bench) -> Result<Option<Command>> {
    let Some(program) = command::find_program("pgloader") else { return Ok(None) };
    let file = bench.folder.join("orders.load");
    fs::write(
        &file,
        format!(
            "LOAD DATABASE FROM {} INTO {} WITH include drop, create tables, create indexes, reset sequences;\n",
            bench.mysql, bench.postgres
        ),
    )?;
    let mut command = Command::new(program);
    command.arg("--quiet").arg(file).env("PGSSLMODE", "disable");
    Ok(Some(command))
}

fn sling(bench: &Bench) -> Result<Option<Command>> {
    let folder = project::target_dir().join("bench/sling");
    // The program itself: the package `sling` would fetch its own from elsewhere.
    let program = folder.join("sling_linux_amd64/bin/sling-linux-amd64");
    if !program.is_file() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(&folder).arg("sling-linux-amd64");
        if let Err(error) = command::run(&mut pip) {
            println!("sling cannot be installed: {error:#}");
            return Ok(None);
        }
    }
    let mut command = Command::new(program);
    command.env("SOURCE", &bench.mysql).env("TARGET", format!("{}?sslmode=disable", bench.postgres));
    command.args(["run", "--src-conn", "SOURCE", "--src-stream", "test.orders"]);
    command.args(["--tgt-conn", "TARGET", "--tgt-object", "public.orders", "--mode", "full-refresh"]);
    Ok(Some(command))
}

fn median(mut taken: Vec<Taken>) -> Option<Taken> {
    taken.sort_by(|left, right| left.client.seconds.total_cmp(&right.client.seconds));
    taken.get(taken.len() / 2).copied()
}

fn print(found: &[(u64, &str, Taken)], machine: &Value) {
    println!("{machine}");
    println!(
        "| rows | way | seconds | rows/s | client CPU s | MariaDB CPU s | PostgreSQL CPU s | all CPU s | peak MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (rows, title, taken) in found {
        #[allow(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
        let rate = *rows as f64 / taken.client.seconds;
        println!(
            "| {rows} | {title} | {:.2} | {rate:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
            taken.client.seconds,
            taken.client.cpu_seconds,
            taken.source,
            taken.target,
            taken.cpu(),
            taken.client.peak_mib,
        );
    }
    let figures: Vec<Value> = found
        .iter()
        .map(|(rows, title, taken)| {
            json!({
                "rows": rows, "way": title, "seconds": taken.client.seconds, "client_cpu": taken.client.cpu_seconds,
                "source_cpu": taken.source, "target_cpu": taken.target, "peak_mib": taken.client.peak_mib,
            })
        })
        .collect();
    println!("{}", json!({ "bench": "migrate", "machine": machine, "figures": figures }));
}
