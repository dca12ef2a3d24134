#![allow(clippy::unwrap_used)]
//! What only TDengine has: supertables, precisions, and a client library that must be kept in check.
use super::*;
use arrow::array::*;
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use data::{Batch, Lane, Mode, Resume};
use model::ErrorCode;
use serde_json::json;
use std::time::Duration;
use tdengine_stub::{Fault, Stub, StubOptions};

/// 2024-01-02 02:00 in milliseconds.
const START: i64 = 1_704_160_800_000;

/// A connector on a stub of its own, with databases `ms`, `us` and `ns`.
pub(super) struct World {
    pub(super) stub: Stub,
    pub(super) tdengine: Tdengine,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::of(StubOptions::default(), "ms").await
    }

    async fn of(options: StubOptions, database: &str) -> Self {
        let stub = Stub::start(options);
        let admin = connector(&stub, json!({}));
        for precision in ["ms", "us", "ns"] {
            admin.execute(&format!("CREATE DATABASE {precision} PRECISION '{precision}' KEEP 36500d")).await.unwrap();
        }
        let tdengine = connector(&stub, json!({ "database": database }));
        Self { stub, tdengine }
    }

    pub(super) async fn run(&self, sql: &str) {
        self.tdengine.execute(sql).await.unwrap();
    }

    /// Rows as text, in the server's order unless the query says otherwise.
    pub(super) async fn rows(&self, query: &str) -> Vec<String> {
        shown(&self.read(ReadOptions::query(query)).await)
    }

    async fn read(&self, options: ReadOptions) -> RecordBatch {
        let mut source = self.tdengine.read(options).await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = source.next().await.unwrap() {
            batches.push(batch.records);
        }
        concat_batches(&source.schema(), &batches).unwrap()
    }

    pub(super) async fn write(&self, options: WriteOptions, records: &RecordBatch) -> Result<data::Written> {
        let mut sink = self.tdengine.write(records.schema(), options).await?;
        let lane = Lane::new("ticks");
        assert_eq!(sink.claim(&lane).await?, None);
        let written = sink.write(&Batch { lane, sequence: 1, checkpoint: None, records: records.clone() }).await?;
        sink.finish().await?;
        Ok(written)
    }
}

pub(super) fn connector(stub: &Stub, mut more: serde_json::Value) -> Tdengine {
    let address = stub.address();
    more["host"] = address.ip().to_string().into();
    more["port"] = address.port().into();
    if more.get("connect_timeout_ms").is_none() {
        more["connect_timeout_ms"] = 5_000.into();
    }
    if more.get("query_timeout_ms").is_none() {
        more["query_timeout_ms"] = 20_000.into();
    }
    Tdengine::new(Config::parse(&more).unwrap(), Some("taosdata"), &Gate::with_private())
}

fn shown(records: &RecordBatch) -> Vec<String> {
    let cell = |column: &ArrayRef, row: usize| crate::cell::text(column, row).unwrap_or_else(|| "NULL".to_owned());
    let row = |row: usize| records.columns().iter().map(|column| cell(column, row)).collect::<Vec<_>>().join("|");
    (0..records.num_rows()).map(row).collect()
}

