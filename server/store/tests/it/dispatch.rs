//! Waking workers and telling subscribers, in memory and through Redis.

use crate::setup::server;
use chrono::Utc;
use engine::ports::{Dispatch, RunEvent, RunEventKind};
use model::{RunId, RunStatus, TaskId, WorkflowId};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::dispatch::{MemoryDispatch, RedisDispatch};

/// Far longer than anything that works takes.
const LONG: Duration = Duration::from_secs(30);

fn event() -> RunEvent {
    RunEvent {
        run: RunId::generate(),
        workflow: WorkflowId::generate(),
        at: Utc::now(),
        kind: RunEventKind::Run { status: RunStatus::Running },
    }
}

/// Whether a worker that waits is woken before the time is over.
async fn is_woken(dispatch: Arc<dyn Dispatch>) -> bool {
    let begun = Instant::now();
    dispatch.wait(LONG).await;
    begun.elapsed() < LONG
}

/// `near` and `far` may be one dispatch or those of two processes.
async fn check(near: Arc<dyn Dispatch>, far: Arc<dyn Dispatch>) {
    // A worker that waits is woken, and one that comes late finds the wake-up.
    let worker = tokio::spawn(is_woken(Arc::clone(&far)));
    tokio::task::yield_now().await;
    near.notify(&[TaskId::generate()]).await;
    assert!(worker.await.unwrap());
    near.notify(&[TaskId::generate(), TaskId::generate()]).await;
    assert!(is_woken(Arc::clone(&far)).await);

    // Nothing to do: the time is over. No tasks: nobody is woken.
    near.notify(&[]).await;
    far.wait(Duration::from_millis(20)).await;

    // Every subscriber hears of an event once, in order.
    let mut here = near.subscribe();
    let mut there = far.subscribe();
    let events = [event(), event(), event()];
    for event in &events {
        near.publish(event);
    }
    for receiver in [&mut here, &mut there] {
        for event in &events {
            let heard = tokio::time::timeout(LONG, receiver.recv()).await.unwrap().unwrap();
            assert_eq!(heard.as_ref(), event);
        }
    }
    assert!(here.try_recv().is_err() && there.try_recv().is_err());
}

fn prefix() -> String {
    format!("sluice-test-{}", TaskId::generate())
}

async fn remove(url: &str, prefix: &str) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("DEL").arg(format!("{prefix}:tasks")).query_async::<()>(&mut connection).await.unwrap();
}

/// Publishes until the other side has subscribed, which happens in the background.
async fn meet(near: &RedisDispatch, far: &RedisDispatch) {
    let mut there = far.subscribe();
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        near.publish(&event());
        if tokio::time::timeout(Duration::from_millis(50), there.recv()).await.is_ok() {
            // What was published meanwhile arrives before the suite subscribes.
            while tokio::time::timeout(Duration::from_millis(100), there.recv()).await.is_ok() {}
            return;
        }
    }
    panic!("the dispatches never met");
}

#[tokio::test]
async fn in_memory() {
    let dispatch = Arc::new(MemoryDispatch::new());
    check(Arc::clone(&dispatch) as _, dispatch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_redis() {
    let Some(url) = server("SLUICE_TEST_REDIS", "through_redis") else { return };
    let prefix = prefix();
    let near = Arc::new(RedisDispatch::start(&url, &prefix).unwrap());
    let far = Arc::new(RedisDispatch::start(&url, &prefix).unwrap());
    meet(&near, &far).await;
    check(Arc::clone(&near) as _, Arc::clone(&far) as _).await;
    // One process alone hears its own wake-ups too.
    drop(far);
    near.notify(&[TaskId::generate()]).await;
    assert!(is_woken(near).await);
    remove(&url, &prefix).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_stream_heals_itself() {
    let Some(url) = server("SLUICE_TEST_REDIS", "a_deleted_stream_heals_itself") else { return };
    let prefix = prefix();
    let dispatch = Arc::new(RedisDispatch::start(&url, &prefix).unwrap());
    for _ in 0..3 {
        dispatch.notify(&[TaskId::generate()]).await;
        assert!(is_woken(Arc::clone(&dispatch) as _).await);
        remove(&url, &prefix).await;
    }
    remove(&url, &prefix).await;
}

#[tokio::test]
async fn without_redis_workers_poll_and_this_process_hears_its_own_events() {
    // Port 1 refuses connections.
    let dispatch = RedisDispatch::start("redis://:hunter2@127.0.0.1:1/0", &prefix()).unwrap();
    let mut here = dispatch.subscribe();
    let event = event();
    dispatch.publish(&event);
    assert_eq!(here.recv().await.unwrap().as_ref(), &event);
    for _ in 0..3 {
        let begun = Instant::now();
        dispatch.notify(&[TaskId::generate()]).await;
        dispatch.wait(LONG).await;
        assert!(begun.elapsed() < LONG);
    }
    assert!(!format!("{dispatch:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_malformed_address_is_refused_without_repeating_it() {
    for wrong in ["", "http://x", "redis://:hunter2@[/0"] {
        let error = RedisDispatch::start(wrong, "p").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
