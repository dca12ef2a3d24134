use super::world::*;
use data::{Batch, Lane, LedgerEntry, WriteOptions};
use model::ErrorCode;

pub(super) async fn a_repeated_batch_is_skipped(world: &World) {
    let rows = named(&[(1, "a"), (2, "b")]);
    let mut sink = world.claimed("t", 1, &rows).await;
    assert!(!sink.write(&batch(1, &rows)).await.unwrap().skipped);
    // Within the same attempt, too.
    assert!(sink.write(&batch(1, &rows)).await.unwrap().skipped);
    sink.finish().await.unwrap();
    let mut sink = world.connector.write(rows.schema(), ledgered("t", 2)).await.unwrap();
    let entry = sink.claim(&lane()).await.unwrap();
    assert_eq!(entry, Some(LedgerEntry { sequence: 1, checkpoint: Some(data::Checkpoint("c1".to_owned())) }));
    assert!(sink.write(&batch(1, &rows)).await.unwrap().skipped);
    assert!(!sink.write(&batch(2, &named(&[(3, "c")]))).await.unwrap().skipped);
    sink.finish().await.unwrap();
    assert_eq!(world.count("t").await, 3);
}

pub(super) async fn a_stale_fence_is_refused(world: &World) {
    let rows = named(&[(1, "a")]);
    let mut newer = world.claimed("t", 7, &rows).await;
    let mut older = world.connector.write(rows.schema(), ledgered("t", 6)).await.unwrap();
    assert_eq!(older.claim(&lane()).await.unwrap_err().code(), ErrorCode::LeaseLost);
    newer.write(&batch(1, &rows)).await.unwrap();
    newer.finish().await.unwrap();
    assert_eq!(world.count("t").await, 1);
}

pub(super) async fn a_zombie_is_refused(world: &World) {
    let rows = named(&[(1, "a")]);
    let mut zombie = world.claimed("t", 1, &rows).await;
    zombie.write(&batch(1, &rows)).await.unwrap();
    // Its transaction may still be open when the next attempt claims the line.
    let mut next = world.connector.write(rows.schema(), ledgered("t", 2)).await.unwrap();
    let durable = next.claim(&lane()).await.unwrap().map_or(0, |entry| entry.sequence);
    let refused = match zombie.write(&batch(2, &named(&[(2, "zombie")]))).await {
        Ok(_) => zombie.finish().await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.code(), ErrorCode::LeaseLost, "{refused}");
    let written = next.write(&batch(1, &rows)).await.unwrap();
    assert_eq!(written.skipped, durable == 1);
    next.write(&batch(2, &named(&[(2, "b")]))).await.unwrap();
    next.finish().await.unwrap();
    assert_eq!(world.rows("t", &["id"]).await, named(&[(1, "a"), (2, "b")]));
}

pub(super) async fn a_dropped_sink_leaves_whole_batches(world: &World) {
    let rows = named(&[(1, "a"), (2, "b")]);
    let mut sink = world.claimed("t", 1, &rows).await;
    sink.write(&batch(1, &rows)).await.unwrap();
    drop(sink);
    let mut sink = world.connector.write(rows.schema(), ledgered("t", 2)).await.unwrap();
    let durable = sink.claim(&lane()).await.unwrap().map_or(0, |entry| entry.sequence);
    // Rows and ledger agree, whichever way it went.
    assert_eq!(world.count("t").await, durable * 2);
    sink.write(&batch(1, &rows)).await.unwrap();
    sink.finish().await.unwrap();
    assert_eq!(world.count("t").await, 2);
}

