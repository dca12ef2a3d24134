//! Arrow values on their way into an SQLite statement.

use super::introspect::TableColumn;
use super::types::{Affinity, Kind};
use crate::error::Culprit;
use crate::{canonical, cell, civil, decimal};
use arrow::array::*;
use arrow::datatypes::*;
use rusqlite::Statement;
use rusqlite::types::Null;

/// One column of a batch, ready to be bound row by row.
pub(super) struct Cells<'a> {
    name: &'a str,
    array: ArrayRef,
    affinity: Affinity,
    kind: Kind,
}

/// Why a value was not bound.
pub(super) enum Refusal {
    Value(Culprit),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl<'a> Cells<'a> {
    pub(super) fn new(name: &'a str, array: &ArrayRef, target: &TableColumn) -> Result<Self, Culprit> {
        let array = canonical::array(name, array)?;
        Ok(Self { name, array, affinity: Affinity::of(&target.declared), kind: target.kind() })
    }

    /// Binds the value of `row`; `scratch` saves an allocation per value.
    pub(super) fn bind(
        &self,
        statement: &mut Statement<'_>,
        index: usize,
        row: usize,
        scratch: &mut String,
    ) -> Result<(), Refusal> {
        if self.array.is_null(row) {
            return Ok(statement.raw_bind_parameter(index, Null)?);
        }
        let refuse = |why: &str| {
            let value = cell::text(&self.array, row).unwrap_or_default();
            Err(Refusal::Value(Culprit::new(row, self.name, &value, why)))
        };
        scratch.clear();
        match self.array.data_type() {
            DataType::Boolean => statement.raw_bind_parameter(index, self.array.as_boolean().value(row))?,
            DataType::Int64 => {
                let value = self.array.as_primitive::<Int64Type>().value(row);
                if self.affinity == Affinity::Real && value.unsigned_abs() > 1 << 53 {
                    return refuse("a real would round it");
                }
                statement.raw_bind_parameter(index, value)?;
            }
            DataType::Float32 | DataType::Float64 => {
                let value = match self.array.as_primitive_opt::<Float64Type>() {
                    Some(values) => values.value(row),
                    None => f64::from(self.array.as_primitive::<Float32Type>().value(row)),
                };
                if value.is_nan() {
                    return refuse("SQLite turns NaN into NULL");
                }
                statement.raw_bind_parameter(index, value)?;
            }
            DataType::Decimal128(_, scale) => {
                decimal::write(scratch, self.array.as_primitive::<Decimal128Type>().value(row), *scale);
                return self.bind_decimal(statement, index, row, scratch);
            }
            DataType::Decimal256(_, scale) => {
                decimal::write(scratch, self.array.as_primitive::<Decimal256Type>().value(row), *scale);
                return self.bind_decimal(statement, index, row, scratch);
            }
            DataType::Utf8 => {
                let text = self.array.as_string::<i32>().value(row);
                if let Some(why) = self.changed(text) {
                    return refuse(why);
                }
                statement.raw_bind_parameter(index, text)?;
            }
            DataType::Binary => statement.raw_bind_parameter(index, self.array.as_binary::<i32>().value(row))?,
            DataType::Date32 => {
                if !civil::write_date(scratch, i64::from(self.array.as_primitive::<Date32Type>().value(row))) {
                    return refuse("SQLite knows the years 0000 to 9999 only");
                }
                statement.raw_bind_parameter(index, scratch.as_str())?;
            }
            DataType::Time64(_) => {
                let value = self.array.as_primitive::<Time64MicrosecondType>().value(row);
                if !(0..civil::DAY).contains(&value) {
                    return refuse("it is no time of day");
                }
                civil::write_time(scratch, value, false);
                statement.raw_bind_parameter(index, scratch.as_str())?;
            }
            DataType::Timestamp(_, zone) => {
                let value = self.array.as_primitive::<TimestampMicrosecondType>().value(row);
                if !civil::write_timestamp(scratch, value, zone.is_some()) {
                    return refuse("SQLite knows the years 0000 to 9999 only");
                }
                statement.raw_bind_parameter(index, scratch.as_str())?;
            }
            _ => statement.raw_bind_parameter(index, Null)?,
        }
        Ok(())
    }

    fn bind_decimal(&self, statement: &mut Statement<'_>, index: usize, row: usize, text: &str) -> Result<(), Refusal> {
        let kept_as_text = matches!(self.affinity, Affinity::Text | Affinity::Blob);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let whole = text.parse::<i64>().is_ok();
        if !kept_as_text && digits > 15 && !(whole && self.affinity != Affinity::Real) {
            let leading = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
            if leading > 15 {
                let why = "SQLite would round it to 15 digits; declare the column as TEXT";
                return Err(Refusal::Value(Culprit::new(row, self.name, text, why)));
            }
        }
        statement.raw_bind_parameter(index, text)?;
        Ok(())
    }

    /// Why a column of numbers would not give this text back as it is.
    fn changed(&self, text: &str) -> Option<&'static str> {
        let numbers = matches!(
            self.kind,
            Kind::Bool
                | Kind::Int8
                | Kind::Int16
                | Kind::Int32
                | Kind::Int64
                | Kind::UInt8
                | Kind::UInt16
                | Kind::UInt32
        ) || matches!(self.kind, Kind::Float32 | Kind::Float64)
            || (matches!(self.kind, Kind::Decimal128(..) | Kind::Decimal256(..)) && self.affinity != Affinity::Text);
        if !numbers {
            return None;
        }
        let exact_integer = text.parse::<i64>().is_ok_and(|value| {
            value.to_string() == text && (self.affinity != Affinity::Real || value.unsigned_abs() <= 1 << 53)
        });
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let number = text.parse::<f64>().is_ok_and(f64::is_finite) && digits <= 15;
        let integers_only = self.affinity == Affinity::Integer || self.kind == Kind::Bool;
        match exact_integer || (number && !integers_only) {
            true => None,
            false => Some("it is no number that the column gives back as it is"),
        }
    }
}
