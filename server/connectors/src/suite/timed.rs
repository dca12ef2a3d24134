//! Tables keyed by a timestamp: the one shape that every system has, and the only one of those with the ability `time_key`.

use super::world::*;
use arrow::array::*;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use data::connector::ReadOptions;
use data::{Mode, Resume, System, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;

/// 2024-01-02 02:00 in microseconds.
const START: i64 = 1_704_160_800_000_000;

fn times(seconds: impl IntoIterator<Item = i64>) -> ArrayRef {
    let micros = seconds.into_iter().map(|second| START + second * 1_000_000);
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

/// Rows `(ts, n, name)` at so many seconds after the start.
fn quotes(rows: &[(i64, i32, &str)]) -> RecordBatch {
    records(vec![
        ("ts", times(rows.iter().map(|row| row.0))),
        ("n", Arc::new(rows.iter().map(|row| row.1).collect::<Int32Array>())),
        ("name", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<StringArray>())),
    ])
}

fn by_time(mode: Mode) -> WriteOptions {
    keyed("t", mode, &["ts"])
}

async fn names(world: &World) -> Vec<(i32, String)> {
    let rows = world.rows("t", &["ts"]).await;
    let numbers = rows.column_by_name("n").unwrap().as_primitive::<Int32Type>().clone();
    let names = rows.column_by_name("name").unwrap().as_string::<i32>().clone();
    (0..rows.num_rows()).map(|row| (numbers.value(row), names.value(row).to_owned())).collect()
}

fn expect(rows: &[(i32, &str)]) -> Vec<(i32, String)> {
    rows.iter().map(|(number, name)| (*number, (*name).to_owned())).collect()
}

pub(super) async fn values_beside_a_timestamp_survive(world: &World) {
    let money = Decimal128Array::from(vec![Some(999_999_999_999_999_999), Some(-1), None, Some(1_000_000)]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("ts", times(0..4)),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("small", Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(i16::MAX), None, Some(0)]))),
        ("whole", Arc::new(Int32Array::from(vec![Some(i32::MIN), Some(i32::MAX), None, Some(-1)]))),
        ("big", Arc::new(Int64Array::from(vec![Some(i64::MIN), Some(i64::MAX), None, Some(0)]))),
        ("single", Arc::new(Float32Array::from(vec![Some(f32::MIN), Some(1.5e-30), None, Some(0.1)]))),
        ("twofold", Arc::new(Float64Array::from(vec![Some(f64::MAX), Some(5e-300), None, Some(0.1)]))),
        ("money", Arc::new(money.with_precision_and_scale(18, 4).unwrap())),
        (
            "label",
            Arc::new(StringArray::from(vec![Some(""), Some("it's \\ \"日本\" 🦀\n\t%_\\%"), None, Some("NULL")])),
        ),
        ("bytes", Arc::new(BinaryArray::from_opt_vec(vec![Some(b""), Some(b"\x00\xff'\\"), None, Some(b"abc")]))),
        (
            "moment",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(START + 1), None, Some(START), None]).with_timezone("UTC"),
            ),
        ),
        ("nothing", Arc::new(StringArray::from(vec![None::<&str>; 4]))),
    ];
    let written = records(columns);
    world.write(by_time(Mode::Upsert), &written).await.unwrap();
    // A repeat changes nothing.
    world.write(by_time(Mode::Upsert), &written).await.unwrap();
    let read = world.rows("t", &["ts"]).await;
    for (field, (expected, found)) in written.schema().fields().iter().zip(written.columns().iter().zip(read.columns()))
    {
        // MySQL has neither booleans nor instants of its own.
        let expected = match expected.data_type() {
            DataType::Boolean if world.is(System::Mysql) => &cast(expected, &DataType::Int8).unwrap(),
            DataType::Timestamp(..) if world.is(System::Mysql) => {
                &cast(expected, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap()
            }
            _ => expected,
        };
        assert_eq!(expected.data_type(), found.data_type(), "type of `{}`", field.name());
        assert_eq!(expected, found, "values of `{}`", field.name());
    }
}

