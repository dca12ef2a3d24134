//! Values of columns as JSON that is exact.
//!
//! Integers beyond what a double holds (2^53 − 1) and all decimals are strings, as are dates, times, binary (base64) and
//! the floats JSON has no numbers for (`NaN`, `Infinity`); lists, structs and maps are lists and objects of such values.

use crate::Result;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use base64::Engine as _;
use serde_json::{Map, Number, Value};

/// The greatest integer every JSON reader keeps exact.
const EXACT: i64 = (1 << 53) - 1;

/// The rows of a batch, each a list of values in the order of the columns.
///
/// # Errors
/// `value_refused` for a value that cannot be shown.
pub fn rows_of(batch: &RecordBatch) -> Result<Vec<Vec<Value>>> {
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        for (row, value) in rows.iter_mut().zip(column_values(column)?) {
            row.push(value);
        }
    }
    Ok(rows)
}

/// The values of a column.
///
/// # Errors
/// `value_refused` for a value that cannot be shown.
pub fn column_values(column: &ArrayRef) -> Result<Vec<Value>> {
    macro_rules! integers {
        ($kind:ty) => {
            each(column, |row| integer(i128::from(column.as_primitive::<$kind>().value(row))))
        };
    }
    Ok(match column.data_type() {
        DataType::Null => vec![Value::Null; column.len()],
        DataType::Boolean => each(column, |row| Value::Bool(column.as_boolean().value(row))),
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Float16 => each(column, |row| float(f64::from(column.as_primitive::<Float16Type>().value(row)))),
        DataType::Float32 => each(column, |row| single(column.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => each(column, |row| float(column.as_primitive::<Float64Type>().value(row))),
        DataType::Utf8 => each(column, |row| column.as_string::<i32>().value(row).into()),
        DataType::LargeUtf8 => each(column, |row| column.as_string::<i64>().value(row).into()),
        DataType::Utf8View => each(column, |row| column.as_string_view().value(row).into()),
        DataType::Binary => each(column, |row| binary(column.as_binary::<i32>().value(row))),
        DataType::LargeBinary => each(column, |row| binary(column.as_binary::<i64>().value(row))),
        DataType::BinaryView => each(column, |row| binary(column.as_binary_view().value(row))),
        DataType::FixedSizeBinary(_) => each(column, |row| binary(column.as_fixed_size_binary().value(row))),
        DataType::List(_) => nested(column, |row| list(&column.as_list::<i32>().value(row)))?,
        DataType::LargeList(_) => nested(column, |row| list(&column.as_list::<i64>().value(row)))?,
        DataType::FixedSizeList(..) => nested(column, |row| list(&column.as_fixed_size_list().value(row)))?,
        DataType::Struct(fields) => {
            let parts = column.as_struct();
            let members = parts.columns().iter().map(column_values).collect::<Result<Vec<_>>>()?;
            each(column, |row| {
                let pairs =
                    fields.iter().zip(&members).map(|(field, values)| (field.name().clone(), values[row].clone()));
                Value::Object(pairs.collect())
            })
        }
        DataType::Dictionary(_, inner) => {
            let plain = arrow::compute::cast(column, inner)?;
            column_values(&plain)?
        }
        DataType::Map(..) => nested(column, |row| {
            let entries = column.as_map().value(row);
            let names = column_values(entries.column(0))?;
            let values = column_values(entries.column(1))?;
            let name = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Ok(Value::Object(names.into_iter().map(name).zip(values).collect::<Map<_, _>>()))
        })?,
        _ => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(column.as_ref(), &options)?;
            nested(column, |row| Ok(shown.value(row).try_to_string()?.into()))?
        }
    })
}

fn each(column: &ArrayRef, value: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..column.len()).map(|row| if column.is_null(row) { Value::Null } else { value(row) }).collect()
}

fn nested(column: &ArrayRef, value: impl Fn(usize) -> Result<Value>) -> Result<Vec<Value>> {
    (0..column.len()).map(|row| if column.is_null(row) { Ok(Value::Null) } else { value(row) }).collect()
}

fn list(items: &ArrayRef) -> Result<Value> {
    Ok(Value::Array(column_values(items)?))
}

fn integer(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(small) if (-EXACT..=EXACT).contains(&small) => small.into(),
        _ => number.to_string().into(),
    }
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => "NaN".into(),
        None => if number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
    }
}

/// The shortest number that is this one: 0.1, not 0.10000000149011612.
fn single(number: f32) -> Value {
    if !number.is_finite() {
        return float(f64::from(number));
    }
    number.to_string().parse::<f64>().map_or_else(|_| float(f64::from(number)), float)
}

fn binary(bytes: &[u8]) -> Value {
    base64::engine::general_purpose::STANDARD.encode(bytes).into()
}
