#![allow(clippy::unwrap_used)]
mod failures;
mod tls;
mod values;

use super::*;
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use data::{Batch, Checkpoint, Lane, LedgerKey, Mode, Resume};
use model::ErrorCode;
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A connector in a database of its own, or `None` where no server is given.
pub(super) async fn server(test: &str) -> Option<(Mysql, String)> {
    let Ok(url) = std::env::var("SLUICE_TEST_MYSQL") else {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "{test} needs SLUICE_TEST_MYSQL");
        eprintln!("skipped: {test} needs SLUICE_TEST_MYSQL");
        return None;
    };
    let url = url::Url::parse(&url).unwrap();
    let mut config: Config = serde_json::from_value(serde_json::json!({
        "host": url.host_str().unwrap(), "port": url.port().unwrap_or(3306), "user": url.username(),
    }))
    .unwrap();
    let name = format!("sluice_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let secret = url.password().map(str::to_owned);
    let admin = Mysql::new(config.clone(), secret.as_deref(), &Gate::with_private());
    admin.execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    config.database = Some(name.clone());
    Some((Mysql::new(config, secret.as_deref(), &Gate::with_private()), name))
}

pub(super) async fn drop_database((mysql, name): (Mysql, String)) {
    mysql.execute(&format!("DROP DATABASE {name}")).await.unwrap();
}

pub(super) async fn rows(mysql: &Mysql, options: ReadOptions) -> Vec<String> {
    let mut source = mysql.read(options).await.unwrap();
    let mut shown = Vec::new();
    while let Some(batch) = source.next().await.unwrap() {
        for row in 0..batch.records.num_rows() {
            let values = batch
                .records
                .columns()
                .iter()
                .map(|column| crate::cell::text(column, row).unwrap_or_else(|| "NULL".to_owned()));
            shown.push(values.collect::<Vec<String>>().join("|"));
        }
    }
    shown
}

fn batch(sequence: u64, records: RecordBatch) -> Batch {
    let checkpoint = Some(Checkpoint(format!("c{sequence}")));
    Batch { lane: Lane::new("bars"), sequence, checkpoint, records }
}

fn pairs(values: &[(i64, Option<&str>)]) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("k", DataType::Int64, false), Field::new("v", DataType::Utf8, true)]);
    let keys = Int64Array::from_iter_values(values.iter().map(|(key, _)| *key));
    let texts = StringArray::from_iter(values.iter().map(|(_, text)| *text));
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(keys), Arc::new(texts)]).unwrap()
}

async fn write(mysql: &Mysql, options: WriteOptions, records: RecordBatch) -> Result<data::Written> {
    let mut sink = mysql.write(records.schema(), options).await?;
    sink.claim(&Lane::new("bars")).await?;
    let written = sink.write(&batch(1, records)).await?;
    sink.finish().await?;
    Ok(written)
}

fn keyed(mode: Mode) -> WriteOptions {
    WriteOptions { mode, key: vec!["k".into()], ..WriteOptions::append("t") }
}

#[tokio::test]
async fn every_native_type_is_read_without_loss() {
    let Some(own) = server("every_native_type_is_read_without_loss").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE t (a TINYINT, b BIGINT UNSIGNED, c DECIMAL(38,10), d DECIMAL(65,30), e FLOAT, f DOUBLE, g DATE,
             h DATETIME(6), i TIMESTAMP(3) NULL, j TIME(6), k YEAR, l BIT(1), m BIT(12), n ENUM('x','y'), o SET('p','q'),
             p VARBINARY(9), q LONGTEXT CHARACTER SET utf8mb4, r JSON)",
        )
        .await
        .unwrap();
    mysql
        .execute(
            "INSERT INTO t VALUES (-128, 18446744073709551615, '-1234567890123456789012345678.0123456789',
             '12345678901234567890123456789012345.000000000000000000000000000001', 1.5, 0.1, '9999-12-31',
             '2024-01-02 03:04:05.000006', '2024-01-02 03:04:05.5', '-838:59:58.5', 2024, 1, 4095, 'y', 'p,q', x'00ff',
             'Zoë 🎬', '{\"a\": 1}'), (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)",
        )
        .await
        .unwrap();
    let shown = rows(mysql, ReadOptions::table("t")).await;
    assert_eq!(
        shown[0],
        "-128|18446744073709551615|-1234567890123456789012345678.0123456789|12345678901234567890123456789012345.000000000000000000000000000001|1.5|0.1|9999-12-31|2024-01-02T03:04:05.000006|2024-01-02T03:04:05.500Z|-838:59:58.500000|2024|true|4095|y|p,q|00ff|Zoë 🎬|{\"a\": 1}"
    );
    assert_eq!(shown[1], vec!["NULL"; 18].join("|"));
    drop_database(own).await;
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let Some(own) = server("what_is_written_is_read_back").await else { return };
    let at = Some("UTC".into());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("big", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("price", Arc::new(Decimal128Array::from(vec![Some(-12345), None]).with_precision_and_scale(18, 4).unwrap())),
        ("ratio", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(-1), None]))),
        ("moment", Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None]))),
        ("instant", Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None]).with_timezone_opt::<Arc<str>>(at))),
        ("text", Arc::new(StringArray::from(vec![Some("a'\\\"\n🎬"), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(&[0_u8, 255, 39][..]), None]))),
    ];
    let records = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    write(&own.0, WriteOptions::append("t"), records).await.unwrap();
    assert_eq!(
        rows(&own.0, ReadOptions::table("t")).await,
        [
            "1|18446744073709551615|-1.2345|0.1|1969-12-31|1970-01-01T00:00:00.000001|1969-12-31T23:59:59.999999|a'\\\"\n🎬|00ff27".to_owned(),
            ["NULL"; 9].join("|"),
        ]
    );
    drop_database(own).await;
}

