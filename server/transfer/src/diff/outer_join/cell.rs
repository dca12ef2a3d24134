//! Values of the plain join, and the Arrow columns they come from and become.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array,
    Int64Array, LargeStringArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use std::cmp::Ordering;
use std::sync::Arc;

/// A value; equal and ordered as a plain program would have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cell {
    Null,
    Integer(i128),
    /// The bits.
    Float(u64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The order of two rows by their values, NULL first.
pub(super) fn by_value(left: &[Cell], right: &[Cell]) -> Ordering {
    let each = left.iter().zip(right).map(|(left, right)| match (left, right) {
        (Cell::Float(left), Cell::Float(right)) => f64::from_bits(*left).total_cmp(&f64::from_bits(*right)),
        (left, right) => left.cmp(right),
    });
    each.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Boolean,
    Float,
    /// Two decimals.
    Decimal,
    Text,
    Uuid,
    Bytes,
    Date,
    /// Microseconds.
    Timestamp,
}

/// The column; `other` picks the type the other side has, where the two may differ.
pub(super) fn column(kind: Kind, cells: &[Cell], other: bool) -> ArrayRef {
    let integers = || {
        cells.iter().map(|cell| match cell {
            Cell::Integer(value) => Some(*value),
            Cell::Null => None,
            other => panic!("{other:?} is no number"),
        })
    };
    let texts = || {
        cells.iter().map(|cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            Cell::Null => None,
            other => panic!("{other:?} is no text"),
        })
    };
    let narrow = |value: Option<i128>| value.map(|value| i64::try_from(value).unwrap());
    match kind {
        Kind::Integer if other => {
            Arc::new(integers().map(|value| value.map(|value| i32::try_from(value).unwrap())).collect::<Int32Array>())
        }
        Kind::Integer => Arc::new(integers().map(narrow).collect::<Int64Array>()),
        Kind::Boolean if other => Arc::new(integers().map(narrow).collect::<Int64Array>()),
        Kind::Boolean => Arc::new(integers().map(|value| value.map(|value| value != 0)).collect::<BooleanArray>()),
        Kind::Float => Arc::new(
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Float(bits) => Some(f64::from_bits(*bits)),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        Kind::Decimal => {
            let (precision, scale) = if other { (20, 3) } else { (12, 2) };
            let values = integers().map(|value| value.map(|value| if other { value * 10 } else { value }));
            let decimals = values.collect::<Decimal128Array>();
            Arc::new(decimals.with_precision_and_scale(precision, scale).unwrap())
        }
        Kind::Text | Kind::Uuid if other => Arc::new(texts().collect::<LargeStringArray>()),
        Kind::Text | Kind::Uuid => Arc::new(texts().collect::<StringArray>()),
        Kind::Bytes => Arc::new(
            cells
                .iter()
                .map(|cell| match cell {
                    Cell::Bytes(bytes) => Some(bytes.as_slice()),
                    _ => None,
                })
                .collect::<BinaryArray>(),
        ),
        Kind::Date => {
            Arc::new(integers().map(|value| value.map(|value| i32::try_from(value).unwrap())).collect::<Date32Array>())
        }
        Kind::Timestamp => {
            let instants = integers().map(narrow).collect::<TimestampMicrosecondArray>();
            Arc::new(instants.with_timezone_opt(other.then_some("UTC")))
        }
    }
}

/// A column's values, whatever type a system gave it.
pub(super) fn cells(kind: Kind, array: &ArrayRef) -> Vec<Cell> {
    let cast = |to: &DataType| arrow::compute::cast(array, to).unwrap();
    let each = |cell: &dyn Fn(usize) -> Cell| {
        (0..array.len()).map(|row| if array.is_null(row) { Cell::Null } else { cell(row) }).collect()
    };
    match kind {
        Kind::Integer | Kind::Boolean => {
            let numbers = cast(&DataType::Int64);
            let numbers = numbers.as_primitive::<arrow::datatypes::Int64Type>();
            each(&|row| Cell::Integer(numbers.value(row).into()))
        }
        Kind::Date => {
            let days = cast(&DataType::Date32);
            let days = days.as_primitive::<arrow::datatypes::Date32Type>();
            each(&|row| Cell::Integer(days.value(row).into()))
        }
        Kind::Timestamp => {
            let instants = cast(&DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None));
            let instants = instants.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            each(&|row| Cell::Integer(instants.value(row).into()))
        }
        Kind::Decimal => {
            let decimals = cast(&DataType::Decimal128(38, 2));
            let decimals = decimals.as_primitive::<arrow::datatypes::Decimal128Type>();
            each(&|row| Cell::Integer(decimals.value(row)))
        }
        Kind::Float => {
            let floats = cast(&DataType::Float64);
            let floats = floats.as_primitive::<arrow::datatypes::Float64Type>();
            each(&|row| Cell::Float(floats.value(row).to_bits()))
        }
        Kind::Text | Kind::Uuid => {
            let texts = cast(&DataType::LargeUtf8);
            let texts = texts.as_string::<i64>();
            each(&|row| Cell::Text(texts.value(row).to_owned()))
        }
        Kind::Bytes => {
            let bytes = cast(&DataType::LargeBinary);
            let bytes = bytes.as_binary::<i64>();
            each(&|row| Cell::Bytes(bytes.value(row).to_vec()))
        }
    }
}