pub(super) async fn lanes_do_not_disturb_each_other(world: &World) {
    let rows = named(&[(1, "a")]);
    let other = Lane::new("films");
    let mut sink = world.claimed("t", 1, &rows).await;
    sink.write(&batch(1, &rows)).await.unwrap();
    assert_eq!(sink.claim(&other).await.unwrap(), None);
    let films = Batch { lane: other.clone(), ..batch(1, &named(&[(2, "b")])) };
    assert!(!sink.write(&films).await.unwrap().skipped);
    sink.write(&batch(2, &named(&[(3, "c")]))).await.unwrap();
    sink.finish().await.unwrap();
    let mut sink = world.connector.write(rows.schema(), ledgered("t", 1)).await.unwrap();
    assert_eq!(sink.claim(&other).await.unwrap().map(|entry| entry.sequence), Some(1));
    assert_eq!(sink.claim(&lane()).await.unwrap().map(|entry| entry.sequence), Some(2));
    assert_eq!(world.count("t").await, 3);
}

pub(super) async fn an_empty_batch_moves_the_ledger(world: &World) {
    let rows = named(&[]);
    let mut sink = world.claimed("t", 1, &rows).await;
    sink.write(&batch(1, &rows)).await.unwrap();
    sink.finish().await.unwrap();
    let mut sink = world.connector.write(rows.schema(), ledgered("t", 1)).await.unwrap();
    assert_eq!(sink.claim(&lane()).await.unwrap().map(|entry| entry.sequence), Some(1));
}

pub(super) async fn many_sinks_make_the_ledger_at_once(world: &World) {
    let rows = named(&[(1, "a")]);
    let sinks = (0..6).map(|number| {
        let mut options: WriteOptions = ledgered("t", 1);
        options.ledger.as_mut().unwrap().task = format!("run_1/stored/{number}");
        let (connector, rows) = (world.connector.clone(), rows.clone());
        tokio::spawn(async move {
            let mut sink = connector.write(rows.schema(), options).await.unwrap();
            sink.claim(&lane()).await.unwrap();
            sink.write(&batch(1, &rows)).await.unwrap();
            sink.finish().await.unwrap();
        })
    });
    for sink in sinks.collect::<Vec<_>>() {
        sink.await.unwrap();
    }
    assert_eq!(world.count("t").await, 6);
}

/// Keeps what is refused in memory, but for the first time, when it fails as a full disk would.
#[derive(Default)]
struct Keeper {
    asked: std::sync::atomic::AtomicU32,
    kept: std::sync::Mutex<Vec<(u64, usize)>>,
}

#[async_trait::async_trait]
impl data::RefusalKeeper for Keeper {
    async fn keep(&self, batch: &Batch, refused: &[data::RefusedRow]) -> data::Result<()> {
        if self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return Err(data::Error::transient(ErrorCode::DiskFailed, "full"));
        }
        self.kept.lock().unwrap().extend(refused.iter().map(|refused| (batch.sequence, refused.row)));
        Ok(())
    }
}

pub(super) async fn refused_rows_are_kept_before_their_batch(world: &World) {
    world.connector.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(5) NOT NULL)").await.unwrap();
    let rows = named(&[(1, "a"), (2, "b"), (1, "again")]);
    let options = |fence| WriteOptions { keep_refused: true, ..ledgered("t", fence) };
    let keeper = Keeper::default();
    let mut sink = world.connector.write(rows.schema(), options(1)).await.unwrap();
    sink.claim(&lane()).await.unwrap();
    let error = sink.write_keeping(&batch(1, &rows), &keeper).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DiskFailed, "{error}");
    drop(sink);
    let mut sink = world.connector.write(rows.schema(), options(2)).await.unwrap();
    assert_eq!(sink.claim(&lane()).await.unwrap(), None, "what could not be kept is not written");
    assert_eq!(world.count("t").await, 0);
    let written = sink.write_keeping(&batch(1, &rows), &keeper).await.unwrap();
    assert_eq!((written.rows, written.skipped), (2, false));
    // Durable at once, so that what is kept runs ahead by one batch at most.
    assert_eq!(world.count("t").await, 2);
    assert_eq!(*keeper.kept.lock().unwrap(), [(1, 2)]);
    assert!(sink.write_keeping(&batch(2, &named(&[(3, "c")])), &keeper).await.unwrap().refused.is_empty());
    sink.finish().await.unwrap();
    assert_eq!(world.count("t").await, 3);
}
