#![allow(clippy::unwrap_used)]
use super::*;
use crate::mysql::tests::{drop_database, server};
use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use data::Connector;
use serde_json::json;

fn reading(sql: &str) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
}

/// Forty thousand numbers.
const MANY: &str = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    SELECT a.i FROM n AS a JOIN n AS b";

async fn count(mysql: &Mysql, sql: &str) -> u64 {
    let mut connection = mysql.connect().await.unwrap();
    connection.query_first(sql).await.unwrap().unwrap()
}

/// Until no session of the console runs any more.
async fn until_idle(mysql: &Mysql, mark: &str) {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
    );
    while count(mysql, &sql).await > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_statement_answers_types_rows_and_parameters() {
    let Some(own) = server("a_statement_answers_types_rows_and_parameters").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE t (a BIGINT UNSIGNED, b DECIMAL(10,2), c VARCHAR(5), d DATETIME(3), e ENUM('x'), f TEXT)",
        )
        .await
        .unwrap();
    mysql
        .execute("INSERT INTO t VALUES (18446744073709551615, 1.5, 'é', '2024-01-02 03:04:05.678', 'x', 'y')")
        .await
        .unwrap();
    let request = ConsoleRequest {
        params: vec![json!(1), json!("é"), json!(null), json!(true), json!(1.5)],
        ..reading("SELECT t.*, ? AS n, ? = c AS same, ? AS nothing, ? AS yes, ? AS half FROM t -- ; comment")
    };
    let answer = mysql.console(request).await.unwrap();
    assert_eq!(
        &answer.native_types[..6],
        ["bigint unsigned", "decimal(10,2)", "varchar", "datetime(3)", "enum", "text"]
    );
    assert_eq!(answer.schema.field(0).data_type(), &DataType::UInt64);
    let row: Vec<Option<String>> =
        answer.batches[0].columns().iter().map(|column| crate::cell::text(column, 0)).collect();
    let row: Vec<&str> = row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(
        row,
        ["18446744073709551615", "1.50", "é", "2024-01-02T03:04:05.678", "x", "y", "1", "1", "NULL", "1", "1.5"]
    );
    assert!(!answer.truncated && answer.affected.is_none());
    let error = mysql.console(reading("SELECT ?")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    for sql in [
        "SHOW TABLES",
        "DESCRIBE t",
        "EXPLAIN SELECT * FROM t",
        "WITH q AS (SELECT 1 AS one) SELECT * FROM q",
        "SHOW CREATE TABLE t",
    ] {
        assert!(mysql.console(reading(sql)).await.unwrap().batches[0].num_rows() > 0, "{sql}");
    }
    drop_database(own).await;
}

#[tokio::test]
async fn limits_of_rows_bytes_and_time_hold() {
    let Some(own) = server("limits_of_rows_bytes_and_time_hold").await else { return };
    let mysql = &own.0;
    let mut request = reading(MANY);
    let answer = mysql.console(request.clone()).await.unwrap();
    let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!((rows, answer.truncated), (1_000, true));
    request.limits.rows = 40_000;
    let answer = mysql.console(request.clone()).await.unwrap();
    let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
    assert_eq!((rows, answer.truncated), (40_000, false));
    // An explicit LIMIT does not widen the console's.
    request.limits.rows = 10;
    request.sql = format!("{MANY} LIMIT 15000");
    let answer = mysql.console(request.clone()).await.unwrap();
    assert_eq!((answer.batches[0].num_rows(), answer.truncated), (10, true));
    request = reading(
        "SELECT REPEAT('x', 1000000) UNION ALL SELECT REPEAT('y', 1000000) UNION ALL SELECT REPEAT('z', 1000000)",
    );
    request.limits.bytes = 2_500_000;
    let answer = mysql.console(request.clone()).await.unwrap();
    assert_eq!((answer.batches[0].num_rows(), answer.truncated), (2, true));
    // More than a billion rows to be compared.
    let endless = format!("SELECT COUNT(*) FROM ({MANY}) AS a JOIN ({MANY}) AS b ON a.i * b.i < 0");
    request = reading(&endless);
    request.limits.time = Duration::from_millis(200);
    let error = mysql.console(request).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
    assert_eq!(count(mysql, "SELECT 1").await, 1);
    drop_database(own).await;
}

#[tokio::test]
async fn a_dropped_statement_ends_in_the_server() {
    let Some(own) = server("a_dropped_statement_ends_in_the_server").await else { return };
    let mysql = &own.0;
    let mark = format!("dropped_{}", own.1);
    let endless = format!("SELECT COUNT(*) AS {mark} FROM ({MANY}) AS a JOIN ({MANY}) AS b ON a.i * b.i < 0");
    let task = tokio::spawn({
        let mysql = mysql.clone();
        async move { mysql.console(reading(&endless)).await }
    });
    let running = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
    );
    while count(mysql, &running).await == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    until_idle(mysql, &mark).await;
    drop_database(own).await;
}

