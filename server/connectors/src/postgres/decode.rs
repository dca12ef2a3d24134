//! Values of one PostgreSQL column, in binary, on their way into an Arrow array.

use super::types::Kind;
use arrow::array::*;
use arrow::datatypes::{ArrowNativeTypeOp, i256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Microseconds and days from 1970-01-01 to PostgreSQL's own epoch, 2000-01-01.
pub(super) const EPOCH_DAYS: i32 = 10_957;
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A growing array.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Oid(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, i8),
    Text(StringBuilder),
    Jsonb(StringBuilder),
    Uuid(StringBuilder),
    Bytea(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

macro_rules! each {
    ($column:expr, $builder:ident => $body:expr) => {
        match $column {
            Column::Bool($builder) => $body,
            Column::Int2($builder) => $body,
            Column::Int4($builder) => $body,
            Column::Int8($builder) | Column::Oid($builder) => $body,
            Column::Float4($builder) => $body,
            Column::Float8($builder) => $body,
            Column::Decimal128($builder, ..) => $body,
            Column::Decimal256($builder, ..) => $body,
            Column::Text($builder) | Column::Jsonb($builder) | Column::Uuid($builder) => $body,
            Column::Bytea($builder) => $body,
            Column::Date($builder) => $body,
            Column::Time($builder) => $body,
            Column::Timestamp($builder) => $body,
        }
    };
}

/// Why a value has no place in the array.
pub(super) type Refusal = &'static str;

const MALFORMED: Refusal = "the server sent a value of unexpected length";

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Refusal> {
    bytes.try_into().map_err(|_| MALFORMED)
}

impl Column {
    pub(super) fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            Kind::Int2 => Self::Int2(Int16Builder::with_capacity(rows)),
            Kind::Int4 => Self::Int4(Int32Builder::with_capacity(rows)),
            Kind::Int8 => Self::Int8(Int64Builder::with_capacity(rows)),
            Kind::Oid => Self::Oid(Int64Builder::with_capacity(rows)),
            Kind::Float4 => Self::Float4(Float32Builder::with_capacity(rows)),
            Kind::Float8 => Self::Float8(Float64Builder::with_capacity(rows)),
            Kind::Decimal128(precision, scale) => {
                let builder = Decimal128Builder::with_capacity(rows).with_data_type(kind.data_type());
                Self::Decimal128(builder, precision, scale)
            }
            Kind::Decimal256(_, scale) => {
                let builder = Decimal256Builder::with_capacity(rows).with_data_type(kind.data_type());
                Self::Decimal256(builder, scale)
            }
            Kind::Bytea => Self::Bytea(BinaryBuilder::with_capacity(rows, rows * 16)),
            Kind::Date => Self::Date(Date32Builder::with_capacity(rows)),
            Kind::Time => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows)),
            Kind::Instant => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC")),
            Kind::Jsonb => Self::Jsonb(StringBuilder::with_capacity(rows, rows * 16)),
            Kind::Uuid => Self::Uuid(StringBuilder::with_capacity(rows, rows * 36)),
            Kind::Numeric | Kind::Text | Kind::Array | Kind::Inet | Kind::Other => {
                Self::Text(StringBuilder::with_capacity(rows, rows * 16))
            }
        }
    }

    pub(super) fn append_null(&mut self) {
        each!(self, builder => builder.append_null());
    }

    /// Appends a value as the server sends it.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Bool(builder) => builder.append_value(fixed::<1>(bytes)?[0] != 0),
            Self::Int2(builder) => builder.append_value(i16::from_be_bytes(fixed(bytes)?)),
            Self::Int4(builder) => builder.append_value(i32::from_be_bytes(fixed(bytes)?)),
            Self::Int8(builder) => builder.append_value(i64::from_be_bytes(fixed(bytes)?)),
            Self::Oid(builder) => builder.append_value(i64::from(u32::from_be_bytes(fixed(bytes)?))),
            Self::Float4(builder) => builder.append_value(f32::from_be_bytes(fixed(bytes)?)),
            Self::Float8(builder) => builder.append_value(f64::from_be_bytes(fixed(bytes)?)),
            Self::Decimal128(builder, precision, scale) => {
                let value: i128 = decimal(bytes, *scale, i128::from)?;
                if value.unsigned_abs() >= 10u128.pow(u32::from(*precision)) {
                    return Err("it has more digits than the column promises");
                }
                builder.append_value(value);
            }
            Self::Decimal256(builder, scale) => {
                builder.append_value(decimal(bytes, *scale, |digit| i256::from_i128(i128::from(digit)))?);
            }
            Self::Text(builder) => builder.append_value(utf8(bytes)?),
            Self::Jsonb(builder) => match bytes.split_first() {
                Some((1, json)) => builder.append_value(utf8(json)?),
                _ => return Err("the server sent an unknown version of jsonb"),
            },
            Self::Uuid(builder) => {
                for (index, byte) in fixed::<16>(bytes)?.iter().enumerate() {
                    let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
                    // Writing to a builder cannot fail.
                    let _ = write!(builder, "{dash}{byte:02x}");
                }
                builder.append_value("");
            }
            Self::Bytea(builder) => builder.append_value(bytes),
            Self::Date(builder) => match i32::from_be_bytes(fixed(bytes)?) {
                i32::MAX | i32::MIN => return Err("`infinity` is no date"),
                days => builder.append_value(days.checked_add(EPOCH_DAYS).ok_or("the date is too late for Arrow")?),
            },
            Self::Time(builder) => match i64::from_be_bytes(fixed(bytes)?) {
                crate::civil::DAY => return Err("`24:00:00` is no time of day"),
                micros => builder.append_value(micros),
            },
            Self::Timestamp(builder) => match i64::from_be_bytes(fixed(bytes)?) {
                i64::MAX | i64::MIN => return Err("`infinity` is no timestamp"),
                micros => {
                    builder.append_value(micros.checked_add(EPOCH_MICROS).ok_or("the time is too late for Arrow")?)
                }
            },
        }
        Ok(())
    }

    /// The array, leaving an empty column behind.
    pub(super) fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| "the server sent text that is not UTF-8")
}

