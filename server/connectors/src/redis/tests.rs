#![allow(clippy::unwrap_used)]
use super::*;
use arrow::array::{Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use data::{Batch, Checkpoint, Lane, LedgerKey, Mode};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A connector and a prefix of keys of its own, or `None` where no server is given.
fn server(test: &str) -> Option<(Redis, String)> {
    let Ok(url) = std::env::var("SLUICE_TEST_REDIS") else {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{test} needs SLUICE_TEST_REDIS");
        eprintln!("skipped: {test} needs SLUICE_TEST_REDIS");
        return None;
    };
    let url = url::Url::parse(&url).unwrap();
    let config = json!({ "host": url.host_str().unwrap(), "port": url.port().unwrap_or(6379) });
    let redis = Redis::new(Config::parse(&config).unwrap(), url.password()).unwrap();
    Some((redis, format!("sluice-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))))
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

async fn rows(redis: &Redis, prefix: &str) -> Vec<String> {
    let mut source = redis.read(ReadOptions::table(&format!("{prefix}:*"))).await.unwrap();
    let mut shown = Vec::new();
    while let Some(batch) = source.next().await.unwrap() {
        for row in 0..batch.records.num_rows() {
            let values = batch
                .records
                .columns()
                .iter()
                .map(|c| if c.is_null(row) { "NULL".into() } else { array_value_to_string(c, row).unwrap() });
            shown.push(values.collect::<Vec<String>>().join("|").replace(prefix, ""));
        }
    }
    shown
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

async fn clear(redis: &Redis, prefix: &str) {
    let mut connection = redis.connect().await.unwrap();
    for pattern in [format!("{prefix}*"), format!("_sluice_ledger:{prefix}*")] {
        for key in read::keys(&mut connection, &redis.config, &pattern).await.unwrap() {
            let _: () = redis::cmd("DEL").arg(key).query_async(&mut connection).await.unwrap();
        }
    }
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
async fn lists_strings_time_to_live_and_refused_rows() {
    let Some((redis, prefix)) = server("lists_strings_time_to_live_and_refused_rows") else { return };
    let records = quotes(&[(Some("A"), Some(1)), (None, Some(2))]);
    let extra = |value: serde_json::Value| value.as_object().cloned().unwrap();
    let kept = WriteOptions {
        keep_refused: true,
        ledger: None,
        extra: extra(json!({"structure": "string", "ttl": 100})),
        ..options(&prefix, 1)
    };
    let written = redis.write(records.schema(), kept).await.unwrap().write(&batch(1, records.clone())).await.unwrap();
    assert_eq!((written.rows, written.refused[0].row), (1, 1));
    let mut connection = redis.connect().await.unwrap();
    let value: String = redis::cmd("GET").arg(format!("{prefix}:A")).query_async(&mut connection).await.unwrap();
    assert_eq!(value, r#"{"symbol":"A","price":1}"#);
    let ttl: i64 = redis::cmd("TTL").arg(format!("{prefix}:A")).query_async(&mut connection).await.unwrap();
    assert!((1..=100).contains(&ttl));
    let list = WriteOptions {
        table: format!("{prefix}-list"),
        ledger: None,
        extra: extra(json!({"structure": "list"})),
        ..options(&prefix, 1)
    };
    redis.write(records.schema(), list).await.unwrap().write(&batch(1, records.clone())).await.unwrap();
    let length: u64 = redis::cmd("LLEN").arg(format!("{prefix}-list")).query_async(&mut connection).await.unwrap();
    assert_eq!(length, 2);
    for (wrong, code) in [
        (WriteOptions { table: "constant".into(), ..options(&prefix, 1) }, ErrorCode::InvalidValue),
        (WriteOptions { table: "a:{nothing}".into(), ..options(&prefix, 1) }, ErrorCode::ColumnNotFound),
        (WriteOptions { table: "a:{symbol".into(), ..options(&prefix, 1) }, ErrorCode::InvalidValue),
        (WriteOptions { extra: extra(json!({"tll": 1})), ..options(&prefix, 1) }, ErrorCode::UnknownKey),
        (WriteOptions { mode: Mode::Truncate, ..options(&prefix, 1) }, ErrorCode::Unsupported),
    ] {
        assert_eq!(redis.write(records.schema(), wrong).await.err().unwrap().code(), code);
    }
    clear(&redis, &prefix).await;
}
