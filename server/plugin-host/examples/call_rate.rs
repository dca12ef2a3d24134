//! Measures what a call through the sandbox costs: instantiating with the first calls, and a 10,000 × 6 batch in and
//! out. `cargo run --release -p plugin-host --example call_rate -- FOLDER` where FOLDER holds the built `identity`.

#![allow(clippy::print_stdout, reason = "a command-line tool speaks on its standard output")]

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use data::Plugins;
use data::registry::PluginCall;
use plugin_host::{Grants, Host, HostConfig};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

const ROWS: i32 = 10_000;

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
    let built = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/test-plugins/identity".to_owned()));
    let dir = tempfile::tempdir()?;
    let host = Host::open(HostConfig::new(dir.path()))?;
    let began = Instant::now();
    host.install(&built, Grants::default()).await?;
    println!("install, compiling       {:>10.1} ms", began.elapsed().as_secs_f64() * 1e3);

    let records = batch();
    let open = async || host.open_transform("identity", PluginCall::default(), records.schema()).await;
    drop(open().await?);
    let times = 2_000;
    let began = Instant::now();
    for _ in 0..times {
        drop(open().await?);
    }
    println!("instantiate, open, output {:>9.1} µs", began.elapsed().as_secs_f64() * 1e6 / f64::from(times));

    let mut transformer = open().await?;
    let empty = records.slice(0, 0);
    let began = Instant::now();
    for _ in 0..times {
        transformer.process(empty.clone()).await?;
    }
    println!("an empty batch           {:>10.1} µs", began.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    let began = Instant::now();
    for _ in 0..times {
        transformer.process(records.clone()).await?;
    }
    let each = began.elapsed().as_secs_f64() / f64::from(times);
    println!("10,000 × 6 in and out    {:>10.1} µs", each * 1e6);
    println!("validated rows/s         {:>10.1} million", f64::from(ROWS) / each / 1e6);
    Ok(())
}
