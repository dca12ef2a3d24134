//! Values of the binary protocol into Arrow builders, and Arrow values into parameters.
//!
//! A value that is read is [`Raw`]: its bytes stay in the connection's buffer.

use super::ZeroDates;
use super::decode::Raw;
use super::fit::Fit;
use crate::error::Culprit;
use crate::{canonical, cell, decimal};
use arrow::array::*;
use arrow::datatypes::*;
use mysql_async::Value;
use std::fmt::Write as _;

/// A column of a batch being read.
pub(super) struct Builder {
    name: String,
    data_type: DataType,
    target: Target,
    zero_dates: ZeroDates,
    /// Dates without month or day that became NULL.
    nulled: u64,
}

enum Target {
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Binary(BinaryBuilder),
    Utf8(StringBuilder),
}

impl Builder {
    pub(super) fn new(name: &str, data_type: &DataType, zero_dates: ZeroDates) -> Self {
        let target = match data_type {
            DataType::Int8 => Target::Int8(Int8Builder::new()),
            DataType::Int16 => Target::Int16(Int16Builder::new()),
            DataType::Int32 => Target::Int32(Int32Builder::new()),
            DataType::Int64 => Target::Int64(Int64Builder::new()),
            DataType::UInt8 => Target::UInt8(UInt8Builder::new()),
            DataType::UInt16 => Target::UInt16(UInt16Builder::new()),
            DataType::UInt32 => Target::UInt32(UInt32Builder::new()),
            DataType::UInt64 => Target::UInt64(UInt64Builder::new()),
            DataType::Float32 => Target::Float32(Float32Builder::new()),
            DataType::Float64 => Target::Float64(Float64Builder::new()),
            DataType::Boolean => Target::Boolean(BooleanBuilder::new()),
            DataType::Decimal128(digits, scale) => {
                Target::Decimal128(Decimal128Builder::new().with_data_type(data_type.clone()), *digits, *scale)
            }
            DataType::Decimal256(digits, scale) => {
                Target::Decimal256(Decimal256Builder::new().with_data_type(data_type.clone()), *digits, *scale)
            }
            DataType::Date32 => Target::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Target::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Binary => Target::Binary(BinaryBuilder::new()),
            _ => Target::Utf8(StringBuilder::new()),
        };
        Self { name: name.to_owned(), data_type: data_type.clone(), target, zero_dates, nulled: 0 }
    }

