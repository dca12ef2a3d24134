//! Reading in the order of a key, and going on after one.

use super::decode::Raw;
use super::introspect::Table;
use super::quote;
use arrow::datatypes::DataType;
use mysql_async::Value;
use serde::{Deserialize, Serialize};

/// Where a read in key order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) key: Vec<KeyValue>,
    pub(super) rows: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyValue {
    Int(i64),
    Uint(u64),
    Bytes(Vec<u8>),
    Date(u16, u8, u8, u8, u8, u8, u32),
}

impl KeyValue {
    /// Becomes `value`, which is never NULL in a key that can be resumed at.
    pub(super) fn set(&mut self, value: Raw<'_>) {
        match (&mut *self, value) {
            // Most keys follow one of their own kind, whose room is used again.
            (Self::Bytes(room), Raw::Bytes(bytes)) => {
                room.clear();
                room.extend_from_slice(bytes);
            }
            (_, Raw::Bytes(bytes)) => *self = Self::Bytes(bytes.to_vec()),
            (_, Raw::Int(value)) => *self = Self::Int(value),
            (_, Raw::UInt(value)) => *self = Self::Uint(value),
            (_, Raw::Date { year, month, day, hour, minute, second, micro }) => {
                *self = Self::Date(year, month, day, hour, minute, second, micro);
            }
            (_, Raw::Null | Raw::Float(_) | Raw::Double(_) | Raw::Time { .. }) => {}
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Int(value) => Value::Int(*value),
            Self::Uint(value) => Value::UInt(*value),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Date(y, m, d, h, i, s, u) => Value::Date(*y, *m, *d, *h, *i, *s, *u),
        }
    }
}

/// One column of an order.
#[derive(Debug, Clone)]
pub(super) struct OrderColumn {
    /// What rows are ordered by.
    pub(super) expression: String,
    /// How a value of the checkpoint is compared with it.
    placeholder: String,
    resumable: bool,
}

impl OrderColumn {
    /// Text is ordered by its bytes; a collation would take `a` and `A`, or `a` and `a `, for equal.
    pub(super) fn of(name: &str, data_type: &DataType, collation: Option<&str>) -> Self {
        let column = quote(name);
        let binary = collation.is_some_and(|c| c == "binary" || c.ends_with("_nopad_bin") || c.ends_with("0900_bin"));
        let resumable = matches!(
            data_type,
            DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::UInt8
                | DataType::UInt16
                | DataType::UInt32
                | DataType::UInt64
                | DataType::Utf8
                | DataType::Binary
                | DataType::Date32
                | DataType::Timestamp(..)
                | DataType::Decimal128(..)
                | DataType::Decimal256(..)
        );
        let (expression, placeholder) = match data_type {
            DataType::Utf8 if !binary => (format!("CAST({column} AS BINARY)"), "CAST(? AS BINARY)".to_owned()),
            // A text compared with a decimal would be compared as a double.
            DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
                (column, format!("CAST(? AS DECIMAL({},{scale}))", digits.min(&65)))
            }
            DataType::Date32 => (column, "CAST(? AS DATE)".to_owned()),
            _ => (column, "?".to_owned()),
        };
        Self { expression, placeholder, resumable }
    }
}

/// The columns a table's read can resume by, or none.
pub(super) fn resumable(table: &Table, order: &[String], columns: &[OrderColumn]) -> bool {
    !order.is_empty() && table.is_unique(order) && table.never_null(order) && columns.iter().all(|c| c.resumable)
}

/// The condition for rows after `key`, and its parameters.
pub(super) fn after(columns: &[OrderColumn], key: &[KeyValue]) -> (String, Vec<Value>) {
    let mut alternatives = Vec::new();
    let mut values = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let mut parts = Vec::new();
        for (equal, value) in columns[..index].iter().zip(key) {
            parts.push(format!("{} = {}", equal.expression, equal.placeholder));
            values.push(value.value());
        }
        parts.push(format!("{} > {}", column.expression, column.placeholder));
        values.extend(key.get(index).map(KeyValue::value));
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    (format!("({})", alternatives.join(" OR ")), values)
}