pub(super) fn records(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// Rows `(seconds after the start, symbol, price)`, with the exchange that the symbol ends with.
pub(super) fn ticks(rows: &[(i64, &str, f64)]) -> RecordBatch {
    let times = rows.iter().map(|row| START + row.0 * 1_000).collect::<Vec<_>>();
    records(vec![
        ("symbol", Arc::new(rows.iter().map(|row| Some(row.1)).collect::<StringArray>())),
        ("ts", Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC"))),
        ("price", Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>())),
        ("exchange", Arc::new(rows.iter().map(|row| row.1.split('.').nth(1)).collect::<StringArray>())),
    ])
}

pub(super) fn options(table: &str, mode: Mode, key: &[&str], extra: serde_json::Value) -> WriteOptions {
    WriteOptions {
        mode,
        key: key.iter().map(|&name| name.to_owned()).collect(),
        extra: extra.as_object().cloned().unwrap(),
        ..WriteOptions::append(table)
    }
}

fn tagged(mode: Mode) -> WriteOptions {
    options("ticks", mode, &["symbol", "ts"], json!({ "tags": ["symbol", "exchange"], "subtable": "t_{symbol}" }))
}

#[tokio::test]
async fn a_supertable_is_made_and_rows_find_their_subtables() {
    let world = World::new().await;
    let rows = ticks(&[(0, "600000.SH", 6.62), (0, "000001.SZ", 9.21), (1, "600000.SH", 6.63)]);
    assert_eq!(world.write(tagged(Mode::Upsert), &rows).await.unwrap().rows, 3);
    // Once more, and nothing has changed.
    world.write(tagged(Mode::Upsert), &rows).await.unwrap();
    let found = world.rows("SELECT tbname, symbol, exchange, ts, price FROM ticks ORDER BY tbname, ts").await;
    assert_eq!(
        found,
        [
            "t_000001_sz|000001.SZ|SZ|2024-01-02T02:00:00Z|9.21",
            "t_600000_sh|600000.SH|SH|2024-01-02T02:00:00Z|6.62",
            "t_600000_sh|600000.SH|SH|2024-01-02T02:00:01Z|6.63",
        ]
    );
    let table = world.tdengine.find_table("ticks").await.unwrap().unwrap();
    let columns: Vec<_> =
        table.columns.iter().map(|column| format!("{} {}", column.name, column.native_type)).collect();
    assert_eq!(columns, ["ts timestamp", "price double", "symbol varchar(255)", "exchange varchar(255)"]);
    assert_eq!(world.tdengine.list_tables().await.unwrap(), ["ticks"]);
    let sub = world.tdengine.find_table("t_600000_sh").await.unwrap().unwrap();
    assert_eq!(sub.key, ["ts"]);
    assert_eq!(world.tdengine.count(&Relation::Table("t_600000_sh".to_owned()), None).await.unwrap(), 2);
}

#[tokio::test]
async fn a_supertable_is_read_in_order_of_subtable_and_time_and_goes_on() {
    let world = World::new().await;
    let many: Vec<(i64, &str, f64)> =
        (0..9_000).map(|second| (second, if second % 2 == 0 { "B.SH" } else { "A.SZ" }, second as f64)).collect();
    world.write(tagged(Mode::Append), &ticks(&many)).await.unwrap();
    let read = |resume_at| ReadOptions {
        order_by: vec!["tbname".to_owned(), "ts".to_owned()],
        columns: vec!["tbname".to_owned(), "price".to_owned()],
        resume_at,
        ..ReadOptions::table("ticks")
    };
    let whole = world.read(read(None)).await;
    assert_eq!(whole.num_rows(), 9_000);
    let mut source = world.tdengine.read(read(None)).await.unwrap();
    assert_eq!(source.resume(), Resume::Checkpoint);
    let first = source.next().await.unwrap().unwrap();
    drop(source);
    let rest = world.read(read(first.checkpoint)).await;
    assert_eq!(concat_batches(&rest.schema(), [&first.records, &rest]).unwrap(), whole);
    // Time alone does not tell the rows of a supertable apart.
    let by_time = ReadOptions { order_by: vec!["ts".to_owned()], ..ReadOptions::table("ticks") };
    assert_eq!(world.tdengine.read(by_time).await.unwrap().resume(), Resume::Nothing);
}

#[tokio::test]
async fn names_of_subtables_come_from_table_tags_or_a_template() {
    let world = World::new().await;
    let rows = ticks(&[(0, "X.SH", 1.0)]);
    let named =
        options("q_{symbol}", Mode::Upsert, &["symbol", "ts"], json!({ "supertable": "quotes", "tags": ["exchange"] }));
    world.write(named, &rows).await.unwrap();
    assert_eq!(world.rows("SELECT DISTINCT tbname FROM quotes").await, ["q_x_sh"]);
    let unnamed = || options("auto", Mode::Append, &[], json!({ "tags": ["symbol", "exchange"] }));
    world.write(unnamed(), &rows).await.unwrap();
    world.write(unnamed(), &rows).await.unwrap();
    let name = world.rows("SELECT DISTINCT tbname FROM auto").await;
    assert!(name.len() == 1 && name[0].starts_with("auto_") && name[0].len() == 21, "{name:?}");
}

#[tokio::test]
async fn tags_that_disagree_are_refused_or_brought_up_to_date() {
    let world = World::new().await;
    world.write(tagged(Mode::Append), &ticks(&[(0, "A.B", 1.0)])).await.unwrap();
    // Another symbol that is spelled alike in the subtable's name.
    let error = world.write(tagged(Mode::Append), &ticks(&[(1, "a_b", 2.0)])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("`t_a_b`") && error.to_string().contains("row 1"), "{error}");
    let kept = WriteOptions { keep_refused: true, ..tagged(Mode::Append) };
    let written = world.write(kept, &ticks(&[(1, "a_b", 2.0), (2, "c.d", 3.0), (3, "C_D", 4.0)])).await.unwrap();
    assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [0, 2]);
    // A tag that does not name the subtable may change.
    let moved = records(vec![
        ("symbol", Arc::new(StringArray::from(vec!["A.B"])) as ArrayRef),
        ("ts", Arc::new(TimestampMillisecondArray::from(vec![START]))),
        ("exchange", Arc::new(StringArray::from(vec!["浦东"]))),
    ]);
    let error = world.write(tagged(Mode::Append), &moved).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    world.write(tagged(Mode::Upsert), &moved).await.unwrap();
    assert_eq!(world.rows("SELECT exchange, price FROM t_a_b").await, ["浦东|1.0"]);
}

