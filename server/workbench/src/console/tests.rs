//! The console's rules, over a connector that answers what it is told to.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::export::{Format, write};
use super::*;
use crate::environment::Environment;
use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Float32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{Abilities, Connector, ReadOptions, Relation, TableInfo};
use data::{Channel, Sink, Source, System, WriteOptions};
use serde_json::json;
use store::NewConnection;
use store::secrets::Keyring;

/// Answers what was asked of it, or waits for ever.
struct Fake;

#[async_trait]
impl Connector for Fake {
    fn system(&self) -> System {
        System::Sqlite
    }
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }
    async fn ping(&self) -> Result<String> {
        Err(unasked())
    }
    async fn list_tables(&self) -> Result<Vec<String>> {
        Err(unasked())
    }
    async fn find_table(&self, _: &str) -> Result<Option<TableInfo>> {
        Err(unasked())
    }
    async fn read(&self, _: ReadOptions) -> Result<Box<dyn Source>> {
        Err(unasked())
    }
    async fn write(&self, _: arrow::datatypes::SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(unasked())
    }
    async fn execute(&self, _: &str) -> Result<u64> {
        Err(unasked())
    }
    async fn count(&self, _: &Relation, _: Option<&str>) -> Result<u64> {
        Err(unasked())
    }
    async fn console(&self, request: ConsoleRequest) -> Result<ConsoleAnswer> {
        match request.sql.as_str() {
            "wait" => std::future::pending().await,
            "refused" => Err(data::console::not_allowed("so it is")),
            _ => {
                let rows: ArrayRef = Arc::new(UInt64Array::from(vec![request.limits.rows, u64::from(request.write)]));
                let batch = RecordBatch::try_from_iter([("rows", rows)])?;
                let answer = ConsoleAnswer {
                    schema: batch.schema(),
                    native_types: vec!["bigint".to_owned()],
                    batches: vec![batch],
                    truncated: false,
                    affected: None,
                };
                Ok(answer)
            }
        }
    }
}

fn unasked() -> Error {
    Error::permanent(ErrorCode::Unsupported, "nobody asks this here")
}

struct One;

#[async_trait]
impl Connections for One {
    async fn get(&self, _: &str) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(Fake))
    }
    async fn get_channel(&self, _: &str) -> Result<Arc<dyn Channel>> {
        Err(unasked())
    }
}

async fn console(allow_write: bool) -> Console {
    let database = Arc::new(Database::open("sqlite::memory:").await.unwrap());
    let new = NewConnection {
        name: "here".to_owned(),
        system: "sqlite".to_owned(),
        settings: json!({}),
        allow_write,
        ..NewConnection::default()
    };
    database.create_connection(&new).await.unwrap();
    let keys = Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "the test").unwrap();
    let book = ConnectionBook::new(database.clone(), Arc::new(keys), Environment::default());
    Console::new(database, Arc::new(book), Arc::new(One), ConsoleBounds::default())
}

fn caller(name: &str, may_write: bool) -> Caller {
    Caller { name: name.to_owned(), may_write, sees_all: false }
}

fn ask(sql: &str) -> Ask {
    Ask { sql: sql.to_owned(), ..Ask::default() }
}

async fn seen(console: &Console, name: &str) -> Vec<(String, Outcome)> {
    let filter = StatementFilter { limit: 100, ..StatementFilter::default() };
    let lines = console.history(filter, &caller(name, false)).await.unwrap();
    lines.into_iter().map(|line| (line.statement, line.outcome)).collect()
}

#[tokio::test]
async fn a_statement_is_bounded_and_put_on_record() {
    let console = console(true).await;
    let greedy = Ask { rows: Some(u64::MAX), ..ask("all") };
    let answered = console.query("here", greedy, &caller("ann", false)).await.unwrap();
    let page = Page::of(&answered).unwrap();
    assert_eq!(page.rows, [[json!(1_000_000)], [json!(0)]]);
    let usual = console.query("here", ask("usual"), &caller("bob", false)).await.unwrap();
    assert_eq!(Page::of(&usual).unwrap().rows[0], [json!(1_000)]);
    assert_eq!(
        console.query("here", ask("refused"), &caller("ann", true)).await.unwrap_err().code().as_str(),
        "statement_not_allowed"
    );
    assert_eq!(
        seen(&console, "ann").await,
        [("refused".to_owned(), Outcome::Refused), ("all".to_owned(), Outcome::Succeeded)]
    );
    let zero = Ask { rows: Some(0), ..ask("none") };
    assert_eq!(console.query("here", zero, &caller("ann", false)).await.unwrap_err().code(), ErrorCode::InvalidValue);
    let absent = console.query("theer", ask("x"), &caller("ann", false)).await.unwrap_err();
    assert_eq!(absent.code(), ErrorCode::ConnectionNotFound);
}

