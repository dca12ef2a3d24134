//! A server killed at random moments while it writes: when it is started again the run goes on, and at its end every
//! row is there exactly once.
//!
//! Tables have no key, so that a row written twice would be there twice. With `SLUICE_TEST_SOAK` there are 50 kills
//! in a run of a million rows, else 3 in one of 200,000.

use crate::databases::{Postgres, sqlite_number};
use crate::program::Sluice;
use crate::server::{PATIENCE, TestServer, is_final, step};
use crate::site::Site;
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Plan {
    kills: u32,
    rows: i64,
}

impl Plan {
    fn usual() -> Self {
        match is_soak() {
            true => Self { kills: 50, rows: 1_000_000 },
            false => Self { kills: 3, rows: 200_000 },
        }
    }
}

fn is_soak() -> bool {
    std::env::var_os("SLUICE_TEST_SOAK").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Delays that differ from run to run; the seed is printed, so that a failure can be looked into.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed =
            u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() & 0xffff_ffff).unwrap();
        println!("seed {seed}");
        Self(seed | 1)
    }

    fn below(&mut self, most: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// A table that is filled, and how to look at it.
enum Sink<'a> {
    Sqlite(PathBuf),
    Postgres(&'a Postgres),
}

impl Sink<'_> {
    fn number(&self, query: &str) -> i64 {
        let number = match self {
            Self::Sqlite(file) => sqlite_number(file, query),
            Self::Postgres(database) => database.number(query),
        };
        number.unwrap_or(0)
    }

    fn count(&self) -> i64 {
        self.number("SELECT count(*) FROM bars")
    }

    /// Every row of the source is there `times` times, as it was.
    fn assert_each_row(&self, rows: i64, times: i64) {
        let check = |query: &str, expected: i64| assert_eq!(self.number(query), expected, "{query}");
        check("SELECT count(*) FROM bars", rows * times);
        check("SELECT count(DISTINCT id) FROM bars", rows);
        check("SELECT CAST(sum(id) AS bigint) FROM bars", rows * (rows + 1) / 2 * times);
        check("SELECT max(n) FROM (SELECT count(*) AS n FROM bars GROUP BY id) AS counted", times);
        let amounts: i64 = (1..=rows).map(amount).sum();
        check("SELECT CAST(sum(amount) AS bigint) FROM bars", amounts * times);
        check("SELECT count(*) FROM bars WHERE name <> 'Köln ' || id OR name IS NULL", 0);
    }
}

fn amount(id: i64) -> i64 {
    id * 7919 % 1000
}

fn table(rows: i64) -> String {
    let mut text = String::from("id,amount,name\n");
    for id in 1..=rows {
        writeln!(text, "{id},{},Köln {id}", amount(id)).unwrap();
    }
    text
}

/// No step between the source and the sinks.
const DIRECT: (&str, &str) = ("", "rows");

const COLUMNS: &str = "columns: { id: int64, amount: int64, name: utf8 }";