#[tokio::test]
async fn ticks_of_one_millisecond_need_a_second_key() {
    let world = World::new().await;
    let rows = records(vec![
        ("ts", Arc::new(TimestampMillisecondArray::from(vec![START, START, START + 1])) as ArrayRef),
        ("seq", Arc::new(Int32Array::from(vec![1, 2, 1]))),
        ("side", Arc::new(StringArray::from(vec!["买", "卖", "买"]))),
    ]);
    let error = world.write(options("plain", Mode::Append, &[], json!({})), &rows).await.unwrap_err();
    assert!(error.to_string().contains("row 2") && error.to_string().contains("second key"), "{error}");
    let keyed = || options("t", Mode::Upsert, &["ts", "seq"], json!({}));
    world.write(keyed(), &rows).await.unwrap();
    world.write(keyed(), &rows).await.unwrap();
    assert_eq!(world.tdengine.find_table("t").await.unwrap().unwrap().key, ["ts", "seq"]);
    let read = ReadOptions { order_by: vec!["ts".to_owned(), "seq".to_owned()], ..ReadOptions::table("t") };
    assert_eq!(world.tdengine.read(read.clone()).await.unwrap().resume(), Resume::Checkpoint);
    assert_eq!(shown(&world.read(read).await)[1], "2024-01-02T02:00:00Z|2|卖");
    // A key that is coarser than the table's would lose rows silently.
    let error = world.write(options("t", Mode::Upsert, &["ts"], json!({})), &rows).await.unwrap_err();
    assert!(error.fault.hint.as_ref().unwrap().contains("`ts`, `seq`"), "{error}");
}

#[tokio::test]
async fn bars_are_keyed_by_their_day() {
    let world = World::new().await;
    let rows = records(vec![
        ("symbol", Arc::new(StringArray::from(vec!["600000.SH", "000001.SZ"])) as ArrayRef),
        ("trade_date", Arc::new(Date32Array::from(vec![19_724, 19_724]))),
        ("close", Arc::new(Decimal128Array::from(vec![663, 921]).with_precision_and_scale(10, 2).unwrap())),
        ("settled", Arc::new(Date32Array::from(vec![Some(19_725), None]))),
    ]);
    let bars = options("bars", Mode::Upsert, &["symbol", "trade_date"], json!({ "subtable": "b_{symbol}" }));
    world.write(bars, &rows).await.unwrap();
    let read = ReadOptions { order_by: vec!["symbol".to_owned()], ..ReadOptions::table("bars") };
    assert_eq!(
        shown(&world.read(read).await),
        ["2024-01-02T00:00:00Z|9.21|NULL|000001.SZ", "2024-01-02T00:00:00Z|6.63|2024-01-03T00:00:00Z|600000.SH"]
    );
}

