//! What a column would change about a value without a word: round it, cut it, fill it up. Such a value is refused.
//!
//! Values that are out of range or too long are left to the server, which refuses them in strict mode.

use crate::decimal;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::*;

const ROUNDED: &str = "the column would round it";
const WHOLE: &str = "the column holds whole numbers only";
const FINER: &str = "it is finer than the column";
const NO_NUMBER: &str = "it is no number that fits the column";

/// How a column of the table may change a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Not at all, or only with an error.
    Any,
    /// Rounds to whole numbers.
    Whole,
    /// Rounds to whole numbers, and takes text for bytes.
    Bits,
    /// Rounds to so many digits behind the point.
    Decimal(i8),
    /// Rounds to a single.
    Single,
    /// Rounds to a double.
    Double,
    /// Cuts below so many microseconds, which are so many digits.
    Fraction(i64, usize),
    /// Cuts the time of day.
    Day,
    /// Drops spaces at the end.
    Padded,
    /// Fills up to so many bytes with zeros.
    Filled(usize),
}

impl Fit {
    /// How a column of that type does.
    pub(super) fn of(native_type: &str) -> Self {
        let lower = native_type.to_ascii_lowercase();
        let word = lower.split(['(', ' ']).next().unwrap_or_default();
        let inside = lower.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
        let numbers: Vec<usize> = inside.split(',').filter_map(|number| number.trim().parse().ok()).collect();
        match (word, numbers.as_slice()) {
            ("tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year", _) => Self::Whole,
            ("bit", _) => Self::Bits,
            ("decimal", numbers) => Self::Decimal(numbers.get(1).and_then(|n| i8::try_from(*n).ok()).unwrap_or(0)),
            ("float" | "double", [_, digits]) => Self::Decimal(i8::try_from(*digits).unwrap_or(30)),
            ("float", _) => Self::Single,
            ("double", _) => Self::Double,
            ("datetime" | "timestamp" | "time", numbers) => {
                let digits = numbers.first().copied().unwrap_or(0).min(6);
                if digits == 6 { Self::Any } else { Self::Fraction(10i64.pow(6 - digits as u32), digits) }
            }
            ("date", _) => Self::Day,
            ("char", _) => Self::Padded,
            ("binary", [length, ..]) => Self::Filled(*length),
            _ => Self::Any,
        }
    }

    /// The first row of a canonical column that would be changed, and how.
    pub(super) fn first_misfit(self, array: &ArrayRef) -> Option<(usize, &'static str)> {
        if self == Self::Any {
            return None;
        }
        let misfit = |row: usize| (!array.is_null(row)).then(|| self.misfit(array, row)).flatten();
        match (self, array.data_type()) {
            // Nothing to look at, value by value.
            (Self::Whole | Self::Bits | Self::Decimal(_), DataType::Int64 | DataType::Boolean) => None,
            (Self::Whole | Self::Bits, DataType::Decimal128(_, 0)) => None,
            (Self::Decimal(target), DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale))
                if *scale <= target =>
            {
                None
            }
            (Self::Single | Self::Double, DataType::Float32) | (Self::Double, DataType::Float64) => None,
            (Self::Day, DataType::Date32) => None,
            _ => (0..array.len()).find_map(|row| misfit(row).map(|why| (row, why))),
        }
    }

    fn misfit(self, array: &ArrayRef, row: usize) -> Option<&'static str> {
        let refused = |wrong: bool, why: &'static str| wrong.then_some(why);
        match array.data_type() {
            DataType::Int64 => {
                let value = array.as_primitive::<Int64Type>().value(row).unsigned_abs();
                refused(
                    matches!(self, Self::Double) && value > 1 << 53 || matches!(self, Self::Single) && value > 1 << 24,
                    ROUNDED,
                )
            }
            DataType::Float32 => self.float(f64::from(array.as_primitive::<Float32Type>().value(row))),
            DataType::Float64 => self.float(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(_, scale) => {
                let value = array.as_primitive::<Decimal128Type>().value(row);
                match self {
                    // Doubles have fifteen digits.
                    Self::Double if value.unsigned_abs() < 1_000_000_000_000_000 => None,
                    Self::Decimal(target) if *scale > target => {
                        let over = u32::from((*scale - target).unsigned_abs());
                        refused(10i128.checked_pow(over).is_none_or(|unit| value % unit != 0), ROUNDED)
                    }
                    _ => self.digits(&text(value, *scale)),
                }
            }
            DataType::Decimal256(_, scale) => {
                self.digits(&text(array.as_primitive::<Decimal256Type>().value(row), *scale))
            }
            DataType::Utf8 => self.text(array.as_string::<i32>().value(row)),
            DataType::Binary => match self {
                Self::Filled(length) => refused(
                    array.as_binary::<i32>().value(row).len() < length,
                    "the column fills it up with zero bytes",
                ),
                _ => None,
            },
            DataType::Timestamp(..) => self.micros(array.as_primitive::<TimestampMicrosecondType>().value(row)),
            DataType::Time64(_) => self.micros(array.as_primitive::<Time64MicrosecondType>().value(row)),
            _ => None,
        }
    }

    fn micros(self, value: i64) -> Option<&'static str> {
        match self {
            Self::Fraction(unit, _) => (value % unit != 0).then_some(FINER),
            Self::Day => (value % crate::civil::DAY != 0).then_some("the column holds whole days only"),
            _ => None,
        }
    }

    fn float(self, value: f64) -> Option<&'static str> {
        match self {
            Self::Whole | Self::Bits => {
                (value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0).then_some(WHOLE)
            }
            #[allow(clippy::cast_possible_truncation, reason = "whether it is rounded is the question")]
            Self::Single => (f64::from(value as f32) != value).then_some(ROUNDED),
            Self::Decimal(_) => self.digits(&value.to_string()),
            _ => None,
        }
    }

    /// A decimal as text.
    fn digits(self, said: &str) -> Option<&'static str> {
        match self {
            Self::Whole | Self::Bits => decimal::parse(said, 76, 0).is_none().then_some(WHOLE),
            Self::Decimal(scale) => decimal::parse(said, 76, scale).is_none().then_some(ROUNDED),
            Self::Double | Self::Single => {
                let Ok(value) = said.parse::<f64>() else { return Some(NO_NUMBER) };
                // The shortest digits of the double must be the digits of the decimal.
                let same = decimal::parse(&value.to_string(), 76, 38) == decimal::parse(said, 76, 38);
                if same { self.float(value) } else { Some(ROUNDED) }
            }
            _ => None,
        }
    }

    fn text(self, said: &str) -> Option<&'static str> {
        match self {
            Self::Whole if said.contains(['.', 'e', 'E']) => {
                said.trim().parse::<f64>().ok().filter(|value| value.fract() != 0.0).map(|_| WHOLE)
            }
            Self::Bits => Some("the column would take its characters for bits"),
            Self::Decimal(scale) => decimal::parse(said.trim(), 76, scale).is_none().then_some(NO_NUMBER),
            Self::Fraction(_, digits) => {
                let fraction = said.rsplit_once('.').map_or("", |(_, fraction)| fraction);
                (fraction.trim_end_matches('0').len() > digits).then_some(FINER)
            }
            Self::Padded => said.ends_with(' ').then_some("the column drops spaces at the end"),
            Self::Filled(length) => (said.len() < length).then_some("the column fills it up with zero bytes"),
            _ => None,
        }
    }
}

