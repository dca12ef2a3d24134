//! Connections that break in the middle, and attempts that follow one another.

use super::world::Quiet;
use super::*;
use data::connector::Relation;
use data::{Connector, LedgerKey, System};
use model::ErrorCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const ROWS: u64 = 100_000;

async fn fill(world: &World, has_key: bool) {
    let key = if has_key { "BIGINT NOT NULL PRIMARY KEY" } else { "BIGINT NOT NULL" };
    world.execute(&format!("CREATE TABLE a (id {key}, v VARCHAR(40))")).await;
    let numbers = match world.connector.system() {
        System::Postgres => format!("generate_series(1, {ROWS}) AS numbers (n)"),
        _ => format!(
            "(WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) \
             SELECT (a.n - 1) * 1000 + b.n AS n FROM numbers AS a, numbers AS b WHERE a.n <= {}) AS numbered",
            ROWS / 1000
        ),
    };
    let text = if world.connector.system() == System::Mysql { "concat('value ü ', n)" } else { "'value ü ' || n" };
    world.execute(&format!("INSERT INTO a SELECT n, {text} FROM {numbers}")).await;
}

async fn assert_same(target: &World) {
    let (count, sum) = (ROWS, ROWS * (ROWS + 1) / 2);
    assert_eq!(target.number("SELECT count(*) FROM broken").await, count);
    assert_eq!(target.number("SELECT count(DISTINCT id) FROM broken").await, count);
    assert_eq!(target.number("SELECT sum(id) FROM broken").await, sum);
}

/// Ends every other session of the target's user that writes into `broken`, several times while the copy goes on.
struct Breaker {
    target: Arc<dyn Connector>,
    broken: AtomicU64,
}

impl Breaker {
    async fn kill(&self) {
        match self.target.system() {
            System::Postgres => {
                // Whoever has written into this very table and not committed yet.
                let sql = "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_locks \
                    WHERE pid <> pg_backend_pid() AND relation = to_regclass('broken') \
                    AND mode = 'RowExclusiveLock'; END $$";
                let _ = self.target.execute(sql).await;
            }
            _ => {
                let sql =
                    "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()";
                let mut source = self.target.read(data::connector::ReadOptions::query(sql)).await.unwrap();
                let Some(batch) = source.next().await.unwrap() else { return };
                let ids = arrow::compute::cast(batch.records.column(0), &arrow::datatypes::DataType::Int64).unwrap();
                let ids = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&ids).clone();
                for id in ids.iter().flatten() {
                    let _ = self.target.execute(&format!("KILL {id}")).await;
                }
            }
        }
    }
}

impl Watcher for Breaker {
    fn progress(&self, _: &Copied) {}

    fn broke(&self, _: &data::Error) {
        self.broken.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_on_where_its_connection_broke() {
    for to in [System::Postgres, System::Mysql] {
        let Some(target) = World::open(to).await else { continue };
        let source = World::sqlite();
        fill(&source, true).await;
        // No key in the target, so that a row written twice would be there twice.
        target.execute("CREATE TABLE broken (id BIGINT NOT NULL, v VARCHAR(40))").await;
        let breaker = Arc::new(Breaker { target: target.connector.clone(), broken: AtomicU64::new(0) });
        let job = TableJob::table("a", "broken");
        let ledger = Some(LedgerKey { task: "run_1/move/0".to_owned(), fence: 1 });
        // Slow enough to be broken several times.
        let options = CopyOptions { ledger, rate: Some(40_000.0), ..CopyOptions::default() };
        let killing = tokio::spawn({
            let breaker = breaker.clone();
            async move {
                for times in 1..=2 {
                    // Apart enough for something to be durable in between.
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    while breaker.broken.load(Ordering::SeqCst) < times {
                        breaker.kill().await;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        });
        let copied = copy(&source.connector, &target.connector, &job, None, &options, breaker.as_ref()).await;
        killing.abort();
        let _ = killing.await;
        let copied = copied.unwrap();
        assert!(breaker.broken.load(Ordering::SeqCst) > 0, "{}: no connection was broken", to.as_str());
        assert_eq!((copied.read, copied.written), (ROWS, ROWS));
        assert_same(&target).await;
        source.end().await;
        target.end().await;
    }
}

/// Stops the copy after some batches, as a killed worker would.
struct Stopper(AtomicU64);

#[async_trait::async_trait]
impl Watcher for Stopper {
    fn progress(&self, _: &Copied) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_goes_on_where_an_earlier_one_was_stopped() {
    // In key order, in key order through an expression, and in no order at all.
    for (has_key, expression) in [(true, false), (true, true), (false, false)] {
        let some =
            [(System::Postgres, System::Mysql), (System::Mysql, System::Sqlite), (System::Sqlite, System::Postgres)];
        for (from, to) in if expression || !has_key { some.to_vec() } else { each_pair() } {
            let (Some(source), Some(target)) = (World::open(from).await, World::open(to).await) else { continue };
            fill(&source, has_key).await;
            target.execute("CREATE TABLE broken (id BIGINT NOT NULL, v VARCHAR(40))").await;
            let mut job = TableJob::table("a", "broken");
            if expression {
                let upper = ToldColumn { sql: Some("upper(v)".to_owned()), ..ToldColumn::default() };
                job.columns.insert("v".to_owned(), ColumnRule::Told(upper));
            }
            let folder = tempfile::tempdir().unwrap();
            let options = |fence| CopyOptions {
                ledger: Some(LedgerKey { task: "run_1/move/0".to_owned(), fence }),
                spool: Some(folder.path().join("spool")),
                ..CopyOptions::default()
            };
            for (fence, batches) in [(1, 3), (2, 8)] {
                let stopper = Stopper(AtomicU64::new(0));
                let settings = options(fence);
                let work = copy(&source.connector, &target.connector, &job, None, &settings, &stopper);
                tokio::select! {
                    _ = work => {}
                    () = async { while stopper.0.load(Ordering::SeqCst) < batches { tokio::task::yield_now().await } } => {}
                }
            }
            let copied = copy(&source.connector, &target.connector, &job, None, &options(3), &Quiet).await.unwrap();
            assert_eq!(copied.read, ROWS, "earlier attempts are counted");
            assert_same(&target).await;
            // An attempt that wakes late writes nothing.
            let late = copy(&source.connector, &target.connector, &job, None, &options(2), &Quiet).await;
            assert_eq!(late.unwrap_err().code(), ErrorCode::LeaseLost);
            assert_same(&target).await;
            source.end().await;
            target.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_in_no_order_are_refused_where_they_cannot_be_kept() {
    let (source, target) = (World::sqlite(), World::sqlite());
    source.execute("CREATE TABLE a (v TEXT); INSERT INTO a VALUES ('x')").await;
    target.execute("CREATE TABLE b (v TEXT)").await;
    let job = TableJob { relation: Relation::Query("SELECT v FROM a".to_owned()), ..TableJob::table("a", "b") };
    let options = CopyOptions { ledger: Some(LedgerKey { task: "t".to_owned(), fence: 1 }), ..CopyOptions::default() };
    let error = copy(&source.connector, &target.connector, &job, None, &options, &Quiet).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ReplayImpossible, "{error}");
    let copied = copy(&source.connector, &target.connector, &job, None, &CopyOptions::default(), &Quiet).await.unwrap();
    assert_eq!(copied.read, 1);
}
