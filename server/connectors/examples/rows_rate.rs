//! Writes or reads `orders` through a connector, as steps do, and prints how long it took:
//! `rows_rate write|read URL TABLE ROWS`. The table must not exist before `write`. Build it with `--release`.
//!
//! `cargo xtask bench connectors` runs it beside each system's own fastest way.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use connectors::{Gate, Settings};
use data::connector::ReadOptions;
use data::{BATCH_ROWS, Batch, Connector, Error, Lane, LedgerKey, Result, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, url, table, rows] = arguments.as_slice() else { return Err(usage()) };
    let rows: usize = rows.parse().map_err(|_| usage())?;
    let settings = Settings::parse(url)?;
    let connector =
        connectors::open(settings.system, &settings.values, settings.secret.as_deref(), &Gate::with_private())?;
    let start = Instant::now();
    let done = match mode.as_str() {
        "write" => write(connector.as_ref(), table, rows).await?,
        "read" => read(connector.as_ref(), table).await?,
        _ => return Err(usage()),
    };
    if done != rows {
        let message = format!("{done} rows instead of {rows}");
        return Err(Error::permanent(ErrorCode::Internal, message));
    }
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

fn usage() -> Error {
    Error::permanent(ErrorCode::BadRequest, "usage: rows_rate write|read URL TABLE ROWS")
}

async fn write(connector: &dyn Connector, table: &str, rows: usize) -> Result<usize> {
    let schema = orders(0, 0).schema();
    let options = WriteOptions {
        key: vec!["id".to_owned()],
        ledger: Some(LedgerKey { task: format!("run_bench/{table}"), fence: 1 }),
        ..WriteOptions::append(table)
    };
    let mut sink = connector.write(schema, options).await?;
    let lane = Lane::new("orders");
    sink.claim(&lane).await?;
    let mut written = 0;
    for (sequence, first) in (0..rows).step_by(BATCH_ROWS).enumerate() {
        let records = orders(first, BATCH_ROWS.min(rows - first));
        let batch = Batch { lane: lane.clone(), sequence: sequence as u64 + 1, checkpoint: None, records };
        written += usize::try_from(sink.write(&batch).await?.rows).expect("a batch is small");
    }
    sink.finish().await?;
    Ok(written)
}

async fn read(connector: &dyn Connector, table: &str) -> Result<usize> {
    let mut source = connector.read(ReadOptions::table(table)).await?;
    let mut rows = 0;
    while let Some(batch) = source.next().await? {
        rows += batch.records.num_rows();
    }
    Ok(rows)
}

/// Orders `first..first + rows`: key, number, few texts, money, text with unicode and NULL, time, flag.
fn orders(first: usize, rows: usize) -> RecordBatch {
    let ids = || (first..first + rows).map(|row| i64::try_from(row).expect("rows fit"));
    let amounts = Decimal128Array::from_iter_values(ids().map(|id| i128::from(id * 7_919 % 10_000_000)));
    let amounts = amounts.with_precision_and_scale(12, 2).expect("12 digits with 2 behind the point fit");
    let notes = ids().map(|id| match id % 4 {
        0 => None,
        1 => Some(format!("order {id}, 上海 ☂")),
        _ => Some(format!("note {}", id % 1_000)),
    });
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(ids())), false),
        ("customer", Arc::new(ids().map(|id| i32::try_from(id * 31 % 50_000).ok()).collect::<Int32Array>()), true),
        ("status", Arc::new(StringArray::from_iter_values(ids().map(status))), true),
        ("amount", Arc::new(amounts), true),
        ("note", Arc::new(notes.collect::<StringArray>()), true),
        (
            "placed_at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                ids().map(|id| 1_700_000_000_000_000 + id * 1_234_567),
            )),
            true,
        ),
        ("paid", Arc::new(ids().map(|id| Some(id % 3 == 0)).collect::<BooleanArray>()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns are equally long")
}

fn status(id: i64) -> &'static str {
    ["new", "paid", "packed", "shipped", "returned"][usize::try_from(id % 5).expect("0 to 4")]
}
