//! The console: what comes back, what is held back, and what leaves no trace.

use crate::Gate;
use crate::postgres::console::run_allowed;
use crate::postgres::{Config, Postgres};
use crate::suite::world::World;
use data::Connector;
use data::console::{ConsoleAnswer, ConsoleForm, ConsoleLimits, ConsoleRequest, Effect, StatementCheck};
use data::{Error, Result};
use model::ErrorCode;
use serde_json::{Value, json};
use std::time::Duration;

fn request(sql: &str) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
}

/// A connector of its own beside the world's, with the world's settings and more.
async fn beside(world: &World, more: &[(&str, Value)]) -> Postgres {
    let settings = crate::Settings::parse(&world.url).unwrap();
    let mut values = settings.values;
    let schema = world.read(data::connector::ReadOptions::query("SELECT current_schema() AS s")).await;
    values["schema"] = crate::cell::text(schema.column(0), 0).unwrap().into();
    for (key, value) in more {
        values[*key] = value.clone();
    }
    Postgres::new(Config::parse(&values).unwrap(), settings.secret.as_deref(), &Gate::with_private()).unwrap()
}

/// Runs a statement as if the first layer had let it through.
async fn unguarded(postgres: &Postgres, request: ConsoleRequest) -> Result<ConsoleAnswer> {
    let check = StatementCheck {
        effect: Effect::Read,
        tables: Vec::new(),
        columns: Vec::new(),
        refusal: None,
        fault: None,
        estimate: None,
    };
    ConsoleAnswer::gather(run_allowed(&postgres.pool, request, check, ConsoleForm::Page).await?).await
}

fn texts(answer: &ConsoleAnswer) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter();
            rows.push(cells.map(|column| crate::cell::text(column, row).unwrap_or("NULL".to_owned())).collect());
        }
    }
    rows
}

