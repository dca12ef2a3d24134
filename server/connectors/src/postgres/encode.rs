//! Arrow values in PostgreSQL's binary COPY format, exactly: what the column would round, cut or reinterpret is refused.

use super::decode::{EPOCH_DAYS, EPOCH_MICROS};
use super::introspect::TableColumn;
use super::numeric::{infinity, put_numeric, put_numeric_text};
use super::types::{Kind, precision};
use crate::error::Culprit;
use crate::{canonical, cell, civil, decimal};
use arrow::array::*;
use arrow::buffer::NullBuffer;
use arrow::datatypes::*;

/// What a column of the table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Bool,
    Int {
        bytes: usize,
    },
    Float4,
    Float8,
    Numeric {
        limit: Option<(i32, i32)>,
    },
    Text {
        longest: Option<usize>,
    },
    Jsonb,
    Bytea,
    Date,
    Time {
        step: i64,
    },
    Timestamp {
        step: i64,
    },
    Uuid,
    /// Text in a staging table, cast by the server.
    Cast,
}

impl To {
    fn of(column: &TableColumn) -> Self {
        // `time(3)` and `timestamp(3)` would round to milliseconds.
        let step = if (0..6).contains(&column.modifier) { 10i64.pow(6 - column.modifier.unsigned_abs()) } else { 1 };
        match column.kind {
            Kind::Bool => Self::Bool,
            Kind::Int2 => Self::Int { bytes: 2 },
            Kind::Int4 => Self::Int { bytes: 4 },
            Kind::Int8 => Self::Int { bytes: 8 },
            Kind::Float4 => Self::Float4,
            Kind::Float8 => Self::Float8,
            Kind::Decimal128(..) | Kind::Decimal256(..) | Kind::Numeric => {
                Self::Numeric { limit: precision(column.modifier) }
            }
            Kind::Text if column.oid == 19 => Self::Text { longest: Some(63) },
            Kind::Text => {
                let limited = matches!(column.oid, 1042 | 1043) && column.modifier >= 4;
                Self::Text { longest: limited.then(|| column.modifier as usize - 4) }
            }
            Kind::Jsonb => Self::Jsonb,
            Kind::Bytea => Self::Bytea,
            Kind::Date => Self::Date,
            Kind::Time => Self::Time { step },
            Kind::Timestamp | Kind::Instant => Self::Timestamp { step },
            Kind::Uuid => Self::Uuid,
            Kind::Oid | Kind::Array | Kind::Inet | Kind::Other => Self::Cast,
        }
    }
}

/// Whether values of this type go into the column as text that the server must cast.
pub(super) fn needs_cast(column: &TableColumn) -> bool {
    To::of(column) == To::Cast
}

/// One column of a batch, ready to be written row by row.
pub(super) struct Cells<'a> {
    name: &'a str,
    array: ArrayRef,
    nulls: Option<NullBuffer>,
    values: Values,
    to: To,
    /// Whether a character of its text may be NUL, which PostgreSQL has not.
    may_hold_nul: bool,
}

/// The column by its canonical type, looked up once rather than for every cell.
enum Values {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Float4(Float32Array),
    Float8(Float64Array),
    Decimal(Decimal128Array, i8),
    Text(StringArray),
    Bytes(BinaryArray),
    Date(Date32Array),
    Time(Time64MicrosecondArray),
    Timestamp(TimestampMicrosecondArray),
    /// `Decimal256`: rare, and written from its text.
    LongDecimal,
    Other,
}

impl Values {
    fn of(array: &ArrayRef) -> Self {
        match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::Int64 => Self::Int(array.as_primitive().clone()),
            DataType::Float32 => Self::Float4(array.as_primitive().clone()),
            DataType::Float64 => Self::Float8(array.as_primitive().clone()),
            DataType::Decimal128(_, scale) => Self::Decimal(array.as_primitive().clone(), *scale),
            DataType::Decimal256(..) => Self::LongDecimal,
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::Binary => Self::Bytes(array.as_binary().clone()),
            DataType::Date32 => Self::Date(array.as_primitive().clone()),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(array.as_primitive().clone()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Timestamp(array.as_primitive().clone()),
            _ => Self::Other,
        }
    }
}

