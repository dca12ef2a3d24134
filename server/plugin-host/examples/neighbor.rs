//! Measures what a transform loses by a hostile plugin beside it: rows a second alone, and beside one that computes for
//! ever, one that takes memory for ever, and one that logs for ever, each begun anew as often as the host ends it; one line
//! of JSON.
//!
//! `cargo run --release -p plugin-host --example neighbor -- NEIGHBOR HOSTILE`, folders of built plugins, as `cargo xtask
//! bench plugin` calls it. Spans alone and beside take turns, so that what else the machine does meets both.

#![allow(clippy::print_stdout, reason = "a command-line tool speaks on its standard output")]

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use data::Plugins;
use data::registry::PluginCall;
use plugin_host::{Grants, Host, HostConfig};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: i64 = 10_000;
/// How long each span is measured.
const SPAN: Duration = Duration::from_secs(2);
/// Spans alone and beside, of each kind of hostility.
const ROUNDS: usize = 5;

fn batch() -> RecordBatch {
    let note = StringArray::from_iter_values((0..ROWS).map(|row| format!("note number {row}")));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS)) as ArrayRef),
        ("note", Arc::new(note) as ArrayRef),
    ])
    .expect("columns of equal length")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [neighbor, hostile] = arguments.as_slice() else { anyhow::bail!("expected two folders of built plugins") };
    let dir = tempfile::tempdir()?;
    let host = Host::open(HostConfig::new(dir.path()))?;
    let neighbor = host.install(Path::new(neighbor), Grants::default()).await?.name;
    let hostile = host.install(Path::new(hostile), Grants::default()).await?.name;
    let mut found = serde_json::Map::new();
    for what in ["loop", "bomb", "log_flood"] {
        found.insert(what.to_owned(), beside(&host, &neighbor, &hostile, what).await?);
    }
    println!("{}", Value::Object(found));
    Ok(())
}

/// Rows a second alone and beside that hostility: the middle ones of all spans.
async fn beside(host: &Host, neighbor: &str, hostile: &str, what: &str) -> anyhow::Result<Value> {
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    let ended = Arc::new(AtomicU64::new(0));
    for _ in 0..ROUNDS {
        alone.push(rate(host, neighbor).await?);
        let stop = Arc::new(AtomicBool::new(false));
        let attack =
            tokio::spawn(attack(host.clone(), hostile.to_owned(), what.to_owned(), stop.clone(), ended.clone()));
        together.push(rate(host, neighbor).await?);
        stop.store(true, Ordering::SeqCst);
        // Computing for ever ends with its call, which is not waited for.
        attack.abort();
        let _ = attack.await;
    }
    let (alone, together) = (middle(alone), middle(together));
    Ok(json!({
        "alone_rows_per_second": alone,
        "beside_rows_per_second": together,
        "ratio": together / alone,
        "ended": ended.load(Ordering::SeqCst),
    }))
}

fn middle(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn rate(host: &Host, neighbor: &str) -> anyhow::Result<f64> {
    let records = batch();
    let call = PluginCall { settings: json!({ "column": "note" }), ..PluginCall::default() };
    let mut transformer = host.open_transform(neighbor, call, records.schema()).await?;
    transformer.process(records.clone()).await?;
    let (mut rows, began) = (0, Instant::now());
    while began.elapsed() < SPAN {
        transformer.process(records.clone()).await?;
        rows += ROWS;
    }
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}

/// Opens the hostile plugin again and again.
async fn attack(host: Host, hostile: String, what: String, stop: Arc<AtomicBool>, ended: Arc<AtomicU64>) {
    let records = batch().slice(0, 3);
    while !stop.load(Ordering::SeqCst) {
        let settings = json!({ "at": "process", "what": what });
        let call = PluginCall { settings, ..PluginCall::default() };
        let Ok(mut transformer) = host.open_transform(&hostile, call, records.schema()).await else { return };
        if transformer.process(records.clone()).await.is_err() {
            ended.fetch_add(1, Ordering::SeqCst);
        }
    }
}