async fn answer(world: &World, sql: &str) -> ConsoleAnswer {
    world.connector.console(request(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

async fn refused(world: &World, request: ConsoleRequest) -> Error {
    world.connector.console(request).await.unwrap_err()
}

#[tokio::test]
async fn every_type_comes_back() {
    let Some(world) = World::postgres("every_type_comes_back").await else { return };
    world
        .connector
        .execute(
            "CREATE TYPE mood AS ENUM ('ok', 'sad'); CREATE DOMAIN price AS numeric(10,2) CHECK (value > 0); \
             CREATE TYPE pair AS (a int, b text)",
        )
        .await
        .unwrap();
    let cases = [
        ("true", "boolean", "true"),
        ("32767::int2", "smallint", "32767"),
        ("9223372036854775807", "bigint", "9223372036854775807"),
        ("4294967295::oid", "oid", "4294967295"),
        ("'NaN'::float8", "double precision", "NaN"),
        ("'-Infinity'::float4", "real", "-inf"),
        ("12.50::numeric(5,2)", "numeric(5,2)", "12.50"),
        ("1e100::numeric + 0.5", "numeric", &format!("1{}.5", "0".repeat(100))),
        ("'NaN'::numeric(5,2)", "numeric(5,2)", "NaN"),
        ("'ab'::char(4)", "character(4)", "ab  "),
        ("'日本'::varchar(5)", "character varying(5)", "日本"),
        ("'x'::name", "name", "x"),
        ("'\\x00ff'::bytea", "bytea", "00ff"),
        ("date '2024-02-29'", "date", "2024-02-29"),
        ("'infinity'::date", "date", "infinity"),
        ("date '0044-03-15 BC'", "date", "0044-03-15 BC"),
        ("timestamp '2024-01-01 12:00:00.123456'", "timestamp without time zone", "2024-01-01T12:00:00.123456"),
        ("'-infinity'::timestamptz", "timestamp with time zone", "-infinity"),
        ("timestamptz '2024-01-01 12:00:00+08'", "timestamp with time zone", "2024-01-01T04:00:00Z"),
        ("time '24:00'", "time without time zone", "24:00:00"),
        ("timetz '12:00+02'", "time with time zone", "12:00:00+02"),
        ("interval '1 year 2 days'", "interval", "P1Y2D"),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("'{\"a\": [1]}'::json", "json", "{\"a\": [1]}"),
        ("'{\"a\":1}'::jsonb", "jsonb", "{\"a\": 1}"),
        ("ARRAY[1, NULL]", "integer[]", "[1,null]"),
        ("'10.0.0.0/8'::inet", "inet", "10.0.0.0/8"),
        ("'10.0.0.0/8'::cidr", "cidr", "10.0.0.0/8"),
        ("'08:00:2b:01:02:03'::macaddr", "macaddr", "08:00:2b:01:02:03"),
        ("'[1,5)'::int4range", "int4range", "[1,5)"),
        ("'{[1,2],[5,6]}'::int4multirange", "int4multirange", "{[1,3),[5,7)}"),
        ("'sad'::mood", "mood", "sad"),
        ("9.5::price", "numeric(10,2)", "9.50"),
        ("ROW(1, 'x')::pair", "pair", "(1,x)"),
        ("ROW(1, 'x')", "record", "(1,x)"),
        ("'101'::bit(3)", "bit(3)", "101"),
        ("'101'::varbit", "bit varying", "101"),
        ("'(1,2)'::point", "point", "(1,2)"),
        ("'<(0,0),1>'::circle", "circle", "<(0,0),1>"),
        ("'a & b'::tsquery", "tsquery", "'a' & 'b'"),
        ("'a fat cat'::tsvector", "tsvector", "'a' 'cat' 'fat'"),
        ("'16/B374D848'::pg_lsn", "pg_lsn", "16/B374D848"),
        ("'10:20:10,14'::pg_snapshot", "pg_snapshot", "10:20:10,14"),
        ("'<a/>'::xml", "xml", "<a/>"),
        ("'x'::\"char\"", "\"char\"", "x"),
        ("'pg_class'::regclass", "regclass", "pg_class"),
        ("NULL", "text", "NULL"),
    ];
    for (sql, native, text) in cases {
        let found = answer(&world, &format!("SELECT {sql} AS v -- end")).await;
        assert_eq!(texts(&found), [[text.to_owned()]], "{sql}");
        assert_eq!(found.native_types.len(), 1, "{sql}");
        // The type's modifier is that of the expression, which the server may not know.
        let bare = |text: &str| text.split('(').next().unwrap_or(text).to_owned();
        assert_eq!(bare(&found.native_types[0]), bare(native), "{sql}");
    }
    // All at once, too, and in the order of the statement.
    let all: Vec<String> = cases.iter().map(|(sql, ..)| format!("{sql} AS same")).collect();
    let found = answer(&world, &format!("SELECT {} UNION ALL SELECT {} ;", all.join(", "), all.join(", "))).await;
    assert_eq!(texts(&found).len(), 2);
    assert_eq!(texts(&found)[0], cases.iter().map(|(.., text)| (*text).to_owned()).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test]
async fn reads_of_all_kinds_are_answered() {
    let Some(world) = World::postgres("reads_of_all_kinds_are_answered").await else { return };
    world.connector.execute("CREATE TABLE t (id int PRIMARY KEY, n numeric)").await.unwrap();
    world.connector.execute("INSERT INTO t SELECT g, g FROM generate_series(1, 5) g").await.unwrap();
    for (sql, rows) in [
        ("SELECT id, n FROM t ORDER BY id DESC", 5),
        ("WITH big AS (SELECT * FROM t WHERE id > 2) SELECT id, sum(n) OVER (ORDER BY id) FROM big; -- insert;", 3),
        ("VALUES (1, 'a;b'), (2, 'delete')", 2),
        ("TABLE t", 5),
        ("SHOW server_version", 1),
        ("SELECT n FROM t WHERE false", 0),
    ] {
        let found = answer(&world, sql).await;
        assert_eq!((texts(&found).len(), found.truncated, found.affected), (rows, false, None), "{sql}");
        assert_eq!(found.batches.len(), 1, "{sql}");
    }
    let plan = answer(&world, "EXPLAIN SELECT * FROM t").await;
    assert!(!texts(&plan).is_empty());
    let ordered = answer(&world, "SELECT n, id FROM t ORDER BY id DESC").await;
    assert_eq!(texts(&ordered)[0], ["5", "5"]);
    world.end().await;
}

#[tokio::test]
async fn nothing_stays_even_when_the_first_layer_fails() {
    let Some(world) = World::postgres("nothing_stays_even_when_the_first_layer_fails").await else { return };
    world.connector.execute("CREATE TABLE t (id int); CREATE SEQUENCE s; INSERT INTO t VALUES (1)").await.unwrap();
    world
        .connector
        .execute("CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM t; RETURN 1; END'")
        .await
        .unwrap();
    let postgres = beside(&world, &[]).await;
    for sql in [
        "INSERT INTO t VALUES (2)",
        "DELETE FROM t",
        "WITH gone AS (DELETE FROM t RETURNING id) SELECT * FROM gone",
        "SELECT 1; DELETE FROM t",
        "COMMIT; DELETE FROM t",
        "COMMIT",
        "SELECT sly()",
        "SELECT nextval('s')",
        "SELECT setval('s', 9)",
        "CREATE TABLE u (id int)",
        "SELECT * INTO u FROM t",
        "EXPLAIN ANALYZE CREATE TABLE u AS SELECT 1",
        "EXPLAIN ANALYZE DELETE FROM t",
        "TRUNCATE t",
        "DROP TABLE t",
        "SET TRANSACTION READ WRITE",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "DO 'BEGIN DELETE FROM t; END'",
        "COPY t FROM PROGRAM 'echo 1'",
        "COPY t TO PROGRAM 'cat > /dev/null'",
        "SELECT lo_create(424242)",
        "SELECT pg_advisory_lock(424242)",
        "SELECT id FROM t FOR UPDATE",
        "LISTEN x",
        "PREPARE p AS DELETE FROM t",
    ] {
        // Whether it is refused or undone is the server's affair.
        let _ = unguarded(&postgres, request(sql)).await;
    }
    assert_eq!(world.count("t").await, 1);
    let left = world
        .read(data::connector::ReadOptions::query(
            "SELECT to_regclass('u')::text AS u, (SELECT is_called FROM s) AS s, \
             (SELECT count(*) FROM pg_largeobject_metadata WHERE oid = 424242) AS lo",
        ))
        .await;
    let left: Vec<Option<String>> = left.columns().iter().map(|column| crate::cell::text(column, 0)).collect();
    assert_eq!(left, [None, Some("false".to_owned()), Some("0".to_owned())]);
    // The lock goes with its session, which the server ends in its own time.
    until(&world, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 424242", 0).await;
    // The first layer says why, with the code that people see.
    for sql in ["DELETE FROM t", "SELECT sly(); DELETE FROM t", "SELECT nextval('s')", "COPY t TO PROGRAM 'cat'"] {
        let error = refused(&world, request(sql)).await;
        assert!(matches!(error.code(), ErrorCode::StatementNotAllowed | ErrorCode::InvalidSql), "{sql}: {error}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_stream_turns_a_column_to_text_only_before_its_first_rows_are_out() {
    let name = "a_stream_turns_a_column_to_text_only_before_its_first_rows_are_out";
    let Some(world) = World::postgres(name).await else { return };
    let stream = async |sql: &str| world.connector.console_rows(request(sql), ConsoleForm::Stream).await;
    let all = |limits: &mut ConsoleLimits| limits.rows = u64::MAX;
    let early =
        "SELECT CASE WHEN g = 7 THEN 'infinity'::date ELSE date '2024-02-29' END AS d FROM generate_series(1, 900) g";
    let mut rows = ConsoleAnswer::gather(stream(early).await.unwrap()).await.unwrap();
    assert_eq!(texts(&rows)[6], ["infinity"]);
    let late = early.replace("g = 7", "g = 20000").replace("900", "30000");
    let mut asked = request(&late);
    all(&mut asked.limits);
    let error = ConsoleAnswer::gather(world.connector.console_rows(asked, ConsoleForm::Stream).await.unwrap()).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("`d` is no Date32"), "{error}");
    // A page holds its rows, and as text they all are there.
    let mut asked = request(&late);
    all(&mut asked.limits);
    rows = world.connector.console(asked).await.unwrap();
    assert_eq!((texts(&rows).len(), texts(&rows)[19_999][0].as_str()), (30_000, "infinity"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_nobody_reads_on_waits_in_the_server_and_a_dropped_one_ends_there() {
    let name = "a_stream_nobody_reads_on_waits_in_the_server_and_a_dropped_one_ends_there";
    let Some(world) = World::postgres(name).await else { return };
    let mark = format!("slowly{}", std::process::id());
    let mut asked = request(&format!("SELECT repeat('x', 500) AS {mark} FROM generate_series(1, 100000000)"));
    (asked.limits.rows, asked.limits.time) = (u64::MAX, Duration::from_secs(3600));
    let mut rows = world.connector.console_rows(asked, ConsoleForm::Stream).await.unwrap();
    rows.next().await.unwrap();
    let here = |state: &str| {
        format!("SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%{mark}%' AND {state}")
    };
    // A transaction is open, and what it does is wait: for the socket, or for the next fetch.
    until(&world, &here("wait_event_type = 'Client' AND xact_start IS NOT NULL"), 1).await;
    drop(rows);
    until(&world, &here("state IS NOT NULL"), 0).await;
    world.end().await;
}

#[tokio::test]
async fn rows_and_bytes_are_limited() {
    let Some(world) = World::postgres("rows_and_bytes_are_limited").await else { return };
    let limited = |sql: &str, rows, bytes| ConsoleRequest {
        limits: ConsoleLimits { rows, bytes, ..ConsoleLimits::default() },
        ..request(sql)
    };
    let many = "SELECT generate_series(1, 100000000)";
    let found = world.connector.console(limited(many, 250, 1 << 20)).await.unwrap();
    assert_eq!((texts(&found).len(), found.truncated), (250, true));
    let exact =
        world.connector.console(limited("SELECT g FROM generate_series(1, 100) g", 100, 1 << 20)).await.unwrap();
    assert_eq!((texts(&exact).len(), exact.truncated), (100, false));
    let wide = "SELECT repeat('x', 1000) FROM generate_series(1, 100000)";
    let found = world.connector.console(limited(wide, 100_000, 50_000)).await.unwrap();
    assert!(found.truncated && texts(&found).len() < 51, "{}", texts(&found).len());
    let none = world.connector.console(limited("SELECT 1", 0, 1 << 20)).await.unwrap();
    assert_eq!((texts(&none).len(), none.truncated), (0, true));
    // One value beyond all limits ends the statement, not the process.
    let error = refused(&world, limited("SELECT repeat('x', 100000000)", 10, 1 << 20)).await;
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("larger than the limit"), "{error}");
    assert_eq!(texts(&answer(&world, "SELECT 1").await).len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_statement_ends_with_its_time() {
    let Some(world) = World::postgres("a_statement_ends_with_its_time").await else { return };
    let postgres = beside(&world, &[]).await;
    let slow = |sql: &str| ConsoleRequest {
        limits: ConsoleLimits { time: Duration::from_millis(200), ..ConsoleLimits::default() },
        ..request(sql)
    };
    let mark = format!("timed{}", std::process::id());
    let error = unguarded(&postgres, slow(&format!("SELECT pg_sleep(600) AS {mark}"))).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
    assert!(error.to_string().contains("longer than 0.2 s"), "{error}");
    // Even one that takes its time-out away.
    let sly = format!("SELECT set_config('statement_timeout', '0', false), pg_sleep(600) AS {mark}");
    let error = unguarded(&postgres, slow(&sly)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
    none_running(&world, &mark).await;
    world.end().await;
}

/// Waits until no session runs a statement with `part` in it.
async fn none_running(world: &World, part: &str) {
    running(world, part, 0).await;
}

async fn running(world: &World, part: &str, wanted: u64) {
    let sql = format!(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%{part}%'"
    );
    until(world, &sql, wanted).await;
}

/// Asks until the query has that many rows; the count of tries only keeps a failure from lasting forever.
async fn until(world: &World, sql: &str, wanted: u64) {
    for _ in 0..2_000 {
        let count = world.connector.count(&data::connector::Relation::Query(sql.to_owned()), None).await.unwrap();
        if count == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {wanted} rows of {sql}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_statement_is_canceled_in_the_server() {
    let Some(world) = World::postgres("a_dropped_statement_is_canceled_in_the_server").await else { return };
    let postgres = beside(&world, &[]).await;
    let mark = format!("dropped{}", std::process::id());
    let sql = format!("SELECT pg_sleep(3600) AS {mark}");
    let statement = tokio::spawn({
        let (postgres, request) = (
            postgres.clone(),
            ConsoleRequest {
                limits: ConsoleLimits { time: Duration::from_secs(3600), ..ConsoleLimits::default() },
                ..request(&sql)
            },
        );
        async move { unguarded(&postgres, request).await }
    });
    running(&world, &mark, 1).await;
    statement.abort();
    none_running(&world, &mark).await;
    world.end().await;
}

#[tokio::test]
async fn values_of_placeholders_are_never_part_of_the_statement() {
    let Some(world) = World::postgres("values_of_placeholders_are_never_part_of_the_statement").await else { return };
    world.connector.execute("CREATE TABLE t (id int)").await.unwrap();
    let with = |sql: &str, params: Value| ConsoleRequest { params: params.as_array().unwrap().clone(), ..request(sql) };
    for (sql, params, expected) in [
        ("SELECT $1::int + 1", json!([41]), "42"),
        ("SELECT $1::bigint", json!(["9223372036854775807"]), "9223372036854775807"),
        ("SELECT $1::text", json!(["'; DROP TABLE t; --"]), "'; DROP TABLE t; --"),
        ("SELECT $1::text IS NULL", json!([null]), "true"),
        ("SELECT $1::boolean", json!([true]), "true"),
        ("SELECT $1::numeric * 2", json!([1.25]), "2.50"),
        ("SELECT $1::date", json!(["2024-02-29"]), "2024-02-29"),
        ("SELECT $1::int[]", json!([[1, null, 3]]), "[1,null,3]"),
        ("SELECT $1::text[]", json!([["a,b", "NULL", "}\""]]), "[\"a,b\",\"NULL\",\"}\\\"\"]"),
        ("SELECT $1::jsonb", json!([{"a": [1, "x"]}]), "{\"a\": [1, \"x\"]}"),
        ("SELECT count(*) FROM t WHERE id = ANY($1::int[])", json!([[]]), "0"),
        ("SELECT $2::text || $1::text", json!(["a", "b"]), "ba"),
    ] {
        let found = world.connector.console(with(sql, params)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(texts(&found), [[expected.to_owned()]], "{sql}");
    }
    for (sql, params, code) in [
        ("SELECT $1::int", json!([]), ErrorCode::InvalidValue),
        ("SELECT 1", json!([1]), ErrorCode::InvalidValue),
        ("SELECT $1::int", json!(["x"]), ErrorCode::ValueRefused),
        ("SELECT $1::text", json!(["a\u{0}b"]), ErrorCode::StatementFailed),
    ] {
        let error = refused(&world, with(sql, params)).await;
        assert_eq!(error.code(), code, "{sql}: {error}");
    }
    world.end().await;
}

#[tokio::test]
async fn who_may_write_is_told_how_many_rows() {
    let Some(world) = World::postgres("who_may_write_is_told_how_many_rows").await else { return };
    world.connector.execute("CREATE TABLE t (id int, n numeric, at interval)").await.unwrap();
    let write = |sql: &str| ConsoleRequest { write: true, ..request(sql) };
    let run = async |request: ConsoleRequest| world.connector.console(request).await.unwrap();
    assert_eq!(run(write("INSERT INTO t SELECT g, g FROM generate_series(1, 300) g")).await.affected, Some(300));
    let mut returning = write("UPDATE t SET at = interval '1 day' RETURNING id, n, at;");
    returning.limits.rows = 2;
    let found = run(returning).await;
    assert_eq!((found.affected, found.truncated, texts(&found).len()), (Some(300), true, 2));
    assert_eq!(texts(&found)[0][2], "P1D");
    assert_eq!(run(write("DELETE FROM t WHERE id > 10")).await.affected, Some(290));
    // What is undone for its form runs again, once.
    let found = run(write("INSERT INTO t (id, n) VALUES (11, 'NaN'::numeric) RETURNING n::numeric(5,2)")).await;
    assert_eq!((texts(&found), found.affected), (vec![vec!["NaN".to_owned()]], Some(1)));
    assert_eq!(world.count("t").await, 11);
    assert_eq!(run(write("CREATE TABLE u (id int)")).await.affected, Some(0));
    let error = refused(&world, write("INSERT INTO t VALUES ('x')")).await;
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let error = refused(&world, request("INSERT INTO t VALUES (1)")).await;
    assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{error}");
    world.end().await;
}

#[tokio::test]
async fn the_role_of_the_console_sees_what_it_may() {
    let Some(world) = World::postgres("the_role_of_the_console_sees_what_it_may").await else { return };
    let role = format!("reader_{}", std::process::id());
    let schema = texts(&answer(&world, "SELECT current_schema()").await)[0][0].clone();
    world
        .connector
        .execute(&format!(
            "CREATE TABLE seen (id int); CREATE TABLE hidden (id int); CREATE ROLE {role}; \
             GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON seen TO {role}"
        ))
        .await
        .unwrap();
    let postgres = beside(&world, &[("console_role", json!(role))]).await;
    assert_eq!(texts(&postgres.console(request("SELECT count(*) FROM seen")).await.unwrap()), [["0"]]);
    let error = postgres.console(request("SELECT * FROM hidden")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PermissionDenied, "{error}");
    let missing = beside(&world, &[("console_role", json!("no_such_role"))]).await;
    let error = missing.console(request("SELECT 1")).await.unwrap_err();
    assert!(error.to_string().contains("`no_such_role`"), "{error}");
    world.connector.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_statement_is_checked_without_running_it() {
    let Some(world) = World::postgres("a_statement_is_checked_without_running_it").await else { return };
    world.connector.execute("CREATE TABLE t (id int PRIMARY KEY, name text)").await.unwrap();
    world.connector.execute("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g").await.unwrap();
    world.connector.execute("ANALYZE t").await.unwrap();
    let check = async |sql: &str| world.connector.check_statement(sql, true).await.unwrap();
    let found = check("SELECT * FROM t").await;
    let estimate = found.estimate.unwrap();
    assert_eq!((found.effect, estimate.rows), (Effect::Read, Some(1000.0)));
    assert!(estimate.cost.is_some_and(|cost| cost > 0.0) && estimate.plan.contains("Seq Scan"));
    let one = check("SELECT * FROM t WHERE id = $1").await.estimate.unwrap();
    assert_eq!(one.rows, Some(1.0));
    let write = check("DELETE FROM t WHERE name = 'x'").await;
    assert!(write.refusal.is_some() && write.estimate.is_some() && write.effect == Effect::Write, "{write:?}");
    assert_eq!(world.count("t").await, 1000);
    let wrong = check("SELECT id,\n  nmae FROM t").await.fault.unwrap();
    assert_eq!((wrong.code, wrong.line, wrong.column), (ErrorCode::ColumnNotFound, Some(2), Some(3)));
    assert!(check("SELECT FROM WHERE").await.fault.is_some());
    assert!(check("SHOW server_version").await.estimate.is_none());
    let error = refused(&world, request("SELECT id\nFROM nowhere")).await;
    assert_eq!((error.code(), error.fault.line, error.fault.column), (ErrorCode::TableNotFound, Some(2), Some(6)));
    world.end().await;
}