/// A `numeric`: groups of four digits, the first worth 10000^weight.
fn decimal<T: ArrowNativeTypeOp>(bytes: &[u8], scale: i8, from: impl Fn(i64) -> T) -> Result<T, Refusal> {
    const TOO_LARGE: Refusal = "it has more digits than Arrow can hold";
    if bytes.len() < 8 || !bytes.len().is_multiple_of(2) {
        return Err(MALFORMED);
    }
    let word = |index: usize| i16::from_be_bytes([bytes[index * 2], bytes[index * 2 + 1]]);
    let (groups, weight, sign) = (word(0), i32::from(word(1)), word(2) as u16);
    match sign {
        0 | 0x4000 => {}
        0xc000 => return Err("`NaN` is no decimal"),
        0xd000 | 0xf000 => return Err("`Infinity` is no decimal"),
        _ => return Err(MALFORMED),
    }
    let groups = usize::try_from(groups).map_err(|_| MALFORMED)?;
    if bytes.len() != 8 + groups * 2 {
        return Err(MALFORMED);
    }
    let scale = i32::from(scale);
    let mut value = T::ZERO;
    let mut last_power = 0;
    for index in 0..groups {
        let digits = i64::from(word(4 + index));
        // The power of ten of the group's last digit in the unscaled value.
        let power = (weight - index as i32) * 4 + scale;
        let (multiplier, addend) = if power >= 0 {
            (10_000, digits)
        } else if power > -4 {
            let divisor = 10i64.pow(power.unsigned_abs());
            if digits % divisor != 0 {
                return Err("it has more decimals than the column promises");
            }
            (10_000 / divisor, digits / divisor)
        } else if digits == 0 {
            continue;
        } else {
            return Err("it has more decimals than the column promises");
        };
        value = value
            .mul_checked(from(multiplier))
            .and_then(|value| value.add_checked(from(addend)))
            .map_err(|_| TOO_LARGE)?;
        last_power = power.max(0);
    }
    while last_power > 0 && !value.is_zero() {
        let step = last_power.min(18);
        value = value.mul_checked(from(10i64.pow(step.unsigned_abs()))).map_err(|_| TOO_LARGE)?;
        last_power -= step;
    }
    Ok(if sign == 0x4000 { value.neg_wrapping() } else { value })
}
