//! Statements that change single rows, for the three SQL systems: what differs is how names and values are written.
//!
//! Every value is written so that it arrives as it was: text by its code points, bytes by their digits, floats to the last bit,
//! instants in UTC. Rows are found by the exact value of their key, whatever the column's collation takes for equal.

use crate::{canonical, cell, civil};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, TimestampMicrosecondType};
use data::repair::RowStatements;
use data::{Error, Result};
use model::ErrorCode;

/// Rows that one INSERT holds at most.
const ROWS: usize = 100;

/// How a system writes names and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Mysql,
    Sqlite,
}

/// A column of the table.
pub(crate) struct Column {
    pub(crate) quoted: String,
    /// The type as the system spells it.
    pub(crate) native: String,
    /// The type its values become.
    pub(crate) data_type: DataType,
}

/// The table, and the columns of the rows, the key first.
pub(crate) struct Table {
    pub(crate) dialect: Dialect,
    pub(crate) quoted: String,
    pub(crate) key: usize,
    pub(crate) columns: Vec<Column>,
}

/// The key does not tell rows apart.
pub(crate) fn not_unique(table: &str, key: &[String]) -> Error {
    let message =
        format!("`{}` is no unique key of `{table}`, so that no statement changes just one row", key.join("`, `"));
    Error::permanent(ErrorCode::Unsupported, message)
        .hint("Compare by the table's primary key, or by a unique key without NULL.")
}

impl RowStatements for Table {
    fn preamble(&self) -> Vec<String> {
        match self.dialect {
            Dialect::Postgres => {
                vec!["SET TIME ZONE 'UTC'".to_owned(), "SET standard_conforming_strings = on".to_owned()]
            }
            Dialect::Mysql => vec!["SET time_zone = '+00:00'".to_owned(), "SET NAMES utf8mb4".to_owned()],
            Dialect::Sqlite => Vec::new(),
        }
    }

    fn insert(&self, rows: &RecordBatch) -> Result<Vec<String>> {
        let rows = self.literals(rows, self.columns.len())?;
        let names: Vec<&str> = self.columns.iter().map(|column| column.quoted.as_str()).collect();
        let values = &names[self.key..];
        let over = match self.dialect {
            Dialect::Mysql => {
                // Where there is nothing but the key, the key is set to itself.
                let set = if values.is_empty() { &names[..1] } else { values };
                let set: Vec<String> = set.iter().map(|name| format!("{name} = VALUES({name})")).collect();
                format!(" ON DUPLICATE KEY UPDATE {}", set.join(", "))
            }
            Dialect::Postgres | Dialect::Sqlite => {
                let target = names[..self.key].join(", ");
                let set: Vec<String> = values.iter().map(|name| format!("{name} = excluded.{name}")).collect();
                if set.is_empty() {
                    format!(" ON CONFLICT ({target}) DO NOTHING")
                } else {
                    format!(" ON CONFLICT ({target}) DO UPDATE SET {}", set.join(", "))
                }
            }
        };
        let statement = |rows: &[Vec<String>]| {
            let rows: Vec<String> = rows.iter().map(|row| format!("({})", row.join(", "))).collect();
            format!("INSERT INTO {} ({}) VALUES {}{over}", self.quoted, names.join(", "), rows.join(", "))
        };
        Ok(rows.chunks(ROWS).map(statement).collect())
    }

    fn update(&self, rows: &RecordBatch) -> Result<Vec<String>> {
        let rows = self.literals(rows, self.columns.len())?;
        let statement = |row: &Vec<String>| {
            let columns = self.columns.iter().zip(row).skip(self.key);
            let set: Vec<String> = columns.map(|(column, value)| format!("{} = {value}", column.quoted)).collect();
            format!("UPDATE {} SET {} WHERE {}", self.quoted, set.join(", "), self.found_by(row))
        };
        Ok(rows.iter().map(statement).collect())
    }

    fn delete(&self, rows: &RecordBatch) -> Result<Vec<String>> {
        let rows = self.literals(rows, self.key)?;
        Ok(rows.iter().map(|row| format!("DELETE FROM {} WHERE {}", self.quoted, self.found_by(row))).collect())
    }
}

