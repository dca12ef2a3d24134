//! Types and values, and how a literal becomes a value of a column.

use crate::error::{Result, fail};
use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Milli,
    Micro,
    Nano,
}

impl Precision {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn word(self) -> &'static str {
        ["ms", "us", "ns"][self as usize]
    }

    /// Units in a second.
    pub(crate) fn per_second(self) -> i64 {
        [1_000, 1_000_000, 1_000_000_000][self as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    /// Bits, and whether it has a sign.
    Int(u8, bool),
    Float,
    Double,
    Timestamp,
    Varchar(u32),
    Nchar(u32),
    Varbinary(u32),
    Decimal(u8, u8),
    Json,
    Blob,
}

impl Type {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Bool => 1,
            Self::Int(8, true) => 2,
            Self::Int(16, true) => 3,
            Self::Int(32, true) => 4,
            Self::Int(_, true) => 5,
            Self::Float => 6,
            Self::Double => 7,
            Self::Varchar(_) => 8,
            Self::Timestamp => 9,
            Self::Nchar(_) => 10,
            Self::Int(8, false) => 11,
            Self::Int(16, false) => 12,
            Self::Int(32, false) => 13,
            Self::Int(_, false) => 14,
            Self::Json => 15,
            Self::Varbinary(_) => 16,
            Self::Decimal(precision, _) => {
                if precision > 18 {
                    17
                } else {
                    21
                }
            }
            Self::Blob => 18,
        }
    }

    /// As DESCRIBE spells it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Bool => "BOOL".to_owned(),
            Self::Int(bits, signed) => {
                let word = match bits {
                    8 => "TINYINT",
                    16 => "SMALLINT",
                    32 => "INT",
                    _ => "BIGINT",
                };
                if signed { word.to_owned() } else { format!("{word} UNSIGNED") }
            }
            Self::Float => "FLOAT".to_owned(),
            Self::Double => "DOUBLE".to_owned(),
            Self::Timestamp => "TIMESTAMP".to_owned(),
            Self::Varchar(_) => "VARCHAR".to_owned(),
            Self::Nchar(_) => "NCHAR".to_owned(),
            Self::Varbinary(_) => "VARBINARY".to_owned(),
            Self::Decimal(precision, scale) => format!("DECIMAL({precision}, {scale})"),
            Self::Json => "JSON".to_owned(),
            Self::Blob => "BLOB".to_owned(),
        }
    }

    /// As SHOW CREATE and `ins_columns` spell it.
    pub(crate) fn declared(self) -> String {
        match self {
            Self::Varchar(length) | Self::Nchar(length) | Self::Varbinary(length) => {
                format!("{}({length})", self.word())
            }
            _ => self.word(),
        }
    }

    /// The length DESCRIBE tells: characters of text, bytes of the rest.
    pub(crate) fn length(self) -> u32 {
        match self {
            Self::Bool => 1,
            Self::Int(bits, _) => u32::from(bits / 8),
            Self::Float => 4,
            Self::Double | Self::Timestamp => 8,
            Self::Varchar(length) | Self::Nchar(length) | Self::Varbinary(length) => length,
            Self::Decimal(precision, _) => {
                if precision > 18 {
                    16
                } else {
                    8
                }
            }
            Self::Json => 4095,
            Self::Blob => 4_194_304,
        }
    }

    /// Bytes a row takes for it.
    pub(crate) fn bytes(self) -> u32 {
        match self {
            Self::Nchar(length) => length * 4 + 2,
            Self::Varchar(length) | Self::Varbinary(length) => length + 2,
            // Kept beside the row.
            Self::Blob => 12,
            _ => self.length(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// Unscaled, and its scale.
    Decimal(i128, u8),
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// NULL first, numbers by value, text by its bytes.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Decimal(a, s), Self::Decimal(b, t)) if s == t => a.cmp(b),
            _ => self.number().total_cmp(&other.number()),
        }
    }

    pub(crate) fn number(&self) -> f64 {
        match self {
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Int(value) => *value as f64,
            Self::Float(value) => *value,
            Self::Decimal(value, scale) => *value as f64 / 10f64.powi(i32::from(*scale)),
            Self::Text(text) => text.trim().parse().unwrap_or(0.0),
            Self::Null | Self::Bytes(_) => 0.0,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        !self.is_null() && self.number() != 0.0
    }

    /// As a person would see it; `CAST(… AS VARCHAR)`.
    pub(crate) fn text(&self, precision: Precision, kind: Option<Type>) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) if kind == Some(Type::Timestamp) => {
                crate::execute::time::rfc3339(*value as i64, precision)
            }
            Self::Int(value) => value.to_string(),
            Self::Float(value) if kind == Some(Type::Float) => format!("{}", *value as f32),
            Self::Float(value) => format!("{value}"),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Decimal(value, scale) => {
                let scale = usize::from(*scale);
                let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                let sign = if *value < 0 { "-" } else { "" };
                if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
            }
        }
    }
}

