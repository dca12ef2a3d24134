//! The console's rows as they come: all of them, never far ahead, and none left running.

use super::world::*;
use crate::console::{AHEAD, MADE};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use data::console::{ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows};
use data::{Error, Result, System, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Rows of the tables that TDengine is asked for; the others make theirs.
const STORED: usize = 30_000;

/// A statement that answers so many rows `n`, from 1 on.
async fn numbers(world: &World, rows: usize) -> String {
    // A file is there from its first use on.
    world.connector.ping().await.unwrap();
    match world.connector.system() {
        System::Postgres => format!("SELECT generate_series(1, {rows}) AS n"),
        System::Mysql => format!("SELECT seq AS n FROM seq_1_to_{rows}"),
        System::Tdengine => {
            store(world).await;
            format!("SELECT n FROM numbers ORDER BY ts LIMIT {rows}")
        }
        _ => {
            format!("WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s")
        }
    }
}

async fn store(world: &World) {
    use arrow::array::{Int64Array, TimestampMicrosecondArray};
    let rows = STORED as i64;
    let times = TimestampMicrosecondArray::from_iter_values((1..=rows).map(|row| 1_704_160_800_000_000 + row));
    let stored = records(vec![
        ("ts", Arc::new(times.with_timezone("UTC"))),
        ("n", Arc::new((1..=rows).collect::<Int64Array>())),
    ]);
    let options = WriteOptions { create: true, ..keyed("numbers", data::Mode::Append, &["ts"]) };
    world.write(options, &stored).await.unwrap();
}

fn request(sql: &str, limits: ConsoleLimits) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits }
}

/// No limit but that of a row.
fn unlimited() -> ConsoleLimits {
    ConsoleLimits { rows: u64::MAX, time: Duration::from_secs(300), ..ConsoleLimits::default() }
}

async fn start(world: &World, sql: &str, limits: ConsoleLimits) -> Result<Box<dyn ConsoleRows>> {
    world.connector.console_rows(request(sql, limits), ConsoleForm::Stream).await
}

async fn take(rows: &mut Box<dyn ConsoleRows>) -> Result<RecordBatch> {
    let mut batches = Vec::new();
    while let Some(batch) = rows.next().await? {
        batches.push(batch);
    }
    Ok(concat_batches(&rows.schema(), &batches)?)
}

async fn failed(world: &World, sql: &str, limits: ConsoleLimits) -> Error {
    match start(world, sql, limits).await {
        Err(error) => error,
        Ok(mut rows) => take(&mut rows).await.unwrap_err(),
    }
}

/// What a system answers one small question, which it does only where sessions are left for it.
async fn still_answers(world: &World) {
    let sql = if world.is(System::Tdengine) { "SELECT SERVER_VERSION()" } else { "SELECT 1" };
    for _ in 0..8 {
        let answer = world.connector.console(request(sql, ConsoleLimits::default())).await.unwrap();
        assert_eq!(answer.batches[0].num_rows(), 1);
    }
}

pub(super) async fn a_stream_answers_what_a_page_answers(world: &World) {
    let sql = numbers(world, 20_000).await;
    let mut rows = start(world, &sql, unlimited()).await.unwrap();
    let native_types = rows.native_types().to_vec();
    let streamed = take(&mut rows).await.unwrap();
    assert!(!rows.end().truncated && rows.next().await.unwrap().is_none());
    let limits = ConsoleLimits { rows: 20_000, ..ConsoleLimits::default() };
    let page = world.connector.console(request(&sql, limits)).await.unwrap();
    assert_eq!((streamed.num_rows(), page.truncated, &page.native_types), (20_000, false, &native_types));
    assert_eq!(concat_batches(&page.schema, &page.batches).unwrap(), streamed);
    assert_eq!(crate::cell::text(streamed.column(0), 19_999).as_deref(), Some("20000"));
    // No rows have columns all the same.
    let none = match world.is(System::Tdengine) {
        true => "SELECT n FROM numbers WHERE n < 0".to_owned(),
        false => format!("SELECT * FROM ({sql}) AS q WHERE n < 0"),
    };
    let mut rows = start(world, &none, unlimited()).await.unwrap();
    assert_eq!((rows.schema().fields().len(), take(&mut rows).await.unwrap().num_rows()), (1, 0));
}

