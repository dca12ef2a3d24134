//! `cargo xtask bench connectors`: rows a second into and out of each system through its connector, beside the system's own
//! fastest way (`COPY`, `LOAD DATA`, `mariadb --quick`, `sqlite3 .import`, `redis-cli --pipe`), in turn, on private
//! servers. The rows are `orders`: seven columns with money, unicode, NULL and microseconds.

use super::machine;
use super::usage::{Usage, measure};
use crate::command;
use crate::project;
use crate::servers::{Kind, Servers};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// How much.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rows of each measurement.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Only these systems: postgres, mysql, sqlite, redis.
    systems: Vec<String>,
}

/// What a measured system needs to know.
struct Bench<'a> {
    program: &'a Path,
    folder: &'a Path,
    rows: u64,
    repeat: usize,
}

/// One way in or out, ours and the system's own.
struct Figure {
    system: &'static str,
    way: &'static str,
    rival: &'static str,
    ours: Vec<Usage>,
    theirs: Vec<Usage>,
}

/// Measures each system, prints a table, then JSON on the last line.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut build = project::cargo();
    build.args(["build", "--release", "--package", "connectors", "--example", "rows_rate"]);
    command::run(&mut build)?;
    let program = project::target_dir().join("release/examples/rows_rate");
    let folder = project::target_dir().join("bench/connectors");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let machine = machine::describe();
    let bench = Bench { program: &program, folder: &folder, rows: options.rows, repeat: options.repeat.max(1) };
    let mut figures = Vec::new();
    for (name, measure) in [
        ("postgres", postgres as fn(&Bench<'_>) -> Result<Vec<Figure>>),
        ("mysql", mysql),
        ("sqlite", sqlite),
        ("redis", redis),
    ] {
        if options.systems.is_empty() || options.systems.iter().any(|system| system == name) {
            println!("{name}…");
            figures.extend(measure(&bench)?);
        }
    }
    let _ = fs::remove_dir_all(&folder);
    print(&figures, options.rows, &machine);
    Ok(())
}

fn postgres(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let server = Servers::start_own(Kind::Postgres)?;
    let url = server.url(Kind::Postgres).context("PostgreSQL is missing")?;
    let psql = |sql: &str| {
        let mut psql = Command::new("psql");
        psql.args(["--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", url, "-c", sql]);
        psql
    };
    let file = bench.folder.join("orders.pgcopy");
    let file = text(&file)?;
    let mut into = Figure::new("PostgreSQL", "write", "COPY FROM, binary");
    let mut out = Figure::new("PostgreSQL", "read", "COPY TO, binary");
    for turn in 0..bench.repeat {
        command::run(&mut psql("DROP TABLE IF EXISTS orders, theirs, _sluice_ledger"))?;
        into.ours.push(bench.ours("write", url, "orders")?);
        out.ours.push(bench.ours("read", url, "orders")?);
        out.theirs.push(measure(&mut psql("\\copy orders TO '/dev/null' WITH (FORMAT binary)"), None)?);
        if turn == 0 {
            command::run(&mut psql(&format!("\\copy orders TO '{file}' WITH (FORMAT binary)")))?;
        }
        command::run(&mut psql("CREATE TABLE theirs (LIKE orders INCLUDING ALL)"))?;
        into.theirs.push(measure(&mut psql(&format!("\\copy theirs FROM '{file}' WITH (FORMAT binary)")), None)?);
    }
    Ok(vec![into, out])
}

fn mysql(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let server = Servers::start_own(Kind::Mysql)?;
    let url = server.url(Kind::Mysql).context("MariaDB is missing")?;
    let (_, address) = url.split_once('@').context("the URL names a user")?;
    let (address, database) = address.split_once('/').context("the URL names a database")?;
    let (host, port) = address.split_once(':').context("the URL names a port")?;
    let client = |sql: &str| {
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "-h", host, "-P", port, "-u", "root", "--local-infile=1", "--quick", "-N"]);
        client.args(["--default-character-set=utf8mb4", database, "-e", sql]);
        client
    };
    let file = bench.folder.join("orders.tsv");
    let mut into = Figure::new("MariaDB", "write", "LOAD DATA LOCAL INFILE");
    let mut out = Figure::new("MariaDB", "read", "mariadb --quick");
    for turn in 0..bench.repeat {
        command::run(&mut client("DROP TABLE IF EXISTS orders, theirs, _sluice_ledger"))?;
        into.ours.push(bench.ours("write", url, "orders")?);
        out.ours.push(bench.ours("read", url, "orders")?);
        out.theirs.push(measure(&mut client("SELECT * FROM orders"), None)?);
        if turn == 0 {
            // The client writes NULL as a word here, which LOAD DATA reads only as `\N`.
            let columns = "id, customer, status, amount, ifnull(note, '\\\\N'), placed_at, paid";
            let mut dump = client(&format!("SELECT {columns} FROM orders"));
            dump.arg("--raw").stdout(fs::File::create(&file)?);
            command::run(&mut dump)?;
        }
        command::run(&mut client("CREATE TABLE theirs LIKE orders"))?;
        let load = format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE theirs CHARACTER SET utf8mb4", text(&file)?);
        into.theirs.push(measure(&mut client(&load), None)?);
    }
    Ok(vec![into, out])
}

