//! One value of a batch as text: for messages, for checkpoints, and for columns that hold text only.

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::fmt::Write as _;

/// The value as text (numbers in full, times as ISO 8601, bytes as hex), or `None` for NULL.
pub(crate) fn text(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return None;
    }
    let options = FormatOptions::new().with_display_error(true);
    let Ok(formatter) = ArrayFormatter::try_new(array, &options) else {
        return Some(format!("a value of type {}", array.data_type()));
    };
    let mut text = String::new();
    // Errors are displayed in place of the value.
    let _ = write!(text, "{}", formatter.value(row));
    Some(text)
}
