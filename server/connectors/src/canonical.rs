//! The few Arrow types a writer has to know: every other type is first turned into one of them, without loss.

use crate::cell;
use crate::error::Culprit;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::*;

/// The canonical type of a column's type, or `None` where no database column can hold it.
///
/// `Null`, `Boolean`, `Int64`, `Float32`, `Float64`, `Decimal128`, `Decimal256`, `Utf8`, `Binary`, `Date32`,
/// `Time64` and `Timestamp` in microseconds; unsigned 64-bit integers become `Decimal128(20, 0)`.
pub(crate) fn data_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Null | DataType::Boolean | DataType::Float32 | DataType::Float64 => data_type.clone(),
        DataType::Decimal128(..) | DataType::Decimal256(..) => data_type.clone(),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => DataType::Int64,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| "UTC".into())),
        DataType::Dictionary(_, values) => return self::data_type(values),
        _ => return None,
    })
}

/// The column in its canonical type.
///
/// # Errors
/// Names the first value that would lose something on the way: finer than a microsecond, or out of range.
pub(crate) fn array(column: &str, array: &ArrayRef) -> Result<ArrayRef, Culprit> {
    let from = array.data_type();
    let Some(to) = data_type(from) else {
        return Err(Culprit::new(0, column, &from.to_string(), "there is no column type for it"));
    };
    if *from == to {
        return Ok(array.clone());
    }
    if let Some(row) = lossy_row(array) {
        let value = cell::text(array, row).unwrap_or_default();
        return Err(Culprit::new(
            row,
            column,
            &value,
            "it is finer than the column, which keeps microseconds or whole days",
        ));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, &to, &strict).map_err(|error| {
        let one = |row: &usize| cast_with_options(&array.slice(*row, 1), &to, &strict).is_err();
        let row = (0..array.len()).find(one).unwrap_or(0);
        Culprit::new(row, column, &cell::text(array, row).unwrap_or_default(), &error.to_string())
    })
}

/// The first value that a cast to the canonical type would cut.
fn lossy_row(array: &ArrayRef) -> Option<usize> {
    fn first<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef, unit: i64) -> Option<usize> {
        let values = array.as_primitive::<T>();
        (0..values.len()).find(|row| values.is_valid(*row) && values.value(*row) % unit != 0)
    }
    match array.data_type() {
        DataType::Date64 => first::<Date64Type>(array, 86_400_000),
        DataType::Time64(TimeUnit::Nanosecond) => first::<Time64NanosecondType>(array, 1000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => first::<TimestampNanosecondType>(array, 1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Date64Array, TimestampNanosecondArray, TimestampSecondArray, UInt64Array};
    use std::sync::Arc;

    #[test]
    fn what_would_be_cut_is_named() {
        let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(1000), None, Some(1001)]));
        let culprit = array("at", &nanos).unwrap_err();
        assert_eq!(culprit.row, 2);
        assert!(culprit.reason.contains("`at`") && culprit.reason.contains(".000001001"), "{}", culprit.reason);
        let date: ArrayRef = Arc::new(Date64Array::from(vec![1]));
        assert_eq!(array("day", &date).unwrap_err().row, 0);
        let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0, i64::MAX]));
        assert_eq!(array("at", &seconds).unwrap_err().row, 1);
    }

    #[test]
    fn unsigned_integers_stay_whole() {
        let large: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let decimal = array("n", &large).unwrap();
        assert_eq!(decimal.as_primitive::<Decimal128Type>().value(0), i128::from(u64::MAX));
    }
}