    /// Adds a value and tells how many bytes it holds; the error says what is wrong with it.
    #[inline]
    pub(super) fn push<'a>(&mut self, value: impl Into<Raw<'a>>) -> Result<usize, String> {
        let value = value.into();
        self.put(value).ok_or_else(|| self.unread(value))
    }

    #[inline]
    fn put(&mut self, value: Raw<'_>) -> Option<usize> {
        macro_rules! number {
            ($builder:expr) => {
                match value {
                    Raw::Null => $builder.append_null(),
                    Raw::Int(v) => $builder.append_value(v.try_into().ok()?),
                    Raw::UInt(v) => $builder.append_value(v.try_into().ok()?),
                    _ => return None,
                }
            };
        }
        let mut bytes = 8;
        let value = match &self.target {
            Target::Date(_) | Target::Timestamp(_) if self.zero_dates == ZeroDates::Null && is_zero_date(value) => {
                self.nulled += 1;
                Raw::Null
            }
            _ => value,
        };
        match &mut self.target {
            Target::Int8(builder) => number!(builder),
            Target::Int16(builder) => number!(builder),
            Target::Int32(builder) => number!(builder),
            Target::Int64(builder) => number!(builder),
            Target::UInt8(builder) => number!(builder),
            Target::UInt16(builder) => number!(builder),
            Target::UInt32(builder) => number!(builder),
            Target::UInt64(builder) => match value {
                // BIT arrives as bytes, the highest first.
                Raw::Bytes(bits) if bits.len() <= 8 => {
                    builder.append_value(bits.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
                }
                _ => number!(builder),
            },
            Target::Boolean(builder) => match value {
                Raw::Null => builder.append_null(),
                Raw::Bytes(bits) => builder.append_value(bits.iter().any(|byte| *byte != 0)),
                Raw::Int(value) => builder.append_value(value != 0),
                _ => return None,
            },
            Target::Float32(builder) => match value {
                Raw::Null => builder.append_null(),
                Raw::Float(value) => builder.append_value(value),
                _ => return None,
            },
            Target::Float64(builder) => match value {
                Raw::Null => builder.append_null(),
                Raw::Double(value) => builder.append_value(value),
                Raw::Float(value) => builder.append_value(f64::from(value)),
                _ => return None,
            },
            Target::Decimal128(builder, digits, scale) => match value {
                Raw::Null => builder.append_null(),
                other => {
                    let short = match other {
                        Raw::Bytes(text) => short_decimal(text, *digits, *scale),
                        _ => None,
                    };
                    let long = || decimal_of(other, *digits, *scale).and_then(|value| value.to_i128());
                    builder.append_value(short.or_else(long)?);
                }
            },
            Target::Decimal256(builder, digits, scale) => match value {
                Raw::Null => builder.append_null(),
                other => builder.append_value(decimal_of(other, *digits, *scale)?),
            },
            Target::Date(builder) => match value {
                Raw::Null => builder.append_null(),
                other => builder.append_value(days_of(other)?),
            },
            Target::Timestamp(builder) => match value {
                Raw::Null => builder.append_null(),
                other => builder.append_value(micros_of(other)?),
            },
            Target::Binary(builder) => match value {
                Raw::Null => builder.append_null(),
                Raw::Bytes(content) => {
                    bytes = content.len();
                    builder.append_value(content);
                }
                _ => return None,
            },
            Target::Utf8(builder) => match value {
                Raw::Null => builder.append_null(),
                Raw::Bytes(content) => {
                    bytes = content.len();
                    builder.append_value(simdutf8::basic::from_utf8(content).ok()?);
                }
                other => builder.append_value(shown(other)),
            },
        }
        Some(bytes)
    }

    /// The column's name and how many of its dates became NULL, where any did.
    pub(super) fn nulled(&self) -> Option<(&str, u64)> {
        (self.nulled > 0).then_some((self.name.as_str(), self.nulled))
    }

    /// The column so far. The next batch is most likely as large, and has its room at once.
    pub(super) fn finish(&mut self) -> ArrayRef {
        fn next<B: ArrayBuilder>(builder: &mut B, fresh: impl FnOnce(usize) -> B) -> ArrayRef {
            let rows = builder.len();
            std::mem::replace(builder, fresh(rows)).finish()
        }
        let data_type = || self.data_type.clone();
        match &mut self.target {
            Target::Int8(builder) => next(builder, Int8Builder::with_capacity),
            Target::Int16(builder) => next(builder, Int16Builder::with_capacity),
            Target::Int32(builder) => next(builder, Int32Builder::with_capacity),
            Target::Int64(builder) => next(builder, Int64Builder::with_capacity),
            Target::UInt8(builder) => next(builder, UInt8Builder::with_capacity),
            Target::UInt16(builder) => next(builder, UInt16Builder::with_capacity),
            Target::UInt32(builder) => next(builder, UInt32Builder::with_capacity),
            Target::UInt64(builder) => next(builder, UInt64Builder::with_capacity),
            Target::Float32(builder) => next(builder, Float32Builder::with_capacity),
            Target::Float64(builder) => next(builder, Float64Builder::with_capacity),
            Target::Boolean(builder) => next(builder, BooleanBuilder::with_capacity),
            Target::Decimal128(builder, ..) => {
                next(builder, |rows| Decimal128Builder::with_capacity(rows).with_data_type(data_type()))
            }
            Target::Decimal256(builder, ..) => {
                next(builder, |rows| Decimal256Builder::with_capacity(rows).with_data_type(data_type()))
            }
            Target::Date(builder) => next(builder, Date32Builder::with_capacity),
            Target::Timestamp(builder) => {
                next(builder, |rows| TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(data_type()))
            }
            Target::Binary(builder) => {
                let bytes = builder.values_slice().len();
                next(builder, |rows| BinaryBuilder::with_capacity(rows, bytes))
            }
            Target::Utf8(builder) => {
                let bytes = builder.values_slice().len();
                next(builder, |rows| StringBuilder::with_capacity(rows, bytes))
            }
        }
    }

    fn unread(&self, value: Raw<'_>) -> String {
        let what = match value {
            _ if is_zero_date(value) => "the zero date",
            Raw::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => "bytes that are not UTF-8,",
            _ => "a value that cannot be read,",
        };
        format!("column `{}` holds {what} `{}`", self.name, shown(value))
    }
}

