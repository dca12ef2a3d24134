#![allow(clippy::unwrap_used)]

use super::values::rows_of;
use super::{Format, Writer};
use arrow::array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, Float32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::record_batch::RecordBatch;
use serde_json::json;
use std::sync::Arc;

/// Values that formats are apt to spoil.
fn extremes() -> RecordBatch {
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
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect()).unwrap()
}

#[test]
fn values_in_json_are_exact() {
    let rows = rows_of(&extremes()).unwrap();
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

/// What is written of batches.
fn bytes(batches: &[RecordBatch], format: Format) -> Vec<u8> {
    let mut writer = Writer::new(format, &extremes().schema()).unwrap();
    let mut bytes = Vec::new();
    for batch in batches {
        bytes.extend(writer.write(batch).unwrap());
    }
    bytes.extend(writer.finish().unwrap());
    bytes
}

#[test]
fn csv_runs_no_formula_in_a_spreadsheet_where_that_is_asked_for() {
    let text = |spreadsheet| String::from_utf8(bytes(&[extremes()], Format::Csv { spreadsheet })).unwrap();
    let lines: Vec<String> = text(true).lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "id,id_2,d,f,s,t,b,at");
    assert_eq!(
        lines[1],
        "9007199254740991,18446744073709551615,-123.4500,NaN,0.1,\"'=cmd|' /C calc'!A0\",/wA=,1970-01-01T00:00:00Z"
    );
    assert!(lines[2].contains(",\"\",\"\","), "empty text is not NULL: {}", lines[2]);
    assert!(lines[3].starts_with(",1,0.0000,0.1,"), "{}", lines[3]);
    assert!(text(false).contains(",=cmd|' /C calc'!A0,"));
}

#[test]
fn json_and_parquet_hold_the_same_rows() {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&bytes(&[extremes()], Format::Json)).unwrap();
    assert_eq!((&rows[0]["id_2"], &rows[2]["t"]), (&json!("18446744073709551615"), &json!(null)));
    let lines = String::from_utf8(bytes(&[extremes()], Format::JsonLines)).unwrap();
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, rows);

    let read = from_parquet(bytes(&[extremes()], Format::Parquet));
    assert_eq!(rows_of(&read[0]).unwrap(), rows_of(&extremes()).unwrap());
    assert_eq!(bytes(&[], Format::Json), b"[\n]\n");
    assert_eq!(from_parquet(bytes(&[], Format::Parquet)).len(), 0);
}

fn from_parquet(bytes: Vec<u8>) -> Vec<RecordBatch> {
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(bytes), 100);
    reader.unwrap().map(|batch| batch.unwrap()).collect()
}

#[test]
fn row_groups_of_parquet_come_as_they_are_complete() {
    // Bytes that do not compress, so that groups fill up.
    let mut state = 1_u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state ^ (state >> 29)).to_le_bytes()
    };
    let mut batch = || {
        let bytes: Vec<Vec<u8>> = (0..1_000).map(|_| (0..40).flat_map(|_| word()).collect()).collect();
        let column = BinaryArray::from_iter_values(bytes);
        RecordBatch::try_from_iter([("b", Arc::new(column) as ArrayRef)]).unwrap()
    };
    let mut writer = Writer::new(Format::Parquet, &batch().schema()).unwrap();
    let mut parts = Vec::new();
    for _ in 0..200 {
        parts.push(writer.write(&batch()).unwrap());
    }
    assert!(parts.iter().filter(|part| part.len() > 1 << 20).count() >= 2, "groups go out before the end");
    assert!(parts.iter().all(|part| part.len() < 64 << 20));
    let mut whole = parts.concat();
    whole.extend(writer.finish().unwrap());
    let read = from_parquet(whole);
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 200_000);
}