fn sqlite(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let shell = command::find_program("sqlite3").context("`sqlite3`, the shell, is missing")?;
    let (ours, theirs) = (bench.folder.join("ours.db"), bench.folder.join("theirs.db"));
    let csv = bench.folder.join("orders.csv");
    let url = format!("sqlite://{}", text(&ours)?);
    let sqlite3 = |file: &Path, commands: &[String]| {
        let mut sqlite3 = Command::new(&shell);
        sqlite3.arg(file).args(commands);
        sqlite3
    };
    let read = ["-csv".to_owned(), "SELECT * FROM orders".to_owned()];
    let mut into = Figure::new("SQLite", "write", ".import of CSV");
    let mut out = Figure::new("SQLite", "read", "sqlite3 -csv");
    for turn in 0..bench.repeat {
        for file in [&ours, &theirs] {
            for suffix in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{suffix}", file.display()));
            }
        }
        into.ours.push(bench.ours("write", &url, "orders")?);
        out.ours.push(bench.ours("read", &url, "orders")?);
        let mut shown = Command::new(&shell);
        shown.arg("-csv").arg(&ours).arg(&read[1]);
        out.theirs.push(measure(&mut shown, None)?);
        if turn == 0 {
            let mut dump = Command::new(&shell);
            dump.arg("-csv").arg(&ours).arg(&read[1]).stdout(fs::File::create(&csv)?);
            command::run(&mut dump)?;
        }
        let declared =
            command::output(&mut sqlite3(&ours, &["SELECT sql FROM sqlite_schema WHERE name = 'orders'".to_owned()]))?;
        // As our sink writes: WAL, and durable at each commit.
        command::output(&mut sqlite3(&theirs, &["PRAGMA journal_mode = WAL".to_owned(), declared]))?;
        let import = format!(".import --csv {} orders", text(&csv)?);
        into.theirs.push(measure(&mut sqlite3(&theirs, &["PRAGMA synchronous = FULL".to_owned(), import]), None)?);
    }
    Ok(vec![into, out])
}

fn redis(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let server = Servers::start_own(Kind::Redis)?;
    let url = server.url(Kind::Redis).context("Redis is missing")?;
    let port = url.rsplit_once(':').and_then(|(_, port)| port.split('/').next()).context("the URL names a port")?;
    let client = |arguments: &[&str]| {
        let mut client = Command::new("redis-cli");
        client.args(["-p", port]).args(arguments);
        client
    };
    let (set, get) = (bench.folder.join("set.resp"), bench.folder.join("get.resp"));
    write_resp(&set, &get, bench.rows)?;
    let mut into = Figure::new("Redis", "write", "redis-cli --pipe, HSET");
    let mut out = Figure::new("Redis", "read", "redis-cli --pipe, HGETALL");
    for _ in 0..bench.repeat {
        command::output(&mut client(&["FLUSHALL"]))?;
        into.ours.push(bench.ours("write", url, "order:{id}")?);
        out.ours.push(bench.ours("read", url, "order:{id}")?);
        out.theirs.push(measure(&mut client(&["--pipe"]), Some(&get))?);
        command::output(&mut client(&["FLUSHALL"]))?;
        into.theirs.push(measure(&mut client(&["--pipe"]), Some(&set))?);
    }
    Ok(vec![into, out])
}