pub(super) async fn an_upsert_goes_over_rows_of_the_same_time(world: &World) {
    world.write(by_time(Mode::Upsert), &quotes(&[(0, 1, "a"), (1, 2, "b")])).await.unwrap();
    let written =
        world.write(by_time(Mode::Upsert), &quotes(&[(1, 3, "x"), (2, 4, "c"), (2, 5, "last")])).await.unwrap();
    assert_eq!(written.rows, 3);
    assert_eq!(names(world).await, expect(&[(1, "a"), (3, "x"), (5, "last")]));
}

pub(super) async fn an_append_tells_rows_of_the_same_time(world: &World) {
    let rows = quotes(&[(0, 1, "a"), (1, 2, "b"), (0, 3, "c")]);
    let error = world.write(by_time(Mode::Append), &rows).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains("row 3"), "{error}");
    let written = world.write(WriteOptions { keep_refused: true, ..by_time(Mode::Append) }, &rows).await.unwrap();
    assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [2]);
    assert_eq!(names(world).await, expect(&[(1, "a"), (2, "b")]));
}

pub(super) async fn a_truncate_leaves_only_new_rows(world: &World) {
    world.write(by_time(Mode::Append), &quotes(&[(9, 9, "old")])).await.unwrap();
    world.write(by_time(Mode::Truncate), &quotes(&[(0, 1, "new")])).await.unwrap();
    assert_eq!(names(world).await, expect(&[(1, "new")]));
}

pub(super) async fn rows_in_order_of_time_go_on_at_a_checkpoint(world: &World) {
    let count = 20_000;
    let rows =
        records(vec![("ts", times((0..count).rev())), ("n", Arc::new((0..count as i32).collect::<Int32Array>()))]);
    world.write(by_time(Mode::Upsert), &rows).await.unwrap();
    let options = |resume_at| {
        let order_by = vec!["ts".to_owned()];
        ReadOptions { order_by, resume_at, columns: vec!["n".to_owned()], ..ReadOptions::table("t") }
    };
    let whole = world.read(options(None)).await;
    assert_eq!(
        whole.column(0).as_primitive::<Int32Type>().values().to_vec(),
        (0..count as i32).rev().collect::<Vec<_>>()
    );
    let mut source = world.connector.read(options(None)).await.unwrap();
    assert_eq!(source.resume(), Resume::Checkpoint);
    let first = source.next().await.unwrap().unwrap();
    drop(source);
    let rest = world.read(options(first.checkpoint.clone())).await;
    let together = concat_batches(&rest.schema(), [&first.records, &rest]).unwrap();
    assert_eq!(together.column(0), whole.column(0));
    let mut source = world.connector.read(options(None)).await.unwrap();
    let mut last = None;
    while let Some(batch) = source.next().await.unwrap() {
        last = batch.checkpoint.or(last);
    }
    assert_eq!(world.read(options(last)).await.num_rows(), 0);
}

