//! Sinks: the README's workflow writes its rows although the first answer is a failure that may pass, and nothing is
//! there twice.

use super::{Example, error};
use crate::stubs::stores::{self, Kept};
use crate::stubs::{Stub, reply};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

#[test]
fn influxdb_gets_the_readmes_points() {
    let kept = Kept::default();
    let keeper = kept.clone();
    let stub = Stub::start(move |request| stores::influxdb(&keeper, request));
    let Some(example) = Example::find("influxdb", &[("http://127.0.0.1:8086", &stub.base)]) else { return };
    let example = example.set("INFLUX_TOKEN", "a token");
    example.set_up();
    stub.plan(reply(503, "").header("retry-after", "1"));
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let points: Vec<(String, String)> = kept
        .lock()
        .unwrap()
        .iter()
        .map(|(name, fields)| (name.clone(), String::from_utf8(fields.clone()).unwrap()))
        .collect();
    let expected = ("bars,code=sh.600000 1704153600000000000".to_owned(), "close=6.62,volume=18320712i".to_owned());
    assert_eq!(points, [expected]);
    assert_eq!(stub.received().len(), 2);

    let run = example.run_document(&example.block("yaml").replace("bucket: market", "bucket: elsewhere"));
    assert!(error(&run, "stored")["message"].as_str().unwrap().contains("not found"), "{run:#}");
}

#[test]
fn a_plugin_that_allows_no_key_but_its_own_is_a_sink_by_as() {
    let kept = Kept::default();
    let keeper = kept.clone();
    let stub = Stub::start(move |request| stores::influxdb(&keeper, request));
    let Some(example) = Example::find("influxdb", &[("http://127.0.0.1:8086", &stub.base)]) else { return };
    let example = example.set("INFLUX_TOKEN", "a token");
    example.set_up();
    let readme = example.block("yaml");
    let document = |used_as: &str| {
        let (before, after) = readme.split_once("uses: write").unwrap();
        let after =
            after.replace("plugin: influxdb, settings: { url", &format!("as: {used_as}, url")).replace(" } }", " }");
        format!("{before}uses: plugin/influxdb{after}")
    };
    let run = example.run_document(&document("sink"));
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(kept.lock().unwrap().len(), 1);

    let file = example.sluice.folder.path().join("wrong.yaml");
    std::fs::write(&file, document("channel")).unwrap();
    let refused = example.sluice.command().args(["validate", "--json"]).arg(&file).output().unwrap();
    let refused = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(refused.contains("steps.stored.with.as") && refused.contains("sink"), "{refused}");
}

#[test]
fn elasticsearch_gets_the_readmes_documents_once() {
    let kept = Kept::default();
    let keeper = kept.clone();
    let stub = Stub::start(move |request| stores::elasticsearch(&keeper, request));
    let Some(example) = Example::find("elasticsearch", &[("http://127.0.0.1:9200", &stub.base)]) else { return };
    let example = example.set("ELASTIC_API_KEY", "a key");
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let documents: Vec<Value> =
        kept.lock().unwrap().values().map(|document| serde_json::from_slice(document).unwrap()).collect();
    assert_eq!(documents.len(), 2, "{documents:#?}");
    assert!(documents.iter().any(|it| it["code"] == "sh.600001" && it["close"] == 3.1), "{documents:#?}");
    assert_eq!(stub.received().len(), 2, "one document met a full queue");
}