#[tokio::test]
async fn timestamps_keep_the_unit_of_their_database() {
    let world = World::new().await;
    let nanos = START * 1_000_000 + 1;
    let row = |value: i64| {
        records(vec![
            ("ts", Arc::new(TimestampNanosecondArray::from(vec![value])) as ArrayRef),
            ("name", Arc::new(StringArray::from(vec!["深圳 🚀"]))),
        ])
    };
    for (database, fits, unit) in [
        ("ms", START * 1_000_000 + 1_000_000, arrow::datatypes::TimeUnit::Millisecond),
        ("us", START * 1_000_000 + 1_000, arrow::datatypes::TimeUnit::Microsecond),
        ("ns", nanos, arrow::datatypes::TimeUnit::Nanosecond),
    ] {
        let table = format!("{database}.t");
        world.write(options(&table, Mode::Append, &[], json!({})), &row(fits)).await.unwrap();
        let read = world.read(ReadOptions::table(&table)).await;
        assert_eq!(read.column(0).data_type(), &DataType::Timestamp(unit, Some("UTC".into())));
        let back =
            arrow::compute::cast(read.column(0), &DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None));
        assert_eq!(
            back.unwrap().as_primitive::<arrow::datatypes::TimestampNanosecondType>().value(0),
            fits,
            "{database}"
        );
        assert_eq!(read.column(1).as_string::<i32>().value(0), "深圳 🚀");
        if database != "ns" {
            let error = world.write(options(&table, Mode::Append, &[], json!({})), &row(nanos)).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::ValueRefused);
            assert!(error.to_string().contains("`ts`") && error.to_string().contains("row 1"), "{error}");
        }
    }
}

#[tokio::test]
async fn every_native_type_is_read_without_loss() {
    let world = World::new().await;
    world
        .run(
            "CREATE TABLE t (ts TIMESTAMP, b BOOL, i1 TINYINT, u1 TINYINT UNSIGNED, u2 SMALLINT UNSIGNED, u4 INT UNSIGNED,
             u8 BIGINT UNSIGNED, f FLOAT, d DECIMAL(30, 4), e DECIMAL(10, 2), n NCHAR(10), v VARBINARY(10));
             INSERT INTO t VALUES (1704160800000, true, -128, 255, 65535, 4294967295, 18446744073709551615, 1.5,
             -12345678901234567890123456.7891, 0.05, '浦发🦀', '\\x00ff'), (1704160800001, NULL, NULL, NULL, NULL, NULL, NULL,
             NULL, NULL, NULL, NULL, NULL)",
        )
        .await;
    let rows = world.read(ReadOptions::table("t")).await;
    assert_eq!(
        shown(&rows),
        [
            "2024-01-02T02:00:00Z|true|-128|255|65535|4294967295|18446744073709551615|1.5|\
             -12345678901234567890123456.7891|0.05|浦发🦀|00ff",
            "2024-01-02T02:00:00.001Z|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
        ]
    );
    assert_eq!(rows.schema().field(8).data_type(), &DataType::Decimal128(30, 4));
    // The library cannot read a DECIMAL; a query that asks for one is told so rather than left hanging.
    let error = world.tdengine.read(ReadOptions::query("SELECT d FROM t")).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::Unsupported, "{error}");
    assert!(error.fault.hint.as_ref().unwrap().contains("CAST"), "{error}");
    // Of up to 18 digits it has a code of its own, at which the library falls silent.
    let hasty = connector(&world.stub, json!({ "database": "ms", "query_timeout_ms": 3_000 }));
    let error = bounded(hasty.read(ReadOptions::query("SELECT e FROM t"))).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.fault.hint.as_ref().unwrap().contains("DECIMAL"), "{error}");
    assert!(hasty.ping().await.is_ok());
    assert_eq!(world.rows("SELECT CAST(d AS VARCHAR(64)) FROM t LIMIT 1").await, ["-12345678901234567890123456.7891"]);
}

#[tokio::test]
async fn a_row_beyond_keep_is_found_among_many() {
    let world = World::new().await;
    world.run("CREATE DATABASE young KEEP 30d; CREATE TABLE young.t (ts TIMESTAMP, n INT)").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let times = (0..1_000).map(|row| if row == 700 || row == 3 { START } else { now + row }).collect::<Vec<i64>>();
    let rows = records(vec![
        ("ts", Arc::new(TimestampMillisecondArray::from(times)) as ArrayRef),
        ("n", Arc::new((0..1_000).collect::<Int32Array>())),
    ]);
    let error = world.write(options("young.t", Mode::Upsert, &["ts"], json!({})), &rows).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let keep = WriteOptions { keep_refused: true, ..options("young.t", Mode::Upsert, &["ts"], json!({})) };
    let written = world.write(keep, &rows).await.unwrap();
    // An upsert keeps the last row of a time only, so that row 3 is not even sent.
    assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [700]);
    assert!(written.refused[0].reason.contains("out of range"), "{}", written.refused[0].reason);
    assert_eq!(world.tdengine.count(&Relation::Table("young.t".to_owned()), None).await.unwrap(), 998);
}