/// Why a value has no place in the column.
pub(super) type Refusal = &'static str;

const NO_FIT: Refusal = "the column has another type";
const OUT_OF_RANGE: Refusal = "it is out of the column's range";

impl<'a> Cells<'a> {
    pub(super) fn new(name: &'a str, array: &ArrayRef, column: &TableColumn) -> Result<Self, Culprit> {
        let array = canonical::array(name, array)?;
        let values = Values::of(&array);
        // One look over all of the text is cheaper than one at each value.
        let may_hold_nul = match &values {
            Values::Text(text) => text.values().contains(&0),
            _ => true,
        };
        Ok(Self { name, nulls: array.logical_nulls(), values, to: To::of(column), may_hold_nul, array })
    }

    /// Appends length and value of `row`.
    #[inline]
    pub(super) fn write(&self, out: &mut Vec<u8>, row: usize) -> Result<(), Culprit> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(&(-1i32).to_be_bytes());
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        if let Err(why) = self.value(out, row) {
            out.truncate(start);
            return Err(Culprit::new(row, self.name, &cell::text(&self.array, row).unwrap_or_default(), why));
        }
        let length = out.len() - start - 4;
        let Ok(length) = i32::try_from(length) else {
            out.truncate(start);
            return Err(Culprit::new(row, self.name, "…", "it is larger than 2 GB"));
        };
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn value(&self, out: &mut Vec<u8>, row: usize) -> Result<(), Refusal> {
        match (&self.values, self.to) {
            (Values::Int(values), _) => self.integer(out, row, values.value(row)),
            (Values::Text(values), _) => self.text(out, values.value(row)),
            (Values::Float8(values), _) => self.float(out, row, values.value(row)),
            (Values::Float4(values), _) => self.single(out, row, values.value(row)),
            (Values::Bool(values), _) => self.boolean(out, values.value(row)),
            (Values::Decimal(values, scale), To::Numeric { limit }) => {
                put_numeric(out, values.value(row), *scale, limit)
            }
            (Values::Decimal(..) | Values::LongDecimal, _) => self.other_decimal(out, row),
            (Values::Bytes(values), To::Bytea) => {
                out.extend_from_slice(values.value(row));
                Ok(())
            }
            (Values::Bytes(values), To::Text { .. }) => {
                let text = std::str::from_utf8(values.value(row)).map_err(|_| "these bytes are no text")?;
                self.text(out, text)
            }
            (Values::Date(values), To::Date) => put_date(out, values.value(row)),
            (Values::Date(values), To::Timestamp { .. }) => {
                put_timestamp(out, i64::from(values.value(row)) * civil::DAY, 1)
            }
            (Values::Time(values), To::Time { step }) => put_time(out, values.value(row), step),
            (Values::Timestamp(values), To::Timestamp { step }) => put_timestamp(out, values.value(row), step),
            (Values::Timestamp(values), To::Date) => {
                let micros = values.value(row);
                if micros % civil::DAY != 0 {
                    return Err("a date would lose the time of day");
                }
                put_date(out, i32::try_from(micros / civil::DAY).map_err(|_| OUT_OF_RANGE)?)
            }
            (Values::Date(_) | Values::Time(_) | Values::Timestamp(_), _) => self.as_text(out, row),
            (Values::Null | Values::Bytes(_) | Values::Other, _) => Err(NO_FIT),
        }
    }

    fn boolean(&self, out: &mut Vec<u8>, value: bool) -> Result<(), Refusal> {
        match self.to {
            To::Bool => out.push(u8::from(value)),
            To::Int { bytes } => put_integer(out, i64::from(value), bytes)?,
            To::Text { .. } | To::Cast | To::Jsonb => return self.text(out, if value { "true" } else { "false" }),
            _ => return Err(NO_FIT),
        }
        Ok(())
    }