impl Table {
    /// The condition that holds for the row with this key only.
    fn found_by(&self, row: &[String]) -> String {
        let conditions = self.columns.iter().zip(row).take(self.key).map(|(column, value)| {
            let name = &column.quoted;
            match (self.dialect, &column.data_type) {
                // The first finds the row by the index, the second is exact where a collation is not.
                (Dialect::Mysql, DataType::Utf8) => {
                    format!("{name} = {value} AND CAST({name} AS BINARY) = CAST({value} AS BINARY)")
                }
                (Dialect::Sqlite, DataType::Utf8) => format!("{name} = {value} COLLATE BINARY"),
                _ => format!("{name} = {value}"),
            }
        });
        conditions.collect::<Vec<_>>().join(" AND ")
    }

    /// Each row's first values as literals.
    fn literals(&self, rows: &RecordBatch, columns: usize) -> Result<Vec<Vec<String>>> {
        let mut literals: Vec<Vec<String>> = vec![Vec::with_capacity(columns); rows.num_rows()];
        for (column, array) in self.columns.iter().zip(rows.columns()).take(columns) {
            let array = canonical::array(&column.quoted, array).map_err(|culprit| culprit.into_error(&self.quoted))?;
            for (row, literals) in literals.iter_mut().enumerate() {
                literals.push(self.literal(column, &array, row)?);
            }
        }
        Ok(literals)
    }

    fn literal(&self, column: &Column, array: &ArrayRef, row: usize) -> Result<String> {
        if array.is_null(row) || array.data_type() == &DataType::Null {
            return Ok("NULL".to_owned());
        }
        let refused = |why: &str| {
            let message = format!("a value of column {} has no literal: {why}", column.quoted);
            Error::permanent(ErrorCode::ValueRefused, message).hint("Leave the column out of the comparison.")
        };
        if let DataType::Binary = array.data_type() {
            let digits = hex::encode(array.as_binary::<i32>().value(row));
            return Ok(match self.dialect {
                Dialect::Postgres => format!("'\\x{digits}'::{}", column.native),
                Dialect::Mysql | Dialect::Sqlite => format!("X'{digits}'"),
            });
        }
        let double = match array.data_type() {
            DataType::Float64 => Some(array.as_primitive::<Float64Type>().value(row)),
            DataType::Float32 => Some(f64::from(array.as_primitive::<Float32Type>().value(row))),
            _ => None,
        };
        let mut text = match (array.data_type(), double) {
            // SQLite reads digits into a float with an error of the last bit; products with powers of two have none.
            (_, Some(value)) if value.is_finite() && self.dialect == Dialect::Sqlite => exact_real(value),
            // The shortest that reads back as the same float; single precision has its own shortest.
            (DataType::Float32, Some(value)) if value.is_finite() => {
                format!("{:e}", array.as_primitive::<Float32Type>().value(row))
            }
            (_, Some(value)) if value.is_finite() => format!("{value:e}"),
            (_, Some(value)) if self.dialect == Dialect::Postgres => {
                if value.is_nan() {
                    "NaN".to_owned()
                } else {
                    format!("{}Infinity", if value < 0.0 { "-" } else { "" })
                }
            }
            (_, Some(_)) => return Err(refused("the system keeps neither NaN nor infinity")),
            _ => cell::exact(array.as_ref(), row).map_err(|error| refused(&error.to_string()))?,
        };
        let kind = array.data_type();
        if self.dialect == Dialect::Postgres {
            if text.contains('\0') {
                return Err(refused("PostgreSQL keeps no NUL in text"));
            }
            return Ok(format!("{}::{}", crate::name::literal(&text), column.native));
        }
        if matches!(kind, DataType::Boolean) {
            return Ok(if text == "true" { "1" } else { "0" }.to_owned());
        }
        let decimal = matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..));
        // SQLite would make a float of a decimal; what it keeps as a number it makes of text, too.
        if kind.is_integer() || double.is_some() || (decimal && self.dialect == Dialect::Mysql) {
            return Ok(text);
        }
        if let DataType::Timestamp(..) = kind {
            // As the writers spell it: MySQL reads no zone, the session's is UTC; SQLite finds a key by its text.
            let instant =
                self.dialect == Dialect::Sqlite && matches!(column.data_type, DataType::Timestamp(_, Some(_)));
            text.clear();
            if !civil::write_timestamp(&mut text, array.as_primitive::<TimestampMicrosecondType>().value(row), instant)
            {
                return Err(refused("the system knows the years 0000 to 9999 only"));
            }
        }
        // What `true` and `false` of the other side are here.
        let bool_in_text = column.data_type == DataType::Boolean || column.data_type.is_integer();
        Ok(match text.as_str() {
            "true" if bool_in_text => "1".to_owned(),
            "false" if bool_in_text => "0".to_owned(),
            // A backslash means something or nothing by the session's mode, a digit never does.
            _ if self.dialect == Dialect::Mysql && text.contains(|char: char| char == '\\' || char.is_control()) => {
                format!("CONVERT(X'{}' USING utf8mb4)", hex::encode(text.as_bytes()))
            }
            _ if self.dialect == Dialect::Sqlite && text.contains('\0') => {
                format!("CAST(X'{}' AS TEXT)", hex::encode(text.as_bytes()))
            }
            _ => crate::name::literal(&text),
        })
    }
}