#[tokio::test]
async fn what_tdengine_cannot_do_is_refused_with_a_reason() {
    let world = World::new().await;
    let rows = ticks(&[(0, "A", 1.0)]);
    let refused = async |options: WriteOptions, code: ErrorCode, part: &str| {
        let error = world.write(options, &rows).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(options("t", Mode::Replace, &["ts"], json!({})), ErrorCode::Unsupported, "`replace`").await;
    refused(options("t", Mode::InsertIgnore, &["ts"], json!({})), ErrorCode::Unsupported, "`insert_ignore`").await;
    refused(options("t", Mode::Append, &[], json!({ "ttl": 5 })), ErrorCode::UnknownKey, "ttl").await;
    refused(options("t", Mode::Append, &[], json!({ "tags": ["symbl"] })), ErrorCode::ColumnNotFound, "symbl").await;
    refused(options("t", Mode::Append, &[], json!({ "subtable": "fixed" })), ErrorCode::InvalidValue, "fixed").await;
    refused(options("t", Mode::Upsert, &["symbol"], json!({})), ErrorCode::InvalidValue, "no timestamp").await;
    refused(options("t", Mode::Upsert, &["ts", "symbol", "price"], json!({})), ErrorCode::InvalidValue, "at most one")
        .await;
    refused(options("a`b", Mode::Append, &[], json!({})), ErrorCode::InvalidValue, "a�b").await;
    refused(options("nodb.t", Mode::Append, &[], json!({})), ErrorCode::ConnectionFailed, "nodb").await;
    let lonely = records(vec![("ts", Arc::new(TimestampMillisecondArray::from(vec![START])) as ArrayRef)]);
    let error = world.write(options("t", Mode::Append, &[], json!({})), &lonely).await.unwrap_err();
    assert!(error.to_string().contains("nothing else"), "{error}");
    assert!(world.tdengine.ping().await.is_ok());
}

#[tokio::test]
async fn large_batches_go_in_statements_the_server_takes() {
    let world = World::new().await;
    let text = "浦\\'".repeat(40);
    let rows = |from: i64| {
        let seconds = from..from + 9_000;
        records(vec![
            (
                "ts",
                Arc::new(seconds.clone().map(|n| Some(START + n)).collect::<TimestampMillisecondArray>()) as ArrayRef,
            ),
            ("k", Arc::new(seconds.map(|n| Some(format!("k{}", n % 700))).collect::<StringArray>())),
            ("text", Arc::new(StringArray::from(vec![text.as_str(); 9_000]))),
        ])
    };
    let many =
        || options("s", Mode::Upsert, &["k", "ts"], json!({ "tags": ["k"], "subtable": "s_{k}", "text_length": 400 }));
    let before = world.stub.statements();
    // Twice at once: both make the table, and both write the same rows.
    let (first, second) = (rows(0), rows(0));
    let (first, second) = tokio::join!(world.write(many(), &first), world.write(many(), &second));
    assert_eq!((first.unwrap().rows, second.unwrap().rows), (9_000, 9_000));
    assert_eq!(world.tdengine.count(&Relation::Table("s".to_owned()), None).await.unwrap(), 9_000);
    let texts =
        world.read(ReadOptions { columns: vec!["text".to_owned()], limit: Some(1), ..ReadOptions::table("s") }).await;
    assert_eq!(texts.column(0).as_string::<i32>().value(0), text);
    assert!(world.stub.statements() - before < 80, "rows are not sent one by one");
}

#[tokio::test]
async fn a_table_dropped_meanwhile_is_told() {
    let world = World::new().await;
    let rows = ticks(&[(0, "A", 1.0)]);
    world.write(options("t", Mode::Append, &[], json!({})), &rows).await.unwrap();
    let mut sink = world.tdengine.write(rows.schema(), options("t", Mode::Append, &[], json!({}))).await.unwrap();
    world.run("DROP TABLE t").await;
    let batch = Batch { lane: Lane::new("ticks"), sequence: 1, checkpoint: None, records: rows };
    let error = sink.write(&batch).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    assert!(world.tdengine.ping().await.is_ok());
    assert_eq!(world.tdengine.pool.busy(), 0);
}

#[tokio::test]
async fn no_message_holds_the_password() {
    let stub = Stub::start(StubOptions { password: "right".to_owned(), ..StubOptions::default() });
    let config = Config::parse(&json!({ "host": "127.0.0.1", "port": stub.address().port() })).unwrap();
    let tdengine = Tdengine::new(config, Some("canary/?#@:%"), &Gate::with_private());
    let error = tdengine.ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed);
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    // Characters that mean something in an address are a part of the password.
    let stub = Stub::start(StubOptions { password: "p/?#@:%41 ü".to_owned(), ..StubOptions::default() });
    let config = Config::parse(&json!({ "host": "127.0.0.1", "port": stub.address().port() })).unwrap();
    let tdengine = Tdengine::new(config, Some("p/?#@:%41 ü"), &Gate::with_private());
    assert_eq!(tdengine.ping().await.unwrap(), "TDengine 3.3.6.0");
}

