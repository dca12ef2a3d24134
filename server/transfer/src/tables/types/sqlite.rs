//! Portable words in the spelling of SQLite.

use super::words::Kind;
use super::{Refused, TypeSpec, decimal, sized};

/// Types that the connector reads back as what they are; see `connectors/src/sqlite/types.rs`.
pub(super) fn native(spec: &TypeSpec<'_>, kind: Kind) -> Result<String, Refused> {
    let unsigned = |signed: &str, other: &str| if spec.unsigned { other } else { signed }.to_owned();
    Ok(match kind {
        Kind::Bool => "BOOLEAN".to_owned(),
        Kind::Int(8) => unsigned("TINYINT", "TINYINT UNSIGNED"),
        Kind::Int(16) => unsigned("SMALLINT", "SMALLINT UNSIGNED"),
        Kind::Int(24) | Kind::Int(32) => unsigned("INTEGER", "INT UNSIGNED"),
        // Beyond 63 bits SQLite would turn an integer into a rounded real.
        Kind::Int(_) => unsigned("BIGINT", "DECIMAL_TEXT(20,0)"),
        Kind::Float | Kind::Double => "DOUBLE".to_owned(),
        Kind::Real => "REAL".to_owned(),
        // Numbers of up to 15 digits are exact as numbers, longer ones as text.
        Kind::Decimal if spec.precision.is_some_and(|precision| precision > 15) => decimal("DECIMAL_TEXT", spec),
        Kind::Decimal => decimal("DECIMAL", spec),
        Kind::Char | Kind::Nchar => sized("CHAR", Some(spec.length.unwrap_or(1))),
        Kind::Varchar => sized("VARCHAR", spec.length),
        Kind::Text(_) | Kind::Set | Kind::Interval | Kind::Enum => "TEXT".to_owned(),
        Kind::Binary | Kind::Varbinary | Kind::Blob(_) | Kind::Bit | Kind::Geometry => "BLOB".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time => "TIME".to_owned(),
        Kind::Datetime => "DATETIME".to_owned(),
        Kind::Timestamp => "TIMESTAMP".to_owned(),
        Kind::Instant => "TIMESTAMPTZ".to_owned(),
        Kind::Json => "JSON".to_owned(),
        Kind::Uuid => "UUID".to_owned(),
        Kind::Year => "INTEGER".to_owned(),
    })
}
