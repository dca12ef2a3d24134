//! Migrations through the program: killed servers, killed workers and broken connections at random moments, and the
//! command line. At the end the target is row for row the source.
//!
//! The target has no key, so that a row written twice would be there twice. With `SLUICE_TEST_SOAK` there are 30 kills,
//! else 3.

mod api;
#[cfg(unix)]
mod awkward;
#[cfg(unix)]
mod kills;
mod settings;

use crate::databases::{Postgres, sqlite_execute, sqlite_number};
use crate::program::Sluice;
use crate::server::{PATIENCE, TestServer, TestWorker, is_final, step};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SOURCE: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INT4 NOT NULL, name VARCHAR(40), \
    price DECIMAL(12,2), at TIMESTAMP)";

fn is_soak() -> bool {
    std::env::var_os("SLUICE_TEST_SOAK").is_some_and(|value| !value.is_empty() && value != "0")
}

fn kills() -> u32 {
    if is_soak() { 30 } else { 3 }
}

fn rows() -> i64 {
    if is_soak() { 1_000_000 } else { 200_000 }
}

fn fill(file: &Path, rows: i64) {
    sqlite_execute(file, SOURCE);
    sqlite_execute(
        file,
        &format!(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {rows}) \
             INSERT INTO orders SELECT id, id * 7919 % 1000, CASE WHEN id % 10 = 0 THEN NULL ELSE 'Köln ' || id END, \
             id % 1000 + 0.25, datetime(1700000000 + id, 'unixepoch') FROM n"
        ),
    );
}

/// The whole table in a few numbers, in SQL that both sides understand.
const LOOKS: [&str; 6] = [
    "SELECT count(*) FROM orders",
    "SELECT count(DISTINCT id) FROM orders",
    "SELECT CAST(sum(id) AS bigint) FROM orders",
    "SELECT CAST(sum(amount) AS bigint) FROM orders",
    "SELECT CAST(sum(price * 100) AS bigint) FROM orders",
    "SELECT count(*) FROM orders WHERE name = 'Köln ' || id",
];

fn assert_same(source: &Path, target: &Postgres) {
    for look in LOOKS {
        assert_eq!(target.number(look), sqlite_number(source, look), "{look}");
    }
}

/// Moments that differ from run to run; the seed is printed.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let seed = u64::try_from(nanos & 0xffff_ffff).unwrap();
        println!("seed {seed}");
        Self(seed | 1)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn document(mode: &str) -> String {
    format!(
        "name: move\nsteps:\n  - id: move\n    uses: migrate\n    retry: {{ attempts: 5, backoff: 1s }}\n    with:\n      \
         from: {{ connection: source, table: orders }}\n      to: {{ connection: target }}\n      mode: {mode}\n      \
         chunk_rows: {}\n      parallel: 2\n      rate_limit: {}\n      validate: diff\n",
        rows() / 8,
        rows() / 4,
    )
}

/// A table without a key, so that a row written twice would show.
const KEYLESS: &str = "CREATE TABLE orders (id bigint NOT NULL, amount integer NOT NULL, name varchar(40), \
    price numeric(12,2), at timestamp)";

/// Does `kill` at random moments of the run until it has been done so often or the run has ended; runs anew as long
/// as there were too few.
fn survive(server: &mut TestServer, source: &Path, target: &Postgres, mut kill: impl FnMut(&mut TestServer)) {
    let mut chance = Chance::new();
    server.save(&document("append"));
    let mut done = 0;
    while done < kills() {
        target.execute(&format!("DROP TABLE IF EXISTS orders, _sluice_ledger; {KEYLESS}"));
        let run = server.start_run("move", &json!({}));
        let began = Instant::now();
        let mut due = Instant::now() + Duration::from_millis(chance.below(1_500));
        loop {
            let view = server.run(&run);
            let code = view["error"]["code"].as_str().unwrap_or_default().to_ascii_lowercase();
            if code == "worker_lost" || code == "connection_failed" {
                // A task that was cut off again and again is given up; a person lets it go on.
                server.retry(&run);
            } else if is_final(&view) {
                break;
            }
            assert!(began.elapsed() < 5 * PATIENCE, "the run does not come to its end");
            // All but one of three wait for rows, so that some progress is made; the others come blindly.
            let sees_rows = done % 3 == 0 || target.number(LOOKS[0]).unwrap_or(0) > 0;
            if done < kills() && Instant::now() >= due && sees_rows {
                println!("with {:?} of {} rows written", target.number(LOOKS[0]), rows());
                kill(server);
                done += 1;
                due = Instant::now() + Duration::from_millis(500 + chance.below(1_500));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let view = server.wait_run(&run);
        assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
        assert_same(source, target);
    }
}

#[test]
fn a_migration_goes_on_after_its_server_is_killed() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(target) = Postgres::create("a killed migration") else { return };
    let source = sluice.add_sqlite("source");
    fill(&source, rows());
    sluice.call(&["connection", "add", "target", &target.url]);
    let mut server = TestServer::start(sluice);
    survive(&mut server, &source, &target, |server| {
        server.kill();
        server.restart();
    });
}

#[test]
fn a_migration_goes_on_after_its_target_ends_every_connection() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(target) = Postgres::create("a migration cut off") else { return };
    let source = sluice.add_sqlite("source");
    fill(&source, rows());
    sluice.call(&["connection", "add", "target", &target.url]);
    let mut server = TestServer::start(sluice);
    survive(&mut server, &source, &target, |_| {
        target.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
        );
    });
}