/// `0000-00-00`, `2024-00-00`, `2024-05-00`: dates that lack a part.
fn is_zero_date(value: Raw<'_>) -> bool {
    matches!(value, Raw::Date { month: 0, .. } | Raw::Date { day: 0, .. })
}

/// A decimal of few digits as the server writes it, `-12.50`; `None` for whatever takes more care.
fn short_decimal(text: &[u8], digits: u8, scale: i8) -> Option<i128> {
    let (negative, unsigned) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        _ => (false, text),
    };
    if unsigned.len() > 19 || !(0..=18).contains(&scale) {
        return None;
    }
    // 18 digits at most, or 19 without a point, fit 64 bits without a sign.
    let (mut value, mut point) = (0u64, None);
    for (at, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let fraction = point.map_or(0, |at| unsigned.len() - at - 1);
    let missing = usize::from(scale.unsigned_abs()).checked_sub(fraction)?;
    let value = i128::from(value) * 10i128.pow(u32::try_from(missing).ok()?);
    let fits = unsigned.len() > usize::from(point.is_some()) && value < 10i128.checked_pow(u32::from(digits))?;
    fits.then_some(if negative { -value } else { value })
}

fn decimal_of(value: Raw<'_>, digits: u8, scale: i8) -> Option<i256> {
    match value {
        Raw::Bytes(text) => decimal::parse(std::str::from_utf8(text).ok()?, digits, scale),
        Raw::Int(value) => decimal::parse(&value.to_string(), digits, scale),
        Raw::UInt(value) => decimal::parse(&value.to_string(), digits, scale),
        _ => None,
    }
}

fn micros_of(value: Raw<'_>) -> Option<i64> {
    let Raw::Date { hour, minute, second, micro, .. } = value else { return None };
    if hour > 23 || minute > 59 || second > 59 || micro > 999_999 {
        return None;
    }
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    Some(i64::from(days_of(value)?) * crate::civil::DAY + seconds * 1_000_000 + i64::from(micro))
}

fn days_of(value: Raw<'_>) -> Option<i32> {
    let Raw::Date { year, month, day, .. } = value else { return None };
    crate::civil::days(year.into(), month.into(), day.into())
}

/// The value as MySQL writes it.
fn shown(value: Raw<'_>) -> String {
    match value {
        Raw::Date { year, month, day, hour: 0, minute: 0, second: 0, micro: 0 } => {
            format!("{year:04}-{month:02}-{day:02}")
        }
        Raw::Date { year, month, day, hour, minute, second, micro } => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micro:06}")
        }
        Raw::Time { negative, days, hour, minute, second, micro } => {
            let sign = if negative { "-" } else { "" };
            let mut text = format!("{sign}{:02}:{minute:02}:{second:02}", u64::from(days) * 24 + u64::from(hour));
            if micro > 0 {
                let _ = write!(text, ".{micro:06}");
            }
            text
        }
        Raw::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Raw::Null => "NULL".to_owned(),
        Raw::Int(value) => value.to_string(),
        Raw::UInt(value) => value.to_string(),
        Raw::Float(value) => value.to_string(),
        Raw::Double(value) => value.to_string(),
    }
}

/// A column of a batch being written, in its canonical type.
pub(super) struct Cells {
    array: ArrayRef,
}

impl Cells {
    /// The column, where all of its values can be written.
    pub(super) fn new(name: &str, array: &ArrayRef, fit: Fit) -> Result<Self, Culprit> {
        let array = canonical::array(name, array)?;
        let cells = Self { array };
        if let Some((row, why)) = fit.first_misfit(&cells.array) {
            let value = cell::text(&cells.array, row).unwrap_or_default();
            return Err(Culprit::new(row, name, &value, why));
        }
        let always = matches!(
            cells.array.data_type(),
            DataType::Boolean | DataType::Int64 | DataType::Utf8 | DataType::Binary | DataType::Decimal128(..)
        );
        for row in 0..cells.array.len() {
            if !always && cells.value(row).is_none() {
                let value = cell::text(&cells.array, row).unwrap_or_default();
                return Err(Culprit::new(row, name, &value, "MySQL has no such value"));
            }
        }
        Ok(cells)
    }