#[tokio::test]
async fn nothing_is_written_by_what_only_reads() {
    let Some(own) = server("nothing_is_written_by_what_only_reads").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (a INT)").await.unwrap();
    mysql.execute("INSERT INTO t VALUES (1)").await.unwrap();
    let attacks = [
        "INSERT INTO t VALUES (2)",
        "TRUNCATE t",
        "DROP TABLE t",
        "RENAME TABLE t TO u",
        "ALTER TABLE t ADD b INT",
        "SELECT 1; DELETE FROM t",
        "/*!50000 DELETE FROM t */",
        "CREATE TABLE x AS SELECT 1",
        "ANALYZE TABLE t",
        "SELECT 1 INTO OUTFILE '/tmp/sluice_never'",
        "SELECT GET_LOCK('x', 1)",
        "SELECT SLEEP(9)",
        "SET GLOBAL x = 1",
        "COMMIT",
        "KILL 1",
        "HANDLER t OPEN",
        "LOCK TABLES t WRITE",
        "CALL p()",
        "FLUSH TABLES",
        "DO SLEEP(1)",
    ];
    for sql in attacks {
        let error = mysql.console(reading(sql)).await.unwrap_err();
        assert!(matches!(error.code(), ErrorCode::StatementNotAllowed | ErrorCode::InvalidSql), "{sql}: {error}");
    }
    // The layers below the allow-list hold by themselves.
    let (mut connection, place) = mysql.connections.console().await.unwrap();
    prepare_session(mysql, &mut connection, &ConsoleLimits::default(), false).await.unwrap();
    let (mut feed, _opening) = crate::console::edge(ConsoleForm::Page, false);
    for sql in [
        "TRUNCATE t",
        "DROP TABLE t",
        "RENAME TABLE t TO u",
        "INSERT INTO t VALUES (2)",
        "CREATE TABLE y (a INT)",
        "ALTER TABLE t ADD b INT",
    ] {
        let request = ConsoleRequest { write: true, ..reading(sql) };
        let error = answer(mysql, &mut connection, &request, &mut feed).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{sql}: {error}");
    }
    let error = answer(mysql, &mut connection, &reading("SELECT 1; DELETE FROM t"), &mut feed).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementFailed, "one statement is prepared: {error}");
    connection.disconnect().await.unwrap();
    drop(place);
    assert_eq!(count(mysql, "SELECT COUNT(*) FROM t").await, 1);
    drop_database(own).await;
}

#[tokio::test]
async fn a_statement_that_may_write_tells_how_many_rows() {
    let Some(own) = server("a_statement_that_may_write_tells_how_many_rows").await else { return };
    let mysql = &own.0;
    let writing = |sql: &str| ConsoleRequest { write: true, ..reading(sql) };
    mysql.console(writing("CREATE TABLE t (a INT)")).await.unwrap();
    let answer = mysql.console(writing("INSERT INTO t VALUES (1), (2)")).await.unwrap();
    assert_eq!(answer.affected, Some(2));
    let rows = mysql.console(reading("SELECT CAST(COUNT(*) AS SIGNED) FROM t")).await.unwrap();
    assert_eq!(rows.batches[0].column(0).as_primitive::<Int64Type>().value(0), 2);
    drop_database(own).await;
}

#[tokio::test]
async fn a_statement_is_checked_and_its_cost_estimated() {
    let Some(own) = server("a_statement_is_checked_and_its_cost_estimated").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (a INT)").await.unwrap();
    mysql.execute("INSERT INTO t VALUES (1), (2), (3)").await.unwrap();
    let check = mysql.check_statement("SELECT * FROM t WHERE a > ?", true).await.unwrap();
    assert_eq!((check.effect, &check.refusal, &check.fault), (Effect::Read, &None, &None));
    assert!(check.estimate.unwrap().rows.unwrap() >= 1.0);
    let check = mysql.check_statement("DELETE FROM t", true).await.unwrap();
    assert!(check.refusal.is_some() && check.estimate.is_none());
    let check = mysql.check_statement("SELECT * FROM absent", true).await.unwrap();
    assert_eq!(check.fault.unwrap().code, ErrorCode::TableNotFound);
    assert_eq!(count(mysql, "SELECT COUNT(*) FROM t").await, 3);
    drop_database(own).await;
}