#[tokio::test]
async fn writing_takes_the_role_the_connection_and_the_wish() {
    for (connection, role, wish, expected) in [
        (true, true, true, Some(1)),
        (true, true, false, Some(0)),
        (true, false, true, None),
        (false, true, true, None),
        (false, false, false, Some(0)),
    ] {
        let console = console(connection).await;
        let asked = Ask { write: wish, ..ask("x") };
        let result = console.query("here", asked, &caller("ann", role)).await;
        match (expected, result) {
            (Some(written), Ok(answered)) => {
                assert_eq!(Page::of(&answered).unwrap().rows[1], [json!(written)], "{connection} {role} {wish}");
            }
            (None, Err(error)) => {
                assert_eq!(error.code(), ErrorCode::StatementNotAllowed);
                assert_eq!(seen(&console, "ann").await, [("x".to_owned(), Outcome::Refused)]);
            }
            (expected, result) => panic!("{connection} {role} {wish}: wanted {expected:?}, got {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_running_statement_is_canceled_by_its_owner_only() {
    let console = console(false).await;
    let id = StatementId::generate();
    let (waiting, ann) = (console.clone(), caller("ann", false));
    let running = tokio::spawn(async move { waiting.query("here", Ask { id: Some(id), ..ask("wait") }, &ann).await });
    while seen(&console, "ann").await.is_empty() {
        tokio::task::yield_now().await;
    }
    let twice = console.query("here", Ask { id: Some(id), ..ask("x") }, &caller("bob", false)).await.unwrap_err();
    assert_eq!(twice.code(), ErrorCode::AlreadyExists);
    assert_eq!(console.cancel(id, &caller("bob", true)).unwrap_err().code(), ErrorCode::StatementNotFound);
    console.cancel(id, &caller("ann", false)).unwrap();
    assert_eq!(running.await.unwrap().unwrap_err().code(), ErrorCode::Canceled);
    assert_eq!(seen(&console, "ann").await, [("wait".to_owned(), Outcome::Canceled)]);
    assert_eq!(console.cancel(id, &caller("ann", false)).unwrap_err().code(), ErrorCode::StatementNotFound);
}

#[tokio::test]
async fn a_statement_nobody_waits_for_any_more_is_on_record_as_canceled() {
    let console = console(false).await;
    let (waiting, ann) = (console.clone(), caller("ann", false));
    let running = tokio::spawn(async move { waiting.query("here", ask("wait"), &ann).await });
    while seen(&console, "ann").await.is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    let _ = running.await;
    while seen(&console, "ann").await != [("wait".to_owned(), Outcome::Canceled)] {
        tokio::task::yield_now().await;
    }
    let slow = Ask { time: Some(Duration::from_millis(1)), ..ask("x") };
    console.query("here", slow, &caller("ann", false)).await.unwrap();
}

fn extremes() -> ConsoleAnswer {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_991), Some(i64::MIN), None]))),
        ("id", Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1]))),
        ("d", Arc::new(Decimal128Array::from(vec![-1_234_500, 1, 0]).with_precision_and_scale(38, 4).unwrap())),
        ("f", Arc::new(Float64Array::from(vec![f64::NAN, f64::NEG_INFINITY, 0.1]))),
        ("s", Arc::new(Float32Array::from(vec![0.1, -0.0, f32::MAX]))),
        ("t", Arc::new(StringArray::from(vec![Some("=cmd|' /C calc'!A0"), Some(""), None]))),
        ("b", Arc::new(BinaryArray::from(vec![b"\xff\x00".as_slice(), b"", b"a"]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![0, 1_700_000_000_123_456, -1]).with_timezone("UTC"))),
    ];
    let fields: Vec<arrow::datatypes::Field> = columns
        .iter()
        .map(|(name, column)| arrow::datatypes::Field::new(*name, column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, column)| column).collect()).unwrap();
    ConsoleAnswer { schema, native_types: vec![], batches: vec![batch], truncated: false, affected: None }
}

#[test]
fn values_in_json_are_exact() {
    let rows = page::values(&extremes().batches[0]).unwrap();
    assert_eq!(
        rows[0],
        [
            json!(9_007_199_254_740_991_i64),
            json!("18446744073709551615"),
            json!("-123.4500"),
            json!("NaN"),
            json!(0.1),
            json!("=cmd|' /C calc'!A0"),
            json!("/wA="),
            json!("1970-01-01T00:00:00Z")
        ]
    );
    assert_eq!(rows[1][0], json!("-9223372036854775808"));
    assert_eq!((&rows[1][3], &rows[1][7]), (&json!("-Infinity"), &json!("2023-11-14T22:13:20.123456Z")));
    assert_eq!((&rows[2][0], &rows[2][5]), (&json!(null), &json!(null)));
}

#[test]
fn csv_runs_no_formula_in_a_spreadsheet_unless_asked() {
    let text = |raw| {
        let mut out = Vec::new();
        assert_eq!(write(&extremes(), Format::Csv { raw }, &mut out).unwrap(), 3);
        String::from_utf8(out).unwrap()
    };
    let lines: Vec<String> = text(false).lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "id,id_2,d,f,s,t,b,at");
    assert_eq!(
        lines[1],
        "9007199254740991,18446744073709551615,-123.4500,NaN,0.1,\"'=cmd|' /C calc'!A0\",/wA=,1970-01-01T00:00:00Z"
    );
    assert!(lines[2].contains(",\"\",\"\","), "empty text is not NULL: {}", lines[2]);
    assert!(lines[3].starts_with(",1,0.0000,0.1,"), "{}", lines[3]);
    assert!(text(true).contains(",=cmd|' /C calc'!A0,"));
}

#[test]
fn json_and_parquet_hold_the_same_rows() {
    let mut out = Vec::new();
    write(&extremes(), Format::Json, &mut out).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
    assert_eq!((&rows[0]["id_2"], &rows[2]["t"]), (&json!("18446744073709551615"), &json!(null)));

    let mut out = Vec::new();
    write(&extremes(), Format::Parquet, &mut out).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(out), 100).unwrap();
    let read: Vec<RecordBatch> = reader.map(|batch| batch.unwrap()).collect();
    assert_eq!(page::values(&read[0]).unwrap(), page::values(&extremes().batches[0]).unwrap());
}
