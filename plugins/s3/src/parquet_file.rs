//! Parquet: one row group, one plain page for each column, nothing compressed.
//!
//! Days, times, moments and decimals keep their types by the format's annotations. That is all a sink of batches needs;
//! the files are larger than those of a full writer and read by every reader.

use crate::thrift::{Struct, varint};
use plugin_sdk::{Batch, Cell, CellReader, Error, Field, Result};

const MAGIC: &[u8] = b"PAR1";

/// How a column is stored: Parquet's physical types by their numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stored {
    Boolean,
    Int32(Meaning),
    Int64(Meaning),
    Double,
    Bytes(Meaning),
    /// Sixteen bytes, the largest first.
    Decimal(i32, i32),
}

/// What the stored values mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    Plain,
    Text,
    Date,
    /// Whether in nanoseconds, else microseconds.
    Time(bool),
    /// Whether in UTC, and whether in nanoseconds, else microseconds.
    Moment(bool, bool),
    Unsigned,
}

/// The rows as one file.
///
/// # Errors
/// Where a column has a type or a value that this writer does not know.
pub(crate) fn make(fields: &[Field], cells: &[CellReader], rows: &Batch) -> Result<Vec<u8>> {
    let mut file = MAGIC.to_vec();
    let mut schema = vec![Struct::default().text(4, "schema").i32(5, i32::try_from(fields.len()).unwrap_or(i32::MAX))];
    let (mut chunks, mut total) = (Vec::new(), 0);
    for (field, cell) in fields.iter().zip(cells) {
        let stored = stored_of(field)?;
        schema.push(describe(field, stored));
        let page = page(field, stored, cell, rows)?;
        let size =
            i32::try_from(page.len()).map_err(|_| Error::data(format!("column `{}` is too large", field.name)))?;
        let values = i32::try_from(rows.rows).unwrap_or(i32::MAX);
        // A data page (0): plain values (0), levels as runs (3).
        let data = Struct::default().i32(1, values).i32(2, 0).i32(3, 3).i32(4, 3);
        let head = Struct::default().i32(1, 0).i32(2, size).i32(3, size).inner(5, data).finish();
        let offset = i64::try_from(file.len()).unwrap_or(i64::MAX);
        let bytes = i64::try_from(head.len() + page.len()).unwrap_or(i64::MAX);
        file.extend(head);
        file.extend(page);
        total += bytes;
        let about = Struct::default()
            .i32(1, physical(stored))
            .numbers(2, &[0, 3])
            .texts(3, &[field.name.as_str()])
            .i32(4, 0)
            .i64(5, i64::from(rows.rows))
            .i64(6, bytes)
            .i64(7, bytes)
            .i64(9, offset);
        chunks.push(Struct::default().i64(2, offset).inner(3, about));
    }
    let group = Struct::default().structs(1, chunks).i64(2, total).i64(3, i64::from(rows.rows));
    let footer = Struct::default()
        .i32(1, 1)
        .structs(2, schema)
        .i64(3, i64::from(rows.rows))
        .structs(4, vec![group])
        .text(6, "sluice s3 plugin")
        .finish();
    file.extend_from_slice(&footer);
    file.extend_from_slice(&u32::try_from(footer.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(MAGIC);
    Ok(file)
}

fn stored_of(field: &Field) -> Result<Stored> {
    let unknown =
        || Error::config("format", format!("column `{}` (`{}`) has no place in Parquet", field.name, field.format));
    let format = field.format.as_str();
    Ok(match format {
        "n" | "u" => Stored::Bytes(Meaning::Text),
        "b" => Stored::Boolean,
        "c" | "C" | "s" | "S" | "i" => Stored::Int32(Meaning::Plain),
        "I" | "l" => Stored::Int64(Meaning::Plain),
        "L" => Stored::Int64(Meaning::Unsigned),
        "f" | "g" => Stored::Double,
        "z" => Stored::Bytes(Meaning::Plain),
        "tdD" | "tdm" => Stored::Int32(Meaning::Date),
        "tts" | "ttm" | "ttu" => Stored::Int64(Meaning::Time(false)),
        "ttn" => Stored::Int64(Meaning::Time(true)),
        _ if format.starts_with("w:") => Stored::Bytes(Meaning::Plain),
        _ if format.starts_with("ts") => {
            let utc = !format.ends_with(':');
            Stored::Int64(Meaning::Moment(utc, format.starts_with("tsn")))
        }
        _ => {
            let mut parts = format.strip_prefix("d:").ok_or_else(unknown)?.split(',');
            let mut number = || parts.next().and_then(|part| part.parse().ok());
            match (number(), number()) {
                (Some(precision), Some(scale)) if scale >= 0 => Stored::Decimal(precision, scale),
                _ => return Err(unknown()),
            }
        }
    })
}

fn physical(stored: Stored) -> i32 {
    match stored {
        Stored::Boolean => 0,
        Stored::Int32(_) => 1,
        Stored::Int64(_) => 2,
        Stored::Double => 5,
        Stored::Bytes(_) => 6,
        Stored::Decimal(..) => 7,
    }
}

/// The column in the file's schema; every column may hold nulls.
fn describe(field: &Field, stored: Stored) -> Struct {
    let mut element = Struct::default().i32(1, physical(stored));
    if let Stored::Decimal(..) = stored {
        element = element.i32(2, 16);
    }
    element = element.i32(3, 1).text(4, &field.name);
    let unit = |nanos: bool| Struct::default().inner(if nanos { 3 } else { 2 }, Struct::default());
    match stored {
        Stored::Decimal(precision, scale) => {
            let logical = Struct::default().inner(5, Struct::default().i32(1, scale).i32(2, precision));
            element.i32(6, 5).i32(7, scale).i32(8, precision).inner(10, logical)
        }
        Stored::Int32(meaning) | Stored::Int64(meaning) | Stored::Bytes(meaning) => match meaning {
            Meaning::Plain => element,
            Meaning::Text => element.i32(6, 0).inner(10, Struct::default().inner(1, Struct::default())),
            Meaning::Date => element.i32(6, 6).inner(10, Struct::default().inner(6, Struct::default())),
            Meaning::Unsigned => element.i32(6, 14),
            Meaning::Time(nanos) => {
                element.inner(10, Struct::default().inner(7, Struct::default().truth(1, false).inner(2, unit(nanos))))
            }
            Meaning::Moment(utc, nanos) => {
                element.inner(10, Struct::default().inner(8, Struct::default().truth(1, utc).inner(2, unit(nanos))))
            }
        },
        Stored::Boolean | Stored::Double => element,
    }
}

/// Levels that say which rows hold a value, then the values.
fn page(field: &Field, stored: Stored, cell: &CellReader, rows: &Batch) -> Result<Vec<u8>> {
    let (mut levels, mut values) = (vec![0; (rows.rows as usize).div_ceil(8)], Vec::new());
    let mut truths = 0;
    for row in 0..rows.rows as usize {
        let value = cell.cell(rows, row);
        if value.is_null() {
            continue;
        }
        levels[row / 8] |= 1 << (row % 8);
        if let (Stored::Boolean, Cell::Bool(truth)) = (stored, value) {
            if truths % 8 == 0 {
                values.push(0);
            }
            if let Some(last) = values.last_mut().filter(|_| truth) {
                *last |= 1 << (truths % 8);
            }
            truths += 1;
            continue;
        }
        append(&mut values, stored, value).ok_or_else(|| {
            let error = Error::data(format!("column `{}` has a value that Parquet cannot hold", field.name));
            Error { row: u32::try_from(row).ok(), ..error }
        })?;
    }
    // One bit-packed run: its number of groups of eight, marked by the lowest bit.
    let mut run = Vec::new();
    varint(&mut run, (levels.len() as u64) << 1 | 1);
    run.extend(levels);
    let mut page = u32::try_from(run.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    page.extend(run);
    page.extend(values);
    Ok(page)
}

fn append(values: &mut Vec<u8>, stored: Stored, value: Cell<'_>) -> Option<()> {
    match (stored, value) {
        (Stored::Int32(_), Cell::Int(number) | Cell::Date(number)) => {
            values.extend(i32::try_from(number).ok()?.to_le_bytes());
        }
        (Stored::Int64(_), Cell::Int(number)) => values.extend(number.to_le_bytes()),
        (Stored::Int64(Meaning::Unsigned), Cell::UInt(number)) => values.extend(number.to_le_bytes()),
        (Stored::Int64(Meaning::Time(nanos)), Cell::Time(number)) => {
            values.extend((if nanos { number } else { number / 1000 }).to_le_bytes());
        }
        (Stored::Int64(Meaning::Moment(_, nanos)), Cell::Moment(number, _)) => {
            let number = if nanos { number } else { number.div_euclid(1000) };
            values.extend(i64::try_from(number).ok()?.to_le_bytes());
        }
        (Stored::Double, Cell::Float(number)) => values.extend(number.to_le_bytes()),
        (Stored::Bytes(_), Cell::Text(text)) => bytes(values, text.as_bytes())?,
        (Stored::Bytes(_), Cell::Bytes(found)) => bytes(values, found)?,
        (Stored::Decimal(..), Cell::Decimal(digits, _)) => values.extend(digits.to_be_bytes()),
        _ => return None,
    }
    Some(())
}

fn bytes(values: &mut Vec<u8>, found: &[u8]) -> Option<()> {
    values.extend(u32::try_from(found.len()).ok()?.to_le_bytes());
    values.extend_from_slice(found);
    Some(())
}
