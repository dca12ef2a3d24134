//! The settings of the step `migrate`, each held against what it promises.

use super::{Chance, SOURCE};
use crate::databases::{Postgres, sqlite_execute, sqlite_number};
use crate::program::Sluice;
use crate::server::{PATIENCE, TestServer, is_final, step, wait_for};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// A workflow of one step from `source` to `target`; `more` are further settings, one a line.
fn document(more: &[&str]) -> String {
    let lines: String = more.iter().map(|line| format!("      {line}\n")).collect();
    format!(
        "name: move\nsteps:\n  - id: move\n    uses: migrate\n    with:\n      from: {{ connection: source, table: \"*\" }}\n      \
         to: {{ connection: target }}\n{lines}"
    )
}

fn outputs(run: &Value) -> Value {
    serde_json::from_str(step(run, "move")["outputs"].as_str().unwrap()).unwrap()
}

/// From a file to a database of PostgreSQL.
fn into_postgres(what: &str) -> Option<(TestServer, std::path::PathBuf, Postgres)> {
    let sluice = Sluice::find()?;
    let target = Postgres::create(what)?;
    let source = sluice.add_sqlite("source");
    sluice.call(&["connection", "add", "target", &target.url]);
    Some((TestServer::start(sluice), source, target))
}

#[test]
fn a_dry_run_tells_and_touches_nothing() {
    let Some((server, source, target)) = into_postgres("a dry run") else { return };
    sqlite_execute(&source, SOURCE);
    sqlite_execute(&source, "INSERT INTO orders VALUES (1, 7, 'a' || char(0) || 'b', 1.25, '2024-01-02 03:04:05')");
    let run = server.run_once(&document(&["dry_run: true", "sample: 1"]));
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let told = outputs(&run);
    assert_eq!((&told["rows"], &told["sample"]["orders"][0]["amount"]), (&json!(0), &json!("7")), "{told:#}");
    assert!(told["statements"][0].as_str().unwrap().starts_with("CREATE TABLE"), "{told:#}");
    let nul = told["hazards"].as_array().unwrap().iter().find(|hazard| hazard["kind"] == "nul").unwrap();
    assert_eq!((&nul["column"], &nul["rows"], &nul["is_loss"]), (&json!("name"), &json!(1), &json!(true)));
    assert_eq!(told["tables"]["orders"]["columns"][0]["target_type"], "bigint", "{told:#}");
    assert_eq!(target.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), Some(0));
}

