//! One value of a batch as text: for messages, and for columns that hold text only.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

/// The value for a message (numbers in full, times as ISO 8601, bytes as hex), or `None` for NULL.
pub(crate) fn text(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return None;
    }
    Some(exact(array, row).unwrap_or_else(|_| format!("a value of type {}", array.data_type())))
}

/// The value, which is not NULL, as text that says all of it.
///
/// # Errors
/// Where there is no such text: a year beyond what text can spell, a type without one.
pub(crate) fn exact(array: &dyn Array, row: usize) -> Result<String, ArrowError> {
    let one = in_utc(array.slice(row, 1));
    let options = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(&one, &options)?;
    formatter.value(0).try_to_string()
}

/// An instant of a named zone as the same instant in UTC: the names of zones are not known here.
fn in_utc(one: ArrayRef) -> ArrayRef {
    match one.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            Arc::new(one.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("+00:00"))
        }
        DataType::Timestamp(unit, Some(_)) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            arrow::compute::cast(&one, &utc).unwrap_or(one)
        }
        _ => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{TimestampMicrosecondArray, TimestampSecondArray};

    #[test]
    fn an_instant_of_any_zone_is_told_in_utc() {
        let shanghai = TimestampSecondArray::from(vec![0]).with_timezone("Asia/Shanghai");
        assert_eq!(text(&shanghai, 0).as_deref(), Some("1970-01-01T00:00:00Z"));
        let utc = TimestampMicrosecondArray::from(vec![Some(1), None]).with_timezone("UTC");
        assert_eq!(text(&utc, 0).as_deref(), Some("1970-01-01T00:00:00.000001Z"));
        assert_eq!(text(&utc, 1), None);
    }

    #[test]
    fn a_time_without_text_is_an_error() {
        assert!(exact(&TimestampMicrosecondArray::from(vec![i64::MAX]), 0).is_err());
    }
}
