//! Values at the ends of what types hold: each comes back as it is, or is refused by name.

use crate::suite::world::{World, records};
use arrow::array::*;
use arrow::datatypes::{DataType, i256};
use data::WriteOptions;
use model::ErrorCode;
use std::sync::Arc;

fn texts(array: &ArrayRef) -> Vec<String> {
    (0..array.len()).map(|row| crate::cell::text(array, row).unwrap_or("NULL".to_owned())).collect()
}

/// Writes a column and compares what is read with it.
async fn survives(array: ArrayRef, data_type: DataType) {
    let world = World::sqlite("").await.unwrap();
    world.write(WriteOptions::append("t"), &records(vec![("v", array.clone())])).await.unwrap();
    let read = world.rows("t", &[]).await;
    assert_eq!(read.schema().field(0).data_type(), &data_type);
    assert_eq!(texts(read.column(0)), texts(&array));
}

#[tokio::test]
async fn the_largest_and_smallest_values_survive() {
    let wide = 10_i128.pow(38) - 1;
    survives(Arc::new(UInt64Array::from(vec![0, 1 << 63, u64::MAX])), DataType::Decimal128(20, 0)).await;
    survives(Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX, (1 << 53) + 1])), DataType::Int64).await;
    survives(
        Arc::new(Float64Array::from(vec![f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NEG_INFINITY])),
        DataType::Float64,
    )
    .await;
    survives(Arc::new(Float32Array::from(vec![f32::MAX, 0.1, f32::INFINITY])), DataType::Float32).await;
    let fifteen = Decimal128Array::from(vec![999_999_999_999_999, -1]).with_precision_and_scale(15, 5).unwrap();
    survives(Arc::new(fifteen), DataType::Decimal128(15, 5)).await;
    let sixteen = Decimal128Array::from(vec![9_999_999_999_999_999, -1]).with_precision_and_scale(16, 5).unwrap();
    survives(Arc::new(sixteen), DataType::Decimal128(16, 5)).await;
    let most = Decimal128Array::from(vec![wide, -wide]).with_precision_and_scale(38, 38).unwrap();
    survives(Arc::new(most), DataType::Decimal128(38, 38)).await;
    let beyond = i256::from_string(&"9".repeat(76)).unwrap();
    let beyond = Decimal256Array::from(vec![beyond, beyond.wrapping_neg()]).with_precision_and_scale(76, 3).unwrap();
    survives(Arc::new(beyond), DataType::Decimal256(76, 3)).await;
    let text = StringArray::from(vec!["", "a\0b", "\0", "🦀\u{10ffff}", "'; DROP TABLE t; --", " 1 ", "1e5"]);
    survives(Arc::new(text), DataType::Utf8).await;
    survives(Arc::new(BinaryArray::from(vec![&b""[..], b"\0\xff", &[0x80; 100_000]])), DataType::Binary).await;
    survives(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), DataType::Boolean).await;
}

#[tokio::test]
async fn nan_is_refused_and_named_in_every_way_of_writing() {
    let world = World::sqlite("").await.unwrap();
    let rows = records(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
        ("v", Arc::new(Float64Array::from(vec![1.0, f64::NAN]))),
    ]);
    let error = world.write(WriteOptions::append("t"), &rows).await.unwrap_err();
    assert!(error.code() == ErrorCode::ValueRefused && error.to_string().contains("NaN"), "{error}");
    assert_eq!(world.count("t").await, 0);
    let keep = WriteOptions { keep_refused: true, ..WriteOptions::append("t") };
    let written = world.write(keep, &rows).await.unwrap();
    assert_eq!((written.rows, written.refused[0].row), (1, 1));
    let singles = records(vec![("v", Arc::new(Float32Array::from(vec![f32::NAN])) as ArrayRef)]);
    assert_eq!(world.write(WriteOptions::append("s"), &singles).await.unwrap_err().code(), ErrorCode::ValueRefused);
}

#[tokio::test]
async fn a_strict_table_names_the_value_it_refuses() {
    let world = World::sqlite("").await.unwrap();
    world.connector.execute("CREATE TABLE t (i INTEGER, s TEXT, r REAL, b BLOB, a ANY) STRICT").await.unwrap();
    let good = records(vec![
        ("i", Arc::new(Int64Array::from(vec![i64::MAX])) as ArrayRef),
        ("s", Arc::new(StringArray::from(vec!["a\0b"]))),
        ("r", Arc::new(Float64Array::from(vec![f64::INFINITY]))),
        ("b", Arc::new(BinaryArray::from(vec![&b"\xff"[..]]))),
        ("a", Arc::new(StringArray::from(vec!["007"]))),
    ]);
    world.write(WriteOptions::append("t"), &good).await.unwrap();
    assert_eq!(texts(world.rows("t", &[]).await.column_by_name("a").unwrap()), ["007"]);
    let cases: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(StringArray::from(vec!["x"]))),
        ("i", Arc::new(Float64Array::from(vec![1.5]))),
        ("s", Arc::new(BinaryArray::from(vec![&b"\xff"[..]]))),
        ("b", Arc::new(StringArray::from(vec!["x"]))),
    ];
    for (column, array) in cases {
        let error = world.write(WriteOptions::append("t"), &records(vec![(column, array)])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{column}: {error}");
        assert!(error.to_string().contains(column) || error.to_string().contains("datatype"), "{error}");
    }
    assert_eq!(world.count("t").await, 1);
}
