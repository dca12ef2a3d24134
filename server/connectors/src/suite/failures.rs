use super::world::*;
use arrow::array::{Int64Array, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use data::connector::ReadOptions;
use data::console::{ConsoleLimits, ConsoleRequest};
use data::{Mode, System};
use model::ErrorCode;
use std::sync::Arc;

pub(super) async fn an_unreachable_server_is_told(world: &World) {
    if world.is(System::Sqlite) {
        let error = open("sqlite:///no/such/folder/x.db", &[]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
        assert!(error.to_string().contains("/no/such/folder/x.db"), "{error}");
        return;
    }
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("{}://nobody:canary@127.0.0.1:{port}/x", world.connector.system().as_str());
    let error = open(&url, &[]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable && error.fault.hint.is_some(), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
}

pub(super) async fn a_wrong_password_is_told(world: &World) {
    if world.is(System::Tdengine) {
        let mut url = url::Url::parse(&world.url).unwrap();
        url.set_password(Some("canary")).unwrap();
        let error = open(url.as_str(), &[]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::AuthenticationFailed, "{error}");
        assert!(!error.retryable && !error.to_string().contains("canary"), "{error}");
        let error = open(&world.url, &[("database", "no_such_database")]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
        assert!(error.to_string().contains("no_such_database"), "{error}");
        return;
    }
    if !world.is(System::Postgres) {
        return;
    }
    // The server of a test may trust everybody; an unknown user or database is refused all the same.
    let url = world.url.replace("postgres@", "nobody_of_this_name:canary@");
    let error = open(&url, &[]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed, "{error}");
    assert!(!error.retryable && !error.to_string().contains("canary"), "{error}");
    let error = open(&world.url, &[("database", "no_such_database")]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("no_such_database"), "{error}");
}

pub(super) async fn a_bad_statement_is_told(world: &World) {
    let error = world.connector.execute("SELEC 1").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementFailed, "{error}");
    assert!(!error.retryable);
    assert!(error.to_string().to_lowercase().contains("syntax"), "{error}");
    assert!(world.connector.ping().await.is_ok());
}

/// Rows `(ts, n)`, which every system keeps.
fn ticks(count: i64) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter_values((0..count).map(|row| 1_704_160_800_000_000 + row));
    records(vec![("ts", Arc::new(times.with_timezone("UTC"))), ("n", Arc::new((0..count).collect::<Int64Array>()))])
}

pub(super) async fn a_table_dropped_between_two_batches_is_read_whole_or_told(world: &World) {
    const ROWS: usize = 40_000;
    world.write(keyed("t", Mode::Append, &["ts"]), &ticks(ROWS as i64)).await.unwrap();
    let mut source = world.connector.read(ReadOptions::table("t")).await.unwrap();
    let mut rows = source.next().await.unwrap().unwrap().records.num_rows();
    let connector = world.connector.clone();
    // Some systems let it wait until the read is over.
    let dropping = tokio::spawn(async move { connector.execute("DROP TABLE t").await });
    let ended = loop {
        match source.next().await {
            Ok(Some(batch)) => rows += batch.records.num_rows(),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    match ended {
        Ok(()) => assert_eq!(rows, ROWS, "a part was taken for the whole"),
        Err(error) => {
            assert!(matches!(error.code(), ErrorCode::TableNotFound | ErrorCode::StatementFailed), "{error}");
            assert!(error.to_string().contains('t'), "{error}");
        }
    }
    drop(source);
    dropping.await.unwrap().unwrap();
    assert!(world.connector.find_table("t").await.unwrap().is_none());
    assert!(world.connector.ping().await.is_ok());
}

pub(super) async fn a_table_dropped_before_the_write_is_told(world: &World) {
    let rows = ticks(3);
    world.write(keyed("t", Mode::Append, &["ts"]), &rows).await.unwrap();
    let mut options = keyed("t", Mode::Append, &["ts"]);
    options.create = false;
    let mut sink = world.connector.write(rows.schema(), options).await.unwrap();
    world.connector.execute("DROP TABLE t").await.unwrap();
    let error = match sink.write(&batch(1, &rows)).await {
        Err(error) => error,
        Ok(_) => sink.finish().await.unwrap_err(),
    };
    assert!(matches!(error.code(), ErrorCode::TableNotFound | ErrorCode::StatementFailed), "{error}");
    assert!(!error.retryable && error.to_string().contains('t'), "{error}");
    assert!(world.connector.find_table("t").await.unwrap().is_none());
    assert!(world.connector.ping().await.is_ok());
}

pub(super) async fn a_page_of_a_hundred_million_rows_ends_at_its_limit(world: &World) {
    world.connector.ping().await.unwrap();
    let (sql, running) = match world.connector.system() {
        System::Postgres => (
            "SELECT generate_series(1, 100000000) AS hundred_million",
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%AS hundred_million%'",
        ),
        System::Mysql => (
            "SELECT seq AS hundred_million FROM seq_1_to_100000000",
            "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info LIKE '%AS hundred_million%'",
        ),
        System::Sqlite => {
            ("WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 100000000) SELECT n FROM s", "")
        }
        // Its stub has no such table.
        _ => return,
    };
    let request =
        ConsoleRequest { sql: sql.to_owned(), params: vec![], write: false, limits: ConsoleLimits::default() };
    let page = world.connector.console(request).await.unwrap();
    assert_eq!((page.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), page.truncated), (1_000, true));
    // Nothing of it runs on in the server.
    while !running.is_empty() && world.read(ReadOptions::query(running)).await.num_rows() > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(world.connector.ping().await.is_ok());
}