/// Steps between the source and the sinks that remember earlier rows, or cut batches anew.
const BETWEEN: &str = "  - id: checked
    uses: validate
    from: rows
    with: { rules: [{ name: one_id, unique: id }, { name: amount_known, expect: \"amount >= 0\" }] }
  - id: clean
    uses: transform
    from: checked
    with: { sql: \"SELECT id, amount, name FROM input WHERE id > 0\" }
";

/// The workflow; `steps` stand between the source and the sinks, which get the rows of the step `last`.
fn document(source: &str, (steps, last): (&str, &str), sinks: &[Sink<'_>]) -> String {
    let mut text = format!("name: bars\nsteps:\n  - id: rows\n    uses: fetch\n    with: {{ {source}, {COLUMNS} }}\n");
    text.push_str(steps);
    for sink in sinks {
        let name = sink_name(sink);
        writeln!(text, "  - id: {name}\n    uses: write\n    from: {last}").unwrap();
        writeln!(text, "    with: {{ connection: {name}, table: bars, mode: append }}").unwrap();
    }
    text
}

fn sink_name(sink: &Sink<'_>) -> &'static str {
    match sink {
        Sink::Sqlite(_) => "file",
        Sink::Postgres(_) => "server",
    }
}

/// Starts runs, kills the server so many times in the middle of one, and looks at the rows at the end.
fn survive(mut server: TestServer, document: &str, sinks: &[Sink<'_>], plan: &Plan) -> TestServer {
    let mut chance = Chance::new();
    server.save(document);
    let (mut runs, mut kills) = (0, 0);
    while kills < plan.kills || runs == 0 {
        runs += 1;
        let run = server.start_run("bars", &json!({}));
        let whole = plan.rows * runs;
        loop {
            // Half of the kills wait for rows of this process, so that some progress is made; the others come blindly.
            let sees_rows = chance.below(2) == 0;
            let unfinished: Vec<&Sink<'_>> = sinks.iter().filter(|sink| sink.count() < whole).collect();
            let watched = match unfinished.len() {
                0 => &sinks[0],
                count => unfinished[usize::try_from(chance.below(count as u64)).unwrap()],
            };
            let at_start = watched.count();
            let most = match (sees_rows, is_soak()) {
                (true, true) => 60,
                (false, false) => 500,
                _ => 200,
            };
            let delay = Duration::from_millis(chance.below(most));
            let (began, mut seen) = (Instant::now(), !sees_rows);
            let mut killing_at = seen.then(|| began + delay);
            let ended = loop {
                assert!(began.elapsed() < 3 * PATIENCE, "no row, and no end of the run, after {:?}", began.elapsed());
                if is_final(&server.run(&run)) {
                    break true;
                }
                if kills < plan.kills && killing_at.is_some_and(|at| Instant::now() >= at) {
                    break false;
                }
                if !seen && watched.count() > at_start {
                    seen = true;
                    killing_at = Some(Instant::now() + delay);
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            if ended {
                break;
            }
            server.kill();
            let counts: Vec<i64> = sinks.iter().map(Sink::count).collect();
            println!("killed with {counts:?} of {whole} rows written");
            assert!(counts.iter().all(|count| *count <= whole), "{counts:?} rows of {whole}");
            // A kill after the last row proves nothing of rows; it happens, and is not counted.
            if counts.iter().any(|count| *count < whole) {
                kills += 1;
            }
            server.restart();
        }
        let view = server.wait_run(&run);
        assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
        for sink in sinks {
            assert!(step(&view, sink_name(sink))["rowsOut"].is_number(), "{view:#}");
            sink.assert_each_row(plan.rows, runs);
        }
    }
    server
}

fn write_table(sluice: &Sluice, rows: i64) {
    std::fs::create_dir_all(sluice.files()).unwrap();
    std::fs::write(sluice.files().join("bars.csv"), table(rows)).unwrap();
}

/// No spool is left behind by runs that succeeded.
fn assert_no_spool(data: &Path) {
    let Ok(entries) = std::fs::read_dir(data.join("spool")) else { return };
    let left: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "left in the spool: {left:?}");
}

#[test]
fn a_killed_server_writes_each_row_once_into_sqlite() {
    let Some(sluice) = Sluice::find() else { return };
    let sinks = [Sink::Sqlite(sluice.add_sqlite("file"))];
    let plan = Plan::usual();
    write_table(&sluice, plan.rows);
    let server = survive(TestServer::start(sluice), &document("path: bars.csv", DIRECT, &sinks), &sinks, &plan);
    assert_no_spool(&server.sluice.folder.path().join("data"));
}

#[test]
fn a_killed_server_writes_each_row_once_into_postgresql_and_sqlite() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(database) = Postgres::create("a kill while PostgreSQL is written") else { return };
    sluice.call(&["connection", "add", "server", &database.url]);
    // The two commit at different moments, so the source starts again where the slower one stands.
    let sinks = [Sink::Postgres(&database), Sink::Sqlite(sluice.add_sqlite("file"))];
    let plan = Plan::usual();
    write_table(&sluice, plan.rows);
    survive(TestServer::start(sluice), &document("path: bars.csv", DIRECT, &sinks), &sinks, &plan);
}

#[test]
fn a_killed_server_writes_each_row_once_behind_steps_that_remember() {
    let Some(sluice) = Sluice::find() else { return };
    let sinks = [Sink::Sqlite(sluice.add_sqlite("file"))];
    let plan = Plan::usual();
    write_table(&sluice, plan.rows);
    let document = document("path: bars.csv", (BETWEEN, "clean"), &sinks);
    survive(TestServer::start(sluice), &document, &sinks, &plan);
}

#[test]
fn a_killed_server_with_its_metadata_in_postgresql_goes_on() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(metadata) = Postgres::create("metadata in PostgreSQL") else { return };
    let Some(database) = Postgres::create("metadata in PostgreSQL") else { return };
    let sluice = sluice.set("SLUICE_METADATA_URL", &metadata.url);
    sluice.call(&["connection", "add", "server", &database.url]);
    let sinks = [Sink::Postgres(&database)];
    // Others might be at work on that database, so each kill costs the time of a lease.
    let plan = Plan { kills: if is_soak() { 10 } else { 1 }, ..Plan::usual() };
    write_table(&sluice, plan.rows);
    survive(TestServer::start(sluice), &document("path: bars.csv", DIRECT, &sinks), &sinks, &plan);
}

#[test]
fn rows_that_cannot_be_had_again_come_from_the_spool_after_a_kill() {
    let Some(sluice) = Sluice::find() else { return };
    let plan = Plan::usual();
    // Every answer is another one: rows of two answers in one table would show.
    let body = table(plan.rows);
    let site = Site::start(move |_, number| {
        let mut lines = String::with_capacity(body.len() + body.len() / 4);
        for (index, line) in body.lines().enumerate() {
            match index {
                0 => writeln!(lines, "{line},answer").unwrap(),
                _ => writeln!(lines, "{line},{number}").unwrap(),
            }
        }
        lines
    });
    let file = sluice.add_sqlite("file");
    let mut server = TestServer::start(sluice);
    let source = format!("source: http, format: csv, url: \"{}/bars\"", site.base);
    let sinks = [Sink::Sqlite(file)];
    server.save(&document(&source, DIRECT, &sinks));
    let mut chance = Chance::new();
    let run = server.start_run("bars", &json!({}));
    let mut kills = 0;
    let mut asked_for_rows = None;
    let began = Instant::now();
    while !is_final(&server.run(&run)) {
        assert!(began.elapsed() < 5 * PATIENCE, "the run does not come to its end");
        let count = sinks[0].count();
        // The first rows are visible only when all are kept; from then on nobody is asked again.
        if count > 0 {
            assert_eq!(*asked_for_rows.get_or_insert(site.asked()), site.asked());
        }
        let due = kills == 0 && site.asked() > 0 || kills < plan.kills && count > plan.rows / 100 * i64::from(kills);
        if due {
            std::thread::sleep(Duration::from_millis(chance.below(200)));
            server.kill();
            println!("killed with {} of {} rows written", sinks[0].count(), plan.rows);
            kills += 1;
            server.restart();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert!(kills > 1, "the run was too quick to be killed");
    sinks[0].assert_each_row(plan.rows, 1);
    assert_eq!(sinks[0].number("SELECT count(DISTINCT answer) FROM bars"), 1);
    assert_no_spool(&server.sluice.folder.path().join("data"));
}
