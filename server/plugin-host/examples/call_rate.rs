//! Measures what a call through the sandbox costs: installing, loading, instantiating with the first calls, an empty batch,
//! and a 10,000 × 6 batch in and out; one line of JSON for each built transform.
//!
//! `cargo run --release -p plugin-host --example call_rate -- FOLDER…`, as `cargo xtask bench plugin` calls it. The settings
//! are `{"column": "note"}`. `--many COUNT FOLDER DIR` instead installs so many plugins into the host's folder DIR.

#![allow(clippy::print_stdout, reason = "a command-line tool speaks on its standard output")]

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use data::Plugins;
use data::registry::PluginCall;
use plugin_host::{Entry, Grants, Host, HostConfig, Package};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: i32 = 10_000;
/// Instances held at once to see what one takes.
const HELD: usize = 32;
/// How long each thing is measured.
const SPAN: Duration = Duration::from_secs(2);

fn batch() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values((0..ROWS).map(i64::from)))),
        ("price", Arc::new(Float64Array::from_iter_values((0..ROWS).map(|row| f64::from(row) * 0.25)))),
        ("day", Arc::new(Date32Array::from_iter_values(0..ROWS))),
        ("open", Arc::new((0..ROWS).map(|row| Some(row % 3 == 0)).collect::<BooleanArray>())),
        ("symbol", Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("SYM{:04}", row % 5000))))),
        (
            "note",
            Arc::new(
                (0..ROWS).map(|row| (row % 5 != 0).then(|| format!("note number {row}"))).collect::<StringArray>(),
            ),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .expect("columns of equal length")
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [many, count, folder, dir] = arguments.as_slice()
        && many == "--many"
    {
        return install_many(count.parse()?, Path::new(folder), Path::new(dir)).await;
    }
    for folder in &arguments {
        println!("{}", measure(Path::new(folder)).await?);
    }
    Ok(())
}

async fn measure(folder: &Path) -> anyhow::Result<serde_json::Value> {
    let dir = tempfile::tempdir()?;
    let host = Host::open(HostConfig::new(dir.path()))?;
    let began = Instant::now();
    let name = host.install(folder, Grants::default()).await?.name;
    let entry = Entry::of_folder(folder).unwrap_or(Entry::Component);
    let install = began.elapsed();
    let records = batch();
    // A host that has not seen it yet finds it compiled.
    let host = Host::open(HostConfig::new(dir.path()))?;
    let call = || PluginCall { settings: json!({ "column": "note" }), ..PluginCall::default() };
    let open = async || host.open_transform(&name, call(), records.schema()).await;
    let began = Instant::now();
    drop(open().await?);
    let load = began.elapsed();

    let mut opened = 0;
    let began = Instant::now();
    while began.elapsed() < SPAN {
        drop(open().await?);
        opened += 1;
    }
    let instantiate = began.elapsed() / opened;

    let mut transformer = open().await?;
    let mut each = async |records: &RecordBatch| -> anyhow::Result<Duration> {
        // What is done at the first call alone is not what a call costs.
        transformer.process(records.clone()).await?;
        let (mut calls, began) = (0, Instant::now());
        while began.elapsed() < SPAN {
            transformer.process(records.clone()).await?;
            calls += 1;
        }
        Ok(began.elapsed() / calls)
    };
    let empty = each(&records.slice(0, 0)).await?;
    let whole = each(&records).await?;

    let before = resident_kib();
    let mut held = Vec::new();
    for _ in 0..HELD {
        let mut transformer = open().await?;
        transformer.process(records.clone()).await?;
        held.push(transformer);
    }
    let memory = resident_kib().saturating_sub(before) / HELD as u64;
    let micros = |span: Duration| span.as_secs_f64() * 1e6;
    Ok(json!({
        "plugin": name,
        "component_kib": std::fs::metadata(folder.join(entry.file_name()))?.len() / 1024,
        "install_ms": install.as_secs_f64() * 1e3,
        "load_ms": load.as_secs_f64() * 1e3,
        "instantiate_us": micros(instantiate),
        "empty_batch_us": micros(empty),
        "batch_us": micros(whole),
        "rows_per_second": f64::from(ROWS) / whole.as_secs_f64(),
        "memory_kib": memory,
    }))
}

/// The same component under many names, as if so many plugins were there.
async fn install_many(count: u32, folder: &Path, dir: &Path) -> anyhow::Result<()> {
    let host = Host::open(HostConfig::new(dir))?;
    let one = Package::from_folder(folder, host.component_limit())?;
    let name = one.parse_manifest()?.name;
    for number in 0..count {
        let named = format!("name = \"{name}-{number}\"");
        let manifest = one.manifest.replacen(&format!("name = \"{name}\""), &named, 1);
        let mut package = one.clone();
        package.manifest = manifest;
        host.install_package(package, Some(Grants::default())).await?;
    }
    Ok(())
}

/// Memory of this process, as the system counts it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