/// The float as an expression that is exact however digits are read.
fn exact_real(value: f64) -> String {
    const STEP: i64 = 62;
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, (bits & ((1 << 52) - 1)) as i64);
    let (mut mantissa, mut power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    if mantissa == 0 {
        return "0.0".to_owned();
    }
    while mantissa % 2 == 0 && power < 0 {
        (mantissa, power) = (mantissa / 2, power + 1);
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let mut text = format!("CAST({sign}{mantissa} AS REAL)");
    while power != 0 {
        let step = power.abs().min(STEP);
        text.push_str(&format!("{}{}", if power < 0 { '/' } else { '*' }, 1_i64 << step));
        power -= step * power.signum();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use std::sync::Arc;

    fn table(dialect: Dialect) -> Table {
        let column = |name: &str, native: &str, data_type| Column {
            quoted: name.to_owned(),
            native: native.to_owned(),
            data_type,
        };
        let columns = vec![
            column("k", "text", DataType::Utf8),
            column("n", "bigint", DataType::Int64),
            column("f", "double precision", DataType::Float64),
            column("b", "boolean", DataType::Boolean),
            column("at", "timestamptz", DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None)),
        ];
        Table { dialect, quoted: "t".to_owned(), key: 1, columns }
    }

    fn rows() -> RecordBatch {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("k", Arc::new(StringArray::from(vec!["it's\\"]))),
            ("n", Arc::new(Int64Array::from(vec![None]))),
            ("f", Arc::new(Float64Array::from(vec![0.1]))),
            ("b", Arc::new(BooleanArray::from(vec![true]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC"))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    }

    #[test]
    fn floats_are_products_with_powers_of_two() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-1.5, "CAST(-3 AS REAL)/2"),
            (4.0, "CAST(4 AS REAL)"),
            (2.0_f64.powi(70), "CAST(4503599627370496 AS REAL)*262144"),
            (5e-324, "CAST(1 AS REAL)"),
        ] {
            assert!(exact_real(value).starts_with(expected), "{value}: {}", exact_real(value));
        }
    }

    #[test]
    fn statements_are_in_the_system_s_words() {
        let insert = |dialect| table(dialect).insert(&rows()).unwrap().remove(0);
        assert_eq!(
            insert(Dialect::Postgres),
            "INSERT INTO t (k, n, f, b, at) VALUES ('it''s\\'::text, NULL, '1e-1'::double precision, 'true'::boolean, \
             '1970-01-01T00:00:00.000001Z'::timestamptz) \
             ON CONFLICT (k) DO UPDATE SET n = excluded.n, f = excluded.f, b = excluded.b, at = excluded.at"
        );
        assert_eq!(
            insert(Dialect::Mysql),
            "INSERT INTO t (k, n, f, b, at) VALUES (CONVERT(X'697427735c' USING utf8mb4), NULL, 1e-1, 1, \
             '1970-01-01 00:00:00.000001') \
             ON DUPLICATE KEY UPDATE n = VALUES(n), f = VALUES(f), b = VALUES(b), at = VALUES(at)"
        );
        let update = table(Dialect::Sqlite).update(&rows()).unwrap().remove(0);
        assert_eq!(
            update,
            "UPDATE t SET n = NULL, f = CAST(3602879701896397 AS REAL)/36028797018963968, b = 1, at = '1970-01-01 00:00:00.000001' WHERE k = 'it''s\\' COLLATE BINARY"
        );
        let delete = table(Dialect::Mysql).delete(&rows()).unwrap().remove(0);
        assert!(
            delete.starts_with("DELETE FROM t WHERE k = CONVERT(") && delete.contains("CAST(k AS BINARY)"),
            "{delete}"
        );
    }
}