    pub(super) fn array(&self) -> &dyn Array {
        &self.array
    }

    /// The value as a parameter; `None` where MySQL has none like it.
    pub(super) fn value(&self, row: usize) -> Option<Value> {
        let array = &self.array;
        if array.is_null(row) || array.data_type() == &DataType::Null {
            return Some(Value::NULL);
        }
        Some(match array.data_type() {
            DataType::Boolean => Value::Int(array.as_boolean().value(row).into()),
            DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => {
                Value::Float(Some(array.as_primitive::<Float32Type>().value(row)).filter(|v| v.is_finite())?)
            }
            DataType::Float64 => {
                Value::Double(Some(array.as_primitive::<Float64Type>().value(row)).filter(|v| v.is_finite())?)
            }
            DataType::Decimal128(_, scale) => {
                let value = array.as_primitive::<Decimal128Type>().value(row);
                // A whole number goes as one: a BIT would take text for its bytes.
                match (scale, i64::try_from(value), u64::try_from(value)) {
                    (0, Ok(value), _) => Value::Int(value),
                    (0, _, Ok(value)) => Value::UInt(value),
                    _ => {
                        let mut text = String::new();
                        decimal::write(&mut text, value, *scale);
                        Value::Bytes(text.into())
                    }
                }
            }
            DataType::Decimal256(_, scale) => {
                let mut text = String::new();
                decimal::write(&mut text, array.as_primitive::<Decimal256Type>().value(row), *scale);
                Value::Bytes(text.into())
            }
            DataType::Utf8 => Value::Bytes(array.as_string::<i32>().value(row).as_bytes().to_vec()),
            DataType::Binary => Value::Bytes(array.as_binary::<i32>().value(row).to_vec()),
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().value(row);
                date_value(i64::from(days).checked_mul(crate::civil::DAY)?)?
            }
            DataType::Timestamp(..) => date_value(array.as_primitive::<TimestampMicrosecondType>().value(row))?,
            DataType::Time64(_) => {
                let micros = array.as_primitive::<Time64MicrosecondType>().value(row);
                let seconds = u32::try_from(micros / 1_000_000).ok()?;
                let part = |value: u32| u8::try_from(value).ok();
                Value::Time(
                    false,
                    0,
                    part(seconds / 3600)?,
                    part(seconds / 60 % 60)?,
                    part(seconds % 60)?,
                    u32::try_from(micros % 1_000_000).ok()?,
                )
            }
            _ => return None,
        })
    }

    /// Bytes the value takes in a packet, about.
    pub(super) fn size(&self, row: usize) -> usize {
        match self.array.data_type() {
            DataType::Utf8 => self.array.as_string::<i32>().value_length(row).unsigned_abs() as usize + 9,
            DataType::Binary => self.array.as_binary::<i32>().value_length(row).unsigned_abs() as usize + 9,
            _ => 24,
        }
    }
}

/// A moment in the years MySQL has.
fn date_value(micros: i64) -> Option<Value> {
    use chrono::{Datelike, Timelike};
    let at = chrono::DateTime::from_timestamp_micros(micros)?.naive_utc();
    let year = u16::try_from(at.year()).ok().filter(|year| *year <= 9999)?;
    let part = |value: u32| u8::try_from(value).ok();
    Some(Value::Date(
        year,
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
        at.nanosecond() / 1000,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_reads_decimals_as_the_long_one() {
        for text in [
            "0",
            "-0.50",
            "12.5",
            "99999.99",
            "100000.00",
            "1.234",
            "",
            "-",
            ".",
            "1.2.3",
            "1e5",
            "٣",
            "9999999999999999999",
        ] {
            if let Some(short) = short_decimal(text.as_bytes(), 7, 2) {
                assert_eq!(decimal::parse(text, 7, 2), Some(i256::from_i128(short)), "{text}");
            }
        }
        assert_eq!(short_decimal(b"-12.5", 7, 2), Some(-1250));
        assert_eq!(short_decimal(b"100000.00", 7, 2), None);
    }
}