/// The rows of `orders` as commands that set and get one hash each.
fn write_resp(set: &Path, get: &Path, rows: u64) -> Result<()> {
    use std::io::{BufWriter, Write as _};
    let mut set = BufWriter::with_capacity(1 << 20, fs::File::create(set)?);
    let mut get = BufWriter::with_capacity(1 << 20, fs::File::create(get)?);
    let resp = |words: &[&str]| {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        text
    };
    for row in 0..rows {
        let (key, id) = (format!("order:{row}"), row.to_string());
        let customer = (row * 31 % 50_000).to_string();
        let cents = row * 7_919 % 10_000_000;
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let status = ["new", "paid", "packed", "shipped", "returned"][usize::try_from(row % 5)?];
        let placed =
            format!("2023-11-14 {:02}:{:02}:{:02}.{:06}", row / 3600 % 24, row / 60 % 60, row % 60, row % 1_000_000);
        let paid = if row % 3 == 0 { "true" } else { "false" };
        let mut words = vec!["HSET", &key, "id", &id, "customer", &customer, "status", status, "amount", &amount];
        words.extend(["placed_at", placed.as_str(), "paid", paid]);
        let note = match row % 4 {
            0 => None,
            1 => Some(format!("order {row}, 上海 ☂")),
            _ => Some(format!("note {}", row % 1_000)),
        };
        if let Some(note) = &note {
            words.extend(["note", note]);
        }
        set.write_all(resp(&words).as_bytes())?;
        get.write_all(resp(&["HGETALL", &key]).as_bytes())?;
    }
    set.flush()?;
    get.flush()?;
    Ok(())
}

impl Bench<'_> {
    fn ours(&self, way: &str, url: &str, table: &str) -> Result<Usage> {
        let rows = self.rows.to_string();
        measure(Command::new(self.program).args([way, url, table, &rows]), None)
            .with_context(|| format!("{way} of `{table}`"))
    }
}

impl Figure {
    fn new(system: &'static str, way: &'static str, rival: &'static str) -> Self {
        Self { system, way, rival, ours: Vec::new(), theirs: Vec::new() }
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("the build folder's name is not UTF-8")
}

fn median(of: &[Usage], take: fn(&Usage) -> f64) -> f64 {
    let mut values: Vec<f64> = of.iter().map(take).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(figures: &[Figure], rows: u64, machine: &Value) {
    println!(
        "\n{:<11} {:<6} {:>9} {:>7} {:>9}   {:<26} {:>9} {:>7} {:>6}",
        "system", "way", "rows/s", "CPU s", "peak MiB", "beside", "rows/s", "CPU s", "ratio"
    );
    #[allow(clippy::cast_precision_loss)]
    let rows = rows as f64;
    let mut list = Vec::new();
    for figure in figures {
        let (ours, theirs) = (median(&figure.ours, |u| u.seconds), median(&figure.theirs, |u| u.seconds));
        let (our_cpu, their_cpu) = (median(&figure.ours, |u| u.cpu_seconds), median(&figure.theirs, |u| u.cpu_seconds));
        let peak = median(&figure.ours, |u| u.peak_mib);
        println!(
            "{:<11} {:<6} {:>9.0} {our_cpu:>7.2} {peak:>9.0}   {:<26} {:>9.0} {their_cpu:>7.2} {:>5.2}×",
            figure.system,
            figure.way,
            rows / ours,
            figure.rival,
            rows / theirs,
            ours / theirs
        );
        list.push(json!({
            "system": figure.system, "way": figure.way, "rows_per_s": rows / ours, "cpu_s": our_cpu, "peak_mib": peak,
            "rival": figure.rival, "rival_rows_per_s": rows / theirs, "rival_cpu_s": their_cpu, "times_the_rival": ours / theirs,
        }));
    }
    println!("\n{}", json!({ "bench": "connectors", "machine": machine, "figures": list }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let of = |seconds| Usage { seconds, ..Usage::default() };
        assert_eq!(median(&[of(3.0), of(1.0), of(2.0)], |usage| usage.seconds), 2.0);
    }

    #[test]
    fn commands_are_counted_in_bytes() {
        let folder = std::env::temp_dir();
        let (set, get) =
            (folder.join(format!("set-{}", std::process::id())), folder.join(format!("get-{}", std::process::id())));
        write_resp(&set, &get, 2).unwrap();
        let (sets, gets) = (fs::read_to_string(&set).unwrap(), fs::read_to_string(&get).unwrap());
        fs::remove_file(set).unwrap();
        fs::remove_file(get).unwrap();
        assert!(gets.starts_with("*2\r\n$7\r\nHGETALL\r\n$7\r\norder:0\r\n"));
        assert!(sets.contains("$19\r\norder 1, 上海 ☂\r\n"), "{sets}");
    }
}
