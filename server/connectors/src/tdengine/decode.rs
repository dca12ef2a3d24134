//! The server's raw blocks as Arrow columns, without a detour over single values.

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanArray, Decimal128Array, PrimitiveArray, StringArray, StringBuilder,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use data::{Error, Result};
use model::ErrorCode;
use std::sync::Arc;
use taos::taos_query::RawBlock;

const HEADER: usize = 28;
const NCHAR: u8 = 10;

/// The columns of a block, each as its type in `types` says.
pub(super) fn columns(block: &RawBlock, names: &[String], types: &[DataType]) -> Result<Vec<ArrayRef>> {
    let bytes = block.as_raw_bytes();
    let cut = || Error::transient(ErrorCode::ConnectionFailed, "the server sent a block of rows that is cut short");
    let (rows, width) = (block.nrows(), block.ncols());
    if width != types.len() {
        return Err(Error::permanent(
            ErrorCode::Internal,
            format!("{width} columns came, {} were expected", types.len()),
        ));
    }
    let kinds = bytes.get(HEADER..HEADER + width * 5).ok_or_else(cut)?;
    let lengths = bytes.get(HEADER + width * 5..HEADER + width * 9).ok_or_else(cut)?;
    let mut rest = &bytes[HEADER + width * 9..];
    let mut arrays = Vec::with_capacity(width);
    for (index, data_type) in types.iter().enumerate() {
        let length = lengths[index * 4..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
        let kind = kinds[index * 5];
        let head = if is_variable(kind) { rows * 4 } else { rows.div_ceil(8) };
        let (head, after) = rest.split_at_checked(head).ok_or_else(cut)?;
        let (values, after) = after.split_at_checked(length).ok_or_else(cut)?;
        rest = after;
        let column = if is_variable(kind) {
            variable(kind, rows, head, values, data_type, &names[index])?
        } else {
            fixed(rows, head, values, data_type).ok_or_else(cut)?
        };
        arrays.push(column);
    }
    Ok(arrays)
}

fn is_variable(kind: u8) -> bool {
    matches!(kind, 8 | 10 | 15 | 16 | 18 | 20)
}

fn nulls(rows: usize, bitmap: &[u8]) -> Option<NullBuffer> {
    let nulls = NullBuffer::new(BooleanBuffer::collect_bool(rows, |row| bitmap[row / 8] & (0x80 >> (row % 8)) == 0));
    (nulls.null_count() > 0).then_some(nulls)
}

macro_rules! primitive {
    ($kind:ty, $rows:ident, $bitmap:ident, $values:ident) => {{
        const SIZE: usize = size_of::<<$kind as ArrowPrimitiveType>::Native>();
        if $values.len() != $rows * SIZE {
            return None;
        }
        let (chunks, _) = $values.as_chunks::<SIZE>();
        let values: Vec<_> =
            chunks.iter().map(|bytes| <$kind as ArrowPrimitiveType>::Native::from_le_bytes(*bytes)).collect();
        PrimitiveArray::<$kind>::new(values.into(), nulls($rows, $bitmap))
    }};
}

fn fixed(rows: usize, bitmap: &[u8], values: &[u8], data_type: &DataType) -> Option<ArrayRef> {
    Some(match data_type {
        DataType::Boolean => {
            if values.len() != rows {
                return None;
            }
            Arc::new(BooleanArray::new(BooleanBuffer::collect_bool(rows, |row| values[row] == 1), nulls(rows, bitmap)))
        }
        DataType::Int8 => Arc::new(primitive!(Int8Type, rows, bitmap, values)),
        DataType::Int16 => Arc::new(primitive!(Int16Type, rows, bitmap, values)),
        DataType::Int32 => Arc::new(primitive!(Int32Type, rows, bitmap, values)),
        DataType::Int64 => Arc::new(primitive!(Int64Type, rows, bitmap, values)),
        DataType::UInt8 => Arc::new(primitive!(UInt8Type, rows, bitmap, values)),
        DataType::UInt16 => Arc::new(primitive!(UInt16Type, rows, bitmap, values)),
        DataType::UInt32 => Arc::new(primitive!(UInt32Type, rows, bitmap, values)),
        DataType::UInt64 => Arc::new(primitive!(UInt64Type, rows, bitmap, values)),
        DataType::Float32 => Arc::new(primitive!(Float32Type, rows, bitmap, values)),
        DataType::Float64 => Arc::new(primitive!(Float64Type, rows, bitmap, values)),
        DataType::Timestamp(..) => {
            let raw = primitive!(Int64Type, rows, bitmap, values);
            arrow::compute::cast(&raw, data_type).ok()?
        }
        _ => return None,
    })
}

fn variable(
    kind: u8,
    rows: usize,
    offsets: &[u8],
    values: &[u8],
    data_type: &DataType,
    name: &str,
) -> Result<ArrayRef> {
    let cut = || Error::transient(ErrorCode::ConnectionFailed, "the server sent a block of rows that is cut short");
    let value = |row: usize| -> Result<Option<&[u8]>> {
        let offset = offsets[row * 4..].first_chunk().map_or(-1, |bytes| i32::from_le_bytes(*bytes));
        let Ok(offset) = usize::try_from(offset) else { return Ok(None) };
        let length = values.get(offset..).and_then(|at| at.first_chunk()).ok_or_else(cut)?;
        let length = usize::from(u16::from_le_bytes(*length));
        values.get(offset + 2..offset + 2 + length).map(Some).ok_or_else(cut)
    };
    if *data_type == DataType::Binary {
        let mut builder = BinaryBuilder::with_capacity(rows, values.len());
        for row in 0..rows {
            builder.append_option(value(row)?);
        }
        return Ok(Arc::new(builder.finish()));
    }
    let mut builder = StringBuilder::with_capacity(rows, values.len());
    let mut scratch = String::new();
    for row in 0..rows {
        let Some(bytes) = value(row)? else {
            builder.append_null();
            continue;
        };
        let unreadable = || {
            Error::permanent(ErrorCode::ValueRefused, format!("column `{name}` holds bytes that are no text"))
                .hint("Select it as VARBINARY: `CAST(column AS VARBINARY(n))`.")
        };
        if kind == NCHAR {
            scratch.clear();
            for code in bytes.as_chunks::<4>().0 {
                scratch.push(char::from_u32(u32::from_le_bytes(*code)).ok_or_else(unreadable)?);
            }
            builder.append_value(&scratch);
        } else {
            builder.append_value(std::str::from_utf8(bytes).map_err(|_| unreadable())?);
        }
    }
    let text = builder.finish();
    match data_type {
        DataType::Decimal128(precision, scale) => decimals(&text, *precision, *scale, name),
        _ => Ok(Arc::new(text)),
    }
}

/// Decimals come as text, since the client library cannot read them.
fn decimals(text: &StringArray, precision: u8, scale: i8, name: &str) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(text.len());
    for value in text {
        let Some(value) = value else {
            values.push(None);
            continue;
        };
        let parsed = crate::decimal::parse(value.trim(), precision, scale).and_then(|value| value.to_i128());
        let wrong = || {
            Error::permanent(ErrorCode::ValueRefused, format!("column `{name}` holds `{value}`, which is no decimal"))
        };
        values.push(Some(parsed.ok_or_else(wrong)?));
    }
    Ok(Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale)?))
}
