//! A batch as the content of a `LOAD DATA LOCAL INFILE`, from memory: there is no file.
//!
//! A local load turns every error of a row into a warning. So a load counts only where it took all rows without one;
//! otherwise the caller undoes it and writes by `INSERT`, which names the row.

use super::introspect::Table;
use super::value::Cells;
use super::{quote, quote_table};
use crate::{canonical, civil, decimal};
use arrow::array::{Array, AsArray};
use arrow::datatypes::*;
use bytes::Bytes;
use futures::StreamExt;
use mysql_async::Conn;
use std::fmt::Write as _;

/// One packet of the content.
const PACKET: usize = 256 << 10;

/// How batches of one schema are loaded into one table.
pub(super) struct Load {
    pub(super) sql: String,
}

/// How a column's values are written.
enum Way {
    /// As text.
    Text,
    /// In hexadecimal: bytes are no characters.
    Hex,
    /// As a number that the server must not take for bytes.
    Bits,
}

impl Load {
    /// The load, where each column's text means what its value means.
    pub(super) fn new(schema: &Schema, table: &Table, name: &str) -> Option<Self> {
        if !table.transactional {
            return None;
        }
        let (mut fields, mut sets) = (Vec::new(), Vec::new());
        for (index, field) in schema.fields().iter().enumerate() {
            let column = quote(field.name());
            match way(&canonical::data_type(field.data_type())?, &table.column(field.name())?.native_type)? {
                Way::Text => fields.push(column),
                Way::Hex => {
                    fields.push(format!("@v{index}"));
                    sets.push(format!("{column} = UNHEX(@v{index})"));
                }
                Way::Bits => {
                    fields.push(format!("@v{index}"));
                    sets.push(format!("{column} = CAST(@v{index} AS UNSIGNED)"));
                }
            }
        }
        let sets = if sets.is_empty() { String::new() } else { format!(" SET {}", sets.join(", ")) };
        let sql = format!(
            "LOAD DATA LOCAL INFILE 'batch' INTO TABLE {} CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ENCLOSED BY '' \
             ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){sets}",
            quote_table(name),
            fields.join(", ")
        );
        (!fields.is_empty()).then_some(Self { sql })
    }
}

fn way(from: &DataType, native_type: &str) -> Option<Way> {
    let lower = native_type.to_ascii_lowercase();
    let word = lower.split(['(', ' ']).next().unwrap_or_default();
    let among = |words: &[&str]| words.contains(&word);
    let number = among(&["tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"]);
    match from {
        DataType::Boolean | DataType::Int64 | DataType::Decimal128(_, 0) if word == "bit" => Some(Way::Bits),
        DataType::Boolean | DataType::Int64 | DataType::Float32 | DataType::Float64 if number => Some(Way::Text),
        DataType::Decimal128(..) | DataType::Decimal256(..) if number => Some(Way::Text),
        DataType::Utf8
            if among(&[
                "char",
                "varchar",
                "tinytext",
                "text",
                "mediumtext",
                "longtext",
                "enum",
                "set",
                "json",
                "uuid",
            ]) =>
        {
            Some(Way::Text)
        }
        DataType::Binary if among(&["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]) => {
            Some(Way::Hex)
        }
        DataType::Date32 if word == "date" => Some(Way::Text),
        DataType::Timestamp(..) if among(&["datetime", "timestamp"]) => Some(Way::Text),
        DataType::Time64(_) if word == "time" => Some(Way::Text),
        _ => None,
    }
}

/// The rows as lines; all values can be written.
pub(super) fn content(cells: &[Cells], rows: usize) -> Vec<u8> {
    let mut content = String::with_capacity(rows * cells.len() * 12);
    for row in 0..rows {
        for (index, column) in cells.iter().enumerate() {
            if index > 0 {
                content.push('\t');
            }
            put(&mut content, column.array(), row);
        }
        content.push('\n');
    }
    content.into_bytes()
}

/// Lays the content out for the next load of the connection.
pub(super) fn offer(connection: &mut Conn, content: Vec<u8>) {
    let content = Bytes::from(content);
    connection.set_infile_handler(async move {
        let packets = (0..content.len()).step_by(PACKET).map(move |start| {
            let end = content.len().min(start + PACKET);
            Ok(content.slice(start..end))
        });
        Ok(futures::stream::iter(packets).boxed())
    });
}

// Writing to a string cannot fail.
fn put(content: &mut String, array: &dyn Array, row: usize) {
    if array.is_null(row) || array.data_type() == &DataType::Null {
        return content.push_str("\\N");
    }
    match array.data_type() {
        DataType::Boolean => content.push(if array.as_boolean().value(row) { '1' } else { '0' }),
        DataType::Int64 => {
            let _ = write!(content, "{}", array.as_primitive::<Int64Type>().value(row));
        }
        // A single is spelled as the double it is: the server reads doubles.
        DataType::Float32 => float(content, f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(content, array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            decimal::write(content, array.as_primitive::<Decimal128Type>().value(row), *scale);
        }
        DataType::Decimal256(_, scale) => {
            decimal::write(content, array.as_primitive::<Decimal256Type>().value(row), *scale);
        }
        DataType::Utf8 => escaped(content, array.as_string::<i32>().value(row)),
        DataType::Binary => {
            for byte in array.as_binary::<i32>().value(row) {
                let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
                content.push(digit(byte >> 4));
                content.push(digit(byte & 15));
            }
        }
        DataType::Date32 => {
            let _ = civil::write_date(content, i64::from(array.as_primitive::<Date32Type>().value(row)));
        }
        DataType::Timestamp(..) => {
            let _ = civil::write_timestamp(content, array.as_primitive::<TimestampMicrosecondType>().value(row), false);
        }
        DataType::Time64(_) => {
            civil::write_time(content, array.as_primitive::<Time64MicrosecondType>().value(row), false);
        }
        _ => {}
    }
}

fn float(content: &mut String, value: f64) {
    let _ = match value.abs() {
        0.0 | 1e-5..1e17 => write!(content, "{value}"),
        _ => write!(content, "{value:e}"),
    };
}

fn escaped(content: &mut String, text: &str) {
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'\\' => "\\\\",
            b'\t' => "\\t",
            b'\n' => "\\n",
            0 => "\\0",
            _ => continue,
        };
        content.push_str(&text[start..at]);
        content.push_str(escape);
        start = at + 1;
    }
    content.push_str(&text[start..]);
}
