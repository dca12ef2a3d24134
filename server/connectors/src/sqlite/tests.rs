#![allow(clippy::unwrap_used)]

mod backup;
mod console;
mod ddl;
mod extremes;
mod inspect;

use crate::suite::world::{World, records};
use arrow::array::*;
use arrow::datatypes::DataType;
use data::WriteOptions;
use data::connector::ReadOptions;
use model::ErrorCode;
use std::sync::Arc;

/// Makes a table of one column with these values and compares how it is read.
async fn check(declared: &str, values: &str, data_type: DataType, expected: &[&str]) {
    let world = World::sqlite("").await.unwrap();
    world.connector.execute(&format!("CREATE TABLE t (v {declared}); INSERT INTO t VALUES {values}")).await.unwrap();
    let rows = world.rows("t", &[]).await;
    assert_eq!(rows.schema().field(0).data_type(), &data_type, "{declared}: {values}");
    let found: Vec<String> =
        (0..rows.num_rows()).map(|row| crate::cell::text(rows.column(0), row).unwrap_or("NULL".to_owned())).collect();
    assert_eq!(found, expected, "{declared}: {values}");
}

#[tokio::test]
async fn a_column_whose_values_break_its_type_is_read_as_text() {
    check("INTEGER", "(1), (NULL), (3)", DataType::Int64, &["1", "NULL", "3"]).await;
    check("INTEGER", "(1), ('n/a'), (2.5)", DataType::Utf8, &["1", "n/a", "2.5"]).await;
    check("SMALLINT", "(1), (70000)", DataType::Utf8, &["1", "70000"]).await;
    check("DATE", "('2024-02-29'), (NULL)", DataType::Date32, &["2024-02-29", "NULL"]).await;
    check("DATE", "('2024-02-30'), (20240101)", DataType::Utf8, &["2024-02-30", "20240101"]).await;
    check(
        "DATETIME",
        "('2024-01-01T10:00'), ('2024-01-01')",
        DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        &["2024-01-01T10:00:00", "2024-01-01T00:00:00"],
    )
    .await;
    check("BOOLEAN", "(1), (2)", DataType::Utf8, &["1", "2"]).await;
    check("DECIMAL(10,2)", "(1.5), ('2.25'), (3)", DataType::Decimal128(10, 2), &["1.50", "2.25", "3.00"]).await;
    check("DECIMAL(10,2)", "(1.555)", DataType::Utf8, &["1.555"]).await;
    check("TEXT", "('a'), (x'ff00')", DataType::Binary, &["61", "ff00"]).await;
    check("REAL", "(1), (1e300), (0.1)", DataType::Float64, &["1.0", "1e300", "0.1"]).await;
}

#[tokio::test]
async fn a_column_without_type_is_what_its_values_are() {
    check("", "(1), (2)", DataType::Int64, &["1", "2"]).await;
    check("", "(1), (2.5)", DataType::Float64, &["1.0", "2.5"]).await;
    check("", "(9007199254740993), (2.5)", DataType::Utf8, &["9007199254740993", "2.5"]).await;
    check("NUMERIC", "(1), ('x')", DataType::Utf8, &["1", "x"]).await;
    check("", "(x'00')", DataType::Binary, &["00"]).await;
    check("", "(NULL)", DataType::Utf8, &["NULL"]).await;
}

#[tokio::test]
async fn long_decimals_sort_by_value() {
    let world = World::sqlite("").await.unwrap();
    let values = Decimal128Array::from(vec![Some(-1), Some(-100_000), Some(5), None, Some(1_000), Some(0)]);
    let rows = records(vec![("v", Arc::new(values.with_precision_and_scale(30, 2).unwrap()) as ArrayRef)]);
    world.write(WriteOptions::append("t"), &rows).await.unwrap();
    let read = world.rows("t", &["v"]).await;
    let sorted: Vec<String> =
        (0..6).map(|row| crate::cell::text(read.column(0), row).unwrap_or("NULL".to_owned())).collect();
    assert_eq!(sorted, ["NULL", "-1000.00", "-0.01", "0.00", "0.05", "10.00"]);
}

#[tokio::test]
async fn what_sqlite_would_change_is_refused() {
    let world = World::sqlite("").await.unwrap();
    world.connector.execute("CREATE TABLE t (i INTEGER, r REAL, n NUMERIC(30,2), d DOUBLE, day DATE)").await.unwrap();
    let refused: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(StringArray::from(vec!["007"]))),
        ("i", Arc::new(StringArray::from(vec!["x"]))),
        ("r", Arc::new(Int64Array::from(vec![(1i64 << 53) + 1]))),
        (
            "n",
            Arc::new(Decimal128Array::from(vec![12_345_678_901_234_567_890]).with_precision_and_scale(30, 2).unwrap()),
        ),
        ("d", Arc::new(Float64Array::from(vec![f64::NAN]))),
        ("day", Arc::new(Date32Array::from(vec![i32::MAX]))),
    ];
    for (column, array) in refused {
        let error = world.write(WriteOptions::append("t"), &records(vec![(column, array)])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{column}");
        assert!(error.to_string().contains(&format!("`{column}`")), "{error}");
    }
    assert_eq!(world.count("t").await, 0);
}

#[tokio::test]
async fn a_read_cannot_write_and_a_file_may_be_read_only() {
    let world = World::sqlite("").await.unwrap();
    world.connector.execute("CREATE TABLE t (v)").await.unwrap();
    let error = world.connector.read(ReadOptions::query("DELETE FROM t")).await.err().unwrap();
    assert_eq!(error.code(), ErrorCode::StatementFailed, "{error}");
    let url = format!("{}?read_only=true", world.url);
    let reader = crate::suite::world::open(&url, &[]);
    let error = reader.execute("INSERT INTO t VALUES (1)").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PermissionDenied, "{error}");
}
