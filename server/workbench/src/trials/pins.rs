//! Pinned rows: what a trial showed, made rows again.
//!
//! The way back of [`data::encode::values::rows_of`]: the types are those that a trial told, as Arrow spells them. What cannot be
//! had back from what is shown (a duration, a union) stays the text it is shown as.

use super::MOST_ROWS;
use crate::console::PageColumn;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use base64::Engine as _;
use model::{ErrorCode, Fault, StepId};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The name of the one column in which values are decoded.
const CELL: &str = "cell";

/// What leaves a port instead of what the step would give.
#[derive(Debug, Clone)]
pub struct PinnedPort {
    /// The step.
    pub step: StepId,
    /// The port.
    pub port: String,
    /// Names and types of the columns.
    pub columns: Vec<PageColumn>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

impl PinnedPort {
    /// The rows as a batch.
    ///
    /// # Errors
    /// `invalid_value` for too many rows, rows of another length, and values that are not of their column's type.
    pub fn batch(&self) -> Result<RecordBatch, Fault> {
        let Self { step, port, columns, rows } = self;
        let refuse =
            |what: String| Fault::new(ErrorCode::InvalidValue, format!("the pinned rows of `{step}.{port}` {what}"));
        if rows.len() > MOST_ROWS {
            return Err(refuse(format!("are {}, and may be {MOST_ROWS}", rows.len())));
        }
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(refuse(format!("do not all have {} values, one for each column", columns.len())));
        }
        let mut fields = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (at, PageColumn { name, native_type }) in columns.iter().enumerate() {
            let values = rows.iter().map(|row| row[at].clone()).collect();
            let array = column(native_type, values)
                .map_err(|error| refuse(format!("do not fit column `{name}` of type {native_type}: {error}")))?;
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| refuse(format!("are no table: {error}")))
    }
}

fn column(native_type: &str, values: Vec<Value>) -> Result<ArrayRef, ArrowError> {
    let wanted = native_type.parse().unwrap_or(DataType::Utf8);
    let stored = match &wanted {
        DataType::Dictionary(_, inner) => (**inner).clone(),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        shown if is_shown_only(shown) => DataType::Utf8,
        other => other.clone(),
    };
    let values = values.into_iter().map(|value| spelled(&stored, value)).collect();
    let array = decode(stored, values)?;
    if array.data_type() != &wanted && can_cast_types(array.data_type(), &wanted) && !is_shown_only(&wanted) {
        return cast(&array, &wanted);
    }
    Ok(array)
}

/// Types whose shown text cannot be read back.
fn is_shown_only(kind: &DataType) -> bool {
    matches!(kind, DataType::Duration(_) | DataType::Interval(_) | DataType::Union(..) | DataType::RunEndEncoded(..))
}

/// A value as the decoder expects it: text for a text column, bytes in base 16.
fn spelled(kind: &DataType, value: Value) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        (DataType::Utf8, Value::String(text)) => Value::String(text),
        (DataType::Utf8, other) => Value::String(other.to_string()),
        (DataType::Binary, Value::String(text)) => match base64::engine::general_purpose::STANDARD.decode(&text) {
            Ok(bytes) => hex::encode(bytes).into(),
            Err(_) => Value::String(text),
        },
        (_, other) => other,
    }
}

fn decode(kind: DataType, values: Vec<Value>) -> Result<ArrayRef, ArrowError> {
    let schema = Arc::new(Schema::new(vec![Field::new(CELL, kind.clone(), true)]));
    let mut decoder = ReaderBuilder::new(schema).with_batch_size(values.len().max(1)).build_decoder()?;
    let rows: Vec<Map<String, Value>> =
        values.into_iter().map(|value| Map::from_iter([(CELL.to_owned(), value)])).collect();
    decoder.serialize(&rows)?;
    Ok(match decoder.flush()? {
        Some(batch) => batch.column(0).clone(),
        None => arrow::array::new_empty_array(&kind),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use data::encode::values::rows_of;
    use serde_json::json;

    fn pinned(columns: &[(&str, &str)], rows: Value) -> PinnedPort {
        let columns = columns
            .iter()
            .map(|(name, kind)| PageColumn { name: (*name).to_owned(), native_type: (*kind).to_owned() })
            .collect();
        let rows = serde_json::from_value(rows).unwrap();
        PinnedPort { step: StepId::new("bars").unwrap(), port: "out".to_owned(), columns, rows }
    }

    #[test]
    fn rows_that_were_shown_come_back_as_they_were() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("large", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), Some(-1), None]))),
            (
                "price",
                Arc::new(
                    Decimal128Array::from(vec![Some(120), None, Some(-5)]).with_precision_and_scale(10, 2).unwrap(),
                ),
            ),
            ("ratio", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NAN), Some(f64::INFINITY)]))),
            ("name", Arc::new(StringArray::from(vec![Some("a\u{1F600}"), Some(""), None]))),
            ("is_new", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
            ("day", Arc::new(Date32Array::from(vec![Some(19_000), None, Some(-1)]))),
            (
                "at",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![Some(1_700_000_000_123_456), None, Some(0)])
                        .with_timezone("+00:00"),
                ),
            ),
            ("mark", Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), Some(&b""[..]), None]))),
        ];
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
                .unwrap();
        let shown = PinnedPort {
            step: StepId::new("bars").unwrap(),
            port: "out".to_owned(),
            columns: batch
                .schema()
                .fields()
                .iter()
                .map(|field| PageColumn { name: field.name().clone(), native_type: field.data_type().to_string() })
                .collect(),
            rows: rows_of(&batch).unwrap(),
        };
        let back = shown.batch().unwrap();
        assert_eq!(back.schema(), batch.schema());
        // NaN equals nothing, so what is shown is compared.
        assert_eq!(rows_of(&back).unwrap(), shown.rows);
    }

    #[test]
    fn nested_columns_come_back_and_unknown_types_are_text() {
        let batch = pinned(
            &[("tags", "List(Int64)"), ("odd", "no such type"), ("odd", "Utf8")],
            json!([[[1, 2], {"a": 1}, "x"], [null, null, null]]),
        )
        .batch()
        .unwrap();
        assert_eq!(
            rows_of(&batch).unwrap(),
            [vec![json!([1, 2]), json!("{\"a\":1}"), json!("x")], vec![Value::Null; 3]]
        );
        assert_eq!(pinned(&[("id", "Int64")], json!([])).batch().unwrap().num_rows(), 0);
        assert_eq!(pinned(&[], json!([[], []])).batch().unwrap().num_rows(), 2);
    }

    #[test]
    fn what_is_no_table_is_refused_and_named() {
        let refused = |columns: &[(&str, &str)], rows: Value| pinned(columns, rows).batch().unwrap_err().message;
        assert!(refused(&[("id", "Int64")], json!([["many"]])).contains("`id` of type Int64"));
        assert!(refused(&[("id", "Int64")], json!([[1, 2]])).contains("1 values"));
        let many: Vec<_> = (0..1_001).map(|id| json!([id])).collect();
        assert!(refused(&[("id", "Int64")], json!(many)).contains("1001"));
    }
}