pub(super) async fn columns_filter_and_limit_of_timed_rows(world: &World) {
    world.write(by_time(Mode::Upsert), &quotes(&[(0, 1, "a"), (1, 2, "b"), (2, 3, "c"), (3, 4, "d")])).await.unwrap();
    let options = ReadOptions {
        columns: vec!["name".to_owned()],
        filter: Some("n > 1 -- comment".to_owned()),
        order_by: vec!["ts".to_owned()],
        limit: Some(2),
        ..ReadOptions::table("t")
    };
    let rows = world.read(options).await;
    assert_eq!(rows.num_columns(), 1);
    assert_eq!(rows.column(0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["b", "c"]);
    let mut query = ReadOptions::query("SELECT ts, name AS label FROM t WHERE n < 3 -- all of them\n;");
    query.order_by = vec!["ts".to_owned()];
    let rows = world.read(query).await;
    assert_eq!((rows.num_rows(), rows.schema().field(1).name().as_str()), (2, "label"));
    let filter = Some("name = 'c'");
    let relation = data::connector::Relation::Table("t".to_owned());
    assert_eq!(world.connector.count(&relation, filter).await.unwrap(), 1);
}

pub(super) async fn text_beside_a_timestamp_sorts_by_its_bytes(world: &World) {
    let labels = ["b", "a", "B", "é", "_", "🦀", "\u{ffee}"];
    let rows: Vec<(i64, i32, &str)> = labels.iter().zip(0..).map(|(label, n)| (i64::from(n), n, *label)).collect();
    world.write(by_time(Mode::Upsert), &quotes(&rows)).await.unwrap();
    let rows = world.rows("t", &["name"]).await;
    assert_eq!(rows.column_by_name("n").unwrap().as_primitive::<Int32Type>().values().to_vec(), [2, 4, 1, 0, 3, 6, 5]);
}

pub(super) async fn a_dropped_source_of_timed_rows_frees_its_connection(world: &World) {
    let rows = records(vec![("ts", times(0..20_000)), ("n", Arc::new((0..20_000).collect::<Int32Array>()))]);
    world.write(by_time(Mode::Upsert), &rows).await.unwrap();
    for _ in 0..40 {
        let mut source = world.connector.read(ReadOptions::table("t")).await.unwrap();
        source.next().await.unwrap();
    }
    assert_eq!(world.count("t").await, 20_000);
}

pub(super) async fn a_table_keyed_by_time_is_described(world: &World) {
    world.write(by_time(Mode::Upsert), &quotes(&[])).await.unwrap();
    assert!(world.connector.list_tables().await.unwrap().contains(&"t".to_owned()));
    let table = world.connector.find_table("t").await.unwrap().unwrap();
    assert_eq!(table.key, ["ts"]);
    let columns: Vec<_> = table.columns.iter().map(|column| (column.name.as_str(), column.nullable)).collect();
    assert_eq!(columns, [("ts", false), ("n", true), ("name", true)]);
    assert_eq!(table.columns[1].data_type, DataType::Int32);
    assert_eq!(world.connector.find_table("absent").await.unwrap(), None);
    assert_eq!(world.rows("t", &["ts"]).await.num_rows(), 0);
}

pub(super) async fn what_is_missing_beside_a_timestamp_is_named(world: &World) {
    world.write(by_time(Mode::Upsert), &quotes(&[(0, 1, "a")])).await.unwrap();
    let renamed = records(vec![("ts", times(0..1)), ("nme", Arc::new(StringArray::from(vec!["x"])))]);
    let error = world.write(by_time(Mode::Upsert), &renamed).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ColumnNotFound, "{error}");
    assert!(error.to_string().contains("`nme`") && error.fault.hint.as_ref().unwrap().contains("`name`"), "{error}");
    let error = world.connector.read(ReadOptions::table("tt")).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    let error = world.write(keyed("new", Mode::Upsert, &[]), &quotes(&[(0, 1, "a")])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::MissingKey, "{error}");
    let error = world.write(keyed("t", Mode::Upsert, &["n"]), &quotes(&[(0, 1, "a")])).await.unwrap_err();
    assert!(error.to_string().contains("`n`") && error.to_string().contains("unique"), "{error}");
    assert!(world.connector.ping().await.is_ok());
}

pub(super) async fn weird_names_of_timed_tables_work(world: &World) {
    for table in ["\"Weird 'Näme' 日本\"", "\"select\"", "größe"] {
        let rows = records(vec![
            ("ts", times(0..1)),
            ("from", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
            ("sp ace'\"日本", Arc::new(StringArray::from(vec!["y"]))),
        ]);
        let options = keyed(table, Mode::Upsert, &["ts"]);
        world.write(options.clone(), &rows).await.unwrap();
        world.write(options, &rows).await.unwrap();
        assert_eq!(world.rows(table, &["ts"]).await.columns()[1..], rows.columns()[1..], "{table}");
    }
}