fn text(value: impl std::fmt::Display, scale: i8) -> String {
    let mut said = String::new();
    decimal::write(&mut said, value, scale);
    said
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::*;
    use std::sync::Arc;

    #[test]
    fn what_a_column_would_change_is_found() {
        let check = |native_type: &str, array: ArrayRef, row: Option<usize>| {
            let found = Fit::of(native_type).first_misfit(&array).map(|(row, _)| row);
            assert_eq!(found, row, "{native_type}: {array:?}");
        };
        let floats = || Arc::new(Float64Array::from(vec![Some(1.0), None, Some(0.1)])) as ArrayRef;
        check("int(11)", floats(), Some(2));
        check("float", floats(), Some(2));
        check("double", floats(), None);
        check("decimal(10,1)", floats(), None);
        check("decimal(10,0)", floats(), Some(2));
        check("varchar(9)", floats(), None);
        let whole = || Arc::new(Int64Array::from(vec![1 << 24, (1 << 24) + 1, (1 << 53) + 1])) as ArrayRef;
        check("float", whole(), Some(1));
        check("double", whole(), Some(2));
        check("bigint(20) unsigned", whole(), None);
        let decimals = |values: Vec<i128>, scale| {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, scale).unwrap()) as ArrayRef
        };
        check("decimal(10,2)", decimals(vec![1200, 1230, 1234], 3), Some(2));
        check("decimal(10,3)", decimals(vec![1234], 3), None);
        check("double", decimals(vec![1234, 12_345_678_901_234_567_890], 3), Some(1));
        check("int", decimals(vec![1000, 1], 3), Some(1));
        let moments = || Arc::new(TimestampMicrosecondArray::from(vec![0, 1_000, 1])) as ArrayRef;
        check("datetime(6)", moments(), None);
        check("datetime(3)", moments(), Some(2));
        check("timestamp", moments(), Some(1));
        check("date", moments(), Some(1));
        let texts = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        check("char(5)", texts(vec!["a", "b "]), Some(1));
        check("varchar(5)", texts(vec!["a", "b "]), None);
        check("int", texts(vec!["1", "1.0", "1.5"]), Some(2));
        check("decimal(10,2)", texts(vec!["1.50", " 2 ", "1.555"]), Some(2));
        check("datetime", texts(vec!["2024-01-01 00:00:00.000", "2024-01-01 00:00:00.5"]), Some(1));
        check("bit(8)", texts(vec!["1"]), Some(0));
        check("binary(2)", Arc::new(BinaryArray::from(vec![b"ab".as_slice(), b"a"])), Some(1));
    }
}
