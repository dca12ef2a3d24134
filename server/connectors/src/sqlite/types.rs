//! Declared types of SQLite columns, and what their values become in Arrow.
//!
//! SQLite takes any value in any column, so the declared type is a promise that the reader checks (see `read.rs`).
//! Types declared here come back as the same Arrow type. A decimal of up to 15 digits is declared `DECIMAL(p,s)`
//! and kept as a number, which holds that many digits exactly; a longer one as `DECIMAL_TEXT(p,s)`, which SQLite keeps as text.

use arrow::datatypes::{DataType, TimeUnit};

/// How values of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    Float32,
    Float64,
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    Instant,
    /// No declared type: the values decide.
    Undeclared,
}

impl Kind {
    /// The kind that a declared type promises.
    pub(super) fn of(declared: Option<&str>) -> Self {
        let declared = declared.unwrap_or_default().to_ascii_uppercase();
        let (word, rest) = declared.split_once('(').unwrap_or((&declared, ""));
        let mut arguments = rest.trim_end_matches(')').split(',').map(|part| part.trim().parse::<u8>().ok());
        let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
        match word.as_str() {
            "BOOLEAN" | "BOOL" => Self::Bool,
            "TINYINT" => Self::Int8,
            "SMALLINT" | "INT2" => Self::Int16,
            "INT4" => Self::Int32,
            "TINYINT UNSIGNED" => Self::UInt8,
            "SMALLINT UNSIGNED" => Self::UInt16,
            "INT UNSIGNED" => Self::UInt32,
            "FLOAT4" => Self::Float32,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "TIMESTAMP" | "DATETIME" => Self::Timestamp,
            "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => Self::Instant,
            "DECIMAL" | "NUMERIC" | "DECIMAL_TEXT" => match (arguments.next().flatten(), arguments.next()) {
                (Some(precision @ 1..=38), scale) => Self::Decimal128(precision, decimal_scale(precision, scale)),
                (Some(precision @ 39..=76), scale) => Self::Decimal256(precision, decimal_scale(precision, scale)),
                _ => Self::Undeclared,
            },
            "JSON" | "UUID" => Self::Text,
            _ if word.contains("INT") => Self::Int64,
            _ if word.contains("CHAR") || word.contains("CLOB") || word.contains("TEXT") => Self::Text,
            _ if word.contains("BLOB") => Self::Binary,
            _ if word.contains("REAL") || word.contains("FLOA") || word.contains("DOUB") => Self::Float64,
            _ => Self::Undeclared,
        }
    }

    /// The Arrow type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::UInt8 => DataType::UInt8,
            Self::UInt16 => DataType::UInt16,
            Self::UInt32 => DataType::UInt32,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Decimal128(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Decimal256(precision, scale) => DataType::Decimal256(precision, scale),
            Self::Text | Self::Undeclared => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

fn decimal_scale(precision: u8, scale: Option<Option<u8>>) -> i8 {
    scale.flatten().unwrap_or(0).min(precision) as i8
}

/// The type to declare for a new column, or `None` where SQLite cannot hold such values.
pub(super) fn declared(data_type: &DataType) -> Option<String> {
    let fixed = match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INT4",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::UInt32 => "INT UNSIGNED",
        // Beyond 63 bits SQLite would turn an integer into a rounded real.
        DataType::UInt64 => "DECIMAL_TEXT(20,0)",
        DataType::Float16 | DataType::Float32 => "FLOAT4",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => "TEXT",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let whole = u16::from(*precision) + u16::from(scale.min(&0).unsigned_abs());
            let word = if whole <= 15 { "DECIMAL" } else { "DECIMAL_TEXT" };
            return Some(format!("{word}({whole},{})", scale.max(&0)));
        }
        DataType::Dictionary(_, values) => return declared(values),
        _ => return None,
    };
    Some(fixed.to_owned())
}

/// What SQLite does to a value on its way into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By the five rules of SQLite's documentation, in their order.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if declared.is_empty() || has(&["BLOB"]) {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_come_back_as_the_same_arrow_type() {
        for data_type in [
            DataType::Boolean,
            DataType::Int8,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::UInt8,
            DataType::UInt16,
            DataType::UInt32,
            DataType::Float32,
            DataType::Float64,
            DataType::Utf8,
            DataType::Binary,
            DataType::Date32,
            DataType::Time64(TimeUnit::Microsecond),
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            DataType::Decimal128(15, 4),
            DataType::Decimal128(38, 10),
            DataType::Decimal256(76, 0),
        ] {
            let declared = declared(&data_type).expect("every type of the list can be held");
            assert_eq!(Kind::of(Some(&declared)).data_type(), data_type, "{declared}");
        }
    }

    #[test]
    fn other_peoples_types_are_understood() {
        let check = |declared: &str, kind: Kind| assert_eq!(Kind::of(Some(declared)), kind, "{declared}");
        check("varchar(20)", Kind::Text);
        check("unsigned big int", Kind::Int64);
        check("DECIMAL(10, 2)", Kind::Decimal128(10, 2));
        check("numeric", Kind::Undeclared);
        check("double precision", Kind::Float64);
        check("", Kind::Undeclared);
    }
}