fn too_long<T>(column: &str) -> Result<T> {
    fail(0x2653, format!("Value too long for column/tag: {column}"))
}

fn wrong<T>(what: &str, column: &str) -> Result<T> {
    fail(0x2605, format!("syntax error near '{what}' (invalid value type for {column})"))
}

/// The literal as a value of the column.
pub(crate) fn coerce(value: Value, kind: Type, precision: Precision, column: &str) -> Result<Value> {
    if value.is_null() {
        return Ok(value);
    }
    let shown = value.text(precision, None);
    match kind {
        Type::Bool => match value {
            Value::Bool(_) => Ok(value),
            Value::Int(number) => Ok(Value::Bool(number != 0)),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            _ => wrong(&shown, column),
        },
        Type::Int(bits, signed) => {
            let number = match &value {
                Value::Int(number) => *number,
                Value::Text(text) => match text.parse() {
                    Ok(number) => number,
                    Err(_) => return wrong(&shown, column),
                },
                Value::Float(number) if number.fract() == 0.0 => *number as i128,
                _ => return wrong(&shown, column),
            };
            let (low, high) =
                if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
            if number < low || number > high {
                return fail(0x0224, format!("Value out of range: {number} for {column}"));
            }
            Ok(Value::Int(number))
        }
        Type::Float | Type::Double => {
            let number = match &value {
                Value::Int(_) | Value::Float(_) | Value::Decimal(..) => value.number(),
                Value::Text(text) => match text.parse() {
                    Ok(number) => number,
                    Err(_) => return wrong(&shown, column),
                },
                _ => return wrong(&shown, column),
            };
            let number = if kind == Type::Float { f64::from(number as f32) } else { number };
            if number.is_finite() {
                Ok(Value::Float(number))
            } else {
                fail(0x0224, format!("Value out of range: {column}"))
            }
        }
        Type::Timestamp => match value {
            Value::Int(number) if i64::try_from(number).is_ok() => Ok(value),
            Value::Text(text) => match crate::execute::time::parse(&text, precision) {
                Some(at) => Ok(Value::Int(i128::from(at))),
                None => fail(0x2605, format!("invalid timestamp '{text}' for {column}")),
            },
            _ => wrong(&shown, column),
        },
        Type::Varchar(length) => {
            if matches!(value, Value::Bytes(_)) {
                return wrong(&shown, column);
            }
            if shown.len() > length as usize { too_long(column) } else { Ok(Value::Text(shown)) }
        }
        Type::Nchar(length) => {
            if shown.chars().count() > length as usize {
                too_long(column)
            } else {
                Ok(Value::Text(shown))
            }
        }
        Type::Json => Ok(Value::Text(shown)),
        Type::Varbinary(_) | Type::Blob => {
            let bytes = match value {
                Value::Text(text) => match text.strip_prefix("\\x").or_else(|| text.strip_prefix("\\X")) {
                    Some(hex) => match from_hex(hex) {
                        Some(bytes) => bytes,
                        None => return fail(0x2605, format!("malformed hex for {column}")),
                    },
                    None => text.into_bytes(),
                },
                Value::Bytes(bytes) => bytes,
                _ => return wrong(&shown, column),
            };
            if bytes.len() > kind.length() as usize { too_long(column) } else { Ok(Value::Bytes(bytes)) }
        }
        Type::Decimal(precision, scale) => decimal(&shown, precision, scale, column),
    }
}

/// Rounds to the scale, as the server does; too many digits before the point are refused.
fn decimal(text: &str, precision: u8, scale: u8, column: &str) -> Result<Value> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale_width = usize::from(scale);
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(scale_width).collect();
    let Ok(mut unscaled) = format!("{whole}{kept}").parse::<i128>() else { return wrong(text, column) };
    if fraction.as_bytes().get(scale_width).is_some_and(|digit| *digit >= b'5') {
        unscaled += 1;
    }
    if unscaled >= 10i128.pow(u32::from(precision)) {
        return fail(0x0224, format!("Decimal value overflow: {column}"));
    }
    Ok(Value::Decimal(sign * unscaled, scale))
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}