pub(super) async fn millions_of_rows_are_never_far_ahead_of_whoever_takes_them(world: &World) {
    let wanted = if world.is(System::Tdengine) { STORED } else { 2_000_000 };
    let sql = numbers(world, wanted).await;
    let made = Arc::new(AtomicUsize::new(0));
    let mut rows = MADE.scope(made.clone(), start(world, &sql, unlimited())).await.unwrap();
    let (mut taken, mut count) = (0, 0);
    while let Some(batch) = rows.next().await.unwrap() {
        taken += 1;
        count += batch.num_rows();
        // Those that wait, and one that waits for its place among them.
        let ahead = made.load(Ordering::SeqCst) - taken;
        assert!(ahead <= AHEAD + 1, "{ahead} batches ahead after {taken}");
    }
    assert_eq!(count, wanted);
    assert!(taken > 2 && made.load(Ordering::SeqCst) == taken, "{taken} batches");
}

/// More rows than anything between the system and the test holds.
async fn plenty(world: &World) -> String {
    let rows = match world.connector.system() {
        System::Tdengine => STORED,
        // It looks through all of them first.
        System::Sqlite => 1_000_000,
        _ => 50_000_000,
    };
    numbers(world, rows).await
}

/// Until the statement that counts its batches there has let go of all it had.
async fn until_over(made: &Arc<AtomicUsize>) {
    while Arc::strong_count(made) > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) async fn a_dropped_stream_frees_its_session(world: &World) {
    let sql = plenty(world).await;
    // More of them than sessions of the console.
    for _ in 0..8 {
        let made = Arc::new(AtomicUsize::new(0));
        let mut rows = MADE.scope(made.clone(), start(world, &sql, unlimited())).await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
        drop(rows);
        until_over(&made).await;
        assert!(made.load(Ordering::SeqCst) <= AHEAD + 2);
    }
    still_answers(world).await;
}

pub(super) async fn a_stream_ends_at_its_limits(world: &World) {
    let sql = numbers(world, 25_000).await;
    let mut rows = start(world, &sql, ConsoleLimits { rows: 10_000, ..unlimited() }).await.unwrap();
    assert_eq!((take(&mut rows).await.unwrap().num_rows(), rows.end().truncated), (10_000, true));
    let mut rows = start(world, &sql, ConsoleLimits { rows: 25_000, ..unlimited() }).await.unwrap();
    assert_eq!((take(&mut rows).await.unwrap().num_rows(), rows.end().truncated), (25_000, false));
    // All of them are more than that many bytes, but none of the rows is.
    let mut rows = start(world, &sql, ConsoleLimits { bytes: 1_000, ..unlimited() }).await.unwrap();
    assert_eq!((take(&mut rows).await.unwrap().num_rows(), rows.end().truncated), (25_000, false));
    let large = match world.connector.system() {
        System::Postgres => "SELECT repeat('x', 9000000)",
        System::Mysql => "SELECT REPEAT('x', 9000000)",
        System::Sqlite => "SELECT hex(zeroblob(4500000)) AS x",
        _ => return,
    };
    let error = failed(world, large, ConsoleLimits { bytes: 1 << 20, ..unlimited() }).await;
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let mut rows = start(world, large, unlimited()).await.unwrap();
    assert_eq!(take(&mut rows).await.unwrap().num_rows(), 1);
    still_answers(world).await;
}

pub(super) async fn a_stream_nobody_takes_ends_with_its_time(world: &World) {
    let sql = plenty(world).await;
    let limits = ConsoleLimits { time: Duration::from_secs(2), ..unlimited() };
    let made = Arc::new(AtomicUsize::new(0));
    let mut rows = MADE.scope(made.clone(), start(world, &sql, limits)).await.unwrap();
    assert!(rows.next().await.unwrap().is_some());
    until_over(&made).await;
    let error = take(&mut rows).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
    still_answers(world).await;
}

pub(super) async fn a_stream_fails_as_a_page_does(world: &World) {
    world.connector.ping().await.unwrap();
    for (sql, codes) in [
        ("SELECT nothing FROM nowhere", [ErrorCode::TableNotFound, ErrorCode::StatementFailed]),
        ("SELEC 1", [ErrorCode::InvalidSql, ErrorCode::StatementNotAllowed]),
        ("DROP TABLE nowhere", [ErrorCode::StatementNotAllowed, ErrorCode::StatementNotAllowed]),
    ] {
        let error = failed(world, sql, unlimited()).await;
        let page = world.connector.console(request(sql, ConsoleLimits::default())).await.unwrap_err();
        assert!(codes.contains(&error.code()), "{sql}: {error}");
        assert_eq!(error.to_string(), page.to_string(), "{sql}");
    }
    still_answers(world).await;
}
