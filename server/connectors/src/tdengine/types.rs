//! Types of TDengine: how they are spelled, which Arrow type their values become, and which one a new column gets.

use arrow::datatypes::{DataType, TimeUnit};
use taos::taos_query::common::{Precision, Ty};

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Bool,
    /// Bits, and whether it has a sign.
    Int(u8, bool),
    Float,
    Double,
    Timestamp,
    /// Bytes.
    Varchar(u32),
    /// Characters.
    Nchar(u32),
    Varbinary(u32),
    Geometry(u32),
    Decimal(u8, u8),
    Json,
    Blob,
}

impl Native {
    /// Reads `VARCHAR(20)`, `int unsigned`, `DECIMAL(10, 2)`, or a bare `VARCHAR` with the length DESCRIBE tells beside it.
    pub(super) fn parse(text: &str, length: Option<u32>) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (word, sizes) = match text.split_once('(') {
            Some((word, rest)) => (word.trim().to_owned(), rest.trim_end().strip_suffix(')')?.to_owned()),
            None => (text.split_whitespace().collect::<Vec<_>>().join(" "), String::new()),
        };
        let sizes: Vec<u32> = sizes
            .split(',')
            .filter(|size| !size.trim().is_empty())
            .map(|size| size.trim().parse())
            .collect::<Result<_, _>>()
            .ok()?;
        let one = || sizes.first().copied().or(length).filter(|size| *size > 0 && sizes.len() < 2);
        let found = match word.as_str() {
            "varchar" | "binary" => Self::Varchar(one()?),
            "nchar" => Self::Nchar(one()?),
            "varbinary" => Self::Varbinary(one()?),
            "geometry" => Self::Geometry(one()?),
            "decimal" | "numeric" => {
                let precision = u8::try_from(*sizes.first()?).ok().filter(|precision| (1..=38).contains(precision))?;
                let scale =
                    u8::try_from(sizes.get(1).copied().unwrap_or(0)).ok().filter(|scale| *scale <= precision)?;
                Self::Decimal(precision, scale)
            }
            _ if !sizes.is_empty() => return None,
            "bool" | "boolean" => Self::Bool,
            "tinyint" => Self::Int(8, true),
            "smallint" => Self::Int(16, true),
            "int" | "integer" => Self::Int(32, true),
            "bigint" => Self::Int(64, true),
            "tinyint unsigned" => Self::Int(8, false),
            "smallint unsigned" => Self::Int(16, false),
            "int unsigned" | "integer unsigned" => Self::Int(32, false),
            "bigint unsigned" => Self::Int(64, false),
            "float" => Self::Float,
            "double" => Self::Double,
            "timestamp" => Self::Timestamp,
            "json" => Self::Json,
            "blob" => Self::Blob,
            _ => return None,
        };
        Some(found)
    }

    /// The one spelling used when structures are compared.
    pub(super) fn spelled(self) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::Int(bits, signed) => {
                let word = match bits {
                    8 => "tinyint",
                    16 => "smallint",
                    32 => "int",
                    _ => "bigint",
                };
                if signed { word.to_owned() } else { format!("{word} unsigned") }
            }
            Self::Float => "float".to_owned(),
            Self::Double => "double".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Varchar(length) => format!("varchar({length})"),
            Self::Nchar(length) => format!("nchar({length})"),
            Self::Varbinary(length) => format!("varbinary({length})"),
            Self::Geometry(length) => format!("geometry({length})"),
            Self::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
            Self::Json => "json".to_owned(),
            Self::Blob => "blob".to_owned(),
        }
    }

    /// The Arrow type its values become.
    pub(super) fn data_type(self, precision: Precision) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int(8, true) => DataType::Int8,
            Self::Int(16, true) => DataType::Int16,
            Self::Int(32, true) => DataType::Int32,
            Self::Int(_, true) => DataType::Int64,
            Self::Int(8, false) => DataType::UInt8,
            Self::Int(16, false) => DataType::UInt16,
            Self::Int(32, false) => DataType::UInt32,
            Self::Int(_, false) => DataType::UInt64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Timestamp => instant(precision),
            Self::Varchar(_) | Self::Nchar(_) | Self::Json => DataType::Utf8,
            Self::Varbinary(_) | Self::Geometry(_) | Self::Blob => DataType::Binary,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale.cast_signed()),
        }
    }

    /// The type of a new column for values of an Arrow type; text and bytes get room for `length`.
    pub(super) fn for_values(data_type: &DataType, length: u32) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Bool,
            DataType::Int8 => Self::Int(8, true),
            DataType::Int16 => Self::Int(16, true),
            DataType::Int32 => Self::Int(32, true),
            DataType::Int64 => Self::Int(64, true),
            DataType::UInt8 => Self::Int(8, false),
            DataType::UInt16 => Self::Int(16, false),
            DataType::UInt32 => Self::Int(32, false),
            DataType::UInt64 => Self::Int(64, false),
            DataType::Float16 | DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Varchar(length),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Varbinary(length)
            }
            DataType::Date32 | DataType::Timestamp(..) => Self::Timestamp,
            DataType::Decimal128(precision, scale) if *scale >= 0 && *precision <= 38 => {
                Self::Decimal(*precision, scale.unsigned_abs())
            }
            DataType::Dictionary(_, values) => return Self::for_values(values, length),
            _ => return None,
        })
    }
}

/// TIMESTAMP counts from 1970 in UTC, so that it is an instant, in the unit of its database.
pub(super) fn instant(precision: Precision) -> DataType {
    DataType::Timestamp(unit(precision), Some("UTC".into()))
}

pub(super) fn unit(precision: Precision) -> TimeUnit {
    match precision {
        Precision::Millisecond => TimeUnit::Millisecond,
        Precision::Microsecond => TimeUnit::Microsecond,
        Precision::Nanosecond => TimeUnit::Nanosecond,
    }
}

/// The Arrow type of a result's column, or `None` for one the client library cannot read.
pub(super) fn of_result(kind: Ty, precision: Precision) -> Option<DataType> {
    Some(match kind {
        Ty::Bool => DataType::Boolean,
        Ty::TinyInt => DataType::Int8,
        Ty::SmallInt => DataType::Int16,
        Ty::Int => DataType::Int32,
        Ty::BigInt => DataType::Int64,
        Ty::UTinyInt => DataType::UInt8,
        Ty::USmallInt => DataType::UInt16,
        Ty::UInt => DataType::UInt32,
        Ty::UBigInt => DataType::UInt64,
        Ty::Float => DataType::Float32,
        Ty::Double => DataType::Float64,
        Ty::Timestamp => instant(precision),
        Ty::VarChar | Ty::NChar | Ty::Json => DataType::Utf8,
        Ty::VarBinary | Ty::Geometry => DataType::Binary,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn types_are_read_however_they_are_spelled() {
        let check = |text: &str, length: Option<u32>, expected: &str| {
            assert_eq!(Native::parse(text, length).map(Native::spelled).as_deref(), Some(expected), "{text}");
        };
        check("VARCHAR", Some(20), "varchar(20)");
        check("binary(7)", None, "varchar(7)");
        check("Int  Unsigned", Some(4), "int unsigned");
        check("INTEGER", None, "int");
        check("DECIMAL(10, 2)", Some(8), "decimal(10,2)");
        check("NCHAR (5)", None, "nchar(5)");
        for wrong in ["varchar", "decimal(39,1)", "decimal(3,4)", "text", "int(4)", "varchar(0)", "varchar(1,2)"] {
            assert_eq!(Native::parse(wrong, None), None, "{wrong}");
        }
    }
}
