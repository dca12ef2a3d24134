//! Measures group commit: transitions per second with concurrent callers, each acknowledged after its fsync.
//!
//! `cargo run -p store --example commit_rate -- <url> [callers] [seconds]`; without a URL, a SQLite file in the
//! system's folder for temporary files. Each caller makes runs of three transitions: begin (makes a task, leased), go
//! on (ends it, makes the next), end. The state is about 1 kB, as that of a small run is.
#![allow(clippy::print_stdout, reason = "a program for the shell")]

use chrono::{TimeDelta, Utc};
use engine::ports::{NewTask, RunRecord, RunStore, TaskSpec, Transition};
use model::{RunId, RunStatus, TaskId, VersionId, WorkflowId};
use std::time::{Duration, Instant};
use store::Database;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "sqlite::memory:".to_owned());
    let callers: usize = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;

    let store = Database::open(&url).await?;
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        tasks.spawn(call(store.clone(), end));
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |share: f64| {
        let last = latencies.len().saturating_sub(1);
        latencies.get((last as f64 * share) as usize).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    };
    println!("{callers} callers, {} transitions in {elapsed:.1} s", latencies.len());
    println!("{:.0} transitions/s, p50 {:.2} ms, p99 {:.2} ms", latencies.len() as f64 / elapsed, at(0.5), at(0.99));
    store.close().await?;
    Ok(())
}

/// Commits runs until the time is over; answers how long each commit took.
async fn call(store: Database, end: Instant) -> Result<Vec<Duration>, Failure> {
    let spec: TaskSpec = serde_json::from_value(serde_json::json!({
        "version": VersionId::generate(), "steps": ["only"], "attempt": 1, "context": { "inputs": {} },
    }))?;
    let workflow = WorkflowId::generate();
    let version = VersionId::generate();
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let now = Utc::now();
        let mut record = RunRecord {
            id: RunId::generate(),
            workflow,
            version,
            status: RunStatus::Running,
            state: format!("{{\"padding\":\"{}\"}}", "x".repeat(1_000)),
            revision: 0,
            trigger: "webhook".to_owned(),
            created_at: now,
            started_at: Some(now),
            finished_at: None,
        };
        let mut held = None;
        for step in 0..3 {
            record.revision += 1;
            let is_last = step == 2;
            if is_last {
                record.status = RunStatus::Succeeded;
                record.finished_at = Some(Utc::now());
            }
            let task = (!is_last).then(|| NewTask {
                id: TaskId::generate(),
                spec: spec.clone(),
                not_before: now,
                leased_to: Some(("bench".to_owned(), now + TimeDelta::seconds(60))),
            });
            let transition = Transition {
                run: record.clone(),
                is_new: step == 0,
                finished: held.take().into_iter().collect(),
                withdrawn: vec![],
                created: task.iter().cloned().collect(),
            };
            held = task.map(|task| (task.id, 1));
            let begun = Instant::now();
            store.commit(transition).await?;
            latencies.push(begun.elapsed());
        }
    }
    Ok(latencies)
}
