//! Values of one SQLite column on their way into an Arrow array.

use super::types::Kind;
use crate::{civil, decimal};
use arrow::array::*;
use arrow::datatypes::i256;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// What the values of a column were seen to be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    integer: bool,
    real: bool,
    text: bool,
    blob: bool,
    misfit: bool,
    /// An integer that a double would round.
    long_integer: bool,
}

impl Seen {
    /// Takes note of one value of a column declared as `kind`.
    pub(super) fn note(&mut self, kind: Kind, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => return,
            ValueRef::Integer(value) => {
                self.integer = true;
                self.long_integer |= value.unsigned_abs() > 1 << 53;
            }
            ValueRef::Real(_) => self.real = true,
            ValueRef::Text(text) => {
                self.text = true;
                // SQLite does not check its text; bytes that are none are kept as bytes.
                self.blob |= std::str::from_utf8(text).is_err();
            }
            ValueRef::Blob(_) => self.blob = true,
        }
        if kind != Kind::Undeclared && !fits(kind, value) {
            self.misfit = true;
        }
    }

    /// The kind that holds all values noted: the declared one where they fit it, otherwise text, or bytes.
    pub(super) fn kind(self, declared: Kind) -> Kind {
        if declared != Kind::Undeclared && !self.misfit {
            declared
        } else if self.blob {
            Kind::Binary
        } else if declared != Kind::Undeclared || self.text || (self.real && self.long_integer) {
            Kind::Text
        } else if self.real {
            Kind::Float64
        } else if self.integer {
            Kind::Int64
        } else {
            Kind::Text
        }
    }
}

fn fits(kind: Kind, value: ValueRef<'_>) -> bool {
    match (kind, value) {
        (Kind::Text, ValueRef::Text(text)) => std::str::from_utf8(text).is_ok(),
        (Kind::Text, value) => !matches!(value, ValueRef::Blob(_)),
        (Kind::Int64, ValueRef::Integer(_)) | (Kind::Float64, ValueRef::Real(_)) | (Kind::Binary, _) => true,
        // One value through the same code that reads it: the two can never disagree.
        _ => Column::new(kind, 1).append(value),
    }
}

/// A growing array.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal128(Decimal128Builder, u8, i8),
    Decimal256(Decimal256Builder, u8, i8),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Instant(TimestampMicrosecondBuilder),
}

macro_rules! each {
    ($column:expr, $builder:ident => $body:expr) => {
        match $column {
            Column::Bool($builder) => $body,
            Column::Int8($builder) => $body,
            Column::Int16($builder) => $body,
            Column::Int32($builder) => $body,
            Column::Int64($builder) => $body,
            Column::UInt8($builder) => $body,
            Column::UInt16($builder) => $body,
            Column::UInt32($builder) => $body,
            Column::Float32($builder) => $body,
            Column::Float64($builder) => $body,
            Column::Decimal128($builder, ..) => $body,
            Column::Decimal256($builder, ..) => $body,
            Column::Text($builder) => $body,
            Column::Binary($builder) => $body,
            Column::Date($builder) => $body,
            Column::Time($builder) => $body,
            Column::Timestamp($builder) => $body,
            Column::Instant($builder) => $body,
        }
    };
}

macro_rules! integer {
    ($builder:expr, $value:expr) => {
        match $value.try_into() {
            Ok(value) => {
                $builder.append_value(value);
                true
            }
            Err(_) => false,
        }
    };
}