#[test]
fn s3_gets_the_readmes_file_signed_and_readable() {
    let kept = Kept::default();
    let keeper = kept.clone();
    let stub = Stub::start(move |request| stores::s3(&keeper, request));
    let Some(example) = Example::find("s3", &[("http://127.0.0.1:9000", &stub.base)]) else { return };
    let example = example.set("S3_ACCESS_KEY", stores::ACCESS_KEY).set("S3_SECRET_KEY", stores::SECRET_KEY);
    example.set_up();
    stub.plan(reply(503, "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"));
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let objects = kept.lock().unwrap().clone();
    assert_eq!(objects.len(), 1, "{:?}", objects.keys());
    let (name, file) = objects.first_key_value().unwrap();
    assert!(name.starts_with("bars/00000001-") && name.ends_with(".parquet"), "{name}");
    let expected = [("code", "sh.600000", "sh,600001"), ("volume", "18320712", "∅"), ("close", "6.62", "3.1")];
    assert_eq!(read_parquet(file), expected.map(|(name, a, b)| (name.to_owned(), vec![a.to_owned(), b.to_owned()])));

    let run = example.run_document(&example.block("yaml").replace("format: parquet", "format: csv"));
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let objects = kept.lock().unwrap().clone();
    let csv = objects.iter().find(|(name, _)| name.ends_with(".csv")).unwrap().1;
    assert_eq!(String::from_utf8_lossy(csv), "code,volume,close\nsh.600000,18320712,6.62\n\"sh,600001\",,3.1\n");

    let run = example.run_document(&example.block("yaml").replace("bucket: market", "bucket: elsewhere"));
    assert!(error(&run, "stored")["message"].as_str().unwrap().contains("NoSuchBucket"), "{run:#}");
}

#[test]
fn a_parquet_file_keeps_days_moments_decimals_and_truths() {
    let kept = Kept::default();
    let keeper = kept.clone();
    let stub = Stub::start(move |request| stores::s3(&keeper, request));
    let Some(example) = Example::find("s3", &[("http://127.0.0.1:9000", &stub.base)]) else { return };
    let example = example.set("S3_ACCESS_KEY", stores::ACCESS_KEY).set("S3_SECRET_KEY", stores::SECRET_KEY);
    example.set_up();
    let sql = "select n, cast('2024-02-29' as date) as day, cast('2024-01-02T03:04:05.678' as timestamp) as at, \
               cast(-1.05 as decimal(20, 3)) as price, n % 3 = 0 as third, \
               case when n % 2 = 0 then concat('é', n) end as text, cast(n as float) / 2 as half from input";
    let rows: Vec<Value> = (0..20).map(|n| json!({ "n": n })).collect();
    let document = format!(
        "name: types\nsteps:\n  - {{ id: few, uses: fetch, with: {} }}\n  - {{ id: typed, uses: transform, from: few, with: {} }}\n  \
         - {{ id: stored, uses: write, from: typed, with: {} }}\n",
        json!({ "source": "inline", "rows": rows }),
        json!({ "sql": sql }),
        json!({ "plugin": "s3", "settings": { "endpoint": stub.base, "bucket": "market", "format": "parquet" } }),
    );
    let run = example.run_document(&document);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let file = kept.lock().unwrap().first_key_value().unwrap().1.clone();
    let columns = read_parquet(&file);
    let column = |name: &str| columns.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(column("n"), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(column("day").iter().all(|it| it == "2024-02-29"), "{columns:?}");
    assert!(column("at").iter().all(|it| it.starts_with("2024-01-02T03:04:05.678")), "{columns:?}");
    assert!(column("price").iter().all(|it| it == "-1.050"), "{columns:?}");
    let third = (0..20).map(|n| (n % 3 == 0).to_string()).collect::<Vec<_>>();
    assert_eq!(column("third"), third);
    let text = (0..20).map(|n| if n % 2 == 0 { format!("é{n}") } else { "∅".to_owned() }).collect::<Vec<_>>();
    assert_eq!(column("text"), text);
    assert_eq!(column("half")[3], "1.5");
}

/// Names and values as a full reader of Parquet sees them.
fn read_parquet(file: &[u8]) -> Vec<(String, Vec<String>)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)).unwrap().build().unwrap();
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            if columns.len() <= index {
                columns.push((field.name().clone(), Vec::new()));
            }
            let options = FormatOptions::default().with_null("∅");
            let shown = ArrayFormatter::try_new(batch.column(index), &options).unwrap();
            columns[index].1.extend((0..batch.num_rows()).map(|row| shown.value(row).to_string()));
        }
    }
    columns
}
