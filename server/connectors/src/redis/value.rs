//! Values of a batch as Redis keeps them: bytes as they are, everything else as text.

use crate::cell;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::*;
use redis::Cmd;
use std::borrow::Cow;

/// Whether there is no value.
pub(super) fn is_null(array: &ArrayRef, row: usize) -> bool {
    array.is_null(row) || *array.data_type() == DataType::Null
}

/// The value, or `None` for NULL.
pub(super) fn bytes(array: &ArrayRef, row: usize) -> Option<Cow<'_, [u8]>> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => Cow::Borrowed(array.as_string::<i32>().value(row).as_bytes()),
        DataType::Int64 => Cow::Owned(array.as_primitive::<Int64Type>().value(row).to_string().into_bytes()),
        DataType::Binary => Cow::Borrowed(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Cow::Borrowed(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Cow::Borrowed(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => Cow::Borrowed(array.as_fixed_size_binary().value(row)),
        _ => Cow::Owned(cell::text(array, row)?.into_bytes()),
    })
}

/// Adds the value, which is not NULL, to a command; the usual types without a text in between.
pub(super) fn push(command: &mut Cmd, array: &ArrayRef, row: usize) {
    match array.data_type() {
        DataType::Int64 => command.arg(array.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => command.arg(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int16 => command.arg(array.as_primitive::<Int16Type>().value(row)),
        _ => command.arg(bytes(array, row).as_deref()),
    };
}

/// The value as a score, or why it is none.
pub(super) fn score(array: &ArrayRef, row: usize) -> Result<String, &'static str> {
    let Some(text) = cell::text(array, row) else { return Err("a score cannot be NULL") };
    let value: f64 = match array.data_type() {
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        DataType::Boolean => return Err("a score is a number"),
        _ => text.parse().map_err(|_| "a score is a number")?,
    };
    if value.is_nan() {
        return Err("Redis has no score NaN");
    }
    // A double must give the number back: integers beyond 2^53 and long decimals would be rounded.
    let whole = text.parse::<i128>().is_ok_and(|number| number.unsigned_abs() > 1 << 53);
    let digits = text.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    let long = !array.data_type().is_floating() && !array.data_type().is_integer() && digits > 15;
    if whole || long {
        return Err("Redis keeps scores as doubles, which would round it");
    }
    Ok(if value.is_infinite() { if value > 0.0 { "+inf" } else { "-inf" }.to_owned() } else { format!("{value:?}") })
}
