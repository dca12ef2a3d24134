//! What the target cannot take, what changes or goes away meanwhile: refused before anything is touched where it can be known,
//! else one pointed error, the work done so far kept and gone on with.

use super::world::Quiet;
use super::*;
use data::{LedgerKey, System};
use model::ErrorCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

async fn pair(from: System, to: System) -> Option<(World, World)> {
    Some((World::open(from).await?, World::open(to).await?))
}

async fn end(worlds: (World, World)) {
    worlds.0.end().await;
    worlds.1.end().await;
}

/// A target that is there and smaller than some value, between every pair that can be smaller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_smaller_than_a_value_is_refused_before_anything_is_touched() {
    let columns = [
        ("BIGINT", "SMALLINT", "7", "40000", "too_large"),
        ("INT", "SMALLINT", "7", "-40000", "too_large"),
        ("DECIMAL(12,2)", "DECIMAL(6,2)", "1234.5", "99999.5", "too_large"),
        ("DECIMAL(12,4)", "DECIMAL(12,2)", "1.25", "1.255", "too_large"),
        ("VARCHAR(40)", "VARCHAR(4)", "'ab'", "'abcde'", "too_long"),
        ("INT", "INT NOT NULL", "7", "NULL", "null"),
    ];
    for (from, to) in each_pair() {
        if to == System::Sqlite {
            // Its columns take whatever comes.
            continue;
        }
        let Some((source, target)) = pair(from, to).await else { continue };
        let names = format!("{} to {}", from.as_str(), to.as_str());
        for (wide, narrow, fits, large, kind) in columns {
            for world in [&source, &target] {
                let _ = world.connector.execute("DROP TABLE IF EXISTS a").await;
            }
            let nullable = if from == System::Mysql { "NULL" } else { "" };
            source.execute(&format!("CREATE TABLE a (id INT PRIMARY KEY, v {wide} {nullable})")).await;
            source.execute(&format!("INSERT INTO a VALUES (1, {fits}), (2, {large}), (3, {fits})")).await;
            target.execute(&format!("CREATE TABLE a (id INT PRIMARY KEY, v {narrow})")).await;
            let told = format!("{wide} into {narrow}, {names}");
            let job = TableJob::table("a", "a");
            let error = run(&source, &target, &job, 100, Validate::None).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::LossNotAllowed, "{told}: {error}");
            assert!(error.fault.message.contains("column `v`") && error.fault.message.contains("1 rows"), "{error}");
            assert_eq!(target.number("SELECT count(*) FROM a").await, 0, "{told}");
            // Without the look at the values one row stops it, and is named.
            let blind = TableJob { look: Look::Structure, ..job.clone() };
            let error = run(&source, &target, &blind, 100, Validate::None).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::ValueRefused, "{told}: {error}");
            assert!(!error.retryable, "{told}: {error}");
            assert_eq!(target.number("SELECT count(*) FROM a").await, 0, "{told}");
            // Where rows are rejected, the look only tells.
            let (from, to) = (source.connector.as_ref(), target.connector.as_ref());
            let rejecting = TableJob { rejects: true, ..job.clone() };
            let looked = examine(from, to, &rejecting, &BTreeMap::new()).await.unwrap();
            let hazard = looked.hazards.iter().find(|hazard| hazard.kind == kind);
            assert!(hazard.is_some_and(|hazard| !hazard.is_loss && hazard.rows == Some(1)), "{told}: {looked:?}");
            // Nothing is said where all values fit.
            source.execute("DELETE FROM a WHERE id = 2").await;
            let told = run(&source, &target, &job, 100, Validate::Diff).await;
            assert_eq!(told.map(|told| told.copied.written).map_err(|error| error.to_string()), Ok(2), "{wide}");
        }
        end((source, target)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_that_nobody_looked_for_stops_the_copy_at_its_row() {
    let Some(target) = World::open(System::Postgres).await else { return };
    let source = World::sqlite();
    source.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT)").await;
    source.execute("INSERT INTO a VALUES (1, 'x'), (2, 'a' || char(0) || 'b'), (3, 'y'), (4, NULL)").await;
    source.execute("INSERT INTO a VALUES (5, char(0) || 'ü' || char(0) || char(0))").await;
    let job = TableJob { look: Look::Structure, ..TableJob::table("a", "a") };
    let error = run(&source, &target, &job, 100, Validate::None).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.fault.message.contains("row 2") && error.fault.message.contains('v'), "{error}");
    assert_eq!(target.number("SELECT count(*) FROM a").await, 0);
    let mended = TableJob { convert: Conversions { nul: Some(NulAs::Space), ..Conversions::default() }, ..job };
    assert_eq!(run(&source, &target, &mended, 100, Validate::None).await.unwrap().copied.written, 5);
    assert_eq!(target.number("SELECT count(*) FROM a WHERE v IN ('a b', ' ü  ')").await, 2);
    assert_eq!(target.number("SELECT count(*) FROM a WHERE v IS NULL").await, 1);
    end((source, target)).await;
}

const ROWS: u64 = 60_000;

async fn fill(world: &World) {
    world.execute("CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(40))").await;
    for first in (1..=ROWS).step_by(5_000) {
        let rows: Vec<String> = (first..first + 5_000).map(|n| format!("({n}, 'v{n}')")).collect();
        world.execute(&format!("INSERT INTO a VALUES {}", rows.join(","))).await;
    }
}

