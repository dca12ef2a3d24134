//! Rows of every kind a sink or transform may meet.

use super::Suite;
use crate::format::parse_format;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, Int32Array, Int64Array, IntervalDayTimeArray,
    IntervalMonthDayNanoArray, IntervalYearMonthArray, NullArray, RecordBatch, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, IntervalDayTime, IntervalMonthDayNano, IntervalUnit, Schema, TimeUnit};
use std::sync::Arc;

/// Formats of all types of the contract; of those with parameters, some.
pub(super) const FORMATS: [&str; 33] = [
    "n",
    "b",
    "c",
    "C",
    "s",
    "S",
    "i",
    "I",
    "l",
    "L",
    "e",
    "f",
    "g",
    "u",
    "z",
    "tdD",
    "tdm",
    "tts",
    "ttm",
    "ttu",
    "ttn",
    "tss:",
    "tsm:",
    "tsu:UTC",
    "tsn:Asia/Shanghai",
    "tDs",
    "tDn",
    "tiM",
    "tiD",
    "tin",
    "d:38,10",
    "d:76,4,256",
    "w:16",
];

/// Texts that break what believes text to be letters.
const TEXTS: [&str; 12] = [
    "grün",
    "日本語",
    "👩‍👩‍👧‍👦",
    "e\u{301}",
    "\u{202e}abc",
    "a\u{0}b",
    "",
    " \t\r\n",
    "'\";--",
    "\u{feff}x",
    "$1 ${{ x }} {{y}}",
    "\u{10ffff}",
];

/// What is odd about rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    Plain,
    Unicode,
    Nulls,
}

/// Rows of the sample's columns.
pub(super) fn sample(suite: &Suite, rows: usize, flavor: Flavor) -> RecordBatch {
    of(&suite.setup.columns(), rows, flavor)
}

/// Rows of the sample's columns and of a thousand others.
pub(super) fn wide(suite: &Suite, rows: usize) -> RecordBatch {
    let mut columns = suite.setup.columns();
    columns.extend((0..1000).map(|number| (format!("extra_{number}"), ["l", "u", "g", "b"][number % 4].to_owned())));
    of(&columns, rows, Flavor::Plain)
}

/// Rows of the sample's columns and of one of that type.
pub(super) fn with_type(suite: &Suite, format: &str) -> RecordBatch {
    let mut columns = suite.setup.columns();
    columns.push(("of_this_type".to_owned(), format.to_owned()));
    of(&columns, 5, Flavor::Plain)
}

fn of(columns: &[(String, String)], rows: usize, flavor: Flavor) -> RecordBatch {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (name, format) in columns {
        // The formats were read before.
        let data_type = parse_format(format).unwrap_or(DataType::Null);
        arrays.push(column(&data_type, rows, flavor));
        fields.push(Field::new(name, data_type, true));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("arrays are made after their fields")
}

fn column(data_type: &DataType, rows: usize, flavor: Flavor) -> ArrayRef {
    let is_there = |row: usize| flavor != Flavor::Nulls || row % 3 != 1;
    let text = |row: usize| match flavor {
        Flavor::Unicode => {
            format!("{}{}", TEXTS[row % TEXTS.len()], if row % 50 == 49 { "長".repeat(4000) } else { String::new() })
        }
        _ => format!("text {row}"),
    };
    let small = |row: usize| row as i64 % 100 + 1;
    let number = |row: usize| is_there(row).then(|| small(row));
    match data_type {
        DataType::Null => Arc::new(NullArray::new(rows)),
        DataType::Boolean => {
            Arc::new((0..rows).map(|row| is_there(row).then_some(row % 2 == 0)).collect::<BooleanArray>())
        }
        DataType::Utf8 => Arc::new((0..rows).map(|row| is_there(row).then(|| text(row))).collect::<StringArray>()),
        DataType::Binary => {
            let values = (0..rows).map(|row| is_there(row).then(|| text(row).into_bytes()));
            Arc::new(values.collect::<BinaryArray>())
        }
        DataType::FixedSizeBinary(width) => {
            let value = vec![0xA5_u8; usize::try_from(*width).unwrap_or(1)];
            let values = (0..rows).map(|row| is_there(row).then_some(value.as_slice()));
            let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, *width);
            Arc::new(array.expect("every value is as wide as the type"))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            Arc::new((0..rows).map(|row| number(row).map(|months| months as i32)).collect::<IntervalYearMonthArray>())
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let value = |row| number(row).map(|days| IntervalDayTime::new(days as i32, 1));
            Arc::new((0..rows).map(value).collect::<IntervalDayTimeArray>())
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let value = |row| number(row).map(|days| IntervalMonthDayNano::new(1, days as i32, 1));
            Arc::new((0..rows).map(value).collect::<IntervalMonthDayNanoArray>())
        }
        DataType::Date32 | DataType::Time32(_) => {
            let days = (0..rows).map(|row| number(row).map(|it| it as i32)).collect::<Int32Array>();
            cast(&days, data_type).expect("a small number is a day or a time")
        }
        DataType::Timestamp(unit, _) => {
            // In 2024, whatever the unit: receivers refuse moments of 1970 that are nanoseconds in disguise.
            let per_second = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            let moments = (0..rows).map(|row| is_there(row).then(|| (1_704_067_200 + row as i64) * per_second));
            cast(&moments.collect::<Int64Array>(), data_type).expect("a number is a moment")
        }
        other => cast(&(0..rows).map(number).collect::<Int64Array>(), other).expect("a small number fits every number"),
    }
}
