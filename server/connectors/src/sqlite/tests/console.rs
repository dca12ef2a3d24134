//! Nothing that the console runs writes or lasts, and what only reads passes.

use crate::suite::world::{World, named};
use data::console::{ConsoleForm, ConsoleLimits, ConsoleRequest, Effect};
use data::{ConsoleAnswer, WriteOptions};
use model::ErrorCode;
use serde_json::json;
use std::time::Duration;

fn request(sql: &str) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
}

async fn world() -> World {
    let world = World::sqlite("").await.unwrap();
    world.write(WriteOptions::append("t"), &named(&[(1, "a"), (2, "b;--"), (3, "DROP TABLE t")])).await.unwrap();
    world
}

fn shown(answer: &ConsoleAnswer) -> Vec<String> {
    let mut shown = Vec::new();
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|c| crate::cell::text(c, row).unwrap_or("NULL".to_owned()));
            shown.push(values.collect::<Vec<_>>().join("|"));
        }
    }
    shown
}

#[tokio::test]
async fn reads_pass() {
    let world = world().await;
    for (sql, expected) in [
        ("SELECT count(*) FROM t", "3"),
        ("WITH x AS (SELECT max(id) AS m FROM t) SELECT m FROM x -- INSERT\n;", "3"),
        ("SELECT name FROM t WHERE name = 'DROP TABLE t'", "DROP TABLE t"),
        ("SELECT sum(id) OVER (ORDER BY id) FROM t ORDER BY 1 DESC LIMIT 1", "6"),
        ("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT max(i) FROM n", "5"),
        ("SELECT value FROM json_each('[7]')", "7"),
        ("VALUES (1)", "1"),
        ("SELECT 'x' LIKE '%;%'", "0"),
    ] {
        let answer = world.connector.console(request(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(shown(&answer), [expected], "{sql}");
        let check = world.connector.check_statement(sql, true).await.unwrap();
        assert_eq!((check.effect, &check.refusal, &check.fault), (Effect::Read, &None, &None), "{sql}");
    }
    for sql in ["PRAGMA table_info(t)", "EXPLAIN QUERY PLAN SELECT * FROM t", "SELECT * FROM sqlite_schema"] {
        let answer = world.connector.console(request(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(!shown(&answer).is_empty(), "{sql}");
    }
    let check = world.connector.check_statement("SELECT name FROM t WHERE id = 1", true).await.unwrap();
    assert!(check.estimate.unwrap().plan.contains("t"));
}

#[tokio::test]
async fn nothing_writes_reaches_out_or_lasts() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("x.db").display().to_string();
    for sql in [
        "INSERT INTO t VALUES (9, 'x')",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "SELECT 1; DELETE FROM t",
        "SELECT 1;; ; DROP TABLE t",
        "DELETE FROM t RETURNING id",
        "CREATE TABLE u (a)",
        "CREATE TEMP TABLE u (a)",
        "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE u USING fts5(a)",
        "DROP TABLE t",
        "ALTER TABLE t ADD COLUMN x",
        "PRAGMA user_version = 7",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA query_only = OFF",
        "PRAGMA hard_heap_limit = 1000",
        "PRAGMA soft_heap_limit = 1000",
        "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint",
        "PRAGMA optimize",
        "SELECT * FROM pragma_user_version(7)",
        "SELECT load_extension('x')",
        "SELECT fts3_tokenizer('simple')",
        "BEGIN IMMEDIATE",
        "SAVEPOINT s",
        "ANALYZE",
        "REINDEX",
        "VACUUM",
        "EXPLAIN DELETE FROM t",
        "REPLACE INTO t VALUES (1, 'x')",
        "",
        "-- nothing",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("ATTACH '{outside}' AS x"), format!("VACUUM INTO '{outside}'")])
    {
        let error = match world.connector.console(request(&sql)).await {
            Ok(answer) => panic!("{sql}: {:?}", shown(&answer)),
            Err(error) => error,
        };
        let codes = [ErrorCode::StatementNotAllowed, ErrorCode::StatementFailed, ErrorCode::InvalidSql];
        assert!(codes.contains(&error.code()), "{sql}: {error}");
    }
    assert!(!std::path::Path::new(&outside).exists());
    assert_eq!(world.count("t").await, 3);
    assert_eq!(world.connector.list_tables().await.unwrap(), ["t"]);
    let version = world.connector.console(request("PRAGMA user_version")).await.unwrap();
    assert_eq!(shown(&version), ["0"]);
}

/// The layers below the first hold alone.
#[tokio::test]
async fn the_authorizer_and_the_file_hold_without_the_first_layer() {
    use crate::sqlite::guard::{Guard, protect};
    let world = world().await;
    let path = world.url.strip_prefix("sqlite://").unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    protect(&connection, 1 << 20).unwrap();
    for sql in [
        "INSERT INTO t VALUES (9, 'x')",
        "CREATE TEMP TABLE u (a)",
        "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
        "ATTACH ':memory:' AS x",
        "VACUUM INTO '/tmp/never.db'",
        "PRAGMA hard_heap_limit = 1000",
        "PRAGMA hard_heap_limit(1000)",
        "SELECT * FROM pragma_hard_heap_limit(1000)",
        "SELECT load_extension('x')",
        "BEGIN",
    ] {
        let guard = Guard::set(&connection, false);
        let done = connection.prepare(sql).and_then(|mut statement| {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        });
        assert!(done.is_err(), "{sql}");
        assert!(guard.reason().is_some() || !sql.starts_with("INSERT"), "{sql}");
    }
    assert!(!std::path::Path::new("/tmp/never.db").exists());
}

#[tokio::test]
async fn limits_cut_rows_bytes_and_time() {
    let world = world().await;
    let endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)";
    let limits = ConsoleLimits { rows: 10, ..ConsoleLimits::default() };
    let answer = world
        .connector
        .console(ConsoleRequest { limits, ..request(&format!("{endless} SELECT i FROM n")) })
        .await
        .unwrap();
    assert!(answer.truncated && shown(&answer).len() == 10);
    let limits = ConsoleLimits { bytes: 1_000, ..ConsoleLimits::default() };
    let wide = format!("{endless} SELECT printf('%0100d', i) FROM n");
    let answer = world.connector.console(ConsoleRequest { limits, ..request(&wide) }).await.unwrap();
    assert!(answer.truncated && shown(&answer).len() <= 10, "{:?}", shown(&answer).len());
    let limits = ConsoleLimits { time: Duration::from_millis(200), ..ConsoleLimits::default() };
    let count = format!("{endless} SELECT count(*) FROM n");
    let error = world.connector.console(ConsoleRequest { limits, ..request(&count) }).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
    let error = world.connector.console(request("SELECT hex(zeroblob(900000000))")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    // Whoever no longer waits leaves nothing behind that runs on.
    let waiting = tokio::time::timeout(Duration::from_millis(50), world.connector.console(request(&count))).await;
    assert!(waiting.is_err());
    assert_eq!(shown(&world.connector.console(request("SELECT count(*) FROM t")).await.unwrap()), ["3"]);
}

#[tokio::test]
async fn values_are_bound_and_faults_have_a_place() {
    let world = world().await;
    let params = vec![json!(2), json!("b;--"), json!(null), json!(1.5), json!(true)];
    let asked = ConsoleRequest { params, ..request("SELECT id, ?3, ?4, ?5 FROM t WHERE id = ?1 AND name = ?2") };
    assert_eq!(shown(&world.connector.console(asked).await.unwrap()), ["2|NULL|1.5|1"]);
    for (params, told) in [
        (vec![], "1 placeholder, and is given 0 values"),
        (vec![json!(u64::MAX)], "63 bits"),
        (vec![json!([1])], "a list"),
    ] {
        let error = world.connector.console(ConsoleRequest { params, ..request("SELECT ?1") }).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let fault = world.connector.check_statement("SELECT id,\n  nope FROM t", false).await.unwrap().fault.unwrap();
    assert_eq!((fault.line, fault.column), (Some(2), Some(3)), "{fault}");
    assert!(fault.message.contains("nope") && fault.code == ErrorCode::ColumnNotFound, "{fault}");
    let error = world.connector.console(request("SELECT id FROM nowhere")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    let check = world.connector.check_statement("SELECT FROM", false).await.unwrap();
    assert!(check.fault.is_some());
    let check = world.connector.check_statement("DELETE FROM t", false).await.unwrap();
    assert!(check.effect == Effect::Write && check.refusal.is_some() && check.fault.is_none(), "{check:?}");
}

#[tokio::test]
async fn who_may_write_writes_in_one_transaction() {
    let world = world().await;
    let write = |sql: &str| ConsoleRequest { write: true, ..request(sql) };
    let answer = world.connector.console(write("UPDATE t SET name = 'x' WHERE id > 1 RETURNING id")).await.unwrap();
    assert_eq!((answer.affected, shown(&answer).len()), (Some(2), 2));
    let answer = world.connector.console(write("SELECT count(*) FROM t WHERE name = 'x'")).await.unwrap();
    assert_eq!((answer.affected, shown(&answer)), (None, vec!["2".to_owned()]));
    for sql in ["ATTACH ':memory:' AS x", "COMMIT", "PRAGMA hard_heap_limit = 1000", "DELETE FROM t; DELETE FROM t"] {
        let error = world.connector.console(write(sql)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{sql}: {error}");
    }
    assert_eq!(world.count("t").await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_has_one_type_for_all_rows_whatever_the_last_of_them_is() {
    let world = world().await;
    let numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000)";
    for (last, native, expected) in [("'zwölf'", "TEXT", "zwölf"), ("x'00ff'", "BLOB", "00ff"), ("0.5", "REAL", "0.5")]
    {
        let sql = format!("{numbers} SELECT CASE i WHEN 30000 THEN {last} ELSE i END AS v FROM n");
        let limits = ConsoleLimits { rows: u64::MAX, ..ConsoleLimits::default() };
        let rows = world.connector.console_rows(ConsoleRequest { limits, ..request(&sql) }, ConsoleForm::Stream).await;
        let answer = ConsoleAnswer::gather(rows.unwrap()).await.unwrap();
        assert_eq!((answer.native_types.as_slice(), answer.batches.len()), ([native.to_owned()].as_slice(), 4));
        let rows = shown(&answer);
        assert_eq!((rows.len(), rows[29_999].as_str()), (30_000, expected));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_looks_and_reads_in_one_snapshot() {
    let world = world().await;
    let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
               SELECT n.i, t.name FROM n JOIN t ON t.id = 1 + n.i % 3 ORDER BY n.i";
    let limits = ConsoleLimits { rows: u64::MAX, ..ConsoleLimits::default() };
    let asked = ConsoleRequest { limits, ..request(sql) };
    let mut rows = world.connector.console_rows(asked, ConsoleForm::Stream).await.unwrap();
    let first = rows.next().await.unwrap().unwrap();
    // Bytes would be no text, had the statement seen them.
    world.connector.execute("UPDATE t SET name = x'ff'; DROP TABLE t").await.unwrap();
    let rest = ConsoleAnswer::gather(rows).await.unwrap();
    let count = first.num_rows() + rest.batches.iter().map(arrow::record_batch::RecordBatch::num_rows).sum::<usize>();
    assert_eq!((count, shown(&rest).last().unwrap().as_str()), (20_000, "20000|DROP TABLE t"));
    world.end().await;
}