#[test]
fn chunks_of_a_killed_worker_are_taken_over_by_another() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(metadata) = Postgres::create("a killed worker") else { return };
    let Some(target) = Postgres::create("a killed worker") else { return };
    let sluice = sluice.set("SLUICE_METADATA_URL", &metadata.url);
    let source = sluice.add_sqlite("source");
    fill(&source, rows());
    sluice.call(&["connection", "add", "target", &target.url]);
    let server = TestServer::start(sluice);
    let mut workers = vec![TestWorker::start(&server.sluice), TestWorker::start(&server.sluice)];
    let mut chance = Chance::new();
    server.save(&document("append"));
    target.execute(KEYLESS);
    let run = server.start_run("move", &json!({}));
    let mut kills = if is_soak() { 10 } else { 1 };
    let began = Instant::now();
    while !is_final(&server.run(&run)) {
        assert!(began.elapsed() < 5 * PATIENCE, "the run does not come to its end");
        if kills > 0 && target.number(LOOKS[0]).unwrap_or(0) > 0 {
            std::thread::sleep(Duration::from_millis(chance.below(500)));
            kills -= 1;
            // Each kill costs the time of a lease.
            workers.remove(0).kill();
            workers.push(TestWorker::start(&server.sluice));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert_same(&source, &target);
}

#[test]
fn a_migration_is_created_executed_looked_at_and_proven() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(target) = Postgres::create("the command line of migrations") else { return };
    let source = sluice.add_sqlite("source");
    fill(&source, 5_000);
    sluice.call(&["connection", "add", "target", &target.url]);
    let create = ["migrate", "create", "shop", "--from", "source", "--to", "target", "--table", "orders"];
    sluice.call(&[&create[..], &["--set", "chunk_rows=1000", "--set", "validate=diff"]].concat());
    let status = |sluice: &Sluice| -> Value {
        serde_json::from_str(&sluice.call(&["migrate", "status", "shop", "--json"])).unwrap()
    };
    sluice.call(&["migrate", "execute", "shop"]);
    assert_eq!(status(&sluice)["state"], "RUNNING", "queued for a worker");
    sluice.call(&["migrate", "cancel", "shop"]);
    let canceled = sluice.command().args(["migrate", "status", "shop"]).output().unwrap();
    assert!(!canceled.status.success() && String::from_utf8_lossy(&canceled.stdout).contains("CANCELLED"));
    sluice.call(&["migrate", "resume", "shop"]);
    let server = TestServer::start(sluice);
    let run = status(&server.sluice)["run"].as_str().unwrap().to_owned();
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert_eq!(step(&view, "migrate")["rowsOut"].as_f64(), Some(5_000.0));
    let taken = ["cpuMs", "peakMemory"].map(|name| step(&view, "migrate")[name].as_f64().unwrap());
    assert!(taken[0] > 0.0 && taken[1] > 1e6, "what its chunks took is known: {taken:?}");
    let told = status(&server.sluice);
    assert_eq!((&told["state"], &told["rows"]), (&json!("COMPLETED"), &json!(5_000)), "{told:#}");
    assert_same(&source, &target);
    server.sluice.call(&["migrate", "validate", "shop"]);
    target.execute("DELETE FROM orders WHERE id = 7");
    let differs = server.sluice.command().args(["migrate", "validate", "shop", "--json"]).output().unwrap();
    assert_eq!(differs.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&differs.stdout).unwrap();
    assert_eq!(found["orders"]["totals"]["missing"], 1, "{found:#}");
}

#[test]
fn tables_move_at_once_without_a_server() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(target) = Postgres::create("a migration at once") else { return };
    let source = sluice.folder.path().join("source.db");
    fill(&source, 20_000);
    let from = format!("sqlite://{}", source.display());
    let run = |more: &[&str]| {
        let fixed = ["migrate", "run", "--from", from.as_str(), "--to", target.url.as_str(), "--json"];
        sluice.command().args(fixed).args(more).output().unwrap()
    };
    let orders = ["--table", "orders"];
    let refused = run(&orders);
    assert_eq!(refused.status.code(), Some(1), "the table is not there, and is not to be made");
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("table_not_found"), "{text}");
    let dry = run(&[&orders[..], &["--create", "--dry-run"]].concat());
    assert!(dry.status.success());
    let told: Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert!(told[0]["prepared"]["statements"][0].as_str().unwrap().starts_with("CREATE TABLE"), "{told:#}");
    assert_eq!(told[0]["sample"][0]["name"], "Köln 1");
    assert_eq!(target.number(LOOKS[0]), None, "nothing was made");
    let made =
        run(&[&orders[..], &["--create", "--validate", "diff", "--parallel", "2", "--chunk-rows", "5000"]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_same(&source, &target);
    assert_eq!(target.number("SELECT count(*) FROM _sluice_ledger"), None, "the ledger is gone");
    // Once more: the keys are there.
    assert_eq!(run(&orders).status.code(), Some(1));
    assert!(run(&[&orders[..], &["--mode", "truncate"]].concat()).status.success());
    assert_same(&source, &target);
    assert_eq!(run(&[]).status.code(), Some(2), "wrong usage");
    assert!(!sluice.folder.path().join("data").exists(), "no metadata is made");
}