#[test]
fn other_tables_go_on_after_one_failed() {
    let Some((server, source, target)) = into_postgres("tables of which one fails") else { return };
    for table in ["a", "b", "c"] {
        sqlite_execute(&source, &format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, v INT4)"));
        sqlite_execute(&source, &format!("INSERT INTO {table} VALUES (1, 1), (2, NULL)"));
    }
    target.execute("CREATE TABLE b (id bigint PRIMARY KEY, v integer NOT NULL)");
    let refused = server.run_once(&document(&[]));
    assert_eq!(step(&refused, "move")["error"]["code"], "loss_not_allowed", "{refused:#}");
    target.execute("DROP TABLE IF EXISTS a, c");
    let stopped = server.run_once(&document(&["parallel: 1", "look: structure"]));
    assert_eq!(stopped["status"], "FAILED", "{stopped:#}");
    assert_eq!(target.number("SELECT count(*) FROM c"), Some(0), "nothing follows the one that failed");
    target.execute("DROP TABLE a, c");
    let run = server.run_once(&document(&["keep_going: true", "validate: diff", "look: structure"]));
    let error = &step(&run, "move")["error"];
    assert_eq!((&run["status"], &error["code"]), (&json!("FAILED"), &json!("value_refused")), "{run:#}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("1 of 3 tables failed") && message.contains("`b`"), "{message}");
    for (table, rows) in [("a", 2), ("b", 0), ("c", 2)] {
        assert_eq!(target.number(&format!("SELECT count(*) FROM {table}")), Some(rows), "{table}");
    }
}

const ROWS: i64 = 60_000;
/// Every hundredth name is too long for the target.
const LONG: i64 = ROWS / 100;

fn fill_with_long_names(source: &Path) {
    sqlite_execute(source, "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT, day TEXT)");
    sqlite_execute(
        source,
        &format!(
            "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {ROWS}) INSERT INTO names \
             SELECT id, CASE WHEN id % 100 = 0 THEN 'much too long ' || id ELSE 'n' || id END, 'd' FROM n"
        ),
    );
}

/// Rows that are refused are kept with the reason, each once, however often the server is killed meanwhile.
fn rejects(server: &mut TestServer, source: &Path, number: impl Fn(&str) -> Option<i64>) {
    fill_with_long_names(source);
    let settings = ["on_error: reject", "chunk_rows: 20000", "parallel: 2", "rate_limit: 30000", "validate: count"];
    server.save(&document(&settings));
    let run = server.start_run("move", &json!({}));
    let (mut chance, began) = (Chance::new(), Instant::now());
    for _ in 0..3 {
        let before = number("SELECT count(*) FROM names_rejected").unwrap_or(0);
        wait_for("rejected rows", || {
            number("SELECT count(*) FROM names_rejected").unwrap_or(0) > before || is_final(&server.run(&run))
        });
        std::thread::sleep(std::time::Duration::from_millis(chance.below(150)));
        server.kill();
        server.restart();
    }
    loop {
        let view = server.run(&run);
        if view["error"]["code"] == "WORKER_LOST" || view["error"]["code"] == "worker_lost" {
            server.retry(&run);
        } else if is_final(&view) {
            break;
        }
        assert!(began.elapsed() < 3 * PATIENCE, "the run does not come to its end: {view:#}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert_eq!(number("SELECT count(*) FROM names"), Some(ROWS - LONG));
    assert_eq!(number("SELECT count(*) FROM names_rejected"), Some(LONG), "none lost, none doubled");
    assert_eq!(number("SELECT count(DISTINCT id) FROM names_rejected"), Some(LONG));
    let reasons = "SELECT count(*) FROM names_rejected WHERE _reason <> '' AND name LIKE 'much too long%'";
    assert_eq!(number(reasons), Some(LONG));
    let told = outputs(&view);
    assert_eq!((told["rows"].as_i64(), told["rejected"].as_i64()), (Some(ROWS - LONG), Some(LONG)), "{told:#}");
}

#[test]
fn rejected_rows_are_kept_once_in_postgresql() {
    let Some((mut server, source, target)) = into_postgres("rejected rows") else { return };
    target.execute("CREATE TABLE names (id bigint, name varchar(8), day text)");
    rejects(&mut server, &source, |sql| target.number(sql));
}

#[test]
fn rejected_rows_are_kept_once_in_sqlite() {
    let Some(sluice) = Sluice::find() else { return };
    let (source, target) = (sluice.add_sqlite("source"), sluice.add_sqlite("target"));
    sqlite_execute(&target, "CREATE TABLE names (id INTEGER, name TEXT CHECK (length(name) < 9), day TEXT)");
    let mut server = TestServer::start(sluice);
    rejects(&mut server, &source, |sql| sqlite_number(&target, sql));
}

#[test]
fn a_rate_is_kept_to_by_all_chunks_together() {
    let Some((server, source, target)) = into_postgres("a rate") else { return };
    super::fill(&source, 40_000);
    let run = server.run_once(&document(&["rate_limit: 20000", "chunk_rows: 10000", "parallel: 4", "validate: none"]));
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    assert_eq!(target.number("SELECT count(*) FROM orders"), Some(40_000));
    let told = server.graphql(
        "query($id: String!) { run(id: $id) { steps { durationMs } } }",
        json!({ "id": run["id"].as_str().unwrap() }),
    );
    // A limit is a lower bound of time, on a slow machine too.
    let millis = told["run"]["steps"][0]["durationMs"].as_f64().unwrap();
    assert!(millis >= 1_900.0, "40,000 rows at 20,000 a second took {millis} ms");
}

#[test]
fn a_proof_finds_what_differs_and_bears_the_threshold() {
    let Some(sluice) = Sluice::find() else { return };
    let (Some(source), Some(target)) = (Postgres::create("a proof"), Postgres::create("a proof")) else { return };
    sluice.call(&["connection", "add", "source", &source.url]);
    sluice.call(&["connection", "add", "target", &target.url]);
    source.execute("CREATE TABLE t (id bigint PRIMARY KEY, v text); INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 5000) n");
    target.execute("CREATE TABLE t (id bigint PRIMARY KEY, v text)");
    let server = TestServer::start(sluice);
    // Rows that are there already stay, so that three of them differ afterwards.
    let check = |validate: &str, expected: Option<u64>| {
        target.execute("TRUNCATE t; INSERT INTO t VALUES (1, 'old'), (77, 'old'), (5000, NULL)");
        let run = server.run_once(&document(&["mode: insert_ignore", &format!("validate: {validate}")]));
        let found = step(&run, "move");
        match expected {
            Some(differences) => {
                assert_eq!(run["status"], "SUCCEEDED", "{validate}: {run:#}");
                assert_eq!(outputs(&run)["differences"].as_u64(), Some(differences), "{validate}");
            }
            None => {
                assert_eq!(found["error"]["code"], "rows_differ", "{validate}: {run:#}");
                assert!(found["error"]["message"].as_str().unwrap().contains("3 rows"), "{run:#}");
            }
        }
        assert_eq!(target.number("SELECT count(*) FROM t"), Some(5_000));
    };
    check("none", Some(0));
    check("count", Some(0));
    check("diff", None);
    check("checksum", None);
    check("{ by: diff, threshold: 2 }", None);
    check("{ by: diff, threshold: 3 }", Some(3));
    check("{ by: checksum, threshold: 3 }", Some(3));
}

/// The source changes all the time: rows are added and changed until the load is over.
#[test]
fn what_changes_meanwhile_is_caught_up_with() {
    let Some(sluice) = Sluice::find() else { return };
    let (Some(source), Some(target)) = (Postgres::create("catching up"), Postgres::create("catching up")) else {
        return;
    };
    sluice.call(&["connection", "add", "source", &source.url]);
    sluice.call(&["connection", "add", "target", &target.url]);
    source.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, changed timestamptz NOT NULL DEFAULT clock_timestamp()); \
         INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 40000) n",
    );
    let server = TestServer::start(sluice);
    let check = |more: &[&str], code: &str| {
        let run = server.run_once(&document(more));
        assert_eq!(step(&run, "move")["error"]["code"], code, "{run:#}");
        assert_eq!(target.number("SELECT count(*) FROM t"), None, "nothing is made");
    };
    check(&["catch_up: { column: chnaged }"], "column_not_found");
    source.execute("CREATE TABLE aside (v text)");
    check(&["catch_up: { column: v }"], "invalid_value");
    source.execute("DROP TABLE aside");
    server.save(&document(&[
        "catch_up: { column: changed }",
        "chunk_rows: 10000",
        "rate_limit: 20000",
        "validate: diff",
    ]));
    let run = server.start_run("move", &json!({}));
    wait_for("rows in the target", || target.number("SELECT count(*) FROM t").unwrap_or(0) > 0);
    let mut added = 40_000;
    while step(&server.run(&run), "move")["rowsOut"].as_f64().unwrap_or(0.0) < 30_000.0 {
        assert!(!is_final(&server.run(&run)), "{:#}", server.run(&run));
        added += 1;
        source.execute(&format!(
            "INSERT INTO t VALUES ({added}, 'new'); \
             UPDATE t SET v = 'changed', changed = clock_timestamp() WHERE id IN ({}, {})",
            added - 39_999,
            added - 1
        ));
    }
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    assert!(added > 40_001, "the source did not change meanwhile");
    let told = outputs(&view);
    assert_eq!(told["differences"], 0, "{told:#}");
    assert!(told["tables"]["t"]["caught_up"]["rows"].as_u64().unwrap() > 1, "{told:#}");
    assert_eq!(target.number("SELECT count(*) FROM t"), Some(added));
    assert_eq!(
        target.number("SELECT count(*) FROM t WHERE v = 'changed'"),
        source.number("SELECT count(*) FROM t WHERE v = 'changed'")
    );
}
