#![allow(clippy::unwrap_used)]
use super::*;
use arrow::array::{Array, AsArray};
use arrow::util::display::array_value_to_string;
use data::Source;
use std::fmt::Write as _;
use std::path::Path;

async fn collect(path: &Path, options: JsonOptions) -> Result<(SchemaRef, Vec<RecordBatch>, Vec<RecordBatch>)> {
    let mut source = open_json(&FileLocation::own(path, "in.json"), options).await?;
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    while let Some(batch) = source.next().await? {
        rows.push(batch.records);
        rejected.extend(batch.rejected);
    }
    Ok((source.schema(), rows, rejected))
}

async fn read(text: &[u8], options: JsonOptions) -> Result<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let (schema, rows, rejected) = collect(file.path(), options).await?;
    let mut shown: Vec<String> =
        vec![schema.fields().iter().map(|f| format!("{}:{}", f.name(), f.data_type())).collect::<Vec<_>>().join(" ")];
    for (mark, batches) in [("", rows), ("! ", rejected)] {
        for records in batches {
            for row in 0..records.num_rows() {
                let mut line = mark.to_owned();
                for (index, column) in records.columns().iter().enumerate() {
                    let value =
                        if column.is_null(row) { "NULL".into() } else { array_value_to_string(column, row).unwrap() };
                    write!(line, "{}{value}", if index == 0 { "" } else { "|" }).unwrap();
                }
                shown.push(line);
            }
        }
    }
    Ok(shown.join("\n"))
}

async fn check(text: &str, expected: &str) {
    assert_eq!(read(text.as_bytes(), JsonOptions::default()).await.unwrap(), expected, "{text}");
}

#[tokio::test]
async fn lines_arrays_and_spread_out_objects_give_the_same_rows() {
    let expected = "a:Int64 b:Utf8\n1|x\n2|NULL";
    check("{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n", expected).await;
    check("[{\"a\":1,\"b\":\"x\"},\n {\"a\":2}]\n", expected).await;
    check("{\n \"a\": 1,\n \"b\": \"x\"\n}\n{\n \"a\": 2\n}", expected).await;
    check("\u{feff}{\"a\":1,\"b\":\"x\"}\r\n\r\n{\"a\":2}", expected).await;
}

#[tokio::test]
async fn no_rows_are_no_error() {
    check("", "").await;
    check("[]", "").await;
    check(" [ ] ", "").await;
}

#[tokio::test]
async fn mixed_columns_keep_each_value_as_written_and_late_keys_are_columns() {
    check(
        "[{\"t\": \"a\\n\\u00e9\"}, {\"t\": 1.50}, {\"t\": true}, {\"t\": null}, {\"t\": {\"k\": [1, \"]\"]}}, {\"late\": -0.5, \"t\": \"\"}]",
        "t:Utf8 late:Float64\na\né|NULL\n1.50|NULL\ntrue|NULL\nNULL|NULL\n{\"k\": [1, \"]\"]}|NULL\n|-0.5",
    )
    .await;
    check("[{\"n\": 1}, {\"n\": 2.25}]", "n:Float64\n1.0\n2.25").await;
    check("[{\"n\": 18446744073709551615}]", "n:Utf8\n18446744073709551615").await;
    check("[{\"b\": true}, {\"b\": false}]", "b:Boolean\ntrue\nfalse").await;
}

#[tokio::test]
async fn a_line_that_is_no_object_is_rejected_and_shown() {
    check(
        "{\"a\":1}\n{\"a\":\n{\"a\":01}\n[1]\n{\"a\":2,\"a\":3}\n{\"a\":4}\n",
        "a:Int64\n1\n4\n\
         ! NULL|2|json|character 6 of the row: a value was expected: `{\"a\":`\n\
         ! NULL|3|json|character 6 of the row: a value was expected: `{\"a\":01}`\n\
         ! NULL|4|json|a row must be an object: `[1]`\n\
         ! 2|5|duplicate_key|key `a` comes twice",
    )
    .await;
}

#[tokio::test]
async fn named_types_reject_what_does_not_fit_and_columns_may_be_absent() {
    let columns = vec![("a".to_owned(), ColumnType::Int64), ("z".to_owned(), ColumnType::Date(None))];
    let options = JsonOptions { columns, ..JsonOptions::default() };
    assert_eq!(
        read(b"{\"a\":\"x\"}\n{\"a\":\"7\"}\n", options).await.unwrap(),
        "a:Int64 z:Date32\n7|NULL\n! x|NULL|1|type|column `a`: `x` is not of type int64"
    );
    let first = JsonOptions { infer: Infer::Rows(1), ..JsonOptions::default() };
    assert_eq!(
        read(b"{\"a\":1}\n{\"b\":5}\n", first).await.unwrap(),
        "a:Int64\n1\n! NULL|2|column|key `b` (`5`) is not among the columns inferred"
    );
}

#[tokio::test]
async fn a_broken_array_is_an_error_with_its_line() {
    for (text, part) in [
        ("[{\"a\":1},\n{\"a\":2}", "line 2: the array is not closed"),
        ("[{\"a\":1},\n{\"a\":", "line 2: a row begins that does not end"),
        ("[{\"a\":1}\n{\"a\":2}]", "line 2: a comma is missing"),
        ("[{\"a\":1},]", "a comma with nothing after it"),
        ("[{\"a\":1}] x", "text follows the end"),
    ] {
        let error = read(text.as_bytes(), JsonOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused);
        assert!(error.to_string().contains(part), "{error}");
    }
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let shown = read(deep.as_bytes(), JsonOptions::default()).await.unwrap();
    assert!(shown.starts_with("a:Utf8\n[[[["), "depth is no reason to crash");
}

/// Compares every value of the file with what a plain JSON parser reads.
async fn nothing_is_lost(path: &Path) {
    let expected: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (schema, batches, rejected) = collect(path, JsonOptions::default()).await.unwrap();
    assert!(rejected.is_empty());
    let records = arrow::compute::concat_batches(&schema, &batches).unwrap();
    assert_eq!(records.num_rows(), expected.len());
    assert_eq!(schema.field_with_name("Title").unwrap().data_type(), &arrow::datatypes::DataType::Utf8);
    assert_eq!(schema.field_with_name("IMDB Rating").unwrap().data_type(), &arrow::datatypes::DataType::Float64);
    assert_eq!(schema.field_with_name("US Gross").unwrap().data_type(), &arrow::datatypes::DataType::Int64);
    for (row, object) in expected.iter().enumerate() {
        for (index, field) in schema.fields().iter().enumerate() {
            let column = records.column(index);
            match object.get(field.name()) {
                None | Some(serde_json::Value::Null) => assert!(column.is_null(row)),
                Some(serde_json::Value::String(text)) => assert_eq!(column.as_string::<i32>().value(row), text),
                Some(number) => {
                    let found = array_value_to_string(column, row).unwrap();
                    let same = found == *number || found.parse::<f64>().ok() == number.as_f64();
                    assert!(same, "row {row}, {}: {found} for {number}", field.name());
                }
            }
        }
    }
}

#[tokio::test]
async fn dirty_films_come_through_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    nothing_is_lost(&folder.join("movies-excerpt.json")).await;
    if let Some(shared) = std::env::var_os("SLUICE_SHARED_DATA") {
        nothing_is_lost(&Path::new(&shared).join("movies.json")).await;
    }
}