#[tokio::test]
async fn modes_do_what_they_say() {
    let Some(own) = server("modes_do_what_they_say").await else { return };
    let mysql = &own.0;
    let table = || ReadOptions { order_by: vec!["k".into()], ..ReadOptions::table("t") };
    write(mysql, keyed(Mode::Upsert), pairs(&[(1, Some("a")), (2, None)])).await.unwrap();
    write(mysql, keyed(Mode::InsertIgnore), pairs(&[(1, Some("z")), (3, Some("c"))])).await.unwrap();
    assert_eq!(rows(mysql, table()).await, ["1|a", "2|NULL", "3|c"]);
    write(mysql, keyed(Mode::Upsert), pairs(&[(1, Some("b"))])).await.unwrap();
    let error = write(mysql, keyed(Mode::Append), pairs(&[(9, None), (1, Some("x"))])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused);
    assert!(error.to_string().contains("k = `1`"), "{error}");
    assert_eq!(rows(mysql, table()).await, ["1|b", "2|NULL", "3|c"], "a failed batch leaves nothing");
    mysql.execute("ALTER TABLE t ADD extra INT DEFAULT 7").await.unwrap();
    mysql.execute("UPDATE t SET extra = 1").await.unwrap();
    write(mysql, keyed(Mode::Replace), pairs(&[(1, Some("r"))])).await.unwrap();
    assert_eq!(rows(mysql, table()).await, ["1|r|7", "2|NULL|1", "3|c|1"]);
    write(mysql, keyed(Mode::Truncate), pairs(&[(5, None)])).await.unwrap();
    assert_eq!(rows(mysql, table()).await, ["5|NULL|7"]);
    drop_database(own).await;
}