fn ledger(fence: i64) -> CopyOptions {
    let ledger = Some(LedgerKey { task: "run_1/move/0".to_owned(), fence });
    CopyOptions { ledger, rate: Some(20_000.0), ..CopyOptions::default() }
}

fn quick(fence: i64) -> CopyOptions {
    CopyOptions { rate: None, ..ledger(fence) }
}

/// Lets the test do something as soon as some rows are written.
#[derive(Default)]
struct Seen(AtomicBool);

impl Watcher for Seen {
    fn progress(&self, copied: &Copied) {
        self.0.store(copied.written > 20_000, Ordering::SeqCst);
    }
}

async fn until(seen: &Seen) {
    while !seen.0.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_dropped_meanwhile_is_one_error_and_the_rest_follows_once_it_is_back() {
    for to in [System::Postgres, System::Mysql, System::Sqlite] {
        let Some((source, target)) = pair(System::Sqlite, to).await else { continue };
        fill(&source).await;
        target.execute("CREATE TABLE b (id BIGINT NOT NULL, v VARCHAR(40))").await;
        let (job, seen) = (TableJob::table("a", "b"), Seen::default());
        // The target's, once rows are durable: it comes back with what it had, as from a backup.
        let options = ledger(1);
        let copying = copy(&source.connector, &target.connector, &job, None, &options, &seen);
        let dropping = async {
            until(&seen).await;
            target.execute("ALTER TABLE b RENAME TO away").await;
        };
        let (copied, ()) = tokio::join!(copying, dropping);
        let error = copied.unwrap_err();
        assert_eq!(error.code(), ErrorCode::TableNotFound, "{}: {error}", to.as_str());
        assert!(!error.retryable, "{error}");
        target.execute("ALTER TABLE away RENAME TO b").await;
        let kept = target.number("SELECT count(*) FROM b").await;
        assert!(kept > 0 && kept < ROWS, "{}: what was done is kept: {kept}", to.as_str());
        // The source's, before the next attempt.
        source.execute("ALTER TABLE a RENAME TO gone").await;
        let error = copy(&source.connector, &target.connector, &job, None, &ledger(2), &Quiet).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
        assert!(error.fault.message.contains("`a`"), "{error}");
        source.execute("ALTER TABLE gone RENAME TO a").await;
        let copied = copy(&source.connector, &target.connector, &job, None, &quick(3), &Quiet).await.unwrap();
        assert_eq!(copied.read, ROWS);
        assert_eq!(target.number("SELECT count(*) FROM b").await, ROWS, "{}", to.as_str());
        assert_eq!(target.number("SELECT count(DISTINCT id) FROM b").await, ROWS, "{}", to.as_str());
        end((source, target)).await;
    }
}

/// Rows that are read by an expression are told apart by what the ledger remembers; rows that changed are never taken for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_changes_between_two_attempts_is_noticed() {
    for from in [System::Postgres, System::Mysql, System::Sqlite] {
        let Some((source, target)) = pair(from, System::Sqlite).await else { continue };
        fill(&source).await;
        target.execute("CREATE TABLE b (id BIGINT NOT NULL, v VARCHAR(40))").await;
        let mut job = TableJob::table("a", "b");
        let upper = ToldColumn { sql: Some("upper(v)".to_owned()), ..ToldColumn::default() };
        job.columns.insert("v".to_owned(), ColumnRule::Told(upper));
        let (seen, options) = (Seen::default(), ledger(1));
        let stopped = copy(&source.connector, &target.connector, &job, None, &options, &seen);
        tokio::select! {
            _ = stopped => panic!("it was not stopped"),
            () = until(&seen) => {}
        }
        source.execute("DELETE FROM a WHERE id = 5").await;
        let error = copy(&source.connector, &target.connector, &job, None, &ledger(2), &Quiet).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ReplayImpossible, "{}: {error}", from.as_str());
        assert!(error.fault.hint.as_deref().is_some_and(|hint| hint.contains("truncate")), "{error:?}");
        // With the row back the rest follows.
        source.execute("INSERT INTO a VALUES (5, 'v5')").await;
        copy(&source.connector, &target.connector, &job, None, &quick(3), &Quiet).await.unwrap();
        assert_eq!(target.number("SELECT count(DISTINCT id) FROM b").await, ROWS);
        assert_eq!(target.number("SELECT count(*) FROM b").await, ROWS);
        end((source, target)).await;
    }
}

/// Columns of the source that change under a table that is made meanwhile are one pointed error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_goes_away_meanwhile_is_named() {
    let (source, target) = (World::sqlite(), World::sqlite());
    fill(&source).await;
    let job = TableJob::table("a", "b");
    prepare(source.connector.as_ref(), target.connector.as_ref(), &job, &BTreeMap::new(), None).await.unwrap();
    source.execute("ALTER TABLE a RENAME COLUMN v TO w").await;
    let error = copy(&source.connector, &target.connector, &job, None, &ledger(1), &Quiet).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ColumnNotFound, "{error}");
    assert!(error.fault.message.contains("`w`"), "{error}");
}
