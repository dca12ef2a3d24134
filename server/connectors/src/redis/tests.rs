#![allow(clippy::unwrap_used)]

mod backup;
mod console;
mod failures;
mod pipeline;
mod shapes;
mod tls;

use super::*;
use arrow::array::{Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use data::{Batch, Checkpoint, Lane, LedgerKey, Mode};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A connector and a prefix of keys of its own, or `None` where no server is given.
fn server(test: &str) -> Option<(Redis, String)> {
    let url = address(test)?;
    let prefix = format!("sluice-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    Some((at(url.host_str().unwrap(), url.port().unwrap_or(6379), url.password()), prefix))
}

fn address(test: &str) -> Option<url::Url> {
    let Ok(url) = std::env::var("SLUICE_TEST_REDIS") else {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{test} needs SLUICE_TEST_REDIS");
        eprintln!("skipped: {test} needs SLUICE_TEST_REDIS");
        return None;
    };
    Some(url::Url::parse(&url).unwrap())
}

fn at(host: &str, port: u16, secret: Option<&str>) -> Redis {
    let config = json!({ "host": host, "port": port, "connect_timeout": 2, "response_timeout": 20 });
    Redis::new(Config::parse(&config).unwrap(), secret, Gate::with_private()).unwrap()
}

fn quotes(rows: &[(Option<&str>, Option<i64>)]) -> RecordBatch {
    let symbols = StringArray::from_iter(rows.iter().map(|(symbol, _)| *symbol));
    let prices = Int64Array::from_iter(rows.iter().map(|(_, price)| *price));
    RecordBatch::try_from_iter_with_nullable([
        ("symbol", Arc::new(symbols) as Arc<dyn Array>, true),
        ("price", Arc::new(prices) as Arc<dyn Array>, true),
    ])
    .unwrap()
}

fn batch(sequence: u64, records: RecordBatch) -> Batch {
    Batch { lane: Lane::new("bars"), sequence, checkpoint: Some(Checkpoint(format!("c{sequence}"))), records }
}

fn options(prefix: &str, fence: i64) -> WriteOptions {
    let ledger = Some(LedgerKey { task: format!("{prefix}/stored"), fence });
    WriteOptions { mode: Mode::Upsert, ledger, ..WriteOptions::append(&format!("{prefix}:{{symbol}}")) }
}

/// Options to write without a record.
fn plain(table: &str, mode: Mode, extra: serde_json::Value) -> WriteOptions {
    WriteOptions { mode, extra: extra.as_object().cloned().unwrap(), ..WriteOptions::append(table) }
}

async fn put(redis: &Redis, options: WriteOptions, records: &RecordBatch) -> Result<data::Written> {
    let mut sink = redis.write(records.schema(), options).await?;
    let written = sink.write(&batch(1, records.clone())).await?;
    sink.finish().await?;
    Ok(written)
}

/// All rows of a table, one after the other, with the batches' number.
async fn read(redis: &Redis, table: &str, extra: serde_json::Value) -> Result<(RecordBatch, usize)> {
    let extra = extra.as_object().cloned().unwrap();
    let order_by = vec!["_key".to_owned()];
    let mut source = redis.read(ReadOptions { extra, order_by, ..ReadOptions::table(table) }).await?;
    let mut batches = Vec::new();
    while let Some(batch) = source.next().await? {
        batches.push(batch.records);
    }
    Ok((arrow::compute::concat_batches(&source.schema(), &batches).unwrap(), batches.len()))
}

/// The rows as text, without the prefix.
fn shown(records: &RecordBatch, prefix: &str) -> Vec<String> {
    let row = |row: usize| {
        let values = records.columns().iter().map(|c| crate::cell::text(c, row).unwrap_or("NULL".to_owned()));
        values.collect::<Vec<_>>().join("|").replace(prefix, "")
    };
    (0..records.num_rows()).map(row).collect()
}

async fn rows(redis: &Redis, prefix: &str) -> Vec<String> {
    shown(&read(redis, &format!("{prefix}:*"), json!({})).await.unwrap().0, prefix)
}

async fn clear(redis: &Redis, prefix: &str) {
    let mut connection = redis.connect().await.unwrap();
    for pattern in [format!("{prefix}*"), format!("_sluice_ledger:{prefix}*")] {
        let mut scan = scan::Scan::new(&scan::Keys::read(&pattern).unwrap(), None);
        loop {
            let keys = scan.next(&mut connection, &redis.config, 10_000).await.unwrap();
            if keys.is_empty() {
                break;
            }
            let _: () = redis::cmd("DEL").arg(keys).query_async(&mut connection).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_written_under_a_template_is_read_under_it() {
    let Some((redis, prefix)) = server("what_was_written_under_a_template_is_read_under_it") else { return };
    let records = quotes(&[(Some("A"), Some(1)), (Some("B"), Some(2))]);
    let mut sink = redis.write(records.schema(), options(&prefix, 1)).await.unwrap();
    sink.claim(&Lane::new("bars")).await.unwrap();
    sink.write(&batch(1, records)).await.unwrap();
    sink.finish().await.unwrap();
    let template = Relation::Table(format!("{prefix}:{{symbol}}"));
    assert_eq!(redis.count(&template, None).await.unwrap(), 2);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn hashes_are_written_once_and_an_older_attempt_is_stopped() {
    let Some((redis, prefix)) = server("hashes_are_written_once_and_an_older_attempt_is_stopped") else { return };
    assert!(redis.ping().await.unwrap().starts_with("Redis"));
    let lane = Lane::new("bars");
    let records = quotes(&[(Some("AAPL"), Some(1)), (Some("Zoë é"), None)]);
    let mut first = redis.write(records.schema(), options(&prefix, 1)).await.unwrap();
    assert_eq!(first.claim(&lane).await.unwrap(), None);
    assert_eq!(first.write(&batch(1, records.clone())).await.unwrap().rows, 2);
    assert_eq!(rows(&redis, &prefix).await, [":AAPL|1|AAPL", ":Zoë é|NULL|Zoë é"]);
    let mut second = redis.write(records.schema(), options(&prefix, 2)).await.unwrap();
    let entry = second.claim(&lane).await.unwrap().unwrap();
    assert_eq!((entry.sequence, entry.checkpoint), (1, Some(Checkpoint("c1".into()))));
    assert!(second.write(&batch(1, records.clone())).await.unwrap().skipped);
    let changed = quotes(&[(Some("AAPL"), Some(9))]);
    assert_eq!(first.write(&batch(2, changed.clone())).await.unwrap_err().code(), ErrorCode::LeaseLost);
    assert_eq!(first.claim(&lane).await.unwrap_err().code(), ErrorCode::LeaseLost);
    second.write(&batch(2, changed)).await.unwrap();
    assert_eq!(rows(&redis, &prefix).await[0], ":AAPL|9|AAPL");
    assert_eq!(redis.count(&Relation::Table(format!("{prefix}:*")), None).await.unwrap(), 2);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn an_append_to_a_list_is_done_once_by_its_record() {
    let Some((redis, prefix)) = server("an_append_to_a_list_is_done_once_by_its_record") else { return };
    let records = quotes(&[(Some("A"), Some(1)), (Some("B"), None)]);
    for (structure, command) in [("list", "LLEN"), ("stream", "XLEN")] {
        let key = format!("{prefix}-{structure}");
        for fence in 1..=3 {
            let extra = json!({ "structure": structure }).as_object().cloned().unwrap();
            let ledger = Some(LedgerKey { task: format!("{prefix}/{structure}"), fence });
            let options = WriteOptions { ledger, extra, ..WriteOptions::append(&key) };
            let mut sink = redis.write(records.schema(), options).await.unwrap();
            sink.claim(&Lane::new("bars")).await.unwrap();
            assert_eq!(sink.write(&batch(1, records.clone())).await.unwrap().skipped, fence > 1);
        }
        let mut connection = redis.connect().await.unwrap();
        let length: u64 = redis::cmd(command).arg(&key).query_async(&mut connection).await.unwrap();
        assert_eq!(length, 2, "{structure}");
    }
    clear(&redis, &prefix).await;
}