async fn bounded<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), call).await.expect("a call that its time-outs do not end")
}

#[tokio::test]
async fn a_server_that_vanishes_or_dawdles_is_told_in_time() {
    let world = World::new().await;
    let tdengine = connector(
        &world.stub,
        json!({ "database": "ms", "query_timeout_ms": 3_000, "connect_timeout_ms": 3_000, "pool_size": 2 }),
    );
    tdengine.execute("CREATE TABLE t (ts TIMESTAMP, n INT); INSERT INTO t VALUES (1704160800000, 1)").await.unwrap();
    for fault in [Fault::CloseFrame, Fault::Drop, Fault::Slow(Duration::from_secs(8)), Fault::Refuse(0x000B)] {
        world.stub.set_fault(fault);
        for _ in 0..2 {
            let error = bounded(tdengine.execute("INSERT INTO t VALUES (1704160800001, 2)")).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{fault:?}: {error}");
            assert!(
                error.retryable && error.fault.hint.is_some() || fault == Fault::Refuse(0x000B),
                "{fault:?}: {error}"
            );
        }
        world.stub.set_fault(Fault::None);
        assert!(bounded(tdengine.count(&Relation::Table("t".to_owned()), None)).await.unwrap() > 0, "{fault:?}");
        assert_eq!(tdengine.pool.busy(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_vanishes_in_the_middle_of_a_result_is_told() {
    let world = World::new().await;
    let many: Vec<(i64, &str, f64)> = (0..9_000).map(|second| (second, "A", 1.0)).collect();
    world.write(options("t", Mode::Append, &[], json!({})), &ticks(&many)).await.unwrap();
    // Long before any time-out.
    let tdengine = connector(&world.stub, json!({ "database": "ms", "query_timeout_ms": 600_000 }));
    let mut source = tdengine.read(ReadOptions::table("t")).await.unwrap();
    world.stub.set_fault(Fault::DropWhileFetching);
    let error = bounded(async {
        loop {
            match source.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the result ended as if nothing had happened"),
                Err(error) => break error,
            }
        }
    })
    .await;
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    world.stub.set_fault(Fault::None);
    assert_eq!(tdengine.count(&Relation::Table("t".to_owned()), None).await.unwrap(), 9_000);
    assert_eq!(tdengine.pool.busy(), 0);
}

#[tokio::test]
async fn a_panic_of_the_library_is_an_error() {
    // The library takes the first four parts of a version for numbers, and panics where one is none.
    let stub = Stub::start(StubOptions { version: "3.3.6.13-community".to_owned(), ..StubOptions::default() });
    let tdengine = connector(&stub, json!({}));
    let error = bounded(tdengine.ping()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(!error.retryable && error.to_string().contains("does not understand"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_connected_to() {
    let stub = Stub::start(StubOptions::default());
    let address = stub.address();
    let config = Config::parse(&json!({ "host": address.ip().to_string(), "port": address.port() })).unwrap();
    let tdengine = Tdengine::new(config, Some("taosdata"), &Gate::new(data::AddressRules::default()));
    let error = tdengine.ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AddressRefused, "{error}");
    assert_eq!(stub.accepted(), 0);
}

#[tokio::test]
async fn a_busy_pool_is_told_and_recovers() {
    let world = World::new().await;
    let many: Vec<(i64, &str, f64)> = (0..9_000).map(|second| (second, "A", 1.0)).collect();
    world.write(options("t", Mode::Append, &[], json!({})), &ticks(&many)).await.unwrap();
    let tdengine = connector(&world.stub, json!({ "database": "ms", "query_timeout_ms": 3_000, "pool_size": 1 }));
    let source = tdengine.read(ReadOptions::table("t")).await.unwrap();
    let error = bounded(tdengine.ping()).await.unwrap_err();
    assert!(error.to_string().contains("all 1 connections") && error.retryable, "{error}");
    drop(source);
    assert_eq!(tdengine.ping().await.unwrap(), "TDengine 3.3.6.0");
}
