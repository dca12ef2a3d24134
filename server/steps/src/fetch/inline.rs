//! Rows that stand in the document, as batches.

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use data::{BATCH_ROWS, Result};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The rows' schema and batches. Columns come in the order in which they first appear; a column whose values differ in type is text.
pub(super) fn batches(rows: &[Map<String, Value>]) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let types: Vec<DataType> = names.iter().map(|name| column_type(rows, name)).collect();
    let fields: Vec<Field> =
        names.iter().zip(&types).map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    for rows in rows.chunks(BATCH_ROWS) {
        let columns = names.iter().zip(&types).map(|(name, kind)| column(rows, name, kind)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        batches.push(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?);
    }
    Ok((schema, batches))
}

fn column_type(rows: &[Map<String, Value>], name: &str) -> DataType {
    let mut found: Option<DataType> = None;
    for value in rows.iter().filter_map(|row| row.get(name)) {
        let kind = match value {
            Value::Null => continue,
            Value::Bool(_) => DataType::Boolean,
            Value::Number(number) if number.is_i64() => DataType::Int64,
            Value::Number(_) => DataType::Float64,
            _ => DataType::Utf8,
        };
        found = Some(match (found, kind) {
            (None, kind) => kind,
            (Some(before), kind) if before == kind => kind,
            (Some(DataType::Int64 | DataType::Float64), DataType::Int64 | DataType::Float64) => DataType::Float64,
            _ => return DataType::Utf8,
        });
    }
    found.unwrap_or(DataType::Utf8)
}

fn column(rows: &[Map<String, Value>], name: &str, kind: &DataType) -> ArrayRef {
    let values = rows.iter().map(|row| row.get(name).filter(|value| !value.is_null()));
    match kind {
        DataType::Boolean => Arc::new(values.map(|value| value?.as_bool()).collect::<BooleanArray>()),
        DataType::Int64 => Arc::new(values.map(|value| value?.as_i64()).collect::<Int64Array>()),
        DataType::Float64 => Arc::new(values.map(|value| value?.as_f64()).collect::<Float64Array>()),
        _ => Arc::new(
            values
                .map(|value| value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                .collect::<StringArray>(),
        ),
    }
}