impl Column {
    pub(super) fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            Kind::Int8 => Self::Int8(Int8Builder::with_capacity(rows)),
            Kind::Int16 => Self::Int16(Int16Builder::with_capacity(rows)),
            Kind::Int32 => Self::Int32(Int32Builder::with_capacity(rows)),
            Kind::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            Kind::UInt8 => Self::UInt8(UInt8Builder::with_capacity(rows)),
            Kind::UInt16 => Self::UInt16(UInt16Builder::with_capacity(rows)),
            Kind::UInt32 => Self::UInt32(UInt32Builder::with_capacity(rows)),
            Kind::Float32 => Self::Float32(Float32Builder::with_capacity(rows)),
            Kind::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            Kind::Decimal128(precision, scale) => Self::Decimal128(
                Decimal128Builder::with_capacity(rows).with_data_type(kind.data_type()),
                precision,
                scale,
            ),
            Kind::Decimal256(precision, scale) => Self::Decimal256(
                Decimal256Builder::with_capacity(rows).with_data_type(kind.data_type()),
                precision,
                scale,
            ),
            Kind::Text | Kind::Undeclared => Self::Text(StringBuilder::with_capacity(rows, rows * 16)),
            Kind::Binary => Self::Binary(BinaryBuilder::with_capacity(rows, rows * 16)),
            Kind::Date => Self::Date(Date32Builder::with_capacity(rows)),
            Kind::Time => Self::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows)),
            Kind::Instant => Self::Instant(TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC")),
        }
    }

    /// Appends the value; `false` (and nothing appended) where the column cannot hold it as it is.
    pub(super) fn append(&mut self, value: ValueRef<'_>) -> bool {
        if matches!(value, ValueRef::Null) {
            each!(self, builder => builder.append_null());
            return true;
        }
        match (self, value) {
            (Self::Int64(builder), ValueRef::Integer(value)) => builder.append_value(value),
            (Self::Float64(builder), ValueRef::Real(value)) => builder.append_value(value),
            (Self::Float64(builder), ValueRef::Integer(value)) if value.unsigned_abs() <= 1 << 53 => {
                builder.append_value(value as f64);
            }
            (Self::Text(builder), value) => return append_text(builder, value),
            (Self::Binary(builder), ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => builder.append_value(bytes),
            (Self::Binary(builder), value) => builder.append_value(as_text(value)),
            (Self::Bool(builder), ValueRef::Integer(value @ (0 | 1))) => builder.append_value(value == 1),
            (Self::Int8(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::Int16(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::Int32(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::UInt8(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::UInt16(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::UInt32(builder), ValueRef::Integer(value)) => return integer!(builder, value),
            (Self::Float32(builder), ValueRef::Real(value)) if f64::from(value as f32) == value => {
                builder.append_value(value as f32);
            }
            (Self::Float32(builder), ValueRef::Integer(value)) if value.unsigned_abs() <= 1 << 24 => {
                builder.append_value(value as f32);
            }
            (Self::Decimal128(builder, precision, scale), value) => {
                match parse_decimal(value, *precision, *scale).and_then(i256::to_i128) {
                    Some(value) => builder.append_value(value),
                    None => return false,
                }
            }
            (Self::Decimal256(builder, precision, scale), value) => match parse_decimal(value, *precision, *scale) {
                Some(value) => builder.append_value(value),
                None => return false,
            },
            (Self::Date(builder), ValueRef::Text(text)) => match utf8(text).and_then(civil::parse_date) {
                Some(value) => builder.append_value(value),
                None => return false,
            },
            (Self::Time(builder), ValueRef::Text(text)) => match utf8(text).and_then(civil::parse_time) {
                Some(value) => builder.append_value(value),
                None => return false,
            },
            (Self::Timestamp(builder), ValueRef::Text(text)) => match utf8(text).and_then(civil::parse_timestamp) {
                Some((value, false)) => builder.append_value(value),
                _ => return false,
            },
            (Self::Instant(builder), ValueRef::Text(text)) => match utf8(text).and_then(civil::parse_timestamp) {
                Some((value, true)) => builder.append_value(value),
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// The array, leaving an empty column behind.
    pub(super) fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

fn append_text(builder: &mut StringBuilder, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Text(bytes) => match utf8(bytes) {
            Some(text) => builder.append_value(text),
            None => return false,
        },
        ValueRef::Blob(_) => return false,
        number => builder.append_value(as_text(number)),
    }
    true
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn parse_decimal(value: ValueRef<'_>, precision: u8, scale: i8) -> Option<i256> {
    match value {
        ValueRef::Text(text) => decimal::parse(utf8(text)?, precision, scale),
        ValueRef::Blob(_) | ValueRef::Null => None,
        number => decimal::parse(&as_text(number), precision, scale),
    }
}

/// The value as text, bytes as hex.
pub(super) fn as_text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        // The shortest digits that name this double and no other.
        ValueRef::Real(value) if value.fract() == 0.0 => format!("{value}.0"),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => hex::encode(bytes),
    }
}