#[tokio::test]
async fn refused_rows_are_told_and_the_others_written() {
    let Some(own) = server("refused_rows_are_told_and_the_others_written").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE t (k INT PRIMARY KEY, v VARCHAR(3) NOT NULL)").await.unwrap();
    let options = WriteOptions { keep_refused: true, ..keyed(Mode::Append) };
    let records =
        pairs(&[(1, Some("abc")), (2, Some("abcd")), (1, Some("x")), (4, None), (1 << 40, Some("y")), (6, Some("z"))]);
    let written = write(mysql, options, records).await.unwrap();
    assert_eq!(written.rows, 2);
    assert_eq!(written.refused.iter().map(|refused| refused.row).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(written.refused[0].reason.contains("'v'"), "{}", written.refused[0].reason);
    assert_eq!(rows(mysql, ReadOptions::table("t")).await, ["1|abc", "6|z"]);
    drop_database(own).await;
}

#[tokio::test]
async fn the_ledger_skips_what_is_durable_and_stops_an_older_attempt() {
    let Some(own) = server("the_ledger_skips_what_is_durable_and_stops_an_older_attempt").await else { return };
    let mysql = &own.0;
    let options = |fence| WriteOptions {
        ledger: Some(LedgerKey { task: "run_1/stored".into(), fence }),
        ..WriteOptions::append("t")
    };
    let records = pairs(&[(1, Some("a"))]);
    let lane = Lane::new("bars");
    let mut first = mysql.write(records.schema(), options(1)).await.unwrap();
    assert_eq!(first.claim(&lane).await.unwrap(), None);
    first.write(&batch(1, records.clone())).await.unwrap();
    let mut second = mysql.write(records.schema(), options(2)).await.unwrap();
    let entry = second.claim(&lane).await.unwrap().unwrap();
    assert_eq!((entry.sequence, entry.checkpoint), (1, Some(Checkpoint("c1".into()))));
    assert!(second.write(&batch(1, records.clone())).await.unwrap().skipped);
    assert_eq!(first.write(&batch(2, records.clone())).await.unwrap_err().code(), ErrorCode::LeaseLost);
    second.write(&batch(2, records.clone())).await.unwrap();
    second.write(&batch(3, records.slice(0, 0))).await.unwrap();
    let mut late = mysql.write(records.schema(), options(1)).await.unwrap();
    assert_eq!(late.claim(&lane).await.unwrap_err().code(), ErrorCode::LeaseLost);
    let mut third = mysql.write(records.schema(), options(3)).await.unwrap();
    assert_eq!(third.claim(&lane).await.unwrap().unwrap().sequence, 3);
    assert_eq!(rows(mysql, ReadOptions::table("t")).await.len(), 2);
    drop_database(own).await;
}

#[tokio::test]
async fn a_read_in_key_order_compares_bytes_and_resumes() {
    let Some(own) = server("a_read_in_key_order_compares_bytes_and_resumes").await else { return };
    let mysql = &own.0;
    mysql
        .execute(
            "CREATE TABLE t (s VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, n INT, PRIMARY KEY (s, n))",
        )
        .await
        .unwrap();
    mysql.execute("INSERT INTO t VALUES ('b',2),('B',1),('a',10),('é',1),('a',9),('Z',5)").await.unwrap();
    let options = || ReadOptions { order_by: vec!["s".into(), "n".into()], ..ReadOptions::table("t") };
    let all = ["B|1", "Z|5", "a|9", "a|10", "b|2", "é|1"];
    assert_eq!(rows(mysql, options()).await, all);
    for taken in 1..all.len() {
        let mut source = mysql.read(ReadOptions { limit: Some(taken as u64), ..options() }).await.unwrap();
        assert_eq!(source.resume(), Resume::Checkpoint);
        let resume_at = source.next().await.unwrap().unwrap().checkpoint;
        assert!(resume_at.is_some());
        assert_eq!(rows(mysql, ReadOptions { resume_at, ..options() }).await, all[taken..]);
    }
    assert_eq!(mysql.count(&Relation::Table("t".into()), Some("n > 1")).await.unwrap(), 4);
    let info = mysql.find_table("t").await.unwrap().unwrap();
    assert_eq!(info.key, ["s", "n"]);
    drop_database(own).await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let Some(own) = server("what_is_wrong_is_named").await else { return };
    let mysql = &own.0;
    mysql.execute("CREATE TABLE films (d DATE)").await.unwrap();
    let error = mysql.read(ReadOptions::table("film")).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::TableNotFound);
    assert!(error.to_string().contains("`films`"), "{error}");
    let error =
        mysql.read(ReadOptions { columns: vec!["e".into()], ..ReadOptions::table("films") }).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::ColumnNotFound);
    assert_eq!(mysql.execute("SELEC 1").await.unwrap_err().code(), ErrorCode::StatementFailed);
    assert!(mysql.ping().await.unwrap().starts_with("M"));
    let mut wrong = (*mysql.config).clone();
    wrong.user = "nobody_here".into();
    let error = Mysql::new(wrong.clone(), Some("canary"), &Gate::with_private()).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed, "{error}");
    assert!(!error.to_string().contains("canary"));
    wrong.port = 1;
    let error = Mysql::new(wrong, None, &Gate::with_private()).ping().await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, true));
    let null = RecordBatch::try_from_iter([("nan", Arc::new(Float64Array::from(vec![f64::NAN])) as ArrayRef)]).unwrap();
    assert_eq!(write(mysql, WriteOptions::append("f"), null).await.unwrap_err().code(), ErrorCode::ValueRefused);
    assert_eq!(
        super::types::declared(&DataType::Timestamp(TimeUnit::Second, None), false, 0).as_deref(),
        Some("DATETIME(6)")
    );
    drop_database(own).await;
}
