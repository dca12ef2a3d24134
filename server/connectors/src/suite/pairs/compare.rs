//! Whether what came back is what was sent.

use arrow::array::*;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// What became of a column.
pub(super) enum Verdict {
    Same,
    Text,
    Changed(String),
}

pub(super) fn compare(sent: &ArrayRef, found: &ArrayRef) -> Verdict {
    if sent.len() != found.len() {
        return Verdict::Changed(format!("{} rows became {}", sent.len(), found.len()));
    }
    if sent == found {
        return Verdict::Same;
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let back = cast_with_options(found, sent.data_type(), &strict);
    // What arrow turns into a number and back by rounding is not the same.
    let exact =
        |back: &ArrayRef| cast_with_options(back, found.data_type(), &strict).is_ok_and(|again| &again == found);
    if back.as_ref().is_ok_and(|back| back == sent && exact(back)) {
        return Verdict::Same;
    }
    let (left, right) = (texts(sent), texts(found));
    match left.iter().zip(&right).find(|(left, right)| left != right) {
        None => Verdict::Text,
        Some((left, right)) => Verdict::Changed(format!("{left:?} became {right:?} ({})", found.data_type())),
    }
}

/// Values as people read them; bytes in hex, instants with their zone.
fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let array = match array.data_type() {
        // With and without a zone the wall clock of UTC counts.
        DataType::Timestamp(unit, Some(_)) => {
            let unit: TimeUnit = *unit;
            &cast_with_options(array, &DataType::Timestamp(unit, None), &CastOptions::default()).unwrap()
        }
        _ => array,
    };
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
    let text = |row| {
        let text = formatter.value(row).to_string();
        // `2024-01-31T08:00:00` and `2024-01-31 08:00:00` are one spelling.
        let is_instant = text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-';
        if is_instant { text.replacen('T', " ", 1) } else { text }
    };
    (0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect()
}

#[test]
fn a_changed_value_is_seen() {
    use std::sync::Arc;
    let sent: ArrayRef = Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]));
    let rounded: ArrayRef = Arc::new(Float64Array::from(vec![Some(9_007_199_254_740_992.0), None]));
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("9007199254740993"), None]));
    let lost: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
    assert!(matches!(compare(&sent, &rounded), Verdict::Changed(_)));
    assert!(matches!(compare(&sent, &lost), Verdict::Changed(_)));
    assert!(matches!(compare(&sent, &text), Verdict::Same | Verdict::Text));
    assert!(matches!(compare(&sent, &sent.clone()), Verdict::Same));
}