    fn integer(&self, out: &mut Vec<u8>, row: usize, value: i64) -> Result<(), Refusal> {
        match self.to {
            To::Int { bytes } => put_integer(out, value, bytes),
            To::Float8 if value.unsigned_abs() <= 1 << 53 => {
                out.extend_from_slice(&(value as f64).to_be_bytes());
                Ok(())
            }
            To::Float4 if value.unsigned_abs() <= 1 << 24 => {
                out.extend_from_slice(&(value as f32).to_be_bytes());
                Ok(())
            }
            To::Float4 | To::Float8 => Err("the column would round it"),
            To::Numeric { limit } => put_numeric(out, i128::from(value), 0, limit),
            To::Bool if matches!(value, 0 | 1) => {
                out.push(value as u8);
                Ok(())
            }
            _ => self.as_text(out, row),
        }
    }

    fn single(&self, out: &mut Vec<u8>, row: usize, value: f32) -> Result<(), Refusal> {
        match self.to {
            To::Float4 => {
                out.extend_from_slice(&value.to_be_bytes());
                Ok(())
            }
            _ => self.float(out, row, f64::from(value)),
        }
    }

    fn float(&self, out: &mut Vec<u8>, row: usize, value: f64) -> Result<(), Refusal> {
        match self.to {
            To::Float8 => out.extend_from_slice(&value.to_be_bytes()),
            To::Float4 => {
                let rounded = value as f32;
                if f64::from(rounded) != value && !value.is_nan() {
                    return Err("the column would round it");
                }
                out.extend_from_slice(&rounded.to_be_bytes());
            }
            To::Int { bytes } => {
                // All integers in this range are doubles, so that the conversion is exact.
                if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
                    return Err("the column holds whole numbers only");
                }
                put_integer(out, value as i64, bytes)?;
            }
            To::Numeric { .. } => return self.text(out, &value.to_string()),
            _ => return self.as_text(out, row),
        }
        Ok(())
    }

    fn other_decimal(&self, out: &mut Vec<u8>, row: usize) -> Result<(), Refusal> {
        let text = cell::exact(&self.array, row).map_err(|_| NO_FIT)?;
        match self.to {
            To::Int { bytes } => {
                let value =
                    decimal::parse(&text, 19, 0).and_then(i256::to_i128).and_then(|value| i64::try_from(value).ok());
                put_integer(out, value.ok_or("the column holds whole numbers of its size only")?, bytes)
            }
            To::Float8 | To::Float4 => {
                let value: f64 = text.parse().map_err(|_| NO_FIT)?;
                // The shortest digits of the double must be the digits of the decimal.
                if decimal::parse(&value.to_string(), 76, 38) != decimal::parse(&text, 76, 38) {
                    return Err("the column would round it");
                }
                self.float(out, row, value)
            }
            To::Bool => Err(NO_FIT),
            _ => self.text(out, &text),
        }
    }

    fn as_text(&self, out: &mut Vec<u8>, row: usize) -> Result<(), Refusal> {
        match self.to {
            To::Text { .. } | To::Cast | To::Jsonb => {
                let text = cell::exact(&self.array, row).map_err(|_| NO_FIT)?;
                self.text(out, &text)
            }
            _ => Err(NO_FIT),
        }
    }

    #[inline]
    fn put_text(&self, out: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
        if self.may_hold_nul && text.as_bytes().contains(&0) {
            return Err("PostgreSQL has no text with a NUL character");
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn text(&self, out: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
        match self.to {
            To::Text { longest } => {
                if let Some(longest) = longest
                    && text.len() > longest
                    && text.chars().count() > longest
                {
                    return Err("it is too long for the column");
                }
                self.put_text(out, text)
            }
            To::Cast => self.put_text(out, text),
            To::Jsonb => {
                out.push(1);
                self.put_text(out, text)
            }
            To::Uuid => put_uuid(out, text),
            To::Int { bytes } => {
                put_integer(out, text.trim().parse().map_err(|_| "it is no whole number of the column's size")?, bytes)
            }
            To::Float8 => {
                let value: f64 = text.trim().parse().map_err(|_| "it is no number")?;
                out.extend_from_slice(&value.to_be_bytes());
                Ok(())
            }
            To::Float4 => {
                let value: f32 = text.trim().parse().map_err(|_| "it is no number")?;
                out.extend_from_slice(&value.to_be_bytes());
                Ok(())
            }
            To::Numeric { limit } => put_numeric_text(out, text.trim(), limit),
            To::Bool => {
                let value = match text.trim().to_ascii_lowercase().as_str() {
                    "true" | "t" | "yes" | "on" | "1" => 1,
                    "false" | "f" | "no" | "off" | "0" => 0,
                    _ => return Err("it is neither true nor false"),
                };
                out.push(value);
                Ok(())
            }
            To::Date => match infinity(text) {
                Some(negative) => {
                    out.extend_from_slice(&(if negative { i32::MIN } else { i32::MAX }).to_be_bytes());
                    Ok(())
                }
                None => put_date(out, civil::parse_date(text.trim()).ok_or("it is no date like 2024-01-31")?),
            },
            To::Time { step } => {
                put_time(out, civil::parse_time(text.trim()).ok_or("it is no time like 23:59:59")?, step)
            }
            To::Timestamp { step } => {
                if let Some(negative) = infinity(text) {
                    out.extend_from_slice(&(if negative { i64::MIN } else { i64::MAX }).to_be_bytes());
                    return Ok(());
                }
                let (micros, _) =
                    civil::parse_timestamp(text.trim()).ok_or("it is no timestamp like 2024-01-31 23:59:59")?;
                put_timestamp(out, micros, step)
            }
            To::Bytea => Err("the column holds bytes"),
        }
    }
}

fn put_integer(out: &mut Vec<u8>, value: i64, bytes: usize) -> Result<(), Refusal> {
    match bytes {
        2 => out.extend_from_slice(&i16::try_from(value).map_err(|_| OUT_OF_RANGE)?.to_be_bytes()),
        4 => out.extend_from_slice(&i32::try_from(value).map_err(|_| OUT_OF_RANGE)?.to_be_bytes()),
        _ => out.extend_from_slice(&value.to_be_bytes()),
    }
    Ok(())
}

fn put_date(out: &mut Vec<u8>, days: i32) -> Result<(), Refusal> {
    // PostgreSQL's dates end in the year 5874897; the ends of the range mean infinity.
    let days =
        days.checked_sub(EPOCH_DAYS).filter(|days| (-2_451_545..2_145_031_949).contains(days)).ok_or(OUT_OF_RANGE)?;
    out.extend_from_slice(&days.to_be_bytes());
    Ok(())
}

fn put_time(out: &mut Vec<u8>, micros: i64, step: i64) -> Result<(), Refusal> {
    if !(0..civil::DAY).contains(&micros) {
        return Err("it is no time of day");
    }
    if micros % step != 0 {
        return Err("it is finer than the column");
    }
    out.extend_from_slice(&micros.to_be_bytes());
    Ok(())
}

fn put_timestamp(out: &mut Vec<u8>, micros: i64, step: i64) -> Result<(), Refusal> {
    if micros % step != 0 {
        return Err("it is finer than the column");
    }
    let range = -211_813_488_000_000_000..9_223_371_331_200_000_000;
    let micros = micros.checked_sub(EPOCH_MICROS).filter(|micros| range.contains(micros)).ok_or(OUT_OF_RANGE)?;
    out.extend_from_slice(&micros.to_be_bytes());
    Ok(())
}

fn put_uuid(out: &mut Vec<u8>, text: &str) -> Result<(), Refusal> {
    const WRONG: Refusal = "it is no UUID";
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| *byte != b'-')
        .map(|byte| char::from(byte).to_digit(16).map(|digit| digit as u8).ok_or(WRONG))
        .collect::<Result<_, _>>()?;
    if digits.len() != 32 {
        return Err(WRONG);
    }
    out.extend(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
    Ok(())
}
