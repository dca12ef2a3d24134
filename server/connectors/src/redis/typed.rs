//! Bytes of Redis as typed columns: what is not of the type is an error that names the key, never another value.

use crate::{civil, decimal};
use arrow::array::*;
use arrow::datatypes::*;
use data::{Error, Result};
use model::ErrorCode;
use std::sync::Arc;

/// Reads a type as written in settings: `int64`, `decimal(18,4)`, `timestamp_utc`, `bytes`.
pub(super) fn parse(text: &str) -> Result<DataType> {
    let refuse = || {
        Error::permanent(ErrorCode::InvalidValue, format!("`{text}` is not a column type")).hint(
            "Use boolean, int8 to int64, uint8 to uint64, float32, float64, decimal(p,s), date, time, timestamp, timestamp_utc, bytes or utf8.",
        )
    };
    let lower = text.trim().to_ascii_lowercase();
    if let Some(arguments) = lower.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')) {
        let (digits, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
        let (digits, scale) = (digits.trim().parse::<u8>(), scale.trim().parse::<u8>());
        return match (digits, scale) {
            (Ok(digits @ 1..=38), Ok(scale)) if scale <= digits => Ok(DataType::Decimal128(digits, scale as i8)),
            (Ok(digits @ 39..=76), Ok(scale)) if scale <= digits => Ok(DataType::Decimal256(digits, scale as i8)),
            _ => Err(refuse()),
        };
    }
    Ok(match lower.as_str() {
        "boolean" | "bool" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" | "int" | "integer" | "bigint" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" | "float" | "double" | "number" => DataType::Float64,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" | "datetime" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamp_utc" | "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "bytes" | "binary" => DataType::Binary,
        "utf8" | "text" | "string" => DataType::Utf8,
        _ => return Err(refuse()),
    })
}

/// The values of one column as an array; `place` names where the value of a row stands.
pub(super) fn array(
    column: &str,
    data_type: &DataType,
    values: &[Option<Vec<u8>>],
    place: impl Fn(usize) -> String,
) -> Result<ArrayRef> {
    let wrong = |row: usize| {
        let shown = crate::error::shortened(&String::from_utf8_lossy(values[row].as_deref().unwrap_or_default()));
        let not = if *data_type == DataType::Utf8 { "UTF-8 text".to_owned() } else { data_type.to_string() };
        let message = format!("column `{column}` of `{}`: `{shown}` is no {not}", place(row));
        Error::permanent(ErrorCode::ValueRefused, message)
            .hint("Name another type for the column under `columns`: `utf8` takes any text, `bytes` anything.")
    };
    macro_rules! each {
        ($array:ty, $read:expr) => {{
            let read = $read;
            let mut parsed = Vec::with_capacity(values.len());
            for (row, value) in values.iter().enumerate() {
                parsed.push(match text(value.as_deref()) {
                    None => None,
                    Some(text) => Some(text.ok().and_then(&read).ok_or_else(|| wrong(row))?),
                });
            }
            <$array>::from(parsed)
        }};
    }
    macro_rules! number {
        ($array:ty, $native:ty) => {
            Arc::new(each!($array, |text: &str| text.parse::<$native>().ok()))
        };
    }
    // Digits beyond the largest number are read as infinity, which they do not mean.
    macro_rules! fraction {
        ($array:ty, $native:ty) => {
            Arc::new(each!($array, |text: &str| {
                let value = text.parse::<$native>().ok();
                value.filter(|value| !value.is_infinite() || !text.contains(|char: char| char.is_ascii_digit()))
            }))
        };
    }
    Ok(match data_type {
        DataType::Binary => Arc::new(values.iter().map(Option::as_deref).collect::<BinaryArray>()),
        DataType::Boolean => Arc::new(each!(BooleanArray, |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })),
        DataType::Int8 => number!(Int8Array, i8),
        DataType::Int16 => number!(Int16Array, i16),
        DataType::Int32 => number!(Int32Array, i32),
        DataType::Int64 => number!(Int64Array, i64),
        DataType::UInt8 => number!(UInt8Array, u8),
        DataType::UInt16 => number!(UInt16Array, u16),
        DataType::UInt32 => number!(UInt32Array, u32),
        DataType::UInt64 => number!(UInt64Array, u64),
        DataType::Float32 => fraction!(Float32Array, f32),
        DataType::Float64 => fraction!(Float64Array, f64),
        DataType::Decimal128(digits, scale) => Arc::new(
            each!(Decimal128Array, |text: &str| decimal::parse(text, *digits, *scale).and_then(i256::to_i128))
                .with_precision_and_scale(*digits, *scale)?,
        ),
        DataType::Decimal256(digits, scale) => Arc::new(
            each!(Decimal256Array, |text: &str| decimal::parse(text, *digits, *scale))
                .with_precision_and_scale(*digits, *scale)?,
        ),
        DataType::Date32 => Arc::new(each!(Date32Array, civil::parse_date)),
        DataType::Time64(_) => Arc::new(each!(Time64MicrosecondArray, civil::parse_time)),
        DataType::Timestamp(_, None) => Arc::new(each!(TimestampMicrosecondArray, |text: &str| {
            civil::parse_timestamp(text).filter(|(_, zone)| !zone).map(|(value, _)| value)
        })),
        DataType::Timestamp(_, Some(_)) => Arc::new(
            each!(TimestampMicrosecondArray, |text: &str| {
                civil::parse_timestamp(text).filter(|(_, zone)| *zone).map(|(value, _)| value)
            })
            .with_timezone("UTC"),
        ),
        _ => {
            let mut builder = StringBuilder::with_capacity(values.len(), values.len() * 16);
            for (row, value) in values.iter().enumerate() {
                match text(value.as_deref()) {
                    None => builder.append_null(),
                    Some(text) => builder.append_value(text.map_err(|_| wrong(row))?),
                }
            }
            Arc::new(builder.finish())
        }
    })
}

fn text(value: Option<&[u8]>) -> Option<Result<&str, std::str::Utf8Error>> {
    value.map(std::str::from_utf8)
}
